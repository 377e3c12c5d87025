"""Lab 10: how to make it quick, mistakes in its code, other seeds, wrong answers."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch

from course.cases import solved

# Changes no verdict.
QUICK = {
    "0.01, 300)": "0.01, 60)",
    "-5, 2.2, 80": "-5, 2.2, 9",
    "-0.3, 1.15, 80": "-0.3, 1.15, 9",
    "-0.04, 0.16, 80": "-0.04, 0.16, 9",
    "range(24)": "range(14)",
    "np.arange(-4, 1.5, 0.5)": "np.arange(-3, 1, 0.5)",
}

# A mistake: what stands in the lab, what stands there instead, and what the lab must say of it.
MISTAKES = {
    "Nesterov without the newest gradient": (
        '(g + mu * memory["u"])',
        '(mu * memory["u"])',
        "six rules by hand",
    ),
    "a sum of squares for their mean": (
        "(1 - alpha) * g**2",
        "g**2",
        "six rules by hand",
    ),
    "no bias correction of m": (
        'm_hat = memory["m"] / (1 - beta1**t)',
        'm_hat = memory["m"]',
        "six rules by hand",
    ),
    "decay in the gradient": (
        "adam((1 - lr * decay) * w, g, memory",
        "adam(w, g + decay * w, memory",
        "six rules by hand",
    ),
    "zero_grad forgotten": (
        "        optimizer.zero_grad()\n        (w @ H",
        "        (w @ H",
        "six rules by hand",
    ),
    "the factor of two forgotten": (
        "return 2 * (gram @ w - moment)",
        "return gram @ w - moment",
        "rate at the fastest lr",
    ),
    "another predicted factor": (
        "gd_rate = (kappa - 1) / (kappa + 1)",
        "gd_rate = (kappa - 1) / (kappa + 2)",
        "formula minus spectral radius",
    ),
    "the steps of another factor": (
        "np.log((kappa - 1) / (kappa + 1))",
        "np.log((kappa - 1) / kappa)",
        "steps to a millionth",
    ),
    "momentum's rate of gradient descent": (
        "heavy_lr = 4 / roots.sum() ** 2",
        "heavy_lr = best_lr",
        "momentum's rate, distance",
    ),
    "the limit without its two": (
        '"momentum": (momentum, 2 * (1 + mu) / largest_h)',
        '"momentum": (momentum, (1 + mu) / largest_h)',
        "momentum, factor 1 % above",
    ),
    "centred, not standardised": (
        "Z = (raw - raw.mean(axis=0)) / raw.std(axis=0)",
        "Z = raw - raw.mean(axis=0)",
        "κ standardised over correlations",
    ),
    "a valley turned on one side": (
        "R @ np.diag(h) @ R.T for",
        "np.diag(h) @ R.T for",
        "turned valley, gradient descent",
    ),
    "a grid that ends at a tenth": (
        "np.arange(-2, 0.75, 0.25)",
        "np.arange(-2, -0.75, 0.25)",
        "Adam turned, each at its best, κ = 25",
    ),
    "a long valley that is a short one": (
        "R @ np.diag(curves) @ R.T",
        "R @ np.diag(h) @ R.T",
        "each at its best, κ = 1000",
    ),
    "another truth in the tables": (
        "- 1.5 + 1.5 * X[:, 1]",
        "- 1.5 + 0.75 * X[:, 1]",
        "tables, distance from their truth",
    ),
    "momentum that is none": (
        '"momentum": partial(optim.SGD, momentum=0.9)',
        '"momentum": partial(optim.SGD, momentum=0.0)',
        "best loss, momentum minus SGD: standardised",
    ),
}

# An unequal effort in the whole study.
UNFAIR = {
    "SGD without its largest rates": (
        '"lr": lr, "epochs"',
        '"lr": min(lr, 0.1) if name == "SGD" else lr, "epochs"',
        "good rates, Adam minus SGD: standardised, own best",
    ),
    "half the steps for SGD": (
        '"epochs": budget}',
        '"epochs": budget // (1 + (name == "SGD"))}',
        "out-of-bounds",
    ),
    "each by its own best, whatever is asked": (
        'own if best == "own" else (either, either)',
        "own",
        "good rates, Adam minus SGD: mixed units, either best",
    ),
}

OTHER_SEEDS = [
    ("default_rng(seed)", "default_rng(seed + 100)"),
    ("torch.manual_seed(seed)", "torch.manual_seed(seed + 100)"),
]


def walk(gradient: Any, start: Any, lr: float, mu: float, steps: int, ahead: float) -> Any:
    """Return the path of momentum whose gradient is taken at w + ahead * d."""
    w, d, path = start, np.zeros_like(start), [start]
    for _ in range(steps):
        d = mu * d - lr * gradient(w + ahead * d)
        w = w + d
        path.append(w)
    return np.array(path)


def one_array(gradient: Any, start: Any, lr: float, mu: float, steps: int) -> Any:
    """Return a path whose points are all the last one."""
    w, d, path = start, np.zeros_like(start), [start]
    for _ in range(steps):
        d = mu * d - lr * gradient(w + mu * d)
        w += d
        path.append(w)
    return path


def of_the_lab(gradient: Any, start: Any, lr: float, mu: float, steps: int) -> Any:
    """Return the points ahead, by the lab's own rule."""
    rule = partial(solved("10")["nesterov"], mu=mu)
    return solved("10")["descend"](rule, gradient, start, lr, steps)


