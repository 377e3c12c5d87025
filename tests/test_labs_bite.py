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
    "02": {
        "the sign of the first gradient": (
            'd_prediction = 2 * (values["prediction"] - y)',
            'd_prediction = 2 * (y - values["prediction"])',
            "gradient of prediction, from autograd",
        ),
        "a factor in the first gradient": (
            'd_prediction = 2 * (values["prediction"] - y)',
            'd_prediction = (values["prediction"] - y)',
            "gradient of prediction, from differences",
        ),
        "the ReLU mask dropped": (
            'd_hidden * (values["pre"] > 0)',
            "d_hidden * 1",
            "gradient of pre, from autograd",
        ),
        "the mask upside down": (
            'd_hidden * (values["pre"] > 0)',
            'd_hidden * (values["pre"] < 0)',
            "gradient of w1, from differences",
        ),
        "the mask of the hidden units' gradient": (
            'd_hidden * (values["pre"] > 0)',
            "d_hidden * (d_hidden > 0)",
            "gradient of b1, from autograd",
        ),
        "the mask open at zero": (
            'd_hidden * (values["pre"] > 0)',
            'd_hidden * (values["pre"] >= 0)',
            "b1 with a row of zeros",
        ),
        "pre-activations for hidden units": (
            'values["hidden"].t()',
            'values["pre"].t()',
            "gradient of w2, from autograd",
        ),
        "a mean over the rows": (
            "d_prediction.sum(dim=0, keepdim=True)",
            "d_prediction.mean(dim=0, keepdim=True)",
            "gradient of b2, from autograd",
        ),
        "a bias that isn't summed": (
            '"b2": d_prediction.sum(dim=0, keepdim=True)',
            '"b2": d_prediction',
            "gradient of b2",
        ),
        "w2 updated too early": (
            "d_prediction @ w2.T",
            "d_prediction @ (w2 - lr * hidden.T @ d_prediction).T",
            "distance from labkit",
        ),
        "the mask dropped in NumPy": (
            "w2.T * (pre > 0)",
            "w2.T",
            "distance from labkit",
        ),
        "no ReLU when predicting": (
            'np.maximum(X @ w["w1"] + w["b1"], 0)',
            '(X @ w["w1"] + w["b1"])',
            "final loss over OLS",
        ),
        "another noise": ("noise_sd=1, rng=rng", "noise_sd=1.1, rng=rng", "minus theory"),
        "a feature left out": (
            "np.column_stack([np.ones(len(X)), X])",
            "X[:, :2]",
            "minus theory",
        ),
        "errors at training rows": (
            "squares[100:].mean()",
            "squares[:100].mean()",
            "new rows: network minus OLS",
        ),
        "no steps": ("lr=1e-4, steps=200):", "lr=0, steps=200):", "distance from labkit"),
        "x1 with a coefficient of its own": ("0.2 * x1", "0.3 * x1", "mean by columns"),
    },
}

OTHER_SEEDS = {
    "01": [
        ("make_network(seed=42)", "make_network(seed=1)"),
        ("make_network(seed=42)", "make_network(seed=2)"),
        ("seed=1", "seed=2"),
    ],
    "02": [
        ("draw_start(labkit.RStream(1))", "draw_start(labkit.RStream(3))"),
        ("draw_start(labkit.RStream(1))", "draw_start(np.random.default_rng(5))"),
        ("replicates=50, seed=1", "replicates=50, seed=2"),
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
