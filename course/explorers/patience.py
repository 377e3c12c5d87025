"""What a patience costs: validation loss and true risk over the epochs, as lab 6 records them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from course.cases import Change, leading_to, run_part
from course.explorers.record import stored

LAB, FIGURE = 6, "fig-early-stopping"
SOURCE = "data/run_patience.csv, the training of lab 6 on its table and on seven others"
NUMBERS = ["loss", "val_loss", "risk"]
OTHERS = range(7)  # the first tables of the lab's study of the best validation epoch


def program(*changes: Change) -> list[str]:
    """Return the statements of the lab that train a network and record it."""
    return leading_to(f"{LAB:02d}", ["records", "early_stopping"], FIGURE, *changes)


def other(seed: int) -> list[Change]:
    """Return the changes that make the training that of another table and another network."""
    return [
        ("prepare(np.random.default_rng(6))", f"prepare(np.random.default_rng({1000 + seed}))"),
        ("model = make_network(seed=6)", f"model = make_network(seed={seed})"),
    ]


def record() -> pd.DataFrame:
    """Run the trainings: a row for each epoch of each, the lab's own as table 0."""
    programs = [program(), *(program(*other(seed)) for seed in OTHERS)]
    runs = []
    for number, statements in enumerate(programs):
        run = pd.DataFrame(run_part(statements)["records"], columns=NUMBERS).round(5)
        run.insert(0, "table", number)
        run.insert(1, "epoch", np.arange(1, len(run) + 1))
        runs.append(run)
    return pd.concat(runs)


def data() -> dict[str, Any]:
    """Return the numbers of each epoch of each run."""
    runs = stored("patience").groupby("table")
    return {"runs": [{name: run[name].tolist() for name in NUMBERS} for _, run in runs]}
