"""What the check gives an answer, as it is sent: data as a pickle, functions as references."""

import functools
import io
import pickle
import sys
import types
from collections.abc import Iterator
from typing import Any

import cloudpickle

from course.grading.inside.sources import everybodys, kind_of, state_of

RECENT = 16  # sources of random numbers whose places both sides keep alike


class Arguments:
    """What has been sent: functions, objects and sources by their numbers."""

    def __init__(self, classes: dict[str, type]) -> None:
        self.classes = {kind: name for name, kind in classes.items()}
        self.stand_ins: dict[int, int] = {}  # the student's objects: their numbers
        self.numbers: dict[int, int] = {}
        self.values: dict[int, Any] = {}  # alive, so that none takes another's id
        self.recent: list[int] = []
        self.everybodys = everybodys()
        self.untouched = {n: pickle.dumps(state_of(s)) for n, s in self.everybodys.items()}

    def number(self, value: Any) -> int:
        """Return the number of an object of the check's: from zero up."""
        if id(value) not in self.numbers:
            number = len(self.values)
            self.numbers[id(value)], self.values[number] = number, value
        return self.numbers[id(value)]

    def replace(self, number: int, value: Any) -> None:
        """Let a number mean another object."""
        self.values[number], self.numbers[id(value)] = value, number

    def dumps(self, value: Any, *, whole: Any = None) -> bytes:
        """Pickle a value, then the objects in it, by number. `whole` is a function sent itself."""
        file = io.BytesIO()
        pickler = _Pickler(file, self, whole)
        pickler.dump(value)
        pickler.dump([(self.number(one), one) for one in pickler.seen])
        return file.getvalue()

    def sources(self) -> tuple[list[int], bytes]:
        """Return where the sources stand that were sent last, as numbers and as a pickle.

        Among them are those that a check has seeded without handing them over.
        """
        for number, state in list(self.untouched.items()):
            if pickle.dumps(state_of(self.everybodys[number])) != state:
                del self.untouched[number]
        numbers = [*self.recent, *(n for n in self.everybodys if n not in self.untouched)]
        sources = [self.source_of(number) for number in numbers]
        states = [(n, kind_of(s), state_of(s)) for n, s in zip(numbers, sources, strict=True)]
        return numbers, self.dumps(states)

    def source_of(self, number: int) -> Any:
        """Return a source by its number."""
        return self.everybodys.get(number, self.values.get(number))

    def source(self, value: Any) -> int:
        """Return the number of a source, now the last that was sent."""
        number = self.number(value)
        self.recent = [number, *(n for n in self.recent if n != number)][:RECENT]
        return number


class _Pickler(cloudpickle.Pickler):  # type: ignore[misc]
    """Sends functions, sources, the student's own objects and the lab's classes as references."""

    def __init__(self, file: io.BytesIO, sent: Arguments, whole: Any) -> None:
        super().__init__(file)
        self.sent, self.whole = sent, whole
        self.seen: list[Any] = []

    def persistent_id(self, value: Any) -> Any:
        """Return the reference that stands for a value, None where it is sent itself."""
        if (number := self.sent.stand_ins.get(id(value))) is not None:
            return ("object", number)
        kind = type(value)
        if kind is type or isinstance(value, type):
            name = self.sent.classes.get(value)
            return None if name is None else ("class", name)
        if is_function(value) or isinstance(value, Iterator):
            if self.whole is not None or by_reference(value):
                return None
            return ("function", self.sent.number(value), str(getattr(value, "__name__", "it")))
        return ("source", self.sent.source(value)) if kind_of(value) else None

    def reducer_override(self, value: Any) -> Any:
        """Note the objects that are sent, so that they are known when they come back."""
        data = hasattr(value, "detach") or isinstance(value, type | types.ModuleType)
        if hasattr(value, "__dict__") and not data:
            self.seen.append(value)
        if (array := plain_array(value)) is not None:
            return sys.modules["torch"].from_numpy, (array,)
        return super().reducer_override(value)


def plain_array(value: Any) -> Any:
    """Return a tensor without a graph as an array, which is sent sooner; None for all else."""
    torch = sys.modules.get("torch")
    if torch is None or type(value) is not torch.Tensor or value.requires_grad:
        return None
    if value.device.type != "cpu" or value.layout != torch.strided:
        return None
    try:
        return value.numpy()
    except (TypeError, RuntimeError):  # a type that NumPy has not, or numbers yet to be conjugated
        return None


def is_function(value: Any) -> bool:
    """Tell whether a value is a function that can stay here; a partial's own is asked about."""
    if isinstance(value, types.MethodType):
        return not hasattr(value.__self__, "__dict__")
    return isinstance(value, types.FunctionType | functools._lru_cache_wrapper)


def by_reference(value: Any) -> bool:
    """Tell whether a function, or what else, is found under its name in a library."""
    module, name = getattr(value, "__module__", None), getattr(value, "__qualname__", "")
    found: Any = sys.modules.get(str(module)) if module != "__main__" else None
    for part in name.split("."):
        found = getattr(found, part, None)
    return found is value
