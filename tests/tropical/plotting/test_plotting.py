"""Pictures of linear regions: their exact material against the complex, and what reaches the Axes."""

import random
from fractions import Fraction
from itertools import pairwise

import matplotlib
import pytest

import tropical as tp
from oracles.random_cases import random_case
from tropical.plotting import plot_regions
from tropical.plotting.outlines import adjacent, colouring, components, polygon, segments
from tropical.plotting.palette import COLOURS
from tropical.plotting.slices import make_slice, relevant_directions, restrict, view_around

matplotlib.use("Agg")

MAXIMUM = tp.ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
PARITY = tp.ReLUNetwork.from_arrays([[[1, 1], [-1, -1], [1, -1], [-1, 1]], [["1/2", "1/2", "-1/2", "-1/2"]]])
STEPS = tp.ReLUNetwork.from_arrays([[[1], [1], [1]], [[1, -2, 3]]], [[0, -1, -2], [0]])


@pytest.fixture
def ax():
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots()
    yield axes
    plt.close(figure)


def random_plane_network(seed, widths=(2, 5, 3, 1)):
    rng = random.Random(seed)
    weights = [[[rng.randint(-4, 4) for _ in range(a)] for _ in range(b)] for a, b in pairwise(widths)]
    biases = [[rng.randint(-4, 4) for _ in range(b)] for b in widths[1:]]
    return tp.ReLUNetwork.from_arrays(weights, biases)


def area(points):
    pairs = zip(points, [*points[1:], points[0]], strict=True)
    return abs(sum(a[0] * b[1] - b[0] * a[1] for a, b in pairs)) / 2


def owners(cut):
    index = {piece: i for i, piece in enumerate(cut.pieces)}
    return [index[part.piece] for part in cut.parts]


@pytest.mark.parametrize("seed", range(12))
def test_polygons_tile_the_view_and_follow_the_function(seed):
    net = random_plane_network(seed)
    cut = make_slice(net, None)
    outlines = [polygon(part.cone) for part in cut.parts]
    side = [b - a for a, b in zip(cut.view.lower, cut.view.upper, strict=True)]
    assert sum(map(area, outlines)) == side[0] * side[1]
    assert all(part.piece(point) == net(point)[0] for part, o in zip(cut.parts, outlines, strict=True) for point in o)
    for cell in tp.polyhedral_complex(net).cells:
        inside = [a < q < b for v in cell.vertices for a, q, b in zip(cut.view.lower, v, cut.view.upper, strict=True)]
        assert all(inside)


@pytest.mark.parametrize("seed", range(12))
def test_network_and_its_lattice_polynomial_give_one_picture(seed):
    net = random_plane_network(seed, widths=(2, 3, 2, 1))
    polynomial = tp.to_lattice_polynomial(net)
    box = tp.Box([-3, -2], [2, 3])
    lengths = []
    for f in (net, polynomial):
        cut = make_slice(f, box)
        pieces = {part.piece for part in cut.parts}
        covered = {p: sum(area(polygon(part.cone)) for part in cut.parts if part.piece == p) for p in pieces}
        breaks = [e for e in segments(cut.parts) if e.left is not None and e.right is not None]
        different = [e for e in breaks if cut.parts[e.left].piece != cut.parts[e.right].piece]
        lengths.append((covered, sum(abs(e.ends[1][0] - e.ends[0][0]) for e in different)))
    assert lengths[0] == lengths[1]


@pytest.mark.parametrize("seed", range(12))
def test_regions_of_the_picture_are_the_linear_regions(seed):
    net = random_plane_network(seed)
    cut = make_slice(net, None)
    cx = tp.polyhedral_complex(net)
    assert len(components(len(cut.parts), adjacent(segments(cut.parts)), owners(cut))) == len(tp.linear_regions(cx))
    assert list(cut.pieces) == tp.affine_pieces(cx)


def test_pieces_with_a_common_boundary_get_different_numbers():
    cut = make_slice(random_plane_network(5, widths=(2, 9, 6, 1)), tp.Box([-2, -2], [2, 2]))
    edges, owner = segments(cut.parts), owners(cut)
    assert len(cut.pieces) > len(COLOURS)
    for colours in (2, len(COLOURS)):
        pairs = {(owner[i], owner[j]) for i, j in adjacent(edges) if owner[i] != owner[j]}
        numbers = colouring(len(cut.pieces), pairs, colours)
        for edge in edges:
            if edge.left is not None and edge.right is not None and owner[edge.left] != owner[edge.right]:
                assert numbers[owner[edge.left]] != numbers[owner[edge.right]]


