"""What a lab shows in words and tables: computed, plain, the same in every renderer."""

from __future__ import annotations

import html
import platform
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import metadata
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from labkit.inputs import whole

if TYPE_CHECKING:
    import pandas as pd

_WORDS = {"ols": "OLS", "se": "s.e.", "sd": "s.d.", "mcse": "Monte Carlo s.e."}
_PACKAGES = ("numpy", "scipy", "pandas", "matplotlib", "scikit-learn", "joblib", "torch")

# Where a line must not end: 95 | % and n | = 500.
_TIES = re.compile(r"(?<=\d) (?=%)|(?<=\w) (?== )|(?<==) (?=\S)")


# Cells are styled one by one: JupyterLab aligns all of them to the right, and drops a <style>.
_LEFT, _RIGHT = ' style="text-align: left"', ' style="text-align: right"'
_NUMBER = ' style="text-align: right; white-space: nowrap"'


@dataclass(frozen=True)
class Table:
    """A table of text that a notebook shows as plain HTML and a terminal as aligned columns.

    `pictures`, HTML and one a row, stand before the texts of the column `pictured`.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    pictures: Sequence[str] = ()
    pictured: int = 0

    def _repr_html_(self) -> str:
        caption = f"<caption{_LEFT}>{html.escape(self.caption)}</caption>" if self.caption else ""
        columns = list(zip(*self.rows, strict=True)) or [()] * len(self.header)
        numeric = [bool(column) and all(map(_is_number, column)) for column in columns]
        heads = [_RIGHT if numbers else _LEFT for numbers in numeric]
        cells = [_NUMBER if numbers else _LEFT for numbers in numeric]
        head = "".join(
            f'<th scope="col"{style}>{html.escape(cell)}</th>'
            for cell, style in zip(self.header, heads, strict=True)
        )
        body = "".join(
            f'<tr><th scope="row"{heads[0]}>{html.escape(row[0])}</th>'
            + "".join(
                f"<td{style}>{_beside(picture, html.escape(cell))}</td>"
                for cell, style, picture in zip(row[1:], cells[1:], drawn[1:], strict=True)
            )
            + "</tr>\n"
            for row, drawn in zip(self.rows, self._drawn(), strict=True)
        )
        return f"<table>{caption}\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody></table>"

    def _drawn(self) -> list[list[str]]:
        """Return the picture of each cell of each row, empty where there is none."""
        pictures = self.pictures or [""] * len(self.rows)
        return [
            [picture if j == self.pictured else "" for j in range(len(self.header))]
            for picture in pictures
        ]

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

    Raises
    ------
    TypeError, ValueError
        If there is no sentence, or one is not a string.

    Examples
    --------
    >>> from labkit import paragraph
    >>> paragraph("We simulated 2 data sets.", "They differed.")
    We simulated 2 data sets. They differed.
    """
    if not sentences:
        raise ValueError("paragraph needs at least one sentence.")
    for number, sentence in enumerate(sentences, start=1):
        _require_text(sentence, f"sentence {number}")
    text = " ".join(sentence.strip() for sentence in sentences)
    return Paragraph(_TIES.sub("\u00a0", text))


def table(frame: pd.DataFrame | pd.Series[Any], *, digits: int = 3, caption: str = "") -> Table:
    """Turn a DataFrame into a table for the page.

    Parameters
    ----------
    frame : DataFrame or Series
        Its index becomes the first column. A level's name becomes its heading. A Series is a
        table of one column.
    digits : int
        Decimals of the floats; those of 1,000 or more get none, and those of 10¹⁵ or more are
        written with a power of ten.
    caption : str
        What the table shows.

    Returns
    -------
    Table

    Raises
    ------
    TypeError, ValueError
        If `frame` is neither a DataFrame nor a Series of pandas, `digits` is no whole number of
        0 or more, or `caption` is no string.

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
    import pandas as pd

    digits = whole(digits, "digits", at_least=0)
    _require_text(caption, "caption")
    if isinstance(frame, pd.Series):
        frame = frame.to_frame("" if frame.name is None else frame.name)
    if not isinstance(frame, pd.DataFrame):
        how = "frame.to_pandas()" if hasattr(frame, "to_pandas") else "pandas.DataFrame(frame)"
        kind = f"{type(frame).__module__}.{type(frame).__name__}"
        raise TypeError(f"frame must be a DataFrame of pandas, not of type {kind}: try {how}.")

    def text(value: Any) -> str:
        if not isinstance(value, float | complex | np.inexact):
            return _plain(value)
        size = round(float(np.abs(value)), digits)  # as shown: 999.9996 is 1,000 too
        if 1000 <= size < np.inf:
            # A double has 15 digits and a bit; more would be made up.
            return f"{value:,.0f}" if size < 1e15 else f"{value:.{digits}e}"
        return f"{value:z.{digits}f}"  # "z": what rounds to zero has no minus

    several = isinstance(frame.index, pd.MultiIndex)
    index = [[_plain(level) for level in (key if several else (key,))] for key in frame.index]
    cells = frame.map(text).to_numpy().tolist()
    header = [_heading(name) for name in [*frame.index.names, *frame.columns]]
    return Table(header, [[*i, *c] for i, c in zip(index, cells, strict=True)], caption)


def _require_text(value: object, name: str) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, not {value!r} of type {type(value).__name__}.")


def _plain(value: object) -> str:
    """Write a value as it is, and a whole number with commas between its thousands."""
    whole_number = isinstance(value, Integral) and not isinstance(value, bool | np.timedelta64)
    return f"{value:,}" if whole_number else str(value)


def _is_number(text: str) -> bool:
    try:
        float(text.replace(",", ""))
    except ValueError:
        return False
    return True


def _beside(picture: str, text: str) -> str:
    """Return a cell's text, as a piece where a picture is before it: it goes below as a whole."""
    return f'{picture}<span style="white-space: nowrap">{text}</span>' if picture else _whole(text)


def _whole(text: str) -> str:
    """Keep a number such as 1e-12 on one line: a browser may break it after its hyphen."""
    return re.sub(r"[\d.]+e-\d+", r'<span style="white-space: nowrap">\g<0></span>', text)


def _heading(name: object) -> str:
    """Turn a column's name into what a reader expects above a column."""
    if isinstance(name, tuple):  # of several levels
        return ", ".join(filter(None, map(_heading, name)))
    words = "" if name is None else str(name)
    return " ".join(_WORDS.get(word, word) for word in words.split("_"))


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
