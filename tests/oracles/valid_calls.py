"""One small valid call of every public name, for tests that spoil its arguments one after the other."""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from typing import Any

import flint
import numpy as np
import sympy
from sklearn.preprocessing import StandardScaler

import learning as ln
import tropical as tp
from learning import lemmas, literal

Call = tuple[Callable[..., Any], dict[str, Any]]
X, Y = sympy.symbols("x y")

NET = tp.ReLUNetwork.from_arrays([[[1, 2], [3, -4]], [[1, 1]]], [[0, 1], [0]])
PLAIN = tp.ReLUNetwork.from_arrays([[[1, 2], [-1, -2]], [[1, 1]]])  # without biases
SPACE = tp.ReLUNetwork.from_arrays([[[1, 0, 0], [0, 1, 0], [0, 0, 1]], [[1, 1, 1]]])
TWO = tp.ReLUNetwork.from_arrays([[[1, 2], [3, -4]], [[1, 1], [1, 0]]])
FORM = tp.AffineForm([1, 0], 1)
FORMS = [tp.AffineForm([1, 0]), tp.AffineForm([0, 1]), tp.AffineForm([0, 0])]
LATTICE = tp.LatticePolynomial(FORMS, [[0, 1], [2]])
TROPICAL = tp.TropicalPolynomial(FORMS)
MAP = tp.TropicalRationalMap([TROPICAL], [TROPICAL])
BOX = tp.Box([-1, -1], [1, 1])
INNER = tp.AffineMap((tp.AffineForm([1], 1), tp.AffineForm([-1])))
COMPLEX = tp.polyhedral_complex(NET, BOX)
BOUNDED = tp.polyhedral_complex(SPACE, tp.Box([-1] * 3, [1] * 3))
CURVE = tp.tropical_hypersurface(TROPICAL)
EQUALITY = tp.equivalent(NET, NET).certificate
IRREDUNDANT = tp.irredundant(LATTICE)
SAMPLES, LABELS = ln.GaussianOracle(PLAIN, seed=0).sample(300)
ORACLE = ln.GaussianOracle(PLAIN, seed=0)
PCA = ln.FilteredPCA(max_passes=1).fit(SAMPLES, LABELS)
LEARNER = ln.LatticePolynomialRegressor(max_rounds=1).fit(SAMPLES, LABELS)
LAYER = ln.hidden_layer_of(PLAIN)
GRID = literal.NetworkGrid(1, widths=(1,))
SCALER = StandardScaler().fit(SAMPLES)
VERDICT = lemmas.check("L1", PLAIN)


def _budgeted(function: Callable[..., Any], **arguments: Any) -> Call:
    return function, {**arguments, "budget": tp.Budget(cells=1000), "progress": lambda cells: None}


def _on_domain(function: Callable[..., Any], **arguments: Any) -> Call:
    return _budgeted(function, **arguments, domain=BOX)


def _picture(function: Callable[..., Any], **arguments: Any) -> Call:
    return function, {**arguments, "ax": None}


@dataclass(frozen=True)
class _Drawn:
    """A stand-in that calls a drawing function of fresh batches."""

    sizes: tuple[int, int] = field(default=(150, 100))

    def __call__(self) -> Any:
        return ln.GaussianOracle(PLAIN, seed=0).batches(*self.sizes)


