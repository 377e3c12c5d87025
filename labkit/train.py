"""The torch loop."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from labkit.checkpoint import Checkpoint, Setting
from labkit.describe import describe
from labkit.digest import digest
from labkit.inputs import one_of, positive, whole
from labkit.monitor import Monitor
from labkit.result import Fit, Stopped
from labkit.tensors import Data, Loss, Pair, as_features, as_pair, dtype_of, shape_of_predictions

OptimizerFactory: TypeAlias = Callable[..., torch.optim.Optimizer]

LOSSES: dict[str, Loss] = {
    "mse": nn.functional.mse_loss,
    "l1": nn.functional.l1_loss,
    "huber": nn.functional.huber_loss,
    "cross_entropy": nn.functional.cross_entropy,
    "bce_with_logits": nn.functional.binary_cross_entropy_with_logits,
}
OPTIMIZERS: dict[str, OptimizerFactory] = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
}


def fit_torch(
    model: nn.Module,
    X: Data,
    y: Data,
    *,
    epochs: int = 200,
    lr: float = 0.01,
    loss: str | Loss = "mse",
    optimizer: str | OptimizerFactory = "adam",
    batch_size: int | None = None,
    weight_decay: float = 0.0,
    validation: tuple[Data, Data] | None = None,
    patience: int | None = None,
    seed: int | None = None,
    device: str | torch.device | None = None,
    progress: bool = False,
    checkpoint: str | Path | None = None,
    checkpoint_every: int = 10,
    resume: bool = False,
) -> Fit:
    """Train a torch model, in place, and return it with its history.

    Parameters
    ----------
    model : torch.nn.Module
        Any module that takes a batch of features. It is trained in place and left in eval mode.
    X : Tensor or array_like, shape (n, ...)
        The features. A tensor must have the model's dtype; anything else is converted to it.
    y : Tensor or array_like
        The targets: of the shape of the predictions, (n, 1) for a model with one output; for
        "cross_entropy", class indices from 0 of shape (n,).
    epochs : int
        How often to go through the data, in all: a resumed run counts those it did before.
    lr : float
        The learning rate.
    loss : str or callable
        "mse", "l1", "huber", "cross_entropy", "bce_with_logits", or a function of predictions
        and targets that returns the mean over the samples of a batch.
    optimizer : str or callable
        "sgd", "adam", "adamw", "rmsprop", or what is called with the parameters and `lr` (and
        `weight_decay`, where that is not 0) and returns a `torch.optim.Optimizer`: a class, or a
        `functools.partial` of one.
    batch_size : int, optional
        Rows a step, shuffled anew each epoch, the last step taking what is left; None takes all.
    weight_decay : float
        Passed to the optimizer, which adds weight_decay × θ to the gradient of each parameter θ;
        "adamw" shrinks θ by the factor 1 − lr × weight_decay instead.
    validation : (X, y), optional
        Data whose loss is recorded after each epoch, in eval mode.
    patience : int, optional
        Stop once the validation loss has not improved for so many epochs. The weights of the
        best epoch are restored, also where the budget ends first.
    seed : int, optional
        Fixes the shuffling and the dropout, and leaves torch's global random state as it was.
        None draws from that state, so that `torch.manual_seed` governs.
    device : str or torch.device, optional
        Where to train; "auto" takes a GPU where there is one. None: where the model is.
    progress : bool
        Show a progress bar.
    checkpoint : path, optional
        File that keeps the state of the training, written every `checkpoint_every` epochs and
        at the end.
    checkpoint_every : int
        Epochs between two checkpoints.
    resume : bool
        Go on from `checkpoint` if it exists. The result equals that of an uninterrupted run
        bit for bit.

    Returns
    -------
    Fit
        `history` has, for each epoch, `loss`, the mean over samples of the losses before each
        update, and `val_loss` where validation data were given.

    Raises
    ------
    TrainingDiverged
        If a loss stops being finite, or a weight after the last step is not.
    TypeError, ValueError
        If an argument is out of its range; if dtypes differ; if predictions and targets have
        different shapes, which torch would broadcast against each other; if `checkpoint` is
        truncated or of another model, data or setting.
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
    epochs, lr = whole(epochs, "epochs"), positive(lr, "lr")
    seed = None if seed is None else whole(seed, "seed", at_least=0)
    patience = None if patience is None else whole(patience, "patience")
    checkpoint_every = whole(checkpoint_every, "checkpoint_every")
    if patience is not None and validation is None:
        raise ValueError("patience needs validation=(X, y): there is nothing to stop early by.")
    if resume and checkpoint is None:
        raise ValueError("resume=True needs checkpoint=PATH: there is nothing to resume from.")
    dtype_of(model)  # refuses what is no model, or has nothing to train
    model.to(_device(device, model))
    criterion = named_loss(loss)
    X, y = as_pair(model, X, y, loss=criterion)
    held_out = None
    if validation is not None:
        held_out = as_pair(model, *validation, loss=criterion, name="validation ")
    batches = Batches(X, y, batch_size)
    opt = named_optimizer(optimizer, model.parameters(), lr, weight_decay)
    monitor = Monitor(model, validated=held_out is not None, patience=patience)
    saved = None
    if checkpoint is not None:
        setting: Setting = {
            "loss": describe(loss, model), "batch_size": batches.batch_size,
            "patience": patience, "seed": seed,
            "rows of X": len(X), "X": digest(X), "y": digest(y),
            "rows of validation X": len(held_out[0]) if held_out else None,
            "validation X": digest(held_out[0]) if held_out else None,
            "validation y": digest(held_out[1]) if held_out else None,
        }  # fmt: skip
        saved = Checkpoint(checkpoint, model, opt, monitor, setting)

    with _random_state(seed, X.device), _eval_mode_after(model):
        if saved is not None and saved.path.exists():
            _go_on(saved, resume, epochs)
        model.train()
        for epoch in _remaining(monitor, epochs, progress):
            total = 0.0
            for X_batch, y_batch in batches:
                opt.zero_grad()
                prediction = model(X_batch)
                batch_loss = criterion(prediction, y_batch)
                batch_loss.backward()
                opt.step()
                total += batch_loss.item() * len(X_batch)
            monitor.record(total / len(X), held_out and evaluate(model, *held_out, criterion))
            monitor.require_finite(X, lr)
            if saved is not None and epoch % checkpoint_every == 0:
                saved.save()
            if monitor.out_of_patience:
                break
        if saved is not None:
            saved.save()
    monitor.restore_best()
    monitor.require_finite_weights(X, lr)
    stopped: Stopped = "early stopping" if monitor.out_of_patience else "budget"
    return as_fit(model, monitor.records, stopped, monitor.best_epoch)


