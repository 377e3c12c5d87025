"""Grade a folder of students' notebooks: a CSV with a row for each notebook and exercise.

    python -m course.grading.grade FOLDER [--out CSV] [--jobs 2] [--seconds 600] [--memory 4000]

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
import csv
import hashlib
import json
import os
import re
import shutil
import stat
import sys
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import matplotlib as mpl
import nbformat
import psutil
from tqdm import tqdm

import labkit
from course import ROOT
from course.grading import sandbox
from course.grading.sandbox import MIB, Limits
from course.run import CELL_TIMEOUT, KERNEL_ENVIRONMENT
from course.stale import labs
from course.student.sources import exercises, tags
from labkit.datasets import data_folder

WORKER = Path(__file__).with_name("worker.py")
OUTPUT = 20 * MIB  # a lab with its figures has 1.5
LARGEST_NOTEBOOK = 50 * MIB
LARGEST_FOLDER = 256 * MIB
NOT_COPIED = {".git", ".ipynb_checkpoints", ".venv", "__pycache__"}
ABOUT = ["student", "file", "lab", "exercise"]
COLUMNS = [*ABOUT, "outcome", "because", "seconds", "protection", "sha256"]
FAILED = "could not be run"


class CannotRunError(Exception):
    """A notebook or a lab that can't be run, with the reason."""


class Cell(NamedTuple):
    """A code cell: its id, "" where it has none, and its source."""

    id: str
    source: str


@dataclass(frozen=True)
class Lab:
    """An original lab: its cells, its exercises, and the checks that were kept."""

    path: Path
    cells: list[Cell]
    checks: dict[str, str]  # the source of each exercise's check cell
    kept: dict[str, str] = field(default_factory=dict)  # the checks themselves, pickled

    @classmethod
    def read(cls, path: Path) -> "Lab":
        """Read a lab; its checks are kept later, if a notebook needs them."""
        notebook = nbformat.read(path, as_version=4)
        checks = {e.name: notebook.cells[e.check].source for e in exercises(notebook)}
        return cls(path, read_cells(path), checks)

    @property
    def name(self) -> str:
        """The name of its file."""
        return self.path.stem

    def likeness(self, cells: list[Cell]) -> int:
        """Count what a notebook has in common with this lab: ids, sources, exercises."""
        own = {part for cell in self.cells for part in cell if part}
        found = {part for cell in cells for part in cell} & own
        return len(found) + sum(defined_in(name, cells) != [] for name in self.checks)


@dataclass(frozen=True)
class Setting:
    """What is the same for all notebooks of a run."""

    folder: Path
    limits: Limits
    stop: threading.Event
    labs: tuple[Lab, ...] = ()

    @property
    def cell_seconds(self) -> float:
        """How long a cell may take before it is interrupted and the next one is run."""
        return min(CELL_TIMEOUT, self.limits.seconds / 2)


Row = dict[str, str]
T = TypeVar("T")


def submissions(folder: Path) -> list[Path]:
    """List what is named like a notebook, be it one or not, without following links."""
    found = []
    for place, folders, files in os.walk(folder):
        kept = [name for name in folders if name not in NOT_COPIED]
        folders[:] = [name for name in kept if not name.endswith(".ipynb")]
        found += [Path(place, n) for n in [*kept, *files] if n.endswith(".ipynb")]
    return sorted(found)


def read_cells(path: Path) -> list[Cell]:
    """Return the code cells of what may be a notebook; CannotRunError where it is none."""
    kind = path.lstat()
    if stat.S_ISLNK(kind.st_mode):
        raise CannotRunError("it is a symbolic link, which is not followed")
    if not stat.S_ISREG(kind.st_mode):
        raise CannotRunError("it is not a file")
    if not 0 < kind.st_size <= LARGEST_NOTEBOOK:
        large = f"it is larger than {LARGEST_NOTEBOOK // MIB} MiB"
        raise CannotRunError(large if kind.st_size else "it is empty")
    try:
        notebook = nbformat.reads(path.read_text(encoding="utf-8"), as_version=4)
        cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
        return [Cell(str(cell.get("id", "")), str(cell.source)) for cell in cells]
    except Exception as error:  # nbformat raises many kinds for what is no notebook
        raise CannotRunError(f"it is not a notebook ({type(error).__name__})") from error


