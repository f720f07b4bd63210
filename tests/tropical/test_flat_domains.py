"""Answers on domains with equations are those of the network with the equations put in by hand, by z3 and by points."""

import copy
import importlib.util
import math
import pickle
import random
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from case_counts import few

import tropical as tp
from oracles.activation_z3 import activation_regions, relu_case
from oracles.built import domain as box_of
from oracles.built import network
from oracles.equality_z3 import differing_point, point_above, point_exceeding
from oracles.flat_cases import flat_case, put_in
from tropical.functions.affine import form_of_row

SEEDS = range(240)


def built(flat):
    """Both networks, and both domains."""
    return network(flat.full), tp.Polyhedron(map(form_of_row, flat.rows)), network(flat.inner), box_of(flat.inner)


def values_at(f, points):
    return [f.values(point) for point in points]


@pytest.mark.parametrize("seed", few(SEEDS, 24))
def test_complexes(seed):
    flat = flat_case(seed)
    net, flat_domain, inner, box = built(flat)
    expected = tp.polyhedral_complex(inner, box)
    routes = ("auto", "rational", "search", *(("compiled",) if seed % 4 == 0 and inner.num_kinked else ()))
    for route in routes:
        cx = tp.polyhedral_complex(net, flat_domain, route=route)
        assert cx.patterns == expected.patterns, route
    assert cx.f_vector == expected.f_vector
    assert set(expected.patterns) == set(activation_regions(flat.inner))
    for cell, other in zip(cx.cells, expected.cells, strict=True):
        assert set(cell.vertices) == set(map(flat.lifted, other.vertices))
        assert (cell.dimension, cell.rays, cell.is_bounded, cell.volume) == (box.dimension, (), True, 0)
        assert cell.contains(cell.interior_point)
        assert all((h(cell.interior_point) > 0) == (-h not in cell.halfspaces) for h in cell.halfspaces)
        assert cx.locate(cell.interior_point).index == cell.index
        assert cell.affine_map(cell.interior_point) == net(cell.interior_point)
        assert cell == tp.Polyhedron(cell.halfspaces)
        assert cell & flat_domain == cell
    regions, others = tp.linear_regions(cx), tp.linear_regions(expected)
    assert [region.cells for region in regions] == [region.cells for region in others]
    assert [region.is_convex for region in regions] == [region.is_convex for region in others]
    assert len(tp.affine_pieces(cx)) == len(tp.affine_pieces(expected))
    assert sorted(cx.dual_graph().edges) == sorted(expected.dual_graph().edges)
    assert len(tp.relevant_subspace(cx)) == len(tp.relevant_subspace(expected))
    level = inner(box.interior_point)[0]
    ours, theirs = (tp.decision_boundary(c, level=level) for c in (cx, expected))
    assert [(p.cells, p.is_full) for p in ours] == [(p.cells, p.is_full) for p in theirs]
    for piece, other in zip(ours, theirs, strict=True):
        assert set(piece.vertices) == set(map(flat.lifted, other.vertices))
    assert tp.check_certificate(tp.region_certificate(cx), net)


