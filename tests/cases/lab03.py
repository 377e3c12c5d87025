"""Lab 3: how to make it quick, mistakes in its code, other seeds, wrong answers."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch

from course.cases import solved

# Changes no verdict.
QUICK = {
    "standard_normal((200, 3))": "standard_normal((50, 3))",
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
    "the sign of the update": (
        "b.sub_(lr * b.grad)",
        "b.add_(lr * b.grad)",
        "fitted line minus OLS",
    ),
    "reset after all": ("reset=False", "reset=True", "not reset minus momentum 1"),
    "the t distribution's density": ("3 / 8 *", "3 / 4 *", "Jacobian mismatch"),
    "a factor in the information": ("(2 * s2 / n", "(s2 / n", "errors from the Hessian"),
    "the variance with n": ("(estimate) / (n - p)", "(estimate) / n", "errors from the Hessian"),
    "the sum for the mean": (
        "((y_t - X_t @ beta) ** 2).mean()",
        "((y_t - X_t @ beta) ** 2).sum()",
        "Hessian minus",
    ),
    "1 - a taken for a - 1": ("minus(b, a)", "minus(a, b)", "log odds|domain|positive"),
    "1 / a taken for a": ("times(b, power(a, -1))", "times(b, a)", "log odds|domain|positive"),
    "a function that calls itself": (
        """    order, seen, tasks = [], set(), [("look", end)]
    while tasks:
        task, value = tasks.pop()
        if task == "add":
            order.append(value)
        elif value not in seen:
            seen.add(value)
            tasks.append(("add", value))
            tasks += [("look", parent) for parent, _ in value.edges]
    return order""",
        """    before = [value for parent, _ in end.edges for value in in_order(parent)]
    return [*dict.fromkeys(before), end]""",
        "recursion",
    ),
    "the old form of a custom function": (
        """def forward(t):
        return torch.as_tensor(stdtr(4, t.detach().numpy()))

    @staticmethod
    def setup_context(ctx, inputs, _output):
        ctx.save_for_backward(*inputs)
""",
        """def forward(ctx, t):
        ctx.save_for_backward(t)
        return torch.as_tensor(stdtr(4, t.detach().numpy()))
""",
        "setup_context",
    ),
    "a zero for None": ("set_to_none=to_none", "set_to_none=True", "AdamW, idle with zero"),
}

# A side that is not given what the other has: a comparison that is none.
UNFAIR = {
    "one engine against itself": ("torch_gradient(s, row)", "own_gradient(s, row)", "bit by bit"),
    "differences denied their best step": (
        "np.arange(-11, 0)",
        "np.arange(-11, -8)",
        "best step of differences",
    ),
    "fewer steps for one path": (
        "descend(reset=False)",
        "descend(reset=False, steps=300)",
        "steps of the two paths",
    ),
}

OTHER_SEEDS = [
    ("default_rng(3)", "default_rng(4)"),
    ("default_rng(0)", "default_rng(1)"),
    ("manual_seed(0)", "manual_seed(1)"),
]


def expit_node(
    slope: Callable[[float], float], q_of: Callable[[float], Any] = lambda a: 1 / (1 + np.exp(-a))
) -> Callable[[Any], Any]:
    def node(a: Any) -> Any:
        q = q_of(a.data)
        return solved("03")["Value"](q, "expit", ((a, slope(q)),))

    return node


def logistic_slope(q: Any) -> Any:
    return q * (1 - q)


def expit_of_a_copy(a: Any) -> Any:
    return expit_node(logistic_slope)(solved("03")["Value"](a.data))


def expit_that_goes_back(a: Any) -> Any:
    result = expit_node(logistic_slope)(a)
    solved("03")["backward"](result)
    return result


def expit_by_torch(a: Any) -> Any:
    """Return the node with value and slope from torch, in its single precision."""
    leaf = torch.tensor(a.data, requires_grad=True)
    q = torch.sigmoid(leaf)
    q.backward()
    return solved("03")["Value"](q.item(), edges=[[a, leaf.grad.item()]])


class Expit:
    """The node, made by an object that is called."""

    def __call__(self, a: Any) -> Any:
        return expit_node(logistic_slope, lambda a: (1 + np.tanh(a / 2)) / 2)(a)


def expit_of_steps(a: Any) -> Any:
    return 1 / (1 + solved("03")["exp"](-a))


def delta(change: str) -> Callable[..., float]:
    def answer(g: Any, beta: Any, covariance: Any) -> float:
        line = solved("03")["line"]
        beta = torch.tensor(line.beta) if change == "the lab's beta" else beta
        if change == "the lab's covariance":
            covariance = torch.tensor(line.covariance)
        v = torch.func.grad(g)(beta * 0 + 1 if change == "place" else beta)
        covariance = torch.diag(torch.diag(covariance)) if change == "diagonal" else covariance
        variance = (v @ covariance @ v).item()
        return variance if change == "root" else variance**0.5

    return answer


def delta_by_hand(g: Any, beta: Any, covariance: Any) -> Any:
    """Return the standard error with the two coefficients of lab 3's line in mind."""
    v = torch.func.grad(g)(beta)
    both = 2 * v[0] * v[1] * covariance[0, 1]
    return (v[0] ** 2 * covariance[0, 0] + both + v[1] ** 2 * covariance[1, 1]).sqrt()


