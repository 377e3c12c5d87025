"""Tell whether a lab's stored outputs are still what its code would give.

    python -m course.stale                 each lab that is stale, and what has changed

A lab is fresh when the digests stored in its metadata are those of now of all that can change its
outputs: its code, the modules of `labkit` that it loaded when it was executed, without their
docstrings, comments and layout, and the data files that it read (`course/dependencies/`). A caption
or an alternative text is no code, although it stands in a code cell.
"""

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from course import ROOT
from course.dependencies.syntax import digest, program
from course.notebook import Lab, labs

OWN_CODE = "code"  # beside labkit/….py and data/…, in the stored metadata


def parts(lab: Lab, files: Iterable[str], root: Path = ROOT) -> dict[str, str]:
    """Digest all that a lab's outputs depend on: its code, and the files that it has read."""
    own = _short("\0".join(cell.code for cell in lab.lesson_code).encode())
    return {OWN_CODE: own, **{name: _digest(root / name) for name in files}}


def _digest(path: Path) -> str:
    """Digest a module by what it executes, a data file by what stands in it."""
    if not path.is_file():
        return "missing"
    if path.suffix == ".py" and path.parent.name != "data":
        return _module_digest(path.read_text(encoding="utf-8"))
    # Git may check text out with other line ends on Windows: that makes no lab stale.
    return _short(path.read_bytes().replace(b"\r\n", b"\n"))


@cache
def _module_digest(source: str) -> str:
    try:
        return digest(program(source))
    except SyntaxError:  # half edited: in any case not what it was
        return _short(source.encode())


def _short(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def changes(path: Path, root: Path = ROOT) -> list[str]:
    """Name what a lab's stored outputs depend on and what is no longer as it was; [] if fresh."""
    lab = Lab.read(path)
    stored = lab.made.get("made_from")
    if stored is None:
        return ["never executed"]
    now = parts(lab, stored.keys() - {OWN_CODE}, root)
    changed = [name for name in now if stored[name] != now[name]]
    changed.sort(key=lambda name: (name != OWN_CODE, name.startswith("data/"), name))
    return ["its own code" if name == OWN_CODE else name for name in changed]


def is_fresh(path: Path, root: Path = ROOT) -> bool:
    """Tell whether a lab's stored outputs belong to its code, to `labkit` and to `data/` of now."""
    return not changes(path, root)


def main(root: Path = ROOT) -> None:
    """Print a line for each stale lab. To find some is no failure: the exit code is 0."""
    for path in labs(root):
        if changed := changes(path, root):
            print(f"{path.relative_to(root).as_posix()}: {', '.join(changed)}")


if __name__ == "__main__":
    main()
