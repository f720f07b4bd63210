"""What float64 takes for a point or a line, beside what it does not: every kind of picture is drawn, or refused."""

from fractions import Fraction
from itertools import pairwise

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
from case_counts import few
from matplotlib.path import Path
from matplotlib.tri import LinearTriInterpolator, Triangulation

import tropical as tp
from tropical.plotting.bands import between

matplotlib.use("Agg")

TINY, SLIVER, TIME = Fraction(1, 10**170), Fraction(1, 2**60), 17 * 10**17


def network(weights, biases):
    return tp.ReLUNetwork.from_arrays([weights, [[1] * len(weights)]], [biases, [0]])


PLANE = {  # breaks that nearly meet, or nearly coincide
    "meeting": network([[1, 0], [0, 1], [1, 1]], [-(0.1 + 0.2), -0.3, -0.6]),
    "sliver": network([[1, SLIVER]], [-1]),
    "star": network([[1, 0], [0, 1], [1, 1], [1, -1]], [-3, -3, -6 - SLIVER, 2 * SLIVER]),
    "close": network([[1, 0], [1, 0], [0, 1]], [0, -Fraction(1, 10**25), 0]),
}
BOXES = {
    "unit": ([-1, -1], [1, 1]),
    "whole": None,
    "large": ([-(10**155)] * 2, [10**155] * 2),
    "tiny": ([0, 0], [TINY] * 2),
    "strip": ([-1, -SLIVER], [1, SLIVER]),
    "subnormal": ([0, 0], [Fraction(1, 10**320)] * 2),
    "time": ([TIME] * 2, [TIME + 100] * 2),
    "below float64": ([0, 0], [Fraction(1, 10**600)] * 2),
}
KINDS = {
    **{color: lambda f, box, color=color: tp.plot_regions(f, box, color=color) for color in ("value", "piece")},
    "surface": tp.plot_surface,
    "boundary": lambda f, box: tp.plot_decision_boundary(f, level=SLIVER, domain=box),
    "bends": tp.plot_bent_hyperplanes,
    "dual graph": tp.plot_dual_graph,
}
SPACE = tp.ReLUNetwork.from_arrays(
    [[[1, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 1]], [[1, 1, 1, 1]]], [[-(0.1 + 0.2), -0.3, -0.6, 0], [0]]
)
TERMS = {  # exponents and coefficients
    "meeting": [([1, 0], -(0.1 + 0.2)), ([0, 1], -0.3), ([1, 1], -0.6), ([0, 0], 0)],
    "tiny": [([TINY, 0], 0), ([0, TINY], 0), ([0, 0], 0)],
    "large": [([10**155, 0], 0), ([0, 10**155], 0), ([0, 0], 0)],
    "time": [([TIME, TIME], 0), ([TIME + 100, TIME], 0), ([TIME, TIME + 100], 0)],
    "close": [([0, 0], 0), ([1, 0], 0), ([0, 1], 0), ([1, 1], -SLIVER), ([2, 0], -3 * SLIVER)],
}


@pytest.fixture(autouse=True)
def _small_figures():
    with plt.rc_context({"figure.dpi": 15}):
        yield
    plt.close("all")


def drawn(draw):
    """Whether it was drawn; else the view has no size in float64."""
    try:
        axes = draw()
    except ValueError as error:
        if "float64 cannot tell the ends of the view apart" not in str(error):
            raise
        return False
    axes.figure.canvas.draw()
    return True


PLANAR = [(kind, name, box) for box in BOXES for name in PLANE for kind in KINDS]
LISTED = [("value", "sliver", "unit"), ("piece", "meeting", "whole"), ("value", "meeting", "large")]
LISTED += [("surface", "sliver", "strip"), ("boundary", "star", "tiny"), ("dual graph", "close", "unit")]
LISTED += [("bends", "meeting", "time"), ("surface", "star", "subnormal"), ("piece", "star", "below float64")]


