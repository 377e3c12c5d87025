"""The loops with gradients by hand, against closed forms and least squares."""

import inspect
import math
import pickle
import sys
from contextlib import contextmanager

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from labkit import (
    Fit,
    TrainingDiverged,
    fit_linear,
    fit_mlp,
    fit_ols,
    largest_stable_lr,
    make_linear,
)
from labkit.network import init_mlp

FAST = settings(derandomize=True, deadline=None, database=None, max_examples=30)
seeds = st.integers(0, 2**32 - 1)


def table(seed, n=40, p=4, noise_sd=0.5):
    data = make_linear(n, p, noise_sd=noise_sd, rng=seed)
    return data.X, data.y


def closed_form(X, y, lr, steps):
    """w_t = (I − (I − 2 lr X'X/n)^t) β̂, by eigenvalues, which needs no loop."""
    values, vectors = np.linalg.eigh(X.T @ X / len(y))
    kept = 1 - (1 - 2 * lr * values) ** steps
    return vectors @ (kept * (vectors.T @ np.linalg.lstsq(X, y)[0]))


# --- the linear model -------------------------------------------------------------------------


@FAST
@given(seed=seeds, share=st.floats(0.01, 0.99), steps=st.integers(1, 60))
def test_gradient_descent_is_its_closed_form(seed, share, steps):
    X, y = table(seed)
    lr = share * largest_stable_lr(X)
    fit = fit_linear(X, y, lr=lr, steps=steps)
    assert_allclose(fit.params["w"], closed_form(X, y, lr, steps), atol=1e-9)


@FAST
@given(seed=seeds, steps=st.integers(1, 30))
def test_the_recorded_loss_is_the_mean_squared_error_before_the_step(seed, steps):
    X, y = table(seed)
    lr = 0.4 * largest_stable_lr(X)
    losses = fit_linear(X, y, lr=lr, steps=steps).history["loss"]
    weights = [closed_form(X, y, lr, t) for t in range(steps)]
    assert_allclose(losses, [np.mean((y - X @ w) ** 2) for w in weights], rtol=1e-9)
    assert len(losses) == steps


def test_gradient_descent_with_a_tolerance_arrives_at_ols():
    X, y = table(1)
    fit = fit_linear(X, y, lr=0.3, steps=100_000, tol=1e-12)
    assert fit.converged
    assert fit.stopped == "converged"
    assert len(fit.history) < 1000
    assert_allclose(fit.params["w"], fit_ols(X, y).beta, atol=1e-11)


def test_the_budget_is_not_convergence():
    fit = fit_linear(*table(1), lr=0.01, steps=5, tol=1e-12)
    assert not fit.converged
    assert fit.stopped == "budget"
    assert len(fit.history) == 5


def test_a_gradient_of_zero_converges_at_once_where_tol_is_zero():
    fit = fit_linear([[1.0], [1.0]], [0.0, 0.0], tol=0)
    assert fit.converged
    assert len(fit.history) == 1


@FAST
@given(seed=seeds, factor=st.floats(-1e6, 1e6).filter(lambda c: abs(c) > 1e-6))
def test_scaling_y_scales_the_weights(seed, factor):
    X, y = table(seed)
    scaled = fit_linear(X, factor * y, lr=0.1, steps=50).params["w"]
    assert_allclose(scaled, factor * fit_linear(X, y, lr=0.1, steps=50).params["w"], rtol=1e-9)


@FAST
@given(seed=seeds)
def test_the_order_of_the_rows_changes_nothing(seed):
    X, y = table(seed)
    order = np.random.default_rng(seed).permutation(len(y))
    first, second = fit_linear(X, y, lr=0.1), fit_linear(X[order], y[order], lr=0.1)
    assert_allclose(first.params["w"], second.params["w"], rtol=1e-10, atol=1e-12)


@FAST
@given(seed=seeds)
def test_the_order_of_the_columns_orders_the_weights(seed):
    X, y = table(seed)
    order = np.random.default_rng(seed).permutation(X.shape[1])
    first, second = fit_linear(X, y, lr=0.1), fit_linear(X[:, order], y, lr=0.1)
    assert_allclose(first.params["w"][order], second.params["w"], rtol=1e-10, atol=1e-12)


