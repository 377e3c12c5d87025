"""Whose code it is: the user's own, or that of Python or an installed package."""

from __future__ import annotations

import functools
import sysconfig
from pathlib import Path

_SHARED = [Path(sysconfig.get_path(key)) for key in ("stdlib", "platstdlib")]


@functools.cache
def installed(file: str) -> bool:
    """Tell whether a file belongs to Python or to an installed package."""
    path = Path(file)
    if file.startswith("<frozen") or {"site-packages", "dist-packages"} & set(path.parts):
        return True
    return any(path.is_relative_to(folder) for folder in _SHARED)
