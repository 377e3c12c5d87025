"""Lab 1: how to make it quick, mistakes in its code, other seeds, wrong answers."""

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
    "replicates=100": "replicates=60",
    "GradientBoostingRegressor(random_state=0)": (
        "GradientBoostingRegressor(random_state=0, n_estimators=5)"
    ),
    "(1, 2, 3), (50, 150, 400, 800)": "(1, 2, 3), (5, 10, 20, 40)",
    "(200, 400, 800)": "(100, 200, 400)",
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
    "an error times two for a square": (
        "np.mean((old - y) ** 2)",
        "np.mean((old - y) * 2)",
        "distance from scikit-learn",
    ),
    "risk at the rows of the training": (
        "predict(table.X[500:])) - table.mean[500:]",
        "predict(table.X[:500])) - table.mean[:500]",
        "gradient descent minus exact",
    ),
    "slopes of the square": (
        "network.model(points).sum()",
        "network.model(points).pow(2).sum()",
        "mean slopes",
    ),
    "more steps than theory asks for": (
        "> 0.01 * ols.se",
        "> 0.009 * ols.se",
        "gap one step earlier",
    ),
    "risk at the wrong rows": ("table.mean[500:]", "table.mean[499:-1]", "OLS minus theory"),
}

# An unfairness, or a leak, put into the whole study: as above.
UNFAIR = {
    "least squares gets fifteen rows": (
        "labkit.fit_ols(table.X[:500], table.y[:500])",
        "labkit.fit_ols(table.X[:15], table.y[:15])",
        "network minus OLS, excess risk",
    ),
    "networks learn from the test rows too": (
        "[(t.X[:500], t.y[:500].reshape(-1, 1)) for t in tables]",
        "[(t.X, t.y.reshape(-1, 1)) for t in tables]",
        "networks: change without test outcomes",
    ),
    "trees learn from the test rows too": (
        "trees.fit(table.X[:500], table.y[:500])",
        "trees.fit(table.X, table.y)",
        "boosted_trees: change without test outcomes",
    ),
    "the trees have no depth to choose": (
        "depths, counts = (1, 2, 3)",
        "depths, counts = (3,)",
        "settings tried",
    ),
    "settings chosen on the tables of the verdict": (
        "seed=20",
        "seed=1",
        "boosted trees: tables for tuning",
    ),
}

OTHER_SEEDS = [
    ("make_network(seed=42)", "make_network(seed=1)"),
    ("make_network(seed=42)", "make_network(seed=2)"),
    ("seed=1", "seed=2"),
]


def table_with(
    mean: Callable[[Any], Any],
    noise_sd: float = 0.5,
    *,
    shift: float = 0,
    stream: Callable[[Any], Any] = lambda rng: rng,
    dress: Callable[[Any], Any] = lambda values: values,
) -> Callable[[Any], Any]:
    """Return what draws a table; `dress` says in what type its parts come."""

    def draw(rng: Any) -> labkit.LinearData:
        rng = stream(rng)
        X = rng.standard_normal((2500, 10))
        y = mean(X) + shift + noise_sd * rng.standard_normal(2500)
        X, y, truth = map(dress, (X, y, mean(X)))
        return labkit.LinearData(X, y, truth, beta=np.zeros(10), noise_sd=noise_sd)

    return draw


def v_shape(X: Any) -> Any:
    return 2 * (abs(X[:, 0]) - np.sqrt(2 / np.pi))


def outcome_as_a_column(rng: Any) -> labkit.LinearData:
    table = table_with(v_shape)(rng)
    return labkit.LinearData(table.X, table.y[:, None], table.mean, table.beta, table.noise_sd)


def signal_in_training_rows(X: Any) -> Any:
    return np.where(np.arange(2500) < 500, 5 * X[:, 0], 0)


def framed(values: Any) -> Any:
    return pd.DataFrame(values) if np.ndim(values) == 2 else pd.Series(values)


def residual(w: Any, X: Any, y: Any) -> Any:
    return y - X @ w


def gradient(w: Any, X: Any, y: Any, v: Any) -> Any:
    return -2 / len(y) * X.T @ (v * residual(w, X, y))


def by_rows(w: Any, X: Any, y: Any, v: Any, *, first: int = 0) -> Any:
    total = np.zeros(len(w))
    for i in range(first, len(y)):
        total -= 2 / len(y) * v[i] * (y[i] - X[i] @ w) * X[i]
    return total


