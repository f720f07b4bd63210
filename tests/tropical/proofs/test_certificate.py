"""Certificates of true claims about networks, lattice and tropical forms, degenerate ones included, are accepted."""

import importlib
import json
import random
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tropical as tp
from oracles.built import network
from oracles.random_cases import PERIOD, random_case
from oracles.rewritten_cases import mutated, rewritten
from tropical.forms.irredundancy import irredundant
from tropical.forms.lattice_form import to_lattice_polynomial
from tropical.forms.pruning import term_evidence
from tropical.forms.rational_form import to_tropical_rational_map
from tropical.functions.polynomial import TropicalPolynomial
from tropical.proofs import checker
from tropical.proofs.certificate import (
    check_certificate,
    difference_certificate,
    encode_dual_lattice,
    encode_function,
    equality_certificate,
    excess_certificate,
    irredundancy_certificate,
    load_certificate,
    maximum_certificate,
    minimum_certificate,
    monotonicity_certificate,
    order_certificate,
    region_certificate,
    save_certificate,
    term_certificate,
)

TRIANGLE = tp.Polyhedron([tp.AffineForm([1, 0]), tp.AffineForm([0, 1]), tp.AffineForm([-1, -2], 3)])


def box(case):
    return None if case.box is None else tp.Box(*case.box)


def accepted(certificate):
    """Through JSON, as from a file."""
    return bool(checker.check(json.loads(json.dumps(certificate))))


def regions_agree(seed):
    case = random_case(seed)
    cx = tp.polyhedral_complex(network(case), box(case))
    certificate = region_certificate(cx)
    assert certificate["claim"]["count"] == cx.num_cells
    assert accepted(certificate)
    certificate["claim"]["count"] += 1
    with pytest.raises(checker.Rejected, match=f"has {cx.num_cells} activation regions"):
        checker.check(certificate)


@pytest.mark.parametrize("seed", range(1, 40))
def test_region_counts_of_random_and_degenerate_networks(seed):
    regions_agree(seed)


@pytest.mark.exhaustive
@pytest.mark.parametrize("start", range(0, 6 * PERIOD, PERIOD))
def test_region_counts_of_many_networks(start):
    for seed in range(start, start + PERIOD):
        regions_agree(seed)


def pair_agrees(seed):
    case = random_case(seed)
    rng = random.Random(seed)
    f, domain = network(case), box(case)
    same = network(rewritten(case, rng))
    assert accepted(equality_certificate(f, same, domain))
    assert accepted(order_certificate(f, same, domain))
    other = network(mutated(case, rng))
    verdict = tp.equivalent(f, other, domain)
    certificate = equality_certificate(f, other, domain)
    assert check_certificate(certificate, f, other) == (verdict.status == "proved")
    if verdict.status == "refuted":
        assert accepted(difference_certificate(f, other, verdict.witness, domain))


@pytest.mark.parametrize("seed", range(41, 65))
def test_equality_of_rewritten_networks_and_mutants(seed):
    pair_agrees(seed)


@pytest.mark.exhaustive
def test_equality_of_many_pairs():
    for seed in range(2 * PERIOD):
        pair_agrees(seed)


DEGENERATE = {
    "constant": tp.ReLUNetwork.from_arrays([[[0, 0]], [[0]]], [[1], ["1/3"]]),
    "affine": tp.ReLUNetwork.from_arrays([[[1, -2]]], [[5]]),
    "zero": tp.ReLUNetwork.from_arrays([[[0, 0], [0, 0]], [[1, 1]]]),
    "one input": tp.ReLUNetwork.from_arrays([[[1], [-1], [2]], [[1, 1, "-1/7"]]], [[0, 0, 1], [0]]),
    "width one": tp.ReLUNetwork.from_arrays([[[1, 1]], [[-1]], [[3]]], [[0], [1], [0]]),
    "duplicates": tp.ReLUNetwork.from_arrays([[[1, 0], [1, 0], [-1, 0], [2, 0]], [[1, -1, 1, "1/2"]]]),
    "two outputs": tp.ReLUNetwork.from_arrays([[[1, 0], [0, 1]], [[1, 1], [1, -1]]]),
    "leaky": tp.ReLUNetwork.from_arrays([[[1, 1], [1, -1]], [[1, 2]]], slopes=[("1/10", 1)]),
    "absolute": tp.ReLUNetwork.from_arrays([[[1, 1], [1, -1]], [[1, 1]], [[1]]], slopes=[(-1, 1), (1, 1)]),
}


