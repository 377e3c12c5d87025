"""How the course came to this machine, and so which commands put it in order.

As a clone, with git, make and pip, or as the students' zip, with `start.py` alone. The standard
library is enough here: `python -m labkit` asks where nothing else can be imported.
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TypeAlias


class Clone:
    """The course's own folder, which make and pip mend, and git where it came by git."""

    anew = "make clean site"
    python = "python"
    renders = True

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.labkit = folder / "labkit"

    def with_python(self, version: str) -> str:
        """Return how to make the environment with another Python."""
        return f"make site PYTHON=python{version}"

    def install(self, requirement: str, option: str = "") -> str:
        """Return how to install what pip calls `requirement`."""
        return f"python -m pip install {option}{requirement}"

    def add(self, requirement: str) -> str:
        """Return how to install what was left out on purpose, such as torch."""
        return self.install(requirement)

    def restore(self, folder: Path, names: list[str]) -> str:
        """Return how to get back files of `folder`."""
        if shutil.which("git") and any((f / ".git").exists() for f in (folder, *folder.parents)):
            git = "git" if folder == Path.cwd() else f'git -C "{folder}"'
            return f"{git} checkout -- {' '.join(names)}"
        return f'copy {", ".join(names)} from a fresh download of the course into "{folder}"'


class StudentsFolder:
    """What `start.py` of the students' zip has made, and mends, whatever is missing.

    A student has neither git nor make, and pip perhaps no network. `start.py` installs all
    packages and restores all files, so its answers don't depend on which.
    """

    renders = False  # the zip has the site, rendered

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.labkit = Path(sys.prefix)  # somewhere in it
        self.start = f'{"py" if os.name == "nt" else "python3"} "{folder / "start.py"}"'
        self.anew = f'delete "{folder / ".venv"}", then: {self.start}'
        self.python = f'"{sys.executable}"'

    def with_python(self, *_: object) -> str:
        """Return how to make the environment with another Python: the one `start.py` runs in."""
        return self.anew

    def install(self, *_: object) -> str:
        """Return how to install a package."""
        return self.anew

    def add(self, *_: object) -> str:
        """Return how to install what was left out on purpose, such as torch."""
        return self.start

    def restore(self, *_: object) -> str:
        """Return how to get back files."""
        return self.start


Course: TypeAlias = Clone | StudentsFolder


def this_course() -> Course:
    """Return the course that the environment of this Python belongs to.

    That is where the environment stands. One that stands elsewhere belongs to the course whose
    labkit this is.
    """
    home = Path(sys.prefix).parent
    if (home / "edition" / "edition.json").is_file():
        return StudentsFolder(home)
    if (home / "labkit" / "course.py").is_file():
        return Clone(home)
    return Clone(Path(__file__).resolve().parents[1])
