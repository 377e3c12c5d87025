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


def init_mlp(p: int, hidden: int = 16, *, rng: int | Stream | None = None) -> Params:
    """Draw starting values for a network with one hidden layer.

    Parameters
    ----------
    p, hidden : int
        Numbers of features and of hidden units.
    rng : int, Generator, RStream or None
        The source of the starting values.

    Returns
    -------
    dict
        W1 (p, hidden), b1 (hidden,), w2 (hidden,), b2 (1,), uniform between ±1/√(number of
        inputs), which is what `torch.nn.Linear` does.

    Examples
    --------
    >>> from labkit import init_mlp
    >>> {name: value.shape for name, value in init_mlp(3, 8, rng=1).items()}
    {'W1': (3, 8), 'b1': (8,), 'w2': (8,), 'b2': (1,)}
    """
    p, hidden = whole(p, "p"), whole(hidden, "hidden")
    stream = as_rng(rng)

    def uniform(inputs: int, *shape: int) -> Floats:
        return np.asarray((2 * stream.random(shape) - 1) / math.sqrt(inputs))

    return {
        "W1": uniform(p, p, hidden),
        "b1": uniform(p, hidden),
        "w2": uniform(hidden, hidden),
        "b2": uniform(hidden, 1),
    }


def predict_mlp(params: Mapping[str, ArrayLike], X: ArrayLike) -> Floats:
    """Return the network's predictions ReLU(X W1 + b1) w2 + b2, of shape (n,).

    Parameters
    ----------
    params : dict
        As `init_mlp` gives it.
    X : array_like, shape (n, p)
        The features.

    Returns
    -------
    ndarray, shape (n,)

    Raises
    ------
    TypeError, ValueError
        If `params` hasn't the names and shapes that `init_mlp` gives, if `X` has another number
        of columns than W1 has rows, or if either holds something other than finite numbers.

    Examples
    --------
    >>> from labkit import init_mlp, predict_mlp
    >>> predict_mlp(init_mlp(2, 8, rng=1), [[0.5, 1.0], [2.0, -1.0]]).round(2)
    array([-0.05,  0.1 ])
    """
    params = _checked(params, "params")
    X = as_features(X, params["W1"].shape[0])
    return np.maximum(X @ params["W1"] + params["b1"], 0.0) @ params["w2"] + params["b2"]


def mlp_loss_and_gradients(
    params: Mapping[str, ArrayLike], X: ArrayLike, y: ArrayLike
) -> tuple[float, Params]:
    """Return the mean squared error of a one-hidden-layer network and its gradients, by hand.

    Parameters
    ----------
    params : dict
        As `init_mlp` gives it.
    X : array_like, shape (n, p)
        The features.
    y : array_like, shape (n,)
        The outcome.

    Returns
    -------
    loss : float
        mean((y − ŷ)²), in float64 whatever comes in.
    gradients : dict
        The derivative of the loss with respect to each parameter, in the parameter's shape, by
        the chain rule from the output back (Rumelhart, Hinton and Williams, 1986). The
        derivative of ReLU at exactly 0 is taken as 0, as torch does.

    Raises
    ------
    ValueError
        If y has not the shape of the predictions, or the loss or a gradient overflows.
    TypeError, ValueError
        As for `predict_mlp`.

    Examples
    --------
    >>> from labkit import init_mlp, mlp_loss_and_gradients
    >>> loss, gradients = mlp_loss_and_gradients(init_mlp(1, 2, rng=1), [[0.5], [2.0]], [1.0, 3.0])
    >>> round(loss, 3), gradients["w2"].round(3)
    (4.235, array([ 0.   , -8.557]))
    """
    params = _checked(params, "params")
    X, y = as_features(X, params["W1"].shape[0]), as_floats(y, "y")
    if y.shape != (len(X),):
        raise ValueError(
            f"The predictions have shape ({len(X)},) and y has shape {y.shape}; NumPy would "
            "broadcast one against the other and return a loss that means nothing."
        )
    require_finite(y, "y")
    with np.errstate(over="ignore", invalid="ignore"):
        loss, gradients = _loss_and_gradients(params, X, y)
    if not all(np.isfinite(v).all() for v in (np.array(loss), *gradients.values())):
        raise ValueError("The loss or a gradient overflows: rescale X, y or params.")
    return loss, gradients


def _loss_and_gradients(params: Params, X: Floats, y: Floats) -> tuple[float, Params]:
    """Return the loss and its gradients, of arrays that were checked."""
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
        Starting values, as `init_mlp` gives them; drawn from `rng` where None.
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
        As for `fit_linear`, or if `start` hasn't the shapes that `init_mlp` gives, or another
        number of hidden units than `hidden`.

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
                loss, gradients = _loss_and_gradients(params, X, y)
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
        return init_mlp(p, 16 if hidden is None else hidden, rng=rng)
    params = _checked(start, "start", p)
    if hidden not in (None, len(params["b1"])):
        raise ValueError(
            f"start has {len(params['b1'])} hidden units, and hidden={hidden}: leave out hidden."
        )
    return {name: value.copy() for name, value in params.items()}  # the fit's own


def _checked(params: Mapping[str, ArrayLike], what: str, p: int | None = None) -> Params:
    """Return parameters of the names and shapes that `init_mlp` gives, as finite float64."""
    if not isinstance(params, Mapping):
        raise TypeError(f"{what} must be a dict as init_mlp makes it, not {type(params).__name__}.")
    arrays = {key: as_floats(value, f"{what}[{key!r}]") for key, value in params.items()}
    if p is None:
        p = len(arrays["W1"]) if "W1" in arrays and arrays["W1"].ndim else 1
    hidden = arrays["w2"].shape[:1] if "w2" in arrays else ()
    expected = {"W1": (p, *hidden), "b1": hidden, "w2": hidden, "b2": (1,)}
    given = {key: array.shape for key, array in arrays.items()}
    if given != expected or 0 in (p, *hidden):
        raise ValueError(f"{what} has the shapes {given}, and with {p} features needs {expected}.")
    for key, array in arrays.items():
        require_finite(array, f"{what}[{key!r}]")
    return arrays
