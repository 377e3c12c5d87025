"""A lab as the rules see it: cells with their section, options, syntax tree and outputs."""

from __future__ import annotations

import ast
import json
import re
import symtable
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import nbformat
import yaml

FENCE = re.compile(r"^[ \t]*(`{3,}|~{3,})")
HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(.+?)[ \t#]*$")
MATH = re.compile(r"\$\$.+?\$\$|\$(?:[^$\n]|\n(?!\s*\n))+?\$", re.DOTALL)
LINK_TARGET = re.compile(r"\]\([^)\s]*(?:\s+\"[^\"]*\")?\)")


class UnreadableError(ValueError):
    """The file is not a notebook that can be judged."""


@dataclass
class Cell:
    """One cell. `section` is the level-2 heading that it stands under."""

    index: int
    node: Any
    section: str

    @property
    def kind(self) -> str:
        """Is it `code` or `markdown` (or `raw`, which no lab has)."""
        return str(self.node.cell_type)

    @property
    def source(self) -> str:
        """The text of the cell, options included."""
        return str(self.node.source)

    @property
    def tags(self) -> set[str]:
        """The tags in the metadata."""
        return set(self.node.metadata.get("tags", []))

    @property
    def outputs(self) -> list[Any]:
        """Stored outputs, none for text cells."""
        return list(self.node.get("outputs", []))

    @cached_property
    def option_lines(self) -> list[str]:
        """The `#|` lines with which the cell begins."""
        lines = self.source.splitlines()
        count = next((i for i, line in enumerate(lines) if not line.startswith("#|")), len(lines))
        return lines[:count]

    @cached_property
    def options(self) -> dict[str, Any]:
        """The `#|` options, empty where they are not a YAML mapping."""
        try:
            options = yaml.safe_load("\n".join(line[2:] for line in self.option_lines))
        except yaml.YAMLError:
            return {}
        return options if isinstance(options, dict) else {}

    @cached_property
    def lines(self) -> list[str]:
        """Lines of code, without `#|` options and blank lines."""
        lines = self.source.splitlines()[len(self.option_lines) :]
        return [line for line in lines if line.strip()]

    @cached_property
    def tree(self) -> ast.Module:
        """The code as a syntax tree, empty where it is not Python (rule `plain-python` says so)."""
        try:
            return ast.parse(self.source if self.kind == "code" else "")
        except SyntaxError:
            return ast.Module(body=[], type_ignores=[])

    @cached_property
    def names(self) -> tuple[set[str], set[str]]:
        """Global names that the code binds, and those that it uses, inside functions too."""
        bound: set[str] = set()
        used: set[str] = set()
        try:
            tables = [symtable.symtable(self.source, "cell", "exec")]
        except SyntaxError:
            return bound, used
        while tables:
            table = tables.pop()
            tables += table.get_children()
            top = table.get_type() == "module"
            for name in table.get_symbols():
                if top and (name.is_assigned() or name.is_imported()):
                    bound.add(name.get_name())
                if name.is_referenced() and (top or name.is_global()):
                    used.add(name.get_name())
        return bound, used

    @property
    def images(self) -> int:
        """How many stored outputs are pictures."""
        return sum(
            any(mime.startswith("image/") for mime in out.get("data", {})) for out in self.outputs
        )

    @property
    def shows_output(self) -> bool:
        """Whether a reader of the page sees an output under the code."""
        hidden = self.options.get("include") is False or self.options.get("output") is False
        seen = {"stream", "display_data", "execute_result"}
        return not hidden and any(out.output_type in seen for out in self.outputs)

    @property
    def output_text(self) -> str:
        """Everything that the outputs say in words: streams and text/* data."""
        parts = [out.text for out in self.outputs if out.output_type == "stream"]
        for out in self.outputs:
            parts += [v for k, v in out.get("data", {}).items() if k.startswith("text/")]
        return "\n".join(parts)

    @property
    def headings(self) -> list[tuple[int, str]]:
        """Level and text of each heading in a markdown cell."""
        return headings(self.source) if self.kind == "markdown" else []

    @property
    def words(self) -> int:
        """Words of prose: headings, mathematics, tags, fences and link targets not counted."""
        return count_words(self.source) if self.kind == "markdown" else 0


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
            text = path.read_text(encoding="utf-8")
            if json.loads(text)["nbformat"] != 4:
                raise UnreadableError("it is not in notebook format 4")
            return cls(path, nbformat.v4.reads(text), root)
        except UnreadableError:
            raise
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise UnreadableError(f"it can't be read ({type(error).__name__}: {error})") from error

    @property
    def number(self) -> int:
        """The place in the course, by which the lab is called: 4 for `04-….ipynb`."""
        return int(self.path.name[:2])

    @property
    def about(self) -> dict[str, Any]:
        """What the pages say of the lab: `course` in its metadata, empty where it is no mapping.

        `part` of the course, `short` title for the sidebar, `question` for the course map,
        `description`, `minutes` and `terms`.
        """
        about = self.node.metadata.get("course")
        return dict(about) if isinstance(about, dict) else {}

    @property
    def title(self) -> str:
        """The heading of the first cell, empty where it has none (rule `first-cell` says so)."""
        found = self.cells[0].headings if self.cells else []
        return next((text for level, text in found if level == 1), "")

    @cached_property
    def cells(self) -> list[Cell]:
        """All cells, each with its section."""
        cells, section = [], ""
        for index, node in enumerate(self.node.cells):
            cell = Cell(index, node, section)
            section = next((text for level, text in reversed(cell.headings) if level == 2), section)
            cell.section = section
            cells.append(cell)
        return cells

    @property
    def code(self) -> list[Cell]:
        """The code cells."""
        return [cell for cell in self.cells if cell.kind == "code"]

    @cached_property
    def lesson(self) -> list[Cell]:
        """All cells but the hidden one for Colab, which no reader sees."""
        return [cell for cell in self.cells if "colab" not in cell.tags]

    @property
    def lesson_code(self) -> list[Cell]:
        """The code cells that a reader sees."""
        return [cell for cell in self.lesson if cell.kind == "code"]

    @property
    def markdown(self) -> list[Cell]:
        """The markdown cells."""
        return [cell for cell in self.cells if cell.kind == "markdown"]

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
    def exercises(self) -> list[list[Cell]]:
        """The cells of each exercise, from its `### Exercise` heading on."""
        groups: list[list[Cell]] = []
        for cell in self.section("Exercises"):
            starts = [t for level, t in cell.headings if level == 3 and t.startswith("Exercise ")]
            groups += [[] for _ in starts]
            if groups:
                groups[-1].append(cell)
        return groups


def unfenced(source: str) -> str:
    """Drop fenced code blocks and HTML comments from markdown."""
    kept, fence = [], ""
    for line in source.splitlines():
        mark = FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence) and line.strip() == mark[1]:
            fence = ""
        elif not fence:
            kept.append(line)
    return re.sub(r"<!--.*?-->", "", "\n".join(kept), flags=re.DOTALL)


