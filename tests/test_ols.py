"""Least squares, against R, NIST, statsmodels, and its own mathematics."""

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from labkit import OLSResults, fit_ols, make_linear

REFERENCE = Path(__file__).parent / "reference"
FAST = settings(derandomize=True, deadline=None, database=None, max_examples=30)
seeds = st.integers(0, 2**32 - 1)


def table(seed=0, n=60, p=5):
    data = make_linear(n, p, rng=seed)
    return data.X, data.y


def longley():
    data = pd.read_csv(REFERENCE / "nist_longley.csv")
    X = data.drop(columns="employed")
    X.insert(0, "intercept", 1.0)
    return X, data["employed"]


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("intercept", [False, True], ids=["without 1", "with 1"])
def test_everything_agrees_with_statsmodels_to_1e_10(seed, intercept):
    sm = pytest.importorskip("statsmodels.api", reason="statsmodels is not installed")
    X, y = table(seed)
    if intercept:
        X, y = np.column_stack([np.ones(60), X]), y + 4
    ols, expected = fit_ols(X, y), sm.OLS(y, X).fit()
    assert_allclose(ols.beta, expected.params, rtol=0, atol=1e-10)
    assert_allclose(ols.se, expected.bse, rtol=0, atol=1e-10)
    assert_allclose(ols.covariance, expected.cov_params(), rtol=0, atol=1e-10)
    assert_allclose(ols.residuals, expected.resid, rtol=0, atol=1e-10)
    assert ols.residual_variance == pytest.approx(expected.scale, abs=1e-10)
    assert ols.df == expected.df_resid


def test_nist_longley_is_certified_to_seven_digits():
    certified = pd.read_csv(REFERENCE / "nist_longley_certified.csv", index_col="term")
    X, y = longley()
    ols = fit_ols(X, y)
    assert ols.names == list(certified.index)
    assert_allclose(ols.beta, certified["estimate"], rtol=5e-8)
    assert_allclose(ols.se, certified["standard_error"], rtol=5e-8)
    assert np.sqrt(ols.residual_variance) == pytest.approx(304.854073561965, rel=5e-8)
    assert ols.residual_variance * ols.df == pytest.approx(836424.055505915, rel=5e-8)
    assert ols.df == 9


@FAST
@given(seed=seeds)
def test_residuals_are_orthogonal_to_every_column(seed):
    X, y = table(seed)
    assert_allclose(X.T @ fit_ols(X, y).residuals, 0, atol=1e-10)


@FAST
@given(seed=seeds, power=st.lists(st.integers(-12, 12), min_size=5, max_size=5))
def test_scaling_a_column_scales_its_coefficient_and_its_error(seed, power):
    X, y = table(seed)
    scale = 10.0 ** np.array(power)
    plain, scaled = fit_ols(X, y), fit_ols(X * scale, y)
    assert_allclose(scaled.beta * scale, plain.beta, rtol=1e-8, atol=1e-10)
    assert_allclose(scaled.se * scale, plain.se, rtol=1e-10)
    assert scaled.residual_variance == pytest.approx(plain.residual_variance, rel=1e-10)


@FAST
@given(seed=seeds)
def test_the_order_of_rows_and_columns_does_not_matter(seed):
    X, y = table(seed)
    rng = np.random.default_rng(seed)
    rows, columns = rng.permutation(60), rng.permutation(5)
    plain, other = fit_ols(X, y), fit_ols(X[rows][:, columns], y[rows])
    assert_allclose(other.beta, plain.beta[columns], rtol=1e-10, atol=1e-12)
    assert_allclose(other.se, plain.se[columns], rtol=1e-10)


@FAST
@given(seed=seeds, shift=st.lists(st.floats(-100, 100), min_size=5, max_size=5))
def test_adding_xb_to_y_adds_b_to_the_estimate_and_leaves_its_error(seed, shift):
    X, y = table(seed)
    plain, moved = fit_ols(X, y), fit_ols(X, y + X @ np.array(shift))
    assert_allclose(moved.beta, plain.beta + shift, atol=1e-9)
    assert_allclose(moved.se, plain.se, rtol=1e-9)


