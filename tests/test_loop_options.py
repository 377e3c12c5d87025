"""What the torch loop does besides the five steps: schedule, clip, metrics, Ctrl-C."""

import functools
import math
import re

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from labkit import make_linear

torch = pytest.importorskip("torch", reason="torch is not installed")
nn = torch.nn
F = torch.nn.functional

from labkit import fit_torch  # noqa: E402  (only after torch was found)

DATA, HELD_OUT = make_linear(50, 3, rng=1), make_linear(40, 3, rng=2)
X = torch.tensor(DATA.X, dtype=torch.float32)
Y = torch.tensor(DATA.y, dtype=torch.float32).reshape(-1, 1)
V = (HELD_OUT.X, HELD_OUT.y.reshape(-1, 1))


def network():
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 1))


def fit(**options):
    given = {"epochs": 6, "lr": 0.05, "optimizer": "sgd", "batch_size": 16, "seed": 3, **options}
    return fit_torch(given.pop("model", None) or network(), X, Y, **given)


def by_hand(scheduler=None, clip=None, epochs=6):
    """The same as `fit`, with torch's own schedulers and clipping."""
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    scheduler = scheduler and scheduler(optimizer)
    torch.manual_seed(3)
    rates, norms = [], []
    for _ in range(epochs):
        for rows in torch.randperm(50).split(16):
            optimizer.zero_grad()
            F.mse_loss(model(X[rows]), Y[rows]).backward()
            norms.append(nn.utils.clip_grad_norm_(model.parameters(), clip or math.inf).item())
            rates.append(optimizer.param_groups[0]["lr"])
            optimizer.step()
            if scheduler:
                scheduler.step()
    return model, rates[3::4], norms


def assert_same(fit, model):
    for name, parameter in model.named_parameters():
        assert_array_equal(fit.params[name], parameter.detach().numpy(), err_msg=name)


# --- schedule ------------------------------------------------------------------------------------


def cosine(step, steps=24):
    return (1 + math.cos(math.pi * step / steps)) / 2


@pytest.mark.parametrize(
    "schedule", [cosine, lambda step: 0.9**step, lambda step: min(1.0, step / 7)],
    ids=["cosine", "exponential", "warm-up from 0"],
)  # fmt: skip
def test_a_schedule_is_torchs_lambda_lr_bit_for_bit(schedule):
    model, rates, _ = by_hand(lambda o: torch.optim.lr_scheduler.LambdaLR(o, schedule))
    trained = fit(schedule=schedule)
    assert_same(trained, model)
    assert list(trained.history.columns) == ["loss", "lr"]
    assert_array_equal(trained.history["lr"], rates)


def test_cosine_annealing_is_torchs():
    model, *_ = by_hand(lambda o: torch.optim.lr_scheduler.CosineAnnealingLR(o, 24))
    trained = fit(schedule=cosine)
    for name, parameter in model.named_parameters():
        assert_allclose(trained.params[name], parameter.detach(), rtol=1e-4, atol=1e-6)


def test_each_group_of_parameters_keeps_its_own_rate():
    def two_groups(params, lr):
        first, *rest = list(params)
        return torch.optim.SGD([{"params": [first], "lr": 10 * lr}, {"params": rest}], lr=lr)

    seen = []
    made = []

    def optimizer(params, lr):
        made.append(two_groups(params, lr))
        return made[-1]

    def schedule(step):
        seen.append([group["lr"] for group in made[0].param_groups])
        return 0.5**step

    fit(optimizer=optimizer, schedule=schedule, batch_size=None, epochs=3)
    assert_allclose(seen, [[0.5, 0.05], [0.5, 0.05], [0.25, 0.025]])


def test_without_a_schedule_no_rate_is_recorded():
    assert list(fit().history.columns) == ["loss"]


@pytest.mark.parametrize("factor", [-0.1, math.nan, math.inf, None, "0.5", 1j, [0.5, 0.5]])
def test_a_factor_that_is_no_rate_is_refused_with_its_step(factor):
    with pytest.raises(ValueError, match=rf"schedule\(5\) is {re.escape(repr(factor))}: it"):
        fit(schedule=lambda step: factor if step == 5 else 1.0)


def test_a_schedule_is_a_function():
    with pytest.raises(TypeError, match="schedule must be a function of the step"):
        fit(schedule=[1.0, 0.5])


# --- options that stand twice, or not at all -----------------------------------------------------


