"""Many small networks at once: one loop over stacked weights instead of a loop of loops."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from torch import nn

from labkit.devices import device_of
from labkit.inputs import positive, whole
from labkit.losses import Loss, named_loss
from labkit.monitor import Monitor
from labkit.optimizers import OptimizerFactory, Schedule
from labkit.pairs import as_pairs, as_validation
from labkit.result import TrainingDiverged
from labkit.tensors import Data, dtype_of, short
from labkit.together import Job, Setting, fit_together
from labkit.train import as_fit, fit_torch
from labkit.trained import TorchFit

_BYTES_AT_ONCE = 2**23  # what a step then reads and writes stays in a processor's cache


def fit_torch_many(
    models: Iterable[nn.Module],
    data: Iterable[tuple[Data, Data]],
    *,
    epochs: int = 200,
    lr: float | None = None,
    loss: str | Loss = "mse",
    optimizer: str | OptimizerFactory = "adam",
    weight_decay: float | None = None,
    schedule: Schedule | None = None,
    clip: float | None = None,
    validation: Iterable[tuple[Data, Data]] | None = None,
    patience: int | None = None,
) -> list[TorchFit]:
    """Train networks of one architecture, each on its own data, all in the same step.

    Each gets the result that `fit_torch` gives it alone over the full batch, to float tolerance.

    Parameters
    ----------
    models : iterable of torch.nn.Module
        Networks of one architecture, dtype and device, with starting values of their own. They
        are trained in place and left in eval mode.
    data : iterable of (X, y)
        A data set for each network, all of the same shapes, each as `fit_torch` takes it.
    epochs, lr, loss, optimizer, weight_decay, schedule, clip, patience
        As for `fit_torch`. The norm of each network's gradient is clipped by itself, and each
        stops early by itself.
    validation : iterable of (X, y), optional
        Data for each network, all of the same shapes, whose loss is recorded after each epoch.

    Returns
    -------
    list of Fit
        One for each network, in order. After Ctrl-C those that had not ended are "interrupted",
        those that had not begun with no epoch in their histories.

    Raises
    ------
    TrainingDiverged
        If the loss of a network stops being finite, or a weight after its last step is not; a
        note says which network's.
    TypeError, ValueError
        As `fit_torch`; if there are not as many data sets as networks; if shapes, architectures,
        dtypes or devices differ; or if two networks share what is trained.

    Notes
    -----
    The weights are stacked along a new first axis, and many small matrix products become one
    batched product. For a `torch.nn.Sequential` of linear layers and ReLU, tanh or sigmoid under a
    named loss the gradients are written out; other networks take `torch.func.vmap`. As many
    networks are stacked at a time as a processor's cache holds.

    Each network's first predictions are compared with what its own model predicts, and under
    `vmap` its first gradients with its own. Where they differ, and where networks have more than
    weights (buffers such as BatchNorm's, dropout, hooks, a parameter used twice, attributes in
    which they differ), where a loss or a network counts its calls, or an optimizer does not work
    entry by entry, they are trained one after another: as right, and as slow as a loop over
    `fit_torch`.
    """
    epochs = whole(epochs, "epochs")
    patience = None if patience is None else whole(patience, "patience")
    clip = None if clip is None else positive(clip, "clip")
    if patience is not None and validation is None:
        raise ValueError("patience needs validation=[(X, y), …]: there is nothing to stop by.")
    setting = Setting(epochs, lr, loss, optimizer, weight_decay, schedule, clip, patience)
    jobs = _jobs(
        _listed(models, "models", "networks"),
        _listed(data, "data", "pairs (X, y)"),
        None if validation is None else _listed(validation, "validation", "pairs (X, y)"),
        loss,
    )
    fits: list[TorchFit] = []
    try:
        for some in _groups(jobs):
            together = fit_together(some, setting)
            if together is None:
                _one_after_another(some, setting, fits)
            else:
                fits += together
            if any(fit.stopped == "interrupted" for fit in fits):
                break
    except KeyboardInterrupt:
        pass  # while a group, or a network, was prepared
    finally:
        for job in jobs:
            job.model.eval()
    return fits + [
        as_fit(job.model, Monitor(job.model, patience=None), "interrupted", job.data)
        for job in jobs[len(fits) :]
    ]


def _listed(values: Iterable[Any], name: str, what: str) -> list[Any]:
    """Return what an argument gives for each network; a list of networks is a module, too."""
    single = isinstance(values, nn.Module) and not isinstance(values, nn.ModuleList)
    if single or isinstance(values, str) or not isinstance(values, Iterable):
        came = f"one {type(values).__name__}" if single else repr(values)
        raise TypeError(f"{name} must be a list of {what}, one for each network, not {came}.")
    return list(values)


def _jobs(
    models: Sequence[nn.Module],
    data: Sequence[tuple[Data, Data]],
    validation: Sequence[tuple[Data, Data]] | None,
    loss: str | Loss,
) -> list[Job]:
    """Return what is to be done for each network, checked by itself and beside the others."""
    if len(models) != len(data) or not models:
        raise ValueError(f"models has {len(models)} networks and data {len(data)} data sets.")
    if validation is not None and len(validation) != len(models):
        raise ValueError(
            f"models has {len(models)} networks and validation {len(validation)} data sets."
        )
    named_loss(loss)
    for name, pairs in (("data", data), ("validation", validation or [])):
        for r, pair in enumerate(pairs):
            _require_pair(pair, name, r)
    held_out = [None] * len(models) if validation is None else validation
    jobs = [
        _job(r, *parts, loss) for r, parts in enumerate(zip(models, data, held_out, strict=True))
    ]
    if len({id(model) for model in models}) < len(models):
        raise ValueError("models holds the same network twice; copy.deepcopy makes another.")
    _require_alike(jobs)
    _require_apart(models)
    return _with_one_verdict(jobs)


def _require_pair(pair: object, name: str, r: int) -> None:
    of = ""
    if isinstance(pair, tuple | list):
        if len(pair) == 2:
            return
        of = f" of {len(pair)}"
    raise TypeError(
        f"{name} must hold a pair (X, y) for each network; that of network {r} is "
        f"{type(pair).__name__}{of}."
    )


def _job(
    r: int,
    model: nn.Module,
    given: tuple[Data, Data],
    held_out: tuple[Data, Data] | None,
    loss: str | Loss,
) -> Job:
    dtype_of(model)
    place = f"data set {r}: "
    checked = as_pairs(model, *given, loss, place)
    validated = held_out and as_validation(model, *held_out, loss, checked, place)
    return Job(r, model, given, held_out, checked, validated)


def _with_one_verdict(jobs: Sequence[Job]) -> list[Job]:
    """Let a loss be a sum for all networks where it shows itself as one for any.

    Where it is zero for a network's first rows, it doesn't tell.
    """
    pairs = [pair for job in jobs for pair in (job.data, job.held_out) if pair is not None]
    summed = any(pair.summed for pair in pairs)
    return [
        replace(
            job,
            data=job.data._replace(summed=summed),
            held_out=job.held_out and job.held_out._replace(summed=summed),
        )
        for job in jobs
    ]


def _require_alike(jobs: Sequence[Job]) -> None:
    """Raise ValueError where networks or their data can't be stacked."""
    first = jobs[0]
    architecture, kind_of_first = _architecture(first.model), _kind(first.model)
    for job in jobs:
        if _architecture(job.model) != architecture:
            raise ValueError(f"models must be of one architecture: {job.number} is not that of 0.")
        kind = _kind(job.model)
        if kind != kind_of_first:
            raise ValueError(
                f"models must have one dtype and one device: {job.number} is {kind}, and 0 is "
                f"{kind_of_first}. model.to(…) brings a network to another."
            )
        for ours, theirs in ((job.data, first.data), (job.held_out, first.held_out)):
            if ours is None or theirs is None:
                continue
            if (ours.X.shape, ours.y.shape) != (theirs.X.shape, theirs.y.shape):
                raise ValueError(
                    "data sets of different shapes can't be stacked; use fit_torch on each."
                )
            if (ours.dtype, ours.y.dtype) != (theirs.dtype, theirs.y.dtype):
                raise ValueError(
                    f"data sets of different dtypes can't be stacked: {job.number} is "
                    f"{short(ours.dtype)} with y {short(ours.y.dtype)}, and 0 is "
                    f"{short(theirs.dtype)} with y {short(theirs.y.dtype)}."
                )


