"""Lab 15: how to make it quick, mistakes in its code, other seeds, wrong answers."""

from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.decomposition import PCA

# Changes no verdict.
QUICK = {
    "study_seed = [50, 500], 2, 1": "study_seed = [500], 1, 1",
    "start_sizes, start_replicates = [50, 500], 1": "start_sizes, start_replicates = [50], 1",
    'borrowed_from = ["same kind", "another word"]': 'borrowed_from = ["same kind"]',
    "widths, width_sizes = [8], [50]": "widths, width_sizes = [], []",
    "times=2000": "times=400",
    "for lr in (0.003, 0.01)": "for lr in (0.01,)",
    "n_jobs=2": "n_jobs=1",
    "lr=lr, epochs=30": "lr=lr, epochs=20",
    "for e in (15, 30)": "for e in (10, 20)",
}

# A mistake: what stands in the lab, what stands there instead, and what the lab must say of it.
MISTAKES = {
    "the word changed too often": (
        "length, change = 60, 0.1",
        "length, change = 60, 0.3",
        "letters of the word kept",
    ),
    "a word back to front": (
        "// 4 ** np.arange(k) % 4",
        "// 4 ** np.arange(k)[::-1] % 4",
        "letters wrong in the commonest word",
    ),
    "hidden letters that count as seen": (
        "log_odds[codes] * ~hidden[:, :, None]",
        "log_odds[codes]",
        "best guess minus Bayes",
    ),
    "a lift that is not one": (
        "more = probability[:, k] / 0.25 - 1",
        "more = probability[:, k] / 0.25",
        "best guess minus Bayes",
    ),
    "letters that are marked and not hidden": (
        "logits = model(X[rows] * ~hidden[:, None])",
        "logits = model(X[rows])",
        "share of the possible fall",
    ),
    "the loss of the letters that are seen": (
        "guesses = logits.transpose(1, 2)[hidden]\n    "
        "    loss = cross_entropy(guesses, target[rows][hidden])",
        "guesses = logits.transpose(1, 2)[~hidden]\n    "
        "    loss = cross_entropy(guesses, target[rows][~hidden])",
        "share of the possible fall",
    ),
    "filters that are not borrowed": (
        "scan.slide.load_state_dict(model.slide.state_dict())",
        "model.slide.state_dict()",
        "distance from the lender's",
    ),
    "the mean over places": (
        "torch.relu(self.slide(x)).amax(dim=2)",
        "torch.relu(self.slide(x)).mean(dim=2)",
        "features, NumPy minus torch",
    ),
    "no network is tuned": (
        "rates = (0.003, 0.01, 0.03)",
        "rates = (0.0001,)",
        "rerun and stored",
    ),
    "the worst rate": (
        "return min(fits, key=lambda fit",
        "return max(fits, key=lambda fit",
        "rerun and stored",
    ),
    "logits for probabilities": (
        "return 1 / (1 + np.exp(-logits))",
        "return 1 / (1 + np.exp(logits))",
        "rerun and stored",
    ),
    "rotations that are none": (
        "turned = [np.rot90(X, k, axes=(2, 3)) for k in range(4)]",
        "turned = [X.copy() for k in range(4)]",
        "rotations told",
    ),
    "a gap the wrong way round": (
        'worth = loss["from scratch", "none"] - loss["frozen", "same kind"]',
        'worth = loss["frozen", "same kind"] - loss["from scratch", "none"]',
        "scratch minus frozen, 50 labels",
    ),
}

# A leak or an unfairness in a whole study, in the same form.
UNFAIR = {
    "test sequences among the labelled": (
        "pool_codes, pool_y, _ = make_sequences(4000, rng)",
        "make_sequences(4000, rng)\n    pool_codes = np.concatenate([new_codes, new_codes])\n"
        "    pool_y = np.concatenate([new_y, new_y])",
        "test rows among the labelled",
    ),
    "a source that holds the test rows and does not say so": (
        "same = make_sequences(2000, rng)[0]",
        "make_sequences(2000, rng)\n    same = new_codes",
        "test rows in the source",
    ),
    "fine-tuning tuned, training from scratch not": (
        "fit = train(partial(scratch, seed), codes, y, seed)",
        "fit = labkit.fit_torch(scratch(seed), one_hot(codes), "
        "y[:, None].astype(np.float32), loss='bce_with_logits', lr=0.001, epochs=5, seed=seed)",
        "from scratch, rerun and stored",
    ),
    "pictures of the source in the pairs": (
        "source_rows = np.flatnonzero(np.isin(block, turn[:6]))",
        "source_rows = np.flatnonzero(np.isin(block, turn))",
        "rows of the source in a pair",
    ),
}

