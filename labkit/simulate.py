"""Data with a known truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from labkit.inputs import (
    Floats,
    Stream,
    as_numbers,
    as_rng,
    as_vector,
    positive,
    require_finite,
    whole,
)

_MOST_CYCLES = 1e6  # beyond them the rounding of an angle shows in the points


@dataclass(frozen=True, eq=False)
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
        The first coefficients, at most p; the others are zero. A Series counts by position;
        one whose index names features must name x1, x2, … in this order.
    noise_sd : float
        Standard deviation of the noise; zero adds none.
    rng : int, Generator, RStream or None
        The source of randomness. X is drawn first, then the noise, so that `RStream(42)` gives
        what R gives after ``set.seed(42); X <- matrix(rnorm(n * p), n, p)``.

    Returns
    -------
    LinearData

    Raises
    ------
    TypeError, ValueError
        If a size is not a whole number of 1 or more, `beta` is longer than p, not finite or
        named in another order, or `noise_sd` is negative.

    Examples
    --------
    >>> from labkit import RStream, make_linear
    >>> data = make_linear(500, 10, rng=RStream(42))
    >>> data.X.shape, data.y.shape, data.y[:2].round(3)
    ((500, 10), (500,), array([ 2.911, -1.297]))
    """
    n, p = whole(n, "n"), whole(p, "p")
    noise_sd = _noise_sd(noise_sd)
    given = as_numbers(beta, "beta").size
    if given > p:
        raise ValueError(f"beta has {given} coefficients, more than the p = {p} features.")
    _require_order_of_features(beta, p)
    coefficients = np.zeros(p)
    if given:
        coefficients[:given] = as_vector(beta, given, "beta")

    stream = as_rng(rng)
    X = stream.standard_normal((n, p))
    mean = X @ coefficients
    y = mean + noise_sd * stream.standard_normal(n)
    return LinearData(X, y, mean, coefficients, noise_sd)


@dataclass(frozen=True, eq=False)
class SpiralData:
    """Points of two classes on interlocking spirals, with the curves that they were drawn from.

    Attributes
    ----------
    X : ndarray, shape (n, 2)
        The points: `curve`, moved along the normals by noise.
    y : ndarray of int, shape (n,)
        The classes, from 0; the first n / 2 points are of class 0.
    curve : ndarray, shape (n, 2)
        Where the points would lie without the noise.
    noise_sd : float
        Standard deviation of the distance from the curve, in the units of X.
    cycles : float
        How often each spiral goes round the origin.
    """

    X: Floats
    y: NDArray[np.int64]
    curve: Floats
    noise_sd: float
    cycles: float


def make_spirals(
    n: int = 500,
    *,
    noise_sd: float = 0.1,
    cycles: float = 1,
    rng: int | Stream | None = None,
) -> SpiralData:
    """Draw two classes of points along two spirals that wind round each other.

    Parameters
    ----------
    n : int
        Number of points, even: half of them in each class.
    noise_sd : float
        Standard deviation of the noise; zero adds none.
    cycles : float
        How often each spiral goes round the origin.
    rng : int, Generator, RStream or None
        The source of randomness. The noise of class 0 is drawn first, then that of class 1.

    Returns
    -------
    SpiralData

    Raises
    ------
    TypeError, ValueError
        If n is not an even whole number of 2 or more, `noise_sd` is negative, or `cycles` is not
        positive or more than a million.

    Notes
    -----
    Point i = 0, 1, … of a class with m = n / 2 points has w = i · cycles / m and lies at
    ((2w + 1) cos 2πw, (2w + 1) sin 2πw) / 3, moved along the curve's unit normal by a standard
    normal draw times `noise_sd`. Class 1 is the same construction, with draws of its own,
    turned by half a turn: its points are negated.

    Examples
    --------
    >>> from labkit import make_spirals
    >>> data = make_spirals(500, rng=1)
    >>> data.X.shape, data.y.shape, data.y[[0, -1]]
    ((500, 2), (500,), array([0, 1]))
    """
    n = whole(n, "n", at_least=2)
    if n % 2:
        raise ValueError(f"n must be even, half of it for each class, not {n}.")
    noise_sd = _noise_sd(noise_sd)
    cycles = positive(cycles, "cycles")
    if cycles > _MOST_CYCLES:
        raise ValueError(f"cycles must be at most {_MOST_CYCLES:g}, not {cycles:g}.")

    m = n // 2
    w = np.arange(m) * cycles / m
    out = np.column_stack([np.cos(2 * np.pi * w), np.sin(2 * np.pi * w)])
    along = np.column_stack([-out[:, 1], out[:, 0]])  # a quarter turn further
    radius = (2 * w + 1)[:, None] / 3
    tangent = 2 / 3 * out + 2 * np.pi * radius * along
    normal = np.column_stack([-tangent[:, 1], tangent[:, 0]])
    normal /= np.linalg.norm(normal, axis=1, keepdims=True)

    stream = as_rng(rng)
    arm = radius * out
    curve = np.concatenate([arm, -arm])
    moved = [arm + noise_sd * stream.standard_normal(m)[:, None] * normal for _ in range(2)]
    X = np.concatenate([moved[0], -moved[1]])
    return SpiralData(X, np.repeat([0, 1], m), curve, noise_sd, cycles)


def _noise_sd(value: float) -> float:
    noise_sd = positive(value, "noise_sd", or_zero=True)
    require_finite(np.array([noise_sd]), "noise_sd")
    return noise_sd


def _require_order_of_features(beta: Any, p: int) -> None:
    index: Any = getattr(beta, "index", None)  # of a Series; a list has a method of this name
    names = [] if index is None or callable(index) else [str(name) for name in index]
    features = [f"x{j}" for j in range(1, p + 1)]
    if set(names) & set(features) and names != features[: len(names)]:
        raise ValueError(
            f"beta names {', '.join(names)}, and the features are x1, x2, … in this order: "
            "bring it into that order, with a zero where a feature has no effect."
        )
