"""The exercises' checks: plausible wrong answers are caught with a message about the mistake."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="the exercises' checks run networks")

import torch
from lab_runner import as_it_stands, code_cells, tags

import labkit


@cache
def lab(number: str) -> dict[str, Any]:
    """Return the variables of a lab with its stubs, checks and solutions, run once."""
    names = dict(as_it_stands(number))
    for cell in code_cells(number):
        if {"exercise", "exercise-check", "solution"} & set(tags(cell)):
            exec(cell.source, names)
    return names


STUBS = {
    "01": ["learning_rate", "weighted_gradient", "table"],
    "02": ["mask", "gradients", "start"],
    "03": ["expit", "delta", "logistic"],
    "04": ["momentum_step", "poisson_loss", "batch_size"],
    "05": ["emax", "bootstrap", "features"],
    "06": ["weight_decay", "dropout", "honest_error"],
}


@pytest.mark.parametrize(
    ("number", "exercise"), [(number, name) for number in STUBS for name in STUBS[number]]
)
def test_a_stub_is_not_attempted_and_the_solution_is_right(number, exercise):
    names = lab(number)
    check = names[f"check_{exercise}"]
    assert check(names[f"my_{exercise}"]).status == "not attempted"
    assert check(names[f"solved_{exercise}"]).status == "right"


def table_with(mean: Callable[[Any], Any], noise_sd: float = 0.5) -> Callable[[Any], Any]:
    def draw(rng: Any) -> labkit.LinearData:
        X = rng.standard_normal((2500, 10))
        y = mean(X) + noise_sd * rng.standard_normal(2500)
        return labkit.LinearData(X, y, mean(X), beta=np.zeros(10), noise_sd=noise_sd)

    return draw


def planned(variance_of: Callable[[Any], float], *, corrected: bool = True) -> Callable[..., int]:
    """Return a batch size from what stands for the variance of a row's gradient."""

    def batch_size(rows: Any, delta: float) -> int:
        wanted = delta**2 * (rows.mean(axis=0) ** 2).sum() / variance_of(rows)
        return int(np.ceil(1 / (wanted + corrected / len(rows))))

    return batch_size


def residual(w: Any, X: Any, y: Any) -> Any:
    return y - X @ w


def deeper(change: Callable[[dict[str, Any], dict[str, Any]], Any]) -> Callable[..., Any]:
    """Return lab 2's solution with its gradients changed."""

    def answer(w: Any, X: Any, y: Any) -> Any:
        return change(lab("02")["solved_gradients"](w, X, y), w)

    return answer


def expit_node(slope: Callable[[float], float]) -> Callable[[Any], Any]:
    def node(a: Any) -> Any:
        q = 1 / (1 + np.exp(-a.data))
        return lab("03")["Value"](q, "expit", ((a, slope(q)),))

    return node


def expit_of_steps(a: Any) -> Any:
    one = lab("03")["Value"](1.0)
    return one / (one + lab("03")["exp"](-a))


def delta(change: str) -> Callable[..., float]:
    def answer(g: Any, beta: Any, covariance: Any) -> float:
        v = torch.func.grad(g)(beta * 0 + 1 if change == "place" else beta)
        covariance = torch.diag(torch.diag(covariance)) if change == "diagonal" else covariance
        variance = (v @ covariance @ v).item()
        return variance if change == "root" else variance**0.5

    return answer


def without_second_mask(w: Any, X: Any, y: Any) -> Any:
    """Return the gradients of lab 2's deeper network with the mask of its first layer alone."""
    pre1 = X @ w["w1"] + w["b1"]
    hidden1 = np.maximum(pre1, 0)
    hidden2 = np.maximum(hidden1 @ w["w2"] + w["b2"], 0)
    d3 = 2 * (hidden2 @ w["w3"] + w["b3"] - y)
    d2 = d3 @ w["w3"].T
    d1 = d2 @ w["w2"].T * (pre1 > 0)
    weights = {"w1": X.T @ d1, "w2": hidden1.T @ d2, "w3": hidden2.T @ d3}
    return weights | {f"b{k}": d.sum(0, keepdims=True) for k, d in ((1, d1), (2, d2), (3, d3))}


def start_times(scale: float) -> Callable[[Any], Any]:
    def draw(rng: Any) -> Any:
        start = lab("02")["draw_start"](rng)
        return start | {"w2": start["w2"] * scale}

    return draw


