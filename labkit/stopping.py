"""Early stopping of many networks, each by its own validation loss."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from labkit.stack import Stack


class _State(NamedTuple):
    """What is known after an epoch: replaced as a whole, so that no interruption divides it."""

    epochs: int
    last: list[int | None]
    best_epoch: list[int | None]
    least: list[float]
    best_weights: Tensor
    last_gradient: Tensor


class Stopping:
    """When each network of a stack stops, and the weights that it is then to have.

    A network that has stopped is carried along by the steps of the others, which are one call for
    all; what it had when it stopped is kept and put back at the end.

    Parameters
    ----------
    stack : Stack
        The networks.
    patience : int or None
        Epochs without improvement of the validation loss after which a network stops; with None
        none does.
    """

    def __init__(self, stack: Stack, patience: int | None) -> None:
        self.stack, self.patience = stack, patience
        count = len(stack.models)
        nothing: list[int | None] = [None] * count
        self._state = _State(
            0, nothing, nothing, [math.inf] * count, stack.flat.detach(), stack.gradient
        )

    @property
    def epochs(self) -> int:
        """How many epochs have been recorded."""
        return self._state.epochs

    @property
    def last(self) -> list[int | None]:
        """The epoch, from 1, at which each stopped."""
        return self._state.last

    @property
    def best_epoch(self) -> list[int | None]:
        """The epoch of each's least validation loss."""
        return self._state.best_epoch

    @property
    def all_have_stopped(self) -> bool:
        """Whether there is nothing left to train."""
        return None not in self.last

    def record(self, epoch: int, val_losses: Sequence[float]) -> None:
        """Take in the validation losses of an epoch."""
        if self.patience is None:
            self._state = self._state._replace(epochs=epoch)
            return
        _, last, best_epoch, least, best_weights, last_gradient = self._state
        last, best_epoch, least = last.copy(), best_epoch.copy(), least.copy()
        better, stopped = [], []
        for r, loss in enumerate(val_losses):
            if last[r] is not None:
                continue
            if loss < least[r]:
                least[r], best_epoch[r] = loss, epoch
                better.append(r)
            elif epoch - (best_epoch[r] or epoch) >= self.patience:
                last[r] = epoch
                stopped.append(r)
        self._state = _State(
            epoch, last, best_epoch, least,
            _with_rows(best_weights, better, self.stack.flat),
            _with_rows(last_gradient, stopped, self.stack.gradient),
        )  # fmt: skip

    def restore(self) -> None:
        """Put back the best weights of each, and the last gradient of those that stopped."""
        with torch.no_grad():
            for r, (best, last) in enumerate(zip(self.best_epoch, self.last, strict=True)):
                if best is not None:
                    self.stack.flat[r] = self._state.best_weights[r]
                if last is not None:
                    self.stack.gradient[r] = self._state.last_gradient[r]


def _with_rows(kept: Tensor, rows: list[int], source: Tensor) -> Tensor:
    """Return what was kept with some rows of the source: a copy, the old one stays as it is."""
    if not rows:
        return kept
    copied = kept.clone()
    copied[rows] = source.detach()[rows]
    return copied
