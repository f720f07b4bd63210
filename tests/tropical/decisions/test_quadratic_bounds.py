"""f(x)^2 <= x^T Q x against Hadeler's criterion of copositivity, z3, and the maximum on the sphere."""

import itertools
import math
import random
from fractions import Fraction

import pytest
import z3

import tropical as tp
from learning import instances
from oracles.random_cases import random_case
from tropical.arithmetic.rationals import from_flint, to_flint

ABSOLUTE = tp.ReLUNetwork.from_arrays([[[1], [-1]], [[1, 1]]])
HORN = [[1, -1, 1, 1, -1], [-1, 1, -1, 1, 1], [1, -1, 1, -1, 1], [1, 1, -1, 1, -1], [-1, 1, 1, -1, 1]]


def scaled(form, factor):
    return [[factor * Fraction(q) for q in row] for row in form]


def identity(dim, factor=1):
    return [[Fraction(factor) * (i == j) for j in range(dim)] for i in range(dim)]


def copositive(form):
    """Hadeler 1983: all principal submatrices are, and it is not the case that det < 0 and the adjugate is >= 0.

    Where det < 0 the adjugate is det times the inverse. A violated matrix of least order has these signs.
    """
    for size in range(1, len(form) + 1):
        for chosen in itertools.combinations(range(len(form)), size):
            part = to_flint([[Fraction(form[i][j]) for j in chosen] for i in chosen])
            if part.det() < 0 and all(q <= 0 for row in part.inv().tolist() for q in row):
                return False
    return True


def on_a_grid(form, steps=6):
    """The least value of the form on a grid of the simplex."""
    size = len(form)
    grid = (t for t in itertools.product(range(steps + 1), repeat=size) if sum(t) == steps)
    return min(sum(form[i][j] * t[i] * t[j] for i in range(size) for j in range(size)) for t in grid)


def test_the_oracle_knows_the_horn_matrix():
    assert copositive(HORN)
    assert not copositive([[q - Fraction(i == j == 0, 100) for j, q in enumerate(row)] for i, row in enumerate(HORN)])
    assert copositive([[0, 1], [1, 0]])
    assert not copositive([[0, -1], [-1, 5]])
    assert copositive([[1, -1], [-1, 1]])
    assert not copositive([[1, -1], [-1, Fraction(99, 100)]])


@pytest.mark.parametrize("seed", range(30))
def test_the_oracle_agrees_with_a_grid(seed):
    rng = random.Random(seed)
    size = rng.randint(1, 4)
    form = [[0] * size for _ in range(size)]
    for i in range(size):
        for j in range(i + 1):
            form[i][j] = form[j][i] = rng.randint(-2, 4) if i != j else rng.randint(0, 3)
    assert copositive(form) is (on_a_grid(form, 12) >= 0)


def dominated_on_cells(net, form):
    """Whether R^T (Q - a a^T) R is copositive on every cell, R its generators with a coordinate for constants."""
    for cell in tp.polyhedral_complex(net).cells:
        lines = [vector for line in cell.lineality for vector in (line, tuple(-q for q in line))]
        generators = [(1, *v) for v in cell.vertices] + [(0, *v) for v in (*cell.rays, *lines)]
        piece = cell.affine_map.forms[0]
        row = (piece.constant, *piece.gradient)
        table = to_flint([tuple(map(Fraction, g)) for g in generators])
        difference = [[-a * b for b in row] for a in row]
        for i, j in itertools.product(range(net.input_dim), repeat=2):
            difference[i + 1][j + 1] += Fraction(form[i][j])
        if not copositive(from_flint(table * to_flint(difference) * table.transpose())):
            return False
    return True


def check(net, form):
    """Decide, and verify the evidence; return the verdict."""
    verdict = tp.dominated_by_quadratic(net, form)
    if verdict.status == "refuted":
        x = verdict.witness
        size = sum(Fraction(q) * a * b for row, a in zip(form, x, strict=True) for q, b in zip(row, x, strict=True))
        value = net(x)
        assert verdict.detail["values"] == ((value[0] if isinstance(value, tuple) else value) ** 2, size)
        assert verdict.detail["values"][0] > size
    else:
        assert verdict.status == "proved"
        assert 0 <= verdict.detail["least_factor"] <= 1
        assert verdict.detail["cells"] >= 1
    return verdict


def random_form(rng, dim):
    """A Gram matrix, often singular, sometimes made indefinite."""
    root = to_flint([[Fraction(rng.randint(-3, 3)) for _ in range(dim)] for _ in range(rng.randint(1, dim + 1))])
    form = [list(row) for row in from_flint(root.transpose() * root)]
    if rng.random() < 0.15:
        form[0][0] -= rng.randint(1, 3)
    return form


