"""Trainings that a figure shows: run by the lab's own cells, and stored in `data/`.

    python -m course.explorers.record            those that are not stored, or not of this code
    python -m course.explorers.record spirals    these

Rounding differs between processors, and grows from step to step: after fifty epochs another machine
has another network. So the figure shows a run that is stored, as the labs' outputs are. A module
of a figure that has one says by `program()` which statements of the lab run it, and by `record()`
makes a table of it, with a row for each epoch.
"""

import argparse
import ast
import hashlib
import inspect
import json
import time
from types import ModuleType
from typing import Any

import pandas as pd

from course import ROOT
from course.explorers import explorers
from course.run import versions
from course.studies import write_checksums
from labkit.datasets import how_made, verified


def stored(name: str) -> pd.DataFrame:
    """Read a stored run; its `attrs` say how it was made."""
    path = verified(f"run_{name}.csv")
    table = pd.read_csv(path, comment="#")
    table.attrs.update(how_made(path))
    return table


def code(module: ModuleType) -> str:
    """Hash what a run rests on: the lab's statements and how the figure's module takes them."""
    recorder = ast.unparse(ast.parse(inspect.getsource(module.record)))
    return hashlib.sha256("\0".join([*module.program(), recorder]).encode()).hexdigest()[:16]


def is_stored(name: str, module: ModuleType) -> bool:
    """Tell whether the stored run is that of the code of now."""
    path = ROOT / "data" / f"run_{name}.csv"
    return path.is_file() and how_made(path).get("code") == code(module)


def write(name: str, module: ModuleType) -> float:
    """Run the training, store it with how it was made, and return the seconds."""
    import torch  # here, since a page with the figure is rendered without

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # as the labs are executed: more threads add in another order
    started = time.perf_counter()
    try:
        table = module.record()
    finally:
        torch.set_num_threads(threads)
    seconds = time.perf_counter() - started
    facts: dict[str, Any] = {
        "command": f"python -m course.explorers.record {name}",
        "seconds": round(seconds),
        "versions": versions(),
        "code": code(module),
    }
    text = table.to_csv(index=False, lineterminator="\n", float_format="%.8g")
    path = ROOT / "data" / f"run_{name}.csv"
    path.write_text(f"# {json.dumps(facts)}\n{text}", encoding="utf-8", newline="\n")
    write_checksums(ROOT / "data")
    return seconds


def main() -> None:
    """Run from the command line."""
    every = {e.name: e.module for e in explorers() if hasattr(e.module, "record")}
    parser = argparse.ArgumentParser("python -m course.explorers.record", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[[], *every], default=[])
    chosen = parser.parse_args().names or [n for n, m in every.items() if not is_stored(n, m)]
    for name in chosen:
        print(f"data/run_{name}.csv: {write(name, every[name]):.0f} s")


if __name__ == "__main__":
    main()