@pytest.mark.parametrize("seed", few(SEEDS, 24))
def test_decisions(seed):
    flat = flat_case(seed)
    net, flat_domain, inner, box = built(flat)
    f, g = net.output(0), inner.output(0)
    for question in (tp.maximum, tp.minimum):
        found, expected = question(f, flat_domain), question(g, box)
        assert (found.value, f(found.point)[0]) == (expected.value, expected.value)
        assert flat_domain.contains(found.point)
        assert tp.check_certificate(found.certificate, f)
    other = tp.ReLUNetwork.from_arrays([[[(-1) ** j for j in range(net.input_dim)]], [[1]]], [[1], [0]])
    inner_other = other.compose(flat_inclusion(flat))
    assert tp.sup_distance(f, other, flat_domain).value == tp.sup_distance(g, inner_other, box).value
    for question in (tp.equivalent, tp.implies_leq):
        for pair, inner_pair in (((f, other), (g, inner_other)), ((f, f), (g, g)), ((other, f), (inner_other, g))):
            verdict, expected = question(*pair, flat_domain), question(*inner_pair, box)
            assert verdict.status == expected.status
            assert tp.check_certificate(verdict.certificate, *pair)
            assert verdict.witness is None or flat_domain.contains(verdict.witness)
    for question in (tp.is_convex, tp.is_concave):
        assert question(f, flat_domain).status == question(g, box).status
    cells = tp.disagreement(f, other, flat_domain).cells
    assert len(cells) == tp.disagreement(g, inner_other, box).num_cells
    polynomial = tp.to_lattice_polynomial(f, flat_domain)
    points = [flat.lifted(v) for v in random_points(seed, box)]
    assert all(f(x) == other(x) or any(cell.contains(x) for cell in cells) for x in points)
    assert values_at(polynomial, points) == values_at(f, points)
    assert tp.equivalent(polynomial, f, flat_domain).status == "proved"
    for question in (tp.maximum, tp.minimum):  # of a form by linear programs
        found = question(polynomial, flat_domain)
        assert found.value == f(found.point)[0] == question(g, box).value
        assert flat_domain.contains(found.point)
    smaller = tp.irredundant(polynomial, flat_domain).polynomial
    assert values_at(smaller, points) == values_at(f, points)
    everywhere = tp.to_lattice_polynomial(f)  # of which pieces may coincide on the domain
    if len(everywhere.pieces) <= 12:
        form = tp.irredundant(everywhere, flat_domain)
        assert values_at(form.polynomial, points) == values_at(f, points)
        assert set(form.polynomial.pieces) <= set(everywhere.pieces)
        assert len(form.polynomial.clauses) == len(tp.irredundant(polynomial, flat_domain).polynomial.clauses)
        assert all(map(flat_domain.contains, form.clause_points))


def test_extrema_in_many_dimensions():
    """Ten inputs, one of them fixed and one the sum of two others, against the network of the other eight."""
    rng = random.Random(0)
    first = [[Fraction(rng.randint(-4, 4)) for _ in range(10)] for _ in range(6)]
    bias = [Fraction(rng.randint(-2, 2)) for _ in range(6)]
    out = [[Fraction(rng.randint(-3, 3)) for _ in range(6)]]
    net = tp.ReLUNetwork.from_arrays([first, out], [bias, [0]])
    free = (0, 1, 2, 3, 5, 6, 7, 8)
    sides = [tp.AffineForm([s * (i == j) for i in range(10)], 1) for j in free for s in (1, -1)]
    total = tp.AffineForm([-1, -1, *[0] * 7, 1])
    third = tp.AffineForm([0, 0, 0, 0, 1, 0, 0, 0, 0, 0], Fraction(-1, 3))
    domain = tp.Polyhedron([*sides, total, -total, third, -third])
    inner = [[row[j] + (row[9] if j < 2 else 0) for j in free] for row in first]
    shifted = [b + row[4] / 3 for b, row in zip(bias, first, strict=True)]
    other, box = tp.ReLUNetwork.from_arrays([inner, out], [shifted, [0]]), tp.Box([-1] * 8, [1] * 8)
    for question in (tp.maximum, tp.minimum):
        found = question(net, domain)
        assert found.value == question(other, box).value == net(found.point)[0]
        assert domain.contains(found.point)
        assert found.certificate is None or tp.check_certificate(found.certificate)
    assert tp.sup_distance(net, net + 1, domain).value == 1


def flat_inclusion(flat):
    return tp.AffineMap(tuple(map(form_of_row, flat.inclusion)))


def random_points(seed, box, count=8):
    rng = random.Random(seed)
    sides = [*zip(box.lower, box.upper, strict=True)]
    return [[low + Fraction(rng.randint(0, 9), 9) * (high - low) for low, high in sides] for _ in range(count)]


