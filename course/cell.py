"""A cell of a lab: its section, tags, options, syntax tree and outputs."""

import ast
import symtable
from base64 import b64decode
from dataclasses import dataclass
from functools import cached_property
from itertools import dropwhile
from typing import Any

import yaml

from course.markdown import count_words, headings


@dataclass
class Cell:
    """One cell. `section` is the level-2 heading that it stands under.

    `further` is set where a heading above it marks its part as one that may be left out.
    """

    index: int
    node: Any
    section: str
    further: bool = False

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
    def collapsed(self) -> bool:
        """Whether JupyterLab shows a bar in place of the code, and the page folds it."""
        return bool(self.node.metadata.get("jupyter", {}).get("source_hidden", False))

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
        return self._parsed_options or {}

    @property
    def options_are_valid(self) -> bool:
        """Whether the `#|` lines, if there are any, are a YAML mapping."""
        return self._parsed_options is not None

    @cached_property
    def _parsed_options(self) -> dict[str, Any] | None:
        try:
            options = yaml.safe_load("\n".join(line[2:] for line in self.option_lines))
        except yaml.YAMLError:
            return None
        if options is None:  # there are no such lines
            return {}
        return options if isinstance(options, dict) else None

    @property
    def code(self) -> str:
        """The code, without the lines for the renderer that it begins with (`#| …`)."""
        lines = self.source.splitlines(keepends=True)
        return "".join(dropwhile(lambda line: line.startswith("#|"), lines))

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
    def png(self) -> bytes | None:
        """The file of the first stored picture, None where there is none."""
        found = (out.get("data", {}).get("image/png") for out in self.outputs)
        return next((b64decode(picture) for picture in found if picture), None)

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
