"""The lemmas by label, and checking them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any

from learning.arguments import as_count, listed, require_callable, shown
from learning.lemmas.framework.lemma import FalseNeighbour, Lemma, verdict_of
from learning.lemmas.framework.setting import Setting
from learning.lemmas.framework.subject import Subject
from learning.lemmas.statements import (
    l01_lattice_form,
    l02_counts,
    l03_threshold_formulas,
    l04_value_stability,
    l05_threshold_stability,
    l06_restriction,
    l07_block_structure,
    l08_radial_identity,
    l09_completeness,
    l10_anti_concentration,
    l11_restriction_error,
    l12_stopping,
    l13_eigenvectors,
    l14_rate,
    l15_iterations,
    l16_net_error,
    l17_oddness,
    l18_product_moments,
)
from tropical import ReLUNetwork, Verdict

__all__ = ["LEMMAS", "check", "check_all", "check_neighbour", "lemma"]

_IN_ORDER: tuple[Lemma, ...] = (
    l01_lattice_form.LEMMA,
    l02_counts.LEMMA,
    l03_threshold_formulas.LEMMA,
    l04_value_stability.LEMMA,
    l05_threshold_stability.LEMMA,
    l06_restriction.LEMMA,
    l07_block_structure.LEMMA,
    l08_radial_identity.LEMMA,
    l09_completeness.LEMMA,
    l10_anti_concentration.LEMMA,
    l11_restriction_error.LEMMA,
    l12_stopping.LEMMA,
    l13_eigenvectors.LEMMA,
    l14_rate.LEMMA,
    l15_iterations.LEMMA,
    l16_net_error.LEMMA,
    l17_oddness.LEMMA,
    l18_product_moments.LEMMA,
)

LEMMAS: Mapping[str, Lemma] = MappingProxyType({found.label: found for found in _IN_ORDER})
"""The lemmas of THEORY.md, L1 to L18, in order."""


def lemma(label: str | Lemma) -> Lemma:
    """The lemma with this label; a lemma itself is returned. ``ValueError`` for an unknown label."""
    if isinstance(label, Lemma):
        return label
    if not isinstance(label, str) or label not in LEMMAS:
        raise ValueError(f"there is no lemma {shown(label)}; the labels are {', '.join(LEMMAS)}")
    return LEMMAS[label]


def lemmas_of(labels: Iterable[str | Lemma] | None) -> tuple[Lemma, ...]:
    """The lemmas with these labels, all of them for None; ValueError for anything else."""
    return tuple(lemma(label) for label in (LEMMAS if labels is None else listed(labels, object, "labels")))


def check(label: str | Lemma, net: ReLUNetwork | Subject, **choices: Any) -> Verdict:
    """Check one lemma, built-in or your own, on one network.

    ``choices`` are those of :class:`Setting` (``threshold``, ``subspace``, ``other``, ``level``, ``samples``, ``seed``,
    ``bits``, ``budget``). ``proved``: every hypothesis and claim holds, exactly or by rigorous enclosures; ``refuted``:
    a claim fails, with a witness; ``unknown`` names the hypothesis that fails or the claims that stay open. ``detail``
    has the claims with both sides, the smallest margin and the choices. Raises ``ValueError`` for an unknown label,
    several outputs or choices that cannot be meant.
    """
    chosen, subject = lemma(label), _subject(net, choices)
    return verdict_of(chosen, chosen.check, chosen.statement, subject, _setting(subject, choices))


def check_all(
    net: ReLUNetwork | Subject,
    labels: Iterable[str | Lemma] | None = None,
    *,
    progress: Callable[[str, Verdict], None] | None = None,
    **choices: Any,
) -> dict[str, Verdict]:
    """Check all lemmas (or those with the given ``labels``) on one network; label to verdict, in order.

    ``progress`` is called after each with its label and verdict.
    """
    subject = _subject(net, choices)
    verdicts: dict[str, Verdict] = {}
    if progress is not None:
        require_callable(progress, "progress")
    for chosen in lemmas_of(labels):
        verdicts[chosen.label] = check(chosen, subject, **choices)
        if progress is not None:
            progress(chosen.label, verdicts[chosen.label])
    return verdicts


def check_neighbour(
    label: str | Lemma, net: ReLUNetwork | Subject | None = None, *, index: int = 0, **choices: Any
) -> Verdict:
    """Check a false neighbour of a lemma, by default on the network shipped with it, where it is refuted.

    ``index`` numbers the neighbours of the lemma. Raises ``ValueError`` if there is none with that number.
    """
    chosen = lemma(label)
    if not 0 <= as_count(index, "index", 0) < len(chosen.neighbours):
        raise ValueError(f"{chosen.label} has {len(chosen.neighbours)} false neighbours, got index {shown(index)}")
    neighbour: FalseNeighbour = chosen.neighbours[index]
    if net is None:
        net, own = neighbour.instance()
        choices = {**own, **choices}
    subject = _subject(net, choices)
    return verdict_of(chosen, neighbour.check, neighbour.statement, subject, _setting(subject, choices))


def _subject(net: ReLUNetwork | Subject, choices: Mapping[str, Any]) -> Subject:
    return net if isinstance(net, Subject) else Subject(net, choices.get("budget"))


def _setting(subject: Subject, choices: Mapping[str, Any]) -> Setting:
    setting = Setting.of(**choices)
    if setting.other is not None and (setting.other.input_dim, setting.other.output_dim) != (subject.dimension, 1):
        shape = f"{setting.other.input_dim} inputs and {setting.other.output_dim} outputs"
        raise ValueError(f"other must have {subject.dimension} inputs and one output, got {shape}")
    for name in ("subspace", "pieces"):
        for i, row in enumerate(getattr(setting, name) or ()):
            if len(row) != subject.dimension:
                raise ValueError(f"{name}[{i}] must have {subject.dimension} coordinates, got {len(row)}")
    return setting
