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
