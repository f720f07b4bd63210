"""Piecewise-linear functions as values: affine forms, networks, lattice and tropical polynomials, rational maps."""
