"""Vertices of deeper layers found anew in float64, from the hyperplanes on which they lie, where errors have added up.

A vertex lies between others, and these lie between others in turn: its error grows with every unit that cuts. The rows
of its cell, composed from the weights, do not know of that.
"""

import numpy as np

from tropical.activation.compiled.exact_vertices import ExactVertices
from tropical.activation.compiled.float_layers import Floats
from tropical.activation.compiled.kernels.refining import (
    ERROR,
    RIGHT,
    UNSURE,
    Solver,
    X,
    normalise,
    solve,
    write_height,
)
from tropical.activation.compiled.kernels.skeleton import EXACT, SIDES, Room, Skeleton, set_sign, shift_of
from tropical.activation.compiled.kernels.values import LEAST, UNIT, WIDER
from tropical.activation.compiled.stages import Stages, evaluate
from tropical.activation.patterns import Words


class RefinedVertices:
    """Makes the vertices of one sweep more certain from stage 2 on; ``solver`` has the rows of all stages before."""

    def __init__(self, stages: Stages, exact: ExactVertices, solver: Solver) -> None:
        self.stages, self.exact, self.solver = stages, exact, solver

    def settle(self, sk: Skeleton, v: int, stage: int, since: int) -> bool:
        """Write the signs of the stage's bits from ``since`` on, if values found anew tell all of them."""
        if not self.refine(sk, v, stage):
            return False
        bits, first = self.stages.bits[stage], self.stages.first_bit[stage]
        values, errors = sk.values[v, since:bits], sk.errors[v, shift_of(sk) :][since:bits]
        if not ((np.abs(values) > errors) | ((values == 0) & (errors == 0))).all():
            return False
        for place, value in enumerate(values.tolist(), first + since):
            set_sign(sk, np.uint64(v), np.uint64(place), value >= 0, value == 0)
        return True

    def refine(self, sk: Skeleton, v: int, stage: int) -> bool:
        """Write height and values of a vertex, as far as they become more certain; whether it was found anew."""
        if not self._applies(stage) or sk.sides[v, SIDES] & EXACT:
            return False
        solver, vectors = self.solver, self.solver.vectors
        tables = self._tables(sk.signs[v : v + 1], stage)
        self._put_rows(sk, v, tables)
        solver.matrix[-1, -1] = vectors[RIGHT, -1] = vectors[X, -1] = 1  # x_0, which is not 0
        m = len(solver.direction)
        if not (self._is_finite() and normalise(solver, m)):
            return False
        write_height(sk, np.uint64(v), solver.direction, vectors, m)
        rows, errors = tables[-1]
        x, ex = vectors[X], vectors[ERROR]
        with np.errstate(all="ignore"):
            total, sizes = np.abs(x) + ex, np.abs(rows)
            values = x @ rows
            found = ex @ sizes + total @ errors + (m + 6) * UNIT * (total @ sizes)
            found = (1.0001 * found + LEAST) * WIDER
            if self.exact.extra == 2:
                values, found = np.append(values, x[-1]), np.append(found, ex[-1] * WIDER)
            old_values, old_errors = sk.values[v, : len(values)], sk.errors[v, shift_of(sk) :][: len(values)]
            better = found < old_errors
            old_values[better], old_errors[better] = values[better], found[better]
        return True

    def slope(self, sk: Skeleton, v: int, slot: int, stage: int) -> float | None:
        """A number with the sign of the height's change along the edge that leaves v at a slot; None if it is unsure.

        However short the edge is, its direction is as certain as the rows are.
        """
        if not self._applies(stage):
            return None
        words = sk.signs[v : v + 1].copy()
        place = self.exact.tight(sk, v)[slot >> 1] - len(self.exact.start.facets)
        if place >= 0 and slot & 1:
            words[0, place >> 6] |= np.uint64(1) << np.uint64(63 - (place & 63))
        solver, vectors = self.solver, self.solver.vectors
        self._put_rows(sk, v, self._tables(words, stage))
        first = self.stages.first_bit[1]
        places = range(first, first + len(solver.axes))
        sides = [1 if int(words[0, place >> 6]) >> 63 - (place & 63) & 1 else -1 for place in places]
        m = len(solver.direction)
        with np.errstate(all="ignore"):  # infinite coefficients leave it unsure
            solver.matrix[-1] = solver.normal + np.array(sides, float) @ solver.axes  # N does not change
            vectors[UNSURE, -1] = (m + 4) * UNIT * (np.abs(solver.normal) + np.abs(solver.axes).sum(axis=0)).max()
        vectors[RIGHT, slot >> 1] = 1 if slot & 1 else -1
        if not (self._is_finite() and solve(solver.matrix, solver.inverse, vectors, m)):
            return None
        x, ex, sizes = vectors[X], vectors[ERROR], np.abs(solver.direction)
        with np.errstate(all="ignore"):
            found = float(solver.direction @ x)
            error = 1.0001 * float(sizes @ ex + (m + 4) * UNIT * (sizes @ np.abs(x))) + LEAST
        return found if abs(found) > error else None

    def _applies(self, stage: int) -> bool:
        """Whether floats have all rows before a stage, and positions are solutions of n equations with n unknowns."""
        has_floats = all(arrays is not None for arrays in self.stages.arrays[: stage - 1])
        return has_floats and self.exact.complex_dim == self.exact.dim

    def _tables(self, words: Words, stage: int) -> list[tuple[Floats, Floats]]:
        """For each layer up to that of the stage rows for (x, x_0), and their errors; its units as in ``orders``.

        They are the values at the unit vectors, if the signs there are those of ``words``.
        """
        m = len(self.solver.direction)
        columns = 2 + max(m - 1, *map(len, self.stages.orders[:stage]))
        sk = Room().skeleton(m, self.exact.dim, self.stages.words, columns)
        sk.values[:] = 0
        sk.values[:, :m], sk.values[:, m] = np.eye(m), 1  # N is 1
        sk.signs[:], sk.sides[:, SIDES] = words, EXACT
        tables = []
        for arrays in (self.stages.first_arrays, *self.stages.arrays[: stage - 1]):
            assert arrays is not None
            evaluate(arrays, sk, m, 2)
            units = len(arrays.bias)
            tables.append((sk.values[:, :units].copy(), sk.errors[:, shift_of(sk) :][:, :units].astype(np.float64)))
        return tables

    def _put_rows(self, sk: Skeleton, v: int, tables: list[tuple[Floats, Floats]]) -> None:
        """Put the rows of the constraints on which a vertex lies into the solver's matrix, all else to 0."""
        solver, facets = self.solver, len(self.exact.start.facets)
        solver.matrix[:], solver.vectors[:] = 0, 0
        for i, c in enumerate(self.exact.tight(sk, v)):
            stage, bit = self.stages.stage_of(c - facets) if c >= facets else (0, 0)
            if stage < 2:
                solver.matrix[i], solver.vectors[UNSURE, i] = solver.rows[c], solver.row_errors[c].sum()
            else:
                rows, errors = tables[stage - 1]
                solver.matrix[i], solver.vectors[UNSURE, i] = rows[:, bit], errors[:, bit].max()

    def _is_finite(self) -> bool:
        return bool(np.isfinite(self.solver.matrix).all() and np.isfinite(self.solver.vectors).all())
