"""Polyhedra by independent routes: subsets of hyperplanes, scipy's linear programs and hulls, closed forms."""

import copy
import math
import pickle
import random
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from case_counts import few
from hypothesis import example, given
from hypothesis import strategies as st

import tropical as tp
from oracles.built import network
from oracles.random_cases import random_case
from tropical.arithmetic.rationals import nullspace, primitive, rank, solve
from tropical.functions.affine import form_of_row

entries = st.integers(-3, 3)
systems = st.integers(1, 3).flatmap(lambda n: st.lists(st.tuples(*[entries] * (n + 1)), min_size=1, max_size=7))


def polyhedron(rows):
    """The polyhedron of the rows (constant, gradient), or None if it is empty."""
    try:
        return tp.Polyhedron(map(form_of_row, rows))
    except ValueError as error:
        if "is empty" not in str(error):
            raise
        return None


def depth(rows):
    """The largest t <= 1 with h >= t for all rows that are not 0, by scipy."""
    from scipy.optimize import linprog

    table = np.array([row for row in rows if any(row)] or [(1, *[0] * (len(rows[0]) - 1))], dtype=float)
    matrix = np.hstack([-table[:, 1:], np.ones((len(table), 1))])
    cost = np.zeros(matrix.shape[1])
    cost[-1] = -1
    bounds = [(None, None)] * (matrix.shape[1] - 1) + [(None, 1)]
    found = linprog(cost, A_ub=matrix, b_ub=table[:, 0], bounds=bounds)
    assert found.status == 0
    return -found.fun


def least(row, rows):
    """The infimum of a row where the rows are >= 0, by scipy."""
    from scipy.optimize import linprog

    table = np.array(rows, dtype=float).reshape(len(rows), len(row))
    free = [(None, None)] * (len(row) - 1)
    found = linprog(row[1:], A_ub=-table[:, 1:], b_ub=table[:, 0], bounds=free)
    assert found.status in (0, 3)
    return -math.inf if found.status == 3 else found.fun + row[0]


def corners(rows):
    """Feasible points where n independent rows vanish."""
    found = set()
    for some in combinations(rows, len(rows[0]) - 1):
        square = [tuple(map(Fraction, row[1:])) for row in some]
        if rank(square) == len(square):
            point = solve(square, [Fraction(-row[0]) for row in some])
            if all(form_of_row(row)(point) >= 0 for row in rows):
                found.add(point)
    return found


def directions(rows):
    """Extreme directions of recession of a polyhedron without lineality: those on n - 1 independent rows."""
    n, found = len(rows[0]) - 1, set()
    for some in combinations(rows, n - 1):
        line = nullspace([tuple(map(Fraction, row[1:])) for row in some], n)
        if len(line) == 1:
            for sign in (1, -1):
                d = tuple(sign * q for q in line[0])
                if all(sum(a * q for a, q in zip(row[1:], d, strict=True)) >= 0 for row in rows):
                    found.add(d)
    return found


@given(systems)
@example([(0, 1, 1, 1), (0, -1, 0, 0), (0, 0, -1, 0), (0, 0, 0, -1)])
@example([(0, 1, 0), (0, -1, 1), (0, -1, -1), (1, 0, 1)])
@example([(-1, 2, 3), (1, -2, -3), (-3, 1, 0)])
@example([(0, 1), (0, -2)])
@example([(1, 1, 0), (-1, 1, 0), (1, -1, 0)])
def test_interior_and_canonical_rows(rows):
    found = polyhedron(rows)
    assert (found is not None) == (depth(rows) > -1e-9)
    if found is None:
        return
    vanishing = [row for row in rows if least([-a for a in row], rows) > -1e-9]
    assert all((form_of_row(row)(found.interior_point) == 0) == (row in vanishing) for row in rows)
    assert all(form_of_row(row)(found.interior_point) >= 0 for row in rows)
    assert found.dimension == found.input_dim - rank([tuple(map(Fraction, row[1:])) for row in vanishing])
    assert len(found.equations) == found.input_dim - found.dimension
    assert all(h(found.interior_point) == 0 and {h, -h} <= set(found.halfspaces) for h in found.equations)
    assert found.core.dimension == found.core.input_dim == found.dimension
    assert all(math.gcd(*row) == 1 and any(row[1:]) for row in found.rows)
    assert list(found.rows) == sorted(found.rows, key=lambda row: row[1:], reverse=True)
    directions = {primitive(tuple(map(Fraction, row[1:]))) for row in found.rows}
    assert len(directions) == len(found.rows)
    assert [(h.constant, *h.gradient) for h in found.halfspaces] == list(found.rows)
    assert all(tuple(-a for a in left) == h.gradient for left, h in zip(found.A, found.halfspaces, strict=True))
    assert found.rows == () or tp.Polyhedron.from_inequalities(found.A, found.b).rows == found.rows
    assert found.input_dim == len(rows[0]) - 1


