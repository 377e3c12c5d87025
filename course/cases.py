"""Runs a lab's code cells in this process, with changes, up to where a test wants it."""

import ast
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, redirect_stdout
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from io import StringIO
from itertools import count
from types import ModuleType
from typing import Any, TypeAlias, TypeVar

import matplotlib as mpl
import matplotlib.pyplot as plt

from course import ROOT
from course.notebook import TASK_TAGS, Lab, labs
from course.slice import needed, statements
from labkit.checks import Check, Checks
from labkit.verdict import Verdict

Change: TypeAlias = tuple[str, str]
Shown = TypeVar("Shown")


@cache
def case(lab: str) -> ModuleType:
    """Return the module with a lab's mistakes, other seeds and wrong answers."""
    path = ROOT / "tests" / "cases" / f"lab{lab}.py"
    spec = spec_from_file_location(f"cases_lab{lab}", path)
    assert spec is not None, f"{path.name} is a Python file"
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@cache
def read(lab: str) -> Lab:
    """Return a lab by its number."""
    (path,) = (path for path in labs() if path.name.startswith(f"{lab}-"))
    return Lab.read(path)


def sources_of(lab: str, *changes: Change) -> list[str]:
    """Return a lab's code cells up to the report of its checks, quick, and with things changed.

    The cells of exercises are not among them: no check of the lab rests on an answer.
    """
    sources = [cell.source for cell in read(lab).lesson_code if not cell.tags & TASK_TAGS]
    report = next(i for i, source in enumerate(sources) if "checks.report()" in source)
    return changed(lab, sources[: report + 1], *changes)


def changed(lab: str, sources: list[str], *changes: Change) -> list[str]:
    """Return code of a lab's that is quick, with things changed wherever they stand."""
    for change in [*case(lab).QUICK.items(), *changes]:
        sources = _with(change, lab, sources)
    return sources


def _with(change: Change, lab: str, sources: list[str]) -> list[str]:
    """Return code with a change made; the error where it can't be is one that no lab raises."""
    old, new = change
    if not any(old in source for source in sources):
        raise LookupError(f"lab {lab} has no {old!r} any more")
    return [source.replace(old, new) for source in sources]


def program_of(lab: str, *changes: Change) -> list[str]:
    """Return the statements of these cells."""
    return statements(sources_of(lab, *changes))


def run_to_report(lab: str, *changes: Change, only: Iterable[int] | None = None) -> dict[str, Any]:
    """Run a lab up to the report of its checks, with things changed wherever they stand.

    `only` picks statements. Returns the lab's variables, and under "added by" the statement
    behind each check.
    """
    program, names = program_of(lab, *changes), _nothing_yet()
    with _quietly():
        for i in range(len(program)) if only is None else only:
            exec(program[i], names)
            _note(i, names)
    return names


def leading_to(lab: str, names: Iterable[str], figure: str, *changes: Change) -> list[str]:
    """Return the statements of a lab that lead to some of its names, up to a figure's cell.

    The lab is as it stands, not quick, but for the changes. That the statements give what the whole
    lab gives is for a test to say (see `needed`).
    """
    cells = read(lab).lesson_code
    end = next(i for i, cell in enumerate(cells) if f"#| label: {figure}\n" in cell.source)
    sources = [cell.source for cell in cells[: end + 1] if not cell.tags & TASK_TAGS]
    for change in changes:
        sources = _with(change, lab, sources)
    program = [*statements(sources), f"({', '.join(names)},)"]
    chosen = needed(program, {len(program) - 1}, apart_from="checks")
    return [program[i] for i in chosen[:-1]]


def run_part(program: Iterable[str]) -> dict[str, Any]:
    """Run such statements and return the variables."""
    names = _nothing_yet()
    with _quietly(), redirect_stdout(StringIO()):
        for statement in program:
            exec(statement, names)
    return names


def _nothing_yet() -> dict[str, Any]:
    return {"__name__": "lab", "checks": Checks(), "added by": []}


@contextmanager
def _quietly() -> Iterator[None]:
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a mistake may overflow on its way to being caught
        try:
            yield
        finally:
            plt.close("all")


