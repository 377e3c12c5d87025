"""Tell whether a lab's stored outputs are still what its code would give.

    python -m course.stale                 each lab that is stale, and what has changed

A lab is fresh when the digests stored in its metadata are those of now of all that can change its
outputs: its code, the modules of `labkit` that its names lead to, without their docstrings,
comments and layout, and the data files that it reads (`course/dependencies/`). A caption or an
alternative text is no code, although it stands in a code cell.
"""

import hashlib
from functools import cache
from pathlib import Path

from course import ROOT
from course.dependencies.reach import reached
from course.dependencies.syntax import digest, program
from course.notebook import Lab, labs

OWN_CODE = "code"  # beside labkit/….py and data/…, in the stored metadata


def parts(lab: Lab, root: Path = ROOT) -> dict[str, str]:
    """Digest all that a lab's outputs depend on, part by part: its code, modules and data files."""
    cells = [cell.code for cell in lab.lesson_code]
    found = {OWN_CODE: _short("\0".join(cells).encode())}
    for path in reached("\n".join(cells), root):
        found[path.relative_to(root).as_posix()] = _digest(path)
    return found


def _digest(path: Path) -> str:
    """Digest a module by what it executes, a data file by what stands in it."""
    if path.suffix == ".py" and path.parent.name != "data":
        return _module_digest(path.read_text(encoding="utf-8"))
    # Git may check text out with other line ends on Windows: that makes no lab stale.
    return _short(path.read_bytes().replace(b"\r\n", b"\n"))


@cache
def _module_digest(source: str) -> str:
    return digest(program(source))


def _short(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def changes(path: Path, root: Path = ROOT) -> list[str]:
    """Name what a lab's stored outputs depend on and what is no longer as it was; [] if fresh."""
    lab = Lab.read(path)
    stored = lab.made.get("made_from")
    if stored is None:
        return ["never executed"]
    now = parts(lab, root)
    changed = [name for name in {*stored, *now} if stored.get(name) != now.get(name)]
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
