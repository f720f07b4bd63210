"""Many networks, all lemmas: does anything fail, and how near does each bound come to failing?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Executor, as_completed
from dataclasses import dataclass
from functools import partial
from itertools import product
from numbers import Integral
from types import MappingProxyType
from typing import Any

from learning import instances
from learning.arguments import listed, require, require_callable, require_executor
from learning.lemmas.framework.lemma import Lemma
from learning.lemmas.framework.setting import Setting
from learning.lemmas.framework.subject import Subject
from learning.lemmas.registry import check, check_neighbour, lemmas_of
from learning.workers import result_of, submitted
from tropical import ReLUNetwork, Value, Verdict

__all__ = ["FAMILIES", "Found", "Sweep", "sweep"]

Family = Callable[[int], ReLUNetwork]

_WIDTHS = ((4,), (6,), (4, 4), (3, 3, 3), (8, 4))


def _random_plane(seed: int) -> ReLUNetwork:
    return instances.random_network(2, _WIDTHS[seed % len(_WIDTHS)], 3 + seed % 4, seed)


def _random_space(seed: int) -> ReLUNetwork:
    return instances.random_network(3, ((4,), (3, 3))[seed % 2], 3 + seed % 2, seed)


FAMILIES: Mapping[str, Family] = MappingProxyType(
    {
        "random, k = 2": _random_plane,
        "random, k = 3": _random_space,
        "h6": partial(instances.h6, 4),
        "parity k = 2": partial(instances.parity, 2, 4),
        "cancelling": partial(instances.cancelling, 4),
        "ill-conditioned": partial(instances.ill_conditioned, 4),
        "negative outputs": partial(instances.negative_outputs, 4),
    }
)
"""Families of bias-free networks by name: each a function of the seed."""


@dataclass(frozen=True, repr=False)
class Found(Value):
    """What one check came to: a lemma, or its false neighbour with that number, on a network of a family."""

    family: str
    seed: int
    label: str
    neighbour: int | None
    status: str
    because: str | None
    reason: str | None
    tightness: float | None
    margin: float | None
    nearest: str | None


@dataclass(frozen=True, repr=False)
class Sweep(Value):
    """All that a sweep found; ``failed`` lists the checks that did not come to an end, with the error."""

    found: tuple[Found, ...]
    failed: tuple[tuple[str, int, str, str], ...] = ()

    @property
    def refuted(self) -> tuple[Found, ...]:
        """Refutations of true lemmas: there must be none."""
        return tuple(one for one in self.found if one.neighbour is None and one.status == "refuted")

    def tightest(self, label: str) -> Found | None:
        """The check of a lemma that came nearest to failing."""
        require(label, str, "label")
        close = [
            one for one in self.found if one.label == label and one.neighbour is None and one.tightness is not None
        ]
        return max(close, key=lambda one: one.tightness or 0.0, default=None)

    def markdown(self) -> str:
        """Two tables: each lemma with its counts and the tightest bound seen, each false neighbour with its counts."""
        lines = [
            "| lemma | proved | refuted | unknown | tightest bound seen | where |",
            "|---|---|---|---|---|---|",
        ]
        for label in dict.fromkeys(one.label for one in self.found if one.neighbour is None):
            own = [one for one in self.found if one.label == label and one.neighbour is None]
            best = self.tightest(label)
            tight = "" if best is None else f"{100 * (best.tightness or 0.0):.4g} %: {_short(best.nearest)}"
            where = "" if best is None else f"{best.family}, seed {best.seed}"
            lines.append(f"| {label} | {_counts(own)} | {tight} | {where} |")
        neighbours = dict.fromkeys((one.label, one.neighbour) for one in self.found if one.neighbour is not None)
        if neighbours:
            lines += ["", "| false neighbour of | proved | refuted | unknown |", "|---|---|---|---|"]
        for label, index in neighbours:
            own = [one for one in self.found if (one.label, one.neighbour) == (label, index)]
            lines.append(f"| {label} ({index}) | {_counts(own)} |")
        lines += [f"\n{family}, seed {seed}, {label}: {error}" for family, seed, label, error in self.failed]
        return "\n".join(lines) + "\n"


def sweep(
    families: str | Mapping[str, Family] | Iterable[str],
    seeds: Iterable[int],
    labels: Iterable[str | Lemma] | None = None,
    *,
    neighbours: bool = False,
    executor: Executor | None = None,
    progress: Callable[[int, int], None] | None = None,
    **choices: Any,
) -> Sweep:
    """Check lemmas on every network of the families; each network is one task of the ``executor``.

    Parameters
    ----------
    families : names in :data:`FAMILIES`, or a mapping from name to a function of the seed (picklable for processes).
    seeds : of the networks, and of the choices that the checks make on them. labels : default all.
    neighbours : whether to check the false neighbours on the same networks too, and on the instances shipped with them,
        as a family "shipped". executor : any of concurrent.futures.
    progress : called with the number of finished networks and of all. choices : as in :func:`check`.

    Raises
    ------
    ValueError : an unknown family or label.

    Examples
    --------
    >>> found = sweep("h6", range(2), ["L2"])
    >>> len(found.found), found.refuted
    (2, ())
    """
    chosen = _families(families)
    wanted = lemmas_of(labels)
    require(neighbours, bool, "neighbours")
    require_executor(executor)
    if progress is not None:
        require_callable(progress, "progress")
    Setting.of(**choices)
    tasks = [(name, chosen[name], seed) for name, seed in product(chosen, listed(seeds, Integral, "seeds"))]
    one = partial(_check_network, wanted, neighbours, choices)
    found: dict[tuple[str, int], tuple[list[Found], list[tuple[str, int, str, str]]]] = {}
    for done, (name, seed, result) in enumerate(_results(one, tasks, executor), start=1):
        found[name, seed] = result
        if progress is not None:
            progress(done, len(tasks))
    ordered = [found[name, seed] for name, _, seed in tasks]
    shipped = tuple(_shipped(wanted, choices)) if neighbours else ()
    return Sweep(shipped + tuple(x for own, _ in ordered for x in own), tuple(x for _, bad in ordered for x in bad))


def _shipped(wanted: tuple[Lemma, ...], choices: Mapping[str, Any]) -> Iterator[Found]:
    """The false neighbours on their own instances."""
    for one in wanted:
        for index in range(len(one.neighbours)):
            yield _summary(check_neighbour(one, index=index, **choices), "shipped", 0, one.label, index)


def _results(one: Callable[..., Any], tasks: list[tuple[str, Family, int]], executor: Executor | None) -> Iterator[Any]:
    if executor is None:
        yield from ((name, seed, one(name, family, seed)) for name, family, seed in tasks)
        return
    running = {submitted(executor, one, name, family, seed): (name, seed) for name, family, seed in tasks}
    for future in as_completed(running):
        yield (*running[future], result_of(future))


def _check_network(
    wanted: tuple[Lemma, ...], neighbours: bool, choices: Mapping[str, Any], name: str, family: Family, seed: int
) -> tuple[list[Found], list[tuple[str, int, str, str]]]:
    """All checks on one network; an error of one check is kept and does not stop the others."""
    subject = Subject(family(seed), choices.get("budget"))
    found, failed = [], []
    for one in wanted:
        for index in (None, *(range(len(one.neighbours)) if neighbours else ())):
            try:
                found.append(_found(one, index, subject, name, seed, choices))
            except (ValueError, ArithmeticError) as error:
                failed.append((name, seed, one.label, f"{type(error).__name__}: {error}"))
    return found, failed


def _found(one: Lemma, index: int | None, subject: Subject, name: str, seed: int, choices: Mapping[str, Any]) -> Found:
    own = {"seed": seed, **choices}
    verdict = check(one, subject, **own) if index is None else check_neighbour(one, subject, index=index, **own)
    return _summary(verdict, name, seed, one.label, index)


def _summary(verdict: Verdict, name: str, seed: int, label: str, index: int | None) -> Found:
    detail = verdict.detail
    margin = detail.get("margin")
    return Found(
        name,
        seed,
        label,
        index,
        verdict.status,
        detail.get("because"),
        detail.get("reason"),
        detail.get("tightness"),
        None if margin is None else float(margin),
        detail.get("nearest"),
    )


def _families(families: str | Mapping[str, Family] | Iterable[str]) -> dict[str, Family]:
    if isinstance(families, Mapping):
        for name, family in families.items():
            require_callable(family, f"families[{name!r}]")
        return dict(families)
    names = [families] if isinstance(families, str) else listed(families, str, "families")
    for name in names:
        if name not in FAMILIES:
            raise ValueError(f"there is no family {name!r}; the families are {', '.join(FAMILIES)}")
    return {name: FAMILIES[name] for name in names}


def _counts(found: list[Found]) -> str:
    status = Counter(one.status for one in found)
    because = Counter(str(one.because) for one in found if one.status == "unknown")
    why = ", ".join(f"{count} {reason}" for reason, count in because.most_common())
    unknown = f"{status['unknown']} ({why})" if why else "0"
    return f"{status['proved']} | {status['refuted']} | {unknown}"


def _short(text: str | None, longest: int = 60) -> str:
    text = (text or "").replace("|", "\\|")
    return text if len(text) <= longest else text[: longest - 1] + "…"
