"""The border between two spirals over the epochs: the training of lab 5, as the lab records it."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import pandas as pd

from course.cases import leading_to, run_part
from course.explorers.record import stored

LAB, FIGURE = 5, "fig-growth"
SOURCE = "data/run_spirals.csv, the training of lab 5, and its table of 500 points"
NUMBERS = ["loss", "accuracy", "val_loss", "val_accuracy"]
EVERY = 4  # of the 141 by 141 points of the lab's map, every fourth: 36 by 36
FURTHEST = 6.0  # a logit: a probability of 0.25 or 99.75 %, beyond which the map looks the same


def program() -> list[str]:
    """Return the statements of the lab that train the network and ask it."""
    names = ["records", "snapshots", "make_network", "class_1", "span"]
    return leading_to(f"{LAB:02d}", names, FIGURE)


def record() -> pd.DataFrame:
    """Run the lab's training: a row for each epoch from 0, with what it records and a map."""
    lab = run_part(program())
    rows = [[np.nan] * len(NUMBERS), *lab["records"]]
    table = pd.DataFrame(rows, columns=NUMBERS, index=pd.RangeIndex(len(rows), name="epoch"))
    table["scale"], table["map"] = zip(*map(encode, maps_of(lab)), strict=True)
    return table.reset_index()


def maps_of(lab: dict[str, Any]) -> list[np.ndarray]:
    """Return the probability of class 1 on the grid after each epoch; a row for each height."""
    span = lab["span"][::EVERY]
    grid = np.stack(np.meshgrid(span, span), axis=-1).reshape(-1, 2)
    network, maps = lab["make_network"](seed=0), []
    for weights in lab["snapshots"].values():
        network.load_state_dict(weights)
        maps.append(lab["class_1"](network, grid).astype(float))
    return maps


def encode(probability: np.ndarray) -> tuple[float, str]:
    """Return the largest logit of a map, and all of them in one byte each as shares of it.

    By shares, since before the training all logits are near 0, and the border would be lost.
    """
    least = 1 / (1 + np.exp(FURTHEST))
    probability = np.clip(probability, least, 1 - least)
    logit = np.log(probability / (1 - probability))
    scale = float(f"{np.abs(logit).max():.4g}")
    shares = np.clip(np.rint(127 * logit / scale), -127, 127) + 128
    return scale, base64.b64encode(shares.astype(np.uint8).tobytes()).decode()


def data() -> dict[str, Any]:
    """Return the points, the numbers of each epoch and the maps."""
    run = stored("spirals")
    lab = run_part(leading_to(f"{LAB:02d}", ["data", "span"], FIGURE))
    points, span = lab["data"], lab["span"][::EVERY]
    return {
        "points": np.round(points.X, 3).tolist(),
        "y": points.y.tolist(),
        "span": [float(span[0]), float(span[-1])],
        "side": len(span),
        **{name: run[name][1:].round(7).tolist() for name in NUMBERS},
        "scale": run["scale"].tolist(),
        "maps": run["map"].tolist(),
    }
