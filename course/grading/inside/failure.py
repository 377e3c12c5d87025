"""What an error of the student's code was, as data."""

from typing import Any


def failure(error: BaseException, answer: Any = None) -> dict[str, Any]:
    """Describe an error: its classes, its message, and the line of the answer that raised it."""
    classes = [[base.__module__, base.__qualname__] for base in type(error).__mro__[:-1]]
    try:
        message = str(error)
    except Exception:
        message = "(its message can't be read)"
    where = ""
    if answer is not None:
        try:
            from labkit.answer import _advice, _line

            where = _line(error, answer) + _advice(error)
        except Exception:  # whatever the student's code did to labkit: the reason lacks the line
            where = ""
    return {"classes": classes, "message": message[:2000], "where": where[:1000]}
