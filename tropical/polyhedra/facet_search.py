"""Which constraints of a full-dimensional polyhedron are facets, with a point inside it and inside each facet.

Points are homogeneous: an integer vector (X_0, X) with X_0 > 0 stands for X / X_0.
"""

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import fmpq, fmpz_mat
from numpy.typing import NDArray

from tropical.arithmetic.linear_program import (
    Basis,
    BasisProposer,
    Floats,
    Integers,
    LinearProgram,
    basis_multipliers,
    power_of_two,
    quotient,
)
from tropical.arithmetic.rationals import primitive, primitive_integers
from tropical.arithmetic.simplex import simplex
from tropical.budget import Meter

_GRIDS = (2, 8, 20, 50)
_ROUNDINGS = (12, 50)
_FINEST = 50
_STEPS = 5
_STRIDE = 0.9
_NEAREST = 1e-100
_RIDGE = 1e-14
_REASONS = 32
_MEMORY = 100_000
_METRICS = 1 << 24


@dataclass(frozen=True, slots=True)
class Crossing:
    """Where a ray leaves the polyhedron: ``point`` lies on exactly one facet, ``direction`` (0, d) points outwards."""

    point: Integers
    direction: Integers


def interior_point(rows: Sequence[Integers], dim: int) -> Integers | None:
    """A point with h_i(x) > 0 for every integer row h_i, or None if there is none: max t with h_i >= t, t <= 1.

    The float solution, rounded, is good enough if it satisfies every row strictly; else the exact one counts.

    >>> interior_point([(0, 1), (1, -2)], 1)
    (4, 1)
    >>> interior_point([(0, 1), (0, -1)], 1) is None
    True
    """
    if not rows:
        return (1, *[0] * dim)
    program = LinearProgram([(*row, -1) for row in rows] + [(1, *[0] * dim, -1)], dim + 1)
    deepest = (0, *[0] * dim, 1)
    proposed = program.proposed(deepest).point[:-1]
    if np.isfinite(proposed).all():
        matrix = fmpz_mat(list(map(list, rows)))
        for bits in _GRIDS:
            point = primitive_integers((1 << bits, *(round(Fraction(q) * 2**bits) for q in proposed.tolist())))
            if all(value > 0 for value in (matrix * fmpz_mat([[a] for a in point])).entries()):
                return point
    outcome = program.maximise(deepest)
    if outcome.point is None or outcome.point[-1] <= 0:
        return None
    point = primitive((Fraction(1), *outcome.point[:-1]))
    return simplified(rows, point)