@pytest.mark.parametrize("seed", [s for s in range(60) if random_case(s).input_dim <= 2])
def test_every_small_network_can_be_drawn(seed, ax):
    case = random_case(seed)
    net = tp.ReLUNetwork.from_arrays(case.weights, case.biases, case.slopes).output(0)
    domain = None if case.box is None else tp.Box(*case.box)
    assert plot_regions(net, domain, ax=ax) is ax
    assert ax.get_xlabel() == "$x_0$"
    ax.figure.canvas.draw()


def test_labels_and_axes_of_the_maximum(ax):
    plot_regions(MAXIMUM, ax=ax)
    assert sorted(text.get_text() for text in ax.texts) == [r"$\ell_{0}$", r"$\ell_{1}$"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("$x_0$", "$x_1$")
    plot_regions(tp.polyhedral_complex(MAXIMUM, tp.Box([0, 0], [2, 1])), ax=ax, labels=False)
    assert ax.get_xlim()[1] < 2.2
    assert len(ax.texts) == 2


def test_composition_with_directions_is_exact():
    rows = [[0.1, -0.3], [0.7, 2]]
    restricted = restrict(PARITY, rows)
    polynomial = restrict(tp.to_lattice_polynomial(PARITY), rows)
    for z in ([1, 1], ["1/3", -7], [0, 0]):
        x = [sum(Fraction(row[i]) * Fraction(q) for row, q in zip(rows, z, strict=True)) for i in range(2)]
        assert restricted(z) == PARITY(x) == (polynomial(z),)


def test_a_hidden_plane_is_found_and_drawn_like_the_plane_itself(ax):
    """Parity of z0 = x0 + x1 and z1 = x2: every picture of it has four sectors."""
    hidden = tp.ReLUNetwork.from_arrays([[[1, 1, 1], [-1, -1, -1], [1, 1, -1], [-1, -1, 1]], PARITY.layers[1].weight])
    rows = relevant_directions(hidden)
    assert abs(rows[0][0] - rows[0][1]) < 1e-15
    assert len(make_slice(restrict(hidden, rows), None).parts) == 4
    plot_regions(hidden, ax=ax)
    assert len(ax.texts) == 4
    assert ax.get_xlabel() == "$z_0$"
    on_a_line = plot_regions(hidden, ax=ax.figure.add_subplot(), directions=[[1, 0, 2]])
    assert on_a_line.get_ylabel() == "$F(z_0)$"


def test_graph_on_the_line_marks_the_breakpoints(ax):
    plot_regions(STEPS, ax=ax)
    dots = next(line for line in ax.lines if line.get_marker() == "o")
    assert list(zip(*dots.get_data(), strict=True)) == [(0, 0), (1, 1), (2, 0)]


def test_views():
    low, high = (Fraction(0), Fraction(0)), (Fraction(100), Fraction(1, 7))
    view = view_around([low, high], margin=True)
    sides = [b - a for a, b in zip(view.lower, view.upper, strict=True)]
    assert sides[0] == sides[1] > 120
    assert all(view.contains(point) for point in (low, high))
    assert view_around([low, high], margin=False).upper == high


def test_bad_requests():
    constant = tp.ReLUNetwork.from_arrays([[[0, 0, 0]], [[1]]])
    cases = [
        (constant, {}, "constant"),
        (tp.ReLUNetwork.from_arrays([[[1, 0, 0], [0, 1, 0], [0, 0, 1]], [[1, 1, 1]]]), {}, "3 dimensions"),
        (MAXIMUM, {"directions": [[1, 2, 3]]}, "length 2"),
        (MAXIMUM, {"directions": [[1, 2], [2, 4]]}, "independent"),
        (MAXIMUM, {"domain": tp.Box([0], [1])}, "R\\^1"),
        (tp.polyhedral_complex(MAXIMUM, budget=tp.Budget(cells=1)), {}, "complete"),
        (tp.ReLUNetwork.from_arrays([[[1], [2]]]), {}, "one output"),
    ]
    for obj, options, message in cases:
        with pytest.raises(ValueError, match=message):
            plot_regions(obj, **options)
