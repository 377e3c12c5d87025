"""Make a virtual environment and install into it, or say plainly what is wrong.

Used before anything is installed, by `make_venv.py` and, in the students' zip, by `start.py`: the
standard library only, and nothing that an older Python 3 would stop at before it is told so. So are
the files that it reads, `pythons.py`, `place.py` and `pip_settings.py`.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from pip_settings import no_settings, pip_variables
from place import made_elsewhere
from pythons import WORKING, variables

VERSION = "{}.{}.{}".format(*sys.version_info[:3])

NO_VENV = """
Python's venv module does not work here. On Debian and Ubuntu: sudo apt install python3-venv;
elsewhere install Python from python.org. Then run the same command again."""

NOT_MADE = """
Python could not make an environment in {} (its last lines are above). When that is mended, run the
same command again."""

FULL_DISK = """
The disk is full. The environment needs about 2 GB: make room and run the same command again."""

NO_SUCH_VERSION = f"""
A pinned package is not to be had for Python {VERSION} on this system (it is named above).
{WORKING} on Linux, on Windows and on a Mac with an Apple processor and macOS 14 have them all."""

NO_REGISTRY = """
The package registry could not be reached (pip's last lines are above). Connect to the network, or
set PIP_INDEX_URL to a mirror or HTTPS_PROXY to a proxy, and run the same command again."""

OTHERWISE = """
pip could not install the packages; its last lines are above. When that is mended, run the same
command again: nothing half-made is kept."""

NOT_FOUND = """
pip says that all is installed, and the environment lacks packages (the last lines are above). Which
setting sends them elsewhere? This shows pip's: {} -m pip config list
Take it away and run the same command again."""

UNREACHABLE = ("Retrying", "ConnectionError", "ConnectTimeout", "(from versions: none)")

# Write the programs of every package again: they hold the full path of their Python.
WRITE_PROGRAMS = r"""
import os, re, sys
from importlib.metadata import distributions
from pip._vendor.distlib.scripts import ScriptMaker
folder = os.path.dirname(sys.executable)
maker = ScriptMaker(folder, folder)
maker.clobber, maker.force, maker.set_mode, maker.variants = True, True, True, {""}
written = set()
for package in distributions():
    for entry in package.entry_points:
        if entry.group == "console_scripts":
            written.update(maker.make(f"{entry.name} = {entry.value}"))
for path in {os.path.join(folder, name) for name in os.listdir(folder)} - written:
    if os.path.isfile(path) and not os.path.islink(path):
        with open(path, "rb") as file:
            first = file.readline()
        if re.match(rb"#!.*python[0-9.]*\s*$", first):
            maker.make(os.path.basename(path))
"""


def python_of(venv: Path) -> Path:
    """Return the Python of a virtual environment."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def keep(venv: Path, stamp: Path) -> bool:
    """Tell whether an environment is whole; one that was moved is mended.

    The caller writes the file `stamp` when all is installed, and `pip` takes it away before it
    changes anything: half-made never counts as whole. Nor does one whose Python doesn't start,
    since the Python that made it was removed.
    """
    if not stamp.exists() or not python_of(venv).exists():
        return False
    done = run([python_of(venv), "-I", "-c", "import sys; print(sys._base_executable)"])
    if done.returncode:
        return False
    place = made_elsewhere(venv)
    if place:
        print(f"The folder was moved, renamed or copied: {venv.name} is fitted to its new place")
        return mend(venv, done.stdout.strip())
    return True


def mend(venv: Path, base: str) -> bool:
    """Write anew what holds the place of an environment; tell whether that went well."""
    programs = run([python_of(venv), "-I", "-c", WRITE_PROGRAMS])
    activation = run([base, "-I", "-m", "venv", "--without-pip", venv])  # last: it notes the place
    return programs.returncode == activation.returncode == 0


def make_venv(venv: Path, stamp: Path) -> None:
    """Keep an environment that is whole, and make any other anew."""
    if keep(venv, stamp):
        return
    shutil.rmtree(str(venv), ignore_errors=True)
    done = run([sys.executable, "-I", "-m", "venv", venv])
    if done.returncode:
        shutil.rmtree(str(venv), ignore_errors=True)
        print(done.stdout)
        if "No space left" in done.stdout:
            sys.exit(FULL_DISK)
        sys.exit(NO_VENV if "ensurepip" in done.stdout else NOT_MADE.format(venv))


def run(
    command: "list[object]", env: "dict[str, str] | None" = None, cwd: "Path | None" = None
) -> "subprocess.CompletedProcess[str]":
    """Run a program and keep what it says."""
    return subprocess.run(
        [str(word) for word in command], env=env or variables(), cwd=cwd and str(cwd), text=True,
        errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip


def pip(
    python: Path,
    total: int,
    *arguments: str,
    cwd: Path,
    stamps: "list[Path]",
    unreachable: str = NO_REGISTRY,
    no_version: str = NO_SUCH_VERSION,
) -> None:
    """Run `pip install` with a counter in place of its many lines; on failure show its last.

    It fetches all before it installs any: where the network fails, an environment that was ready
    still is, and keeps its stamps. Whether all came where it belongs, `verify` asks afterwards.
    """
    settings = pip_variables(python)
    process = subprocess.Popen(
        [str(python), "-I", "-m", "pip", "install", "--disable-pip-version-check", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        cwd=str(cwd),
        env=settings,
    )
    terminal, seen = sys.stdout.isatty(), 0
    last: list[str] = []
    for line in process.stdout or ():
        last = [*last, line][-15:]
        if line.startswith(("Collecting ", "Processing ")):
            seen += 1
            if terminal or seen % 40 == 0:
                name = re.split("[=-]", line.split()[1].split("/")[-1])[0]
                text = f"  package {seen} of about {total}: {name}"
                print(text.ljust(70), end="\r" if terminal else "\n", flush=True)
        elif line.startswith("Installing collected"):
            for stamp in stamps:
                stamp.unlink(missing_ok=True)
            print("  unpacking".ljust(70), end="\r" if terminal else "\n", flush=True)
    if process.stdout:
        process.stdout.close()
    if process.wait() == 0:
        return
    log = "".join(last)
    print("\n" + log, end="")
    if "No space left" in log:
        sys.exit(FULL_DISK)
    if any(sign in log for sign in UNREACHABLE):
        sys.exit(unreachable)
    sys.exit(no_version if "No matching distribution" in log else OTHERWISE)


def verify(python: Path, *wanted: str, cwd: Path) -> None:
    """Stop where the environment lacks a package that pip has just installed."""
    asking = ["install", "--dry-run", "--no-index", "--no-deps", "--disable-pip-version-check"]
    done = run([python, "-I", "-m", "pip", *asking, *wanted], env=no_settings(), cwd=cwd)
    if done.returncode:
        print("\n".join(done.stdout.splitlines()[-5:]))
        sys.exit(NOT_FOUND.format(python))
