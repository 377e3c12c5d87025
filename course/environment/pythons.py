"""Which Pythons have every package that the course pins, and how one of them is found.

Used before anything is installed, by an older Python or a newer one: see installing.py. As a
program it prints the Python that runs it, or says what is wrong with it.
"""

import os
import platform
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

WINDOWS = os.name == "nt"
# The Pythons for which every pinned package has wheels on Linux, Windows and macOS 14: a test asks
# for them. README and the front page say the same.
OLDEST, NEWEST = (3, 11), (3, 14)
WORKING = f"Python 3.{OLDEST[1]} to 3.{NEWEST[1]}"

NOT_THIS = """
{fault}.
The course needs {working}, and none was found here. Install Python {newest}, from python.org
or your system's packages: it may stand beside the one you have. Then run the same command again, or
name the Python that is to be used, for example: {example}"""

# Otherwise Windows' launcher may download a Python that it is only asked about.
NEVER_FETCH = {"PYTHON_MANAGER_AUTOMATIC_INSTALL": "false"}
# Where installers put a Python that the terminal's PATH may lack.
ELSEWHERE = ("/usr/local/bin", "/opt/homebrew/bin", str(Path.home() / ".local" / "bin"))
# What of PYTHON… may stay: the others lead a Python to packages, or to itself, in another place.
HARMLESS = {
    "PYTHONUTF8", "PYTHONIOENCODING", "PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX",
    "PYTHONUNBUFFERED", "PYTHONHASHSEED",
}  # fmt: skip


def fault() -> str:
    """Return what keeps this Python from being the course's, in words, or "" where nothing does."""
    version = "This is Python " + ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < OLDEST:
        return version + ", which is too old"
    if sys.version_info[:2] > NEWEST:
        return version + ", which is too new: not every package is there for it yet"
    if sys.implementation.name != "cpython" or sysconfig.get_config_var("Py_GIL_DISABLED"):
        return version + ", but not the ordinary build of it"
    if is_intel_mac() and run_by_rosetta():
        return version + " for Intel processors, and this Mac has an Apple one"
    if sys.maxsize < 2**32:
        return version + " in a 32-bit build"
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        apt = f"apt install python3.{sys.version_info[1]}-venv"
        return f"{version} without its module venv (on Debian and Ubuntu: sudo {apt})"
    return ""


def is_intel_mac() -> bool:
    """Tell whether this Python is for Intel Macs, for which there is no torch."""
    return sys.platform == "darwin" and platform.machine() == "x86_64"


def run_by_rosetta() -> bool:
    """Tell whether an Apple processor runs this Python of a Mac as if it were an Intel one."""
    asked = ["/usr/sbin/sysctl", "-n", "hw.optional.arm64"]  # unknown to an Intel Mac
    done = subprocess.run(asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    return done.stdout.strip() == b"1"


def command() -> str:
    """Return the name by which a Python is called in a terminal of this system."""
    names = ("py", "python") if WINDOWS else ("python3", "python")
    return next(filter(shutil.which, names), names[0])


def variables() -> "dict[str, str]":
    """Return the environment's variables without those that lead a Python to another place."""
    lead = ("VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
    kept = os.environ.items()
    return {
        name: value for name, value in kept
        if name not in lead and (name in HARMLESS or not name.upper().startswith("PYTHON"))
    }  # fmt: skip


def ensure(example: str, first: "Path | None" = None) -> None:
    """Go on with this Python if it will do; else by another, or stop and say which to install.

    `example` is a command with `{python}` in it, which names another Python; `first` is one whose
    base is asked before all others: that of an environment.
    """
    wrong = fault()
    if not wrong:
        return
    other = find(first)
    if other:
        print(f"{wrong}: {other} is used instead.", flush=True)
        sys.exit(subprocess.call([other, *sys.argv], env=variables()))
    newest = f"3.{NEWEST[1]}"
    example = example.format(python=("py -" if WINDOWS else "python") + newest)
    sys.exit(NOT_THIS.format(fault=wrong, working=WORKING, newest=newest, example=example))


def find(first: "Path | None" = None) -> str:
    """Return a Python of this machine that will do, the newest first, or ""."""
    candidates = [[str(first)]] if first and first.exists() else []
    launcher = shutil.which("py") if WINDOWS else None
    path = os.pathsep.join([os.environ.get("PATH", os.defpath), *ELSEWHERE])
    for minor in range(NEWEST[1], OLDEST[1] - 1, -1):
        if launcher:
            candidates.append([launcher, f"-3.{minor}"])
        program = shutil.which(f"python3.{minor}", path=path)
        candidates += [[program]] if program else []
    candidates += [[p] for p in (shutil.which("python3"), shutil.which("python")) if p]
    return next(filter(None, map(_asked, candidates)), "")


def _asked(candidate: "list[str]") -> str:
    """Return the Python behind a command that should start one, if it starts and will do."""
    try:
        done = subprocess.run(
            [*candidate, "-I", str(Path(__file__).resolve())],
            env=dict(variables(), **NEVER_FETCH), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return "" if done.returncode else os.fsdecode(done.stdout).strip("\r\n")


if __name__ == "__main__":
    if fault():
        sys.exit(fault())
    sys.stdout.buffer.write(os.fsencode(getattr(sys, "_base_executable", "") or sys.executable))
