"""The student's errors, raised again in the check: of the same name, and of a class known here."""

import builtins
import linecache
import re
import sys
import types
from collections.abc import Iterator
from typing import Any

from labkit.exercise import NotAttempted

THERE = "<the student's kernel>"  # the file of a line that is there


class _Said:
    """Gives an error the words that it had."""

    words = ""

    def __str__(self) -> str:
        return self.words


def raised(described: dict[str, Any]) -> BaseException:
    """Return an error that has the name, the message and, where known, the class of another."""
    classes = described["classes"]
    base = next(filter(None, (known(module, name) for module, name in classes)), Exception)
    if base is NotAttempted:
        return NotAttempted()
    name = str(classes[0][1]).rpartition(".")[2][:80]
    kind: Any = type(name, (_Said, base), {"words": str(described["message"])})
    error: BaseException = kind.__new__(kind)
    error.args = (described["message"],)
    if isinstance(error, NameError):
        error.name = str(described["name"])
    return at_line(error, str(described["line"]), str(described["advice"]))


def at_line(error: BaseException, line: str, advice: str) -> BaseException:
    """Give an error the line of the answer that raised it, as `labkit.answer` looks for it.

    It also looks for a name that is like a missing one: that which it has found there.
    """
    linecache.cache.pop(THERE, None)
    if found := re.fullmatch(r", in line (\d{1,6}): `(.*)`", line, re.DOTALL):
        number = int(found[1])
        text = [*["\n"] * (number - 1), f"{found[2]}\n"]
        linecache.cache[THERE] = (len(text), None, text, THERE)
        like = re.search(r" Is (\w+) meant\?", advice)
        body = types.FunctionType(CODE, dict.fromkeys(like.groups() if like else ()))()
        error.__traceback__ = types.TracebackType(None, body.gi_frame, -1, number)
        error.body = body  # type: ignore[attr-defined]  # alive, as its frame is
    return error


def _body() -> Iterator[None]:
    yield


CODE = _body.__code__.replace(co_filename=THERE)


def known(module: str, name: str) -> type[BaseException] | None:
    """Return an error's class that is loaded here."""
    if str(module).startswith("course."):
        return None
    found = builtins if module == "builtins" else sys.modules.get(module)
    for part in str(name).split("."):
        found = getattr(found, part, None)
    return found if isinstance(found, type) and issubclass(found, BaseException) else None
