"""Objects that are no data, as the student's kernel speaks of them: by number, class and form."""

import functools
import inspect
import sys
from typing import Any

import numpy as np

from .encode import Encoder

# What an operation on a stand-in may ask of the object: questions in which no value of the check
# is compared or combined with it, so that no object can answer "equal" to everything.
ASKED = [f"__{name}__" for name in (
    "len", "getitem", "setitem", "iter", "next", "call", "enter", "exit",
    "float", "int", "index", "bool", "complex", "array", "neg", "pos", "abs",
)]  # fmt: skip
ARITHMETIC = [f"__{side}{name}__" for side in ("", "r") for name in (
    "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul",
)]  # fmt: skip
BOTH = [*ARITHMETIC, "__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__"]
FUNCTIONS = (np.ufunc, functools.partial, type(functools.cache(len)))


class Objects:
    """The objects that both sides know: those of the check, and those of the student."""

    def __init__(self) -> None:
        self.classes: dict[str, type] = {}  # the lab's own, by name, which the check has too
        self.earlier: dict[str, Any] = {}  # what these names meant in the student's notebook
        self.known: dict[int, Any] = {}
        self.numbers: dict[int, int] = {}
        self.came: dict[int, dict[str, Any] | None] = {}  # what they held when the check sent them

    def keep(self, value: Any) -> int:
        """Return the number of an object of the student's: below zero."""
        if id(value) not in self.numbers:
            number = -1 - len(self.known)
            self.known[number], self.numbers[id(value)] = value, number
        return self.numbers[id(value)]

    def receive(self, number: int, value: Any) -> None:
        """Know an object that the check has sent, by the check's number."""
        self.known[number], self.numbers[id(value)] = value, number
        self.came[number] = dict(vars(value)) if hasattr(value, "__dict__") else None

    def came_so(self, value: Any) -> int | None:
        """Return the number of an object that the check has sent and that is as it came."""
        number = self.numbers.get(id(value))
        if number not in self.came or self.known[number] is not value:
            return None
        then, now = self.came[number], getattr(value, "__dict__", None)
        if then is None or now is None:
            return number if then is now else None
        same = then.keys() == now.keys() and all(then[name] is now[name] for name in then)
        return number if same else None

    def describe(self, value: Any, encoder: Encoder) -> Any:
        """Return what the check needs to know of an object in order to ask about it."""
        if (number := self.came_so(value)) is not None:
            return {"is": "yours", "number": number}
        if isinstance(value, type):
            return {"is": "class", **self.class_of(value)}
        torch = sys.modules.get("torch")
        if torch is not None and isinstance(value, torch.nn.Module):
            return self.module(value, encoder)
        if self.is_data(type(value)):
            return self.held(value, encoder)
        described = {
            "is": "object",
            "number": self.keep(value),
            "class": self.class_of(type(value)),
        }
        if inspect.isroutine(value) or isinstance(value, FUNCTIONS):
            described |= {"is": "function", "name": name_of(value), "signature": signature(value)}
        return described

    def class_of(self, kind: type) -> dict[str, Any]:
        """Describe a class: its name, those that it comes from, and what it can be asked."""
        bases = [[base.__module__, base.__qualname__] for base in kind.__mro__[:-1]]
        mine = [base for base in kind.__mro__[:-1] if base is not object]
        has = [name for name in ASKED + BOTH if any(name in vars(base) for base in mine)]
        described = {"number": self.keep(kind), "name": kind.__name__, "bases": bases, "has": has}
        under = next((base.__name__ for base in mine if self.both_know(base)), "")
        return described | {"lab": self.of_the_lab(kind), "under": under}

    def of_the_lab(self, kind: type) -> str:
        """Return the name by which the check knows a class of the lab; "" if it is none."""
        name = kind.__name__
        known = self.classes.get(name)
        if known is kind or (known is None and kind.__module__.startswith("labkit.")):
            return name
        return ""

    def is_data(self, kind: type) -> bool:
        """Tell whether objects of a class are no more than their attributes, which both know."""
        return self.both_know(kind) and not issubclass(kind, BaseException)

    def both_know(self, kind: type) -> bool:
        """Tell whether a class is one of the lab's, or was when the student's cells ran."""
        return bool(self.of_the_lab(kind)) or self.earlier.get(kind.__name__) is kind

    def held(self, value: Any, encoder: Encoder) -> Any:
        """Return an object of a class that the check has too, by its attributes."""
        if id(value) in encoder.new:
            return {"is": "again", "place": encoder.new[id(value)]}
        place = encoder.new[id(value)] = len(encoder.new)
        encoder.alive.append(value)
        names = [*getattr(value, "__dict__", ()), *getattr(type(value), "__slots__", ())]
        parts = {name: getattr(value, name) for name in names if hasattr(value, name)}
        attributes = [[name, encoder.value(part)] for name, part in parts.items()]
        module, name = type(value).__module__, type(value).__name__
        described = {"is": "held", "place": place, "of": attributes}
        return described | {"class": name, "module": module if name not in self.classes else ""}

    def module(self, value: Any, encoder: Encoder) -> Any:
        """Return a module of torch: its parts, and for those without code of the student's all."""
        if id(value) in encoder.new:
            return {"is": "again", "place": encoder.new[id(value)]}
        place = encoder.new[id(value)] = len(encoder.new)
        inner = {"_parameters", "_buffers", "_modules", "training"}
        fresh = vars(sys.modules["torch"].nn.Module()).keys()
        plain = {k: v for k, v in vars(value).items() if k not in inner | fresh}
        hooked = any(getattr(value, name) for name in fresh if "hooks" in name)
        try:
            trial = Encoder(refuse)
            attributes = None if hooked else [[k, trial.value(v)] for k, v in plain.items()]
            attributes = attributes if not trial.buffers else None
        except TypeError:
            attributes = None
        return {
            "is": "module",
            "place": place,
            "number": self.keep(value),
            "class": self.class_of(type(value)),
            "training": bool(value.training),
            "parameters": [[k, shared(v, encoder)] for k, v in value._parameters.items()],
            "buffers": [[k, shared(v, encoder)] for k, v in value._buffers.items()],
            "children": [[k, encoder.value(v)] for k, v in value._modules.items()],
            "plain": attributes,
        }


def shared(tensor: Any, encoder: Encoder) -> Any:
    """Return a tensor of a module, which several modules may hold."""
    if id(tensor) in encoder.new:
        return {"is": "again", "place": encoder.new[id(tensor)]}
    if tensor is None:
        return None
    place = encoder.new[id(tensor)] = len(encoder.new)
    return {**encoder.tensor(tensor), "place": place}


def refuse(value: Any, _: Encoder) -> Any:
    """Stand for `describe` where only data will do."""
    raise TypeError(f"{type(value).__name__} is no data")


def name_of(value: Any) -> str:
    """Return the name of a function."""
    return str(getattr(value, "__name__", type(value).__name__))


def signature(value: Any) -> list[list[Any]] | None:
    """Return a function's parameters, and whether each has a default; None if unknown."""
    try:
        found = inspect.signature(value).parameters.values()
    except (TypeError, ValueError):
        return None
    return [[each.name, int(each.kind), each.default is not each.empty] for each in found]
