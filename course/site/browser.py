"""Find a browser for the tests of the site and, on Debian as root, install one.

    python -m course.site.browser

prints its path, or says how to get one and exits 1. Playwright drives it. (The browsers that
Playwright downloads for itself come from a host that many networks don't reach.)
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

NAMES = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
    "msedge",
)
# Where the installers of Windows and macOS put them, none of it on the PATH.
PLACES = (
    "{ProgramFiles}/Google/Chrome/Application/chrome.exe",
    "{ProgramFiles(x86)}/Google/Chrome/Application/chrome.exe",
    "{ProgramFiles(x86)}/Microsoft/Edge/Application/msedge.exe",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
)
HOW = (
    "no browser: install Chromium, Chrome or Edge "
    "(Debian and Ubuntu: sudo apt install chromium fonts-dejavu), then run the tests again"
)
# Another worker of the tests may be installing it at this moment: wait for its lock.
APT = ("apt-get", "-qq", "-y", "-o", "DPkg::Lock::Timeout=300")
PACKAGES = ("chromium", "fonts-dejavu")


class NoBrowserError(Exception):
    """There is no browser here, with a message that says how to get one."""


def find() -> str | None:
    """Return the path of a browser that is already here."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    for place in PLACES:
        path = place.format_map({"ProgramFiles": "", "ProgramFiles(x86)": "", **os.environ})
        if Path(path).is_file():
            return path
    return None


def get() -> str:
    """Return the path of a browser; install one first where that can be done unasked."""
    if path := find():
        return path
    if not (shutil.which("apt-get") and hasattr(os, "geteuid") and os.geteuid() == 0):
        raise NoBrowserError(HOW)
    for arguments in (["update"], ["install", *PACKAGES]):
        done = subprocess.run(
            [*APT, *arguments],
            env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            last = (done.stderr.strip() or done.stdout.strip()).splitlines()[-1:]
            raise NoBrowserError(f"{HOW} (apt-get {arguments[0]} failed: {''.join(last)})")
    if path := find():
        return path
    raise NoBrowserError(HOW)


if __name__ == "__main__":
    try:
        print(get())
    except NoBrowserError as error:
        sys.exit(str(error))
