"""Runs a lab's code cells in this process, with changes, up to where a test wants it."""

import ast
import re
import sys
import warnings
from collections.abc import Iterable
from contextlib import redirect_stdout
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from io import StringIO
from types import ModuleType
from typing import Any, TypeAlias

import matplotlib as mpl
import matplotlib.pyplot as plt

from course import ROOT
from course.notebook import Lab, labs
from course.slice import needed, statements
from labkit.checks import Check, Checks
from labkit.verdict import Verdict

Change: TypeAlias = tuple[str, str]


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
    """Return a lab's code cells up to the report of its checks, quick, and with things changed."""
    sources = [cell.source for cell in read(lab).lesson_code]
    report = next(i for i, source in enumerate(sources) if "checks.report()" in source)
    return changed(lab, sources[: report + 1], *changes)


def changed(lab: str, sources: list[str], *changes: Change) -> list[str]:
    """Return code of a lab's that is quick, with things changed wherever they stand."""
    for old, new in [*case(lab).QUICK.items(), *changes]:
        assert any(old in source for source in sources), f"lab {lab} has no {old!r} any more"
        sources = [source.replace(old, new) for source in sources]
    return sources


def program_of(lab: str, *changes: Change) -> list[str]:
    """Return the statements of these cells."""
    return statements(sources_of(lab, *changes))


def run_to_report(lab: str, *changes: Change, only: Iterable[int] | None = None) -> dict[str, Any]:
    """Run a lab up to the report of its checks, with things changed wherever they stand.

    `only` picks statements. Returns the lab's variables, and under "added by" the statement
    behind each check.
    """
    program = program_of(lab, *changes)
    names: dict[str, Any] = {"__name__": "lab", "checks": Checks(), "added by": []}
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a mistake may overflow on its way to being caught
        try:
            for i in range(len(program)) if only is None else only:
                exec(program[i], names)
                names["added by"] += [i] * (len(checks_of(names)) - len(names["added by"]))
        finally:
            plt.close("all")
    return names


def run_cell(source: str, names: dict[str, Any]) -> tuple[str, Any]:
    """Run a cell as a notebook would; return what it prints and the value that it ends with."""
    tree, last = ast.parse(source), None
    if tree.body and isinstance(end := tree.body[-1], ast.Expr):
        last = ast.Expression(end.value)
        del tree.body[-1]
    with redirect_stdout(StringIO()) as printed:
        exec(compile(tree, "cell", "exec"), names)
        value = None if last is None else eval(compile(last, "cell", "eval"), names)
    return printed.getvalue(), value


def checks_of(names: dict[str, Any]) -> dict[str, Check | Verdict]:
    """Return what a lab has checked so far, by name."""
    return {check.name: check for check in names["checks"]._checks}


@cache
def as_it_stands(lab: str) -> dict[str, Any]:
    """Return the variables of a lab without a change, run once."""
    return run_to_report(lab)


@cache
def solved(lab: str) -> dict[str, Any]:
    """Return the variables of a lab with its stubs, checks and solutions, run once."""
    names = dict(as_it_stands(lab))
    for cell in read(lab).lesson_code:
        if {"exercise", "exercise-check", "solution"} & cell.tags:
            exec(cell.source, names)
    return names


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
