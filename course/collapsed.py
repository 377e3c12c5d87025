"""Which code cells are collapsed in JupyterLab and folded on the page, and how a cell says so.

`jupyter.source_hidden` in a cell's metadata is what an author sets and what JupyterLab reads. It
is derived for the cells that are always closed, by their tags. Quarto takes no notice of it, but
reads `code-fold` in a cell's metadata as it reads the `#|` option of that name: so this stands
there too, wherever the first does. smalldocs reads neither; for it the sources of the pages have
the options in the cell (`course/site/sources.py`).
"""

from typing import Any

from nbformat import NotebookNode

SUMMARY = {"exercise-check": "Check"}  # of a folded cell with this tag; else the renderer's own
CLOSED = {"exercise-check", "solution"}  # the tags of cells that are always collapsed
KEYS = ("jupyter", "code-fold", "code-summary")


def is_collapsed(cell: Any) -> bool:
    """Tell whether a cell's code is to be collapsed: its tags say so, or its author."""
    jupyter = cell.metadata.get("jupyter")
    asked = isinstance(jupyter, dict) and jupyter.get("source_hidden") is True
    return cell.cell_type == "code" and (asked or bool(CLOSED & _tags(cell)))


def stored_metadata(cell: Any) -> NotebookNode:
    """Return the metadata that a cell is stored with: its tags, and that it is collapsed."""
    tags = cell.metadata.get("tags")
    kept = NotebookNode(tags=tags) if tags else NotebookNode()
    if is_collapsed(cell):
        kept["jupyter"] = NotebookNode(source_hidden=True)
        if "solution" in _tags(cell):
            kept["jupyter"]["outputs_hidden"] = True  # what it prints gives it away
        if not any(line.startswith("#| code-fold:") for line in cell.source.splitlines()):
            kept["code-fold"] = True
            for tag in sorted(SUMMARY.keys() & _tags(cell)):
                kept["code-summary"] = SUMMARY[tag]
    return kept


def _tags(cell: Any) -> set[str]:
    return set(cell.metadata.get("tags", []))
