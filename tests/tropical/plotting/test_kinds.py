"""Every kind of picture: the geometry that reaches the Axes, colours, labels, and degenerate functions."""

import random
from fractions import Fraction
from itertools import pairwise

import matplotlib
import numpy as np
import pytest
from case_counts import exhaustive

import tropical as tp
from oracles.random_cases import random_case
from tropical import plotting as pl
from tropical.plotting import surfaces
from tropical.plotting.breaks import breaking_layer
from tropical.plotting.outlines import adjacent, faces_of_solid, float_polygon, measures, polygon, segments
from tropical.plotting.palette import COLOURS, layer_colours, line_colours
from tropical.plotting.sections import plane_through
from tropical.plotting.shading import cutting_layers, gradient_norm, shades
from tropical.plotting.slices import inner, make_slice

matplotlib.use("Agg")

SQUARE = tp.Box([-2, -2], [2, 2])
DIAMOND = tp.ReLUNetwork.from_arrays([[[1, 0], [-1, 0], [0, 1], [0, -1]], [[1, 1, 1, 1]]])  # |x| + |y|
BENT = tp.ReLUNetwork.from_arrays([[[1, 0], [0, 1]], [[1, 1]], [[1]]], [None, [-1], None])
THREE = tp.ReLUNetwork.from_arrays([[[1, 0, 0], [0, 1, 0], [0, 0, 1]], [[1, 2, 3]]])
CLASSES = tp.ReLUNetwork.from_arrays([[[1, 0], [0, 1]], [[1, 0], [0, 1], [-1, -1]]], [None, [0, 0, "1/2"]])
CONIC = tp.TropicalPolynomial.from_terms({(0, 0): 0, (1, 0): 1, (0, 1): 1, (2, 0): 0, (1, 1): 1, (0, 2): 0})
OTHER_COLORS = ("gradient", "value", "pattern", "layer")
DEGENERATE = {
    "constant": tp.ReLUNetwork.from_arrays([[[0, 0], [0, 0]], [[1, 1]]], [[1, -1], [2]]),
    "linear": tp.ReLUNetwork.from_arrays([[[3, -2]]]),
    "lineality": tp.ReLUNetwork.from_arrays([[[1, 1], [-1, -1]], [[1, 1]]], [[-1, -1], None]),
    "bias-free": tp.ReLUNetwork.from_arrays([[[1, 2], [-3, 1], [1, 2]], [[1, -1, 1], [2, 1, -2]], [[1, -1]]]),
    "dead": tp.ReLUNetwork.from_arrays([[[1, 0], [0, 0]], [[1, 1]]], [[0, -1], None]),
    "vanishing": tp.ReLUNetwork.from_arrays([[[1, 1]], [[0]]]),
}


@pytest.fixture(autouse=True)
def _close():
    import matplotlib.pyplot as plt

    yield
    plt.close("all")


def random_network(seed, widths=(2, 5, 4, 1)):
    rng = random.Random(seed)
    weights = [[[rng.randint(-4, 4) for _ in range(a)] for _ in range(b)] for a, b in pairwise(widths)]
    biases = [[rng.randint(-4, 4) for _ in range(b)] for b in widths[1:]]
    return tp.ReLUNetwork.from_arrays(weights, biases)


def lines_of(ax, label):
    return next(c for c in ax.collections if c.get_label() == label).get_segments()


@pytest.mark.parametrize("name", DEGENERATE)
@pytest.mark.parametrize(
    "draw",
    [
        lambda net: pl.plot_regions(net, color="piece"),
        *(
            exhaustive(lambda net, c=c: pl.plot_regions(net, color=c))
            for c in ("gradient", "value", "pattern", "layer")
        ),
        pl.plot_bent_hyperplanes,
        pl.plot_decision_boundary,
        pl.plot_surface,
        pl.plot_dual_graph,
        lambda net: pl.plot_slice(net, [[0, 0], [1, 0], [1, 1]]),
        lambda net: pl.plot_lattice_clauses(tp.to_lattice_polynomial(net)),
    ],
)
def test_degenerate_networks_can_be_drawn(name, draw):
    ax = draw(DEGENERATE[name])
    ax.figure.canvas.draw()
    assert ax.get_xlabel()
    assert ax.get_ylabel()


