"""The CSV of grades: a row for each notebook and exercise."""

import csv
import os
import sys
from pathlib import Path

COLUMNS = ["student", "file", "lab", "exercise", "outcome", "because"]
COLUMNS += ["seconds", "protection", "sha256"]
FAILED = "could not be run"

Row = dict[str, str]


def plain(text: str) -> str:
    """Return a student's text as a spreadsheet may have it: one line, and no formula."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return f"'{line}" if line.startswith(("=", "+", "-", "@")) else line


def write(rows: list[Row], out: Path) -> None:
    """Write the CSV anew, through a temporary file: whenever it is looked at, it is whole."""
    temporary = out.with_name(f".{out.name}.{os.getpid()}")
    # The mark at its beginning tells a spreadsheet that it is UTF-8.
    with temporary.open("w", encoding="utf-8-sig", newline="", errors="backslashreplace") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(rows)
    temporary.replace(out)


def read(out: Path) -> list[Row]:
    """Read the rows of an earlier run, none if there was none."""
    if not out.exists():
        return []
    with out.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames != COLUMNS:
            sys.exit(f"{out} is not a CSV of grades: move it away, or name another by OUT=.")
        return list(reader)
