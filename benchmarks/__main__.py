"""Time every row, print the table and write benchmarks/results.md.

python -m benchmarks [WORD ...]     only the rows whose work or sides contain one of the words;
                                    results.md is then left as it is
"""

from __future__ import annotations

import cProfile
import os
import platform
import pstats
import sys
import warnings
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

import torch
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
from torch.profiler import ProfilerActivity, profile

from benchmarks.c import FLAGS
from benchmarks.rows import ROWS, Row, Side, Size
from benchmarks.timing import Timing, alternate

COMPARED = ("torch", "numpy", "skorch", "lightning", "keras", "scikit-learn")
RESULTS = Path(__file__).parent / "results.md"
# A profile keeps every call in memory: of two million calls it would fill the machine.
SHORT = Size(epochs=20, minibatch_epochs=5, networks=10)
COLUMNS = [
    "work", "threads", "first / second", "first, ms", "second, ms",
    "ratio (quartiles)", "bound", "",
]  # fmt: skip
HEADER = f"| {' | '.join(COLUMNS)} |\n{'|---' * len(COLUMNS)}|"

ABOUT = """# Figures

Written by `make bench`. {facts}.

Two ways to do the same work, in turn (A B, B A, …) in one process, or as whole processes in the
last row; medians, and of the pairs' ratios the quartiles too. Before the clock starts, both sides
must end with the same losses. 500 rows, 10 features, 16 hidden units, 200 epochs of Adam with
lr 0.01 where nothing else is said.

The setting that counts is one thread, which is also how the labs are tested: networks as small as
these gain little from a second one, and its figures swing with whatever else the machine does.

- skorch runs without its callbacks. On a `TensorDataset` it is quickest; on arrays is how it is
  mostly used.
- Lightning, Keras and scikit-learn start from the same weights, and what they would do besides
  training is switched off where they let it. The two that differ in how they compute Adam's step
  end within 1 % of the same losses, the others within 0.001 %. scikit-learn is NumPy with gradients
  written by hand for this one kind of network.
- labkit takes torch's fused Adam: the same update to rounding. "By hand" says which one it takes.
- The bare NumPy loop names its gradient, as labkit's does. One that multiplies the learning rate
  into the scalar saves a pass over a vector of ten numbers and about a tenth of its time.
- The C program, `many.c`, trains one network after another and is compiled with `{flags}`.
- The losses of 100 networks agree to rounding for some dozen epochs. After 200, rounding has gone
  through ReLU's kinks so often that one or the other differs by up to 1 %.
- `import labkit` loads not even NumPy; that is why it is quicker."""


def line(row: Row, threads: int | None, timing: Timing) -> str:
    """Return a row of the table."""
    low, ratio, high = timing.quartiles
    first, second = (f"{1000 * seconds:.1f}" for seconds in timing.medians)
    cells = [
        row.work, str(threads or "default"), f"{row.first} / {row.second}", first, second,
        f"{ratio:.2f} ({low:.2f}–{high:.2f})", row.bound, _verdict(row, ratio),
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def skipped(row: Row, missing: str) -> str:
    """Return the row of the table where it could not be measured."""
    cells = [
        row.work, "", f"{row.first} / {row.second}", "", "", "skipped", row.bound,
        f"needs {missing}",
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def _verdict(row: Row, ratio: float) -> str:
    if row.bound == "none":
        return ""
    return "met" if row.met(ratio) else "not met"


def measured(row: Row, size: Size) -> Iterator[tuple[int | None, Timing]]:
    """Time a row under each of its thread settings, once both sides agree."""
    row.require_same_work(size)
    first, second = row.sides(size)
    for threads in row.threads:
        if threads is not None:
            torch.set_num_threads(threads)
        with threadpool_limits(limits=threads):
            yield threads, alternate(first, second, row.pairs)


def profiled(name: str, side: Side) -> str:
    """Return where one side spends its time: the operators or functions that take the most."""
    with warnings.catch_warnings(), profile(activities=[ProfilerActivity.CPU]) as profiler:
        warnings.simplefilter("ignore")
        side()
    spent = [(e.key, e.count, e.self_cpu_time_total) for e in profiler.key_averages()]
    if not spent:  # NumPy alone
        with cProfile.Profile() as python:
            side()
        stats = pstats.Stats(python).get_stats_profile().func_profiles
        spent = [(key, function.ncalls, function.tottime) for key, function in stats.items()]
    total = sum(seconds for *_, seconds in spent)
    most = sorted(spent, key=lambda entry: -entry[2])[:8]
    rows = [f"| {key} | {calls} | {seconds / total:.0%} |" for key, calls, seconds in most]
    return "\n".join([f"| {name} | calls | share of its time |", "|---|---|---|", *rows])


def facts() -> str:
    """Return what the figures depend on and a reader may know: no names, no dates."""
    versions = [f"{p} {metadata.version(p)}" for p in COMPARED]
    return ", ".join([f"{os.cpu_count()} cores", f"Python {platform.python_version()}", *versions])


def main(words: list[str]) -> None:
    """Measure, print and write."""
    rows = [
        row for row in ROWS
        if not words or any(w in f"{row.work} {row.first} {row.second}" for w in words)
    ]  # fmt: skip
    print(HEADER)
    lines, profiles = [], []
    for row in rows:
        if missing := row.lacks():
            lines.append(skipped(row, missing))
            print(lines[-1], flush=True)
            continue
        for threads, timing in measured(row, Size()):
            lines.append(line(row, threads, timing))
            print(lines[-1], flush=True)
            if threads == 1 and not row.met(timing.quartiles[1]):
                profiles += [f"## Why not: {row.first} / {row.second}, {row.work}"]
                sides = zip((row.first, row.second), row.sides(SHORT), strict=True)
                profiles += [profiled(name, side) for name, side in sides]
    if words:
        return
    about = ABOUT.format(facts=facts(), flags=" ".join(FLAGS))
    parts = [about, "\n".join([HEADER, *lines]), *profiles]
    RESULTS.write_text("\n\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
