"""How time and memory of labkit's loops grow with the number of rows: a table and a figure.

python -m benchmarks.scale            writes benchmarks/scale.csv and benchmarks/scale.png

Every size runs in a process of its own, under one thread, since a process keeps the memory that
it once had. Memory is the largest resident set during training, less what the process held
before it made the data, and below 100,000 rows says more about the allocator than about the loop.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

FEATURES = 10
STEPS = 20
LOOPS = {
    "gradient descent, 20 steps": [10_000, 100_000, 1_000_000, 10_000_000],
    "mini-batch SGD, batch 256, 1 epoch": [10_000, 100_000, 1_000_000],
}
HERE = Path(__file__).parent
MEMORY = {"peak": "VmHWM", "now": "VmRSS"}


def megabytes(which: str) -> float:
    """Return the resident memory of this process: its peak since the last reset, or now."""
    status = Path("/proc/self/status").read_text()
    found = re.search(rf"{MEMORY[which]}:\s+(\d+)", status)
    assert found is not None
    return int(found[1]) / 1024


def one(loop: str, n: int) -> dict[str, float]:
    """Train on n rows in this process, and return its seconds and memory."""
    from labkit import fit_linear

    rng = np.random.default_rng(0)
    small = rng.standard_normal((50, FEATURES))
    if loop.startswith("gradient"):
        fit_linear(small, small[:, 0], steps=1)  # loads what the loop needs
        before = megabytes("now")
        X = np.empty((n, FEATURES))
        rng.standard_normal(out=X)
        y = X @ np.arange(1.0, FEATURES + 1)
        run, data = lambda: fit_linear(X, y, steps=STEPS), X.nbytes + y.nbytes
    else:
        import torch

        from benchmarks.others import network
        from labkit import fit_torch

        options = {"batch_size": 256, "optimizer": "sgd", "epochs": 1, "lr": 1e-3}
        torch.set_num_threads(1)
        tensors = torch.randn(300, FEATURES), torch.randn(300, 1)
        fit_torch(network(), *tensors, **options)  # type: ignore[arg-type]
        before = megabytes("now")
        features, outcome = torch.randn(n, FEATURES), torch.randn(n, 1)
        run = lambda: fit_torch(network(), features, outcome, **options)  # type: ignore  # noqa: E731
        data = features.nbytes + outcome.nbytes
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far
    start = time.perf_counter()
    run()
    seconds = time.perf_counter() - start
    used = megabytes("peak") - before
    return {"rows": n, "seconds": seconds, "data_mb": data / 2**20, "peak_mb": used}


def in_a_process(loop: str, n: int) -> dict[str, float]:
    """Train on n rows in a process of its own, under one thread."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.scale", loop, str(n)],
        check=True,
        capture_output=True,
        cwd=HERE.parent,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
    )
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def main() -> None:
    """Measure every size, print and write the table, and draw it."""
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt
    import pandas as pd

    from labkit import use_style

    rows = []
    for loop, sizes in LOOPS.items():
        for n in sizes:
            rows.append({"loop": loop, **in_a_process(loop, n)})
            print(rows[-1], flush=True)
    table = pd.DataFrame(rows)
    table["microseconds_a_row"] = 1e6 * table["seconds"] / table["rows"]
    table["peak_over_data"] = table["peak_mb"] / table["data_mb"]
    table.round(4).to_csv(HERE / "scale.csv", index=False, lineterminator="\n")

    use_style()
    fig, axes = plt.subplots(1, 2, figsize=(7.2, 3.4), layout="constrained")
    for loop, part in table.groupby("loop", sort=False):
        for ax, column in zip(axes, ["seconds", "peak_mb"], strict=True):
            shown = part[part["rows"] >= 100_000] if column == "peak_mb" else part
            ax.loglog(shown["rows"], shown[column], "o-", label=loop)
    ends = np.array([1e4, 1e7])
    axes[0].plot(ends, ends * 3e-7, ":", color="0.5", label="in proportion to the rows")
    first = table[table["loop"] == next(iter(LOOPS))]
    axes[1].plot(first["rows"], first["data_mb"], ":", color="0.5", label="the data of the former")
    for ax, unit in zip(axes, ["seconds", "peak memory (MB)"], strict=True):
        ax.set(xlabel="rows", ylabel=unit)
    axes[0].legend(fontsize=8)
    axes[1].legend(fontsize=8)
    fig.savefig(HERE / "scale.png", dpi=120)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(json.dumps(one(sys.argv[1], int(sys.argv[2]))))
    else:
        main()
