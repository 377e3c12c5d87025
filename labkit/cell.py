"""Which cell is running, and in which of its runs: what lets a cell be run again."""

from __future__ import annotations

import linecache
import sys
import weakref
from collections.abc import Hashable
from dataclasses import dataclass
from types import FrameType
from typing import Any


@dataclass(frozen=True)
class CellRun:
    """One run of a cell.

    Attributes
    ----------
    cell : hashable
        The same in each run of a cell: the id that JupyterLab sends with it, which stays when it
        is edited; elsewhere in IPython its source; outside of IPython the compiled code, which
        equals that of the same source.
    run : object
        Another one in each run.
    known : bool
        Whether the cell is known by an id; another may have the same source.
    """

    cell: Hashable
    run: Any
    known: bool = False

    def repeats(self, other: CellRun) -> bool:
        """Return whether this is the same cell as the other, run again."""
        return self.cell == other.cell and not self.is_run(other)

    def is_run(self, other: CellRun) -> bool:
        """Return whether this is the same run as the other, if it is of the same cell."""
        if isinstance(self.run, weakref.ref):
            return bool(self.run == other.run)
        return self.run is other.run


def running_cell() -> CellRun:
    """Return the cell, or outside of IPython the module or program, that called this."""
    frame = _of_module(sys._getframe(1))
    code = frame.f_code
    shell = _shell(frame)
    if shell is None:
        return CellRun(cell=code, run=code)
    message: dict[str, Any] = getattr(shell, "get_parent", dict)() or {}
    source = "".join(linecache.getlines(code.co_filename)) or code.co_filename
    # While a cell runs, the last result is that of the one before it. IPython compiles each
    # statement by itself, and may not count the run, so that neither tells two runs apart.
    last = shell.last_execution_result
    cell_id = message.get("metadata", {}).get("cellId")
    return CellRun(
        cell=source if cell_id is None else cell_id,
        run=None if last is None else weakref.ref(last),
        known=cell_id is not None,
    )


def _of_module(frame: FrameType) -> FrameType:
    """Return the nearest frame outwards that is no function's: that of a cell or a module."""
    while frame.f_locals is not frame.f_globals and frame.f_back is not None:
        frame = frame.f_back
    return frame


def _shell(frame: FrameType) -> Any:
    """Return the IPython whose cell the frame is; None where it is no cell."""
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    shell = get_ipython()
    return shell if shell is not None and shell.user_ns is frame.f_globals else None