@FAST
@given(seed=seeds, share=st.floats(0.01, 0.999))
def test_below_the_limit_the_loss_never_rises(seed, share):
    # Along each eigenvector the error shrinks by |1 − 2 lr λ| ≤ 1, so the sum of squares does.
    X, y = table(seed)
    losses = fit_linear(X, y, lr=share * largest_stable_lr(X), steps=40).history["loss"]
    assert (np.diff(losses) <= 1e-12 * losses.iloc[0]).all()


def test_just_below_the_limit_it_works_and_at_it_not():
    X, y = table(3)
    limit = largest_stable_lr(X)
    assert np.isfinite(fit_linear(X, y, lr=limit * (1 - 1e-9), steps=500).params["w"]).all()
    with pytest.raises(TrainingDiverged):
        fit_linear(X, y, lr=limit, steps=500)


def test_above_the_limit_the_loss_does_grow_without_bound():
    X, y = table(3)
    lr = 1.05 * largest_stable_lr(X)
    with pytest.raises(TrainingDiverged) as caught:
        fit_linear(X, y, lr=lr, steps=100_000)
    losses = caught.value.history["loss"]
    assert losses.iloc[-1] > 1e100 * losses.iloc[0]


def test_divergence_states_the_limit_and_holds_the_history():
    X, y = table(3)
    limit = largest_stable_lr(X)
    with pytest.raises(TrainingDiverged, match=f"stable only for lr < {limit:.4g}: lower lr") as e:
        fit_linear(X, y, lr=2 * limit, steps=7)
    error = e.value
    assert error.stable_lr == limit
    assert error.epoch == len(error.history) == 7
    assert error.lr == 2 * limit
    assert error.history["loss"].iloc[0] == pytest.approx(np.mean(y**2))
    assert error.history["loss"].iloc[-1] > error.history["loss"].iloc[0]
    assert error.feature_scale == pytest.approx(X.std(axis=0).max())
    assert f"lr = {2 * limit:g}" in str(error)


def test_divergence_on_a_large_scale_advises_to_standardise():
    X, y = table(3)
    with pytest.raises(TrainingDiverged, match="or standardise the features"):
        fit_linear(1000 * X, y, lr=0.01)
    with pytest.raises(TrainingDiverged, match=r"lower lr\. The losses"):
        fit_linear(X, y, lr=100)


def test_the_gradient_norm_of_a_divergence_is_that_of_the_last_gradient():
    X, y = table(3)
    with pytest.raises(TrainingDiverged) as caught:
        fit_linear(X, y, lr=10, steps=1)
    assert caught.value.gradient_norm == pytest.approx(np.linalg.norm(2 * X.T @ y / len(y)))


def test_a_divergence_survives_pickling_with_its_notes():
    with pytest.raises(TrainingDiverged) as caught:
        fit_linear(*table(3), lr=10, steps=3)
    caught.value.add_note("in a worker")
    copy = pickle.loads(pickle.dumps(caught.value))
    assert str(copy) == str(caught.value)
    assert copy.__notes__ == ["in a worker"]
    assert copy.stable_lr == caught.value.stable_lr
    assert_array_equal(copy.history, caught.value.history)


def test_more_columns_than_rows_work_for_gradient_descent():
    # From w = 0 it tends to the interpolating solution of least norm.
    X, y = table(5, n=6, p=10)
    fit = fit_linear(X, y, lr=0.5 * largest_stable_lr(X), steps=20_000)
    assert_allclose(fit.params["w"], np.linalg.pinv(X) @ y, atol=1e-6)


@pytest.mark.parametrize("shape", [(40, 4), (4, 40), (5, 5), (1, 3), (3, 1)], ids=str)
def test_the_largest_stable_lr_is_one_over_the_largest_eigenvalue(shape):
    X = np.random.default_rng(0).normal(size=shape)
    largest = np.linalg.svd(X, compute_uv=False)[0] ** 2 / shape[0]
    assert largest_stable_lr(X) == pytest.approx(1 / largest, rel=1e-12)


def test_features_of_zeros_have_no_largest_lr():
    with pytest.raises(ValueError, match="X holds only zeros: there is nothing to fit"):
        largest_stable_lr(np.zeros((3, 2)))


