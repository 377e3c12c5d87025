"""The one place that knows what a student's notebook is, and where a lab's exercises stand.

A lab holds each exercise three times: a stub for the student's answer, a check, and a solution,
told apart by the cells' tags. The student edition is the lab without the solutions.
"""

import re
from dataclasses import dataclass
from typing import Any

NAME = re.compile(r"^def my_(\w+)\(", re.MULTILINE)


@dataclass(frozen=True)
class ExerciseCells:
    """Where one exercise stands: its name (as in `my_NAME`) and the indices of its cells."""

    name: str
    stub: int
    check: int
    solution: int | None  # the first, where it has several; None in a student's notebook


def tags(cell: Any) -> set[str]:
    """Return a cell's tags."""
    return set(cell["metadata"].get("tags", []))


def exercises(notebook: Any) -> list[ExerciseCells]:
    """Find the exercises of a lab, in their order.

    Raises ValueError where a stub has no name or no check, or a check or solution has no stub.
    """
    found: list[dict[str, Any]] = []
    for index, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] != "code":
            continue
        own = tags(cell)
        if "exercise" in own:
            name = NAME.search(cell["source"])
            if name is None:
                raise ValueError(f"cell {index + 1} is tagged exercise and defines no my_NAME")
            found.append({"name": name[1], "stub": index})
        elif kind := own & {"exercise-check", "solution"}:
            if not found:
                raise ValueError(f"cell {index + 1} is tagged {min(kind)} and follows no stub")
            found[-1].setdefault(min(kind).removeprefix("exercise-"), index)
    for exercise in found:
        if "check" not in exercise:
            raise ValueError(f"my_{exercise['name']} has no cell tagged exercise-check")
    return [ExerciseCells(**{"solution": None, **exercise}) for exercise in found]
