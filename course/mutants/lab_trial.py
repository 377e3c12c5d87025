"""Try mutants of a lab: run it with each, quick, and see whether a check fails or a number changes.

The setup of the lab is run once, in this process. Each run of the rest is a copy of the process,
made by a fork, with a folder of its own for temporary files: so torch is loaded once, and no run
sees what another has done. A fork copies one thread alone, and with one thread neither torch nor
BLAS has others; the variables `ONE_THREAD` ask for that before NumPy is imported.
"""

import multiprocessing
import os
import random
import resource
import signal
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import accumulate, repeat, takewhile
from multiprocessing.connection import Connection
from tempfile import TemporaryDirectory
from typing import Any, Literal, TypeAlias

import matplotlib as mpl

from course.cases import changed, read
from course.mutants.lab_mutation import wrong_changes
from course.mutants.mutation import Mutant, sampled
from course.mutants.shown import Shown, show
from course.mutants.trial import LIMIT_FACTOR, LIMIT_MARGIN, MutantsError

UNTOUCHED = {"predict", "exercise", "exercise-check", "solution"}  # tags of what is the student's
MEMORY = 8 * 2**30  # bytes: a mutant may ask for all there is
FORK = multiprocessing.get_context("fork")

Word: TypeAlias = Literal["caught", "shown", "drawn", "silent"]
Sample: TypeAlias = list[tuple[int, Mutant]]  # the place of the cell, and its change


@dataclass(frozen=True)
class LabCell:
    """A code cell by its id; one that is not mutable is run as it is."""

    id: str
    source: str
    mutable: bool = True


@dataclass(frozen=True)
class LabVerdict:
    """What came of a mutant.

    Attributes
    ----------
    word : str
        "caught": a check failed, or there was an error. "shown": none did, and the lab shows
        another number or word. "drawn": only a figure is another. "silent": nothing is.
    because : str
        The error, or the first change that is shown.
    """

    lab: str
    cell: str
    mutant: Mutant
    word: Word
    because: str = ""

    def __str__(self) -> str:
        """Name the place, the change and what came of it, on one line."""
        before, after = self.mutant.before, self.mutant.after or "(nothing)"
        change = f"{_short(before)}  ->  {_short(after)}"
        because = f"   [{_short(self.because)}]" if self.because else ""
        return f"{self.word:6} {self.lab} {self.cell}:{self.mutant.line}: {change}{because}"


def _short(text: str) -> str:
    return text if len(text) < 90 else f"{text[:87]}…"


# --- the lab and its mutants ---------------------------------------------------------------------


def cells_of(lab: str) -> list[LabCell]:
    """Return the code cells of a lab up to the end of its Report, with its quick settings."""
    cells = read(lab).lesson_code
    end = max(i for i, cell in enumerate(cells) if cell.section == "5 Report") + 1
    sources = changed(lab, [cell.source for cell in cells[:end]])
    return [
        LabCell(cell.node.id, source, cell.section != "Setup" and not cell.tags & UNTOUCHED)
        for cell, source in zip(cells, sources, strict=False)
    ]


def draw(cells: list[LabCell], size: int | None, seed: int) -> Sample:
    """Draw mutants of all cells at random, each as likely as the other; None takes all."""
    every = [
        (place, mutant)
        for place, cell in enumerate(cells)
        if cell.mutable
        for mutant in wrong_changes(cell.source)
    ]
    return sampled(every, size, seed)


# --- running it ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Run:
    """What each cell showed, by its id, or the error that one of them ended with."""

    shown: dict[str, Shown] = field(default_factory=dict)
    error: str = ""


