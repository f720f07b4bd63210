"""Wrong arguments of every public name end in one TypeError or ValueError that names the argument and what was seen."""

import inspect
import math
import re
import types
from fractions import Fraction

import numpy as np
import pytest

import learning as ln
import tropical as tp
from learning import lemmas, literal
from oracles import valid_calls as valid
from tropical.functions.float_evaluation import rounded_arrays

PACKAGES = {tp: valid.TROPICAL_CALLS, ln: valid.LEARNING_CALLS, lemmas: valid.LEMMA_CALLS, literal: valid.LITERAL_CALLS}
CALLS = {f"{package.__name__}.{name}": call for package, own in PACKAGES.items() for name, call in own.items()}

RECORDS = {  # what the packages make and callers only read: they hold what they are given
    "BoundaryPiece", "Cell", "Claim", "Disagreement", "DisagreementReport", "DualCell", "EssentialTerm", "Estimate",
    "Evidence", "Extremum", "FaceComplex", "FalseNeighbour", "FilteredMoments", "GaussianMoments",
    "HiddenLayerReport", "Hypothesis",
    "InessentialTerm", "IrredundantForm", "JumpWitness", "Lemma", "LinearRegion", "LipschitzConstant", "LiteralPass",
    "LiteralResult", "MissingMass", "PassRecord", "PolyhedralComplex", "RecoveryReport", "RegularSubdivision",
    "SphereMaximum", "Sweep", "TropicalHypersurface", "WorstCase",
}  # fmt: skip
NO_CALLS = {"AssumedReLUWarning", "BudgetExhausted", "FormatError", "CoarseLabelsWarning", "NonGaussianWarning"}
NO_CALLS |= {"LabelOracle", "Value", "Algebra", "Function"}


def _nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


WRONG = {
    "None": None,
    "0": 0,
    "-1": -1,
    "True": True,
    "1.5": 1.5,
    "nan": math.nan,
    "inf": math.inf,
    "10^400": 10**400,
    "empty text": "",
    "text": "abc",
    "bytes": b"ab",
    "empty list": [],
    "dict": {},
    "dict of text": {"a": 1},
    "set": {1, 2},
    "object": object(),
    "complex number": 1j,
    "complex array": np.array([[1j, 2], [3, 4]]),
    "array of NaN": np.full((2, 2), np.nan),
    "masked array": np.ma.masked_array([[1.0, 2.0]], mask=[[1, 0]]),
    "ragged list": [[1, 2], [3]],
    "empty array": np.empty((0, 2)),
    "scalar array": np.array(1.5),
    "list of None": [None],
    "list of text": ["abc"],
    "deep list": _nested(5000),
    "function": len,
    "class": int,
    "module": math,
    "network on space": valid.SPACE,
    "two outputs": valid.TWO,
    "Box in space": tp.Box([0, 0, 0], [1, 1, 1]),
    "Cell in space": tp.polyhedral_complex(valid.SPACE).cells[0],
    "point in the plane": tp.Box([1, 2], [1, 2]),
    "AffineForm on space": tp.AffineForm([1, 2, 3]),
    "complex": valid.BOUNDED,
    "Verdict": valid.VERDICT,
}

NUMBERS = ("0", "-1", "True", "1.5", "10^400")
NOTHING = ("empty list", "empty array")
NETWORKS = ("network on space", "two outputs")
CALLABLE = ("function", "class", *NETWORKS, "AffineForm on space")

