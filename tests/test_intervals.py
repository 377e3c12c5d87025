"""Intervals of a mean: R's formula against SciPy's test, coverage, and verdicts."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats

from labkit import Interval, mean_interval, split_interval
from labkit.intervals import mean_and_sd

numbers = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40)


@pytest.mark.filterwarnings("ignore:Precision loss")  # of SciPy's, on values that are alike
@given(numbers)
def test_it_is_the_interval_of_scipys_t_test(values):
    values = np.array(values)
    expected = stats.ttest_1samp(values, 0).confidence_interval()
    mean, low, high = mean_interval(values)
    scale = np.abs(values).max() + 1
    assert_allclose([mean, low, high], [values.mean(), *expected], atol=1e-9 * scale)


@pytest.mark.parametrize("comparisons", [1, 2, 16])
def test_bonferroni_takes_the_level_of_so_many(comparisons):
    values = np.random.default_rng(0).normal(size=24)
    level = 1 - 0.05 / comparisons
    expected = stats.ttest_1samp(values, 0).confidence_interval(level)
    assert_allclose(mean_interval(values, comparisons=comparisons)[1:], expected)


def test_it_covers_the_truth_as_often_as_it_says():
    draws = np.random.default_rng(1).normal(size=(4000, 5))
    covered = [low < 0 < high for _, low, high in map(mean_interval, draws)]
    assert abs(np.mean(covered) - 0.95) < 4 * np.sqrt(0.95 * 0.05 / 4000)


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [
        ((1, 2), "above"),
        ((-2, -1), "below"),
        ((-1, 1), "no evidence"),
        ((0, 1), "no evidence"),
        ((-1, 0), "no evidence"),
        ((0, 0), "no evidence"),
    ],
)
def test_the_verdict_is_the_side_of_zero(ends, verdict):
    assert Interval(0.0, *ends).verdict("below", "above") == verdict


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1.0], r"at least two numbers, not of shape \(1,\)"),
        ([], r"not of shape \(0,\)"),
        (3.0, r"not of shape \(\)"),
        (np.ones((3, 1)), r"not of shape \(3, 1\)"),
        ([1.0, np.nan, 2.0], "1 of its 3 entries are not, the first at row 1"),
    ],
)
def test_what_has_no_interval_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        mean_interval(values)


def test_what_is_no_number_is_refused():
    with pytest.raises(TypeError, match="values must hold real numbers"):
        mean_interval(["a", "b"])
    with pytest.raises(ValueError, match="comparisons must be 1 or more, not 0"):
        mean_interval([1.0, 2.0], comparisons=0)


BY_HAND = {  # mean ± t · s/√n with the quantiles of the tables, 4.302653 (2 df) and 12.706205 (1)
    (1.0, 2.0, 3.0): (-0.4841377, 4.4841377),
    (0.0, 1.0): (-5.8531024, 6.8531024),
}


@pytest.mark.parametrize("values", BY_HAND, ids=str)
def test_it_is_the_interval_worked_out_by_hand(values):
    assert_allclose(mean_interval(values)[1:], BY_HAND[values], atol=5e-7)


@pytest.mark.parametrize(
    "values",
    [(1, 2, 4), np.array([1, 2, 4], np.int8), pd.Series([1, 2, 4], index=[2, 0, 1]),
     np.ma.array([1.0, 2.0, 4.0]), np.array([1, 2, 4], np.float16)],
    ids=lambda v: type(v).__name__,
)  # fmt: skip
def test_numbers_of_every_kind_have_the_interval_of_floats(values):
    assert mean_interval(values) == mean_interval([1.0, 2.0, 4.0])


def test_truth_values_count_as_0_and_1():
    assert mean_interval([True, False, True]) == mean_interval([1.0, 0.0, 1.0])


@pytest.mark.parametrize("value", [-2.5, 0.0, 7.0])
def test_values_that_are_alike_have_an_interval_without_width(value):
    interval = mean_interval([value] * 4)
    assert interval == (value, value, value)
    assert interval.verdict("-", "+") == ("-" if value < 0 else "+" if value else "no evidence")


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e-160, 1e140])
def test_the_unit_changes_nothing_where_squares_vanish_or_overflow(scale):
    values = np.array([1.0, 2.0, 4.0])
    assert_allclose(np.divide(mean_interval(values * scale), scale), mean_interval(values))


def test_a_thousand_million_million_comparisons_still_have_a_width():
    values = np.random.default_rng(0).normal(size=50)
    expected = np.mean(values) + stats.t.isf(0.025e-18, 49) * stats.sem(values)
    assert_allclose(mean_interval(values, comparisons=10**18).high, expected)


@pytest.mark.parametrize(
    "ends", [(np.nan, np.nan), (np.nan, 1.0), (1.0, np.nan), (2.0, 1.0)], ids=str
)
def test_what_is_no_interval_has_no_verdict(ends):
    with pytest.raises(ValueError, match="are not the ends of an interval"):
        Interval(0.0, *ends).verdict("below", "above")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([1j, 2.0], "values must hold real numbers, not dtype complex128"),
        (np.array(["2020-01-01", "2020-01-02"], "M8[D]"), "values must hold real numbers"),
        (np.array([1, 2], "m8[D]"), "values must hold real numbers"),
        ([None, 1.0], "values must hold real numbers"),
        ({1.0, 2.0}, "values must hold real numbers"),
        (np.ma.array([1.0, 2.0, 3.0], mask=[0, 0, 1]), "values has masked entries"),
        (pd.DataFrame({"a": [1.0, 2.0]}), r"values must be a vector .* not of shape \(2, 1\)"),
        ([[1.0, 2.0], [3.0]], "values is not a rectangular array"),
        ([1.0, np.inf], "values must be finite; 1 of its 2 entries are not"),
        ([1.0, 1e200], r"values holds 1e\+200, whose square overflows"),
    ],
)
def test_refusals_name_the_values(values, message):
    with pytest.raises((TypeError, ValueError), match=f"^{message}"):
        mean_interval(values)


@pytest.mark.parametrize("comparisons", [0, -1, 1.0, True, None, "2"], ids=repr)
def test_comparisons_are_counted(comparisons):
    with pytest.raises((TypeError, ValueError), match=r"^comparisons must be"):
        mean_interval([1.0, 2.0], comparisons=comparisons)


@pytest.mark.parametrize("value", [0.1, 1 / 3, 1e-300, -1e140, 0.0])
@pytest.mark.parametrize("n", [2, 3, 10, 1000])
def test_equal_values_have_themselves_as_mean_and_no_spread(value, n):
    assert mean_and_sd(np.full(n, value)) == (value, 0.0)


def test_comparisons_beyond_counting_are_refused():
    with pytest.raises(ValueError, match=r"^comparisons must be at most 1000000000000000000, not"):
        mean_interval([1.0, 2.0], comparisons=10**400)


def test_splits_that_overlap_have_the_corrected_interval_worked_out_by_hand():
    # Nadeau and Bengio: s = 1, √(1/3 + 20/80) = 0.7637626, t = 4.302653 on 2 degrees of freedom.
    interval = split_interval([1.0, 2.0, 3.0], n_train=80, n_test=20)
    assert_allclose(interval, (2.0, 2.0 - 3.2862056, 2.0 + 3.2862056), atol=5e-7)


@given(numbers, st.integers(1, 10**6), st.integers(1, 10**6), st.integers(1, 20))
def test_overlap_widens_by_the_root_of_1_plus_n_times_the_ratio_of_rows(values, train, test, m):
    naive = mean_interval(values, comparisons=m)
    interval = split_interval(values, n_train=train, n_test=test, comparisons=m)
    wider = np.sqrt(1 + len(values) * test / train)
    assert interval.mean == naive.mean
    assert_allclose(interval.high - naive.mean, (naive.high - naive.mean) * wider, rtol=1e-9)
    assert_allclose(naive.mean - interval.low, (naive.mean - naive.low) * wider, rtol=1e-9)


def losses_of_two_models(rng, splits):
    """Differences in test error of least squares on all and on three of ten columns, by split.

    The truth is that of the models fitted to so many rows: their expected error on new rows.
    """
    beta = np.r_[np.full(3, 0.5), np.full(7, 0.15)]
    X = rng.standard_normal((100, 10))
    y = X @ beta + rng.standard_normal(100)
    differences = []
    for train, test in splits:
        errors = []
        for q in (3, 10):
            fitted = np.linalg.lstsq(X[train, :q], y[train], rcond=None)[0]
            errors.append(np.mean((y[test] - X[test, :q] @ fitted) ** 2))
        differences.append(errors[0] - errors[1])
    left_out = 7 * 0.15**2  # the variance that the smaller model calls noise
    truth = (1 + left_out) * (1 + 3 / (80 - 4)) - (1 + 10 / (80 - 11))
    return differences, truth


def random_splits(rng):
    return [np.split(rng.permutation(100), [80]) for _ in range(25)]


def repeated_folds(rng):
    splits = []
    for _ in range(5):
        folds = np.split(rng.permutation(100), 5)
        splits += [(np.setdiff1d(np.arange(100), fold), fold) for fold in folds]
    return splits


@pytest.mark.parametrize("deal", [random_splits, repeated_folds])
def test_it_covers_where_the_interval_of_independent_values_does_not(deal):
    rng = np.random.default_rng(2)
    tables = [losses_of_two_models(rng, deal(rng)) for _ in range(300)]
    covered = {
        name: np.mean([low < truth < high for (_, low, high), truth in intervals])
        for name, intervals in {
            "splits": [(split_interval(d, n_train=80, n_test=20), t) for d, t in tables],
            "independent": [(mean_interval(d), t) for d, t in tables],
        }.items()
    }
    assert covered["splits"] > 0.93
    assert covered["independent"] < 0.7


@pytest.mark.parametrize("rows", ["n_train", "n_test"])
@pytest.mark.parametrize("value", [0, -1, 0.8, True, None, 10**18 + 1], ids=repr)
def test_rows_of_a_split_are_counted(rows, value):
    counts = {"n_train": 80, "n_test": 20, rows: value}
    with pytest.raises((TypeError, ValueError), match=f"^{rows} must be"):
        split_interval([1.0, 2.0], **counts)
