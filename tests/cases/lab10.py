"""Lab 10: how to make it quick, mistakes in its code, other seeds, wrong answers."""

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.linear_model import LinearRegression

from course.cases import solved

# Changes no verdict.
QUICK = {
    "steps=300)\n": "steps=60)\n",
    "torch_path(factory, 0.01, 300)": "torch_path(factory, 0.01, 60)",
    "-5, 2.2, 80": "-5, 2.2, 9",
    "-0.3, 1.15, 80": "-0.3, 1.15, 9",
    "-0.04, 0.16, 80": "-0.04, 0.16, 9",
    "range(100, 110)": "range(100, 103)",
    "np.linspace(-4, 2, 100)": "np.linspace(-3, 2, 80)",
    "runs=24, steps=300": "runs=24, steps=200",
    "X, steps=300": "X, steps=120",
    "X, evaluations=300": "X, evaluations=120",
    "[0.003, 0.01, 0.03, 0.1, 0.3]": "[0.1]",
    "np.arange(-3, 1.5, 0.5)": "np.array([-3, -2, -1, 0, 0.75])",
    "in optimizers.items()}": 'in optimizers.items() if name not in ("Nesterov", "AdamW")}',
    "seeds = range(24)": "seeds = range(18)",
    "make_table(10_000 + seed, 2000)": "make_table(10_000 + seed, 1000)",
    "(50, 100, 400)": "(50,)",
    "draws=500": "draws=100",
    '"max_eval": 175': '"max_eval": 80',
}

# A mistake: what stands in the lab, what stands there instead, and what the lab must say of it.
MISTAKES = {
    "Nesterov without the newest gradient": (
        '(g + mu * memory["u"])',
        '(mu * memory["u"])',
        "six rules by hand",
    ),
    "a sum of squares for their mean": (
        "(1 - alpha) * g**2",
        "g**2",
        "six rules by hand",
    ),
    "no bias correction of m": (
        'm_hat = memory["m"] / (1 - beta1**t)',
        'm_hat = memory["m"]',
        "six rules by hand",
    ),
    "decay in the gradient": (
        "adam((1 - lr * decay) * w, g, memory",
        "adam(w, g + decay * w, memory",
        "six rules by hand",
    ),
    "zero_grad forgotten": (
        "        optimizer.zero_grad()\n        torch_loss(w)",
        "        torch_loss(w)",
        "six rules by hand",
    ),
    "the factor of two forgotten": (
        "return 2 * (gram @ w - moment)",
        "return gram @ w - moment",
        "rate at the fastest lr",
    ),
    "momentum's rate of gradient descent": (
        "heavy_lr = 4 / roots.sum() ** 2",
        "heavy_lr = best_lr",
        "momentum's rate, distance",
    ),
    "the limit without its two": (
        '"momentum": (momentum, 2 * (1 + mu) / largest_h)',
        '"momentum": (momentum, (1 + mu) / largest_h)',
        "momentum, factor 1 % above",
    ),
    "centred, not standardised": (
        "Z = (raw - raw.mean(axis=0)) / raw.std(axis=0)",
        "Z = raw - raw.mean(axis=0)",
        "κ standardised over correlations",
    ),
    "half a cosine taken for a whole": (
        "half_cosine(1, 0, t / T)",
        "half_cosine(1, 0, 2 * t / T)",
        "cosine schedule",
    ),
    "the peak one step late": ("top = 0.3 * T - 1", "top = 0.3 * T", "one-cycle schedule"),
    "short gradients made longer": (
        "np.minimum(1, bound / length)",
        "(bound / length)",
        "clipping 3, 4",
    ),
    "a weight of IRLS": ("weight = prob * (1 - prob)", "weight = prob", "IRLS minus Newton"),
    "half the gradient of a batch": ("2 / batch *", "1 / batch *", "floor at rate 0.1"),
    "logits that are not summed over rows": (
        "np.logaddexp(0, logits) - y * logits",
        "np.logaddexp(0, logits) - y",
        "mean BCE minus scikit-learn's",
    ),
}

