"""The loop over stacked networks."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from labkit.alike import Pass, pass_over_all, works_entry_by_entry
from labkit.chain import Chain
from labkit.losses import Loss, named_loss
from labkit.modes import eval_mode, set_train_mode
from labkit.monitor import Monitor
from labkit.optimizers import LearningRate, OptimizerFactory, Schedule, named_optimizer
from labkit.pairs import Pairs
from labkit.result import Stopped, TrainingDiverged
from labkit.stack import Stack
from labkit.stopping import Stopping
from labkit.tensors import Data
from labkit.train import as_fit
from labkit.trained import TorchFit


@dataclass(frozen=True)
class Setting:
    """What the networks have in common, named as in `fit_torch`."""

    epochs: int
    lr: float | None
    loss: str | Loss
    optimizer: str | OptimizerFactory
    weight_decay: float | None
    schedule: Schedule | None
    clip: float | None
    patience: int | None

    def make_optimizer(self, parameters: list[Tensor]) -> torch.optim.Optimizer:
        """Return the optimizer for these parameters."""
        return named_optimizer(self.optimizer, parameters, self.lr, self.weight_decay)


@dataclass(frozen=True)
class Job:
    """A network with its data: as they were given, and as tensors."""

    number: int
    model: nn.Module
    given: tuple[Data, Data]
    given_held_out: tuple[Data, Data] | None
    data: Pairs
    held_out: Pairs | None

    @property
    def note(self) -> str:
        """What an error is to say beside its message."""
        return f"This happened to network {self.number}, counted from 0."


def fit_together(jobs: Sequence[Job], setting: Setting) -> list[TorchFit] | None:
    """Train networks in one, or return None, with nothing changed, where that isn't right."""
    models = [job.model for job in jobs]
    for model in models:
        set_train_mode(model)
    named = isinstance(setting.optimizer, str)
    if not named and not works_entry_by_entry(setting.make_optimizer, models[0]):
        return None
    pairs = [(job.data.X.to(job.data.dtype), job.data.y) for job in jobs]
    held_out = [(v.X.to(v.dtype), v.y) for job in jobs if (v := job.held_out)]
    found = pass_over_all(models, pairs, held_out or None, named_loss(setting.loss))
    return found and _train(jobs, setting, *found)


def _train(
    jobs: Sequence[Job], setting: Setting, stack: Stack, trained: Pass, validated: Pass | None
) -> list[TorchFit]:
    """Take all networks through the same steps, and return of each what `fit_torch` would."""
    optimizer = setting.make_optimizer([stack.flat])
    rate = LearningRate(optimizer, setting.schedule)
    stopping = Stopping(stack, setting.patience)
    history: list[dict[str, list[float]]] = []
    interrupted = False
    # Gradients by hand and torch's own optimizers need nothing of autograd, not even its shadow.
    by_hand = isinstance(trained, Chain) and isinstance(setting.optimizer, str)
    try:
        with torch.inference_mode(by_hand):
            for step in range(setting.epochs):
                rate.set(step)
                losses = trained.losses()
                trained.backward()
                if setting.clip is not None:
                    stack.clip(setting.clip)
                optimizer.step()
                values = {"loss": _means(losses, jobs[0].data)}
                if validated is not None and jobs[0].held_out is not None:
                    with eval_mode(jobs[0].model), torch.no_grad():
                        values["val_loss"] = _means(validated.losses(), jobs[0].held_out)
                history.append(
                    values | {key: [value] * len(jobs) for key, value in rate.record.items()}
                )
                stopping.record(step + 1, values.get("val_loss", []))
                if stopping.all_have_stopped or _diverge(values, stack, stopping):
                    break
    except KeyboardInterrupt:
        interrupted = True
        del history[stopping.epochs :]  # an epoch that was not recorded whole
    finally:
        stopping.restore()
        stack.write_back()

    monitors = [_monitor(job, setting, r, history, stopping) for r, job in enumerate(jobs)]
    if stack.norms is not None:
        for r, (monitor, last) in enumerate(zip(monitors, stopping.last, strict=True)):
            if last is None:
                monitor.note_norm(stack.norms[r])
    if history and (_diverge(history[-1], stack, stopping) or not stack.flat.isfinite().all()):
        _raise(jobs, monitors, rate.now)
    rest: Stopped = "interrupted" if interrupted else "budget"
    return [
        as_fit(job.model, monitor, "early stopping" if monitor.out_of_patience else rest, job.data)
        for job, monitor in zip(jobs, monitors, strict=True)
    ]


def _raise(jobs: Sequence[Job], monitors: Sequence[Monitor], lr: float) -> None:
    """Raise the TrainingDiverged of the network whose loss, or else whose weights, did so."""
    for require in (Monitor.require_finite, Monitor.require_finite_weights):
        for job, monitor in zip(jobs, monitors, strict=True):
            try:
                require(monitor, job.data.X, lr)
            except TrainingDiverged as error:
                error.add_note(job.note)
                raise


def _means(losses: Tensor, data: Pairs) -> list[float]:
    """Return losses as the means over the rows that they are recorded as."""
    return (losses / len(data.X) if data.summed else losses).tolist()


def _diverge(values: Mapping[str, list[float]], stack: Stack, stopping: Stopping) -> bool:
    """Tell whether a loss, or a clipped norm, of a network that has not stopped is no number."""
    numbers = [*values.values(), *([] if stack.norms is None else [stack.norms.tolist()])]
    if all(math.isfinite(sum(of_all)) for of_all in numbers):  # the quick answer
        return False
    going_on = [r for r, last in enumerate(stopping.last) if last is None]
    return not all(math.isfinite(of_all[r]) for of_all in numbers for r in going_on)


def _monitor(
    job: Job,
    setting: Setting,
    r: int,
    history: Sequence[Mapping[str, list[float]]],
    stopping: Stopping,
) -> Monitor:
    """Return what one network's own monitor would hold."""
    monitor = Monitor(job.model, patience=setting.patience)
    monitor.best_epoch = stopping.best_epoch[r]
    rows = history[: stopping.last[r]]
    for key in rows[0] if rows else ():
        monitor.records[key] = [row[key][r] for row in rows]
    return monitor
