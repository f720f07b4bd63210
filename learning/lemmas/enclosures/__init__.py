"""Quantities that lemmas compare, enclosed rigorously in ball arithmetic."""