@pytest.mark.parametrize("seed", few(SEEDS, 24))
def test_derivatives(seed):
    flat = flat_case(seed)
    net, flat_domain, inner, box = built(flat)
    f, g = net.output(0), inner.output(0)
    slopes = np.array(flat.inclusion, dtype=float)[:, 1:]
    steepest = max(
        np.linalg.norm(np.linalg.lstsq(slopes.T, np.array(cell.affine_map.forms[0].gradient, float), rcond=None)[0])
        for cell in tp.polyhedral_complex(g, box).cells
    )  # the shortest vector with the same inner products along the domain
    found = tp.lipschitz_constant(f, 2, flat_domain)
    assert math.sqrt(found.squared) == pytest.approx(steepest, rel=1e-9, abs=1e-12)
    assert sum(q * q for q in found.gradient) == found.squared
    for norm in (1, "inf"):
        if flat.fixes_inputs:
            assert tp.lipschitz_constant(f, norm, flat_domain).value == tp.lipschitz_constant(g, norm, box).value
            several = tp.lipschitz_constant(net, norm, flat_domain)
            assert several.value == tp.lipschitz_constant(inner, norm, box).value
        elif any(sum(map(bool, e.gradient)) > 1 for e in flat_domain.equations):
            with pytest.raises(ValueError, match="norm must be 2 on a domain with equations in several inputs"):
                tp.lipschitz_constant(f, norm, flat_domain)
    for j in range(net.input_dim):
        alone = j in flat.free and not any(
            row[1 + flat.free.index(j)] for i, row in enumerate(flat.inclusion) if i != j
        )
        for increasing in (True, False):
            verdict = tp.is_monotone(net, j, increasing, flat_domain)
            expected = tp.is_monotone(inner, flat.free.index(j), increasing, box).status if alone else "proved"
            assert verdict.status == expected
            if verdict.status == "proved":
                assert tp.check_certificate(verdict.certificate, net)
                continue
            x, y = verdict.detail["segment"]
            assert flat_domain.contains(x)
            assert flat_domain.contains(y)
            assert [i for i, (a, b) in enumerate(zip(x, y, strict=True)) if a != b] == [j]


@pytest.mark.parametrize("seed", few(SEEDS, 12))
def test_affine_spaces(seed):
    flat = flat_case(seed, bounded=False)
    net, space, inner, _ = built(flat)
    cx, expected = tp.polyhedral_complex(net, space), tp.polyhedral_complex(inner)
    assert cx.patterns == expected.patterns
    assert cx.f_vector == expected.f_vector
    assert len(cx.lineality) == len(expected.lineality)
    for vector in cx.lineality:
        assert all(sum(a * b for a, b in zip(e.gradient, vector, strict=True)) == 0 for e in space.equations)
    f, g = net.output(0), inner.output(0)
    found, other = tp.maximum(f, space), tp.maximum(g)
    assert found.value == other.value
    if found.ray is not None:
        ahead = [[q + t * d for q, d in zip(found.point, found.ray, strict=True)] for t in (0, 1, 2)]
        assert all(map(space.contains, ahead))
        assert f(ahead[2])[0] - f(ahead[1])[0] == f(ahead[1])[0] - f(ahead[0])[0] > 0
    assert tp.lipschitz_constant(f, domain=space).squared >= 0
    assert tp.equivalent(f, f, space).status == "proved"


@pytest.mark.parametrize("seed", few(SEEDS, 12))
def test_z3_finds_no_larger_value(seed):
    flat = flat_case(seed)
    net, flat_domain, _, _ = built(flat)
    value = tp.maximum(net.output(0), flat_domain).value
    weights, biases = flat.inner.weights, flat.inner.biases
    scalar = replace(flat.inner, weights=(*weights[:-1], weights[-1][:1]), biases=(*biases[:-1], biases[-1][:1]))
    assert point_above(scalar, value) is None
    assert point_above(scalar, value - Fraction(1, 1000)) is not None
    case = relu_case([[[(-1) ** j for j in range(net.input_dim)]], [[1]]], [[1], [0]])
    other, inner = network(case), put_in(case, flat.inclusion, flat.inner.box)
    f = net.output(0)
    equal, below = tp.equivalent(f, other, flat_domain), tp.implies_leq(f, other, flat_domain)
    assert (equal.status == "proved") == (differing_point(scalar, inner) is None)
    assert (below.status == "proved") == (point_exceeding(scalar, inner) is None)
    assert tp.equivalent(f, f + other - other, flat_domain).status == "proved"


