"""What the course's own checks say of a student's answers."""

import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from course.grading import sandbox
from course.grading.original import Original, original_of
from course.grading.sandbox import MIB
from course.grading.steps import LOST, Run, Setting, run_and_ask, run_steps
from course.grading.submission import (
    CannotRunError,
    CodeCell,
    defined_in,
    digest,
    read_cells,
    stub_below,
)
from course.grading.table import FAILED, Row, escaped

RUNS = 5  # of one notebook, where something ends its kernel


def keep_checks(original: Original, setting: Setting) -> Original:
    """Run an original lab, without its solutions, and keep each check with what it needs.

    A check that can't be made, such as one that needs torch where there is none, is not kept.
    """
    lab = original.lab
    names = {exercise.check.index: exercise.name for exercise in lab.exercises}
    steps: list[dict[str, Any]] = []
    asked: dict[int, str] = {}  # the exercise that a step asks about
    private: set[str] = set()  # what a student's notebook does not define as the lab does
    for cell in lab.cells[: max(names, default=-1) + 1]:
        if cell.tags & {"exercise", "exercise-check", "solution"}:
            private |= cell.names[0]
        if cell.kind == "code" and "solution" not in cell.tags:
            steps.append({"source": cell.source})
        if cell.index in names:
            asked[len(steps)] = names[cell.index]
            arguments = [names[cell.index], sorted(private)]
            steps.append({"ask": "pickled_check", "arguments": arguments})
    limits = replace(setting.limits, answer=512 * MIB)
    run = run_steps(steps, None, Path(), replace(setting, limits=limits))
    lines, why = run.lines, run.why
    # What stands below a failure may lack something, and its check would blame the student.
    failures = [line for line in lines if line["error"] and line["step"] not in asked]
    if failures:
        why = f"a cell raised {failures[0]['error']}"
        lines = lines[: lines.index(failures[0])]
    if why:
        tqdm.write(f"{lab.path.name} itself could not be run: {why}", file=sys.stderr)
    kept = {asked[line["step"]]: line["result"] for line in lines if line["result"]}
    return replace(original, kept=kept)


def grade(path: Path, known: tuple[Original, ...], setting: Setting) -> list[Row]:
    """Grade one notebook: a row for each exercise of its lab, or one row that says why not."""
    row = first_row(path, setting.folder)
    try:
        cells = read_cells(path)
        original = original_of(path, cells, known)
        if not original.checks:
            raise CannotRunError(f"its lab, {original.name}, has no exercise")
        verdicts, seconds = judge(path, cells, original, setting)
    except CannotRunError as error:
        return [{**row, "outcome": FAILED, "because": str(error)}]
    except Exception as error:  # the grader's own mistake, or a full disk: one row, not the class
        return [{**row, "outcome": FAILED, "because": f"{type(error).__name__}: {error}"}]
    row |= {"lab": original.name, "seconds": f"{seconds:.1f}", "checks": original.digest}
    return [
        {**row, "exercise": exercise, "outcome": outcome, "because": because}
        for exercise, (outcome, because) in verdicts.items()
    ]


def first_row(path: Path, folder: Path) -> Row:
    """Return what each row of a file says: whose it is, which, and how it was run."""
    name = path.relative_to(folder)
    return {
        "student": escaped(name.parts[0] if len(name.parts) > 1 else name.stem),
        "file": escaped(name.as_posix()),
        "protection": sandbox.protection_in_short(),
        "sha256": digest(path),
    }


@dataclass
class Judged:
    """What is known of a notebook's answers so far."""

    cells: list[CodeCell]
    outcomes: dict[str, tuple[str, str]] = field(default_factory=dict)
    left_out: dict[int, str] = field(default_factory=dict)  # cells that ended all, and how
    seconds: float = 0.0


