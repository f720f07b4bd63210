import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from learning.filtering.bands import BINS, plan_filters
from learning.filtering.moments import binned_products, binned_second_moments
from learning.filtering.spectra import (
    Complement,
    block_directions,
    block_findings,
    first_block,
    moment_directions,
    moment_findings,
    next_block,
)
from learning.subspace import complement_frame, orthonormal_frame

FILTER = (0, "zero", "some", (0,))


def _frame(rank: int, dimension: int, seed: int = 0) -> np.ndarray:
    if rank == 0:
        return np.zeros((0, dimension))
    return orthonormal_frame(np.random.default_rng(seed).standard_normal((rank, dimension)))


@given(rank=st.integers(0, 5), extra=st.integers(1, 5), seed=st.integers(0, 100))
def test_complement_is_an_orthonormal_frame_of_the_complement(rank: int, extra: int, seed: int) -> None:
    frame = _frame(rank, rank + extra, seed)
    complement = Complement(frame)
    rows = complement.embed(np.eye(extra))
    np.testing.assert_allclose(rows @ rows.T, np.eye(extra), atol=1e-12)
    np.testing.assert_allclose(rows @ frame.T, 0.0, atol=1e-12)
    matrix = np.random.default_rng(seed).standard_normal((rank + extra,) * 2)
    np.testing.assert_allclose(complement.compress(matrix + matrix.T), rows @ (matrix + matrix.T) @ rows.T, atol=1e-11)


def test_complement_of_coordinate_axes_is_exact() -> None:
    for axes in ([0], [2], [1, 0], [0, 1, 2]):
        complement = Complement(np.eye(4)[axes])
        rows = complement.embed(np.eye(4 - len(axes)))
        np.testing.assert_allclose(rows @ np.eye(4)[axes].T, 0.0, atol=1e-15)


def _totals(count: int, dimension: int, seed: int = 0):
    """Samples with |x0| > 1 in one bin: one direction of variance above one."""
    X = np.random.default_rng(seed).standard_normal((count, dimension))
    labels = np.where(np.abs(X[:, 0]) > 1.0, 0, 1).astype(np.int8)[None]
    return X, labels, binned_second_moments(X, labels, 2)


@pytest.mark.parametrize("rank", [0, 2])
def test_findings_are_the_spectrum_on_the_complement(rank: int) -> None:
    _, _, totals = _totals(2000, 12)
    frame = _frame(rank, 12)
    finding = moment_findings(totals, [FILTER, (0, "zero", "rest", (1,))], frame, 0.02)[0]
    outside = complement_frame(frame)
    direct = np.linalg.eigvalsh(totals.moment(0, (0,)).compressed(outside))
    np.testing.assert_allclose(finding.values, direct, atol=1e-12)
    assert finding.level == 0.01
    assert finding.looked_at == finding.codimension == 12 - rank
    found = moment_directions(totals, finding, frame)
    np.testing.assert_allclose(found.vectors @ frame.T, 0.0, atol=1e-12)
    np.testing.assert_allclose(np.sort(found.values), finding.values[finding.significant], rtol=1e-12)
    assert len(found.leakage) == len(found.squared_sines) == len(found.values)


def test_large_moments_are_screened_without_losing_what_rejects() -> None:
    """Above 400 dimensions quiet filters are passed over; what remains has the same extremes and the same verdict."""
    X, labels, totals = _totals(3000, 420)
    noise = np.random.default_rng(1).integers(0, 2, 3000).astype(np.int8)
    totals = binned_second_moments(X, np.vstack([labels, noise[None]]), 2)
    filters = [(1, "zero", "noise", (0,)), (1, "zero", "noise", (1,)), FILTER]
    findings = moment_findings(totals, filters, np.zeros((0, 420)), 0.01)
    assert [finding.filter for finding in findings] == [FILTER]
    values = np.linalg.eigvalsh(totals.moment(0, (0,)).matrix)
    np.testing.assert_allclose(findings[0].values, values[[0, -1]], rtol=1e-3)
    assert findings[0].significant.any()
    found = moment_directions(totals, findings[0], np.zeros((0, 420)))
    assert abs(found.vectors[0, 0]) > 0.7
    silent = moment_findings(totals, filters[:2], np.zeros((0, 420)), 0.01)
    assert [finding.filter for finding in silent] == filters[1:2]
    assert not silent[0].significant.any()


