"""Lab 4: how to make it quick, mistakes in its code, other seeds, wrong answers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy import special, stats

from course.cases import solved

# Changes no verdict.
QUICK = {"range(1500)": "range(1000)", "epochs=1500": "epochs=1000"}

# A mistake: what stands in the lab, what stands there instead, and what the lab must say of it.
MISTAKES = {
    "sd for the variance": (
        "norm.logpdf(outcome, mean, sd)",
        "norm.logpdf(outcome, mean, sd**2)",
        "likelihood over MSE",
    ),
    "the largest logit not added back": (
        "-(z[c] - m) + np.log",
        "-z[c] + np.log",
        "log-sum-exp, largest",
    ),
    "the class shifted by one": (
        "torch.tensor([0]))\nprint",
        "torch.tensor([1]))\nprint",
        "cross-entropy, distance",
    ),
    "softmax for K outcomes": (
        "expit(z.numpy())",
        "torch.softmax(z, 0).numpy()",
        "three Bernoullis",
    ),
    "a factor in the gradient": (
        "gradient = 2 * (w - 1)",
        "gradient = w - 1",
        "six steps, distance from the closed",
    ),
    "zero_grad forgotten in the fit": (
        "    optimizer.zero_grad()\n    loss = bce_with_logits(by_hand",
        "    loss = bce_with_logits(by_hand",
        "full-batch loop",
    ),
    "a factor forgotten in the normal likelihood": (
        "np.mean((outcome - poor) ** 2) - np.mean",
        "np.sum((outcome - poor) ** 2) - np.sum",
        "likelihood over MSE",
    ),
    "the deviance without its 2": (
        "deviance = -2 *",
        "deviance = -1 *",
        "distance from the deviance",
    ),
    "zero_grad forgotten in the batches": (
        "        optimizer.zero_grad()\n        loss = bce",
        "        loss = bce",
        "mini-batch loop",
    ),
    "batches with replacement": (
        "rng.permuted(np.tile(np.arange(n), (4000, 1)), axis=1)",
        "rng.integers(n, size=(4000, n))",
        "standard error of a batch gradient over theory",
    ),
    "the finite population forgotten": (
        "theory = S / np.sqrt(sizes) * np.sqrt(1 - sizes / n)",
        "theory = S / np.sqrt(sizes)",
        "standard error of a batch gradient over theory",
    ),
    "the sign of the logistic gradient": (
        "X.T @ (expit(X @ w) - y) / n",
        "X.T @ (y - expit(X @ w)) / n",
        "BCE gradient",
    ),
    "no bias correction of v": ("v_hat = v / (1 - beta2**t)", "v_hat = v", "Adam, distance"),
    "the descent's rate upside down": (
        "descent[-1] - 4 * gradient_at",
        "descent[-1] - 4 / gradient_at",
        "descent in the map",
    ),
    "the new unit forgotten": (
        "table = X * [1, factor_x2]",
        "table = X * 1",
        "ratio of the curvatures",
    ),
}

# A comparison of unequals.
UNFAIR = {
    "a ridge penalty left in": ("C=np.inf", "C=1.0", "minus scikit-learn's"),
    "one side's fit cut short": ("lr=4, epochs=1000", "lr=4, epochs=100", "minus scikit-learn's"),
}

OTHER_SEEDS = [
    ("default_rng(5)", "default_rng(6)"),
    ("torch.manual_seed(1)", "torch.manual_seed(2)"),
]


def planned(
    variance_of: Callable[[Any], Any],
    *,
    corrected: bool = True,
    power: int = 2,
    to_whole: Callable[[Any], Any] = lambda b: int(np.ceil(b)),
) -> Callable[..., Any]:
    """Return a batch size from what stands for the variance of a row's gradient."""

    def batch_size(rows: Any, delta: Any) -> Any:
        wanted = delta**power * (rows.mean(axis=0) ** 2).sum() / variance_of(rows)
        return to_whole(1 / (wanted + corrected / len(rows)))

    return batch_size


def total_variance(rows: Any) -> Any:
    return rows.var(axis=0, ddof=1).sum()


