"""Lab 9: how to make it quick, mistakes in its code, other seeds, wrong answers."""

from typing import Any

import numpy as np

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
    "[0.001, 0.003, 0.01, 0.03, 0.1]": "[0.003, 0.01]",
    "runs=24, steps=300": "runs=24, steps=200",
    "X, steps=300": "X, steps=120",
    "X, evaluations=300": "X, evaluations=120",
    "[0.003, 0.01, 0.03, 0.1, 0.3]": "[0.1]",
    "np.arange(-2.5, 1.5, 0.5)": "np.array([-2, -1.5, -1, 0, 0.75])",
    "in optimizers.items()}": 'in optimizers.items() if name not in ("Nesterov", "AdamW")}',
    "seeds = range(24)": "seeds = range(18)",
    "make_table(10_000 + s, 2000)": "make_table(10_000 + s, 1000)",
    '"max_eval": 175': '"max_eval": 80',
}

# A mistake: what stands in the lab, what stands there instead, and what the lab must say of it.
MISTAKES = {
    "Nesterov without the newest gradient": (
        '(g + mu * memory["u"])',
        '(mu * memory["u"])',
        "Nesterov, distance from torch",
    ),
    "a sum of squares for their mean": (
        "(1 - alpha) * g**2",
        "g**2",
        "RMSProp, distance from torch",
    ),
    "no bias correction of m": (
        'm_hat = memory["m"] / (1 - beta1**t)',
        'm_hat = memory["m"]',
        "Adam, distance from torch",
    ),
    "decay in the gradient": (
        "adam((1 - lr * decay) * w, g, memory",
        "adam(w, g + decay * w, memory",
        "AdamW, distance from torch",
    ),
    "zero_grad forgotten": (
        "        optimizer.zero_grad()\n        torch_loss(w)",
        "        torch_loss(w)",
        "SGD, distance from torch",
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
        "κ standardised",
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
    "one learning rate for all": (
        "train(name, float(picked[name]), seeds)",
        "train(name, float(grid[0]), seeds)",
        "SGD minus Adam, new",
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


def poisson(X: Any, y: Any, steps: int, weight: Any, slope: Any = lambda mu: mu) -> Any:
    """Return the coefficients of an IRLS with this weight and this derivative."""
    eta = np.full(len(y), np.log(y.mean()))
    for _ in range(steps):
        mu = np.exp(eta)
        root, response = np.sqrt(weight(mu)), eta + (y - mu) / slope(mu)
        w = np.linalg.lstsq(root[:, None] * X, root * response, rcond=None)[0]
        eta = np.clip(X @ w, -5, 5)
    return w


def right(name: str) -> Any:
    """Return the lab's own solution."""
    return solved("09")[f"solved_{name}"]


# A wrong answer: the exercise, the answer, and what its check must say.
WRONG = {
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
    "plain momentum": (
        "nesterov",
        lambda gradient, start, lr, mu, steps: walk(gradient, start, lr, mu, steps, 0.0),
        "plain momentum",
    ),
    "a look behind": (
        "nesterov",
        lambda gradient, start, lr, mu, steps: walk(gradient, start, lr, mu, steps, -mu),
        "second step or later",
    ),
    "a look too far ahead": (
        "nesterov",
        lambda gradient, start, lr, mu, steps: walk(gradient, start, lr, mu, steps, 1.0),
        "second step or later",
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
    "eta instead of the coefficients": (
        "poisson_irls",
        lambda X, y, steps: X @ right("poisson_irls")(X, y, steps),
        "shape",
    ),
}
