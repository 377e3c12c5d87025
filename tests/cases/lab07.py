"""Lab 7: how to make it quick, mistakes in its code, other seeds, wrong answers."""

import numpy as np
from scipy.special import expit, logit

# Changes no verdict.
QUICK = {
    'jobs = {"diabetes": 5, "breast cancer": 5, "RAND HIE": 1}': (
        'jobs = {"diabetes": 2, "breast cancer": 2, "RAND HIE": 1}'
    ),
    "for k in range(3)": "for k in range(1)",
    "(0.01, 0.1, 1.0, 10.0)": "(1.0,)",
    "(1.0, 10.0, 30.0, 100.0)": "(10.0,)",
    "(0.05, 0.1)": "(0.1,)",
    "(3, 15)": "(7,)",
    "(0.003, 0.01)": "(0.01,)",
    "(0.3, 3.0)": "(0.3,)",
    "[:160]": "[:90]",
    "early_stopping=False, random_state=seed": (
        "early_stopping=False, max_iter=40, random_state=seed"
    ),
    "(1000, 100": "(300, 100",
    "fold = make_folds(group, 5, np.random.default_rng(5))": (
        "fold = make_folds(group, 2, np.random.default_rng(5))"
    ),
    "for k in range(5):\n        train, test": "for k in range(2):\n        train, test",
    "boosted(max_leaf_nodes=15)": "boosted(max_leaf_nodes=15, max_iter=20, learning_rate=0.2)",
    "boosted(max_leaf_nodes=63": "boosted(max_leaf_nodes=63, max_iter=20, learning_rate=0.4",
}

# A mistake: what stands in the lab, what stands there instead, and what the lab must say of it.
MISTAKES = {
    "RAND dealt by rows": (
        "make_folds(pattern, 5,",
        "make_folds(np.arange(len(pattern)), 5,",
        "folds a pattern is spread over",
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
    "the log loss of the other class": (
        "np.where(y == 1, p, 1 - p)",
        "np.where(y == 0, p, 1 - p)",
        "intercept's log loss",
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
    "a verdict that knows nothing of the overlap": (
        "corrected = labkit.split_interval(gain, n_train=4, n_test=1)",
        "corrected = labkit.mean_interval(gain)",
        "verdicts' ends minus formula's",
    ),
    "a verdict of six folds": (
        "corrected = labkit.split_interval(gain, n_train=4, n_test=1)",
        "corrected = labkit.split_interval(gain, n_train=5, n_test=1)",
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
    "a network in standard deviations": (
        "self.centre_ + self.scale_ * self.fit_",
        "self.centre_ + self.fit_",
        "network on diabetes",
    ),
    "a network without its sigmoid's sign": (
        "np.hstack([1 - p, p])",
        "np.hstack([p, 1 - p])",
        "network on breast cancer",
    ),
    "probabilities taken for log odds": (
        "np.column_stack([np.ones(len(p)), logit(p)])",
        "np.column_stack([np.ones(len(p)), p])",
        "slope minus scikit-learn's",
    ),
    "both designs by row": (
        "out_of_fold(table, table.group, model)",
        "out_of_fold(table, np.arange(len(table.y)), model)",
        "optimism of",
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


def outcomes_only(analyse, X, y, train, test):
    other = y.copy()
    other[test] += 1000
    return np.any(analyse(X, other, train, test) != analyse(X, y, train, test))


def all_test_rows(analyse, X, y, train, test):
    other = X.copy()
    other[test] += 1
    return analyse(other, y, train, test)[0] != analyse(X, y, train, test)[0]


WRONG = {
    "no limit at all": ("limit", lambda sd, folds: 0.0, "the error is still"),
    "one over the folds": ("limit", lambda sd, folds: sd / np.sqrt(folds), "the error is still"),
    "the variance": ("limit", lambda sd, folds: sd**2 / (folds - 1), "smaller than that"),
    "as they are": ("recalibration", lambda p_old, y_old, p_new: p_new, "times what it should"),
    "only the level": ("recalibration", shifted_only, "times what it should"),
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
    "only the outcomes": ("detector", outcomes_only, "leaks test scales"),
    "suspects everybody": ("detector", lambda *_: True, "leaks nothing"),
    "its own covariates changed": ("detector", all_test_rows, "leaks nothing"),
}
