"""Lab 2: how to make it quick, mistakes in its code, other seeds, wrong answers."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch

import labkit
from course.cases import solved

# Changes no verdict.
QUICK = {
    "replicates=100": "replicates=50",
    "200, 400, 800, 1600)": "200, 400, 1600)",
}

# A mistake: what stands in the lab, what stands there instead, and what the lab must say of it.
MISTAKES = {
    "the sign of the first gradient": (
        'd_prediction = 2 * (values["prediction"] - y)',
        'd_prediction = 2 * (y - values["prediction"])',
        "gradient of prediction, from autograd",
    ),
    "a factor in the first gradient": (
        'd_prediction = 2 * (values["prediction"] - y)',
        'd_prediction = (values["prediction"] - y)',
        "gradient of prediction, from differences",
    ),
    "the ReLU mask dropped": (
        'd_hidden * (values["pre"] > 0)',
        "d_hidden * 1",
        "gradient of pre, from autograd",
    ),
    "the mask upside down": (
        'd_hidden * (values["pre"] > 0)',
        'd_hidden * (values["pre"] < 0)',
        "gradient of w1, from differences",
    ),
    "the mask of the hidden units' gradient": (
        'd_hidden * (values["pre"] > 0)',
        "d_hidden * (d_hidden > 0)",
        "gradient of b1, from autograd",
    ),
    "the mask open at zero": (
        'd_hidden * (values["pre"] > 0)',
        'd_hidden * (values["pre"] >= 0)',
        "b1 with a row of zeros",
    ),
    "pre-activations for hidden units": (
        'values["hidden"].t()',
        'values["pre"].t()',
        "gradient of w2, from autograd",
    ),
    "a mean over the rows": (
        "d_prediction.sum(dim=0, keepdim=True)",
        "d_prediction.mean(dim=0, keepdim=True)",
        "gradient of b2, from autograd",
    ),
    "a bias that isn't summed": (
        '"b2": d_prediction.sum(dim=0, keepdim=True)',
        '"b2": d_prediction',
        "gradient of b2",
    ),
    "w2 updated too early": (
        "d_prediction @ w2.T",
        "d_prediction @ (w2 - lr * hidden.T @ d_prediction).T",
        "distance from labkit",
    ),
    "the mask dropped in NumPy": (
        "w2.T * (pre > 0)",
        "w2.T",
        "distance from labkit",
    ),
    "no ReLU when predicting": (
        'np.maximum(X @ w["w1"] + w["b1"], 0)',
        '(X @ w["w1"] + w["b1"])',
        "final loss, distance from labkit",
    ),
    "another noise": ("noise_sd=1, rng=rng", "noise_sd=1.1, rng=rng", "minus theory"),
    "a feature left out": (
        "np.column_stack([np.ones(len(X)), X])",
        "X[:, :2]",
        "minus theory",
    ),
    "the number of rows for another": ("0.96, ", "0.90, ", "theory, training, over tables"),
    "a start of its own at each mark": (
        "w, _ = train(w, *rows, steps=mark - done)",
        "w, _ = train(w, *rows, steps=mark)",
        "200 steps on the way",
    ),
    "the residuals' sum without squares": (
        "np.sum(ols.residuals**2)",
        "np.sum(ols.residuals * 2)",
        "lstsq",
    ),
    "the larger of two taken": ("A.clamp(min=0)", "A.clamp(max=0)", "six small tensors"),
    "no steps": ("lr=1e-4, steps=200):", "lr=0, steps=200):", "distance from labkit"),
    "x1 with a coefficient of its own": ("0.2 * x1", "0.3 * x1", "mean by columns"),
}

# An unfairness, or a leak, put into the whole study: as above.
UNFAIR = {
    "errors at the training rows": (
        "squares[100:].mean()",
        "squares[:100].mean()",
        "network minus OLS, new rows",
    ),
    "the network learns from the new rows too": (
        "train(start(rng), table.X[:100], table.y[:100].reshape(-1, 1))",
        "train(start(rng), table.X, table.y.reshape(-1, 1), lr=1e-5)",
        "network: change without new outcomes",
    ),
    "least squares gets five rows": (
        "fit_ols(Z[:100], table.y[:100])",
        "fit_ols(Z[:5], table.y[:5])",
        "network minus OLS, new rows",
    ),
}

OTHER_SEEDS = [
    ("draw_start(labkit.RStream(1))", "draw_start(labkit.RStream(3))"),
    ("draw_start(labkit.RStream(1))", "draw_start(np.random.default_rng(5))"),
    ("seed=1", "seed=2"),
]


def deeper(change: Callable[[dict[str, Any], dict[str, Any]], Any]) -> Callable[..., Any]:
    """Return lab 2's solution with its gradients changed."""

    def answer(w: Any, X: Any, y: Any) -> Any:
        return change(solved("02")["solved_gradients"](w, X, y), w)

    return answer