@given(systems)
def test_vertices_rays_and_lineality(rows):
    found = polyhedron(rows)
    if found is None:
        return
    gradients = [tuple(map(Fraction, row[1:])) for row in rows]
    assert len(found.lineality) == found.input_dim - rank(gradients)
    for line in found.lineality:
        assert all(q.denominator == 1 for q in line)
        assert not any(sum(a * q for a, q in zip(g, line, strict=True)) for g in gradients)
    if not found.lineality:
        assert list(found.vertices) == sorted(corners(rows))
        assert list(found.rays) == sorted(directions(rows))
    assert found.is_bounded == (not found.lineality and not found.rays)
    full = found.dimension == found.input_dim
    assert (found.volume == math.inf) == (full and not found.is_bounded)
    assert (found.volume == 0) == (not full)


@given(systems, st.data())
def test_equality_is_that_of_sets(rows, data):
    found = polyhedron(rows)
    if found is None:
        return
    shuffled = data.draw(st.permutations(rows))
    scales = data.draw(st.lists(st.integers(1, 4), min_size=len(rows), max_size=len(rows)))
    weights = data.draw(st.lists(st.integers(0, 2), min_size=len(rows), max_size=len(rows)))
    implied = [sum(w * row[i] for w, row in zip(weights, rows, strict=True)) for i in range(len(rows[0]))]
    implied[0] += data.draw(st.integers(0, 2))
    scaled = [tuple(Fraction(k, 3) * a for a in row) for k, row in zip(scales, shuffled, strict=True)]
    other = polyhedron([*scaled, tuple(implied), rows[0]])
    assert (found == other, hash(found) == hash(other)) == (True, True)
    assert (found.vertices, found.rays, found.lineality) == (other.vertices, other.rays, other.lineality)
    for row in found.rows:
        rest = [r for r in found.rows if r != row]
        needed = least(row, rest) < -1e-9
        smaller = polyhedron(rest or [(1, *[0] * found.input_dim)])
        assert (smaller == found) == (not needed)


@given(systems, systems)
def test_intersections(first, second):
    one, two = polyhedron(first), polyhedron(second)
    if one is None or two is None:
        return
    if one.input_dim != two.input_dim:
        with pytest.raises(ValueError, match=r"polyhedra in R\^. and R\^. cannot be intersected"):
            one & two
        return
    expected = polyhedron([*first, *second])
    if expected is None:
        with pytest.raises(ValueError, match=r"the intersection of .* is empty"):
            one & two
    else:
        assert one & two == two & one == expected


@pytest.mark.parametrize("seed", range(6))
def test_volumes_as_scipy_finds_them(seed):
    from scipy.spatial import ConvexHull

    rng = random.Random(seed)
    dim = 2 + seed % 3
    rows = [(rng.randint(1, 9), *(rng.randint(-5, 5) for _ in range(dim))) for _ in range(6)]
    found = polyhedron(rows) & tp.Box([-3] * dim, [4] * dim)
    hull = ConvexHull(np.array(found.vertices, dtype=float))
    assert len(hull.vertices) == len(found.vertices)
    assert float(found.volume) == pytest.approx(hull.volume, rel=1e-9)


@pytest.mark.parametrize("dim", range(1, 6))
def test_closed_forms(dim):
    units = [[int(i == j) for j in range(dim)] for i in range(dim)]
    simplex = tp.Polyhedron([*map(tp.AffineForm, units), tp.AffineForm([-1] * dim, 1)])
    assert (simplex.volume, len(simplex.vertices)) == (Fraction(1, math.factorial(dim)), dim + 1)
    signs = [[1 if k >> i & 1 else -1 for i in range(dim)] for k in range(2**dim)]
    cross = tp.Polyhedron([tp.AffineForm(row, 1) for row in signs])
    assert (cross.volume, len(cross.vertices)) == (Fraction(2**dim, math.factorial(dim)), 2 * dim)
    orthant = tp.Polyhedron(map(tp.AffineForm, units))
    assert (orthant.volume, orthant.vertices, sorted(orthant.rays)) == (math.inf, ((0,) * dim,), sorted(orthant.rays))
    assert not orthant.is_bounded


widths = st.one_of(st.just(Fraction(0)), st.fractions("1/7", 3))


