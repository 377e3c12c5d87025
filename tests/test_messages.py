"""What the torch loops say of bad input, word for word: each argument, value and mend in it."""

import functools

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
nn = torch.nn
F = torch.nn.functional

from labkit import fit_torch, fit_torch_many  # noqa: E402  (only after torch was found)

X = np.arange(24.0).reshape(8, 3) / 10
Y = X[:, :1] - 1
LABELS = np.array([0, 1, 2, 0, 1, 2, 0, 1])
TENSORS = torch.tensor(X, dtype=torch.float32), torch.tensor(Y, dtype=torch.float32)


def fit(model=None, X=X, y=Y, **options):
    return fit_torch(model or nn.Linear(3, 1), X, y, **{"epochs": 2, **options})


def many(*others, data=None, **options):
    models = [nn.Linear(3, 1), *(others or [nn.Linear(3, 1)])]
    return fit_torch_many(models, data or [(X, Y)] * len(models), **{"epochs": 2, **options})


def changed(array, value):
    array = array.copy()
    array[5, 0] = value
    return array


class Shaped(nn.Linear):
    """A linear layer that returns something else than its predictions."""

    def __init__(self, last):
        super().__init__(3, 1)
        self.last = last

    def forward(self, x):
        return self.last(super().forward(x))


class Looks(nn.Module):
    """Takes whole numbers as well as others."""

    def __init__(self):
        super().__init__()
        self.layer = nn.Linear(3, 1)

    def forward(self, x):
        return self.layer(x.float())


def refuse(prediction, target):
    raise ValueError


