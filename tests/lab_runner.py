"""Runs a lab's code cells in this process, with changes, up to where a test wants it."""

import re
import warnings
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat
from lab_slice import needed, statements

from labkit import Checks

Change: TypeAlias = tuple[str, str]

NOTEBOOKS = Path(__file__).parent.parent / "notebooks"

# What makes a lab quick enough to be run a dozen times, and changes no verdict.
QUICK = {
    "01": {
        "replicates=100": "replicates=60",
        "GradientBoostingRegressor(random_state=0)": (
            "GradientBoostingRegressor(random_state=0, n_estimators=5)"
        ),
    },
    "02": {"replicates=100": "replicates=50", "range(5)": "range(1)"},
    "03": {
        "standard_normal((200, 3))": "standard_normal((50, 3))",
        "range(800)": "range(500)",
        "steps=800": "steps=500",
    },
    "04": {"range(24)": "range(8)", "np.arange(-4, 1.5, 0.5)": "np.arange(-3.0, 1.0)"},
    "05": {
        "replicates=30": "replicates=4",
        "-1.4, 1.4, 141": "-1.4, 1.4, 21",
        "reshape(141, 141)": "reshape(21, 21)",
        "range(5):": "range(1):",
        "make_spirals(4000, rng=rng)": "make_spirals(2000, rng=rng)",
        "epochs=200": "epochs=80",
        'more = {"epochs": 10': 'more = {"epochs": 2',
        "shown = [0, 10, 15, 20, 25, 30, 35, 40, 50]": "shown = [50] * 9",
    },
    "06": {
        "range(400)": "range(220)",
        "range(1, 401)": "range(1, 221)",
        "last_epoch, 400]": "last_epoch, 220]",
        "epochs=3000": "epochs=900",
        "make_patients(2000, rng)": "make_patients(800, rng)",
        "torch.ones(1_000_000)": "torch.ones(300_000)",
        "replicates=20": "replicates=3",
        "zip(seeds(rng), (0.2, 0.5, 0.8)": "zip(seeds(rng, 1), (0.5,)",
        "make_network(s, p), X, y, seed=s": "make_network(s, p), X, y, epochs=120, seed=s",
        "for seed in seeds(rng)]": "for seed in seeds(rng, 1)]",
        "(0, 0, 0)": "(0,)",
        "(0.03, 0.1, 0.3)": "(0.1,)",
        "(1, 3, 10)": "(3,)",
        "range(200)": "range(12)",
        "choice_leak(seed, leaked) for seed in range(100)": (
            "choice_leak(seed, leaked) for seed in range(20)"
        ),
        "range(60)": "range(24)",
        "epoch_leak(seed) for seed in range(100)": "epoch_leak(seed) for seed in range(14)",
    },
}


def code_cells(lab: str) -> list[nbformat.NotebookNode]:
    """Return a lab's code cells."""
    (path,) = NOTEBOOKS.glob(f"{lab}-*.ipynb")
    return [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]


def tags(cell: nbformat.NotebookNode) -> list[str]:
    """Return a cell's tags."""
    return cell.metadata.get("tags", [])


def program_of(lab: str, *changes: Change) -> list[str]:
    """Return a lab's statements up to the report of its checks, quick, and with things changed."""
    sources = [cell.source for cell in code_cells(lab)]
    sources = sources[: next(i for i, s in enumerate(sources) if "checks.report()" in s) + 1]
    for old, new in [*QUICK[lab].items(), *changes]:
        assert any(old in source for source in sources), f"lab {lab} has no {old!r} any more"
        sources = [source.replace(old, new) for source in sources]
    return statements(sources)


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
                names["added by"] += [i] * (len(values_of(names)) - len(names["added by"]))
        finally:
            plt.close("all")
    return names


def values_of(names: dict[str, Any]) -> dict[str, float]:
    """Return the numbers that a lab has checked so far."""
    return {check.name: check.value for check in names["checks"]._checks}


@cache
def as_it_stands(lab: str) -> dict[str, Any]:
    """Return the variables of a lab without a change, run once."""
    return run_to_report(lab)


@cache
def behind(lab: str, pattern: str) -> list[int] | None:
    """Return the statements that the checks of this name need, with the report's; None for all.

    All are needed where no check has the name, since it is the code that raises, and where the
    few don't give the checks the very values that they have in the whole lab.
    """
    whole = as_it_stands(lab)
    values = values_of(whole)
    adding = zip(values, whole["added by"], strict=True)
    wanted = {i for name, i in adding if re.search(pattern, name)}
    if not wanted:
        return None
    program = program_of(lab)
    few = [*needed(program, wanted, apart_from="checks"), len(program) - 1]
    try:
        some = values_of(run_to_report(lab, only=few))
    except Exception:  # whatever it is: these statements can't stand alone
        return None
    return few if all(values[name] == value for name, value in some.items()) else None