# A leak or an unfairness in the whole study, in the form of MISTAKES.
UNFAIR = {
    "new patients that were trained on": (
        "make_table(10_000 + seed, 1000)",
        "make_table(seed)",
        "the same networks on new patients",
    ),
    "one learning rate for all": (
        "fits = train(name, float(picked[name]), seeds)",
        'fits = train(name, float(picked["SGD"]), seeds)',
        "training: SGD minus Adam",
    ),
    "four times the steps for SGD": (
        "epochs=epochs, schedule",
        'epochs=epochs * (4 if name == "SGD" else 1), schedule',
        "updates of the others minus 200",
    ),
    "tuned on the tables that are compared": (
        "seeds = range(18)",
        "seeds = range(100, 118)",
        "tables both tuned on and compared",
    ),
    "a constant rate that was not tuned": (
        "for lr in noisy_rates]",
        'for lr in (noisy_rates[:1] if name == "constant" else noisy_rates)]',
        "schedules' rates at an end",
    ),
}

OTHER_SEEDS = [
    ("default_rng(seed)", "default_rng(seed + 500)"),
    ("torch.manual_seed(seed)", "torch.manual_seed(seed + 100)"),
]


def cosine(t: Any, steps: int) -> Any:
    """Return the cosine that forgets the warm-up."""
    return (1 + np.cos(np.pi * np.asarray(t) / steps)) / 2


def walk(gradient: Any, start: Any, lr: float, mu: float, steps: int, ahead: float) -> Any:
    """Return the path of momentum whose gradient is taken at w + ahead * d."""
    w, d, path = start, np.zeros_like(start), [start]
    for _ in range(steps):
        d = mu * d - lr * gradient(w + ahead * d)
        w = w + d
        path.append(w)
    return np.array(path)


def one_array(gradient: Any, start: Any, lr: float, mu: float, steps: int) -> Any:
    """Return a path whose points are all the last one."""
    w, d, path = start, np.zeros_like(start), [start]
    for _ in range(steps):
        d = mu * d - lr * gradient(w + mu * d)
        w += d
        path.append(w)
    return path


def of_the_lab(gradient: Any, start: Any, lr: float, mu: float, steps: int) -> Any:
    """Return the points ahead, by the lab's own rule."""
    rule = partial(solved("10")["nesterov"], mu=mu)
    return solved("10")["descend"](rule, gradient, start, lr, steps)


def brought_back(gradient: Any, start: Any, lr: float, mu: float, steps: int) -> Any:
    """Return the path, from the points ahead."""
    path = [start]
    for ahead in of_the_lab(gradient, start, lr, mu, steps)[1:]:
        path.append((ahead + mu * path[-1]) / (1 + mu))
    return torch.tensor(np.array(path))


def velocity(slope: Any, first: Any, rate: float, momentum: float, count: int) -> Any:
    """Return the path in an array made before, by a velocity without the rate."""
    path, v = np.zeros((count + 1, len(first))), 0 * first
    path[0] = first
    for k in range(count):
        v = momentum * v + slope(path[k] - rate * momentum * v)
        path[k + 1] = path[k] - rate * v
    return path


def one_factor(t: Any, steps: int, warmup: int) -> Any:
    """Return the factor of one step."""
    if t < warmup:
        return (t + 1) / warmup
    return np.cos(np.pi / 2 * (t - warmup) / (steps - warmup)) ** 2


def in_torch(t: Any, steps: int, warmup: int) -> Any:
    t = torch.as_tensor(t, dtype=torch.float32)
    down = (1 + torch.cos(torch.pi * (t - warmup) / (steps - warmup))) / 2
    return torch.where(t < warmup, (t + 1) / warmup, down)


def newton(X: Any, y: Any, steps: int) -> Any:
    """Return the coefficients of Newton's method, from the same start."""
    w = np.linalg.lstsq(X, np.full(len(y), np.log(y.mean())), rcond=None)[0]
    for _ in range(steps):
        mu = np.exp(X @ w)
        w = w + np.linalg.solve((X * mu[:, None]).T @ X, X.T @ (y - mu))
    return w.tolist()


