"""Exact piecewise-linear geometry of ReLU networks.

Names are loaded when they are first used: ``import tropical`` costs little more than ``import numpy``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tropical.activation.complexes import Cell as Cell
    from tropical.activation.complexes import PolyhedralComplex as PolyhedralComplex
    from tropical.activation.level_sets import BoundaryPiece as BoundaryPiece
    from tropical.activation.level_sets import decision_boundary as decision_boundary
    from tropical.activation.regions import LinearRegion as LinearRegion
    from tropical.activation.regions import affine_pieces as affine_pieces
    from tropical.activation.regions import linear_regions as linear_regions
    from tropical.activation.regions import region_graph as region_graph
    from tropical.activation.regions import relevant_subspace as relevant_subspace
    from tropical.activation.subdivision import polyhedral_complex as polyhedral_complex
    from tropical.arithmetic.rationals import as_fraction as as_fraction
    from tropical.arithmetic.reconstruction import reconstruct_rationals as reconstruct_rationals
    from tropical.budget import Budget as Budget
    from tropical.budget import BudgetExhausted as BudgetExhausted
    from tropical.conversion import computation_graph as computation_graph
    from tropical.conversion import from_sympy as from_sympy
    from tropical.conversion import to_smtlib as to_smtlib
    from tropical.conversion import to_sympy as to_sympy
    from tropical.conversion.tables import cells_table as cells_table
    from tropical.conversion.tables import pieces_table as pieces_table
    from tropical.conversion.tables import regions_table as regions_table
    from tropical.decisions.comparison import Disagreement as Disagreement
    from tropical.decisions.comparison import disagreement as disagreement
    from tropical.decisions.comparison import equivalent as equivalent
    from tropical.decisions.comparison import implies_leq as implies_leq
    from tropical.decisions.extrema import Extremum as Extremum
    from tropical.decisions.extrema import maximum as maximum
    from tropical.decisions.extrema import minimum as minimum
    from tropical.decisions.extrema import sup_distance as sup_distance
    from tropical.decisions.lipschitz import LipschitzConstant as LipschitzConstant
    from tropical.decisions.lipschitz import lipschitz_constant as lipschitz_constant
    from tropical.decisions.quadratic_bounds import dominated_by_quadratic as dominated_by_quadratic
    from tropical.decisions.shape import is_concave as is_concave
    from tropical.decisions.shape import is_convex as is_convex
    from tropical.decisions.shape import is_monotone as is_monotone
    from tropical.decisions.sphere import SphereMaximum as SphereMaximum
    from tropical.decisions.sphere import sphere_maximum as sphere_maximum
    from tropical.duality.hypersurface import DualCell as DualCell
    from tropical.duality.hypersurface import TropicalHypersurface as TropicalHypersurface
    from tropical.duality.hypersurface import tropical_hypersurface as tropical_hypersurface
    from tropical.duality.newton import newton_polytope as newton_polytope
    from tropical.duality.newton import zonotope_of as zonotope_of
    from tropical.duality.regular_subdivisions import RegularSubdivision as RegularSubdivision
    from tropical.duality.regular_subdivisions import dual_subdivision as dual_subdivision
    from tropical.formats import AssumedReLUWarning as AssumedReLUWarning
    from tropical.formats import FormatError as FormatError
    from tropical.formats import from_sklearn as from_sklearn
    from tropical.formats import from_torch as from_torch
    from tropical.formats import lattice_polynomial_from_dict as lattice_polynomial_from_dict
    from tropical.formats import lattice_polynomial_to_dict as lattice_polynomial_to_dict
    from tropical.formats import load_input_box as load_input_box
    from tropical.formats import load_lattice_polynomial as load_lattice_polynomial
    from tropical.formats import load_network as load_network
    from tropical.formats import save_lattice_polynomial as save_lattice_polynomial
    from tropical.formats import save_network as save_network
    from tropical.forms.construction import to_network as to_network
    from tropical.forms.irredundancy import IrredundantForm as IrredundantForm
    from tropical.forms.irredundancy import irredundant as irredundant
    from tropical.forms.lattice_form import to_lattice_polynomial as to_lattice_polynomial
    from tropical.forms.lattice_form import to_lattice_polynomials as to_lattice_polynomials
    from tropical.forms.pruning import EssentialTerm as EssentialTerm
    from tropical.forms.pruning import InessentialTerm as InessentialTerm
    from tropical.forms.pruning import essential_terms as essential_terms
    from tropical.forms.pruning import prune as prune
    from tropical.forms.pruning import term_evidence as term_evidence
    from tropical.forms.rational_form import to_tropical_rational_map as to_tropical_rational_map
    from tropical.functions.affine import AffineForm as AffineForm
    from tropical.functions.affine import AffineMap as AffineMap
    from tropical.functions.function import Algebra as Algebra
    from tropical.functions.function import Function as Function
    from tropical.functions.lattice_polynomial import LatticePolynomial as LatticePolynomial
    from tropical.functions.layer import Layer as Layer
    from tropical.functions.network import ReLUNetwork as ReLUNetwork
    from tropical.functions.network import parallel as parallel
    from tropical.functions.polynomial import TropicalPolynomial as TropicalPolynomial
    from tropical.functions.rational_map import TropicalRationalMap as TropicalRationalMap
    from tropical.gaussian import FilteredMoments as FilteredMoments
    from tropical.gaussian import GaussianMoments as GaussianMoments
    from tropical.gaussian import enclosed_integral as enclosed_integral
    from tropical.gaussian import filtered_moments as filtered_moments
    from tropical.gaussian import gaussian_inner_product as gaussian_inner_product
    from tropical.gaussian import gaussian_mean as gaussian_mean
    from tropical.gaussian import gaussian_measure as gaussian_measure
    from tropical.gaussian import gaussian_moments as gaussian_moments
    from tropical.plotting import plot_bent_hyperplanes as plot_bent_hyperplanes
    from tropical.plotting import plot_decision_boundary as plot_decision_boundary
    from tropical.plotting import plot_dual_graph as plot_dual_graph
    from tropical.plotting import plot_lattice_clauses as plot_lattice_clauses
    from tropical.plotting import plot_newton_polytope as plot_newton_polytope
    from tropical.plotting import plot_regions as plot_regions
    from tropical.plotting import plot_slice as plot_slice
    from tropical.plotting import plot_solids as plot_solids
    from tropical.plotting import plot_surface as plot_surface
    from tropical.plotting import plot_tropical_curve as plot_tropical_curve
    from tropical.plotting import plot_zonotope as plot_zonotope
    from tropical.plotting import regions_html as regions_html
    from tropical.plotting import surface_html as surface_html
    from tropical.polyhedra.face_complex import FaceComplex as FaceComplex
    from tropical.polyhedra.polyhedron import Box as Box
    from tropical.polyhedra.polyhedron import Polyhedron as Polyhedron
    from tropical.polyhedra.polytopes import Polytope as Polytope
    from tropical.proofs import checker as checker
    from tropical.proofs.certificate import check_certificate as check_certificate
    from tropical.proofs.certificate import irredundancy_certificate as irredundancy_certificate
    from tropical.proofs.certificate import load_certificate as load_certificate
    from tropical.proofs.certificate import region_certificate as region_certificate
    from tropical.proofs.certificate import save_certificate as save_certificate
    from tropical.proofs.certificate import term_certificate as term_certificate
    from tropical.values import Value as Value
    from tropical.verdict import Enclosure as Enclosure
    from tropical.verdict import Estimate as Estimate
    from tropical.verdict import Verdict as Verdict

_HOMES = {
    "tropical.activation.complexes": ("Cell", "PolyhedralComplex"),
    "tropical.activation.level_sets": ("BoundaryPiece", "decision_boundary"),
    "tropical.activation.regions": (
        "LinearRegion",
        "affine_pieces",
        "linear_regions",
        "region_graph",
        "relevant_subspace",
    ),
    "tropical.activation.subdivision": ("polyhedral_complex",),
    "tropical.arithmetic.rationals": ("as_fraction",),
    "tropical.arithmetic.reconstruction": ("reconstruct_rationals",),
    "tropical.budget": ("Budget", "BudgetExhausted"),
    "tropical.conversion": ("computation_graph", "from_sympy", "to_smtlib", "to_sympy"),
    "tropical.conversion.tables": ("cells_table", "pieces_table", "regions_table"),
    "tropical.decisions.comparison": ("Disagreement", "disagreement", "equivalent", "implies_leq"),
    "tropical.decisions.extrema": ("Extremum", "maximum", "minimum", "sup_distance"),
    "tropical.decisions.lipschitz": ("LipschitzConstant", "lipschitz_constant"),
    "tropical.decisions.quadratic_bounds": ("dominated_by_quadratic",),
    "tropical.decisions.shape": ("is_concave", "is_convex", "is_monotone"),
    "tropical.decisions.sphere": ("SphereMaximum", "sphere_maximum"),
    "tropical.duality.hypersurface": ("DualCell", "TropicalHypersurface", "tropical_hypersurface"),
    "tropical.duality.newton": ("newton_polytope", "zonotope_of"),
    "tropical.duality.regular_subdivisions": ("RegularSubdivision", "dual_subdivision"),
    "tropical.formats": (
        "AssumedReLUWarning",
        "FormatError",
        "from_sklearn",
        "from_torch",
        "lattice_polynomial_from_dict",
        "lattice_polynomial_to_dict",
        "load_input_box",
        "load_lattice_polynomial",
        "load_network",
        "save_lattice_polynomial",
        "save_network",
    ),
    "tropical.forms.construction": ("to_network",),
    "tropical.forms.irredundancy": ("IrredundantForm", "irredundant"),
    "tropical.forms.lattice_form": ("to_lattice_polynomial", "to_lattice_polynomials"),
    "tropical.forms.pruning": ("EssentialTerm", "InessentialTerm", "essential_terms", "prune", "term_evidence"),
    "tropical.forms.rational_form": ("to_tropical_rational_map",),
    "tropical.functions.affine": ("AffineForm", "AffineMap"),
    "tropical.functions.function": ("Algebra", "Function"),
    "tropical.functions.lattice_polynomial": ("LatticePolynomial",),
    "tropical.functions.layer": ("Layer",),
    "tropical.functions.network": ("ReLUNetwork", "parallel"),
    "tropical.functions.polynomial": ("TropicalPolynomial",),
    "tropical.functions.rational_map": ("TropicalRationalMap",),
    "tropical.gaussian": (
        "FilteredMoments",
        "GaussianMoments",
        "enclosed_integral",
        "filtered_moments",
        "gaussian_inner_product",
        "gaussian_mean",
        "gaussian_measure",
        "gaussian_moments",
    ),
    "tropical.plotting": (
        "plot_bent_hyperplanes",
        "plot_decision_boundary",
        "plot_dual_graph",
        "plot_lattice_clauses",
        "plot_newton_polytope",
        "plot_regions",
        "plot_slice",
        "plot_solids",
        "plot_surface",
        "plot_tropical_curve",
        "plot_zonotope",
        "regions_html",
        "surface_html",
    ),
    "tropical.polyhedra.face_complex": ("FaceComplex",),
    "tropical.polyhedra.polyhedron": ("Box", "Polyhedron"),
    "tropical.polyhedra.polytopes": ("Polytope",),
    "tropical.proofs": ("checker",),
    "tropical.proofs.certificate": (
        "check_certificate",
        "irredundancy_certificate",
        "load_certificate",
        "region_certificate",
        "save_certificate",
        "term_certificate",
    ),
    "tropical.values": ("Value",),
    "tropical.verdict": ("Enclosure", "Estimate", "Verdict"),
}
_HOME_OF = {name: module for module, names in _HOMES.items() for name in names}

__all__ = sorted(_HOME_OF)

if not TYPE_CHECKING:  # type checkers see the imports above, and no name that is not there

    def __getattr__(name: str) -> Any:
        """Load a public name, and keep it."""
        if name not in _HOME_OF:
            raise AttributeError(f"module 'tropical' has no attribute {name!r}")
        value = globals()[name] = getattr(import_module(_HOME_OF[name]), name)
        return value

    def __dir__() -> list[str]:
        """What is there and what can be loaded."""
        return sorted({*globals(), *__all__})
