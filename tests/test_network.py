"""The network by hand, against differences, and autograd."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from labkit import TrainingDiverged, finite_differences, fit_mlp, make_linear
from labkit.network import init_mlp, loss_and_gradients, predict_mlp

NO_TORCH = "torch is not installed; the NumPy half is tested"


def table(seed, n=40, p=4, noise_sd=0.5):
    data = make_linear(n, p, noise_sd=noise_sd, rng=seed)
    return data.X, data.y


@pytest.mark.parametrize("tensor", ["W1", "b1", "w2", "b2"])
@pytest.mark.parametrize("seed", range(3))
def test_each_gradient_by_hand_is_that_of_finite_differences(tensor, seed):
    X, y = table(seed)
    params = init_mlp(4, 6, seed)
    _, gradients = loss_and_gradients(params, X, y)

    def loss(value):
        return loss_and_gradients({**params, tensor: value}, X, y)[0]

    differences = finite_differences(loss, params[tensor])
    assert gradients[tensor].shape == params[tensor].shape
    assert_allclose(gradients[tensor], differences, atol=1e-7)
    assert np.abs(differences).max() > 1e-3  # so that the comparison is one


def as_torch(params):
    torch = pytest.importorskip("torch", reason=NO_TORCH)
    return {k: torch.tensor(v, requires_grad=True) for k, v in params.items()}


def torch_loss(t, X, y):
    torch = pytest.importorskip("torch", reason=NO_TORCH)
    X, y = torch.tensor(X), torch.tensor(y)
    hidden = torch.relu(X @ t["W1"] + t["b1"])
    return torch.nn.functional.mse_loss(hidden @ t["w2"] + t["b2"], y)


@pytest.mark.parametrize("seed", range(3))
def test_gradients_by_hand_are_those_of_autograd(seed):
    X, y = table(seed)
    params = init_mlp(4, 6, seed)
    loss, gradients = loss_and_gradients(params, X, y)
    t = as_torch(params)
    expected = torch_loss(t, X, y)
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-13)
    for name, gradient in gradients.items():
        assert_allclose(gradient, t[name].grad.numpy(), rtol=1e-10, atol=1e-12, err_msg=name)


def test_the_derivative_of_relu_at_zero_is_zero_as_in_torch():
    X, y = table(0)
    params = {**init_mlp(4, 3, 0), "W1": np.zeros((4, 3)), "b1": np.zeros(3)}
    _, gradients = loss_and_gradients(params, X, y)
    t = as_torch(params)
    torch_loss(t, X, y).backward()
    assert_array_equal(gradients["W1"], t["W1"].grad.numpy())
    assert not gradients["W1"].any()


def test_the_network_by_hand_trains_as_torch_does_step_by_step():
    torch = pytest.importorskip("torch", reason=NO_TORCH)
    X, y = table(2)
    start = init_mlp(4, 6, 2)
    t = as_torch(start)
    optimizer = torch.optim.SGD(t.values(), lr=0.05)
    losses = []
    for steps in range(1, 31):
        optimizer.zero_grad()
        loss = torch_loss(t, X, y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
        fit = fit_mlp(X, y, lr=0.05, steps=steps, start=start)
        assert_allclose(fit.history["loss"], losses, rtol=1e-11)
        for name, value in fit.params.items():
            assert_allclose(value, t[name].detach().numpy(), rtol=1e-10, atol=1e-12)


def test_the_network_fits_better_than_nothing_and_predicts_what_it_fitted():
    X, y = table(2)
    fit = fit_mlp(X, y, lr=0.05, steps=500, rng=0)
    assert fit.history["loss"].iloc[-1] < 0.3 < np.var(y)
    assert np.mean((fit.predict(X) - y) ** 2) <= fit.history["loss"].iloc[-1]
    assert_array_equal(fit.predict(X), predict_mlp(fit.params, X))
    assert fit.predict(X[:1]).shape == (1,)


def test_a_hidden_unit_is_a_relu():
    params = {
        "W1": np.array([[1.0, -1.0]]),
        "b1": np.zeros(2),
        "w2": np.ones(2),
        "b2": np.array([5.0]),
    }
    assert_array_equal(predict_mlp(params, [[-2.0], [3.0]]), [7.0, 8.0])


def test_starting_values_lie_where_torch_draws_them():
    params = init_mlp(25, 400, 0)
    shapes = {name: value.shape for name, value in params.items()}
    assert shapes == {"W1": (25, 400), "b1": (400,), "w2": (400,), "b2": (1,)}
    assert 0.19 < np.abs(params["W1"]).max() < 1 / 5
    assert 0.19 < np.abs(params["b1"]).max() < 1 / 5
    assert 0.045 < np.abs(params["w2"]).max() < 1 / 20
    assert abs(params["W1"].mean()) < 5 * 0.2 / np.sqrt(3 * 10_000)


def test_the_seed_fixes_the_start_and_the_start_is_not_changed():
    X, y = table(2)
    start = init_mlp(4, 16, 3)
    kept = {name: value.copy() for name, value in start.items()}
    first, second = fit_mlp(X, y, rng=3), fit_mlp(X, y, start=start)
    for name, value in first.params.items():
        assert_array_equal(value, second.params[name])
        assert_array_equal(start[name], kept[name])


def test_a_network_that_diverges_says_so_with_its_history():
    with pytest.raises(TrainingDiverged, match="Lower lr, to 1e") as caught:
        fit_mlp(*table(2), lr=1e4, steps=500, rng=0)
    assert len(caught.value.history) == caught.value.epoch < 500
    assert caught.value.stable_lr is None


def test_the_gradient_norm_of_a_diverging_network_is_that_of_its_last_gradient():
    X, y = table(2)
    start = init_mlp(4, 6, 0)
    with pytest.raises(TrainingDiverged) as caught:
        fit_mlp(X, y, start=start, lr=1.7e308, steps=1)
    _, gradients = loss_and_gradients(start, X, y)
    norm = np.linalg.norm(np.concatenate([g.ravel() for g in gradients.values()]))
    assert caught.value.gradient_norm == pytest.approx(norm, rel=1e-12)
    assert f"the gradient's norm was {norm:.3g}" in str(caught.value)


def test_parameters_that_overflow_in_the_last_step_are_a_divergence():
    with pytest.raises(TrainingDiverged, match=r"at epoch 1 with lr = 1\.7e"):
        fit_mlp(*table(2), lr=1.7e308, steps=1, rng=0)


@pytest.mark.parametrize(
    "change",
    [
        {"W1": np.ones((3, 6))},
        {"b1": np.ones((40, 6))},
        {"b1": np.ones(5)},
        {"w2": np.ones((6, 1))},
        {"b2": np.ones(40)},
        {"b2": np.float64(1)},
        {"extra": np.ones(1)},
        {"W1": np.ones(6)},
        {"W1": np.ones((4, 0)), "b1": np.ones(0), "w2": np.ones(0)},
    ],
    ids=lambda change: " ".join(f"{k} {np.shape(v)}" for k, v in change.items()),
)
def test_starting_values_of_other_shapes_are_refused(change):
    with pytest.raises(ValueError, match=r"start has the shapes .*and with 4 features needs"):
        fit_mlp(*table(2), start={**init_mlp(4, 6, 0), **change})


def test_missing_starting_values_are_refused():
    with pytest.raises(ValueError, match="start has the shapes"):
        fit_mlp(*table(2), start={"W1": np.ones((4, 6))})


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"b1": np.ones((40, 6))}, ValueError, " has the shapes .* and with 4 features needs"),
        ({"b2": np.ones(40)}, ValueError, " has the shapes .* and with 4 features needs"),
        ({"extra": np.ones(1)}, ValueError, " has the shapes .* and with 4 features needs"),
        ({"w2": [math.nan] * 6}, ValueError, r"\['w2'\] must be finite"),
        ({"b1": [math.inf] * 6}, ValueError, r"\['b1'\] must be finite"),
        ({"b2": [1e200]}, ValueError, r"\['b2'\] holds 1e\+200, whose square overflows"),
        ({"b2": [1j]}, TypeError, r"\['b2'\] must hold real numbers, not dtype complex"),
        ({"b2": None}, TypeError, r"\['b2'\] must hold real numbers"),
        ({"b2": np.ma.masked_array([1.0], [True])}, ValueError, r"\['b2'\] has masked entries"),
    ],
    ids=["b1", "b2", "extra", "NaN", "infinity", "large", "complex", "nothing", "masked"],
)
def test_starting_values_are_held_to_names_shapes_and_numbers(change, error, message):
    with pytest.raises(error, match="^start" + message):
        fit_mlp(*table(2), start={**init_mlp(4, 6, 0), **change})


@pytest.mark.parametrize("params", [[1, 2], np.ones(3), "W1"], ids=repr)
def test_starting_values_are_a_dict(params):
    with pytest.raises(TypeError, match=r"^start must be a dict of W1, b1, w2 and b2, not "):
        fit_mlp(*table(2), start=params)


@pytest.mark.parametrize("missing", ["W1", "b1", "w2", "b2"])
def test_a_missing_starting_value_is_named_by_what_is_needed(missing):
    params = init_mlp(4, 6, 0)
    del params[missing]
    with pytest.raises(ValueError, match=rf"^start has .* needs .*'{missing}'"):
        fit_mlp(*table(2), start=params)


def test_the_arithmetic_is_in_float64_whatever_comes_in():
    X, y = table(2)
    # In float16 the sum of the squares, 40 × 300², is beyond the largest number, 65504.
    X, y = X.astype(np.float16), (100 * y).astype(np.float16)
    small = {key: value.astype(np.float16) for key, value in init_mlp(4, 6, 0).items()}
    wide = {key: value.astype(np.float64) for key, value in small.items()}
    expected = fit_mlp(X.astype(float), y.astype(float), start=wide, steps=2)
    assert expected.history["loss"].iloc[0] * len(y) > 65504
    for form in (small, {key: value.tolist() for key, value in small.items()}):
        fit = fit_mlp(X, y, start=form, steps=2)
        assert_array_equal(fit.history["loss"], expected.history["loss"])
        for key, value in fit.params.items():
            assert value.dtype == np.float64
            assert_array_equal(value, expected.params[key])


def test_hidden_and_start_agree_or_are_refused():
    X, y = table(2)
    start = init_mlp(4, 6, 0)
    with pytest.raises(ValueError, match=r"^start has 6 hidden units, and hidden=16: leave"):
        fit_mlp(X, y, hidden=16, start=start)
    with pytest.raises(TypeError, match=r"^hidden must be a whole number, not 6\.0"):
        fit_mlp(X, y, hidden=6.0, start=start)
    fitted = fit_mlp(X, y, hidden=6, start=start).params
    for key, value in fit_mlp(X, y, start=start).params.items():
        assert_array_equal(value, fitted[key])
    assert fit_mlp(X, y, rng=0, steps=1).params["w2"].shape == (16,)
    assert fit_mlp(X, y, hidden=5, rng=0, steps=1).params["w2"].shape == (5,)


@pytest.mark.parametrize("value", [0, 2.5], ids=repr)
def test_the_number_of_hidden_units_is_refused_by_name(value):
    with pytest.raises((TypeError, ValueError), match=r"^hidden must be (1 or more|a whole num)"):
        fit_mlp(*table(2), hidden=value)


def test_features_of_another_width_are_refused():
    with pytest.raises(ValueError, match="X has 5 columns, and the model was fitted on 4"):
        predict_mlp(init_mlp(4, 6, 0), np.ones((2, 5)))
