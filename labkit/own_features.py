"""The features of a table of one's own: numbers and categories, and what is left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from labkit.columns import doubt, is_number, parsed, written
from labkit.csv_file import Sheet

if TYPE_CHECKING:
    import pandas as pd

NO_VALUE = "(missing)"


def features(
    sheet: Sheet, mark: str, categories: Sequence[str], numbers: Sequence[str]
) -> pd.DataFrame:
    """Return the columns of a sheet as features, and note what was done with them.

    Raises
    ------
    ValueError
        Naming every column that may mean two things, with what to say; or if none is left.
    """
    import pandas as pd

    columns: dict[str, pd.Series[float]] = {}
    seen: dict[tuple[object, ...], str] = {}
    doubts = []
    for name, texts in sheet.columns.items():
        if len(set(written(texts, mark))) == 1:
            sheet.notes.append(f"{name!r} is {texts[0] or 'missing'} in every row: left out.")
            continue
        if name in numbers:
            found = _no_number(sheet, name)
        else:
            found = None if name in categories else doubt(name, texts, sheet.lines, mark)
        if found:
            doubts.append(found)
            continue
        amount = name not in categories and all(is_number(text) for text in texts if text)
        column = pd.Series(parsed(texts, mark)) if amount else _category(texts)
        first = seen.setdefault(_signature(column), name)
        if first != name:
            sheet.notes.append(f"{name!r} says the same as {first!r}: left out.")
            continue
        columns[name] = column
        _note(sheet, name, column, asked=amount and name not in numbers)
    if doubts:
        several = f"{len(doubts)} columns need a word from you:\n- " if len(doubts) > 1 else ""
        raise ValueError(several + "\n- ".join(doubts))
    if not columns:
        raise ValueError("no column is left that could be a feature.")
    return pd.DataFrame(columns)


def _no_number(sheet: Sheet, name: str) -> str | None:
    for text, line in zip(sheet.columns[name], sheet.lines, strict=True):
        if text and not is_number(text):
            return f"{name!r} is named in numbers, and is {text!r} in line {line}."
    return None


def _category(texts: Sequence[str]) -> pd.Series[float]:
    import pandas as pd

    levels = sorted(set(texts) - {""}) + [NO_VALUE] * ("" in texts)
    return pd.Series(pd.Categorical([text or NO_VALUE for text in texts], levels))


def _signature(column: pd.Series[float]) -> tuple[object, ...]:
    """Return what two columns share if one of them says all that the other says.

    Categories do where they part the rows alike, and so does what has two values.
    """
    import pandas as pd

    if column.dtype == "category" or column.nunique() == 2:
        few = column.nunique() == 2
        return ("two" if few else "words", *pd.factorize(column)[0].tolist())
    return ("numbers", *column.fillna(np.inf))


def _note(sheet: Sheet, name: str, column: pd.Series[float], *, asked: bool) -> None:
    """Say how a column was read, where one could think otherwise."""
    missing = sheet.columns[name].count("")
    different = column.nunique()
    if column.dtype == "category":
        also = f", {missing} rows as {NO_VALUE!r}" if missing else ""
        sheet.notes.append(f"{name!r} is a category with {different} levels{also}.")
        return
    if missing:
        sheet.notes.append(
            f"{name!r} is missing in {missing} of {len(column)} rows: the models get the median of "
            "the training rows, and a column that tells."
        )
    if asked and 2 < different <= 10 and (column.dropna() % 1 == 0).all():
        sheet.notes.append(
            f"{name!r} has {different} different whole numbers, and is taken as an amount. If they "
            "are codes, name it in categories."
        )
