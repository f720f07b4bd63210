"""Reference vectors for Newton polytopes, dual subdivisions and tropical hypersurfaces, computed by SageMath and gfan.

Not part of the tests: they read the file that this script writes. See README.md for the versions and how to run it.
"""

import itertools
import json
import math
import random
from fractions import Fraction
from importlib import metadata
from operator import mul
from pathlib import Path

TARGET = Path(__file__).with_name("tropical_geometry.json")
PACKAGES = ("passagemath-polyhedra", "passagemath-gfan", "passagemath-ppl", "passagemath-modules")
LETTERS = "abcdefgh"


def cases():
    """(name, terms) with terms a list of (exponent, coefficient); repeated exponents are allowed."""
    rng = random.Random(20)
    for n in (2, 3):
        for name, family in FAMILIES.items():
            for number in range(4):
                yield f"{name}, {n} variables, {number}", family(rng, n, number)
    for number in range(4):
        yield f"generic, 1 variable, {number}", _generic(rng, 1, number)
    for number in range(3):
        yield f"few heights, 4 variables, {number}", _few_heights(rng, 4, number)
    yield "tie, 1 variable", [((0,), 0), ((1,), 0), ((2,), 0)]
    yield "constant, 1 variable", [((0,), "5/3")]


def _exponents(rng, n, count, low=0, high=4):
    box = list(itertools.product(range(low, high + 1), repeat=n))
    return rng.sample(box, min(count, len(box)))


def _generic(rng, n, number):
    return [(a, rng.randint(-30, 30)) for a in _exponents(rng, n, 5 + 2 * number)]


def _negative_exponents(rng, n, number):
    return [(a, rng.randint(-9, 9)) for a in _exponents(rng, n, 6 + 2 * number, -3, 3)]


def _rational(rng, n, number):
    exponents = _exponents(rng, n, 6 + number, -4, 4)
    return [
        (tuple(Fraction(q, 1 + number) for q in a), Fraction(rng.randint(-9, 9), rng.choice((1, 2, 4))))
        for a in exponents
    ]


def _dense(rng, n, number):
    """All monomials of degree at most 2 to 4 (at most 3 in three variables), concave heights."""
    degree = 2 + number % (5 - n)
    exponents = [a for a in itertools.product(range(degree + 1), repeat=n) if sum(a) <= degree]
    noise = 0 if number < 2 else 2
    return [(a, rng.randint(0, noise) - 3 * sum(q * q for q in a)) for a in exponents]


def _grid(rng, n, number):
    """Heights -|a|^2 on a grid: all cells are cubes."""
    shape = [range(2 + (number + i) % 2) for i in range(n)]
    return [(a, -sum(q * q for q in a)) for a in itertools.product(*shape)]


def _flat(rng, n, number):
    """Heights of one affine function: one cell, points inside it and on its faces."""
    slope = [rng.randint(-2, 2) for _ in range(n)]
    return [
        (a, number + sum(p * q for p, q in zip(slope, a, strict=True)))
        for a in _exponents(rng, n, 5 + 2 * number, 0, 2)
    ]


def _few_heights(rng, n, number):
    return [(a, rng.randint(0, 1)) for a in _exponents(rng, n, 5 + 2 * number, 0, 2)]


def _points_inside(rng, n, number):
    """A high cross-polytope or cube; the other points lie far below."""
    if number % 2:
        corners = list(itertools.product((0, 4), repeat=n))
    else:
        corners = [tuple(s * 3 * (i == j) for j in range(n)) for i in range(n) for s in (-1, 1)]
    inside = _exponents(rng, n, 4, 1, 2) if number % 2 else _exponents(rng, n, 4, -1, 1)
    return [(a, 0) for a in corners] + [(a, rng.choice((-5, -1, 0))) for a in inside]


def _collinear(rng, n, number):
    start, step = ([rng.choice((-2, -1, 1, 2)) for _ in range(n)] for _ in range(2))
    if number == 3:
        step = [0] * (n - 1) + [1]
    places = rng.sample(range(-4, 6), 3 + number)
    return [(tuple(a + t * b for a, b in zip(start, step, strict=True)), rng.choice((0, 0, 3, -t * t))) for t in places]


def _degenerate_plane(rng, n, number):
    """Exponents that span a subspace of one dimension less."""
    basis = [[rng.randint(-1, 1) for _ in range(n)] for _ in range(n - 1)]
    combinations = _exponents(rng, n - 1, 4 + number, 0, 3)
    exponents = {
        tuple(sum(t * row[j] for t, row in zip(c, basis, strict=True)) for j in range(n)) for c in combinations
    }
    return [(a, rng.randint(-3, 3)) for a in sorted(exponents)]


def _repeated(rng, n, number):
    """Every exponent up to three times, with equal and unequal coefficients."""
    distinct = _exponents(rng, n, 4 + number, -2, 2)
    return [(rng.choice(distinct), rng.randint(0, 2)) for _ in range(12)]


