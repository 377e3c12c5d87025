"""Exercises that answer: not attempted; not right yet, because …; right."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, NoReturn, TypeAlias

Rule: TypeAlias = tuple[bool, str]


class NotAttempted(NotImplementedError):
    """What a stub raises until the student has written an answer."""


def your_answer_here() -> NoReturn:
    """Stand in an exercise where the answer belongs."""
    raise NotAttempted("Replace your_answer_here() by your answer.")


@dataclass(frozen=True)
class Verdict:
    """What an exercise says of an answer."""

    status: Literal["not attempted", "not right yet", "right"]
    because: str = ""

    def __str__(self) -> str:
        return f"{self.status.capitalize()}{', because ' + self.because if self.because else '.'}"

    __repr__ = __str__


class Exercise:
    """An exercise's check, which tells three outcomes apart and holds no answer.

    Decorates a function that takes the answer and yields pairs: whether a rule holds, and what
    is wrong where it doesn't. The rules are asked in turn; the first that fails is reported.

    Parameters
    ----------
    rules : callable
        Takes the answer, yields pairs: whether a rule holds, and how "because …" goes on.

    Examples
    --------
    >>> from labkit import Exercise, your_answer_here
    >>> @Exercise
    ... def double(answer):
    ...     one, two = answer(1), answer(2)
    ...     yield two == 2 * one, "twice the input must give twice the output."
    ...     yield one == 1 + 1, "it isn't twice its input."
    >>> double(lambda x: your_answer_here())
    Not attempted.
    >>> double(lambda x: x + 1)
    Not right yet, because twice the input must give twice the output.
    >>> double(lambda x: 2 * x)
    Right.
    """

    def __init__(self, rules: Callable[[Any], Iterator[Rule]]) -> None:
        self._rules = rules
        self.__doc__ = rules.__doc__ or self.__doc__

    def __call__(self, answer: Any) -> Verdict:
        """Say how an answer stands; never raises for what the answer does."""
        try:
            for holds, because in self._rules(answer):
                if not holds:
                    return Verdict("not right yet", because)
        except NotAttempted:
            return Verdict("not attempted")
        except Exception as error:
            return Verdict("not right yet", f"it raised {type(error).__name__}: {error}")
        return Verdict("right")
