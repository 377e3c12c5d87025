"""What the course's own checks say of a student's answers."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from tqdm import tqdm

from course.grading import sandbox
from course.grading.original import Original, original_of
from course.grading.sandbox import MIB
from course.grading.steps import Setting, run_steps
from course.grading.submission import (
    CannotRunError,
    CodeCell,
    defined_in,
    digest,
    read_cells,
)
from course.grading.table import FAILED, Row


def keep_checks(original: Original, setting: Setting) -> Original:
    """Run an original lab, without its solutions, and keep each check with what it needs.

    A check that can't be made, such as one that needs torch where there is none, is not kept.
    """
    lab = original.lab
    names = {exercise.check.index: exercise.name for exercise in lab.exercises}
    steps: list[dict[str, Any]] = []
    asked: dict[int, str] = {}  # the exercise that a step asks about
    for cell in lab.cells[: max(names, default=-1) + 1]:
        if cell.kind == "code" and "solution" not in cell.tags:
            steps.append({"source": cell.source})
        if cell.index in names:
            asked[len(steps)] = names[cell.index]
            steps.append({"ask": "pickled_check", "arguments": [names[cell.index]]})
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
    return replace(original, kept=kept)


def grade(path: Path, known: tuple[Original, ...], setting: Setting) -> list[Row]:
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
        original = original_of(path, cells, known)
        verdicts, seconds = judge(path, cells, original, setting)
    except CannotRunError as error:
        return [{**row, "outcome": FAILED, "because": str(error)}]
    except Exception as error:  # the grader's own mistake, or a full disk: one row, not the class
        return [{**row, "outcome": FAILED, "because": f"{type(error).__name__}: {error}"}]
    row |= {"lab": original.name, "seconds": f"{seconds:.1f}"}
    return [
        {**row, "exercise": exercise, "outcome": outcome, "because": because}
        for exercise, (outcome, because) in verdicts.items()
    ]


def judge(
    path: Path, cells: list[CodeCell], original: Original, setting: Setting
) -> tuple[dict[str, tuple[str, str]], float]:
    """Run a student's cells, then ask the lab's checks; return the outcomes and the seconds."""
    checks = set(original.checks.values())
    cells = [cell for cell in cells if cell.source not in checks]
    steps: list[dict[str, Any]] = [{"source": cell.source} for cell in cells]
    asked = {len(steps) + number: name for number, name in enumerate(original.kept)}
    steps += [{"ask": "verdict", "arguments": [name, kept]} for name, kept in original.kept.items()]
    # A student's own folder is copied whole; beside a notebook without one lie the others'.
    inside = path.relative_to(setting.folder)
    student = setting.folder / inside.parts[0]
    lines, why, seconds = run_steps(steps, student, Path(*inside.parts[1:-1]), setting)

    unmade = "the lab's own check could not be made here"
    outcomes = {
        name: (FAILED, why if name in original.kept else unmade) for name in original.checks
    }
    errors = {line["step"]: line["error"] for line in lines if line["error"]}
    for line in lines:
        if name := asked.get(line["step"]):
            outcomes[name] = outcome(name, line, cells, errors, setting)
    return outcomes, seconds


def outcome(
    name: str, line: dict[str, Any], cells: list[CodeCell], errors: dict[int, str], setting: Setting
) -> tuple[str, str]:
    """Say how an answer stands, and why."""
    if not line["result"]:
        return FAILED, f"the check ended with {line['error']}"
    status, because = line["result"]["status"], line["result"]["because"]
    if status == "missing":
        raised = [errors[number] for number in defined_in(name, cells) if number in errors]
        if raised:
            return "not right yet", f"the cell that defines my_{name} raised {raised[-1]}"
        return "not attempted", f"there is no my_{name} in the notebook"
    if because.startswith("it raised KeyboardInterrupt"):
        because = f"it was still running after {setting.cell_seconds:g} s"
    return status, because