def brought_back(gradient: Any, start: Any, lr: float, mu: float, steps: int) -> Any:
    """Return the path, from the points ahead."""
    path = [start]
    for ahead in of_the_lab(gradient, start, lr, mu, steps)[1:]:
        path.append((ahead + mu * path[-1]) / (1 + mu))
    return torch.tensor(np.array(path))


def velocity(slope: Any, first: Any, rate: float, momentum: float, count: int) -> Any:
    """Return the path in an array made before, by a velocity without the rate."""
    path, v = np.zeros((count + 1, len(first))), 0 * first
    path[0] = first
    for k in range(count):
        v = momentum * v + slope(path[k] - rate * momentum * v)
        path[k + 1] = path[k] - rate * v
    return path


def ends(X: Any) -> Any:
    """Return the smallest and the largest eigenvalue of X'X/n."""
    values = np.linalg.svd(np.asarray(X), compute_uv=False) ** 2 / len(X)
    return values[-1], values[0]


def fastest(X: Any) -> Any:
    low, high = ends(X)
    return 1 / (low + high), (high - low) / (high + low)


def fastest_in_torch(X: Any) -> Any:
    X = torch.tensor(X, dtype=torch.float32)
    values = torch.linalg.eigvalsh(X.T @ X / len(X))
    total = values[0] + values[-1]
    return torch.stack([1 / total, (values[-1] - values[0]) / total])


def fastest_by_condition(X: Any) -> Any:
    kappa = np.linalg.cond(X) ** 2
    return [len(X) / np.linalg.norm(X, 2) ** 2 / (1 + 1 / kappa), (kappa - 1) / (kappa + 1)]


def price(losses: Any, tuning: Any, *, choose: Any = np.mean, sums: Any = np.mean) -> Any:
    """Return the mean loss above a table's own lowest, at the rate chosen by these tables."""
    chosen = choose(losses[:, tuning], axis=1).argmin()
    rest = np.delete(losses, tuning, axis=1)
    return sums(rest[chosen] - rest.min(axis=0))


def price_in_pandas(losses: Any, tuning: Any) -> Any:
    table = pd.DataFrame(losses)
    rate, rest = table[list(tuning)].mean(axis=1).idxmin(), table.drop(columns=list(tuning))
    return (rest.loc[rate] - rest.min()).mean()


def price_in_torch(losses: Any, tuning: Any) -> Any:
    losses = torch.tensor(losses, dtype=torch.float32)
    rest = [k for k in range(losses.shape[1]) if k not in tuning]
    rate = losses[:, tuning].mean(dim=1).argmin()
    return (losses[rate, rest] - losses[:, rest].amin(dim=0)).mean()


def price_by_loops(losses: Any, tuning: Any) -> Any:
    totals = [sum(row[k] for k in tuning) for row in losses]
    rate = totals.index(min(totals))
    rest = [k for k in range(len(losses[0])) if k not in tuning]
    return [sum(losses[rate][k] - min(row[k] for row in losses) for k in rest) / len(rest)]


def right(name: str) -> Any:
    """Return the lab's own solution."""
    return solved("10")[f"solved_{name}"]