def _nothing() -> None:
    """Do nothing after a statement."""


def _note(statement: int, names: dict[str, Any]) -> None:
    """Note which checks a statement has added."""
    names["added by"] += [statement] * (len(checks_of(names)) - len(names["added by"]))


def run_twice(
    lab: str, run: Callable[[str, dict[str, Any], Callable[[], None]], Shown]
) -> Iterator[tuple[str, Shown, Shown]]:
    """Run each cell of a lab twice in a row, those of the exercises last; yield what each shows.

    `run` is given a cell, the variables, and what to call after each of its statements. What the
    runs have left serves as `as_it_stands` and `solved`, since a second run changes nothing.
    """
    names, so_far = _nothing_yet(), count()
    with _quietly():
        for source in sources_of(lab):
            first = run(source, names, lambda: _note(next(so_far), names))
            yield source, first, run(source, names, _nothing)
        _whole[lab], names = names, dict(names)
        for source in _of_exercises(lab):
            yield source, run(source, names, _nothing), run(source, names, _nothing)
        _solved[lab] = names


def run_cell(
    source: str, names: dict[str, Any], after_each: Callable[[], None] = _nothing
) -> tuple[str, Any]:
    """Run a cell as a notebook would; return what it prints and the value that it ends with.

    After each of its statements `after_each` is called.
    """
    value = None
    with redirect_stdout(StringIO()) as printed:
        body = ast.parse(source).body
        for node in body:
            if node is body[-1] and isinstance(node, ast.Expr):
                value = eval(compile(ast.Expression(node.value), "cell", "eval"), names)
            else:
                exec(compile(ast.Module([node], []), "cell", "exec"), names)
            after_each()
    return printed.getvalue(), value


def checks_of(names: dict[str, Any]) -> dict[str, Check | Verdict]:
    """Return what a lab has checked so far, by name."""
    return {check.name: check for check in names["checks"]._checks}


_whole: dict[str, dict[str, Any]] = {}
_solved: dict[str, dict[str, Any]] = {}


def as_it_stands(lab: str) -> dict[str, Any]:
    """Return the variables of a lab without a change, run once."""
    if lab not in _whole:
        _whole[lab] = run_to_report(lab)
    return _whole[lab]


def solved(lab: str) -> dict[str, Any]:
    """Return the variables of a lab with its stubs, checks and solutions, run once."""
    if lab not in _solved:
        names = dict(as_it_stands(lab))
        for source in _of_exercises(lab):
            exec(source, names)
        _solved[lab] = names
    return _solved[lab]


def _of_exercises(lab: str) -> list[str]:
    """Return the code cells of a lab's exercises, none of it made quick."""
    return [cell.source for cell in read(lab).lesson_code if cell.tags & TASK_TAGS]


def behind(lab: str, pattern: str, change: Change) -> tuple[int, ...] | None:
    """Return the statements that the checks of this name need, with the report's; None for all.

    A mistake may read what the lab's own statement does not, so they are what either needs. All
    are needed where no check has the name, since it is the code that raises, and where these
    don't give the checks the very values that they have in the whole lab.
    """
    whole = as_it_stands(lab)
    adding = zip(checks_of(whole), whole["added by"], strict=True)
    wanted = {i for name, i in adding if re.search(pattern, name)}
    right, wrong = program_of(lab), program_of(lab, change)
    if not wanted or len(right) != len(wrong):
        return None
    used = {i for p in (right, wrong) for i in needed(p, wanted, apart_from="checks")}
    chosen = (*sorted(used), len(right) - 1)
    return chosen if _hold(lab, chosen) else None


@cache  # many a mistake is looked for by the same statements
def _hold(lab: str, chosen: tuple[int, ...]) -> bool:
    """Return whether the chosen statements give their checks the values of the whole lab."""
    try:
        some = checks_of(run_to_report(lab, only=chosen))
    except Exception:  # whatever it is: these statements can't stand alone
        return False
    every = checks_of(as_it_stands(lab))
    return all(every[name] == check for name, check in some.items())
