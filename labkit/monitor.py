"""What a training run remembers: its losses, the best weights, and when to stop."""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from labkit.result import TrainingDiverged


class Monitor:
    """The records of a run, with early stopping.

    Parameters
    ----------
    model : torch.nn.Module
        The model in training.
    patience : int or None
        Epochs without improvement of the validation loss after which to stop.
    """

    def __init__(self, model: nn.Module, *, patience: int | None) -> None:
        self.model, self.patience = model, patience
        self.records: dict[str, list[float]] = {"loss": []}
        self.best_epoch: int | None = None
        self.best_weights: dict[str, Tensor] | None = None
        self.best_buffers: dict[str, Tensor] = {}
        self.norm: Tensor | None = None  # of the last gradient before it was clipped
        self.norms_were_finite = True

    @property
    def epochs_done(self) -> int:
        """How many epochs have been recorded."""
        return len(self.records["loss"])

    @property
    def out_of_patience(self) -> bool:
        """Whether the validation loss has stood still for `patience` epochs."""
        if self.patience is None or self.best_epoch is None:
            return False
        return self.epochs_done - self.best_epoch >= self.patience

    def record(self, values: Mapping[str, float]) -> None:
        """Keep one epoch's numbers, and the weights where they are the best so far."""
        best = min(self.records.get("val_loss", []), default=math.inf)
        for key, value in values.items():
            self.records.setdefault(key, []).append(value)
        if self.patience is not None and values["val_loss"] < best:
            weights = copy.deepcopy(self.model.state_dict())
            buffers = {name: buffer.clone() for name, buffer in self.model.named_buffers()}
            # Last, so that an interruption in between leaves the weights of the epoch it names.
            self.best_weights, self.best_buffers, self.best_epoch = (
                weights,
                buffers,
                self.epochs_done,
            )

    def note_norm(self, norm: Tensor) -> None:
        """Take in the norm of a gradient that was clipped: one that overflows makes it zero."""
        self.norm = norm
        self.norms_were_finite &= bool(norm.isfinite())

    def require_finite(self, X: Tensor, lr: float) -> None:
        """Raise TrainingDiverged if the last epoch's losses, or norms, are not all numbers."""
        losses = [self.records[key][-1] for key in ("loss", "val_loss") if key in self.records]
        if not (self.norms_were_finite and all(map(math.isfinite, losses))):
            raise self._diverged(X, lr)

    def require_finite_weights(self, X: Tensor, lr: float) -> None:
        """Raise TrainingDiverged if a parameter is not a number after the last step.

        The losses don't tell, since each was measured before its step.
        """
        if not all(bool(torch.isfinite(p).all()) for p in self.model.parameters()):
            raise self._diverged(X, lr)

    def _diverged(self, X: Tensor, lr: float) -> TrainingDiverged:
        norms = [p.grad.norm() for p in self.model.parameters() if p.grad is not None]
        norm = torch.stack(norms).norm() if norms else math.nan
        return TrainingDiverged(
            epoch=self.epochs_done,
            lr=lr,
            gradient_norm=float(norm if self.norm is None else self.norm),
            feature_scale=float(X.flatten(1).float().std(0, correction=0).max()),
            records=self.records,
        )

    def forget_half_an_epoch(self) -> None:
        """Drop what an interruption left recorded of an epoch that was not recorded whole."""
        whole = min(map(len, self.records.values()))
        for values in self.records.values():
            del values[whole:]

    def restore_best(self) -> None:
        """Put the best epoch's weights back, if early stopping kept any."""
        if self.best_weights is not None:
            self.model.load_state_dict(self.best_weights)
            now = dict(self.model.named_buffers())
            for name, kept in self.best_buffers.items():  # a state_dict may leave some out
                now[name].copy_(kept)

    def state(self) -> dict[str, Any]:
        """Return what a checkpoint must hold."""
        keys = ("records", "best_epoch", "best_weights", "best_buffers")
        return {key: getattr(self, key) for key in keys}

    def load_state(self, state: dict[str, Any]) -> None:
        """Take up what a checkpoint held."""
        for key, value in state.items():
            setattr(self, key, value)
