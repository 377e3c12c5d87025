"""What lies in a folder of submissions: the notebooks, and whatever else needs a row.

Every student has a row: each folder in it is one, and each file that is not in a folder.
"""

import json
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from course.grading.submission import NOT_COPIED, digest
from course.grading.table import escaped

# Copies of the labs, where the whole course was handed in: no student should work in them.
COPIES = {"_site", "_site-student", "_student", "course", "edition", "site", "tests"}
COURSE = ("start.py", "_quarto.yml", "labkit")  # stand beside these copies
OF_THE_SYSTEM = {"desktop.ini", "thumbs.db"}
ARCHIVES = (".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar", ".zst")
PAGES = (".html", ".htm", ".xhtml", ".mhtml")
MOST = 5  # files that a row names


@dataclass
class HandedIn:
    """The notebooks, and beside them what can't be run, each with the reason."""

    notebooks: list[Path] = field(default_factory=list)
    others: dict[Path, str] = field(default_factory=dict)

    @property
    def all(self) -> list[Path]:
        """Everything that has a row."""
        return sorted([*self.notebooks, *self.others])


def handed_in(folder: Path, out: Path) -> HandedIn:
    """List what lies in a folder, without following links; the CSV itself is nobody's."""
    found = HandedIn()
    walk(folder, found)
    if is_course(folder):  # one student's, rather than a folder of students
        return found
    names = {path.stem for path in found.notebooks if path.parent == folder}
    rows = set(found.all)
    with os.scandir(folder) as entries:
        for entry in sorted(entries, key=lambda entry: entry.name):
            path = folder / entry.name
            its_csv = os.path.realpath(path) == os.path.realpath(out)  # `resolve` raises in a loop
            if path in rows or its_csv or ignored(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                if not any(path in one.parents for one in found.notebooks):
                    for inside in [one for one in found.others if path in one.parents]:
                        found.others.pop(inside) if kind(inside) else None  # named in this row
                    found.others[path] = f"no notebook in this folder{holds(path)}"
            elif path.stem not in names:  # else it belongs to a notebook that has its rows
                found.others[path] = kind(path) or "it is not a notebook"
    return found


def walk(folder: Path, found: HandedIn) -> None:
    """Find the notebooks below a folder, and what may hold some."""

    def unreadable(error: OSError) -> None:
        found.others[Path(error.filename)] = f"it could not be read ({type(error).__name__})"

    for place, folders, files in os.walk(folder, onerror=unreadable):
        here = Path(place)
        course = is_course(here)
        found.notebooks += [path for name in folders for path in worked_in(here / name)]
        folders[:] = [name for name in folders if not left_out(here / name, course, here == folder)]
        for name in [*files, *(n for n in folders if n.lower().endswith(".ipynb"))]:
            path = here / name
            if name in folders:
                if not any(path.rglob("*.ipynb")):
                    found.others[path] = "it is a folder, without a notebook in it"
            elif name.startswith("._"):
                continue
            elif name.lower().endswith(".ipynb"):
                if not is_untouched(path):
                    found.notebooks.append(path)
            elif why := may_hold_a_notebook(path):
                found.others[path] = why
    found.notebooks.sort()


def worked_in(edition: Path) -> list[Path]:
    """Return the labs in a folder `edition` that are no longer as they were handed out."""
    try:
        made = json.loads((edition / "edition.json").read_text(encoding="utf-8"))["files"]
        notebooks = sorted((edition / "notebooks").glob("*.ipynb"))
        return [path for path in notebooks if digest(path) not in made.values()]
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return []


def is_course(folder: Path) -> bool:
    """Tell whether a folder is the whole course, the students' edition or the instructors'."""
    return exists(folder / "notebooks") and any(exists(folder / name) for name in COURSE)


def exists(path: Path) -> bool:
    """Tell whether something is there, as far as one may look."""
    try:
        return path.exists()
    except OSError:
        return False


def left_out(path: Path, course: bool, top: bool) -> bool:
    """Tell whether a folder holds no work of a student's."""
    name = path.name
    if name in NOT_COPIED or (name.startswith(".") and not top) or (course and name in COPIES):
        return True
    return any(exists(path / mark) for mark in ("pyvenv.cfg", "edition.json"))


def ignored(name: str) -> bool:
    """Tell whether something among the students is a system's own."""
    return name.startswith(".") or name.lower() in OF_THE_SYSTEM or name in NOT_COPIED


def may_hold_a_notebook(path: Path) -> str:
    """Say why a file that is or holds a notebook is not graded, "" where it is neither."""
    if ".ipynb" in path.name.lower():
        return "its name does not end in .ipynb: rename it"
    return "it is an archive, which is not unpacked" if is_archive(path) else ""


def is_archive(path: Path) -> bool:
    """Tell whether a file is named like an archive; a table in data/ may be a packed one."""
    name = path.name.lower()
    return name.endswith(ARCHIVES) and not name.endswith((".csv.gz", ".tsv.gz", ".npy.gz"))


def kind(path: Path) -> str:
    """Say what a file is that may stand for a notebook, "" where it can't."""
    if path.is_symlink():
        return "it is a symbolic link, which is not followed"
    if why := may_hold_a_notebook(path):
        return why
    page = path.name.lower().endswith(PAGES)
    return "it is a page made from a notebook, not the notebook" if page else ""


def holds(folder: Path) -> str:
    """Say which files a folder holds: those that may stand for a notebook by name."""
    if folder.is_symlink():
        return ": it is a symbolic link, which is not followed"
    paths = [Path(place, name) for place, _, names in os.walk(folder) for name in names]
    named = [path for path in paths if kind(path)]
    words = [f"{escaped(path.name)} ({kind(path).removeprefix('it is ')})" for path in named]
    others = Counter(path.suffix.lower() or "without a suffix" for path in set(paths) - set(named))
    words = words[:MOST] + [f"{len(words) - MOST} more of this kind"] * (len(words) > MOST)
    words += [f"{count} x {escaped(suffix)}" for suffix, count in others.most_common(MOST)]
    return f"; it holds {', '.join(words)}" if words else ": it is empty"


def is_untouched(path: Path) -> bool:
    """Tell whether a notebook is one that start.py laid beside a changed one, as it was then."""
    if "-edition-" not in path.name:
        return False
    handed_out = (path.parent.parent / "edition" / "notebooks").glob("*.ipynb")
    return content(path) in {content(one) for one in handed_out}


def content(path: Path) -> bytes:
    """Return what a file holds, nothing where it can't be read or is too large for a lab."""
    try:
        return path.read_bytes() if path.lstat().st_size < 2**24 else b""
    except OSError:
        return b""
