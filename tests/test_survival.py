"""Survival curves and scores: R's values, definitions written out, and other libraries."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.duration.survfunc import SurvfuncRight
from two_cohorts import COVARIATES, gbsg, rotterdam

from labkit import (
    baseline_survival,
    concordance,
    kaplan_meier,
    load_reference,
    load_rotterdam,
    survival_brier,
)

YEARS = 365.25 * np.arange(1, 6)
R = load_reference("cox")["breslow"]
BETA = R[[f"coef_{name}" for name in COVARIATES]].to_numpy()


def test_the_cohorts_are_those_of_the_literature():
    every, (_, train), (_, test) = load_rotterdam(), rotterdam(), gbsg()
    assert (len(every), every["status"].sum()) == (2982, 1670)
    late = (every["recur"] == 0) & (every["death"] == 1) & (every["rtime"] < every["dtime"])
    assert late.sum() == 43
    assert not every.loc[late, "status"].any()
    events = train[train[:, 1] == 1, 0]
    assert (len(train), len(events)) == (1546, 1059)
    assert (len(test), test[:, 1].sum()) == (686, 299)


def test_kaplan_meier_is_rs():
    time, event = gbsg()[1].T
    curve = kaplan_meier(time, event)
    five = np.searchsorted(curve.times, YEARS, side="right") - 1
    np.testing.assert_allclose(
        curve.at(YEARS), R[[f"km_gbsg_{k}" for k in range(1, 6)]], atol=1e-12
    )
    expected = R[[f"km_gbsg_se_{k}" for k in range(1, 6)]]
    np.testing.assert_allclose(curve.se[five], expected, atol=1e-12)


follow_ups = st.lists(
    st.tuples(st.integers(1, 9), st.integers(0, 1), st.integers(0, 3)), min_size=2, max_size=30
)


@settings(max_examples=60, deadline=None)
@given(rows=follow_ups)
def test_kaplan_meier_is_statsmodels(rows):
    time, event, _ = np.array(rows, float).T
    theirs, curve = SurvfuncRight(time, event), kaplan_meier(time, event)
    assert curve.times.tolist() == list(theirs.surv_times)
    np.testing.assert_allclose(curve.survival, theirs.surv_prob, atol=1e-12)


@settings(max_examples=60, deadline=None)
@given(rows=follow_ups)
def test_followed_up_times_free_of_the_event_is_still_there(rows):
    """The product of the two curves is the share of patients who are still at risk."""
    time, event, _ = np.array(rows, float).T
    moments = np.arange(0, time.max() + 1)
    alive, followed = kaplan_meier(time, event), kaplan_meier(time, event, reverse=True)
    there = (time[:, None] > moments).mean(axis=0)
    np.testing.assert_allclose(alive.at(moments) * followed.at(moments), there, atol=1e-12)


def test_a_step_counts_at_its_time_and_not_before():
    curve = kaplan_meier([2, 4], [1, 1])
    assert curve.at([0, 1.9, 2, 4]).tolist() == [1, 1, 0.5, 0]
    assert curve.before([0, 2, 2.1, 4]).tolist() == [1, 1, 0.5, 0.5]
    assert curve.at(9) == 0  # all have had the event


def test_the_baseline_is_rs():
    (X, y), expected = rotterdam(), R[[f"baseline_{k}" for k in range(1, 6)]]
    curve = baseline_survival(*y.T, X @ BETA)
    np.testing.assert_allclose(curve.at(YEARS), expected, rtol=1e-8)


def test_a_constant_in_the_score_moves_the_baseline_alone():
    (X, y) = rotterdam()
    score = X @ BETA
    plain, moved = (baseline_survival(*y.T, score + shift) for shift in (0, 800))
    np.testing.assert_allclose(
        np.log(plain.at(YEARS)) * np.exp(score[0]),
        np.exp(np.log(-np.log(plain.at(YEARS))) + score[0]) * -1,
    )
    assert np.isfinite(moved.survival).all()
    assert np.isfinite(plain.survival).all()


def test_concordance_is_rs():
    (X, y), (Z, z) = rotterdam(), gbsg()
    assert concordance(*y.T, X @ BETA) == pytest.approx(R["c_training"], abs=1e-12)
    assert concordance(*z.T, Z @ BETA) == pytest.approx(R["c_gbsg"], abs=1e-12)


@settings(max_examples=100, deadline=None)
@given(rows=follow_ups)
def test_concordance_is_its_definition(rows):
    time, event, score = np.array(rows, float).T
    pairs = [
        (score[i] > score[j]) + (score[i] == score[j]) / 2
        for i in range(len(time))
        for j in range(len(time))
        if event[i] and (time[i] < time[j] or (time[i] == time[j] and not event[j] and i != j))
    ]
    if pairs:
        assert concordance(time, event, score) == pytest.approx(np.mean(pairs), abs=1e-12)
    else:
        with pytest.raises(ValueError, match="no two patients"):
            concordance(time, event, score)


def test_the_brier_score_is_rs():
    (X, y), (Z, z) = rotterdam(), gbsg()
    five = YEARS[4]
    survival = baseline_survival(*y.T, X @ BETA).at(five) ** np.exp(Z @ BETA)
    assert survival_brier(*z.T, survival, five) == pytest.approx(R["brier_gbsg_5"], abs=1e-10)
    alike = np.full(len(z), kaplan_meier(*z.T).at(five))
    assert survival_brier(*z.T, alike, five) == pytest.approx(R["brier_gbsg_5_km"], abs=1e-10)


def test_censoring_from_another_cohort_is_used():
    (_, y), (_, z) = rotterdam(), gbsg()
    alike = np.full(len(z), 0.5)
    theirs = survival_brier(*z.T, alike, 1000, censoring=kaplan_meier(*y.T, reverse=True))
    assert theirs != pytest.approx(survival_brier(*z.T, alike, 1000), abs=1e-4)


def test_scikit_survival_agrees():
    metrics = pytest.importorskip("sksurv.metrics", reason="scikit-survival is not installed")
    rng = np.random.default_rng(1)
    event, time, score = rng.random(200) < 0.6, rng.exponential(size=200), rng.random(200)
    target = np.array(list(zip(event, time, strict=True)), dtype=[("e", bool), ("t", float)])
    theirs = metrics.concordance_index_censored(event, time, score)[0]
    assert concordance(time, event, score) == pytest.approx(theirs, abs=1e-12)
    _, (brier,) = metrics.brier_score(target, target, score[:, None], [0.5])
    assert survival_brier(time, event, score, 0.5) == pytest.approx(brier, abs=1e-12)


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: kaplan_meier([], []), "time is empty"),
        (lambda: kaplan_meier([1, -2], [1, 0]), "time must be zero or more; the smallest is -2"),
        (lambda: kaplan_meier([1, 2], [1, 2]), "event must be 1, or 0 .*; there is 2"),
        (lambda: kaplan_meier([1, 2], [1, 0, 1]), "event has 3 entries where 2"),
        (lambda: kaplan_meier([1, np.nan], [1, 0]), "time must be finite"),
        (lambda: kaplan_meier([1, 2], [1, 0]).at(3), "time 3 is beyond the last follow-up, 2"),
        (lambda: kaplan_meier([1, 2], [1, 0]).at(-1), "time must be zero or more, not -1"),
        (lambda: baseline_survival([1, 2], [1, 0], [0]), "score has 1 entries"),
        (lambda: concordance([1, 1], [1, 1], [0, 1]), "no two patients can be compared"),
        (lambda: survival_brier([1, 2], [1, 0], [0.5, 1.5], 1), "probabilities, 0 to 1.* 1.5"),
        (lambda: survival_brier([1, 2], [1, 0], [-0.5, 1], 1), "probabilities, 0 to 1.* -0.5"),
        (lambda: survival_brier([1, 2], [1, 0], [0.5, 1], 2), "at=2 is not within the follow-up"),
    ],
)
def test_what_is_refused(call, says):
    with pytest.raises(ValueError, match=says):
        call()


FRAME = pd.DataFrame({"time": [1, 2, 3, 4], "event": [1, 1, 0, 1], "risk": [0.1, 0.5, 0.2, 0.9]})
TURNED = FRAME.iloc[[2, 0, 3, 1]]
IN_ANOTHER = (
    r"have the same index in different orders: row 0 \(counted from 0\) is 0 in time and 2 in"
)


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (baseline_survival, "score"),
        (concordance, "score"),
        (lambda *data: survival_brier(*data, 2.5), "survival"),
    ],
    ids=["baseline_survival", "concordance", "survival_brier"],
)
def test_patients_in_another_order_by_their_index_are_refused(function, name):
    function(FRAME["time"], FRAME["event"], FRAME["risk"])  # in the same order it is computed
    with pytest.raises(
        ValueError, match=rf"^time and {name} {IN_ANOTHER} {name}\. Use {name}\.loc\[time"
    ):
        function(FRAME["time"], FRAME["event"], TURNED["risk"])
    with pytest.raises(
        ValueError, match=rf"^time and event {IN_ANOTHER} event\. Use event\.loc\[time"
    ):
        function(FRAME["time"], TURNED["event"], FRAME["risk"])


def test_a_group_in_another_order_by_its_index_is_refused():
    with pytest.raises(ValueError, match=rf"^time and event {IN_ANOTHER} event\."):
        kaplan_meier(FRAME["time"], TURNED["event"])
    labelled = FRAME["time"].set_axis(list("abcd"))
    reset = TURNED["event"].reset_index(drop=True)  # 0, 1, 2, … says nothing beside labels
    by_position = kaplan_meier([1, 2, 3, 4], [0, 1, 1, 1])
    assert kaplan_meier(labelled, reset).survival.tolist() == by_position.survival.tolist()


def test_a_curve_is_asked_for():
    with pytest.raises(TypeError, match=r"censoring must be a SurvivalCurve.*not list"):
        survival_brier([1, 2], [1, 0], [0.5, 1], 1, censoring=[0.5])
