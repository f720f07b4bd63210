"""Passages to other systems: sympy in and out, SMT-LIB 2, computation graphs, LaTeX and HTML."""

from tropical.conversion.expressions import to_sympy as to_sympy
from tropical.conversion.reading import from_sympy as from_sympy

__all__ = ["from_sympy", "to_sympy"]
