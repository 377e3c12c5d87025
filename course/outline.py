"""Write the labs' order and titles, from their own metadata, into the sidebar of `_quarto.yml`.

The labs' lines stand there between two comments, which both renderers ignore, and the rest is left
alone. Other pages that a program writes a part of are marked in the same way.
"""

import json
import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Any

import yaml

from course.notebook import Lab, labs

# The labs' lines stand between `# labs: …` and `# end of labs`, or these in HTML comments.
BLOCK = r"^( *)(?:#|<!--) {name}: .*\n((?:.*\n)*?) *(?:#|<!--) end of {name}"

# What a lab says of itself, under `course` in its metadata.
SAID = ("part", "question", "minutes", "figure", "verdict")


def configuration(root: Path) -> dict[str, Any]:
    """Return what `_quarto.yml` says, {} where there is none."""
    path = root / "_quarto.yml"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    return yaml.safe_load(text) or {}


class OutlineError(ValueError):
    """A file in which the labs' place is not marked, or a lab that says too little of itself."""


def sidebar(root: Path) -> str:
    """Return the text of `_quarto.yml` with the labs in the sidebar, a section for each part."""
    lines = []
    for part, found in groupby(described(root), key=lambda lab: lab.about["part"]):
        lines += [f"- section: {_quoted(part)}", "  contents:"]
        for lab in found:
            name = _quoted(f"{lab.number} {lab.title}")
            lines += [f"    - text: {name}", f"      href: notebooks/{lab.path.name}"]
    path = root / "_quarto.yml"
    return with_block(path.read_text(encoding="utf-8"), "labs", lines, path.name)


def described(root: Path) -> Iterator[Lab]:
    """Yield the labs in their order, or raise where one says too little of itself."""
    for path in labs(root):
        lab = Lab.read(path)
        if missing := [key for key in SAID if not lab.about.get(key)]:
            raise OutlineError(
                f"{path.name} must have {', '.join(missing)} in its metadata, under `course`, for "
                "the sidebar and its card on the front page: write them as in another lab."
            )
        if not lab.title:
            raise OutlineError(f"{path.name} must begin with its name, as `# Title`.")
        yield lab


def _quoted(text: str) -> str:
    """Return a text as YAML reads it, whatever stands in it."""
    return json.dumps(text, ensure_ascii=False)


def with_block(text: str, name: str, lines: list[str], file: str) -> str:
    """Return a text with these lines between its two comments of a name, as far in as they are."""
    pattern = re.compile(BLOCK.format(name=name), re.MULTILINE)
    if len(found := list(pattern.finditer(text))) != 1:
        raise OutlineError(
            f"{file} must have the place for the {name} marked once, by a comment that begins "
            f"`{name}: ` and one that begins `end of {name}`; it has {len(found)} such places."
        )
    [block] = found
    rows = "".join(f"{block[1]}{line}".rstrip() + "\n" for line in lines)
    return text[: block.start(2)] + rows + text[block.end(2) :]