def try_lab(lab: str, cells: list[LabCell], sample: Sample) -> Iterator[LabVerdict]:
    """Yield what comes of each mutant of a lab.

    Raises
    ------
    MutantsError
        If the lab fails without a mutant: then no verdict would mean anything.
    """
    names: dict[str, Any] = {"__name__": "lab"}
    mpl.use("agg")  # a window can't be shared with a fork
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as in course.cases
        setup = list(takewhile(lambda cell: not cell.mutable, cells))
        for cell in setup:
            show(cell.source, names)
        lab_proper = cells[len(setup) :]
        started = time.perf_counter()
        right = _run_apart(lab_proper, names)
        limit = LIMIT_FACTOR * (time.perf_counter() - started) + LIMIT_MARGIN
        again = _run_apart(lab_proper, names, limit, wild_clocks=True)
        if error := right.error or again.error:
            raise MutantsError(f"lab {lab} fails without a mutant: {error}")
        for place, mutant in sample:
            changed_cells = lab_proper.copy()
            changed_cells[place - len(setup)] = LabCell(cells[place].id, mutant.source)
            word, because = _judge(_run_apart(changed_cells, names, limit), right, again)
            yield LabVerdict(lab, cells[place].id, mutant, word, because)


def _run_apart(
    cells: list[LabCell],
    names: dict[str, Any],
    limit: float | None = None,
    *,
    wild_clocks: bool = False,
) -> Run:
    """Run cells in a copy of this process, and end it and all that it started."""
    here, there = FORK.Pipe(duplex=False)
    with TemporaryDirectory() as folder:
        child = FORK.Process(target=_send_run, args=(there, cells, names, folder, wild_clocks))
        child.start()
        there.close()
        try:
            return here.recv() if here.poll(limit) else Run(error=f"no end after {limit:.0f} s")
        except EOFError:
            return Run(error="the process died")
        finally:
            child.kill()
            with suppress(ProcessLookupError):
                os.killpg(child.pid or 0, signal.SIGKILL)
            child.join()


def _send_run(
    to: Connection, cells: list[LabCell], names: dict[str, Any], folder: str, wild_clocks: bool
) -> None:
    if wild_clocks:
        time.perf_counter = time.process_time = _wild_clock()
    os.setpgid(0, 0)  # a group, so that it ends with the processes that it starts
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    for end in (1, 2):  # what torch and workers say of a mistake
        os.dup2(os.open(os.devnull, os.O_WRONLY), end)
    tempfile.tempdir = os.environ["TMPDIR"] = folder
    try:
        run = Run({cell.id: show(cell.source, names) for cell in cells})
    except Exception as error:  # whatever a mistake leads to
        run = Run(error=f"{type(error).__name__}: {' '.join(str(error).split())}")
    to.send(run)


def _wild_clock() -> Callable[[], float]:
    """Return a clock that steps by seconds to years: what hangs on a time is then another."""
    draw = random.Random(1).lognormvariate
    steps = accumulate(draw(10, 5) for _ in repeat(None))
    return lambda: next(steps)


# --- what came of it -----------------------------------------------------------------------------


def _judge(run: Run, right: Run, again: Run) -> tuple[Word, str]:
    """Compare a run with two of the lab as it is: what differs between these, as times do, may."""
    if run.error:
        return "caught", run.error
    words: dict[Word, str] = {"shown": "text", "drawn": "drawn"}
    for word, name in words.items():
        for cell in right.shown:
            of_each_run = (getattr(each.shown[cell], name) for each in (run, right, again))
            if change := _first_change(*of_each_run):
                return word, f"{cell} shows {change}"
    return "silent", ""


def _first_change(now: list[str], right: list[str], again: list[str]) -> str:
    """Return the first word of a cell's that has changed, empty where none has."""
    if len(right) != len(again):
        return ""
    if len(now) != len(right):
        return f"{len(now)} lines for {len(right)}"
    for new, old, same in zip(now, right, again, strict=True):
        if new != old == same:
            pairs = zip(_words(new), _words(old), strict=False)
            return next((f"{a} for {b}" for a, b in pairs if a != b), f"{new} for {old}")
    return ""


def _words(line: str) -> list[str]:
    """Return the words and numbers of a line, without brackets and stops."""
    return [word for part in line.split() if (word := part.strip("[](),.;:"))]