@given(st.lists(st.tuples(st.fractions(-5, 5), widths), min_size=1, max_size=4))
def test_a_box_is_the_polyhedron_of_its_half_spaces(sides):
    box = tp.Box([a for a, _ in sides], [a + width for a, width in sides])
    same = tp.Polyhedron(box.halfspaces)
    assert (box == same, same == box, hash(box) == hash(same)) == (True, True, True)
    names = ("rows", "A", "b", "vertices", "rays", "lineality", "is_bounded", "volume", "dimension", "equations")
    for name in (*names, "core", "hull", "cone"):
        assert getattr(box, name) == getattr(same, name), name
    assert all((h(box.interior_point) > 0) == (-h not in same.halfspaces) for h in same.halfspaces)
    assert box.dimension == sum(width > 0 for _, width in sides)
    for point in (*box.vertices, box.interior_point, (9,) * len(sides), (*box.lower[1:], box.upper[0])):
        assert box.contains(point) == same.contains(point)


def test_nothing_lists_vertices_that_nobody_asked_for(monkeypatch):
    for kind in (tp.Box, tp.Polyhedron):
        monkeypatch.setattr(kind, "_make_cone", lambda self, meter=None: pytest.fail("vertices"))
    assert tp.Box([0] * 25, [1] * 25).contains(["1/2"] * 25)
    rows = [tp.AffineForm([(i * j) % 7 - 3 for j in range(64)], 50 + i) for i in range(48)]
    many = tp.Polyhedron(rows)
    assert many.contains([0] * 64)
    net = tp.ReLUNetwork.from_arrays([[[1] * 64, [-1] * 64], [[1, 1]]])  # |x0 + ... + x63|
    assert tp.maximum(net, many & tp.Box([0] * 64, [1] * 64), tp.Budget(cells=200)).upper <= 64
    assert tp.maximum(net, tp.Box([0] * 64, [1] * 64)).value == 64


def test_a_box_in_784_dimensions_is_two_vectors():
    box = tp.Box([0] * 784, ["1/2"] * 784)
    other = tp.Box(["1/4"] * 784, [1] * 784)
    assert box & other == tp.Box(["1/4"] * 784, ["1/2"] * 784)
    assert box != other
    assert box.contains(box.interior_point)
    assert not box.contains(other.upper)
    assert (box.lower[5], box.upper[5], box.volume, box.is_bounded) == (0, Fraction(1, 2), Fraction(1, 2**784), True)
    assert len(repr(box)) <= 200
    assert len(box.A) == len(box.b) == 1568
    half = tp.Polyhedron([tp.AffineForm([1] * 784, -1)])
    assert (half.is_bounded, len(half.lineality), half.contains(box.lower)) == (False, 783, False)


def test_half_spaces_and_boxes_in_many_dimensions_need_no_vertices():
    dim = 60
    cut = tp.Box([0] * dim, [1] * dim) & tp.Polyhedron([tp.AffineForm([1] * dim, "-59/2")])
    assert len(cut.rows) == 2 * dim + 1
    assert cut.is_bounded
    assert cut.contains(cut.interior_point)
    assert cut == cut & tp.Box([-1] * dim, [2] * dim) & tp.Polyhedron([tp.AffineForm([2] * dim, 1)])
    with pytest.raises(ValueError, match="is empty"):
        cut & tp.Polyhedron([tp.AffineForm([-1] * dim, 29)])
    assert not {"cone", "vertices"} & vars(cut).keys()


def test_functions_are_compared_on_a_box_in_many_dimensions():
    dim = 30
    box = tp.Box([1] * dim, [2] * dim)
    units = [[int(i == j) for j in range(dim)] for i in range(3)]
    relus, sums = tp.ReLUNetwork.from_arrays([units, [[1, 1, 1]]]), tp.ReLUNetwork.from_arrays([[[1] * 3 + [0] * 27]])
    proof = tp.equivalent(relus, sums, box)
    assert proof.status == "proved"
    assert tp.check_certificate(proof.certificate, relus, sums)
    assert tp.equivalent(relus, sums, tp.Box([-1] * dim, [2] * dim)).status == "refuted"
    assert "cone" not in vars(box)


def test_touching_and_disjoint_boxes():
    box = tp.Box([0, 0], [1, 1])
    touching, apart, corner = tp.Box([1, 0], [2, 1]), tp.Box([5, 0], [6, 1]), tp.Box([1, 1], [2, 2])
    for other, common in ((touching, tp.Box([1, 0], [1, 1])), (corner, tp.Box([1, 1], [1, 1]))):
        for first, second in ((box, other), (box, tp.Polyhedron(other.halfspaces))):
            assert first & second == common == second & first
            assert (first & second).vertices == common.vertices
    for second in (apart, tp.Polyhedron(apart.halfspaces)):
        with pytest.raises(ValueError, match=r"the intersection of Box\(.*\) and .* is empty"):
            box & second
    with pytest.raises(ValueError, match=r"polyhedra in R\^2 and R\^1 cannot be intersected"):
        box & tp.Box([0], [1])
    with pytest.raises(TypeError):
        box & 3


