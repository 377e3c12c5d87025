"""The torch loop: what it computes, against loops written out by hand and closed forms."""

import copy
import functools
import math
import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from labkit import TrainingDiverged, fit_linear, fit_mlp, make_linear
from labkit.network import init_mlp

torch = pytest.importorskip("torch", reason="torch is not installed")
nn = torch.nn
F = torch.nn.functional

from labkit import fit_torch  # noqa: E402  (only after torch was found)

DATA = make_linear(50, 3, rng=1)
X = torch.tensor(DATA.X, dtype=torch.float32)
Y = torch.tensor(DATA.y, dtype=torch.float32).reshape(-1, 1)
HELD_OUT = make_linear(40, 3, rng=2)
V = (HELD_OUT.X, HELD_OUT.y.reshape(-1, 1))


def network(seed=0, hidden=5, outputs=1):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, hidden), nn.ReLU(), nn.Linear(hidden, outputs))


def assert_same(fit, model, losses=None):
    """Bit for bit."""
    for name, parameter in model.named_parameters():
        assert_array_equal(fit.params[name], parameter.detach().numpy(), err_msg=name)
    if losses is not None:
        assert_array_equal(fit.history["loss"], losses)


def assert_close(fit, model):
    """To rounding: torch's fused step computes the same in another order."""
    for name, parameter in model.named_parameters():
        assert_allclose(fit.params[name], parameter.detach(), rtol=1e-5, atol=1e-6, err_msg=name)


class Recorder(nn.Module):
    """Passes its input on and notes in which mode it was asked, and for how many rows."""

    def __init__(self):
        super().__init__()
        self.calls = []

    def forward(self, x):
        self.calls.append((self.training, torch.is_grad_enabled(), len(x)))
        return x


# --- the same as by hand -------------------------------------------------------------------------


