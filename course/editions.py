"""The one place that knows what a student's notebook is.

A lab holds each exercise three times: a stub for the student's answer, a check, and a solution,
told apart by the cells' tags. The student edition is the lab without the solutions, and the site
without them is rendered from sources that never held them.
"""

import copy
import re
import shutil
from pathlib import Path
from typing import Any

import yaml
from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_code_cell

from course.cell import Cell
from course.clean_outputs import clear
from course.collapsed import stored_metadata
from course.notebook import COLAB, Lab, dumps
from course.outline import configuration

# Pages that students need not see: they tell which wrong answers are caught, and how.
FOR_INSTRUCTORS = ("instructors.qmd",)
INSTRUCTORS_BLOCK = re.compile(r"^(:{3,}) *\{\.instructors\}$.*?^\1$\n?", re.DOTALL | re.MULTILINE)

KEPT = ("kernelspec", "language_info")  # of a lab's metadata
ON_THE_PAGE = ("description", "minutes")  # of what a lab's metadata say of it

ALONE = """\
# Does nothing where labkit is installed, as in the course's folder.
from importlib.util import find_spec

if find_spec("labkit") is None:
    raise ModuleNotFoundError(
        "This lab needs labkit, the course's package, which this Python lacks. "
        "Download all labs (a zip) where you found this one, unpack the zip and "
        "run start.py in its folder, which installs what the labs need. Or put "
        "this notebook into the folder notebooks/ of the course and open it there."
    )"""


def has_solutions(lab: Path) -> bool:
    """Tell whether a lab's file has cells tagged `solution`; a student's has none."""
    return any("solution" in cell.tags for cell in Lab.read(lab).cells)


def without_solutions(lab: Lab) -> NotebookNode:
    """Return a lab as it stands on the students' site: outputs, but nothing of a solution.

    Cells tagged `solution` go, and all metadata but the kernel, the language, the tags, what is
    collapsed and what the page says of the lab: what stands there is seen by nobody, so nobody
    would see a solution in it. Attachments go for the same reason, but for the pictures that the
    text of their cell shows.
    """
    metadata = {key: lab.node.metadata[key] for key in KEPT if key in lab.node.metadata}
    if about := {key: lab.about[key] for key in ON_THE_PAGE if key in lab.about}:
        metadata["course"] = about
    kept = [_without_hiding_places(cell) for cell in lab.cells if "solution" not in cell.tags]
    version = {key: lab.node[key] for key in ("nbformat", "nbformat_minor")}
    notebook: NotebookNode = from_dict({"cells": kept, "metadata": metadata, **version})
    return notebook


def _without_hiding_places(cell: Cell) -> NotebookNode:
    """Return a cell without the metadata and the attachments that nobody sees."""
    node: NotebookNode = copy.copy(cell.node)
    node.metadata = stored_metadata(cell.node)
    pictures = node.pop("attachments", {})
    if shown := {name: pictures[name] for name in pictures if f"attachment:{name}" in node.source}:
        node.attachments = NotebookNode(shown)
    return node


def student_notebook(lab: Lab) -> NotebookNode:
    """Return a lab as a student gets it: no solutions, no outputs, stubs that raise."""
    notebook = without_solutions(lab)
    clear(notebook)
    return notebook


def for_download(notebook: NotebookNode) -> NotebookNode:
    """Return a notebook that, opened by itself in any Python, says what it needs and where that is.

    In the students' zip, where labkit is installed, no such cell is needed. Nor is it where the
    cell for Colab stands in its place, which installs labkit.
    """
    copied: NotebookNode = copy.copy(notebook)
    if any(COLAB in cell.metadata.get("tags", []) for cell in notebook.cells):
        return copied
    first = next((n for n, c in enumerate(notebook.cells) if c.cell_type == "code"), 0)
    alone = new_code_cell(ALONE, id="labkit-is-missing", metadata={"tags": [COLAB]})
    copied.cells = [*notebook.cells[:first], alone, *notebook.cells[first:]]
    return copied


def student_sources(root: Path, folder: Path) -> None:
    """Write into `folder` all that a renderer needs for the students' site, and nothing more.

    Pages for instructors go, with their lines in `_quarto.yml`, and in the other pages each block
    `::: {.instructors}`.
    """
    text = yaml.safe_dump(
        _pruned(configuration(root)), sort_keys=False, allow_unicode=True, width=10**6
    )
    folder.mkdir(parents=True)
    (folder / "_quarto.yml").write_text(text, encoding="utf-8", newline="\n")
    for page in sorted(set(root.glob("*.qmd")) - {root / name for name in FOR_INSTRUCTORS}):
        text = INSTRUCTORS_BLOCK.sub("", page.read_text(encoding="utf-8"))
        (folder / page.name).write_text(text, encoding="utf-8", newline="\n")
    shutil.copytree(root / "styles", folder / "styles")
    (folder / "notebooks").mkdir()
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        text = dumps(without_solutions(Lab.read(path)))
        (folder / "notebooks" / path.name).write_text(text, encoding="utf-8", newline="\n")


def _pruned(config: Any) -> Any:
    """Return a configuration without the pages for instructors and what is empty without them."""
    if isinstance(config, dict):
        return {key: _pruned(value) for key, value in config.items()}
    if not isinstance(config, list):
        return config
    kept = [_pruned(entry) for entry in config if not _names_instructors(entry)]
    return [e for e in kept if not (isinstance(e, dict) and e.get("contents", True) == [])]


def _names_instructors(entry: Any) -> bool:
    """Tell whether an entry of a list, as it stands or by its `href`, is a page for instructors."""
    page = entry.get("href", "") if isinstance(entry, dict) else entry
    return str(page).removeprefix("/").split("#")[0] in FOR_INSTRUCTORS
