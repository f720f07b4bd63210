"""Passages to other systems: sympy in and out, SMT-LIB 2, computation graphs."""

from tropical.conversion.computation_graphs import computation_graph as computation_graph
from tropical.conversion.expressions import to_sympy as to_sympy
from tropical.conversion.reading import from_sympy as from_sympy
from tropical.conversion.smt import to_smtlib as to_smtlib

__all__ = ["computation_graph", "from_sympy", "to_smtlib", "to_sympy"]
