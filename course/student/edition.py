"""Make the student edition: one zip with the labs, the data, labkit, the site and `start.py`.

    python -m course.student.edition [--wheels | --unless-current] [--renderer quarto|smalldocs]

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
import zipfile
from collections.abc import Callable
from pathlib import Path

from course import ROOT
from course.environment.closure import ClosureError, closure
from course.notebook import Lab, dumps, labs
from course.pages.write import write_all
from course.site.render import RenderError, render
from course.student.offer import FOLDER, current_zip, sources_hash, version, zip_path
from course.student.sources import student_notebook

# The earliest date that a zip can name, for the files in the wheel and in the zip.
EPOCH = 315532800
DATE = (1980, 1, 1, 0, 0, 0)
STUDENT = Path(__file__).parent / "files"


class EditionError(Exception):
    """A student edition that could not be made, with a message that says why."""


def make(
    root: Path,
    folder: Path | None = None,
    *,
    wheels: bool = False,
    renderer: str | None = None,
) -> Path:
    """Make the zip, in `_student/` or another folder, and return its path.

    A failed run leaves the old one.
    """
    target = zip_path(root) if folder is None else folder / zip_path(root).name
    if wheels:
        system = f"{sysconfig.get_platform()}-cp{sys.version_info.major}{sys.version_info.minor}"
        target = target.with_name(f"{target.stem}-{system}.zip")
    target.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".making-", dir=target.parent) as workplace:
        home = Path(workplace) / FOLDER
        fill(root, home, lambda site: render(root, site, renderer, student=True))
        if wheels:
            collect_wheels(home)
        archive(home, Path(workplace) / "zip")
        (Path(workplace) / "zip").replace(target)
    return target


def fill(root: Path, home: Path, draw_site: Callable[[Path], object]) -> None:
    """Write all that the zip holds, but for wheels, into `home`."""
    edition = home / "edition"
    (edition / "notebooks").mkdir(parents=True)
    for path in labs(root):
        text = dumps(student_notebook(Lab.read(path)))
        (edition / "notebooks" / path.name).write_text(text, encoding="utf-8", newline="\n")
    data = sorted(path.name for path in (root / "data").iterdir() if path.is_file())
    data.sort(key="SHA256SUMS".__eq__)  # last: it vouches for the others
    (edition / "data").mkdir()
    for name in data:
        shutil.copyfile(root / "data" / name, edition / "data" / name)
    for name, extras in {"": ("labs", "torch"), "-no-torch": ("labs",)}.items():
        text = "\n".join(closure(*extras, root=root)) + "\n"
        (edition / f"requirements{name}.txt").write_text(text, encoding="utf-8", newline="\n")
    shutil.copyfile(root / "course" / "environment" / "installing.py", edition / "installing.py")
    wheel = build_wheel(root, edition)
    facts = {
        "version": version(root),
        "sources": sources_hash(root),
        "wheel": wheel.name,
        "labs": [path.name for path in labs(root)],
        "data": data,
        "files": {
            path.relative_to(edition).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(edition.rglob("*"))
            if path.is_file()
        },
    }
    text = json.dumps(facts, indent=1) + "\n"
    (edition / "edition.json").write_text(text, encoding="utf-8", newline="\n")
    for path in sorted(STUDENT.iterdir()):
        if path.is_file():
            shutil.copyfile(path, home / path.name)
    shutil.copyfile(root / "LICENSE", home / "LICENSE")
    draw_site(home / "site")


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


def archive(home: Path, target: Path) -> None:
    """Zip a folder, the same files to the same bytes."""
    with zipfile.ZipFile(target, "w") as file:
        for path in sorted(path for path in home.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(home.parent).as_posix(), DATE)
            entry.create_system = 3  # the rights below are Unix's, whatever system writes them
            entry.external_attr = (0o755 if path.name == "start.py" else 0o644) << 16
            entry.compress_type = (
                zipfile.ZIP_STORED if path.suffix == ".whl" else zipfile.ZIP_DEFLATED
            )
            with path.open("rb") as source, file.open(entry, "w", force_zip64=True) as copy:
                shutil.copyfileobj(source, copy, 1 << 20)


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
    parser.add_argument(
        "--renderer", choices=["quarto", "smalldocs"], help="default: what is there"
    )
    asked = parser.parse_args()
    started = time.perf_counter()
    write_all(ROOT)
    if asked.unless_current and current_zip(ROOT):
        return
    try:
        path = make(ROOT, wheels=asked.wheels, renderer=asked.renderer)
    except (ClosureError, EditionError, RenderError) as error:
        sys.exit(f"The student edition was not made: {error}")
    size = path.stat().st_size / 1e6
    seconds = time.perf_counter() - started
    print(f"{os.path.relpath(path)}: {size:.1f} MB ({seconds:.1f} s). Students: unpack, start.py")


if __name__ == "__main__":
    main()