def half_deviance(z: Any, y: Any) -> Any:
    return np.mean(special.xlogy(y, y / np.exp(z)) - (y - np.exp(z)))


def of_torch(**options: Any) -> Callable[..., Any]:
    def loss(z: Any, y: Any) -> Any:
        z, y = torch.tensor(z), torch.tensor(y)
        return torch.nn.functional.poisson_nll_loss(z, y, **options)

    return loss


def in_place(w: Any, u: Any, g: Any, lr: Any, momentum: Any) -> Any:
    u *= momentum
    u += g
    w -= lr * u
    return w, u


def rate_in_velocity(w: Any, u: Any, g: Any, lr: Any, momentum: Any) -> Any:
    u = momentum * u + lr * g
    return w - u, u


def entry_by_entry(weights: Any, velocity: Any, gradient: Any, rate: Any, mu: Any = 0.9) -> Any:
    new = [mu * v + g for v, g in zip(velocity, gradient, strict=True)]
    return [[w - rate * v for w, v in zip(weights, new, strict=True)], new]


def momentum_in(dtype: Any) -> Callable[..., Any]:
    def step(w: Any, u: Any, g: Any, lr: Any, momentum: Any) -> Any:
        w, u, g = (torch.tensor(value, dtype=dtype) for value in (w, u, g))
        u = momentum * u + g
        return w - lr * u, u

    return step


def tried_one_by_one(rows: Any, delta: Any) -> Any:
    """Return the first size that does, by the trace of the covariance matrix."""
    spread, length = np.trace(np.cov(rows.T)), np.linalg.norm(rows.mean(axis=0))
    sizes = range(1, len(rows) + 1)
    does = (b for b in sizes if spread * (1 / b - 1 / len(rows)) <= (delta * length) ** 2)
    return torch.tensor(next(does, len(rows)))


