"""The process that holds a lab's checks. Started by `course/grading/steps.py`, in a sandbox too.

It asks the student's kernel by a connection, whose file descriptor is its first argument, and
writes a JSON object a line to the one that is its last: what each check says. On its standard
input are the checks, pickled, by the exercises' names.
"""

import base64
import ctypes
import json
import os
import pickle
import socket
import sys
from contextlib import suppress
from typing import Any

from course.grading.inside.wire import Wire
from course.grading.outside.clock import CLOCK
from course.grading.outside.session import EndedError, Session
from labkit.exercise import Verdict


def main() -> None:
    """Judge each answer as the student's kernel comes to it."""
    keep_to_oneself()
    CLOCK.install()
    wire = Wire(socket.socket(fileno=int(sys.argv[1])))
    answer = int(sys.argv[2])
    sys.stdout = sys.stderr  # a check may print
    kept = {name: loaded(one) for name, one in json.load(sys.stdin.buffer).items()}
    for name, (check, names) in kept.items():
        try:
            said, last = verdict(wire, name, check, names), False
        except EndedError as error:
            said, last = {"status": "not right yet", "because": str(error)}, True
            if not said["because"]:
                return
        os.write(answer, json.dumps({"exercise": name, **said}).encode() + b"\n")
        if last:
            return


def loaded(one: dict[str, str]) -> tuple[Any, bytes]:
    """Return a check, and the lab's names that it shares with the student, still pickled."""
    return pickle.loads(base64.b64decode(one["check"])), base64.b64decode(one["names"])


def verdict(wire: Wire, name: str, check: Any, names: bytes) -> dict[str, Any]:
    """Return what a check says of the answer that the student's kernel holds."""
    session = Session(wire, lab_classes(check))
    hello, _ = session.receive()
    if hello.get("ready") != name:
        raise EndedError  # it could not be asked for this exercise
    try:
        if hello.get("missing"):
            return {"status": "missing", "because": ""}
        CLOCK.read = False
        said = check(session.begin(names))
        if type(said) is not Verdict:
            raise TypeError("the check returned no verdict")
        timed = CLOCK.read and said.status == "right"
        return {"status": said.status, "because": str(said.because)[:1000], "timed": timed}
    except EndedError:
        raise
    except BaseException as error:  # such as the interrupt where time is up
        because = f"it raised {type(error).__name__}: {error}"[:1000]
        return {"status": "not right yet", "because": because}
    finally:
        with suppress(EndedError):
            session.end()


def lab_classes(check: Any) -> dict[str, type]:
    """Return the lab's own classes that a check knows: those of no library."""
    found: dict[str, type] = {}
    for name, value in check._rules.__globals__.items():
        if isinstance(value, type) and value.__name__ == name:
            module = sys.modules.get(value.__module__)
            found |= {} if getattr(module, name, None) is value else {name: value}
    return found


def keep_to_oneself() -> None:
    """Let no other process of the same user read this one (Linux; elsewhere it has no effect)."""
    with suppress(OSError, AttributeError, TypeError):
        ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE


if __name__ == "__main__":
    main()
