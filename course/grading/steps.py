"""Runs a notebook's cells, and questions about what they made, in a process of their own."""

import json
import os
import shutil
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl

import labkit
from course.grading import sandbox
from course.grading.sandbox import MIB, Limits
from course.grading.submission import copy_files
from course.run import CELL_TIMEOUT, KERNEL_ENVIRONMENT
from labkit.datasets import data_folder

WORKER = Path(__file__).with_name("worker.py")
OUTPUT = 20 * MIB  # a lab with its figures has 1.5


@dataclass(frozen=True)
class Setting:
    """What is the same for all notebooks of a run."""

    folder: Path
    limits: Limits
    stop: threading.Event

    @property
    def cell_seconds(self) -> float:
        """How long a cell may take before it is interrupted and the next one is run."""
        return min(CELL_TIMEOUT, self.limits.seconds / 2)


def environment(temporary: Path) -> dict[str, str]:
    """Return the variables that a notebook sees: none of the instructor's own."""
    kept = ("LANG", "LC_ALL", "TZ", "OPENBLAS_", "MKL_", "OMP_")
    return {
        **{name: value for name, value in os.environ.items() if name.startswith(kept)},
        **KERNEL_ENVIRONMENT,
        "PATH": os.pathsep.join([str(Path(sys.prefix, "bin")), "/usr/bin", "/bin"]),
        "PYTHONPATH": str(Path(labkit.__file__).parent.parent),
        "PYTHONSAFEPATH": "1",
        "LABKIT_DATA": str(data_folder()),
        "MPLCONFIGDIR": str(temporary / "matplotlib"),
    }


def run_steps(
    steps: list[dict[str, Any]], source: Path | None, folder: Path, setting: Setting
) -> tuple[list[dict[str, Any]], str, float]:
    """Run cells in a copy of `source`, in its subfolder `folder`.

    Returns the results and errors of the steps, why there are no more of them, and the seconds.
    """
    with sandbox.workplace() as place:
        where = sandbox.Place(place / "work", place / "temporary")
        where.work.mkdir()
        # The list of fonts takes seconds to make.
        (where.temporary / "matplotlib").mkdir(parents=True)
        for fonts in Path(mpl.get_cachedir()).glob("fontlist-*.json"):
            shutil.copy(fonts, where.temporary / "matplotlib")
        if source is not None:
            copy_files(source, where.work)
        task = {
            "folder": folder.as_posix(),
            "steps": steps,
            "cell_seconds": setting.cell_seconds,
            "output": OUTPUT,
        }
        question = place / "question.json"
        question.write_text(json.dumps(task), encoding="ascii")
        ended = sandbox.run(
            [sys.executable, "-P", str(WORKER)],
            where,
            setting.limits,
            question=question,
            readable=[Path(labkit.__file__).parent, data_folder(), WORKER],
            environment=environment(where.seen.temporary),
            stop=setting.stop,
        )
    *complete, _ = ended.answer.split(b"\n")  # the last may be cut off
    lines = [json.loads(line) for line in complete]
    end = next((line["end"] for line in lines if "end" in line), None)
    silent = "" if end is not None else "it ended the program that runs it"
    return [line for line in lines if "step" in line], ended.why or end or silent, ended.seconds
