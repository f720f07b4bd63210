"""Affine forms x -> <a, x> + c over Q, and affine maps made of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tropical.arguments import as_all, require
from tropical.arithmetic.rationals import Matrix, Vector, as_fraction, as_vector, from_flint, to_flint
from tropical.functions.function import Algebra, V
from tropical.notation import latex_affine_map, latex_form, text_form
from tropical.values import Value, summary

_SHOWN = 6  # terms of a form, and forms of a map, in short


@dataclass(frozen=True, repr=False)
class AffineForm(Value):
    """The function x -> <gradient, x> + constant on Q^n; ``==`` and ``hash`` go by the function.

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

    @property
    def output_dim(self) -> int:
        """Number of outputs, 1."""
        return 1

    def gradients(self) -> Matrix:
        """The gradient, which is what the form sees of x."""
        return (self.gradient,)

    def values(self, x: Iterable[Any]) -> Vector:
        """The exact value at one point, as a tuple of one."""
        return (self(x),)

    def build(self, algebra: Algebra[V]) -> list[V]:
        """The form, in the algebra's values."""
        return [algebra.affine(self)]

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
        return compose_all((self,), inner)[0]

    def _repr_latex_(self) -> str:
        return f"${latex_form(self.gradient, self.constant)}$"

    def __str__(self) -> str:
        return text_form(self.gradient, self.constant)

    def __repr__(self) -> str:
        return summary(f"AffineForm on Q^{self.input_dim}", text_form(self.gradient, self.constant, _SHOWN))


@dataclass(frozen=True, repr=False)
class AffineMap(Value):
    """The map x -> (l_1(x), ..., l_m(x)) with affine forms l_i on one space.

    ``==`` and ``hash`` go by the function.

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

    @property
    def output_dim(self) -> int:
        """Number m of outputs."""
        return len(self.forms)

    def gradients(self) -> Matrix:
        """The gradients of the forms, which span what the map sees of x."""
        return tuple(form.gradient for form in self.forms)

    def __call__(self, x: Iterable[Any]) -> Vector:
        point = as_vector(x, "x")
        return tuple(form(point) for form in self.forms)

    values = __call__

    def compose(self, inner: "AffineMap") -> "AffineMap":
        """The map x -> self(inner(x)); ``ValueError`` unless ``inner`` has ``input_dim`` forms."""
        return AffineMap(tuple(compose_all(self.forms, inner)))

    def build(self, algebra: Algebra[V]) -> list[V]:
        """The forms, in the algebra's values."""
        return [algebra.affine(form) for form in self.forms]

    def _repr_latex_(self) -> str:
        return f"${latex_affine_map([(form.gradient, form.constant) for form in self.forms])}$"

    def __str__(self) -> str:
        return "(" + ", ".join(map(str, self.forms)) + ")"

    def __repr__(self) -> str:
        shown = [text_form(form.gradient, form.constant, _SHOWN) for form in self.forms[:_SHOWN]]
        more = [f"... ({len(self.forms) - _SHOWN} more)"] if len(self.forms) > _SHOWN else []
        return summary(f"AffineMap Q^{self.input_dim} -> Q^{len(self.forms)}", f"({', '.join([*shown, *more])})")


def compose_all(forms: Sequence[AffineForm], inner: AffineMap, what: str = "a form") -> list[AffineForm]:
    """The forms x -> form(inner(x)); ``ValueError`` unless ``inner`` has as many outputs as the forms have inputs."""
    require_inner(inner, forms[0].input_dim, what)
    table = to_flint(rows_of(forms))
    ahead = (Fraction(1), *[Fraction(0)] * inner.input_dim)  # the map (1, x) -> (1, inner(x))
    return [form_of_row(row) for row in from_flint(table * to_flint([ahead, *rows_of(inner.forms)]))]


def rows_of(forms: Sequence[AffineForm]) -> Matrix:
    """The rows (constant, gradient) of affine forms."""
    return tuple((form.constant, *form.gradient) for form in forms)


def as_forms(forms: Any, where: str) -> tuple[AffineForm, ...]:
    """A tuple of affine forms; ``ValueError`` if ``forms`` is not a sequence of them."""
    return as_all(forms, AffineForm, where, "affine forms")


def require_inner(inner: Any, input_dim: int, what: str) -> None:
    """``ValueError`` unless ``inner`` is an affine map with as many forms as ``what`` has inputs."""
    require(inner, AffineMap, "inner", "an AffineMap")
    if len(inner.forms) != input_dim:
        raise ValueError(f"inner must have {input_dim} outputs, the inputs of {what}, got {len(inner.forms)}")


def form_of_row(row: Sequence[int] | Vector) -> AffineForm:
    """The affine form with row (constant, gradient).

    >>> str(form_of_row((3, 1, -2)))
    'x0 - 2*x1 + 3'
    """
    return AffineForm(tuple(map(Fraction, row[1:])), Fraction(row[0]))
