"""The sources that a renderer reads: a copy of the project's, with the labs as a page needs them.

A lab says in its metadata which code is collapsed, and shows in a notebook what a page shows
otherwise. smalldocs reads no metadata of cells and no mark on outputs, so both are resolved here.
Where a lab links to the explorer or the terms beside it, a page links to those of the site.
"""

import copy
import json
import re
import shutil
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from course.cell import Cell
from course.collapsed import KEYS, stored_metadata
from course.notebook import Lab, UnreadableError, dumps
from course.pages.term_links import LINK
from course.site.alone import ALONE

# A page is called as its entry in the sidebar: by the lab's number and its title.
NUMBER, TITLE = re.compile(r"\d+(?=-)"), re.compile(r"\A# ")

# What a renderer reads of the project, besides styles/ and the labs.
SOURCES = ("_quarto.yml", "*.qmd")


def write_sources(root: Path, folder: Path) -> None:
    """Copy into a new folder what a renderer reads."""
    (folder / "notebooks").mkdir(parents=True)
    if (root / "styles").is_dir():
        shutil.copytree(root / "styles", folder / "styles")
    for path in (path for pattern in SOURCES for path in root.glob(pattern)):
        shutil.copyfile(path, folder / path.name)
    for path in root.glob("notebooks/*.ipynb"):
        target = folder / "notebooks" / path.name
        try:
            text = dumps(page_notebook(Lab.read(path).node, path.name))
        except UnreadableError:  # the renderer says what it makes of it
            shutil.copyfile(path, target)
        else:
            target.write_text(text, encoding="utf-8", newline="\n")


def page_notebook(notebook: Any, file: str = "") -> NotebookNode:
    """Return a notebook for a renderer, as the lab of its number where the file's name has one.

    The given notebook stays as it is.
    """
    page: NotebookNode = copy.copy(notebook)
    page.cells = [
        _page_cell(cell) if cell.cell_type == "code" else _page_text(cell)
        for cell in notebook.cells
    ]
    number, first = NUMBER.match(file), next(iter(page.cells), None)
    if number and first is not None and first.cell_type == "markdown":
        first.source = TITLE.sub(rf"\g<0>{int(number[0])} ", first.source)
    return page


def _page_text(cell: Any) -> NotebookNode:
    """Return a cell of text with its links as they are on the site."""
    page: NotebookNode = copy.copy(cell)
    text = LINK.sub(r"[\1](../terms.qmd#\2)", cell.source)
    page.source = text.replace(f"]({ALONE.name})", "](../explorer.qmd)")
    return page


def _page_cell(cell: Any) -> NotebookNode:
    """Return a code cell that states by `#|` options what is folded, without what is not shown."""
    page: NotebookNode = copy.copy(cell)
    metadata, read = stored_metadata(cell), Cell(0, cell, "")
    if read.options_are_valid:  # smalldocs strips the lines, and a folded text is then none
        folds = {key: metadata[key] for key in KEYS if key != "jupyter" and key in metadata}
        lines = [
            f"#| {key}: {json.dumps(value, ensure_ascii=False)}"
            for key, value in {**folds, **read.options}.items()
        ]
        page.source = "\n".join([*lines, read.code])
    page.metadata = NotebookNode({k: v for k, v in cell.metadata.items() if k not in KEYS})
    page.outputs = [without_size(output) for output in cell.outputs if is_shown(output)]
    return page


def is_shown(output: Any) -> bool:
    """Tell whether a page shows an output: Quarto's own mark says that it doesn't."""
    return output.get("metadata", {}).get("quarto_display") is not False


def without_size(output: Any) -> NotebookNode:
    """Return an output without the size of its picture: a figure is as wide as the page's text."""
    page: NotebookNode = copy.copy(output)
    if "metadata" in output:
        sizes = {kind for kind in output.metadata if kind.startswith("image/")}
        kept = {key: value for key, value in output.metadata.items() if key not in sizes}
        page.metadata = NotebookNode(kept)
    return page
