"""Affine forms x -> <a, x> + c over Q, and affine maps made of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tropical.arguments import as_all, require
from tropical.arithmetic.rationals import Vector, as_fraction, as_vector
from tropical.notation import latex_affine_map, latex_form


@dataclass(frozen=True)
class AffineForm:
    """The function x -> <gradient, x> + constant on Q^n; ``==`` is equality of functions.

    Raises ``ValueError`` for parameters that are not finite rationals.

    >>> form = AffineForm([1, "-1/2"], 3)
    >>> form([2, 4])
    Fraction(3, 1)
    >>> form - form == AffineForm([0, 0], 0)
    True
    """

    gradient: Vector
    constant: Fraction = Fraction(0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "gradient", as_vector(self.gradient, "gradient"))
        object.__setattr__(self, "constant", as_fraction(self.constant, "constant"))

    @property
    def input_dim(self) -> int:
        """Number n of inputs."""
        return len(self.gradient)

    def __call__(self, x: Iterable[Any]) -> Fraction:
        point = as_vector(x, "x")
        if len(point) != len(self.gradient):
            raise ValueError(f"x must have {len(self.gradient)} coordinates, got {len(point)}")
        return sum((a * b for a, b in zip(self.gradient, point, strict=True) if a), self.constant)

    def __add__(self, other: "AffineForm") -> "AffineForm":
        if not isinstance(other, AffineForm):
            return NotImplemented
        if self.input_dim != other.input_dim:
            raise ValueError(f"affine forms on Q^{self.input_dim} and Q^{other.input_dim} cannot be added")
        gradient = tuple(a + b for a, b in zip(self.gradient, other.gradient, strict=True))
        return AffineForm(gradient, self.constant + other.constant)

    def __neg__(self) -> "AffineForm":
        return AffineForm(tuple(-a for a in self.gradient), -self.constant)

    def __sub__(self, other: "AffineForm") -> "AffineForm":
        return self + (-other) if isinstance(other, AffineForm) else NotImplemented

    def __mul__(self, scalar: Any) -> "AffineForm":
        factor = as_fraction(scalar, "scalar")
        return AffineForm(tuple(factor * a for a in self.gradient), factor * self.constant)

    __rmul__ = __mul__

    def compose(self, inner: "AffineMap") -> "AffineForm":
        """The form x -> self(inner(x)); ``ValueError`` unless ``inner`` has ``input_dim`` forms.

        >>> print(AffineForm([1, 2], 3).compose(AffineMap((AffineForm([1], 1), AffineForm([-1])))))
        -x0 + 4
        """
        require_inner(inner, self.input_dim, "a form")
        zero = AffineForm((Fraction(0),) * inner.input_dim, self.constant)
        return sum((form * a for a, form in zip(self.gradient, inner.forms, strict=True) if a), zero)

    def _repr_latex_(self) -> str:
        return f"${latex_form(self.gradient, self.constant)}$"

    def __str__(self) -> str:
        terms = [(q, f"x{i}") for i, q in enumerate(self.gradient) if q]
        if self.constant or not terms:
            terms.append((self.constant, ""))
        text = " ".join(f"{'-' if q < 0 else '+'} {_term(abs(q), name)}" for q, name in terms)
        return text[2:] if text.startswith("+ ") else "-" + text[2:]


def _term(size: Fraction, name: str) -> str:
    if not name:
        return str(size)
    return name if size == 1 else f"{size}*{name}"


@dataclass(frozen=True)
class AffineMap:
    """The map x -> (l_1(x), ..., l_m(x)) with affine forms l_i on one space; ``==`` is equality of functions.

    >>> AffineMap((AffineForm([1, 0], 1), AffineForm([0, 2])))([3, 4])
    (Fraction(4, 1), Fraction(8, 1))
    """

    forms: tuple[AffineForm, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "forms", as_forms(self.forms, "forms"))
        if len({form.input_dim for form in self.forms}) != 1:
            raise ValueError(f"an affine map needs forms on one space, got {[form.input_dim for form in self.forms]}")

    @property
    def input_dim(self) -> int:
        """Number n of inputs."""
        return self.forms[0].input_dim

    def __call__(self, x: Iterable[Any]) -> Vector:
        point = as_vector(x, "x")
        return tuple(form(point) for form in self.forms)

    def _repr_latex_(self) -> str:
        return f"${latex_affine_map([(form.gradient, form.constant) for form in self.forms])}$"

    def __str__(self) -> str:
        return "(" + ", ".join(map(str, self.forms)) + ")"


def as_forms(forms: Any, where: str) -> tuple[AffineForm, ...]:
    """A tuple of affine forms; ``ValueError`` if ``forms`` is not a sequence of them."""
    return as_all(forms, AffineForm, where, "affine forms")


def require_inner(inner: Any, input_dim: int, what: str) -> None:
    """``ValueError`` unless ``inner`` is an affine map with as many forms as ``what`` has inputs."""
    require(inner, AffineMap, "inner", "an AffineMap")
    if len(inner.forms) != input_dim:
        raise ValueError(f"{what} of {input_dim} inputs cannot follow a map with {len(inner.forms)} outputs")


def form_of_row(row: Sequence[int] | Vector) -> AffineForm:
    """The affine form with row (constant, gradient).

    >>> str(form_of_row((3, 1, -2)))
    'x0 - 2*x1 + 3'
    """
    return AffineForm(tuple(map(Fraction, row[1:])), Fraction(row[0]))
