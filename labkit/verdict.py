"""A verdict: on which side of a number an estimate and its interval lie, and what was expected."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from labkit.inputs import one_number
from labkit.intervals import UNDECIDED, Interval
from labkit.ranges import picture_of_verdict


@dataclass(frozen=True)
class Verdict:
    """What an estimate says to a question, by which rule, and what it was expected to say.

    Where the estimate is one number that is known exactly, all three of the interval are alike.
    """

    name: str
    estimate: Interval
    at: float
    word: str
    expected: str
    rule: str

    @property
    def ok(self) -> bool:
        """Whether it is the verdict that was expected."""
        return self.word == self.expected

    def shown(self) -> str:
        """Return the estimate."""
        return self._texts()[0]

    def picture(self) -> str:
        """Return the interval and the number that it is held against, as an image in HTML."""
        return picture_of_verdict(*self.estimate, self.at)

    def told(self) -> str:
        """Return the verdict with the estimate and its interval, for the list of failures."""
        return f"{self.word!r} by {self.shown()}" + (f" ({self.ends()})" if self.ends() else "")

    def ends(self) -> str:
        """Return the interval; nothing where the estimate is exact."""
        _, low, high = self._texts()
        return "" if self.estimate.low == self.estimate.high else f"{low} to {high}"

    def _texts(self) -> list[str]:
        """Write mean and ends with digits that show the width, and each on its side of `at`."""
        width = self.estimate.high - self.estimate.low
        kind, digits = "g", 3
        if 1e-5 < width < math.inf:
            kind, digits = "f", max(0, 1 - math.floor(math.log10(width / 2)))
        for more in range(16):
            texts = [f"{number:z.{digits + more}{kind}}" for number in self.estimate]
            pairs = zip(texts, self.estimate, strict=True)
            if all(side(float(text), self.at) == side(number, self.at) for text, number in pairs):
                return texts
        return [repr(number) for number in self.estimate]

    def row(self) -> Sequence[str]:
        """Return what the table of verdicts says of it."""
        limit = f"; limit {self.at:g}" if self.at else ""
        return self.name, self.shown(), self.ends(), self.word, self.rule + limit


def side(number: float, of: float) -> int:
    """Return 1 if a number is above another, −1 if it is below, 0 else."""
    return (number > of) - (number < of)


def reach(
    name: str, value: Any, expected: str, *, below: str, above: str, at: Any, rule: str
) -> Verdict:
    """Return the verdict that a value leads to, an interval or one number.

    Raises
    ------
    TypeError, ValueError
        If the value is neither, or NaN, if `at` is no finite number, if a word is empty, or if
        `expected` is none of the verdicts that there can be.
    """
    for argument, text in (("below", below), ("above", above), ("rule", rule)):
        if not isinstance(text, str) or not text.strip():
            raise TypeError(f"{argument} of the verdict {name!r} must be words, not {text!r}.")
    known = (below, above, UNDECIDED)
    if expected not in known or len(set(known)) < 3:
        raise ValueError(
            f"the verdict {name!r} can be {below!r}, {above!r} or {UNDECIDED!r}, each its own "
            f"words; {expected!r} is expected."
        )
    limit = one_number(at)
    if limit is None or not math.isfinite(limit):
        raise ValueError(f"at of the verdict {name!r} must be one finite number, not {at!r}.")
    if not isinstance(value, Interval):
        number = one_number(value)
        if number is None:
            kind = type(value).__name__
            raise TypeError(f"the verdict {name!r} needs an Interval or one number, not {kind}.")
        value = Interval(number, number, number)
    if not value.low <= value.mean <= value.high:
        raise ValueError(
            f"the verdict {name!r} needs a mean between two ends, not {value.mean} between "
            f"{value.low} and {value.high}."
        )
    word = value.verdict(below, above, at=limit)
    return Verdict(name, Interval(*map(float, value)), limit, word, expected, rule)
