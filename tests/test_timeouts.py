"""``--timeout`` of every command counts from the first moment, the reading of files included, and ends with 3."""

import contextlib
import json
import time

import pytest
from click.testing import CliRunner
from test_command_misuse import COMMANDS, PLANE

import tropical as tp
from tropical_relu_cli import UNKNOWN
from tropical_relu_cli.time_limit import Clock, OutOfTime, time_limit

READING = [(main, name, words) for main, calls in COMMANDS.values() for name, words in calls.items()]


class Over(Exception):  # noqa: N818 - as BudgetExhausted
    """The time is over."""


def test_every_command_takes_a_timeout():
    for main, calls in COMMANDS.values():
        assert all(any(p.name == "timeout" for p in main.commands[name].params) for name in calls)


@pytest.mark.parametrize(("main", "name", "words"), [row for row in READING if row[1] != "scaling"])
def test_a_file_that_takes_long_to_read(main, name, words, tmp_path, monkeypatch):
    """The command `scaling` reads none; its timeout is tested beside it."""
    monkeypatch.chdir(tmp_path)
    tp.save_network(PLANE, "net.json")
    tp.save_certificate(tp.equivalent(PLANE, PLANE).certificate, "certificate.json")
    before = sorted(path.name for path in tmp_path.iterdir())
    monkeypatch.setattr(json, "loads", lambda *arguments, **options: time.sleep(100))
    result = CliRunner().invoke(main, [name, *words, "--timeout", "0.2"])
    assert result.exit_code == UNKNOWN, result.output
    assert "budget of 0.2 seconds exhausted" in result.output
    assert sorted(path.name for path in tmp_path.iterdir()) == before


def test_a_clock_counts_all_steps():
    clock = Clock(0.3, Over)
    with clock.limit():
        assert 0 < clock.left() <= 0.3
    with pytest.raises(Over, match=r"budget of 0\.3 seconds"), clock.limit():
        time.sleep(100)
    with pytest.raises(Over):
        clock.left()
    with pytest.raises(Over), clock.limit():
        raise AssertionError
    with clock.limit(least=60):
        assert Clock(None, Over).left() is None


def test_an_end_of_time_that_is_swallowed_comes_again(monkeypatch):
    """As where it is raised in a destructor, which tells nobody."""
    monkeypatch.setattr("tropical_relu_cli.time_limit._AGAIN_SECONDS", 0.1)

    def swallow():
        with contextlib.suppress(OutOfTime):
            time.sleep(100)
        time.sleep(100)

    with pytest.raises(OutOfTime), time_limit(0.1):
        swallow()
