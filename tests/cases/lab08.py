"""Lab 8: how to make it quick, mistakes in its code, other seeds, wrong answers."""

import numpy as np

# Changes no verdict.
QUICK = {
    "[125, 500, 1000], [5, 5, 5]": "[500], [2]",
    "replicates=12": "replicates=2",
    "splits, epochs = 12, 20": "splits, epochs = 8, 12",
    "times=2000": "times=200",
    "n_jobs=2": "n_jobs=1",
    "for seed in range(12)": "for seed in range(4)",
    "(200_000, 10)": "(50_000, 10)",
    "max_iter=50": "max_iter=10",
    "n_iter_no_change=20": "n_iter_no_change=5",
    "learning_rate=0.05": "learning_rate=0.1",
    "epochs=200, lr=0.03": "epochs=120, lr=0.03",
}

# A mistake: what stands in the lab, what stands there instead, and what the lab must say of it.
MISTAKES = {
    "the parabola's middle": ("(X[:, 2] - 0.5) ** 2", "X[:, 2] ** 2", "two points"),
    "twice the noise": (
        "noise_sd * rng.standard_normal(n + 5000)",
        "2 * rng.standard_normal(n + 5000)",
        "noise, s.d.",
    ),
    "thresholds that slope": (
        "(X[:, 0] > 0.5) & (X[:, 1] > 0.5)",
        "X[:, 0] * X[:, 1]",
        "lab and stored",
    ),
    "a network without its kinks": (
        "nn.Linear(10, 32), nn.ReLU(),\n        nn.Linear(32, 32), nn.ReLU(),",
        "nn.Linear(10, 32),\n        nn.Linear(32, 32),",
        "lab and stored",
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
        "np.exp(score).mean(axis=1) > 1",
        "np.exp(score).sum(axis=1) > 1",
        "accuracy of the best rule",
    ),
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
        "mean of trained filters",
    ),
    "digits that stay": ("most = 1 if moved else 0", "most = 0", "linear, moved"),
    "digits of one writer on both sides": (
        'np.argsort(turn, kind="stable")',
        "rng.permutation(len(turn))",
        "blocks on both sides",
    ),
    "an interval that knows nothing of the overlap": (
        "partial(labkit.split_interval, **sizes)",
        "labkit.mean_interval",
        "conv, cost of moving: zero inside",
    ),
    "a control without care": (
        '"dense network": (dense_model, 0.01)',
        '"dense network": (dense_model, 1e-4)',
        "dense network, centred",
    ),
    "the crossing upside down": (
        'np.log(wide["network"] / wide[rival])',
        'np.log(wide[rival] / wide["network"])',
        "crossing with trees",
    ),
}

OTHER_SEEDS = [
    ("study_seed = 1", "study_seed = 3"),
    ("seed=8,\n)", "seed=9,\n)"),
]


def words(k):
    def counts(codes):
        windows = np.lib.stride_tricks.sliding_window_view(codes, k, axis=1)
        numbers = windows @ 4 ** np.arange(k)
        return np.array([np.bincount(row, minlength=4**k) for row in numbers])

    return counts


# A wrong answer: the exercise, the answer, and what its check must say.
WRONG = {
    "only reversed": ("strand", lambda x: x[:, :, ::-1], "no letter is paired"),
    "only paired": ("strand", lambda x: x[:, ::-1], "not reversed"),
    "axes exchanged": ("strand", lambda x: x.transpose(0, 2, 1), "its shape is (50, 60, 4)"),
    "A with C": ("strand", lambda x: x[:, [1, 0, 3, 2], ::-1], "meets no partner"),
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
    "the features themselves": ("covariates", lambda X: X, "the risk of the trees"),
    "everything to the third power": (
        "covariates",
        lambda X: np.hstack([X**k for k in range(1, 21)]),
        "so many covariates",
    ),
    "a vector": ("covariates", lambda X: X[:, 0], "have shape (250,)"),
    "squares alone": ("covariates", lambda X: X**2, "the risk of the trees"),
}
