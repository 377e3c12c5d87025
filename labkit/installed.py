"""Whose code it is: the user's own, or that of Python or an installed package."""

from __future__ import annotations

import functools
import sys
import sysconfig
import types
from pathlib import Path

_SHARED = [Path(sysconfig.get_path(key)) for key in ("stdlib", "platstdlib")]
_HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE


@functools.cache
def installed(file: str) -> bool:
    """Tell whether a file belongs to Python or to an installed package."""
    path = Path(file)
    if file.startswith("<frozen") or {"site-packages", "dist-packages"} & set(path.parts):
        return True
    return any(path.is_relative_to(folder) for folder in _SHARED)


def own_classes(cls: type) -> list[type]:
    """Return of a class and its bases those that the user wrote."""
    return [base for base in cls.__mro__ if not from_library(base)]


def from_library(cls: type) -> bool:
    """Tell whether Python or an installed package defines a class, by the file of its module."""
    if not cls.__flags__ & _HEAP_TYPE:  # written in C
        return True
    if cls.__module__ == "__main__":
        return False
    file = getattr(sys.modules.get(cls.__module__), "__file__", None)
    if file is not None:
        return installed(file)
    # A module without a file is one of Python's, or code that is run without being a module.
    codes = [f.__code__ for f in vars(cls).values() if isinstance(f, types.FunctionType)]
    if codes:
        return all(installed(code.co_filename) for code in codes)
    return cls.__module__ in sys.modules
