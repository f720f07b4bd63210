"""Write the table of operations into what_loads.md: python docs/write_what_loads.py."""

from pathlib import Path

from tropical.formats.operators.table import rows

PAGE = Path(__file__).resolve().parent / "what_loads.md"


def main() -> None:
    """The text before the table stays."""
    before = PAGE.read_text(encoding="utf-8").partition("| operation |")[0]
    PAGE.write_text(f"{before}{rows()}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