class Batches:
    """The rows of a table in batches: each pass in a new random order, every row once.

    Indexing a tensor with many rows at once is what makes this several times as fast as a
    `DataLoader`, which fetches one row at a time.

    Parameters
    ----------
    X, y : Tensor
        Features and targets, n rows each.
    batch_size : int or None
        Rows a batch, the last one taking what is left; None gives all rows in one, as they are.
    """

    def __init__(self, X: Tensor, y: Tensor, batch_size: int | None) -> None:
        self.X, self.y = X, y
        self.batch_size = None if batch_size is None else whole(batch_size, "batch_size")
        if self.batch_size is not None and self.batch_size > len(X):
            raise ValueError(
                f"batch_size={batch_size} is larger than the {len(X)} rows of X; "
                "batch_size=None takes all of them in one step."
            )

    def __iter__(self) -> Iterator[Pair]:
        if self.batch_size is None:
            yield self.X, self.y
            return
        order = torch.randperm(len(self.X)).to(self.X.device)
        for rows in order.split(self.batch_size):
            yield self.X[rows], self.y[rows]


def evaluate(model: nn.Module, X: Tensor, y: Tensor, criterion: Loss) -> float:
    """Return the loss on held-out data, in eval mode and without a graph; train on after it."""
    model.eval()
    with torch.inference_mode():
        loss = float(criterion(model(X), y))
    model.train()
    return loss


