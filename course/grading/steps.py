"""Runs a notebook's cells in a process of their own, and its checks in another that asks it."""

import json
import os
import shutil
import socket
import sys
import threading
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import matplotlib as mpl

import course
import labkit
from course.grading import sandbox
from course.grading.sandbox import MIB, WEIGH, Ended, Limits
from course.grading.submission import copy_files
from course.run import CELL_TIMEOUT, KERNEL_ENVIRONMENT
from labkit.datasets import data_folder

INSIDE = Path(__file__).with_name("inside")
OUTPUT = 20 * MIB  # a lab with its figures has 1.5
LOST = "its check ended early"
LAST_WORDS = 10  # seconds for the checks when the kernel has ended


@dataclass(frozen=True)
class Setting:
    """What is the same for all notebooks of a run."""

    folder: Path
    limits: Limits
    stop: threading.Event

    @property
    def cell_seconds(self) -> int:
        """How long a cell may take before it is interrupted; whole, as nbclient will have it."""
        return max(1, min(CELL_TIMEOUT, int(self.limits.seconds / 2)))


@dataclass
class Run:
    """What came of a run of some steps."""

    lines: list[dict[str, Any]]  # the results and errors
    why: str  # there are no more of them, "" if these are all
    seconds: float
    last: int | None = None  # the step that was begun last
    verdicts: dict[str, dict[str, Any]] = field(default_factory=dict)


def environment(temporary: Path) -> dict[str, str]:
    """Return the variables that a notebook sees: none of the instructor's own."""
    kept = ("LANG", "LC_ALL", "TZ", "OPENBLAS_", "MKL_", "OMP_")
    return {
        **{name: value for name, value in os.environ.items() if name.startswith(kept)},
        **KERNEL_ENVIRONMENT,
        "PATH": os.pathsep.join([str(Path(sys.prefix, "bin")), "/usr/bin", "/bin"]),
        "PYTHONPATH": str(Path(labkit.__file__).parent.parent),
        "PYTHONSAFEPATH": "1",
        "LABKIT_DATA": str(data_folder()),
        "MPLCONFIGDIR": str(temporary / "matplotlib"),
    }


def run_steps(
    steps: list[dict[str, Any]],
    source: Path | None,
    folder: Path,
    setting: Setting,
    connection: socket.socket | None = None,
) -> Run:
    """Run cells in a copy of `source`, in its subfolder `folder`."""
    with sandbox.workplace() as place:
        where = sandbox.Place(place / "work", place / "temporary")
        where.work.mkdir()
        where.temporary.mkdir()
        if source is not None:
            copy_files(source, where.work)
        task = {
            "folder": folder.as_posix(),
            "steps": steps,
            "cell_seconds": setting.cell_seconds,
            "output": OUTPUT,
        }
        program = [sys.executable, "-P", str(INSIDE / "worker.py")]
        ended = run_program(program, where, task, setting, [INSIDE], connection)
    lines = read_lines(ended)
    end = next((line["end"] for line in lines if "end" in line), None)
    silent = "" if end is not None else "it ended the program that runs it"
    last = max((line["begin"] for line in lines if "begin" in line), default=None)
    results = [line for line in lines if "step" in line]
    return Run(results, ended.why or end or silent, ended.seconds, last)


def run_program(
    program: list[str],
    where: sandbox.Place,
    task: Any,
    setting: Setting,
    readable: list[Path],
    connection: socket.socket | None,
) -> Ended:
    """Run one of the two programs at a place, with a task that it reads."""
    # The list of fonts takes seconds to make.
    (where.temporary / "matplotlib").mkdir(parents=True)
    for fonts in Path(mpl.get_cachedir()).glob("fontlist-*.json"):
        shutil.copy(fonts, where.temporary / "matplotlib")
    return sandbox.run(
        program,
        where,
        setting.limits,
        question=json.dumps(task).encode("ascii"),
        readable=[Path(labkit.__file__).parent, data_folder(), *readable],
        environment=environment(where.seen.temporary),
        stop=setting.stop,
        connection=connection,
    )


def read_lines(ended: Ended) -> list[dict[str, Any]]:
    """Return the lines of an answer; the last may be cut off."""
    *complete, _ = ended.answer.split(b"\n")
    return [json.loads(line) for line in complete]


class Checks(threading.Thread):
    """A lab's checks in a process of their own, which asks the student's kernel."""

    def __init__(
        self, kept: dict[str, dict[str, str]], setting: Setting, connection: socket.socket
    ) -> None:
        super().__init__(daemon=True)
        self.kept, self.connection = kept, connection
        self.stop = threading.Event()
        limits = replace(setting.limits, watch=WEIGH)  # what is watched here is the course's own
        self.setting = Setting(setting.folder, limits, self.stop)
        self.ended = Ended(b"", "its check could not be run", 0.0)

    def run(self) -> None:
        """Run the process."""
        program = [sys.executable, "-P", "-m", "course.grading.outside.checker"]
        with sandbox.workplace() as place:
            where = sandbox.Place(place / "work", place / "temporary")
            where.work.mkdir()
            readable = [Path(course.__file__).parent]
            try:
                self.ended = run_program(
                    program, where, self.kept, self.setting, readable, self.connection
                )
            finally:
                self.connection.close()  # so that nobody waits for it

    def end(self, stopped: threading.Event) -> Ended:
        """Return how the process ended, after some seconds for its last words."""
        until = time.monotonic() + LAST_WORDS
        while self.is_alive() and time.monotonic() < until and not stopped.is_set():
            self.join(0.05)
        self.stop.set()
        self.join()
        return self.ended


def run_and_ask(
    steps: list[dict[str, Any]],
    kept: dict[str, dict[str, str]],
    source: Path,
    folder: Path,
    setting: Setting,
) -> Run:
    """Run a student's cells, and have the lab's own checks ask about the answers."""
    theirs, ours = socket.socketpair()
    checks = Checks(kept, setting, ours)
    checks.start()
    try:
        steps = steps + [{"ask": "serve", "arguments": [name]} for name in kept]
        run = run_steps(steps, source, folder, setting, theirs)
    finally:
        theirs.close()
        ended = checks.end(setting.stop)
        ours.close()
    run.verdicts = {line["exercise"]: line for line in read_lines(ended)}
    missing = [name for name in kept if name not in run.verdicts]
    if missing and not run.why:
        run.why = f"its check was ended: {ended.why}" if ended.why else LOST
        run.last = len(steps) - len(kept) + list(kept).index(missing[0])
    return run
