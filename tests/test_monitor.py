"""What a run remembers: when it has diverged, and what the error then says of it."""

import math

import numpy as np
import pytest

from labkit import TrainingDiverged

torch = pytest.importorskip("torch", reason="torch is not installed")
nn = torch.nn
F = torch.nn.functional

from labkit import fit_torch, fit_torch_many  # noqa: E402  (only after torch was found)
from labkit.monitor import Monitor  # noqa: E402

X = torch.tensor(np.random.default_rng(0).normal(size=(30, 3)), dtype=torch.float32)
Y = X.sum(1, keepdim=True)


def root(prediction, target):
    """The root of a mean squared error, whose gradient is no number where the error is zero."""
    return F.mse_loss(prediction, target).sqrt()


def diverge(model, y, loss, **options):
    with pytest.raises(TrainingDiverged) as caught:
        fit_torch(model, X, y, loss=loss, **{"epochs": 1, "optimizer": "sgd", **options})
    return caught.value


def test_one_parameter_that_is_no_number_is_enough():
    model = nn.Linear(3, 1)
    model.bias.requires_grad_(False)
    assert diverge(model, model(X).detach(), root).epoch == 1
    assert torch.isfinite(model.bias).all()
    assert model.weight.isnan().all()


def test_one_entry_that_is_no_number_is_enough():
    def loss(prediction, target):
        return F.mse_loss(prediction[:, 0], target[:, 0]) + root(prediction[:, 1], target[:, 1])

    model = nn.Linear(3, 2, bias=False)
    y = model(X).detach() + torch.tensor([1.0, 0.0])
    assert diverge(model, y, loss).epoch == 1
    assert torch.isfinite(model.weight).all(1).tolist() == [True, False]


@pytest.mark.parametrize(("batch_size", "clip"), [(None, None), (8, None), (8, 3e99)])
def test_the_error_holds_the_norm_of_the_last_gradient(batch_size, clip):
    # Absolute errors, whose gradient stays finite, and a leap of the weights to infinite losses.
    torch.manual_seed(0)
    x, model = 1e100 * X[:, :2].double(), nn.Linear(2, 2, bias=False).double()
    leap = lambda step: 1e115 if step == 0 else 1e-115  # noqa: E731
    with pytest.raises(TrainingDiverged) as caught:
        fit_torch(
            model, x, 0 * x, loss="l1", optimizer="sgd", epochs=5, lr=1.0, schedule=leap,
            batch_size=batch_size, clip=clip, seed=0,
        )  # fmt: skip
    norm, clipped = caught.value.gradient_norm, float(model.weight.grad.norm())
    assert 1e98 < norm < 1e101
    assert clipped == pytest.approx(norm if clip is None else clip)
    assert clip is None or norm > clip
    assert f"the gradient's norm was {norm:.3g} and" in str(caught.value)


def test_without_a_gradient_its_norm_is_unknown(tmp_path):
    model = nn.Linear(3, 1)
    y = model(X).detach()
    options = {"loss": root, "checkpoint": tmp_path / "run"}
    diverge(model, y, **options)
    error = diverge(nn.Linear(3, 1), y, **options, resume=True)
    assert (error.epoch, error.history["loss"].tolist()) == (1, [0.0])
    assert math.isnan(error.gradient_norm)


def test_the_widest_feature_is_found_in_tables_of_any_shape():
    wide = X.reshape(30, 3, 1) * torch.tensor([1.0, 40.0])
    with pytest.raises(TrainingDiverged) as caught:
        fit_torch(
            nn.Sequential(nn.Flatten(), nn.Linear(6, 1)), wide, Y, optimizer="sgd", lr=1e9, epochs=9
        )
    expected = 40 * X.numpy().std(axis=0).max()
    assert caught.value.feature_scale == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("clip", [1.0, None])
def test_a_norm_that_overflows_would_be_clipped_to_nothing_and_is_a_divergence(many, clip):
    """Finite gradients whose squares are not: `clip` would make every step zero in silence."""

    def loss(prediction, target):
        return 1e25 * F.l1_loss(prediction, target)

    options = {"loss": loss, "optimizer": "sgd", "lr": 1e-27, "epochs": 3, "clip": clip}
    model = nn.Linear(3, 1)
    start = model.weight.detach().clone()

    def train():
        if not many:
            return fit_torch(model, X, Y, **options)
        return fit_torch_many([nn.Linear(3, 1), model], [(X, Y), (X, Y)], **options)[1]

    if clip is None:
        assert not torch.equal(train().model.weight, start)
        return
    with pytest.raises(
        TrainingDiverged, match=r"at epoch 1 .* the gradient's norm was inf"
    ) as caught:
        train()
    assert np.isfinite(caught.value.history["loss"]).all()


def test_a_divergence_at_the_first_loss_is_one():
    says = (
        r"; where the loss is no number before the first step, look at the loss itself\. The losses"
    )
    with pytest.raises(TrainingDiverged, match=says) as caught:
        fit_torch(nn.Linear(3, 1), X, Y * 1e30, epochs=5)
    assert caught.value.epoch == 1
    assert math.isinf(caught.value.history["loss"].iloc[0])


def test_an_epoch_that_was_half_recorded_is_forgotten():
    class Interrupted(dict):
        def items(self):
            yield "loss", 3.0
            raise KeyboardInterrupt

    monitor = Monitor(nn.Linear(1, 1), patience=None)
    monitor.record({"loss": 1.0, "val_loss": 2.0})
    with pytest.raises(KeyboardInterrupt):
        monitor.record(Interrupted())
    monitor.forget_half_an_epoch()
    assert monitor.records == {"loss": [1.0], "val_loss": [2.0]}
    assert monitor.epochs_done == 1
