"""The labs' checks bite: a mistake in a lab's own code fails it, another seed does not."""

import pytest

pytest.importorskip("torch", reason="the labs' networks need torch")

from lab_runner import run_to_report

# A mistake: what stands in the lab, what stands there instead, and what the lab must say of it.
MISTAKES = {
    "01": {
        "the sign of the gradient": ("-2 / n * X.T @ residual", "2 / n * X.T @ residual", "from R"),
        "a factor in the gradient": (
            "-2 / n * X.T @ residual",
            "-1 / n * X.T @ residual",
            "from R",
        ),
        "another start than R's": ("np.zeros(p), []", "np.ones(p), []", "from R"),
        "another seed than R's": ("labkit.RStream(42)", "labkit.RStream(43)", "from R"),
        "a factor in the theory": ("1 - 2 * lr * eigen", "1 - lr * eigen", "predicted distance"),
        "zero_grad forgotten": ("optimizer.zero_grad()  #", "pass  #", "torch loop"),
        "the sum for the mean": ("y_tensor) ** 2).mean()", "y_tensor) ** 2).sum()", "torch loop"),
        "no step": ("optimizer.step()  #", "pass  #", "torch loop"),
        "the target left flat": (".reshape(-1, 1)\nprint", "\nprint", "broadcast"),
        "the ReLU dropped": ("nn.ReLU()", "nn.Identity()", "network over truth"),
        "noise counted as risk": ("table.mean[500:]", "table.y[500:]", "OLS minus theory"),
        "risk at the wrong rows": ("table.mean[500:]", "table.mean[499:-1]", "OLS minus theory"),
    },
    "04": {
        "sd for the variance": (
            "norm.logpdf(outcome, mean, sd)",
            "norm.logpdf(outcome, mean, sd**2)",
            "likelihood over MSE",
        ),
        "the largest logit not added back": (
            "-(z[c] - m) + np.log",
            "-z[c] + np.log",
            "log-sum-exp, largest",
        ),
        "the class shifted by one": (
            "torch.tensor([0]))\nprint",
            "torch.tensor([1]))\nprint",
            "cross-entropy, distance",
        ),
        "softmax for K outcomes": (
            "expit(z.numpy())",
            "torch.softmax(z, 0).numpy()",
            "three Bernoullis",
        ),
        "a factor in the gradient": (
            "gradient = 2 * (w - 1)",
            "gradient = w - 1",
            "six steps, distance from the closed",
        ),
        "zero_grad forgotten in the fit": (
            "    optimizer.zero_grad()\n    loss = bce_with_logits(by_hand",
            "    loss = bce_with_logits(by_hand",
            "full-batch loop",
        ),
        "a ridge penalty left in": ("C=np.inf", "C=1.0", "distance from sklearn"),
        "the deviance without its 2": (
            "deviance = -2 *",
            "deviance = -1 *",
            "distance from the deviance",
        ),
        "zero_grad forgotten in the batches": (
            "        optimizer.zero_grad()\n        loss = bce",
            "        loss = bce",
            "mini-batch loop",
        ),
        "batches with replacement": (
            "rng.permuted(np.tile(np.arange(n), (4000, 1)), axis=1)",
            "rng.integers(n, size=(4000, n))",
            "standard error over theory",
        ),
        "the finite population forgotten": (
            "theory = S / np.sqrt(sizes) * np.sqrt(1 - sizes / n)",
            "theory = S / np.sqrt(sizes)",
            "standard error over theory",
        ),
        "the sign of the logistic gradient": (
            "X.T @ (expit(X @ w) - y) / n",
            "X.T @ (y - expit(X @ w)) / n",
            "BCE gradient",
        ),
        "no bias correction of v": ("v_hat = v / (1 - beta2**t)", "v_hat = v", "Adam, distance"),
        "Adam at a thousandth of each rate": (
            '"lr": lr}',
            '"lr": lr / (1 + 999 * (optimizer == "adam"))}',
            "Adam's, standardised",
        ),
    },
}

OTHER_SEEDS = {
    "01": [
        ("make_network(seed=42)", "make_network(seed=1)"),
        ("make_network(seed=42)", "make_network(seed=2)"),
        ("seed=1", "seed=2"),
    ],
    "04": [
        ("default_rng(seed)", "default_rng(seed + 100)"),
        ("torch.manual_seed(seed)", "torch.manual_seed(seed + 100)"),
        ("default_rng(5)", "default_rng(6)"),
    ],
}


@pytest.mark.parametrize("lab", MISTAKES)
def test_a_lab_without_a_mistake_passes(lab):
    run_to_report(lab)


@pytest.mark.parametrize(
    ("lab", "right", "wrong", "verdict"),
    [pytest.param(k, *v, id=f"{k}: {name}") for k in MISTAKES for name, v in MISTAKES[k].items()],
)
def test_a_lab_with_a_mistake_fails(lab, right, wrong, verdict):
    with pytest.raises((AssertionError, ValueError, ArithmeticError), match=verdict):
        run_to_report(lab, (right, wrong))


@pytest.mark.parametrize(
    ("lab", "change"),
    [pytest.param(k, v, id=f"{k}: {v[1]}") for k in OTHER_SEEDS for v in OTHER_SEEDS[k]],
)
def test_a_lab_with_another_seed_passes(lab, change):
    """A stand-in for another processor or release of torch, whose numbers would differ too."""
    run_to_report(lab, change)
