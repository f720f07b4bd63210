"""Every public value, small, large and degenerate: short to print, and the same when pickled or copied, used or not."""

import contextlib
import copy
import functools
import inspect
import pickle
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction

import numpy as np
import pytest

import learning as ln
import tropical as tp
from learning import lemmas, literal
from oracles.degenerate_networks import BIASED, HOMOGENEOUS

HUGE = Fraction(10**5000 + 1, 7)  # Python refuses to write its numerator
LARGE = {"dual_clauses", "f_vector", "faces", "generators", "facet_cells", "input_kernel"}  # of a large value
WITHOUT_INSTANCES = {"LabelOracle", "Algebra", "Function"}  # protocols

arrays = tp.ReLUNetwork.from_arrays
form = tp.AffineForm


def wide_network(units=8):
    rng = np.random.default_rng(0)
    return arrays([rng.integers(-9, 9, (b, a)) for a, b in ((784, units), (units, 32), (32, 10))])


MAXIMUM = arrays([[[1, -1], [0, 1], [0, -1]], [[1, 1, -1]]])
TWO_LAYERS = arrays([[[1, 2], [3, -1]], [[1, 1], [1, -1]], [[1, 1], [0, 1]]], [[1, 0], [0, 1], None])
UNIT_BOX = tp.Box([0, 0], [1, HUGE])
MANY_CELLS = arrays([[[1, k] for k in range(1, 40)], [[1] * 39]], [[k * k for k in range(39)], [HUGE]])
PLANAR_IN_99 = TWO_LAYERS.compose(tp.AffineMap((form([1] * 99), form(range(99)))))
WIDE_FORM = form([HUGE, *range(1, 784)], -HUGE)
POLYNOMIAL = tp.TropicalPolynomial.from_terms({(k, k * k): HUGE * k for k in range(30)})
CURVE = tp.TropicalPolynomial.from_terms({(i, j): -i * i - j * j for i in range(5) for j in range(5)})
LATTICE = tp.LatticePolynomial([form([1, 0]), form([0, 1]), form([0, 0], HUGE)], [[0, 1], [2]])
STRIP = tp.Polyhedron([form([1, 1]), form([-1, -1], HUGE)])


@functools.cache
def sample():
    return ln.GaussianOracle(MAXIMUM, seed=1).sample(400)


@functools.cache
def learner():
    return ln.LatticePolynomialRegressor().fit(*sample())


@functools.cache
def literal_result():
    oracle = ln.GaussianOracle(arrays([[["3/5", "-4/5", 0]], [[1]]]))
    grid = functools.partial(literal.NetworkGrid, widths=(1,))
    return literal.literal_filtered_pca(oracle.sample, 3, grid, rank=1, lipschitz=1)


def bounded():
    return [
        extremum(MANY_CELLS, where, tp.Budget(cells=1))
        for extremum in (tp.maximum, tp.minimum)
        for where in (None, UNIT_BOX)
    ]


def complexes():
    nets = [MAXIMUM, TWO_LAYERS, MANY_CELLS, PLANAR_IN_99, BIASED["constant"], HOMOGENEOUS["duplicates"]]
    found = [tp.polyhedral_complex(net, budget=tp.Budget(cells=50), route="rational") for net in nets]
    return [*found, tp.polyhedral_complex(TWO_LAYERS, UNIT_BOX)]


def complete():
    return [cx for cx in complexes() if cx.complete]


def moments():
    half_plane = tp.Polyhedron([form([3, 4])])
    return [tp.gaussian_moments(half_plane), tp.gaussian_moments(tp.Box([0, 0], [1, 1]))]


def exceptions(kind):
    return [kind("plain"), kind("long " * 1000)]


