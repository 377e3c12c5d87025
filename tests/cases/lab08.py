"""Lab 8: how to make it quick, mistakes in its code, other seeds, wrong answers."""

from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy import stats
from scipy.optimize import curve_fit
from sklearn.linear_model import LinearRegression
from sklearn.preprocessing import PolynomialFeatures, SplineTransformer

from course.cases import solved

# Changes no verdict.
QUICK = {
    "[125, 500, 1000], [3, 3, 3]": "[500], [1]",
    "times=2000": "times=200",
}

# A mistake: what stands in the lab, what stands there instead, and what the lab must say of it.
MISTAKES = {
    "the parabola's middle": ("(X[:, 2] - 0.5) ** 2", "X[:, 2] ** 2", "Friedman's where it is"),
    "twice the noise": (
        "noise_sd * rng.standard_normal(n + 5000)",
        "2 * rng.standard_normal(n + 5000)",
        "noise, s.d.",
    ),
    "thresholds that slope": (
        "(X[:, 0] > 0.5) & (X[:, 1] > 0.5)",
        "X[:, 0] * X[:, 1]",
        "trees, here and stored",
    ),
    "a network without its kinks": (
        "nn.Linear(10, 32), unit(),\n        nn.Linear(32, 32), unit(),",
        "nn.Linear(10, 32),\n        nn.Linear(32, 32),",
        "network, here and stored",
    ),
    "a rate that never falls": (
        "schedule=lambda step: 0.5 * (1 + np.cos(np.pi * step / steps)),",
        "",
        "falling rate, here and stored",
    ),
    "a crossing from the other side": (
        "below = np.flatnonzero(gap <= 0)",
        "below = np.flatnonzero(gap >= 0)",
        "crossing with",
    ),
    "the ratio upside down": (
        'np.log(wide["network"] / wide[rival])',
        'np.log(wide[rival] / wide["network"])',
        "network over trees, n = 1,000",
    ),
}

# A leak or an unfairness in a whole study, in the same form.
UNFAIR = {
    "trees that may not choose": (
        "for k in (2, 4, 8, 31)",
        "for k in (31,)",
        "settings, most minus fewest",
    ),
    "settings chosen by the excess risk": (
        '["held_out"].idxmin()',
        '["excess_risk"].idxmin()',
        "chosen over the best",
    ),
    "test rows in training": (
        "fit(X[:n], y[:n], seed=replicate)",
        "fit(X, y, seed=replicate)",
        "trees, here and stored",
    ),
}

OTHER_SEEDS = [
    (
        "def table_network(seed, unit=nn.ReLU):\n    torch.manual_seed(seed)",
        "def table_network(seed, unit=nn.ReLU):\n    torch.manual_seed(seed + 1)",
    ),
]


def lab(name):
    """Return what the lab calls so."""
    return solved("08")[name]


def chosen_and_best(held_out, risk):
    return np.take_along_axis(risk, held_out.argmin(axis=1)[:, None], 1)[:, 0], risk.min(axis=1)


def the_labs_regret(held_out, risk):
    return lab("dear")["trees"]


def one_setting_for_all(held_out, risk):
    return np.exp(np.mean(np.log(risk[:, held_out.mean(axis=0).argmin()] / risk.min(axis=1))))


def regret_with_a_loop(held_out, risk):
    product = 1.0
    for errors, risks in zip(held_out.tolist(), risk.tolist(), strict=True):
        product *= risks[errors.index(min(errors))] / min(risks)
    return product ** (1 / len(risk))


def regret_in_torch(held_out, risk):
    held_out, risk = torch.tensor(held_out), torch.tensor(risk)
    kept = risk.gather(1, held_out.argmin(dim=1, keepdim=True)).squeeze()
    return (kept.log() - risk.amin(dim=1).log()).mean().exp()


def regret_in_pandas(held_out, risk):
    errors, risks = pd.DataFrame(held_out), pd.DataFrame(risk)
    kept = risks.where(errors.eq(errors.min(axis=1), axis=0)).max(axis=1)
    return pd.Series([stats.gmean(kept / risks.min(axis=1))])


def log_line(n, risk, new_n, fit=np.polyfit):
    return np.exp(np.polyval(fit(np.log(n), np.log(risk), 1), np.log(new_n)))


def last_two(n, risk, new_n):
    order = np.argsort(n)[-2:]
    return log_line(n[order], risk[order], new_n)


