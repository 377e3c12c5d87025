"""Data with a known truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from labkit.inputs import Floats, Stream, as_rng, as_vector, positive, whole


@dataclass(frozen=True)
class LinearData:
    """A table drawn from a linear model, with the truth that it was drawn from.

    Attributes
    ----------
    X : ndarray, shape (n, p)
        The features, standard normal.
    y : ndarray, shape (n,)
        The outcome, `mean` plus noise.
    mean : ndarray, shape (n,)
        What y would be without the noise: X @ beta.
    beta : ndarray, shape (p,)
        The true coefficients.
    noise_sd : float
        Standard deviation of the noise, in the units of y.
    """

    X: Floats
    y: Floats
    mean: Floats
    beta: Floats
    noise_sd: float


def make_linear(
    n: int = 500,
    p: int = 10,
    *,
    beta: Sequence[float] = (2.0, -1.0, 0.5),
    noise_sd: float = 0.5,
    rng: int | Stream | None = None,
) -> LinearData:
    """Draw y = X beta + noise, with standard normal features and normal noise.

    Parameters
    ----------
    n, p : int
        Numbers of rows and of features.
    beta : sequence of float
        The first coefficients, at most p; the others are zero.
    noise_sd : float
        Standard deviation of the noise; zero draws none of it.
    rng : int, Generator, RStream or None
        The source of randomness. X is drawn first, then the noise, so that `RStream(42)` gives
        what R gives after ``set.seed(42); X <- matrix(rnorm(n * p), n, p)``.

    Returns
    -------
    LinearData

    Raises
    ------
    TypeError, ValueError
        If a size is not a whole number of 1 or more, `beta` is longer than p or not finite, or
        `noise_sd` is negative.

    Examples
    --------
    >>> from labkit import RStream, make_linear
    >>> data = make_linear(500, 10, rng=RStream(42))
    >>> data.X.shape, data.y.shape, data.y[:2].round(3)
    ((500, 10), (500,), array([ 2.911, -1.297]))
    """
    n, p = whole(n, "n"), whole(p, "p")
    noise_sd = positive(noise_sd, "noise_sd", or_zero=True)
    given = np.size(beta)
    if given > p:
        raise ValueError(f"beta has {given} coefficients, more than the p = {p} features.")
    coefficients = np.zeros(p)
    if given:
        coefficients[:given] = as_vector(beta, given, "beta")

    stream = as_rng(rng)
    X = stream.standard_normal((n, p))
    mean = X @ coefficients
    y = mean + noise_sd * stream.standard_normal(n)
    return LinearData(X, y, mean, coefficients, noise_sd)
