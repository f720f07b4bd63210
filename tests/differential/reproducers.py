"""What a failing case looks like: lines of Python that make it."""

import contextlib
from collections.abc import Iterator
from typing import Any

from oracles.activation_z3 import Case


@contextlib.contextmanager
def shown(**values: Any) -> Iterator[None]:
    """Whatever is raised inside says these values; cases as calls that make the network and its domain."""
    try:
        yield
    except Exception as error:
        error.add_note("\n".join(f"{name} = {text(value)}" for name, value in values.items()))
        raise


def text(value: Any) -> str:
    if not isinstance(value, Case):
        return repr(value)
    weights, biases, slopes = (plain(part) for part in (value.weights, value.biases, value.slopes))
    lines = [f"tp.ReLUNetwork.from_arrays({weights}, {biases}, {slopes})  # {value.name}"]
    if value.constraints:
        forms = ", ".join(f"tp.AffineForm({plain(row)}, {plain(b)})" for row, b in value.constraints)
        lines.append(f"domain = tp.Polyhedron([{forms}])")
    return "\n".join(lines)


def plain(value: Any) -> str:
    """Nested tuples of rationals as lists of integers and quotients."""
    if isinstance(value, tuple):
        return f"[{', '.join(map(plain, value))}]"
    return str(value) if value.denominator == 1 else f"{str(value)!r}"
