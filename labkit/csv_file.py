"""A CSV file as columns of text: its encoding, its delimiter, rows that are all of one length."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars"}
_MARKS = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"\xef\xbb\xbf": "utf-8-sig"}
_OTHERS = {b"PK\x03\x04": "an Excel workbook or a zip", b"\xd0\xcf\x11\xe0": "an old Excel file"}

_BROKEN = 10_000  # stands for the fields of a line that can't be told apart

_Line = tuple[int, list[str]]


@dataclass(frozen=True)
class Sheet:
    """Columns of text by name, the line of the file that each row ended in, and what was done."""

    columns: dict[str, list[str]]
    lines: list[int]
    notes: list[str] = field(default_factory=list)

    def keep(self, rows: list[int]) -> Sheet:
        """Return a sheet of these rows."""
        columns = {name: [texts[i] for i in rows] for name, texts in self.columns.items()}
        return Sheet(columns, [self.lines[i] for i in rows], self.notes)

    def without(self, *names: str | None) -> Sheet:
        """Return a sheet without these columns."""
        columns = {name: texts for name, texts in self.columns.items() if name not in names}
        return Sheet(columns, self.lines, self.notes)


def read_sheet(path: Path, wanted: str) -> Sheet:
    """Read a CSV file whose header should hold the name `wanted`, which helps to tell delimiters.

    Raises
    ------
    FileNotFoundError, OSError
        If there is no such file, or it can't be read.
    ValueError
        If it is no table in text, or one whose rows can't be told for sure.
    """
    notes: list[str] = []
    text = _decoded(_content(path), path.name, notes)
    first, _, rest = text.partition("\n")
    if said := re.fullmatch(r'"?sep=(.)"?', first.strip("\r ")):  # Excel's own first line
        parsed = {said[1]: _parsed(rest, said[1], path.name, after=1)}
    else:
        parsed = {mark: _parsed(text, mark, path.name) for mark in DELIMITERS}
    mark, lines = _most_fitting(parsed, wanted, path.name)
    if mark != ",":
        notes.append(f"Columns are separated by {DELIMITERS.get(mark, repr(mark))}.")
    lines = _even(lines, mark, path.name)
    header = [name.strip() for name in lines[0][1]]
    if len(lines) == 1:
        raise ValueError(f"{path.name} has a header and no row below it.")
    columns = [[fields[j].strip() for _, fields in lines[1:]] for j in range(len(header))]
    _leave_out_nameless(header, columns, path.name, notes)
    for name, times in Counter(header).items():
        if times > 1:
            raise ValueError(
                f"{path.name} has {times} columns called {name!r}: give each a name of its own."
            )
    return Sheet(dict(zip(header, columns, strict=True)), [n for n, _ in lines[1:]], notes)


def _content(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise IsADirectoryError(f"{path} is a folder: name the CSV file in it.")
        return path.read_bytes()
    except FileNotFoundError:
        here = sorted(other.name for other in path.parent.glob("*.csv"))[:5]
        there = f" CSV files beside it: {', '.join(here)}." if here else ""
        raise FileNotFoundError(
            f"there is no file {path} (seen from {Path.cwd()}).{there}"
        ) from None


def _decoded(content: bytes, name: str, notes: list[str]) -> str:
    """Return the text, read as the mark at its beginning says, else as UTF-8, else as Windows'."""
    for start, what in _OTHERS.items():
        if content.startswith(start):
            raise ValueError(f"{name} is {what}, not a CSV file: save the sheet as CSV (UTF-8).")
    marked = next((code for mark, code in _MARKS.items() if content.startswith(mark)), None)
    try:
        text = content.decode(marked or "utf-8")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
        notes.append("The file is not UTF-8; it was read as Windows-1252: look at its letters.")
    if "\0" in text:
        raise ValueError(f"{name} holds zero bytes, so it is no text: save the table as CSV.")
    if not text.strip():
        raise ValueError(f"{name} is empty.")
    if marked == "utf-16":
        notes.append("The file was read as UTF-16.")
    return text


def _parsed(text: str, delimiter: str, name: str, after: int = 0) -> list[_Line]:
    """Return the lines that hold anything, each with its number and its fields."""
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, strict=True, skipinitialspace=True
    )
    lines: list[_Line] = []
    try:
        lines += ((reader.line_num + after, f) for f in reader if any(map(str.strip, f)))
    except csv.Error as error:
        line = reader.line_num + after
        if "end of data" in str(error):
            raise ValueError(f"{name}: a quotation mark is opened and never closed.") from None
        # What is wrong by one delimiter may be right by another: an uneven line tells.
        lines.append((line, ["?"] * (_BROKEN if lines else 1)))
    return lines


def _most_fitting(
    parsed: dict[str, list[_Line]], wanted: str, name: str
) -> tuple[str, list[_Line]]:
    """Return the delimiter that fits best: by the wanted name, then by even rows, then by size."""

    def fit(mark: str) -> tuple[bool, bool, int]:
        header, *rest = (fields for _, fields in parsed[mark])
        holds = wanted in map(str.strip, header)
        return holds, all(len(fields) == len(header) for fields in rest), len(header)

    several = [mark for mark, lines in parsed.items() if len(lines[0][1]) > 1]
    if not several:
        raise ValueError(
            f"{name} has one column: neither {', '.join(DELIMITERS.values())} separate names in "
            "its first line. An analysis needs an outcome and at least one feature."
        )
    mark = max(several, key=fit)
    return mark, parsed[mark]


def _even(lines: list[_Line], delimiter: str, name: str) -> list[_Line]:
    """Return the lines, once each is as long as the header."""
    width = len(lines[0][1])
    odd = [(line, fields) for line, fields in lines[1:] if len(fields) != width]
    if not odd:
        return lines
    line, fields = odd[0]
    mend = "Is a field missing, or broken over two lines?"
    if all(len(fields) == width + 1 for _, fields in lines[1:]):
        mend = "In R, write.csv(d, file, row.names = FALSE) writes no names of rows."
    elif len(fields) > width:
        mark = {",": "comma", ";": "semicolon"}.get(delimiter, "delimiter")
        mend = f"A {mark} inside a field, such as a decimal comma, needs quotation marks around it."
    count = "?" if len(fields) == _BROKEN else len(fields)
    raise ValueError(
        f"{name}, line {line}: {count} fields where the header has {width}; so {len(odd)} of "
        f"{len(lines) - 1} rows. {mend}"
    )


def _leave_out_nameless(
    header: list[str], columns: list[list[str]], name: str, notes: list[str]
) -> None:
    """Leave out what R, pandas and Excel write without a name: row names, and an empty end."""
    while header and not header[-1] and not any(columns[-1]):
        del header[-1], columns[-1]
    for first in ("", "Unnamed: 0"):
        if header[0] == first and len(set(columns[0])) == len(columns[0]):
            del header[0], columns[0]
            notes.append("The first column holds the names of rows, and was left out.")
            break
    if "" in header:
        raise ValueError(f"{name}: column {header.index('') + 1} has no name in the first line.")
