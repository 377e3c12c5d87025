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