@pytest.mark.parametrize("seed", [s for s in range(24) if random_case(s).input_dim == 2])
def test_every_small_network_can_be_drawn_in_every_way(seed):
    case = random_case(seed)
    net = tp.ReLUNetwork.from_arrays(case.weights, case.biases, case.slopes)
    domain = None if case.box is None else tp.Box(*case.box)
    for draw in (pl.plot_bent_hyperplanes, pl.plot_dual_graph):
        assert draw(net, domain).get_xlim()
    assert pl.plot_decision_boundary(net, domain=domain).get_legend() is not None
    assert pl.plot_surface(net.output(0), domain).collections
    for color in ("gradient", "pattern", "layer"):
        pl.plot_regions(net, domain, color=color)


@pytest.mark.parametrize("seed", range(6))
def test_colours_differ_across_edges_and_say_what_they_say(seed):
    net = random_network(seed)
    cut = make_slice(net, SQUARE)
    pairs = adjacent(segments(cut.parts))
    for color in ("piece", "pattern"):
        shown = shades(cut, net, color, pairs)
        looks = list(zip(shown.colours, shown.hatches, strict=True))
        owner = cut.owners if color == "piece" else range(len(cut.parts))
        assert all(looks[i] != looks[j] for i, j in pairs if owner[i] != owner[j])
    norms = [gradient_norm(part) for part in cut.parts]
    shown = shades(cut, net, "gradient", pairs).colours
    by_norm = sorted(range(len(norms)), key=norms.__getitem__)
    assert all((shown[i] == shown[j]) or norms[i] < norms[j] for i, j in pairwise(by_norm))
    layers = cutting_layers(cut.parts, pairs, net)
    shallow = tp.ReLUNetwork((*net.layers[:1], random_network(0, (5, 1)).layers[0]))
    coarse = make_slice(shallow, SQUARE)
    uncut = [part for part, layer in zip(cut.parts, layers, strict=True) if layer <= 1]
    whole = {frozenset(polygon(part.cone)) for part in coarse.parts}
    assert {frozenset(polygon(part.cone)) for part in uncut} <= whole


def test_layers_of_breaks():
    cut = make_slice(BENT, None)
    found = {breaking_layer(cut.parts[i], cut.parts[j], BENT) for i, j in adjacent(segments(cut.parts))}
    assert found == {0, 1}
    ax = pl.plot_bent_hyperplanes(BENT)
    later = {tuple(map(tuple, line)) for line in lines_of(ax, "layer 1")}
    assert all(max(x, 0) + max(y, 0) == 1 for line in later for x, y in line)
    first = lines_of(ax, "layer 0")
    assert all(0 in np.asarray(line).sum(axis=0) or 0 in line[:, 0] * line[:, 1] for line in first)
    colours = [handle.get_color() for handle in ax.get_legend().get_lines()]
    assert len(set(colours)) == 2


def test_values_are_shown_up_to_their_extremes():
    ax = pl.plot_regions(DIAMOND, SQUARE, color="value")
    levels = ax.collections[0].levels
    assert levels[0] <= 0
    assert levels[-1] >= 4
    assert [other.get_ylabel() for other in ax.figure.axes] == ["$x_1$", "$F$"]


def test_decision_of_one_output_is_the_level_set():
    ax = pl.plot_decision_boundary(DIAMOND, level="3/2")
    assert all(abs(x) + abs(y) == 1.5 for line in lines_of(ax, "boundary") for x, y in line)
    assert len(lines_of(ax, "boundary")) == 4
    assert ax.get_legend().get_texts()[0].get_text() == r"$F > \frac{3}{2}$"
    touching = pl.plot_decision_boundary(tp.ReLUNetwork.from_arrays([[[1, 0], [-1, 0]], [[1, 1]]]), domain=SQUARE)
    assert [line.tolist() for line in lines_of(touching, "boundary")] == [[[0, -2], [0, 2]]]


