"""Numbers and tables for reading."""

import math
from decimal import Context
from fractions import Fraction
from typing import Any

from tropical.arithmetic.rationals import MAX_DIGITS, to_hex

_SIGNIFICANT = 12
_LABEL = 40  # columns


def print_table(title: str, rows: list[tuple[str, str]]) -> None:
    """Labels and texts below a title."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title, title_justify="left", show_header=False, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for label, text in rows:
        table.add_row(Text(label, style="dim"), Text(text))
    Console(highlight=False).print(table)


def print_row(label: str, text: str) -> None:
    """One row of a table whose other rows are not known yet; it is written at once."""
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    console.print(Text(f"{label:<{_LABEL}}", style="dim") + Text(text), soft_wrap=True)
    console.file.flush()


def plain(value: Any) -> str:
    """Any value of a summary as text."""
    if isinstance(value, list):
        return listed([plain(entry) for entry in value])
    return str(value)


def listed(values: list[Any]) -> str:
    """A tuple as text."""
    return "(" + ", ".join(map(str, values)) + ")"


def text_of(q: Fraction) -> str:
    """``p/q`` in decimal, or marked as hexadecimal where it exceeds what Python converts."""
    longest = max(q.numerator.bit_length(), q.denominator.bit_length())
    return str(q) if longest < 3 * MAX_DIGITS else f"hex:{to_hex(q)}"


def number_of(count: int | None) -> int | str | None:
    """An integer as it is, or as marked text where it exceeds what Python converts."""
    return count if count is None or count.bit_length() < 3 * MAX_DIGITS else text_of(Fraction(count))


def shortened(count: int | str) -> str:
    """A count in full up to fifteen digits, then its order of magnitude."""
    if isinstance(count, str):
        count = int(count.removeprefix("hex:"), 16)
    return str(count) if count < 10**15 else f"about 10^{count.bit_length() * math.log10(2):.0f}"


def decimal_root(square: Fraction) -> str:
    """sqrt(square) to twelve significant digits."""
    wide = Context(prec=3 * _SIGNIFICANT)
    quotient = wide.divide(wide.create_decimal(square.numerator), wide.create_decimal(square.denominator))
    root = Context(prec=_SIGNIFICANT).plus(wide.sqrt(quotient))
    return f"{root.normalize():f}" if abs(root.adjusted()) < _SIGNIFICANT else str(root)
