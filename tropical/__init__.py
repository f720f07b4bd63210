"""Exact piecewise-linear geometry of ReLU networks."""

from tropical.affine import AffineForm as AffineForm
from tropical.affine import AffineMap as AffineMap
from tropical.budget import Budget as Budget
from tropical.budget import BudgetExhausted as BudgetExhausted
from tropical.certificate import check_certificate as check_certificate
from tropical.certificate import irredundancy_certificate as irredundancy_certificate
from tropical.certificate import load_certificate as load_certificate
from tropical.certificate import region_certificate as region_certificate
from tropical.certificate import save_certificate as save_certificate
from tropical.certificate import term_certificate as term_certificate
from tropical.comparison import Disagreement as Disagreement
from tropical.comparison import disagreement as disagreement
from tropical.comparison import equivalent as equivalent
from tropical.comparison import implies_leq as implies_leq
from tropical.complexes import PolyhedralComplex as PolyhedralComplex
from tropical.construction import to_network as to_network
from tropical.conversion import computation_graph as computation_graph
from tropical.conversion import from_sympy as from_sympy
from tropical.conversion import to_smtlib as to_smtlib
from tropical.conversion import to_sympy as to_sympy
from tropical.extrema import Extremum as Extremum
from tropical.extrema import maximum as maximum
from tropical.extrema import minimum as minimum
from tropical.extrema import sup_distance as sup_distance
from tropical.formats import FormatError as FormatError
from tropical.formats import from_torch as from_torch
from tropical.formats import lattice_polynomial_from_dict as lattice_polynomial_from_dict
from tropical.formats import lattice_polynomial_to_dict as lattice_polynomial_to_dict
from tropical.formats import load_input_box as load_input_box
from tropical.formats import load_lattice_polynomial as load_lattice_polynomial
from tropical.formats import load_network as load_network
from tropical.formats import save_lattice_polynomial as save_lattice_polynomial
from tropical.formats import save_network as save_network
from tropical.gaussian import FilteredMoments as FilteredMoments
from tropical.gaussian import GaussianMoments as GaussianMoments
from tropical.gaussian import enclosed_integral as enclosed_integral
from tropical.gaussian import filtered_moments as filtered_moments
from tropical.gaussian import gaussian_inner_product as gaussian_inner_product
from tropical.gaussian import gaussian_mean as gaussian_mean
from tropical.gaussian import gaussian_measure as gaussian_measure
from tropical.gaussian import gaussian_moments as gaussian_moments
from tropical.hypersurface import TropicalHypersurface as TropicalHypersurface
from tropical.hypersurface import tropical_hypersurface as tropical_hypersurface
from tropical.irredundancy import IrredundantForm as IrredundantForm
from tropical.irredundancy import irredundant as irredundant
from tropical.lattice_form import to_lattice_polynomial as to_lattice_polynomial
from tropical.lattice_form import to_lattice_polynomials as to_lattice_polynomials
from tropical.lattice_polynomial import LatticePolynomial as LatticePolynomial
from tropical.level_sets import BoundaryPiece as BoundaryPiece
from tropical.level_sets import decision_boundary as decision_boundary
from tropical.lipschitz import LipschitzConstant as LipschitzConstant
from tropical.lipschitz import lipschitz_constant as lipschitz_constant
from tropical.network import ReLUNetwork as ReLUNetwork
from tropical.network import parallel as parallel
from tropical.newton import newton_polytope as newton_polytope
from tropical.newton import zonotope_of as zonotope_of
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
from tropical.polyhedron import Box as Box
from tropical.polyhedron import Polyhedron as Polyhedron
from tropical.polynomial import TropicalPolynomial as TropicalPolynomial
from tropical.polytopes import Polytope as Polytope
from tropical.pruning import EssentialTerm as EssentialTerm
from tropical.pruning import InessentialTerm as InessentialTerm
from tropical.pruning import essential_terms as essential_terms
from tropical.pruning import prune as prune
from tropical.pruning import term_evidence as term_evidence
from tropical.quadratic_bounds import dominated_by_quadratic as dominated_by_quadratic
from tropical.rational_map import TropicalRationalMap as TropicalRationalMap
from tropical.rational_map import to_tropical_rational_map as to_tropical_rational_map
from tropical.rationals import as_fraction as as_fraction
from tropical.reconstruction import reconstruct_rationals as reconstruct_rationals
from tropical.regions import LinearRegion as LinearRegion
from tropical.regions import affine_pieces as affine_pieces
from tropical.regions import linear_regions as linear_regions
from tropical.regions import relevant_subspace as relevant_subspace
from tropical.regular_subdivisions import RegularSubdivision as RegularSubdivision
from tropical.regular_subdivisions import dual_subdivision as dual_subdivision
from tropical.shape import is_concave as is_concave
from tropical.shape import is_convex as is_convex
from tropical.shape import is_monotone as is_monotone
from tropical.sphere import SphereMaximum as SphereMaximum
from tropical.sphere import sphere_maximum as sphere_maximum
from tropical.subdivision import polyhedral_complex as polyhedral_complex
from tropical.tables import cells_table as cells_table
from tropical.tables import pieces_table as pieces_table
from tropical.tables import regions_table as regions_table
from tropical.verdict import Enclosure as Enclosure
from tropical.verdict import Estimate as Estimate
from tropical.verdict import Verdict as Verdict

__all__ = [
    "AffineForm",
    "AffineMap",
    "BoundaryPiece",
    "Box",
    "Budget",
    "BudgetExhausted",
    "Disagreement",
    "Enclosure",
    "EssentialTerm",
    "Estimate",
    "Extremum",
    "FilteredMoments",
    "FormatError",
    "GaussianMoments",
    "InessentialTerm",
    "IrredundantForm",
    "LatticePolynomial",
    "LinearRegion",
    "LipschitzConstant",
    "PolyhedralComplex",
    "Polyhedron",
    "Polytope",
    "ReLUNetwork",
    "RegularSubdivision",
    "SphereMaximum",
    "TropicalHypersurface",
    "TropicalPolynomial",
    "TropicalRationalMap",
    "Verdict",
    "affine_pieces",
    "as_fraction",
    "cells_table",
    "check_certificate",
    "computation_graph",
    "decision_boundary",
    "disagreement",
    "dominated_by_quadratic",
    "dual_subdivision",
    "enclosed_integral",
    "equivalent",
    "essential_terms",
    "filtered_moments",
    "from_sympy",
    "from_torch",
    "gaussian_inner_product",
    "gaussian_mean",
    "gaussian_measure",
    "gaussian_moments",
    "implies_leq",
    "irredundancy_certificate",
    "irredundant",
    "is_concave",
    "is_convex",
    "is_monotone",
    "lattice_polynomial_from_dict",
    "lattice_polynomial_to_dict",
    "linear_regions",
    "lipschitz_constant",
    "load_certificate",
    "load_input_box",
    "load_lattice_polynomial",
    "load_network",
    "maximum",
    "minimum",
    "newton_polytope",
    "parallel",
    "pieces_table",
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
    "polyhedral_complex",
    "prune",
    "reconstruct_rationals",
    "region_certificate",
    "regions_html",
    "regions_table",
    "relevant_subspace",
    "save_certificate",
    "save_lattice_polynomial",
    "save_network",
    "sphere_maximum",
    "sup_distance",
    "surface_html",
    "term_certificate",
    "term_evidence",
    "to_lattice_polynomial",
    "to_lattice_polynomials",
    "to_network",
    "to_smtlib",
    "to_sympy",
    "to_tropical_rational_map",
    "tropical_hypersurface",
    "zonotope_of",
]