TROPICAL_CALLS: dict[str, Call] = {
    "AffineForm": (tp.AffineForm, {"gradient": [1, 2], "constant": 3}),
    "AffineForm.__call__": (FORM.__call__, {"x": [1, 2]}),
    "AffineForm.values": (FORM.values, {"x": [1, 2]}),
    "AffineForm.compose": (FORM.compose, {"inner": INNER}),
    "AffineMap": (tp.AffineMap, {"forms": FORMS}),
    "AffineMap.__call__": (INNER.__call__, {"x": [1]}),
    "AffineMap.values": (INNER.values, {"x": [1]}),
    "AffineMap.compose": (INNER.compose, {"inner": tp.AffineMap((tp.AffineForm([1, 2]),))}),
    "Box": (tp.Box, {"lower": [0, 0], "upper": [1, 2]}),
    "Budget": (tp.Budget, {"seconds": 1.0, "cells": 3, "bytes": 5}),
    "Budget.of": (tp.Budget.of, {"budget": None, "default": tp.Budget(cells=1)}),
    "Cell.contains": (COMPLEX.cells[0].contains, {"x": [0, 0]}),
    "Enclosure": (tp.Enclosure, {"lower": Fraction(0), "upper": Fraction(1)}),
    "Enclosure.from_ball": (tp.Enclosure.from_ball, {"ball": flint.arb(1)}),
    "GaussianMoments.mean_along": (tp.gaussian_moments(BOX).mean_along, {"u": [1, 0]}),
    "GaussianMoments.quadratic": (tp.gaussian_moments(BOX).quadratic, {"u": [1, 0], "v": [0, 1]}),
    "LatticePolynomial": (tp.LatticePolynomial, {"pieces": FORMS, "clauses": [[0, 1], [2]]}),
    "LatticePolynomial.from_form": (tp.LatticePolynomial.from_form, {"form": FORM}),
    "LatticePolynomial.__call__": (LATTICE.__call__, {"x": [1, 2]}),
    "LatticePolynomial.values": (LATTICE.values, {"x": [1, 2]}),
    "LatticePolynomial.evaluate": (LATTICE.evaluate, {"X": [[1.0, 2.0]]}),
    "LatticePolynomial.compose": (LATTICE.compose, {"inner": INNER}),
    "LatticePolynomial.restrict": (LATTICE.restrict, {"basis": [[1, 1]]}),
    "Layer": (tp.Layer, {"weight": NET.layers[1].weight, "bias": NET.layers[1].bias, "slopes": NET.layers[1].slopes}),
    "PolyhedralComplex.cone": (COMPLEX.cone, {"index": 0}),
    "PolyhedralComplex.locate": (COMPLEX.locate, {"x": [0, 0]}),
    "Polyhedron": (tp.Polyhedron, {"halfspaces": FORMS[:2]}),
    "Polyhedron.from_inequalities": (tp.Polyhedron.from_inequalities, {"A": [[1, 0], [0, 1]], "b": [1, 1]}),
    "Polyhedron.contains": (tp.Polyhedron(FORMS[:2]).contains, {"x": [0, 0]}),
    "Box.contains": (BOX.contains, {"x": [0, 0]}),
    "Polytope": (tp.Polytope, {"points": [[0, 0], [1, 0]]}),
    "Polytope.contains": (tp.Polytope([[0, 0], [1, 0]]).contains, {"x": [0, 0]}),
    "ReLUNetwork": (tp.ReLUNetwork, {"layers": NET.layers}),
    "ReLUNetwork.from_arrays": (
        tp.ReLUNetwork.from_arrays,
        {"weights": [[[1, 2]], [[1]]], "biases": [[1], None], "slopes": [(0, 1)]},
    ),
    "ReLUNetwork.__call__": (NET.__call__, {"x": [1, 2]}),
    "ReLUNetwork.evaluate_exact": (NET.evaluate_exact, {"points": [[1, 2]]}),
    "ReLUNetwork.values": (NET.values, {"x": [1, 2]}),
    "ReLUNetwork.evaluate": (NET.evaluate, {"X": [[1.0, 2.0]]}),
    "ReLUNetwork.compose": (NET.compose, {"inner": INNER}),
    "ReLUNetwork.preactivations": (NET.preactivations, {"x": [1, 2]}),
    "ReLUNetwork.activation_pattern": (NET.activation_pattern, {"x": [1, 2]}),
    "ReLUNetwork.affine_map": (NET.affine_map, {"pattern": (1, -1)}),
    "ReLUNetwork.jacobian": (NET.jacobian, {"x": [1, 2]}),
    "ReLUNetwork.gradient": (NET.gradient, {"x": [1, 2]}),
    "ReLUNetwork.output": (NET.output, {"index": 0}),
    "RegularSubdivision.polytope": (tp.dual_subdivision(TROPICAL).polytope, {"cell": (0, 1)}),
    "TropicalHypersurface.multiplicity": (CURVE.multiplicity, {"facet": CURVE.facets[0]}),
    "TropicalHypersurface.attaining_terms": (CURVE.attaining_terms, {"x": [0, 0]}),
    "TropicalHypersurface.contains": (CURVE.contains, {"x": [0, 0]}),
    "TropicalPolynomial": (tp.TropicalPolynomial, {"terms": FORMS}),
    "TropicalPolynomial.from_terms": (tp.TropicalPolynomial.from_terms, {"terms": {(1, 0): 3}}),
    "TropicalPolynomial.from_integers": (tp.TropicalPolynomial.from_integers, {"scale": 2, "rows": [(1, 2), (3, 4)]}),
    "TropicalPolynomial.rows_over": (TROPICAL.rows_over, {"scale": 2}),
    "TropicalPolynomial.__call__": (TROPICAL.__call__, {"x": [1, 2]}),
    "TropicalPolynomial.values": (TROPICAL.values, {"x": [1, 2]}),
    "TropicalPolynomial.evaluate": (TROPICAL.evaluate, {"X": [[1.0, 2.0]]}),
    "TropicalPolynomial.compose": (TROPICAL.compose, {"inner": INNER}),
    "TropicalRationalMap": (tp.TropicalRationalMap, {"numerators": [TROPICAL], "denominators": [TROPICAL]}),
    "TropicalRationalMap.output": (MAP.output, {"index": 0}),
    "TropicalRationalMap.__call__": (MAP.__call__, {"x": [1, 2]}),
    "TropicalRationalMap.values": (MAP.values, {"x": [1, 2]}),
    "TropicalRationalMap.evaluate": (MAP.evaluate, {"X": [[1.0, 2.0]]}),
    "TropicalRationalMap.compose": (MAP.compose, {"inner": INNER}),
    "Verdict": (tp.Verdict, {"status": "proved", "witness": None, "certificate": None, "detail": {}}),
    "affine_pieces": _budgeted(tp.affine_pieces, cx=COMPLEX),
    "as_fraction": (tp.as_fraction, {"value": 1}),
    "cells_table": (tp.cells_table, {"cx": COMPLEX, "volume": False}),
    "check_certificate": (tp.check_certificate, {"certificate": EQUALITY, "f": NET, "g": NET}),
    "computation_graph": (tp.computation_graph, {"obj": NET}),
    "decision_boundary": _budgeted(tp.decision_boundary, cx=COMPLEX, output=0, level=1),
    "disagreement": _on_domain(tp.disagreement, f=NET, g=NET),
    "dominated_by_quadratic": _budgeted(tp.dominated_by_quadratic, f=PLAIN, form=[[9, 0], [0, 40]]),
    "dual_subdivision": _budgeted(tp.dual_subdivision, p=TROPICAL),
    "enclosed_integral": (
        tp.enclosed_integral,
        {"integrand": lambda z, _: z, "start": 0, "end": 1, "tolerance": flint.arb("1e-9")},
    ),
    "equivalent": _on_domain(tp.equivalent, f=NET, g=NET),
    "essential_terms": (tp.essential_terms, {"p": TROPICAL, "budget": tp.Budget(seconds=9)}),
    "filtered_moments": _budgeted(tp.filtered_moments, f=PLAIN, threshold=None, above=1, below=0, bits=64),
    "from_sympy": _budgeted(tp.from_sympy, expr=sympy.Max(X, Y), symbols=[X, Y]),
    "from_sklearn": (tp.from_sklearn, {"model": SCALER}),
    "from_torch": (tp.from_torch, {"module": None, "input_shape": None}),
    "gaussian_inner_product": _budgeted(tp.gaussian_inner_product, f=PLAIN, g=PLAIN, bits=64),
    "gaussian_mean": _budgeted(tp.gaussian_mean, f=PLAIN, bits=64),
    "gaussian_measure": _budgeted(tp.gaussian_measure, region=BOX, samples=10, seed=0, bits=64),
    "gaussian_moments": _budgeted(tp.gaussian_moments, region=BOX, bits=64),
    "implies_leq": _on_domain(tp.implies_leq, f=NET, g=NET),
    "irredundancy_certificate": (
        tp.irredundancy_certificate,
        {
            "polynomial": IRREDUNDANT.polynomial,
            "clause_points": IRREDUNDANT.clause_points,
            "index_points": IRREDUNDANT.index_points,
        },
    ),
    "irredundant": _on_domain(tp.irredundant, polynomial=LATTICE),
    "is_concave": _on_domain(tp.is_concave, f=NET),
    "is_convex": _on_domain(tp.is_convex, f=NET),
    "is_monotone": _on_domain(tp.is_monotone, f=NET, coordinate=0, increasing=True),
    "lattice_polynomial_from_dict": (
        tp.lattice_polynomial_from_dict,
        {"data": tp.lattice_polynomial_to_dict(LATTICE)},
    ),
    "lattice_polynomial_to_dict": (tp.lattice_polynomial_to_dict, {"polynomial": LATTICE}),
    "linear_regions": _budgeted(tp.linear_regions, cx=COMPLEX),
    "region_graph": _budgeted(tp.region_graph, cx=COMPLEX),
    "lipschitz_constant": _on_domain(tp.lipschitz_constant, f=NET, norm=2),
    "load_certificate": (tp.load_certificate, {"path": "certificate.json"}),
    "load_input_box": (tp.load_input_box, {"path": "net.nnet"}),
    "load_lattice_polynomial": (tp.load_lattice_polynomial, {"path": "lattice.json"}),
    "load_network": (tp.load_network, {"path": "net.json", "layers": None}),
    "maximum": _on_domain(tp.maximum, f=NET),
    "minimum": _on_domain(tp.minimum, f=NET),
    "newton_polytope": _budgeted(tp.newton_polytope, p=TROPICAL),
    "parallel": (tp.parallel, {"f": NET, "g": NET}),
    "pieces_table": (tp.pieces_table, {"cx": COMPLEX}),
    "plot_bent_hyperplanes": _picture(tp.plot_bent_hyperplanes, obj=NET, domain=BOX, directions=None),
    "plot_decision_boundary": _picture(
        tp.plot_decision_boundary, obj=NET, level=1, output=0, domain=BOX, directions=None, cells=False
    ),
    "plot_dual_graph": _picture(tp.plot_dual_graph, obj=NET, domain=BOX),
    "plot_lattice_clauses": _picture(tp.plot_lattice_clauses, polynomial=LATTICE),
    "plot_newton_polytope": _picture(tp.plot_newton_polytope, p=TROPICAL),
    "plot_regions": _picture(tp.plot_regions, obj=NET, domain=BOX, color="piece", directions=None, labels=True),
    "plot_slice": _picture(
        tp.plot_slice,
        obj=NET,
        points=None,
        domain=BOX,
        directions=[[1, 0], [0, 1]],
        origin=[0, 0],
        color="piece",
        labels=True,
    ),
    "plot_solids": _picture(
        tp.plot_solids, obj=SPACE, domain=tp.Box([-1] * 3, [1] * 3), color="piece", directions=None, explode=0, alpha=1
    ),
    "plot_surface": _picture(tp.plot_surface, obj=NET, domain=BOX, color="piece", directions=None),
    "plot_tropical_curve": _picture(tp.plot_tropical_curve, p=TROPICAL),
    "plot_zonotope": _picture(tp.plot_zonotope, net=NET),
    "polyhedral_complex": _on_domain(tp.polyhedral_complex, net=NET, route="rational", executor=None),
    "prune": (tp.prune, {"p": TROPICAL, "budget": None}),
    "reconstruct_rationals": (
        tp.reconstruct_rationals,
        {
            "values": [0.5, 0.25],
            "error": 1e-12,
            "max_denominator": 10**6,
            "gap": 1e3,
            "ambiguity": 1e-2,
            "coordinates": 2,
        },
    ),
    "region_certificate": (tp.region_certificate, {"cx": COMPLEX}),
    "regions_html": (
        tp.regions_html,
        {"obj": NET, "path": None, "domain": BOX, "color": "piece", "directions": None},
    ),
    "regions_table": (tp.regions_table, {"cx": COMPLEX}),
    "relevant_subspace": _budgeted(tp.relevant_subspace, cx=COMPLEX),
    "save_certificate": (tp.save_certificate, {"certificate": EQUALITY, "path": "certificate.json"}),
    "save_lattice_polynomial": (tp.save_lattice_polynomial, {"polynomial": LATTICE, "path": "lattice.json"}),
    "save_network": (tp.save_network, {"net": NET, "path": "net.json"}),
    "sphere_maximum": _budgeted(tp.sphere_maximum, f=PLAIN, g=PLAIN),
    "sup_distance": _on_domain(tp.sup_distance, f=NET, g=NET),
    "surface_html": (
        tp.surface_html,
        {"obj": NET, "path": None, "domain": BOX, "color": "piece", "directions": None},
    ),
    "term_certificate": (tp.term_certificate, {"p": TROPICAL, "evidence": tp.term_evidence(TROPICAL)}),
    "term_evidence": (tp.term_evidence, {"p": TROPICAL, "budget": None}),
    "to_lattice_polynomial": _on_domain(tp.to_lattice_polynomial, net=NET),
    "to_lattice_polynomials": _on_domain(tp.to_lattice_polynomials, net=NET),
    "to_network": (tp.to_network, {"obj": LATTICE}),
    "to_smtlib": (tp.to_smtlib, {"f": NET, "g": NET, "domain": BOX, "relation": "equal"}),
    "to_sympy": _budgeted(tp.to_sympy, obj=NET, symbols=[X, Y], form="nested"),
    "to_tropical_rational_map": _budgeted(tp.to_tropical_rational_map, net=NET, prune=True),
    "tropical_hypersurface": _budgeted(tp.tropical_hypersurface, p=TROPICAL),
    "zonotope_of": _budgeted(tp.zonotope_of, net=NET),
}

