"""The one model of a lab: its cells, its exercises, and what its metadata say.

Nothing else in `course/` parses a notebook. A lab is read as it is stored, without being mended on
the way, and is written through `replace`.
"""

from __future__ import annotations

import json
import os
import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat
from nbformat import NotebookNode

from course import ROOT
from course.cell import Cell
from course.markdown import HEADING, unfenced

COLAB = "colab"  # the tag of the cell that does nothing where labkit is installed
NAME = re.compile(r"^def my_(\w+)\(", re.MULTILINE)
DETAILS = re.compile(r"<details.*?</details>", re.DOTALL)
HINT = re.compile(
    r"<details[^>]*>\s*<summary>\s*Hint\b[^<]*</summary>(.*?)(?:</details>|\Z)", re.DOTALL
)
FURTHER = "Further: "  # how the heading of a part begins that may be left out
TASK_TAGS = {"exercise", "exercise-check", "solution"}  # of an exercise's code


class UnreadableError(ValueError):
    """The file is not a notebook that can be judged."""


@dataclass(frozen=True)
class Exercise:
    """A question to the student, from its heading on; it may lack what the rules ask for.

    `file` is the name of the notebook, for messages.
    """

    file: str
    cells: list[Cell]

    @property
    def title(self) -> str:
        """The heading, as `Exercise 1: a mean`."""
        found = (text for cell in self.cells for level, text in cell.headings if level == 3)
        return next(text for text in found if text.startswith("Exercise "))

    @property
    def text(self) -> str:
        """What is said to the student: no solution in words."""
        words = [c for c in self.cells if c.kind == "markdown" and "solution" not in c.tags]
        return "\n\n".join(cell.source for cell in words)

    @property
    def prompt(self) -> str:
        """The question alone, without what is folded."""
        return DETAILS.sub("", self.text)

    @property
    def hints(self) -> list[str]:
        """What is folded under summaries that begin with `Hint`, the weakest first."""
        return [hint.strip() for hint in HINT.findall(self.text)]

    @property
    def name(self) -> str:
        """What the answer is called: NAME, where the stub defines `my_NAME`."""
        found = NAME.search(self.stub.source)
        if found is None:
            place = f"{self.file}: cell {self.stub.index + 1}"
            raise ValueError(f"{place} is tagged exercise and defines no my_NAME")
        return found[1]

    @property
    def stub(self) -> Cell:
        """The cell for the student's answer."""
        return self._one("exercise")

    @property
    def check(self) -> Cell:
        """The cell that judges it."""
        return self._one("exercise-check")

    @property
    def solution(self) -> Cell | None:
        """The first cell of the solution; None in a student's notebook."""
        return next(iter(self.tagged("solution")), None)

    def tagged(self, tag: str) -> list[Cell]:
        """Return the code cells with a tag."""
        return [cell for cell in self.cells if cell.kind == "code" and tag in cell.tags]

    def _one(self, tag: str) -> Cell:
        found = self.tagged(tag)
        if len(found) != 1:
            raise ValueError(
                f"{self.file}: {self.title}: {len(found)} cells are tagged {tag}, not one"
            )
        return found[0]


