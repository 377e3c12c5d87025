"""Functions of the check, as the student's answer is given them: a call goes back to the check."""

import pickle
import sys
from typing import Any

from .encode import unwatched, wrapped


class Callback:
    """Stands in the student's kernel for a function that stays with the check.

    Where torch differentiates through it, which can't be done from afar, the check hands over the
    function itself. It is called there too, as a check may count the calls.
    """

    def __init__(self, session: Any, number: int, name: str) -> None:
        self._session, self._number, self.__name__ = session, number, name
        self._here: Any = None

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Call the function, where it is."""
        traced = any(map(is_traced, [*args, *options.values()]))
        with unwatched():
            body, value = self._session.call_back(self._number, args, options, traced)
        if body["op"] == "raised":
            raise value
        if body["op"] == "here":
            self._here = self._here or value
            return self._here(*args, **options)
        return value

    def __next__(self) -> Any:
        """Return the next of what is an iterator rather than a function."""
        return self()

    def __iter__(self) -> "Callback":
        """Return the iterator itself."""
        return self

    def __deepcopy__(self, memo: Any) -> "Callback":
        """Return itself, as functions do."""
        return self


def is_traced(value: Any) -> bool:
    """Tell whether torch keeps a graph of what is done with a value."""
    if isinstance(value, list | tuple):
        return any(map(is_traced, value))
    if isinstance(value, dict):
        return any(map(is_traced, value.values()))
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(value, torch.Tensor):
        return False
    return wrapped(value) or (value.requires_grad and torch.is_grad_enabled())


class Unpickler(pickle.Unpickler):
    """Reads what the check sends, with the student's own objects in their places."""

    def __init__(self, file: Any, session: Any) -> None:
        super().__init__(file)
        self.session = session

    def persistent_load(self, reference: Any) -> Any:
        """Return what is sent as a reference."""
        kind, key, *more = reference
        if kind == "class":
            return self.session.objects.classes[key]
        if kind == "function":
            return self.session.callback(key, *more)
        return self.session.sources[key] if kind == "source" else self.session.objects.known[key]