LEARNING_CALLS: dict[str, Call] = {
    "FilteredPCA": (
        lambda **parameters: ln.FilteredPCA(**parameters).fit(SAMPLES, LABELS),
        {"max_passes": 1, "level": 0.01, "method": "full", "block_size": 2, "sweeps": 2, "random_state": 0},
    ),
    "FilteredPCA.fit": (ln.FilteredPCA(max_passes=1).fit, {"X": SAMPLES, "y": LABELS}),
    "FilteredPCA.fit_batches": (
        ln.FilteredPCA(max_passes=1).fit_batches,
        {"make_batches": _Drawn(), "executor": None, "in_flight": 2},
    ),
    "FilteredPCA.transform": (PCA.transform, {"X": SAMPLES}),
    "GaussianOracle": (ln.GaussianOracle, {"net": NET, "seed": 0, "exact": False}),
    "GaussianOracle.sample": (ORACLE.sample, {"n": 3, "exact": None}),
    "GaussianOracle.query": (ORACLE.query, {"X": [[1.0, 2.0]], "exact": None}),
    "GaussianOracle.batches": (ORACLE.batches, {"n": 3, "size": 2}),
    "GaussianOracle.batch_factory": (ORACLE.batch_factory, {"n": 3, "size": 2}),
    "HiddenLayer": (ln.HiddenLayer, {"units": LAYER.units, "affine": LAYER.affine}),
    "HiddenLayer.from_terms": (ln.HiddenLayer.from_terms, {"affine": FORM, "terms": [(Fraction(1), FORM)]}),
    "HiddenLayer.__call__": (LAYER.__call__, {"x": [1, 2]}),
    "HiddenLayer.jump": (LAYER.jump, {"hyperplane": FORM}),
    "HiddenUnit": (ln.HiddenUnit, {"normal": (1, 2), "bias": Fraction(0), "jump": Fraction(1)}),
    "LatticePolynomialRegressor": (
        lambda **parameters: ln.LatticePolynomialRegressor(**parameters).fit(SAMPLES, LABELS, oracle=ORACLE),
        {
            "rounding": None,
            "level": 0.01,
            "max_passes": 1,
            "max_rounds": 1,
            "queries": "forbidden",
            "max_queries": 10,
            "random_state": 0,
        },
    ),
    "LatticePolynomialRegressor.fit": (
        ln.LatticePolynomialRegressor(max_rounds=1, queries="allowed").fit,
        {"X": SAMPLES, "y": LABELS, "oracle": ORACLE},
    ),
    "LatticePolynomialRegressor.predict": (LEARNER.predict, {"X": SAMPLES}),
    "hidden_layer_of": (ln.hidden_layer_of, {"net": NET}),
    "jump_across": (
        ln.jump_across,
        {"f": NET, "hyperplane": tp.AffineForm([1, 2]), "point": [Fraction(2), Fraction(-1)]},
    ),
    "one_hidden_layer": (ln.one_hidden_layer, {"f": NET, "budget": tp.Budget(seconds=9), "seed": 0}),
    "plot_lemma_margins": (ln.plot_lemma_margins, {"results": [VERDICT], "ax": None}),
    "plot_passes": (ln.plot_passes, {"fitted": PCA, "truth": PLAIN, "ax": None}),
    "same_units": (ln.same_units, {"net": PLAIN, "layer": LAYER}),
    "verify_recovery": (
        ln.verify_recovery,
        {"net": PLAIN, "learned": LATTICE, "budget": tp.Budget(seconds=9), "samples": 10, "seed": 0},
    ),
}