def test_level_outside_the_complex_is_still_in_view():
    ax = pl.plot_decision_boundary(DIAMOND, level=50)
    assert ax.get_xlim()[1] > 50
    assert len(lines_of(ax, "boundary")) == 4


@pytest.mark.parametrize("seed", range(5))
def test_decision_of_several_outputs_is_the_largest(seed):
    net = random_network(seed, (2, 4, 3))
    ax = pl.plot_decision_boundary(net, domain=SQUARE)
    colours = [matplotlib.colors.to_rgba(colour) for colour in COLOURS]
    batches = [c for c in ax.collections if isinstance(c, matplotlib.collections.PolyCollection) and not c.get_hatch()]
    total = 0.0
    for batch in batches:
        for path, colour in zip(batch.get_paths(), batch.get_facecolors(), strict=True):
            area, _, centre = measures([tuple(point) for point in path.vertices[:-1]])
            values = net([Fraction(q) for q in centre])
            assert values[colours.index(tuple(colour))] == max(values)
            total += area
    assert total == pytest.approx(16)


def test_ties_with_interior_are_hatched():
    twins = tp.ReLUNetwork.from_arrays([[[1, 0]], [[1], [1], [-1]]])
    ax = pl.plot_decision_boundary(twins, domain=SQUARE)
    labels = {text.get_text() for text in ax.get_legend().get_texts()}
    assert labels == {"tie", "tie of (0, 1)", "boundary"}


def test_surface_is_the_graph(monkeypatch):
    net = random_network(3)
    drawn = []
    monkeypatch.setattr(surfaces, "draw_faces", lambda ax, faces, *rest: drawn.extend(faces))
    ax = pl.plot_surface(net, SQUARE, color="gradient")
    assert [len(face) for face in drawn] == [len(polygon(part.cone)) for part in make_slice(net, SQUARE).parts]
    points = np.array([corner for face in drawn for corner in face])
    assert np.allclose(net.evaluate(points[:, :2])[:, 0], points[:, 2], rtol=1e-12)
    assert (ax.get_xlabel(), ax.get_ylabel(), ax.get_zlabel()) == ("$x_0$", "$x_1$", "$F$")
    assert (ax.get_xlim(), ax.get_zlim()) == ((-2, 2), (points[:, 2].min(), points[:, 2].max()))


def test_solids_fill_the_box():
    cut = make_slice(THREE, tp.Box([-1, -1, -1], [1, 1, 1]))
    assert len(cut.parts) == 8
    assert all(len(faces_of_solid(part.cone)) == 6 for part in cut.parts)
    assert all(len(face) == 4 for part in cut.parts for _, face in faces_of_solid(part.cone))
    still = pl.plot_solids(THREE, tp.Box([-1, -1, -1], [1, 1, 1]), explode=0)
    moved = pl.plot_solids(THREE, tp.Box([-1, -1, -1], [1, 1, 1]), explode=1, color="layer")
    assert (still.get_xlim(), moved.get_xlim()) == ((-1, 1), (-1.5, 1.5))
    assert len(still.get_xticks())
    assert not len(moved.get_xticks())
    assert pl.plot_solids(THREE).collections


