"""Write down which files a program reads in some folders; every Python imports this as it starts.

It stands first on the PYTHONPATH of a lab that is executed, so it sees the lab's processes too.
"""

import contextlib
import os
import sys
from pathlib import Path

LOG = os.environ["COURSE_TRACE_LOG"]
FOLDERS = tuple(os.environ["COURSE_TRACE_FOLDERS"].split(os.pathsep))


def _note(event: str, arguments: tuple[object, ...]) -> None:
    name = arguments[0] if event in {"open", "os.listdir", "os.scandir"} else None
    if not isinstance(name, str | bytes) or name == LOG:
        return
    path = os.path.realpath(os.fsdecode(name))
    if path.startswith(FOLDERS):
        with contextlib.suppress(OSError), Path(LOG).open("a", encoding="utf-8") as log:
            log.write(f"{path}\n")


sys.addaudithook(_note)