@dataclass
class Lab:
    """A notebook, where it stands, and the folder of the site that it belongs to."""

    path: Path
    node: Any
    root: Path

    @classmethod
    def read(cls, path: Path) -> Lab:
        """Read a notebook without mending it on the way, as `nbformat.read` would."""
        path = path.resolve()
        root = next((p for p in path.parents if (p / "_quarto.yml").exists()), path.parent)
        try:
            text = path.read_text(encoding="utf-8-sig")  # with a byte-order mark or without
            if json.loads(text)["nbformat"] != 4:
                raise UnreadableError(
                    f"{path.name} is not a notebook in format 4: save it in JupyterLab 4"
                )
            return cls(path, nbformat.v4.reads(text), root)
        except UnreadableError:
            raise
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UnreadableError(
                f"{path.name} can't be read as a notebook ({type(error).__name__}: {error})"
            ) from error

    @property
    def number(self) -> int:
        """The place in the course, by which the lab is called: 4 for `04-….ipynb`."""
        return int(self.path.name[:2])

    @property
    def about(self) -> dict[str, Any]:
        """What the pages say of the lab: `course` in its metadata, empty where it is no mapping.

        `part` of the course, `question`, `figure` and `verdict` for the card on the front page,
        `description`, `minutes`, `prerequisites` and `terms`.
        """
        about = self.node.metadata.get("course")
        return dict(about) if isinstance(about, dict) else {}

    @property
    def needs(self) -> list[str]:
        """The labs that must be done before, by file name without `.ipynb`: `prerequisites`."""
        needs = self.about.get("prerequisites")
        return [one for one in needs if isinstance(one, str)] if isinstance(needs, list) else []

    @property
    def made(self) -> dict[str, Any]:
        """What was noted of the last execution: `made_from`, `seconds` and `versions`."""
        made = self.node.metadata.get("labkit")
        return dict(made) if isinstance(made, dict) else {}

    @property
    def title(self) -> str:
        """The heading of the first cell, empty where it has none (rule `first-cell` says so)."""
        found = self.cells[0].headings if self.cells else []
        return next((text for level, text in found if level == 1), "")

    @cached_property
    def cells(self) -> list[Cell]:
        """All cells, each with its section, and whether it belongs to a part marked Further."""
        cells, section, optional = [], "", 0  # the level of the heading that marks the part
        for index, node in enumerate(self.node.cells):
            cell = Cell(index, node, section)
            for level, text in cell.headings:
                section = text if level == 2 else section
                if not optional or level <= optional:
                    optional = level if text.startswith(FURTHER) else 0
            cell.section, cell.further = section, bool(optional)
            cells.append(cell)
        return cells

    @property
    def code(self) -> list[Cell]:
        """The code cells."""
        return [cell for cell in self.cells if cell.kind == "code"]

    @cached_property
    def lesson(self) -> list[Cell]:
        """All cells but the hidden one for Colab, which no reader sees."""
        return [cell for cell in self.cells if COLAB not in cell.tags]

    @property
    def lesson_code(self) -> list[Cell]:
        """The code cells that a reader sees: those that the outputs depend on."""
        return [cell for cell in self.lesson if cell.kind == "code"]

    @property
    def markdown(self) -> list[Cell]:
        """The markdown cells."""
        return [cell for cell in self.cells if cell.kind == "markdown"]

    def figure(self, label: str) -> Cell | None:
        """Return the cell that draws the figure of a label, such as `fig-study`."""
        return next((cell for cell in self.code if cell.options.get("label") == label), None)

    def section(self, title: str) -> list[Cell]:
        """Return the cells under one level-2 heading."""
        return [cell for cell in self.cells if cell.section == title]

    def heading(self, title: str) -> Cell | None:
        """Return the cell that holds a level-2 heading."""
        return next((cell for cell in self.markdown if (2, title) in cell.headings), None)

    def text(self, title: str) -> str:
        """Return the markdown under one level-2 heading; a cell may hold several of them."""
        section, lines = "", []
        for cell in self.markdown:
            for line in unfenced(cell.source).splitlines():
                mark = HEADING.match(line)
                if mark and len(mark[1]) == 2:
                    section = mark[2]
                elif section == title:
                    lines.append(line)
            lines.append("")
        return "\n".join(lines)

    @cached_property
    def exercises(self) -> list[Exercise]:
        """The exercises, each from its heading to its last cell, the solution where there is one.

        What follows the check and is no part of a solution belongs to the lesson again.
        """
        groups: list[list[Cell]] = []
        inside = checked = False
        for cell in self.cells:
            upper = [(level, title) for level, title in cell.headings if level <= 3]
            if any(level == 3 and title.startswith("Exercise ") for level, title in upper):
                inside, checked = True, False
                groups.append([])  # one: a cell can't belong to two
            elif upper and "solution" not in cell.tags:
                inside = False
            inside = inside and (not checked or bool(cell.tags & TASK_TAGS))
            if inside:
                groups[-1].append(cell)
                checked = checked or "exercise-check" in cell.tags
        return [Exercise(self.path.name, group) for group in groups]


def labs(root: Path = ROOT) -> list[Path]:
    """List the labs, in the course's order."""
    return sorted((root / "notebooks").glob("[0-9][0-9]-*.ipynb"))


def find_lab(asked: str, root: Path = ROOT) -> Path:
    """Return the notebook of a lab by its number or name, or raise a LookupError."""
    for path in labs(root):
        number, name = path.stem[:2], path.stem[3:]
        if asked.removesuffix(".ipynb") in {path.stem, name, number, str(int(number))}:
            return path
    known = ", ".join(path.stem for path in labs(root)) or "none"
    raise LookupError(f"LAB is {asked!r}: there is no such lab. The labs are: {known}.")


def dumps(notebook: NotebookNode) -> str:
    """Return the text of a notebook's file, as the labs are written."""
    text: str = nbformat.writes(notebook, version=4)
    return text.rstrip("\n") + "\n"


def replace(path: Path, notebook: NotebookNode) -> None:
    """Write through a temporary file, so that a reader sees the old notebook or the new one."""
    nbformat.validate(notebook)
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(dumps(notebook), encoding="utf-8", newline="\n")
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