@pytest.mark.parametrize("fused", [True, None], ids=["fused", "torch's default"])
def test_full_batch_adam_is_the_loop_written_out(fused):
    model, losses = network(), []
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02, fused=fused)
    for _ in range(30):
        optimizer.zero_grad()
        loss = F.mse_loss(model(X), Y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    fit = fit_torch(network(), X, Y, epochs=30, lr=0.02)
    if fused:
        assert_same(fit, model, losses)
    assert_close(fit, model)


@pytest.mark.parametrize("seed", [None, 5], ids=["global seed", "own seed"])
def test_mini_batches_are_the_loop_written_out_bit_for_bit(seed):
    model, losses = network(), []
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    torch.manual_seed(5)
    for _ in range(10):
        total = 0.0
        for rows in torch.randperm(50).split(16):  # 16, 16, 16 and 2
            optimizer.zero_grad()
            loss = F.mse_loss(model(X[rows]), Y[rows])
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        losses.append(total / 50)
    trained = network()
    torch.manual_seed(5 if seed is None else 99)
    options = {"epochs": 10, "lr": 0.05, "optimizer": "sgd", "batch_size": 16}
    assert_same(fit_torch(trained, X, Y, **options, seed=seed), model, losses)


def test_the_loop_by_torch_is_the_loop_by_hand():
    start = init_mlp(3, 5, 0)
    model = network().double()
    with torch.no_grad():
        model[0].weight.copy_(torch.tensor(start["W1"].T))
        model[0].bias.copy_(torch.tensor(start["b1"]))
        model[2].weight.copy_(torch.tensor(start["w2"][None]))
        model[2].bias.copy_(torch.tensor(start["b2"]))
    by_hand = fit_mlp(DATA.X, DATA.y, lr=0.05, steps=100, start=start)
    by_torch = fit_torch(model, DATA.X, DATA.y.reshape(-1, 1), lr=0.05, epochs=100, optimizer="sgd")
    assert_allclose(by_torch.history["loss"], by_hand.history["loss"], rtol=1e-12)
    assert_allclose(by_torch.params["0.weight"].T, by_hand.params["W1"], atol=1e-12)
    assert_allclose(by_torch.predict(DATA.X)[:, 0], by_hand.predict(DATA.X), atol=1e-12)


def test_histories_of_numpy_and_torch_have_the_same_form():
    first = fit_linear(DATA.X, DATA.y, steps=3).history
    second = fit_torch(network(), X, Y, epochs=3).history
    assert list(first.columns) == list(second.columns) == ["loss"]
    assert first.index.equals(second.index)
    assert first.index.name == second.index.name == "epoch"
    assert (first.dtypes == second.dtypes).all()


# --- batches -------------------------------------------------------------------------------------


def test_every_row_is_used_once_an_epoch_the_last_partial_batch_too():
    seen = []

    def loss(prediction, target):
        seen.append(target.detach()[:, 0].clone())
        return F.mse_loss(prediction, target)

    fit_torch(network(), X, Y, epochs=2, batch_size=16, loss=loss)
    assert [len(batch) for batch in seen] == [16, 16, 16, 2] * 2
    first, second = torch.cat(seen[:4]), torch.cat(seen[4:])
    assert_array_equal(first.sort().values, Y[:, 0].sort().values)
    assert_array_equal(second.sort().values, Y[:, 0].sort().values)
    assert not torch.equal(first, second)


def test_features_and_targets_stay_together():
    def loss(prediction, target):
        assert torch.equal(prediction, target)
        return (prediction - target).pow(2).mean() + 0 * prediction.sum()

    model = nn.Linear(1, 1, bias=False)
    nn.init.ones_(model.weight)
    x = torch.arange(10.0).reshape(-1, 1)
    fit_torch(model, x, x, epochs=3, batch_size=3, loss=loss)


def test_the_loss_of_an_epoch_is_the_mean_over_samples_not_over_batches():
    y = torch.cat([torch.zeros(4, 1), torch.full((1, 1), 10.0)])
    model = nn.Linear(1, 1)
    nn.init.zeros_(model.weight)
    nn.init.zeros_(model.bias)
    fit = fit_torch(
        model, torch.zeros(5, 1), y, epochs=1, lr=1e-12, batch_size=4, optimizer="sgd", seed=0
    )
    assert fit.history["loss"].iloc[0] == pytest.approx(100 / 5)


def test_a_batch_of_all_rows_is_a_full_batch_but_for_the_order():
    options = {"epochs": 20, "lr": 0.05, "optimizer": "sgd"}
    full = fit_torch(network(), X, Y, **options)
    shuffled = fit_torch(network(), X, Y, **options, batch_size=50)
    for name, value in full.params.items():
        assert_allclose(shuffled.params[name], value, atol=1e-5)


# --- modes ---------------------------------------------------------------------------------------


def test_training_is_in_train_mode_and_validation_in_eval_mode():
    recorder = Recorder()
    model = nn.Sequential(recorder, nn.Linear(3, 1))
    fit = fit_torch(model, X, Y, epochs=3, batch_size=30, validation=V)
    trained = [rows for training, grad, rows in recorder.calls if training and grad]
    evaluated = [rows for training, grad, rows in recorder.calls if not training and not grad]
    assert trained == [30, 20] * 3
    assert [rows for rows in evaluated if rows > 2] == [40] * 3
    assert len(trained) + len(evaluated) == len(recorder.calls)
    assert not fit.model.training
    assert not recorder.training


def test_dropout_is_on_in_training_and_off_in_validation_and_prediction():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 50), nn.Dropout(0.5), nn.Linear(50, 1))
    fit = fit_torch(model, X, Y, epochs=5, lr=1e-12, validation=V, seed=0)
    assert fit.history["loss"].std() > 0.01
    assert fit.history["val_loss"].std() < 1e-6
    fit.model.train()
    assert_array_equal(fit.predict(X), fit.predict(X))


def test_a_model_that_comes_in_eval_mode_is_trained_in_train_mode():
    torch.manual_seed(0)
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 1)).eval()
    fit_torch(model, X, Y, epochs=4)
    assert model[0].num_batches_tracked == 4
    assert not model[0].training


