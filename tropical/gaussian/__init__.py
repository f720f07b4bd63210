"""Gaussian functionals of polyhedra and piecewise-linear functions: rigorous in at most 3 dimensions."""

from tropical.gaussian.filters import FilteredMoments as FilteredMoments
from tropical.gaussian.filters import filtered_moments as filtered_moments
from tropical.gaussian.means import gaussian_inner_product as gaussian_inner_product
from tropical.gaussian.means import gaussian_mean as gaussian_mean
from tropical.gaussian.polyhedra import GaussianMoments as GaussianMoments
from tropical.gaussian.polyhedra import gaussian_measure as gaussian_measure
from tropical.gaussian.polyhedra import gaussian_moments as gaussian_moments
from tropical.gaussian.quadrature import enclosed_integral as enclosed_integral
