"""At the end of a run, how many cases the whole families had, and what came out of them."""

from typing import Any


def pytest_terminal_summary(terminalreporter: Any) -> None:
    passed = terminalreporter.stats.get("passed", [])
    lines = [f"{key}: {text}" for report in passed for key, text in report.user_properties if "cases" in str(text)]
    if lines:
        terminalreporter.section("cases, all of them right")
        for line in lines:
            terminalreporter.write_line(line)