@pytest.mark.parametrize("training", [True, False], ids=["train", "eval"])
def test_looking_at_the_model_first_leaves_no_trace_in_batch_norm(training):
    model = nn.Sequential(nn.BatchNorm1d(3), nn.Linear(3, 1)).train(training)
    with pytest.raises(ValueError, match="predictions have shape"):
        fit_torch(model, X, Y[:, 0])
    assert model[0].num_batches_tracked == 0
    assert model.training is training


def test_an_exception_leaves_the_model_in_eval_mode():
    def metric(prediction, target):
        raise RuntimeError("no such metric")

    model = network()
    with pytest.raises(RuntimeError, match="no such metric"):
        fit_torch(model, X, Y, metrics={"metric": metric})
    assert not model.training
    with pytest.raises(TrainingDiverged):
        fit_torch(model, X, Y, lr=1e6, optimizer="sgd")
    assert not model.training


# --- early stopping ------------------------------------------------------------------------------


def overfit(**options):
    return fit_torch(
        network(hidden=40), X[:15], Y[:15], lr=0.05, validation=V,
        **{"epochs": 300, "patience": 8, **options},
    )  # fmt: skip


def test_early_stopping_restores_the_best_weights():
    fit = overfit()
    losses = fit.history["val_loss"]
    assert fit.stopped == "early stopping"
    assert losses.iloc[-1] > losses.min()
    assert fit.best_epoch == losses.idxmin() == len(losses) - 8
    regained = np.mean((fit.predict(V[0]) - V[1]) ** 2)
    assert regained == pytest.approx(losses.min(), rel=1e-6)
    assert_same(fit, fit.model)
    short = overfit(epochs=fit.best_epoch, patience=None)
    assert_same(short, fit.model)


def test_the_best_weights_are_restored_also_where_the_budget_ends_first():
    best = overfit().best_epoch
    fit = overfit(epochs=best + 3)
    assert fit.stopped == "budget"
    assert fit.best_epoch == best
    assert_same(fit, overfit().model)


def test_without_patience_the_last_weights_are_kept():
    fit = overfit(epochs=60, patience=None)
    assert fit.best_epoch is None
    assert fit.stopped == "budget"
    last = np.mean((fit.predict(V[0]) - V[1]) ** 2)
    assert last != pytest.approx(fit.history["val_loss"].min(), rel=1e-3)


def scripted(values, patience):
    """Train with validation losses that are given."""
    script = iter(values)

    def loss(prediction, target):
        if torch.is_grad_enabled():
            return F.mse_loss(prediction, target)
        return torch.tensor(next(script))

    return fit_torch(
        network(), X, Y, loss=loss, validation=V, patience=patience, epochs=len(values)
    )


@pytest.mark.parametrize(
    ("values", "patience", "best", "epochs", "stopped"),
    [
        ([5, 4, 3, 3.5, 3.6, 3.7, 1], 3, 3, 6, "early stopping"),
        ([5, 4, 3, 3.5, 3.6, 2, 1], 3, 7, 7, "budget"),
        ([3, 4, 1, 1, 1], 1, 1, 2, "early stopping"),
        ([3, 3, 3, 3], 2, 1, 3, "early stopping"),
        ([3, 4, 3, 4, 2], 3, 1, 4, "early stopping"),
        ([5, 4, 3, 2], 2, 4, 4, "budget"),
    ],
    ids=["stops", "improves in time", "patience 1", "a tie is no gain", "tie later", "falls"],
)
def test_patience_counts_epochs_without_improvement(values, patience, best, epochs, stopped):
    fit = scripted([float(v) for v in values], patience)
    assert (fit.best_epoch, len(fit.history), fit.stopped) == (best, epochs, stopped)


