from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tropical.arithmetic.reconstruction import reconstruct_rationals


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 10**6), st.lists(st.integers(-(10**6), 10**6), min_size=3, max_size=30))
def test_whatever_is_returned_is_the_vector(denominator: int, numerators: list[int]) -> None:
    truth = tuple(Fraction(n, denominator) for n in numerators)
    scale = max(1.0, max(map(abs, map(float, truth))))
    answer = reconstruct_rationals([float(q) for q in truth], 4e-16 * scale)
    assert answer in (truth, None)


@pytest.mark.parametrize("size", [10**2, 10**5, 10**8, 10**11])
def test_common_denominators_up_to_1e11_are_found_from_float64(size: int) -> None:
    rng = np.random.default_rng(size % 97)
    denominator = size + int(rng.integers(0, size // 10))
    truth = tuple(Fraction(int(n), denominator) for n in rng.integers(-denominator, denominator, size=60))
    assert reconstruct_rationals([float(q) for q in truth], 2e-16) == truth


def test_denominators_beyond_reach_are_not_reconstructed() -> None:
    rng = np.random.default_rng(0)
    denominator = 10**14 + 31
    values = [int(n) / denominator for n in rng.integers(-denominator, denominator, size=60)]
    assert reconstruct_rationals(values, 2e-16, max_denominator=10**15) is None


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 40), st.sampled_from([1e-6, 1e-10, 1e-15]))
def test_generic_reals_are_never_mistaken_for_rationals(seed: int, count: int, error: float) -> None:
    assert reconstruct_rationals(np.random.default_rng(seed).standard_normal(count), error) is None


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 40))
def test_an_irrational_multiple_of_an_integer_vector_is_not_mistaken_either(seed: int, count: int) -> None:
    """All coordinates hang on one number: their count must not be taken for independent evidence."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal() * rng.integers(1, 9, size=count)
    assert reconstruct_rationals(values, 1e-15) is None


def test_zero_and_integers_need_no_lattice() -> None:
    assert reconstruct_rationals([0.0, -3.0, 1e-17], 1e-15) == (Fraction(0), Fraction(-3), Fraction(0))
    assert reconstruct_rationals([], 1e-15) == ()


def test_denominators_that_only_some_coordinates_show_are_multiplied_up() -> None:
    truth = tuple([Fraction(1, 3)] * 20 + [Fraction(1, 7)] + [Fraction(2, 5)] * 20)
    assert reconstruct_rationals([float(q) for q in truth], 1e-16, coordinates=4) == truth


def test_errors_may_differ_between_coordinates() -> None:
    values = [1 / 3 + 1e-9, 2 / 3, 1 / 9]
    assert reconstruct_rationals(values, [1e-8, 1e-15, 1e-15]) == (Fraction(1, 3), Fraction(2, 3), Fraction(1, 9))
    assert reconstruct_rationals(values, 1e-15) != (Fraction(1, 3), Fraction(2, 3), Fraction(1, 9))


def test_an_error_too_large_to_tell_integers_apart_gives_no_answer() -> None:
    assert reconstruct_rationals([0.3, 0.9], 0.3) is None
    assert reconstruct_rationals([2.0], 0.5) is None


@pytest.mark.parametrize(
    ("values", "error", "message"),
    [
        ([1.0, np.nan], 1e-9, "nan"),
        ([[1.0]], 1e-9, r"\(1, 1\)"),
        ([1.0], 0.0, "0.0"),
        ([1.0], [1e-9, 1e-9], "error must be"),
        ([1.0], np.inf, "inf"),
    ],
)
def test_bad_input_is_named(values: object, error: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        reconstruct_rationals(values, error)
