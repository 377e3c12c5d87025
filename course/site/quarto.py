"""Run Quarto, a program of its own, where it is installed.

    python -m course.site.quarto

prints where it is, or says how to get it and exits 1.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

NEEDED = (1, 10)  # the oldest that the course was tried with
HOW = f"install Quarto {'.'.join(map(str, NEEDED))} or newer from https://quarto.org"
LAST_LINES = 20  # of what Quarto says before it fails


class QuartoError(Exception):
    """Quarto is not there, is too old or has failed, with a message that says what to do."""


def find() -> str | None:
    """Return the path of Quarto, None where it is not installed."""
    return shutil.which("quarto")


def get() -> str:
    """Return the path of a Quarto that is new enough for a PDF, or raise."""
    path = find()
    if path is None:
        raise QuartoError(f"there is no Quarto on the PATH: {HOW}")
    version = _run(path, "--version").strip()
    numbers = re.match(r"(\d+)\.(\d+)", version)
    if numbers is None or tuple(map(int, numbers.groups())) < NEEDED:
        raise QuartoError(f"{path} is Quarto {version}, which is too old: {HOW}")
    return path


def quarto(folder: Path, *arguments: str) -> None:
    """Run Quarto in a folder, or raise with what it said."""
    _run(find() or "quarto", *arguments, folder=folder)


def _run(path: str, *arguments: str, folder: Path | None = None) -> str:
    """Return what Quarto prints, without colours."""
    try:
        done = subprocess.run(
            [path, *arguments],
            cwd=folder,
            env={**os.environ, "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    except OSError as error:
        raise QuartoError(f"quarto could not be run: {error}") from error
    if done.returncode:
        words = "\n".join((done.stderr.strip() or done.stdout.strip()).splitlines()[-LAST_LINES:])
        raise QuartoError(f"quarto ended with code {done.returncode}:\n{words}")
    return done.stdout


if __name__ == "__main__":
    try:
        print(get())
    except QuartoError as error:
        sys.exit(f"A PDF needs Quarto: {error}")