def test_constant_half_spaces():
    always, never, zero = tp.AffineForm([0, 0], 1), tp.AffineForm([0, 0], -1), tp.AffineForm([0, 0], 0)
    half = tp.AffineForm([2, 0], 4)
    assert tp.Polyhedron([half, always, zero, half]).halfspaces == (tp.AffineForm([1, 0], 2),)
    with pytest.raises(ValueError, match=r"the polyhedron of 2 half-spaces is empty"):
        tp.Polyhedron([half, never])
    plane = tp.Polyhedron([always])
    assert (plane.rows, plane.A, plane.volume, len(plane.lineality)) == ((), (), math.inf, 2)
    assert (plane.vertices, plane.rays, plane.interior_point) == (((0, 0),), (), (0, 0))
    assert plane & tp.Box([0, 0], [1, 1]) == tp.Box([0, 0], [1, 1])
    assert plane == tp.Polyhedron([zero]) != tp.Polyhedron([half])


def test_the_whole_space_and_half_spaces_that_always_hold_as_domains():
    for dim in (2, 7):
        relus = tp.ReLUNetwork.from_arrays([[[int(i == j) for j in range(dim)] for i in range(dim)], [[1] * dim]])
        for domain in (
            tp.Polyhedron([tp.AffineForm([0] * dim, 0)]),
            tp.Polyhedron([tp.AffineForm([1] * dim, 0), tp.AffineForm([0] * dim, 0)]),
        ):
            verdict = tp.equivalent(relus, relus, domain)
            assert (verdict.status, tp.check_certificate(verdict.certificate, relus, relus)) == ("proved", True)
    assert tp.polyhedral_complex(relus, tp.Polyhedron([tp.AffineForm([0] * 7, 0)])).num_cells == 2**7


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: tp.Polyhedron([]), ValueError, "needs half-spaces, all on one space"),
        (lambda: tp.Polyhedron([tp.AffineForm([])]), ValueError, "needs half-spaces, all on one space"),
        (lambda: tp.Polyhedron([tp.AffineForm([1]), tp.AffineForm([1, 2])]), ValueError, r"got those on \[1, 2\]"),
        (lambda: tp.Polyhedron([[1, 2]]), ValueError, "must be a sequence of affine forms, got"),
        (lambda: tp.Polyhedron([tp.AffineForm([1], -1), tp.AffineForm([-1])]), ValueError, "2 half-spaces is empty"),
        (lambda: tp.Polyhedron.from_inequalities([[1]], [1, 2]), ValueError, "got 1 and 2"),
        (lambda: tp.Polyhedron.from_inequalities([1, 2], [1, 2]), ValueError, r"A\[0\] must be a sequence"),
        (lambda: tp.Polyhedron.from_inequalities([[math.nan]], [1]), ValueError, r"A\[0\]\[0\] must be finite"),
        (lambda: tp.Box([0], [1]).contains([0, 1]), ValueError, "x must have 1 coordinates, got 2"),
        (lambda: tp.Polyhedron([tp.AffineForm([1])]).contains([]), ValueError, "x must have 1 coordinates, got 0"),
        (lambda: tp.Box([0, 2], [1, 1]), ValueError, r"lower <= upper, got lower\[1\] = 2 and upper\[1\] = 1"),
        (lambda: tp.Box([7**9000], [1]), ValueError, r"lower\[0\] = \d+\.\.\.\d+ and upper\[0\] = 1"),
        (lambda: tp.Box([], []), ValueError, "the same positive length, got 0 and 0"),
    ],
)
def test_bad_input_is_named(make, error, message):
    with pytest.raises(error, match=message):
        make()


LINE = tp.Polyhedron([tp.AffineForm([1, 2], 3), tp.AffineForm([-1, -2], -3)])


@pytest.mark.parametrize(
    "made", [tp.Box([0, "1/3"], [1, 2]), tp.Polyhedron([tp.AffineForm([1, 2], 3)]), tp.Box([0, 1], [1, 1]), LINE]
)
def test_polyhedra_are_values(made):
    for _ in range(2):
        for same in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
            assert (same, hash(same), same.vertices, repr(same)) == (made, hash(made), made.vertices, repr(made))
        assert made.cone
    for name in ("lower", "rows", "input_dim"):
        with pytest.raises(AttributeError):
            setattr(made, name, ())


