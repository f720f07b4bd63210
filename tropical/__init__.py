"""Exact piecewise-linear geometry of ReLU networks."""

from tropical.affine import AffineForm as AffineForm
from tropical.lattice_polynomial import LatticePolynomial as LatticePolynomial
from tropical.network import ReLUNetwork as ReLUNetwork
from tropical.network import parallel as parallel
from tropical.verdict import Enclosure as Enclosure
from tropical.verdict import Verdict as Verdict

__all__ = ["AffineForm", "Enclosure", "LatticePolynomial", "ReLUNetwork", "Verdict", "parallel"]
