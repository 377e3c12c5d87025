"""The CSV of grades: a row for each notebook and exercise."""

import csv
import os
import sys
import unicodedata
from pathlib import Path

COLUMNS = ["student", "file", "lab", "exercise", "outcome", "because"]
COLUMNS += ["seconds", "protection", "checks", "sha256"]
FAILED = "could not be run"

Row = dict[str, str]


def plain(text: str) -> str:
    """Return a student's text as a spreadsheet may have it: one line, and no formula."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return f"'{line}" if line.startswith(("=", "+", "-", "@")) else line


def escaped(name: str) -> str:
    """Return a name so that no two look alike: what a reader can't see stands as its number."""
    shown = []
    for place, c in enumerate(name):
        alone = c == " " and name[place - 1 : place] not in ("", " ") and place + 1 < len(name)
        if c == "\\" or (c == "'" and place == 0):
            shown.append(f"\\x{ord(c):02x}")
        elif 0xDC80 <= ord(c) <= 0xDCFF:  # a byte that is no UTF-8
            shown.append(f"\\x{ord(c) - 0xDC00:02x}")
        elif alone or (c.isprintable() and c != " " and not unicodedata.combining(c)):
            shown.append(c)
        else:
            shown.append(c.encode("unicode_escape").decode() if c != " " else "\\x20")
    return plain("".join(shown))


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
    try:
        with out.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            rows, names = list(reader), set(reader.fieldnames or ())
    except (ValueError, csv.Error, IsADirectoryError):  # another encoding, or none
        rows, names = [], set()
    if not {"file", "exercise", "outcome", "sha256"} <= names <= set(COLUMNS):
        sys.exit(
            f"{out} is not a CSV of grades as this program writes it: move it away, "
            "or name another by OUT=."
        )
    return [{column: row.get(column) or "" for column in COLUMNS} for row in rows]
