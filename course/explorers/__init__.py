"""The figures that one can move: a module each says where its figure stands and computes its data.

The figure itself is `explorers/NAME.js`, on the shared `axes.js` and `frame.js`.
"""

from __future__ import annotations

import importlib
import json
import pkgutil
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from course import ROOT

FOLDER = ROOT / "explorers"
SHARED, STYLES = [FOLDER / "axes.js", FOLDER / "frame.js"], FOLDER / "explorers.css"
SERVING = {"packing", "record", "write"}  # modules here that are no figure


@dataclass(frozen=True)
class Explorer:
    """A figure that one can move.

    Its module has a function `data()`, and `LAB` and `FIGURE` where it stands with a lab's own
    figure, which readers without a script see. Elsewhere a page has a place of its own for it, and
    `without_script()` may return the HTML that stands there for them.
    """

    name: str
    module: ModuleType

    @property
    def figure(self) -> tuple[int, str] | None:
        """The number of the lab and the label of the figure that it stands with."""
        lab = getattr(self.module, "LAB", None)
        return None if lab is None else (lab, self.module.FIGURE)

    @property
    def data_file(self) -> Path:
        """Where its data stand."""
        return FOLDER / f"{self.name}-data.js"

    @property
    def scripts(self) -> list[Path]:
        """What a page loads for it, in this order."""
        return [*SHARED, self.data_file, FOLDER / f"{self.name}.js"]

    def script_of_data(self) -> str:
        """Write its data as a script: what a page opened as a file may load."""
        values = json.dumps(self.module.data(), separators=(",", ":"), allow_nan=False)
        head = f"// Written by `python -m course.explorers.write`: {self.module.SOURCE}"
        return f"{head}\nexplorers.data.{self.name} = {values};\n"


def explorers() -> list[Explorer]:
    """Return all of them, by name; the modules that serve them are none."""
    names = sorted(m.name for m in pkgutil.iter_modules(__path__) if m.name not in SERVING)
    return [Explorer(n, importlib.import_module(f"{__name__}.{n}")) for n in names]
