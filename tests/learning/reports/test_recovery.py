"""What is recorded of a recovery that a budget ends."""

import pytest

from learning.recovery.verification import RecoveryReport
from learning.reports.recovery import Recovery


@pytest.mark.parametrize("status", ["proved", "refuted"])
def test_a_verdict_outlives_the_time(status):
    found = Recovery("net.json", None, 2, 100, 0)
    found.verdict = RecoveryReport(status)
    found.stop("budget of 3 seconds exhausted")
    assert found.status == status


def test_without_a_verdict_the_stage_is_said():
    found = Recovery("net.json", None, 2, 100, 0)
    found.stop("budget of 3 seconds exhausted")
    assert (found.status, found.reason) == ("unknown", "budget of 3 seconds exhausted during learning")
