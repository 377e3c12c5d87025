"""Lab 5: how to make it quick, mistakes in its code, other seeds, wrong answers."""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import torch
from scipy.spatial import KDTree

from course.cases import solved

# Changes no verdict.
QUICK = {
    "replicates=30": "replicates=24",  # with fewer, no verdict on the network at 50 epochs
    "replicates=10": "replicates=4",
    "-1.4, 1.4, 141": "-1.4, 1.4, 21",
    "reshape(141, 141)": "reshape(21, 21)",
    "range(5):": "range(1):",
    "make_spirals(4000, rng=rng)": "make_spirals(2000, rng=rng)",
    'draw_map(ax, class_1(viewer, grid), f"epoch {epoch}", size=3)': "pass",
    "draw_map(ax, probability, name)": "pass",
}

# A mistake: what stands in the lab, what stands there instead, and what the lab must say of it.
MISTAKES = {
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
    "classes from 1": (
        "self.y = torch.tensor(y)",
        "self.y = torch.tensor(y) + 1",
        "classes of the rows",
    ),
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
    "a batch's mean for its sum": ("loss.item() * len(y)", "loss.item()", "loop at lr 0"),
    "a recipe that never settles": ('"lr": lr / 10', '"lr": lr', "recipe 0.3, 50, settled"),
}

# Put into the whole study: a leak, or a side that is not given what the other has.
UNFAIR = {
    "test rows in training": (
        "new = labkit.make_spirals(2000, rng=rng)",
        "new = drawn",
        "settled minus knows the curves",
    ),
    "forty rows for the hand-made features": (
        "fit(features(X), y)",
        "fit(features(X[:40]), y[:40])",
        "hand-made features, minus the limit",
    ),
    "fewer epochs for the control": (
        'more = {"epochs": 10',
        'more = {"epochs": 1',
        "epochs added",
    ),
}

OTHER_SEEDS = [
    ("seed=5", "seed=9"),
    ("default_rng(7)", "default_rng(11)"),
    ("replicates=24, seed=1", "replicates=24, seed=3"),
]


