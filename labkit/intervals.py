"""How sure a mean is: Student's interval, one for overlapping splits, and their verdicts."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from labkit.inputs import Floats, as_numbers, as_vector, whole

UNDECIDED = "no evidence"
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

    def verdict(self, below: str, above: str, *, at: float = 0.0) -> str:
        """Return `below` or `above`, the side of `at` it lies on; "no evidence" if `at` is inside.

        Parameters
        ----------
        below, above : str
            The words for either side.
        at : float
            What the interval is held against: 0 for a difference, 1 for a ratio.

        Raises
        ------
        ValueError
            If the ends are no interval: one is NaN, or `low` is above `high`; if `at` is NaN.

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
        if math.isnan(at):
            raise ValueError("at must be a number that the interval is held against, not NaN.")
        if self.low > at:
            return above
        return below if self.high < at else UNDECIDED


def mean_interval(values: ArrayLike, *, comparisons: int = 1) -> Interval:
    """Return the mean of independent values with its 95 % t interval.

    For two methods measured on the same tables, give the differences, table by table: their
    interval is the paired one. Values are independent when each comes from data of its own, as in
    a simulation study; results from several splits of one table are not, and `split_interval` is
    for them.

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
    return _interval(values, 0.0, comparisons)


def split_interval(
    values: ArrayLike, *, n_train: int, n_test: int, comparisons: int = 1
) -> Interval:
    """Return the mean over splits of one table with an interval that knows that they overlap.

    Training sets of one table share rows, so results of several splits are not independent, and
    their t interval shrinks towards nothing as splits are added, though no row is. Here the
    variance of the mean gets a second term, the ratio of test rows to training rows, which no
    number of splits makes smaller.

    Parameters
    ----------
    values : array_like, shape (n,)
        One number a split, such as the difference of two models' losses on its test rows. At
        least two.
    n_train, n_test : int
        The rows to train on and those to test on, in each split. For cross-validation with k
        folds, repeated or not, (k − 1) · m and m will do, with any m.
    comparisons : int
        How many intervals are to hold together with 95 % confidence, as in `mean_interval`.

    Returns
    -------
    Interval
        `mean`, and `low` and `high`: mean ± t · s · √(1/n + n_test/n_train), with the quantile t
        of Student's distribution on n − 1 degrees of freedom.

    Raises
    ------
    TypeError, ValueError
        If the values are not at least two finite real numbers in a vector, or the rows are no
        whole numbers from 1 on.

    Notes
    -----
    The formula is by Nadeau and Bengio (Machine Learning 52, 2003) for random splits, and was
    taken over for repeated k-fold cross-validation by Bouckaert and Frank (PAKDD 2004). It is a
    heuristic, mostly on the safe side: no unbiased estimator of this variance exists (Bengio and
    Grandvalet, JMLR 5, 2004).

    Examples
    --------
    Ten splits of 100 rows into 80 and 20:

    >>> from labkit import mean_interval, split_interval
    >>> gains = [0.4, 0.1, 0.5, -0.2, 0.3, 0.6, 0.2, 0.0, 0.3, 0.4]
    >>> naive = mean_interval(gains)
    >>> f"{naive.mean:.2f} ({naive.low:.2f} to {naive.high:.2f})"
    '0.26 (0.09 to 0.43)'
    >>> mean, low, high = split_interval(gains, n_train=80, n_test=20)
    >>> f"{mean:.2f} ({low:.2f} to {high:.2f})"
    '0.26 (-0.06 to 0.58)'
    """
    n_train = whole(n_train, "n_train", at_most=_MOST)
    n_test = whole(n_test, "n_test", at_most=_MOST)
    return _interval(values, n_test / n_train, comparisons)


def _interval(values: ArrayLike, overlap: float, comparisons: int) -> Interval:
    """Return the t interval whose variance of the mean is s² · (1/n + overlap)."""
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
    reach = float(t.isf(0.025 / comparisons, n - 1)) * sd * math.sqrt(1 / n + overlap)
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
