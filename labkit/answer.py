"""A student's answer, held away from the lab: what it is given and what it returns are copies."""

from __future__ import annotations

import builtins
import copy
import difflib
import functools
import importlib.util
import inspect
import linecache
import math
import re
import traceback
from collections.abc import Callable
from decimal import Decimal
from numbers import Real
from typing import Any, TypeAlias

import numpy as np

from labkit.inputs import dense
from labkit.rstream import RStream

Memo: TypeAlias = dict[int, Any]
_UNPACKED = re.compile(r"values to unpack \(expected (\d+)")


class NothingReturned(Exception):
    """An answer returned None."""


class Answer:
    """An answer as the rules of an exercise are given it, and what happened to it.

    Attributes
    ----------
    given : object
        What the rules call: a function in the answer's place, or a copy of what is no function.
    result : object
        What the answer returned last, in one form; what it is, where it is no function.
    """

    def __init__(self, answer: Any) -> None:
        self._answer = answer
        self._error: BaseException | None = None
        self._restore: dict[int, tuple[Any, Callable[[], None]]] = {}
        self.is_function = _is_function(answer)
        if self.is_function:
            self.given, self.result = self._held_away(), None
        else:
            self.given = self.result = _brought(answer, {})

    def _held_away(self) -> Callable[..., Any]:
        @functools.wraps(self._answer)
        def given(*args: Any, **options: Any) -> Any:
            memo: Memo = {}
            own = [self._own(value, memo) for value in args]
            own_options = {name: self._own(value, memo) for name, value in options.items()}
            try:
                result = self._answer(*own, **own_options)
            except (Exception, SystemExit) as error:
                self._error = error
                raise
            if result is None:
                raise NothingReturned
            self.result = _brought(result, _given_back(memo))
            return self.result

        return given

    def _own(self, value: Any, memo: Memo) -> Any:
        """Copy an argument. A source of random numbers goes on, and is put back at the end."""
        if (restore := _restorer(value)) is None:
            return _copied(value, memo)
        self._restore.setdefault(id(value), (value, restore))
        return value

    def restore(self) -> None:
        """Put each source of random numbers back to where it stood before its first use."""
        for _, restore in self._restore.values():
            restore()

    def trouble(self, error: BaseException) -> str:
        """Say what an error means, in words that go on after "because"."""
        if isinstance(error, NothingReturned):
            return "it returns nothing: is a `return` missing?"
        if (own := self._own_error(error)) is not None:
            return f"it raised {_said(own)}{_line(own, self._answer)}{_advice(own)}"
        if isinstance(error, NameError):
            return f"its check needs what isn't there ({_said(error)}): run the cells above first."
        if not self.is_function:
            return f"it raised {_said(error)}"
        if self.result is None:
            return f"its check can't be made ({_said(error)}): run the cells above again first."
        if asked := _UNPACKED.search(str(error)):
            return (
                f"it returns {described(self.result)}, where {asked[1]} results are asked for, "
                "with a comma between them."
            )
        return f"it returns {described(self.result)}, which its check can't use ({_said(error)})."

    def _own_error(self, error: BaseException | None) -> BaseException | None:
        """Return the answer's own error where this is it, or has come of it."""
        while error is not None and error is not self._error:
            error = error.__cause__ or error.__context__
        return error


def described(value: Any) -> str:
    """Name a value in a few words: an array by its shape, a number by itself."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}"
    if isinstance(value, tuple):
        return f"a tuple of {len(value)}"
    if isinstance(value, str | bool | int | float | complex | np.generic):
        return f"{value!r:.60}"
    return f"{'an' if type(value).__name__[0] in 'aeiouAEIO' else 'a'} {type(value).__name__}"


# --- copies and forms ----------------------------------------------------------------------------


def _copied(value: Any, memo: Memo) -> Any:
    """Return a deep copy; what can't be copied, such as a module or a lock, stays itself.

    The containers are taken apart here, so that one part that can't be copied leaves the others
    their copies.
    """
    if id(value) in memo:
        return memo[id(value)]
    new: Any
    if type(value) in (list, set, tuple):
        new = type(value)(_copied(entry, memo) for entry in value)
    elif type(value) is dict:
        new = {key: _copied(entry, memo) for key, entry in value.items()}
    elif _is_tensor(value) and not value.is_leaf:
        new = value.detach().clone().requires_grad_()  # torch can't copy it with its graph
    else:
        try:
            return copy.deepcopy(value, memo)
        except Exception:  # whatever it is: some objects can't be copied
            new = value
    memo[id(value)] = new
    memo.setdefault(id(memo), []).append(value)  # as deepcopy does: alive, its id stays its own
    return new


def _brought(result: Any, memo: Memo) -> Any:
    """Return what an answer gave, a copy in one form; an array of one number is that number."""
    form = _in_one_form(result, memo)
    return form.ravel()[0] if isinstance(form, np.ndarray) and form.size == 1 else form


def _in_one_form(value: Any, memo: Memo) -> Any:
    """Return tensors, tables, lists of numbers and sparse matrices as arrays of their own."""
    if type(value) is tuple:
        return tuple(_in_one_form(entry, memo) for entry in value)
    if type(value) is dict:
        return {key: _in_one_form(entry, memo) for key, entry in value.items()}
    if type(value) is list:
        entries = [_in_one_form(entry, memo) for entry in value]
        array = _array(entries)
        return entries if array is None else array
    if type(value).__name__ == "NAType":  # pandas', which compares as neither true nor false
        return math.nan
    if isinstance(value, np.ndarray | np.generic) and value.dtype.kind == "m":
        # NumPy's durations equal the number of their units; Python's equal no number.
        return value.astype("m8[us]").astype(object)
    array = _array(value) if _is_tensor(value) or _is_table(value) else None
    return _copied(value, memo) if array is None else array


def _array(values: Any) -> Any:
    """Return a new array of numbers, or a number where it has no dimension; None for all else."""
    try:
        if hasattr(values, "toarray"):
            values = values.toarray()
        if np.ma.is_masked(values):
            values = values.astype(float).filled(np.nan)
        array = np.asarray(dense(values))
        if array.dtype.kind == "O" and all(map(_is_numeric, array.flat)):
            # As pandas keeps what has missing values; text that reads as a number is none.
            array = values.to_numpy(float, na_value=np.nan)
    except (AttributeError, TypeError, ValueError, RuntimeError):
        return None
    return array.copy()[()] if array.dtype.kind in "biufc" else None


def _is_numeric(entry: Any) -> bool:
    """Return whether it is a number, or pandas' sign that one is missing."""
    if isinstance(entry, np.timedelta64):  # which NumPy counts among the whole numbers
        return False
    return isinstance(entry, Real | Decimal | None) or type(entry).__name__ == "NAType"