def _require_apart(models: Sequence[nn.Module]) -> None:
    """Raise ValueError where the training of one network would change another."""
    owner: dict[int, int] = {}
    trained: dict[int, int] = {}
    for r, model in enumerate(models):
        for parameter in model.parameters():
            memory = parameter.untyped_storage().data_ptr()
            other = (owner if parameter.requires_grad else trained).get(memory, r)
            if other != r:
                raise ValueError(
                    f"networks {other} and {r} share a parameter that is trained; copy.deepcopy "
                    "makes a network of its own."
                )
            owner.setdefault(memory, r)
            if parameter.requires_grad:
                trained.setdefault(memory, r)


def _architecture(model: nn.Module) -> list[Any]:
    """Return the kinds of all parts of a network, and the shapes of its parameters."""
    modules = model.named_modules(remove_duplicate=False)  # one used twice has two places
    parts = [(name, type(part).__qualname__) for name, part in modules]
    return [*parts, *((name, p.shape) for name, p in model.named_parameters())]


def _kind(model: nn.Module) -> str:
    return f"{short(dtype_of(model))} on {device_of(model)}"


def _groups(jobs: Sequence[Job]) -> Iterator[Sequence[Job]]:
    """Yield as many networks at a time as a processor's cache holds, in groups of one size."""
    parts = math.ceil(len(jobs) * _bytes(jobs[0]) / _BYTES_AT_ONCE)
    at_once = math.ceil(len(jobs) / parts)
    for first in range(0, len(jobs), at_once):
        yield jobs[first : first + at_once]


def _bytes(job: Job) -> int:
    """Return about how many bytes of one network a step touches."""
    weights = list(job.model.parameters())
    widths = sum(len(weight) for weight in weights if weight.ndim > 1)
    pairs = [pair for pair in (job.data, job.held_out) if pair is not None]
    tables = sum(pair.X.numel() + 2 * len(pair.X) * widths for pair in pairs)
    states = 4 * sum(weight.numel() for weight in weights)  # weight, gradient, Adam's two means
    return weights[0].element_size() * (tables + states)


def _one_after_another(jobs: Sequence[Job], setting: Setting, fits: list[TorchFit]) -> None:
    """Train each network by itself, until one is interrupted, and append what it gets to `fits`.

    What has ended is thus kept, wherever an interruption strikes.
    """
    for job in jobs:
        try:
            fit = fit_torch(job.model, *job.given, validation=job.given_held_out, **vars(setting))
        except TrainingDiverged as error:
            error.add_note(job.note)
            raise
        fits.append(fit)
        if fit.stopped == "interrupted":
            break
