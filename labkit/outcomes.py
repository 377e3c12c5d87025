"""What the estimators of a study return: real numbers under the names of metrics, held to that."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import Decimal
from numbers import Real
from typing import Any, TypeAlias

from labkit.inputs import as_float, one_number

Outcome: TypeAlias = float | Mapping[str, float]
Row: TypeAlias = dict[str, float]


def as_row(outcome: Any, name: str, replicate: int) -> Row:
    """Return what an estimator gave as floats under the names of metrics."""
    given = outcome if isinstance(outcome, Mapping) else {"value": outcome}
    if not given:
        raise ValueError(f"{name!r} gave a mapping without metrics in replicate {replicate}.")
    row = {}
    for metric, value in given.items():
        if not isinstance(metric, str):
            raise TypeError(
                f"{name!r} gave a metric called {metric!r} in replicate {replicate}; the names of "
                "metrics must be strings."
            )
        number = _real(value)
        if number is None:
            raise TypeError(
                f"{name!r} gave {metric} = {value!r} in replicate {replicate}; "
                "an estimator must return a number, or a mapping of names to numbers."
            )
        if not math.isfinite(number):
            raise ValueError(f"{name!r} gave {metric} = {number} in replicate {replicate}.")
        row[metric] = number
    return row


def _real(value: Any) -> float | None:
    """Return one real number of any kind as a float, and None for all else.

    `float` alone would cut imaginary parts off, count dates, and warn of a tensor with a graph.
    """
    if isinstance(value, Decimal):
        return math.nan if value.is_nan() else float(value)  # a signalling NaN raises
    if getattr(value, "ndim", None) == 0:
        return one_number(value)
    return as_float(value) if isinstance(value, Real) else None


def by_metric(by_name: Mapping[str, Sequence[Row]]) -> dict[tuple[str, str], list[float]]:
    """Return the results of each replicate, in order, under (estimator, metric)."""
    values: dict[tuple[str, str], list[float]] = {}
    for name, rows in by_name.items():
        for replicate, row in enumerate(rows):
            if row.keys() != rows[0].keys():
                raise ValueError(
                    f"{name!r} gave {sorted(row)} in replicate {replicate}, and {sorted(rows[0])} "
                    "in replicate 0; an estimator must give the same metrics every time."
                )
            for metric, number in row.items():
                values.setdefault((name, metric), []).append(number)
    return values