OTHER_SEEDS = [
    ("default_rng(155)", "default_rng(156)"),
    ("seed=15)", "seed=16)"),
]


def windows(codes, k):
    return np.lib.stride_tricks.sliding_window_view(codes, k, axis=1)


def commonest(codes, k):
    rows, counts = np.unique(windows(codes, k).reshape(-1, k), axis=0, return_counts=True)
    return rows[counts.argmax()]


def commonest_by_text(codes, k):
    texts = ["".join(map(str, row)) for row in codes]
    words = [text[i : i + k] for text in texts for i in range(len(text) - k + 1)]
    return [int(letter) for letter in max(set(words), key=words.count)]


def commonest_by_pandas(codes, k):
    table = pd.DataFrame(windows(codes, k).reshape(-1, k))
    return np.array(table.value_counts().index[0], dtype=float)


def in_the_most_sequences(codes, k):
    numbers = windows(codes, k) @ 4 ** np.arange(k)
    counts = sum(np.bincount(np.unique(row), minlength=4**k) for row in numbers)
    return counts.argmax() // 4 ** np.arange(k) % 4


def without_the_last_window(codes, k):
    return commonest(codes[:, :-1], k)


def side_by_side(codes, k):
    return commonest(codes[:, : codes.shape[1] // k * k].reshape(-1, k), k)


def one_sequence(codes, k):
    return commonest(codes[:1], k)


def consensus(codes, k):
    return np.array([np.bincount(column).argmax() for column in codes.T])[:k]


def hide(x, share, rng):
    hidden = rng.random((len(x), x.shape[2])) < share
    return x * ~hidden[:, None], hidden


def hide_entries(x, share, rng):
    hidden = rng.random(x.shape) < share
    return x * ~hidden, hidden.any(axis=1)


def hide_columns(x, share, rng):
    hidden = np.tile(rng.random(x.shape[2]) < share, (len(x), 1))
    return x * ~hidden[:, None], hidden


def hide_sequences(x, share, rng):
    hidden = np.tile(rng.random((len(x), 1)) < share, (1, x.shape[2]))
    return x * ~hidden[:, None], hidden


def hide_nothing(x, share, rng):
    return x, rng.random((len(x), x.shape[2])) < share


def hide_the_rest(x, share, rng):
    hidden = rng.random((len(x), x.shape[2])) >= share
    return x * ~hidden[:, None], hidden


def hide_by_a_seed(x, share, rng):
    return hide(x, share, np.random.default_rng(5))


def hide_by_a_quarter(x, share, rng):
    hidden = rng.random((len(x), x.shape[2])) < share
    return np.where(hidden[:, None], 0.25, x), hidden


def hide_as_many(x, share, rng):
    places = rng.permuted(np.tile(np.arange(x.shape[2]), (len(x), 1)), axis=1)
    hidden = places < round(share * x.shape[2])
    return x * ~hidden[:, None], hidden


def hide_pairs(x, share, rng):
    n, _, length = x.shape
    hidden = np.repeat(rng.random((n, (length + 1) // 2)) < share, 2, axis=1)[:, :length]
    return x * ~hidden[:, None], hidden


def hide_both_halves_alike(x, share, rng):
    half = rng.random((len(x), (x.shape[2] + 1) // 2)) < share
    hidden = np.tile(half, 2)[:, : x.shape[2]]
    return x * ~hidden[:, None], hidden


def hide_the_second_half_alike(x, share, rng):
    mask = rng.random((len(x) // 2, x.shape[2])) < share
    hidden = np.concatenate([mask, mask])
    return x * ~hidden[:, None], hidden


def hide_in_torch(x, share, rng):
    hidden = torch.tensor(rng.random((len(x), x.shape[2])) < share)
    return torch.tensor(x).masked_fill(hidden[:, None], 0), hidden


def hide_one_by_one(x, share, rng):
    hidden = np.zeros((len(x), x.shape[2]), dtype=int)
    for i, j in np.ndindex(*hidden.shape):
        hidden[i, j] = rng.random() < share
        x[i, :, j] *= 1 - hidden[i, j]
    return x, hidden


def hide_by_binomial(x, share, rng):
    hidden = rng.binomial(1, share, size=(len(x), x.shape[2])).astype(bool)
    return np.where(hidden[:, None], 0, x), hidden


def components(source, rows, k):
    mean = source.mean(axis=0)
    return (rows - mean) @ np.linalg.svd(source - mean, full_matrices=False)[2][:k].T


def components_by_covariance(source, rows, k):
    vectors = np.linalg.eigh(np.cov(source.T))[1][:, ::-1]
    return (rows - source.mean(axis=0)) @ vectors[:, :k]


def components_in_torch(source, rows, k):
    source, rows = torch.tensor(source), torch.tensor(rows)
    mean = source.mean(dim=0)
    return (rows - mean) @ torch.linalg.svd(source - mean, full_matrices=False).Vh[:k].T


def own_mean(source, rows, k):
    Vt = np.linalg.svd(source - source.mean(axis=0), full_matrices=False)[2]
    return (rows - rows.mean(axis=0)) @ Vt[:k].T


def uncentred(source, rows, k):
    return rows @ np.linalg.svd(source, full_matrices=False)[2][:k].T


def last_components(source, rows, k):
    mean = source.mean(axis=0)
    return (rows - mean) @ np.linalg.svd(source - mean, full_matrices=False)[2][-k:].T


def standardised(source, rows, k):
    mean, sd = source.mean(axis=0), source.std(axis=0)
    return (rows - mean) / sd @ np.linalg.svd((source - mean) / sd)[2][:k].T


def whitened(source, rows, k):
    return PCA(k, whiten=True).fit(source).transform(rows)


def of_both(source, rows, k):
    return PCA(k).fit(np.concatenate([source, rows])).transform(rows)


# A wrong answer: the exercise, the answer, and what its check must say.
WRONG: dict[str, tuple[str, Any, str]] = {
    "back to front": ("commonest", lambda c, k: commonest(c, k)[::-1], "back to front"),
    "the first sequence alone": ("commonest", one_sequence, "is not found"),
    "the commonest letters": ("commonest", consensus, "is not found"),
    "windows side by side": ("commonest", side_by_side, "is not found"),
    "the last window left out": ("commonest", without_the_last_window, "stands at the end"),
    "in the most sequences": ("commonest", in_the_most_sequences, "27 windows of one sequence"),
    "five letters always": ("commonest", lambda c, k: commonest(c, 5), "with k = 3"),
    "the number of the word": (
        "commonest",
        lambda c, k: np.bincount((windows(c, k) @ 4 ** np.arange(k)).ravel()).argmax(),
        "its shape is ()",
    ),
    "single entries": ("hiding", hide_entries, "can still be seen"),
    "the same places": ("hiding", hide_columns, "the same places are hidden"),
    "whole sequences": ("hiding", hide_sequences, "whole sequences are hidden"),
    "marked and not hidden": ("hiding", hide_nothing, "can still be seen"),
    "all but the share": ("hiding", hide_the_rest, "of the letters are hidden"),
    "a seed of its own": ("hiding", hide_by_a_seed, "two seeds give one mask"),
    "a quarter for a letter": ("hiding", hide_by_a_quarter, "can still be seen"),
    "as many in each": ("hiding", hide_as_many, "same number hidden"),
    "neighbours in pairs": ("hiding", hide_pairs, "places are hidden together"),
    "one mask for both halves": (
        "hiding",
        hide_both_halves_alike,
        "places are hidden together",
    ),
    "one mask for two sequences": ("hiding", hide_the_second_half_alike, "sequences share a mask"),
    "the mask alone per entry": (
        "hiding",
        lambda x, share, rng: (x, rng.random(x.shape) < share),
        "the mask has shape (500, 4, 41)",
    ),
    "by their own mean": ("components", own_mean, "change with the other rows"),
    "not centred": ("components", uncentred, "do not average zero"),
    "the last ones": ("components", last_components, "their variances are"),
    "standardised": ("components", standardised, "their variances are"),
    "whitened": ("components", whitened, "their variances are"),
    "of source and rows together": ("components", of_both, "change with the other rows"),
    "of the rows": (
        "components",
        lambda source, rows, k: PCA(k).fit(rows).transform(rows),
        "change with the other rows",
    ),
}

# A right answer in an unusual dress: the exercise, and the answer.
RIGHT: dict[str, tuple[str, Any]] = {
    "unique rows": ("commonest", commonest),
    "text and a list": ("commonest", commonest_by_text),
    "counted by pandas": ("commonest", commonest_by_pandas),
    "a tensor of codes": ("commonest", lambda c, k: torch.tensor(commonest(c, k))),
    "hidden in torch": ("hiding", hide_in_torch),
    "hidden one by one, in place": ("hiding", hide_one_by_one),
    "a binomial mask": ("hiding", hide_by_binomial),
    "scikit-learn's components": (
        "components",
        lambda source, rows, k: PCA(k).fit(source).transform(rows),
    ),
    "by the covariance matrix": ("components", components_by_covariance),
    "components in torch": ("components", components_in_torch),
    "the other sign, as lists": ("components", lambda s, r, k: (-components(s, r, k)).tolist()),
}