VALUES = {
    "AffineForm": lambda: [form([1, "-1/2"], 3), form([]), WIDE_FORM],
    "AffineMap": lambda: [tp.AffineMap((form([1, 0]), form([0, 1]))), tp.AffineMap((WIDE_FORM,) * 40)],
    "BoundaryPiece": lambda: [piece for cx in complete() for piece in tp.decision_boundary(cx, level=1)[:3]],
    "Box": lambda: [tp.Box([-1], ["3/2"]), UNIT_BOX, tp.Box([-HUGE] * 6, [HUGE] * 6)],
    "Budget": lambda: [tp.Budget(), tp.Budget(seconds=0.5, cells=10**5000, bytes=3)],
    "BudgetExhausted": lambda: exceptions(tp.BudgetExhausted),
    "Cell": lambda: [cx.cells[i] for cx in complexes() for i in (0, -1)],
    "Disagreement": lambda: [tp.disagreement(MAXIMUM, MAXIMUM), tp.disagreement(MAXIMUM, LATTICE)],
    "DualCell": lambda: [*tp.tropical_hypersurface(CURVE).cells[0], *tp.tropical_hypersurface(POLYNOMIAL).regions],
    "Enclosure": lambda: [tp.Enclosure(Fraction(1, 3), Fraction(1, 2)), tp.Enclosure(-HUGE, HUGE)],
    "EssentialTerm": lambda: [tp.EssentialTerm(0, (HUGE,) * 784), *tp.term_evidence(CURVE)],
    "Estimate": lambda: [tp.Estimate(0.5, 0.25, 0.75, 0.99, 1000)],
    "Extremum": lambda: [tp.maximum(MAXIMUM), tp.maximum(TWO_LAYERS.output(0), UNIT_BOX), *bounded()],
    "FilteredMoments": lambda: [tp.filtered_moments(MAXIMUM, threshold=1)],
    "FormatError": lambda: exceptions(tp.FormatError),
    "GaussianMoments": moments,
    "InessentialTerm": lambda: [tp.term_evidence(tp.TropicalPolynomial.from_terms({(k,): 0 for k in range(3)}))[1]],
    "IrredundantForm": lambda: [tp.irredundant(LATTICE)],
    "LatticePolynomial": lambda: [
        LATTICE,
        tp.LatticePolynomial.from_form(WIDE_FORM),
        tp.LatticePolynomial([WIDE_FORM * k for k in range(1, 30)], [[k] for k in range(29)]),
    ],
    "Layer": lambda: [*TWO_LAYERS.layers, *wide_network().layers, arrays([[[HUGE]]]).layers[0]],
    "LinearRegion": lambda: [region for cx in complete() for region in tp.linear_regions(cx)[:3]],
    "LipschitzConstant": lambda: [
        tp.lipschitz_constant(MAXIMUM),
        tp.lipschitz_constant(TWO_LAYERS),
        tp.lipschitz_constant(MANY_CELLS, budget=tp.Budget(cells=2)),
    ],
    "PolyhedralComplex": complexes,
    "Polyhedron": lambda: [STRIP, tp.Polyhedron([form([HUGE, *range(1, 60)], -HUGE)])],
    "Polytope": lambda: [tp.Polytope([(0, HUGE)]), tp.newton_polytope(CURVE), tp.newton_polytope(POLYNOMIAL)],
    "ReLUNetwork": lambda: [
        MAXIMUM,
        TWO_LAYERS,
        wide_network(units=64),
        arrays([[[HUGE]]]),
        arrays([[[1]]] * 300),
        *HOMOGENEOUS.values(),
        *BIASED.values(),
    ],
    "FaceComplex": lambda: [tp.dual_subdivision(POLYNOMIAL).face_complex],
    "RegularSubdivision": lambda: [tp.dual_subdivision(p) for p in (CURVE, POLYNOMIAL)],
    "SphereMaximum": lambda: [tp.sphere_maximum(MAXIMUM)],
    "TropicalHypersurface": lambda: [tp.tropical_hypersurface(p) for p in (CURVE, POLYNOMIAL)],
    "TropicalPolynomial": lambda: [CURVE, POLYNOMIAL, tp.TropicalPolynomial([WIDE_FORM])],
    "TropicalRationalMap": lambda: [
        tp.to_tropical_rational_map(MAXIMUM),
        tp.TropicalRationalMap([POLYNOMIAL] * 40, [CURVE] * 40),
    ],
    "Value": lambda: [POLYNOMIAL],
    "AssumedReLUWarning": lambda: exceptions(tp.AssumedReLUWarning),
    "Verdict": lambda: [
        tp.equivalent(MAXIMUM, MAXIMUM),
        tp.equivalent(MAXIMUM, LATTICE),
        tp.Verdict("unknown", detail={"reason": "long " * 1000, "values": ((HUGE,), (HUGE,))}),
        *(lemmas.check(label, MAXIMUM) for label in ("L1", "L2", "L6")),
    ],
    "DisagreementReport": lambda: [ln.verify_recovery(MAXIMUM, LATTICE).disagreement],
    "FilteredPCA": lambda: [ln.FilteredPCA(), ln.FilteredPCA().fit(*sample())],
    "GaussianOracle": lambda: [ln.GaussianOracle(MAXIMUM, seed=3), ln.GaussianOracle(wide_network().output(0))],
    "HiddenLayer": lambda: [ln.hidden_layer_of(MAXIMUM), ln.hidden_layer_of(MANY_CELLS)],
    "HiddenLayerReport": lambda: [
        ln.one_hidden_layer(MAXIMUM),
        ln.one_hidden_layer(LATTICE),
        ln.one_hidden_layer(MANY_CELLS, budget=tp.Budget(cells=1)),
    ],
    "HiddenUnit": lambda: [*ln.hidden_layer_of(MANY_CELLS).units, ln.HiddenUnit((1, 2), HUGE, HUGE)],
    "JumpWitness": lambda: [ln.one_hidden_layer(LATTICE).witness],
    "LatticePolynomialRegressor": lambda: [ln.LatticePolynomialRegressor(), learner()],
    "MissingMass": lambda: [ln.MissingMass("unproven", 0.25, (0.0, 1.0), np.arange(7840.0).reshape(10, 784))],
    "CoarseLabelsWarning": lambda: exceptions(ln.CoarseLabelsWarning),
    "NonGaussianWarning": lambda: exceptions(ln.NonGaussianWarning),
    "PassRecord": lambda: learner().passes_,
    "RecoveryReport": lambda: [
        ln.verify_recovery(MAXIMUM, learner()),
        ln.verify_recovery(MAXIMUM, LATTICE),
        ln.RecoveryReport("unknown", detail={"reason": "long " * 1000}),
    ],
    "Claim": lambda: lemmas.check("L2", MAXIMUM).detail["claims"],
    "Evidence": lambda: [lemmas.Evidence((lemmas.Hypothesis("holds", True),), choices={"threshold": HUGE})],
    "FalseNeighbour": lambda: [bad for lemma in lemmas.LEMMAS.values() for bad in lemma.neighbours],
    "Hypothesis": lambda: [lemmas.Hypothesis("long " * 1000, True)],
    "Lemma": lambda: [*lemmas.LEMMAS.values()],
    "Setting": lambda: [lemmas.Setting(), lemmas.Setting(threshold=HUGE, other=wide_network())],
    "Subject": lambda: [lemmas.Subject(MAXIMUM)],
    "Sweep": lambda: [lemmas.sweep("h6", range(3), ["L2"])],
    "LatticeGrid": lambda: [literal.LatticeGrid(1, pieces=2)],
    "LiteralPass": lambda: literal_result().passes,
    "LiteralResult": lambda: [literal_result()],
    "NetworkGrid": lambda: [literal.NetworkGrid(1, widths=(1,))],
    "WorstCase": lambda: [
        literal.worst_case(
            6, literal.LatticeGrid(1, pieces=2), rank=1, lipschitz=1.0, accuracy=0.5, level=0.1, passes=2
        )
    ],
}