def without_second_mask(w: Any, X: Any, y: Any) -> Any:
    """Return the gradients of lab 2's deeper network with the mask of its first layer alone."""
    pre1 = X @ w["w1"] + w["b1"]
    hidden1 = np.maximum(pre1, 0)
    hidden2 = np.maximum(hidden1 @ w["w2"] + w["b2"], 0)
    d3 = 2 * (hidden2 @ w["w3"] + w["b3"] - y)
    d2 = d3 @ w["w3"].T
    d1 = d2 @ w["w2"].T * (pre1 > 0)
    weights = {"w1": X.T @ d1, "w2": hidden1.T @ d2, "w3": hidden2.T @ d3}
    return weights | {f"b{k}": d.sum(0, keepdims=True) for k, d in ((1, d1), (2, d2), (3, d3))}


def coarse(loss: Callable[[Any], Any], at: Any, h: float = 1e-4) -> Any:
    """Return central differences with a larger step than labkit's."""
    steps = h * np.eye(at.size).reshape(-1, *at.shape)
    return np.reshape([loss(at + s) - loss(at - s) for s in steps], at.shape) / (2 * h)


def by_differences(take: Callable[..., Any], w: Any, X: Any, y: Any) -> Any:
    """Return the gradients of lab 2's deeper network by differences of the check's own loss."""
    loss = solved("02")["deeper_loss"]
    return {name: take(lambda v, k=name: loss(w | {k: v}, X, y), w[name]) for name in w}


def by_autograd(w: Any, X: Any, y: Any) -> Any:
    t = {name: torch.tensor(value, requires_grad=True) for name, value in w.items()}
    hidden = torch.relu(torch.tensor(X) @ t["w1"] + t["b1"])
    hidden = torch.relu(hidden @ t["w2"] + t["b2"])
    ((hidden @ t["w3"] + t["b3"] - torch.tensor(y)) ** 2).sum().backward()
    return {name: value.grad for name, value in t.items()}


def row_by_row(w: Any, X: Any, y: Any) -> Any:
    of_row = solved("02")["solved_gradients"]
    parts = [of_row(w, X[i : i + 1], y[i : i + 1]) for i in range(len(X))]
    return {name: sum(part[name] for part in parts) for name in w}


def in_single_precision(w: Any, X: Any, y: Any) -> Any:
    w = {name: value.astype(np.float32) for name, value in w.items()}
    return solved("02")["solved_gradients"](w, X.astype(np.float32), y.astype(np.float32))


def start_times(
    scale: float,
    *,
    stream: Callable[[Any], Any] = lambda rng: rng,
    dress: Callable[[Any], Any] = lambda values: values,
) -> Callable[[Any], Any]:
    """Return what draws the lab's start with another last layer; `dress` says in what type."""

    def draw(rng: Any) -> Any:
        start = solved("02")["draw_start"](stream(rng))
        start |= {"w2": start["w2"] * scale}
        return {name: dress(value) for name, value in start.items()}

    return draw


def as_torch_draws(rng: Any) -> Any:
    """Return a start as torch's layers have it, biases and all."""
    shapes = {"w1": (3, 32), "b1": (1, 32), "w2": (32, 1), "b2": (1, 1)}
    inputs = {"w1": 3, "b1": 3, "w2": 32, "b2": 32}
    return {k: rng.uniform(-1, 1, shapes[k]) / inputs[k] ** 0.5 for k in shapes}


class SmallerLayers:
    """A start whose first layer is smaller too, made by an object that is called."""

    def __call__(self, rng: Any) -> Any:
        start = solved("02")["draw_start"](rng)
        return start | {"w1": start["w1"] * (2 / 3) ** 0.5, "w2": start["w2"] * (2 / 32) ** 0.5}


