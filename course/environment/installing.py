"""Make a virtual environment and install into it, or say plainly what is wrong.

Used before anything is installed, by `make_venv.py` and, in the students' zip, by `start.py`: the
standard library only, and nothing that an older Python 3 would stop at before it is told so.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST = (3, 11)
VERSION = "{}.{}.{}".format(*sys.version_info[:3])

TOO_OLD = """
This is Python {}, and the course needs 3.11 or newer. Install one, or say which to use,
for example: {}"""

NO_VENV = """
Python's venv module does not work here. On Debian and Ubuntu: sudo apt install python3-venv;
elsewhere install Python from python.org. Then run the same command again."""

FULL_DISK = """
The disk is full. The environment needs about 2 GB: make room and run the same command again."""

NO_SUCH_VERSION = f"""
A pinned package is not to be had for Python {VERSION} on this system (it is named above).
Python 3.11 to 3.13 on Linux, Windows or a Mac with an Apple processor have them all."""

NO_REGISTRY = """
The package registry could not be reached (pip's last lines are above). Connect to the network, or
set PIP_INDEX_URL to a mirror or HTTPS_PROXY to a proxy, and run the same command again."""

OTHERWISE = """
pip could not install the packages; its last lines are above. When that is mended, run the same
command again: nothing half-made is kept."""

UNREACHABLE = ("Retrying", "ConnectionError", "ConnectTimeout", "(from versions: none)")


def check_python(example: str) -> None:
    """Stop where this Python is too old; `example` is a command that names another one."""
    if sys.version_info[:2] < OLDEST:
        sys.exit(TOO_OLD.format(VERSION, example))


def python_of(venv: Path) -> Path:
    """Return the Python of a virtual environment."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def make_venv(venv: Path, stamp: Path) -> None:
    """Keep an environment that has its stamp, and make any other anew.

    The caller writes the file `stamp` when all is installed, and `pip` takes it away before it
    changes anything: half-made never counts as ready.
    """
    if stamp.exists() and python_of(venv).exists():
        return
    shutil.rmtree(str(venv), ignore_errors=True)
    done = subprocess.run(
        [sys.executable, "-m", "venv", str(venv)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        shutil.rmtree(str(venv), ignore_errors=True)
        print(done.stdout)
        sys.exit(FULL_DISK if "No space left" in done.stdout else NO_VENV)


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
    still is, and keeps its stamps.
    """
    process = subprocess.Popen(
        [str(python), "-m", "pip", "install", "--disable-pip-version-check", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
        cwd=str(cwd),
        env=dict(os.environ, PIP_QUIET="0"),  # whose lines are read below
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
    if process.wait() == 0:
        return
    log = "".join(last)
    print("\n" + log, end="")
    if "No space left" in log:
        sys.exit(FULL_DISK)
    if any(sign in log for sign in UNREACHABLE):
        sys.exit(unreachable)
    sys.exit(no_version if "No matching distribution" in log else OTHERWISE)
