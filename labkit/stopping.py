"""Early stopping of many networks, each by its own validation loss."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from labkit.stack import Stack


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

    Attributes
    ----------
    last : list of int or None
        The epoch, from 1, at which each stopped.
    best_epoch : list of int or None
        That of its least validation loss.
    """

    def __init__(self, stack: Stack, patience: int | None) -> None:
        self.stack, self.patience = stack, patience
        count = len(stack.models)
        self.last: list[int | None] = [None] * count
        self.best_epoch: list[int | None] = [None] * count
        self.least = [math.inf] * count
        if patience is not None:
            self.best_weights = stack.flat.detach().clone()
            self.last_gradient = stack.gradient.clone()

    @property
    def all_have_stopped(self) -> bool:
        """Whether there is nothing left to train."""
        return None not in self.last

    def record(self, epoch: int, val_losses: Sequence[float]) -> None:
        """Take in the validation losses of an epoch."""
        if self.patience is None:
            return
        better, stopped = [], []
        for r, loss in enumerate(val_losses):
            if self.last[r] is not None:
                continue
            if loss < self.least[r]:
                self.least[r], self.best_epoch[r] = loss, epoch
                better.append(r)
            elif epoch - (self.best_epoch[r] or epoch) >= self.patience:
                self.last[r] = epoch
                stopped.append(r)
        with torch.no_grad():
            self.best_weights[better] = self.stack.flat[better]
            self.last_gradient[stopped] = self.stack.gradient[stopped]

    def restore(self) -> None:
        """Put back the best weights of each, and the last gradient of those that stopped."""
        if self.patience is None:
            return
        with torch.no_grad():
            for r, (best, last) in enumerate(zip(self.best_epoch, self.last, strict=True)):
                if best is not None:
                    self.stack.flat[r] = self.best_weights[r]
                if last is not None:
                    self.stack.gradient[r] = self.last_gradient[r]
