"""Split conformal intervals: the theorem by counting all orders, its range, what is refused."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.testing import assert_allclose
from scipy.stats import beta

from labkit import conformal_coverage, conformal_halfwidth

SIZES = {0.1: 2, 0.25: 2, 0.5: 2, 0.55: 2, 2 / 3: 2, 0.8: 4}  # and the fewest scores that will do


@pytest.mark.parametrize(("n", "coverage"), [(n, c) for c in SIZES for n in range(SIZES[c], 7)])
def test_in_all_orders_of_distinct_scores_the_last_is_covered_as_often_as_the_theorem_says(
    n, coverage
):
    orders = list(itertools.permutations(range(n + 1)))
    covered = [order[-1] <= conformal_halfwidth(order[:-1], coverage=coverage) for order in orders]
    share = np.mean(covered)
    assert coverage - 1e-12 <= share <= coverage + 1 / (n + 1) + 1e-12
    assert share == pytest.approx(conformal_coverage(n, coverage=coverage).mean)


@pytest.mark.parametrize("coverage", [0.25, 0.5, 0.75])
def test_with_ties_the_last_is_covered_at_least_so_often(coverage):
    for values in itertools.combinations_with_replacement(range(3), 5):
        orders = itertools.permutations(values)
        covered = [o[-1] <= conformal_halfwidth(o[:-1], coverage=coverage) for o in orders]
        assert np.mean(covered) >= coverage


@given(
    st.lists(st.floats(0, 1e6), min_size=1, max_size=60),
    st.sampled_from((0.05, 0.1, 0.3, 0.5, 0.55, 0.7, 0.9, 0.95, 0.99)),
)
def test_it_is_the_smallest_score_that_enough_scores_do_not_exceed(scores, coverage):
    n, percent = len(scores), round(100 * coverage)
    needed = -(-(n + 1) * percent // 100)  # in whole numbers
    if needed > n:
        with pytest.raises(ValueError, match="at least"):
            conformal_halfwidth(scores, coverage=coverage)
        return
    width = conformal_halfwidth(scores, coverage=coverage)
    assert width in scores
    assert sum(s <= width for s in scores) >= needed
    assert sum(s < width for s in scores) < needed


@pytest.mark.parametrize(
    ("n", "coverage", "k"),
    [(99, 0.55, 55), (9, 1 - 0.7, 3), (99, 0.9, 90), (100, 0.9, 91), (9, 0.9, 9), (2, 2 / 3, 2)],
)
def test_the_rank_is_not_moved_by_how_a_share_is_stored(n, coverage, k):
    assert conformal_halfwidth(np.arange(n, 0, -1.0), coverage=coverage) == k
    assert conformal_halfwidth(np.arange(1.0, n + 1), coverage=np.float32(coverage)) == k


@pytest.mark.parametrize("n", [19, 50, 199])
def test_over_many_tables_mean_and_range_are_what_it_says(n):
    tables = 4000
    draws = np.random.default_rng(n).exponential(size=(tables, n))
    widths = np.array([conformal_halfwidth(row, coverage=0.8) for row in draws])
    found = 1 - np.exp(-widths)  # the probability that a new exponential score is not larger
    mean, low, high = conformal_coverage(n, coverage=0.8)
    assert abs(found.mean() - mean) < 4 * found.std() / math.sqrt(tables)
    assert abs(np.mean((low < found) & (found < high)) - 0.95) < 4 * math.sqrt(0.0475 / tables)
    assert abs(np.mean(found < low) - 0.025) < 4 * math.sqrt(0.025 / tables)


def test_the_range_of_an_observed_share_knows_the_luck_of_the_new_rows():
    rng = np.random.default_rng(5)
    truly = beta(81, 20).rvs(20_000, random_state=rng)
    observed = rng.binomial(40, truly) / 40
    mean, low, high = conformal_coverage(100, coverage=0.8, n_test=40)
    assert mean == 81 / 101
    assert_allclose([low, high], np.quantile(observed, [0.025, 0.975]), atol=1e-9)
    wide = conformal_coverage(100, coverage=0.8)
    assert low < wide.low < wide.high < high
    many = conformal_coverage(100, coverage=0.8, n_test=10**6)
    assert_allclose(many, wide, atol=1e-4)


def test_half_of_the_rest_lies_on_either_side():
    _, low, high = conformal_coverage(99, coverage=0.9, level=0.5)
    assert_allclose(beta.cdf([low, high], 90, 10), [0.25, 0.75])


def test_the_scores_stay_as_they_are():
    scores = np.array([3.0, 1.0, 2.0])
    assert conformal_halfwidth(scores, coverage=0.5) == 2
    assert scores.tolist() == [3, 1, 2]


@pytest.mark.parametrize(
    ("scores", "coverage", "message"),
    [
        (np.ones(8), 0.9, "coverage=0.9 takes at least 9 calibration rows, and there are 8"),
        (np.ones(998), 0.999, "at least 999 calibration rows, and there are 998"),
        ([1.0, -2.0, 3.0], 0.5, "zero or more, and one is -2: give the absolute value"),
        ([1.0, np.nan, 3.0], 0.5, "1 of its 3 entries are not, the first at row 1"),
        ([], 0.5, r"not of shape \(0,\)"),
        (2.0, 0.5, r"not of shape \(\)"),
        (np.ones((9, 1)), 0.5, r"not of shape \(9, 1\)"),
        (np.ones(9), 1, "coverage must lie between 0 and 1, as 0.9 does, not 1"),
        (np.ones(9), 0.0, "must lie between 0 and 1"),
        (np.ones(9), 90, "must lie between 0 and 1"),
        (np.ones(9), math.nan, "must lie between 0 and 1"),
    ],
)
def test_what_gives_no_interval_is_refused(scores, coverage, message):
    with pytest.raises(ValueError, match=message):
        conformal_halfwidth(scores, coverage=coverage)


def test_what_is_no_number_is_refused():
    with pytest.raises(TypeError, match="scores must hold real numbers"):
        conformal_halfwidth(["a", "b"], coverage=0.5)
    for odd in ("0.9", None, True):
        kind = (
            f"coverage must be a number between 0 and 1, not {odd!r} of type {type(odd).__name__}"
        )
        with pytest.raises(TypeError, match=kind):
            conformal_halfwidth([1.0, 2.0], coverage=odd)
    for rows in ({"n": 10**10}, {"n": 99, "n_test": 10**10}):
        with pytest.raises(ValueError, match="must be at most 1000000000, not 10000000000"):
            conformal_coverage(**rows)
    with pytest.raises(TypeError, match="n must be a whole number"):
        conformal_coverage(99.5)
    with pytest.raises(ValueError, match="n_test must be 1 or more, not 0"):
        conformal_coverage(99, n_test=0)
    with pytest.raises(ValueError, match="level must lie between 0 and 1"):
        conformal_coverage(99, level=95)
    with pytest.raises(ValueError, match="at least 9 calibration rows, and there are 8"):
        conformal_coverage(8)


def test_as_few_as_will_do_are_taken():
    assert conformal_halfwidth(np.arange(9.0), coverage=0.9) == 8
    assert conformal_coverage(9, coverage=0.9).mean == 0.9
