"""Survival curves: of a group by Kaplan and Meier, and of patients by their Cox scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from labkit.inputs import Floats, as_floats, as_vector, require_finite, require_same_rows


@dataclass(frozen=True, eq=False)
class SurvivalCurve:
    """A survival function that falls in steps.

    Attributes
    ----------
    times : ndarray, shape (k,)
        Where it falls, ascending, in the unit of the follow-up.
    survival : ndarray, shape (k,)
        Its value from each of these times on.
    se : ndarray, shape (k,), or None
        Standard errors of `survival` (Greenwood's), as R's `survfit` gives them.
    last : float
        The longest follow-up. Beyond it nothing is known unless everybody had the event.
    """

    times: Floats
    survival: Floats
    se: Floats | None
    last: float

    def at(self, time: ArrayLike) -> Floats:
        """Return the probability of no event up to and at each time, in the shape of `time`.

        Raises
        ------
        ValueError
            If a time is negative, or beyond the last follow-up while some are still at risk.
        """
        return self._value(time, side="right")

    def before(self, time: ArrayLike) -> Floats:
        """Return the probability of no event before each time: what `at` gives just before it."""
        return self._value(time, side="left")

    def _value(self, time: ArrayLike, side: Any) -> Floats:
        time = as_floats(time, "time")
        require_finite(np.atleast_1d(time), "time")
        if time.size and time.min() < 0:
            raise ValueError(f"time must be zero or more, not {time.min():g}.")
        ends = self.survival.size and self.survival[-1] == 0
        if time.size and time.max() > self.last and not ends:
            raise ValueError(
                f"time {time.max():g} is beyond the last follow-up, {self.last:g}, and nothing "
                "is known of it: ask for an earlier time."
            )
        curve: Floats = np.concatenate([[1.0], self.survival])
        return curve[np.searchsorted(self.times, time, side=side)]


def kaplan_meier(time: ArrayLike, event: ArrayLike, *, reverse: bool = False) -> SurvivalCurve:
    """Estimate the survival function of a group, without a model.

    S(t) = Π (1 - d/r) over the times of events up to t, with d events at such a time among the r
    patients still at risk.

    Parameters
    ----------
    time : array-like, shape (n,)
        Follow-up of each patient, zero or more, in any unit.
    event : array-like, shape (n,)
        1 if it ended with the event, 0 if it was censored. Who is censored at the time of an event
        was still at risk then.
    reverse : bool
        Whether to estimate the censoring instead: the probability of being followed up for longer,
        had nobody an event. Who has the event at that time is no longer at risk of being censored.

    Returns
    -------
    SurvivalCurve

    Raises
    ------
    TypeError, ValueError
        If times or events are others, or of other patients by their index.

    Notes
    -----
    E. L. Kaplan, P. Meier (1958). Nonparametric estimation from incomplete observations. Journal of
    the American Statistical Association 53, 457-481.

    Examples
    --------
    >>> curve = kaplan_meier([1, 2, 2, 4], [1, 1, 0, 0])
    >>> curve.at([0, 1, 3]).tolist()
    [1.0, 0.75, 0.5]
    """
    time, event = follow_up(time, event)
    counted = ~event if reverse else event
    times, falls = np.unique(time[counted], return_counts=True)
    at_risk = len(time) - np.searchsorted(np.sort(time), times)
    if reverse:
        at_risk = at_risk - np.array([np.sum(event & (time == t)) for t in times], dtype=int)
    survival = np.cumprod(1 - falls / at_risk, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):  # at the end, where all have had it
        variance = np.cumsum(falls / (at_risk * (at_risk - falls)))
        se: Floats = np.where(survival > 0, survival * np.sqrt(variance), 0.0)
    return SurvivalCurve(times, survival, se, float(time.max()))


def baseline_survival(time: ArrayLike, event: ArrayLike, score: ArrayLike) -> SurvivalCurve:
    """Estimate what a Cox score leaves open: the survival of a patient whose score is 0.

    S₀(t) = exp(-Σ d/Σ exp f): the outer sum is over the times of events up to t, with d events
    each, the inner one over the patients still at risk. A patient with the score f then survives
    with probability S₀(t) ** exp(f).

    Parameters
    ----------
    time, event : array-like, shape (n,)
        The follow-up of the patients that the score was fitted on, as for `kaplan_meier`.
    score : array-like, shape (n,)
        Their log hazard ratios f.

    Returns
    -------
    SurvivalCurve
        Without standard errors. It equals R's `exp(-basehaz(fit, centered = FALSE))` for a fit with
        `ties = "breslow"`.

    Raises
    ------
    TypeError, ValueError
        If times, events or scores are others, or of other patients by their index.

    Notes
    -----
    N. Breslow (1972). Discussion of Cox's paper. Journal of the Royal Statistical Society B 34,
    216-217.

    Examples
    --------
    With equal scores it is close to Kaplan and Meier's curve:

    >>> curve = baseline_survival([1, 2, 2, 4], [1, 1, 0, 0], [0, 0, 0, 0])
    >>> curve.at([1, 3]).round(3).tolist()
    [0.779, 0.558]
    """
    score = of_patients(score, time, "score")
    time, event = follow_up(time, event)
    times, falls = np.unique(time[event], return_counts=True)
    order = np.argsort(time)
    largest = score.max()  # so that nothing overflows
    to_come = np.cumsum(np.exp(score[order] - largest)[::-1])[::-1]
    at_risk = to_come[np.searchsorted(time[order], times)]
    hazard = np.cumsum(np.exp(np.log(falls / at_risk) - largest))
    return SurvivalCurve(times, np.exp(-hazard), None, float(time.max()))


def follow_up(time: ArrayLike, event: ArrayLike) -> tuple[Floats, NDArray[np.bool_]]:
    """Return times (n,) and events (n,) as numbers and truth values, checked together."""
    events = of_patients(event, time, "event")
    time = as_vector(time, len(events), "time")
    if time.min() < 0:
        raise ValueError(f"time must be zero or more; the smallest is {time.min():g}.")
    if not np.isin(events, (0, 1)).all():
        other = events[~np.isin(events, (0, 1))][0]
        raise ValueError(f"event must be 1, or 0 for a censored patient; there is {other:g}.")
    return time, events == 1


def of_patients(values: ArrayLike, time: ArrayLike, name: str) -> Floats:
    """Return numbers (n,), one for each patient, in the order of the times by their index."""
    if np.size(time) == 0:
        raise ValueError("time is empty.")
    require_same_rows(time, values, names=("time", name))
    return as_vector(values, np.size(time), name)
