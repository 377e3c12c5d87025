"""What a loss, a schedule or a model is: the same in another process, and never an address."""

from __future__ import annotations

import dis
import functools
import re
import sys
import sysconfig
import types
from collections.abc import Iterable, Mapping, Set
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from labkit.changes import changed_attributes, changed_names, sets_items
from labkit.digest import digest

_PLAIN = (type(None), bool, int, float, complex, str, bytes, np.generic, torch.dtype, torch.device)
_INTERNAL = {
    "__module__", "__dict__", "__weakref__", "__doc__", "__annotations__", "__abstractmethods__",
    "__firstlineno__", "__static_attributes__", "__slotnames__", "_abc_impl",
}  # fmt: skip
_HOOKS = ("_forward_pre_hooks", "_forward_hooks", "_backward_pre_hooks", "_backward_hooks")
_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE
_LOOKUPS = {"LOAD_GLOBAL", "LOAD_NAME"}
_SHARED = [Path(sysconfig.get_path(key)) for key in ("stdlib", "platstdlib")]


def describe(thing: Any, model: nn.Module | None = None) -> str:
    """Return what a thing is, in words and as a digest of all that its results can depend on.

    Of a function that is its code, defaults, closure, and the global values and functions that
    it uses; of a `functools.partial` also its arguments; of a module or another object its class
    and its state, as pickle would take it apart. What a function or an object changes itself, a
    counter for instance, is no part of what it is. What Python, torch or an installed package
    defines is known by its name.

    Parameters
    ----------
    thing
        A function, a module, a class, any object. Text stands for itself.
    model : torch.nn.Module, optional
        A model in training: its weights and buffers count by shape alone, wherever they occur.
        `describe(model, model)` is its architecture.

    Returns
    -------
    str
        Words, a blank, and 64 hexadecimal digits.
    """
    if isinstance(thing, str):
        return thing
    trained = {} if model is None else model.state_dict(keep_vars=True)
    form = _Form(trained.values()).of(thing)
    return f"{_words(thing)} {digest(form)}"


def _words(thing: Any) -> str:
    if isinstance(thing, functools.partial):
        shown = [*map(_words, thing.args)]
        shown += [f"{key}={_words(value)}" for key, value in sorted(thing.keywords.items())]
        return f"{_words(thing.func)}({', '.join(shown)})"
    if isinstance(thing, nn.Module):
        return re.sub(r" at 0x[0-9a-fA-F]+", "", str(thing))
    if thing is None or isinstance(thing, (bool, int, float, str)):
        return repr(thing)
    if isinstance(thing, Mapping):
        return ", ".join(map(str, thing))
    return str(getattr(thing, "__qualname__", type(thing).__qualname__))