def judge(
    path: Path, cells: list[CodeCell], original: Original, setting: Setting
) -> tuple[dict[str, tuple[str, str]], float]:
    """Run a student's cells, and ask the lab's checks; return the outcomes and the seconds.

    Where a cell, or an answer that is asked, ends the kernel or passes a limit, the notebook is
    run again without this cell, or for the exercises after this one: the others stand on their own.
    """
    checks = set(original.checks.values())
    judged = Judged([cell for cell in cells if cell.source not in checks])
    for _ in range(RUNS):
        todo = {n: kept for n, kept in original.kept.items() if n not in judged.outcomes}
        left = setting.limits.seconds - judged.seconds
        if not todo or not run_once(path, judged, todo, left, setting):
            break
    unmade = "the lab's own check could not be made here"
    ended = next(iter(reversed(judged.left_out.values())), "it could not be run")
    outcomes = {}
    for name in original.checks:
        failure = (FAILED, ended if name in original.kept else unmade)
        status, because = judged.outcomes.get(name, failure)
        without = [why for why in judged.left_out.values() if because != why]
        if name in judged.outcomes and without:
            because = "; ".join(filter(None, [because, f"a cell was left out: {without[0]}"]))
        outcomes[name] = status, because
    return outcomes, judged.seconds


def run_once(
    path: Path, judged: Judged, todo: dict[str, Any], left: float, setting: Setting
) -> bool:
    """Run a notebook for the exercises that are to be done; tell whether to run it again."""
    numbers = [n for n in range(len(judged.cells)) if n not in judged.left_out]
    steps = [{"source": judged.cells[n].source} for n in numbers]
    # A student's own folder is copied whole; beside a notebook without one lie the others'.
    inside = path.relative_to(setting.folder)
    limited = replace(setting, limits=replace(setting.limits, seconds=left))
    student, place = setting.folder / inside.parts[0], Path(*inside.parts[1:-1])
    run = run_and_ask(steps, todo, student, place, limited)
    judged.seconds += run.seconds
    errors = {numbers[line["step"]]: line["error"] for line in run.lines
              if line["error"] and line["step"] < len(numbers)}  # fmt: skip
    for name, line in run.verdicts.items():
        judged.outcomes[name] = outcome(name, line, judged, errors, setting)
    return blame(run, numbers, list(todo), judged, setting)


def blame(run: Run, numbers: list[int], todo: list[str], judged: Judged, setting: Setting) -> bool:
    """Note what ended a run before its end; tell whether another run can do the rest."""
    if not run.why:
        return False
    over = setting.stop.is_set() or judged.seconds >= setting.limits.seconds - 1
    if over or run.last is None:
        judged.outcomes |= {n: (FAILED, run.why) for n in todo if n not in judged.outcomes}
        return False
    if run.why == LOST and run.verdicts:
        return True  # what an earlier answer did to the connection is not this one's fault
    if run.last < len(numbers):
        judged.left_out[numbers[run.last]] = run.why
    else:
        judged.outcomes.setdefault(todo[run.last - len(numbers)], (FAILED, run.why))
    return True


def outcome(
    name: str, line: dict[str, Any], judged: Judged, errors: dict[int, str], setting: Setting
) -> tuple[str, str]:
    """Say how an answer stands, and why."""
    status, because = line["status"], line["because"]
    if status == "missing":
        defining = defined_in(name, judged.cells)
        if ended := [judged.left_out[n] for n in defining if n in judged.left_out]:
            return FAILED, ended[-1]
        if raised := [errors[number] for number in defining if number in errors]:
            return "not right yet", f"the cell that defines my_{name} raised {raised[-1]}"
        return "not attempted", f"there is no my_{name} in the notebook"
    if status == "not attempted" and stub_below(name, judged.cells):
        return status, f"below an answer, my_{name} is defined once more, as the stub"
    if because.startswith("it raised KeyboardInterrupt"):
        because = f"it was still running after {setting.cell_seconds:g} s"
    if line.get("timed"):
        because = "the check measures its time, which the notebook itself states"
    return status, because
