"""Cones, polyhedra and polytopes over Q: generators and half-spaces, faces, facets, coordinates of a domain."""