def test_batch_norms_statistics_are_restored_with_the_weights():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 30), nn.BatchNorm1d(30), nn.ReLU(), nn.Linear(30, 1))
    fit = fit_torch(model, X[:15], Y[:15], lr=0.05, validation=V, patience=5, epochs=200)
    assert fit.best_epoch < len(fit.history)
    assert model[1].num_batches_tracked == fit.best_epoch
    regained = np.mean((fit.predict(V[0]) - V[1]) ** 2)
    assert regained == pytest.approx(fit.history["val_loss"].min(), rel=1e-5)


# --- seeds ---------------------------------------------------------------------------------------


def noisy(seed, start=0):
    torch.manual_seed(start)
    model = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.3), nn.ReLU(), nn.Linear(8, 1))
    torch.manual_seed(start + 1000)
    return fit_torch(model, X, Y, epochs=5, batch_size=16, seed=seed)


def test_a_seed_fixes_shuffling_and_dropout():
    first, second, other = noisy(3), noisy(3), noisy(4)
    assert_same(first, second.model, second.history["loss"])
    assert (first.params["0.weight"] != other.params["0.weight"]).any()


def test_a_seed_leaves_torchs_global_state_as_it_was():
    model = network()
    torch.manual_seed(11)
    before = torch.get_rng_state()
    fit_torch(model, X, Y, epochs=2, batch_size=16, seed=3)
    assert torch.equal(before, torch.get_rng_state())
    with pytest.raises(TrainingDiverged):
        fit_torch(model, X, Y, lr=1e9, optimizer="sgd", batch_size=16, seed=3)
    assert torch.equal(before, torch.get_rng_state())


def test_without_a_seed_torch_manual_seed_governs():
    first, second = noisy(None), noisy(None)
    assert_same(first, second.model, second.history["loss"])
    torch.manual_seed(11)
    before = torch.get_rng_state()
    fit_torch(network(11), X, Y, epochs=2, batch_size=16)
    assert not torch.equal(before, torch.get_rng_state())


def test_validation_and_progress_do_not_change_the_training(capsys):
    plain = noisy(3)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 8), nn.Dropout(0.3), nn.ReLU(), nn.Linear(8, 1))
    watched = fit_torch(model, X, Y, epochs=5, batch_size=16, seed=3, validation=V, progress=True)
    assert_same(watched, plain.model, plain.history["loss"])
    assert "training" in capsys.readouterr().err


def test_a_progress_bar_counts_epochs_and_is_wiped_away(capsys):
    fit_torch(network(), X, Y, epochs=5, progress=True)
    shown = capsys.readouterr().err
    assert "| 0/5 [" in shown
    assert "epoch/s]" in shown
    assert shown.endswith("\r")


def test_by_default_all_rows_go_200_times_through_the_loop_without_a_word(capsys):
    fit = fit_torch(network(), X, Y)
    assert len(fit.history) == 200
    assert_same(fit_torch(network(), X, Y, epochs=200, lr=0.01, loss="mse"), fit.model)
    assert capsys.readouterr() == ("", "")


def test_nothing_is_printed(capsys):
    fit_torch(network(), X, Y, epochs=3)
    assert capsys.readouterr() == ("", "")


# --- optimisers, losses, weight decay ------------------------------------------------------------


@pytest.mark.parametrize("decay", [0.01, 0.5])
def test_weight_decay_converges_to_ridge(decay):
    # The gradient 2X'(Xw − y)/n + decay · w is zero at (X'X + decay n/2 I)⁻¹ X'y.
    model = nn.Linear(3, 1, bias=False).double()
    y = DATA.y.reshape(-1, 1)
    fit = fit_torch(model, DATA.X, y, epochs=2000, lr=0.1, optimizer="sgd", weight_decay=decay)
    penalty = decay * len(y) / 2
    expected = np.linalg.solve(DATA.X.T @ DATA.X + penalty * np.eye(3), DATA.X.T @ DATA.y)
    assert_allclose(fit.params["weight"][0], expected, atol=1e-12)
    linear_model = pytest.importorskip("sklearn.linear_model", reason="no scikit-learn")
    ridge = linear_model.Ridge(alpha=penalty, fit_intercept=False).fit(DATA.X, DATA.y)
    assert_allclose(fit.params["weight"][0], ridge.coef_, atol=1e-10)


