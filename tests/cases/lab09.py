"""Lab 9: how to make it quick, mistakes in its code, other seeds, wrong answers."""

from itertools import permutations, product
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.signal import convolve2d, correlate2d
from sklearn.feature_extraction.text import CountVectorizer

from course.cases import solved

# Changes no verdict.
QUICK = {
    "replicates=12": "replicates=6",
    "for seed in range(12)": "for seed in range(6)",
}

# A mistake: what stands in the lab, what stands there instead, and what the lab must say of it.
MISTAKES = {
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
    "digits that stay": ("most = 1 if moved else 0", "most = 0", "moved digits that stayed"),
}

# A leak or an unfairness in a whole study, in the same form.
UNFAIR = {
    "digits of one writer on both sides": (
        'np.argsort(turn, kind="stable")',
        "rng.permutation(len(turn))",
        "blocks on both sides",
    ),
    "an interval that knows nothing of the overlap": (
        "partial(labkit.split_interval, **rows_in)",
        "labkit.mean_interval",
        "width of the interval",
    ),
    "a control without care": (
        '"dense network": (dense_model, 0.01)',
        '"dense network": (dense_model, 1e-4)',
        "dense network, centred: here minus stored",
    ),
    "test digits in training": (
        "make_model(), X[train], digits.target[train],",
        "make_model(), X, digits.target,",
        "dense network, moved: here minus stored",
    ),
}

OTHER_SEEDS = [
    ("seed=8,\n)", "seed=9,\n)"),
    ("seed = int(rng.integers(2**31))\n", "seed = int(rng.integers(2**31)) + 1\n"),
]


def words(k):
    def counts(codes):
        windows = np.lib.stride_tricks.sliding_window_view(codes, k, axis=1)
        numbers = windows @ 4 ** np.arange(k)
        return np.array([np.bincount(row, minlength=4**k) for row in numbers])

    return counts


def lab(name):
    """Return what the lab calls so."""
    return solved("09")[name]


def words_that_occur(codes):
    numbers = np.lib.stride_tricks.sliding_window_view(codes, 4, axis=1) @ 4 ** np.arange(4)
    return np.array([(numbers == word).sum(axis=1) for word in np.unique(numbers)]).T


def hits_of_the_motif(codes):
    windows = np.lib.stride_tricks.sliding_window_view(codes, 8, axis=1)
    return (windows == lab("motif")).sum(axis=2).max(axis=1, keepdims=True)


def hits_of_the_relabelled(codes):
    windows = np.lib.stride_tricks.sliding_window_view(codes, 8, axis=1)
    words = [np.array(new)[lab("motif")] for new in permutations(range(4))]
    return np.array([(windows == word).sum(axis=2).max(axis=1) for word in words]).T


def hits_of_two_words(codes):
    windows = np.lib.stride_tricks.sliding_window_view(codes, 8, axis=1)
    words = lab("motif"), (lab("motif") + 1) % 4
    return np.array([(windows == word).sum(axis=2).max(axis=1) for word in words]).T


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


def scores(pictures, W, of=correlate2d, mode="valid"):
    """Return the scores of a filter everywhere on each picture."""
    return np.array([of(picture, W, mode) for picture in pictures])


def highest(map_of_scores):
    return map_of_scores.max(axis=(1, 2))


def highest_in_torch(pictures, W):
    pictures, W = torch.tensor(pictures)[:, None], torch.tensor(W)[None, None]
    return torch.nn.functional.conv2d(pictures, W).amax(dim=(1, 2, 3))


def highest_by_loops(pictures, W):
    a, b = W.shape
    best = []
    for picture in pictures:
        places = np.ndindex(picture.shape[0] - a + 1, picture.shape[1] - b + 1)
        best.append(max((picture[i : i + a, j : j + b] * W).sum() for i, j in places))
    return best


def highest_by_columns(pictures, W):
    windows = np.lib.stride_tricks.sliding_window_view(pictures, W.shape, axis=(1, 2))
    return (windows.reshape(*windows.shape[:3], -1) @ W.ravel()).reshape(len(pictures), -1).max(1)


def square_filter(pictures, W):
    size = W.shape[0]
    return highest(scores(pictures, np.resize(W, (size, size))))


def the_labs_slide(pictures, W):
    return lab("slide")(W, pictures).max(axis=1)


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
        lambda codes: lab("odds_of_the_word")(codes)[:, None] > 1,
        "where another word is hidden",
    ),
    "letters in common with the motif": (
        "counts",
        hits_of_the_motif,
        "where another word is hidden",
    ),
    "letters in common with the motif turned by one": (
        "counts",
        hits_of_two_words,
        "where another word is hidden",
    ),
    "letters in common with the motif relabelled": (
        "counts",
        hits_of_the_relabelled,
        "where another word is hidden",
    ),
    "the words that occur": ("counts", words_that_occur, "of 5 it has"),
    "words of two letters": ("counts", words(2), "not 70 %"),
    "a filter turned round": (
        "highest",
        lambda pictures, W: highest(scores(pictures, W, convolve2d)),
        "1 at [0, 0], must",
    ),
    "zeros round the picture": (
        "highest",
        lambda pictures, W: highest(scores(pictures, W, mode="same")),
        "must find the largest pixel that",
    ),
    "nothing below zero": (
        "highest",
        lambda pictures, W: np.maximum(highest(scores(pictures, W)), 0),
        "minus the smallest pixel",
    ),
    "the mean score": (
        "highest",
        lambda pictures, W: scores(pictures, W).mean(axis=(1, 2)),
        "the largest pixel",
    ),
    "the largest size of a score": (
        "highest",
        lambda pictures, W: highest(abs(scores(pictures, W))),
        "must find",
    ),
    "without the filter": ("highest", lambda pictures, W: highest(pictures), "minus the smallest"),
    "in the middle": (
        "highest",
        lambda pictures, W: scores(pictures, W)[:, 4, 3] if W.size == 1 else pictures[:, 4, 3],
        "the largest pixel",
    ),
    "scores everywhere": ("highest", scores, "give shape (5, 9, 7)"),
    "one number for all": (
        "highest",
        lambda pictures, W: scores(pictures, W).max(),
        "give shape ()",
    ),
    "square filters alone": ("highest", square_filter, "1 at [0, 0], must"),
    "a slide along one axis": ("highest", the_labs_slide, "the largest pixel"),
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
    "highest in torch": ("highest", highest_in_torch),
    "highest by loops, as a list": ("highest", highest_by_loops),
    "highest by scipy": ("highest", lambda pictures, W: highest(scores(pictures, W))),
    "highest by a product of matrices": ("highest", highest_by_columns),
}
