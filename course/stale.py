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
from itertools import dropwhile
from pathlib import Path

from nbformat import NotebookNode, read

from course import ROOT
from course.dependencies.syntax import digest, program

OWN_CODE = "code"  # beside labkit/….py and data/…, in the stored metadata
COLAB = "colab"  # the tag of the cell that does nothing where labkit is installed


def labs(root: Path = ROOT) -> list[Path]:
    """List the labs, in the course's order."""
    return sorted((root / "notebooks").glob("[0-9][0-9]-*.ipynb"))


def is_for_colab(cell: NotebookNode) -> bool:
    """Tell whether a cell is the one for Colab, which changes no output."""
    return COLAB in cell.metadata.get("tags", [])


def lesson_code(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the code cells that the outputs depend on."""
    return [c for c in notebook.cells if c.cell_type == "code" and not is_for_colab(c)]


def code(cell: NotebookNode) -> str:
    """Return a cell's code, without the lines for the renderer that it begins with (`#| …`)."""
    lines = cell.source.splitlines(keepends=True)
    return "".join(dropwhile(lambda line: line.startswith("#|"), lines))


def parts(notebook: NotebookNode, files: Iterable[str], root: Path = ROOT) -> dict[str, str]:
    """Digest all that a lab's outputs depend on: its code, and the files that it has read."""
    cells = [code(cell) for cell in lesson_code(notebook)]
    own = _short("\0".join(cells).encode())
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
    return digest(program(source))


def _short(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def changes(path: Path, root: Path = ROOT) -> list[str]:
    """Name what a lab's stored outputs depend on and what is no longer as it was; [] if fresh."""
    notebook = read(path, as_version=4)
    stored = notebook.metadata.get("labkit", {}).get("made_from")
    if stored is None:
        return ["never executed"]
    now = parts(notebook, stored.keys() - {OWN_CODE}, root)
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