def test_plane_through_three_points():
    rng = random.Random(0)
    for _ in range(20):
        points = [tuple(Fraction(rng.randint(-9, 9), rng.randint(1, 5)) for _ in range(4)) for _ in range(3)]
        plane = plane_through(points)
        u, v = plane.directions
        assert inner(u, v) == 0
        assert all(abs(inner(row, row) - 1) < 2**-20 for row in (u, v))
        for point in points:
            z = plane.coordinates(point)
            rebuilt = [o + z[0] * a + z[1] * b for o, a, b in zip(plane.origin, u, v, strict=True)]
            assert tuple(rebuilt) == point
    tiny = plane_through(
        [
            (Fraction(0),) * 3,
            (Fraction(1, 10**30), Fraction(0), Fraction(0)),
            (Fraction(0), Fraction(10**30), Fraction(1)),
        ]
    )
    assert all(abs(inner(row, row) - 1) < 2**-20 for row in tiny.directions)


def test_slice_of_many_inputs_follows_the_network():
    net = random_network(1, (6, 5, 4, 1))
    points = [[1, 0, 2, 0, -1, 1], [0, 1, 0, 3, 0, 0], [2, 2, 0, 0, 1, -1]]
    ax = pl.plot_slice(net, points)
    marks = next(line for line in ax.lines if line.get_marker() == "o")
    assert marks.get_data()[0][0] == marks.get_data()[1][0] == 0
    assert marks.get_data()[1][1] == 0
    distance = sum((a - b) ** 2 for a, b in zip(points[0], points[2], strict=True)) ** 0.5
    assert np.hypot(*[data[2] for data in marks.get_data()]) == pytest.approx(distance, rel=1e-6)
    limits = [*ax.get_xlim(), *ax.get_ylim()]
    assert all(limits[0] < x < limits[1] and limits[2] < y < limits[3] for x, y in zip(*marks.get_data(), strict=True))
    along = pl.plot_slice(net, directions=[[1, 0, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0]], origin=[0, 0, 1, 1, 1, 1])
    assert along.get_xlabel() == "$z_0$"


def test_newton_polytope_and_curve_correspond():
    newton, curve = pl.plot_newton_polytope(CONIC), pl.plot_tropical_curve(CONIC)
    names = [{text.get_text() for text in ax.texts if text.get_text().startswith("$a")} for ax in (newton, curve)]
    assert names[0] == names[1] == {f"$a_{{{i}}}$" for i in range(6)}
    subdivision = tp.dual_subdivision(CONIC)
    polygons = newton.collections[0].get_paths()
    assert len(polygons) == len(subdivision.maximal_cells)
    assert sum(measures([tuple(p) for p in path.vertices[:-1]])[0] for path in polygons) == 2
    single = tp.TropicalPolynomial.from_terms({(1, 2): 3})
    segment = tp.TropicalPolynomial.from_terms({(0, 0): 0, (1, 1): 0, (2, 2): -1})
    for p in (single, segment):
        assert pl.plot_newton_polytope(p).get_xlabel() == "exponent of $x_0$"
        assert pl.plot_tropical_curve(p).collections
    line = pl.plot_newton_polytope(tp.TropicalPolynomial.from_terms({(0,): 0, (1,): -5, (2,): 1}))
    assert line.get_ylabel() == "coefficient $c$"
    assert pl.plot_newton_polytope(tp.TropicalPolynomial.from_terms({(2,): 1})).collections


def test_zonotopes_in_every_dimension():
    flat = tp.ReLUNetwork.from_arrays([[[1, 0], [0, 1], [1, 1]], [[1, 1, -1]]])
    ax = pl.plot_zonotope(flat)
    areas = [measures([tuple(p) for p in c.get_paths()[0].vertices[:-1]])[0] for c in ax.collections]
    assert areas == [float(polytope.volume) for polytope in tp.zonotope_of(flat)] == [1, 0]
    for rows in ([[1, 0, 0], [0, 1, 0], [0, 0, 1]], [[1, 1, 0], [2, 2, 0]], [[1, 0, 0], [0, 1, 0]], [[0, 0, 0]]):
        net = tp.ReLUNetwork.from_arrays([rows, [[1] * len(rows)]])
        assert pl.plot_zonotope(net).name == "3d"


