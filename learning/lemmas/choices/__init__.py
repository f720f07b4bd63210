"""Subspaces and thresholds for a check whose setting leaves them open."""
