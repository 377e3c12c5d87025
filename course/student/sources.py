"""The one place that knows what a student's notebook is, and where a lab's exercises stand.

A lab holds each exercise three times: a stub for the student's answer, a check, and a solution,
told apart by the cells' tags. The student edition is the lab without the solutions, and the site
without them is rendered from sources that never held them.
"""

import copy
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import yaml
from nbformat import NotebookNode

# Pages that students need not see: they tell which wrong answers are caught, and how.
FOR_INSTRUCTORS = ("instructors.qmd",)
INSTRUCTORS_BLOCK = re.compile(r"^(:{3,}) *\{\.instructors\}$.*?^\1$\n?", re.DOTALL | re.MULTILINE)

ON_THE_PAGE = ("description", "minutes")  # of what a lab's metadata say of it

NAME = re.compile(r"^def my_(\w+)\(", re.MULTILINE)


@dataclass(frozen=True)
class ExerciseCells:
    """Where one exercise stands: its name (as in `my_NAME`) and the indices of its cells."""

    name: str
    stub: int
    check: int
    solution: int | None  # the first, where it has several; None in a student's notebook


def tags(cell: Any) -> set[str]:
    """Return a cell's tags."""
    return set(cell["metadata"].get("tags", []))


def has_solutions(lab: Path) -> bool:
    """Tell whether a lab's file has cells tagged `solution`; a student's has none."""
    return any("solution" in tags(cell) for cell in nbformat.read(lab, as_version=4).cells)


def exercises(notebook: Any) -> list[ExerciseCells]:
    """Find the exercises of a lab, in their order.

    Raises ValueError where a stub has no name or no check, or a check or solution has no stub.
    """
    found: list[dict[str, Any]] = []
    for index, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] != "code":
            continue
        own = tags(cell)
        if "exercise" in own:
            name = NAME.search(cell["source"])
            if name is None:
                raise ValueError(f"cell {index + 1} is tagged exercise and defines no my_NAME")
            found.append({"name": name[1], "stub": index})
        elif kind := own & {"exercise-check", "solution"}:
            if not found:
                raise ValueError(f"cell {index + 1} is tagged {min(kind)} and follows no stub")
            found[-1].setdefault(min(kind).removeprefix("exercise-"), index)
    for exercise in found:
        if "check" not in exercise:
            raise ValueError(f"my_{exercise['name']} has no cell tagged exercise-check")
    return [ExerciseCells(**{"solution": None, **exercise}) for exercise in found]


def without_solutions(notebook: NotebookNode) -> NotebookNode:
    """Return a lab as it stands on the students' site: outputs, but nothing of a solution.

    Cells tagged `solution` go, and all metadata but the kernel, the language, the tags and what
    the page says of the lab: what stands there is seen by nobody, so nobody would see a solution
    in it. Attachments go for the same reason, but for the pictures that the text of their cell
    shows.
    """
    kept = {key: notebook.metadata[key] for key in ("kernelspec", "language_info")
            if key in notebook.metadata}  # fmt: skip
    about = notebook.metadata.get("course", {})
    if shown_on_the_page := {key: about[key] for key in ON_THE_PAGE if key in about}:
        kept["course"] = NotebookNode(shown_on_the_page)
    lab = NotebookNode(
        cells=[], metadata=copy.deepcopy(kept),
        nbformat=notebook.nbformat, nbformat_minor=notebook.nbformat_minor,
    )  # fmt: skip
    for cell in notebook.cells:
        own = cell.metadata.get("tags", [])
        if "solution" in own:
            continue
        cell = copy.deepcopy(cell)
        cell.metadata = NotebookNode(tags=own) if own else NotebookNode()
        shown = {name: picture for name, picture in cell.pop("attachments", {}).items()
                 if f"attachment:{name}" in cell.source}  # fmt: skip
        if shown:
            cell.attachments = NotebookNode(shown)
        lab.cells.append(cell)
    return lab


def student_notebook(notebook: NotebookNode) -> NotebookNode:
    """Return a lab as a student gets it: no solutions, no outputs, stubs that raise."""
    lab = without_solutions(notebook)
    for cell in lab.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    return lab


def dumps(notebook: NotebookNode) -> str:
    """Return the text of a notebook's file, as the labs are written."""
    return nbformat.writes(notebook, version=4).rstrip("\n") + "\n"


def student_sources(root: Path, folder: Path) -> None:
    """Write into `folder` all that a renderer needs for the students' site, and nothing more.

    Pages for instructors go, with their lines in `_quarto.yml`, and in the other pages each block
    `::: {.instructors}`.
    """
    config = yaml.safe_load((root / "_quarto.yml").read_text(encoding="utf-8"))
    text = yaml.safe_dump(_pruned(config), sort_keys=False, allow_unicode=True, width=10**6)
    folder.mkdir(parents=True)
    (folder / "_quarto.yml").write_text(text, encoding="utf-8", newline="\n")
    for page in sorted(set(root.glob("*.qmd")) - {root / name for name in FOR_INSTRUCTORS}):
        text = INSTRUCTORS_BLOCK.sub("", page.read_text(encoding="utf-8"))
        (folder / page.name).write_text(text, encoding="utf-8", newline="\n")
    shutil.copytree(root / "styles", folder / "styles")
    (folder / "notebooks").mkdir()
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        text = dumps(without_solutions(nbformat.read(path, as_version=4)))
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
