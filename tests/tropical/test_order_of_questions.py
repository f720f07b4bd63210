"""No answer depends on what was asked before: random orders of questions about one complex, against fresh complexes."""

import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest
from case_counts import few

import tropical as tp
from oracles.built import complex_of
from oracles.extreme_cases import extreme_case
from oracles.random_cases import random_case

OF_A_COMPLEX = ("patterns", "lineality", "generators", "faces", "f_vector", "facet_cells", "num_cells", "complete")
OF_A_CELL = (
    "pattern", "vertices", "rays", "lineality", "interior_point", "halfspaces", "volume", "affine_map", "is_bounded",
    "cone",
)  # fmt: skip
FUNCTIONS: dict[str, Callable[[tp.PolyhedralComplex], Any]] = {
    "linear regions": tp.linear_regions,
    "affine pieces": tp.affine_pieces,
    "relevant subspace": tp.relevant_subspace,
    "decision boundary": tp.decision_boundary,
    "Lipschitz constant": lambda cx: tp.lipschitz_constant(cx, norm=1),
    "dual graph": lambda cx: sorted((*sorted(edge[:2]), edge[2]["facet"]) for edge in cx.dual_graph().edges(data=True)),
    "certificate": tp.region_certificate,
    "cells": lambda cx: [(cell.index, cell.pattern) for cell in cx.cells],
}
QUESTIONS_ASKED = 24
MOST_CELLS = 30


def answer(cx: tp.PolyhedralComplex, question: tuple[str, int | None]) -> Any:
    name, index = question
    if index is not None:
        return located(cx, index) if name == "locate" else getattr(cx.cells[index], name)
    return FUNCTIONS[name](cx) if name in FUNCTIONS else getattr(cx, name)


def located(cx: tp.PolyhedralComplex, index: int) -> int:
    """The cell found at a point of the closed cell: a vertex, or one further along a ray."""
    cell = cx.cells[index]
    point = (*cell.vertices, cell.interior_point)[0]
    return cx.locate([a + b for a, b in zip(point, (*cell.rays, [Fraction(0)] * len(point))[0], strict=True)]).index


def random_question(rng: random.Random, cells: int) -> tuple[str, int | None]:
    kind = rng.random()
    if kind < 0.5:
        return rng.choice((*OF_A_CELL, "locate")), rng.randrange(min(cells, 8))
    return rng.choice(OF_A_COMPLEX if kind < 0.8 else tuple(FUNCTIONS)), None


def assert_any_order_gives_the_same(seed: int) -> bool:
    """Whether the case is small enough to be asked; a fresh complex answers each question that the common one does."""
    rng = random.Random(f"order {seed}")
    case = random_case(seed) if rng.random() < 0.8 else extreme_case(seed)
    asked = complex_of(case, "rational")
    if asked.num_cells > MOST_CELLS:
        return False
    questions = [random_question(rng, asked.num_cells) for _ in range(QUESTIONS_ASKED)]
    for question in [*questions, *rng.sample(questions, 4)]:
        assert answer(asked, question) == answer(complex_of(case, "rational"), question), (case.name, question)
    return True


def assert_the_parts_fit_together(seed: int) -> None:
    """What different questions hand out about one cell are the same vertices, in one order."""
    cx = complex_of(random_case(seed), "rational")
    cells = list(cx.cells)
    random.Random(seed).shuffle(cells)
    for cell in cells[:6]:
        vertices, rays = cell.vertices, cell.rays
        assert len(cx.faces[0]) == sum(g[0] > 0 for g in cx.generators)
        own = [g for g in cell.cone_in_chart.generators if g[0]]
        assert [cx.chart.point(g) for g in own] == list(vertices)
        assert (cell.vertices, cell.rays) == (vertices, rays)
        assert all(h(v) >= 0 for h in cell.halfspaces for v in vertices)
        for h in cell.halfspaces:
            assert sum(h(v) == 0 for v in vertices) >= 1 or cell.lineality
    if cx.domain is not None:
        sides = zip(cx.domain.lower, cx.domain.upper, strict=True)
        whole = Fraction(1)
        for low, high in sides:
            whole *= high - low
        assert sum(cell.volume for cell in cx.cells) == whole


@pytest.mark.parametrize("block", few([0, 2, 1, 3], 2))
def test_answers_do_not_depend_on_the_questions_before(block):
    asked = [assert_any_order_gives_the_same(seed) for seed in range(12 * block, 12 * block + 12)]
    assert sum(asked) >= 6


@pytest.mark.exhaustive
@pytest.mark.parametrize("block", range(20, 40))
def test_answers_do_not_depend_on_the_questions_before_in_a_thousand_orders(block):
    asked = [assert_any_order_gives_the_same(seed) for seed in range(100 * block, 100 * block + 100)]
    assert sum(asked) >= 70


@pytest.mark.parametrize("seed", range(40))
def test_answers_fit_together(seed):
    assert_the_parts_fit_together(seed)


@pytest.mark.exhaustive
@pytest.mark.parametrize("block", range(10, 20))
def test_answers_fit_together_on_a_thousand_networks(block):
    for seed in range(100 * block, 100 * block + 100):
        assert_the_parts_fit_together(seed)
