"""What a lab shows in words and tables: computed, plain, the same in every renderer."""

from __future__ import annotations

import html
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from numbers import Integral
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_WORDS = {"ols": "OLS", "se": "s.e.", "sd": "s.d.", "mcse": "Monte Carlo s.e."}
_PACKAGES = ("numpy", "scipy", "pandas", "matplotlib", "scikit-learn", "joblib", "torch")

# Where a line must not end: 95 | % and n | = 500.
_TIES = re.compile(r"(?<=\d) (?=%)|(?<=\w) (?== )|(?<==) (?=\S)")


@dataclass(frozen=True)
class Table:
    """A table of text that a notebook shows as plain HTML and a terminal as aligned columns.

    HTML of our own, not that of pandas, because the course's pages load nothing from elsewhere.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""

    def _repr_html_(self) -> str:
        caption = f"<caption>{html.escape(self.caption)}</caption>" if self.caption else ""
        numeric = [all(map(_is_number, column)) for column in zip(*self.rows, strict=True)]
        marks = [' class="number"' if numbers else "" for numbers in numeric]
        head = "".join(
            f'<th scope="col"{mark}>{html.escape(cell)}</th>'
            for cell, mark in zip(self.header, marks, strict=True)
        )
        body = "".join(
            f'<tr><th scope="row"{marks[0]}>{html.escape(row[0])}</th>'
            + "".join(
                f"<td{mark}>{_whole(html.escape(cell))}</td>"
                for cell, mark in zip(row[1:], marks[1:], strict=True)
            )
            + "</tr>\n"
            for row in self.rows
        )
        return (
            f'<table class="table lab-table">{caption}\n<thead><tr>{head}</tr></thead>\n'
            f"<tbody>\n{body}</tbody></table>"
        )

    def __str__(self) -> str:
        lines = [self.header, *self.rows]
        widths = [max(len(line[j]) for line in lines) for j in range(len(self.header))]
        text = ("   ".join(c.ljust(w) for c, w in zip(line, widths, strict=True)) for line in lines)
        return "\n".join([*([self.caption] if self.caption else []), *(t.rstrip() for t in text)])

    __repr__ = __str__


@dataclass(frozen=True)
class Paragraph:
    """Markdown that a notebook shows as running text."""

    text: str

    def _repr_markdown_(self) -> str:
        return self.text

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__


def paragraph(*sentences: str) -> Paragraph:
    """Join sentences into a paragraph that a notebook shows as running text.

    Parameters
    ----------
    *sentences : str
        The sentences, each with its stop; Markdown may stand in them.

    Examples
    --------
    >>> from labkit import paragraph
    >>> paragraph("We simulated 2 data sets.", "They differed.")
    We simulated 2 data sets. They differed.
    """
    text = " ".join(sentence.strip() for sentence in sentences)
    return Paragraph(_TIES.sub("\u00a0", text))


def table(frame: pd.DataFrame, *, digits: int = 3, caption: str = "") -> Table:
    """Turn a DataFrame into a table for the page.

    Parameters
    ----------
    frame : DataFrame
        Its index becomes the first column. A level's name becomes its heading.
    digits : int
        Decimals of the floats; those of 1,000 or more get none.
    caption : str
        What the table shows.

    Returns
    -------
    Table

    Examples
    --------
    >>> import pandas as pd
    >>> from labkit import table
    >>> frame = pd.DataFrame({"mean": [0.51234, 2]}, index=["a", "b"])
    >>> table(frame.rename_axis("group"))
    group   mean
    a       0.512
    b       2.000
    """

    def text(value: object) -> str:
        if not isinstance(value, float):
            return _plain(value)
        return f"{value:.{digits}f}" if abs(value) < 1000 else f"{value:,.0f}"

    index = frame.index.to_frame(index=False).map(_plain).to_numpy().tolist()
    cells = frame.map(text).to_numpy().tolist()
    header = [str(name or "") for name in [*frame.index.names, *frame.columns]]
    rows = [[*i, *c] for i, c in zip(index, cells, strict=True)]
    return Table([_heading(name) for name in header], rows, caption)


def _plain(value: object) -> str:
    """Write a value as it is, and a whole number with commas between its thousands."""
    whole = isinstance(value, Integral) and not isinstance(value, bool)
    return f"{value:,}" if whole else str(value)


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", ""))
    except ValueError:
        return False
    return True


def _whole(text: str) -> str:
    """Keep a number such as 1e-12 on one line: a browser may break it after its hyphen."""
    return re.sub(r"[\d.]+e-\d+", r'<span class="nobreak">\g<0></span>', text)


def _heading(name: str) -> str:
    """Turn a column's name into what a reader expects above a column."""
    return " ".join(_WORDS.get(word, word) for word in name.split("_"))


def session_info() -> Table:
    """Return the versions of Python and the packages of the course: what a reader must know.

    Nothing about the machine is in it, so that a page is the same wherever it was made.
    """
    rows = [["Python", platform.python_version()]]
    for package in ("labkit", *_PACKAGES):
        try:
            rows.append([package, metadata.version(package).split("+")[0]])
        except metadata.PackageNotFoundError:
            rows.append([package, "not installed"])
    return Table(["Software", "Version"], rows, "Versions that made this page")