def poisson_in_torch(X: Any, y: Any, steps: int) -> Any:
    X, y = (torch.tensor(a, dtype=torch.float32) for a in (X, y))
    w, eta = None, y.mean().log().repeat(len(y))
    for _ in range(steps):
        mu = eta.exp()
        root, response = mu.sqrt()[:, None], eta + (y - mu) / mu
        w = torch.linalg.lstsq(root * X, root * response[:, None]).solution[:, 0]
        eta = X @ w
    return w


def from_scikit_learn(X: Any, y: Any, steps: int) -> Any:
    fit, eta = LinearRegression(fit_intercept=False), np.log(y.mean())
    for _ in range(steps):
        mu = np.exp(eta) * np.ones(len(y))
        eta = fit.fit(X, eta + (y - mu) / mu, sample_weight=mu).predict(X)
    return pd.Series(fit.coef_)


def poisson(
    X: Any, y: Any, steps: int, weight: Any, slope: Any = lambda mu: mu, eta: Any = None
) -> Any:
    """Return the coefficients of an IRLS with this weight, this derivative and this start."""
    eta = np.full(len(y), np.log(y.mean())) if eta is None else eta
    for _ in range(steps):
        mu = np.exp(eta)
        root, response = np.sqrt(weight(mu)), eta + (y - mu) / slope(mu)
        w = np.linalg.lstsq(root[:, None] * X, root * response, rcond=None)[0]
        eta = np.clip(X @ w, -5, 5)
    return w


def right(name: str) -> Any:
    """Return the lab's own solution."""
    return solved("10")[f"solved_{name}"]


