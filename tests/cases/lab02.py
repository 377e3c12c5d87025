"""Lab 2: how to make it quick, mistakes in its code, other seeds, wrong answers."""

from collections.abc import Callable
from typing import Any

import numpy as np

from course.cases import solved

# Changes no verdict.
QUICK = {"replicates=100": "replicates=50", "range(5)": "range(1)"}

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
        "final loss over OLS",
    ),
    "another noise": ("noise_sd=1, rng=rng", "noise_sd=1.1, rng=rng", "minus theory"),
    "a feature left out": (
        "np.column_stack([np.ones(len(X)), X])",
        "X[:, :2]",
        "minus theory",
    ),
    "errors at training rows": (
        "squares[100:].mean()",
        "squares[:100].mean()",
        "new rows: network minus OLS",
    ),
    "no steps": ("lr=1e-4, steps=200):", "lr=0, steps=200):", "distance from labkit"),
    "x1 with a coefficient of its own": ("0.2 * x1", "0.3 * x1", "mean by columns"),
}

OTHER_SEEDS = [
    ("draw_start(labkit.RStream(1))", "draw_start(labkit.RStream(3))"),
    ("draw_start(labkit.RStream(1))", "draw_start(np.random.default_rng(5))"),
    ("replicates=50, seed=1", "replicates=50, seed=2"),
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


def start_times(scale: float) -> Callable[[Any], Any]:
    def draw(rng: Any) -> Any:
        start = solved("02")["draw_start"](rng)
        return start | {"w2": start["w2"] * scale}

    return draw


# A wrong answer: the exercise, the answer, and what its check must say.
WRONG = {
    "the activation for its slope": ("mask", np.tanh, "negative"),
    "the mask of ReLU": ("mask", lambda pre: 1.0 * (pre > 0), "slope is off"),
    "a square forgotten": ("mask", lambda pre: 1 - abs(np.tanh(pre)), "slope is off"),
    "a plus for a minus": ("mask", lambda pre: 1 + np.tanh(pre) ** 2, "exceeds 1"),
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
    "the usual start": ("start", start_times(1.0), "usual error minus yours"),
    "a larger start": ("start", start_times(2.0), "usual error minus yours"),
    "a start at zero": (
        "start",
        lambda rng: {k: 0 * v for k, v in start_times(1)(rng).items()},
        "draws nothing",
    ),
    "a start of the wrong shape": (
        "start",
        lambda rng: start_times(1)(rng) | {"w2": np.ones(32)},
        "w2 has the shape",
    ),
}