def test_an_lr_inside_a_partial_is_kept():
    tenth = functools.partial(torch.optim.SGD, lr=0.1)
    assert_same(fit(optimizer=tenth, lr=None), fit(optimizer=torch.optim.SGD, lr=0.1).model)


def test_an_lr_given_twice_is_refused():
    half = functools.partial(torch.optim.SGD, lr=0.5)
    with pytest.raises(ValueError, match=r"lr=0\.01 was given, and optimizer fixes lr=0\.5 itself"):
        fit(optimizer=half, lr=0.01)
    decay = functools.partial(torch.optim.SGD, weight_decay=0.5)
    with pytest.raises(ValueError, match=r"weight_decay=0\.0 was given, and optimizer fixes"):
        fit(optimizer=decay, weight_decay=0.0)


def test_the_learning_rate_is_a_hundredth_where_nobody_says_another():
    assert_same(fit(lr=None), fit(lr=0.01).model)


def test_zero_decay_is_none_at_all():
    plain = functools.partial(torch.optim.AdamW, weight_decay=0.0, fused=True)
    assert_same(fit(optimizer="adamw", weight_decay=0.0), fit(optimizer=plain).model)
    default = functools.partial(torch.optim.AdamW, weight_decay=0.01, fused=True)
    assert_same(fit(optimizer="adamw"), fit(optimizer=default).model)


def test_an_optimizer_that_this_loop_cannot_drive_is_refused():
    with pytest.raises(ValueError, match="SparseAdam takes sparse gradients alone"):
        fit(optimizer=torch.optim.SparseAdam)
    with pytest.raises(TypeError, match=r"optimizer can't be called .*: it returned 3, which"):
        fit(optimizer=lambda params, lr: 3)
    with pytest.raises(TypeError, match=r"optimizer can't be called with the parameters and lr: "):
        fit(optimizer=lambda params: torch.optim.SGD(params))


def test_an_optimizer_of_other_tensors_is_refused():
    with pytest.raises(ValueError, match="optimizer holds none of the parameters"):
        fit(
            optimizer=lambda params, lr: torch.optim.SGD(
                [torch.zeros(1, requires_grad=True)], lr=lr
            )
        )


# --- clip ----------------------------------------------------------------------------------------


def test_clipping_is_torchs_and_bites():
    model, _, norms = by_hand(clip=0.8)
    assert sum(norm > 0.8 for norm in norms) > 5
    assert_same(fit(clip=0.8), model)
    assert not np.array_equal(fit(clip=0.8).params["0.weight"], fit().params["0.weight"])


@pytest.mark.parametrize("clip", [0, -1.0, math.nan, "1"])
def test_a_norm_is_a_positive_number(clip):
    with pytest.raises((TypeError, ValueError), match=r"^clip must be a positive number"):
        fit(clip=clip)


# --- metrics -------------------------------------------------------------------------------------


def absolute(prediction, target):
    return (prediction - target).abs().mean()


def test_metrics_stand_beside_the_loss():
    trained = fit(metrics={"mae": absolute}, validation=V, schedule=cosine)
    assert list(trained.history.columns) == ["loss", "mae", "val_loss", "val_mae", "lr"]
    last = np.abs(trained.predict(V[0]) - V[1]).mean()
    assert trained.history["val_mae"].iloc[-1] == pytest.approx(last, rel=1e-6)
    assert_same(trained, fit(schedule=cosine).model)


def test_a_metric_sees_a_whole_epoch_whatever_the_batches():
    def largest(prediction, target):
        return target.max()

    def rows(prediction, target):
        assert prediction.shape == target.shape
        assert not prediction.requires_grad
        return len(target)

    history = fit(metrics={"largest": largest, "rows": rows}, validation=V).history
    assert_allclose(history["largest"], Y.max())
    assert (history["rows"] == 50).all()
    assert (history["val_rows"] == 40).all()


def test_the_metrics_of_training_are_those_of_before_the_update():
    start = absolute(network()(X), Y).item()
    history = fit(metrics={"mae": absolute}, batch_size=None, epochs=1).history
    assert history["mae"].iloc[0] == pytest.approx(start, rel=1e-6)


def test_a_metric_may_be_undefined():
    history = fit(metrics={"auc": lambda p, y: math.nan}).history
    assert history["auc"].isna().all()
    assert len(history) == 6


