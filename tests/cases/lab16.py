"""Lab 16: how to make it quick, mistakes in its code, other seeds, wrong answers."""

from bisect import bisect_left
from typing import Any

import numpy as np
import torch

from course.cases import solved

# What makes the lab quick and changes no verdict.
QUICK = {
    "steps=1500": "steps=250",
    "{3: 0.1, 10: 0.025, 30: 0.015}": "{3: 0.3, 10: 0.1, 30: 0.06}",
    "steps, until, checkpoint = 40_000, 60, None": "steps, until, checkpoint = 40_000, 20, None",
    "tables, fitted, n_jobs = 4, 2, 1": "tables, fitted, n_jobs = 2, 2, 1",
    '["50 rows", "heavy tails"]': '["50 rows"]',
    '{"trees": trees}, {"network of lab 1": usual_networks}': '{"trees": trees}, {}',
}

# A mistake: what stands in the lab, what stands there instead, and what the lab must say of it.
MISTAKES = {
    "scores that are not divided": (
        "scores = query @ key.T / np.sqrt(key.shape[1])",
        "scores = query @ key.T",
        "attention minus Nadaraya",
    ),
    "a mask that hides nothing": (
        "np.where(seen, scores, -np.inf)",
        "np.where(seen, scores, scores)",
        "attention minus R's",
    ),
    "a key without its half": (
        "-(x**2) / (2 * h**2)",
        "-(x**2) / h**2",
        "attention minus Nadaraya",
    ),
    "R's bandwidth taken for quartiles": (
        "r_constant = 0.3706506",
        "r_constant = 0.25",
        "attention minus R's",
    ),
    "a posterior without its prior": (
        "precision = 1 + (x**2)",
        "precision = (x**2)",
        "exact mean minus Gaussian process",
    ),
    "a predictive without its noise": (
        "slope * x_new, noise_sd**2 + x_new**2 / precision",
        "slope * x_new, x_new**2 / precision",
        "exact variance minus Gaussian process",
    ),
    "the distance the other way round": (
        "np.log(var / exact_var)",
        "np.log(exact_var / var)",
        "distance minus its integral",
    ),
    "an average of models without their prior": (
        "P = P + np.eye(A.shape[1])",
        "P = P + 1e-9 * np.eye(A.shape[1])",
        "average over models minus a grid",
    ),
    "scores divided by d": (
        "query @ key.mT / math.sqrt(key.shape[-1])",
        "query @ key.mT / key.shape[-1]",
        "attend minus torch's",
    ),
    "new rows that see one another": (
        "self.attention(normed, normed[:, :n])",
        "self.attention(normed, normed)",
        "network, a new row alone",
    ),
    "a context whose outcomes are not read": (
        "known = self.read_x(X) + self.read_y(y[..., None])",
        "known = self.read_x(X)",
        "network, when outcomes change",
    ),
    "another prior": (
        "2.0 ** torch.randint(-2, 2,",
        "2.0 ** torch.randint(0, 4,",
        "training, here and stored",
    ),
    "an interval of another level": (
        "stats.t.ppf(0.975, free)",
        "stats.t.ppf(0.95, free)",
        "OLS, here and stored",
    ),
    "a verdict upside down": (
        'risk["stored network"] / risk[rival]',
        'risk[rival] / risk["stored network"]',
        "stored network over OLS, 100 rows",
    ),
}

# A leak or an unfairness in a whole study, in the same form.
UNFAIR = {
    "a context with the rows that are asked": (
        "one_pass(stored, X[:, :n], y[:, :n], X[:, n:])",
        "one_pass(stored, X[:, n:], y[:, n:], X[:, n:])",
        "stored network, here and stored",
    ),
    "trees chosen by the new rows": (
        "return np.mean((predict(X[:cut]) - y[:cut]) ** 2)",
        "return -np.mean((predict(X[n:]) - y[n:]) ** 2)",
        "trees, here and stored",
    ),
    "a diabetes patient on both sides": (
        "return np.flatnonzero(fold != k), np.flatnonzero(fold == k)",
        "return np.flatnonzero(fold >= 0), np.flatnonzero(fold == k)",
        "least squares here over lab 7's",
    ),
}

# Must change no verdict: a stand-in for another processor or release.
OTHER_SEEDS = [
    ("torch.manual_seed(16)\nnetwork =", "torch.manual_seed(17)\nnetwork ="),
    ("line_tables(2000, n, seed=n)", "line_tables(2000, n, seed=n + 100)"),
]


def lab(name):
    """Return what the lab calls so."""
    return solved("16")[name]


def smooth(x, y, h, seen=True):
    return lab("attention")(*lab("gaussian")(x, x, h), y, seen=seen)


def without(x, y, h):
    """Drop each point in turn."""
    kept = [np.delete(np.arange(len(x)), i) for i in range(len(x))]
    smoother = lab("nadaraya_watson")
    return [smoother(x[[i]], x[k], y[k], h)[0] for i, k in enumerate(kept)]


def by_its_own_weight(x, y, h):
    """Take each point's own share out of the smoothed value."""
    own = np.diag(smooth(x, np.eye(len(x)), h))
    return (smooth(x, y, h) - own * y) / (1 - own)


def loo_in_torch(x, y, h):
    x, y = torch.tensor(x), torch.tensor(y)
    weights = torch.exp(-((x[:, None] - x) ** 2) / (2 * h**2))
    weights.fill_diagonal_(0)
    return weights @ y / weights.sum(dim=1)