@pytest.mark.parametrize(("kind", "name", "box"), few([*LISTED, *sorted(set(PLANAR) - set(LISTED))], len(LISTED)))
def test_in_the_plane(kind, name, box):
    domain = BOXES[box] and tp.Box(*BOXES[box])
    assert drawn(lambda: KINDS[kind](PLANE[name], domain)) == (box not in ("time", "below float64"))


@pytest.mark.parametrize("name", ["meeting", "sliver"])
def test_what_is_one_point_in_float64_has_room_around_it(name):
    ax = tp.plot_regions(PLANE[name])
    low, high = ax.get_xlim()
    assert high - low > 1
    assert len(ax.collections[0].get_paths()) == len(tp.linear_regions(tp.polyhedral_complex(PLANE[name])))


@pytest.mark.parametrize(
    ("lower", "upper", "seen"),
    [([-1] * 3, [1] * 3, True), ([-1, -1, -TINY], [1, 1, TINY], True), ([TIME] * 3, [TIME + 100] * 3, False)],
)
def test_in_space(lower, upper, seen):
    assert drawn(lambda: tp.plot_solids(SPACE, tp.Box(lower, upper))) == seen


@pytest.mark.parametrize("corner", [SLIVER, TINY, 10**155])
def test_slices(corner):
    points = [[0, 0, 0], [corner, 0, 0], [0, corner, 1]]
    assert drawn(lambda: tp.plot_slice(SPACE, points, color="value"))


@pytest.mark.parametrize("name", TERMS)
def test_duals(name):
    p = tp.TropicalPolynomial([tp.AffineForm(*term) for term in TERMS[name]])
    form = tp.LatticePolynomial(p.terms, [[i, j] for i, j in pairwise(range(len(p.terms)))])
    assert drawn(lambda: tp.plot_newton_polytope(p))
    assert drawn(lambda: tp.plot_tropical_curve(p))
    assert drawn(lambda: tp.plot_lattice_clauses(form))


@pytest.mark.parametrize("box", [([-1], [1]), ([0], [TINY]), ([-(10**155)], [10**155])])
def test_on_the_line(box):
    f = network([[1], [1]], [-(0.1 + 0.2), -0.3])
    assert drawn(lambda: tp.plot_regions(f, tp.Box(*box)))


def test_bands_hold_the_values_that_they_say():
    """Against matplotlib's own interpolation on triangles, where these are not thin."""
    f, box = PLANE["star"], tp.Box([0, 0], [4, 4])
    ax = tp.plot_regions(f, box, color="value")
    bands = ax.collections[0]
    points = np.random.default_rng(0).uniform(0.01, 3.99, (200, 2))
    grid = np.array([[x, y] for x in np.linspace(0, 4, 33) for y in np.linspace(0, 4, 33)])
    values = LinearTriInterpolator(Triangulation(*grid.T), f.evaluate(grid)[:, 0])(*points.T)
    for point, value in zip(points, values, strict=True):
        wanted = np.searchsorted(bands.levels, value) - 1
        near = [path for path in bands.get_paths()[max(wanted - 1, 0) : wanted + 2] if len(path)]
        assert any(Path(p).contains_point(point, radius=1e-9) for path in near for p in path.to_polygons())


def test_bands_have_the_area_of_the_view():
    ax = tp.plot_regions(PLANE["meeting"], tp.Box([-1, -1], [1, 1]), color="value")
    polygons = [polygon for path in ax.collections[0].get_paths() for polygon in path.to_polygons()]
    twice = [np.sum(p[:-1, 0] * p[1:, 1] - p[1:, 0] * p[:-1, 1]) for p in polygons]
    assert sum(map(abs, twice)) / 2 == pytest.approx(4)


def test_a_polygon_beyond_the_band_is_empty():
    assert between([(0.0, 0.0, 1.0), (1.0, 0.0, 1.0), (0.0, 1.0, 2.0)], 3.0, 4.0) == []