def test_a_constant_column_is_the_intercept():
    X, y = table(6)
    X = np.column_stack([np.ones(len(y)), X])
    fit = fit_linear(X, y + 3, lr=0.2, steps=5000)
    assert_allclose(fit.params["w"], fit_ols(X, y + 3).beta, atol=1e-9)


def test_predictions_are_x_times_w():
    X, y = table(6)
    fit = fit_linear(X, y)
    assert_array_equal(fit.predict(X[:1]), X[:1] @ fit.params["w"])
    with pytest.raises(ValueError, match="X has 3 columns, and the model was fitted on 4"):
        fit.predict(X[:, :3])


def test_the_data_are_not_changed_and_not_needed_later():
    X, y = table(6)
    before = X.copy(), y.copy()
    fit = fit_linear(X, y)
    assert_array_equal(X, before[0])
    assert_array_equal(y, before[1])
    assert isinstance(fit, Fit)
    assert fit.model is None


def test_features_too_small_to_square_are_not_zeros():
    with pytest.raises(ValueError, match=r"^X holds at most 2e-170, whose square underflows"):
        largest_stable_lr([[1e-170], [-2e-170]])


# --- both loops -------------------------------------------------------------------------------


@pytest.mark.parametrize("fit", [fit_linear, fit_mlp])
def test_a_norm_whose_square_overflows_is_a_number(fit):
    X, y = table(2)
    options = {"start": init_mlp(4, 6, 0)} if fit is fit_mlp else {}
    with pytest.raises(TrainingDiverged) as caught:
        fit(1e100 * X, 1e100 * y, lr=1e200, steps=1, **options)
    assert 1e150 < caught.value.gradient_norm < math.inf


@pytest.mark.parametrize("fit", [fit_linear, fit_mlp])
def test_a_loss_that_overflows_is_the_last_of_the_records(fit):
    X, y = table(2)
    options = {"start": init_mlp(4, 6, 0)} if fit is fit_mlp else {}
    with pytest.raises(TrainingDiverged) as caught:
        fit(X, y, lr=1e60, steps=100, **options)
    losses = caught.value.history["loss"]
    assert caught.value.epoch == len(losses) < 100
    assert np.isfinite(losses[:-1]).all()
    assert not np.isfinite(losses.iloc[-1])


# --- Ctrl-C --------------------------------------------------------------------------------------


@contextmanager
def ctrl_c(function, nth):
    """Raise KeyboardInterrupt at the nth line that is run of the function's loop."""
    lines, first = inspect.getsourcelines(function)
    begin, end = (
        first + next(i for i, line in enumerate(lines) if mark in line)
        for mark in ("for _ in range(steps)", "except KeyboardInterrupt")
    )
    seen = []

    def each_line(frame, event, _):
        if event == "line" and begin <= frame.f_lineno < end:
            seen.append(frame.f_lineno)
            if len(seen) == nth:
                raise KeyboardInterrupt
        return each_line

    before = sys.gettrace()
    sys.settrace(lambda frame, *_: each_line if frame.f_code is function.__code__ else None)
    try:
        yield
    finally:
        sys.settrace(before)


@pytest.mark.parametrize("fit", [fit_linear, fit_mlp])
@pytest.mark.parametrize("nth", range(1, 26))
def test_an_interrupted_fit_is_that_of_the_steps_it_made(fit, nth):
    X, y = table(2)
    start = init_mlp(4, 6, 0)
    options = {"start": start} if fit is fit_mlp else {}
    with ctrl_c(fit, nth):
        stopped = fit(X, y, steps=100, **options)
    assert stopped.stopped == "interrupted"
    assert not stopped.converged
    made = len(stopped.history)
    assert made <= nth / 4
    assert nth < 20 or made >= 2
    assert list(stopped.history.columns) == ["loss"]
    if made:
        whole = fit(X, y, steps=made, **options)
        assert_array_equal(stopped.history, whole.history)
        expected = whole.params
    else:
        expected = start if fit is fit_mlp else {"w": np.zeros(4)}
    for key, value in expected.items():
        assert_array_equal(stopped.params[key], value)
        assert not np.shares_memory(stopped.params[key], start.get(key))
    assert stopped.predict(X).shape == y.shape
