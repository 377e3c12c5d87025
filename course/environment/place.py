"""Where a folder lies: whether an environment can be made in it, and whether it was made there.

Used before anything is installed, by an older Python too: see installing.py.
"""

import os
import re
import sys
from pathlib import Path

WINDOWS = os.name == "nt"
# The longest path within a folder `.venv`'s Lib\\site-packages that installing writes: with torch,
# whose licences lie deep, and without. A test measures them.
LONGEST = {True: 171, False: 137}
LIMIT = 259  # characters of a path on Windows, where long paths are not switched on

LONG_PATHS = "SYSTEM\\CurrentControlSet\\Control\\FileSystem"

WRONG_NAME = """
A Python environment can't be made in {home}
because {wrong}.
Rename that folder, or move this one to another place, and run the same command again."""

TOO_DEEP = """
{home}
has {length} characters. For the packages it may have {most}, unless Windows takes long paths.
Move the folder to a shorter place, such as C:\\labs, and run the same command again. Or have long
paths switched on: an administrator runs this in PowerShell, and Windows is started again:
    Set-ItemProperty HKLM:\\{key} LongPathsEnabled 1"""


def wrong_name(home: Path) -> str:
    """Return why no environment can be made in a folder with this name, or ""."""
    for name in home.parts[1:]:  # the first is / or C:\
        if os.pathsep in name:
            colon = "a colon (in the Finder a slash)" if os.pathsep == ":" else "a semicolon"
            return f"the folder name {name!r} has {colon} in it, which separates folders in PATH"
        if any(ord(letter) < 32 for letter in name):
            return f"the folder name {name!r} has a line break or a tab in it"
        try:
            name.encode("utf-8")
        except UnicodeEncodeError:
            return f"the folder name {name!r} is not in UTF-8"
    return ""


def too_deep(home: Path, torch: bool) -> str:
    """Return what to do where paths below a folder would be longer than Windows takes, or ""."""
    most = LIMIT - len("\\.venv\\Lib\\site-packages\\") - LONGEST[torch]
    if not WINDOWS or len(str(home)) <= most or long_paths():
        return ""
    return TOO_DEEP.format(home=home, length=len(str(home)), most=most, key=LONG_PATHS)


def long_paths() -> bool:
    """Tell whether this Windows takes paths of any length."""
    if sys.platform != "win32":
        return True
    import winreg

    try:
        with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, LONG_PATHS) as key:
            return bool(winreg.QueryValueEx(key, "LongPathsEnabled")[0])
    except OSError:
        return False


def check_name(home: Path) -> None:
    """Stop where a folder's name rules out an environment, before anything is installed."""
    wrong = wrong_name(home)
    if wrong:
        sys.exit(WRONG_NAME.format(home=repr(str(home))[1:-1], wrong=wrong))


def check_depth(home: Path, torch: bool) -> None:
    """Stop where the packages' paths would be too long, before anything is installed."""
    deep = too_deep(home, torch)
    if deep:
        sys.exit(deep)


def made_elsewhere(venv: Path) -> str:
    """Return where an environment was made, if that is not where it is now, or "".

    Its pyvenv.cfg holds the command that made it. What is in it holds that place too: its programs
    don't start after the folder was moved, renamed or copied.
    """
    try:
        text = (venv / "pyvenv.cfg").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return ""
    made = re.search("^command = .* -m venv (?:--[^ ]+ )*(.+)$", text, re.MULTILINE)
    here = {os.path.normcase(str(place)) for place in (venv, venv.resolve())}
    return made.group(1) if made and os.path.normcase(made.group(1)) not in here else ""
