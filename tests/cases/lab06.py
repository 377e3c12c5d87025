"""Lab 6: how to make it quick, mistakes in its code, other seeds, wrong answers."""

from functools import partial
from typing import Any

import numpy as np
import torch
from sklearn.model_selection import KFold

# Changes no verdict.
QUICK = {
    "epochs=3000": "epochs=900",
    "make_patients(2000, rng)": "make_patients(800, rng)",
    "torch.ones(1_000_000)": "torch.ones(300_000)",
    '"replicates": 20': '"replicates": 10',
    "make_network(s, p), X, y, seed=s": "make_network(s, p), X, y, epochs=120, seed=s",
    "k=6": "k=4",
    "(0.1, 0.2, 0.4, 0.6, 0.8, 0.9), strict=True": "(0.1, 0.4, 0.9), strict=False",
    "(0.03, 0.1, 0.3, 1, 3, 10)": "(0.03, 0.1, 3, 10)",
    "(5, 10, 20, 50, 100, 200)": "(5, 20, 100, 200)",
    "{400: 10, 100: len(risks), 50: len(risks)}": "{100: len(risks)}",
    "((1000, 200), (60, 1000))": "((1000, 40), (60, 600))",
    "choice_leak(seed, leaked) for seed in range(100)": (
        "choice_leak(seed, leaked) for seed in range(40)"
    ),
    "range(150)": "range(80)",
    "Parallel(n_jobs=2)(run(seed) for seed in range(120))": "[epoch_leak(s) for s in range(30)]",
    "Parallel(n_jobs=2)(delayed(rerun)": "Parallel(n_jobs=1)(delayed(rerun)",
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
        "0.5 / 0.5 * (w * active)",
        "0.5 * (w * active)",
        "price of forgetting eval",
    ),
    "the risk without the noise": (
        "return noise_sd**2 + np.mean((prediction - new.mean) ** 2)",
        "return np.mean((prediction - new.mean) ** 2)",
        "risk at the best epoch, minus labkit's",
    ),
    "the new patients' noise counted twice": (
        "noise_sd**2 + np.mean((prediction - new.mean) ** 2)",
        "noise_sd**2 + np.mean((prediction - new.y) ** 2)",
        "OLS, excess risk minus theory",
    ),
    "the variance for the s.d.": (
        "torch.stack(in_train).std(dim=0)",
        "torch.stack(in_train).var(dim=0)",
        "s.d. of a prediction",
    ),
    "the factor of two forgotten": (
        "decay=2 * a / n",
        "decay=a / n",
        "minus Ridge, largest",
    ),
    "Adam for AdamW": (
        "partial(getattr(torch.optim, name)",
        "partial(torch.optim.Adam",
        "AdamW's distance from OLS",
    ),
    "features chosen after the split": (
        "slice(200) if leaked else slice(140)",
        "slice(140)",
        "features chosen on all rows: optimism",
    ),
    "nothing chosen on the test set": (
        "np.argmin(errors[:K])",
        "0",
        "best of 64 seeds on the test set: optimism",
    ),
}

# A leak or an unequal effort in the whole study.
UNFAIR = {
    "settings chosen on the new patients": (
        'errors = [mse(f, parts["validation"]) for f in predicts]',
        'errors = [mse(f, parts["new"]) for f in predicts]',
        "ridge minus OLS",
    ),
    "stopped by the test rows": (
        'setting = {"validation": parts["validation"][:2], "patience": 30}',
        'setting = {"validation": parts["test"][:2], "patience": 30}',
        "best validation epoch, its loss",
    ),
    "AdamW without its grid": (
        '{"optimizer": "adamw"} | decay for decay in decays',
        '{"optimizer": "adamw"} | decays[0] for _ in decays',
        "AdamW, decay minus early stopping",
    ),
    "twice the epochs for the plain network": (
        "together([{} for _ in decays], epochs)",
        "together([{} for _ in decays], 2 * epochs)",
        "early stopping minus plain network, 100",
    ),
}

OTHER_SEEDS = [
    ("default_rng(6)", "default_rng(7)"),
    ("make_network(seed=6", "make_network(seed=7"),
]


def dropped(h: Any, p: Any, rng: Any) -> Any:
    """Return dropout as it should be."""
    return h * (rng.random(h.shape) >= p) / (1 - p)


