"""A copy of the course in a repository of its own, to be changed by the course's own commands."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from course import ROOT

LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv*", "_*site", "_pdf*", "_site", "_student", ".*_cache", ".hypothesis",
    "__pycache__", ".quarto", "benchmarks",
)  # fmt: skip


def run(folder, *command, **options):
    """Run a command in a copy of the course, with the copy's own tools."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    environment["PYTHONPATH"] = str(folder)
    environment["PATH"] = str(Path(sys.executable).parent) + os.pathsep + environment["PATH"]
    options = {"capture_output": True, "text": True, "check": False} | options
    return subprocess.run(command, cwd=folder, env=environment, **options)


def python(folder, *arguments, **options):
    return run(folder, sys.executable, "-m", *arguments, **options)


def status(folder):
    """List what git sees as changed or new."""
    done = run(folder, "git", "status", "--porcelain", "--untracked-files=all")
    return {line[3:] for line in done.stdout.splitlines()}


def commit(folder):
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    run(folder, "git", "add", "--all", check=True)
    run(folder, "git", *who, "commit", "--quiet", "--no-verify", "-m", "All", check=True)


def copied(folder):
    """Copy the course; the pages that a program writes are current in the copy."""
    shutil.copytree(ROOT, folder, ignore=LEFT_OUT)
    run(folder, "git", "init", "--quiet", check=True)
    commit(folder)
    python(folder, "course.pages.write", check=True)  # with whatever labs are stale here
    commit(folder) if status(folder) else None
    return folder