NAMED = {
    "sgd": torch.optim.SGD,
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
}


@pytest.mark.parametrize("decay", [None, 0.0, 0.1], ids=["default", "zero", "decay"])
@pytest.mark.parametrize("name", NAMED)
def test_an_optimizers_name_is_its_class(name, decay):
    options = {"epochs": 5, "lr": 0.01, "weight_decay": decay}
    by_name = fit_torch(network(), X, Y, optimizer=name, **options)
    by_class = fit_torch(network(), X, Y, optimizer=NAMED[name], **options)
    assert_close(by_name, by_class.model)
    by_hand = network()
    given = {} if decay is None else {"weight_decay": decay}
    optimizer = NAMED[name](by_hand.parameters(), lr=0.01, **given)
    for _ in range(5):
        optimizer.zero_grad()
        F.mse_loss(by_hand(X), Y).backward()
        optimizer.step()
    assert_close(by_name, by_hand)


def test_a_partial_gives_an_optimizer_its_options():
    momentum = functools.partial(torch.optim.SGD, momentum=0.9, nesterov=True)
    fit = fit_torch(network(), X, Y, epochs=5, lr=0.01, optimizer=momentum)
    by_hand = network()
    optimizer = torch.optim.SGD(by_hand.parameters(), lr=0.01, momentum=0.9, nesterov=True)
    for _ in range(5):
        optimizer.zero_grad()
        F.mse_loss(by_hand(X), Y).backward()
        optimizer.step()
    assert_same(fit, by_hand)


@pytest.mark.parametrize(
    ("name", "function"),
    [("mse", F.mse_loss), ("l1", F.l1_loss), ("huber", F.huber_loss), ("mse", nn.MSELoss())],
    ids=["mse", "l1", "huber", "module"],
)
def test_a_losss_name_is_its_function(name, function):
    first = fit_torch(network(), X, Y, epochs=5, loss=name)
    second = fit_torch(network(), X, Y, epochs=5, loss=function)
    assert_same(first, second.model, second.history["loss"])
    assert first.history["loss"].iloc[0] == pytest.approx(function(network()(X), Y).item())


@pytest.mark.parametrize(
    "loss", ["cross_entropy", F.cross_entropy, nn.CrossEntropyLoss()], ids=["name", "f", "module"]
)
def test_cross_entropy_takes_class_indices(loss):
    labels = (DATA.y > 0).astype(int) + (DATA.y > 2)
    model = network(outputs=3)
    start = F.cross_entropy(model(X), torch.tensor(labels)).item()
    fit = fit_torch(model, X, labels, loss=loss, epochs=60, lr=0.05, validation=(X, labels))
    assert fit.history["loss"].iloc[0] == pytest.approx(start)
    assert fit.history["val_loss"].iloc[-1] < 0.5
    assert np.mean(fit.predict(X).argmax(1) == labels) > 0.9
    again = fit_torch(network(outputs=3), X, torch.tensor(labels), loss=loss, epochs=60, lr=0.05)
    assert_same(again, model, fit.history["loss"])


def test_bce_with_logits_is_logistic_regression():
    events = (DATA.y + 3 * np.sin(5 * np.arange(50)) > 0).astype(float)
    fit = fit_torch(
        nn.Linear(3, 1).double(), DATA.X, events.reshape(-1, 1), loss="bce_with_logits",
        optimizer="sgd", lr=1.0, epochs=1500,
    )  # fmt: skip
    sm = pytest.importorskip("statsmodels.api", reason="statsmodels is not installed")
    logit = sm.Logit(events, sm.add_constant(DATA.X)).fit(disp=0)
    assert_allclose(fit.params["weight"][0], logit.params[1:], rtol=1e-4)
    assert fit.history["loss"].iloc[-1] == pytest.approx(-logit.llf / 50, rel=1e-6)