RIGHT = {  # values above that are right after all, by the arguments that may have them
    "an optional argument": (
        ("None",),
        "domain budget default progress ax directions executor path seed random_state threshold above below points "
        "rounding subspace pieces seconds cells bytes output g f net v other truth certificate witness biases slopes "
        "symbols origin layers labels exact finer tolerance input_shape",
    ),
    "True for a flag": (("True",), "volume increasing prune exact neighbours labels cells"),
    "a rational number": (NUMBERS, "constant value level threshold above below bound step start end bias jump"),
    "a number": (("0", "-1", "1.5", "10^400"), "lower upper explode error lipschitz accuracy gap ambiguity seconds"),
    "one complex number, or numbers in an array": (("complex number", "scalar array"), "start end error"),
    "a count or bound, however large": (
        ("10^400",),
        "cells bytes samples scale max_denominator coordinates seed random_state",
    ),
    "no limit, and the maximum norm": (("inf",), "seconds norm"),
    "the first, or none of them": (
        ("0",),
        "index output coordinate n dimension max_queries seed random_state",
    ),
    "nothing to do, or a space of dimension 0": (
        NOTHING,
        "gradient points basis subspace pieces X Z evidence clause_points values units terms normal families seeds "
        "labels truth",
    ),
    "an empty mapping": (("dict", "dict of text"), "families detail certificate f g"),
    "checked later, with the network or by the checker": (("ragged list",), "subspace pieces clause_points"),
    "float64 evaluation takes NaN": (("array of NaN",), "X"),
    "slopes of one layer": (("list of None",), "slopes"),
    "a text": (("text", "empty text"), "text reason label path"),
    "a function, which is not called beforehand": (
        CALLABLE,
        "integrand progress make_batches draw candidates finer oracle",
    ),
    "another function": (("AffineForm on space", *NETWORKS), "f g net network obj form hyperplane other truth"),
    "a network whose outputs are the inputs of the one after it": (("two outputs",), "inner"),
    "another object of the same kind": (
        ("complex", "Box in space", "Cell in space", "point in the plane", "Verdict"),
        "cx obj region verdict domain",
    ),
}

ALSO_CALLED = {  # what a message may call an argument by
    "affine": ["unit"],
    "biases": ["bias"],
    "cell": ["polytope"],
    "data": ["document"],
    "fitted": ["pass"],
    "index": ["output"],
    "point": ["x must", "x0 must"],
    "points": ["x must", "x0 must"],
    "results": ["verdict"],
    "rows": ["term"],
    "terms": ["gradient"],
}

SLOW = {  # what would be done, and takes long
    ("learning.lemmas.check_all", "labels", "None"),
    ("learning.lemmas.sweep", "labels", "None"),
    ("learning.lemmas.sweep", "neighbours", "True"),
    ("learning.literal.literal_filtered_pca", "repetitions", "10^400"),
    ("tropical.filtered_moments", "above", "10^400"),
    ("tropical.enclosed_integral", "start", "10^400"),
    ("tropical.enclosed_integral", "end", "10^400"),
}

PYTHONS_OWN = re.compile(  # what Python and NumPy say of a value that nobody has looked at
    r"^('\w+' object|object of type|unsupported operand|'[<>]=?' not supported|cannot unpack|too many values|"
    r"\w+ argument after|can't multiply|bad operand|only .* arrays|setting an array element|could not convert|"
    r"invalid literal|unhashable)"
)


def _may_be_right(name, argument, label):
    return any(label in labels and argument in arguments.split() for labels, arguments in RIGHT.values())


def _says(message, arguments, value):
    """Whether the message names an argument, or the value's type."""
    words = re.sub(r"[^a-z0-9]", "", message.lower())
    names = [name for argument in arguments for name in (argument, *ALSO_CALLED.get(argument, ()))]
    return type(value).__name__ in message or any(re.sub(r"[^a-z0-9]|s$", "", name.lower()) in words for name in names)


def _complaint(name, argument, label):
    """What is wrong with the answer to one wrong value, or None."""
    function, arguments = CALLS[name]
    value = WRONG[label]
    try:
        function(**{**arguments, argument: value})
    except (TypeError, ValueError) as error:
        message = str(error)
        if _may_be_right(name, argument, label):
            return None
        if PYTHONS_OWN.match(message) or len(message) > 500:
            return f"bare {type(error).__name__}: {message[:100]}"
        return None if _says(message, arguments, value) else f"says neither name nor value: {message[:100]}"
    except OSError as error:
        return None if argument == "path" else f"{type(error).__name__}: {error}"
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:100]}"
    return None if _may_be_right(name, argument, label) else "accepted"


@pytest.fixture
def files(tmp_path, monkeypatch):
    """The files that the calls name, and no figure left open."""
    import matplotlib.pyplot as plt

    monkeypatch.chdir(tmp_path)
    tp.save_network(valid.NET, "net.json")
    tp.save_network(valid.PLAIN, "net.nnet")
    tp.save_lattice_polynomial(valid.LATTICE, "lattice.json")
    tp.save_certificate(valid.EQUALITY, "certificate.json")
    yield
    plt.close("all")


