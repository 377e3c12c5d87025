"""What code changes of its surroundings as it runs: counters and lists, as against settings."""

from __future__ import annotations

import dis
import types
from collections.abc import Iterable, Iterator

_MUTATORS = {
    "add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem",
    "popleft", "remove", "setdefault", "update", "__setitem__",
}  # fmt: skip
_LOADS = {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF"}
_MAKING = {"__init__", "__new__", "__post_init__", "__setstate__"}


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