def public_classes():
    for package in (tp, ln, lemmas, literal):
        for name in package.__all__:
            found = getattr(package, name)
            if inspect.isclass(found):
                yield name, found


def used(value):
    """The value, once everything that it tells without arguments has been asked."""
    for name, attribute in inspect.getmembers_static(type(value)):
        if name.startswith("_") or name in LARGE:
            continue
        with contextlib.suppress(ValueError, AttributeError):  # of what this value does not have
            answer = getattr(value, name)
            if inspect.isfunction(attribute) and not inspect.signature(answer).parameters:
                answer()
    return value


def same(one, other):
    if isinstance(one, BaseException):
        return (type(one), one.args) == (type(other), other.args)
    if isinstance(one, ln.GaussianOracle):
        pairs = zip(copy.deepcopy(one).sample(5), copy.deepcopy(other).sample(5), strict=True)
        return type(other) is type(one) and all(np.array_equal(a, b) for a, b in pairs)
    if isinstance(one, ln.FilteredPCA | ln.LatticePolynomialRegressor):
        answer = one.transform if isinstance(one, ln.FilteredPCA) else one.predict
        fitted = hasattr(one, "passes_")
        return vars(one).keys() == vars(other).keys() and (
            not fitted or np.array_equal(answer(sample()[0]), getattr(other, answer.__name__)(sample()[0]))
        )
    if isinstance(one, literal.LiteralResult):
        return np.array_equal(one.frame, other.frame) and one.passes == other.passes
    if isinstance(one, lemmas.Subject):
        return one.network == other.network
    if isinstance(one, lemmas.Lemma | lemmas.FalseNeighbour):  # which hold functions
        return one.statement == other.statement
    return type(one) is type(other) and one == other


