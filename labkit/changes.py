"""What code changes of its surroundings as it runs: counters and lists, as against settings."""

from __future__ import annotations

import copy
import dis
import inspect
import types
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

_MUTATORS = {
    "add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem",
    "popleft", "remove", "setdefault", "update", "__setitem__",
}  # fmt: skip
_LOADS = {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF"}
_MAKING = {"__init__", "__new__", "__post_init__", "__setstate__"}


def rehearsing(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a copy of a function for a trial, in which it changes nothing of the original's.

    It counts by a counter of its own and writes to lists of its own; all that it only reads it
    shares. What can't be copied is returned as it is.
    """
    if isinstance(function, partial):
        return partial(rehearsing(function.func), *function.args, **function.keywords)
    if not isinstance(function, types.FunctionType):
        try:
            return copy.deepcopy(function)
        except Exception:  # copying may fail in any way
            return function
    code = function.__code__
    changed = changed_names(code) | (_containers(function) if sets_items(code) else set())
    cells = zip(code.co_freevars, function.__closure__ or (), strict=True)
    twin = types.FunctionType(
        code,
        {k: copy.copy(v) if k in changed else v for k, v in function.__globals__.items()},
        function.__name__,
        function.__defaults__,
        tuple(_own(cell) if name in changed else cell for name, cell in cells),
    )
    twin.__kwdefaults__ = function.__kwdefaults__
    return twin


def _own(cell: types.CellType) -> types.CellType:
    try:
        return types.CellType(copy.copy(cell.cell_contents))
    except ValueError:  # nothing is bound yet
        return types.CellType()


def _containers(function: types.FunctionType) -> set[str]:
    found = inspect.getclosurevars(function)
    outer = {**found.globals, **found.nonlocals}
    return {name for name, value in outer.items() if isinstance(value, list | dict)}


def changed_names(code: types.CodeType) -> set[str]:
    """Return the names outside a function that it, or code within it, assigns or changes."""
    found: set[str] = set()
    for own in _all_code(code):
        previous = None
        for i in dis.get_instructions(own):
            if i.opname in {"STORE_GLOBAL", "DELETE_GLOBAL"}:
                found.add(i.argval)
            if i.opname == "STORE_DEREF" and i.argval in own.co_freevars:
                found.add(i.argval)
            if previous and previous.opname in _LOADS and _mutates(i):
                found.add(previous.argval)
            previous = i
    return found


def sets_items(code: types.CodeType) -> bool:
    """Tell whether a function sets items, of a list or a dict that it may share."""
    return any(
        i.opname == "STORE_SUBSCR" for own in _all_code(code) for i in dis.get_instructions(own)
    )


def changed_attributes(classes: Iterable[type]) -> set[str]:
    """Return the attributes that the methods of classes assign or change, once they are made."""
    found: set[str] = set()
    for name, function in ((n, f) for cls in classes for n, f in vars(cls).items()):
        if isinstance(function, types.FunctionType) and name not in _MAKING:
            previous = None
            for i in dis.get_instructions(function.__code__):
                if i.opname == "STORE_ATTR":
                    found.add(i.argval)
                if previous and previous.opname == "LOAD_ATTR" and _mutates(i):
                    found.add(previous.argval)
                previous = i
    return found


def _mutates(instruction: dis.Instruction) -> bool:
    named = instruction.opname in {"LOAD_METHOD", "LOAD_ATTR"}
    return named and instruction.argval in _MUTATORS


def _all_code(code: types.CodeType) -> Iterator[types.CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _all_code(constant)