def _optional(name):
    """Skip what a package is missing for."""
    for ending, package in (("from_torch", "torch"), ("_html", "plotly"), ("_table", "pandas")):
        if name.endswith(ending):
            pytest.importorskip(package)


COSTLY = {"tropical.from_torch", "tropical.regions_html", "tropical.surface_html"}  # imports of seconds, pages of 5 MB


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=[pytest.mark.exhaustive] if n in COSTLY else []) for n in CALLS]
)
def test_a_wrong_argument_is_named(name, files):
    _optional(name)
    function, arguments = CALLS[name]
    if name != "tropical.from_torch":
        function(**arguments)
    combinations = [(argument, label) for argument in arguments for label in WRONG]
    found = {
        f"{argument} = {label}": complaint
        for argument, label in combinations
        if (name, argument, label) not in SLOW and (complaint := _complaint(name, argument, label))
    }
    assert not found, "\n".join(f"{what}: {complaint}" for what, complaint in found.items())


HALF = tp.Polyhedron([tp.AffineForm([1, 0]), tp.AffineForm([0, 0])])  # x0 >= 0 and 0 >= 0
FAR = 17 * 10**17
KEPT = {  # faults that were found by hand, with a word of what is said now
    "a clause names no index": (lambda: tp.LatticePolynomial(valid.FORMS, [[0.9], [1]]), "integer"),
    "a budget is no number": (lambda: tp.equivalent(valid.NET, valid.NET, budget=0), "budget"),
    "an empty domain": (lambda: tp.to_smtlib(valid.NET, domain=[]), "domain"),
    "a view beyond float64": (lambda: tp.plot_regions(valid.NET, tp.Box([FAR] * 2, [FAR + 100] * 2)), "float64"),
    "a surface beyond float64": (lambda: tp.plot_surface(valid.NET, tp.Box([10**17] * 2, [10**17 + 1] * 2)), "float64"),
    "samples beyond memory": (lambda: ln.GaussianOracle(valid.PLAIN).sample(10**15), "memory"),
    "a path that is an open file": (lambda: tp.load_certificate(0), "path"),
    "the state of scikit-learn": (
        lambda: ln.FilteredPCA(random_state=np.random.RandomState(0)).fit(valid.SAMPLES, valid.LABELS),
        "random_state",
    ),
    "samples without moments": (lambda: ln.FilteredPCA().fit(1e150 * valid.SAMPLES, valid.LABELS), "X must"),
    "an oracle without labels": (
        lambda: ln.LatticePolynomialRegressor(queries="allowed").fit(
            valid.SAMPLES, valid.LABELS, oracle=lambda points: "none"
        ),
        "query must return",
    ),
    "a learner that has not learned": (
        lambda: ln.verify_recovery(valid.PLAIN, ln.LatticePolynomialRegressor()),
        "fitted",
    ),
    "a network for a complex": (lambda: tp.linear_regions(valid.NET), r"cx must be .* polyhedral_complex\(net\)"),
    "pieces of a network": (lambda: tp.affine_pieces(valid.NET), r"cx must be .* polyhedral_complex\(net\)"),
    "a network for a polynomial": (lambda: tp.newton_polytope(valid.NET), r"p must be .* to_tropical_rational_map"),
    "the hypersurface of a network": (lambda: tp.tropical_hypersurface(valid.NET), "to_tropical_rational_map"),
    "the curve of a network": (lambda: tp.plot_tropical_curve(valid.NET), "to_tropical_rational_map"),
    "clauses of a network": (lambda: tp.plot_lattice_clauses(valid.NET), r"to_lattice_polynomial\(net\)"),
    "a matrix for a network": (
        lambda: tp.polyhedral_complex([[1]]),
        r"net must be a ReLUNetwork such as ReLUNetwork\.from_arrays",
    ),
    "seconds for a budget": (lambda: tp.equivalent(valid.NET, valid.NET, budget=5), r"Budget\(seconds=60\)"),
    "a pair for a box": (lambda: tp.maximum(valid.NET, ([0, 0], [1, 1])), r"domain must be a Box\(lower, upper\)"),
    "a pair for the box of a picture": (lambda: tp.plot_regions(valid.NET, ([0, 0], [1, 1])), r"Box\(lower, upper\)"),
    "pairs for the ends of a box": (lambda: tp.Box([(0, 1), (0, 1)], [1, 1]), r"lower\[0\] must be a rational"),
    "a complex for a domain": (lambda: tp.maximum(valid.NET, valid.BOUNDED), "domain must be"),
    "the domain in the place of a norm": (lambda: tp.lipschitz_constant(valid.NET, tp.Box([0], [1])), "norm must be"),
    "an affine form on another space": (lambda: tp.equivalent(valid.NET, tp.AffineForm([1])), "cannot be compared"),
    "a list within a matrix": (lambda: tp.ReLUNetwork.from_arrays([[[1, [2]]]]), r"weight\[0\]\[1\]"),
    "a box upside down": (lambda: tp.Box([0, 2], [1, 1]), r"lower\[1\] = 2 and upper\[1\] = 1"),
    "half-spaces that exclude each other": (lambda: tp.Box([0], [1]) & tp.Box([2], [3]), "is empty"),
    "another network": (lambda: lemmas.check("L5", valid.PLAIN, other=valid.SPACE), "other"),
}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", KEPT)
def test_what_was_accepted_or_bare_is_named(name, files):
    call, said = KEPT[name]
    with pytest.raises(ValueError, match=said):
        call()


