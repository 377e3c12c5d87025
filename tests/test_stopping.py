"""Many networks at once, each validated, stopped, clipped and interrupted as it is alone."""

import copy
import math
import sys

import numpy as np
import pytest
from numpy.testing import assert_allclose
from test_batched import PAIRS, R, assert_each_as_alone, network

from labkit import TrainingDiverged, make_linear

torch = pytest.importorskip("torch", reason="torch is not installed")
nn = torch.nn

from labkit import fit_torch, fit_torch_many  # noqa: E402  (only after torch was found)

HELD_OUT = [(d.X, d.y.reshape(-1, 1)) for d in (make_linear(12, 3, rng=50 + r) for r in range(R))]
NETWORKS = {
    "chain": lambda: [nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 1)],
    "mapped": lambda: [nn.Linear(3, 8), nn.GELU(), nn.Linear(8, 1)],
    "one after another": lambda: [nn.Linear(3, 8), nn.BatchNorm1d(8), nn.Linear(8, 1)],
}


@pytest.fixture(params=NETWORKS.values(), ids=NETWORKS)
def models(request):
    torch.manual_seed(1)
    return [nn.Sequential(*request.param()).double() for _ in range(R)]


def exact(models, **options):
    return assert_each_as_alone(models, PAIRS, **{"atol": 1e-9, "lr": 0.05, **options})


def test_validation_is_recorded(models):
    fits = exact(models, epochs=20, validation=HELD_OUT)
    assert {tuple(fit.records) for fit in fits} == {("loss", "val_loss")}
    assert len({fit.records["val_loss"][-1] for fit in fits}) == R


@pytest.mark.parametrize("patience", [1, 3, 10])
def test_each_stops_early_by_itself(models, patience):
    fits = exact(models, epochs=150, validation=HELD_OUT, patience=patience)
    lengths = [len(fit.records["loss"]) for fit in fits]
    assert len(set(lengths)) > 1
    for fit, (X, y) in zip(fits, HELD_OUT, strict=True):
        best = min(fit.records["val_loss"])
        assert fit.records["val_loss"].index(best) == fit.best_epoch - 1
        assert_allclose(np.mean((fit.predict(X) - y) ** 2), best)
        if fit.stopped == "early stopping":
            assert len(fit.records["loss"]) == fit.best_epoch + patience


def test_some_stop_early_and_others_use_their_budget(models):
    fits = exact(models, epochs=40, validation=HELD_OUT, patience=12)
    assert len({fit.stopped for fit in fits}) >= 1
    for fit in fits:
        assert (fit.stopped == "budget") == (len(fit.records["loss"]) == 40)


def test_who_has_stopped_may_diverge_and_nobody_minds():
    """Network 0 stops at once, and its weights then grow beyond all numbers."""
    torch.manual_seed(1)
    models = [nn.Sequential(nn.Linear(1, 1)).double() for _ in range(2)]
    X = np.ones((2, 1))
    data = [(1e3 * X, X), (X, X)]
    held_out = [(1e3 * X, X), (X, X)]
    fits = fit_torch_many(
        models, data, optimizer="sgd", lr=0.1, epochs=100, validation=held_out, patience=2
    )
    assert fits[0].stopped == "early stopping"
    assert len(fits[0].records["loss"]) == 3
    assert all(map(math.isfinite, fits[0].records["loss"]))
    assert len(fits[1].records["loss"]) > 50
    assert all(np.isfinite(value).all() for value in fits[0].params.values())


def test_the_gradient_is_clipped_network_by_network(models):
    exact(models, epochs=15, clip=0.3, optimizer="sgd")
    norms = [
        float(nn.utils.get_total_norm([p.grad for p in model.parameters()])) for model in models
    ]
    assert min(norms) < 0.3 + 1e-9


