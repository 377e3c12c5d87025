"""What the figures are given: drawn as it is, or refused before the axes are touched."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from labkit.inputs import Floats, as_vector

if TYPE_CHECKING:
    import pandas as pd


def axes_or_current(ax: Axes | None) -> Axes:
    """Return the axes to draw on: the current ones where none are given."""
    if ax is None:
        return plt.gca()
    if not isinstance(ax, Axes):
        raise TypeError(
            f"ax must be one Axes, not of type {type(ax).__name__}: of several that "
            "plt.subplots returns choose one, as axes[0]."
        )
    return ax


def named(given: Any, argument: str) -> dict[str, Any]:
    """Return a mapping from names that can be drawn, or say what is wrong with it."""
    if not isinstance(given, Mapping):
        raise TypeError(
            f"{argument} must be a mapping from names, such as {{'network': …}}, not of type "
            f"{type(given).__name__}."
        )
    return {
        visible(text(name, f"each name in {argument}"), argument): given[name] for name in given
    }


def visible(words: str, argument: str) -> str:
    """Return what is to label something, or say that nobody would see it."""
    if not words.strip():
        raise ValueError(f"{argument} has an empty name, which labels nothing: give it a word.")
    return words


def labels_of(names: Sequence[Any], argument: str) -> list[str]:
    """Return names with spaces for "_"; where that makes two alike, both as they were given."""
    given = [visible(str(name), argument) for name in names]
    words = [visible(name.replace("_", " "), argument) for name in given]
    return [
        name if words.count(label) > 1 else label for name, label in zip(given, words, strict=True)
    ]


def estimators_of(summary: pd.DataFrame) -> list[str]:
    """Return the estimators' names: the level or column of that name, else the first level."""
    import pandas as pd

    index: pd.Index[Any] = summary.index
    if "estimator" in index.names:
        names: Any = index.get_level_values("estimator")
    elif "estimator" in summary:
        names = summary["estimator"]
    elif index.names == [None] and index.equals(pd.RangeIndex(len(index))):
        raise ValueError(
            "summary names no estimator: its index is 0, 1, 2, …, and it has no column "
            "'estimator'. Use what study.summary() returns, or set_index."
        )
    else:
        names = index.get_level_values(0)
    return [visible(str(name), "summary") for name in names]


def text(value: Any, name: str) -> str:
    """Return a text, or say that the argument `name` must be one."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be text, not {value!r} of type {type(value).__name__}.")
    return value


def losses_of(fit: Any, name: str, log: bool) -> pd.DataFrame:
    """Return what is drawn of a fit's history, with gaps where a loss is not finite."""
    history: Any = getattr(fit, "history", None)
    if not hasattr(history, "columns"):
        raise TypeError(f"fits[{name!r}] must be a Fit, not of type {type(fit).__name__}.")
    losses: pd.DataFrame = history[[column for column in ("loss", "val_loss") if column in history]]
    losses = losses.where(np.isfinite(losses))
    if "loss" not in losses or not losses["loss"].count():
        raise ValueError(
            f"fits[{name!r}] has no finite loss in its history of {len(history)} epochs: there is "
            "nothing to draw. Train it, or leave it out."
        )
    if log:
        _require_positive(float(losses.min().min()), f"fits[{name!r}]")
    return losses


def level_of(height: Any, name: str, log: bool) -> float:
    """Return the height of a line to compare with, or say what is wrong with it."""
    if isinstance(height, bool | np.bool_) or not isinstance(height, Real):
        kind = type(height).__name__
        raise TypeError(f"levels[{name!r}] must be a number, not {height!r} of type {kind}.")
    if not math.isfinite(height):
        raise ValueError(f"levels[{name!r}] must be finite, not {height}.")
    if log:
        _require_positive(float(height), f"levels[{name!r}]")
    return float(height)


def _require_positive(lowest: float, what: str) -> None:
    if lowest <= 0:
        raise ValueError(f"log=True needs losses above 0, and {what} is {lowest:g}: use log=False.")


def require_frame(frame: Any, argument: str, source: str, columns: Sequence[str]) -> None:
    """Raise an error unless this is a DataFrame with rows and these columns, each once."""
    import pandas as pd

    if not isinstance(frame, pd.DataFrame):
        raise TypeError(
            f"{argument} must be a DataFrame, as {source} returns it, not of type "
            f"{type(frame).__name__}."
        )
    if missing := [column for column in columns if column not in frame]:
        raise ValueError(
            f"{argument} has no column {', '.join(map(repr, missing))}; use what {source} returns."
        )
    if not frame.columns.is_unique:
        twice = ", ".join(repr(column) for column in frame.columns[frame.columns.duplicated()])
        raise ValueError(f"{argument} has more than one column {twice}: rename or drop one.")
    if frame.empty:
        raise ValueError(f"{argument} is empty: it has no row to draw.")


def require_one_metric(summary: pd.DataFrame) -> None:
    """Raise ValueError if numbers of different kinds would stand on one axis."""
    if "metric" in summary.index.names:
        metrics, choice = list(summary.index.unique("metric")), "summary.xs({!r}, level='metric')"
    elif "metric" in summary:
        metrics, choice = list(summary["metric"].unique()), "summary[summary['metric'] == {!r}]"
    else:
        return
    if len(metrics) > 1:
        raise ValueError(
            f"summary has the metrics {', '.join(map(str, metrics))}, and one axis shows one: "
            f"choose it, as {choice.format(metrics[0])}."
        )


def numbers_of(frame: pd.DataFrame, argument: str, column: Any) -> Floats:
    """Return a column as finite numbers; the error names it."""
    return as_vector(frame[column], len(frame), f"{argument}[{column!r}]")


def standard_errors_of(frame: pd.DataFrame, argument: str, column: str) -> Floats:
    """Return a column as numbers of which none is below 0; the error names it."""
    errors = numbers_of(frame, argument, column)
    if errors.min() < 0:
        raise ValueError(f"{argument}[{column!r}] has {errors.min():g}: no error is below 0.")
    return errors