# A wrong answer: the exercise, the answer, and what its check must say.
WRONG = {
    "the activation for its slope": ("mask", np.tanh, "negative"),
    "the mask of ReLU": ("mask", lambda pre: 1.0 * (pre > 0), "slope is off"),
    "a square forgotten": ("mask", lambda pre: 1 - abs(np.tanh(pre)), "slope is off"),
    "a plus for a minus": ("mask", lambda pre: 1 + np.tanh(pre) ** 2, "exceeds 1"),
    "the slope of the logistic function": (
        "mask",
        lambda pre: 1 / (1 + np.exp(-pre)) * (1 - 1 / (1 + np.exp(-pre))),
        "slope is off",
    ),
    "pre taken for the hidden units": ("mask", lambda pre: 1 - pre**2, "negative"),
    "labkit's differences": (
        "mask",
        lambda pre: labkit.finite_differences(lambda v: np.tanh(v).sum(), pre),
        "write the formula",
    ),
    "a difference quotient": (
        "mask",
        lambda pre: (np.tanh(pre + 1e-6) - np.tanh(pre - 1e-6)) / 2e-6,
        "write the formula",
    ),
    "one slope for all": ("mask", lambda pre: 1 - np.tanh(pre).mean() ** 2, "shape"),
    "a mask forgotten": ("gradients", without_second_mask, "first wrong one is w2"),
    "a layer forgotten": (
        "gradients",
        deeper(lambda g, w: {k: g[k] for k in g if k[1] != "1"}),
        "w1 is missing",
    ),
    "a bias of one dimension": (
        "gradients",
        deeper(lambda g, w: g | {"b2": g["b2"].ravel()}),
        "b2 has shape (8,)",
    ),
    "a transposed weight": (
        "gradients",
        deeper(lambda g, w: g | {"w2": g["w2"].T}),
        "first wrong one is w2",
    ),
    "the mean of the gradients": (
        "gradients",
        deeper(lambda g, w: {k: v / 20 for k, v in g.items()}),
        "first wrong one is w3",
    ),
    "the check's own differences": (
        "gradients",
        partial(by_differences, labkit.finite_differences),
        "take no differences",
    ),
    "differences with a larger step": (
        "gradients",
        partial(by_differences, coarse),
        "take no differences",
    ),
    "the lab's rows": (
        "gradients",
        lambda w, X, y: solved("02")["solved_gradients"](
            w, solved("02")["X"][:20], solved("02")["y"][:20]
        ),
        "first wrong one is w3",
    ),
    "the usual start": ("start", start_times(1.0), "usual error minus yours"),
    "a larger start": ("start", start_times(2.0), "usual error minus yours"),
    "a start at zero": (
        "start",
        lambda rng: {k: 0 * v for k, v in start_times(1)(rng).items()},
        "draws nothing",
    ),
    "a fixed seed": (
        "start",
        start_times(32**-0.5, stream=lambda rng: np.random.default_rng(1)),
        "draws nothing",
    ),
    "another generator": (
        "start",
        start_times(32**-0.5, stream=lambda rng: np.random.default_rng()),
        "one seed gives two starts",
    ),
    "a start of the wrong shape": (
        "start",
        lambda rng: start_times(1)(rng) | {"w2": np.ones(32)},
        "w2 has the shape",
    ),
}


def slope(pre: Any) -> Any:
    return 1 - np.tanh(pre) ** 2


# A right answer in an unusual dress: the exercise, the answer.
RIGHT = {
    "by the hyperbolic cosine": ("mask", lambda pre: 1 / np.cosh(pre) ** 2),
    "by exponentials": ("mask", lambda pre: 4 / (np.exp(pre) + np.exp(-pre)) ** 2),
    "entry by entry": ("mask", lambda pre: [[slope(v) for v in row] for row in pre]),
    "a slope in single precision": ("mask", lambda pre: slope(pre.astype(np.float32))),
    "a tensor": ("mask", lambda pre: 1 - torch.tanh(torch.tensor(pre)) ** 2),
    "a DataFrame": ("mask", lambda pre: pd.DataFrame(slope(pre))),
    "by autograd": ("gradients", by_autograd),
    "row by row": ("gradients", row_by_row),
    "gradients in single precision": ("gradients", in_single_precision),
    "lists, and the loss as well": (
        "gradients",
        deeper(lambda g, w: {name: value.tolist() for name, value in g.items()} | {"loss": 1.0}),
    ),
    "means times the number of rows": (
        "gradients",
        deeper(lambda g, w: {name: value / 3 / 20 * 20 * 3 for name, value in g.items()}),
    ),
    "a start as torch draws it": ("start", as_torch_draws),
    "a start of tensors": (
        "start",
        start_times(32**-0.5, dress=lambda values: torch.tensor(values, dtype=torch.float32)),
    ),
    "a start of lists": ("start", start_times(32**-0.5, dress=lambda values: values.tolist())),
    "a last layer of zeros": ("start", start_times(0)),
    "both layers smaller": ("start", SmallerLayers()),
}
