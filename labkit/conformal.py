"""Split conformal prediction: how wide an interval must be, and what its coverage then is."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from labkit.inputs import as_numbers, as_vector, one_number, whole
from labkit.intervals import Interval

_MOST = 10**9  # calibration rows, beyond which the rank would no longer be exact


def conformal_halfwidth(scores: ArrayLike, *, coverage: float = 0.9) -> float:
    """Return the half-width with which intervals hold a new outcome with at least `coverage`.

    Fit a model on some rows. On n others, the calibration rows, compute how far each outcome lies
    from its prediction. Then prediction ± half-width holds the outcome of a new row with the
    probability asked for, whatever the model, as long as the calibration rows and the new row are
    exchangeable and none of them had a part in the fit or in its tuning.

    Parameters
    ----------
    scores : array_like, shape (n,)
        One score a calibration row, zero or more: the absolute residual |y − ŷ| in the unit of
        the outcome; or |y − ŷ|/σ̂, with a σ̂ from the fit too, and then the half-width at a new row
        is the value returned times its σ̂.
    coverage : float
        The probability asked for, between 0 and 1. It takes n ≥ coverage/(1 − coverage).

    Returns
    -------
    float
        The k-th smallest score, k = ⌈(n + 1) · coverage⌉. In R, `sort(scores)[k]`.

    Raises
    ------
    TypeError, ValueError
        If the scores are not finite numbers from 0 on in a vector, if the coverage is no number
        between 0 and 1, or if there are too few scores for it.

    Notes
    -----
    Of n + 1 exchangeable scores the last is among the k smallest with probability k/(n + 1), or
    more where there are ties (Vovk, Gammerman and Shafer, Algorithmic Learning in a Random World,
    2005). Hence the coverage lies between `coverage` and `coverage` + 1/(n + 1) (Lei, G'Sell,
    Rinaldo, Tibshirani and Wasserman, JASA 113, 2018, theorem 2.2, the upper end for scores
    without ties). It is an average, over calibration rows and new rows alike: `conformal_coverage`
    says how far a single table may lie from it, and for new rows of one kind there is no promise.

    Examples
    --------
    Nineteen residuals, and the 18th smallest of them:

    >>> from labkit import conformal_halfwidth
    >>> conformal_halfwidth(range(1, 20), coverage=0.9)
    18.0
    """
    given = as_numbers(scores, "scores")
    if given.ndim != 1 or not len(given):
        raise ValueError(
            f"scores must be a vector of one score a calibration row, not of shape {given.shape}."
        )
    vector = as_vector(given, len(given), "scores")
    if vector.min() < 0:
        raise ValueError(
            f"scores must be zero or more, and one is {vector.min():g}: give the absolute value "
            "of each residual; a limit to one side alone is another sorted score."
        )
    return float(np.sort(vector)[_rank(len(vector), coverage) - 1])


def conformal_coverage(
    n: int, *, coverage: float = 0.9, n_test: int | None = None, level: float = 0.95
) -> Interval:
    """Return the coverage that n calibration rows give: on average, and its range over tables.

    Parameters
    ----------
    n : int
        Calibration rows.
    coverage : float
        The probability that `conformal_halfwidth` was asked for.
    n_test : int, optional
        New rows in which the coverage is observed. With it the range is that of the observed
        share, which varies by the luck of these rows too; without it, of the coverage among all
        new rows.
    level : float
        The probability of the range, between 0 and 1; half of the rest lies on either side.

    Returns
    -------
    Interval
        `mean`, k/(n + 1) with k = ⌈(n + 1) · coverage⌉, and the range, `low` to `high`, in which
        the coverage of one table lies with probability `level`.

    Raises
    ------
    TypeError, ValueError
        If the rows are no whole numbers from 1 on, the coverage or the level are no numbers
        between 0 and 1, or there are too few rows for the coverage.

    Notes
    -----
    Given the calibration rows, the coverage has a beta distribution with k and n + 1 − k, where
    scores have no ties (Vovk, Conditional validity of inductive conformal predictors, ACML 2012);
    with ties it is the same or more. The number of new rows that are covered is then
    beta-binomial. In R, `qbeta(c(0.025, 0.975), k, n + 1 - k)`.

    Examples
    --------
    >>> from labkit import conformal_coverage
    >>> mean, low, high = conformal_coverage(99, coverage=0.9)
    >>> f"{mean:.3f} ({low:.3f} to {high:.3f})"
    '0.900 (0.834 to 0.950)'
    """
    from scipy.stats import beta, betabinom

    n = whole(n, "n", at_most=_MOST)
    k = _rank(n, coverage)
    tail = (1 - float(_share(level, "level"))) / 2
    shape = (k, n + 1 - k)
    if n_test is None:
        low, high = beta.ppf([tail, 1 - tail], *shape)
    else:
        n_test = whole(n_test, "n_test", at_most=_MOST)
        low, high = betabinom.ppf([tail, 1 - tail], n_test, *shape) / n_test
    return Interval(k / (n + 1), float(low), float(high))


def _rank(n: int, coverage: float) -> int:
    """Return ⌈(n + 1) · coverage⌉, or say that n scores are too few for it."""
    share = _share(coverage, "coverage")
    rank = math.ceil((n + 1) * share)
    if rank > n:
        needed = math.ceil(share / (1 - share))
        raise ValueError(
            f"coverage={coverage} takes at least {needed:,} calibration rows, and there are {n:,}: "
            "the interval would be without an end. Use more rows, or ask for less coverage."
        )
    return rank


def _share(value: float, name: str) -> Fraction:
    """Return a number between 0 and 1 as the fraction that was meant: 0.55 is 11/20.

    The float nearest to 0.55 times 100 is above 55, and rounded up it would be 56.
    """
    number = None if isinstance(value, bool) else one_number(value)
    if number is None:
        kind = type(value).__name__
        raise TypeError(f"{name} must be a number between 0 and 1, not {value!r} of type {kind}.")
    if not 0 < number < 1:
        raise ValueError(f"{name} must lie between 0 and 1, as 0.9 does, not {value}.")
    share = Fraction(number).limit_denominator(10**6)
    return share if 0 < share < 1 else Fraction(number)
