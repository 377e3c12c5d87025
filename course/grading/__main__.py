"""Grade a folder of students' notebooks: a CSV with a row for each notebook and exercise.

    python -m course.grading FOLDER [--out CSV] [--jobs 2] [--seconds 600] [--memory 4000]

A notebook may have any name and lie in a subfolder, one a student. What it holds says which lab
it is. It runs in a copy of its folder, in a process of its own within limits and, where
bubblewrap works, shut in (`course/grading/sandbox.py`). An outcome is "right", "not right yet",
"not attempted", or "could not be run"; the seconds are those of the whole notebook.

The checks are the course's own. The original lab is run once, and each of its checks is kept
with all that it needs of the lab's code and data. The student's cells run from start to end,
errors or not, all but the checks that are as the lab has them. Then each kept check is asked
about the student's `my_NAME`, whatever cell defined it. So an edited or deleted check, a printed
"Right.", and changed functions or data of the lab gain nothing; cells in another order are no
fault, as long as they run from the top; and an answer under another name is "not attempted".

The verdict is reached in a process that holds the check and never runs the student's cells
(`course/grading/outside/`). There the check is given a stand-in for the answer. A call sends the
arguments into the student's kernel (`course/grading/inside/`), and what comes back is data, never
unpickled: JSON and raw bytes. What is no data, as a module of torch or a data set, stays in the
kernel, and the check asks about it: calls, attributes, items, weights and gradients. Functions
that the check gives to an answer stay with the check and are called back; where torch must
differentiate through one, the function itself is sent. Sources of random numbers stand alike in
both. So nothing that the student's code does to `labkit`, NumPy or Python reaches the verdict.

What a determined cheat can still do: tell from its arguments which question an answer is asked, and
return what was prepared for it; and state a false time to a check that measures it, which the CSV
marks. Look at an answer that is right and looks strange.

A second run goes on: a notebook that is already in the CSV, unchanged, with an outcome and graded
by the same checks, is not run again. Delete the CSV to grade all anew.
"""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NoReturn, TypeVar

import psutil
from tqdm import tqdm

from course import ROOT
from course.grading import sandbox
from course.grading.handed_in import handed_in
from course.grading.judge import first_row, grade, keep_checks
from course.grading.original import Original, original_of
from course.grading.sandbox import MIB, Limits
from course.grading.steps import OUTPUT, Setting
from course.grading.submission import (
    LARGEST_FOLDER,
    LARGEST_NOTEBOOK,
    CannotRunError,
    digest,
    read_cells,
)
from course.grading.table import FAILED, Row, escaped, plain, read, write
from course.notebook import labs

T = TypeVar("T")
ENDING = (signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if os.name == "posix" else []))


def as_they_end(jobs: Iterable[Future[T]], *, unit: str, desc: str) -> Iterator[Future[T]]:
    """Yield jobs as they end, with a progress bar.

    The wait is short, over and over: Ctrl-C may come just before a wait without an end, and then
    it would be noticed with the next notebook.
    """
    pending = set(jobs)
    with tqdm(total=len(pending), unit=unit, desc=desc) as bar:
        while pending:
            done, pending = wait(pending, timeout=0.5, return_when=FIRST_COMPLETED)
            for job in done:
                yield job
                bar.update()


def with_checks(
    paths: list[Path], known: tuple[Original, ...], setting: Setting, pool: ThreadPoolExecutor
) -> tuple[Original, ...]:
    """Return all labs, those that some notebook needs with their checks."""
    needed = set()
    for path in paths:
        with suppress(CannotRunError):
            needed.add(original_of(path, read_cells(path), known).name)
    jobs = {lab.name: pool.submit(keep_checks, lab, setting) for lab in known if lab.name in needed}
    for job in as_they_end(jobs.values(), unit="lab", desc="its checks"):
        job.result()
    return tuple(jobs[lab.name].result() if lab.name in jobs else lab for lab in known)


def still_hold(rows: list[Row], names: dict[str, Path], known: tuple[Original, ...]) -> list[Row]:
    """Return the rows of an earlier run that hold; say where the checks have changed since."""
    digests = {lab.name: lab.digest for lab in known}
    outdated, changed = set(), set()
    for row in rows:
        name = row.get("file", "")
        gone = name not in names or row.get("sha256") != digest(names[name])
        if row.get("outcome") == FAILED or gone:
            outdated.add(name)
        elif row.get("checks") != digests.get(row.get("lab", "")):
            changed.add((name, row.get("lab", "")))
    changed = {(name, lab) for name, lab in changed if name not in outdated}
    if changed:
        print(
            f"{len(changed)} notebooks were graded by checks that have changed since "
            f"({', '.join(sorted({lab for _, lab in changed}))}): they are graded anew."
        )
    outdated |= {name for name, _ in changed}
    return [row for row in rows if row.get("file", "") not in outdated]