def curved(n, risk, new_n):
    """Fit the curve to the risks themselves: right where they lie on it."""
    start = np.polyfit(np.log(n), np.log(risk), 1)
    form = curve_fit(lambda x, a, b: a + b * x, np.log(n), np.log(risk), p0=start[::-1])[0]
    (a, b), _ = curve_fit(lambda x, a, b: np.exp(a + b * np.log(x)), n, risk, p0=form)
    return np.exp(a + b * np.log(new_n))


def lines_exchanged(n, risk, new_n):
    slope, intercept = np.polyfit(np.log(risk), np.log(n), 1)
    return np.exp((np.log(new_n) - intercept) / slope)


def the_labs_means(n, risk, new_n):
    means = lab("means")["trees"]
    return np.interp(new_n, means.index, means)


def forecast_by_r(n, risk, new_n):
    line = stats.linregress(np.log2(n), np.log2(risk))
    return 2 ** (line.intercept + line.slope * np.log2(new_n))


def forecast_by_scikit(n, risk, new_n):
    line = LinearRegression().fit(np.log(n)[:, None], np.log(risk))
    return np.exp(line.predict([[np.log(new_n)]]))


def forecast_in_torch(n, risk, new_n):
    x, y = torch.tensor(n).log(), torch.tensor(risk).log()
    slope = ((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum()
    return (y.mean() + slope * (np.log(new_n) - x.mean())).exp()


def curves(X):
    i, j = np.triu_indices(5, k=1)
    return np.hstack([X, X**2, X[:, i] * X[:, j]])


def standardised(X):
    return curves((X - X.mean(axis=0)) / X.std(axis=0))


def parts_of_the_formula(X):
    sine = np.sin(np.pi * X[:, 0] * X[:, 1])
    return np.column_stack([sine, (X[:, 2] - 0.5) ** 2, X[:, 3], X[:, 4]])


def knots_by_the_range(X):
    return np.column_stack([SplineTransformer().fit_transform(X), X[:, 0] * X[:, 1]])


def bent(X):
    """Return lines with a bend at three places, and one product."""
    bends = [np.maximum(X - place, 0) for place in (0.25, 0.5, 0.75)]
    return np.column_stack([X, *bends, X[:, 0] * X[:, 1]])


def bending_products(X):
    i, j = np.triu_indices(5, k=1)
    pairs = X[:, i] * X[:, j]
    return np.hstack([X, X**2, pairs, X[:, i] * pairs, X[:, j] * pairs])


def bent_with_products(X):
    """Return lines with a bend at two places, and products that bend."""
    bends = [np.maximum(X[:, :5] - place, 0) for place in (0.33, 0.67)]
    return np.hstack([*bends, bending_products(X[:, :5])])


def sine_from_the_other_side(X):
    """Return the formula with 1 - x1 in place of x1."""
    sine = np.sin(np.pi * (1 - X[:, 0]) * X[:, 1])
    return np.column_stack([sine, (X[:, 2] - 0.5) ** 2, X[:, 3], X[:, 4]])


def squares_and_the_sine(X):
    return np.column_stack([X, X**2, np.sin(np.pi * X[:, 0] * X[:, 1])])


# A wrong answer: the exercise, the answer, and what its check must say.
WRONG: dict[str, tuple[str, Any, str]] = {
    "a factor for each table": (
        "regret",
        lambda held_out, risk: np.divide(*chosen_and_best(held_out, risk)),
        "no number",
    ),
    "chosen by the excess risk": (
        "regret",
        lambda held_out, risk: risk.min(axis=1).mean() / risk.min(axis=1).mean(),
        "give 1",
    ),
    "the arithmetic mean": (
        "regret",
        lambda held_out, risk: np.divide(*chosen_and_best(held_out, risk)).mean(),
        "give 2.5",
    ),
    "the ratio of the means": (
        "regret",
        lambda held_out, risk: np.divide(*(a.mean() for a in chosen_and_best(held_out, risk))),
        "give 1.75",
    ),
    "on the log scale": (
        "regret",
        lambda held_out, risk: np.log(np.divide(*chosen_and_best(held_out, risk))).mean(),
        "must be 1, not 0",
    ),
    "one setting for all tables": ("regret", one_setting_for_all, "must be 1, not 1.41"),
    "the regret of the lab": ("regret", the_labs_regret, "must be 1, not 1.02"),
    "always two": ("regret", lambda held_out, risk: 2.0, "must be 1, not 2"),
    "the median": (
        "regret",
        lambda held_out, risk: np.exp(
            np.median(np.log(np.divide(*chosen_and_best(held_out, risk))))
        ),
        "the seventh power",
    ),
    "a straight line without logs": (
        "forecast",
        lambda n, risk, new_n: np.polyval(np.polyfit(n, risk, 1), new_n),
        "an exact 3 / n^0.5",
    ),
    "left on the log scale": (
        "forecast",
        lambda n, risk, new_n: np.log(log_line(n, risk, new_n)),
        "an exact 3 / n^0.5",
    ),
    "half with each doubling": (
        "forecast",
        lambda n, risk, new_n: np.mean(risk * n) / new_n,
        "an exact 3 / n^0.5",
    ),
    "one doubling, whatever is asked": (
        "forecast",
        lambda n, risk, new_n: log_line(n, risk, 2 * n.max()),
        "an exact 3 / n^0.5 at 1600",
    ),
    "through the last two": ("forecast", last_two, "residuals, on the log scale, sum to"),
    "least squares on the risks": ("forecast", curved, "residuals, on the log scale, sum to"),
    "size on risk": ("forecast", lines_exchanged, "rise or fall with log n"),
    "the means of the lab": ("forecast", the_labs_means, "an exact 3 / n^0.5"),
    "a forecast at every size": (
        "forecast",
        lambda n, risk, new_n: log_line(n, risk, n),
        "its shape is (3,)",
    ),
    "logs of another base": (
        "forecast",
        lambda n, risk, new_n: np.exp(np.log10(log_line(n, risk, new_n))),
        "an exact 3 / n^0.5",
    ),
    "Friedman's function": (
        "covariates",
        lambda X: lab("friedman")(X)[:, None],
        "the risk of the network",
    ),
    "the parts of Friedman's function": (
        "covariates",
        parts_of_the_formula,
        "the risk of the network",
    ),
    "standardised by the rows given": ("covariates", standardised, "depends on the other rows"),
    "knots by the range of the rows given": (
        "covariates",
        knots_by_the_range,
        "depends on the other rows",
    ),
    "all products of two": (
        "covariates",
        lambda X: PolynomialFeatures(2).fit_transform(X),
        "the risk of the network",
    ),
    "the features themselves": ("covariates", lambda X: X, "the risk of the network"),
    "everything to the third power": (
        "covariates",
        lambda X: np.hstack([X**k for k in range(1, 21)]),
        "the risk of the network",
    ),
    "a vector": ("covariates", lambda X: X[:, 0], "have shape (250,)"),
    "squares alone": ("covariates", lambda X: X**2, "the risk of the network"),
    "features and squares": (
        "covariates",
        lambda X: np.hstack([X, X**2]),
        "the risk of the network",
    ),
    "features, squares and plain products": ("covariates", curves, "the risk of the network"),
    "lines with bends and a plain product": ("covariates", bent, "the risk of the network"),
    "features, squares and Friedman's sine": (
        "covariates",
        squares_and_the_sine,
        "the risk of the network",
    ),
    "the formula from the other side": (
        "covariates",
        sine_from_the_other_side,
        "the risk of the network",
    ),
}

# A right answer in an unusual dress: the exercise, and the answer.
RIGHT: dict[str, tuple[str, Any]] = {
    "regret with a loop": ("regret", regret_with_a_loop),
    "regret in torch": ("regret", regret_in_torch),
    "regret in pandas, as a list": ("regret", regret_in_pandas),
    "regret by scipy": (
        "regret",
        lambda held_out, risk: stats.gmean(np.divide(*chosen_and_best(held_out, risk))),
    ),
    "a forecast by scipy, in doublings": ("forecast", forecast_by_r),
    "a forecast by scikit-learn": ("forecast", forecast_by_scikit),
    "a forecast in torch": ("forecast", forecast_in_torch),
    "a forecast by a polynomial": (
        "forecast",
        lambda n, risk, new_n: log_line(
            n, risk, new_n, lambda *a: np.polynomial.Polynomial.fit(*a).convert().coef[::-1]
        ),
    ),
    "all products of three": (
        "covariates",
        lambda X: PolynomialFeatures(3).fit_transform(X[:, :5]),
    ),
    "the same column twice": ("covariates", lambda X: np.hstack([bending_products(X), 2 * X])),
    "lines with bends, and products": ("covariates", bent_with_products),
    "covariates in torch": ("covariates", lambda X: torch.tensor(bending_products(X)).float()),
    "a DataFrame of covariates": (
        "covariates",
        lambda X: pd.DataFrame(bending_products(X)).add_prefix("made "),
    ),
}