def delta_by_simulation(g: Any, beta: Any, covariance: Any) -> Any:
    rng = np.random.default_rng(0)
    drawn = rng.multivariate_normal(beta.numpy(), covariance.numpy(), size=2000)
    return np.std([g(torch.tensor(b)).item() for b in drawn])


def delta_by_backward(g: Any, beta: Any, covariance: Any) -> Any:
    leaf = beta.clone().requires_grad_()
    g(leaf).backward()
    return torch.sqrt(leaf.grad @ covariance @ leaf.grad)


def delta_forward(fun: Any, estimate: Any, vcov: Any) -> Any:
    """Return it by forward mode and Cholesky's factor, by other names."""
    v = torch.func.jacfwd(fun)(estimate)
    return np.array([[torch.linalg.norm(torch.linalg.cholesky(vcov).T @ v).item()]])


def delta_in_single_precision(g: Any, beta: Any, covariance: Any) -> Any:
    v = torch.func.grad(g)(beta.float())
    return (v @ covariance.float() @ v) ** 0.5


def newton(X: Any, y: Any, *, steps: int = 10, dtype: Any = torch.float64, p: int = 99) -> Any:
    """Return estimates and standard errors after so many steps, of the first p features."""
    X, y = torch.tensor(X[:, :p], dtype=dtype), torch.tensor(y, dtype=dtype)

    def loss(beta: Any) -> Any:
        return (torch.nn.functional.softplus(X @ beta) - y * (X @ beta)).sum()

    beta = torch.zeros(X.shape[1], dtype=dtype)
    for _ in range(steps):
        step = torch.linalg.solve(torch.func.hessian(loss)(beta), torch.func.grad(loss)(beta))
        beta = beta - step
    return beta, torch.linalg.inv(torch.func.hessian(loss)(beta)).diagonal().sqrt()


def reweighted(X: Any, y: Any, *, inverse: bool = True) -> Any:
    """Return them by iteratively reweighted least squares, in NumPy."""
    beta = np.zeros(X.shape[1])
    for _ in range(20):
        mean = 1 / (1 + np.exp(-X @ beta))
        information = X.T @ ((mean * (1 - mean))[:, None] * X)
        beta = beta + np.linalg.solve(information, X.T @ (y - mean))
    if not inverse:
        return beta, 1 / np.sqrt(np.diag(information))
    return [beta.tolist(), np.sqrt(np.diag(np.linalg.inv(information))).tolist()]


