"""Cells of one affine map, told apart modulo primes, against the maps themselves."""

from itertools import chain, pairwise

import numpy as np
import pytest
from case_counts import few

import tropical as tp
from oracles.built import complex_of
from oracles.extreme_cases import extreme_case
from oracles.random_cases import random_case
from tropical.activation import affine_groups
from tropical.budget import Meter


def groups(cx: tp.PolyhedralComplex) -> list[int]:
    return affine_groups.affine_groups(cx.network, cx._table, Meter()).tolist()


def by_maps(cx: tp.PolyhedralComplex) -> list[int]:
    first: dict[tp.AffineMap, int] = {}
    return [first.setdefault(cell.affine_map, cell.index) for cell in cx.cells]


@pytest.mark.parametrize("block", few(range(20), 4))
@pytest.mark.parametrize("kind", [random_case, extreme_case], ids=["random", "extreme"])
def test_cells_have_one_number_if_they_carry_one_map(kind, block):
    shared = 0
    for seed in range(10 * block, 10 * block + 10):
        cx = complex_of(kind(seed), "rational")
        assert groups(cx) == by_maps(cx), seed
        shared += cx.num_cells - len(set(by_maps(cx)))
    assert shared


@pytest.mark.parametrize("prime", [3, 5, 7, 11])
def test_a_small_prime_is_no_proof(prime, monkeypatch):
    """Fingerprints modulo small primes collide all the time; the maps are told apart all the same."""
    monkeypatch.setattr(affine_groups, "_BELOW", prime + 1)
    monkeypatch.setattr(affine_groups, "_FINGERPRINT", 1)
    primes = affine_groups._primes_below
    monkeypatch.setattr(affine_groups, "_primes_below", lambda limit: chain([prime], primes(1 << 20)))
    for seed in range(30):
        cx = complex_of(random_case(seed), "rational")
        assert groups(cx) == by_maps(cx), (prime, seed)


def test_units_that_cancel_and_wide_layers():
    rng = np.random.default_rng(0)
    first = rng.integers(-2, 3, (1100, 2))
    second = np.concatenate([rng.integers(-1, 2, (1, 1100)), np.zeros((1, 1100), int)])
    second[1] = second[0]  # twins, of which the output sees the difference
    net = tp.ReLUNetwork.from_arrays([first, second, [[1, -1]]], [np.zeros(1100), [1, 1], [3]])
    cx = tp.polyhedral_complex(net, tp.Box([-1, -1], [1, 1]), route="compiled")
    assert cx.num_cells > 20
    assert set(groups(cx)) == {0}
    plain = tp.ReLUNetwork.from_arrays([first, second[:1], [[1]]], [np.zeros(1100), [1], [3]])
    cx = tp.polyhedral_complex(plain, tp.Box([-1, -1], [1, 1]), route="compiled")
    assert groups(cx) == by_maps(cx)


def test_leaky_units_and_several_outputs():
    rng = np.random.default_rng(1)
    shape = (2, 4, 4, 2)
    weights = [rng.integers(-1, 2, (b, a)) for a, b in pairwise(shape)]
    slopes = [["1/3", 1], [0, 1], [1, 1], ["-1/2", 2]]
    net = tp.ReLUNetwork.from_arrays(weights, [rng.integers(-1, 2, b) for b in shape[1:]], [slopes, slopes])
    cx = tp.polyhedral_complex(net)
    assert groups(cx) == by_maps(cx)


def test_primes_are_those_below():
    found = list(affine_groups._primes_below(100))
    assert found == [n for n in range(99, 2, -1) if all(n % q for q in range(2, n))]
