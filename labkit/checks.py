"""Checks: named numbers with the range they must fall in, and gradients held to differences."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from labkit.cell import CellRun, running_cell
from labkit.inputs import Floats, as_numbers, one_number, positive, require_finite
from labkit.report import Table


@dataclass(frozen=True)
class Check:
    """One named number, the open interval it must lie in, and how both are written."""

    name: str
    value: float
    low: float
    high: float
    expected: str
    digits: int = 3

    @property
    def ok(self) -> bool:
        """Whether the value lies in its range; NaN never does."""
        return self.low < self.value < self.high

    def shown(self, digits: int = 3) -> str:
        """Return the value in so many digits, or in as many as tell it from its limits."""
        return f"{self.value:.{max(digits, self.digits)}g}"


class Checks:
    """Named numbers, each with the range that it must fall in.

    A cell can be run again, edited or not: what it adds takes the place of what it added before.
    Where no editor says which cell it is, cells of one source count as one that is run again where
    they add the same names.

    Examples
    --------
    >>> from labkit import Checks
    >>> checks = Checks()
    >>> checks.add("gap to OLS, in standard errors", 2.1, below=3)
    >>> checks.add("ratio of variances", 1.02, between=(0.9, 1.1))
    >>> print(checks.report())
    Check                            Value   Expected              Verdict
    gap to OLS, in standard errors   2.1     below 3               ok
    ratio of variances               1.02    between 0.9 and 1.1   ok
    """

    def __init__(self) -> None:
        # In the order of the first adding; None keeps the place of what a cell's rerun left out.
        self._added: dict[str, tuple[Check, CellRun] | None] = {}

    @property
    def _checks(self) -> list[Check]:
        return [added[0] for added in self._added.values() if added is not None]

    def __getstate__(self) -> dict[str, Any]:
        """Pickle the checks without the cells, which end with their process."""
        nowhere = CellRun(cell=None, run=None)
        return {"_added": {name: a and (a[0], nowhere) for name, a in self._added.items()}}

    def add(
        self,
        name: str,
        value: float,
        *,
        below: float | None = None,
        above: float | None = None,
        between: tuple[float, float] | None = None,
    ) -> None:
        """Add a number and the range that it must fall in.

        Parameters
        ----------
        name : str
            What the number is, with its unit; used once, by one cell. When the cell is run again,
            all that it had added before is replaced. Not empty.
        value : float
            The number. True and False count as 1 and 0. NaN falls in no range.
        below, above : float, optional
            The value must be strictly below, strictly above; give one of them or `between`.
        between : (float, float), optional
            The value must be strictly between the two.

        Raises
        ------
        ValueError
            If no range or more than one is given or nothing can fail it, or if the name was used
            before, by another cell or in the same run of this one.
        TypeError
            If the value or a limit is not one real number.
        """
        if not isinstance(name, str):
            raise TypeError(f"a check's name must be a string, not {name!r}.")
        if not name.strip():
            raise ValueError("a check's name must not be empty: say what the number is.")
        check = _check(name, _as_number(name, value), below, above, between)
        here = running_cell()
        before = self._added.get(name)
        for other, added in self._added.items():
            if added is None or not here.repeats(added[1]):
                continue
            if here.known or (before is not None and added[1].is_run(before[1])):
                self._added[other] = None
        if self._added.get(name) is not None:
            raise ValueError(
                f"the check {name!r} was added before, by another cell or in this run of this one; "
                "give each its own name. If you changed the cell that added it, run that cell "
                "again after the one that makes the Checks."
            )
        self._added[name] = check, here

    def report(self) -> Table:
        """Return the table of all checks, or raise if a value fell outside its range.

        Raises
        ------
        AssertionError
            Naming each failure, its value and its range; also if nothing was checked.
        """
        checks = self._checks
        if not checks:
            raise AssertionError("Nothing was checked: add a check before the report.")
        failed = [check for check in checks if not check.ok]
        if failed:
            lines = [f"  {c.name}: {c.shown(4)}, expected {c.expected}" for c in failed]
            count = f"{len(failed)} of {len(checks)} checks failed:"
            raise AssertionError("\n".join([count, *lines]))
        return Table(
            ["Check", "Value", "Expected", "Verdict"],
            [[c.name, c.shown(), c.expected, "ok"] for c in checks],
        )


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
        too large; if the differences with h and h/2 disagree, so that neither is a derivative.

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


def _value_of(f: Callable[[Floats], float], x: Floats) -> float:
    """Return f(x), a finite number; f has an array of its own, which it may keep or change."""
    value = one_number(f(x.copy()))
    if value is None:
        raise TypeError("f must return one real number, not an array, a complex number or None.")
    if not math.isfinite(value):
        raise ValueError(f"f is {value} within a step of x, so that it has no difference there.")
    return value


def _check(
    name: str,
    value: float,
    below: float | None,
    above: float | None,
    between: tuple[float, float] | None,
) -> Check:
    """Return the check, if exactly one range is given and it leaves something out."""
    if sum(limit is not None for limit in (below, above, between)) != 1:
        raise ValueError(f"the check {name!r} needs exactly one of below, above and between.")
    if between is not None:
        low, high = _limits(name, between)
        more = max(_more_digits(value, low), _more_digits(value, high))
        expected = f"between {low:.{6 + more}g} and {high:.{6 + more}g}"
    elif below is not None:
        low, high = -math.inf, _limit(name, below)
        more = _more_digits(value, high)
        expected = f"below {high:.{6 + more}g}"
    else:
        low, high = _limit(name, above), math.inf
        more = _more_digits(value, low)
        expected = f"above {low:.{6 + more}g}"
    return Check(name, value, low, high, expected, 3 + more)


def _more_digits(value: float, limit: float) -> int:
    """Return how many digits more than 3 of a value, and 6 of its limit, show which is larger."""

    def order(a: float, b: float) -> int:
        return (a > b) - (a < b)

    right = order(value, limit)
    return next(
        (k for k in range(14) if order(_rounded(value, 3 + k), _rounded(limit, 6 + k)) == right), 14
    )


def _rounded(number: float, digits: int) -> float:
    return float(f"{number:.{digits}g}")


def _limits(name: str, between: Any) -> tuple[float, float]:
    try:
        low, high = between
    except (TypeError, ValueError):
        raise TypeError(
            f"between must hold a lower and a higher number, not {between!r}."
        ) from None
    low, high = _limit(name, low), _limit(name, high)
    if not low < high:
        raise ValueError(f"between must hold a lower and a higher number, not {between}.")
    return low, high


def _limit(name: str, limit: Any) -> float:
    number = one_number(limit)
    if number is None:
        raise TypeError(f"a limit of the check {name!r} must be one number, not {limit!r}.")
    if not math.isfinite(number):
        raise ValueError(f"a limit of the check {name!r} must be finite, not {number}.")
    return number


def _as_number(name: str, value: Any) -> float:
    number = one_number(value)
    if number is None:
        raise TypeError(f"the check {name!r} needs one number, not {type(value).__name__}.")
    return number
