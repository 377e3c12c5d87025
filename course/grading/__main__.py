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

What a determined cheat can still do: the student's code runs in the same process as the check.
It can look for the check when it is called and change it, `labkit.Exercise` or Python, and the
check would not know. Look at an answer that is right and looks strange.

A second run goes on: a notebook that is already in the CSV, unchanged and with an outcome, is not
run again. Delete the CSV to grade all anew.
"""

import argparse
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import psutil
from tqdm import tqdm

from course import ROOT
from course.grading import sandbox
from course.grading.judge import grade, keep_checks
from course.grading.original import Original, original_of
from course.grading.sandbox import MIB, Limits
from course.grading.steps import Setting
from course.grading.submission import CannotRunError, digest, read_cells, submissions
from course.grading.table import FAILED, plain, read, write
from course.notebook import labs

T = TypeVar("T")


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
    paths: list[Path], root: Path, setting: Setting, pool: ThreadPoolExecutor
) -> tuple[Original, ...]:
    """Return all labs, those that some notebook needs with their checks."""
    known = tuple(Original.read(path) for path in labs(root))
    needed = set()
    for path in paths:
        with suppress(CannotRunError):
            needed.add(original_of(path, read_cells(path), known).name)
    jobs = {lab.name: pool.submit(keep_checks, lab, setting) for lab in known if lab.name in needed}
    for job in as_they_end(jobs.values(), unit="lab", desc="its checks"):
        job.result()
    return tuple(jobs[lab.name].result() if lab.name in jobs else lab for lab in known)


def grade_all(folder: Path, out: Path, jobs: int, limits: Limits, root: Path = ROOT) -> str:
    """Grade what is not graded yet, with a progress bar; return a sentence on what was done."""
    everything = submissions(folder)
    names = {plain(path.relative_to(folder).as_posix()): path for path in everything}
    earlier = read(out)
    outdated = {
        row["file"]
        for row in earlier
        if row["outcome"] == FAILED
        or row["file"] not in names
        or row["sha256"] != digest(names[row["file"]])
    }
    rows = [row for row in earlier if row["file"] not in outdated]
    graded = {row["file"] for row in rows}
    todo = [path for name, path in names.items() if name not in graded]
    write(rows, out)
    stop = threading.Event()
    setting = Setting(folder, limits, stop)
    pool = ThreadPoolExecutor(jobs)
    try:
        known = with_checks(todo, root, setting, pool)
        running = [pool.submit(grade, path, known, setting) for path in todo]
        for job in as_they_end(running, unit="notebook", desc="grading"):
            rows += [{column: plain(text) for column, text in row.items()} for row in job.result()]
            write(sorted(rows, key=lambda row: row["file"]), out)
    except KeyboardInterrupt:
        sys.exit(f"Stopped. What was graded is in {out}; the same command goes on from there.")
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)
    again = f", {len(graded)} of them earlier" if graded else ""
    return f"{len(everything)} notebooks graded{again}: {out}"


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
    if not submissions(asked.folder):
        sys.exit(f"There is no file *.ipynb in {asked.folder}: unpack what is in archives first.")
    if not asked.out.parent.is_dir():
        sys.exit(f"There is no folder {asked.out.parent} for the CSV: make it, or name another.")
    memory = asked.memory * MIB
    fit = min(os.cpu_count() or 1, psutil.virtual_memory().total // memory)
    limits = Limits(seconds=asked.seconds, memory=memory)
    print(f"Protection: {sandbox.protection()}", flush=True)
    print(
        f"Limits for a notebook: {asked.seconds} s (SECONDS=), {asked.memory} MiB (MEMORY=)",
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
