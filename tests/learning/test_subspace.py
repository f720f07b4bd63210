import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learning.subspace import (
    complement_frame,
    extend_frame,
    orthonormal_frame,
    principal_sines,
    projector,
)


def _rows(seed: int, count: int, dimension: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, dimension))


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 10_000), st.integers(0, 4), st.integers(4, 7))
def test_frame_and_complement_split_the_space(seed: int, rank: int, dimension: int) -> None:
    frame = orthonormal_frame(_rows(seed, rank, dimension))
    rest = complement_frame(frame)
    assert frame.shape == (rank, dimension)
    np.testing.assert_allclose(frame @ frame.T, np.eye(rank), atol=1e-13)
    np.testing.assert_allclose(projector(frame) + projector(rest), np.eye(dimension), atol=1e-13)


def test_rank_is_judged_against_the_given_scale() -> None:
    rounding_errors = 1e-13 * _rows(0, 3, 5)
    assert orthonormal_frame(rounding_errors, scale=1.0).shape == (0, 5)
    assert orthonormal_frame(rounding_errors).shape == (3, 5)
    assert orthonormal_frame(np.zeros((2, 5))).shape == (0, 5)


def test_extending_keeps_the_frame_and_ignores_what_it_contains() -> None:
    frame = orthonormal_frame(_rows(1, 2, 6))
    new = _rows(2, 1, 6)
    wider = extend_frame(frame, np.vstack([frame[0] - 3.0 * frame[1], new]))
    np.testing.assert_array_equal(wider[:2], frame)
    assert len(wider) == 3
    assert principal_sines(orthonormal_frame(new), wider).max() < 1e-14


def test_sines_are_accurate_for_tiny_angles() -> None:
    angle = 1e-12
    tilted = np.array([[np.cos(angle), np.sin(angle), 0.0]])
    assert principal_sines(tilted, np.eye(3)[:1])[0] == pytest.approx(angle, rel=1e-9)


def test_empty_frames_have_no_sines() -> None:
    assert principal_sines(np.zeros((0, 3)), np.zeros((0, 3))).shape == (0,)


def test_a_frame_of_more_rows_than_the_ambient_dimension_has_all_its_sines() -> None:
    np.testing.assert_allclose(principal_sines(np.eye(3), np.eye(3)[:1]), [1.0, 1.0, 0.0], atol=1e-15)


@pytest.mark.parametrize(
    ("rows", "message"),
    [(np.ones(3), r"shape \(3,\)"), ([[1.0, np.nan]], "nan"), ([[np.inf, 0.0]], "inf")],
)
def test_rows_that_are_no_finite_matrix_are_refused(rows: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        orthonormal_frame(rows)


def test_frames_of_different_spaces_are_refused() -> None:
    with pytest.raises(ValueError, match=r"R\^3 and R\^2"):
        principal_sines(np.eye(3), np.eye(2))
    with pytest.raises(ValueError, match=r"R\^3 and R\^2"):
        extend_frame(np.eye(3)[:1], np.eye(2))
