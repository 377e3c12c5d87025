"""Predictions: said before the cell that shows what comes out, compared kindly afterwards."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence, Set
from dataclasses import dataclass
from typing import Any, Literal

from labkit.inputs import one_number


@dataclass(frozen=True)
class Prediction:
    """What was predicted, and what came out; it has no status, since none is wrong.

    Attributes
    ----------
    text : str
        The sentence that a notebook shows.
    said, came : object
        The prediction and the value, None where there is none.
    """

    text: str
    said: Any = None
    came: Any = None

    def __str__(self) -> str:
        return self.text

    __repr__ = __str__


class Predict:
    """A question that is answered before the cell that shows the answer is run.

    Calling it with a prediction notes that; with `...`, as a lab has it, it asks. A prediction
    never counts as wrong: `compare` puts it beside what came out. Both can be run again.

    Parameters
    ----------
    question : str
        What is asked.
    kind : {"number", "sign"} or sequence of str
        What is predicted: a number; its sign, as "+", "-", "0" or any number that has it; or one
        of the choices that are listed.
    unit : str
        What numbers are followed by, such as "%" or "s".

    Attributes
    ----------
    said : float, str or None
        The prediction, None where none is noted.

    Raises
    ------
    TypeError, ValueError
        If the question is no string, or `kind` is neither a kind nor two choices or more. What is
        predicted never raises: what can't be understood is said to be so, and isn't noted.

    Examples
    --------
    >>> from labkit import Predict
    >>> guess = Predict("By what factor does the error fall?")
    >>> guess(...)
    Not predicted yet: By what factor does the error fall? Put a number in place of the dots.
    >>> guess(2)
    Predicted: 2.
    >>> guess.compare(1.94)
    You said 2, it is 1.94: within 4 %.
    >>> winner = Predict("Which wins on new rows?", ["OLS", "network"])
    >>> winner("network")
    Predicted: network.
    >>> winner.compare("OLS")
    You said network, it is OLS: worth a thought.
    """

    def __init__(
        self,
        question: str,
        kind: Literal["number", "sign"] | Sequence[str] = "number",
        *,
        unit: str = "",
    ) -> None:
        if not isinstance(question, str) or not isinstance(unit, str):
            raise TypeError("question and unit must be strings.")
        if isinstance(kind, str) and kind not in ("number", "sign"):
            raise ValueError(f"kind must be 'number', 'sign' or choices, not {kind!r}.")
        self.question, self.unit = question, unit
        self.kind = kind if isinstance(kind, str) else _choices(kind)
        self.said: float | str | None = None

    def __call__(self, prediction: Any = ...) -> Prediction:
        """Note a prediction in place of any before; `...` takes it back and asks."""
        self.said = None if prediction is ... else self._understood(prediction)
        if prediction is not ... and self.said is None:
            return Prediction(f"Not noted: {self._wanted} is asked for, not {prediction!r:.60}.")
        return Prediction(repr(self), self.said)

    def __repr__(self) -> str:
        if self.said is None:
            return f"Not predicted yet: {self.question} Put {self._wanted} in place of the dots."
        return f"Predicted: {self._written(self.said)}."

    def compare(self, value: Any) -> Prediction:
        """Put what came out beside the prediction.

        Parameters
        ----------
        value : float or str
            What came out: a number, also where its sign was asked for; or one of the choices.

        Returns
        -------
        Prediction
            A sentence: how far a number is off, whether a sign or choice is the one predicted.

        Raises
        ------
        ValueError
            If the value is not a finite number, or not one of the choices.
        """
        came = self._understood(value)
        if came is None:
            raise ValueError(f"what came out must be {self._wanted}, not {value!r}.")
        shown = self._written(came)
        if self.kind == "sign" and (number := one_number(value)):
            shown += f"{_short(abs(number))}{self._after}"
        if self.said is None:
            return Prediction(f"Not predicted; it is {shown}.", None, came)
        near = self._nearness(self.said, came)
        return Prediction(
            f"You said {self._written(self.said)}, it is {shown}: {near}.", self.said, came
        )

    @property
    def _wanted(self) -> str:
        if self.kind == "sign":
            return 'a sign ("+", "-" or "0")'
        if self.kind == "number":
            return f"a number in {self.unit}" if self.unit else "a number"
        return "one of " + ", ".join(f'"{choice}"' for choice in self.kind)  # as one types it

    @property
    def _after(self) -> str:
        return f" {self.unit}" if self.unit else ""

    def _understood(self, value: Any) -> float | str | None:
        """Return a number, the sign of one, or a choice; None for what is none of them."""
        if isinstance(self.kind, tuple):
            return value if isinstance(value, str) and value in self.kind else None
        truth = isinstance(value, bool) or str(getattr(value, "dtype", "")) in _TRUTHS
        number = None if truth else one_number(value)
        if number is not None and not math.isfinite(number):
            return None
        if self.kind == "number":
            return None if number is None else number + 0.0  # 0 where it is −0
        if number is not None:
            return "+" if number > 0 else "−" if number < 0 else "0"
        return _SIGNS.get(value) if isinstance(value, str) else None

    def _written(self, value: float | str) -> str:
        return value if isinstance(value, str) else _short(value) + self._after

    def _nearness(self, said: float | str, came: float | str) -> str:
        """Say how near the two are as they are written: a reader can compute it again."""
        said, came = _as_written(said), _as_written(came)
        if said == came:
            return "as you said"
        if isinstance(said, str) or isinstance(came, str):
            return "worth a thought"
        if min(said, came) < 0 < max(said, came):
            return "of the other sign"
        if said == 0 or came == 0:
            return f"{_short(abs(said - came))}{self._after} apart"
        times = said / came
        if 0.5 <= times <= 2:
            percent = math.ceil(round(100 * abs(times - 1), 6))  # 0.97 is 3 % off, not 4
            return f"within {max(percent, 1)} %"
        return f"{_short(times)} times as large" if times > 2 else f"1/{_short(came / said)} of it"


def _choices(kind: Any) -> tuple[str, ...]:
    """Return the choices in their order, or say what is wrong with them."""
    if not isinstance(kind, Iterable) or isinstance(kind, Set):
        raise TypeError(
            "kind must be 'number', 'sign' or a list of choices in their order, not "
            f"{kind!r:.60} of type {type(kind).__name__}."
        )
    choices = tuple(kind)
    if not all(isinstance(choice, str) for choice in choices) or len(set(choices)) < 2:
        raise ValueError(f"kind must list two choices or more, strings, not {kind!r}.")
    return choices


def _short(number: float) -> str:
    """Write a number in three digits, or with commas where it is large."""
    rounded = abs(float(f"{number:.3g}"))  # 999.6 is 1,000
    return f"{number:,.0f}" if rounded >= 1000 and abs(number) < 1e9 else f"{number:.3g}"


def _as_written(value: float | str) -> float | str:
    return value if isinstance(value, str) else float(_short(value).replace(",", ""))


_TRUTHS = ("bool", "boolean", "torch.bool")
_SIGNS = {"+": "+", "-": "−", "−": "−", "0": "0"}