def as_many_as_p_says(h: Any, p: Any, rng: Any) -> Any:
    out = (h / (1 - p)).ravel()
    out[rng.choice(h.size, round(p * h.size), replace=False)] = 0
    return out.reshape(h.shape)


def by_the_share_that_stays(h: Any, p: Any, rng: Any) -> Any:
    stays = rng.random(h.shape) >= p
    return h * stays / stays.mean()


def in_place(h: Any, p: Any, rng: Any) -> Any:
    h *= rng.random(h.shape) >= p
    h /= 1 - p
    return h


def in_turns(losses: Any, *groups: Any) -> Any:
    """Return the mean error of choosing on one group of patients and measuring on the other."""
    one, two = groups
    found = [losses[m, losses[c].mean(axis=0).argmin()].mean() for c, m in ((one, two), (two, one))]
    return np.mean(found)


def halves(losses: Any, rng: Any) -> Any:
    """Return an honest error, from the halves of a random order."""
    return in_turns(losses, *np.array_split(rng.permutation(len(losses)), 2))


def leaving_one_out(losses: Any, rng: Any) -> Any:
    others = losses.sum(axis=0) - losses
    return losses[np.arange(len(losses)), others.argmin(axis=1)].mean()


def five_folds(losses: Any, rng: Any, shuffle: bool = True) -> Any:
    seed = int(rng.integers(2**31)) if shuffle else None
    folds = KFold(5, shuffle=shuffle, random_state=seed).split(losses)
    return np.mean([losses[m, losses[c].mean(axis=0).argmin()].mean() for c, m in folds])


def in_torch(losses: Any, rng: Any) -> Any:
    first, *rest = torch.tensor(losses)[rng.permutation(len(losses))].tensor_split(3)
    return torch.cat(rest)[:, first.mean(0).argmin()].mean()


