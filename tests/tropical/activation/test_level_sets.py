"""Decision boundaries against sign changes of exact values, degenerate networks included."""

import itertools
import random
from fractions import Fraction

import pytest

import tropical as tp
from learning import instances

arrays = tp.ReLUNetwork.from_arrays
BOX = tp.Box([-2, -2], [2, 2])


def random_net(seed, widths=(2, 5, 4, 1)):
    rng = random.Random(seed)
    weights = [[[rng.randint(-3, 3) for _ in range(n)] for _ in range(m)] for n, m in itertools.pairwise(widths)]
    return arrays(weights, [[rng.randint(-2, 2) for _ in range(m)] for m in widths[1:]])


def on_segment(point, ends):
    """Whether a point of the plane lies between the two ends."""
    (a, b), (c, d) = ends
    p, q = point
    return (p - a) * (d - b) == (q - b) * (c - a) and min(a, c) <= p <= max(a, c) and min(b, d) <= q <= max(b, d)


@pytest.mark.parametrize("seed", range(12))
def test_every_sign_change_on_a_line_is_on_the_boundary_and_the_boundary_is_the_level(seed):
    net, level = random_net(seed), Fraction(seed % 3)
    cx = tp.polyhedral_complex(net, BOX)
    pieces = tp.decision_boundary(cx, level=level)
    for piece in pieces:
        assert all(net(v) == (level,) for v in piece.vertices)
        assert not piece.rays
        assert not piece.lineality
        assert all(cx.cells[i].contains(v) for i in piece.cells for v in piece.vertices)
    segments = [piece.vertices for piece in pieces if not piece.is_full]
    assert all(len(ends) == 2 for ends in segments)
    rng = random.Random(seed)
    for _ in range(20):
        p, q = ([Fraction(rng.randint(-200, 200), 101) for _ in range(2)] for _ in range(2))
        for crossing in crossings(net, p, q, level):
            assert any(on_segment(crossing, ends) for ends in segments) or in_full_cell(cx, pieces, crossing)


def in_full_cell(cx, pieces, point):
    return any(cx.cells[i].contains(point) for piece in pieces if piece.is_full for i in piece.cells)


def crossings(net, p, q, level):
    """Points of the segment where F passes the level, by the exact breaks of F along it."""
    direction = [b - a for a, b in zip(p, q, strict=True)]
    forms = tuple(tp.AffineForm([d], a) for a, d in zip(p, direction, strict=True))
    line = net.compose(tp.AffineMap(forms))
    ends = sorted({t for cell in tp.polyhedral_complex(line, tp.Box([0], [1])).cells for (t,) in cell.vertices})
    for s, t in itertools.pairwise(ends):
        low, high = line([s])[0] - level, line([t])[0] - level
        if low * high < 0:
            root = s + (t - s) * low / (low - high)
            yield tuple(a + root * d for a, d in zip(p, direction, strict=True))


def test_facets_and_whole_cells_are_pieces_once():
    relu = arrays([[[1, 0], [0, 1]], [[1, 0]]])  # relu(x0), with a unit that does not matter
    cx = tp.polyhedral_complex(relu, BOX)
    pieces = tp.decision_boundary(cx)
    assert sorted(piece.is_full for piece in pieces) == [True, True]
    kink = arrays([[[1, 0], [-1, 0]], [[1, 1]]])  # |x0| touches 0 on a facet of both cells
    (piece,) = tp.decision_boundary(tp.polyhedral_complex(kink))
    assert (piece.cells, piece.is_full) == ((0, 1), False)
    assert piece.lineality == ((0, -1),)
    assert tp.decision_boundary(tp.polyhedral_complex(kink), level=-1) == []


def test_a_point_that_only_touches_is_left_out():
    norm = arrays([[[1, 0], [-1, 0], [0, 1], [0, -1]], [[1, 1, 1, 1]]])
    assert tp.decision_boundary(tp.polyhedral_complex(norm)) == []


def test_lines_planes_and_constants():
    (piece,) = tp.decision_boundary(tp.polyhedral_complex(arrays([[[1, 2, 0]]], [[-1]])))  # x0 + 2 x1 = 1 in R^3
    assert len(piece.lineality) == 2
    assert not piece.rays
    assert sum(a * b for a, b in zip((1, 2, 0), piece.vertices[0], strict=True)) == 1
    constant = arrays([[[0]], [[1]]], [[1], [0]])
    assert [piece.is_full for piece in tp.decision_boundary(tp.polyhedral_complex(constant), level=1)] == [True]
    assert tp.decision_boundary(tp.polyhedral_complex(constant)) == []
    dots = tp.decision_boundary(tp.polyhedral_complex(arrays([[[1], [-1]], [[1, 1]]])), level="1/2")
    assert sorted(piece.vertices[0][0] for piece in dots) == [Fraction(-1, 2), Fraction(1, 2)]


def test_hidden_functions_and_several_outputs():
    net = instances.h6(9, seed=1)
    pieces = tp.decision_boundary(tp.polyhedral_complex(net))
    assert len(pieces) == 12
    assert all(len(piece.lineality) == 7 for piece in pieces)
    assert all(net(ray) == (0,) for piece in pieces for ray in piece.rays)
    two = tp.parallel(net, instances.parity(2, 9, seed=1))
    assert tp.decision_boundary(tp.polyhedral_complex(two), output=1, level=1)


def test_bad_input():
    cx = tp.polyhedral_complex(random_net(0), BOX)
    with pytest.raises(ValueError, match="output must be between 0 and 0, got 1"):
        tp.decision_boundary(cx, output=1)
    with pytest.raises(ValueError, match="complete complex"):
        tp.decision_boundary(tp.polyhedral_complex(random_net(0), BOX, budget=tp.Budget(cells=2)))
