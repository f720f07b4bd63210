"""Tropical geometry of polynomials: Newton polytopes, regular subdivisions, hypersurfaces."""