def test_reprs_are_short():
    assert repr(tp.Box([-1], ["3/2"])) == "Box(['-1'], ['3/2'])"
    huge = Fraction(7**9000, 5**9000)
    for made in (tp.Box([0], [huge]), tp.Box([-huge] * 9, [huge] * 9), tp.Polyhedron([tp.AffineForm([huge], huge)])):
        assert len(repr(made)) < 200


@pytest.mark.parametrize("seed", few(range(12), 8))
def test_cells_are_polyhedra(seed):
    case = random_case(seed)
    cx = tp.polyhedral_complex(network(case))
    box = tp.Box([-2] * cx.network.input_dim, [3] * cx.network.input_dim)
    volume = Fraction(0)
    for cell in cx.cells[:40]:
        if not cell.halfspaces:
            continue
        same = tp.Polyhedron(cell.halfspaces)
        assert (cell == same, hash(cell) == hash(same), cell.rows == same.rows) == (True, True, True)
        assert (cell.lineality, cell.is_bounded, cell.volume) == (same.lineality, same.is_bounded, same.volume)
        assert all(q.denominator == 1 for line in cell.lineality for q in line)
        if not cell.lineality:
            assert (sorted(cell.vertices), sorted(cell.rays)) == (list(same.vertices), list(same.rays))
        cone, other = cell.cone, same.cone
        assert {primitive(tuple(map(Fraction, g))) for g in cone.generators} == set(cone.generators)
        assert len(cone.lineality) == len(other.lineality) == len(cell.lineality)
        try:
            volume += (cell & box).volume
        except ValueError as error:
            if "is empty" not in str(error):
                raise
    if cx.num_cells in range(2, 41):
        assert volume == box.volume


@pytest.mark.parametrize("weights", [[[2, 1, 0], [1, 1, 1]], [[2, 3]], [[3, 2, 1], [1, 0, 2]]])
def test_the_lineality_of_a_cell_is_integer(weights):
    net = tp.ReLUNetwork.from_arrays([weights, [[1] * len(weights)], [[1]]], None, [(1, 1), (0, 1)])
    for cell in tp.polyhedral_complex(net).cells:
        assert all(q.denominator == 1 for line in cell.lineality for q in line)
        assert len(cell.lineality) == len(weights[0]) - 1


@pytest.mark.parametrize("seed", few([0, 4, 1, 2, 3, 5], 2))
def test_cells_are_domains(seed):
    rng = random.Random(seed)
    first, second = ([[rng.randint(-2, 2) for _ in range(3)] for _ in range(3)] for _ in range(2))
    if seed >= 4:  # rank 2 at most
        first = [[a - c, b + c, 2 * (a - c)] for a, b, c in first]
    net = tp.ReLUNetwork.from_arrays([first, second, [[1, -2, 1]]], [[1, 0, -1], [0, 1, 0], [0]])
    other = tp.ReLUNetwork.from_arrays([[[1, 0, 1], [0, 1, -1]], [[1, 1]]])
    for cell in tp.polyhedral_complex(net).cells[:5]:
        (form,) = cell.affine_map.forms
        inside = tp.polyhedral_complex(net, cell)
        assert ([c.pattern for c in inside.cells], inside.cells[0] == cell) == ([cell.pattern], True)
        affine = tp.ReLUNetwork.from_arrays([[form.gradient]], [[form.constant]])
        assert tp.equivalent(net, affine, cell).status == "proved"
        assert tp.implies_leq(affine, net, domain=cell).status == "proved"
        assert tp.is_convex(net, cell).status == "proved"
        assert tp.lipschitz_constant(net, 1, cell).value == max(map(abs, form.gradient))
        assert tp.to_lattice_polynomial(net, cell).pieces == (form,)
        rises = any(sum(a * q for a, q in zip(form.gradient, r, strict=True)) > 0 for r in cell.rays)
        if cell.vertices and not cell.lineality and not rises:
            assert tp.maximum(net, cell).value == max(map(form, cell.vertices))
        parts = tp.polyhedral_complex(other, cell)
        for part in parts.cells:
            assert cell.contains(part.interior_point)
            assert part & cell == part
        mass, same = tp.gaussian_measure(cell), tp.gaussian_measure(cell & cell)
        assert max(mass.lower, same.lower) <= min(mass.upper, same.upper)
        assert tp.to_smtlib(net, affine, cell).count(">=") >= len(cell.halfspaces)
