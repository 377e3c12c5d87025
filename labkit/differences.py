"""Gradients by differences: what a derivative written by hand is held to."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from labkit.inputs import Floats, as_numbers, one_number, positive, require_finite


def finite_differences(f: Callable[[Floats], float], x: ArrayLike, *, step: float = 1e-6) -> Floats:
    """Return the gradient of `f` at `x` by central differences, in the shape of `x`.

    Parameters
    ----------
    f : callable
        Takes an array of the shape of `x`, float64 and its own, and returns a number.
    x : array_like
        Where to differentiate.
    step : float
        The half width of (f(x + h) − f(x − h)) / 2h is h = step · max(1, abs(x)) for each entry.
        The error is of order h² from the third derivative and ε/h from rounding, so about 1e-6
        serves functions of moderate size. The difference with h/2 must agree with that of h, up
        to 1 % or the rounding of f.

    Returns
    -------
    ndarray
        One derivative for each entry of `x`.

    Raises
    ------
    TypeError
        If `x` are not real numbers, or `f` returns something other than one real number.
    ValueError
        If `x` or a value of `f` is not finite, or `step` is not positive, too small to move x, or
        too large; if the differences with h and h/2 disagree, so that neither is a derivative; if
        `f` computes in float32 and its rounding would be a part of the result.

    Examples
    --------
    >>> import numpy as np
    >>> from labkit import finite_differences
    >>> finite_differences(lambda w: float(w @ w), np.array([1.0, 3.0])).round(6)
    array([2., 6.])
    """
    step = positive(step, "step")
    x = np.array(as_numbers(x, "x"), dtype=np.float64)  # a copy, moved one entry at a time
    require_finite(x, "x")
    gradient = np.empty_like(x)
    seen: list[float] = []
    for i in np.ndindex(x.shape):
        middle = float(x[i])
        h = step * max(1.0, abs(middle))
        if not math.isfinite(2 * h + abs(middle)):
            raise ValueError(f"step={step:g} is too large: it moves x = {middle:g} to infinity.")
        slopes: list[float] = []
        sizes: list[float] = []
        for width in (h, h / 2):
            above, below = middle + width, middle - width
            if not below < middle < above:
                raise ValueError(f"step={step:g} is too small: it doesn't move x = {middle:g}.")
            values = []
            for x[i] in (above, below):
                values.append(_value_of(f, x))
            slopes.append((values[0] - values[1]) / (above - below))  # as it was rounded
            sizes += map(abs, values)
        x[i] = middle
        _require_agreement(slopes, max(sizes), middle, h)
        gradient[i] = slopes[0]
        seen += sizes
    _require_double(f, x, gradient, step, seen)
    return gradient


def _require_agreement(slopes: list[float], size: float, x: float, h: float) -> None:
    """Raise ValueError if the differences over h and h/2 differ by more than 1 % and rounding.

    A value near 0, as that of a loss at its minimum, may be the sum of terms of about 1 whose
    rounding is larger than its own.
    """
    wide, narrow = slopes
    rounding = 1e3 * float(np.finfo(float).eps) * max(1.0, size) / h
    if not abs(wide - narrow) <= max(0.01 * max(abs(wide), abs(narrow)), rounding):
        raise ValueError(
            f"the central differences of f at x = {x:g} are {wide:g} over ±{h:g} and {narrow:g} "
            f"over ±{h / 2:g}, so that neither is the derivative: take another step, a point where "
            "f is smooth, or compute f in float64."
        )


def _require_double(
    f: Callable[[Floats], float], x: Floats, gradient: Floats, step: float, sizes: list[float]
) -> None:
    """Raise ValueError if f computes in float32 and its rounding is a part of the gradient.

    By chance the differences over h and h/2 may be rounded to the same wrong number. But values
    that all have the few digits of a float32, next to x and at an odd point, are no doubles.
    """
    if not all(map(_is_single, sizes)):
        return
    odd = np.modf(np.sqrt(2 + np.arange(x.size)))[0].reshape(x.shape)
    scale = np.maximum(1, np.abs(x))  # of which h is step times
    value = abs(_value_of(f, x + 1e-3 * (1 + odd) * scale))
    if not _is_single(value) or value in sizes or value == round(value):
        return  # doubles, or a constant or steps, whose derivative of 0 is right
    size = max(sizes)
    rounding = float(np.finfo(np.float32).eps) * size / (step * float(scale.min()))
    if rounding > max(0.01 * float(np.abs(gradient).max()), 1e-3 * size):
        raise ValueError(
            f"f seems to compute in float32: its values near {size:g} are rounded, which makes "
            f"their differences wrong by up to {rounding:.2g}. Compute f in float64, or take a "
            "step of about 0.005."
        )


def _is_single(value: float) -> bool:
    with np.errstate(over="ignore"):
        return float(np.float32(value)) == value


def _value_of(f: Callable[[Floats], float], x: Floats) -> float:
    """Return f(x), a finite number; f has an array of its own, which it may keep or change."""
    value = one_number(f(x.copy()))
    if value is None:
        raise TypeError("f must return one real number, not an array, a complex number or None.")
    if not math.isfinite(value):
        raise ValueError(f"f is {value} within a step of x, so that it has no difference there.")
    return value
