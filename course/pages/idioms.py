"""The idioms of Python that an R user meets, as `idioms.yml` has them."""

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from course.pages.entries import entries

FILE = "idioms.yml"
SHOWN = "#>"  # begins a line that says what the lines above it print


@dataclass(frozen=True)
class Chunk:
    """Lines of code, and the lines that they print."""

    code: str
    prints: tuple[str, ...]


@dataclass(frozen=True)
class Idiom:
    """An idiom: its line before lab 1, what is said of it, and the same in both languages."""

    name: str
    title: str
    short: str
    words: str
    python: str
    r: str


@dataclass(frozen=True)
class Theme:
    """Idioms that belong together."""

    title: str
    idioms: tuple[Idiom, ...]


class IdiomsError(ValueError):
    """`idioms.yml` can't be read as what it is; the message says where and what to do."""


def chunks(code: str) -> list[Chunk]:
    r"""Part a block where what it prints is shown; what follows the last such line prints nothing.

    Examples
    --------
    >>> chunks("x = 1\nprint(x)\n#> 1\ny = 2\n")
    [Chunk(code='x = 1\nprint(x)', prints=('1',)), Chunk(code='y = 2', prints=())]
    """
    found: list[tuple[list[str], list[str]]] = [([], [])]
    for line in code.splitlines():
        lines, prints = found[-1]
        if line.startswith(SHOWN):
            prints.append(line.removeprefix(SHOWN).removeprefix(" "))
        elif prints:
            found.append(([line], []))
        else:
            lines.append(line)
    return [Chunk("\n".join(lines), tuple(prints)) for lines, prints in found]


def themes(root: Path) -> tuple[Theme, ...]:
    """Read `idioms.yml`."""
    path = root / FILE
    return _themes(path, path.stat().st_mtime_ns)


@cache
def _themes(path: Path, modified: int) -> tuple[Theme, ...]:  # noqa: ARG001 (part of the cache's key)
    found = entries(path, IdiomsError)
    return tuple(Theme(one["theme"], tuple(map(_idiom, one["idioms"]))) for one in found)


def _idiom(entry: dict[str, Any]) -> Idiom:
    names = [field.name for field in fields(Idiom)]
    if set(entry) != set(names) or not all(isinstance(entry[name], str) for name in names):
        raise IdiomsError(
            f"{FILE}: the idiom {entry.get('name', entry)} must have {', '.join(names)}, each a "
            f"text, and nothing else; it has: {', '.join(map(str, entry))}."
        )
    return Idiom(**entry)


def all_idioms(root: Path) -> list[Idiom]:
    """List every idiom, in the order of the page."""
    return [idiom for theme in themes(root) for idiom in theme.idioms]
