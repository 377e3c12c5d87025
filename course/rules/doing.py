"""Rules about what a student does: how soon, how often, and how long the core of a lab takes."""
# ruff: noqa: D401 - the docstring of a rule says why there is one

import ast
from collections.abc import Iterator
from itertools import pairwise

from course.cell import Cell
from course.effort import core_minutes, stated_minutes, tasks
from course.notebook import Lab
from course.rules.calls import calls, names
from course.rules.registry import Found, rule

MOST_MINUTES = 60
MOST_CELLS = 20  # to the first task, and from one to the next


@rule("cut, collapse what is bookkeeping, or put a part under `### Further: …`")
def sixty_minutes(lab: Lab) -> Found:
    """A lab that is longer than a session is left before its Report."""
    if (minutes := core_minutes(lab)) > MOST_MINUTES:
        yield None, f"the core takes {minutes:.0f} minutes, at most {MOST_MINUTES}"


@rule("state the minutes of `python -m course.effort`, in the metadata and in the first cell")
def minutes_measured(lab: Lab) -> Found:
    """Minutes that nobody measured are a wish."""
    stated, measured = lab.about.get("minutes"), stated_minutes(lab)
    if isinstance(stated, int) and stated != measured:
        yield None, f"the metadata say {stated} minutes, and the core takes {measured}"


@rule("ask for a prediction, or put an exercise where its idea is taught")
def tasks_on_the_way(lab: Lab) -> Found:
    """Who only reads learns to read; the first thing to do stands within a few minutes."""
    report = next((c.index for c in lab.cells if c.section == "5 Report"), len(lab.cells))
    places = [*(lab.lesson.index(cell) for cell in tasks(lab) if cell.index < report)]
    end = next((n for n, c in enumerate(lab.lesson) if c.index >= report), len(lab.lesson))
    for before, after in pairwise([0, *places, end]):
        if after - before > MOST_CELLS:
            yield (
                lab.lesson[before],
                f"{after - before} cells without a task follow, at most {MOST_CELLS}",
            )


@rule("define it in the core, or mark the cell that uses it as Further too")
def further_apart(lab: Lab) -> Found:
    """What may be left out must be missed by nothing: the core runs without it."""
    defined: set[str] = set()
    optional: set[str] = set()
    for cell in lab.lesson_code:
        bound, used = cell.names
        if not cell.further:
            for name in sorted(used & optional - defined - bound):
                yield cell, f"the core uses `{name}`, which only a part marked Further makes"
        (optional if cell.further else defined).update(bound)


@rule("give the variable a name of its own, or compute it inside the call")
def own_names(lab: Lab) -> Found:
    """Where the line that assigns it is lost, a check passes on another cell's value."""
    before: set[str] = set()
    for cell in lab.lesson_code:
        assigned = set(_assigned(cell.tree))
        for name in sorted(assigned & before & set(_checked(cell))):
            yield cell, f"a check reads `{name}`, which an earlier cell has assigned too"
        before |= assigned


def _assigned(tree: ast.Module) -> Iterator[str]:
    """Yield the names that a cell's assignments bind; loops bind theirs before each pass."""
    for statement in ast.walk(tree):
        targets: list[ast.expr] = []
        if isinstance(statement, ast.Assign):
            targets = statement.targets
        elif isinstance(statement, ast.AnnAssign | ast.NamedExpr):
            targets = [statement.target]
        for target in targets:
            yield from names(target, ast.Store)


def _checked(cell: Cell) -> Iterator[str]:
    """Yield the names that the checks of a cell read."""
    for call, owner, name in calls(cell.tree):
        if owner == "checks" and name in {"add", "verdict"}:
            for part in [*call.args, *(keyword.value for keyword in call.keywords)]:
                yield from names(part, ast.expr_context)  # one that it binds on the way, too