def _few_terms(rng, n, number):
    """A constant, a monomial, a binomial, a binomial with repeated terms."""
    a, b = (tuple(rng.randint(-3, 3) for _ in range(n)) for _ in range(2))
    return [[((0,) * n, 7)], [(a, -2)], [(a, 1), (b, "1/2")], [(a, 1), (b, 2), (a, 1), (b, 0)]][number]


def _product(rng, n, number):
    """A product of two or three small polynomials: a mixed subdivision."""
    factors = [[(a, rng.randint(-2, 2)) for a in _exponents(rng, n, 3, 0, 1)] for _ in range(2 + number % 2)]
    terms = [((0,) * n, 0)]
    for factor in factors:
        terms = [(tuple(map(sum, zip(a, b, strict=True))), c + d) for a, c in terms for b, d in factor]
    return terms


def _zonotope(rng, n, number):
    """A product of binomials max(0, l_j): what the positive units of a hidden layer give."""
    terms = [((0,) * n, 0)]
    for _ in range(n + number // 2):
        step, bias = [rng.randint(-2, 2) for _ in range(n)], rng.choice((0, 0, 1, -2))
        terms += [(tuple(p + q for p, q in zip(a, step, strict=True)), c + bias) for a, c in terms]
    return terms


FAMILIES = {
    "generic": _generic,
    "negative exponents": _negative_exponents,
    "rational": _rational,
    "dense": _dense,
    "grid": _grid,
    "flat": _flat,
    "few heights": _few_heights,
    "points inside": _points_inside,
    "collinear": _collinear,
    "degenerate plane": _degenerate_plane,
    "repeated": _repeated,
    "few terms": _few_terms,
    "product": _product,
    "zonotope": _zonotope,
}


def canonical(terms):
    """Sorted (exponent, coefficient), the largest coefficient for each exponent: cells name terms by these places."""
    largest = {}
    for exponent, coefficient in terms:
        key = tuple(map(Fraction, exponent))
        largest[key] = max(largest.get(key, Fraction(coefficient)), Fraction(coefficient))
    return sorted(largest.items())


def newton(terms):
    """Vertices as indices of terms, f-vector from dimension 0 up, number of facets."""
    polytope = _polyhedron(vertices=[a for a, _ in terms])
    place = {a: i for i, (a, _) in enumerate(terms)}
    vertices = sorted(place[_fractions(vertex.vector())] for vertex in polytope.vertices())
    f_vector = [int(number) for number in polytope.f_vector()[1:]]
    return {"vertices": vertices, "f_vector": f_vector, "facets": f_vector[-2] if len(f_vector) > 1 else 0}


def subdivision(terms):
    """Cells are the bounded faces of conv{(a, c)} + cone(0, -1), each as all terms on it."""
    down = [0] * len(terms[0][0]) + [-1]
    lifted = _polyhedron(vertices=[(*a, c) for a, c in terms], rays=[down])
    levels = []
    for k in range(lifted.dim()):
        bounded = [face for face in lifted.faces(k) if not face.rays()]
        levels.append(sorted(_terms_on(face, terms) for face in bounded))
    return {"f_vector": list(map(len, levels)), "maximal_cells": levels[-1]}


def _terms_on(face, terms):
    tight = [_fractions(h.vector()) for h in face.ambient_Hrepresentation()]
    return [i for i, (a, c) in enumerate(terms) if not any(sum(map(mul, h, (1, *a, c))) for h in tight)]


def hypersurface(terms):
    """Cells of the fan of the homogenised polynomial over {x_0 > 0}, cut at height 1; multiplicities of the facets.

    Vertices and primitive rays are the representatives orthogonal to the lineality space.
    """
    n, scale, denominator, polynomial = _homogenised(terms)
    fan = _sections(_gfan(f"Q[{','.join(LETTERS[: n + 1])}]\n{{{polynomial}}}\n"))
    lines = [row[1:] for row in fan["LINEALITY_SPACE"]]
    points = [(x0, _orthogonal(x, lines)) for x0, *x in fan["RAYS"]]
    upper = {k: [c for c in cones if _is_upper(c, points)] for k, cones in fan["CONES"].items()}
    used = [points[i] for i in sorted({i for cones in upper.values() for cone in cones for i in cone})]
    vertices = sorted({_vertex(point, scale) for point in used if point[0]})
    rays = sorted({_primitive(x) for x0, x in used if not x0})
    facets = []
    for cone, multiplicity in zip(fan["MAXIMAL_CONES"], fan["MULTIPLICITIES"], strict=True):
        if _is_upper(cone, points):
            corners = sorted(vertices.index(_vertex(points[i], scale)) for i in cone if points[i][0])
            directions = sorted(rays.index(_primitive(points[i][1])) for i in cone if not points[i][0])
            facets.append([corners, directions, str(Fraction(multiplicity, denominator))])
    return {
        "lineality_dim": len(lines),
        "f_vector": [len(upper.get(k + 1, [])) for k in range(n)],
        "vertices": [[str(q) for q in vertex] for vertex in vertices],
        "rays": [[int(q) for q in ray] for ray in rays],
        "facets": sorted(facets),
    }


def _homogenised(terms):
    """max(<a, x> + s c x_0) with integer exponents, times (1 + x_0), whose fan is also cut by {x_0 = 0}.

    s makes the lattice lengths of the edges those of the exponents a alone.
    """
    n = len(terms[0][0])
    denominator = math.lcm(*(q.denominator for a, _ in terms for q in a))
    exponents = [[int(q * denominator) for q in a] for a, _ in terms]
    lengths = [math.gcd(*(p - q for p, q in zip(a, b, strict=True))) for a, b in itertools.combinations(exponents, 2)]
    scale = math.lcm(*((c * denominator).denominator for _, c in terms), 1) * math.lcm(*lengths, 1)
    rows = [(int(scale * denominator * c), *a) for (_, c), a in zip(terms, exponents, strict=True)]
    low = [min(column) for column in zip(*rows, strict=True)]
    shifted = [[p - q for p, q in zip(row, low, strict=True)] for row in rows]
    both = shifted + [[row[0] + 1, *row[1:]] for row in shifted]
    texts = ["*".join(f"{letter}^{q}" for letter, q in zip(LETTERS, row, strict=False) if q) or "1" for row in both]
    return n, scale, denominator, " + ".join(texts)


def _sections(text):
    """The parts of gfan's answer: matrices, numbers, and cones by dimension as lists of indices of rays."""
    parts = {block.partition("\n")[0]: block.partition("\n")[2] for block in text.split("\n\n")}
    lines = {name: [line.partition("#") for line in body.splitlines()] for name, body in parts.items()}
    rows = {name: [[int(q) for q in line.split()] for line, *_ in lines[name]] for name in ("RAYS", "LINEALITY_SPACE")}
    cones = {}
    for line, _, comment in lines["CONES"]:
        if comment:
            dimension = int(comment.split()[1])
        cones.setdefault(dimension, []).append([int(i) for i in line.strip(" {}\t").split()])
    return {
        "RAYS": rows["RAYS"],
        "LINEALITY_SPACE": rows["LINEALITY_SPACE"],
        "CONES": cones,
        "MAXIMAL_CONES": [[int(i) for i in line.strip(" {}\t").split()] for line, *_ in lines["MAXIMAL_CONES"]],
        "MULTIPLICITIES": [int(line) for line, *_ in lines["MULTIPLICITIES"]],
    }


def _is_upper(cone, points):
    return all(points[i][0] >= 0 for i in cone) and any(points[i][0] > 0 for i in cone)


def _vertex(point, scale):
    return tuple(Fraction(q) / (scale * point[0]) for q in point[1])


def _primitive(vector):
    scale = math.lcm(*(q.denominator for q in vector))
    divisor = math.gcd(*(int(q * scale) for q in vector))
    return tuple(q * scale / divisor for q in vector)


def _orthogonal(vector, lines):
    from sage.matrix.constructor import matrix
    from sage.modules.free_module_element import vector as sage_vector
    from sage.rings.rational_field import QQ

    x = sage_vector(QQ, vector)
    if lines:
        rows = matrix(QQ, lines)
        x -= rows.transpose() * (rows * rows.transpose()).inverse() * (rows * x)
    return _fractions(x)


def _fractions(vector):
    return tuple(Fraction(int(q.numerator()), int(q.denominator())) for q in vector)


def _polyhedron(**generators):
    from sage.geometry.polyhedron.constructor import Polyhedron
    from sage.rings.rational_field import QQ

    rational = {name: [[QQ(str(q)) for q in row] for row in rows] for name, rows in generators.items()}
    return Polyhedron(base_ring=QQ, backend="ppl", **rational)


def _gfan(text):
    from sage.interfaces.gfan import gfan

    answer = gfan(text, cmd="tropicalhypersurface")
    if not answer:
        raise RuntimeError(f"gfan gave no answer to {text}")  # as on an overflow
    return answer


def main():
    """Write the reference file."""
    import sage.all__sagemath_polyhedra  # noqa: F401 - registers the categories

    found = []
    for name, terms in cases():
        reduced = canonical(terms)
        given = [[*map(str, map(Fraction, exponent)), str(Fraction(coefficient))] for exponent, coefficient in terms]
        answers = {
            "newton": newton(reduced),
            "subdivision": subdivision(reduced),
            "hypersurface": hypersurface(reduced),
        }
        found.append({"name": name, "terms": given, **answers})
    versions = {package: metadata.version(package) for package in PACKAGES}
    lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in found)
    TARGET.write_text(f'{{"generated_by":{json.dumps(versions)},"cases":[\n{lines}\n]}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