def _is_tensor(value: Any) -> bool:
    return hasattr(value, "detach") and hasattr(value, "is_leaf")


def _is_table(value: Any) -> bool:
    """Return whether it is an array, a Series, a DataFrame, an index or a sparse matrix."""
    return isinstance(value, np.ndarray) or hasattr(value, "to_numpy") or hasattr(value, "toarray")


def _given_back(memo: Memo) -> Memo:
    """Return the memo by which the copies of arguments become the arguments again.

    A result may refer to an argument, as a node of a graph does to its parent, and a rule may ask
    whether it does. That holds of objects of plain attributes, left as they were; data stay copies.
    """
    arguments = memo.get(id(memo), [])
    pairs = ((old, memo.get(id(old), old)) for old in arguments)
    return {id(new): old for old, new in pairs if new is not old and _untouched(old, new, memo)}


def _untouched(old: Any, new: Any, memo: Memo) -> bool:
    """Return whether all that an object holds is plain and the copy of what it held before."""

    def same(mine: Any, its: Any) -> bool:
        if type(mine) is tuple:
            return type(its) is tuple and len(mine) == len(its) and all(map(same, mine, its))
        plain = isinstance(mine, bool | int | float | str | type(None))
        return mine == its if plain else hasattr(mine, "__dict__") and memo.get(id(mine)) is its

    if not hasattr(old, "__dict__") or hasattr(old, "parameters"):
        return False
    mine, its = vars(old), vars(new)
    return mine.keys() == its.keys() and all(same(mine[name], its[name]) for name in mine)


def _restorer(rng: Any) -> Callable[[], None] | None:
    """Return what puts a source of random numbers back to where it stands; None if it is none."""
    if isinstance(rng, np.random.Generator):
        return functools.partial(setattr, rng.bit_generator, "state", rng.bit_generator.state)
    if isinstance(rng, RStream):
        return functools.partial(vars(rng).update, copy.deepcopy(vars(rng)))
    if hasattr(rng, "get_state") and hasattr(rng, "set_state"):  # RandomState, torch.Generator
        return functools.partial(rng.set_state, rng.get_state())
    return None


def _is_function(answer: Any) -> bool:
    """Return whether it is called as a function; a class or a network is passed as a value."""
    return callable(answer) and not isinstance(answer, type) and not hasattr(answer, "parameters")


# --- what went wrong -----------------------------------------------------------------------------


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(": ")


def _line(error: BaseException, answer: Any) -> str:
    """Return the last line of the answer's own cell that was run, with its number."""
    answer = inspect.unwrap(getattr(answer, "func", answer))  # `func` is a partial's
    code = getattr(answer, "__code__", None) or getattr(type(answer).__call__, "__code__", None)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if code is not None and frame.filename == code.co_filename and frame.lineno is not None:
            text = linecache.getline(frame.filename, frame.lineno).strip()
            return f", in line {frame.lineno}: `{text}`" if text else ""
    return ""


def _advice(error: BaseException) -> str:
    """Say what to do about a name that isn't there."""
    if not isinstance(error, NameError) or isinstance(error, UnboundLocalError):
        return ""
    *_, (frame, _) = traceback.walk_tb(error.__traceback__)
    names = [*frame.f_locals, *frame.f_globals, *vars(builtins)]
    like = difflib.get_close_matches(str(error.name), names, 1, cutoff=0.8)
    meant = f" Is {like[0]} meant? If not, run" if like else " Run"
    if not like and (module := importlib.util.find_spec(str(error.name))) and module.origin:
        meant = f" Is `import {error.name}` missing? If not, run"
    return f".{meant} the cells above first."
