"""Make the student edition: one zip with the labs, the data, labkit, the site and `start.py`.

    python -m course.student.edition [--wheels | --unless-current]

It is written to `_student/`. With `--wheels` it also holds every package as pip finds it for this
system and this Python, and installs without a network; its name says for which. The same sources
give the same bytes.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from course import ROOT, version
from course.archive import FOLDER, current_zip, sources_digest, write_zip, zip_path
from course.editions import student_notebook
from course.notebook import Lab, dumps, labs
from course.pages.terms_page import beside_the_labs
from course.pages.write import PagesError, write_all
from course.site.render import RenderError, render

EPOCH = 315532800  # the earliest date that a zip can name, for the files in the wheel
FILES = Path(__file__).parent / "files"  # what the zip holds as it stands there
# What start.py uses before anything is installed, and the doctor too.
BEFORE_INSTALLING = ["alone.py", "installing.py", "pip_settings.py", "place.py"]
BEFORE_INSTALLING += ["programs.py", "pythons.py"]
NEW_ANALYSIS = ["new_analysis.py", "template/notebooks/analysis.ipynb"]


class EditionError(Exception):
    """A student edition that could not be made, with a message that says why."""


def make(root: Path, folder: Path | None = None, *, wheels: bool = False) -> Path:
    """Make the zip, in `_student/` or another folder, and return its path.

    Its site is rendered by smalldocs always: a browser shows Quarto's pages from a server alone.
    A failed run leaves the old zip.
    """
    target = zip_path(root) if folder is None else folder / zip_path(root).name
    if wheels:
        system = f"{sysconfig.get_platform()}-cp{sys.version_info.major}{sys.version_info.minor}"
        target = target.with_name(f"{target.stem}-{system}.zip")
    target.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=target.parent) as workplace:
        home = Path(workplace) / FOLDER
        fill(root, home, lambda site: render(root, site, "smalldocs", student=True))
        if wheels:
            collect_wheels(home)
        write_zip(home, Path(workplace) / "zip")
        (Path(workplace) / "zip").replace(target)
    return target


def fill(root: Path, home: Path, render_site: Callable[[Path], object]) -> None:
    """Write all that the zip holds, but for wheels, into `home`."""
    edition = home / "edition"
    for path in labs(root):
        text = dumps(student_notebook(Lab.read(path)))
        write(edition / "notebooks" / path.name, text)
    write(edition / "notebooks" / "terms.md", beside_the_labs(root))
    pages = sorted(path.name for path in (root / "notebooks").glob("*.html"))
    for name in pages:  # what a lab links to
        shutil.copyfile(root / "notebooks" / name, edition / "notebooks" / name)
    data = sorted(path.name for path in (root / "data").iterdir() if path.is_file())
    data.sort(key="SHA256SUMS".__eq__)  # last: it vouches for the others
    (edition / "data").mkdir()
    for name in data:
        shutil.copyfile(root / "data" / name, edition / "data" / name)
    for kind in ("", "-no-torch"):
        pins = root / "requirements" / f"students{kind}.txt"
        shutil.copyfile(pins, edition / f"requirements{kind}.txt")
    for name in BEFORE_INSTALLING:
        shutil.copyfile(root / "course" / "environment" / name, edition / name)
    shutil.copyfile(root / "course" / "doctor.py", edition / "doctor.py")
    for name in NEW_ANALYSIS:
        (edition / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / "course" / name, edition / name)
    wheel = build_wheel(root, edition)
    facts = {
        "version": version(root),
        "sources": sources_digest(root),
        "wheel": wheel.name,
        "labs": [path.name for path in labs(root)],
        "pages": pages,
        "data": data,
        "files": {
            path.relative_to(edition).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(edition.rglob("*"))
            if path.is_file()
        },
    }
    write(edition / "edition.json", json.dumps(facts, indent=1) + "\n")
    for path in sorted(FILES.iterdir()):
        if path.is_file():
            shutil.copyfile(path, home / path.name)
    shutil.copyfile(root / "LICENSE", home / "LICENSE")
    render_site(home / "site")


def write(path: Path, text: str) -> None:
    """Write a file of the zip, the same bytes on every system."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8", newline="\n")


def build_wheel(root: Path, folder: Path) -> Path:
    """Build labkit's wheel, without a network."""
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    run(build, root, SOURCE_DATE_EPOCH=str(EPOCH))
    (wheel,) = folder.glob("labkit-*.whl")
    return wheel


def collect_wheels(home: Path) -> None:
    """Put every package that a student needs into `wheels/`, as pip finds it for this system."""
    pins = home / "edition" / "requirements.txt"
    wanted = ["-r", str(pins), "--wheel-dir", str(home / "wheels")]
    run([sys.executable, "-m", "pip", "wheel", "--disable-pip-version-check", *wanted], home)


def run(command: list[str], cwd: Path, **environment: str) -> None:
    """Run a program, and say what it said where it fails."""
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **environment}, check=False, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    if done.returncode:
        last = "\n".join(done.stdout.splitlines()[-15:])
        raise EditionError(f"{' '.join(command[1:4])} failed:\n{last}")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        "python -m course.student.edition", description="Make the zip."
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--wheels", action="store_true", help="with every package, for this system")
    which.add_argument(
        "--unless-current", action="store_true", help="only if its sources have changed"
    )
    options = parser.parse_args()
    started = time.perf_counter()
    try:
        write_all(ROOT)
        if options.unless_current and current_zip(ROOT):
            return
        path = make(ROOT, wheels=options.wheels)
    except (EditionError, PagesError, RenderError) as error:
        sys.exit(f"The student edition was not made: {error}")
    size = path.stat().st_size / 1e6
    seconds = time.perf_counter() - started
    print(f"{os.path.relpath(path)}: {size:.1f} MB ({seconds:.1f} s). Students: unpack, start.py")


if __name__ == "__main__":
    main()