class _Form:
    """Takes a thing apart into plain values, each function, class and object once."""

    def __init__(self, trained: Iterable[Tensor]) -> None:
        self.trained = {id(tensor) for tensor in trained}
        self.met: dict[int, tuple[int, Any]] = {}  # holds what it met, so that no id comes twice
        self.within: list[int] = []

    def of(self, thing: Any) -> Any:
        if isinstance(thing, _PLAIN):
            return thing
        if isinstance(thing, Tensor):
            return self._tensor(thing)
        if type(thing) is np.ndarray and not thing.dtype.hasobject:
            return thing
        if type(thing) in (list, tuple, dict, set, frozenset):
            return self._container(thing)
        if id(thing) in self.met:
            return "again", self.met[id(thing)][0]
        self.met[id(thing)] = len(self.met), thing
        return type(thing).__name__, self._parts(thing)

    def _parts(self, thing: Any) -> Any:
        if isinstance(thing, types.ModuleType):
            return thing.__name__
        if isinstance(thing, types.FunctionType):
            return self._function(thing)
        if isinstance(thing, types.CodeType):
            return self._code(thing)
        if isinstance(thing, type):
            return self._class(thing)
        if isinstance(thing, functools.partial):
            return self.of((thing.func, thing.args, thing.keywords))
        if isinstance(thing, types.MethodType):
            return self.of((thing.__func__, thing.__self__))
        if isinstance(thing, (classmethod, staticmethod)):
            return self.of(thing.__func__)
        if isinstance(thing, property):
            return self.of((thing.fget, thing.fset))
        if isinstance(thing, types.CellType):
            return self.of(_content(thing))
        if isinstance(thing, nn.Module):
            return self._module(thing)
        if hasattr(thing, "__wrapped__") and callable(thing):  # functools.cache and its like
            return self.of(thing.__wrapped__)
        return self._object(thing)

    def _tensor(self, tensor: Tensor) -> Any:
        if id(tensor) in self.trained:
            return "trained", tensor.dtype, tuple(tensor.shape), tensor.requires_grad
        return tensor.detach() if tensor.layout == torch.strided else self.of(tensor.to_dense())

    def _container(self, thing: Any) -> Any:
        if id(thing) in self.within:  # it holds itself
            return "within", len(self.within) - self.within.index(id(thing))
        self.within.append(id(thing))
        try:
            if isinstance(thing, dict):
                keys = sorted(thing, key=lambda key: (type(key).__name__, str(key)))
                return "dict", [(self.of(key), self.of(thing[key])) for key in keys]
            if isinstance(thing, Set):
                # A set has no order: each element is taken apart by itself.
                return {digest(_Form(()).of(element)) for element in thing}
            return type(thing).__name__, [self.of(element) for element in thing]
        finally:
            self.within.pop()

    def _function(self, function: types.FunctionType) -> Any:
        if _installed(function.__code__.co_filename):
            name = (function.__module__, function.__qualname__)
            return name, self.of(function.__defaults__), self.of(function.__closure__)
        code, state = function.__code__, changed_names(function.__code__)
        used = {name: function.__globals__.get(name) for name in _globals(code)}
        cells = zip(code.co_freevars, function.__closure__ or (), strict=True)
        used |= {name: _content(cell) for name, cell in cells}
        if sets_items(code):
            state |= {name for name, value in used.items() if isinstance(value, (list, dict))}
        return (
            function.__qualname__,
            self._code(code),
            self.of([function.__defaults__, function.__kwdefaults__]),
            self.of({name: value for name, value in used.items() if name not in state}),
            self.of({k: v for k, v in vars(function).items() if k != "__wrapped__"}),
        )

    def _code(self, code: types.CodeType) -> Any:
        constants = [
            self._code(c) if isinstance(c, types.CodeType) else self.of(c) for c in code.co_consts
        ]
        names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
        return code.co_code, constants, names, code.co_argcount, code.co_flags

    def _class(self, cls: type) -> Any:
        if _from_library(cls):
            return cls.__module__, cls.__qualname__
        own = {name: value for name, value in vars(cls).items() if name not in _INTERNAL}
        return cls.__qualname__, [self.of(base) for base in cls.__bases__], self.of(own)

    def _module(self, module: nn.Module) -> Any:
        state = vars(module)
        kept = {*vars(nn.Module()), *_changed(type(module))}
        own = {name: value for name, value in state.items() if name not in kept}
        return (
            self.of(type(module)),
            self.of(own),
            self.of(dict(module._parameters)),
            self.of(dict(module._buffers)),
            [(name, self.of(part)) for name, part in module._modules.items()],
            [self.of(list(state[kind].values())) for kind in _HOOKS],
        )

    def _object(self, thing: Any) -> Any:
        """Take an object apart as pickle would; of what can't be pickled the class must do."""
        cls = self.of(type(thing))
        try:
            reduced = thing.__reduce_ex__(2)
        except Exception:  # pickling may fail in any way
            return cls, getattr(thing, "__qualname__", "")
        if isinstance(reduced, str):
            return cls, reduced
        make, arguments, *state = reduced
        if state and isinstance(state[0], dict):
            changed = _changed(type(thing))
            state[0] = {name: v for name, v in state[0].items() if name not in changed}
        listed = [list(part) if hasattr(part, "__next__") else part for part in state]
        return cls, self.of(make), self.of(arguments), self.of(listed)


def _changed(cls: type) -> set[str]:
    return changed_attributes(base for base in cls.__mro__ if not _from_library(base))


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # nothing is bound yet
        return "empty"


def _globals(code: types.CodeType) -> set[str]:
    """Return the names that code, and the code within it, looks up globally."""
    names = {i.argval for i in dis.get_instructions(code) if i.opname in _LOOKUPS}
    inner = (constant for constant in code.co_consts if isinstance(constant, types.CodeType))
    return names.union(*map(_globals, inner))


def _from_library(cls: type) -> bool:
    """Tell whether Python or an installed package defines a class."""
    codes = [f.__code__ for f in vars(cls).values() if isinstance(f, types.FunctionType)]
    if codes:
        return any(_installed(code.co_filename) for code in codes)
    if not cls.__flags__ & _HEAP_TYPE:  # written in C
        return True
    home = sys.modules.get(cls.__module__)
    file = getattr(home, "__file__", None)
    if home is None or cls.__module__ == "__main__":
        return False
    return file is None or _installed(file)


def _installed(file: str) -> bool:
    path = Path(file)
    if file.startswith("<frozen") or {"site-packages", "dist-packages"} & set(path.parts):
        return True
    return any(path.is_relative_to(folder) for folder in _SHARED)