# A wrong answer: the exercise, the answer, and what its check must say.
WRONG = {
    "momentum as in Adam": (
        "momentum_step",
        lambda w, u, g, lr, mu: (w - lr * (mu * u + (1 - mu) * g), mu * u + (1 - mu) * g),
        "the learning rate or the sign",
    ),
    "uphill": (
        "momentum_step",
        lambda w, u, g, lr, mu: (w + lr * (mu * u + g), mu * u + g),
        "the learning rate or the sign",
    ),
    "the velocity not kept": (
        "momentum_step",
        lambda w, u, g, lr, mu: (w - lr * (mu * u + g), u),
        "torch's velocity",
    ),
    "the old velocity": (
        "momentum_step",
        lambda w, u, g, lr, mu: (w - lr * (mu * g + g), mu * u + g),
        "the learning rate or the sign",
    ),
    "Nesterov's momentum": (
        "momentum_step",
        lambda w, u, g, lr, mu: (w - lr * (g + mu * (mu * u + g)), mu * u + g),
        "the learning rate or the sign",
    ),
    "the learning rate in the velocity": (
        "momentum_step",
        rate_in_velocity,
        "off torch's velocity",
    ),
    "one learning rate for all": (
        "momentum_step",
        lambda w, u, g, lr, mu: (w - 2 * (mu * u + g), mu * u + g),
        "lr, which has changed",
    ),
    "one momentum for all": (
        "momentum_step",
        lambda w, u, g, lr, mu: (w - lr * (0.8 * u + g), 0.8 * u + g),
        "momentum, which has changed",
    ),
    "velocity and weights changed about": (
        "momentum_step",
        lambda w, u, g, lr, mu: (mu * u + g, w - lr * (mu * u + g)),
        "the learning rate or the sign",
    ),
    "the length of the velocity": (
        "momentum_step",
        lambda w, u, g, lr, mu: (w - lr * (mu * u + g), np.linalg.norm(mu * u + g)),
        "the new u has shape ()",
    ),
    "only one result": ("momentum_step", lambda w, u, g, lr, mu: w - lr * (mu * u + g), "shape"),
    "the log-likelihood itself": ("poisson_loss", lambda z, y: np.mean(y * z - np.exp(z)), "sign"),
    "the sum of the counts' losses": (
        "poisson_loss",
        lambda z, y: np.sum(np.exp(z) - y * z),
        "a sum, not a mean",
    ),
    "z taken for the mean": ("poisson_loss", lambda z, y: np.mean(z - y * z), "changes by"),
    "one loss a row": ("poisson_loss", lambda z, y: np.exp(z) - y * z, "shape"),
    "log y! kept": (
        "poisson_loss",
        lambda z, y: -np.mean(stats.poisson.logpmf(y, np.exp(z))),
        "log y!",
    ),
    "half the deviance": ("poisson_loss", half_deviance, "off at each z"),
    "17 added": (
        "poisson_loss",
        lambda z, y: np.mean(np.exp(z) - y * z) + 17,
        "17 off at each z",
    ),
    "the deviance": ("poisson_loss", lambda z, y: 2 * half_deviance(z, y), "changes by"),
    "log y! in Stirling's form": ("poisson_loss", of_torch(full=True), "off at each z"),
    "half the loss": (
        "poisson_loss",
        lambda z, y: np.mean(np.exp(z) - y * z) / 2,
        "changes by",
    ),
    "five rows whatever n": (
        "poisson_loss",
        lambda z, y: np.sum(np.exp(z) - y * z) / 5,
        "changes by",
    ),
    "counts above zero alone": (
        "poisson_loss",
        lambda z, y: np.mean((np.exp(z) - y * z)[y > 0]),
        "changes by",
    ),
    "no finite-population correction": (
        "batch_size",
        planned(total_variance, corrected=False),
        "can't be drawn",
    ),
    "one entry's variance": ("batch_size", planned(lambda rows: rows[:, 0].var()), "the error is"),
    "all the rows": ("batch_size", lambda rows, delta: len(rows), "one row less"),
    "n for n - 1": ("batch_size", planned(lambda rows: rows.var(axis=0).sum()), "the error is"),
    "rounded down": ("batch_size", planned(total_variance, to_whole=int), "the error is"),
    "rounded to the nearest": (
        "batch_size",
        planned(total_variance, to_whole=round),
        "the error is",
    ),
    "the tolerance not squared": ("batch_size", planned(total_variance, power=1), "the error is"),
    "two entries whatever k": (
        "batch_size",
        lambda rows, delta: planned(total_variance)(rows[:, :2], delta),
        "one row less",
    ),
    "half a row": ("batch_size", lambda rows, delta: 7.5, "whole number"),
    "more rows than there are": ("batch_size", lambda rows, delta: 99, "can't be drawn"),
}

# A right answer in an unusual dress: the exercise, the answer.
RIGHT = {
    "in place": ("momentum_step", in_place),
    "entry by entry, by other names, a list": ("momentum_step", entry_by_entry),
    "tensors": ("momentum_step", momentum_in(torch.float64)),
    "momentum in single precision": ("momentum_step", momentum_in(torch.float32)),
    "torch's loss": ("poisson_loss", of_torch()),
    "scipy's, with log y! taken out": (
        "poisson_loss",
        lambda z, y: -np.mean(stats.poisson.logpmf(y, np.exp(z)) + special.gammaln(y + 1)),
    ),
    "a loop, in a list": (
        "poisson_loss",
        lambda z, y: [sum(np.exp(a) - b * a for a, b in zip(z, y, strict=True)) / len(z)],
    ),
    "the loss in single precision": (
        "poisson_loss",
        lambda z, y: (np.exp(z.astype(np.float32)) - np.float32(y) * np.float32(z)).mean(),
    ),
    "a Series": ("poisson_loss", lambda z, y: pd.Series(np.exp(z) - y * z).mean()),
    "tried one by one, a tensor": ("batch_size", tried_one_by_one),
    "a whole number of type float": ("batch_size", planned(total_variance, to_whole=np.ceil)),
    "the next whole number": ("batch_size", planned(total_variance, to_whole=lambda b: int(b) + 1)),
    "rows in single precision": (
        "batch_size",
        lambda rows, delta: solved("04")["solved_batch_size"](rows.astype(np.float32), delta),
    ),
    "an array of one number": (
        "batch_size",
        planned(total_variance, to_whole=lambda b: np.array([[np.ceil(b)]])),
    ),
}