@pytest.mark.parametrize(
    ("metrics", "error", "message"),
    [
        ([absolute], TypeError, "metrics must map names to functions, not be"),
        ({"mae": 3}, TypeError, "functions of predictions and targets, not 'mae' to 3"),
        ({3: absolute}, TypeError, "not 3 to"),
        ({"loss": absolute}, ValueError, "metrics can't hold the name 'loss'"),
        ({"lr": absolute}, ValueError, "metrics can't hold the name 'lr'"),
        ({"val_mae": absolute}, ValueError, "metrics can't hold the name 'val_mae'"),
        ({"mae": lambda p, y: p}, TypeError, "the metric 'mae' must return one real number"),
        (
            {"mae": lambda p, y: np.complex128(1 + 2j)},
            TypeError,
            "one real number, not np.complex1",
        ),
        ({"mae": lambda p, y: np.ma.masked}, TypeError, "one real number, not masked"),
        ({"mae": lambda p, y: None}, TypeError, "'mae' must return one real number, not None"),
        (
            {"mae": lambda p, y: "0.5"},
            TypeError,
            "'mae' must return one real number, not '0.5'",
        ),
    ],
)
def test_what_is_no_metric_is_refused(metrics, error, message):
    with pytest.raises(error, match=message):
        fit(metrics=metrics)


# --- Ctrl-C --------------------------------------------------------------------------------------


class Stops:
    """A function that is interrupted at one of its calls, as if by Ctrl-C."""

    def __init__(self, function, at):
        self.function, self.left = function, at

    def __call__(self, *arguments):
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt
        return self.function(*arguments)


def one(step):
    return 1.0


def test_an_interrupted_fit_is_the_fit_so_far():
    stopped = fit(schedule=Stops(one, 12), validation=V)  # after three epochs of four steps
    assert stopped.stopped == "interrupted"
    assert not stopped.converged
    short = fit(epochs=3, validation=V)
    assert_array_equal(stopped.history[["loss", "val_loss"]], short.history)
    assert_same(stopped, short.model)
    assert not stopped.model.training


def test_within_an_epoch_the_last_whole_one_is_recorded():
    stopped = fit(schedule=Stops(one, 14), validation=V)
    assert len(stopped.history) == 3
    assert_array_equal(stopped.predict(X), stopped.model(X).detach())


@pytest.mark.parametrize("at", range(8, 13))
def test_no_column_of_an_interrupted_history_is_longer_than_another(at):
    stopped = fit(metrics={"mae": Stops(absolute, at)}, validation=V, epochs=9)
    assert stopped.stopped == "interrupted"
    assert len(stopped.history) == at // 2
    assert not stopped.history.isna().any(axis=None)


def test_interrupted_before_the_first_epoch_has_no_history():
    stopped = fit(schedule=Stops(one, 2), validation=V)
    assert stopped.history.empty
    assert_array_equal(stopped.predict(X), stopped.model(X).detach())


def test_interrupted_early_stopping_restores_the_best_weights():
    long = {"epochs": 400, "patience": 300, "validation": V, "lr": 0.2, "batch_size": None}
    stopped = fit(**long, schedule=Stops(one, 350))
    assert stopped.stopped == "interrupted"
    assert stopped.best_epoch == stopped.history["val_loss"].idxmin() < 350
    regained = np.mean((stopped.predict(V[0]) - V[1]) ** 2)
    assert regained == pytest.approx(stopped.history["val_loss"].min(), rel=1e-6)


@pytest.mark.parametrize("at", [0, 2, 12, 14])
@pytest.mark.parametrize("batch_size", [None, 16])
def test_an_interrupted_run_can_be_resumed_to_the_same_end(tmp_path, at, batch_size):
    options = {"epochs": 20, "validation": V, "checkpoint": tmp_path / "run"}
    dropout = {"batch_size": batch_size, "schedule": Stops(cosine_20, at), "model": with_dropout()}
    stopped = fit(**options, **dropout)
    assert stopped.stopped == "interrupted"
    assert (tmp_path / "run").exists()
    rest = {"batch_size": batch_size, "schedule": Stops(cosine_20, 1000)}
    resumed = fit(**options, **rest, model=with_dropout(), resume=True)
    whole = fit(**options | {"checkpoint": None}, **rest, model=with_dropout())
    assert_same(resumed, whole.model)
    assert resumed.history.equals(whole.history)


def cosine_20(step):
    return cosine(step, 80)


def with_dropout():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(3, 5), nn.BatchNorm1d(5), nn.ReLU(), nn.Dropout(0.3), nn.Linear(5, 1)
    )
