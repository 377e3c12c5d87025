"""What code changes of its surroundings as it runs: counters and lists, as against settings."""

from __future__ import annotations

import copy
import types
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from labkit.installed import installed, own_classes
from labkit.origins import all_code, looked_up, stores

_CONTAINERS = (list, dict, set, deque, bytearray)  # and their subclasses, such as Counter
_MAKING = {
    "__init__", "__new__", "__post_init__", "__setstate__", "__getstate__", "__reduce__",
    "__reduce_ex__", "__copy__", "__deepcopy__", "__setattr__", "__delattr__", "__setitem__",
    "__delitem__", "__init_subclass__", "__set_name__",
}  # fmt: skip
_OF_THE_RUN = {"forward", "train", "eval"}


def rehearsing(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a copy of a function for a trial, in which it changes nothing of the original's.

    It counts by a counter of its own and writes to lists of its own, as do those of the user's
    functions that it calls; all that it only reads it shares. What changes nothing, and what
    can't be copied, is returned as it is.
    """
    if isinstance(function, partial):
        return partial(rehearsing(function.func), *function.args, **function.keywords)
    if isinstance(function, types.FunctionType):
        return _twin(function, {})
    if isinstance(function, types.MethodType) and isinstance(function.__func__, types.FunctionType):
        return types.MethodType(_twin(function.__func__, {}), _copied(function.__self__))
    copied: Callable[..., Any] = _copied(function)
    return copied


def _twin(function: types.FunctionType, met: dict[int, types.FunctionType]) -> types.FunctionType:
    """Return a function with copies of what it changes, or itself where that is nothing."""
    if id(function) in met:
        return met[id(function)]
    met[id(function)] = function  # one that calls itself
    if installed(function.__code__.co_filename) and not hasattr(function, "__wrapped__"):
        return function
    outer, code = outer_values(function), function.__code__
    changed = {name.partition(".")[0] for name in changed_names(code, outer)}
    own = {name: _copied(outer[name]) for name in changed if name in outer}
    for name in outer.keys() - own.keys():
        value = outer[name]
        if isinstance(value, types.FunctionType):
            own[name] = _twin(value, met)
        elif _is_changed(value, code.co_names):
            own[name] = _copied(value)
    own = {
        name: value for name, value in own.items() if value is not outer[name] or name in changed
    }
    if not changed and not own:
        return function
    free = code.co_freevars
    cells = zip(free, function.__closure__ or (), strict=True)
    inner = {name: value for name, value in own.items() if name not in free}
    # A function's globals must be a dict; only one that changes them pays for another.
    shared = not inner and changed <= set(free)
    twin = types.FunctionType(
        code,
        function.__globals__ if shared else {**function.__globals__, **inner},
        function.__name__,
        function.__defaults__,
        tuple(_cell(own, n) if n in own or n in changed else cell for n, cell in cells),
    )
    twin.__kwdefaults__ = function.__kwdefaults__
    twin.__dict__.update(function.__dict__)
    if not shared and outer.get(function.__name__) is function:
        twin.__globals__[function.__name__] = twin
    met[id(function)] = twin
    return twin


def _is_changed(value: Any, called: Iterable[str]) -> bool:
    """Tell whether a value is an object of the user's that keeps a record when it is used."""
    if isinstance(value, type | types.ModuleType) or not hasattr(value, "__dict__"):
        return False
    return bool(changed_attributes(own_classes(type(value)), vars(value), called))


def _cell(own: Mapping[str, Any], name: str) -> types.CellType:
    return types.CellType(own[name]) if name in own else types.CellType()


def _copied(value: Any) -> Any:
    for make in (copy.deepcopy, copy.copy) if isinstance(value, _CONTAINERS) else (copy.deepcopy,):
        try:
            return make(value)
        except Exception:  # copying may fail in any way
            continue
    return value


def outer_values(function: types.FunctionType) -> dict[str, Any]:
    """Return the values of the globals and of the closure that a function, or code in it, uses."""
    code, known = function.__code__, function.__globals__
    outer = {name: known[name] for name in looked_up(code) if name in known}
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        try:
            outer[name] = cell.cell_contents
        except ValueError:  # nothing is bound yet
            outer.pop(name, None)
    return outer


def changed_names(code: types.CodeType, outer: Mapping[str, Any]) -> set[str]:
    """Return the names outside a function that it binds anew, or whose containers it changes.

    Parameters
    ----------
    code
        The code of the function.
    outer : mapping
        The values of the names. Only a list, a dict or another plain container can be a record
        that is no setting: `w.add(1)` changes a set, but no tensor.
    """
    found = stores(code)
    return {*found.bound, *(n for n in found.changed if isinstance(outer.get(n), _CONTAINERS))}


def changed_attributes(
    classes: Iterable[type], state: Mapping[str, Any], called: Iterable[str] = ()
) -> set[str]:
    """Return the attributes that a run assigns, or whose containers it changes.

    Parameters
    ----------
    classes
        The classes that define the object, without those of libraries.
    state : mapping
        The object's attributes.
    called
        The names of methods that are called by others. `forward` and what Python calls itself
        are called always; a method that none of these calls is the user's, who sets with it.
    """
    found: set[str] = set()
    for function in run_methods(classes, called):
        stored = stores(function.__code__, method=True)
        found |= stored.bound
        found |= {n for n in stored.changed if isinstance(state.get(n[5:]), _CONTAINERS)}
    return {name.removeprefix("self.") for name in found if name.startswith("self.")}


def run_methods(classes: Iterable[type], called: Iterable[str] = ()) -> list[types.FunctionType]:
    """Return the methods of classes that a run reaches, from those that are called by others."""
    methods: dict[str, list[types.FunctionType]] = {}
    for name, value in ((n, v) for cls in classes for n, v in vars(cls).items()):
        for part in (value, getattr(value, "fget", None), getattr(value, "__func__", None)):
            if isinstance(part, types.FunctionType):
                methods.setdefault(name, []).append(_unwrapped(part))
    dunders = {n for n in methods if n.startswith("__") and n.endswith("__")} - _MAKING
    waiting, reached = [*{*_OF_THE_RUN, *dunders, *called} & methods.keys()], set[str]()
    while waiting:
        name = waiting.pop()
        if name not in reached:
            reached.add(name)
            codes = (own for f in methods[name] for own in all_code(f.__code__))
            waiting += [n for code in codes for n in code.co_names if n in methods]
    return [function for name in methods if name in reached for function in methods[name]]


def _unwrapped(function: types.FunctionType) -> types.FunctionType:
    """Return what a decorator such as `torch.no_grad()` stands before."""
    inner = getattr(function, "__wrapped__", None)
    return _unwrapped(inner) if isinstance(inner, types.FunctionType) else function