def emax_module(change: str) -> Callable[[], Any]:
    """Return what makes lab 5's dose-response module with one mistake."""

    class Emax(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            dtype = torch.float64 if change == "double precision" else torch.float32
            self.emax = torch.nn.Parameter(torch.ones(1, dtype=dtype))
            start = torch.zeros(1, dtype=dtype)
            learns = change != "a parameter that is kept fixed"
            self.log_ed50 = (
                start if change == "tensor" else torch.nn.Parameter(start, requires_grad=learns)
            )

        def forward(self, dose: Any) -> Any:
            if change == "item":
                return self.emax * dose / (np.exp(self.log_ed50.item()) + dose)
            if change == "detach":
                return self.emax.detach() * dose / (self.log_ed50.exp() + dose)
            if change == "no_grad":
                with torch.no_grad():
                    return self.emax * dose / (self.log_ed50.exp() + dose)
            if change == "a quotient of doses":
                return self.emax / (1 + self.log_ed50.exp() / dose)
            if change == "positive values alone":
                positive = torch.relu(self.emax)
                return positive * dose / (torch.relu(self.log_ed50).exp() + dose)
            if change == "D of at least 1":
                return self.emax * dose / (torch.relu(self.log_ed50).exp() + dose)
            if change == "sigmoid":
                return self.emax * torch.sigmoid(torch.log(dose) - self.log_ed50)
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
            if change == "a generator of its own":
                self.numbers = np.random.default_rng().integers(n, size=n)
            if change == "NumPy's own":
                self.numbers = np.random.randint(n, size=n)  # noqa: NPY002
            if change == "from 1":
                self.numbers = rng.integers(1, n, size=n)
            if change == "up to n - 1":
                self.numbers = rng.integers(n - 1, size=n)
            if change == "200 rows":
                self.numbers = rng.integers(200, size=200)
            if change == "a copy":
                self.rows = [dataset[i] for i in self.numbers]
            if change == "fewer":
                self.numbers = self.numbers[: n // 2]

        def __len__(self) -> int:
            return len(self.numbers)

        def __getitem__(self, i: int) -> Any:
            if change == "a copy":
                return self.rows[i]
            if change == "drawn when asked":
                return self.dataset[self.rng.integers(len(self))]
            if change == "a row of two":
                return self.dataset[i][0], self.dataset[self.numbers[i]][1]
            return self.dataset[self.numbers[i]]

    return Sample


def of_its_tensors(dataset: Any, rng: Any) -> Any:
    numbers = rng.integers(len(dataset), size=len(dataset))
    return torch.utils.data.TensorDataset(dataset.X[numbers], dataset.y[numbers])


def subset(dataset: Any, rng: Any) -> Any:
    numbers = rng.choice(len(dataset), len(dataset))
    return torch.utils.data.Subset(dataset, numbers.tolist())


def by_closure(data: Any, stream: Any = None) -> Any:
    """Return a sample of no class of torch's, its numbers drawn one by one."""
    numbers = [int(stream.random() * len(data)) for _ in range(len(data))]

    class Sample:
        def __len__(self) -> int:
            return len(numbers)

        def __getitem__(self, i: int) -> Any:
            return data[numbers[i]]

    return Sample()


def seeded_by_rng(dataset: Any, rng: Any) -> Any:
    generator = torch.Generator().manual_seed(int(rng.integers(2**31)))
    numbers = torch.randint(len(dataset), (len(dataset),), generator=generator)
    return torch.utils.data.Subset(dataset, numbers)


def distances(X: Any) -> Any:
    """Return how much nearer one drawn curve is than the other: it looks the classes up."""
    data = solved("05")["data"]
    away = np.linalg.norm(X[:, None] - data.curve, axis=2)
    return (away[:, data.y == 0].min(1) - away[:, data.y == 1].min(1))[:, None]


def two_distances(X: Any) -> Any:
    """Return the distances from the two drawn curves, one column each."""
    data = solved("05")["data"]
    trees = [KDTree(data.curve[data.y == k]) for k in (0, 1)]
    return np.column_stack([tree.query(X)[0] for tree in trees])


def mixed_distances(X: Any) -> Any:
    away = two_distances(X)
    return np.column_stack([away.sum(axis=1), away[:, 0] - 2 * away[:, 1] + 3])


def arm_within(X: Any) -> Any:
    """Return the nearer arm as ±1, and 0 far outside."""
    sign = 2.0 * solved("05")["nearest_arm"](X) - 1
    return np.where(np.hypot(*X.T) > 1.25, 0, sign)[:, None]


def two_by_formula(X: Any) -> Any:
    w = np.arange(0, 1, 1e-3)
    arm = ((2 * w + 1) * np.array([np.cos(2 * np.pi * w), np.sin(2 * np.pi * w)])).T / 3
    return np.column_stack([KDTree(arm).query(X)[0], KDTree(-arm).query(X)[0]])


def distances_by_formula(X: Any) -> Any:
    one, other = two_by_formula(X).T
    return (one - other)[:, None]


def class_by_formula(X: Any) -> Any:
    return np.sign(heights(X))


def heights(X: Any) -> Any:
    return solved("05")["solved_features"](X)


def squares(X: Any) -> Any:
    return np.column_stack([X[:, 0] ** 2, X[:, 1] ** 2, X[:, 0] * X[:, 1]])


# A wrong answer: the exercise, the answer, and what its check must say.
WRONG = {
    "a plain tensor": ("emax", emax_module("tensor"), "given ['emax']"),
    "a dose for its logarithm": ("emax", emax_module("no exponential"), "responses are"),
    "the dose left out": ("emax", emax_module("a slope"), "responses are"),
    "a flat result": ("emax", emax_module("flat"), "four doses give (4,)"),
    "the class for the module": ("emax", emax_module("the class"), "not return a module"),
    "another start": ("emax", lambda: torch.nn.Linear(1, 1), "['bias', 'weight']"),
    "a number for a parameter": ("emax", emax_module("item"), "no gradient reaches log_ed50"),
    "a parameter detached": ("emax", emax_module("detach"), "no gradient reaches emax"),
    "no gradient at all": ("emax", emax_module("no_grad"), "no gradient comes back"),
    "a parameter that is kept fixed": (
        "emax",
        emax_module("a parameter that is kept fixed"),
        "no gradient reaches log_ed50",
    ),
    "no gradient at dose 0": ("emax", emax_module("a quotient of doses"), "log_ed50 is nan off"),
    "positive values alone": ("emax", emax_module("positive values alone"), "with E = -1"),
    "D of at least 1": ("emax", emax_module("D of at least 1"), "with E = -1"),
    "a permutation": ("bootstrap", bootstrap("without replacement"), "100%"),
    "half a sample": ("bootstrap", bootstrap("fewer"), "it has 100 rows"),
    "drawn when asked": ("bootstrap", bootstrap("drawn when asked"), "another one each"),
    "two rows in one": ("bootstrap", bootstrap("a row of two"), "from two rows"),
    "a seed of its own": ("bootstrap", bootstrap("one seed"), "alike"),
    "a generator of its own": ("bootstrap", bootstrap("a generator of its own"), "one seed gives"),
    "NumPy's own generator": ("bootstrap", bootstrap("NumPy's own"), "one seed gives"),
    "never row 0": ("bootstrap", bootstrap("from 1"), "it draws [0, "),
    "never the last row": ("bootstrap", bootstrap("up to n - 1"), ", 0]"),
    "200 rows whatever the table": ("bootstrap", bootstrap("200 rows"), "out of bounds"),
    "a copy": ("bootstrap", bootstrap("a copy"), "copies the rows"),
    "a copy of its tensors": ("bootstrap", of_its_tensors, "no attribute 'X'"),
    "the lab's own features": ("features", lambda X: solved("05")["unwound"](X), "below"),
    "squares": ("features", squares, "below the rule"),
    "polar coordinates": (
        "features",
        lambda X: np.column_stack(solved("05")["polar"](X)),
        "below the rule",
    ),
    "the rule that knows the curves": (
        "features",
        lambda X: solved("05")["nearest_arm"](X)[:, None],
        "repeats nearest_arm",
    ),
    "the rule among others": (
        "features",
        lambda X: np.column_stack([X, solved("05")["nearest_arm"](X)]),
        "repeats nearest_arm",
    ),
    "distances from the drawn curves": ("features", distances, "repeats nearest_arm"),
    "two distances from the drawn curves": ("features", two_distances, "repeats nearest_arm"),
    "mixtures of these distances": ("features", mixed_distances, "repeats nearest_arm"),
    "the rule within a circle": ("features", arm_within, "repeats nearest_arm"),
    "a vector": ("features", lambda X: X[:, 0], "shape (500,)"),
    "a dozen": ("features", lambda X: np.hstack([squares(X)] * 4), "12 features"),
}

# A right answer in an unusual dress: the exercise, the answer.
RIGHT = {
    "the class itself, which makes the module": ("emax", emax_module("")),
    "a partial, in double precision": ("emax", partial(emax_module("double precision"))),
    "a sigmoid of log doses": ("emax", emax_module("sigmoid")),
    "a Subset": ("bootstrap", subset),
    "a class of its own, drawn one by one": ("bootstrap", by_closure),
    "torch's numbers, seeded by rng": ("bootstrap", seeded_by_rng),
    "distances from the arms, by formula": ("features", distances_by_formula),
    "two distances, by formula": ("features", two_by_formula),
    "the class, by formula": ("features", class_by_formula),
    "a DataFrame": ("features", lambda X: pd.DataFrame(heights(X))),
    "a tensor in single precision": (
        "features",
        lambda X: torch.tensor(heights(X), dtype=torch.float32),
    ),
    "another scale, a column of ones": (
        "features",
        lambda X: np.column_stack([np.ones(len(X)), 100 * heights(X) + 3]),
    ),
    "point by point, lists": (
        "features",
        lambda X: [heights(x[None])[0].tolist() for x in X],
    ),
}