@pytest.mark.parametrize("optimizer", ["adam", "sgd", "adamw"])
def test_a_schedule_multiplies_the_learning_rate(models, optimizer):
    fits = exact(models, epochs=20, schedule=lambda step: 0.8**step, optimizer=optimizer)
    for fit in fits:
        assert_allclose(fit.records["lr"], 0.05 * 0.8 ** np.arange(20))


def test_an_explicit_decay_of_zero_is_zero(models):
    kept = copy.deepcopy(models)
    exact(models, epochs=5, optimizer="adamw", weight_decay=0.0)
    default = fit_torch_many(kept, PAIRS, epochs=5, optimizer="adamw", lr=0.05)
    assert not np.allclose(default[0].params["0.weight"], models[0][0].weight.detach(), rtol=1e-6)


def test_the_learning_rate_may_stand_in_a_partial(models):
    from functools import partial

    exact(models, epochs=5, lr=None, optimizer=partial(torch.optim.SGD, lr=0.02))
    with pytest.raises(ValueError, match=r"lr=0\.1 was given, and optimizer fixes lr=0\.02"):
        fit_torch_many(models, PAIRS, lr=0.1, optimizer=partial(torch.optim.SGD, lr=0.02))


def interrupting(at):
    """Return a schedule that is interrupted, as by Ctrl-C, before a step, the at-th in all."""
    steps = iter(range(10**6))

    def schedule(step):
        if next(steps) == at:
            raise KeyboardInterrupt
        return 1.0

    return schedule


@pytest.mark.parametrize("patience", [None, 100])
def test_an_interruption_returns_what_there_is(models, monkeypatch, patience):
    monkeypatch.setattr("labkit.batched._BYTES_AT_ONCE", 13_000)  # two at a time
    started = copy.deepcopy(models)
    one_by_one = isinstance(models[0][1], nn.BatchNorm1d)
    first_steps = 20 if one_by_one else 10  # of the first two
    options = {"validation": HELD_OUT, "patience": patience, "lr": 0.05}
    fits = fit_torch_many(
        models, PAIRS, epochs=10, schedule=interrupting(first_steps + 4), **options
    )
    assert [len(fit.records["loss"]) for fit in fits] == [10, 10, 4, 0 if one_by_one else 4]
    assert [fit.stopped for fit in fits] == ["budget"] * 2 + ["interrupted"] * 2
    for r, fit in enumerate(fits):
        assert fit.model is models[r]
        assert not models[r].training
        done = len(fit.records["loss"])
        if done == 0:
            assert len(fit.history) == 0
            assert torch.equal(models[r][0].weight, started[r][0].weight)
            continue
        alone = fit_torch(
            started[r], *PAIRS[r], epochs=done, **{**options, "validation": HELD_OUT[r]}
        )
        assert_allclose(fit.records["loss"], alone.records["loss"], rtol=1e-9)
        assert_allclose(fit.records["val_loss"], alone.records["val_loss"], rtol=1e-9)
        assert fit.best_epoch == alone.best_epoch
        for name, value in fit.params.items():
            assert_allclose(value, alone.params[name], atol=1e-9)


ONE_BY_ONE = NETWORKS["one after another"]


@pytest.mark.parametrize("at", range(R))
@pytest.mark.parametrize("where", ["labkit.train.as_pairs", "labkit.batched.fit_torch"])
def test_what_has_ended_before_an_interruption_is_kept(where, at, monkeypatch):
    """It strikes in the preparation of a network, or between two."""
    import labkit.train

    torch.manual_seed(1)
    models = [nn.Sequential(*ONE_BY_ONE()).double() for _ in range(R)]
    alone = [fit_torch(copy.deepcopy(m), *d, epochs=5) for m, d in zip(models, PAIRS, strict=True)]
    function = getattr(labkit.train, where.split(".")[-1])
    calls = iter(range(R))

    def interrupted(*args, **options):
        if next(calls) == at:
            raise KeyboardInterrupt
        return function(*args, **options)

    monkeypatch.setattr(where, interrupted)
    fits = fit_torch_many(models, PAIRS, epochs=5)
    assert [fit.stopped for fit in fits] == ["budget"] * at + ["interrupted"] * (R - at)
    assert [len(fit.history) for fit in fits] == [5] * at + [0] * (R - at)
    for fit, model, single in zip(fits, models, alone, strict=True):
        assert fit.model is model
        assert not model.training
        if len(fit.history):
            assert fit.records == single.records


