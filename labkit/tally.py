"""What one epoch amounts to: the loss over its rows, and the metrics of its predictions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

import torch
from torch import Tensor

from labkit.inputs import one_number

Metric: TypeAlias = Callable[[Tensor, Tensor], float]


class Tally:
    """The loss of an epoch, added up batch by batch, with the metrics of all its predictions.

    Parameters
    ----------
    metrics : mapping of str to callable
        Functions of predictions and targets that return a number.
    summed : bool
        Whether the loss is a sum over the rows of a batch rather than their mean.
    weigh : callable, optional
        The weight of a batch in the mean over all, where that is not its number of rows.
    """

    def __init__(
        self,
        metrics: Mapping[str, Metric],
        *,
        summed: bool,
        weigh: Callable[[Tensor], float] | None = None,
    ) -> None:
        self.metrics, self.summed, self.weigh = metrics, summed, weigh
        self.total, self.rows = 0.0, 0.0
        self.seen: list[tuple[Tensor, Tensor]] = []

    def add(self, loss: Tensor, prediction: Tensor, y: Tensor) -> None:
        """Add a batch."""
        rows = y.shape[0] if self.weigh is None else self.weigh(y)
        self.total += loss.item() * (1 if self.summed else rows)
        self.rows += rows
        if self.metrics:
            self.seen.append((prediction.detach(), y))

    def values(self, prefix: str = "") -> dict[str, float]:
        """Return the mean loss over all rows and the metrics, under their names."""
        values = {f"{prefix}loss": self.total / self.rows}
        if self.metrics:
            prediction, y = (torch.cat(parts) for parts in zip(*self.seen, strict=True))
            for name, metric in self.metrics.items():
                values[f"{prefix}{name}"] = _number(name, metric(prediction, y))
        return values


def require_metrics(metrics: Mapping[str, Metric] | None) -> Mapping[str, Metric]:
    """Return the metrics by name, or say what they must be."""
    if metrics is None:
        return {}
    if not isinstance(metrics, Mapping):
        raise TypeError(f"metrics must map names to functions, not be {metrics!r}.")
    for name, metric in metrics.items():
        if not isinstance(name, str) or not callable(metric):
            raise TypeError(
                "metrics must map names to functions of predictions and targets, not "
                f"{name!r} to {metric!r}."
            )
        if name in {"loss", "lr", "epoch"} or name.startswith("val_"):
            raise ValueError(f"metrics can't hold the name {name!r}, which a history has already.")
    return dict(metrics)


def _number(name: str, value: object) -> float:
    number = None if isinstance(value, bool | str) else one_number(value)
    if number is None:
        raise TypeError(f"the metric {name!r} must return one real number, not {value!r:.60}.")
    return number
