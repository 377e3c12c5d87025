"""Gradient descent for the linear model, written out by hand in NumPy alone."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from labkit.inputs import Floats, as_features, as_matrix, positive, training_data, whole
from labkit.result import Fit, Stopped, TrainingDiverged

Params: TypeAlias = dict[str, Floats]


@dataclass(frozen=True, eq=False, kw_only=True)
class FormulaFit(Fit):
    """A fit whose predictions are a formula of its weights, in NumPy.

    Attributes
    ----------
    formula : callable
        Takes the weights and X, returns the predictions.
    weights : dict of str to ndarray
        The parameters at the end, by name.
    """

    formula: Callable[[Any, ArrayLike], Floats] = field(repr=False)
    weights: Params

    @property
    def params(self) -> Params:
        """The parameters, by name."""
        return self.weights

    def _predict(self, X: ArrayLike) -> Floats:
        return self.formula(self.weights, X)


def largest_stable_lr(X: ArrayLike) -> float:
    """Return the learning rate below which gradient descent on the mean squared error is stable.

    Parameters
    ----------
    X : array_like, shape (n, p)
        The features.

    Returns
    -------
    float
        1 / λ, where λ is the largest eigenvalue of X'X / n. The Hessian of the mean squared
        error is 2X'X/n, and a step along an eigenvector multiplies the error by 1 − 2 lr λ,
        which must lie between −1 and 1 (Boyd and Vandenberghe, Convex Optimization, 9.3).

    Raises
    ------
    ValueError
        If `X` is all zeros or too small to be squared, or as `fit_linear` says.

    Examples
    --------
    >>> from labkit import largest_stable_lr
    >>> largest_stable_lr([[1.0, 0.0], [0.0, 2.0]])
    0.5
    """
    X = as_matrix(X, min_rows=1)
    n, p = X.shape
    gram = X @ X.T if p > n else X.T @ X  # the smaller one; both have the same largest eigenvalue
    largest = float(np.linalg.eigvalsh(gram / n)[-1])
    if not X.any():
        raise ValueError("X holds only zeros: there is nothing to fit.")
    if largest < np.finfo(np.float64).tiny:
        raise ValueError(f"X holds at most {abs(X).max():g}, whose square underflows: rescale it.")
    return 1 / largest


def fit_linear(
    X: ArrayLike, y: ArrayLike, *, lr: float = 0.01, steps: int = 200, tol: float | None = None
) -> Fit:
    """Fit y = Xw by gradient descent on the mean squared error, from w = 0, without intercept.

    Parameters
    ----------
    X : array_like, shape (n, p)
        The features. In R the model is `lm(y ~ X - 1)`.
    y : array_like, shape (n,)
        The outcome.
    lr : float
        The learning rate: how far to step along the negative gradient.
    steps : int
        How many steps at the most; each uses all rows, so a step is an epoch.
    tol : float, optional
        Stop, converged, once the gradient's Euclidean norm is at most this.

    Returns
    -------
    Fit
        `params["w"]` of shape (p,); in `history` the loss before each update. Ctrl-C, or the
        notebook's stop button, ends the loop with the fit so far, `stopped="interrupted"`.

    Raises
    ------
    TrainingDiverged
        If `lr` is not below `largest_stable_lr(X)`; the message states that limit.
    TypeError, ValueError
        If the data are not finite real numbers of matching shapes, or an option is out of range.

    Examples
    --------
    >>> from labkit import fit_linear, make_linear
    >>> data = make_linear(100, 3, rng=1)
    >>> fit_linear(data.X, data.y, lr=0.1).params["w"].round(1)
    array([ 2. , -1. ,  0.5])
    """
    X, y, columns = training_data(X, y)
    n, p = X.shape
    lr, steps = positive(lr, "lr"), whole(steps, "steps")
    tol = -1.0 if tol is None else positive(tol, "tol", or_zero=True)
    limit = largest_stable_lr(X)

    w = np.zeros(p)
    losses: list[float] = []
    updates = 0
    stopped: Stopped = "budget"
    try:
        with np.errstate(over="ignore", invalid="ignore"):  # a diverging loss is reported below
            for _ in range(steps):
                residual = y - X @ w
                loss = float(residual @ residual) / n
                gradient = X.T @ residual * (-2 / n)
                losses.append(loss)
                if tol >= 0 and math.hypot(*gradient) <= tol:
                    stopped = "converged"
                    break
                if not math.isfinite(loss):
                    break
                w, updates = w - lr * gradient, updates + 1  # at once, whenever Ctrl-C comes
    except KeyboardInterrupt:
        stopped = "interrupted"
        losses = losses[:updates]
    if (lr >= limit and stopped == "budget") or not np.isfinite(w).all():
        raise TrainingDiverged(
            epoch=len(losses),
            lr=lr,
            gradient_norm=math.hypot(*gradient),
            feature_scale=float(X.std(axis=0).max()),
            records={"loss": losses},
            stable_lr=limit,
        )
    return FormulaFit(
        formula=predict_linear, weights={"w": w}, records={"loss": losses}, stopped=stopped,
        columns=columns,
    )  # fmt: skip


def predict_linear(params: Params, X: ArrayLike) -> Floats:
    """Return the predictions X w of a linear model without an intercept, of shape (n,)."""
    return as_features(X, len(params["w"])) @ params["w"]