def test_an_interruption_ends_all_groups_even_where_the_last_network_had_stopped(monkeypatch):
    monkeypatch.setattr("labkit.batched._BYTES_AT_ONCE", 13_000)  # two at a time
    torch.manual_seed(1)
    models = [nn.Sequential(*NETWORKS["chain"]()).double() for _ in range(R)]
    held_out = [(X[:12], y[:12]) for X, y in PAIRS]
    X = held_out[1][0]
    with torch.no_grad():  # what network 1 predicts at first it never predicts as well again
        held_out[1] = X, models[1](torch.tensor(X)).numpy() + 0.01
    fits = fit_torch_many(
        models, PAIRS, epochs=20, validation=held_out, patience=2, schedule=interrupting(10)
    )
    assert [fit.stopped for fit in fits] == ["interrupted", "early stopping"] + ["interrupted"] * 2
    assert [len(fit.history) for fit in fits] == [10, 3, 0, 0]


def interrupted_at_line(number, names, function):
    """Return what a function returns when Ctrl-C strikes at a line of the functions so named."""
    lines = iter(range(10**6))

    def trace(frame, event, _):
        if event == "line" and next(lines) == number:
            raise KeyboardInterrupt
        return trace

    def enter(frame, event, _):
        code = frame.f_code
        return trace if code.co_name in names and "stopping" in code.co_filename else None

    before = sys.gettrace()
    sys.settrace(enter)
    try:
        return function(), next(lines) <= number
    finally:
        sys.settrace(before)


@pytest.mark.parametrize("layers", [NETWORKS["chain"], NETWORKS["mapped"]], ids=["chain", "mapped"])
def test_wherever_an_interruption_strikes_weights_and_records_agree(layers):
    names, number, over = {"record", "_with_rows"}, 0, False
    while not over:
        torch.manual_seed(1)
        models = [nn.Sequential(*layers()).double() for _ in range(R)]
        fits, over = interrupted_at_line(
            number,
            names,
            lambda models=models: fit_torch_many(
                models, PAIRS, epochs=3, lr=0.05, validation=HELD_OUT, patience=2
            ),
        )
        assert over or {fit.stopped for fit in fits} == {"interrupted"}
        for fit, (X, y) in zip(fits, HELD_OUT, strict=True):
            recorded = fit.records.get("val_loss", [])
            assert len(recorded) == len(fit.records["loss"])
            assert fit.best_epoch == (recorded.index(min(recorded)) + 1 if recorded else None)
            if recorded:
                assert_allclose(np.mean((fit.predict(X) - y) ** 2), min(recorded))
        number += 1
    assert number > 50


def test_an_interruption_before_the_first_step_leaves_all_as_they_were(models):
    started = copy.deepcopy(models)
    fits = fit_torch_many(models, PAIRS, schedule=interrupting(0), validation=HELD_OUT, patience=3)
    for fit, model in zip(fits, started, strict=True):
        assert fit.stopped == "interrupted"
        assert len(fit.history) == 0
        assert_allclose(fit.params["0.weight"], model[0].weight.detach())


LINEAR = {
    "chain": lambda: [nn.Linear(3, 1)],
    "mapped": lambda: [nn.Flatten(), nn.Linear(3, 1)],
    "one after another": lambda: [nn.Linear(3, 1), nn.RReLU(0.5, 0.5)],
}


