"""Lab 7: how to make it quick, mistakes in its code, other seeds, wrong answers."""

from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.optimize import minimize
from scipy.special import expit, logit
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from course.cases import solved

# Changes no verdict.
QUICK = {
    "n_jobs=2": "n_jobs=1",
    'jobs = {"diabetes": 5, "breast cancer": 5, "RAND HIE": 1}': (
        'jobs = {"diabetes": 2, "breast cancer": 5, "RAND HIE": 1}'
    ),
    "for k in range(3)": "for k in range(1)",
    "(0.01, 0.1, 1.0, 10.0)": "(1.0,)",
    "(1.0, 10.0, 30.0, 100.0)": "(10.0,)",
    "(0.05, 0.1)": "(0.1,)",
    "(3, 15)": "(7,)",
    "(0.003, 0.01)": "(0.003,)",
    "(0.3, 3.0)": "(0.3,)",
    "[:160]": "[:90]",
    "early_stopping=False, random_state=seed": (
        "early_stopping=False, max_iter=40, random_state=seed"
    ),
    "(1000, 100": "(300, 100",
    "fold = make_folds(group, 5, np.random.default_rng(5))": (
        "fold = make_folds(group, 2, np.random.default_rng(5))"
    ),
    "PredefinedSplit(make_folds(family, 5": "PredefinedSplit(make_folds(family, 2",
    "for k in range(5):\n        train, test": "for k in range(2):\n        train, test",
    "boosted(max_leaf_nodes=15)": "boosted(max_leaf_nodes=15, max_iter=20, learning_rate=0.2)",
    "boosted(max_leaf_nodes=63": "boosted(max_leaf_nodes=63, max_iter=30, learning_rate=0.2",
}

# A mistake: what stands in the lab, what stands there instead, and what the lab must say of it.
MISTAKES = {
    "RAND dealt by rows": (
        "make_folds(family, 5, np.random.default_rng(0))",
        "make_folds(np.arange(len(family)), 5, np.random.default_rng(0))",
        "folds a family is spread over",
    ),
    "families told by three columns": (
        "plan = X[X.columns[:4]]",
        "plan = X[X.columns[:3]]",
        "families minus",
    ),
    "benign taken for the event": ("1 - y, np.arange", "y, np.arange", "share malignant"),
    "fitted to all rows": (
        "table.X.iloc[rows], table.y.iloc[rows]",
        "table.X, table.y",
        "honest predictions moved by",
    ),
    "features chosen after the split": (
        '("ridge", chosen_before)',
        '("ridge", lambda table: table)',
        "chosen before, prediction moved by",
    ),
    "classes tuned by the squared error": (
        'score = "neg_log_loss" if table.binary else',
        'score = "neg_brier_score" if table.binary else',
        "inner score minus",
    ),
    "the log loss of the other class": (
        "np.where(y == 1, p, 1 - p)",
        "np.where(y == 0, p, 1 - p)",
        "intercept's log loss",
    ),
    "a clip that is ignored": (
        "np.clip(p, clip, 1 - clip)\n    return -np.log",
        "np.clip(p, 1e-12, 1 - 1e-12)\n    return -np.log",
        "clips: minus scikit-learn",
    ),
    "log odds of probabilities": (
        "log_odds = fitted.decision_function(cancer.X.iloc[test])",
        "log_odds = p",
        "AUC and ties",
    ),
    "the correction forgotten": (
        "(1 / J + ratio)",
        "(1 / J)",
        "corrected over naive",
    ),
    "n_test over n": (
        "def interval(d, ratio=1 / 4)",
        "def interval(d, ratio=1 / 5)",
        "corrected over naive",
    ),
    "a verdict of six folds": (
        'sizes = {"n_train": 4, "n_test": 1}',
        'sizes = {"n_train": 5, "n_test": 1}',
        "verdicts' ends minus formula's",
    ),
    "the variance divided by J": (
        "d.var(axis=-1, ddof=1)",
        "d.var(axis=-1)",
        "naive interval minus SciPy's",
    ),
    "what is left out forgotten": (
        "left_out = 1 + np.sum(beta[q:] ** 2)",
        "left_out = 1",
        "mean difference minus theory",
    ),
    "probabilities taken for log odds": (
        "np.column_stack([np.ones(len(p)), logit(p)])",
        "np.column_stack([np.ones(len(p)), p])",
        "slope minus scikit-learn's",
    ),
    "the sandwich without its groups": (
        "np.add.at(scores, member, Z",
        "np.add.at(scores, np.arange(len(y)) % len(scores), Z",
        "slope's s.e. over pandas'",
    ),
    "a difference of losses for one of shares": (
        "(small[way] - large[way]) / base",
        "small[way] - large[way]",
        "shares by family, pattern, row",
    ),
    "slopes weighted by their errors": (
        'weight, dealing = folds["slope_se"] ** -2',
        'weight, dealing = folds["slope_se"] ** 2',
        "slope of the trees minus",
    ),
}