def overlapping(losses: Any, rng: Any) -> Any:
    choose, measure = (rng.choice(len(losses), len(losses) // 2) for _ in range(2))
    return losses[measure, losses[choose].mean(axis=0).argmin()].mean()


def by_a_coin(losses: Any, rng: Any) -> Any:
    """Choose on one of two fixed halves, by a coin, and measure on the other."""
    halves_ = np.array_split(np.arange(len(losses)), 2)
    k = int(rng.integers(2))
    return losses[halves_[1 - k], losses[halves_[k]].mean(axis=0).argmin()].mean()


def one_fixed_fold(losses: Any, rng: Any) -> Any:
    measure = np.arange(len(losses)) % 5 == rng.integers(5)
    return losses[measure, losses[~measure].mean(axis=0).argmin()].mean()


def cut_at_random(losses: Any, rng: Any) -> Any:
    where = int(rng.integers(len(losses) // 4, 3 * len(losses) // 4))
    return in_turns(losses, *np.split(np.arange(len(losses)), [where]))


def rotated(losses: Any, rng: Any) -> Any:
    rows = np.roll(np.arange(len(losses)), int(rng.integers(len(losses))))
    return in_turns(losses, *np.array_split(rows, 2))


def coins(losses: Any, rng: Any) -> Any:
    """Return an honest error with a coin for each patient."""
    heads = rng.random(len(losses)) < 0.5
    return in_turns(losses, np.flatnonzero(heads), np.flatnonzero(~heads))


def out_of_bag(losses: Any, rng: Any) -> Any:
    """Choose on a bootstrap sample, measure on those whom it left out, twenty times."""
    n, found = len(losses), []
    for _ in range(20):
        drawn = rng.integers(n, size=n)
        left = np.setdiff1d(np.arange(n), drawn)
        found.append(losses[left, losses[drawn].mean(axis=0).argmin()].mean())
    return np.mean(found)


class Twice:
    def __call__(self, penalty: Any) -> Any:
        return 2 * penalty


# A wrong answer: the exercise, the answer, and what its check must say.
WRONG = {
    "lambda itself": ("weight_decay", lambda lam: lam, "too little decay"),
    "the factor taken twice": ("weight_decay", lambda lam: 4 * lam, "too much decay"),
    "scikit-learn's alpha": ("weight_decay", lambda lam: 700 * lam / 2, "too much decay"),
    "no decay": ("weight_decay", lambda lam: 0.0, "not a penalty"),
    "the same decay for any lambda": ("weight_decay", lambda lam: 0.2, "too little decay"),
    "a decay without end": ("weight_decay", lambda lam: np.inf, "not a penalty"),
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
    "a seed of its own": (
        "dropout",
        lambda h, p, rng: dropped(h, p, np.random.default_rng(0)),
        "does not use `rng`",
    ),
    "everybody's generator": (
        "dropout",
        lambda h, p, rng: h * (np.random.rand(*h.shape) >= p) / (1 - p),  # noqa: NPY002
        "`rng`",
    ),
    "torch's own dropout": (
        "dropout",
        lambda h, p, rng: torch.nn.functional.dropout(torch.tensor(h), p),
        "`rng`",
    ),
    "as many as p says": ("dropout", as_many_as_p_says, "not binomial"),
    "divided by the share that stays": (
        "dropout",
        by_the_share_that_stays,
        "multiplied by one factor",
    ),
    "the first half and the second": (
        "honest_error",
        lambda losses, rng: in_turns(losses, *np.array_split(np.arange(len(losses)), 2)),
        "not divided at random by `rng`",
    ),
    "every other patient": (
        "honest_error",
        lambda losses, rng: in_turns(losses, slice(0, None, 2), slice(1, None, 2)),
        "not divided at random by `rng`",
    ),
    "the halves of a fixed seed": (
        "honest_error",
        lambda losses, rng: halves(losses, np.random.default_rng(0)),
        "not divided at random by `rng`",
    ),
    "folds that are not shuffled": (
        "honest_error",
        lambda losses, rng: five_folds(losses, rng, shuffle=False),
        "not divided at random by `rng`",
    ),
    "halves of everybody's generator": (
        "honest_error",
        lambda losses, rng: halves(losses, np.random),
        "`rng`",
    ),
    "a coin between two fixed halves": (
        "honest_error",
        by_a_coin,
        "not divided at random by `rng`",
    ),
    "one of five fixed folds": (
        "honest_error",
        one_fixed_fold,
        "not divided at random by `rng`",
    ),
    "the order kept, cut at a random place": (
        "honest_error",
        cut_at_random,
        "not divided at random by `rng`",
    ),
    "the rows rotated and halved": (
        "honest_error",
        rotated,
        "not divided at random by `rng`",
    ),
    "halves that overlap": ("honest_error", overlapping, "too good"),
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

# A right answer in an unusual dress: the exercise, and the answer.
RIGHT = {
    "a tensor for a decay": ("weight_decay", lambda lam: torch.tensor(2 * lam)),
    "a partial": ("weight_decay", partial(np.multiply, 2)),
    "a list of one": ("weight_decay", lambda lam: [lam + lam]),
    "an object that is called": ("weight_decay", Twice()),
    "a decay in single precision": ("weight_decay", lambda penalty: np.float32(2 * penalty)),
    "dropout in torch": (
        "dropout",
        lambda h, p, rng: torch.tensor(h) * torch.tensor(rng.random(h.shape) >= p) / (1 - p),
    ),
    "dropout in single precision": (
        "dropout",
        lambda h, p, rng: torch.tensor(dropped(h, p, rng), dtype=torch.float32),
    ),
    "binomial draws": ("dropout", lambda h, p, rng: h * rng.binomial(1, 1 - p, h.shape) / (1 - p)),
    "factors that are chosen": (
        "dropout",
        lambda h, p, rng: h * rng.choice([0, 1 / (1 - p)], h.shape, p=[p, 1 - p]),
    ),
    "dropout in place": ("dropout", in_place),
    "dropout as lists": ("dropout", lambda h, p, rng: dropped(h, p, rng).tolist()),
    "each patient left out in turn": ("honest_error", leaving_one_out),
    "shuffled folds": ("honest_error", five_folds),
    "one third to choose": ("honest_error", in_torch),
    "a coin for each patient": ("honest_error", coins),
    "out of the bag": ("honest_error", out_of_bag),
    "an array of one error": ("honest_error", lambda losses, rng: np.array([halves(losses, rng)])),
    "many halves": (
        "honest_error",
        lambda losses, rng: sum(halves(losses, rng) for _ in range(5)) / 5,
    ),
}