def lab_of(path: Path, cells: list[Cell], known: tuple[Lab, ...]) -> Lab:
    """Return the lab that a notebook has most in common with; its file's name settles a tie."""

    def rank(lab: Lab) -> tuple[int, bool]:
        return lab.likeness(cells), path.name.startswith(lab.name[:2])

    best = max(known, key=rank)
    if rank(best) == (0, False):
        raise CannotRunError(f"it has no cell of a lab: {', '.join(lab.name for lab in known)}")
    return best


def defined_in(name: str, cells: list[Cell]) -> list[int]:
    """Return the numbers, from 0, of the cells that define a student's answer."""
    definition = re.compile(rf"^\s*(?:def\s+my_{name}\b|my_{name}\s*=)", re.MULTILINE)
    return [number for number, cell in enumerate(cells) if definition.search(cell.source)]


def copy_files(source: Path, target: Path) -> None:
    """Copy a file, or a folder's ordinary files: no links, pipes, devices or environments."""
    if source.is_file():
        shutil.copyfile(source, target / source.name)
        return
    total = 0
    for place, folders, files in os.walk(source):
        folders[:] = [name for name in folders if name not in NOT_COPIED]
        there = target / Path(place).relative_to(source)
        there.mkdir(exist_ok=True)
        for name in files:
            path = Path(place, name)
            kind = path.lstat()
            if not stat.S_ISREG(kind.st_mode):
                continue
            total += kind.st_size
            if total > LARGEST_FOLDER:
                raise CannotRunError(f"its folder holds more than {LARGEST_FOLDER // MIB} MiB")
            shutil.copyfile(path, there / name)


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
    steps: list[dict[str, Any]], source: Path | None, folder: Path, setting: Setting
) -> tuple[list[dict[str, Any]], str, float]:
    """Run cells in a copy of `source`, in its subfolder `folder`.

    Returns the results and errors of the steps, why there are no more of them, and the seconds.
    """
    with sandbox.workplace() as place:
        where = sandbox.Place(place / "work", place / "temporary")
        where.work.mkdir()
        # The list of fonts takes seconds to make.
        (where.temporary / "matplotlib").mkdir(parents=True)
        for fonts in Path(mpl.get_cachedir()).glob("fontlist-*.json"):
            shutil.copy(fonts, where.temporary / "matplotlib")
        if source is not None:
            copy_files(source, where.work)
        task = {
            "folder": folder.as_posix(),
            "steps": steps,
            "cell_seconds": setting.cell_seconds,
            "output": OUTPUT,
        }
        question = place / "question.json"
        question.write_text(json.dumps(task), encoding="ascii")
        ended = sandbox.run(
            [sys.executable, "-P", str(WORKER)],
            where,
            setting.limits,
            question=question,
            readable=[Path(labkit.__file__).parent, data_folder(), WORKER],
            environment=environment(where.seen.temporary),
            stop=setting.stop,
        )
    *complete, _ = ended.answer.split(b"\n")  # the last may be cut off
    lines = [json.loads(line) for line in complete]
    end = next((line["end"] for line in lines if "end" in line), None)
    silent = "" if end is not None else "it ended the program that runs it"
    return [line for line in lines if "step" in line], ended.why or end or silent, ended.seconds


