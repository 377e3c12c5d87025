"""Tell whether a lab's stored outputs are still what its code would give.

A lab is fresh when the hash stored in its metadata equals the hash of all that its outputs depend
on: its code, the helper package and the data. (A cache of cells sees no change in `labkit`.) A
caption or an alternative text is no code, although it stands in a code cell.
"""

import hashlib
from itertools import dropwhile
from pathlib import Path

from nbformat import NotebookNode, read

ROOT = Path(__file__).resolve().parent.parent
COLAB = "colab"  # the tag of the cell that does nothing where labkit is installed (tools/colab.py)


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


def staleness_hash(notebook: NotebookNode, root: Path = ROOT) -> str:
    """Hash what a lab's outputs depend on: its code, `labkit/*.py` and `data/`; no prose."""
    digest = hashlib.sha256()
    for cell in lesson_code(notebook):
        digest.update(code(cell).encode() + b"\0")
    package = sorted((root / "labkit").glob("**/*.py"))
    data = sorted(p for p in (root / "data").glob("**/*") if p.is_file() and p.suffix != ".md")
    for path in [*package, *data]:
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        # Git may check text out with other line ends on Windows: that makes no lab stale.
        digest.update(path.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()


def is_fresh(path: Path, root: Path = ROOT) -> bool:
    """Tell whether a lab's stored outputs belong to its code, to `labkit` and to `data/` of now."""
    notebook = read(path, as_version=4)
    return notebook.metadata.get("labkit", {}).get("hash") == staleness_hash(notebook, root)
