"""Packed patterns against plain arrays of signs."""

import numpy as np
import pytest

from tropical.activation.patterns import PackedSigns, PatternCollector, PatternTable, SignLayout


def random_signs(seed: int, cells: int, units: int, zeros: bool) -> np.ndarray:
    return np.random.default_rng(seed).choice([-1, 0, 1] if zeros else [-1, 1], (cells, units)).astype(np.int8)


def descending(signs: np.ndarray) -> list[list[int]]:
    return sorted(signs.tolist(), reverse=True)


@pytest.mark.parametrize("zeros", [False, True])
@pytest.mark.parametrize("units", [0, 1, 7, 63, 64, 65, 130])
def test_packing_loses_nothing_and_sorts_like_tuples(units, zeros):
    signs = random_signs(units, 300, units, zeros)
    table = PatternTable.of(signs.tolist(), units)
    assert (len(table), table.units) == (300, units)
    assert np.array_equal(table.signs(), signs)
    assert [table[i] for i in (0, 5, -1)] == [tuple(signs[i].tolist()) for i in (0, 5, -1)]
    ordered = table.in_order()
    assert ordered.signs().tolist() == descending(signs)
    assert ordered.in_order() is ordered
    with pytest.raises(IndexError):
        table[300]


def test_few_units_hold_ties_that_sorting_keeps():
    signs = random_signs(1, 200, 3, True)
    assert PatternTable.of(signs.tolist(), 3).in_order().signs().tolist() == descending(signs)


@pytest.mark.parametrize("zeros", [False, True])
def test_compatible_patterns_agree_where_the_given_one_is_decided(zeros):
    signs = random_signs(3, 400, 6, zeros)
    table = PatternTable.of(signs.tolist(), 6)
    for given in random_signs(4, 40, 6, True):
        expected = np.flatnonzero(((given == 0) | (signs == given)).all(axis=1))
        assert np.array_equal(table.compatible(given.tolist()), expected)


def test_units_with_rows_of_zeros_have_the_sign_0():
    layout = SignLayout(np.array([0, 0, 1]), np.array([1, 0, 1], np.int8), 1)
    table = PatternTable(layout, PackedSigns.of(np.array([[1, -1], [-1, 1]], np.int8)))
    assert table.signs().tolist() == [[1, 0, -1], [-1, 0, 1]]
    assert table.compatible((1, 0, 0)).tolist() == [0]
    assert table.compatible((0, 0, 1)).tolist() == [1]
    assert table.compatible((1, 1, 0)).tolist() == []


def test_units_with_proportional_rows_share_a_bit():
    layout = SignLayout(np.array([0, 1, 0, 1, 2, 2]), np.array([1, 1, -1, 1, 1, -1], np.int8), 1)
    table = PatternTable(layout, PackedSigns.of(np.array([[1, -1, 1], [0, 1, -1]], np.int8)))
    assert table.signs().tolist() == [[1, -1, -1, -1, 1, -1], [0, 1, 0, 1, -1, 1]]
    assert table.compatible((1, 0, -1, 0, 0, 0)).tolist() == [0]
    assert table.compatible((0, 0, 0, 0, -1, 1)).tolist() == [1]


def test_a_collector_keeps_blocks_in_order_and_no_more_memory_than_they_need():
    signs = random_signs(5, 1000, 100, False)
    signs[700, 40] = 0  # zeros begin in a late block
    collector = PatternCollector(SignLayout.plain(100))
    for begin in range(0, 1000, 90):
        collector.add(PackedSigns.of(signs[begin : begin + 90]))
    table = collector.table()
    assert np.array_equal(table.signs(), signs)
    assert table.nbytes == 1000 * 2 * 16
