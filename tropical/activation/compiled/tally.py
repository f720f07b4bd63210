"""How much an enumeration did, and how many faces it met."""

from dataclasses import dataclass, field


@dataclass
class Tally:
    """Of finished parts: ``vertices``, those ``marked`` on which constraints vanish without being tight, and ``faces``.

    ``rational`` counts the vertices that were decided over Q. Faces are those of the simple complex, in which units
    have infinitesimal biases; they are the true ones if no vertex is marked.
    """

    vertices: int = 0
    marked: int = 0
    rational: int = 0
    faces: list[int] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        """Count what ``other`` has counted as well."""
        self.vertices += other.vertices
        self.marked += other.marked
        self.rational += other.rational
        self.faces = [a + b for a, b in zip(self.faces or [0] * len(other.faces), other.faces, strict=True)]