def after_a_leap(leap):
    """Absolute errors, whose gradient stays small, and one leap of the weights, at epoch 2."""
    schedule = lambda step: leap if step == 1 else 1.0  # noqa: E731
    return {"loss": "l1", "optimizer": "sgd", "lr": 0.05, "schedule": schedule, "epochs": 9}


@pytest.mark.parametrize("layers", LINEAR.values(), ids=LINEAR)
@pytest.mark.parametrize("bad", [1, 3])
def test_a_divergence_names_the_network_and_its_gradient(layers, bad):
    torch.manual_seed(1)
    models = [nn.Sequential(*layers()).double() for _ in range(R)]
    data = [(X * 1e100, y) if r == bad else (X, y) for r, (X, y) in enumerate(PAIRS)]
    alone = copy.deepcopy(models[bad])
    with pytest.raises(TrainingDiverged) as single:
        fit_torch(alone, *data[bad], **after_a_leap(1e115))
    with pytest.raises(TrainingDiverged) as caught:
        fit_torch_many(models, data, **after_a_leap(1e115))
    assert caught.value.__notes__ == [f"This happened to network {bad}, counted from 0."]
    assert caught.value.epoch == single.value.epoch == 3
    assert_allclose(caught.value.history, single.value.history)
    assert 1e99 < single.value.gradient_norm < 1e101
    assert_allclose(caught.value.gradient_norm, single.value.gradient_norm, rtol=1e-9)
    gradients = [p.grad for p in models[bad].parameters()]
    assert_allclose(caught.value.gradient_norm, float(nn.utils.get_total_norm(gradients)))
    assert caught.value.lr == 0.05
    assert not any(model.training for model in models)


@pytest.mark.parametrize("layers", LINEAR.values(), ids=LINEAR)
def test_a_validation_loss_that_is_no_number_is_a_divergence(layers):
    torch.manual_seed(1)
    models = [nn.Sequential(*layers()).double() for _ in range(R)]
    held_out = [*HELD_OUT[:3], (HELD_OUT[3][0] * 1e100, HELD_OUT[3][1])]
    with pytest.raises(TrainingDiverged) as caught:
        fit_torch_many(models, PAIRS, validation=held_out, **after_a_leap(1e215))
    assert caught.value.__notes__ == ["This happened to network 3, counted from 0."]
    assert caught.value.epoch == 2
    assert math.isfinite(caught.value.history["loss"].iloc[-1])
    assert not math.isfinite(caught.value.history["val_loss"].iloc[-1])


def test_weights_that_overflow_at_the_last_step_are_noticed(models):
    data = [(X, y * 1e100) if r == 2 else (X, y) for r, (X, y) in enumerate(PAIRS)]
    with pytest.raises(TrainingDiverged) as caught:
        fit_torch_many(models, data, optimizer="sgd", lr=1e300, epochs=1)
    assert caught.value.__notes__ == ["This happened to network 2, counted from 0."]
    assert math.isfinite(caught.value.history["loss"].iloc[-1])
    norm = caught.value.gradient_norm
    gradients = [p.grad for p in models[2].parameters()]
    assert_allclose(norm, float(nn.utils.get_total_norm(gradients)))
    assert 1e90 < norm < math.inf


def test_validation_names_its_data_set(models):
    X, y = HELD_OUT[2]
    bad = [*HELD_OUT[:2], (np.full_like(X, np.nan), y), HELD_OUT[3]]
    with pytest.raises(ValueError, match="data set 2: validation X must be finite"):
        fit_torch_many(models, PAIRS, validation=bad)
    short = [*HELD_OUT[:2], (X[:5], y[:5]), HELD_OUT[3]]
    with pytest.raises(ValueError, match="data sets of different shapes can't be stacked"):
        fit_torch_many(models, PAIRS, validation=short)


def test_one_network_alone_is_many_enough():
    exact_one = [network(0).double()]
    assert_each_as_alone(
        exact_one, PAIRS[:1], atol=1e-9, epochs=80, validation=HELD_OUT[:1], patience=4, lr=0.05
    )