def grade_all(folder: Path, out: Path, jobs: int, limits: Limits, root: Path = ROOT) -> str:
    """Grade what is not graded yet, with a progress bar; return a sentence on what was done."""
    found = handed_in(folder, out)
    names = {escaped(path.relative_to(folder).as_posix()): path for path in found.notebooks}
    known = tuple(Original.read(path) for path in labs(root))
    rows = still_hold(read(out), names, known)
    graded = {row["file"] for row in rows}
    todo = [path for name, path in names.items() if name not in graded]
    for path, why in found.others.items():
        rows.append({**first_row(path, folder), "outcome": FAILED, "because": plain(why)})
    write(in_order(rows), out)
    stop = threading.Event()
    setting = Setting(folder, limits, stop)
    pool = ThreadPoolExecutor(jobs)
    try:
        known = with_checks(todo, known, setting, pool)
        running = [pool.submit(grade, path, known, setting) for path in todo]
        for job in as_they_end(running, unit="notebook", desc="grading"):
            rows += [{column: plain(text) for column, text in row.items()} for row in job.result()]
            write(in_order(rows), out)
    except KeyboardInterrupt:
        sys.exit(f"Stopped. What was graded is in {out}; the same command goes on from there.")
    finally:
        with undisturbed():
            stop.set()
            pool.shutdown(cancel_futures=True)
    again = f", {len(graded)} of them earlier" if graded else ""
    others = f"; {len(found.others)} rows for what is no notebook" if found.others else ""
    return f"{len(names)} notebooks graded{again}{others}: {out}"


def in_order(rows: list[Row]) -> list[Row]:
    """Return the rows by file."""
    return sorted(rows, key=lambda row: row["file"])


@contextmanager
def undisturbed() -> Iterator[None]:
    """Heed no signal meanwhile: a second one would leave processes and folders behind."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def stop_as_ctrl_c(*_: object) -> NoReturn:
    """End the run as Ctrl-C does."""
    raise KeyboardInterrupt


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser("python -m course.grading", description="Grade notebooks.")
    parser.add_argument("folder", type=Path, help="the students' notebooks")
    parser.add_argument("--out", type=Path, default=Path("grades.csv"), help="the CSV")
    parser.add_argument("--jobs", type=positive, help="notebooks at once; default: as fit")
    parser.add_argument("--seconds", type=positive, default=600, help="for a notebook")
    parser.add_argument("--memory", type=positive, default=4000, help="MiB for a notebook")
    asked = parser.parse_args()
    if os.name != "posix":
        sys.exit("Grading needs Linux or a Mac; on Windows, run it in WSL.")
    if not asked.folder.is_dir():
        sys.exit(f"There is no folder {asked.folder}: make grade FOLDER=where/the/notebooks/are")
    if not handed_in(asked.folder, asked.out).all:
        sys.exit(f"There is nothing in {asked.folder} to be graded.")
    if not asked.out.parent.is_dir():
        sys.exit(f"There is no folder {asked.out.parent} for the CSV: make it, or name another.")
    for number in ENDING:
        if signal.getsignal(number) != signal.SIG_IGN:  # as nohup has it
            signal.signal(number, stop_as_ctrl_c)
    memory = asked.memory * MIB
    fit = min(os.cpu_count() or 1, psutil.virtual_memory().total // memory)
    limits = Limits(seconds=asked.seconds, memory=memory)
    print(f"Protection: {sandbox.protection()}", flush=True)
    print(
        f"Limits for a notebook: {asked.seconds} s (SECONDS=), {asked.memory} MiB (MEMORY=), "
        f"{limits.files // MIB} MiB of files, {OUTPUT // MIB} MiB of output; "
        f"its file {LARGEST_NOTEBOOK // MIB} MiB, its folder {LARGEST_FOLDER // MIB}",
        flush=True,
    )
    print(grade_all(asked.folder.resolve(), asked.out, asked.jobs or max(fit, 1), limits))


def positive(text: str) -> int:
    """Read a whole number above 0."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"a whole number above 0 is needed, not {text!r}")
    return int(text)


if __name__ == "__main__":
    main()
