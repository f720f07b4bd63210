"""Decisions of the package, every verdict held to its certificate and the certificate to the question asked."""

from fractions import Fraction
from typing import Any

import tropical as tp
from tropical.proofs.certificate import encode_domain


def equivalent(f: Any, g: Any, domain: tp.Polyhedron | None = None, **limits: Any) -> tp.Verdict:
    verdict = tp.equivalent(f, g, domain, **limits)
    return _bound(verdict, {"proved": "equal", "refuted": "different"}, f, g, domain)


def implies_leq(f: Any, g: Any, domain: tp.Polyhedron | None = None, **limits: Any) -> tp.Verdict:
    verdict = tp.implies_leq(f, g, domain, **limits)
    return _bound(verdict, {"proved": "at most", "refuted": "not at most"}, f, g, domain)


def is_convex(f: Any, domain: tp.Polyhedron | None = None, **limits: Any) -> tp.Verdict:
    """Proved by equality with a maximum of affine functions, refuted by a point above a chord."""
    verdict = tp.is_convex(f, domain, **limits)
    if verdict.status == "proved":
        assert verdict.certificate["claim"]["g"]["kind"] == "tropical"
    return _convexity(verdict, f, domain, 1)


def is_concave(f: Any, domain: tp.Polyhedron | None = None, **limits: Any) -> tp.Verdict:
    """Proved by equality with a minimum of affine functions, refuted by a point below a chord."""
    verdict = tp.is_concave(f, domain, **limits)
    if verdict.status == "proved":
        minimum = verdict.certificate["claim"]["g"]
        assert (minimum["kind"], len(minimum["clauses"])) == ("lattice", 1)
    return _convexity(verdict, f, domain, -1)


def is_monotone(
    f: Any, coordinate: int, increasing: bool = True, domain: tp.Polyhedron | None = None, **limits: Any
) -> tp.Verdict:
    verdict = tp.is_monotone(f, coordinate, increasing, domain, **limits)
    if verdict.status == "proved":
        claim = verdict.certificate["claim"]
        assert (claim["coordinate"], claim["sign"]) == (coordinate, 1 if increasing else -1)
        return _bound(verdict, {"proved": "monotone"}, f, None, domain)
    if verdict.status == "refuted":
        x, y = verdict.detail["segment"]
        assert x[:coordinate] + x[coordinate + 1 :] == y[:coordinate] + y[coordinate + 1 :]
        assert x[coordinate] < y[coordinate]
        _require_inside(domain, x, y)
        assert verdict.detail["values"] == (values(f, x), values(f, y))
        low, high = verdict.detail["values"] if increasing else verdict.detail["values"][::-1]
        assert any(a > b for a, b in zip(low, high, strict=True))
    return verdict


def values(f: Any, x: tuple[Fraction, ...]) -> tuple[Fraction, ...]:
    value = f(x)
    return value if isinstance(value, tuple) else (value,)


def _convexity(verdict: tp.Verdict, f: Any, domain: tp.Polyhedron | None, sign: int) -> tp.Verdict:
    if verdict.status != "refuted":
        return _bound(verdict, {"proved": "equal"}, f, None, domain)
    (x, y), t = verdict.detail["segment"], verdict.detail["weight"]
    assert 0 < t < 1
    assert verdict.witness == tuple((1 - t) * a + t * b for a, b in zip(x, y, strict=True))
    _require_inside(domain, x, y)
    (value,), (start,), (end,) = (values(f, point) for point in (verdict.witness, x, y))
    assert sign * value > sign * ((1 - t) * start + t * end)
    return verdict


def _require_inside(domain: tp.Polyhedron | None, *points: tuple[Fraction, ...]) -> None:
    assert domain is None or all(domain.contains(point) for point in points)


def _bound(verdict: tp.Verdict, kinds: dict[str, str], f: Any, g: Any, domain: tp.Polyhedron | None) -> tp.Verdict:
    if verdict.status == "unknown":
        assert verdict.certificate is None
        assert verdict.detail["reason"]
        return verdict
    claim = verdict.certificate["claim"]
    assert claim["kind"] == kinds[verdict.status]
    assert claim["domain"] == encode_domain(domain)
    assert tp.check_certificate(verdict.certificate, f, g)
    if verdict.status == "refuted":
        _require_inside(domain, verdict.witness)
        assert verdict.detail["values"] == (values(f, verdict.witness), values(g, verdict.witness))
    return verdict
