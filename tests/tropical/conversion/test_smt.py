"""SMT-LIB scripts: z3 reads them, finds the same values, and answers questions as `equivalent` does."""

import random
import re
from fractions import Fraction

import pytest
import z3

import tropical as tp
from oracles import certified
from oracles.built import network
from oracles.equality_z3 import exact_outputs
from oracles.random_cases import random_case
from tropical.conversion import to_smtlib
from tropical.functions.polynomial import TropicalPolynomial
from tropical.functions.rational_map import TropicalRationalMap

RELU = tp.ReLUNetwork.from_arrays([[[1]], [[1]]])
LINE = tp.AffineForm([1])
MAXIMUM = TropicalPolynomial([tp.AffineForm([1]), tp.AffineForm([0])])
LINE_POLYNOMIAL = TropicalPolynomial([tp.AffineForm([2], "1/3")])


def answer(script):
    solver = z3.SolverFor("QF_LRA")
    solver.from_string(script)
    return str(solver.check())


def witness(script, dim):
    solver = z3.SolverFor("QF_LRA")
    solver.from_string(script)
    assert solver.check() == z3.sat
    model = solver.model()
    return [model.eval(z3.Real(f"x{i}"), model_completion=True).as_fraction() for i in range(dim)]


def values_by_z3(script, point, outputs):
    """What the definitions of the script make of the outputs at a point."""
    solver = z3.SolverFor("QF_LRA")
    solver.from_string(script)
    for i, q in enumerate(map(Fraction, point)):
        solver.add(z3.Real(f"x{i}") == z3.Q(q.numerator, q.denominator))
    assert solver.check() == z3.sat
    return tuple(solver.model().eval(z3.Real(f"y{i}")).as_fraction() for i in range(outputs))


@pytest.mark.parametrize("seed", range(500, 516))
def test_definitions_give_the_exact_values(seed):
    case = random_case(seed)
    net, rng = network(case), random.Random(seed)
    script = to_smtlib(net)
    for _ in range(3):
        point = [Fraction(rng.randint(-9, 9), rng.randint(1, 4)) for _ in range(net.input_dim)]
        assert values_by_z3(script, point, net.output_dim) == exact_outputs(case, tuple(point))


@pytest.mark.parametrize("seed", [*range(520, 526), 527, *range(529, 534), 535, 536, 538, 540, 542])
def test_questions_are_answered_as_by_equivalent(seed):
    case = random_case(seed)
    net, rng = network(case), random.Random(seed)
    weights, biases = [[list(row) for row in rows] for rows in case.weights], [list(bias) for bias in case.biases]
    if seed % 3:
        row = rng.choice(rng.choice(weights))
        row[rng.randrange(len(row))] += Fraction(1, 2 ** rng.randint(1, 60))
    else:
        weights[0], biases[0] = [[2 * q for q in row] for row in weights[0]], [2 * q for q in biases[0]]
        weights[1] = [[q / 2 for q in row] for row in weights[1]]
    other = tp.ReLUNetwork.from_arrays(weights, biases, case.slopes)
    domain = None if case.box is None else tp.Box(*case.box)
    script = to_smtlib(net, other, domain)
    verdict = certified.equivalent(net, other, domain)
    assert answer(script) == {"proved": "unsat", "refuted": "sat"}[verdict.status], case.name
    if verdict.status == "refuted":
        point = witness(script, net.input_dim)
        assert net(point) != other(point)
        assert domain is None or domain.contains(point)


def test_every_kind_of_function_on_either_side():
    lattice = tp.LatticePolynomial([tp.AffineForm([1]), tp.AffineForm([0]), tp.AffineForm([-1], 5)], [[0], [1, 2]])
    same = [
        RELU,
        MAXIMUM,
        TropicalRationalMap([MAXIMUM * LINE_POLYNOMIAL], [LINE_POLYNOMIAL]),
        tp.LatticePolynomial([tp.AffineForm([1]), tp.AffineForm([0])], [[0], [1]]),
    ]
    other = [lattice, LINE, tp.AffineMap((LINE,)), TropicalPolynomial.from_terms({(1,): 0, (0,): "1/1000000"})]
    for f in same:
        assert all(answer(to_smtlib(f, g)) == "unsat" for g in same)
        assert [answer(to_smtlib(f, g)) for g in other] == ["unsat" if g is lattice else "sat" for g in other]
        assert values_by_z3(to_smtlib(f), ["7/3"], 1) == (Fraction(7, 3),)