def test_every_public_class_has_instances():
    assert {name for name, _ in public_classes()} - set(VALUES) == WITHOUT_INSTANCES
    for name, kind in public_classes():
        if name in VALUES:
            assert any(isinstance(value, kind) for value in VALUES[name]()), name


@pytest.mark.parametrize("name", VALUES)
def test_short_to_print_and_the_same_after_pickling_and_copying(name):
    for value in VALUES[name]():
        before = pickle.dumps(value)
        if not isinstance(value, BaseException):
            assert 0 < len(repr(value)) <= 200
            assert len(repr(used(value))) <= 200
        copies = [pickle.loads(before), pickle.loads(pickle.dumps(value)), copy.copy(value), copy.deepcopy(value)]
        assert all(same(value, twin) for twin in copies)
        if not isinstance(value, BaseException):
            assert len(repr(used(copies[0]))) <= 200
            assert same(value, copies[0])
        if value == copies[0] and type(value).__hash__ is not None:
            assert len({hash(twin) for twin in (value, *copies)}) == 1


def test_values_stay_frozen():
    for twin in (pickle.loads(pickle.dumps(tp.equivalent(MAXIMUM, LATTICE))), copy.deepcopy(tp.Verdict("unknown"))):
        with pytest.raises(AttributeError):
            twin.status = "proved"
        with pytest.raises(TypeError):
            twin.detail["values"] = ()


def test_pickles_hold_no_caches():
    net = wide_network()
    before = len(pickle.dumps(net))
    net([1] * 784)
    used(net)
    assert len(pickle.dumps(net)) == before


def test_all_of_them_through_a_pool_of_processes():
    values = [used(value) for make in VALUES.values() for value in make()]
    with ProcessPoolExecutor(1) as pool:
        back = [*pool.map(used, values, chunksize=64)]
    assert all(same(value, twin) for value, twin in zip(values, back, strict=True))


def test_unequal_values_are_told_apart():
    first, second = complexes()[:2]
    assert first == tp.polyhedral_complex(MAXIMUM) != second
    assert first != tp.polyhedral_complex(MAXIMUM, budget=tp.Budget(cells=1))
    assert first.cells[0] == complexes()[0].cells[0] != first.cells[1]
    assert first != "complex"
    assert first.cells[0] != "cell"
    mass = VALUES["MissingMass"]()[0]
    assert mass != ln.MissingMass(mass.kind, mass.share, mass.interval, mass.points + 1)
    assert mass != "mass"
