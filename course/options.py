"""The `#|` options of a cell as they are stored: no line longer than a reader of the code sees."""

import re
import textwrap
from itertools import takewhile

import yaml

COLUMNS = 79
INDENT = "#|   "


def wrapped(source: str) -> str:
    """Return a cell's source with each option that is too long as a folded block (`>-`).

    What the options say stays the same; one that can't be folded, since it has lines of its own,
    is left as it stands. A summary comes first: JupyterLab shows the first line of a closed cell.
    """
    lines = source.split("\n")
    options = list(takewhile(lambda line: line.startswith("#|"), lines))
    groups: list[list[str]] = []
    for line in options:
        if groups and not re.match(r"#\| ?[\w-]+:", line):
            groups[-1].append(line)
        else:
            groups.append([line])
    groups.sort(key=lambda group: not group[0].startswith("#| code-summary:"))
    kept = [line for group in groups for line in _folded(group)]
    return "\n".join([*kept, *lines[len(options) :]])


def _folded(group: list[str]) -> list[str]:
    """Return the lines of one option, folded if one of them is too long and it is a text."""
    said = _parsed(group)
    if max(map(len, group)) <= COLUMNS or not said:
        return group
    [(key, text)] = said.items()
    rows = textwrap.wrap(
        str(text), COLUMNS - len(INDENT), break_long_words=False, break_on_hyphens=False
    )
    block = [f"#| {key}: >-", *(INDENT + row for row in rows)]
    return block if _parsed(block) == said else group


def _parsed(group: list[str]) -> dict[str, object] | None:
    """Return what the lines of one option say, None where they are not YAML."""
    try:
        said = yaml.safe_load("\n".join(line[2:] for line in group))
    except yaml.YAMLError:
        return None
    return said if isinstance(said, dict) and len(said) == 1 else None
