"""Put a lab into the site's navigation, and take it out: `_quarto.yml` and the map of `index.qmd`.

The two files are changed line by line, so that their comments and their layout stay.
"""

import json
import re
from pathlib import Path
from typing import Any

import yaml

ENTRY = re.compile(r"^\s*(?:- )?(?:href: )?notebooks/(\d\d)-[a-z0-9-]+\.ipynb\s*$")
ROW = re.compile(r"^\|[^|]*\|[^|]*\]\(notebooks/(\d\d)-[a-z0-9-]+\.ipynb\)")


class NavigationError(Exception):
    """A file whose layout is not the one that is known, with a message that says what to do."""


def with_lab(root: Path, page: str, title: str, question: str) -> dict[Path, str]:
    """Return the texts of both files with a lab put in behind the one before it."""
    number = page[len("notebooks/") :][:2]
    texts = {}
    config, lines = _read(root / "_quarto.yml")
    at = _before(lines, ENTRY, number, config)
    own = lines[at].lstrip()
    indent = " " * (len(lines[at]) - len(own) - (0 if own.startswith("- ") else 2))
    said = json.dumps(f"{int(number)} {title}", ensure_ascii=False)
    lines[at + 1 : at + 1] = [f"{indent}- text: {said}", f"{indent}  href: {page}"]
    texts[config] = _checked(config, lines, page, listed=True)

    course_map, lines = _read(root / "index.qmd")
    at = _before(lines, ROW, number, course_map)
    lines.insert(at + 1, f"| {int(number)} | [{title}]({page}) | {question} |")
    texts[course_map] = "\n".join(lines) + "\n"
    return texts


def without_lab(root: Path, page: str) -> dict[Path, str]:
    """Return the texts of both files without a lab; one that it doesn't stand in is left as is."""
    config, lines = _read(root / "_quarto.yml")
    at = next((n for n, line in enumerate(lines) if ENTRY.match(line) and page in line), None)
    if at is not None:
        first = at if lines[at].lstrip().startswith("- ") else at - 1
        if not lines[first].lstrip().startswith("- "):
            raise NavigationError(f"{config.name}: take the entry of {page} out by hand.")
        lines = [*lines[:first], *lines[at + 1 :]]
    course_map, rows = _read(root / "index.qmd")
    rows = [row for row in rows if not (ROW.match(row) and f"({page})" in row)]
    return {
        config: _checked(config, lines, page, listed=False),
        course_map: "\n".join(rows) + "\n",
    }


def _read(path: Path) -> tuple[Path, list[str]]:
    return path, path.read_text(encoding="utf-8").splitlines()


def _before(lines: list[str], pattern: re.Pattern[str], number: str, path: Path) -> int:
    """Return the line of the last lab with a smaller number."""
    found = [(m[1], at) for at, line in enumerate(lines) if (m := pattern.match(line))]
    smaller = [pair for pair in found if pair[0] < number]
    if not smaller:
        raise NavigationError(f"{path.name} lists no lab before {number}: add this one by hand.")
    return max(smaller)[1]


def _checked(path: Path, lines: list[str], page: str, *, listed: bool) -> str:
    """Return the text of `_quarto.yml`, if it is still what a renderer can read."""
    text = "\n".join(lines) + "\n"
    contents = yaml.safe_load(text)["website"]["sidebar"]["contents"]
    if (page in _links(contents)) is not listed or "" in _links(contents):
        raise NavigationError(
            f"{path.name}: changing the sidebar for {page} would break it (is it the only entry "
            "of its section?). Do it by hand."
        )
    return text


def _links(entries: Any) -> list[str]:
    """List the pages of a sidebar; an empty section counts as the link ''."""
    found: list[str] = []
    for entry in entries or [""]:
        if isinstance(entry, str):
            found.append(entry)
        else:
            found += [entry["href"]] if "href" in entry else []
            found += _links(entry["contents"]) if "contents" in entry else []
    return found
