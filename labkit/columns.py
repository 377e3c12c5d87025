"""What a column of text holds: numbers, words, dates, identifiers, or something to be asked."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from labkit.inputs import Floats

MISSING = ("", "NA", "N/A", "#N/A", "<NA>", "NaN", "nan", "null", "NULL", ".", "?")
"""What counts as a missing value, as it stands in the file."""

_WHOLE = re.compile(r"[+-]?\d+([eE][+-]?\d+)?")
_NUMBER = {
    mark: re.compile(rf"[+-]?(\d+({re.escape(mark)}\d*)?|{re.escape(mark)}\d+)([eE][+-]?\d+)?")
    for mark in ".,"
}
_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}([., '\u2019\u00a0\u202f])\d{3}(\1\d{3})*([.,]\d+)?")
_LEADING_ZERO = re.compile(r"0\d+")
_DATE = re.compile(
    r"\d{4}[-/.]\d{1,2}([-/.]\d{1,2})?([T ]\d{1,2}:\d{2}.*)?"
    r"|\d{1,2}[-/. ]([A-Za-z]{3,9}|\d{1,2})[-/. ]\d{2,4}( \d{1,2}:\d{2}.*)?|\d{1,2}:\d{2}(:\d{2})?"
)
_IDENTIFIER = re.compile(
    r"(.*[_ .-])?(id|ids|nr|no|uid|pid|mrn|code|name|patient|subject|person|participant|family"
    r"|household|hospital|clinic|centre|center|site|school|cluster|case|record|row)"
    r"([_ .-]?(id|nr|no|number|code|name))?",
    re.IGNORECASE,
)
_PLACEHOLDERS = {sign * int("9" * k) for k in range(1, 7) for sign in (-1, 1)}
_MANY = 20  # levels of a category; more have too few rows each


def plain(text: str) -> str:
    """Return a text as numbers are written: without spaces around it, with a hyphen as minus."""
    return text.strip().replace("\N{MINUS SIGN}", "-")


def is_number(text: str) -> bool:
    """Tell whether a text is a number, with a point, a comma or neither."""
    return any(pattern.fullmatch(text) for pattern in _NUMBER.values())


def decimal_mark(columns: Mapping[str, Sequence[str]]) -> str:
    """Return the decimal mark of a table, "." or ",", from its columns without missing values.

    Raises
    ------
    ValueError
        If both are in use, or a comma may as well part thousands.
    """
    found: dict[str, tuple[str, str]] = {}
    sure = False
    for name, texts in columns.items():
        numbers = [text for text in texts if is_number(text)]
        if len(numbers) < len(texts):
            continue
        for text in numbers:
            for mark in ".,":
                if mark in text:
                    found.setdefault(mark, (name, text))
        sure |= any("," in text and not _THOUSANDS.fullmatch(text) for text in numbers)
    if len(found) == 2:
        (a, dotted), (b, comma) = found["."], found[","]
        raise ValueError(
            f"both points and commas stand in numbers: {dotted!r} in column {a!r} and {comma!r} in "
            f"column {b!r}. Write every number with one decimal mark and no mark for thousands."
        )
    if "," in found and not sure:
        name, text = found[","]
        raise ValueError(
            f"is {text!r} in column {name!r} a decimal comma, or does the comma part thousands? "
            "Nothing in the table tells. Write numbers with a decimal point and no other mark."
        )
    return "," if "," in found else "."


def parsed(texts: Iterable[str], mark: str) -> Floats:
    """Return texts as numbers, NaN where one is missing (an empty text)."""
    return np.array([float(text.replace(mark, ".")) if text else np.nan for text in texts])


def doubt(
    name: str, texts: Sequence[str], lines: Sequence[int], mark: str, feature: bool = True
) -> str | None:
    """Return what keeps a column from being taken as it stands, and what to do; None if nothing.

    Parameters
    ----------
    name : str
        Of the column.
    texts : sequence of str
        Its values; a missing one is an empty text.
    lines : sequence of int
        The line of the file that each stands in.
    mark : str
        The decimal mark of the table.
    feature : bool
        Whether it is to be a feature, and not the outcome, which may be all different.
    """
    there = [(text, line) for text, line in zip(texts, lines, strict=True) if text]
    values = [text for text, _ in there]
    if all(map(_DATE.fullmatch, values)) and not all(map(_NUMBER[mark].fullmatch, values)):
        return _dated(name, values[0])
    odd = next(((t, line) for t, line in there if not _NUMBER[mark].fullmatch(t)), None)
    if odd is None:
        return _doubt_of_numbers(name, values, mark, feature)
    if all(is_number(text) or _THOUSANDS.fullmatch(text) for text in values):
        return (
            f"{name!r} has a mark between thousands in line {odd[1]}, {odd[0]!r}: write numbers "
            "without it."
        )
    if any(is_number(text) for text in values):
        return (
            f"{name!r} holds numbers, and {odd[0]!r} in line {odd[1]}: correct it, or add it to "
            f"missing, or name {name!r} among the categories if its numbers are codes."
        )
    return _doubt_of_words(name, values) if feature else None


def _dated(name: str, text: str) -> str:
    return (
        f"{name!r} holds dates or times ({text!r}), which are no numbers as they stand: turn it "
        "into one, such as days since entry or an age, or name it in leave_out."
    )


def _doubt_of_numbers(name: str, values: Sequence[str], mark: str, feature: bool) -> str | None:
    found = parsed(values, mark)
    as_it_is = f"or in numbers, if {name!r} is an amount as it stands"
    if not (np.abs(found) < 1e150).all():
        return f"{name!r} holds {values[int(np.argmax(np.abs(found)))]}, which is too large."
    if odd := placeholder(found):
        return (
            f"{name!r} has {odd[1]} times the value {odd[0]:g}, far from all others: if it stands "
            f"for a missing value, name '{odd[0]:g}' in missing; {as_it_is}."
        )
    if not feature:
        return None
    if any(map(_LEADING_ZERO.fullmatch, values)):
        text = next(filter(_LEADING_ZERO.fullmatch, values))
        return f"{name!r} has zeros in front ({text!r}), as codes have: {_code(name)}, {as_it_is}."
    if not all(map(_WHOLE.fullmatch, values)):
        return None
    if all(_is_day(number) for number in found):
        return _dated(name, values[0])
    different = len(np.unique(found))
    counted = different == len(found) and different == np.ptp(found) + 1
    rising = different == len(found) and (np.diff(found) > 0).all()
    if (counted or rising) and len(found) > 2:
        return f"{name!r} counts the rows: {_code(name)}, {as_it_is}."
    if _IDENTIFIER.fullmatch(name) and different > 2:
        return f"{name!r} is named like a code or an identifier: {_code(name)}, {as_it_is}."
    return None


def _doubt_of_words(name: str, values: Sequence[str]) -> str | None:
    different = len(set(values))
    if different > 2 and (_IDENTIFIER.fullmatch(name) or different > 0.5 * len(values)):
        return f"{name!r} has {different} different words and looks like a code: {_code(name)}."
    if different > _MANY:
        return (
            f"{name!r} has {different} different words in {len(values)} rows, too many to learn "
            f"from: merge them, or name {name!r} in leave_out, or in categories to keep them."
        )
    return None


def _code(name: str) -> str:
    return (
        f"if rows that share it belong together (one person, one clinic), groups={name!r}; else "
        "name it in leave_out, or in categories"
    )


def _is_day(number: float) -> bool:
    year, rest = divmod(int(number), 10_000)
    return 1900 <= year <= 2100 and 1 <= rest // 100 <= 12 and 1 <= rest % 100 <= 31


def placeholder(values: Floats) -> tuple[float, int] | None:
    """Return a value such as −999 that stands apart from all others, and how often it does."""
    times = Counter(values.tolist())
    for value in {min(times), max(times)} & _PLACEHOLDERS:
        others = [other for other in times if other != value]
        if len(others) > 1 and times[value] > 1:
            gap = min(abs(value - other) for other in others)
            if gap > max(others) - min(others) or (value < 0 <= min(others)):
                return value, times[value]
    return None


def written(texts: Sequence[str], mark: str) -> list[str]:
    """Return texts with each number written in one way: 1.0 is 1."""
    return [f"{float(t.replace(mark, '.')):.15g}" if is_number(t) else t for t in texts]