# A wrong answer: the exercise, the answer, and what its check must say.
WRONG: dict[str, tuple[str, Any, str]] = {
    "no warm-up": ("schedule", lambda t, steps, warmup: cosine(t, steps), "the first factor"),
    "a warm-up from zero": (
        "schedule",
        lambda t, steps, warmup: np.where(t < warmup, t / warmup, right("schedule")(t, steps, 1)),
        "the first factor",
    ),
    "the cosine not shifted": (
        "schedule",
        lambda t, steps, warmup: np.where(t < warmup, (t + 1) / warmup, cosine(t, steps)),
        "the end of the warm-up",
    ),
    "a straight line down": (
        "schedule",
        lambda t, steps, warmup: np.where(
            t < warmup, (t + 1) / warmup, 1 - (t - warmup) / (steps - warmup)
        ),
        "does not follow half a cosine",
    ),
    "a whole cosine": (
        "schedule",
        lambda t, steps, warmup: np.where(
            t < warmup, (t + 1) / warmup, cosine(2 * (t - warmup), steps - warmup)
        ),
        "too early or late",
    ),
    "all steps, whatever t": (
        "schedule",
        lambda t, steps, warmup: right("schedule")(np.arange(steps), steps, warmup),
        "gives other factors",
    ),
    "a list of steps alone": (
        "schedule",
        lambda t, steps, warmup: [one_factor(u, steps, warmup) for u in t],
        "not iterable",
    ),
    "zero at the last step": (
        "schedule",
        lambda t, steps, warmup: right("schedule")(t, steps - 1, warmup),
        "too early or late",
    ),
    "a warm-up of ten": (
        "schedule",
        lambda t, steps, warmup: right("schedule")(t, steps, 10),
        "the first factor is 0.100",
    ),
    "the lab's own gradient": (
        "nesterov",
        lambda gradient, start, lr, mu, steps: walk(
            solved("10")["gradient_at"], start, lr, mu, steps, mu
        ),
        "size 3 is different from 2",
    ),
    "the lab's own start": (
        "nesterov",
        lambda gradient, start, *rest: walk(
            gradient, solved("10")["start"], rest[0], rest[1], rest[2], rest[1]
        ),
        "could not be broadcast",
    ),
    "forty steps": (
        "nesterov",
        lambda gradient, start, lr, mu, steps: walk(gradient, start, lr, mu, 40, mu),
        "after 7 steps",
    ),
    "one array for all points": ("nesterov", one_array, "the same array"),
    "the points ahead": ("nesterov", of_the_lab, "the first step"),
    "plain momentum": (
        "nesterov",
        lambda gradient, start, lr, mu, steps: walk(gradient, start, lr, mu, steps, 0.0),
        "plain momentum",
    ),
    "a look behind": (
        "nesterov",
        lambda gradient, start, lr, mu, steps: walk(gradient, start, lr, mu, steps, -mu),
        "from the second step on",
    ),
    "a look too far ahead": (
        "nesterov",
        lambda gradient, start, lr, mu, steps: walk(gradient, start, lr, mu, steps, 1.0),
        "from the second step on",
    ),
    "the start left out": (
        "nesterov",
        lambda gradient, start, lr, mu, steps: walk(gradient, start, lr, mu, steps, mu)[1:],
        "shape",
    ),
    "no weights": (
        "poisson_irls",
        lambda X, y, steps: poisson(X, y, steps, np.ones_like),
        "score equations",
    ),
    "least squares on the logarithm": (
        "poisson_irls",
        lambda X, y, steps: np.linalg.lstsq(X, np.log1p(y), rcond=None)[0],
        "score equations",
    ),
    "the logistic weights": (
        "poisson_irls",
        lambda X, y, steps: poisson(X, y, steps, lambda mu: mu / (1 + mu) ** 2),
        "score equations",
    ),
    "twenty steps, whatever is asked": (
        "poisson_irls",
        lambda X, y, steps: right("poisson_irls")(X, y, 20),
        "are start and `steps` as asked",
    ),
    "a step too many": (
        "poisson_irls",
        lambda X, y, steps: right("poisson_irls")(X, y, steps + 1),
        "are start and `steps` as asked",
    ),
    "the start of R": (
        "poisson_irls",
        lambda X, y, steps: poisson(X, y, steps, lambda mu: mu, eta=np.log(y + 0.1)),
        "are start and `steps` as asked",
    ),
    "a weight nearly right": (
        "poisson_irls",
        lambda X, y, steps: poisson(X, y, steps, lambda mu: mu + 1, lambda mu: mu + 1),
        "a weight is not the right one",
    ),
    "the lab's own data": (
        "poisson_irls",
        lambda X, y, steps: right("poisson_irls")(
            solved("10")["counts_model"], solved("10")["seen"], steps
        ),
        "score equations",
    ),
    "eta instead of the coefficients": (
        "poisson_irls",
        lambda X, y, steps: X @ right("poisson_irls")(X, y, steps),
        "shape",
    ),
}

# A right answer in an unusual dress: the exercise, and the answer.
RIGHT: dict[str, tuple[str, Any]] = {
    "a schedule in single precision": (
        "schedule",
        lambda t, steps, warmup: np.float32(right("schedule")(t, steps, warmup)),
    ),
    "a schedule in torch": ("schedule", in_torch),
    "one step at a time": ("schedule", np.vectorize(one_factor)),
    "a list, or one factor": (
        "schedule",
        lambda t, n, s: [one_factor(u, n, s) for u in t] if np.ndim(t) else one_factor(t, n, s),
    ),
    "a path in an array made before": ("nesterov", velocity),
    "a path in single precision": (
        "nesterov",
        lambda gradient, start, lr, mu, steps: np.float32(walk(gradient, start, lr, mu, steps, mu)),
    ),
    "a list of points": (
        "nesterov",
        lambda gradient, start, lr, mu, steps: list(walk(gradient, start, lr, mu, steps, mu)),
    ),
    "a tensor, from the points ahead": ("nesterov", brought_back),
    "Newton's method, as a list": ("poisson_irls", newton),
    "IRLS in torch, in single precision": ("poisson_irls", poisson_in_torch),
    "a Series, by scikit-learn": ("poisson_irls", from_scikit_learn),
}