def test_the_residual_variance_divides_by_the_degrees_of_freedom():
    X, y = table(n=9, p=5)
    ols = fit_ols(X, y)
    assert ols.df == 4
    assert ols.residual_variance == pytest.approx(np.sum((y - X @ ols.beta) ** 2) / 4)
    assert_allclose(ols.se**2, np.diag(ols.covariance))


def test_standard_errors_are_those_of_the_simulation():
    X, _ = table()
    rng = np.random.default_rng(1)
    betas = [fit_ols(X, rng.normal(size=60)).beta for _ in range(2000)]
    truth = np.sqrt(np.diag(np.linalg.inv(X.T @ X)))
    assert_allclose(np.std(betas, axis=0), truth, rtol=5 / np.sqrt(4000))


def test_predictions_are_x_times_beta():
    X, y = table()
    ols = fit_ols(X, y)
    assert isinstance(ols, OLSResults)
    assert_allclose(ols.predict(X) + ols.residuals, y, atol=1e-12)
    assert ols.predict(X[:1]).shape == (1,)


def test_predicting_with_another_number_of_columns_is_refused():
    X, y = table()
    with pytest.raises(ValueError, match=r"^X has 4 columns, and the model was fitted on 5\.$"):
        fit_ols(X, y).predict(X[:, :4])


def test_predicting_with_columns_in_another_order_is_refused():
    X, y = longley()
    ols = fit_ols(X, y)
    assert_allclose(ols.predict(X) + ols.residuals, y)
    with pytest.raises(
        ValueError, match=r"another order: column 0 .* is 'year' and was 'intercept'"
    ):
        ols.predict(X[X.columns[::-1]])


# --- odd data ------------------------------------------------------------------------------------


def test_one_row_more_than_columns_is_enough():
    sm = pytest.importorskip("statsmodels.api", reason="statsmodels is not installed")
    X, y = table(n=6, p=5)
    ols, expected = fit_ols(X, y), sm.OLS(y, X).fit()
    assert ols.df == 1
    assert_allclose(ols.se, expected.bse, rtol=1e-8)


def test_whole_numbers_and_truth_values_are_numbers():
    group = np.arange(60) % 3
    whole = np.column_stack([np.ones(60, int), group == 1, group == 2])
    _, y = table()
    plain = fit_ols(whole.astype(float), y)
    assert_array_equal(fit_ols(whole, y).beta, plain.beta)
    means = [y[group == k].mean() for k in range(3)]
    assert_allclose(plain.beta, [means[0], means[1] - means[0], means[2] - means[0]])


def test_large_numbers_of_few_bits_do_not_wrap_round():
    X = np.array([[100], [120], [90], [110]], dtype=np.int8)
    assert fit_ols(X, X[:, 0] * 2.0).beta[0] == pytest.approx(2)


@pytest.mark.parametrize("name", ["a", 1])
def test_columns_of_one_name_are_refused(name):
    X, y = table(p=3)
    frame = pd.DataFrame(X, columns=[name, "b", str(name)])
    with pytest.raises(ValueError, match=f"several columns are called '{name}': rename them"):
        fit_ols(frame, y)
    with pytest.raises(ValueError, match="several columns"):
        fit_ols(X, y).predict(frame)


@pytest.mark.parametrize(
    ("of_x", "of_y"), [(1e-250, 1e-100), (1e-180, 1e-60), (1e149, 1), (1e149, 1e149), (1, 1e-150)]
)
def test_sizes_near_the_ends_of_what_a_computer_holds_cost_no_digit(of_x, of_y):
    X, y = table()
    plain, extreme = fit_ols(X, y), fit_ols(X * [of_x, 1, 1, 1, 1], y * of_y)
    scale = np.array([of_y / of_x] + 4 * [of_y])
    assert_allclose(extreme.beta / scale, plain.beta, rtol=1e-10)
    assert_allclose(extreme.se / scale, plain.se, rtol=1e-10)


