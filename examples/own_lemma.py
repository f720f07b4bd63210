"""State a lemma of your own
=========================

State a lemma of your own, hand it networks, get verdicts: one conjecture that is true and one that is false.

Both bound the mean square of a bias-free network F with Lipschitz constant Λ that depends on k directions:
E F(x)² <= k Λ², which holds since ``|F(x)| <= Λ‖Π_V x‖``, and E F(x)² <= Λ², which is tempting and wrong.
"""

from fractions import Fraction

import learning as ln
import tropical as tp
from learning.lemmas import Evidence, Hypothesis, Lemma, Setting, Subject, check, compare, sweep


def mean_square_at_most(factor_of, subject: Subject, setting: Setting) -> Evidence:
    """E F² against factor · Λ², both sides rigorous."""
    hypotheses = (
        Hypothesis("F is positively homogeneous", subject.homogeneous),
        Hypothesis("F depends on at most three directions", subject.k <= 3),
    )
    if not all(hypothesis.holds for hypothesis in hypotheses):
        return Evidence(hypotheses)
    square = tp.gaussian_inner_product(subject.network, subject.network, bits=setting.bits)
    bound = factor_of(subject) * subject.lipschitz_squared
    return Evidence(hypotheses, (compare("E F² against its bound", square, "<=", bound),))


def with_dimension(subject: Subject, setting: Setting) -> Evidence:
    """The true conjecture."""
    return mean_square_at_most(lambda subject: Fraction(subject.k), subject, setting)


def without_dimension(subject: Subject, setting: Setting) -> Evidence:
    """The false conjecture."""
    return mean_square_at_most(lambda subject: Fraction(1), subject, setting)


TRUE = Lemma("mean square", "mean square, with the dimension", r"$E\,F(x)^2 \leq k \Lambda^2$", with_dimension)
FALSE = Lemma("mean square'", "mean square, without", r"$E\,F(x)^2 \leq \Lambda^2$", without_dimension)


def octagon() -> tp.ReLUNetwork:
    """|x0| + |x1| + |x0 + x1|·5/7 + |x0 - x1|·5/7, nearly a multiple of the Euclidean norm."""
    rows = [[1, 0], [0, 1], [1, 1], [1, -1]]
    first = [[sign * q for q in row] for row in rows for sign in (1, -1)]
    return tp.ReLUNetwork.from_arrays([first, [[1, 1, 1, 1, *[Fraction(5, 7)] * 4]]])


def run() -> dict[str, str]:
    """Check both on two networks and sweep the true one over random ones."""
    networks = {"h6": ln.instances.h6(50, seed=0), "octagon": octagon()}
    found = {f"{one.label}, {name}": check(one, net).status for one in (TRUE, FALSE) for name, net in networks.items()}
    summary = sweep("random, k = 2", range(10), [TRUE])
    found["mean square, 10 random networks"] = f"{len(summary.found)} checked, {len(summary.refuted)} refuted"
    return found


if __name__ == "__main__":
    for name, status in run().items():
        print(f"{name}: {status}")
