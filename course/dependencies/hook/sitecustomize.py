"""Write down which files a program opens in some folders; every Python imports this as it starts.

It stands first on the PYTHONPATH of a lab that is executed, so it sees the lab's processes too.
"""

import contextlib
import os
import sys
from pathlib import Path

LOG = os.environ["COURSE_TRACE_LOG"]
# A folder may be a link: a file in it is known by either name.
FOLDERS = {
    seen + os.sep: Path(folder).name
    for folder in os.environ["COURSE_TRACE_FOLDERS"].split(os.pathsep)
    for seen in (folder, os.path.realpath(folder))
}


def _note(event: str, arguments: tuple[object, ...]) -> None:
    name = arguments[0] if event in {"open", "sqlite3.connect"} else None
    if not isinstance(name, str | bytes) or name == LOG:
        return
    path = os.path.abspath(os.fsdecode(name))  # noqa: PTH100 - resolve() follows links
    for place in (path, os.path.realpath(path)):  # a link may lead into a folder, or out of it
        for folder, known in FOLDERS.items():
            if place.startswith(folder):
                with contextlib.suppress(OSError), Path(LOG).open("a", encoding="utf-8") as log:
                    log.write(f"{known}{os.sep}{place.removeprefix(folder)}\n")
                return


sys.addaudithook(_note)
