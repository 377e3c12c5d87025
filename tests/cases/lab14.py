"""Lab 14: how to make it quick, mistakes in its code, other seeds, wrong answers."""

from fractions import Fraction
from typing import Any

import numpy as np
import torch
from scipy import stats
from scipy.optimize import brentq
from scipy.special import expit, logit

# What makes the lab quick and changes no verdict.
QUICK = {
    "networks = 200": "networks = 40",
    "make_patients(20_000": "make_patients(6_000",
    "epochs=300": "epochs=220",
    "members, shared = 5, 40": "members, shared = 5, 30",
    "for i in range(8)": "for i in range(4)",
    "trials, by_trial = 1000, []": "trials, by_trial = 300, []",
    "repeats = (500, 1000, 2000), 100": "repeats = (500, 1000, 2000), 30",
    "samples, by_sample = 200, []": "samples, by_sample = 100, []",
    "waves, off_wave = np.linspace(0, 12, 200), 12, {}": (
        "waves, off_wave = np.linspace(0, 12, 200), 4, {}"
    ),
    "gap_repeats = [], 40": "gap_repeats = [], 12",
}

# A mistake: what stands in the lab, what stands there instead, and what the lab must say of it.
MISTAKES = {
    "n for n + 1": ("np.ceil(101 * 0.9)", "np.ceil(100 * 0.9)", "half-width by hand"),
    "the score after the k-th": ("np.sort(scores)[k - 1]", "np.sort(scores)[k]", "half-width by"),
    "a spread without its dose": (
        "return 0.3 + 0.17 * dose",
        "return 1.15 + 0 * dose",
        "conformal at the highest doses",
    ),
    "coverage to one side": (
        "return ndtr(upper) - ndtr(lower)",
        "return ndtr(upper)",
        "coverage of the true band",
    ),
    "a log variance taken for a log sd": (
        "(log_sd + ((y - mean) / log_sd.exp()) ** 2 / 2).mean()",
        "(log_sd / 2 + (y - mean) ** 2 / log_sd.exp() / 2).mean()",
        "likelihood minus SciPy's",
    ),
    "the likelihood without its logarithm": (
        "return (log_sd + ((y - mean)",
        "return (((y - mean)",
        "likelihood minus SciPy's",
    ),
    "a Newton step without weights": (
        "np.linalg.solve(hessian, X.T @ (weight * (y - p)))",
        "np.linalg.solve(hessian, X.T @ (y - p))",
        "weighted minus copied",
    ),
    "a regression without an intercept": (
        "np.column_stack([np.ones(len(y)), log_odds]), y)",
        "np.column_stack([np.zeros(len(y)) + 1e-3, log_odds**2]), y)",
        "recalibration line minus R's glm",
    ),
    "the shift to the wrong side": (
        "expit(log_odds - np.log(ratio))",
        "expit(log_odds + np.log(ratio))",
        "undone mean risk",
    ),
    "the shift on the wrong scale": (
        "expit(log_odds - np.log(ratio))",
        "expit(log_odds) / ratio",
        "undone mean risk",
    ),
    "harm without its odds": (
        "risk - t / (1 - t) * (1 - risk)",
        "risk - t * (1 - risk)",
        "net benefit counted minus computed",
    ),
    "the threshold on the other side": (
        "treated = p >= t\n    return",
        "treated = p < t\n    return",
        "net benefit counted minus computed",
    ),
    "R2 over S forgotten": (
        "np.log(1 - R2 / S)",
        "np.log(1 - R2)",
        "patients in R's example",
    ),
    "the likelihood ratio without its 2": (
        "1 - np.exp(2 * (null - full) / len(visit))",
        "1 - np.exp((null - full) / len(visit))",
        "slope at the formula's number",
    ),
    "the variance of the means for all of it": (
        "variance = np.mean(sds**2, axis=0) + np.var(centres, axis=0)",
        "variance = np.var(centres, axis=0)",
        "loss of five networks",
    ),
}

# A leak or an unfairness in the whole study, in the same form.
UNFAIR = {
    "calibrated on the rows of the fit": (
        "fitting, calibrating = slice(0, 200), slice(200, 300)",
        "fitting, calibrating = slice(0, 200), slice(0, 200)",
        "conformal around the nearest patient",
    ),
    "recalibrated on the rows of the fit": (
        "unseen, log_odds = out_of_fold(X, y, rng), X_new @ logistic(X, y)",
        "unseen, log_odds = X @ logistic(X, y), X_new @ logistic(X, y)",
        "error of Platt minus raw",
    ),
    "the slope in the rows of the fit": (
        "by_sample.append([n, line_of(log_odds, visit)[1]])",
        "by_sample.append([n, line_of(log_odds[drawn], visit[drawn])[1]])",
        "slope at the formula's number",
    ),
    "the weights of one side alone undone": (
        '"balanced": expit(log_odds),',
        '"balanced": expit(log_odds - np.log(ratio)),',
        "net benefit of the balanced model",
    ),
    "holes of the new patients filled by their outcome": (
        "return explained(p, y, y.mean()), explained(q, risk, risk.mean())",
        "return explained(p, y, y.mean()), explained(p, y, y.mean())",
        "imputed by outcome",
    ),
}

OTHER_SEEDS = [
    ("default_rng([1, i])", "default_rng([21, i])"),
    ("repeat in range(repeats)", "repeat in range(700, 700 + repeats)"),
]