def keep_checks(lab: Lab, setting: Setting) -> Lab:
    """Run an original lab, without its solutions, and keep each check with what it needs.

    A check that can't be made, such as one that needs torch where there is none, is not kept.
    """
    notebook = nbformat.read(lab.path, as_version=4)
    found = {exercise.check: exercise.name for exercise in exercises(notebook)}
    steps, asked = [], {}
    for index, cell in enumerate(notebook.cells[: max(found, default=-1) + 1]):
        if cell.cell_type == "code" and "solution" not in tags(cell):
            steps.append({"source": cell.source})
        if index in found:
            asked[len(steps)] = found[index]
            steps.append({"ask": "pickled_check", "arguments": [found[index]]})
    limits = replace(setting.limits, answer=256 * MIB)
    lines, why, _ = run_steps(steps, None, Path(), replace(setting, limits=limits))
    # What stands below a failure may lack something, and its check would blame the student.
    failures = [line for line in lines if line["error"] and line["step"] not in asked]
    if failures:
        why = f"a cell raised {failures[0]['error']}"
        lines = lines[: lines.index(failures[0])]
    if why:
        tqdm.write(f"{lab.path.name} itself could not be run: {why}", file=sys.stderr)
    kept = {asked[line["step"]]: line["result"]["check"] for line in lines if line["result"]}
    return replace(lab, kept=kept)


def as_they_end(jobs: Iterable[Future[T]], **words: str) -> Iterator[Future[T]]:
    """Yield jobs as they end, with a progress bar.

    The wait is short, over and over: Ctrl-C may come just before a wait without an end, and then
    it would be noticed with the next notebook.
    """
    pending = set(jobs)
    with tqdm(total=len(pending), **words) as bar:
        while pending:
            done, pending = wait(pending, timeout=0.5, return_when=FIRST_COMPLETED)
            for job in done:
                yield job
                bar.update()


def with_checks(
    paths: list[Path], root: Path, setting: Setting, pool: ThreadPoolExecutor
) -> tuple[Lab, ...]:
    """Return all labs, those that some notebook needs with their checks."""
    known = tuple(Lab.read(path) for path in labs(root))
    needed = set()
    for path in paths:
        with suppress(CannotRunError):
            needed.add(lab_of(path, read_cells(path), known).name)
    jobs = {lab.name: pool.submit(keep_checks, lab, setting) for lab in known if lab.name in needed}
    for job in as_they_end(jobs.values(), unit="lab", desc="its checks"):
        job.result()
    return tuple(jobs[lab.name].result() if lab.name in jobs else lab for lab in known)


def grade(path: Path, setting: Setting) -> list[Row]:
    """Grade one notebook: a row for each exercise of its lab, or one row that says why not."""
    name = path.relative_to(setting.folder)
    row = {
        "student": name.parts[0] if len(name.parts) > 1 else name.stem,
        "file": name.as_posix(),
        "protection": "bubblewrap" if sandbox.bubblewrap_works() else "limits only",
        "sha256": digest(path),
    }
    try:
        cells = read_cells(path)
        lab = lab_of(path, cells, setting.labs)
        verdicts, seconds = judge(path, cells, lab, setting)
    except CannotRunError as error:
        return [{**row, "outcome": FAILED, "because": str(error)}]
    except Exception as error:  # the grader's own mistake, or a full disk: one row, not the class
        return [{**row, "outcome": FAILED, "because": f"{type(error).__name__}: {error}"}]
    row |= {"lab": lab.name, "seconds": f"{seconds:.1f}"}
    return [
        {**row, "exercise": exercise, "outcome": outcome, "because": because}
        for exercise, (outcome, because) in verdicts.items()
    ]


def judge(
    path: Path, cells: list[Cell], lab: Lab, setting: Setting
) -> tuple[dict[str, tuple[str, str]], float]:
    """Run a student's cells, then ask the lab's checks; return the outcomes and the seconds."""
    original = set(lab.checks.values())
    cells = [cell for cell in cells if cell.source not in original]
    steps: list[dict[str, Any]] = [{"source": cell.source} for cell in cells]
    asked = {len(steps) + number: name for number, name in enumerate(lab.kept)}
    steps += [{"ask": "verdict", "arguments": [name, lab.kept[name]]} for name in lab.kept]
    # A student's own folder is copied whole; beside a notebook without one lie the others'.
    inside = path.relative_to(setting.folder)
    student = setting.folder / inside.parts[0]
    lines, why, seconds = run_steps(steps, student, Path(*inside.parts[1:-1]), setting)

    outcomes = {
        name: (FAILED, why if name in lab.kept else "the lab's own check could not be made here")
        for name in lab.checks
    }
    errors = {line["step"]: line["error"] for line in lines if line["error"]}
    for line in lines:
        if name := asked.get(line["step"]):
            outcomes[name] = outcome(name, line, cells, errors, setting)
    return outcomes, seconds


