"""What an error of the student's code was, as data."""

from contextlib import suppress
from typing import Any


def failure(error: BaseException, answer: Any = None) -> dict[str, Any]:
    """Describe an error: its classes, its message, and the line of the answer that raised it."""
    classes = [[base.__module__, base.__qualname__] for base in type(error).__mro__[:-1]]
    try:
        message = str(error)
    except Exception:
        message = "(its message can't be read)"
    line = advice = ""
    if answer is not None:
        with suppress(Exception):  # whatever the student's code did to labkit: it is left out
            from labkit.answer import _advice, _line

            line, advice = _line(error, answer), _advice(error)
    described = {"classes": classes, "message": message[:2000], "line": line, "advice": advice}
    return described | {"name": str(getattr(error, "name", "") or "")}
