"""Lab 1: how to make it quick, mistakes in its code, other seeds, wrong answers."""

from collections.abc import Callable
from typing import Any

import numpy as np

import labkit

# Changes no verdict.
QUICK = {
    "replicates=100": "replicates=60",
    "GradientBoostingRegressor(random_state=0)": (
        "GradientBoostingRegressor(random_state=0, n_estimators=5)"
    ),
}

# A mistake: what stands in the lab, what stands there instead, and what the lab must say of it.
MISTAKES = {
    "the sign of the gradient": ("-2 / n * X.T @ residual", "2 / n * X.T @ residual", "from R"),
    "a factor in the gradient": (
        "-2 / n * X.T @ residual",
        "-1 / n * X.T @ residual",
        "from R",
    ),
    "another start than R's": ("np.zeros(p), []", "np.ones(p), []", "from R"),
    "another seed than R's": ("labkit.RStream(42)", "labkit.RStream(43)", "from R"),
    "a factor in the theory": ("1 - 2 * lr * eigen", "1 - lr * eigen", "predicted distance"),
    "zero_grad forgotten": ("optimizer.zero_grad()  #", "pass  #", "torch loop"),
    "the sum for the mean": ("y_tensor) ** 2).mean()", "y_tensor) ** 2).sum()", "torch loop"),
    "no step": ("optimizer.step()  #", "pass  #", "torch loop"),
    "the target left flat": (".reshape(-1, 1)\nprint", "\nprint", "broadcast"),
    "the ReLU dropped": ("nn.ReLU()", "nn.Identity()", "network over truth"),
    "noise counted as risk": ("table.mean[500:]", "table.y[500:]", "OLS minus theory"),
    "risk at the wrong rows": ("table.mean[500:]", "table.mean[499:-1]", "OLS minus theory"),
}

OTHER_SEEDS = [
    ("make_network(seed=42)", "make_network(seed=1)"),
    ("make_network(seed=42)", "make_network(seed=2)"),
    ("seed=1", "seed=2"),
]


def table_with(mean: Callable[[Any], Any], noise_sd: float = 0.5) -> Callable[[Any], Any]:
    def draw(rng: Any) -> labkit.LinearData:
        X = rng.standard_normal((2500, 10))
        y = mean(X) + noise_sd * rng.standard_normal(2500)
        return labkit.LinearData(X, y, mean(X), beta=np.zeros(10), noise_sd=noise_sd)

    return draw


def residual(w: Any, X: Any, y: Any) -> Any:
    return y - X @ w


# A wrong answer: the exercise, the answer, and what its check must say.
WRONG = {
    "a rate that changes nothing": ("learning_rate", lambda: 0.01, "still"),
    "a rate that is too large": ("learning_rate", lambda: 1.0, "not stable"),
    "a negative rate": ("learning_rate", lambda: -0.01, "positive"),
    "a number instead of a function": ("learning_rate", 0.02, "raised TypeError"),
    "the sign": (
        "weighted_gradient",
        lambda w, X, y, v: 2 / len(y) * X.T @ (v * residual(w, X, y)),
        "downhill",
    ),
    "weights forgotten": (
        "weighted_gradient",
        lambda w, X, y, v: -2 / len(y) * X.T @ residual(w, X, y),
        "every row once",
    ),
    "weights squared": (
        "weighted_gradient",
        lambda w, X, y, v: -2 / len(y) * X.T @ (v**2 * residual(w, X, y)),
        "every row once",
    ),
    "the sum for the mean": (
        "weighted_gradient",
        lambda w, X, y, v: -2 * X.T @ (v * residual(w, X, y)),
        "30 times the right one",
    ),
    "not summed over rows": (
        "weighted_gradient",
        lambda w, X, y, v: -2 / len(y) * X.T * (v * residual(w, X, y)),
        "shape",
    ),
    "a linear truth": ("table", table_with(lambda X: X[:, 0]), "OLS minus network"),
    "a constant added": ("table", table_with(lambda X: 1 + X[:, 0]), "no intercept"),
    "pure noise": ("table", table_with(lambda X: 0 * X[:, 0]), "OLS minus network"),
    "other noise": ("table", table_with(lambda X: abs(X[:, 0]), 0.1), "s.d."),
    "a mean of the wrong shape": ("table", table_with(lambda X: abs(X[:, :1])), "shape"),
}
