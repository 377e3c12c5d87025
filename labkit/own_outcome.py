"""The outcome of a table of one's own: its kind, and its values as numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from labkit.columns import doubt, is_number, parsed, plain, written
from labkit.csv_file import Sheet
from labkit.inputs import Floats, one_of

if TYPE_CHECKING:
    import pandas as pd

CONTINUOUS, BINARY, TIMES = KINDS = ("continuous", "binary", "time and event")
_TRUTHS = ({"0": 0, "1": 1}, {"false": 0, "true": 1}, {"f": 0, "t": 1}, {"no": 0, "yes": 1})
_FEW = 5  # different values of a number: are they amounts, or codes of classes?


def kind_of(sheet: Sheet, outcome: str, event: str | None, kind: str | None, mark: str) -> str:
    """Return the kind of an outcome, as it was said or as the column shows."""
    if kind is not None:
        one_of(kind, "kind", KINDS)
    if event is not None and kind not in (None, TIMES):
        raise ValueError(f"with event={event!r} the kind is {TIMES!r}, not {kind!r}.")
    if event is None and kind == TIMES:
        raise ValueError(f"kind={kind!r} needs event, the column that tells events.")
    if kind is not None or event is not None:
        return kind or TIMES
    return BINARY if len(set(written(sheet.columns[outcome], mark))) <= 2 else CONTINUOUS


def amounts(
    sheet: Sheet, name: str, mark: str, *, sure: bool, insisted: bool = False
) -> pd.Series[float]:
    """Return an outcome that is a number; with few values, only where somebody is `sure`."""
    import pandas as pd

    texts = sheet.columns[name]
    found = None if insisted else doubt(name, texts, sheet.lines, mark, feature=False)
    if found is None and not all(map(is_number, texts)):
        found = (
            f"{name!r} holds {len(set(texts))} different words, such as {texts[0]!r}; it must be a "
            "number, two classes, or a time with an event."
        )
    if found:
        raise ValueError(f"the outcome {found}")
    values = parsed(texts, mark)
    different = len(np.unique(values))
    if different == 1:
        raise ValueError(f"the outcome {name!r} is {texts[0]} in every row: it never varies.")
    if different <= _FEW and not sure:
        raise ValueError(
            f"the outcome {name!r} has {different} different values. If they are amounts, say "
            "kind='continuous'; else make a column with two classes of it."
        )
    return pd.Series(values, name=name)


def times(sheet: Sheet, name: str, mark: str, events: Floats, insisted: bool) -> pd.DataFrame:
    """Return the times with their events."""
    import pandas as pd

    values = amounts(sheet, name, mark, sure=True, insisted=insisted)
    if values.min() < 0:
        line = sheet.lines[int(values.argmin())]
        raise ValueError(f"the time {name!r} is {values.min():g} in line {line}: it began at 0.")
    return pd.DataFrame({"time": values, "event": events})


def events(sheet: Sheet, name: str, positive: str | None, mark: str) -> Floats:
    """Return 1 for each row with the event, 0 for the others."""
    found = written(sheet.columns[name], mark)
    values = sorted(set(found))
    if len(values) == 1:
        raise ValueError(f"{name!r} is {values[0]!r} in every row: there is one class only.")
    if len(values) > 2:
        shown = ", ".join(map(repr, values[:4]))
        raise ValueError(f"{name!r} has {len(values)} different values, not two: {shown}, …")
    asked = None if positive is None else written([plain(str(positive))], mark)[0]
    chosen = asked or _plain_event(values)
    if chosen not in values:
        wrong = "" if positive is None else f", not positive={positive!r}"
        raise ValueError(
            f"{name!r} is {values[0]!r} or {values[1]!r}. Say which of them is the event: "
            f"positive={values[0]!r} or positive={values[1]!r}{wrong}."
        )
    event = np.array([float(value == chosen) for value in found])
    sheet.notes.append(f"The event is {name!r} = {chosen}: {int(event.sum())} of {len(event)}.")
    return event


def _plain_event(values: Sequence[str]) -> str | None:
    """Return which of two values is the event where everybody would say the same."""
    lower = {value.casefold(): value for value in values}
    for truth in _TRUTHS:
        if set(truth) == set(lower):
            return max(lower.items(), key=lambda item: truth[item[0]])[1]
    return None