@pytest.mark.parametrize("seed", range(4))
def test_dual_graph_in_the_plane(seed):
    net = random_network(seed)
    cx = tp.polyhedral_complex(net, SQUARE)
    ax = pl.plot_dual_graph(cx)
    paths = next(c for c in ax.collections if c.get_linewidth()[0] > 0 and len(c.get_paths()) == cx.dual_graph().size())
    assert paths
    nodes = ax.collections[-1].get_offsets()
    assert len(nodes) == cx.num_cells
    assert all(cell.contains(map(Fraction, node)) for cell, node in zip(cx.cells, nodes.tolist(), strict=True))


def test_dual_graph_elsewhere():
    cx = tp.polyhedral_complex(THREE)
    ax = pl.plot_dual_graph(cx)
    assert len(ax.collections[-1].get_offsets()) == 8
    assert "12 common facets" in ax.get_title()
    line = tp.ReLUNetwork.from_arrays([[[1], [1]], [[1, 1]]], [[0, 1], None])
    assert "3 cells" in pl.plot_dual_graph(line).get_title()


def test_palettes_are_long_enough():
    for colours in (line_colours, layer_colours):
        assert all(len(set(colours(count))) == count for count in (1, 5, 7, 8, 20))


def test_many_cells_are_few_collections():
    net = random_network(7, (2, 12, 10, 1))
    ax = pl.plot_regions(net, color="gradient")
    assert len(make_slice(net, None).parts) > 100
    assert len(ax.collections) <= 6
    assert all(float_polygon(part.cone) for part in make_slice(net, None).parts)


@pytest.mark.parametrize("color", ["piece", "gradient", "value"])
def test_numbers_beyond_float64_are_refused_where_they_are_drawn(color):
    steep = tp.ReLUNetwork.from_arrays([[[10**400, 0], [0, 1]], [[1, 1]]])
    if color == "piece":
        assert pl.plot_regions(steep).collections
    else:
        with pytest.raises(ValueError, match="below 1"):
            pl.plot_regions(steep, color=color)
    far = tp.ReLUNetwork.from_arrays([[[1, 0]], [[1]]], [[10**400], None])
    with pytest.raises(ValueError, match="below 1"):
        pl.plot_regions(far, color=color)
    flat = tp.ReLUNetwork.from_arrays([[[f"1/{10**400}", 0]], [[1]]])
    assert pl.plot_regions(flat, color="gradient").collections


def test_bad_requests():
    import matplotlib.pyplot as plt

    constant = tp.ReLUNetwork.from_arrays([[[0, 0, 0, 0]], [[1]]])
    polynomial = tp.to_lattice_polynomial(DIAMOND)
    line = tp.ReLUNetwork.from_arrays([[[1]], [[1]]])
    cases = [
        (pl.plot_regions, (DIAMOND,), {"color": "red"}, "color must be"),
        (pl.plot_regions, (polynomial,), {"color": "layer"}, "needs a network"),
        (pl.plot_regions, (line,), {"color": "value"}, "height shows"),
        (pl.plot_regions, (CLASSES,), {"color": "value"}, "one output"),
        (pl.plot_surface, (CLASSES,), {}, "one output"),
        (pl.plot_surface, (line,), {}, "needs 2 or more varying inputs"),
        (pl.plot_surface, (DIAMOND,), {"ax": plt.figure().add_subplot()}, "projection '3d'"),
        (pl.plot_bent_hyperplanes, (polynomial,), {}, "units"),
        (pl.plot_dual_graph, (polynomial,), {}, "activation regions"),
        (pl.plot_decision_boundary, (CLASSES,), {"level": 1}, "choose output"),
        (pl.plot_decision_boundary, (CLASSES,), {"output": 3}, "between 0 and 2"),
        (pl.plot_solids, (THREE,), {"alpha": 0}, "alpha"),
        (pl.plot_solids, (DIAMOND,), {}, "needs 3 or more varying inputs"),
        (pl.plot_slice, (THREE, [[0, 0, 0], [1, 1, 1], [2, 2, 2]]), {}, "one line"),
        (pl.plot_slice, (THREE, [[0, 0, 0], [0, 0, 0], [2, 2, 2]]), {}, "one line"),
        (pl.plot_slice, (THREE, [[0, 0], [1, 1], [2, 2]]), {}, "length 3"),
        (pl.plot_slice, (THREE, [[0, 0, 0]] * 3), {"origin": [0, 0, 0]}, "either"),
        (pl.plot_slice, (THREE,), {}, "3 dimensions"),
        (pl.plot_slice, (constant,), {}, "constant"),
        (pl.plot_newton_polytope, (tp.TropicalPolynomial.from_terms({(0, 0, 1): 0}),), {}, "got 3"),
        (pl.plot_tropical_curve, (tp.TropicalPolynomial.from_terms({(1,): 0}),), {}, "two variables"),
        (pl.plot_zonotope, (constant,), {}, "two or three"),
    ]
    for draw, arguments, options, message in cases:
        with pytest.raises(ValueError, match=message):
            draw(*arguments, **options)


