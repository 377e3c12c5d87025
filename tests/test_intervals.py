"""Intervals of a mean: R's formula against SciPy's test, coverage, and verdicts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy import stats

from labkit import Interval, mean_interval

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
    [((1, 2), "above"), ((-2, -1), "below"), ((-1, 1), "no evidence"), ((0, 1), "no evidence")],
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