def test_frozen_parameters_stay_as_they_are():
    model = network()
    model[0].weight.requires_grad_(False)
    before = model[0].weight.clone()
    fit_torch(model, X, Y, epochs=5, weight_decay=0.1)
    assert torch.equal(before, model[0].weight)


def test_lazy_layers_are_built_by_the_data():
    model = nn.Sequential(nn.LazyLinear(4), nn.ReLU(), nn.LazyLinear(1))
    assert fit_torch(model, X, Y, epochs=2).params["0.weight"].shape == (4, 3)


# --- divergence ----------------------------------------------------------------------------------


def test_divergence_names_the_epoch_and_holds_the_history():
    with pytest.raises(
        TrainingDiverged, match=r"epoch \d+ with lr = 50: .*Lower lr, to 5 say"
    ) as e:
        fit_torch(network(), X, Y, lr=50, optimizer="sgd", epochs=500)
    error = e.value
    assert error.epoch == len(error.history) < 500
    assert not math.isfinite(error.history["loss"].iloc[-1])
    assert np.isfinite(error.history["loss"].iloc[:-1]).all()
    assert error.feature_scale == pytest.approx(DATA.X.std(axis=0).max(), rel=1e-5)


def test_a_validation_loss_that_is_no_number_is_a_divergence():
    with pytest.raises(TrainingDiverged, match="at epoch 2"):
        scripted([1.0, float("nan"), 1.0], 5)


def test_weights_that_are_no_numbers_after_the_last_step_are_a_divergence():
    # The derivative of √ at a loss of zero is infinite, although the loss itself is fine.
    def root_mean_square(prediction, target):
        return F.mse_loss(prediction, target).sqrt()

    model = nn.Linear(3, 1)
    with pytest.raises(TrainingDiverged, match="at epoch 1"):
        fit_torch(model, X, model(X).detach(), loss=root_mean_square, epochs=1)


# --- what comes in -------------------------------------------------------------------------------

WHOLE = np.round(DATA.X * 3)


def forms(array):
    """The same table in all the clothes it may come in."""
    read_only = array.copy()
    read_only.flags.writeable = False
    wide = np.zeros((len(array), 2 * array.shape[1]))
    wide[:, ::2] = array
    return {
        "float64": array,
        "float32": array.astype(np.float32),
        "float16": array.astype(np.float16),
        "int64": array.astype(int),
        "int8": array.astype(np.int8),
        "list": array.tolist(),
        "tuple": tuple(map(tuple, array)),
        "DataFrame": pd.DataFrame(array),
        "DataFrame of whole numbers": pd.DataFrame(array.astype(int)),
        "by column": np.asfortranarray(array),
        "read-only": read_only,
        "strided": wide[:, ::2],
        "reversed": array[::-1][::-1].copy()[::-1][::-1],
        "negative stride": np.ascontiguousarray(array[::-1, ::-1])[::-1, ::-1],
        "big-endian": array.astype(">f8"),
        "masked, with no mask": np.ma.masked_array(array, mask=False),
    }


@pytest.mark.parametrize("form", forms(WHOLE))
def test_every_form_of_data_gives_the_result_of_the_float32_tensor(form):
    y = np.round(DATA.y * 4).reshape(-1, 1)
    tensors = [torch.tensor(a, dtype=torch.float32) for a in (WHOLE, y)]
    expected = fit_torch(network(), *tensors, epochs=5, validation=tensors)
    given = forms(WHOLE)[form], forms(y)[form]
    fit = fit_torch(network(), *given, epochs=5, validation=given)
    assert_same(fit, expected.model, expected.history["loss"])
    assert_array_equal(fit.predict(given[0]), expected.predict(tensors[0]))


def test_a_slice_or_transpose_of_a_tensor_is_as_good_as_its_copy():
    expected = fit_torch(network(), X, Y, epochs=5)
    assert_same(fit_torch(network(), X.T.contiguous().T, Y, epochs=5), expected.model)


