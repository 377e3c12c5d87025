"""The labs' checks bite: a mistake in a lab's own code fails it, another seed does not."""

import pytest

pytest.importorskip("torch", reason="the labs' networks need torch")

from lab_runner import as_it_stands, behind, run_to_report

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
    "03": {
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
    "05": {
        "noise along the curve": (
            "np.array([-tangent[1], tangent[0]])",
            "np.array([tangent[0], tangent[1]])",
            "spirals, distance from labkit",
        ),
        "a parameter that is none": (
            "self.b = nn.Parameter(torch.zeros(1))",
            "self.b = torch.zeros(1, requires_grad=True)",
            "Line minus OLS",
        ),
        "a buffer that is none": (
            'self.register_buffer("mean", X.mean(dim=0))',
            "self.mean = X.mean(dim=0)",
            "loaded model minus saved",
        ),
        "noise in both modes": ("if self.training:", "if True:", "eval mode, twice"),
        "a pickle read": ("weights_only=True", "weights_only=False", "surprises refused"),
        "a ReLU dropped": (
            "x = F.relu(self.second(x))",
            "x = self.second(x)",
            "class minus Sequential",
        ),
        "a softmax down the rows": (
            "probability = torch.softmax(logits, dim=1)",
            "probability = torch.softmax(logits, dim=0)",
            "probabilities of a row",
        ),
        "classes from 1": ("self.y = torch.tensor(y)", "self.y = torch.tensor(y) + 1", "bounds"),
        "zero_grad forgotten": ("        optimizer.zero_grad()\n", "", "loop minus labkit"),
        "the class of the smallest logit": (
            "(logits.argmax(dim=1) == y)",
            "(logits.argmin(dim=1) == y)",
            "snapshot minus record",
        ),
        "snapshots that go on changing": (
            "snapshots[epoch] = copy.deepcopy(model.state_dict())",
            "snapshots[epoch] = model.state_dict()",
            "snapshot minus record",
        ),
        "an angle wound too loosely": ("(3 * radius - 1)", "(2 * radius - 1)", "cos δ"),
        "no smaller steps": ('"lr": 0.03', '"lr": 0.3', "settled minus hand-made"),
        "a batch's mean for its sum": ("loss.item() * len(y)", "loss.item()", "loop at lr 0"),
    },
    "06": {
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
    "03": [
        ("default_rng(3)", "default_rng(4)"),
        ("default_rng(0)", "default_rng(1)"),
        ("manual_seed(0)", "manual_seed(1)"),
    ],
    "04": [
        ("default_rng(seed)", "default_rng(seed + 100)"),
        ("torch.manual_seed(seed)", "torch.manual_seed(seed + 100)"),
        ("default_rng(5)", "default_rng(6)"),
    ],
    "05": [
        ("seed=5", "seed=9"),
        ("default_rng(7)", "default_rng(11)"),
        ("replicates=4, seed=1", "replicates=4, seed=2"),
    ],
    "06": [
        ("default_rng(6)", "default_rng(7)"),
        ("make_network(seed=6", "make_network(seed=7"),
    ],
}

# GradcheckError and a second `backward` are RuntimeErrors, a class without a logit an IndexError.
FAILURES = (AssertionError, ValueError, ArithmeticError, RuntimeError, IndexError)


@pytest.mark.parametrize("lab", MISTAKES)
def test_a_lab_without_a_mistake_passes(lab):
    as_it_stands(lab)


@pytest.mark.parametrize(
    ("lab", "right", "wrong", "verdict"),
    [pytest.param(k, *v, id=f"{k}: {name}") for k in MISTAKES for name, v in MISTAKES[k].items()],
)
def test_a_lab_with_a_mistake_fails(lab, right, wrong, verdict):
    with pytest.raises(FAILURES, match=verdict):
        run_to_report(lab, (right, wrong), only=behind(lab, verdict))


@pytest.mark.parametrize(
    ("lab", "change"),
    [pytest.param(k, v, id=f"{k}: {v[1]}") for k in OTHER_SEEDS for v in OTHER_SEEDS[k]],
)
def test_a_lab_with_another_seed_passes(lab, change):
    """A stand-in for another processor or release of torch, whose numbers would differ too."""
    run_to_report(lab, change)
