"""A notebook that a student hands in, which may be anything, and what lies beside it."""

import hashlib
import os
import re
import shutil
import stat
from pathlib import Path
from typing import NamedTuple

from course.grading.sandbox import MIB
from course.notebook import Lab, UnreadableError

LARGEST_NOTEBOOK = 50 * MIB
LARGEST_FOLDER = 256 * MIB
NOT_COPIED = {".git", ".ipynb_checkpoints", ".venv", "__MACOSX", "__pycache__"}


class CannotRunError(Exception):
    """A notebook or a lab that can't be run, with the reason."""


class CodeCell(NamedTuple):
    """A code cell: its id, "" where it has none, and its source."""

    id: str
    source: str


def read_cells(path: Path) -> list[CodeCell]:
    """Return the code cells of what may be a notebook; CannotRunError where it is none."""
    start = b""
    try:
        kind = path.lstat()
        if stat.S_ISREG(kind.st_mode):
            with path.open("rb") as file:
                start = file.read(4)
    except OSError as error:
        raise CannotRunError(f"it could not be read ({type(error).__name__})") from error
    if stat.S_ISLNK(kind.st_mode):
        raise CannotRunError("it is a symbolic link, which is not followed")
    if not stat.S_ISREG(kind.st_mode):
        raise CannotRunError("it is not a file")
    if not 0 < kind.st_size <= LARGEST_NOTEBOOK:
        large = f"it is larger than {LARGEST_NOTEBOOK // MIB} MiB: clear its outputs"
        raise CannotRunError(large if kind.st_size else "it is empty")
    if start[:2] in (b"\xff\xfe", b"\xfe\xff", b"{\0", b"\0{", b"\0\0"):
        raise CannotRunError("it is saved as UTF-16 or UTF-32, not UTF-8: save it in JupyterLab")
    try:
        return code_cells(Lab.read(path))
    except Exception as error:  # what is no notebook fails in many ways
        if isinstance(error, UnreadableError) and error.__cause__ is None:
            raise CannotRunError(str(error)) from error
        kind_of_error = type(error.__cause__ or error).__name__
        raise CannotRunError(f"it is not a notebook ({kind_of_error})") from error


def code_cells(lab: Lab) -> list[CodeCell]:
    """Return the code cells of a notebook."""
    return [CodeCell(str(cell.node.get("id", "")), cell.source) for cell in lab.code]


def definition(name: str) -> re.Pattern[str]:
    """Return what finds the beginnings of a student's answer."""
    kinds = rf"(?:(?:async\s+)?def|class)\s+my_{name}\b|my_{name}\s*[:=]"
    return re.compile(rf"^\s*(?:{kinds})", re.MULTILINE)


def defined_in(name: str, cells: list[CodeCell]) -> list[int]:
    """Return the numbers, from 0, of the cells that define a student's answer."""
    found = definition(name)
    return [number for number, cell in enumerate(cells) if found.search(cell.source)]


def stub_below(name: str, cells: list[CodeCell]) -> bool:
    """Tell whether the last definition of an answer is a stub, and one above it is none."""
    bodies = [body for cell in cells for body in definition(name).split(cell.source)[1:]]
    stubs = ["your_answer_here" in body for body in bodies]
    return bool(stubs) and stubs[-1] and not all(stubs)


def copy_files(source: Path, target: Path) -> None:
    """Copy a file, or a folder's ordinary files: no links, pipes, devices or what was installed."""
    if source.is_file():
        shutil.copyfile(source, target / source.name)
        return
    total = 0
    for place, folders, files in os.walk(source):
        environments = {name for name in folders if Path(place, name, "pyvenv.cfg").exists()}
        folders[:] = [name for name in folders if name not in NOT_COPIED | environments]
        there = target / Path(place).relative_to(source)
        there.mkdir(exist_ok=True)
        for name in files:
            path = Path(place, name)
            kind = path.lstat()
            if not stat.S_ISREG(kind.st_mode) or name.endswith(".whl"):
                continue
            total += kind.st_size
            if total > LARGEST_FOLDER:
                raise CannotRunError(f"its folder holds more than {LARGEST_FOLDER // MIB} MiB")
            shutil.copyfile(path, there / name)


def digest(path: Path) -> str:
    """Return the checksum of a file, "" of what is none or can't be read."""
    try:
        if stat.S_ISREG(path.lstat().st_mode):
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        pass  # its row says why
    return ""
