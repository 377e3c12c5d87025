"""Estimates beside least squares: by name where they have names, in its standard errors."""

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from labkit import fit_ols, make_linear
from labkit.figures import compare_coefficients


def table(seed=0, n=60, p=5):
    data = make_linear(n, p, rng=seed)
    return data.X, data.y


def test_the_comparison_counts_gaps_in_standard_errors():
    X, y = table()
    ols = fit_ols(X, y)
    compared = compare_coefficients(ols, network=ols.beta + 2 * ols.se, truth=ols.beta)
    assert list(compared) == ["ols", "ols_se", "network", "network_gap", "truth", "truth_gap"]
    assert list(compared.index) == ols.names
    assert compared.index.name == "coefficient"
    assert_allclose(compared["network_gap"], 2)
    assert_array_equal(compared["truth_gap"], 0)
    assert_array_equal(compared["ols_se"], ols.se)


def test_an_estimate_of_another_length_is_refused_by_name():
    ols = fit_ols(*table())
    with pytest.raises(ValueError, match="network has 4 entries where 5 are needed"):
        compare_coefficients(ols, network=np.ones(4))


def test_an_estimate_as_a_column_is_refused_by_name():
    ols = fit_ols(*table())
    with pytest.raises(ValueError, match=r"network has shape \(5, 1\), not \(5,\); network.ravel"):
        compare_coefficients(ols, network=np.ones((5, 1)))


def named():
    X, y = table(p=3)
    return fit_ols(pd.DataFrame(X, columns=["age", "bmi", "dose"]), y)


NUMBERS = [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    "estimate",
    [
        NUMBERS,
        np.array(NUMBERS),
        pd.Series(NUMBERS),
        pd.Series(NUMBERS, index=["age", "bmi", "dose"]),
        dict(zip(["age", "bmi", "dose"], NUMBERS, strict=True)),
        pd.DataFrame([NUMBERS], columns=["age", "bmi", "dose"]).loc[0],
        pd.Series(["1", "2", "3"], index=["age", "bmi", "dose"]).astype(float),
    ],
    ids=lambda e: type(e).__name__,
)
def test_an_estimate_is_taken_with_the_right_names_or_with_none(estimate):
    compared = compare_coefficients(named(), truth=estimate)
    assert list(compared["truth"]) == NUMBERS
    assert list(compared.index) == ["age", "bmi", "dose"]


def test_an_estimate_with_its_names_in_another_order_is_refused():
    ols = fit_ols(*table())
    series = pd.Series(ols.beta, index=ols.names)
    assert_array_equal(compare_coefficients(ols, again=series)["again_gap"], 0)
    with pytest.raises(ValueError, match="again has the order x5, x4"):
        compare_coefficients(ols, again=series.iloc[::-1])
    with pytest.raises(ValueError, match="again has the order x5, x4"):
        compare_coefficients(ols, again=dict(series.iloc[::-1]))


@pytest.mark.parametrize(
    "names",
    [["age", "bmi", "sex"], ["sex", "age", "bmi"], ["age", "age", "bmi"], [2, 1, 0], [1, 2, 3]],
    ids=str,
)
def test_an_estimate_with_other_names_is_refused_and_one_is_named(names):
    ols = named()
    j = next(j for j in range(3) if names[j] != ols.names[j])
    words = (
        rf"truth has other names than ols: entry {j} .* '{names[j]}', and in ols '{ols.names[j]}'"
    )
    with pytest.raises(ValueError, match=words):
        compare_coefficients(ols, truth=pd.Series(NUMBERS, index=names))


def test_numbered_entries_are_held_to_numbered_columns():
    X, y = table(p=3)
    turned = fit_ols(pd.DataFrame(X, columns=[2, 0, 1]), y)
    with pytest.raises(ValueError, match="truth has the order 0, 1, 2"):
        compare_coefficients(turned, truth=pd.Series(NUMBERS))


@pytest.mark.parametrize("rows", [1, 3])
def test_a_table_is_no_estimate(rows):
    with pytest.raises(TypeError, match="truth is a table: give one column of it, or one row"):
        compare_coefficients(named(), truth=pd.DataFrame(np.ones((rows, 3))))


@pytest.mark.parametrize("name", ["ols_se", "truth_gap", "_gap", "ols_gap"])
def test_names_of_columns_that_are_added_are_refused(name):
    with pytest.raises(ValueError, match=f"no estimate may be called '{name}'"):
        compare_coefficients(named(), truth=NUMBERS, **{name: NUMBERS})


def test_a_name_that_begins_as_ols_does_is_a_name():
    compared = compare_coefficients(named(), ols_ridge=NUMBERS, gap=NUMBERS)
    assert list(compared) == ["ols", "ols_se", "ols_ridge", "ols_ridge_gap", "gap", "gap_gap"]


@pytest.mark.parametrize("third", [0.0, 3.0])
def test_gaps_from_a_perfect_fit_are_refused(third):
    X, _ = table(p=3)
    perfect = fit_ols(X, X @ [2.0, 0.0, third])
    with pytest.raises(ValueError, match=r"^ols fits perfectly: .* with ols\.beta"):
        compare_coefficients(perfect, truth=NUMBERS)
    assert list(compare_coefficients(perfect)) == ["ols", "ols_se"]


def test_gaps_from_a_very_good_fit_are_right():
    X, y = table(p=3)
    noise = fit_ols(X, y).residuals
    ols = fit_ols(X, X @ NUMBERS + 1e-9 * noise)
    gaps = compare_coefficients(ols, truth=ols.beta + 3 * ols.se)["truth_gap"]
    assert_allclose(gaps, 3, rtol=1e-5)


@pytest.mark.parametrize("ols", [None, np.ones(3), {"beta": 1}], ids=lambda e: type(e).__name__)
def test_only_what_fit_ols_returns_is_compared_with(ols):
    kind = type(ols).__name__
    with pytest.raises(TypeError, match=f"ols must be what fit_ols returns, not of type {kind}"):
        compare_coefficients(ols, truth=NUMBERS)


@pytest.mark.parametrize("start", [0, 1e3, 1e6, 1e8])
def test_a_perfect_fit_is_told_by_its_residuals(start):
    X = np.column_stack([np.ones(50), np.arange(50) + start])
    perfect = X @ [1, 2]
    with pytest.raises(ValueError, match="ols fits perfectly"):
        compare_coefficients(fit_ols(X, perfect), truth=[1, 2])
    noise = np.random.default_rng(0).normal(size=50)
    table = compare_coefficients(fit_ols(X, perfect + noise), truth=[1, 2])
    assert table["truth_gap"].abs().max() < 4
