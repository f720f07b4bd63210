"""Seeded networks of numbers far outside the ordinary, or of wide first layers and few cells. Standard library only."""

import itertools
import random
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from oracles.activation_z3 import Case, Vector
from oracles.random_cases import RELU, generic, random_case

FACTORS = tuple(
    [Fraction(2) ** k for k in (-1074, -1022, -540, -330, 330, 512, 1000)]
    + [Fraction(10) ** k for k in (-400, -310, -300, -200, -155, 155, 200, 300, 310, 400)]
)


def extreme_case(seed: int) -> Case:
    """Case number `seed` of `random_cases`, put through one or two of `KINDS`; half of them then rounded to floats."""
    rng = random.Random(f"extreme {seed}")
    case = random_case(rng.randrange(10**6))
    names = [list(KINDS)[seed % len(KINDS)], *rng.sample(list(KINDS), rng.choice((0, 0, 1)))]
    for name in names:
        case = KINDS[name](rng, case)
    if rng.random() < 0.5:
        names.append("rounded")
        case = replace(
            case,
            weights=tuple(tuple(map(_rounded, rows)) for rows in case.weights),
            biases=tuple(map(_rounded, case.biases)),
        )
    return replace(case, name=f"extreme {seed}: {', '.join(names)} of {case.name}")


def _rounded(row: Vector) -> Vector:
    """The nearest floats, where they are finite."""
    return tuple(Fraction(float(q)) if abs(q) < Fraction(2) ** 1023 else q for q in row)


def _power(rng: random.Random) -> Fraction:
    return Fraction(rng.choice((2, 10))) ** rng.randint(-400, 400)


def _times(row: Vector, factor: Fraction) -> Vector:
    return tuple(factor * q for q in row)


def _rows_times(case: Case, factors: list[list[Fraction]]) -> Case:
    """Every unit's weights and bias times its factor."""
    return replace(
        case,
        weights=tuple(tuple(map(_times, rows, scales)) for rows, scales in zip(case.weights, factors, strict=True)),
        biases=tuple(
            tuple(b * s for b, s in zip(bias, scales, strict=True))
            for bias, scales in zip(case.biases, factors, strict=True)
        ),
    )


def _scaled_layers(rng: random.Random, case: Case) -> Case:
    return _rows_times(case, [[_power(rng)] * len(rows) for rows in case.weights])


def _scaled_units(rng: random.Random, case: Case) -> Case:
    """Each unit has a scale of its own, for half of the networks undone by the next layer."""
    factors = [[_power(rng) for _ in rows] for rows in case.weights]
    scaled = _rows_times(case, factors)
    if rng.random() < 0.5:
        return scaled
    weights = [scaled.weights[0]]
    for rows, before in zip(scaled.weights[1:], factors, strict=False):
        weights.append(tuple(tuple(q / s for q, s in zip(row, before, strict=True)) for row in rows))
    return replace(scaled, weights=tuple(weights))


def _scaled_entries(rng: random.Random, case: Case) -> Case:
    def some(row: Vector) -> Vector:
        return tuple(q * rng.choice(FACTORS) if rng.random() < 0.3 else q for q in row)

    return replace(
        case, weights=tuple(tuple(map(some, rows)) for rows in case.weights), biases=tuple(map(some, case.biases))
    )


def _tiny_biases(rng: random.Random, case: Case) -> Case:
    """Subnormal biases, as weight decay leaves them, or smaller than any float."""
    sizes = (Fraction(5e-324), Fraction(1e-310), Fraction(1e-300), Fraction(1, 10**400))
    return replace(
        case,
        biases=tuple(tuple(rng.choice((-1, 0, 1)) * rng.choice(sizes) for _ in bias) for bias in case.biases),
    )


def _scaled_inputs(rng: random.Random, case: Case) -> Case:
    """The domain times a power along each axis (all of R^n becomes a box), for half of them undone by the weights."""
    lower, upper = case.box or ((Fraction(-1),) * case.input_dim, (Fraction(1),) * case.input_dim)
    factors = [_power(rng)] * case.input_dim if rng.random() < 0.5 else [_power(rng) for _ in lower]
    weights = case.weights
    if rng.random() < 0.5:
        first = tuple(tuple(q / s for q, s in zip(row, factors, strict=True)) for row in weights[0])
        weights = (first, *weights[1:])
    box = tuple(tuple(q * s for q, s in zip(corner, factors, strict=True)) for corner in (lower, upper))
    return replace(case, weights=weights, box=(box[0], box[1]))


def _long_rationals(rng: random.Random, case: Case) -> Case:
    """Numerators and denominators of 400 digits, close to the numbers that were there."""

    def blurred(row: Vector) -> Vector:
        return tuple(
            q + Fraction(rng.randint(-9, 9), 10**400 + rng.randint(1, 99)) * rng.choice((0, 1, 1)) for q in row
        )

    return replace(
        case, weights=tuple(tuple(map(blurred, rows)) for rows in case.weights), biases=tuple(map(blurred, case.biases))
    )


