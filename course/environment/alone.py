"""One program at a time in a folder: two that install at once take away what the other has made.

Used before anything is installed, by an older Python too: see installing.py.
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

WAITING = "start.py is already at work in this folder (another window?): waiting for it to end"


@contextmanager
def alone(home: Path) -> "Iterator[None]":
    """Wait until no other program is at work in a folder, and keep others waiting.

    The system takes the lock away from a program that has ended, however it ended.
    """
    with (home / ".at-work").open("a") as file:
        said = False
        while not locked(file):
            if not said:
                print(WAITING, flush=True)
            said = True
            time.sleep(0.5)
        yield


def locked(file: "IO[str]") -> bool:
    """Lock a file; tell whether nobody else has it locked. Some disks know no locks: then too."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    except OSError:
        pass
    return True