def test_a_deep_expression_is_named():
    import sympy

    expression = valid.X
    for i in range(400):
        expression = sympy.Piecewise((expression, i < valid.X), (expression, True), evaluate=False)
    with pytest.raises(ValueError, match="nested too deeply"):
        tp.from_sympy(expression, [valid.X])


@pytest.mark.parametrize("box", [tp.Box([0] * 2, [Fraction(1, 10**170)] * 2), tp.Box([-(10**155)] * 2, [10**155] * 2)])
def test_boxes_near_the_ends_of_float64_are_drawn(box, files):
    assert tp.plot_regions(valid.NET, box).collections


def test_a_region_that_float64_takes_for_a_point_is_drawn(files):
    biases = [[-(0.1 + 0.2), -0.3, -0.6], [0]]
    net = tp.ReLUNetwork.from_arrays([[[1, 0], [0, 1], [1, 1]], [[1, 1, 1]]], biases)
    assert tp.plot_regions(net).collections


def test_a_half_space_that_says_nothing_is_left_out():
    assert tp.Polyhedron([tp.AffineForm([1, 0])]) == HALF
    assert tp.equivalent(valid.NET, valid.NET, HALF).status == "proved"
    assert tp.Polyhedron([tp.AffineForm([0, 0])]).contains([-1, 5])


@pytest.mark.filterwarnings("ignore")
def test_a_matrix_of_numpy_is_an_array():
    arrays = [np.array([[1.0, 2.0], [2.0, 1.0]]), np.array([[1.0, 1.0]])]
    net = tp.ReLUNetwork.from_arrays([np.asmatrix(array) for array in arrays])
    assert net == tp.ReLUNetwork.from_arrays(arrays)
    assert all(type(rounded_arrays(layer)[0]) is np.ndarray for layer in net.layers)


@pytest.mark.parametrize(("label", "weight"), [("L16", 10**80), ("L11", 10**160), ("L5", 10**160)])
def test_a_side_beyond_float64_has_a_tightness(label, weight):
    net = tp.ReLUNetwork.from_arrays([[[weight]], [[1]]])
    assert lemmas.check(label, net, budget=tp.Budget(seconds=3)).status in ("proved", "unknown")


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_every_public_callable_has_a_valid_call(package):
    for name in package.__all__:
        item = getattr(package, name)
        if not callable(item) or name in NO_CALLS:
            continue
        assert name in PACKAGES[package] or name in RECORDS, f"{name} needs an entry in tests/oracles/valid_calls.py"
        if inspect.isclass(item):
            for method, function in vars(item).items():
                known = f"{name}.{method}" in PACKAGES[package]
                assert known or not _takes_arguments(item, method, function), f"{name}.{method} needs a valid call"


def _takes_arguments(owner, method, function):
    """Whether this is a public method of the class itself with arguments; scikit-learn adds some of its own.

    ``build`` hands an algebra the function: what is wrong with an algebra shows in the algebra.
    """
    if (method.startswith("_") and method != "__call__") or method.startswith("set_") or method == "build":
        return False
    if not isinstance(function, types.FunctionType | classmethod | staticmethod):
        return False
    bound = isinstance(function, classmethod | staticmethod)
    return len(inspect.signature(getattr(owner, method)).parameters) > (0 if bound else 1)