def test_the_data_are_not_changed_by_training():
    array, kept = DATA.X.copy(), X.clone()
    fit_torch(network(), array, Y, epochs=3, batch_size=7)
    fit_torch(network(), X, Y, epochs=3, batch_size=7)
    assert_array_equal(array, DATA.X)
    assert torch.equal(X, kept)


def test_a_tensor_with_a_graph_is_data_and_no_parameter():
    with_graph = X.clone().requires_grad_()
    fit_torch(network(), with_graph, Y, epochs=2)
    assert with_graph.grad is None


def test_a_double_model_takes_doubles():
    fit = fit_torch(network().double(), DATA.X, DATA.y.reshape(-1, 1), epochs=2)
    assert fit.params["0.weight"].dtype == np.float64


def test_several_outputs_take_several_targets():
    both = torch.cat([Y, -Y], dim=1)
    fit = fit_torch(network(outputs=2), X, both, epochs=2)
    assert fit.predict(X).shape == (50, 2)


def test_a_model_that_squeezes_takes_a_vector():
    model = nn.Sequential(nn.Linear(3, 1), nn.Flatten(0))
    assert fit_torch(model, X, Y[:, 0], epochs=2).predict(X).shape == (50,)


def test_params_and_predict_speak_of_the_same_weights_also_after_further_training():
    model = network()
    fit = fit_torch(model, X, Y, epochs=2)
    assert fit.model is model
    before = fit.params["0.weight"]
    fit_torch(model, X, Y, epochs=2)
    assert not np.array_equal(fit.params["0.weight"], before)
    assert_array_equal(fit.params["0.weight"], model[0].weight.detach())
    assert_array_equal(fit.predict(X), model(X).detach())


def test_changing_params_changes_no_weight():
    fit = fit_torch(network(), X, Y, epochs=2)
    kept = fit.predict(X)
    fit.params["0.weight"][:] = 0
    assert_array_equal(fit.predict(X), kept)


def test_a_copy_of_a_fit_has_a_network_of_its_own():
    fit = fit_torch(network(), X, Y, epochs=2)
    twin, kept = copy.deepcopy(fit), fit.predict(X)
    fit_torch(fit.model, X, Y, epochs=2)
    assert_array_equal(twin.predict(X), kept)
    assert not np.array_equal(fit.predict(X), kept)


def test_a_fit_shows_itself_in_a_line():
    shown = repr(fit_torch(network(), X, Y, epochs=2))
    assert shown.startswith("TorchFit(")
    assert "\n" not in shown
    assert "Linear" not in shown
    assert "float32" not in shown


def test_a_fit_can_be_pickled():
    fit = fit_torch(network(), X, Y, epochs=2, validation=(X, Y), patience=1)
    back = pickle.loads(pickle.dumps(fit))
    assert_array_equal(back.predict(X), fit.predict(X))
    assert (back.stopped, back.best_epoch) == (fit.stopped, fit.best_epoch)
    assert back.history.equals(fit.history)


def test_predictions_are_arrays_and_hold_no_graph():
    fit = fit_torch(network(), X, Y, epochs=2)
    predicted = fit.predict(DATA.X[:7])
    assert type(predicted) is np.ndarray
    assert predicted.shape == (7, 1)
    with torch.no_grad():
        assert_array_equal(predicted, fit.model(X[:7]).numpy())


@pytest.mark.parametrize("device", ["cpu", "auto", torch.device("cpu")], ids=str)
def test_a_device_can_be_named(device):
    if device == "auto" and torch.cuda.is_available():
        pytest.skip("auto takes the GPU here")
    expected = fit_torch(network(), X, Y, epochs=2)
    assert_same(fit_torch(network(), X, Y, epochs=2, device=device), expected.model)


def test_the_example_of_the_docs_trains():
    fit = fit_torch(network(), X, Y, epochs=200, lr=0.05)
    assert fit.history["loss"].iloc[-1] < 0.25
