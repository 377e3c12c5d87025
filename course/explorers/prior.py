"""Lab 16's small network, trained on tables from a prior, beside the exact answer."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pandas as pd

from course.cases import leading_to, run_part
from course.explorers.packing import packed
from course.explorers.record import stored

LAB, FIGURE = 16, "fig-line"
SOURCE = "data/run_prior.csv, the small network of lab 16, and twelve of its tables"
HEADS = 4
TABLES, ROWS, SEED = 12, 30, 16


def program() -> list[str]:
    """Return the statements of the lab that train the network."""
    return leading_to(f"{LAB:02d}", ["network", "history"], FIGURE)  # the training too


def record() -> pd.DataFrame:
    """Train the lab's network: a row for each tensor of weights, its numbers in 32 bits each."""
    network = run_part(program())["network"]
    assert {block.attention.heads for block in network.blocks} == {HEADS}
    rows = [
        (name, " ".join(map(str, tensor.shape)), packed(tensor.numpy()))
        for name, tensor in network.state_dict().items()
    ]
    return pd.DataFrame(rows, columns=["name", "shape", "values"])


def data() -> dict[str, Any]:
    """Return the weights, one tensor after the other, and the tables: features and noise."""
    run, rng = stored("prior"), np.random.default_rng(SEED)
    noise_sd = run_part(leading_to(f"{LAB:02d}", ["noise_sd"], FIGURE))["noise_sd"]
    x, noise = rng.standard_normal((2, TABLES, ROWS))
    numbers = b"".join(base64.b64decode(text) for text in run["values"])
    return {
        "noise_sd": noise_sd,
        "heads": HEADS,
        "layers": run["name"].str.extract(r"blocks\.(\d+)")[0].nunique(),
        "shapes": [
            [name, [int(side) for side in str(shape).split()]]
            for name, shape in zip(run["name"], run["shape"], strict=True)
        ],
        "weights": base64.b64encode(numbers).decode(),
        "x": x.round(3).tolist(),
        "noise": (noise_sd * noise).round(3).tolist(),
    }
