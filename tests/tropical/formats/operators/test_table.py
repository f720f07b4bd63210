"""The table of operators: no name twice, and the page of the documentation is made from it."""

from pathlib import Path

from tropical.formats.operators.table import ONNX, OPERATORS, TORCH, rows

PAGE = Path(__file__).resolve().parents[4] / "docs" / "what_loads.md"


def test_every_name_has_one_entry():
    assert len(ONNX) == sum(len(entry.onnx) for entry in OPERATORS)
    assert len(TORCH) == sum(len(names.split()) for entry in OPERATORS for names in entry.torch)
    assert len({entry.name for entry in OPERATORS}) == len(OPERATORS)


def test_the_page_of_what_loads_is_that_of_the_table():
    assert PAGE.read_text(encoding="utf-8").endswith(f"\n\n{rows()}\n"), "run python docs/write_what_loads.py"
