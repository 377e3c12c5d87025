"""The optimizers by name, and their learning rate over the steps."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from contextlib import suppress
from functools import partial
from typing import TypeAlias

import torch
from torch import Tensor

from labkit.inputs import one_number, one_of, positive

OptimizerFactory: TypeAlias = Callable[..., torch.optim.Optimizer]
Schedule: TypeAlias = Callable[[int], float]

OPTIMIZERS: dict[str, OptimizerFactory] = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
}
# The same update in one pass over the weights: to rounding, and in two thirds of the time.
_FUSED = {"adam", "adamw"}
_LR = 0.01


def named_optimizer(
    optimizer: str | OptimizerFactory,
    params: Iterable[Tensor],
    lr: float | None,
    weight_decay: float | None,
) -> torch.optim.Optimizer:
    """Return the optimizer of a name or factory, for these parameters.

    Parameters
    ----------
    optimizer : str or callable
        A name, or what is called with the parameters.
    params : iterable of Tensor
        What it is to optimize.
    lr, weight_decay : float or None
        Passed on. None leaves `lr` to a `functools.partial` that fixes it, else to 0.01, and
        `weight_decay` to the optimizer's own default; 0 is 0.

    Raises
    ------
    TypeError, ValueError
        If `optimizer` is neither, if an option stands in a partial as well, or if the optimizer
        needs what the loop does not give it.
    """
    params, factory = list(params), _factory(optimizer)
    fixed = dict(optimizer.keywords) if isinstance(optimizer, partial) else {}
    for name, value in (("lr", lr), ("weight_decay", weight_decay)):
        if value is not None and name in fixed:
            raise ValueError(
                f"{name}={value!r} was given, and optimizer fixes {name}={fixed[name]!r} itself: "
                "leave one of the two out."
            )
    options: dict[str, float] = {}
    if "lr" not in fixed:
        options["lr"] = positive(_LR if lr is None else lr, "lr")
    if weight_decay is not None:
        options["weight_decay"] = positive(weight_decay, "weight_decay", or_zero=True)
    if isinstance(optimizer, str) and optimizer in _FUSED:
        with suppress(RuntimeError):  # a device for which torch has no fused step
            return factory(params, **options, fused=True)
    try:
        made = _require_one_step(factory(params, **options))
    except TypeError as error:
        raise TypeError(
            f"optimizer can't be called with the parameters and {', '.join(options)}: {error}"
        ) from error
    held = {id(p) for group in made.param_groups for p in group["params"]}
    if held.isdisjoint(map(id, params)):
        raise ValueError(
            "optimizer holds none of the parameters that it was called with, so that nothing would "
            "be trained: give them on."
        )
    return made


def _factory(optimizer: str | OptimizerFactory) -> OptimizerFactory:
    if isinstance(optimizer, str):
        return OPTIMIZERS[one_of(optimizer, "optimizer", list(OPTIMIZERS))]
    if isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(
            "optimizer must be a name or a class, such as torch.optim.SGD, not an object."
        )
    if not callable(optimizer):
        known = ", ".join(OPTIMIZERS)
        raise TypeError(f"optimizer must be a function or one of {known}, not {optimizer!r}.")
    return optimizer


def _require_one_step(made: torch.optim.Optimizer) -> torch.optim.Optimizer:
    if not isinstance(made, torch.optim.Optimizer):
        raise TypeError(f"it returned {made!r}, which is no torch.optim.Optimizer.")
    if isinstance(made, torch.optim.LBFGS):
        raise ValueError("LBFGS evaluates the loss many times a step, which this loop does not do.")
    if isinstance(made, torch.optim.SparseAdam):
        raise ValueError("SparseAdam takes sparse gradients alone, which a loss here doesn't give.")
    return made


class LearningRate:
    """The learning rate of each step: what the optimizer was made with, times a schedule.

    A schedule is a function of the step alone, so a resumed run needs nothing to be kept for it.

    Parameters
    ----------
    optimizer : torch.optim.Optimizer
        With the learning rates that the schedule multiplies.
    schedule : callable or None
        Takes the step, from 0, and returns the factor, as for `torch.optim.lr_scheduler.LambdaLR`.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, schedule: Schedule | None) -> None:
        if schedule is not None and not callable(schedule):
            raise TypeError(
                f"schedule must be a function of the step that returns a factor for lr, not "
                f"{schedule!r}."
            )
        self.optimizer, self.schedule = optimizer, schedule
        self.first = [group["lr"] for group in optimizer.param_groups]

    @property
    def now(self) -> float:
        """The learning rate of the last step, of the first group of parameters."""
        return float(self.optimizer.param_groups[0]["lr"])

    @property
    def record(self) -> dict[str, float]:
        """What a history is to hold of it: nothing where it does not change."""
        return {} if self.schedule is None else {"lr": self.now}

    def set(self, step: int) -> None:
        """Set the learning rates of a step, counted from 0."""
        if self.schedule is None:
            return
        given = self.schedule(step)
        factor = one_number(given)
        if factor is None or not (math.isfinite(factor) and factor >= 0):
            raise ValueError(
                f"schedule({step}) is {given!r:.60}: it must return the factor by which lr is "
                "multiplied, zero or a positive number."
            )
        for group, lr in zip(self.optimizer.param_groups, self.first, strict=True):
            group["lr"] = lr * factor
