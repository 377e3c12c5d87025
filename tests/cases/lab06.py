"""Lab 6: how to make it quick, mistakes in its code, other seeds, wrong answers."""

import numpy as np

# Changes no verdict.
QUICK = {
    "range(400)": "range(220)",
    "range(1, 401)": "range(1, 221)",
    "last_epoch, 400]": "last_epoch, 220]",
    "epochs=3000": "epochs=900",
    "make_patients(2000, rng)": "make_patients(800, rng)",
    "torch.ones(1_000_000)": "torch.ones(300_000)",
    '"replicates": 20': '"replicates": 3',
    "zip(seeds(rng), (0.2, 0.5, 0.8)": "zip(seeds(rng, 1), (0.5,)",
    "make_network(s, p), X, y, seed=s": "make_network(s, p), X, y, epochs=120, seed=s",
    "for seed in seeds(rng)]": "for seed in seeds(rng, 1)]",
    "(0, 0, 0)": "(0,)",
    "(0.03, 0.1, 0.3)": "(0.1,)",
    "(1, 3, 10)": "(3,)",
    "range(200)": "range(12)",
    "choice_leak(seed, leaked) for seed in range(100)": (
        "choice_leak(seed, leaked) for seed in range(20)"
    ),
    "range(60)": "range(24)",
    "Parallel(n_jobs=2)(run(seed) for seed in range(80))": "[epoch_leak(s) for s in range(14)]",
    '"n_jobs": 2': '"n_jobs": 1',
}

# A mistake: what stands in the lab, what stands there instead, and what the lab must say of it.
MISTAKES = {
    "the scaler fitted before the split": (
        'seen = X[rows["train"]]',
        "seen = X",
        "training columns, largest mean",
    ),
    "rows drawn with replacement": (
        "rng.permutation(1000)",
        "rng.integers(1000, size=1000)",
        "patients in two parts",
    ),
    "eval() forgotten": ("_ = dropped.eval()", "pass", "two passes in eval mode"),
    "weights kept without a copy": (
        "kept.append(copy.deepcopy(model.state_dict()))",
        "kept.append(model.state_dict())",
        "restored weights minus those kept",
    ),
    "the epoch off by one": (
        "enumerate(losses, start=1)",
        "enumerate(losses)",
        "best epoch, by hand",
    ),
    "dropout's variance without its division": (
        "0.5 / 0.5 * (w * hidden)",
        "0.5 * (w * hidden)",
        "price of forgetting eval",
    ),
    "the factor of two forgotten": (
        "decay=2 * a / n",
        "decay=a / n",
        "SGD with decay minus Ridge",
    ),
    "Adam for AdamW": (
        "partial(getattr(torch.optim, name)",
        "partial(torch.optim.Adam",
        "AdamW's distance from OLS",
    ),
    "features chosen after the split": (
        "slice(200) if leaked else slice(140)",
        "slice(140)",
        "features on all rows",
    ),
    "nothing chosen on the test set": (
        "np.argmin(errors[:K])",
        "0",
        "best of 64 seeds",
    ),
}

OTHER_SEEDS = [
    ("default_rng(6)", "default_rng(7)"),
    ("make_network(seed=6", "make_network(seed=7"),
]


# A wrong answer: the exercise, the answer, and what its check must say.
WRONG = {
    "lambda itself": ("weight_decay", lambda lam: lam, "too little decay"),
    "the factor taken twice": ("weight_decay", lambda lam: 4 * lam, "too much decay"),
    "scikit-learn's alpha": ("weight_decay", lambda lam: 700 * lam / 2, "too much decay"),
    "no decay": ("weight_decay", lambda lam: 0.0, "no penalty"),
    "the expectation not kept": (
        "dropout",
        lambda h, p, rng: h * (rng.random(h.shape) >= p),
        "means of 1 and 3",
    ),
    "p taken for the share that stays": (
        "dropout",
        lambda h, p, rng: h * (rng.random(h.shape) < p) / p,
        "share of",
    ),
    "one mask for all": (
        "dropout",
        lambda h, p, rng: h * (rng.random() >= p) / (1 - p),
        "share of",
    ),
    "whole rows dropped": (
        "dropout",
        lambda h, p, rng: h * (rng.random((len(h), 1)) >= p) / (1 - p),
        "neighbour",
    ),
    "the minimum over settings": (
        "honest_error",
        lambda losses, rng: losses.mean(axis=0).min(),
        "too good",
    ),
    "the mean over settings": (
        "honest_error",
        lambda losses, rng: losses.mean(),
        "one setting has risk",
    ),
    "chosen and measured on the same half": (
        "honest_error",
        lambda losses, rng: losses[:75].mean(axis=0).min(),
        "too good",
    ),
    "measured where not chosen, by the minimum": (
        "honest_error",
        lambda losses, rng: np.mean([half.mean(axis=0).min() for half in np.split(losses, 2)]),
        "too good",
    ),
    "all settings' errors": (
        "honest_error",
        lambda losses, rng: losses.mean(axis=0),
        "not one number",
    ),
}
