"""What all public values share: short to print, and copied and pickled as they were made, without what they cached."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from fractions import Fraction
from itertools import islice
from types import MappingProxyType
from typing import Any, TypeVar, cast, overload

from tropical.notation import cut, text_rational

T = TypeVar("T")

_ROOM = 60  # characters for one field of a value
_ENTRIES = 12


class Value:
    """Base of the public values, which are frozen.

    ``repr`` takes at most 200 characters, whatever the size: long numerals are elided, entries that do not fit are
    counted. A value can be copied, pickled and sent to another process at any time of its life; what it has computed
    since it was made stays behind and is computed again where it is asked for. Equal values have equal hashes; each
    class says what its ``==`` means.

    >>> from tropical import AffineForm, Enclosure
    >>> Enclosure(Fraction(1, 3), Fraction(10**30 + 1)), AffineForm([1] * 784)
    (Enclosure(lower=1/3, upper=100000...000001), <AffineForm on Q^784: x0 + x1 + x2 + x3 + x4 + x5 + ... (778 more)>)
    """

    __slots__ = ()

    def __repr__(self) -> str:
        shown = (f"{f.name}={short(getattr(self, f.name))}" for f in fields(cast(Any, self)) if f.repr)
        return cut(f"{type(self).__name__}({', '.join(shown)})")

    @classmethod
    def _kept(cls) -> tuple[str, ...]:
        """The attributes that make the value; all others can be computed from them."""
        return tuple(f.name for f in fields(cast(Any, cls)))

    def __getstate__(self) -> dict[str, Any]:
        kept = {name: getattr(self, name) for name in self._kept()}
        return {name: _ReadOnly(v) if isinstance(v, MappingProxyType) else v for name, v in kept.items()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        for name, v in state.items():
            object.__setattr__(self, name, MappingProxyType(dict(v)) if isinstance(v, _ReadOnly) else v)


class LazySequence(Sequence[T]):
    """A sequence of so many items, each made by ``make`` when it is first looked at, and kept.

    ``==`` compares with any sequence, item by item. Pickled and copied as a list.

    >>> squares = LazySequence(10**6, lambda i: i * i)
    >>> squares[3], squares[-1], squares[1:3], squares
    (9, 999998000001, [1, 4], [0, 1, 4, 9, 16, 25, 36, 49, 64, 81, 100, 121, ... (999988 more)])
    """

    def __init__(self, length: int, make: Callable[[int], T]) -> None:
        self._length, self._make = length, make
        self._made: dict[int, T] = {}

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, index: int) -> T: ...

    @overload
    def __getitem__(self, index: slice) -> list[T]: ...

    def __getitem__(self, index: int | slice) -> T | list[T]:
        if isinstance(index, slice):
            return [self[i] for i in range(self._length)[index]]
        place = range(self._length)[index]
        if place not in self._made:
            self._made[place] = self._make(place)
        return self._made[place]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(a == b for a, b in zip(self, other, strict=True))

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return "[" + _first((repr(item) for item in self), len(self)) + "]"

    def __reduce__(self) -> tuple[Any, ...]:
        return list, (list(self),)


class _ReadOnly(dict[Any, Any]):
    """A ``MappingProxyType`` on its way: these can be neither pickled nor copied deeply."""


def short(value: object) -> str:
    """About 60 characters that stand for a number, a text, a collection or a value; never computed at length.

    >>> short((Fraction(1, 2), 10**5000)), short({"kind": "tree"}), short(range(3)), short(["ab"] * 784)
    ('(1/2, 100000...000000)', "{'kind': 'tree'}", 'range(0, 3)',
     "['ab', 'ab', 'ab', 'ab', 'ab', 'ab', 'ab', 'ab', 'ab', 'ab', ... (774 more)]")
    """
    if isinstance(value, int | Fraction) and not isinstance(value, bool):
        return text_rational(Fraction(value))
    if isinstance(value, str):
        return repr(cut(value, _ROOM))
    if isinstance(value, Mapping):
        return "{" + _first((f"{short(k)}: {short(v)}" for k, v in value.items()), len(value)) + "}"
    if isinstance(value, tuple | list | frozenset | set):
        ends = {tuple: "()", list: "[]"}.get(type(value), "{}")
        comma = "," if isinstance(value, tuple) and len(value) == 1 else ""
        return ends[0] + _first(map(short, value), len(value)) + comma + ends[1]
    if hasattr(value, "shape"):
        return f"<array of shape {value.shape}>"
    return cut(repr(value), _ROOM)


def summary(head: str, text: str) -> str:
    """<head: text>, the text cut so that all has at most 200 characters."""
    return cut(f"<{head}: {text}", 199) + ">"


def _first(texts: Iterable[str], count: int) -> str:
    """The first texts that fit, and how many there are besides."""
    shown: list[str] = []
    for text in islice(texts, _ENTRIES):
        if shown and sum(map(len, shown)) + 2 * len(shown) + len(text) > _ROOM:
            break
        shown.append(text)
    return ", ".join([*shown, f"... ({count - len(shown)} more)"] if count > len(shown) else shown)
