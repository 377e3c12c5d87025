"""The torch loop."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from pathlib import Path

import torch
from torch import nn

from labkit.batches import Batches
from labkit.checkpoint import Checkpoint, Setting
from labkit.describe import describe
from labkit.devices import device_of, move, random_state
from labkit.digest import digest
from labkit.inputs import positive, whole
from labkit.losses import Loss, named_loss
from labkit.modes import ends_in_eval_mode, set_train_mode
from labkit.monitor import Monitor
from labkit.optimizers import LearningRate, OptimizerFactory, Schedule, named_optimizer
from labkit.pairs import Pairs, as_pairs, as_validation
from labkit.result import Stopped
from labkit.tally import Metric, Tally, require_metrics
from labkit.tensors import Data, ask_in_train_mode, dtype_of, predictions_of
from labkit.trained import TorchFit


def fit_torch(
    model: nn.Module, X: Data, y: Data, *, epochs: int = 200, lr: float | None = None,
    loss: str | Loss = "mse", optimizer: str | OptimizerFactory = "adam",
    batch_size: int | None = None, weight_decay: float | None = None,
    schedule: Schedule | None = None, clip: float | None = None,
    metrics: Mapping[str, Metric] | None = None, validation: tuple[Data, Data] | None = None,
    patience: int | None = None, seed: int | None = None,
    device: str | torch.device | None = None, progress: bool = False,
    checkpoint: str | Path | None = None, checkpoint_every: int = 10, resume: bool = False,
) -> TorchFit:  # fmt: skip
    """Train a torch model, in place, and return it with its history.

    Parameters
    ----------
    model : torch.nn.Module
        Any module that takes a batch of features. It is trained in place and left in eval mode.
    X : Tensor or array_like, shape (n, ...)
        The features. A tensor must have the model's dtype; anything else is converted to it.
    y : Tensor or array_like
        The targets: of the shape of the predictions, (n, 1) for a model with one output; for
        "cross_entropy", class indices from 0 of shape (n,); for a loss of your own, what it takes.
    epochs : int
        How often to go through the data, in all: a resumed run counts those it did before.
    lr : float, optional
        The learning rate; None takes 0.01, or what a `functools.partial` given as `optimizer` says.
    loss : str or callable
        "mse", "l1", "huber", "cross_entropy", "bce_with_logits", or a function or module that
        takes predictions and targets and returns the mean over the rows of a batch, or their sum.
        It is asked for a few rows beforehand, and otherwise left alone.
    optimizer : str or callable
        "sgd", "adam", "adamw", "rmsprop", or what is called with the parameters and `lr` (and
        `weight_decay`, where given) and returns a `torch.optim.Optimizer`: a class, or a
        `functools.partial` of one. By name, Adam and AdamW take torch's fused step: the same
        update in one pass, equal to rounding.
    batch_size : int, optional
        Rows a step, shuffled anew each epoch, the last step taking what is left; None takes all.
    weight_decay : float, optional
        Passed to the optimizer, which adds weight_decay × θ to the gradient of each parameter θ;
        "adamw" shrinks θ by the factor 1 − lr × weight_decay instead. None leaves the optimizer
        its default, 0, but for AdamW's 0.01.
    schedule : callable, optional
        A function of the step, counted from 0, that returns the factor by which `lr` is
        multiplied in it. `lr` is then recorded, as it was in an epoch's last step.
    clip : float, optional
        The largest Euclidean norm of the gradient of all parameters together; a larger one is
        scaled down to it.
    metrics : mapping of str to callable, optional
        Functions of predictions and targets that return a number, recorded beside the loss under
        their names, and as `val_…` for the validation data.
    validation : (X, y), optional
        Data whose loss is recorded after each epoch, in eval mode; in a DataFrame, with the
        columns of `X`.
    patience : int, optional
        Stop once the validation loss has not improved for so many epochs. The weights of the
        best epoch are restored, also where the budget ends first.
    seed : int, optional
        Fixes the shuffling and the dropout, and leaves torch's random states as they were.
        None draws from that state, so that `torch.manual_seed` governs.
    device : str or torch.device, optional
        Where to train; "auto" takes an accelerator where there is one. None: where the model is.
    progress : bool
        Show a progress bar.
    checkpoint : path, optional
        File that keeps the state of the training, written every `checkpoint_every` epochs and
        at the end.
    checkpoint_every : int
        Epochs between two checkpoints.
    resume : bool
        Go on from `checkpoint` if it exists. The result equals that of an uninterrupted run
        bit for bit; with other data or another setting it is refused.

    Returns
    -------
    Fit
        `history` has, for each epoch, `loss`, the mean over rows of the losses before each
        update, and `val_loss` where validation data were given. Ctrl-C, in a notebook the stop
        button, ends the training and returns the fit so far, with `stopped` "interrupted".

    Raises
    ------
    TrainingDiverged
        If a loss stops being finite, or a weight after the last step is not.
    TypeError, ValueError
        If an argument is out of its range; if dtypes differ; if the model or the loss can't take
        the data; if predictions and targets have different shapes, which torch would broadcast
        against each other; if `checkpoint` is damaged or of another model, data or setting.
    OSError
        If `checkpoint` can't be written, or exists and `resume` is not set.

    Examples
    --------
    >>> import torch
    >>> from labkit import fit_torch, make_linear
    >>> data = make_linear(100, 3, rng=1)
    >>> _ = torch.manual_seed(1)
    >>> model = torch.nn.Linear(3, 1)
    >>> fit = fit_torch(model, data.X, data.y.reshape(-1, 1), epochs=100, lr=0.1)
    >>> bool(fit.history.loss.iloc[-1] < 0.3)
    True
    """
    epochs, seed, patience, clip, checkpoint_every = _in_range(
        epochs, seed, patience, clip, checkpoint_every, validation, checkpoint, resume
    )
    data, held_out = _pairs(model, X, y, loss, validation, device)
    batches = Batches(data.X, data.y, batch_size, data.dtype)
    _require_more_than_one_row(model, batches)
    opt = named_optimizer(optimizer, model.parameters(), lr, weight_decay)
    rate, measures = LearningRate(opt, schedule), require_metrics(metrics)
    criterion, monitor = named_loss(loss), Monitor(model, patience=patience)
    saved, weights, interrupted = None, list(model.parameters()), False

    with random_state(seed, device_of(model)), ends_in_eval_mode(model):
        set_train_mode(model)
        if checkpoint is not None:
            setting = {
                "batch_size": batches.batch_size, "patience": patience, "seed": seed, "clip": clip,
                **_described(model, loss, schedule, measures), **_digested(data, held_out),
            }  # fmt: skip
            saved = Checkpoint(checkpoint, model, opt, monitor, setting)
            _go_on(saved, resume, epochs)
        try:
            for epoch in _remaining(monitor, epochs, progress):
                tally = Tally(measures, summed=data.summed, weigh=data.weigh)
                for step, (X_batch, y_batch) in enumerate(batches, (epoch - 1) * len(batches)):
                    rate.set(step)
                    for weight in weights:
                        weight.grad = None  # opt.zero_grad(), without its bookkeeping
                    prediction = model(X_batch)
                    batch_loss = criterion(prediction, y_batch)
                    batch_loss.backward()
                    if clip is not None:
                        monitor.note_norm(nn.utils.clip_grad_norm_(weights, clip))
                    opt.step()
                    tally.add(batch_loss, prediction, y_batch)
                held_out_values = held_out and evaluate(model, held_out, criterion, measures)
                monitor.record({**tally.values(), **(held_out_values or {}), **rate.record})
                monitor.require_finite(data.X, rate.now)
                if saved is not None:
                    saved.keep(write=epoch % checkpoint_every == 0)
                if monitor.out_of_patience:
                    break
        except KeyboardInterrupt:
            interrupted = True
            monitor.forget_half_an_epoch()
        if saved is not None:
            saved.save()
    monitor.restore_best()
    monitor.require_finite_weights(data.X, rate.now)
    stopped: Stopped = "early stopping" if monitor.out_of_patience else "budget"
    return as_fit(model, monitor, "interrupted" if interrupted else stopped, data)


def _in_range(
    epochs: int, seed: int | None, patience: int | None, clip: float | None, checkpoint_every: int,
    validation: tuple[Data, Data] | None, checkpoint: str | Path | None, resume: bool,
) -> tuple[int, int | None, int | None, float | None, int]:  # fmt: skip
    """Return the numbers, once each is in its range and nothing is missing that it needs."""
    epochs = whole(epochs, "epochs")
    seed = None if seed is None else whole(seed, "seed", at_least=0, at_most=2**63 - 1)
    patience = None if patience is None else whole(patience, "patience")
    clip = None if clip is None else positive(clip, "clip")
    checkpoint_every = whole(checkpoint_every, "checkpoint_every")
    is_pair = isinstance(validation, tuple | list) and len(validation) == 2
    if validation is not None and not is_pair:
        raise TypeError(f"validation must be a pair (X, y), not {type(validation).__name__}.")
    if patience is not None and validation is None:
        raise ValueError("patience needs validation=(X, y): there is nothing to stop early by.")
    if resume and checkpoint is None:
        raise ValueError("resume=True needs checkpoint=PATH: there is nothing to resume from.")
    return epochs, seed, patience, clip, checkpoint_every


def _pairs(
    model: nn.Module, X: Data, y: Data, loss: str | Loss, validation: tuple[Data, Data] | None,
    device: str | torch.device | None,
) -> tuple[Pairs, Pairs | None]:  # fmt: skip
    """Return training and validation data as tensors, where the model is to be trained."""
    dtype_of(model)  # refuses what is no model, or has nothing to train
    move(model, device)
    named_loss(loss)
    data = as_pairs(model, X, y, loss)
    ask_in_train_mode(model, data.X, data.dtype, data.outputs)
    return data, validation and as_validation(model, *validation, loss, data)


def evaluate(
    model: nn.Module, held_out: Pairs, criterion: Loss, metrics: Mapping[str, Metric]
) -> dict[str, float]:
    """Return the loss and the metrics on held-out data, in eval mode and without a graph."""
    prediction = predictions_of(model, held_out.X, held_out.dtype)
    tally = Tally(metrics, summed=held_out.summed, weigh=held_out.weigh)
    with torch.no_grad():
        tally.add(criterion(prediction, held_out.y), prediction, held_out.y)
    return tally.values("val_")


def as_fit(model: nn.Module, monitor: Monitor, stopped: Stopped, data: Pairs) -> TorchFit:
    """Wrap a trained model, set to eval mode, in the result type of the torch loops."""
    model.eval()
    return TorchFit(
        model=model, records=monitor.records, stopped=stopped, best_epoch=monitor.best_epoch,
        columns=data.columns, dtype=data.dtype,
    )  # fmt: skip


def _require_more_than_one_row(model: nn.Module, batches: Batches) -> None:
    """Refuse a last batch of one row where the model standardises by the batch's own spread."""
    if batches.last > 1 or not any(map(_is_batch_norm, model.modules())):
        return
    twin = copy.deepcopy(model)
    set_train_mode(twin)
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            twin(batches.X[:1].to(batches.dtype))
    except ValueError as error:
        rows = len(batches.X)
        raise ValueError(
            f"batch_size={batches.batch_size} leaves a last batch of one row of the {rows}, and "
            "BatchNorm needs at least two in train mode: choose a batch_size that doesn't."
        ) from error