@pytest.mark.parametrize(
    ("of_x", "of_y"), [(1e-200, 1), (1e-300, 1e149), (1, 1e-200), (1, 1e-157), (1e149, 1e-100)]
)
def test_sizes_beyond_them_are_refused_rather_than_zero_or_infinite(of_x, of_y):
    X, y = table()
    with pytest.raises(ValueError, match=r"^the largest numbers of y and of X's .* Rescale them"):
        fit_ols(X * [of_x, 1, 1, 1, 1], y * of_y)


def test_a_fit_equals_itself_and_can_be_a_key():
    ols, other = fit_ols(*table()), fit_ols(*table())
    assert ols == ols
    assert ols != other
    assert {ols: 1}[ols] == 1


# --- collinear columns ---------------------------------------------------------------------------


def test_a_duplicate_is_named():
    X, y = table()
    with pytest.raises(ValueError, match=r"collinear columns: x6 is a linear .* of x2\. Drop one"):
        fit_ols(np.column_stack([X, X[:, 1]]), y)


@FAST
@given(seed=seeds, power=st.integers(-8, 8))
def test_a_combination_names_exactly_the_columns_in_it_whatever_its_scale(seed, power):
    X, y = table(seed)
    combination = (X[:, 0] - 2 * X[:, 3]) * 10.0**power
    with pytest.raises(ValueError, match=r"x6 is a linear combination of x1, x4\. Drop"):
        fit_ols(np.column_stack([X, combination]), y)


def test_the_names_are_those_of_the_data_frame():
    X, y = table()
    frame = pd.DataFrame(X, columns=["age", "bmi", "hdl", "ldl", "dose"])
    frame["total"] = frame["hdl"] + frame["ldl"]
    with pytest.raises(ValueError, match=r"total is a linear combination of hdl, ldl\."):
        fit_ols(frame, y)


def test_all_indicators_beside_an_intercept_are_collinear():
    group = np.arange(60) % 3
    frame = pd.DataFrame({"one": 1.0, **{f"g{k}": (group == k) * 1.0 for k in range(3)}})
    with pytest.raises(ValueError, match=r"g2 is a linear combination of one, g0, g1\."):
        fit_ols(frame, np.arange(60.0))


def test_two_constant_columns_are_collinear():
    X, y = table()
    X = np.column_stack([np.full(60, 3.0), X, np.full(60, 5.0)])
    with pytest.raises(ValueError, match=r"x7 is a linear combination of x1\."):
        fit_ols(X, y)


def test_one_constant_column_is_an_intercept():
    X, y = table()
    X = np.column_stack([np.full(60, 2.0), X])
    assert fit_ols(X, y + 10).beta[0] == pytest.approx(5, abs=0.2)


def test_nearly_collinear_columns_are_still_fitted():
    X, y = table()
    X = np.column_stack([X, X[:, 0] + 1e-5 * np.random.default_rng(0).normal(size=60)])
    ols = fit_ols(X, y)
    assert ols.se[5] > 1e3
    assert_allclose(X.T @ ols.residuals, 0, atol=1e-9)


def test_columns_of_zeros_are_named():
    X, y = table()
    X[:, [1, 3]] = 0
    with pytest.raises(ValueError, match=r"constantly zero: x2, x4\. Drop them"):
        fit_ols(X, y)


@pytest.mark.parametrize("p", [5, 6], ids=["p = n", "p > n"])
def test_as_many_columns_as_rows_are_refused(p):
    with pytest.raises(ValueError, match=f"X has {p} columns and only 5 rows: .*ridge"):
        fit_ols(*table(n=5, p=p))


def test_shown_are_the_estimates_and_not_the_rows():
    data = make_linear(30, 3, rng=1)
    shown = repr(fit_ols(data.X, data.y))
    assert "beta=" in shown
    assert "se=" in shown
    assert not {"covariance", "residuals", "columns", "largest_term"} & set(
        re.findall(r"(\w+)=", shown)
    )
