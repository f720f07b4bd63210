"""Metamorphic: scales, orders, split and dead units change exactly what they must, by every route."""

import random
from fractions import Fraction

import pytest
from case_counts import few

import tropical as tp
from oracles import certified
from oracles.activation_z3 import Case
from oracles.built import compiled_applies, complex_of, domain, network
from oracles.changed_cases import CHANGES, Effect, changed_case
from oracles.random_cases import random_case

ROUTES = ("rational", "compiled", "search")
SAME_FUNCTION = {"scaled_units", "permuted_units", "split_unit", "dead_unit"}
SMALL = 60  # cells up to which every answer is compared


def assert_same_complex(before: tp.PolyhedralComplex, after: tp.PolyhedralComplex, effect: Effect) -> None:
    assert after.f_vector == before.f_vector
    images = {cell.pattern: cell for cell in after.cells}
    for cell in before.cells:
        image = images[effect.pattern(cell.pattern)]
        volume = cell.volume
        assert image.volume == (volume * effect.volume if isinstance(volume, Fraction) else volume)
        assert (len(image.vertices), len(image.rays)) == (len(cell.vertices), len(cell.rays))
        if not cell.lineality:
            assert set(image.vertices) == set(map(effect.point, cell.vertices))
        inside = effect.point(cell.interior_point)
        assert image.contains(inside)
        assert after.locate(inside) is image
    for count in (tp.linear_regions, tp.affine_pieces, tp.decision_boundary):
        assert len(count(after)) == len(count(before))


def assert_same_values(case: Case, changed: Case, effect: Effect) -> None:
    f, g = network(case), network(changed)
    rng = random.Random(case.name)
    for _ in range(4):
        x = [Fraction(rng.randint(-9, 9), rng.randint(1, 4)) for _ in range(f.input_dim)]
        assert g(effect.point(x)) == tuple(effect.output * value for value in f(x))
    f, g = f.output(0), g.output(0)
    for extremum in (tp.maximum, tp.minimum):
        before, after = extremum(f, domain(case)).value, extremum(g, domain(changed)).value
        assert after == (before * effect.output if isinstance(before, Fraction) else before)
    factors = {factor for _, factor in effect.inputs}
    if len(factors) == 1:
        ratio = effect.output / factors.pop()
        for norm in (1, "inf"):
            before = tp.lipschitz_constant(f, norm, domain(case)).value
            assert tp.lipschitz_constant(g, norm, domain(changed)).value == ratio * before


def assert_verdicts(case: Case, changed: Case, effect: Effect, same: bool) -> None:
    """Equal where the function did not change, unequal where it was multiplied;."""
    f, g, box = network(case), network(changed), domain(case)
    if same:
        assert certified.equivalent(f, g, box).status == "proved"
        assert certified.implies_leq(g, f, box).status == "proved"
    elif effect.output != 1 and effect.inputs == tuple((i, 1) for i in range(f.input_dim)):
        verdict = certified.equivalent(f, g, box)
        assert verdict.status == "refuted" or not any(map(any, cell_rows(f, box)))


def cell_rows(f: tp.ReLUNetwork, box: tp.Box | None) -> list[tuple[Fraction, ...]]:
    cells = tp.polyhedral_complex(f, box).cells
    return [(form.constant, *form.gradient) for cell in cells for form in cell.affine_map.forms]


def assert_changes_what_it_must(seed: int) -> bool:
    rng = random.Random(f"changed {seed}")
    case = random_case(seed)
    names = [list(CHANGES)[seed % len(CHANGES)], *rng.sample(list(CHANGES), rng.choice((0, 1)))]
    changed, effect = changed_case(rng, case, names)
    routes = ROUTES if compiled_applies(changed) else ("rational", "search")
    before = complex_of(case, "rational")
    routes = ROUTES if compiled_applies(changed) else ("rational", "search")
    found = {route: complex_of(changed, route) for route in routes}
    for after in found.values():
        assert sorted(after.patterns) == sorted(map(effect.pattern, before.patterns)), changed.name
    if before.num_cells > SMALL:
        return False
    assert_same_complex(before, found[rng.choice(routes)], effect)
    assert_same_values(case, changed, effect)
    assert_verdicts(case, changed, effect, set(names) <= SAME_FUNCTION)
    return True


@pytest.mark.parametrize("first", few([0, 119, 182, 273], 2))  # one of each change; some have numbers beyond float64
def test_answers_change_as_they_must(first):
    compared = [assert_changes_what_it_must(seed) for seed in range(first, first + len(CHANGES))]
    assert sum(compared) >= 3


@pytest.mark.exhaustive
@pytest.mark.parametrize("block", range(10))
def test_answers_change_as_they_must_on_a_thousand_networks(block):
    compared = [assert_changes_what_it_must(seed) for seed in range(1000 + 100 * block, 1100 + 100 * block)]
    assert sum(compared) >= 60
