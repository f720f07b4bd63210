"""What an enumeration of the cells of a complex found."""

from dataclasses import dataclass

from tropical.activation.patterns import PatternTable
from tropical.functions.network import Pattern
from tropical.polyhedra.cones import Cone


@dataclass(frozen=True)
class Enumeration:
    """The patterns found, in order, and what is known of the complex besides.

    ``incomplete_because`` is None, or says which budget stopped the enumeration. ``f_vector`` is None where it was not
    found on the way: it is, where no vertex lies on more hyperplanes than dimensions. ``cones`` are those of the cells,
    where they were cut on the way and are not too many to be kept.
    """

    patterns: PatternTable
    incomplete_because: str | None = None
    f_vector: tuple[int, ...] | None = None
    cones: dict[Pattern, Cone] | None = None