PARTIAL = functools.partial(torch.optim.SGD, lr=0.5, weight_decay=0.1)
SGD = torch.optim.SGD(nn.Linear(1, 1).parameters())
SAID = {
    "nothing to stop by": (
        lambda: fit(patience=3),
        "patience needs validation=(X, y): there is nothing to stop early by.",
    ),
    "nothing to resume": (
        lambda: fit(resume=True),
        "resume=True needs checkpoint=PATH: there is nothing to resume from.",
    ),
    "a batch of one": (
        lambda: fit(nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 1)), batch_size=7),
        "batch_size=7 leaves a last batch of one row of the 8, and BatchNorm needs at least two in "
        "train mode: choose a batch_size that doesn't.",
    ),
    "a batch too large": (
        lambda: fit(batch_size=9),
        "batch_size=9 is larger than the 8 rows of X; batch_size=None takes all of them in one "
        "step.",
    ),
    "seed": (lambda: fit(seed=-1), "seed must be 0 or more, not -1."),
    "seed too large": (
        lambda: fit(seed=2**63),
        "seed must be at most 9223372036854775807, not 9223372036854775808.",
    ),
    # --- the model
    "no module": (lambda: fit(3), "model must be a torch.nn.Module, not 3."),
    "no parameters": (
        lambda: fit(nn.ReLU()), "model has no parameters: there is nothing to train.",
    ),
    "all frozen": (
        lambda: fit(nn.Linear(3, 1).requires_grad_(False)),
        "model has no parameter with requires_grad: there is nothing to train.",
    ),
    "complex model": (
        lambda: fit(nn.Linear(3, 1, dtype=torch.complex64)),
        "model must have real parameters, not complex64.",
    ),
    "meta model": (
        lambda: fit(nn.Linear(3, 1, device="meta")),
        "model is on torch's meta device, where parameters have no values: make it on the CPU.",
    ),
    "a tuple": (
        lambda: fit(Shaped(lambda f: (f, f))),
        "model must return one tensor of predictions, not tuple.",
    ),
    "no row for a row": (
        lambda: fit(Shaped(lambda f: f.mean(0))),
        "model must return one prediction for each row of X; for 2 rows it returned the shape "
        "(1,).",
    ),
    "in place": (
        lambda: fit(nn.Sequential(nn.ReLU(inplace=True), nn.Linear(3, 1))),
        "model changes the X that it is given: use inplace=False in its first layer.",
    ),
    "features": (
        lambda: fit(nn.Linear(4, 1)),
        "model can't take X of shape (8, 3) and float32: ",
    ),
    "device": (
        lambda: fit(device="gpu"), "device='gpu' is not usable here; 'cpu' always is.",
    ),
    "meta device": (
        lambda: fit(device="meta"), "device='meta' is not usable here; 'cpu' always is.",
    ),
    # --- the data
    "a vector": (
        lambda: fit(X=X[:, 0]),
        "X must have rows and columns, not shape (8,); X.reshape(-1, 1) makes one column of it.",
    ),
    "empty": (lambda: fit(X=X[:0], y=Y[:0]), "X is empty: its shape is (0, 3)."),
    "complex": (
        lambda: fit(X=TENSORS[0] + 0j), "X must hold real numbers, not complex64.",
    ),
    "meta": (
        lambda: fit(X=TENSORS[0].to("meta")),
        "X is on torch's meta device, where tensors have no values.",
    ),
    "sparse": (
        lambda: fit(X=TENSORS[0].to_sparse()), "X must be a dense tensor: use X.to_dense().",
    ),
    "too large": (
        lambda: fit(X=changed(X, -1e40)), "X holds numbers too large for float32: rescale it.",
    ),
    "doubles": (
        lambda: fit(X=TENSORS[0].double()),
        "X is float64 and the model's parameters are float32: use X.to(torch.float32), or "
        "model.to(torch.float64).",
    ),
    "double targets in validation": (
        lambda: fit(validation=(X, TENSORS[1].double())),
        "validation y is float64 and the model's parameters are float32: use validation "
        "y.to(torch.float32), or model.to(torch.float64).",
    ),
    "validation of another kind": (
        lambda: fit(Looks(), *TENSORS, validation=(TENSORS[0].long(), TENSORS[1])),
        "validation X is int64 and X is float32: bring both into one dtype.",
    ),
    "rows": (
        lambda: fit(y=Y[:7]), "y has 7 rows where 8 are needed, one for each of X.",
    ),
    "one target": (
        lambda: fit(y=1.0), "y has 1 rows where 8 are needed, one for each of X.",
    ),
    "validation rows": (
        lambda: fit(validation=(X, Y[:7])),
        "validation y has 7 rows where 8 are needed, one for each of X.",
    ),
    "a vector for a column": (
        lambda: fit(y=Y[:, 0]),
        "The predictions have shape (8, 1) and y has shape (8,); torch would broadcast one against "
        "the other and return a loss that means nothing. Use y.reshape(-1, 1).",
    ),
    "other outputs": (
        lambda: fit(nn.Linear(3, 2)),
        "The predictions have shape (8, 2) and y has shape (8, 1); torch would broadcast one "
        "against the other and return a loss that means nothing. Use a model with as many outputs "
        "as there are targets in a row.",
    ),
    "whole numbers in a tensor": (
        lambda: fit(y=TENSORS[1].long()),
        "y must be floating point for this loss: use y.float().",
    ),
    "no events": (
        lambda: fit(y=Y + 1, loss="bce_with_logits"),
        "y must hold 0 and 1, or probabilities, for this loss; it holds numbers from 0 to 2.1, for "
        "which the loss has no minimum.",
    ),
    "no probabilities": (
        lambda: fit(y=(Y > 0) * 1.0, loss=nn.BCELoss()),
        "model must predict probabilities, between 0 and 1, for this loss: end it in a "
        "torch.nn.Sigmoid(), or, which is safer, leave it out and use loss='bce_with_logits'.",
    ),
    "no distributions": (
        lambda: fit(nn.Linear(3, 3), y=X, loss=F.cross_entropy),
        "y has the shape of the predictions, so each row must be the probabilities of the classes: "
        "none negative, with the sum 1.",
    ),
    "no classes": (
        lambda: fit(nn.Linear(3, 3), y=LABELS * 1.0, loss="cross_entropy"),
        "y must hold class indices as whole numbers: use y.astype(int).",
    ),
    "no classes in a tensor": (
        lambda: fit(nn.Linear(3, 3), y=torch.tensor(LABELS).int(), loss="cross_entropy"),
        "y must hold class indices as whole numbers: use y.long().",
    ),
    "a column of classes": (
        lambda: fit(nn.Linear(3, 3), y=LABELS[:, None], loss="cross_entropy"),
        "'cross_entropy' takes predictions of shape (n, classes) and one class index a row, shape "
        "(n,); the predictions have shape (8, 3) and y has (8, 1).",
    ),
    "no axis of classes": (
        lambda: fit(nn.Sequential(nn.Linear(3, 1), nn.Flatten(0)), y=LABELS, loss="cross_entropy"),
        "'cross_entropy' takes predictions of shape (n, classes) and one class index a row, shape "
        "(n,); the predictions have shape (8,) and y has (8,).",
    ),
    "nothing but ignored": (
        lambda: fit(nn.Linear(3, 3), y=0 * LABELS + 1, loss=nn.CrossEntropyLoss(ignore_index=1)),
        "y holds only 1, the class that the loss ignores.",
    ),
    "classes from 1": (
        lambda: fit(nn.Linear(3, 3), y=LABELS + 1, loss="cross_entropy"),
        "y holds class indices from 1 to 3, and the model has 3 outputs: classes count from 0 to 2 "
        "(in R from 1).",
    ),
    # --- the loss
    "loss": (
        lambda: fit(loss=3),
        "loss must be a function or one of mse, l1, huber, cross_entropy, bce_with_logits, not 3.",
    ),
    "a class": (
        lambda: fit(loss=nn.MSELoss), "loss is the class MSELoss: give an object, MSELoss().",
    ),
    "an object, not a value": (
        lambda: fit(loss=lambda p, y: nn.MSELoss()),
        "loss must return a tensor of one number, not MSELoss; give an object of that class.",
    ),
    "no tensor": (
        lambda: fit(loss=lambda p, y: 3.0), "loss must return a tensor of one number, not float.",
    ),
    "no reduction": (
        lambda: fit(loss=lambda p, y: (p - y) ** 2),
        "loss must return one number for a batch; for predictions of shape (n, 1) and float32 and "
        "y of shape (n, 1) and float32 it returned the shape (2, 1). Use reduction='mean', or "
        ".mean().",
    ),
    "no gradient": (
        lambda: fit(loss=lambda p, y: F.mse_loss(p.detach(), y)),
        "loss returns a number that has no gradient: it must be computed by torch from the "
        "predictions, without detach(), item() or NumPy.",
    ),
    "refused by the loss": (
        lambda: fit(y=Y[:, 0], loss=lambda p, y: p @ y),
        "loss can't take predictions of shape (n, 1) and float32 and y of shape (n,) and float32 "
        "(n: the number of rows): ",
    ),
    "refused without a word": (
        lambda: fit(loss=refuse),
        "loss can't take predictions of shape (n, 1) and float32 and y of shape (n, 1) and float32 "
        "(n: the number of rows): ValueError",
    ),
    "pairs": (
        lambda: fit(y=Y[:, 0], loss=lambda p, y: ((p - y) ** 2).mean()),
        "loss sets a column of shape (n, 1) against a vector of shape (n,): torch would broadcast "
        "one against the other, so that every prediction is compared with every target. The "
        "predictions have shape (n, 1) and y has shape (n,). Use y.reshape(-1, 1).",
    ),
    # --- the optimizer, the schedule, the metrics
    "lr twice": (
        lambda: fit(optimizer=PARTIAL, lr=0.1),
        "lr=0.1 was given, and optimizer fixes lr=0.5 itself: leave one of the two out.",
    ),
    "weight_decay twice": (
        lambda: fit(optimizer=PARTIAL, weight_decay=0.0),
        "weight_decay=0.0 was given, and optimizer fixes weight_decay=0.1 itself: leave one of the "
        "two out.",
    ),
    "other options": (
        lambda: fit(optimizer=lambda params: SGD, weight_decay=0.1),
        "optimizer can't be called with the parameters and lr, weight_decay: ",
    ),
    "no optimizer returned": (
        lambda: fit(optimizer=lambda params, lr: 3),
        "optimizer can't be called with the parameters and lr: it returned 3, which is no "
        "torch.optim.Optimizer.",
    ),
    "an optimizer": (
        lambda: fit(optimizer=SGD),
        "optimizer must be a name or a class, such as torch.optim.SGD, not an object.",
    ),
    "no optimizer": (
        lambda: fit(optimizer=3),
        "optimizer must be a function or one of sgd, adam, adamw, rmsprop, not 3.",
    ),
    "LBFGS": (
        lambda: fit(optimizer=torch.optim.LBFGS),
        "LBFGS evaluates the loss many times a step, which this loop does not do.",
    ),
    "SparseAdam": (
        lambda: fit(optimizer=torch.optim.SparseAdam),
        "SparseAdam takes sparse gradients alone, which a loss here doesn't give.",
    ),
    "schedule": (
        lambda: fit(schedule=0.5),
        "schedule must be a function of the step that returns a factor for lr, not 0.5.",
    ),
    "factor": (
        lambda: fit(schedule=lambda step: -step),
        "schedule(1) is -1: it must return the factor by which lr is multiplied, zero or a "
        "positive number.",
    ),
    "metrics": (lambda: fit(metrics=3), "metrics must map names to functions, not be 3."),
    "a metric": (
        lambda: fit(metrics={"mae": 3}),
        "metrics must map names to functions of predictions and targets, not 'mae' to 3.",
    ),
    "a name of the history": (
        lambda: fit(metrics={"epoch": F.l1_loss}),
        "metrics can't hold the name 'epoch', which a history has already.",
    ),
    "no number": (
        lambda: fit(metrics={"mae": lambda p, y: None}),
        "the metric 'mae' must return one real number, not None.",
    ),
    "no one number": (
        lambda: fit(metrics={"mae": lambda p, y: torch.ones(2)}),
        "the metric 'mae' must return one real number, not tensor([1., 1.]).",
    ),
    # --- many networks
    "many: patience": (
        lambda: many(patience=3),
        "patience needs validation=[(X, y), …]: there is nothing to stop by.",
    ),
    "many: data": (
        lambda: many(data=[(X, Y)]), "models has 2 networks and data 1 data sets.",
    ),
    "many: validation": (
        lambda: many(validation=[(X, Y)]), "models has 2 networks and validation 1 data sets.",
    ),
    "many: twice": (
        lambda: fit_torch_many([SHARED, SHARED], [(X, Y)] * 2),
        "models holds the same network twice; copy.deepcopy makes another.",
    ),
    "many: pairs": (
        lambda: many(data=[(X, Y), 3]),
        "data must hold a pair (X, y) for each network; that of network 1 is int.",
    ),
    "many: architecture": (
        lambda: many(nn.Sequential(nn.Linear(3, 1))),
        "models must be of one architecture: 1 is not that of 0.",
    ),
    "many: dtype": (
        lambda: many(nn.Linear(3, 1).double()),
        "models must have one dtype and one device: 1 is float64 on cpu, and 0 is float32 on cpu. "
        "model.to(…) brings a network to another.",
    ),
    "many: shapes": (
        lambda: many(data=[(X, Y), (X[1:], Y[1:])]),
        "data sets of different shapes can't be stacked; use fit_torch on each.",
    ),
    "many: dtypes": (
        lambda: fit_torch_many([Looks(), Looks()], [TENSORS, (TENSORS[0].long(), TENSORS[1])]),
        "data sets of different dtypes can't be stacked: 1 is int64 with y float32, and 0 is "
        "float32 with y float32.",
    ),
    "many: a data set": (
        lambda: many(data=[(X, Y), (X, Y[:, 0])]),
        "The predictions have shape (8, 1) and data set 1: y has shape (8,); torch would broadcast "
        "one against the other and return a loss that means nothing. Use data set 1: "
        "y.reshape(-1, 1).",
    ),
}  # fmt: skip
SHARED = nn.Linear(3, 1)


@pytest.mark.parametrize("name", SAID)
def test_what_is_said(name):
    act, message = SAID[name]
    with pytest.raises((TypeError, ValueError)) as caught:
        act()
    said = str(caught.value)
    assert said.startswith(message) if message.endswith(": ") else said == message