_CHOICES = {
    "threshold": 1,
    "subspace": [[1, 0]],
    "other": PLAIN,
    "pieces": None,
    "level": 0.1,
    "samples": 10,
    "seed": 0,
    "bits": 64,
    "budget": tp.Budget(seconds=9),
}

LEMMA_CALLS: dict[str, Call] = {
    "Setting": (lemmas.Setting, {**_CHOICES, "threshold": Fraction(1), "subspace": ((Fraction(1), Fraction(0)),)}),
    "Setting.of": (lemmas.Setting.of, dict(_CHOICES)),
    "Subject": (lemmas.Subject, {"network": PLAIN, "budget": None}),
    "Sweep.tightest": (lemmas.Sweep(()).tightest, {"label": "L1"}),
    "check": (lemmas.check, {"label": "L2", "net": PLAIN, **_CHOICES}),
    "check_all": (
        lemmas.check_all,
        {"net": PLAIN, "labels": ["L2"], "progress": lambda label, verdict: None, "level": 0.1},
    ),
    "check_neighbour": (lemmas.check_neighbour, {"label": "L2", "net": PLAIN, "index": 0, "level": 0.1}),
    "compare": (
        lemmas.compare,
        {"text": "a", "left": Fraction(0), "relation": "<=", "right": Fraction(1), "witness": None},
    ),
    "decided": (lemmas.decided, {"text": "a", "verdict": VERDICT}),
    "sweep": (
        lemmas.sweep,
        {
            "families": "h6",
            "seeds": [0],
            "labels": ["L2"],
            "neighbours": False,
            "executor": None,
            "progress": lambda done, of: None,
            "level": 0.1,
        },
    ),
    "undecided": (lemmas.undecided, {"text": "a", "reason": "b"}),
}


