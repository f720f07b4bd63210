"""Tables of cells, regions and pieces: every entry against the objects themselves, with and without pandas."""

import sys
from fractions import Fraction

import pytest

import tropical as tp

NETWORKS = {
    "maximum": tp.ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]]),
    "two outputs": tp.ReLUNetwork.from_arrays([[[1, "1/3"], [1, -1]], [[1, 1], [1, 0]]], [[1, 0], ["1/2", 0]]),
    "constant": tp.ReLUNetwork.from_arrays([[[0, 0]], [[1]]], [[1], [2]]),
    "line": tp.ReLUNetwork.from_arrays([[[1], [1], [-1], [0]], [[1, 1, 2, 5]]], [[0, 0, 1, -1], None]),
    "lineality": tp.ReLUNetwork.from_arrays([[[1, 1, 0], [2, 2, 0]], [[1, -1]]], [[0, -1], None]),
    "deep": tp.ReLUNetwork.from_arrays(
        [[[1, 2], [-1, 1], [3, -1]], [[1, -2, 1], [0, 1, 1]], [[1, -1]]], [[1, 0, 2], None, None]
    ),
    "5000 digits": tp.ReLUNetwork.from_arrays([[[1]], [[Fraction(7**6000, 3**9000)]]]),
}
DOMAINS = [None, "box"]


@pytest.fixture(params=[(name, domain) for name in NETWORKS for domain in DOMAINS], ids=str)
def cx(request):
    pytest.importorskip("pandas")
    name, domain = request.param
    net = NETWORKS[name]
    return tp.polyhedral_complex(net, tp.Box([-2] * net.input_dim, ["3/2"] * net.input_dim) if domain else None)


def rational(text):
    top, _, bottom = text.removeprefix("hex:").partition("/")
    base = 16 if text.startswith("hex:") else 10
    return Fraction(int(top, base), int(bottom or "1", base))


def nearest(q):
    try:
        return float(q)
    except OverflowError:
        return float("inf") if q > 0 else float("-inf")


def vector(row, name, length):
    exact = [rational(row[f"{name}{i}"]) for i in range(length)]
    assert [row[f"{name}{i}_float"] for i in range(length)] == list(map(nearest, exact))
    return exact


def test_cells(cx):
    table = tp.cells_table(cx, volume=True)
    signs = {"+": 1, "-": -1, "0": 0}
    graph, regions, pieces = cx.dual_graph(), tp.linear_regions(cx), tp.affine_pieces(cx)
    assert table.index.tolist() == list(range(cx.num_cells))
    for cell, (_, row) in zip(cx.cells, table.iterrows(), strict=True):
        assert tuple(signs[letter] for letter in row["pattern"]) == cell.pattern
        point = vector(row, "x", cx.network.input_dim)
        assert cx.locate(point).index == cell.index
        assert cell.index in regions[row["region"]].cells
        piece = pieces[row["piece"]]
        assert piece == regions[row["region"]].piece
        value = piece(point)
        assert (value if isinstance(value, tuple) else (value,)) == cx.network(point)
        assert (row["vertices"], row["rays"]) == (len(cell.vertices), len(cell.rays))
        assert (row["neighbours"], row["bounded"]) == (graph.degree(cell.index), cell.is_bounded)
        assert (row["volume"] == "inf") == (not cell.is_bounded)
        assert row["volume_float"] == float(cell.volume)
        assert row["volume"] == "inf" or rational(row["volume"]) == cell.volume
    assert "volume" not in tp.cells_table(cx)


def test_regions(cx):
    table = tp.regions_table(cx)
    regions = tp.linear_regions(cx)
    assert len(table) == len(regions)
    for region, (_, row) in zip(regions, table.iterrows(), strict=True):
        assert tuple(map(int, row["cells"].split())) == region.cells
        assert row["num_cells"] == len(region.cells)
        assert tp.affine_pieces(cx)[row["piece"]] == region.piece
        assert row["bounded"] == all(cx.cells[i].is_bounded for i in region.cells)
        assert cx.locate(vector(row, "x", cx.network.input_dim)).index in region.cells


def test_pieces(cx):
    table = tp.pieces_table(cx)
    pieces, outputs = tp.affine_pieces(cx), cx.network.output_dim
    assert table.index.tolist() == [(i, j) for i in range(len(pieces)) for j in range(outputs)]
    assert table.index.names == ["piece", "output"]
    for (i, j), row in table.iterrows():
        form = pieces[i] if outputs == 1 else pieces[i].forms[j]
        assert vector(row, "a", cx.network.input_dim) == list(form.gradient)
        assert rational(row["c"]) == form.constant
        own = [region for region in tp.linear_regions(cx) if region.piece == pieces[i]]
        assert (row["num_regions"], row["num_cells"]) == (len(own), sum(len(region.cells) for region in own))


def test_floats_beyond_their_range_are_infinite():
    pytest.importorskip("pandas")
    huge = tp.ReLUNetwork.from_arrays([[[Fraction(10) ** 400]], [[-1]]])
    table = tp.pieces_table(tp.polyhedral_complex(huge))
    assert sorted(table["a0_float"]) == [float("-inf"), 0.0]
    assert "-1" + "0" * 400 in table["a0"].tolist()


def test_incomplete_complexes_are_refused():
    pytest.importorskip("pandas")
    cx = tp.polyhedral_complex(NETWORKS["deep"], budget=tp.Budget(cells=2))
    for table in (tp.cells_table, tp.regions_table, tp.pieces_table):
        with pytest.raises(ValueError, match="needs a complete complex"):
            table(cx)


def test_without_pandas_the_error_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    cx = tp.polyhedral_complex(NETWORKS["maximum"])
    for table in (tp.cells_table, tp.regions_table, tp.pieces_table):
        with pytest.raises(ValueError, match=r"pip install 'tropical-relu\[table\]'"):
            table(cx)


@pytest.mark.parametrize("name", NETWORKS)
def test_parquet_keeps_every_entry(name, tmp_path):
    pytest.importorskip("pyarrow")
    pandas = pytest.importorskip("pandas")
    cx = tp.polyhedral_complex(NETWORKS[name])
    for table in (tp.cells_table(cx, volume=True), tp.regions_table(cx), tp.pieces_table(cx)):
        table.to_parquet(tmp_path / "table.parquet")
        pandas.testing.assert_frame_equal(pandas.read_parquet(tmp_path / "table.parquet"), table)