def logistic(change: str) -> Callable[[Any, Any], Any]:
    def answer(X: Any, y: Any) -> Any:
        beta, se = lab("03")["solved_logistic"](X, y)
        return {
            "mean": (beta, se * len(y) ** 0.5),
            "variance": (beta, se**2),
            "start": (beta * 0, se),
            "column": (beta[:, None], se[:, None]),
        }[change]

    return answer


def emax_module(change: str) -> Callable[[], Any]:
    """Return what makes lab 5's dose-response module with one mistake."""

    class Emax(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.emax = torch.nn.Parameter(torch.ones(1))
            start = torch.zeros(1)
            self.log_ed50 = start if change == "tensor" else torch.nn.Parameter(start)

        def forward(self, dose: Any) -> Any:
            scale = self.log_ed50 if change == "no exponential" else self.log_ed50.exp()
            if change == "a slope":
                return self.emax / (scale + dose)
            mean = self.emax * dose / (scale + dose)
            return mean.ravel() if change == "flat" else mean

    return (lambda: Emax) if change == "the class" else Emax


def bootstrap(change: str) -> Callable[[Any, Any], Any]:
    """Return what makes lab 5's bootstrap sample with one mistake."""

    class Sample(torch.utils.data.Dataset):  # type: ignore[type-arg]
        def __init__(self, dataset: Any, rng: Any) -> None:
            n = len(dataset)
            self.dataset, self.rng = dataset, rng
            self.numbers = rng.integers(n, size=n)
            if change == "without replacement":
                self.numbers = rng.permutation(n)
            if change == "one seed":
                self.numbers = np.random.default_rng(1).integers(n, size=n)
            if change == "fewer":
                self.numbers = self.numbers[: n // 2]

        def __len__(self) -> int:
            return len(self.numbers)

        def __getitem__(self, i: int) -> Any:
            if change == "drawn when asked":
                return self.dataset[self.rng.integers(len(self))]
            if change == "a row of two":
                return self.dataset[i][0], self.dataset[self.numbers[i]][1]
            return self.dataset[self.numbers[i]]

    return Sample


def squares(X: Any) -> Any:
    return np.column_stack([X[:, 0] ** 2, X[:, 1] ** 2, X[:, 0] * X[:, 1]])


WRONG = {
    "a rate that changes nothing": ("01", "learning_rate", lambda: 0.01, "still"),
    "a rate that is too large": ("01", "learning_rate", lambda: 1.0, "not stable"),
    "a negative rate": ("01", "learning_rate", lambda: -0.01, "positive"),
    "a number instead of a function": ("01", "learning_rate", 0.02, "raised TypeError"),
    "the sign": (
        "01", "weighted_gradient",
        lambda w, X, y, v: 2 / len(y) * X.T @ (v * residual(w, X, y)), "downhill",
    ),
    "weights forgotten": (
        "01", "weighted_gradient",
        lambda w, X, y, v: -2 / len(y) * X.T @ residual(w, X, y), "every row once",
    ),
    "weights squared": (
        "01", "weighted_gradient",
        lambda w, X, y, v: -2 / len(y) * X.T @ (v**2 * residual(w, X, y)), "every row once",
    ),
    "the sum for the mean": (
        "01", "weighted_gradient",
        lambda w, X, y, v: -2 * X.T @ (v * residual(w, X, y)), "30 times",
    ),
    "not summed over rows": (
        "01", "weighted_gradient",
        lambda w, X, y, v: -2 / len(y) * X.T * (v * residual(w, X, y)), "shape",
    ),
    "a linear truth": ("01", "table", table_with(lambda X: X[:, 0]), "OLS minus network"),
    "pure noise": ("01", "table", table_with(lambda X: 0 * X[:, 0]), "OLS minus network"),
    "other noise": ("01", "table", table_with(lambda X: abs(X[:, 0]), 0.1), "s.d."),
    "a mean of the wrong shape": (
        "01", "table", table_with(lambda X: abs(X[:, :1])), "shape",
    ),
    "the activation for its slope": ("02", "mask", np.tanh, "negative"),
    "the mask of ReLU": ("02", "mask", lambda pre: 1.0 * (pre > 0), "slope is off"),
    "a square forgotten": ("02", "mask", lambda pre: 1 - abs(np.tanh(pre)), "slope is off"),
    "a plus for a minus": ("02", "mask", lambda pre: 1 + np.tanh(pre) ** 2, "exceeds 1"),
    "one slope for all": ("02", "mask", lambda pre: 1 - np.tanh(pre).mean() ** 2, "shape"),
    "a mask forgotten": ("02", "gradients", without_second_mask, "first wrong one is w2"),
    "a layer forgotten": (
        "02", "gradients", deeper(lambda g, w: {k: g[k] for k in g if k[1] != "1"}),
        "w1 is missing",
    ),
    "a bias of one dimension": (
        "02", "gradients", deeper(lambda g, w: g | {"b2": g["b2"].ravel()}), "b2 has shape (8,)",
    ),
    "a transposed weight": (
        "02", "gradients", deeper(lambda g, w: g | {"w2": g["w2"].T}), "first wrong one is w2",
    ),
    "the mean of the gradients": (
        "02", "gradients", deeper(lambda g, w: {k: v / 20 for k, v in g.items()}),
        "first wrong one is w3",
    ),
    "the usual start": ("02", "start", start_times(1.0), "usual error minus yours"),
    "a larger start": ("02", "start", start_times(2.0), "usual error minus yours"),
    "a start at zero": (
        "02", "start", lambda rng: {k: 0 * v for k, v in start_times(1)(rng).items()},
        "draws nothing",
    ),
    "a start of the wrong shape": (
        "02", "start", lambda rng: start_times(1)(rng) | {"w2": np.ones(32)}, "w2 has the shape",
    ),
    "a number for a Value": ("03", "expit", lambda a: 1 / (1 + np.exp(-a.data)), "not a Value"),
    "a slope of one": ("03", "expit", expit_node(lambda q: 1.0), "times the true one"),
    "the slope of tanh": ("03", "expit", expit_node(lambda q: 1 - q**2), "times the true one"),
    "several steps for one": ("03", "expit", expit_of_steps, "edges, not one"),
    "another function": ("03", "expit", lambda a: lab("03")["tanh"](a), "log odds"),
    "no root": ("03", "delta", delta("root"), "times its s.e."),
    "covariances left out": ("03", "delta", delta("diagonal"), "covariances"),
    "the gradient elsewhere": ("03", "delta", delta("place"), "at beta"),
    "a mean for the sum": ("03", "logistic", logistic("mean"), "times the true one"),
    "variances for s.e.": ("03", "logistic", logistic("variance"), "times the true one"),
    "no Newton step": ("03", "logistic", logistic("start"), "not zero there"),
    "columns for vectors": ("03", "logistic", logistic("column"), "shapes"),
    "momentum as in Adam": (
        "04", "momentum_step",
        lambda w, u, g, lr, mu: (w - lr * (mu * u + (1 - mu) * g), mu * u + (1 - mu) * g),
        "the learning rate or the sign",
    ),
    "uphill": (
        "04", "momentum_step", lambda w, u, g, lr, mu: (w + lr * (mu * u + g), mu * u + g),
        "the learning rate or the sign",
    ),
    "the velocity not kept": (
        "04", "momentum_step", lambda w, u, g, lr, mu: (w - lr * (mu * u + g), u), "the velocity",
    ),
    "the old velocity": (
        "04", "momentum_step", lambda w, u, g, lr, mu: (w - lr * (mu * g + g), mu * u + g),
        "the learning rate or the sign",
    ),
    "only one result": (
        "04", "momentum_step", lambda w, u, g, lr, mu: w - lr * (mu * u + g), "shape",
    ),
    "the log-likelihood itself": (
        "04", "poisson_loss", lambda z, y: np.mean(y * z - np.exp(z)), "sign",
    ),
    "the sum of the counts' losses": (
        "04", "poisson_loss", lambda z, y: np.sum(np.exp(z) - y * z), "a sum, not a mean",
    ),
    "z taken for the mean": ("04", "poisson_loss", lambda z, y: np.mean(z - y * z), "changes by"),
    "one loss a row": ("04", "poisson_loss", lambda z, y: np.exp(z) - y * z, "shape"),
    "log y! kept": (
        "04", "poisson_loss",
        lambda z, y: np.mean(np.exp(z) - y * z + np.log([1, 1, 6, 2, 5040])), "log y!",
    ),
    "no finite-population correction": (
        "04", "batch_size", planned(lambda rows: rows.var(axis=0).sum(), corrected=False),
        "one row less",
    ),
    "one entry's variance": (
        "04", "batch_size", planned(lambda rows: rows[:, 0].var()), "the error is",
    ),
    "all the rows": ("04", "batch_size", lambda rows, delta: len(rows), "one row less"),
    "half a row": ("04", "batch_size", lambda rows, delta: 7.5, "whole number"),
    "more rows than there are": ("04", "batch_size", lambda rows, delta: 99, "cannot be drawn"),
    "a plain tensor": ("05", "emax", emax_module("tensor"), "given ['emax']"),
    "a dose for its logarithm": ("05", "emax", emax_module("no exponential"), "responses are"),
    "the dose left out": ("05", "emax", emax_module("a slope"), "responses are"),
    "a flat result": ("05", "emax", emax_module("flat"), "four doses give (4,)"),
    "the class for the module": ("05", "emax", emax_module("the class"), "not return a module"),
    "another start": ("05", "emax", lambda: torch.nn.Linear(1, 1), "['bias', 'weight']"),
    "a permutation": ("05", "bootstrap", bootstrap("without replacement"), "100%"),
    "half a sample": ("05", "bootstrap", bootstrap("fewer"), "it has 100 rows"),
    "drawn when asked": ("05", "bootstrap", bootstrap("drawn when asked"), "another one each"),
    "two rows in one": ("05", "bootstrap", bootstrap("a row of two"), "from two rows"),
    "a seed of its own": ("05", "bootstrap", bootstrap("one seed"), "alike"),
    "the lab's own features": ("05", "features", lambda X: lab("05")["unwound"](X), "below"),
    "squares": ("05", "features", squares, "below the rule"),
    "polar coordinates": (
        "05", "features", lambda X: np.column_stack(lab("05")["polar"](X)), "below the rule",
    ),
    "a vector": ("05", "features", lambda X: X[:, 0], "shape (500,)"),
    "a dozen": ("05", "features", lambda X: np.hstack([squares(X)] * 4), "12 features"),
    "lambda itself": ("06", "weight_decay", lambda lam: lam, "too little decay"),
    "the factor taken twice": ("06", "weight_decay", lambda lam: 4 * lam, "too much decay"),
    "scikit-learn's alpha": ("06", "weight_decay", lambda lam: 700 * lam / 2, "too much decay"),
    "no decay": ("06", "weight_decay", lambda lam: 0.0, "no penalty"),
    "the expectation not kept": (
        "06", "dropout", lambda h, p, rng: h * (rng.random(h.shape) >= p), "means of 1 and 3",
    ),
    "p taken for the share that stays": (
        "06", "dropout", lambda h, p, rng: h * (rng.random(h.shape) < p) / p, "share of",
    ),
    "one mask for all": (
        "06", "dropout", lambda h, p, rng: h * (rng.random() >= p) / (1 - p), "share of",
    ),
    "whole rows dropped": (
        "06", "dropout", lambda h, p, rng: h * (rng.random((len(h), 1)) >= p) / (1 - p),
        "neighbour",
    ),
    "the minimum over settings": (
        "06", "honest_error", lambda losses, rng: losses.mean(axis=0).min(), "too good",
    ),
    "the mean over settings": (
        "06", "honest_error", lambda losses, rng: losses.mean(), "one setting has risk",
    ),
    "chosen and measured on the same half": (
        "06", "honest_error", lambda losses, rng: losses[:75].mean(axis=0).min(), "too good",
    ),
    "measured where not chosen, by the minimum": (
        "06", "honest_error",
        lambda losses, rng: np.mean([half.mean(axis=0).min() for half in np.split(losses, 2)]),
        "too good",
    ),
    "all settings' errors": (
        "06", "honest_error", lambda losses, rng: losses.mean(axis=0), "not one number",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("number", "exercise", "answer", "because"), WRONG.values(), ids=WRONG)
def test_a_wrong_answer_is_told_what_is_wrong(number, exercise, answer, because):
    verdict = lab(number)[f"check_{exercise}"](answer)
    assert verdict.status == "not right yet"
    assert because in verdict.because