def test_at_most():
    assert answer(to_smtlib(LINE, RELU, relation="at most")) == "unsat"
    assert answer(to_smtlib(RELU, LINE, relation="at most")) == "sat"
    assert answer(to_smtlib(RELU, LINE, tp.Box([0], [1]), relation="at most")) == "unsat"
    pair = tp.ReLUNetwork.from_arrays([[[1], [-1]]])
    assert answer(to_smtlib(pair, tp.AffineMap((LINE, LINE)), relation="at most")) == "sat"
    assert answer(to_smtlib(pair, tp.AffineMap((LINE, LINE)), tp.Box([0], [1]), relation="at most")) == "unsat"


def test_domains_decide():
    assert answer(to_smtlib(RELU, LINE, tp.Box([0], [5]))) == "unsat"
    assert answer(to_smtlib(RELU, LINE, tp.Box(["-1/1000"], [5]))) == "sat"
    script = to_smtlib(LINE, domain=tp.Box([1], [2]))
    assert answer(script + "(assert (> y0 2.0))") == "unsat"
    assert answer(script + "(assert (>= y0 2.0))") == "sat"


def test_constants_zero_weights_and_other_slopes():
    net = tp.ReLUNetwork.from_arrays(
        [[[0, 0], [1, 0], [0, -1]], [[1, 1, 1], [0, 0, 0]]],
        [[-2, 0, "1/2"], ["-1/3", 4]],
        [[("1/10", 1), (2, 2), (-1, 0)]],
    )
    script = to_smtlib(net)
    for point in ([0, 0], [3, "-5/7"], ["-1/2", 8]):
        assert values_by_z3(script, point, 2) == net(point)
    assert "ite" not in to_smtlib(tp.AffineForm([0, 0], "-7/2"))
    assert values_by_z3(to_smtlib(tp.AffineForm([0, 0], "-7/2")), [1, 1], 1) == (Fraction(-7, 2),)


def test_the_script_is_linear_in_the_network_and_the_same_every_time():
    def chain(depth):
        return tp.ReLUNetwork.from_arrays([[[1], [-1]], *[[[1, 2], [3, -1]]] * depth, [[1, 1]]])

    sizes = [len(to_smtlib(chain(depth))) for depth in (10, 20, 40)]
    assert sizes[2] - sizes[1] < 2.2 * (sizes[1] - sizes[0])
    assert to_smtlib(chain(5), chain(4)) == to_smtlib(chain(5), chain(4))


def test_numbers_of_any_length_are_written_out():
    huge = Fraction(10**5000 + 1, 3)
    script = to_smtlib(tp.AffineForm([huge]), tp.AffineForm([huge + 1]))
    assert answer(script) == "sat"
    assert "0" * 4000 in script


def test_only_names_and_constants_are_used():
    """Terms of the standard: linear, decimals, negative numbers as applications of the minus sign."""
    script = to_smtlib(network(random_case(501)))
    assert script.isascii()
    assert script.count("(") == script.count(")")
    assert not re.search(r"[ (]-\d", script)
    for left in re.findall(r"\(\* (\S+|\([^()]*\)|\(- \([^()]*\)\)) ", script):
        assert re.fullmatch(r"[0-9./() -]+", left)


def test_refusals():
    with pytest.raises(ValueError, match="relation"):
        to_smtlib(RELU, LINE, relation="less")
    with pytest.raises(ValueError, match="one space"):
        to_smtlib(RELU, tp.AffineForm([1, 1]))
    with pytest.raises(ValueError, match="lives on"):
        to_smtlib(RELU, domain=tp.Box([0, 0], [1, 1]))
    with pytest.raises(ValueError, match="outputs"):
        to_smtlib(RELU, tp.AffineMap((LINE, LINE)))
    with pytest.raises(ValueError, match="type str"):
        to_smtlib("x")
    with pytest.raises(ValueError, match="type str"):
        to_smtlib(RELU, "x")