def rank(n, coverage):
    """Return ⌈(n + 1) · coverage⌉ in whole numbers."""
    share = (n + 1) * Fraction(coverage).limit_denominator(1000)
    return -(-share.numerator // share.denominator)


def by_partition(predicted, y, new, coverage):
    errors = y - predicted
    k = rank(len(y), coverage)
    return [float(p + np.partition(errors, k - 1)[k - 1]) for p in new]


def by_quantile(predicted, y, new, coverage):
    level = np.ceil((len(y) + 1) * coverage) / len(y)
    return new + np.quantile(y - predicted, level, method="inverted_cdf")


def by_the_whole_residual(predicted, y, new, coverage):
    k = int(np.ceil((len(y) + 1) * coverage))
    return new + np.sort(np.abs(y - predicted))[k - 1]


def by_the_normal(predicted, y, new, coverage):
    errors = y - predicted
    return new + errors.mean() + stats.norm.ppf(coverage) * errors.std(ddof=1)


def by_students_t(predicted, y, new, coverage):
    errors, n = y - predicted, len(y)
    reach = stats.t.ppf(coverage, n - 1) * np.sqrt(1 + 1 / n)
    return new + errors.mean() + reach * errors.std(ddof=1)


def the_first_patient_alone(predicted, y, new, coverage):
    return np.array([new[0] + np.sort(y - predicted)[rank(len(y), coverage) - 1], -99.0])


def by_the_outcomes_alone(predicted, y, new, coverage):
    return np.full(len(new), np.sort(y)[rank(len(y), coverage) - 1])


# A wrong answer: the exercise, the answer, and what its check must say.
WRONG: dict[str, tuple[str, Any, str]] = {
    "both sides": ("upper", by_the_whole_residual, "more than the theorem allows"),
    "n for n + 1": (
        "upper",
        lambda p, y, new, c: new + np.quantile(y - p, c),
        "too few",
    ),
    "the lower end": (
        "upper",
        lambda p, y, new, c: new - np.sort(y - p)[int(np.ceil((len(y) + 1) * c)) - 1],
        "too few",
    ),
    "a normal quantile": (
        "upper",
        lambda p, y, new, c: new + (y - p).std() * 3,
        "more than the theorem allows",
    ),
    "a normal limit": ("upper", by_the_normal, "more than the theorem allows"),
    "Student's prediction limit": ("upper", by_students_t, "more than the theorem allows"),
    "the first of the new patients alone": (
        "upper",
        the_first_patient_alone,
        "the limit of the second patient covers 0.0%",
    ),
    "the outcomes alone": ("upper", by_the_outcomes_alone, "where the prediction is 1 higher"),
    "the new predictions forgotten": (
        "upper",
        lambda p, y, new, c: np.full(len(new), np.sort(y - p)[int(len(y) * c)]),
        "covers",
    ),
    "rounded down": (
        "upper",
        lambda p, y, new, c: new + np.sort(y - p)[int((len(y) + 1) * c) - 1],
        "too few",
    ),
    "the next of the n": (
        "upper",
        lambda p, y, new, c: new + np.quantile(y - p, c, method="higher"),
        "n = 11 and coverage 0.9 it covers",
    ),
    "the largest of all": (
        "upper",
        lambda p, y, new, c: new + (y - p).max(),
        "more than the theorem allows",
    ),
    "one number": (
        "upper",
        lambda p, y, new, c: np.sort(y - p)[int(np.ceil((len(y) + 1) * c)) - 1],
        "give the shape",
    ),
    "risks over the ratio": ("undone", lambda p, ratio: p / ratio, "its odds times 4"),
    "odds times the ratio": (
        "undone",
        lambda p, ratio: expit(logit(p) + np.log(ratio)),
        "its odds times 4",
    ),
    "the ratio without its logarithm": (
        "undone",
        lambda p, ratio: expit(logit(p) - ratio),
        "its odds times 1",
    ),
    "log odds": ("undone", lambda p, ratio: logit(p) - np.log(ratio), "not all are risks"),
    "left as they are": ("undone", lambda p, ratio: p, "its odds times 4"),
    "the share of non-events": ("undone", lambda p, ratio: p / (1 + ratio), "its odds times 1"),
    "one half": ("threshold", lambda cost, loss, works: 0.5, "some are left"),
    "all events prevented": (
        "threshold",
        lambda cost, loss, works: cost / loss,
        "some are treated",
    ),
    "benefit taken for loss": (
        "threshold",
        lambda cost, loss, works: cost / (cost + loss * works),
        "some are treated",
    ),
    "turned round": (
        "threshold",
        lambda cost, loss, works: loss * works / (cost + loss * works),
        "some are left",
    ),
    "what is not prevented": (
        "threshold",
        lambda cost, loss, works: cost / (loss * max(1 - works, 0.1)),
        "some are left",
    ),
}

# A right answer in an unusual dress: the exercise and the answer.
RIGHT: dict[str, tuple[str, Any]] = {
    "a list, by a partition": ("upper", by_partition),
    "NumPy's quantile of the right level": ("upper", by_quantile),
    "a tensor": (
        "upper",
        lambda p, y, new, c: torch.tensor(new) + torch.tensor(y - p).sort()[0][rank(len(y), c) - 1],
    ),
    "by odds": ("undone", lambda p, ratio: p / (p + ratio * (1 - p))),
    "a list of risks": ("undone", lambda p, ratio: [float(x / (x + ratio - ratio * x)) for x in p]),
    "a tensor of risks": (
        "undone",
        lambda p, ratio: torch.sigmoid(torch.logit(torch.tensor(p)) - np.log(ratio)),
    ),
    "by a root": (
        "threshold",
        lambda cost, loss, works: brentq(lambda p: p * loss - cost - p * (1 - works) * loss, 0, 9),
    ),
    "a fraction": (
        "threshold",
        lambda cost, loss, works: (cost / works) / loss,
    ),
    "an array of one number": (
        "threshold",
        lambda cost, loss, works: np.array([cost / (loss * works)]),
    ),
}