def test_ritz_values_lie_inside_the_spectrum_and_improve() -> None:
    X, labels, totals = _totals(40_000, 60)
    spectrum = np.linalg.eigvalsh(totals.moment(0, (0,)).matrix)
    frame, block, tops = np.zeros((0, 60)), first_block(np.zeros((0, 60)), 4, np.random.default_rng(0)), []
    for _ in range(4):
        products = binned_products(X, labels, 2, block)
        finding = block_findings(products, [FILTER], frame, 0.01)[0]
        assert spectrum[0] - 1e-12 <= finding.values[0] <= finding.values[-1] <= spectrum[-1] + 1e-12
        tops.append(finding.values[-1])
        block = next_block(products, [FILTER], frame)
        np.testing.assert_allclose(block.T @ block, np.eye(4), atol=1e-12)
    assert tops[0] < 0.5 * tops[1]
    assert tops[-1] == pytest.approx(spectrum[-1], rel=1e-2)


def test_directions_of_a_block_are_unit_vectors_outside_w_with_a_valid_bound() -> None:
    X, labels, _ = _totals(200_000, 30, seed=1)
    frame = np.eye(30)[3:5]
    block = first_block(frame, 5, np.random.default_rng(0))
    half = len(X) // 2
    for _ in range(2):
        block = next_block(binned_products(X[:half], labels[:, :half], 2, block), [FILTER], frame)
    products = binned_products(X[half:], labels[:, half:], 2, block)
    finding = block_findings(products, [FILTER], frame, 0.01)[0]
    found = block_directions(products, finding, frame)
    assert found.vectors.shape == (1, 30)
    np.testing.assert_allclose(found.vectors @ frame.T, 0.0, atol=1e-12)
    assert np.linalg.norm(found.vectors) == pytest.approx(1.0)
    assert np.linalg.norm(found.vectors[0, 1:]) <= found.leakage[0] < 0.5
    assert 0.0 < found.squared_sines[0] < 0.1


def test_a_block_has_no_more_columns_than_there_are_directions() -> None:
    frame = _frame(3, 5)
    block = first_block(frame, 32, np.random.default_rng(0))
    assert block.shape == (5, 2)
    np.testing.assert_allclose(frame @ block, 0.0, atol=1e-12)
    assert first_block(np.eye(3), 2, np.random.default_rng(0)).shape == (3, 0)


def test_a_plan_holds_only_functions_of_labels_and_coordinates_on_w() -> None:
    """L12 allows that: moving the samples within W⊥ changes no label."""
    X = np.random.default_rng(0).standard_normal((2000, 5))
    y, frame = np.abs(X[:, 0]) + X[:, 1], np.eye(5)[:1]
    plan, labels = plan_filters(X, y, frame)
    moved = X.copy()
    moved[:, 1:] = np.random.default_rng(1).standard_normal((2000, 4))
    np.testing.assert_array_equal(plan.labels(moved, y), labels)
    np.testing.assert_array_equal(plan_filters(moved, y, frame)[1], labels)
    assert labels.max() < BINS


def test_estimated_sines_of_both_methods_agree_with_the_true_ones() -> None:
    """L14 against V = span(e0), averaged over eight samples; the block method averages two halves of the noise."""
    ratios = []
    for seed in range(8):
        X, labels, totals = _totals(10_000, 80, seed)
        frame = np.zeros((0, 80))
        finding = moment_findings(totals, [FILTER], frame, 0.01)[0]
        whole = moment_directions(totals, finding, frame)
        block = first_block(frame, 8, np.random.default_rng(seed))
        Z, other, _ = _totals(10_000, 80, seed + 100)
        for _ in range(3):
            block = next_block(binned_products(Z, other, 2, block), [FILTER], frame)
        products = binned_products(X, labels, 2, block)
        part = block_directions(products, block_findings(products, [FILTER], frame, 0.01)[0], frame)
        true = [1.0 - found.vectors[0, 0] ** 2 for found in (whole, part)]
        ratios.append([whole.squared_sines[0] / true[0], part.squared_sines[0] / true[1], true[1] / true[0]])
    means = np.mean(ratios, axis=0)
    assert means[0] == pytest.approx(1.0, abs=0.2)
    assert means[1] == pytest.approx(1.0, abs=0.3)
    assert means[2] < 0.7
