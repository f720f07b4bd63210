"""Activation patterns of many cells, packed: one bit for each sign, and a second one only where some sign is 0."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SignArray = NDArray[np.int8]
Words = NDArray[np.uint64]

_BLOCK = 1 << 14  # rows handled at once where they are unpacked or compared
_SPREAD = np.array([sum((b >> i & 1) << 2 * i for i in range(8)) for b in range(256)], np.uint16)


@dataclass(frozen=True, eq=False)
class PackedSigns:
    """Signs of units on cells, both of shape (cells, words), unit k in bit 63 - k % 64 of word k // 64.

    A bit of ``positive`` is set where the sign is 1, one of ``zero`` where it is 0; ``zero=None``: nowhere.
    """

    positive: Words
    zero: Words | None = None

    @classmethod
    def of(cls, signs: SignArray) -> "PackedSigns":
        """Pack signs of shape (cells, units)."""
        zero = packed_bits(signs == 0) if not signs.all() else None
        return cls(packed_bits(signs > 0), zero)

    def rows(self, rows: NDArray[np.int64] | slice) -> "PackedSigns":
        """The signs on some of the cells."""
        return PackedSigns(self.positive[rows], None if self.zero is None else self.zero[rows])

    @property
    def nbytes(self) -> int:
        """Memory held, in bytes."""
        return self.positive.nbytes + (0 if self.zero is None else self.zero.nbytes)


def packed_bits(bits: NDArray[np.bool_]) -> Words:
    """Bits of shape (cells, units) as words of 64, highest first."""
    cells, units = bits.shape
    padded = np.zeros((cells, -(-units // 64) * 8), np.uint8)
    padded[:, : -(-units // 8)] = np.packbits(bits, axis=1)
    return padded.view(">u8").astype(np.uint64)


def _unpacked(words: Words) -> NDArray[np.uint8]:
    return np.unpackbits(words.astype(">u8").view(np.uint8), axis=1)


@dataclass(frozen=True)
class SignLayout:
    """Where kinked units find their signs in packed rows: ``factor`` times that of ``bit``, ``words`` long.

    Units with proportional rows share a bit, with the factor 1 or -1; it is 0 for a row of zeros. The signs of the
    bits, taken in order, decide the order of patterns.
    """

    bit: NDArray[np.int64]
    factor: SignArray
    words: int = 0

    @classmethod
    def plain(cls, units: int) -> "SignLayout":
        """One bit for each unit."""
        return cls(np.arange(units), np.ones(units, np.int8), -(-units // 64))

    def signs(self, packed: PackedSigns) -> SignArray:
        """Signs of shape (cells, units)."""
        found = _unpacked(packed.positive)[:, self.bit].view(np.int8) * np.int8(2) - np.int8(1)
        if packed.zero is not None:
            found[_unpacked(packed.zero)[:, self.bit] != 0] = 0
        return found * self.factor


class PatternTable:
    """The activation patterns of the cells of a complex: ``len`` of them, ``units`` signs each, unpacked on demand."""

    def __init__(self, layout: SignLayout, packed: PackedSigns) -> None:
        self.layout = layout
        self.packed = packed

    @classmethod
    def of(cls, patterns: Sequence[Sequence[int]], units: int) -> "PatternTable":
        """A table of given patterns."""
        signs = np.array(patterns, np.int8).reshape(len(patterns), units)
        return cls(SignLayout.plain(units), PackedSigns.of(signs))

    def __len__(self) -> int:
        return len(self.packed.positive)

    def __eq__(self, other: object) -> bool:
        """Whether the patterns are the same, in the same order; however they are packed."""
        if not isinstance(other, PatternTable):
            return NotImplemented
        if (len(self), self.units) != (len(other), other.units):
            return False
        pairs = zip(self._blocks(), other._blocks(), strict=True)
        return all(np.array_equal(self.layout.signs(a), other.layout.signs(b)) for a, b in pairs)

    __hash__ = None  # type: ignore[assignment]

    @property
    def units(self) -> int:
        """Signs in a pattern."""
        return len(self.layout.bit)

    @property
    def nbytes(self) -> int:
        """Memory held, in bytes."""
        return self.packed.nbytes

    def signs(self) -> SignArray:
        """All patterns, shape (cells, units)."""
        return np.concatenate([np.zeros((0, self.units), np.int8), *map(self.layout.signs, self._blocks())])

    def signs_of(self, cells: NDArray[np.int64]) -> SignArray:
        """The patterns of some cells, shape (len(cells), units)."""
        return self.layout.signs(self.packed.rows(cells))

    def __getitem__(self, cell: int) -> tuple[int, ...]:
        """The pattern of one cell."""
        if not -len(self) <= cell < len(self):
            raise IndexError(cell)
        cell %= len(self)
        return tuple(self.layout.signs(self.packed.rows(slice(cell, cell + 1)))[0].tolist())

    def compatible(self, pattern: Sequence[int]) -> NDArray[np.int64]:
        """The cells whose patterns agree with the given one wherever that is not 0, in order."""
        signs = np.array(pattern, np.int8)
        units = np.flatnonzero(signs)
        bits, given = self.layout.bit[units], signs[units] * self.layout.factor[units]
        if not given.all():
            return np.zeros(0, np.int64)
        decided = np.zeros((1, 64 * self.layout.words), bool)
        wanted = decided.copy()
        decided[0, bits] = True
        wanted[0, bits] = given > 0
        mask, value = packed_bits(decided), packed_bits(wanted)
        agrees = ((self.packed.positive ^ value) & mask == 0).all(axis=1)
        if self.packed.zero is not None:
            agrees &= (self.packed.zero & mask == 0).all(axis=1)
        return np.flatnonzero(agrees)

    def in_order(self) -> "PatternTable":
        """The same patterns in decreasing lexicographic order; ``self`` if they are."""
        if all(map(_descending, map(order_keys, self._blocks(overlap=1)))):
            return self
        keys = order_keys(self.packed)
        return PatternTable(self.layout, self.packed.rows(np.lexsort(tuple(~keys[:, ::-1].T))))

    def _blocks(self, overlap: int = 0) -> Iterator[PackedSigns]:
        for begin in range(0, len(self), _BLOCK):
            yield self.packed.rows(slice(begin, begin + _BLOCK + overlap))


def order_keys(packed: PackedSigns) -> Words:
    """Words that compare like the patterns; where there are zeros twice as many, with bits 11, 01, 00 for 1, 0, -1."""
    if packed.zero is None:
        return packed.positive
    high, low = (_SPREAD[w.astype(">u8").view(np.uint8)] for w in (packed.positive, packed.positive | packed.zero))
    return (high << 1 | low).astype(">u2").view(">u8").astype(np.uint64)


def _descending(keys: Words) -> bool:
    """Whether no row is greater than the one before it."""
    open_ = np.ones(max(len(keys) - 1, 0), bool)
    for column in keys.T:
        before, after = column[:-1], column[1:]
        if (open_ & (after > before)).any():
            return False
        open_ &= after == before
    return True


class PatternCollector:
    """Gathers packed signs block by block in arrays that grow in place, so that no second copy is ever held."""

    def __init__(self, layout: SignLayout) -> None:
        self.layout = layout
        self.count = 0
        self._positive = np.zeros((0, layout.words), np.uint64)
        self._zero: Words | None = None

    def add(self, block: PackedSigns) -> None:
        """Append the signs on further cells."""
        begin, self.count = self.count, self.count + len(block.positive)
        if self.count > len(self._positive):
            self._resize(max(self.count, len(self._positive) * 17 // 16))
        self._positive[begin : self.count] = block.positive
        if block.zero is not None:
            if self._zero is None:
                self._zero = np.zeros_like(self._positive)
            self._zero[begin : self.count] = block.zero

    def table(self) -> PatternTable:
        """What was gathered; the collector must not be used afterwards."""
        self._resize(self.count)
        return PatternTable(self.layout, PackedSigns(self._positive, self._zero))

    def _resize(self, rows: int) -> None:
        for array in (self._positive, self._zero):
            if array is not None:
                array.resize((rows, self.layout.words), refcheck=False)