# A leak or an unfairness in the whole study, in the same form.
UNFAIR = {
    "the whole rerun dealt by row": (
        "    train, test = deal(table, job, study_seed)\n    seed",
        "    table = table._replace(group=np.arange(len(table.y)))\n"
        "    train, test = deal(table, job, study_seed)\n    seed",
        "families on both sides, outer folds",
    ),
    "tuned on folds that are dealt by row": (
        "inner_splits(table.group[rows], rng)",
        "inner_splits(rows, rng)",
        "families on both sides, inner folds",
    ),
    "test rows that train": (
        "    train, test = deal(table, job, study_seed)\n    seed",
        "    _, test = deal(table, job, study_seed)\n    train = np.arange(len(table.y))\n    seed",
        "share, rerun minus stored",
    ),
    "trees that are not tuned": (
        "random_state=seed), grid",
        "random_state=seed), {}",
        "candidates, most minus fewest",
    ),
    "the overlap correction dropped": (
        "corrected = labkit.split_interval(gain, **sizes)",
        "corrected = labkit.mean_interval(gain)",
        "diabetes: network minus linear",
    ),
    "held against the untuned model alone": (
        'best[label] = share[["linear", "ridge"]].mean().idxmax()',
        'best[label] = "linear"',
        "breast cancer: network minus",
    ),
    "the verdict by family from rows": (
        'designs = {"family": family,',
        'designs = {"family": np.arange(len(family)),',
        "by family: large minus small trees",
    ),
}

OTHER_SEEDS = [
    ("study_seed = 1", "study_seed = 2"),
    ("default_rng(11)", "default_rng(12)"),
    ("np.random.default_rng(5)", "np.random.default_rng(6)"),
]


# A wrong answer: the exercise, the answer, and what its check must say.
def shifted_only(p_old, y_old, p_new):
    return expit(logit(p_new) + logit(y_old.mean()) - logit(p_old).mean())


def calibration(p, y):
    """Return the lab's own intercept and slope."""
    return solved("07")["calibrate"](y, p, np.arange(len(y)))[0]


def standardised(p_old, y_old, p_new):
    z = logit(p_old)
    return expit((logit(p_new) - z.mean()) / z.std())


def centred_by_the_new(p_old, y_old, p_new):
    _, b = calibration(p_old, y_old)
    return expit(b * (logit(p_new) - logit(p_new).mean()))


def turned_round(p_old, y_old, p_new):
    a, b = calibration(p_old, y_old)
    return expit((logit(p_new) - a) / b)


def slope_only(p_old, y_old, p_new):
    return expit(calibration(p_old, y_old)[1] * logit(p_new))


def from_scikit_learn(p_old, y_old, p_new):
    fit = LogisticRegression().fit(logit(p_old)[:, None], y_old)
    return fit.predict_proba(logit(p_new)[:, None])[:, 1]


def isotonic(p_old, y_old, p_new):
    return IsotonicRegression(out_of_bounds="clip").fit(p_old, y_old).predict(p_new)


def by_the_likelihood(p_old, y_old, p_new):
    def loss(w):
        eta = w[0] + w[1] * logit(p_old)
        return np.mean(np.logaddexp(0, eta) - y_old * eta)

    a, b = minimize(loss, [0, 1]).x
    return [expit(a + b * logit(p)) for p in p_new]


def changed(outcomes, covariates, found=lambda after, before: after[0] != before[0]):
    """Return a detector that has the test rows changed by these two functions."""

    def detector(analyse, X, y, train, test):
        other_X, other_y = X.copy(), y.copy()
        covariates(other_X, test)
        outcomes(other_y, test)
        return found(analyse(other_X, other_y, train, test), analyse(X, y, train, test))

    return detector


def add(values, rows):
    values[rows] += 1


def add_to_others(values, rows):
    values[rows[1:]] += 1


def exchange(values, rows):
    values[rows] = np.roll(values[rows], 1, axis=0)


def exchange_others(values, rows):
    exchange(values, rows[1:])


def negate(values, rows):
    values[rows] = -values[rows]


def leave(values, rows):
    pass


def each_row(analyse, X, y, train, test):
    before, rng = analyse(X, y, train, test), np.random.default_rng(0)
    for i in range(len(test)):
        other_X, other_y, others = X.copy(), y.copy(), np.delete(test, i)
        other_X[others] = rng.standard_normal((len(others), X.shape[1]))
        other_y[test] = rng.standard_normal(len(test))
        if not np.isclose(analyse(other_X, other_y, train, test)[i], before[i]):
            return 1
    return 0