def least_bound(net, form):
    """The least c such that f^2 <= c x^T Q x is proved, if it is proved for any."""
    verdict = check(net, scaled(form, 10**12))
    return verdict.detail["least_factor"] * 10**12 if verdict.status == "proved" else None


@pytest.mark.parametrize("seed", range(64))
def test_agrees_with_copositivity_on_every_cell(seed):
    """Biases, duplicates, dead units, lineality and constant networks come with the cases."""
    case = random_case(seed % 4 + 8 * (seed // 4))  # in one and two dimensions
    net = tp.ReLUNetwork.from_arrays(case.weights, case.biases, case.slopes).output(0)
    rng = random.Random(seed)
    form = random_form(rng, net.input_dim)
    if rng.random() < 0.5:
        net = tp.ReLUNetwork.from_arrays(case.weights, None, case.slopes).output(0)
    for factor in (1, 100):
        assert (check(net, scaled(form, factor)).status == "proved") is dominated_on_cells(net, scaled(form, factor))
    least = least_bound(net, form)
    if least:
        assert check(net, scaled(form, least)).detail["least_factor"] == 1
        assert check(net, scaled(form, least * (1 - Fraction(1, 10**12)))).status == "refuted"
        assert dominated_on_cells(net, scaled(form, least))


@pytest.mark.parametrize("seed", range(8))
def test_agrees_with_z3(seed):
    rng = random.Random(seed)
    first = [[rng.randint(-2, 2) for _ in range(2)] for _ in range(2)]
    last = [[rng.choice((-2, -1, 1, 2)) for _ in range(2)]]
    biases = [[rng.randint(-1, 0) for _ in range(2)], [0]] if seed % 2 else None
    net = tp.ReLUNetwork.from_arrays([first, last], biases)
    x = z3.Reals("x y")
    bias = biases[0] if biases else [0, 0]
    units = [sum(w * v for w, v in zip(row, x, strict=True)) + b for row, b in zip(first, bias, strict=True)]
    output = sum(a * z3.If(u > 0, u, 0) for a, u in zip(last[0], units, strict=True))
    least = least_bound(net, [[1, "1/2"], ["1/2", 1]])
    for q in (Fraction(4), *((least, least * Fraction(999, 1000)) if least else ())):
        solver = z3.Solver()
        solver.add(output * output > z3.Q(*q.as_integer_ratio()) * (x[0] * x[0] + x[0] * x[1] + x[1] * x[1]))
        status = check(net, [[q, q / 2], [q / 2, q]]).status
        assert solver.check() == (z3.sat if status == "refuted" else z3.unsat)


@pytest.mark.parametrize(
    "net",
    [
        ABSOLUTE,
        tp.ReLUNetwork.from_arrays([[[1, 1, 0]], [[-1]]]),
        instances.parity(2, 3, seed=0),
        instances.parity(3, 3, seed=None),
        instances.h6(2, seed=None),
        instances.h4(4, seed=None),
        *(instances.random_network(2, (4, 3), dim=2 + seed, seed=seed) for seed in range(3)),
        instances.random_network(3, (5,), dim=3, seed=0),
    ],
)
def test_the_sphere_gives_the_least_multiple_of_the_identity(net):
    squared = tp.sphere_maximum(net).squared
    assert check(net, identity(net.input_dim, squared)).detail["least_factor"] == 1
    assert check(net, identity(net.input_dim, squared * (1 + Fraction(1, 10**15)))).status == "proved"
    assert check(net, identity(net.input_dim, squared * (1 - Fraction(1, 10**15)))).status == "refuted"


def test_equality_is_attained_only_at_infinity():
    """relu(x - 1)^2 < x^2, and the ratio tends to 1; with a slope 1 + 1/1000 the bound fails far out."""
    ramp = tp.ReLUNetwork.from_arrays([[[1]], [[1]]], [[-1], [0]])
    assert check(ramp, [[1]]).detail["least_factor"] == 1
    steep = tp.ReLUNetwork.from_arrays([[[1]], [["1001/1000"]]], [[-1], [0]])
    assert check(steep, [[1]]).witness[0] > 1000


def test_a_bump_between_vertices_is_seen():
    """The hat of height 1 at 2 exceeds c x^2 first at a point of the flank: tangency at its top, 1 = 4c."""
    hat = tp.ReLUNetwork.from_arrays([[[1], [1], [1]], [[1, -2, 1]]], [[-1, -2, -3], [0]])
    assert check(hat, [["1/4"]]).detail["least_factor"] == 1
    assert check(hat, [["249/1000"]]).status == "refuted"


def test_a_tangency_inside_a_cell():
    """x + y on the plane, Q = diag(1, 2): the ratio is largest at (2, 1), where it is 9/6."""
    plane = tp.ReLUNetwork.from_arrays([[[1, 1]]])
    assert check(plane, [[4, 0], [0, 8]]).detail["least_factor"] == Fraction(3, 8)
    assert check(plane, [[1, 0], [0, 2]]).status == "refuted"


@pytest.mark.parametrize(
    ("net", "form", "status"),
    [
        (tp.ReLUNetwork.from_arrays([[[0, 0]], [[1]]]), [[0, 0], [0, 0]], "proved"),
        (tp.ReLUNetwork.from_arrays([[[0, 0]], [[1]]]), [[1, 2], [2, 1]], "refuted"),
        (tp.ReLUNetwork.from_arrays([[[0, 0]], [[1]]], [[2], [0]]), identity(2, 10**9), "refuted"),
        (tp.ReLUNetwork.from_arrays([[[0]]], [["1/1000"]]), [[1]], "refuted"),
        (ABSOLUTE, [[0]], "refuted"),
        (ABSOLUTE, [[-1]], "refuted"),
        (ABSOLUTE, [[1]], "proved"),
        (tp.ReLUNetwork.from_arrays([[[1, 1]], [[1]]]), [[1, 1], [1, 1]], "proved"),
        (tp.ReLUNetwork.from_arrays([[[1, 0]], [[1]]]), [[1, 1], [1, 1]], "refuted"),
        (tp.ReLUNetwork.from_arrays([[[1, 0], [0, 1]], [[1, 1]]]), [[1, 1], [1, 1]], "refuted"),
        (tp.ReLUNetwork.from_arrays([[[1, -1]], [[1]]], [[-1], [0]]), [[1, -1], [-1, 1]], "proved"),
        (tp.ReLUNetwork.from_arrays([[[1, -1]], [[1]]], [[1], [0]]), [[1, -1], [-1, 1]], "refuted"),
    ],
)
def test_degenerate_functions_and_forms(net, form, status):
    assert check(net, form).status == status


def test_every_kind_of_function():
    net = instances.random_network(2, (4,), dim=2, seed=2)
    form = [[50, 7], [7, 40]]
    expected = check(net, form).detail["least_factor"]
    for other in (tp.to_lattice_polynomial(net), tp.to_tropical_rational_map(net)):
        assert check(other, form).detail["least_factor"] == expected
    polynomial = tp.TropicalPolynomial([tp.AffineForm([3]), tp.AffineForm([-4], -1)])
    assert check(polynomial, [[16]]).status == "proved"
    assert check(polynomial, [["63/4"]]).status == "refuted"


def test_a_hidden_subspace_and_a_form_that_is_not_definite_on_its_kernel():
    """x^T Q x >= F(z)^2 with Q = c times the projector's Gram form, which vanishes beside the relevant subspace."""
    net = instances.h6(12, seed=0)
    rows = net.layers[0].weight
    basis = to_flint([rows[0], rows[2]])
    form = from_flint(basis.transpose() * (basis * basis.transpose()).inv() * basis)
    assert check(net, scaled(form, Fraction(676, 25))).detail["least_factor"] == 1
    assert check(net, scaled(form, Fraction(675, 25))).status == "refuted"


def test_the_budget():
    verdict = tp.dominated_by_quadratic(instances.h4(4, seed=None), identity(4), budget=tp.Budget(cells=3))
    assert verdict.status == "unknown"
    assert "3 cells" in verdict.detail["reason"]
    assert verdict.detail["cells"] == 3


@pytest.mark.parametrize(
    ("form", "message"),
    [
        ([[1, 0]], "1 x 1 matrix"),
        ([[1], [1]], "1 x 1 matrix"),
        ([], "1 x 1 matrix"),
        ([[math.nan]], "finite"),
    ],
)
def test_refuses_forms(form, message):
    with pytest.raises(ValueError, match=message):
        tp.dominated_by_quadratic(ABSOLUTE, form)


def test_refuses_asymmetric_forms_and_several_outputs():
    with pytest.raises(ValueError, match=r"symmetric, entries \(1, 0\)"):
        tp.dominated_by_quadratic(tp.ReLUNetwork.from_arrays([[[1, 1]]]), [[1, 2], [3, 1]])
    with pytest.raises(ValueError, match="one output"):
        tp.dominated_by_quadratic(tp.ReLUNetwork.from_arrays([[[1], [1]]]), [[1]])