def outcome(
    name: str, line: dict[str, Any], cells: list[Cell], errors: dict[int, str], setting: Setting
) -> tuple[str, str]:
    """Say how an answer stands, and why."""
    if not line["result"]:
        return FAILED, f"the check ended with {line['error']}"
    status, because = line["result"]["status"], line["result"]["because"]
    if status == "missing":
        told = [errors[number] for number in defined_in(name, cells) if number in errors]
        if told:
            return "not right yet", f"the cell that defines my_{name} raised {told[-1]}"
        return "not attempted", f"there is no my_{name} in the notebook"
    if because.startswith("it raised KeyboardInterrupt"):
        because = f"it was still running after {setting.cell_seconds:g} s"
    return status, because


def digest(path: Path) -> str:
    """Return the checksum of a file, "" of what is none."""
    if not stat.S_ISREG(path.lstat().st_mode):
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def plain(text: str) -> str:
    """Return a student's text as a spreadsheet may have it: one line, and no formula."""
    line = " ".join("".join(c if c.isprintable() else " " for c in text).split())
    return f"'{line}" if line.startswith(("=", "+", "-", "@")) else line


def write(rows: list[Row], out: Path) -> None:
    """Write the CSV anew, through a temporary file: whenever it is looked at, it is whole."""
    temporary = out.with_name(f".{out.name}.{os.getpid()}")
    # The mark at its beginning tells a spreadsheet that it is UTF-8.
    with temporary.open("w", encoding="utf-8-sig", newline="", errors="backslashreplace") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(rows)
    temporary.replace(out)


def read(out: Path) -> list[Row]:
    """Read the rows of an earlier run, none if there was none."""
    if not out.exists():
        return []
    with out.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        if reader.fieldnames != COLUMNS:
            sys.exit(f"{out} is not a CSV of grades: move it away, or name another by OUT=.")
        return list(reader)


def grade_all(folder: Path, out: Path, jobs: int, limits: Limits, root: Path = ROOT) -> str:
    """Grade what is not graded yet, with a progress bar; return a sentence on what was done."""
    everything = submissions(folder)
    names = {plain(path.relative_to(folder).as_posix()): path for path in everything}
    earlier = [row for row in read(out) if row["file"] in names and row["outcome"] != FAILED]
    known = {
        name
        for name, path in names.items()
        if (own := [row for row in earlier if row["file"] == name])
        and own[0]["sha256"] == digest(path)
    }
    rows = [row for row in earlier if row["file"] in known]
    todo = [path for name, path in names.items() if name not in known]
    write(rows, out)
    stop = threading.Event()
    setting = Setting(folder, limits, stop)
    pool = ThreadPoolExecutor(jobs)
    try:
        setting = replace(setting, labs=with_checks(todo, root, setting, pool))
        running = [pool.submit(grade, path, setting) for path in todo]
        for job in as_they_end(running, unit="notebook", desc="grading"):
            rows += [{column: plain(text) for column, text in row.items()} for row in job.result()]
            write(sorted(rows, key=lambda row: row["file"]), out)
    except KeyboardInterrupt:
        sys.exit(f"Stopped. What was graded is in {out}; the same command goes on from there.")
    finally:
        stop.set()
        pool.shutdown(cancel_futures=True)
    again = f", {len(known)} of them earlier" if known else ""
    return f"{len(everything)} notebooks graded{again}: {out}"


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m course.grading.grade", description="Grade notebooks."
    )
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
