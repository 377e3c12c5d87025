"""Lab 15: how to make it quick, mistakes in its code, other seeds, wrong answers."""

import numpy as np

# What makes the lab quick and changes no verdict.
QUICK = {"replicates=400": "replicates=200"}

# A mistake: what stands in the lab, what stands there instead, and what the lab must say of it.
MISTAKES = {
    "a response moved": ("moments = X.T @ y", "moments = X.T @ (y - 1)", "by hand minus labkit"),
    "a mean for a sum": ("solve(X.T @ X,", "solve(X.T @ X / n,", "by hand minus labkit"),
    "the intercept for the slope": ('"slope": fit.beta[1]', '"slope": fit.beta[0]', "mean slope"),
    "coefficients exchanged": ("X @ truth +", "X @ truth[::-1] +", "mean slope"),
    "the intercept's standard error": (
        '"standard error": fit.se[1]',
        '"standard error": fit.se[0]',
        "claimed s.e.",
    ),
    "a variance for a standard error": ("fit.se[1]", "fit.se[1] ** 2", "claimed s.e."),
    "a spread that is its mean's": ("claimed / sd", "claimed / mcse", "claimed s.e."),
}

# A leak or an unfairness in the whole study: what turns a verdict, or what it rests on, red.
UNFAIR = {
    "each patient twice in the table": (
        "X, y = trial\n    fit =",
        "X, y = (np.concatenate([part, part]) for part in trial)\n    fit =",
        "squared distance over",
    ),
}

# Must change no verdict: a stand-in for another processor or release.
OTHER_SEEDS = [
    ("default_rng(1)", "default_rng(2)"),
    ("replicates=200, seed=1", "replicates=200, seed=2"),
]

# A wrong answer: the exercise, the answer, and what its check must say.
WRONG = {
    "the intercept left out": ("prediction", lambda beta, dose: beta[1] * dose, "at dose 0"),
    "coefficients the other way round": (
        "prediction",
        lambda beta, dose: beta[1] + beta[0] * dose,
        "at dose 0",
    ),
    "the slope left out": ("prediction", lambda beta, dose: beta[0] + 0 * dose, "rises by"),
    "the numbers that the check had first": (
        "prediction",
        lambda beta, dose: 3 + 0.25 * dose + 0 * beta[0],
        "at dose 0",
    ),
    "one standard error": ("interval", lambda b, se: (b - se, b + se), "covers the truth in"),
    "three standard errors": (
        "interval",
        lambda b, se: (b - 3 * se, b + 3 * se),
        "covers the truth in",
    ),
    "open to one side": ("interval", lambda b, se: (-np.inf, b + 1.645 * se), "on one side"),
    "the ends exchanged": ("interval", lambda b, se: (b + 1.96 * se, b - 1.96 * se), "lower end"),
    "the root forgotten": (
        "patients",
        lambda n, se, wanted: int(np.ceil(n * se / wanted)),
        "are too few",
    ),
    "rounded down": ("patients", lambda n, se, wanted: int(n * (se / wanted) ** 2), "are too few"),
    "not rounded": ("patients", lambda n, se, wanted: n * (se / wanted) ** 2, "a whole number"),
    "one for luck": (
        "patients",
        lambda n, se, wanted: int(n * (se / wanted) ** 2) + 2,
        "will do",
    ),
}

# A right answer in an unusual dress: the exercise and the answer.
RIGHT = {
    "a list": ("prediction", lambda beta, dose: [beta[0] + beta[1] * d for d in dose]),
    "a matrix product": ("prediction", lambda beta, dose: np.vander(dose, 2) @ beta[::-1]),
    "single precision": (
        "prediction",
        lambda beta, dose: (beta[0] + beta[1] * dose).astype(np.float32),
    ),
    "more digits of the quantile": (
        "interval",
        lambda b, se: (b - 1.959964 * se, b + 1.959964 * se),
    ),
    "a list of both ends": ("interval", lambda b, se: [b - 1.96 * se, b + 1.96 * se]),
    "an array of both ends": ("interval", lambda b, se: b + 1.96 * se * np.array([[-1], [1]])),
    "a whole float": ("patients", lambda n, se, wanted: np.ceil(n * (se / wanted) ** 2)),
    "an array of one number": (
        "patients",
        lambda n, se, wanted: np.array([int(np.ceil(n * (se / wanted) ** 2))]),
    ),
    "one after the other": (
        "patients",
        lambda n, se, wanted: next(m for m in range(1, 10**6) if se * (n / m) ** 0.5 <= wanted),
    ),
}