@pytest.mark.parametrize("seed", few(SEEDS, 6))
def test_cells_are_domains_and_values(seed):
    flat = flat_case(seed)
    net, flat_domain, _, _ = built(flat)
    cx = tp.polyhedral_complex(net, flat_domain)
    for cell in cx.cells[:3]:
        inside = tp.polyhedral_complex(net, cell)
        assert (inside.patterns, inside.cells[0]) == ((cell.pattern,), cell)
        assert set(inside.cells[0].vertices) == set(cell.vertices)
        affine = tp.ReLUNetwork.from_arrays(
            [[f.gradient for f in cell.affine_map.forms]], [[f.constant for f in cell.affine_map.forms]]
        )
        verdict = tp.equivalent(net, affine, cell)
        assert (verdict.status, tp.check_certificate(verdict.certificate, net, affine)) == ("proved", True)
        assert tp.gaussian_measure(cell).upper == 0
    for made in (flat_domain, cx, cx.cells[0]):
        for same in (copy.copy(made), copy.deepcopy(made), pickle.loads(pickle.dumps(made))):
            assert (same, hash(same)) == (made, hash(made))
    assert "cells" in cx._repr_html_()
    budgeted = tp.polyhedral_complex(net, flat_domain, tp.Budget(cells=1))
    assert budgeted.num_cells == 1
    table = tp.cells_table(cx) if importlib.util.find_spec("pandas") else range(cx.num_cells)
    assert len(table) == cx.num_cells


@pytest.mark.parametrize("seed", few(SEEDS, 6))
def test_scripts_for_solvers_know_the_equations(seed):
    import z3

    flat = flat_case(seed)
    net, flat_domain, _, _ = built(flat)
    f = net.output(0)
    value = tp.maximum(f, flat_domain).value
    for bound, expected in ((value, z3.unsat), (value - Fraction(1, 64), z3.sat)):
        solver = z3.Solver()
        solver.from_string(tp.to_smtlib(f, domain=flat_domain))
        solver.add(z3.Real("y0") > z3.Q(bound.numerator, bound.denominator))
        assert solver.check() == expected


def test_points():
    """A box that fixes every input: whatever is asked of it is a value of the network."""
    net = network(relu_case([[[1, 2], [1, -1], [0, 1]], [[1, 1, 1], [1, -1, 2]], [[2, -1]]], [[0, 0, 1], [1, 0], [0]]))
    for x in ([1, "1/2"], [0, 0], [1, 1], [-3, 7]):
        point = tp.Box(x, x)
        cx = tp.polyhedral_complex(net, point)
        assert cx.patterns == (net.activation_pattern(x),)
        assert cx.patterns == tp.polyhedral_complex(net, point, route="search").patterns
        assert (cx.f_vector, cx.cells[0].vertices, cx.lineality) == ((1,), (point.lower,), ())
        assert cx.cells[0].affine_map.forms[0].constant == net(x)[0]
        for question in (tp.maximum, tp.minimum):
            found = question(net, point)
            assert ((found.value,), found.point) == (net(x), point.lower)
            assert tp.check_certificate(found.certificate, net)
        other = tp.ReLUNetwork.from_arrays([[[0, 0]]], [[net(x)[0]]])
        assert tp.equivalent(net, other, point).status == "proved"
        assert tp.check_certificate(tp.equivalent(net, other, point).certificate, net, other)
        assert tp.sup_distance(net, other, point).value == 0
        assert len(tp.decision_boundary(cx, level=net(x)[0])) == 1
        assert not tp.decision_boundary(cx, level=net(x)[0] + 1)
        assert [tp.lipschitz_constant(net, norm, point).value for norm in (1, 2, "inf")] == [0, 0, 0]
        assert tp.is_convex(net, point).status == tp.is_monotone(net, 0, domain=point).status == "proved"
        assert tp.to_lattice_polynomial(net, point)([5, 5]) == net(x)[0]


