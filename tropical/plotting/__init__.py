"""Pictures, one file for each kind; geometry is exact and rounds to float64 only where a coordinate is drawn."""

from tropical.plotting.breaks import plot_bent_hyperplanes as plot_bent_hyperplanes
from tropical.plotting.clauses import plot_lattice_clauses as plot_lattice_clauses
from tropical.plotting.decisions import plot_decision_boundary as plot_decision_boundary
from tropical.plotting.duals import plot_newton_polytope as plot_newton_polytope
from tropical.plotting.duals import plot_tropical_curve as plot_tropical_curve
from tropical.plotting.duals import plot_zonotope as plot_zonotope
from tropical.plotting.graphs import plot_dual_graph as plot_dual_graph
from tropical.plotting.pages import regions_html as regions_html
from tropical.plotting.pages import surface_html as surface_html
from tropical.plotting.regions import plot_regions as plot_regions
from tropical.plotting.sections import plot_slice as plot_slice
from tropical.plotting.solids import plot_solids as plot_solids
from tropical.plotting.surfaces import plot_surface as plot_surface

__all__ = [
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
]
