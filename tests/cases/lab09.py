"""Lab 8: how to make it quick, mistakes in its code, other seeds, wrong answers."""

from itertools import product
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.preprocessing import PolynomialFeatures, SplineTransformer

from course.cases import solved

# Changes no verdict.
QUICK = {
    "[125, 500, 1000], [3, 3, 3]": "[500], [2]",
    "replicates=12": "replicates=6",
    "for seed in range(12)": "for seed in range(6)",
    "splits, epochs = 24, 16": "splits, epochs = 8, 11",
    "times=2000": "times=200",
    "n_jobs=2": "n_jobs=1",
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
    "the word changed too often": (
        "length, change = 60, 0.1",
        "length, change = 60, 0.3",
        "letters of the word kept",
    ),
    "letters changed to themselves": (
        "rng.integers(1, 4, size=(n, len(motif)))",
        "rng.integers(0, 4, size=(n, len(motif)))",
        "letters of the word kept",
    ),
    "a filter turned round": (
        'np.einsum("nljk,lk->nj", windows, W)',
        'np.einsum("nljk,lk->nj", windows, W[:, ::-1])',
        "NumPy minus torch",
    ),
    "the rule without its average": (
        "np.exp(score).mean(axis=1)",
        "np.exp(score).sum(axis=1)",
        "accuracy of the best rule",
    ),
    "the loss of the other class": ("log_loss(y, p)", "log_loss(1 - y, p)", "rule's log loss"),
    "the mean over places": (
        "torch.relu(self.slide(x)).amax(dim=2)",
        "torch.relu(self.slide(x)).mean(dim=2)",
        "network on letters",
    ),
    "a reshape for the transpose": (
        "np.eye(4, dtype=np.float32)[codes].transpose(0, 2, 1)",
        "np.eye(4, dtype=np.float32)[codes].reshape(len(codes), 4, -1)",
        "network on letters",
    ),
    "the weakest filter": (
        "np.argmax(weight * feature",
        "np.argmin(weight * feature",
        "lowest trained minus highest random",
    ),
    "counts for frequencies": (
        "windows[np.arange(len(best)), :, best].mean(axis=0)",
        "windows[np.arange(len(best)), :, best].sum(axis=0)",
        "frequencies in a column",
    ),
    "digits that stay": ("most = 1 if moved else 0", "most = 0", "linear, moved"),
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
    "digits of one writer on both sides": (
        'np.argsort(turn, kind="stable")',
        "rng.permutation(len(turn))",
        "blocks on both sides",
    ),
    "an interval that knows nothing of the overlap": (
        "partial(labkit.split_interval, **rows_in)",
        "labkit.mean_interval",
        "conv network, cost of moving",
    ),
    "a control without care": (
        '"dense network": (dense_model, 0.01)',
        '"dense network": (dense_model, 1e-4)',
        "dense network, centred",
    ),
}

OTHER_SEEDS = [
    (
        "def table_network(seed, unit=nn.ReLU):\n    torch.manual_seed(seed)",
        "def table_network(seed, unit=nn.ReLU):\n    torch.manual_seed(seed + 1)",
    ),
    ("seed=8,\n)", "seed=9,\n)"),
]


def words(k):
    def counts(codes):
        windows = np.lib.stride_tricks.sliding_window_view(codes, k, axis=1)
        numbers = windows @ 4 ** np.arange(k)
        return np.array([np.bincount(row, minlength=4**k) for row in numbers])

    return counts


def lab(name):
    """Return what the lab calls so."""
    return solved("08")[name]


def words_that_occur(codes):
    numbers = np.lib.stride_tricks.sliding_window_view(codes, 4, axis=1) @ 4 ** np.arange(4)
    return np.array([(numbers == word).sum(axis=1) for word in np.unique(numbers)]).T


def hits_of_the_motif(codes):
    windows = np.lib.stride_tricks.sliding_window_view(codes, 8, axis=1)
    return (windows == lab("motif")).sum(axis=2).max(axis=1, keepdims=True)


def vectorizer(codes):
    text = ["".join("acgt"[code] for code in row) for row in codes]
    vocabulary = ["".join(word) for word in product("acgt", repeat=4)]
    counts = CountVectorizer(analyzer="char", ngram_range=(4, 4), vocabulary=vocabulary)
    return counts.transform(text)


def pairs_with_a_gap(codes):
    tables = []
    for gap in range(1, 7):
        numbers = 4 * codes[:, :-gap] + codes[:, gap:]
        tables.append([np.bincount(row, minlength=16) for row in numbers])
    return np.hstack(tables)


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


