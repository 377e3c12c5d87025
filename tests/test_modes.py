"""Train and eval mode, copies and devices: what is the user's stays the user's."""

import copy

import pytest
from numpy.testing import assert_array_equal

from labkit import make_linear

torch = pytest.importorskip("torch", reason="torch is not installed")
nn = torch.nn

from labkit import fit_torch  # noqa: E402  (only after torch was found)

DATA = make_linear(40, 3, rng=1)
Y = DATA.y.reshape(-1, 1)


class Borrowed(nn.Module):
    """A backbone with running means and dropout, and a head."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.backbone = nn.Sequential(nn.Linear(3, 6), nn.BatchNorm1d(6), nn.Dropout(0.5))
        self.head = nn.Sequential(nn.Linear(6, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))

    def forward(self, x):
        return self.head(self.backbone(x))


def train(model, **options):
    return fit_torch(model, DATA.X, Y, **{"epochs": 3, "validation": (DATA.X, Y), **options})


def state(module):
    return {name: value.clone() for name, value in module.state_dict().items()}


def unchanged(module, before):
    return all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


@pytest.mark.parametrize("options", [{}, {"validation": None}, {"batch_size": 10}], ids=str)
def test_a_frozen_backbone_in_eval_mode_stays_in_it(options):
    model = Borrowed()
    model.backbone.requires_grad_(False).eval()
    before = state(model.backbone)
    train(model, **options)
    assert unchanged(model.backbone, before)
    assert model.head[1].num_batches_tracked == (12 if "batch_size" in options else 3)


def test_it_stays_in_it_in_a_second_fit_too():
    model = Borrowed()
    model.backbone.requires_grad_(False).eval()
    before = state(model.backbone)
    train(model)
    assert not model.training
    train(model)
    assert unchanged(model.backbone, before)
    assert model.head[1].num_batches_tracked == 6


def test_a_part_in_eval_mode_that_is_trained_keeps_its_mode():
    model = Borrowed()
    model.backbone[1].eval()  # its running means stand still, its weights are trained
    before = state(model.backbone[1])
    train(model)
    assert torch.equal(model.backbone[1].running_mean, before["running_mean"])
    assert not torch.equal(model.backbone[1].weight, before["weight"])


def test_a_train_method_of_the_users_is_asked():
    class Keeps(Borrowed):
        def train(self, mode=True):
            super().train(mode)
            self.backbone.eval()
            return self

    model = Keeps().eval()
    before = model.backbone[1].running_mean.clone()
    train(model)
    assert torch.equal(model.backbone[1].running_mean, before)
    assert model.head[1].num_batches_tracked == 3


def test_a_model_in_eval_mode_that_is_not_frozen_is_trained_whole():
    model = Borrowed().eval()
    train(model)
    assert model.backbone[1].num_batches_tracked == 3


@pytest.mark.parametrize("training", [True, False])
def test_predicting_leaves_the_modes_as_they_were(training):
    fit = train(Borrowed())
    fit.model.train(training)
    fit.model.head[1].eval()
    modes = [part.training for part in fit.model.modules()]
    expected = fit.predict(DATA.X)
    assert [part.training for part in fit.model.modules()] == modes
    assert_array_equal(fit.predict(DATA.X), expected)


def test_a_deep_copy_predicts_by_its_own_network():
    fit = train(Borrowed())
    twin = copy.deepcopy(fit)
    kept = fit.predict(DATA.X)
    with torch.no_grad():
        fit.model.head[2].weight.zero_()
    assert_array_equal(twin.predict(DATA.X), kept)
    assert_array_equal(fit.params["head.2.weight"], 0)


def test_a_part_that_stood_in_eval_mode_stands_in_it_in_the_next_fit():
    model = Borrowed()
    model.backbone[1].eval()
    train(model)
    before = model.backbone[1].running_mean.clone()
    train(model)
    assert torch.equal(model.backbone[1].running_mean, before)
    assert model.head[1].num_batches_tracked == 6
    model.train()  # said anew: all of it
    train(model)
    assert not torch.equal(model.backbone[1].running_mean, before)


class Odd(nn.Linear):
    """Does something else in train mode than in eval mode."""

    def __init__(self, what):
        super().__init__(3, 1)
        self.what = what

    def forward(self, x):
        return self.what(super().forward, x) if self.training else super().forward(x)


@pytest.mark.parametrize(
    ("what", "message"),
    [
        (
            lambda f, x: f(x)[:, 0],
            r"train mode as in eval mode, a tensor of shape \(2, 1\) for 2 rows, not torch.Size",
        ),
        (lambda f, x: (f(x), x), r"of shape \(2, 1\) for 2 rows, not tuple"),
        (lambda f, x: f(x.add_(1)), r"model changes the X that it is given: use inplace=False"),
        (lambda f, x: f(x).detach(), r"predictions that have no gradient: leave out detach"),
    ],
    ids=["shape", "tuple", "in place", "detached"],
)
def test_a_model_that_is_another_one_in_train_mode_is_refused(what, message):
    X = DATA.X.astype("f")
    with pytest.raises((TypeError, ValueError), match=message):
        fit_torch(Odd(what), X, Y, epochs=1)
    assert_array_equal(X, DATA.X.astype("f"))


def test_dropout_in_place_in_the_first_layer_is_refused():
    with pytest.raises(ValueError, match="model changes the X"):
        train(nn.Sequential(nn.Dropout(0.5, inplace=True), nn.Linear(3, 1)))


class Centres(nn.Linear):
    """Predicts the distance from the mean prediction: what it says of a row hangs on the others."""

    def forward(self, x):
        return super().forward(x) - super().forward(x).mean(0)


def test_a_model_that_looks_at_all_rows_is_given_all_rows():
    torch.manual_seed(0)
    X = torch.arange(15_000.0).reshape(5000, 3) / 1000
    fit = fit_torch(Centres(3, 1), X, X[:, :1], epochs=1, lr=1e-12, validation=(X, X[:, :1]))
    assert fit.history["val_loss"].iloc[0] == pytest.approx(fit.history["loss"].iloc[0], rel=1e-5)
    expected = fit.model(X).detach().numpy()
    assert_array_equal(fit.predict(X), expected)


class Moves(nn.Linear):
    """Keeps a mean in a buffer that its state_dict leaves out."""

    def __init__(self):
        super().__init__(3, 1)
        self.register_buffer("shift", torch.zeros(3), persistent=False)

    def forward(self, x):
        if self.training:
            self.shift = self.shift + 0.05
        return super().forward(x - self.shift)


def test_early_stopping_restores_what_a_state_dict_leaves_out():
    torch.manual_seed(0)
    fit = train(Moves(), epochs=60, lr=0.3, patience=3)
    assert fit.stopped == "early stopping"
    best = fit.history["val_loss"].min()
    assert ((fit.predict(DATA.X) - Y) ** 2).mean() == pytest.approx(best, rel=1e-5)


class Slopes(nn.Linear):
    """Uses autograd to predict."""

    def forward(self, x):
        with torch.enable_grad():
            x = x.detach().requires_grad_()
            value = super().forward(x)
            (slope,) = torch.autograd.grad(value.sum(), x, create_graph=True)
        return value + slope.sum(1, keepdim=True)


def test_a_model_that_uses_autograd_is_validated_and_predicts():
    fit = train(Slopes(3, 1))
    expected = fit.model(torch.tensor(DATA.X, dtype=torch.float32)).detach().numpy()
    assert_array_equal(fit.predict(DATA.X), expected)