# A wrong answer: the exercise, the answer, and what its check must say.
WRONG: dict[str, tuple[str, Any, str]] = {
    "the limit of stability": (
        "fastest",
        lambda X: (1 / ends(X)[1], fastest(X)[1]),
        "the error does not shrink",
    ),
    "eigenvalues of the Hessian": (
        "fastest",
        lambda X: (fastest(X)[0] / 2, fastest(X)[1]),
        "one 3 % larger is faster",
    ),
    "not divided by n": (
        "fastest",
        lambda X: (fastest(X)[0] / len(X), fastest(X)[1]),
        "one 3 % larger is faster",
    ),
    "the Hessian's formula for X'X/n": (
        "fastest",
        lambda X: (2 * fastest(X)[0], fastest(X)[1]),
        "the error does not shrink",
    ),
    "one over the trace": (  # with two columns it is right
        "fastest",
        lambda X: (len(X) / (X**2).sum(), fastest(X)[1]),
        "one 3 % larger is faster",
    ),
    "the lab's own design": (
        "fastest",
        lambda X: (solved("10")["best_lr"], solved("10")["gd_rate"]),
        "the error does not shrink",
    ),
    "the condition number of X": (
        "fastest",
        lambda X: (fastest(X)[0], (np.linalg.cond(X) - 1) / (np.linalg.cond(X) + 1)),
        "its factor a step is off",
    ),
    "the rate alone": ("fastest", lambda X: fastest(X)[0], "two numbers are asked for"),
    "a factor for each eigenvalue": (
        "fastest",
        lambda X: (fastest(X)[0], np.linalg.eigvalsh(X.T @ X / len(X))),
        "two numbers are asked for",
    ),
    "the lab's own gradient": (
        "nesterov",
        lambda gradient, start, lr, mu, steps: walk(
            solved("10")["uphill"], start, lr, mu, steps, mu
        ),
        "never calls the `gradient`",
    ),
    "another gradient of the lab": (
        "nesterov",
        lambda gradient, start, lr, mu, steps: walk(
            solved("10")["mse_gradient"], start, lr, mu, steps, mu
        ),
        "never calls the `gradient`",
    ),
    "the lab's own start": (
        "nesterov",
        lambda gradient, start, *rest: walk(
            gradient, solved("10")["starts"]["along the axes"], *rest, rest[1]
        ),
        "it doesn't begin at `start`",
    ),
    "forty steps": (
        "nesterov",
        lambda gradient, start, lr, mu, steps: walk(gradient, start, lr, mu, 40, mu),
        "after 7 steps",
    ),
    "one array for all points": ("nesterov", one_array, "the same array"),
    "the points ahead": ("nesterov", of_the_lab, "the first step"),
    "plain momentum": (
        "nesterov",
        lambda gradient, start, lr, mu, steps: walk(gradient, start, lr, mu, steps, 0.0),
        "plain momentum",
    ),
    "a look behind": (
        "nesterov",
        lambda gradient, start, lr, mu, steps: walk(gradient, start, lr, mu, steps, -mu),
        "from the second step on",
    ),
    "a look too far ahead": (
        "nesterov",
        lambda gradient, start, lr, mu, steps: walk(gradient, start, lr, mu, steps, 1.0),
        "from the second step on",
    ),
    "the start left out": (
        "nesterov",
        lambda gradient, start, lr, mu, steps: walk(gradient, start, lr, mu, steps, mu)[1:],
        "shape",
    ),
    "the tuning tables counted": (
        "price",
        lambda losses, tuning: (
            losses[losses[:, tuning].mean(axis=1).argmin()] - losses.min(axis=0)
        ).mean(),
        "counts the tables that were tuned on",
    ),
    "chosen on all tables": (
        "price",
        lambda losses, tuning: (losses[losses.mean(axis=1).argmin()] - losses.min(axis=0))[
            [k for k in range(losses.shape[1]) if k not in tuning]
        ].mean(),
        "the rate is chosen on all tables",
    ),
    "the loss, not the loss above the lowest": (
        "price",
        lambda losses, tuning: np.delete(losses, tuning, axis=1)[
            losses[:, tuning].mean(axis=1).argmin()
        ].mean(),
        "own lowest loss is not taken off",
    ),
    "tuned and compared the wrong way round": (
        "price",
        lambda losses, tuning: price(
            losses, [k for k in range(losses.shape[1]) if k not in tuning]
        ),
        "on tables 0, 2 it is",
    ),
    "by the median": ("price", partial(price, choose=np.median), "by mean losses?"),
    "by the best of the tuning tables": (
        "price",
        partial(price, choose=np.min),
        "the rate is chosen on the other tables",
    ),
    "the first three tables, whatever is asked": (
        "price",
        lambda losses, tuning: price(losses, [0, 1, 2][: len(tuning)]),
        "on tables 0, 2 it is",
    ),
    "the lab's own losses": (
        "price",
        lambda losses, tuning: price(solved("10")["final"]["mixed units", "SGD"], tuning),
        "on tables 0, 2 it is",
    ),
    "a price for each table": ("price", partial(price, sums=np.asarray), "one number is asked for"),
    "the sum of the prices": ("price", partial(price, sums=np.sum), "on tables 0, 2 it is"),
}

# A right answer in an unusual dress: the exercise, and the answer.
RIGHT: dict[str, tuple[str, Any]] = {
    "by singular values": ("fastest", fastest),
    "a tensor in single precision": ("fastest", fastest_in_torch),
    "a list, by the condition number": ("fastest", fastest_by_condition),
    "a Series": ("fastest", lambda X: pd.Series(fastest(X), ["lr", "factor"])),
    "a path in an array made before": ("nesterov", velocity),
    "a path in single precision": (
        "nesterov",
        lambda gradient, start, lr, mu, steps: np.float32(walk(gradient, start, lr, mu, steps, mu)),
    ),
    "a list of points": (
        "nesterov",
        lambda gradient, start, lr, mu, steps: list(walk(gradient, start, lr, mu, steps, mu)),
    ),
    "a tensor, from the points ahead": ("nesterov", brought_back),
    "by pandas": ("price", price_in_pandas),
    "a price in torch, in single precision": ("price", price_in_torch),
    "by loops, in a list": ("price", price_by_loops),
}
