"""What a lab's outputs depend on: the files of `labkit/` and `data/` that it opens as it runs.

Nothing is guessed from the code. A Python that starts with `traced_environment` notes the files
that it opens in the two folders, and so does every Python that it starts in turn. Not seen are the
list of what is in a folder, a question whether a file is there, and what is opened by a program
other than Python, or by a Python that is told to ignore its environment (`-I`, `-E`).
"""

import os
from pathlib import Path

HOOK = Path(__file__).parent / "hook"
FOLDERS = ("labkit", "data")
IGNORED = {"data/SHA256SUMS"}  # it says whether a table is whole, and nothing about what it holds


def traced_environment(log: Path, root: Path) -> dict[str, str]:
    """Return this process's environment, changed so that a Python imports `root`'s labkit, traced.

    What it reads goes to the file `log`.
    """
    path = [str(HOOK), str(root), *filter(None, [os.environ.get("PYTHONPATH")])]
    changes = {
        "PYTHONPATH": os.pathsep.join(path),
        "PYTHONPYCACHEPREFIX": "",  # what is compiled stands beside its source
        "COURSE_TRACE_LOG": str(log),
        "COURSE_TRACE_FOLDERS": os.pathsep.join(str(root.absolute() / f) for f in FOLDERS),
    }
    return {**os.environ, **changes}


def files_read(log: Path, root: Path) -> list[str]:
    """Return the files of `labkit/` and `data/` that were read, relative to `root`."""
    found = set()
    for line in log.read_text(encoding="utf-8").splitlines() if log.exists() else ():
        path = Path(line)
        if path.suffix == ".pyc":  # labkit/__pycache__/ols.cpython-312.pyc
            path = path.parent.parent / f"{path.name.split('.')[0]}.py"
        if (root / path).is_file():
            found.add(path.as_posix())
    return sorted(found - IGNORED)
