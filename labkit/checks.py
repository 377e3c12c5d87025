"""Checks: named numbers with the range they must fall in, and verdicts that must come out."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from labkit.cell import CellRun, running_cell
from labkit.inputs import one_number
from labkit.intervals import Interval
from labkit.ranges import picture_of_check
from labkit.report import Table
from labkit.verdict import Verdict, reach, side


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

    def shown(self) -> str:
        """Return the value in as many digits as tell it from its limits."""
        return f"{self.value:.{self.digits}g}"

    def picture(self) -> str:
        """Return the value within its range, as an image in HTML."""
        return picture_of_check(self.value, self.low, self.high)

    def told(self) -> str:
        """Return the value in a digit more, for the list of failures."""
        return f"{self.value:.{max(4, self.digits)}g}"


class Checks:
    """Named numbers, each with the range that it must fall in, and verdicts that must come out.

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

    A verdict has an interval, and the words that it is expected to lead to:

    >>> from labkit import mean_interval
    >>> gain = mean_interval([0.2, 0.3, 0.1])
    >>> words = {"below": "trees", "above": "network"}
    >>> checks.verdict("network's gain", gain, "no evidence", **words, rule="Student, 3 tables")
    'no evidence'
    >>> print(checks.verdicts())
    Question         Estimate   95 % interval    Verdict       Rule
    network's gain   0.20       -0.05 to 0.45    no evidence   Student, 3 tables
    """

    def __init__(self) -> None:
        # In the order of the first adding; None keeps the place of what a cell's rerun left out.
        self._added: dict[str, tuple[Check | Verdict, CellRun] | None] = {}

    @property
    def _checks(self) -> list[Check | Verdict]:
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
        _require_name(name)
        self._keep(_check(name, _as_number(name, value), below, above, between))

    def verdict(
        self,
        name: str,
        value: Interval | float,
        expected: str,
        *,
        below: str,
        above: str,
        at: float = 0.0,
        rule: str,
    ) -> str:
        """Add the verdict that a value leads to, and the one that the text states; return the word.

        Parameters
        ----------
        name : str
            What is asked, such as "network minus OLS, excess risk"; used once, as in `add`.
        value : Interval or float
            The estimate with its 95 % interval, or one number that is known exactly.
        expected : str
            The verdict that the text states: `below`, `above` or "no evidence". Another one makes
            `report` raise.
        below, above : str
            The words where the whole interval lies below `at`, or above it; "no evidence" where
            `at` is inside.
        at : float
            What the value is held against: 0 for a difference, 1 for a ratio.
        rule : str
            How the interval was made, such as "Student, 100 tables".

        Returns
        -------
        str
            The word that the value leads to, whatever was expected.

        Raises
        ------
        TypeError, ValueError
            If the value is neither an interval nor a number, or is NaN; if the words are not
            three different ones; if the name was used before, as in `add`.
        """
        _require_name(name)
        verdict = reach(name, value, expected, below=below, above=above, at=at, rule=rule)
        self._keep(verdict)
        return verdict.word

    def _keep(self, check: Check | Verdict) -> None:
        """Keep a check in its place, and drop what an earlier run of this cell had added."""
        name, here = check.name, running_cell()
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

        A notebook shows in it where each value lies in its range.

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
            lines = [f"  {c.name}: {c.told()}, expected {c.expected}" for c in failed]
            count = f"{len(failed)} of {len(checks)} checks failed:"
            raise AssertionError("\n".join([count, *lines]))
        return Table(
            ["Check", "Value", "Expected", "Verdict"],
            [[c.name, c.shown(), c.expected, "ok"] for c in checks],
            pictures=[c.picture() for c in checks],
            pictured=2,
        )

    def verdicts(self) -> Table:
        """Return the table of the verdicts: estimate, interval, word, and the rule behind it.

        Raises
        ------
        AssertionError
            If there is none.
        """
        verdicts = [check for check in self._checks if isinstance(check, Verdict)]
        if not verdicts:
            raise AssertionError("There is no verdict yet: add one by checks.verdict(…).")
        heads = ["Question", "Estimate", "95 % interval", "Verdict", "Rule"]
        return Table(
            heads,
            [verdict.row() for verdict in verdicts],
            pictures=[verdict.picture() for verdict in verdicts],
            pictured=2,
        )


def _require_name(name: Any) -> None:
    if not isinstance(name, str):
        raise TypeError(f"a check's name must be a string, not {name!r}.")
    if not name.strip():
        raise ValueError("a check's name must not be empty: say what the number is.")


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
    right = side(value, limit)
    return next(
        (k for k in range(14) if side(_rounded(value, 3 + k), _rounded(limit, 6 + k)) == right), 14
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
