"""Execute the labs and store their outputs: the only program that writes `notebooks/*.ipynb`.

    python -m course.run              the labs whose stored outputs are stale
    python -m course.run --all        every lab
    python -m course.run 01 03        the labs whose names begin so

A lab is replaced only when it ran from start to end and its outputs are fit to publish: an
interrupted or failed run leaves the notebook as it was.
"""

import argparse
import asyncio
import os
import platform
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from tqdm import tqdm

from course import ROOT
from course.cell import Cell
from course.clean_outputs import clear, first_lines
from course.dependencies.exports import imports
from course.dependencies.trace import files_read, traced_environment
from course.notebook import COLAB, Lab, UnreadableError, labs, replace
from course.rules.outputs import local_path, no_stderr, object_repr
from course.stale import is_fresh, parts
from course.tidy import tidy

CELL_TIMEOUT = 120  # seconds; the same limit as under nbval
NOT_TO_STORE = (no_stderr, object_repr, local_path)  # what these rules find is not for a reader
PACKAGE = "labkit/__init__.py"  # what every lab reads that imports labkit
RECORDED = ["numpy", "scipy", "pandas", "matplotlib", "scikit-learn", "torch"]
KERNEL_ENVIRONMENT = {
    # The networks of the labs are too small for a second thread to help.
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",  # the order of a set is then the same in every run
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # a debugger's warning at the start of the kernel
}


class LabError(Exception):
    """A lab that could not be executed, with a message that says where, why and what to do."""


def execute(path: Path, root: Path = ROOT) -> float:
    """Execute one lab, replace it with its executed self, and return the seconds that it took."""
    lab = Lab.read(path)
    if any("torch" in cell.tags for cell in lab.code) and find_spec("torch") is None:
        raise LabError(
            f"{path.name} has cells that need torch, which is not installed here: their outputs\n"
            "would be lost. Use the environment with torch: make labs"
        )
    clear(lab.node)
    begun: list[int] = []  # the places of the cells: the last one is where it failed
    client = NotebookClient(
        lab.node,
        timeout=CELL_TIMEOUT,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        record_timing=False,
        skip_cells_with_tag=COLAB,  # what Colab needs is not executed here, and has no count
        on_cell_start=lambda cell_index, **_: begun.append(cell_index),
        extra_arguments=["--log-level=40"],  # its start-up remarks are not for the reader
    )
    with TemporaryDirectory() as folder:
        log = Path(folder) / "read"
        environment = {**traced_environment(log, root), **KERNEL_ENVIRONMENT}
        started = time.perf_counter()
        try:  # in a loop of its own, closed at the end
            asyncio.run(client.async_execute(env=environment))
        except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            raise LabError(explain(lab, lab.cells[begun[-1]], error)) from error
        seconds = time.perf_counter() - started
        files = files_read(log, root)
    if any(imports(cell.tree) for cell in lab.lesson_code) and PACKAGE not in files:
        raise LabError(
            f"{path.name} ran, and was not seen to read labkit: what it depends on is not known.\n"
            "Does something on this machine keep Python from course/dependencies/hook/?"
        )

    tidy(lab.node)
    if found := [(cell, what) for rule in NOT_TO_STORE for cell, what in rule(lab) if cell]:
        rows = "\n".join(f"  cell {cell.index + 1}: {what}" for cell, what in found)
        raise LabError(f"{path.name} ran, but its outputs are not fit to publish:\n{rows}")
    lab.node.metadata["labkit"] = {
        "made_from": parts(lab, files, root),
        "seconds": round(seconds, 1),
        "versions": versions(),
    }
    replace(path, lab.node)
    return seconds


def explain(lab: Lab, cell: Cell, error: Exception) -> str:
    """Say which cell failed, how it begins, why it failed and what to do."""
    name = lab.path.name
    if isinstance(error, CellTimeoutError):
        why = f"It was still running after {CELL_TIMEOUT} s: make the work smaller."
    elif isinstance(error, CellExecutionError):
        why = f"{error.ename}: {first_lines(error.evalue, 12)}"
    else:
        why = "The kernel died there, usually for want of memory: make the work smaller."
    source = "\n".join("    " + row for row in first_lines(cell.source, 5).splitlines())
    return (
        f"{name} failed in cell {cell.index + 1}, which begins:\n{source}\n{why}\n"
        f"Run it by hand to see more: make lab, then open {name} and run up to that cell. "
        "The stored notebook is unchanged."
    )


def versions() -> dict[str, str]:
    """Return what the outputs were made with."""
    found = {"python": platform.python_version()}
    for name in RECORDED:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def execute_all(paths: list[Path], root: Path = ROOT) -> list[str]:
    """Execute labs with a progress bar; return the messages of those that failed.

    One after the other: what runs beside a lab would be in the times that it shows and takes.
    """
    failures = []
    pool = ThreadPoolExecutor(1)  # in the main thread nbclient would take Ctrl-C for itself
    for path in (bar := tqdm(paths, unit="lab", desc="executing")):
        try:
            seconds = pool.submit(execute, path, root).result()
            bar.write(f"  {path.name}: {seconds:.1f} s", file=sys.stderr)
        except LabError as error:
            failures.append(str(error))
            bar.write(f"  {path.name}: failed", file=sys.stderr)
    pool.shutdown()
    return failures


def choose(everything: bool, names: list[str], root: Path = ROOT) -> list[Path]:
    """Choose the labs to execute: all, those named, or those that are stale."""
    found = labs(root)
    if everything:
        return found
    if not names:
        return [path for path in found if not is_fresh(path, root)]
    chosen = [path for path in found if any(path.name.startswith(Path(n).name) for n in names)]
    for name in names:
        if not any(path.name.startswith(Path(name).name) for path in found):
            known = ", ".join(path.stem for path in found) or "none yet"
            sys.exit(f"There is no lab {name!r} in notebooks/. The labs are: {known}.")
    return chosen


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(prog="python -m course.run", description="Execute labs.")
    parser.add_argument("labs", nargs="*", help="how their names begin; default: those stale")
    parser.add_argument("--all", action="store_true", help="every lab, stale or not")
    arguments = parser.parse_args()
    try:
        paths = choose(arguments.all, arguments.labs)
    except UnreadableError as error:
        sys.exit(str(error))
    if not paths:
        print(f"The stored outputs of all {len(labs())} labs are up to date; none was executed.")
        return
    try:
        failures = execute_all(paths)
    except KeyboardInterrupt:
        print("\nInterrupted: the labs that had not finished are as they were.", file=sys.stderr)
        sys.stderr.flush()
        os._exit(130)  # the kernels see that their parent has gone, and end
    if failures:
        sys.exit("\n" + "\n\n".join(failures))


if __name__ == "__main__":
    main()
