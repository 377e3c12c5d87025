"""Stand-ins, with the check, for objects that stay in the student's kernel.

A stand-in passes on questions: calls, attributes, items, and what an object is as a number or an
array. It passes on no comparison and no arithmetic with a value of the check's, by which an object
could be equal to every truth; only between two stand-ins, or where a class is asked for.
"""

import importlib
import inspect
import operator
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import labkit
from course.grading.inside.objects import ARITHMETIC, ASKED, BOTH
from course.grading.outside.decode import Decoder, FaultError
from course.grading.outside.raised import THERE

LIBRARIES = {"torch", "sklearn", "collections"}  # whose classes isinstance may ask for
CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "float": float, "int": int, "bool": bool, "complex": complex,
    "index": operator.index, "len": operator.index,
}  # fmt: skip


class Objects:
    """Makes the stand-ins of a session, one for each object and class."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.classes: dict[int, Any] = {}
        self.made: dict[int, Any] = {}

    def stand_in(self, data: dict[str, Any], decoder: Decoder) -> Any:
        """Return what stands for an object that is no data."""
        kind = data["is"]
        if kind == "again":
            return decoder.placed[data["place"]]
        if kind == "yours":
            return self.session.sent.values[data["number"]]
        if kind == "class":
            return self.class_of(data)
        if kind == "held":
            return self.held(data, decoder)
        if kind == "module":
            from course.grading.outside.module import module

            return module(self, data, decoder)
        if kind == "function":
            return self.function(data)
        if kind != "object":
            raise FaultError(f"there is no kind {kind!r:.40}")
        number = int(data["number"])
        if number not in self.made:
            made = object.__new__(self.class_of(data["class"]))
            self.register(number, made)
        return self.made[number]

    def register(self, number: int, made: Any) -> None:
        """Let an object stand for that of a number."""
        object.__setattr__(made, "_number", number)
        self.made[number] = made
        self.session.sent.stand_ins[id(made)] = number

    def function(self, data: dict[str, Any]) -> Any:
        """Return a function that calls the student's."""
        number = int(data["number"])
        if number not in self.made:
            made = function(self.session, data)
            self.made[number] = made
            self.session.sent.stand_ins[id(made)] = number
        return self.made[number]

    def class_of(self, data: dict[str, Any], *, here: bool = True) -> Any:
        """Return the class that stands for the student's, or is it: one of the lab's or torch's."""
        if here and data["lab"] in self.session.classes:
            return self.session.classes[data["lab"]]
        if here and (own := self.library(data)) is not None:
            return own
        number = int(data["number"])
        if number not in self.classes:
            base: Any = Remote
            if ["torch.nn.modules.module", "Module"] in data["bases"]:
                from course.grading.outside import module

                base = module.RemoteModule
            methods: dict[str, Any] = {
                name: asked(name) for name in ASKED if name in data["has"]
            } | {name: of_both(name) for name in BOTH if name in data["has"]}
            if issubclass(base, Remote):
                methods["__hash__"] = object.__hash__
            else:
                methods = {}
            made: Any = Class(str(data["name"])[:80], (base,), methods)
            known = self.session.classes.get(data["under"]) or base_of(data["bases"])
            type.__setattr__(made, "_of", (self, number, known))
            self.classes[number] = made
            self.session.sent.stand_ins[id(made)] = number
        return self.classes[number]

    def library(self, data: dict[str, Any]) -> Any:
        """Return a class of torch's layers, or None: no other is taken by a name that came."""
        if not data["bases"]:
            return None
        module, name = data["bases"][0]
        found = getattr(sys.modules.get(module), name, None)
        is_layer = module.startswith("torch.nn.modules.") and isinstance(found, type)
        return found if is_layer else None

    def held(self, data: dict[str, Any], decoder: Decoder) -> Any:
        """Return an object of a class that both sides have, made of its attributes."""
        kind = self.session.classes.get(data["class"])
        if data["module"]:
            kind = labkit_class(data["module"], data["class"])
        if not isinstance(kind, type):
            raise FaultError(f"there is no class {data['class']!r:.40} here")
        made: Any = object.__new__(kind)
        decoder.placed[data["place"]] = made
        for name, part in data["of"]:
            object.__setattr__(made, name, decoder.value(part))
        return made


