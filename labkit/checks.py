"""Checks: named numbers with the range they must fall in, and gradients held to differences."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from labkit.inputs import Floats, positive
from labkit.report import Table


@dataclass(frozen=True)
class Check:
    """One named number, the open interval it must lie in, and how that interval is written."""

    name: str
    value: float
    low: float
    high: float
    expected: str

    @property
    def ok(self) -> bool:
        """Whether the value lies in its range; NaN never does."""
        return self.low < self.value < self.high


class Checks:
    """Named numbers, each with the range that it must fall in.

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
        self._checks: list[Check] = []

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
            What the number is, with its unit; used once.
        value : float
            The number. True and False count as 1 and 0. NaN falls in no range.
        below, above : float, optional
            The value must be strictly below, strictly above; give one of them or `between`.
        between : (float, float), optional
            The value must be strictly between the two.

        Raises
        ------
        ValueError
            If no range or more than one is given, or the name was used before.
        TypeError
            If the value is not a number.
        """
        if any(check.name == name for check in self._checks):
            raise ValueError(f"the check {name!r} was added before; give each its own name.")
        if sum(limit is not None for limit in (below, above, between)) != 1:
            raise ValueError(f"the check {name!r} needs exactly one of below, above and between.")
        number = _as_number(name, value)
        if between is not None:
            low, high = between
            if not low < high:
                raise ValueError(f"between must hold a lower and a higher number, not {between}.")
            check = Check(name, number, low, high, f"between {low:g} and {high:g}")
        elif below is not None:
            check = Check(name, number, -math.inf, below, f"below {below:g}")
        else:
            assert above is not None
            check = Check(name, number, above, math.inf, f"above {above:g}")
        self._checks.append(check)

    def report(self) -> Table:
        """Return the table of all checks, or raise if a value fell outside its range.

        Raises
        ------
        AssertionError
            Naming each failure, its value and its range; also if nothing was checked.
        """
        if not self._checks:
            raise AssertionError("Nothing was checked: add a check before the report.")
        failed = [check for check in self._checks if not check.ok]
        if failed:
            lines = [f"  {c.name}: {c.value:.4g}, expected {c.expected}" for c in failed]
            count = f"{len(failed)} of {len(self._checks)} checks failed:"
            raise AssertionError("\n".join([count, *lines]))
        return Table(
            ["Check", "Value", "Expected", "Verdict"],
            [[c.name, f"{c.value:.3g}", c.expected, "ok"] for c in self._checks],
        )


def finite_differences(f: Callable[[Floats], float], x: Floats, *, step: float = 1e-6) -> Floats:
    """Return the gradient of `f` at `x` by central differences, in the shape of `x`.

    Parameters
    ----------
    f : callable
        Takes an array of the shape of `x` and returns a number.
    x : ndarray
        Where to differentiate; float64.
    step : float
        The half width h of (f(x + h) − f(x − h)) / 2h. The error is of order h² from the
        third derivative and ε/h from rounding, so about 1e-6 serves functions of moderate size.

    Returns
    -------
    ndarray
        One derivative for each entry of `x`.

    Examples
    --------
    >>> import numpy as np
    >>> from labkit import finite_differences
    >>> finite_differences(lambda w: float(w @ w), np.array([1.0, 3.0])).round(6)
    array([2., 6.])
    """
    step = positive(step, "step")
    x = np.array(x, dtype=np.float64)  # a copy, since it is moved one entry at a time
    gradient = np.empty_like(x)
    for i in np.ndindex(x.shape):
        middle = x[i]
        x[i] = middle + step
        above = f(x)
        x[i] = middle - step
        below = f(x)
        x[i] = middle
        gradient[i] = (above - below) / (2 * step)
    return gradient


def _as_number(name: str, value: Any) -> float:
    if hasattr(value, "item") and math.prod(getattr(value, "shape", ())) == 1:
        value = value.item()
    if not isinstance(value, Real | bool | np.bool_):
        raise TypeError(f"the check {name!r} needs one number, not {type(value).__name__}.")
    return float(value)
