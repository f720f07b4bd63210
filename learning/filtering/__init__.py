"""Filtered PCA: the relevant subspace from Gaussian samples. THEORY section 2."""