def cut_out(analyse, X, y, train, test):
    rows, n = np.append(train, test[0]), len(train)
    few = y[rows]
    few[n] = 0
    alone = analyse(X[rows], few, np.arange(n), np.array([n]))
    return not np.allclose(alone, analyse(X, y, train, test)[0])


def missing(analyse, X, y, train, test):
    others = changed(leave, add_to_others)
    without = y.copy()
    without[test] = np.nan
    try:
        found = np.isnan(analyse(X, without, train, test)).any()
    except ValueError:
        found = True
    return torch.tensor(bool(found or others(analyse, X, y, train, test)))


def in_place(analyse, X, y, train, test):
    before = analyse(X, y, train, test)[0]
    y[test] = 0
    X[test[1:]] *= 2
    return [analyse(X, y, train, test)[0] != before]


WRONG: dict[str, tuple[str, Any, str]] = {
    "no limit at all": ("limit", lambda sd, folds: 0.0, "the error is still"),
    "one over the folds": ("limit", lambda sd, folds: sd / np.sqrt(folds), "the error is still"),
    "the variance": ("limit", lambda sd, folds: sd**2 / (folds - 1), "smaller than that"),
    "one cross-validation": (
        "limit",
        lambda sd, folds: sd * np.sqrt(1 / folds + 1 / (folds - 1)),
        "smaller than that",
    ),
    "the root forgotten": ("limit", lambda sd, folds: sd / (folds - 1), "the error is still"),
    "an answer for one sd alone": (
        "limit",
        lambda sd, folds: 3 / np.sqrt(folds - 1),
        "smaller than that",
    ),
    "as they are": ("recalibration", lambda p_old, y_old, p_new: p_new, "times what it should"),
    "only the level": ("recalibration", shifted_only, "times what it should"),
    "only the slope": ("recalibration", slope_only, "are off by"),
    "standardised, without outcomes": ("recalibration", standardised, "times what it should"),
    "centred by the new patients": ("recalibration", centred_by_the_new, "are off by"),
    "the line turned round": ("recalibration", turned_round, "times what it should"),
    "sorted": (
        "recalibration",
        lambda p_old, y_old, p_new: np.sort(from_scikit_learn(p_old, y_old, p_new)),
        "times what it should",
    ),
    "everybody the same": (
        "recalibration",
        lambda p_old, y_old, p_new: np.full(len(p_new), y_old.mean()),
        "times what it should",
    ),
    "log odds": (
        "recalibration",
        lambda p_old, y_old, p_new: logit(p_new),
        "not all between 0 and 1",
    ),
    "only the outcomes": ("detector", changed(add, leave), "uses test scales"),
    "only the covariates": ("detector", changed(leave, add_to_others), "uses the test level"),
    "its own outcome left": (
        "detector",
        changed(add_to_others, add_to_others),
        "uses the row's own outcome",
    ),
    "outcomes exchanged": ("detector", changed(exchange, add_to_others), "uses the test level"),
    "covariates exchanged": ("detector", changed(add, exchange_others), "uses test scales"),
    "suspects everybody": ("detector", lambda *_: True, "suspects an honest analysis"),
    "suspects nobody": ("detector", lambda *_: False, "uses test scales"),
    "its own covariates changed": ("detector", changed(leave, add), "suspects an honest analysis"),
    "all predictions compared": (
        "detector",
        changed(add, add_to_others, lambda after, before: np.any(after != before)),
        "suspects an honest analysis",
    ),
}

# A right answer in an unusual dress: the exercise, and the answer.
RIGHT: dict[str, tuple[str, Any]] = {
    "a tensor for a limit": ("limit", lambda sd, folds: sd / torch.tensor(folds - 1.0).sqrt()),
    "a list of one limit": ("limit", lambda sd, folds: [sd * (folds - 1) ** -0.5]),
    "a Series of one limit": ("limit", lambda sd, k: pd.Series([sd / np.sqrt(k - 1)])),
    "a milliard of jobs": ("limit", lambda sd, k: sd * np.sqrt(1e-9 + 1 / (k - 1))),
    "scikit-learn's regression": ("recalibration", from_scikit_learn),
    "isotonic regression": ("recalibration", isotonic),
    "a list, from the likelihood": ("recalibration", by_the_likelihood),
    "a tensor in single precision": (
        "recalibration",
        lambda *given: torch.tensor(from_scikit_learn(*given), dtype=torch.float32),
    ),
    "each row in turn, as 0 and 1": ("detector", each_row),
    "a table of the row alone": ("detector", cut_out),
    "outcomes that are missing": ("detector", missing),
    "changed in place": ("detector", in_place),
    "outcomes negated": ("detector", changed(negate, add_to_others)),
}
