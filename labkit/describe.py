"""What a loss, a schedule or a model is: the same in another process, and never an address."""

from __future__ import annotations

import contextlib
import functools
import re
import types
from collections.abc import Iterable, Iterator, Mapping, Set
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from labkit.changes import changed_attributes, changed_names, run_methods
from labkit.digest import digest
from labkit.installed import from_library, installed, own_classes
from labkit.origins import all_code, looked_up

_PLAIN = (type(None), bool, int, float, complex, str, bytes, np.generic, torch.dtype, torch.device)
_INTERNAL = {
    "__module__", "__dict__", "__weakref__", "__doc__", "__annotations__", "__abstractmethods__",
    "__firstlineno__", "__static_attributes__", "__slotnames__", "_abc_impl",
}  # fmt: skip
_HOOKS = ("_forward_pre_hooks", "_forward_hooks", "_backward_pre_hooks", "_backward_hooks")
_ON_GRADIENTS = ("_backward_hooks", "_post_accumulate_grad_hooks")


def describe(thing: Any, model: nn.Module | None = None) -> str:
    """Return what a thing is, in words and as a digest of all that its results can depend on.

    Of a function that is its code, defaults, closure, and the global values and functions that
    it uses; of a `functools.partial` also its arguments; of a module or another object its class
    and its state, as pickle would take it apart. What a function or an object changes itself as
    it runs, a counter for instance, is no part of what it is. What Python, torch or an installed
    package defines is known by its name.

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
    form = _Form([] if model is None else _in_training(model)).of(thing)
    return f"{_words(thing)} {digest(form)}"


def _in_training(model: nn.Module) -> list[Tensor]:
    saved = model.state_dict(keep_vars=True).values()
    return [*saved, *model.buffers()]  # also those buffers that no state_dict holds


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
        self.called: frozenset[str] = frozenset()  # names that the code around uses

    def of(self, thing: Any) -> Any:
        if isinstance(thing, _PLAIN):
            return thing
        if isinstance(thing, Tensor):
            return self._tensor(thing)
        if type(thing) is np.ndarray and not thing.dtype.hasobject:
            return thing
        if type(thing) in (list, tuple, dict, set, frozenset):
            return self._container(thing)
        if isinstance(thing, types.ModuleType):
            return self._file(thing)
        if id(thing) in self.met:
            return "again", self.met[id(thing)][0]
        self.met[id(thing)] = len(self.met), thing
        return type(thing).__name__, self._parts(thing)

    def _parts(self, thing: Any) -> Any:
        if isinstance(thing, types.FunctionType):
            return self._function(thing)
        if isinstance(thing, types.CodeType):
            return self._code(thing)
        if isinstance(thing, type):
            return self._class(thing)
        if isinstance(thing, functools.partial):
            return self.of((thing.func, thing.args, thing.keywords))
        if isinstance(thing, types.MethodType):
            with self._calling({thing.__func__.__name__}):
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
            hooks = [list((getattr(tensor, kind) or {}).values()) for kind in _ON_GRADIENTS]
            form = (tensor.dtype, tuple(tensor.shape), tensor.requires_grad)
            return "trained", form, self.of(hooks)
        return tensor.detach() if tensor.layout == torch.strided else self.of(tensor.to_dense())

    def _file(self, module: types.ModuleType) -> Any:
        """Return of a module of the user's own also what the code around uses of it."""
        file = getattr(module, "__file__", None)
        if file is None or installed(file) or id(module) in self.within:
            return "module", module.__name__
        self.within.append(id(module))
        try:
            used = {name: v for name, v in vars(module).items() if name in self.called}
            return "module", module.__name__, self.of(used)
        finally:
            self.within.pop()

    @contextlib.contextmanager
    def _calling(self, names: Iterable[str]) -> Iterator[None]:
        before, self.called = self.called, frozenset(names)
        try:
            yield
        finally:
            self.called = before

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
        if installed(function.__code__.co_filename):
            name = (function.__module__, function.__qualname__)
            return name, self.of(function.__defaults__), self.of(function.__closure__)
        code = function.__code__
        used = {name: function.__globals__.get(name) for name in looked_up(code)}
        cells = zip(code.co_freevars, function.__closure__ or (), strict=True)
        used |= {name: _content(cell) for name, cell in cells}
        changed = changed_names(code, used)
        with self._calling(_names(code)):
            called = function.__name__
            own = {k: v for k, v in vars(function).items() if f"{called}.{k}" not in changed}
            return (
                function.__qualname__,
                self._code(code),
                self.of([function.__defaults__, function.__kwdefaults__]),
                self.of({name: value for name, value in used.items() if name not in changed}),
                self.of({k: v for k, v in own.items() if k != "__wrapped__"}),
            )

    def _code(self, code: types.CodeType) -> Any:
        constants = [
            self._code(c) if isinstance(c, types.CodeType) else self.of(c) for c in code.co_consts
        ]
        names = (code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars)
        return code.co_code, constants, names, code.co_argcount, code.co_flags

    def _class(self, cls: type) -> Any:
        if from_library(cls):
            return cls.__module__, cls.__qualname__
        own = {name: value for name, value in vars(cls).items() if name not in _INTERNAL}
        return cls.__qualname__, [self.of(base) for base in cls.__bases__], self.of(own)

    def _module(self, module: nn.Module) -> Any:
        state = vars(module)
        classes = own_classes(type(module))
        changed = changed_attributes(classes, state, self.called) | _recomputed(module)
        kept = {*vars(nn.Module()), *changed}
        own = {name: value for name, value in state.items() if name not in kept}
        with self._calling(_names_of_run(classes, self.called)):
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
        classes = own_classes(type(thing))
        if state and isinstance(state[0], dict):
            changed = changed_attributes(classes, state[0], self.called)
            kept = {name: v for name, v in state[0].items() if name not in changed}
            state[0] = kept or None  # as of one that has no attribute of its own yet
        listed = [list(part) if hasattr(part, "__next__") else part for part in state]
        with self._calling(_names_of_run(classes, self.called)):
            return cls, self.of(make), self.of(arguments), self.of(listed)


def _recomputed(module: nn.Module) -> set[str]:
    """Return what torch's weight_norm, spectral_norm and prune compute before each call."""
    sources = module._parameters.keys()
    return {name for name in vars(module) if {f"{name}_orig", f"{name}_g"} & sources}


def _names(code: types.CodeType) -> set[str]:
    return {name for own in all_code(code) for name in own.co_names}


def _names_of_run(classes: Iterable[type], called: Iterable[str]) -> set[str]:
    return set().union(*(_names(f.__code__) for f in run_methods(classes, called)))


def _content(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # nothing is bound yet
        return "empty"
