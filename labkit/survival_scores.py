"""How well survival is predicted where some patients are censored: ranks, and probabilities."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from labkit.survival import SurvivalCurve, follow_up, kaplan_meier, of_patients


def concordance(time: ArrayLike, event: ArrayLike, score: ArrayLike) -> float:
    """Return Harrell's C: how often, of two patients, the one with the higher score fails first.

    Counted are the pairs of which one had the event while the other was still at risk: followed
    up for longer, or censored at that time. Equal scores count one half.

    Parameters
    ----------
    time, event : array-like, shape (n,)
        The patients' follow-up, as for `kaplan_meier`.
    score : array-like, shape (n,)
        Predicted risk on any scale: the higher, the earlier the event is expected.

    Returns
    -------
    float
        Between 0 and 1; 0.5 says nothing. It equals R's `concordance(..., reverse = TRUE)`.

    Raises
    ------
    TypeError, ValueError
        If times, events or scores are others, or of other patients by their index, or no pair can
        be compared.

    Notes
    -----
    F. E. Harrell, R. M. Califf, D. B. Pryor, K. L. Lee, R. A. Rosati (1982). Evaluating the yield
    of medical tests. JAMA 247, 2543-2546.

    Examples
    --------
    The first event comes to the highest score; the second would have been expected last:

    >>> concordance([1, 2, 3], [1, 1, 0], [5, 1, 2])
    0.6666666666666666
    """
    score = of_patients(score, time, "score")
    time, event = follow_up(time, event)
    pairs = concordant = 0.0
    for t in np.unique(time[event]):
        failed = score[event & (time == t)]
        later = np.sort(score[(time > t) | (~event & (time == t))])
        pairs += len(failed) * len(later)
        below = np.searchsorted(later, failed, "left") + np.searchsorted(later, failed, "right")
        concordant += below.sum() / 2
    if not pairs:
        raise ValueError(
            "no two patients can be compared: none had the event while another was still at risk."
        )
    return float(concordant / pairs)


def survival_brier(
    time: ArrayLike,
    event: ArrayLike,
    survival: ArrayLike,
    at: float,
    *,
    censoring: SurvivalCurve | None = None,
) -> float:
    """Return the Brier score of predicted survival at one time, corrected for censoring.

    Patients whose fate at that time is known stand also for those who were censored before: each
    is weighted by one over the probability of being followed up for so long.

    The score is the mean over the patients of S² / G(tᵢ-) for one who had the event by then, of
    (1 - S)² / G(at) for one who is known to be free of it, and of 0 for one who was censored
    before; S is her predicted probability.

    Parameters
    ----------
    time, event : array-like, shape (n,)
        The patients' follow-up, as for `kaplan_meier`.
    survival : array-like, shape (n,)
        Each patient's predicted probability of no event up to `at`.
    at : float
        The time of which this is said, within the follow-up.
    censoring : SurvivalCurve, optional
        G, the probability of being followed up for longer: by default that of these patients,
        `kaplan_meier(time, event, reverse=True)`. It is assumed not to depend on covariates.

    Returns
    -------
    float
        Mean squared error; 0 is perfect. It equals that of R's `pec` with `cens.model="marginal"`.

    Raises
    ------
    TypeError, ValueError
        If an argument is none of these, or of other patients by its index, or at `at` nobody is
        followed up any more.

    Notes
    -----
    E. Graf, C. Schmoor, W. Sauerbrei, M. Schumacher (1999). Assessment and comparison of prognostic
    classification schemes for survival data. Statistics in Medicine 18, 2529-2545.

    Examples
    --------
    Without censoring it is the Brier score of who is still free of the event:

    >>> survival_brier([1, 2, 3, 4], [1, 1, 1, 1], [0.0, 0.5, 1.0, 1.0], 2.5)
    0.0625
    """
    survival = of_patients(survival, time, "survival")
    time, event = follow_up(time, event)
    if survival.min() < 0 or survival.max() > 1:
        odd = survival.min() if survival.min() < 0 else survival.max()
        raise ValueError(f"survival must hold probabilities, 0 to 1; there is {odd:g}.")
    followed = kaplan_meier(time, event, reverse=True) if censoring is None else censoring
    if not isinstance(followed, SurvivalCurve):
        raise TypeError(
            "censoring must be a SurvivalCurve, as kaplan_meier(time, event, reverse=True) gives "
            f"it, not {type(censoring).__name__}."
        )
    failed, free = event & (time <= at), time > at
    if not free.any() or followed.at(at) == 0:
        raise ValueError(
            f"at={at:g} is not within the follow-up: the longest is {time.max():g}, and at least "
            "one patient must be followed up beyond it."
        )
    parts = np.zeros(len(time))
    parts[failed] = survival[failed] ** 2 / followed.before(time[failed])
    parts[free] = (1 - survival[free]) ** 2 / followed.at(at)
    return float(parts.mean())