@pytest.mark.parametrize("name", DEGENERATE)
@pytest.mark.parametrize("bounded", [False, True])
def test_degenerate_networks(name, bounded):
    net = DEGENERATE[name]
    domain = tp.Box([-1] * net.input_dim, [2] * net.input_dim) if bounded else None
    cx = tp.polyhedral_complex(net, domain)
    assert accepted(region_certificate(cx))
    assert accepted(equality_certificate(net, net, domain, cells=cx.num_cells))
    rational = to_tropical_rational_map(net)
    assert accepted(equality_certificate(net, rational, domain))
    assert accepted(order_certificate(rational, net, domain))
    if net.output_dim == 1:
        form = to_lattice_polynomial(net)
        dual = encode_dual_lattice(form.pieces, form.dual_clauses)
        for f, g in [(net, form), (form, dual), (dual, form), (dual, rational), (rational, form)]:
            assert accepted(equality_certificate(f, g, domain))
            assert accepted(order_certificate(f, g, domain))


def test_polyhedra_as_domains():
    net = DEGENERATE["leaky"]
    assert accepted(region_certificate(tp.polyhedral_complex(net, TRIANGLE)))
    assert accepted(equality_certificate(net, to_lattice_polynomial(net), TRIANGLE))
    relu = tp.ReLUNetwork.from_arrays([[[1, 0]], [[1]]])
    assert accepted(equality_certificate(relu, tp.ReLUNetwork.from_arrays([[[1, 0]]]), TRIANGLE))
    assert not check_certificate(equality_certificate(relu, tp.ReLUNetwork.from_arrays([[[1, 0]]])))


def test_many_inputs_of_low_rank():
    rng = np.random.default_rng(0)
    first = rng.integers(-2, 3, (5, 3)) @ rng.integers(-2, 3, (3, 300))
    parameters = [first, rng.integers(-4, 5, (3, 5)), rng.integers(-4, 5, (1, 3))]
    biases = [rng.integers(-9, 10, 5), rng.integers(-9, 10, 3), None]
    net = tp.ReLUNetwork.from_arrays(parameters, biases)
    order = rng.permutation(5)
    parameters[0], parameters[1], biases[0] = first[order], parameters[1][:, order], biases[0][order]
    same = tp.ReLUNetwork.from_arrays(parameters, biases)
    cells = tp.polyhedral_complex(net).num_cells
    certificate = equality_certificate(net, same, cells=cells)
    assert check_certificate(certificate, net, same)
    assert not check_certificate(equality_certificate(net, same, cells=cells + 1))
    parameters[2] = parameters[2] + 2.0**-40
    assert not check_certificate(equality_certificate(net, tp.ReLUNetwork.from_arrays(parameters, biases)))
    assert accepted(region_certificate(tp.polyhedral_complex(net)))


def test_extrema_and_monotonicity():
    net = DEGENERATE["one input"]  # relu(x) + relu(-x) - relu(2x + 1)/7
    domain = tp.Box([-2], [1])
    assert accepted(maximum_certificate(net, domain, [-2]))
    assert accepted(minimum_certificate(net, domain, [0]))
    assert accepted(minimum_certificate(to_lattice_polynomial(net), None, [0]))
    assert not check_certificate(minimum_certificate(net, domain, ["-1/2"]))
    assert not check_certificate(maximum_certificate(net, domain, [1]))
    with pytest.raises(checker.Rejected, match="outside"):
        checker.check(maximum_certificate(net, domain, [-3]))
    assert not check_certificate(maximum_certificate(net, None, [-2]))
    low = tp.ReLUNetwork.from_arrays([[[1, 2, 0], [-1, -2, 0]], [[1, 1]]])
    assert accepted(minimum_certificate(low, None, [2, -1, 7]))
    assert accepted(monotonicity_certificate(low, 2, 1))
    assert accepted(monotonicity_certificate(low, 2, -1))
    assert not check_certificate(monotonicity_certificate(low, 1, 1))
    ridge = tp.ReLUNetwork.from_arrays([[[1, -2, 0], [2, -4, 0]], [[1, 1]]])
    for coordinate, sign in ((0, 1), (1, -1), (2, 1), (2, -1)):
        assert accepted(monotonicity_certificate(ridge, coordinate, sign))
        assert accepted(monotonicity_certificate(to_lattice_polynomial(ridge), coordinate, sign))
    assert not check_certificate(monotonicity_certificate(ridge, 1, 1))
    with pytest.raises(ValueError, match="one output, got 2"):
        maximum_certificate(DEGENERATE["two outputs"], None, [0, 0])