def logistic(change: str) -> Callable[[Any, Any], Any]:
    def answer(X: Any, y: Any) -> Any:
        beta, se = solved("03")["solved_logistic"](X, y)
        return {
            "mean": (beta, se * len(y) ** 0.5),
            "variance": (beta, se**2),
            "start": (beta * 0, se),
            "column": (beta[:, None], se[:, None]),
            "df": (beta, se * (len(y) / (len(y) - len(beta))) ** 0.5),
            "swapped": (se, beta),
        }[change]

    return answer


# A wrong answer: the exercise, the answer, and what its check must say.
WRONG = {
    "a number for a Value": ("expit", lambda a: 1 / (1 + np.exp(-a.data)), "not a Value"),
    "a slope of one": ("expit", expit_node(lambda q: 1.0), "times the true one"),
    "the slope of tanh": ("expit", expit_node(lambda q: 1 - q**2), "times the true one"),
    "several steps for one": ("expit", expit_of_steps, "edges, not one"),
    "the slope at one place": (
        "expit",
        expit_node(lambda q: 0.22171287329310904),
        "at -2.0 its slope",
    ),
    "a logistic function of the size alone": (
        "expit",
        expit_node(logistic_slope, lambda a: 1 / (1 + np.exp(-abs(a)))),
        "at -2.0 its log odds",
    ),
    "an edge to a copy": ("expit", expit_of_a_copy, "does not lead to a"),
    "a backward pass of its own": ("expit", expit_that_goes_back, "has changed a"),
    "another function": ("expit", lambda a: solved("03")["tanh"](a), "log odds"),
    "no root": ("delta", delta("root"), "times its s.e."),
    "covariances left out": ("delta", delta("diagonal"), "covariances"),
    "the gradient elsewhere": ("delta", delta("place"), "at beta"),
    "the lab's estimates": ("delta", delta("the lab's beta"), "raised RuntimeError"),
    "the lab's covariance": ("delta", delta("the lab's covariance"), "raised RuntimeError"),
    "two coefficients alone": ("delta", delta_by_hand, "covariances"),
    "a simulation": ("delta", delta_by_simulation, "times its s.e."),
    "a mean for the sum": ("logistic", logistic("mean"), "times the true one"),
    "variances for s.e.": ("logistic", logistic("variance"), "times the true one"),
    "no Newton step": ("logistic", logistic("start"), "not zero there"),
    "columns for vectors": ("logistic", logistic("column"), "shapes"),
    "three Newton steps": ("logistic", partial(newton, steps=3), "a Newton step is"),
    "the information not inverted": (
        "logistic",
        partial(reweighted, inverse=False),
        "times the true one",
    ),
    "a correction for degrees of freedom": ("logistic", logistic("df"), "is 1.013 times"),
    "standard errors first": ("logistic", logistic("swapped"), "not zero there"),
    "three features whatever X": ("logistic", partial(newton, p=3), "not (4,)"),
}

# A right answer in an unusual dress: the exercise, the answer.
RIGHT = {
    "by tanh, from an object that is called": ("expit", Expit()),
    "torch's, in single precision, with lists for edges": ("expit", expit_by_torch),
    "a number of NumPy's": (
        "expit",
        expit_node(lambda q: q - q**2, lambda a: np.exp(a) / (np.exp(a) + 1)),
    ),
    "a tensor in the node": (
        "expit",
        expit_node(logistic_slope, lambda a: torch.sigmoid(torch.tensor(a, dtype=torch.float64))),
    ),
    "by backward": ("delta", delta_by_backward),
    "forward mode, an array of one number": ("delta", delta_forward),
    "the delta method in single precision": ("delta", delta_in_single_precision),
    "tensors": ("logistic", newton),
    "Newton's method in single precision": ("logistic", partial(newton, dtype=torch.float32)),
    "reweighted least squares, lists": ("logistic", reweighted),
    "a pair of Series": ("logistic", lambda X, y: tuple(map(pd.Series, newton(X, y)))),
}
