"""What a figure takes from its lab: names of its code, from the statements behind them."""

from contextlib import redirect_stdout
from io import StringIO
from typing import Any

from course.notebook import TASK_TAGS, Lab, find_lab
from course.slice import needed, statements


def from_lab(number: int, *wanted: str, until: str) -> dict[str, Any]:
    """Run the statements of a lab that some of its names need; return what these hold then.

    `until` stands in the last cell that counts, as the label of a figure does; what a lab's later
    cells make of the names is another matter. The code of exercises is left out.
    """
    cells = [c for c in Lab.read(find_lab(str(number))).lesson_code if not c.tags & TASK_TAGS]
    last = next(i for i, cell in enumerate(cells) if until in cell.source)
    asked = f"[{', '.join(wanted)}]"  # a statement that reads them
    program = statements([*(cell.source for cell in cells[: last + 1]), asked])
    names: dict[str, Any] = {"__name__": "lab"}
    with redirect_stdout(StringIO()):
        for i in needed(program, {len(program) - 1}, apart_from="checks"):
            exec(program[i], names)
    return {name: names[name] for name in wanted}