def _draw(n: int) -> Any:
    return ln.GaussianOracle(PLAIN, seed=0).sample(n)


LITERAL_CALLS: dict[str, Call] = {
    "LatticeGrid": (literal.LatticeGrid, {"dimension": 1, "bound": 1, "step": 1, "pieces": 1}),
    "LatticeGrid.refined": (literal.LatticeGrid(1, 1, 1, 1).refined, {"error": 1.0}),
    "LatticeGrid.blocks": (lambda Z: list(literal.LatticeGrid(1, 1, 1, 1).blocks(Z)), {"Z": np.ones((3, 1))}),
    "LiteralResult.predict": (
        literal.LiteralResult(np.eye(2), PLAIN, True, (), 1, 0.0, 0.0, 0.0, 1, 0.1).predict,
        {"X": [[1.0, 2.0]]},
    ),
    "NetworkGrid": (literal.NetworkGrid, {"dimension": 1, "bound": 1, "step": 1, "widths": (1,)}),
    "NetworkGrid.refined": (GRID.refined, {"error": 1.0}),
    "NetworkGrid.blocks": (lambda Z: list(GRID.blocks(Z)), {"Z": np.ones((3, 1))}),
    "clause_structures": (literal.clause_structures, {"pieces": 2}),
    "literal_filtered_pca": (
        literal.literal_filtered_pca,
        {
            "draw": _draw,
            "dim": 2,
            "candidates": partial(literal.NetworkGrid, step=1),
            "rank": 1,
            "lipschitz": 5.0,
            "finer": None,
            "accuracy": 0.5,
            "level": 0.05,
            "n_samples": 50,
            "n_held_out": 20,
            "threshold": 1.0,
            "repetitions": 1,
        },
    ),
    "literal_threshold": (literal.literal_threshold, {"rank": 2, "lipschitz": 1.0, "dimension": 1}),
    "worst_case": (
        literal.worst_case,
        {
            "dim": 6,
            "net": literal.NetworkGrid(0),
            "rank": 1,
            "lipschitz": 1.0,
            "accuracy": 0.5,
            "level": 0.05,
            "passes": 2,
        },
    ),
}
