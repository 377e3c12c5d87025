"""Lab 11: how to make it quick, mistakes in its code, other seeds, wrong answers."""

from typing import Any

import numpy as np
import pandas as pd
import torch
from sklearn.linear_model import LinearRegression

from course.cases import solved

# Changes no verdict.
QUICK = {
    "range(100, 110)": "range(100, 103)",
    "np.linspace(-4, 2, 100)": "np.linspace(-3, 2, 80)",
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
    "R's start forgotten": (
        "logit((visited + 0.5) / 2)",
        "logit((visited + 0.01) / 1.02)",
        "iterations minus R's",
    ),
    "Newton without the curvature": (
        "hessian = (self.X * prob * (1 - prob)).T @ self.X / n",
        "hessian = self.X.T @ self.X / 4 / n",
        "Newton's, own units",
    ),
    "the noise of one row": ("spread = 4 / 32 *", "spread = 4 *", "floor at rate 0.1"),
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
        '"epochs": epochs}',
        '"epochs": epochs * (4 if name == "SGD" else 1)}',
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


def joint(gradients: Any) -> Any:
    """Return the joint length of some arrays."""
    return np.sqrt(sum((np.asarray(g) ** 2).sum() for g in gradients))


def clipped_in_torch(gradients: Any, bound: Any) -> Any:
    weights = [torch.zeros(g.shape, requires_grad=True) for g in gradients]
    for weight, g in zip(weights, gradients, strict=True):
        weight.grad = torch.tensor(g, dtype=torch.float32)
    torch.nn.utils.clip_grad_norm_(weights, bound)
    return [weight.grad for weight in weights]


def clipped_as_one(gradients: Any, bound: Any) -> Any:
    """Return the arrays, by the lab's own clip of one vector."""
    flat = solved("11")["clip"](np.concatenate([g.ravel() for g in gradients]), bound)
    parts = np.split(flat, np.cumsum([g.size for g in gradients])[:-1])
    return tuple(part.reshape(g.shape) for part, g in zip(parts, gradients, strict=True))


def clipped_in_place(arrays: Any, limit: Any) -> Any:
    if (length := joint(arrays)) > limit:
        for array in arrays:
            array *= limit / length
    return arrays


def right(name: str) -> Any:
    """Return the lab's own solution."""
    return solved("11")[f"solved_{name}"]


# A wrong answer: the exercise, the answer, and what its check must say.
WRONG: dict[str, tuple[str, Any, str]] = {
    "no warm-up": ("schedule", lambda t, steps, warmup: cosine(t, steps), "the first factor"),
    "a warm-up from zero": (
        "schedule",
        lambda t, steps, warmup: np.where(t < warmup, t / warmup, right("schedule")(t, steps, 1)),
        "the first factor",
    ),
    "the lab's own warm-up, which takes a step more": (
        "schedule",
        lambda t, steps, warmup: np.where(
            t < warmup,
            (1 + (warmup - 1) * t / warmup) / warmup,
            right("schedule")(t, steps, warmup),
        ),
        "the warm-up ends elsewhere",
    ),
    "small, and then whole": (
        "schedule",
        lambda t, steps, warmup: np.where(
            t < warmup, 1 / warmup, right("schedule")(t, steps, warmup)
        ),
        "the warm-up ends elsewhere",
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
    "each array by itself": (
        "clip",
        lambda gradients, bound: [g * min(1, bound / np.linalg.norm(g)) for g in gradients],
        "with a bound of 5, become",
    ),
    "the lab's own clip": (
        "clip",
        lambda gradients, bound: [solved("11")["clip"](g, bound) for g in gradients],
        "with a bound of 5, become",
    ),
    "each entry by itself": (
        "clip",
        lambda gradients, bound: [np.clip(g, -bound, bound) for g in gradients],
        "with a bound of 5, become",
    ),
    "short gradients made longer": (
        "clip",
        lambda gradients, bound: [g * bound / joint(gradients) for g in gradients],
        "with a bound of 20, become 20 long",
    ),
    "a bound of 5, whatever is asked": (
        "clip",
        lambda gradients, bound: right("clip")(gradients, 5),
        "with a bound of 20, become 5 long",
    ),
    "nothing clipped": (
        "clip",
        lambda gradients, bound: gradients,
        "with a bound of 5, become 13 long",
    ),
    "the squared length": (
        "clip",
        lambda gradients, bound: [g * min(1, bound / joint(gradients) ** 2) for g in gradients],
        "with a bound of 20, become 1.54 long",
    ),
    "one array for all": (
        "clip",
        lambda gradients, bound: np.concatenate(
            [g.ravel() for g in right("clip")(gradients, bound)]
        ),
        "a list of 2 arrays is asked for",
    ),
    "two arrays, whatever is given": (
        "clip",
        lambda gradients, bound: right("clip")(gradients[:2], bound),
        "a list of 3 arrays is asked for",
    ),
    "the arrays flat": (
        "clip",
        lambda gradients, bound: [g.ravel() for g in right("clip")(gradients, bound)],
        "the shapes are",
    ),
    "uphill": (
        "clip",
        lambda gradients, bound: [-g for g in right("clip")(gradients, bound)],
        "the direction of the joint vector",
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
            solved("11")["standard"], solved("11")["seen"], steps
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
    "torch's own clipping": ("clip", clipped_in_torch),
    "as one vector, cut again": ("clip", clipped_as_one),
    "in place": ("clip", clipped_in_place),
    "clipped in single precision": (
        "clip",
        lambda gradients, bound: [
            np.float32(g) * np.float32(min(1, bound / joint(gradients))) for g in gradients
        ],
    ),
    "Newton's method, as a list": ("poisson_irls", newton),
    "IRLS in torch, in single precision": ("poisson_irls", poisson_in_torch),
    "a Series, by scikit-learn": ("poisson_irls", from_scikit_learn),
}