def predictive(X, y, X_new, noise_sd, *, prior=1.0, noise=None, scale=None):
    A = prior * np.eye(X.shape[1]) + X.T @ X / (scale or noise_sd**2)
    mean = np.linalg.solve(A, X.T @ y / (scale or noise_sd**2))
    of_mean = ((X_new @ np.linalg.inv(A)) * X_new).sum(axis=1)
    return X_new @ mean, of_mean + (noise_sd**2 if noise is None else noise)


def as_a_process(X, y, X_new, noise_sd):
    """Return the same by the kernel of the rows."""
    K = X @ X.T + noise_sd**2 * np.eye(len(X))
    cross = X_new @ X.T
    of_mean = np.diag(X_new @ X_new.T - cross @ np.linalg.solve(K, cross.T))
    return cross @ np.linalg.solve(K, y), of_mean + noise_sd**2


def row_by_row(X, y, X_new, noise_sd):
    A = np.eye(X.shape[1]) + X.T @ X / noise_sd**2
    slopes = np.linalg.solve(A, X.T @ y / noise_sd**2)
    means = [float(row @ slopes) for row in X_new]
    return means, [float(noise_sd**2 + row @ np.linalg.solve(A, row)) for row in X_new]


def predictive_in_torch(X, y, X_new, noise_sd):
    X, y, X_new = (torch.tensor(part) for part in (X, y, X_new))
    A = torch.eye(X.shape[1], dtype=X.dtype) + X.T @ X / noise_sd**2
    inverse = torch.linalg.inv(A)
    of_mean = torch.einsum("ij,jk,ik->i", X_new, inverse, X_new)
    return X_new @ inverse @ X.T @ y / noise_sd**2, noise_sd**2 + of_mean


def needed(mean, sd, y):
    return np.sort(np.abs(y - mean) / sd)


def one_candidate_after_the_other(mean, sd, y, level):
    for c in needed(mean, sd, y):
        if np.mean(np.abs(y - mean) / sd <= c) >= level:
            return c
    raise AssertionError


def by_bisection(mean, sd, y, level):
    """Count with whole numbers."""
    factors = needed(mean, sd, y)
    return factors[bisect_left(range(1, len(y) + 1), level * len(y) - 1e-9)]


# A wrong answer: the exercise, the answer, and what its check must say.
WRONG: dict[str, tuple[str, Any, str]] = {
    "no mask": ("leave_one_out", smooth, "still sees itself"),
    "each sees itself alone": (
        "leave_one_out",
        lambda x, y, h: smooth(x, y, h, np.eye(len(x), dtype=bool)),
        "off a loop",
    ),
    "residuals": (
        "leave_one_out",
        lambda x, y, h: y - np.array(without(x, y, h)),
        "off a loop",
    ),
    "half the bandwidth": (
        "leave_one_out",
        lambda x, y, h: without(x, y, h / 2),
        "off a loop",
    ),
    "one number": (
        "leave_one_out",
        lambda x, y, h: np.mean((y - np.array(without(x, y, h))) ** 2),
        "give the shape",
    ),
    "the mean's variance alone": (
        "predictive",
        lambda *a: predictive(*a, noise=0),
        "without the noise",
    ),
    "no prior": ("predictive", lambda *a: predictive(*a, prior=0), "its mean is"),
    "noise that is not squared": (
        "predictive",
        lambda X, y, X_new, sd: predictive(X, y, X_new, sd, scale=sd),
        "its mean is",
    ),
    "a standard deviation": (
        "predictive",
        lambda *a: (predictive(*a)[0], np.sqrt(predictive(*a)[1])),
        "its variance is",
    ),
    "columns": (
        "predictive",
        lambda *a: tuple(part[:, None] for part in predictive(*a)),
        "five new rows give",
    ),
    "a quantile between two": (
        "widening",
        lambda mean, sd, y, level: np.quantile(needed(mean, sd, y), level),
        "asked",
    ),
    "the normal quantile": ("widening", lambda mean, sd, y, level: 1.2, "asked"),
    "wide enough for all": (
        "widening",
        lambda mean, sd, y, level: needed(mean, sd, y)[-1],
        "a smaller factor",
    ),
    "without the standard deviations": (
        "widening",
        lambda mean, sd, y, level: needed(mean, 1, y)[int(np.ceil(level * len(y))) - 1],
        "a smaller factor",
    ),
    "one more for luck": (
        "widening",
        lambda mean, sd, y, level: needed(mean, sd, y)[int(np.ceil(level * len(y)))],
        "a smaller factor",
    ),
}

# A right answer in an unusual dress: the exercise and the answer.
RIGHT: dict[str, tuple[str, Any]] = {
    "each point dropped, a list": ("leave_one_out", without),
    "its own weight taken out": ("leave_one_out", by_its_own_weight),
    "leave one out in torch": ("leave_one_out", loo_in_torch),
    "as a Gaussian process": ("predictive", as_a_process),
    "row by row, in lists": ("predictive", row_by_row),
    "predictive in torch": ("predictive", predictive_in_torch),
    "the inverse of the distribution function": (
        "widening",
        lambda mean, sd, y, level: np.quantile(needed(mean, sd, y), level, method="inverted_cdf"),
    ),
    "one candidate after the other": ("widening", one_candidate_after_the_other),
    "by bisection": ("widening", by_bisection),
    "widening in torch": (
        "widening",
        lambda mean, sd, y, level: (
            torch.tensor(np.abs(y - mean) / sd).kthvalue(int(np.ceil(level * len(y)))).values
        ),
    ),
}
