"""Exercises that answer: not attempted; not right yet, because …; right."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence, Sized
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, NoReturn, TypeAlias

import numpy as np

from labkit.answer import Answer, described
from labkit.inputs import whole
from labkit.report import Paragraph, paragraph

Rule: TypeAlias = tuple[bool, str | Callable[[], str]]


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
        Takes the answer, yields pairs: whether a rule holds, True or False; and how "because …"
        goes on, a string, or a function without arguments that makes it and is called only where
        the rule has failed.
    hints : sequence of str, optional
        From the weakest to the strongest, as in `@Exercise(hints=("Think of …", "Write …"))`.

    Notes
    -----
    An answer can't change what it is given: its arguments are copies, deep ones, made anew for
    each call. A source of random numbers, such as a `Generator`, is not copied but goes on from
    call to call, and stands where it was when the check is over. What the answer reaches by the
    name of a variable of the lab is not protected.

    Rules see what it returns as a copy in one form: tensors, lists of numbers, Series, DataFrames
    and sparse matrices as arrays, without a graph, also inside a tuple or dict; an array of one
    number that is the whole result, as that number. Other objects stay what they are. What is no
    function, but a value, a class or a network, is given to the rules in the same form.

    Raises
    ------
    TypeError, ValueError
        When asked, if the rules are none: nothing was yielded, or something else than such pairs.
        That is a mistake of whoever wrote the check; what an answer does is never an error.

    Examples
    --------
    >>> from labkit import Exercise, your_answer_here
    >>> @Exercise(hints=("What is twice 1?", "Multiply the input by 2."))
    ... def double(answer):
    ...     one, two = answer(1), answer(2)
    ...     yield two == 2 * one, "twice the input must give twice the output."
    ...     yield one == 1 + 1, lambda: f"twice 1 is not {one}."
    >>> double(lambda x: your_answer_here())
    Not attempted.
    >>> double(lambda x: x + 1)
    Not right yet, because twice the input must give twice the output.
    >>> double(lambda x: 2 * x)
    Right.
    >>> double.hint(2)
    Hint 2 of 2: Multiply the input by 2.
    """

    def __new__(
        cls, rules: Callable[[Any], Iterable[Rule]] | None = None, *, hints: Any = ...
    ) -> Any:
        """Return the exercise, or with hints alone, even none, what then decorates the rules."""
        alone = rules is None and hints is not ...
        return partial(cls, hints=hints) if alone else super().__new__(cls)

    def __init__(
        self,
        rules: Callable[[Any], Iterable[Rule]] | None = None,
        *,
        hints: Sequence[str] | None = (),
    ) -> None:
        hints = () if hints is None else hints
        if not callable(rules):
            raise TypeError(f"rules must be a function that takes the answer, not {rules!r}.")
        if isinstance(hints, str) or not all(isinstance(hint, str) for hint in hints):
            raise TypeError(f"hints must be a sequence of strings, not {hints!r}.")
        self._rules = rules
        self._hints = tuple(hints)
        self._name = getattr(rules, "__name__", "this exercise")
        self.__doc__ = rules.__doc__ or self.__doc__

    def __call__(self, answer: Any) -> Verdict:
        """Say how an answer stands; never raises for what the answer does."""
        held = Answer(answer)
        try:
            return self._verdict(held)
        finally:
            held.restore()

    def hint(self, number: int = 1) -> Paragraph:
        """Return a hint: the first, or the one of the given number, each stronger than the last.

        Which one is said by its number, not by how often it was asked, so that a cell that shows
        a hint shows the same when it is run again.
        """
        number = whole(number, "number")
        if number > len(self._hints):
            count = len(self._hints) or "no"
            return paragraph(f"There {'is' if count == 1 else 'are'} {count} "
                             f"hint{'' if count == 1 else 's'} to {self._name}.")  # fmt: skip
        return paragraph(f"Hint {number} of {len(self._hints)}: {self._hints[number - 1]}")

    def _verdict(self, answer: Answer) -> Verdict:
        rules = _guarded(answer, lambda: self._rules(answer.given))
        if isinstance(rules, Verdict):
            return rules
        if not isinstance(rules, Iterable):
            raise TypeError(f"{self._name} must yield its rules, and returns {rules!r}.")
        asked, rules = False, iter(rules)
        while (rule := _guarded(answer, lambda: next(rules, _END))) is not _END:
            if isinstance(rule, Verdict):
                return rule
            asked = True
            if (reason := self._reason(rule, answer)) is not None:
                return reason
        if not asked and isinstance(answer.result, Sized) and len(answer.result) == 0:
            return Verdict("not right yet", f"it returns {described(answer.result)}: it is empty.")
        if not asked:
            raise ValueError(f"{self._name} yields no rule, so that anything would be right.")
        return Verdict("right")

    def _reason(self, rule: Any, answer: Answer) -> Verdict | None:
        """Return what a rule has against an answer; None if it holds."""
        if not (isinstance(rule, tuple) and len(rule) == 2):
            raise TypeError(
                f"{self._name} must yield pairs, whether a rule holds and what is wrong where it "
                f"doesn't, not {rule!r}."
            )
        holds, because = rule
        if _is_true_or_false(holds):
            if holds:
                return None
        elif isinstance(answer.result, np.ndarray | tuple | list | dict) and _are_truths(holds):
            # Of several numbers where the rule compares one: none of them settles it.
            if holds.all():
                because = f"it returns {described(answer.result)}, where one number is asked for."
        elif _compares_in_its_own_way(answer.result):
            because = f"it returns {described(answer.result)}, which its check can't use."
        else:
            raise TypeError(
                f"a rule of {self._name} must say True or False, not {holds!r} of type "
                f"{type(holds).__name__}; numpy.all makes one of an array."
            )
        words = _guarded(answer, because) if callable(because) else because
        if not isinstance(words, str | Verdict):
            raise TypeError(f"what {self._name} says is wrong must be a string, not {words!r}.")
        return words if isinstance(words, Verdict) else Verdict("not right yet", words)


_END: Any = object()


def _guarded(answer: Answer, step: Callable[[], Any]) -> Any:
    """Return what a step returns, or the verdict where the answer, or what came of it, raises."""
    try:
        return step()
    except NotAttempted:
        return Verdict("not attempted")
    except (Exception, SystemExit) as error:
        return Verdict("not right yet", answer.trouble(error))


def _is_true_or_false(holds: Any) -> bool:
    if isinstance(holds, bool | np.bool_):
        return True
    return _are_truths(holds) and holds.ndim == 0 and str(getattr(holds, "device", "")) != "meta"


def _compares_in_its_own_way(result: Any) -> bool:
    """Return whether a comparison of a result, such as a Series, may be neither True nor False."""
    plain = bool | int | float | complex | str | bytes | np.generic | np.ndarray
    if result is None or isinstance(result, plain | tuple | list | dict):
        return False
    return any("__eq__" in vars(base) for base in type(result).__mro__[:-1])


def _are_truths(holds: Any) -> bool:
    """Return whether it is an array or a tensor of True and False."""
    return str(getattr(holds, "dtype", "")) in ("bool", "torch.bool")