def test_scales():
    """Inputs in other units give the same answers."""
    for seed in range(6):
        flat = flat_case(seed)
        net, flat_domain, _, _ = built(flat)
        for scale in (Fraction(1, 2**40), Fraction(10**9)):
            n = net.input_dim
            shrinking = tp.AffineMap(tuple(tp.AffineForm([scale * (i == j) for j in range(n)]) for i in range(n)))
            shrunk = net.compose(shrinking)
            wide = tp.Polyhedron([tp.AffineForm(h.gradient, h.constant / scale) for h in flat_domain.halfspaces])
            assert tp.polyhedral_complex(shrunk, wide).patterns == tp.polyhedral_complex(net, flat_domain).patterns
            assert tp.maximum(shrunk.output(0), wide).value == tp.maximum(net.output(0), flat_domain).value


def test_many_fixed_inputs():
    """784 inputs of which two are free cost as much as two."""
    rng = random.Random(0)
    rows = [[rng.randint(-3, 3) for _ in range(784)] for _ in range(12)]
    net = tp.ReLUNetwork.from_arrays([rows, [[1, -1] * 6]], [[rng.randint(-9, 9) for _ in range(12)], [0]])
    lower = [Fraction(rng.randint(0, 8), 8) for _ in range(784)]
    upper = [low + (i in (7, 300)) for i, low in enumerate(lower)]
    box = tp.Box(lower, upper)
    rest = [q if low < high else 0 for q, low, high in zip(lower, lower, upper, strict=True)]
    fixed = [low - q for low, q in zip(lower, rest, strict=True)]
    moved = [
        sum((w * q for w, q in zip(row, fixed, strict=True)), b)
        for row, b in zip(rows, net.layers[0].bias, strict=True)
    ]
    inner = tp.ReLUNetwork.from_arrays([[[row[7], row[300]] for row in rows], [[1, -1] * 6]], [moved, [0]])
    square = tp.Box([lower[7], lower[300]], [upper[7], upper[300]])
    assert tp.polyhedral_complex(net, box).patterns == tp.polyhedral_complex(inner, square).patterns
    assert tp.maximum(net, box).value == tp.maximum(inner, square).value
    assert len(tp.polyhedral_complex(net, box).cells[0].vertices[0]) == 784


def test_more_than_six_free_inputs_are_compared_by_a_tree():
    units = [[int(i == j) for j in range(9)] for i in range(9)]
    relus = tp.ReLUNetwork.from_arrays([units, [[1] * 9]])
    total = tp.AffineForm([1] * 9, -8)
    simplex = tp.Polyhedron([*map(tp.AffineForm, units), total, -total])
    constant = tp.ReLUNetwork.from_arrays([[[0] * 9]], [[8]])
    verdict = tp.equivalent(relus, constant, simplex)
    assert (verdict.status, verdict.certificate["proof"]["method"]) == ("proved", "tree")
    assert tp.check_certificate(verdict.certificate, relus, constant)
    wider = tp.Polyhedron([*(tp.AffineForm(row, 1) for row in units), total, -total])
    refuted = tp.equivalent(relus, constant, wider)
    assert refuted.status == "refuted"
    assert wider.contains(refuted.witness)


def test_gaussian_functionals_and_cells_that_touch():
    box = tp.Box([0, 0], [1, 1])
    edge = box & tp.Box([1, 0], [2, 1])
    assert tp.gaussian_measure(edge) == tp.Enclosure(Fraction(0), Fraction(0))
    with pytest.raises(ValueError, match="a region within a hyperplane has no moments, got one of dimension 1"):
        tp.gaussian_moments(edge)
    maximum = tp.ReLUNetwork.from_arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
    cells = tp.polyhedral_complex(maximum, box).cells
    common = cells[0] & cells[1]
    assert (common.dimension, common.vertices) == (1, ((0, 0), (1, 1)))
    assert tp.maximum(maximum, common).value == 1
