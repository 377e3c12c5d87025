"""Lab 4: how to make it quick, mistakes in its code, other seeds, wrong answers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

# Changes no verdict.
QUICK = {"range(24)": "range(8)", "np.arange(-4, 1.5, 0.5)": "np.arange(-3.0, 1.0)"}

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
    "a ridge penalty left in": ("C=np.inf", "C=1.0", "distance from sklearn"),
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
        "standard error over theory",
    ),
    "the finite population forgotten": (
        "theory = S / np.sqrt(sizes) * np.sqrt(1 - sizes / n)",
        "theory = S / np.sqrt(sizes)",
        "standard error over theory",
    ),
    "the sign of the logistic gradient": (
        "X.T @ (expit(X @ w) - y) / n",
        "X.T @ (y - expit(X @ w)) / n",
        "BCE gradient",
    ),
    "no bias correction of v": ("v_hat = v / (1 - beta2**t)", "v_hat = v", "Adam, distance"),
    "Adam at a thousandth of each rate": (
        '"lr": lr}',
        '"lr": lr / (1 + 999 * (optimizer == "adam"))}',
        "Adam's, standardised",
    ),
}

OTHER_SEEDS = [
    ("default_rng(seed)", "default_rng(seed + 100)"),
    ("torch.manual_seed(seed)", "torch.manual_seed(seed + 100)"),
    ("default_rng(5)", "default_rng(6)"),
]


def planned(variance_of: Callable[[Any], float], *, corrected: bool = True) -> Callable[..., int]:
    """Return a batch size from what stands for the variance of a row's gradient."""

    def batch_size(rows: Any, delta: float) -> int:
        wanted = delta**2 * (rows.mean(axis=0) ** 2).sum() / variance_of(rows)
        return int(np.ceil(1 / (wanted + corrected / len(rows))))

    return batch_size


def delta(change: str) -> Callable[..., float]:
    def answer(g: Any, beta: Any, covariance: Any) -> float:
        v = torch.func.grad(g)(beta * 0 + 1 if change == "place" else beta)
        covariance = torch.diag(torch.diag(covariance)) if change == "diagonal" else covariance
        variance = (v @ covariance @ v).item()
        return variance if change == "root" else variance**0.5

    return answer


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
        "the velocity",
    ),
    "the old velocity": (
        "momentum_step",
        lambda w, u, g, lr, mu: (w - lr * (mu * g + g), mu * u + g),
        "the learning rate or the sign",
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
        lambda z, y: np.mean(np.exp(z) - y * z + np.log([1, 1, 6, 2, 5040])),
        "log y!",
    ),
    "no finite-population correction": (
        "batch_size",
        planned(lambda rows: rows.var(axis=0).sum(), corrected=False),
        "one row less",
    ),
    "one entry's variance": ("batch_size", planned(lambda rows: rows[:, 0].var()), "the error is"),
    "all the rows": ("batch_size", lambda rows, delta: len(rows), "one row less"),
    "half a row": ("batch_size", lambda rows, delta: 7.5, "whole number"),
    "more rows than there are": ("batch_size", lambda rows, delta: 99, "cannot be drawn"),
}
