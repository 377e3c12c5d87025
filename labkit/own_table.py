"""A table of one's own: read from a CSV, its outcome named, and nothing guessed in silence."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from labkit.columns import MISSING, decimal_mark, plain
from labkit.csv_file import Sheet, read_sheet
from labkit.own_features import features
from labkit.own_outcome import BINARY, CONTINUOUS, TIMES, amounts, events, kind_of, times

if TYPE_CHECKING:
    import pandas as pd

MIN_ROWS, MIN_GROUPS, MIN_EVENTS = 50, 20, 20


@dataclass(frozen=True, eq=False)
class OwnTable:
    """Features, outcome and groups of a table, as `load_table` has read them."""

    X: pd.DataFrame
    y: pd.Series[float] | pd.DataFrame
    group: NDArray[np.int64]
    kind: str
    notes: list[str]


def load_table(
    path: str | Path,
    outcome: str,
    *,
    event: str | None = None,
    positive: str | None = None,
    kind: str | None = None,
    groups: str | None = None,
    leave_out: Sequence[str] = (),
    categories: Sequence[str] = (),
    numbers: Sequence[str] = (),
    missing: Sequence[str] = (),
) -> OwnTable:
    """Read a CSV with an outcome for a comparison of models, and say what was done with it.

    What has one meaning is handled, and said in the `notes`: the encoding, delimiters, decimal
    commas, missing values, columns that are constant or stand there twice. What may mean two
    things is refused with the name of the column: dates, identifiers, codes, placeholders such as
    −999, numbers among words, a copy of the outcome.

    Parameters
    ----------
    path : path
        The CSV file, with the names of the columns in its first line.
    outcome : str
        The column to predict; with `event`, the time that a row was observed.
    event : str, optional
        The column that says whether the time ended with the event, or was censored.
    positive : str, optional
        The value of the outcome, or of `event`, that counts as the event. Needed where it is not
        plain, as it is for 0 and 1, no and yes, false and true.
    kind : str, optional
        "continuous" or "binary"; None reads it off the outcome.
    groups : str, optional
        The column of what must not be torn apart by a split: a person with several rows, a family.
    leave_out : sequence of str
        Columns that are no features.
    categories, numbers : sequence of str
        Columns that are taken as categories, or as amounts, whatever they look like.
    missing : sequence of str
        What stands for a missing value, beside an empty field, NA, NaN, null, a dot and a "?".

    Returns
    -------
    OwnTable
        `X`, a DataFrame with float64 columns, NaN where a number is missing, and categorical
        ones, where missing is a level; `y`, a Series, 0 and 1 for a binary outcome, or a DataFrame
        of `time` and `event`; `group`, a whole number for each row; `kind`, "continuous", "binary"
        or "time and event"; and `notes`, a list of sentences.

    Raises
    ------
    FileNotFoundError, OSError
        If the file is not there or can't be read.
    TypeError, ValueError
        If it holds no table, lacks a column that is named, has a column that may mean two things,
        or is too small: it needs 50 rows in 20 groups, 20 of them with the event and 20 without.
    """
    import pandas as pd

    path = Path(path)
    lists = {"leave_out": leave_out, "categories": categories, "numbers": numbers}
    for argument, names in (lists | {"missing": missing}).items():
        if isinstance(names, str):
            raise TypeError(f"{argument} must be a list: {argument}=[{names!r}].")
    sheet = read_sheet(path, outcome)
    roles = {"outcome": outcome, "event": event, "groups": groups}
    _require_known(sheet, path.name, roles, lists)
    sheet = _without_missing(sheet.without(*leave_out), missing)
    sheet = _with_outcome(sheet, outcome, event)
    group = _groups(sheet, groups)
    apart = [name for name in sheet.columns if name not in (groups, *categories)]
    mark = decimal_mark({name: [t for t in sheet.columns[name] if t] for name in apart})
    if mark == ",":
        sheet.notes.append("Numbers have a decimal comma.")
    sure = kind is not None
    kind = kind_of(sheet, outcome, event, kind, mark)
    y: Any
    if kind == CONTINUOUS:
        y = amounts(sheet, outcome, mark, sure=sure, insisted=outcome in numbers)
    elif kind == BINARY:
        y = pd.Series(events(sheet, outcome, positive, mark), name=outcome)
    else:
        happened = events(sheet, str(event), positive, mark)
        y = times(sheet, outcome, mark, happened, insisted=outcome in numbers)
    X = features(sheet.without(outcome, event, groups), mark, categories, numbers)
    targets = [y] if kind != TIMES else [y["time"], y["event"]]
    for target in targets:
        _require_no_copy(X, target)
    _require_enough(X, None if kind == CONTINUOUS else targets[-1], group, kind)
    twins = int(X.duplicated(keep=False).sum())
    if twins and groups is None:
        sheet.notes.append(
            f"{twins} rows agree with another row in every feature: if one person can have several "
            "rows, a column that numbers the persons must be named in groups."
        )
    return OwnTable(X, y, group, kind, sheet.notes)


def _require_known(
    sheet: Sheet, file: str, roles: dict[str, str | None], lists: dict[str, Sequence[str]]
) -> None:
    """Require every column that is named to be there, and to have one part to play."""
    named = [(role, name) for role, name in roles.items() if name is not None]
    named += [(role, name) for role, names in lists.items() for name in names]
    for role, name in named:
        if name not in sheet.columns:
            near = difflib.get_close_matches(str(name), sheet.columns, n=1)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            raise ValueError(
                f"{file} has no column {name!r}, which is named as {role}.{meant} "
                f"Its columns: {', '.join(sheet.columns)}."
            )
    parts: dict[str, str] = {}
    for role, name in named:
        allowed = {parts.get(name, role), role} == {"outcome", "numbers"}
        if name in parts and not allowed:
            raise ValueError(f"the column {name!r} is named as {parts[name]} and as {role}.")
        parts[name] = role


def _without_missing(sheet: Sheet, missing: Sequence[str]) -> Sheet:
    """Return the sheet with an empty text for each missing value."""
    known = {*MISSING, *(plain(str(text)) for text in missing)}
    columns = {
        name: ["" if (p := plain(text)) in known else p for text in texts]
        for name, texts in sheet.columns.items()
    }
    return Sheet(columns, sheet.lines, sheet.notes)


def _with_outcome(sheet: Sheet, *names: str | None) -> Sheet:
    """Return the rows whose outcome is known."""
    columns = [sheet.columns[name] for name in names if name is not None]
    known = [i for i in range(len(sheet.lines)) if all(column[i] for column in columns)]
    if lost := len(sheet.lines) - len(known):
        sheet.notes.append(f"Rows without an outcome, which were left out: {lost}.")
    if len(known) < MIN_ROWS:
        raise ValueError(
            f"the table has {len(known)} rows with an outcome; at least {MIN_ROWS} are needed: "
            "with fewer, an interval from cross-validation says nothing."
        )
    return sheet.keep(known)


def _groups(sheet: Sheet, name: str | None) -> NDArray[np.int64]:
    if name is None:
        return np.arange(len(sheet.lines))
    texts = sheet.columns[name]
    if "" in texts:
        line = sheet.lines[texts.index("")]
        raise ValueError(f"{name!r} is missing in line {line}: whom does that row belong to?")
    names, member = np.unique(texts, return_inverse=True)
    sheet.notes.append(f"{len(texts)} rows lie in {len(names)} groups by {name!r}.")
    if len(names) < MIN_GROUPS:
        raise ValueError(f"{name!r} has {len(names)} groups; at least {MIN_GROUPS} are needed.")
    return member.astype(np.int64)


def _require_no_copy(X: pd.DataFrame, target: pd.Series[float]) -> None:
    """Refuse a feature that is the outcome again, on another scale or under other words."""
    for name, column in X.items():
        amount = column.dtype != "category"
        if not amount and not column.nunique() == target.nunique() == 2:
            continue
        there = column.notna().to_numpy()
        a = (column if amount else column.cat.codes).to_numpy(float)[there]
        b = target.to_numpy(float)[there]
        varies = np.ptp(a) > 0 and np.ptp(b) > 0
        if varies and abs(np.corrcoef(a, b)[0, 1]) > 1 - 1e-9:
            raise ValueError(
                f"{name!r} is the outcome again, on its own scale or another: name it in leave_out."
            )


def _require_enough(
    X: pd.DataFrame, event: pd.Series[float] | None, group: NDArray[np.int64], kind: str
) -> None:
    """Require events enough for folds within folds, and columns fewer than half of the rows."""
    width = sum(len(c.cat.categories) if c.dtype == "category" else 1 for _, c in X.items())
    if width > len(X) / 2:
        raise ValueError(
            f"{width} columns of features (a category counts its levels) are too many for {len(X)} "
            "rows: the plain linear model would have no solution. Leave some out by what is known "
            "beforehand, not by how they go with the outcome."
        )
    if event is None:
        return
    sides = {1: "with the event"} | ({0: "without it"} if kind == BINARY else {})
    for side, words in sides.items():
        count = len(np.unique(group[(event == side).to_numpy()]))
        if count < MIN_EVENTS:
            raise ValueError(
                f"{count} rows (or groups) are {words}; at least {MIN_EVENTS} are needed, so that "
                "every fold has some."
            )
