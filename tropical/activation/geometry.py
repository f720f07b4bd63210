"""What the vertices and edges of a complex tell: read off the sweep that found it, once more."""

import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tropical.activation.compiled.engine import sweep_domain
from tropical.activation.complexes import PolyhedralComplex
from tropical.activation.patterns import PackedSigns, PatternTable, SignLayout, Words
from tropical.budget import Meter
from tropical.functions.layer import IDENTITY, RELU, Layer
from tropical.functions.network import ReLUNetwork
from tropical.polyhedra.cones import Cone, Integers

if TYPE_CHECKING:
    from tropical.activation.compiled.sweep import Sweep, Vertices


def facet_pairs(cx: PolyhedralComplex, meter: Meter) -> NDArray[np.int64] | None:
    """The pairs (i, j), i < j, of cells that share a facet, each once.

    None where the sweep does not tell: unless it found the complex, and no vertex on more hyperplanes than dimensions.
    """
    if cx._known_f_vector is None:
        return None

    def found(sweep: "Sweep") -> tuple[Words, Words, SignLayout]:
        parts = [sweep.facet_cells(part) for part in sweep.finished(sweep.begin())]
        below, above = (np.concatenate(words) for words in zip(*parts, strict=True))
        return below, above, sweep.stages.found_layout

    below, above, layout = sweep_domain(cx._in_chart, cx.chart.cone, meter, found)
    table = cx._table
    return np.stack([places_of(table, above, layout), places_of(table, below, layout)], axis=1)


def highest_vertices(net: ReLUNetwork, domain: Cone, sign: int, meter: Meter) -> list[Integers]:
    """Vertices (y_0, y) of cells, all those at which ``sign`` times the only output is largest among them.

    None at all, if it grows for ever along a ray of a cell. ``can_enumerate`` must hold.
    """

    def found(sweep: "Sweep") -> list[Integers]:
        best = -math.inf
        highest: list[tuple[float, Integers]] = []
        if sweep.start.is_fan:
            highest.append((math.inf, (1, *(0 for _ in range(net.input_dim)))))
        for part in sweep.finished(sweep.begin()):
            values = sweep.values(part, sign)
            for v in np.flatnonzero(values.infinite & (values.upper > 0)).tolist():
                if values.lower[v] > 0 or sweep.value(part, v) * sign > 0:
                    return []
            finite = ~values.infinite
            best = max(best, values.lower[finite].max(initial=-math.inf))
            for v in np.flatnonzero(finite & (values.upper >= best)).tolist():
                meter.check_time()
                highest.append((float(values.upper[v]), sweep.position(part, v)))
        return list(dict.fromkeys(position for upper, position in highest if upper >= best))

    return sweep_domain(_with_outputs(net), domain, meter, found)


def level_vertices(
    cx: PolyhedralComplex, output: int, level: Fraction, meter: Meter
) -> list[tuple[int, Callable[[], list[Integers]]]] | None:
    """The cells through whose interior {F_output = level} passes, in order, each with the vertices and rays there.

    None where the sweep does not tell, as for :func:`facet_pairs`.
    """
    if cx._known_f_vector is None:
        return None

    def found(sweep: "Sweep") -> list[tuple[int, Callable[[], list[Integers]]]] | None:
        hidden = sweep.stages.hidden_layout
        pieces: dict[int, tuple[Vertices, list[int]]] = {}
        for part in sweep.finished(sweep.begin()):
            if sweep.tally.marked:
                return None
            words, vertices, number = sweep.incidences(part)
            for cell, v in zip(places_of(cx._table, words, hidden).tolist(), number.tolist(), strict=True):
                pieces.setdefault(cell, (vertices, []))[1].append(v)
        origin = [(1, *(0 for _ in range(cx._in_chart.input_dim)))] if sweep.start.is_fan else []
        return [(cell, partial(_positions, origin, *pieces[cell])) for cell in sorted(pieces)]

    return sweep_domain(_with_level(cx._in_chart, output, level), cx.chart.cone, meter, found)


def _positions(others: list[Integers], vertices: "Vertices", numbers: list[int]) -> list[Integers]:
    return [*others, *map(vertices.position, numbers)]


def _with_level(net: ReLUNetwork, output: int, level: Fraction) -> ReLUNetwork:
    """A network whose last hidden layer has one unit, with the preactivation F_output - level."""
    last, one = net.layers[-1], Fraction(1)
    unit = Layer((last.weight[output],), (last.bias[output] - level,), (RELU,))
    return ReLUNetwork((*net.layers[:-1], unit, Layer(((one,),), (Fraction(0),), (IDENTITY,))))


def _with_outputs(net: ReLUNetwork) -> ReLUNetwork:
    """A network whose last hidden layer, of linear units, has the outputs of ``net``."""
    last = net.layers[-1]
    linear = (IDENTITY,) * last.output_dim
    identity = tuple(tuple(Fraction(int(i == j)) for j in range(len(linear))) for i in range(len(linear)))
    outputs = Layer(identity, (Fraction(0),) * len(linear), linear)
    return ReLUNetwork((*net.layers[:-1], replace(last, slopes=linear), outputs))


def places_of(table: PatternTable, words: Words, layout: SignLayout) -> NDArray[np.int64]:
    """The places of patterns, without zeros, in a table in order, without zeros either."""
    from tropical.activation.compiled.kernels.ordering import find_rows

    own = table.packed.positive
    if not np.array_equal(table.layout.bit, layout.bit) or not np.array_equal(table.layout.factor, layout.factor):
        own, words = (PackedSigns.of(signs).positive for signs in (table.signs(), layout.signs(PackedSigns(words))))
    found = np.empty(len(words), np.int64)
    find_rows(np.ascontiguousarray(own), np.ascontiguousarray(words[:, : own.shape[1]]), found)
    assert (found >= 0).all(), "a facet has a cell that was not found before"
    return found