def test_refutations():
    f, g = DEGENERATE["two outputs"], tp.ReLUNetwork.from_arrays([[[1, 0], [1, 0]]])
    assert accepted(difference_certificate(f, g, [0, 1]))
    assert accepted(excess_certificate(f, g, [0, 1]))
    assert not check_certificate(difference_certificate(f, g, [1, 0]))
    below = excess_certificate(f, g, [-1, 0], tp.Box([-1, -1], [1, 1]))
    assert accepted(below)
    assert not check_certificate(excess_certificate(g, f, [-1, 0]))
    with pytest.raises(checker.Rejected, match="outside"):
        checker.check(difference_certificate(f, g, [0, 2], tp.Box([-1, -1], [1, 1])))


small = st.fractions(-2, 2, max_denominator=3)


@settings(max_examples=40)
@given(st.integers(1, 3).flatmap(lambda n: st.lists(st.tuples(st.tuples(*[small] * n), small), min_size=1, max_size=7)))
def test_terms_of_tropical_polynomials(terms):
    p = TropicalPolynomial.from_terms(terms)
    certificate = term_certificate(p, term_evidence(p))
    assert check_certificate(certificate, p)
    assert accepted(equality_certificate(p, tp.LatticePolynomial(p.terms, [[i] for i in range(len(p.terms))])))
    for entry in term_evidence(p):
        assert accepted(term_certificate(p, [entry]))
    claim = certificate["claim"]
    claim["essential"], claim["inessential"] = claim["inessential"], claim["essential"]
    assert not check_certificate(certificate)


@pytest.mark.parametrize("seed", [2, 5, 9, 14, 21])
def test_irredundant_forms(seed):
    case = random_case(seed)
    form = irredundant(to_lattice_polynomial(network(case).output(0)))
    certificate = irredundancy_certificate(form.polynomial, form.clause_points, form.index_points)
    assert check_certificate(certificate, form.polynomial)
    assert accepted(equality_certificate(network(case).output(0), form.polynomial))


def test_proofs_are_bound_to_functions():
    f, g = DEGENERATE["leaky"], DEGENERATE["absolute"]
    form = to_lattice_polynomial(f)
    certificate = equality_certificate(f, form)
    assert check_certificate(certificate)
    assert check_certificate(certificate, f)
    assert check_certificate(certificate, f, form)
    assert check_certificate(certificate, encode_function(f), encode_function(form))
    assert not check_certificate(certificate, g)
    assert not check_certificate(certificate, form, f)
    assert not check_certificate(certificate, f, g)
    regions = region_certificate(tp.polyhedral_complex(f))
    assert check_certificate(regions, f)
    assert not check_certificate(regions, f, f)
    assert not check_certificate({}, f)
    assert not check_certificate({})


def test_incomplete_complexes_have_no_certificate():
    cx = tp.polyhedral_complex(DEGENERATE["absolute"], budget=tp.Budget(cells=2))
    with pytest.raises(ValueError, match="complete"):
        region_certificate(cx)


def test_files(tmp_path):
    certificate = equality_certificate(DEGENERATE["leaky"], DEGENERATE["leaky"], TRIANGLE)
    path = tmp_path / "proof.json"
    save_certificate(certificate, path)
    assert load_certificate(path) == certificate
    assert [entry.name for entry in tmp_path.iterdir()] == ["proof.json"]
    assert checker.main([str(path)]) == 0
    with pytest.raises(OSError, match="No such file"):
        save_certificate(certificate, tmp_path / "missing" / "proof.json")
    with pytest.raises(OSError, match="it is a directory"):
        save_certificate(certificate, tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000, b'{"format": "other"}'])
def test_files_that_hold_no_certificate(tmp_path, content):
    path = tmp_path / "proof.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="not a certificate"):
        load_certificate(path)
    with pytest.raises(ValueError, match="cannot be read"):
        load_certificate(tmp_path / "missing.json")


def test_files_that_are_too_large(tmp_path, monkeypatch):
    monkeypatch.setattr("tropical.proofs.certificate.MAX_BYTES", 10)
    path = tmp_path / "proof.json"
    path.write_bytes(b"[0123456789]")
    with pytest.raises(ValueError, match="larger than 10 bytes"):
        load_certificate(path)


def test_the_benchmark_prints_its_tables(monkeypatch, capsys):
    monkeypatch.syspath_prepend(str(Path(__file__).resolve().parents[3] / "benchmarks"))
    importlib.import_module("certificates").main(["--networks", "1-3-1", "--trees", "2-2-1"])
    printed = capsys.readouterr().out
    assert "| 1-3-1 | float64 | " in printed
    assert "| 2-2-1 | 4 | " in printed
