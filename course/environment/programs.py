"""Which Python a program such as `jupyter` starts."""

from __future__ import annotations

import re
from pathlib import Path

# How a program names its Python. On Windows: a program, the line, a zip. Else: the line, or, where
# the path is long or has a blank, one that asks the shell to start it.
_WINDOWS = re.compile(rb'#!"?([^"\r\n]+?)"?[ \t]*\r?\n(?=PK\x03\x04)')
_SHELL = re.compile(rb"""#!/bin/sh\r?\n'''exec' (?:"([^\n]+)"|'([^\n]+)'|(\S+)) "\$0" """)
_PLAIN = re.compile(rb"#![ \t]*([^\s]+)")


def python_of(program: Path) -> str | None:
    """Return the Python that a program in an environment starts, or None where it doesn't say.

    pip writes its full path into the program. A folder that is moved, renamed or copied leaves
    such programs behind, pointing at the old place.
    """
    content = program.read_bytes()
    if content.startswith(b"MZ"):
        found = _WINDOWS.search(content)
    elif b"'''exec'" in content[:20]:
        found = _SHELL.match(content)  # without a match it finds its Python beside itself
    else:
        found = _PLAIN.match(content)
    path = next(filter(None, found.groups()), b"") if found else b""
    return None if not path or path.endswith(b"/env") else path.decode("utf-8", "surrogateescape")
