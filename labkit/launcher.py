"""Which Python a program such as `jupyter` starts: pip writes its full path into the program.

A folder that is moved, renamed or copied leaves such programs behind, pointing at the old place.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

# Windows: a program, the line, a zip. Elsewhere: the line, or, where the path is long or has a
# blank, which no such line may have, one that asks the shell to start it.
_WINDOWS = re.compile(rb'#!"?([^"\r\n]+?)"?[ \t]*\r?\n(?=PK\x03\x04)')
_SHELL = re.compile(rb"#!/bin/sh\r?\n('''exec' [^\r\n]+)")
_PLAIN = re.compile(rb"#![ \t]*([^\s]+)")


def python_of(launcher: Path) -> str | None:
    """Return the Python that a program in an environment starts, or None where it doesn't say."""
    content = launcher.read_bytes()
    if content.startswith(b"MZ"):
        found = _WINDOWS.search(content)
        return _text(found[1]) if found else None
    if found := _SHELL.match(content):
        words = shlex.split(_text(found[1]).partition('"$0"')[0])
        return None if "$" in words[1] else words[1]  # $: it finds its Python beside itself
    found = _PLAIN.match(content)
    return _text(found[1]) if found and not found[1].endswith(b"/env") else None


def _text(path: bytes) -> str:
    return path.decode("utf-8", "surrogateescape")