def _scaled_slopes(rng: random.Random, case: Case) -> Case:
    return replace(
        case,
        slopes=tuple(
            tuple((left * rng.choice(FACTORS), right * rng.choice((1, *FACTORS))) for left, right in layer)
            for layer in case.slopes
        ),
    )


KINDS: dict[str, Callable[[random.Random, Case], Case]] = {
    "scaled layers": _scaled_layers,
    "scaled units": _scaled_units,
    "scaled entries": _scaled_entries,
    "tiny biases": _tiny_biases,
    "scaled inputs": _scaled_inputs,
    "long rationals": _long_rationals,
    "scaled slopes": _scaled_slopes,
}


def wide_case(seed: int, most: int = 600) -> Case:
    """A network whose first layer has 64 to `most` units, on R^n for two thirds, with at most some hundred cells.

    The rows are multiples of few directions, in an order in which a basis of R^n is often completed late; or all
    hyperplanes contain one point of the plane; or most of them miss the box. Some units are dead, doubled or linear.
    """
    rng = random.Random(f"wide {seed}")
    units, kind = rng.randint(64, max(64, most)), ("parallel", "concurrent", "distant")[seed % 3]
    dim = {"parallel": rng.choice((1, 2, 2, 3)), "concurrent": 2, "distant": rng.choice((2, 3))}[kind]
    rows, bias, slopes = _FIRST_LAYERS[kind](rng, units, dim)
    widths = rng.choice(((), (1,), (2,)))
    if kind == "distant":
        widths = rng.choice((widths, (2, 2), (3,)))
    weights, biases, further = generic(rng, [len(rows), *widths, 1])
    if rng.random() < 0.5:
        biases = [[Fraction(0)] * len(b) for b in biases]
    box = ((Fraction(-1),) * dim, (Fraction(1),) * dim) if kind == "distant" else None
    return Case(
        (tuple(map(tuple, rows)), *(tuple(map(tuple, layer)) for layer in weights)),
        (tuple(bias), *map(tuple, biases)),
        (tuple(slopes), *(tuple(layer) for layer in further)),
        box,
        f"wide {seed}: {kind}, {dim}-{'-'.join(map(str, [len(rows), *widths]))}",
    )


def _parallel(rng: random.Random, units: int, dim: int) -> tuple[list[list[Fraction]], list[Fraction], list]:
    """Many hyperplanes along the first axis, few along the others, which mostly come late."""
    few = [1] * (dim - 1)
    along = [0] * (units - sum(few)) + [axis for axis, count in enumerate(few, 1) for _ in range(count)]
    if rng.random() < 0.3:
        rng.shuffle(along)
    rows = [[Fraction(rng.choice((1, -1, 2)) * (axis == i)) for i in range(dim)] for axis in along]
    bias = [Fraction(rng.randint(-units, units), rng.choice((1, 3, 4))) for _ in rows]
    slopes = [RELU if rng.random() < 0.95 else (Fraction(1), Fraction(1)) for _ in rows]
    if units > 120 or rng.random() < 0.3:  # fewer cells: most units double others
        for i in range(rng.choice((3, 66)), units - sum(few)):
            bias[i] = rows[i][0] * bias[i % 3] / (rows[i % 3][0] or 1)
    return rows, bias, slopes


def _concurrent(rng: random.Random, units: int, dim: int) -> tuple[list[list[Fraction]], list[Fraction], list]:
    """Lines through one point, of at most a hundred directions."""
    centre = [Fraction(rng.randint(-2, 2), 4) for _ in range(dim)] if rng.random() < 0.5 else [Fraction(0)] * dim
    draw = rng.choice((lambda: Fraction(rng.randint(-5, 5)), lambda: Fraction(rng.gauss(0, 1))))
    some = [[draw() for _ in range(dim)] for _ in range(rng.choice((2, 5, 20, 66)))]
    rows = [list(row) for row in itertools.islice(itertools.cycle(some), units)]
    bias = [-sum((q * c for q, c in zip(row, centre, strict=True)), Fraction(0)) for row in rows]
    return rows, bias, [RELU] * units


def _distant(rng: random.Random, units: int, dim: int) -> tuple[list[list[Fraction]], list[Fraction], list]:
    """Hyperplanes of which only a few meet the box [-1, 1]^n; some touch it at a corner or along an edge."""
    rows = [[Fraction(rng.randint(-4, 4)) for _ in range(dim)] for _ in range(units)]
    sizes = [sum(map(abs, row), Fraction(0)) for row in rows]
    bias = [rng.choice((1, -1)) * (size + rng.choice((0, 0, Fraction(1, 10**9), 3))) for size in sizes]
    for i in rng.sample(range(units), 4):
        bias[i] = Fraction(rng.randint(-2, 2), 2)
    return rows, bias, [RELU] * units


_FIRST_LAYERS = {"parallel": _parallel, "concurrent": _concurrent, "distant": _distant}