def tightest(rows: Iterable[Integers]) -> list[int]:
    """Indices of the non-constant rows that no other row implies by itself; of proportional rows the first counts.

    >>> tightest([(0, 2), (3, 1), (5, 0), (0, 4), (-1, -1)])
    [0, 4]
    """
    best: dict[Integers, tuple[int, int, int]] = {}
    for index, (constant, *gradient) in enumerate(rows):
        size = math.gcd(*gradient)
        if size:
            key = tuple(a // size for a in gradient)
            other = best.get(key)
            if other is None or constant * other[1] < other[0] * size:
                best[key] = constant, size, index
    return sorted(index for _, _, index in best.values())


class Implications:
    """Which rows were seen to imply which: h = v + sum_j y_j h_j, v, y >= 0, holds wherever these rows meet again."""

    def __init__(self) -> None:
        self._index: dict[Integers, int] = {}
        self._reasons: dict[int, list[frozenset[int]]] = {}

    def identify(self, rows: Sequence[Integers]) -> list[int]:
        """A number for each row, the same whenever it comes again (until there are too many, and all is forgotten)."""
        if len(self._index) > _MEMORY:
            self._index.clear()
            self._reasons.clear()
        return [self._index.setdefault(row, len(self._index)) for row in rows]

    def known(self, row: int, present: frozenset[int]) -> bool:
        """Whether rows that are present are known to imply this one."""
        return any(reason <= present for reason in reversed(self._reasons.get(row, ())))

    def remember(self, row: int, reason: frozenset[int]) -> None:
        """Keep the latest reasons for each row."""
        reasons = self._reasons.setdefault(row, [])
        reasons.append(reason)
        del reasons[:-_REASONS]


def find_facets(
    view: "LocalView",
    known: Collection[int] = (),
    implications: Implications | None = None,
    meter: Meter | None = None,
) -> dict[int, Crossing]:
    """The facets among the rows of ``view``, each with a ray that leaves through its relative interior.

    :func:`tightest` must keep every row. Rows in ``known`` are facets already and are left out of the answer. Rays
    that hit one hyperplane first prove a facet; a row that no ray reaches is redundant if an exact dual certificate
    says so: h_i = v + sum_j y_j h_j with v, y >= 0. Certificates are looked up and left in ``implications``, for
    polyhedra that share rows.

    >>> found = find_facets(LocalView([(0, 1, 0), (0, 0, 1), (2, -1, -1), (9, -1, 0)], (2, 1, 1)))
    >>> sorted(found), found[0].point
    ([0, 1, 2], (2, 0, 1))
    """
    search = _FacetSearch(view, known, implications or Implications(), meter or Meter())
    search.shoot()
    search.decide_the_rest()
    return search.found


class LocalView:
    """The rows as floats around an interior point, in a unit comparable to the distance of the nearest hyperplane.

    There must be a row, none constant, and ``inside`` must satisfy every row strictly.
    ``values`` are exact: each row at the homogeneous ``inside``. ``gradients`` have length 1, ``distances`` are those
    from the point to the hyperplanes, in units of 2^``exponent``. The floats only propose.
    """

    def __init__(self, rows: Sequence[Integers], inside: Integers) -> None:
        self.rows = rows
        self.matrix = fmpz_mat(rows)
        self.sizes = [power_of_two(row[1:]) for row in rows]
        floats = np.array([[a / size for a in row[1:]] for row, size in zip(rows, self.sizes, strict=True)])
        self.lengths = np.sqrt(np.sum(floats**2, axis=1))
        self.gradients: Floats = floats / self.lengths[:, None]
        self.move_to(inside)

    def move_to(self, inside: Integers) -> None:
        """Look from another interior point."""
        self.inside = inside
        self.values = [int(v) for v in (self.matrix * fmpz_mat([[a] for a in inside])).entries()]
        depth = min(v.bit_length() - size.bit_length() for v, size in zip(self.values, self.sizes, strict=True))
        self.exponent = depth - inside[0].bit_length() + 1
        up, down = max(-self.exponent, 0), inside[0] << max(self.exponent, 0)
        heights = [quotient(v << up, down * size) for v, size in zip(self.values, self.sizes, strict=True)]
        self.distances: Floats = np.array(heights) / self.lengths

    def move_to_centre(self) -> None:
        """Look from a point well inside, with short coordinates; found in floats, else exactly coordinatewise."""
        point = self.centre()
        if not all(v > 0 for v in (self.matrix * fmpz_mat([[a] for a in point])).entries()):
            point = simplified(self.rows, self.inside)
        self.move_to(point)

    def first_hits(self, directions: Floats) -> tuple[NDArray[np.intp], Floats]:
        """For each direction the hyperplane met first, and how far away (infinite: none)."""
        slopes = directions @ self.gradients.T
        with np.errstate(all="ignore"):
            reach = np.where(slopes < 0, self.distances / -slopes, np.inf)
        hits = np.argmin(reach, axis=1)
        return hits, reach[np.arange(len(hits)), hits]

    def walks(self, targets: NDArray[np.intp]) -> dict[int, Floats]:
        """Points on those of the target hyperplanes that affine scaling (Dikin 1967) reaches before any other.

        Each step is the steepest descent of the target in the ellipsoid sum_j (h_j(y + d) / h_j(y) - 1)^2 <= 1, long
        but short of the boundary; all targets are walked to at once.
        """
        points = np.zeros((len(targets), self.gradients.shape[1]))
        reached: dict[int, Floats] = {}
        with np.errstate(all="ignore"):
            for _ in range(_STEPS):
                slacks = np.maximum(self.distances + points @ self.gradients.T, _NEAREST)
                steps = self.descents(targets, slacks)
                slopes = steps @ self.gradients.T
                reach = np.where(slopes < 0, slacks / -slopes, np.inf)
                own = np.arange(len(targets)), targets
                goal = reach[own]
                reach[own] = np.inf
                bound = np.min(reach, axis=1)
                for k in np.flatnonzero(goal < bound):
                    reached[int(targets[k])] = points[k] + goal[k] * steps[k]
                left = np.isfinite(bound) & (goal >= bound)
                points, targets = (points + _STRIDE * bound[:, None] * steps)[left], targets[left]
                if not len(targets):
                    break
        return reached

    def descents(self, targets: NDArray[np.intp], slacks: Floats) -> Floats:
        """The Dikin direction of each target where the hyperplanes are at distances ``slacks``; its own is no bound."""
        weights = slacks**-2.0
        weights[np.arange(len(targets)), targets] = 0.0
        metric = (self.gradients.T * weights[:, None, :]) @ self.gradients
        size = 1.0 + np.trace(metric, axis1=1, axis2=2)
        metric += (_RIDGE * size)[:, None, None] * np.eye(metric.shape[1])
        steps = np.linalg.solve(metric, -self.gradients[targets][:, :, None])[:, :, 0]
        return np.asarray(steps, dtype=np.float64)

    def centre(self) -> Integers:
        """The mean of the boundary points seen along the normals, both ways, on a dyadic grid; unchecked."""
        directions = np.concatenate((self.gradients, -self.gradients))
        _, reach = self.first_hits(directions)
        finite = reach[np.isfinite(reach)]
        shift = np.mean(directions * np.minimum(reach, 2 * np.median(finite))[:, None], axis=0)
        room = np.min(self.distances + self.gradients @ shift)
        bits = max(2 + math.ceil(math.log2(math.sqrt(len(shift)) / room)), -1000) if room > 0 else _FINEST
        return self.on_grid(shift, min(bits, _FINEST))

    def on_grid(self, shift: Floats, bits: int) -> Integers:
        """inside + 2^exponent shift, rounded to multiples of 2^(exponent - bits)."""
        fine = bits - self.exponent
        up, down = max(fine, 0), self.inside[0] << max(-fine, 0)
        steps = (round(math.ldexp(float(q), bits)) for q in shift)
        grid = [(a << up) // down + step for a, step in zip(self.inside[1:], steps, strict=True)]
        return primitive_integers((1 << up, *(a << max(-fine, 0) for a in grid)))


def simplified(rows: Sequence[Integers], inside: Integers) -> Integers:
    """A point of the interior {h_i > 0}: each coordinate in turn becomes a short dyadic number well inside its range.

    >>> simplified([(1, 3), (10**6, -1)], (10**9 + 7, 5))
    (1, 250000)
    """
    point = [fmpq(a, inside[0]) for a in inside[1:]]
    values = [sum((a * q for a, q in zip(row[1:], point, strict=True) if a), fmpq(row[0])) for row in rows]
    for j, q in enumerate(point):
        moving = [(i, row[j + 1]) for i, row in enumerate(rows) if row[j + 1]]
        down = min((values[i] / a for i, a in moving if a > 0), default=None)
        up = min((values[i] / -a for i, a in moving if a < 0), default=None)
        ends = (None if end is None else _fraction(end) for end in (down, up))
        new = _short_dyadic(_fraction(q), *ends)
        point[j] = fmpq(new.numerator, new.denominator)
        for i, a in moving:
            values[i] += a * (point[j] - q)
    return primitive((Fraction(1), *map(_fraction, point)))


def _fraction(q: fmpq) -> Fraction:
    return Fraction(int(q.p), int(q.q))


def _short_dyadic(q: Fraction, down: Fraction | None, up: Fraction | None) -> Fraction:
    """A dyadic number in the middle half of the interval (q - down, q + up); None: unbounded."""
    if down is None and up is None:
        return Fraction(0)
    down, up = down or up or Fraction(1), up or down or Fraction(1)
    low, width = q - down + (down + up) / 4, (down + up) / 2
    scale = 1 << math.ceil(1 / width).bit_length()
    return Fraction(math.ceil(low * scale), scale)


class _FacetSearch:
    def __init__(self, view: LocalView, known: Collection[int], implications: Implications, meter: Meter) -> None:
        self.view, self.rows, self.inside, self.known = view, view.rows, view.inside, frozenset(known)
        self.found: dict[int, Crossing] = {}
        self.implications, self.meter = implications, meter
        self.names = implications.identify(view.rows)
        present = frozenset(self.names)
        self.implied = {i for i, name in enumerate(self.names) if implications.known(name, present)}

    def undecided(self) -> list[int]:
        """Rows not yet known to be facets or redundant."""
        done = self.known | self.implied | self.found.keys()
        return [i for i in range(len(self.rows)) if i not in done]

    def shoot(self) -> None:
        """Rays towards each undecided hyperplane: first the shortest, then along walks that avoid the others."""
        targets = np.array(self.undecided(), dtype=np.intp)
        if not len(targets):
            return
        hits, reach = self.view.first_hits(-self.view.gradients[targets])
        self.verify({int(i): -self.view.gradients[targets[k]] for k, i in enumerate(hits) if reach[k] < np.inf})
        targets = np.array(self.undecided(), dtype=np.intp)
        if len(targets):
            dim = self.view.gradients.shape[1]
            for some in self.meter.timed(np.array_split(targets, -(-len(targets) * dim**2 // _METRICS))):
                self.verify(self.view.walks(some))

    def verify(self, proposals: Mapping[int, Floats], bits: int = _ROUNDINGS[0]) -> None:
        """Keep each proposed row that its ray, rounded, meets first and alone: exactly."""
        targets = [i for i in proposals if i not in self.known and i not in self.found]
        self.cross({i: _rounded(proposals[i], bits) for i in targets})

    def cross(self, rays: Mapping[int, Integers]) -> None:
        """Keep each row whose ray meets it first and alone."""
        if not rays:
            return
        directions = fmpz_mat([list(ray) for ray in rays.values()]).transpose()
        slopes = (self.view.matrix * directions).transpose().tolist()
        for (target, ray), slope in zip(rays.items(), slopes, strict=True):
            value, fall = self.view.values[target], -int(slope[target])
            others = ((j, int(s)) for j, s in enumerate(slope) if s < 0 and j != target)
            if fall > 0 and all(self.view.values[j] * fall > value * -s for j, s in others):
                point = [fall * a + value * b for a, b in zip(self.inside, ray, strict=True)]
                self.found[target] = Crossing(primitive_integers(point), ray)

    def decide_the_rest(self) -> None:
        """A linear program for every row left: its minimum over the others is negative, or the row is redundant."""
        rest = self.undecided()
        proposer = BasisProposer(self.view.distances, self.view.gradients) if rest else None
        for i in self.meter.timed(rest):
            if proposer is None or i in self.found:
                continue
            basis = proposer.minimise_row(i, self.view.gradients[i], self.meter)
            if self.is_implied(i, basis):
                continue
            for bits in _ROUNDINGS:
                self.verify({i: basis.point}, bits)
            if i not in self.found:
                self.decide(i, basis.rows)

    def is_implied(self, target: int, basis: Basis) -> bool:
        """Whether h = v + sum_j y_j h_j with v, y >= 0, h the target and j running over the rows of the basis."""
        if target in basis.rows:
            return False
        multipliers = basis_multipliers(self.rows, basis, self.rows[target], sign=-1)
        if multipliers is None:
            return False
        terms = [(j, y) for j, y in zip(basis.rows, multipliers, strict=True) if y != 0]
        if sum((y * self.rows[j][0] for j, y in terms), fmpq(0)) > self.rows[target][0]:
            return False
        self.implications.remember(self.names[target], frozenset(self.names[j] for j, _ in terms))
        return True

    def decide(self, target: int, start: Sequence[int]) -> None:
        """The same by the exact simplex."""
        row = self.rows[target]
        relaxed = [*self.rows[:target], (row[0] + 1, *row[1:]), *self.rows[target + 1 :]]
        outcome = simplex([-a for a in row], relaxed, start, self.meter)
        assert outcome.point is not None
        assert outcome.value is not None
        if outcome.value > 0:
            steps = [q - Fraction(a, self.inside[0]) for q, a in zip(outcome.point, self.inside[1:], strict=True)]
            self.cross({target: primitive((Fraction(0), *steps))})


def _rounded(direction: Floats, bits: int) -> Integers:
    """(0, d) with d proportional to the direction, rounded to so many bits."""
    largest = float(np.max(np.abs(direction), initial=0.0))
    if not 0 < largest < math.inf:
        return (0, *[0] * len(direction))
    scaled = np.rint(direction * (2.0**bits / largest))
    return primitive_integers((0, *(int(a) for a in scaled)))
