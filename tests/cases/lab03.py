"""Lab 3: how to make it quick, mistakes in its code, other seeds, wrong answers."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch

from course.cases import solved

# Changes no verdict.
QUICK = {
    "standard_normal((200, 3))": "standard_normal((50, 3))",
    "range(800)": "range(500)",
    "steps=800": "steps=500",
}

# A mistake: what stands in the lab, what stands there instead, and what the lab must say of it.
MISTAKES = {
    "a product's slopes swapped": (
        "((a, b.data), (b, a.data))",
        "((a, a.data), (b, b.data))",
        "engine, penalised loss",
    ),
    "a sign in the difference": ("(b, -1.0)", "(b, 1.0)", "engine minus torch"),
    "a power's slope": ("k * a.data ** (k - 1)", "a.data ** (k - 1)", "engine, x² at 3"),
    "the slope of tanh": ("1 - result**2", "1 - result", "engine, tanh at 1"),
    "the slope of ReLU at zero": (
        "float(a.data > 0)",
        "float(a.data >= 0)",
        "engine, ReLU at 0",
    ),
    "a value used twice": (
        "parent.grad += slope * value.grad",
        "parent.grad = slope * value.grad",
        "engine, penalised loss",
    ),
    "gradients passed on too early": (
        "in reversed(order):",
        "in order:",
        "engine, penalised loss",
    ),
    "inner gradients never reset": ("value.grad = 0.0", "pass", "engine, x² and h at 2"),
    "the graph freed": ("retain_graph=True", "retain_graph=False", "second time"),
    "zeroing between the calls": (
        "h.backward()\nboth",
        "x.grad = None\nh.backward()\nboth",
        "torch, x² and h at 2",
    ),
    "nothing detached": ("x * x.detach()", "x * x", "detached x"),
    "a loop without zeroing": ("    b.grad.zero_()", "    pass", "line, the two loops"),
    "the sign of the update": ("b.sub_(lr * b.grad)", "b.add_(lr * b.grad)", "line minus OLS"),
    "reset after all": ("reset=False", "reset=True", "not reset minus momentum 1"),
    "the t distribution's density": ("3 / 8 *", "3 / 4 *", "Jacobian mismatch"),
    "a factor in the information": ("(2 * s2 / n", "(s2 / n", "s.e. from the Hessian"),
    "the variance with n": ("(estimate) / (n - p)", "(estimate) / n", "s.e. from the Hessian"),
    "the sum for the mean": (
        "((y_t - X_t @ beta) ** 2).mean()",
        "((y_t - X_t @ beta) ** 2).sum()",
        "Hessian minus",
    ),
}

OTHER_SEEDS = [
    ("default_rng(3)", "default_rng(4)"),
    ("default_rng(0)", "default_rng(1)"),
    ("manual_seed(0)", "manual_seed(1)"),
]


def expit_node(slope: Callable[[float], float]) -> Callable[[Any], Any]:
    def node(a: Any) -> Any:
        q = 1 / (1 + np.exp(-a.data))
        return solved("03")["Value"](q, "expit", ((a, slope(q)),))

    return node


def expit_of_steps(a: Any) -> Any:
    one = solved("03")["Value"](1.0)
    return one / (one + solved("03")["exp"](-a))


def delta(change: str) -> Callable[..., float]:
    def answer(g: Any, beta: Any, covariance: Any) -> float:
        v = torch.func.grad(g)(beta * 0 + 1 if change == "place" else beta)
        covariance = torch.diag(torch.diag(covariance)) if change == "diagonal" else covariance
        variance = (v @ covariance @ v).item()
        return variance if change == "root" else variance**0.5

    return answer


def logistic(change: str) -> Callable[[Any, Any], Any]:
    def answer(X: Any, y: Any) -> Any:
        beta, se = solved("03")["solved_logistic"](X, y)
        return {
            "mean": (beta, se * len(y) ** 0.5),
            "variance": (beta, se**2),
            "start": (beta * 0, se),
            "column": (beta[:, None], se[:, None]),
        }[change]

    return answer


# A wrong answer: the exercise, the answer, and what its check must say.
WRONG = {
    "a number for a Value": ("expit", lambda a: 1 / (1 + np.exp(-a.data)), "not a Value"),
    "a slope of one": ("expit", expit_node(lambda q: 1.0), "times the true one"),
    "the slope of tanh": ("expit", expit_node(lambda q: 1 - q**2), "times the true one"),
    "several steps for one": ("expit", expit_of_steps, "edges, not one"),
    "another function": ("expit", lambda a: solved("03")["tanh"](a), "log odds"),
    "no root": ("delta", delta("root"), "times its s.e."),
    "covariances left out": ("delta", delta("diagonal"), "covariances"),
    "the gradient elsewhere": ("delta", delta("place"), "at beta"),
    "a mean for the sum": ("logistic", logistic("mean"), "times the true one"),
    "variances for s.e.": ("logistic", logistic("variance"), "times the true one"),
    "no Newton step": ("logistic", logistic("start"), "not zero there"),
    "columns for vectors": ("logistic", logistic("column"), "shapes"),
}
