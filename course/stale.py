"""Tell whether a lab's stored outputs are still what its code would give.

    python -m course.stale                 each lab that is stale, and what has changed

A lab is fresh when the digests stored in its metadata are those of now of all that can change its
outputs: its code, the modules of `labkit` that it loaded when it was executed, without their
docstrings, comments and layout, and the data files that it read (`course/dependencies/`). A caption
or an alternative text is no code, although it stands in a code cell.
"""

import hashlib
from collections.abc import Collection
from functools import cache
from pathlib import Path

from course import ROOT
from course.dependencies.exports import exports
from course.dependencies.syntax import digest, program
from course.notebook import Lab, UnreadableError, labs

STUB = "labkit/__init__.pyi"  # where each name that labkit offers is to be found
OWN_CODE = "code"  # beside labkit/….py and data/…, in the stored metadata


def parts(lab: Lab, files: Collection[str], root: Path = ROOT) -> dict[str, str]:
    """Digest all that a lab's outputs depend on: its code, and the files that it has read."""
    code = "\0".join(cell.code for cell in lab.lesson_code)
    found = {OWN_CODE: _short(code.encode())}
    for name in files:
        found[name] = _stub_digest(files, root) if name == STUB else _digest(root / name)
    return found


def _stub_digest(files: Collection[str], root: Path) -> str:
    """Digest which names labkit offers from the modules that a lab has read; others don't count."""
    names = exports((root / STUB).parent).items()
    read = [pair for pair in sorted(names) if f"{pair[1].replace('.', '/')}.py" in files]
    return _short(repr(read).encode())


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
        try:
            changed = changes(path, root)
        except UnreadableError as error:
            changed = [str(error)]
        if changed:
            print(f"{path.relative_to(root).as_posix()}: {', '.join(changed)}")


if __name__ == "__main__":
    main()
