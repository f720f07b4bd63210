"""What was learned, against the truth: equality over Q, or the exact set where they differ."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Protocol

from learning.arguments import as_count, as_random, require
from tropical import (
    Budget,
    BudgetExhausted,
    Enclosure,
    Estimate,
    LatticePolynomial,
    ReLUNetwork,
    Value,
    Verdict,
    disagreement,
    equivalent,
    gaussian_measure,
)

_OPEN = {
    "explained": "its pieces were not reconstructed over Q",
    "partial": "pieces or their order are missing",
    "approximate": "it found no exact piece",
}


class Recovered(Protocol):
    """What a fitted learner offers for verification: an exact function, or None where it has none."""

    lattice_polynomial_: LatticePolynomial | None


@dataclass(frozen=True, repr=False)
class DisagreementReport(Value):
    """The set where truth and learned function differ: number of polyhedra and its measure under N(0, I_d).

    ``==`` and ``hash`` go by both.
    """

    cells: int
    gaussian_measure: Enclosure | Estimate


@dataclass(frozen=True, repr=False)
class RecoveryReport(Value):
    """Verdict on "the learned function is the truth", over Q.

    ``proved`` carries a ``certificate``; ``refuted`` a rational ``witness`` and there the exact ``values`` (truth,
    learned), with the ``disagreement`` set, or None and ``detail["disagreement"]`` saying why; ``unknown`` has
    ``detail["reason"]``. ``==`` goes by all fields, ``hash`` by all but certificate and detail.
    """

    status: str
    witness: tuple[Fraction, ...] | None = None
    values: tuple[Fraction, Fraction] | None = None
    disagreement: DisagreementReport | None = None
    certificate: Mapping[str, Any] | None = field(default=None, hash=False)
    detail: Mapping[str, Any] = field(default_factory=dict, hash=False)


def verify_recovery(
    net: ReLUNetwork,
    learned: Recovered | LatticePolynomial,
    budget: Budget | None = None,
    samples: int = 100_000,
    seed: int = 0,
) -> RecoveryReport:
    """Decide over Q whether the learned lattice polynomial equals the network on all of R^d.

    ``learned`` is a fitted :class:`LatticePolynomialRegressor` or a lattice polynomial. ``budget`` bounds the decision,
    and once more the description of the set where the two differ. That set's Gaussian measure is rigorous where a
    closed form exists, else estimated from ``samples`` draws.
    Raises ``ValueError`` if the network has several outputs or other inputs. Method: THEORY §3, step 5.

    >>> from tropical import AffineForm
    >>> net = ReLUNetwork.from_arrays([[[1], [-1]], [[1, 1]]])
    >>> verify_recovery(net, LatticePolynomial([AffineForm([1]), AffineForm([-1])], [[0], [1]])).status
    'proved'
    >>> report = verify_recovery(net, LatticePolynomial([AffineForm([1])], [[0]]))
    >>> report.status, float(report.disagreement.gaussian_measure)
    ('refuted', 0.5)
    """
    require(net, ReLUNetwork, "net")
    samples, _ = as_count(samples, "samples"), as_random(seed)
    if not isinstance(learned, LatticePolynomial) and not hasattr(learned, "lattice_polynomial_"):
        raise ValueError(f"learned must be a fitted learner or a LatticePolynomial; got {type(learned).__name__}")
    polynomial = learned if isinstance(learned, LatticePolynomial) else learned.lattice_polynomial_
    budget = Budget.of(budget, Budget(seconds=60))
    if polynomial is None:
        reason = _OPEN.get(getattr(learned, "status_", ""), "it has no lattice polynomial")
        return RecoveryReport("unknown", detail={"reason": f"the learner reports no exact function: {reason}"})
    verdict = equivalent(net, polynomial, budget=budget)
    if verdict.status != "refuted":
        return RecoveryReport(verdict.status, certificate=verdict.certificate, detail=dict(verdict.detail))
    return _refutation(net, polynomial, verdict, budget, samples, seed)


def _refutation(
    net: ReLUNetwork, polynomial: LatticePolynomial, verdict: Verdict, budget: Budget, samples: int, seed: int
) -> RecoveryReport:
    detail = {"reason": "the functions differ at the witness"}
    found = None
    try:
        cells = disagreement(net, polynomial, budget=budget)
        found = DisagreementReport(cells.num_cells, gaussian_measure(cells, samples, seed))
    except BudgetExhausted as stop:
        detail["disagreement"] = f"not described: {stop}"
    truth, learned = verdict.detail["values"]
    return RecoveryReport("refuted", verdict.witness, (truth[0], learned[0]), found, detail=detail)
