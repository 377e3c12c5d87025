"""A network with one hidden layer: its gradients and its loop, by hand in NumPy alone."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from labkit.inputs import (
    Floats,
    Stream,
    as_features,
    as_floats,
    as_rng,
    positive,
    require_finite,
    training_data,
    whole,
)
from labkit.manual import FormulaFit, Params
from labkit.result import Fit, Stopped, TrainingDiverged


def init_mlp(p: int, hidden: int, rng: int | Stream | None) -> Params:
    """Draw starting values, uniform between ±1/√(number of inputs), as `torch.nn.Linear` does."""
    stream = as_rng(rng)

    def uniform(inputs: int, *shape: int) -> Floats:
        return np.asarray((2 * stream.random(shape) - 1) / math.sqrt(inputs))

    return {
        "W1": uniform(p, p, hidden),
        "b1": uniform(p, hidden),
        "w2": uniform(hidden, hidden),
        "b2": uniform(hidden, 1),
    }


def predict_mlp(params: Params, X: ArrayLike) -> Floats:
    """Return the network's predictions ReLU(X W1 + b1) w2 + b2, of shape (n,)."""
    X = as_features(X, params["W1"].shape[0])
    return np.maximum(X @ params["W1"] + params["b1"], 0.0) @ params["w2"] + params["b2"]


def loss_and_gradients(params: Params, X: Floats, y: Floats) -> tuple[float, Params]:
    """Return the mean squared error and its gradients, by the chain rule from the output back.

    Rumelhart, Hinton and Williams (1986). The derivative of ReLU at 0 is taken as 0, as torch
    does.
    """
    pre = X @ params["W1"] + params["b1"]  # (n, hidden)
    hidden = np.maximum(pre, 0.0)  # (n, hidden)
    prediction = hidden @ params["w2"] + params["b2"]  # (n,)
    residual = prediction - y

    d_prediction = 2 * residual / len(y)  # (n,)
    d_hidden = np.outer(d_prediction, params["w2"])  # (n, hidden)
    d_pre = d_hidden * (pre > 0)  # the ReLU mask
    gradients = {
        "W1": X.T @ d_pre,  # (p, hidden)
        "b1": d_pre.sum(axis=0),  # (hidden,)
        "w2": hidden.T @ d_prediction,  # (hidden,)
        "b2": d_prediction.sum(keepdims=True),  # (1,)
    }
    return float(residual @ residual) / len(y), gradients


def fit_mlp(
    X: ArrayLike,
    y: ArrayLike,
    *,
    hidden: int | None = None,
    lr: float = 0.01,
    steps: int = 200,
    start: Mapping[str, ArrayLike] | None = None,
    rng: int | Stream | None = None,
) -> Fit:
    """Fit a network with one hidden layer by gradient descent on the mean squared error.

    Parameters
    ----------
    X : array_like, shape (n, p)
        The features.
    y : array_like, shape (n,)
        The outcome.
    hidden : int, optional
        Number of hidden units: where None, that of `start`, or 16.
    lr : float
        The learning rate.
    steps : int
        How many steps; each uses all rows.
    start : dict, optional
        Starting values W1 (p, hidden), b1 (hidden,), w2 (hidden,) and b2 (1,). Where None, drawn
        from `rng`, uniform between ±1/√(number of inputs), which is what `torch.nn.Linear` does.
    rng : int, Generator, RStream or None
        The source of the starting values.

    Returns
    -------
    Fit
        `params` with W1, b1, w2 and b2; in `history` the loss before each update. Ctrl-C, or
        the notebook's stop button, ends the loop with the fit so far, `stopped="interrupted"`.

    Raises
    ------
    TrainingDiverged
        If the loss stops being finite, or a parameter after the last step is not.
    TypeError, ValueError
        As for `fit_linear`, or if `start` hasn't these names and shapes, or another number of
        hidden units than `hidden`.

    Examples
    --------
    >>> from labkit import fit_mlp, make_linear
    >>> data = make_linear(100, 3, rng=1)
    >>> fit = fit_mlp(data.X, data.y, lr=0.05, steps=500, rng=1)
    >>> bool(fit.history["loss"].iloc[-1] < 0.1 * fit.history["loss"].iloc[0])
    True
    """
    X, y, columns = training_data(X, y)
    lr, steps = positive(lr, "lr"), whole(steps, "steps")
    params = _start(start, X.shape[1], hidden, rng)

    losses: list[float] = []
    updates = 0
    stopped: Stopped = "budget"
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # a diverging loss is reported below
            for _ in range(steps):
                loss, gradients = loss_and_gradients(params, X, y)
                losses.append(loss)
                if not math.isfinite(loss):
                    break
                new = {name: value - lr * gradients[name] for name, value in params.items()}
                params, updates = new, updates + 1  # at once, whenever Ctrl-C comes
    except KeyboardInterrupt:
        stopped = "interrupted"
        losses = losses[:updates]
    if not all(np.isfinite(v).all() for v in (np.array(losses), *params.values())):
        raise TrainingDiverged(
            epoch=len(losses),
            lr=lr,
            gradient_norm=math.hypot(*(entry for g in gradients.values() for entry in g.flat)),
            feature_scale=float(X.std(axis=0).max()),
            records={"loss": losses},
        )
    return FormulaFit(
        formula=predict_mlp, weights=params, records={"loss": losses}, stopped=stopped,
        columns=columns,
    )  # fmt: skip


def _start(
    start: Mapping[str, ArrayLike] | None, p: int, hidden: int | None, rng: int | Stream | None
) -> Params:
    if hidden is not None:
        hidden = whole(hidden, "hidden")
    if start is None:
        return init_mlp(p, 16 if hidden is None else hidden, rng)
    params = _checked(start, p)
    if hidden not in (None, len(params["b1"])):
        raise ValueError(
            f"start has {len(params['b1'])} hidden units, and hidden={hidden}: leave out hidden."
        )
    return {name: value.copy() for name, value in params.items()}  # the fit's own


def _checked(start: Mapping[str, ArrayLike], p: int) -> Params:
    """Return starting values as finite float64, once their names and shapes are right."""
    if not isinstance(start, Mapping):
        kind = type(start).__name__
        raise TypeError(f"start must be a dict of W1, b1, w2 and b2, not {kind}.")
    arrays = {key: as_floats(value, f"start[{key!r}]") for key, value in start.items()}
    hidden = arrays["w2"].shape[:1] if "w2" in arrays else ()
    expected = {"W1": (p, *hidden), "b1": hidden, "w2": hidden, "b2": (1,)}
    given = {key: array.shape for key, array in arrays.items()}
    if given != expected or 0 in hidden:
        raise ValueError(f"start has the shapes {given}, and with {p} features needs {expected}.")
    for key, array in arrays.items():
        require_finite(array, f"start[{key!r}]")
    return arrays
