"""Runs a lab's code cells in this process, with changes, up to where a test wants it."""

import warnings
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
import nbformat

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
}


def code_cells(lab: str) -> list[nbformat.NotebookNode]:
    """Return a lab's code cells."""
    (path,) = NOTEBOOKS.glob(f"{lab}-*.ipynb")
    return [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]


def tags(cell: nbformat.NotebookNode) -> list[str]:
    """Return a cell's tags."""
    return cell.metadata.get("tags", [])


def run_to_report(lab: str, change: tuple[str, str] | None = None) -> dict[str, Any]:
    """Run a lab up to the report of its checks, with one thing changed wherever it stands.

    Returns the lab's variables.
    """
    sources = [cell.source for cell in code_cells(lab)]
    last = next(i for i, source in enumerate(sources) if "checks.report()" in source)
    sources = sources[: last + 1]
    for old, new in [*QUICK[lab].items(), *([change] if change else [])]:
        assert any(old in source for source in sources), f"lab {lab} has no {old!r} any more"
        sources = [source.replace(old, new) for source in sources]
    names: dict[str, Any] = {"__name__": "lab"}
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a mistake may overflow on its way to being caught
        try:
            for source in sources:
                exec(source, names)
        finally:
            plt.close("all")
    return names