def test_the_second_argument_is_the_domain():
    same = (
        pl.plot_decision_boundary(DIAMOND, SQUARE, level=1),
        pl.plot_decision_boundary(DIAMOND, level=1, domain=SQUARE),
    )
    assert same[0].get_xlim() == same[1].get_xlim()
    for level in (0, 1.5, "3/2", Fraction(1, 2)):
        with pytest.raises(TypeError, match=f"the second argument is the domain, write level={level} for the level"):
            pl.plot_decision_boundary(DIAMOND, level)


def test_fixed_inputs_are_not_drawn():
    """A box that fixes inputs is drawn as the function of the others: as by hand, the input put in."""
    net = tp.ReLUNetwork.from_arrays([[[1, 2, -1], [0, 1, 1], [1, -1, 0]], [[1, -2, 1]]], [[0, -1, 1], [0]])
    by_hand = tp.ReLUNetwork.from_arrays([[[1, -1], [0, 1], [1, 0]], [[1, -2, 1]]], [[6, 2, -2], [0]])
    box, square = tp.Box([-2, 3, -9], [3, 3, 2]), tp.Box([-2, -9], [3, 2])
    planar = (pl.plot_regions, pl.plot_surface, pl.plot_dual_graph, pl.plot_bent_hyperplanes, pl.plot_decision_boundary)
    for draw in planar:
        axes, other = draw(net, domain=box), draw(by_hand, domain=square)
        assert (axes.get_xlabel(), axes.get_ylabel()) == ("$x_0$", "$x_2$")
        for name in ("get_xlim", "get_ylim"):
            assert getattr(axes, name)() == getattr(other, name)()
        assert len(axes.collections) == len(other.collections)
        for one, two in zip(axes.collections, other.collections, strict=True):
            if hasattr(one, "get_segments"):
                assert np.array_equal(np.array(one.get_segments()), np.array(two.get_segments()))
    graph = pl.plot_regions(net, tp.Box([-2, 3, 1], [3, 3, 1]))
    assert (graph.get_xlabel(), graph.get_ylabel()) == ("$x_0$", "$F(x_0)$")
    with pytest.raises(ValueError, match="needs 1 or more varying inputs, got 0"):
        pl.plot_regions(net, tp.Box([0] * 3, [0] * 3))
    many = tp.ReLUNetwork.from_arrays([[[1] * 13], [[1]]])
    wide = pl.plot_regions(many, tp.Box([0] * 13, [*[0] * 9, 1, 0, 0, 1]))
    assert (wide.get_xlabel(), wide.get_ylabel()) == ("$x_9$", "$x_{12}$")
    with pytest.raises(ValueError, match=r"the domain must have interior in R\^2, its dimension is 1"):
        pl.plot_regions(net, tp.Box([0, 0], [0, 1]), directions=[[1, 0, 0], [0, 1, 0]])