# A wrong answer: the exercise, the answer, and what its check must say.
WRONG: dict[str, tuple[str, Any, str]] = {
    "only reversed": ("strand", lambda x: x[:, :, ::-1], "no letter is paired"),
    "only paired": ("strand", lambda x: x[:, ::-1], "not reversed"),
    "axes exchanged": ("strand", lambda x: x.transpose(0, 2, 1), "its shape is (50, 41, 4)"),
    "A with C": ("strand", lambda x: x[:, [1, 0, 3, 2], ::-1], "letter 1 of sequence 1"),
    "the sequences reversed too": (
        "strand",
        lambda x: x[::-1, ::-1, ::-1],
        "letter 1 of sequence 1",
    ),
    "C and G not paired": ("strand", lambda x: x[:, [3, 1, 2, 0], ::-1], "and meets"),
    "the first sequence alone": (
        "strand",
        lambda x: np.concatenate([x[:1, ::-1, ::-1], x[1:]]),
        "of sequence 2",
    ),
    "sixty places": ("strand", lambda x: x.reshape(50, 4, 60)[:, ::-1, ::-1], "cannot reshape"),
    "both strands added": ("strand", lambda x: (x + x[:, ::-1, ::-1]) / 2, "three 0"),
    "single letters": ("counts", words(1), "not 70 %"),
    "letters in their places": (
        "counts",
        lambda codes: np.eye(4)[codes].reshape(len(codes), -1),
        "not 70 %",
    ),
    "all in one row": ("counts", lambda codes: words(4)(codes).sum(axis=0), "have shape (256,)"),
    "centred by the others": (
        "counts",
        lambda codes: words(4)(codes) - words(4)(codes).mean(axis=0),
        "depends on the others",
    ),
    "the rule that knows the motif": (
        "counts",
        lambda codes: lab("knows_the_motif")(codes)[:, None],
        "where another word is hidden",
    ),
    "letters in common with the motif": (
        "counts",
        hits_of_the_motif,
        "where another word is hidden",
    ),
    "the words that occur": ("counts", words_that_occur, "of 5 it has"),
    "words of two letters": ("counts", words(2), "not 70 %"),
    "Friedman's function": (
        "covariates",
        lambda X: lab("friedman")(X)[:, None],
        "the risk of the trees",
    ),
    "the parts of Friedman's function": (
        "covariates",
        parts_of_the_formula,
        "the risk of the trees",
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
        "the risk of the trees",
    ),
    "the features themselves": ("covariates", lambda X: X, "the risk of the trees"),
    "everything to the third power": (
        "covariates",
        lambda X: np.hstack([X**k for k in range(1, 21)]),
        "the risk of the trees",
    ),
    "a vector": ("covariates", lambda X: X[:, 0], "have shape (250,)"),
    "squares alone": ("covariates", lambda X: X**2, "the risk of the trees"),
}

# A right answer in an unusual dress: the exercise, and the answer.
RIGHT: dict[str, tuple[str, Any]] = {
    "a strand in torch": ("strand", lambda x: torch.tensor(x).flip(1, 2)),
    "a strand of truths": ("strand", lambda x: np.flip(x, (1, 2)).astype(bool)),
    "a strand in single precision": ("strand", lambda x: np.float32(x[:, ::-1, ::-1])),
    "a strand by its codes": (
        "strand",
        lambda x: np.eye(4)[3 - x.argmax(axis=1)[:, ::-1]].transpose(0, 2, 1),
    ),
    "a strand as lists": ("strand", lambda x: [[r[::-1] for r in m[::-1]] for m in x.tolist()]),
    "three letters": ("counts", words(3)),
    "five letters, which occur": ("counts", lambda codes: words(5)(codes) > 0),
    "counts in torch": ("counts", lambda codes: torch.tensor(words(4)(codes)).float()),
    "a DataFrame of counts": ("counts", lambda codes: pd.DataFrame(words(4)(codes))),
    "a sparse matrix": ("counts", vectorizer),
    "both strands": ("counts", lambda codes: words(4)(codes) + words(4)(3 - codes[:, ::-1])),
    "pairs with a gap": ("counts", pairs_with_a_gap),
    "with a column of ones": (
        "covariates",
        lambda X: np.hstack([PolynomialFeatures(2).fit_transform(X[:, :5]), X[:, 5:]]),
    ),
    "the same column twice": ("covariates", lambda X: np.hstack([curves(X), 2 * X])),
    "lines with bends": ("covariates", bent),
    "covariates in torch": ("covariates", lambda X: torch.tensor(curves(X)).float()),
    "a DataFrame of covariates": (
        "covariates",
        lambda X: pd.DataFrame(curves(X)).add_prefix("made "),
    ),
}
