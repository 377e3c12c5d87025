"""What a lab asks of a student: its tasks, what is read in its core, and the minutes of both.

python -m course.effort     a line a lab
"""

import math
from itertools import pairwise

from course.cell import Cell
from course.markdown import count_words
from course.notebook import DETAILS, Lab, labs

WORDS_A_MINUTE, LINES_A_MINUTE = 200, 12
MINUTES_A_PREDICTION, MINUTES_AN_EXERCISE = 1, 8
ROUND_TO = 5
UNREAD_SECTIONS = ("Further reading", "Session info")
UNREAD = {"predict", "exercise", "exercise-check", "solution"}  # code that is a task or folded away


def tasks(lab: Lab) -> list[Cell]:
    """Return the cells in which the student does something, in order."""
    return [cell for cell in lab.lesson if cell.tags & {"predict", "exercise"}]


def core(lab: Lab) -> list[Cell]:
    """Return the cells that every student reads: none of a part that is marked Further."""
    return [c for c in lab.lesson if not c.further and c.section not in UNREAD_SECTIONS]


def core_minutes(lab: Lab) -> float:
    """Return how long the core takes a student, its tasks included."""
    cells = core(lab)
    words, lines = _amounts(cells)
    predictions = sum("predict" in c.tags for c in cells)
    exercises = sum("exercise" in c.tags for c in cells)
    return (
        words / WORDS_A_MINUTE
        + lines / LINES_A_MINUTE
        + MINUTES_A_PREDICTION * predictions
        + MINUTES_AN_EXERCISE * exercises
    )


def stated_minutes(lab: Lab) -> int:
    """Return the minutes that the lab must state: those of its core, rounded up."""
    return ROUND_TO * math.ceil(core_minutes(lab) / ROUND_TO)


def _amounts(cells: list[Cell]) -> tuple[int, int]:
    """Return the words of prose, hints apart, and the lines of code that are read."""
    words = (count_words(DETAILS.sub("", c.source)) for c in cells if _is_read(c, "markdown"))
    return sum(words), sum(len(c.lines) for c in cells if _is_read(c, "code"))


def _is_read(cell: Cell, kind: str) -> bool:
    return cell.kind == kind and not cell.tags & UNREAD and not cell.collapsed


def _table() -> str:
    """Return a line a lab: minutes, words and lines of the core, tasks, and where they stand."""
    head = f"{'lab':32}{'minutes':>8}{'stated':>8}{'words':>7}{'lines':>7}{'cells':>7}"
    lines = [head + f"{'tasks':>7}{'first':>7}{'largest gap':>13}"]
    for lab in map(Lab.read, labs()):
        cells, places = core(lab), [lab.lesson.index(cell) for cell in tasks(lab)]
        words, code = _amounts(cells)
        gap = max((b - a for a, b in pairwise([0, *places])), default=0)
        lines.append(
            f"{lab.path.stem:32}{core_minutes(lab):8.0f}{lab.about.get('minutes', 0):8}{words:7}"
            f"{code:7}{len(lab.lesson):7}{len(places):7}{min(places, default=0):7}{gap:13}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    print(_table())