def never_added_up(w: Any, X: Any, y: Any, v: Any) -> Any:
    total = np.zeros(len(w))
    for _ in range(len(y)):
        total + gradient(w, X, y, v)
    return total


def by_autograd(w: Any, X: Any, y: Any, v: Any) -> Any:
    w, X, y, v = map(torch.tensor, (w, X, y, v))
    (v * (y - X @ w.requires_grad_()) ** 2).mean().backward()
    return w.grad


# A wrong answer: the exercise, the answer, and what its check must say.
WRONG = {
    "a rate that changes nothing": ("learning_rate", lambda: 0.01, "still"),
    "a rate that is too large": ("learning_rate", lambda: 1.0, "not stable"),
    "a negative rate": ("learning_rate", lambda: -0.01, "positive"),
    "a number instead of a function": ("learning_rate", 0.02, "raised TypeError"),
    "the eigenvalues of the sum": (
        "learning_rate",
        lambda: 1 / np.linalg.eigvalsh(solved("01")["X"].T @ solved("01")["X"])[-1],
        "still",
    ),
    "just below the limit": (
        "learning_rate",
        lambda: 0.999 * labkit.largest_stable_lr(solved("01")["X"]),
        "still",
    ),
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
    "the residual at one place": (
        "weighted_gradient",
        lambda w, X, y, v: gradient(np.ones(10), X, y, v),
        "every row once",
    ),
    "the first row left out": ("weighted_gradient", partial(by_rows, first=1), "its length"),
    "a sum that stays zero": ("weighted_gradient", never_added_up, "it is zero"),
    "the number of rows of the lab's table": (
        "weighted_gradient",
        lambda w, X, y, v: -2 / 500 * X.T @ (v * residual(w, X, y)),
        "0.06 times the right one",
    ),
    "the sum of the weights for n": (
        "weighted_gradient",
        lambda w, X, y, v: -2 / v.sum() * X.T @ (v * residual(w, X, y)),
        "0.952 times the right one",
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
    "an outcome as a column": ("table", outcome_as_a_column, "y has shape (2500, 1)"),
    "a signal in the training rows alone": (
        "table",
        table_with(signal_in_training_rows),
        "OLS minus network",
    ),
    "one table for all seeds": (
        "table",
        table_with(v_shape, stream=lambda rng: np.random.default_rng(0)),
        "two seeds give one table",
    ),
    "a generator of its own": (
        "table",
        table_with(v_shape, stream=lambda rng: np.random.default_rng()),
        "one seed gives two tables",
    ),
    "noise that averages 0.3": ("table", table_with(v_shape, shift=0.3), "not 0.5"),
}


class Rate:
    """A learning rate that is asked for as a function is."""

    def __call__(self) -> Any:
        return np.array([0.03])


# A right answer in an unusual dress: the exercise, the answer.
RIGHT = {
    "an array of one number from an object that is called": ("learning_rate", Rate()),
    "a tensor": ("learning_rate", lambda: torch.tensor(0.03)),
    "a list of one number": ("learning_rate", lambda: [0.03]),
    "a partial": ("learning_rate", partial(np.float32, 0.03)),
    "the fastest rate in theory": (
        "learning_rate",
        lambda: 1 / (solved("01")["eigenvalues"][0] + solved("01")["eigenvalues"][-1]),
    ),
    "row by row": ("weighted_gradient", by_rows),
    "by autograd": ("weighted_gradient", by_autograd),
    "a diagonal matrix of weights": (
        "weighted_gradient",
        lambda w, X, y, v: 2 / len(y) * X.T @ np.diag(v) @ (X @ w - y),
    ),
    "in single precision": (
        "weighted_gradient",
        lambda *given: gradient(*(value.astype(np.float32) for value in given)),
    ),
    "a Series, by other names": (
        "weighted_gradient",
        lambda beta, Z, t, weight: pd.Series(gradient(beta, Z, t, weight)),
    ),
    "a table of tensors": ("table", table_with(v_shape, dress=torch.tensor)),
    "a table of pandas": ("table", table_with(v_shape, dress=framed)),
    "a table in single precision": (
        "table",
        table_with(v_shape, dress=lambda values: values.astype(np.float32)),
    ),
    "an interaction": ("table", table_with(lambda X: 2 * X[:, 0] * X[:, 1])),
    "a square": ("table", table_with(lambda X: X[:, 0] ** 2 - 1)),
}