def _is_batch_norm(part: nn.Module) -> bool:
    return isinstance(part, nn.modules.batchnorm._BatchNorm)


def _described(
    model: nn.Module,
    loss: str | Loss,
    schedule: Schedule | None,
    metrics: Mapping[str, Metric],
) -> Setting:
    """Return what a checkpoint must agree with: functions by their code, parts by their modes."""
    still = [name for name, part in model.named_modules() if not part.training]
    return {
        "parts in eval mode": ", ".join(still) or "none",
        "loss": describe(loss, model),
        "schedule": schedule and describe(schedule, model),
        **{f"metric {name}": describe(metric, model) for name, metric in metrics.items()},
    }


def _digested(data: Pairs, held_out: Pairs | None) -> Setting:
    """Return what a checkpoint must agree with: all bytes of the data."""
    return {
        "rows of X": len(data.X), "X": digest(data.X), "y": digest(data.y),
        "rows of validation X": held_out and len(held_out.X),
        "validation X": held_out and digest(held_out.X),
        "validation y": held_out and digest(held_out.y),
    }  # fmt: skip


def _go_on(saved: Checkpoint, resume: bool, epochs: int) -> None:
    """Take up an earlier run where there is one, or refuse to write over it."""
    if saved.path.exists() and not resume:
        raise FileExistsError(
            f"checkpoint={str(saved.path)!r} exists: resume=True goes on from it; to start afresh, "
            "remove it or choose another path."
        )
    if saved.path.exists():
        saved.restore()
    if saved.monitor.epochs_done > epochs:
        raise ValueError(
            f"{saved.path} has done {saved.monitor.epochs_done} epochs, more than epochs={epochs}, "
            "which counts those before the interruption too."
        )
    saved.keep()


def _remaining(monitor: Monitor, epochs: int, progress: bool) -> Iterable[int]:
    if monitor.out_of_patience:  # a resumed run that had ended
        return []
    numbers = range(monitor.epochs_done + 1, epochs + 1)
    if not progress:
        return numbers
    from tqdm.auto import tqdm

    return tqdm(numbers, desc="training", unit="epoch", leave=False)