def plain(source: str) -> str:
    """Drop fences, code in backquotes and mathematics: what is left is for the renderers."""
    return MATH.sub(" ", re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", "", unfenced(source)))


def headings(source: str) -> list[tuple[int, str]]:
    """Headings written with `#`, with an underline, or as HTML."""
    found, before = [], ""
    for line in unfenced(source).splitlines():
        if mark := HEADING.match(line):
            found.append((len(mark[1]), mark[2]))
        elif before.strip() and re.fullmatch(r" {0,3}(=+|-+)\s*", line):
            found.append((1 if "=" in line else 2, before.strip()))
        elif mark := re.search(r"<h([1-6])\b[^>]*>(.*?)(</h|$)", line):
            found.append((int(mark[1]), mark[2]))
        before = line
    return found


def count_words(source: str) -> int:
    """Count the words that a reader reads; see `Cell.words`."""
    text = "\n".join(line for line in unfenced(source).splitlines() if not HEADING.match(line))
    text = LINK_TARGET.sub("]", MATH.sub(" ", text))
    text = re.sub(r"</?[a-zA-Z][^>]*>", " ", text)
    return sum(any(c.isalnum() for c in word) for word in text.split())


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str, str]]:
    """Yield each call with what it is called on (`checks` in `checks.add()`) and its name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                yield node, ast.unparse(node.func.value), node.func.attr
            elif isinstance(node.func, ast.Name):
                yield node, "", node.func.id