def labkit_class(module: str, name: str) -> Any:
    """Return a class of labkit whose objects are data, None for all else; a verdict is none."""
    package, _, file = module.partition(".")
    there = file.isidentifier() and Path(labkit.__file__).with_name(f"{file}.py").is_file()
    if package != "labkit" or not there or file in ("exercise", "answer"):
        return None
    found = getattr(importlib.import_module(module), name, None)
    return found if isinstance(found, type) and found.__module__ == module else None


def base_of(bases: list[list[str]]) -> Any:
    """Return the first class that is loaded here too, for isinstance."""
    for module, name in bases:
        library = str(module).partition(".")[0] in LIBRARIES
        found = getattr(sys.modules.get(module), name, None) if library else None
        if isinstance(found, type):
            return found
    return None


class Class(type):
    """The class of stand-ins: an object is made by the student's class, where that is."""

    def __call__(cls, *args: Any, **options: Any) -> Any:
        """Make an object."""
        objects, number, _ = cls._of
        return objects.session.call(number, args, options)

    def __getattr__(cls, name: str) -> Any:
        """Return an attribute of the class."""
        if name.startswith("__"):
            raise AttributeError(name)
        objects, number, _ = type.__getattribute__(cls, "_of")
        return objects.session.ask("get", number, name=name)


class Remote:
    """An object of the student's, by its number."""

    _of: Any
    _number: int

    @property  # type: ignore[misc]
    def __class__(self) -> Any:
        """The class that it comes from, where that is known here; else its own."""
        return type(self)._of[2] or type(self)

    def __getattr__(self, name: str) -> Any:
        """Ask for an attribute."""
        objects, _, _ = type(self)._of
        return objects.session.ask("get", self._number, name=name)

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute."""
        type(self)._of[0].session.ask("set", self._number, ((value,), {}), name)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """Return a copy made where the object is."""
        objects, _, _ = type(self)._of
        for number, value in list(objects.session.sent.values.items()):
            if id(value) in memo:  # what the copy holds of the check's becomes what it was
                objects.session.sent.replace(number, memo[id(value)])
        memo[id(self)] = made = objects.session.ask("copy", self._number)
        return made

    def __reduce__(self) -> Any:
        """Refuse: it means something in one session alone."""
        raise TypeError(f"a {type(self).__name__} can't be pickled here")

    def __repr__(self) -> str:
        """Name the class."""
        return f"<{type(self).__name__}>"


def asked(name: str) -> Callable[..., Any]:
    """Return a method that asks the student's object by its own."""
    convert: Callable[[Any], Any] | None = CONVERSIONS.get(name.strip("_"))

    def method(self: Any, *args: Any, **options: Any) -> Any:
        result = type(self)._of[0].session.call(self._number, args, options, name)
        return convert(result) if convert else result

    method.__name__ = name
    method.__code__ = method.__code__.replace(co_filename=THERE)
    return method


def of_both(name: str) -> Callable[..., Any]:
    """Return an operator between two objects of the student's.

    Where the answer is a class, it may be one of its objects and a number that make another.
    """

    def method(self: Any, other: Any) -> Any:
        session = type(self)._of[0].session
        both = isinstance(type(other), Class)
        mixed = session.asks_a_class and name in ARITHMETIC and isinstance(other, int | float)
        if not both and not mixed:
            return NotImplemented
        result = session.call(self._number, (other,), {}, name)
        if mixed and not isinstance(type(result), Class):
            raise FaultError(f"a number and an object make {type(result).__name__}, no object")
        return result

    method.__name__ = name
    return method


def function(session: Any, data: dict[str, Any]) -> Any:
    """Return a function that calls one of the student's, under its name and with its parameters."""
    number = int(data["number"])

    def stand_in(*args: Any, **options: Any) -> Any:
        return session.call(number, args, options)

    stand_in.__code__ = stand_in.__code__.replace(co_filename=THERE)
    stand_in.__name__ = stand_in.__qualname__ = str(data["name"])[:80]
    if data["signature"] is not None:
        parameters = [
            inspect.Parameter(name, inspect._ParameterKind(kind), **({"default": ...} if d else {}))
            for name, kind, d in data["signature"]
        ]
        stand_in.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return stand_in
