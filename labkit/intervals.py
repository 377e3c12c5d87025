"""How sure a mean is: Student's interval, and the verdict that it allows."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from labkit.inputs import Floats, as_numbers, as_vector, whole

_MOST = 10**18  # comparisons; further out Student's quantile is no number to rely on


class Interval(NamedTuple):
    """A mean with the ends of its confidence interval.

    Attributes
    ----------
    mean : float
        The mean.
    low, high : float
        The lower and the upper end.
    """

    mean: float
    low: float
    high: float

    def verdict(self, below: str, above: str) -> str:
        """Return `below` or `above`, the side of zero it lies on; "no evidence" if zero is inside.

        Raises
        ------
        ValueError
            If the ends are no interval: one is NaN, or `low` is above `high`.

        Examples
        --------
        >>> from labkit import mean_interval
        >>> mean_interval([-3.1, -2.9, -3.0]).verdict("worse", "better")
        'worse'
        >>> mean_interval([-3, 3]).verdict("worse", "better")
        'no evidence'
        """
        if not self.low <= self.high:
            raise ValueError(f"low={self.low}, high={self.high} are not the ends of an interval.")
        if self.low > 0:
            return above
        return below if self.high < 0 else "no evidence"


def mean_interval(values: ArrayLike, *, comparisons: int = 1) -> Interval:
    """Return the mean of independent values with its 95 % t interval.

    For two methods measured on the same tables, give the differences, table by table: their
    interval is the paired one.

    Parameters
    ----------
    values : array_like, shape (n,)
        At least two finite numbers. Where all are alike the interval has no width.
    comparisons : int
        How many intervals are to hold together with 95 % confidence; each is then taken at
        1 − 0.05/comparisons (Bonferroni; Dunn, JASA 1961).

    Returns
    -------
    Interval
        `mean`, and `low` and `high`: mean ± t · s/√n, with the quantile t of Student's
        distribution on n − 1 degrees of freedom. In R, `t.test(values)$conf.int`.

    Raises
    ------
    TypeError, ValueError
        If the values are not at least two finite real numbers in a vector.

    Examples
    --------
    >>> from labkit import mean_interval
    >>> mean, low, high = mean_interval([1.0, 2.0, 3.0])
    >>> f"{mean:.2f} ({low:.2f} to {high:.2f})"
    '2.00 (-0.48 to 4.48)'
    """
    from scipy.stats import t

    comparisons = whole(comparisons, "comparisons", at_most=_MOST)
    given = as_numbers(values, "values")
    if given.ndim != 1 or len(given) < 2:
        raise ValueError(
            f"values must be a vector of at least two numbers, not of shape {given.shape}: "
            "one value says nothing of its own spread."
        )
    n = len(given)
    vector = as_vector(given, n, "values")
    mean, sd = mean_and_sd(vector)
    reach = float(t.isf(0.025 / comparisons, n - 1)) * sd / math.sqrt(n)
    return Interval(mean, mean - reach, mean + reach)


def mean_and_sd(values: Floats) -> tuple[float, float]:
    """Return the mean and the standard deviation, on n − 1, of two or more finite values.

    They are brought to a size near 1 by a power of two, which rounds nothing, so that squares
    neither overflow nor vanish. Where all are equal, so is their mean, which a sum would round.
    """
    if (values == values[0]).all():
        return float(values[0]), 0.0
    scale = math.ldexp(1.0, math.frexp(float(np.abs(values).max()))[1] - 1)
    scaled = values / scale
    return float(scaled.mean()) * scale, float(scaled.std(ddof=1)) * scale