def as_fit(
    model: nn.Module,
    records: dict[str, list[float]],
    stopped: Stopped,
    best_epoch: int | None = None,
) -> Fit:
    """Wrap a trained model, set to eval mode, in the result type of all loops."""
    model.eval()
    params = {name: p.detach().cpu().numpy().copy() for name, p in model.named_parameters()}

    def predict(X: Data) -> np.ndarray[Any, Any]:
        features = as_features(X, dtype_of(model)).to(next(model.parameters()).device)
        model.eval()
        shape_of_predictions(model, features, "X")
        with torch.inference_mode():
            prediction: Tensor = model(features)
        return prediction.cpu().numpy()

    return Fit(params, records, stopped, predict, model, best_epoch)


def named_loss(loss: str | Loss) -> Loss:
    """Return the loss function of a name, or the function that was given."""
    if isinstance(loss, str):
        return LOSSES[one_of(loss, "loss", list(LOSSES))]
    if not callable(loss):
        raise TypeError(f"loss must be a function or one of {', '.join(LOSSES)}, not {loss!r}.")
    return loss


def named_optimizer(
    optimizer: str | OptimizerFactory, params: Iterable[Tensor], lr: float, weight_decay: float
) -> torch.optim.Optimizer:
    """Return the optimizer of a name or factory, for these parameters."""
    if isinstance(optimizer, str):
        factory = OPTIMIZERS[one_of(optimizer, "optimizer", list(OPTIMIZERS))]
    elif isinstance(optimizer, torch.optim.Optimizer):
        raise TypeError(
            "optimizer must be a name or a class, such as torch.optim.SGD, not an object."
        )
    elif callable(optimizer):
        factory = optimizer
    else:
        known = ", ".join(OPTIMIZERS)
        raise TypeError(f"optimizer must be a function or one of {known}, not {optimizer!r}.")
    decay = positive(weight_decay, "weight_decay", or_zero=True)
    options = {"weight_decay": decay} if decay else {}
    made = factory(params, lr=lr, **options)
    if isinstance(made, torch.optim.LBFGS):
        raise ValueError("LBFGS evaluates the loss many times a step, which this loop does not do.")
    return made


def _device(device: str | torch.device | None, model: nn.Module) -> torch.device:
    if device is None:
        return next(model.parameters()).device
    if device == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        return torch.empty(0, device=device).device
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ValueError(f"device={str(device)!r} is not usable here; 'cpu' always is.") from error


def _go_on(saved: Checkpoint, resume: bool, epochs: int) -> None:
    """Take up an earlier run, or refuse to write over it."""
    if not resume:
        raise FileExistsError(
            f"checkpoint={str(saved.path)!r} exists: resume=True goes on from it; to start afresh, "
            "remove it or choose another path."
        )
    saved.restore()
    if saved.monitor.epochs_done > epochs:
        raise ValueError(
            f"{saved.path} has done {saved.monitor.epochs_done} epochs, more than epochs={epochs}, "
            "which counts those before the interruption too."
        )


def _remaining(monitor: Monitor, epochs: int, progress: bool) -> Iterable[int]:
    if monitor.out_of_patience:  # a resumed run that had ended
        return []
    numbers = range(monitor.epochs_done + 1, epochs + 1)
    if not progress:
        return numbers
    from tqdm.auto import tqdm

    return tqdm(numbers, desc="training", unit="epoch", leave=False)


@contextmanager
def _random_state(seed: int | None, device: torch.device) -> Iterator[None]:
    """With a seed, lend torch's global generators to the run and give them back as they were."""
    if seed is None:
        yield
        return
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


@contextmanager
def _eval_mode_after(model: nn.Module) -> Iterator[None]:
    """Leave the model in eval mode, however the training ends."""
    try:
        yield
    finally:
        model.eval()
