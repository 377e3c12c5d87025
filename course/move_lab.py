"""Give a lab another number or name, and mend every link to it.

    python -m course.move_lab --lab 11 [--number 9] [--name competing-risks]

Where the number is taken, the labs from there to the moved lab's old place make room, each by one.
A lab's file name is mended wherever it stands in a text, and with it the lab's number in the words
of a link. What may mean a lab and is no link, such as its bare number in a sentence, is listed for
the author. Code cells stay as they are, so that no lab becomes stale.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from course import ROOT
from course.new_lab import NAME, own_files
from course.notebook import Lab, UnreadableError, dumps, find_lab, labs
from course.pages.discussions import FILE as DISCUSSIONS
from course.pages.discussions import renamed
from course.pages.write import GENERATORS, write_all

FOLDERS = (
    "notebooks", "instructors", "labkit", "course", "tests", "data", "explorers", "benchmarks"
)  # fmt: skip
TEXTS = {".ipynb", ".js", ".md", ".py", ".qmd", ".toml", ".txt", ".yml"}
WRITTEN = GENERATORS.keys() - {"index.qmd", "_quarto.yml"}  # from first line to last
LINK = re.compile(r"\[([^\[\]]*)\]\(([^()\s]*)\)")
HEAD = re.compile(r'\A"""Lab (\d+)(?=:)')  # of tests/cases/labNN.py
# A number after `lab`, several after `labs`, `labNN`; in a program also NN in quotation marks.
WORDS = re.compile(r"\blabs?[ \n]?(\d+(?:(?:,| and| or| to|–)[ \n]?\d+)*)", re.IGNORECASE)
QUOTED = re.compile(r"""(?<=["'])(\d\d)(?=["'])""")


class MoveLabError(Exception):
    """A lab that is not moved, with a message that says why and what to do."""


def find(asked: str, root: Path = ROOT) -> Path:
    """Return the notebook of a lab by its number or name, or raise."""
    try:
        return find_lab(asked, root)
    except LookupError as error:
        raise MoveLabError(str(error)) from error


def plan(lab: Path, number: int | None, name: str | None, root: Path = ROOT) -> dict[str, str]:
    """Return the new stem of each lab that moves, by its old one."""
    stems = {int(path.stem[:2]): path.stem for path in labs(root)}
    here = int(lab.stem[:2])
    number, name = here if number is None else number, name or lab.stem[3:]
    if not 1 <= number <= 99:
        raise MoveLabError(f"NUMBER is {number}: use one from 1 to 99.")
    if not NAME.fullmatch(name):
        raise MoveLabError(f"NAME is {name!r}: use words in lower case joined by hyphens.")
    if other := [stem for at, stem in stems.items() if at != here and stem[3:] == name]:
        raise MoveLabError(f"NAME is {name!r}: that is {other[0]} already.")
    moves = {lab.stem: f"{number:02}-{name}"}
    if lab.stem in moves.values():
        raise MoveLabError(f"{lab.stem} is its number and name already: say another of them.")
    step, at = (1 if number < here else -1), number
    while at in stems and at != here:
        moves[stems[at]] = f"{at + step:02}{stems[at][2:]}"
        at += step
    return moves


def move(moves: dict[str, str], root: Path = ROOT) -> list[str]:
    """Rename the labs, mend the links, write the pages anew; return what the author must mend."""
    places = {
        root / old: root / new
        for stems in moves.items()
        for old, new in zip(*map(own_files, stems), strict=True)
        if old != new and (root / old).is_file()
    }
    if there := [new for new in places.values() if new.exists() and new not in places]:
        raise MoveLabError(f"{there[0].relative_to(root)} is there already: remove it first.")
    left, mended = [], {}
    for path in texts(root):
        name = places.get(path, path).relative_to(root).as_posix()
        try:
            text, found = mended_file(path, moves)
        except (UnreadableError, UnicodeDecodeError) as error:
            raise MoveLabError(f"{path.relative_to(root)} can't be read: {error}") from error
        left += [f"{name}, {place}" for place in found]
        if text is not None:
            mended[path] = text
    for path, text in mended.items():  # only now, when all could be read
        path.write_text(text, encoding="utf-8", newline="\n")
    rename(places, root)
    write_all(root)
    return [*left, *torn_parts(root)]


def texts(root: Path) -> Iterator[Path]:
    """Yield the files that a person writes for the course, and no submissions beside it."""
    within = (path for folder in FOLDERS for path in (root / folder).rglob("*"))
    for path in sorted([*root.glob("*"), *within]):
        known = path.suffix in TEXTS and path.is_file()
        if known and path.relative_to(root).as_posix() not in WRITTEN:
            yield path


def mended_file(path: Path, moves: dict[str, str]) -> tuple[str | None, list[str]]:
    """Return a file's text with mended links, None where none is, and what else it says of them."""
    if path.suffix == ".ipynb":
        return mended_notebook(path, moves)
    text = path.read_text(encoding="utf-8")
    # The tests make up labs of their own, and what was is history.
    silent = path.match("tests/test_*.py") or path.name == "CHANGELOG.md"
    new = mend(text, moves)
    if path.match(str(DISCUSSIONS)):
        new = renamed(new, {old[3:]: stem[3:] for old, stem in moves.items()})
    left = [] if silent else list(mentions(text, moves, path.suffix))
    return None if new == text else new, left


def mended_notebook(path: Path, moves: dict[str, str]) -> tuple[str | None, list[str]]:
    """Return the same of a notebook, of which the Markdown and the prerequisites are mended."""
    notebook, changed, left = Lab.read(path).node, False, []
    for number, cell in enumerate(notebook.cells, 1):
        kind = cell.cell_type
        left += [f"cell {number}, {text}" for text in mentions(cell.source, moves, kind)]
        if kind == "markdown" and (new := mend(cell.source, moves)) != cell.source:
            cell.source, changed = new, True
    about = notebook.metadata.get("course", {})
    needs = about.get("prerequisites", [])
    if (new_needs := [moves.get(stem, stem) for stem in needs]) != needs:
        about["prerequisites"], changed = new_needs, True
    return dumps(notebook) if changed else None, left


def mend(text: str, moves: dict[str, str]) -> str:
    """Return a text with the labs' new names, and with their numbers in the words of links."""

    def link(match: re.Match[str]) -> str:
        if not (stem := stems(moves).search(match[2])):
            return match[0]
        old, new = int(stem[0][:2]), int(moves[stem[0]][:2])
        words = re.sub(rf"(?<=\blab\s)0?{old}\b|^0?{old}$", str(new), match[1], flags=re.IGNORECASE)
        return f"[{words}]({match[2]})"

    numbers = renumbered(moves)
    text = HEAD.sub(lambda m: f'"""Lab {numbers.get(int(m[1]), m[1])}', text)
    return stems(moves).sub(lambda m: moves[m[0]], LINK.sub(link, text))


def mentions(text: str, moves: dict[str, str], kind: str) -> Iterator[str]:
    """Yield each place that may mean one of the labs and that `mend` leaves, with its line."""

    def blank(match: re.Match[str]) -> str:
        mended = match.re is not LINK or stems(moves).search(match[2])
        return re.sub(r"\S", " ", match[0]) if mended else match[0]

    rest = HEAD.sub(blank, LINK.sub(blank, text))
    found = [*WORDS.finditer(rest), *(QUOTED.finditer(rest) if kind == ".py" else ())]
    moved = renumbered(moves).keys()
    found = [m for m in found if moved & set(map(int, re.findall(r"\d+", m[1])))]
    found += stems(moves).finditer(text) if kind == "code" else ()
    for match in sorted(found, key=lambda match: match.start()):
        around = text[max(0, match.start() - 60) : match.end() + 60]
        yield f"line {text.count(chr(10), 0, match.start()) + 1}: … {' '.join(around.split())} …"


def stems(moves: dict[str, str]) -> re.Pattern[str]:
    """Return the pattern of the old names."""
    return re.compile(rf"(?<![\w-])(?:{'|'.join(map(re.escape, moves))})(?![\w-])")


def renumbered(moves: dict[str, str]) -> dict[int, int]:
    """Return the labs' new numbers by the old ones, of those that have another."""
    return {int(old[:2]): int(new[:2]) for old, new in moves.items() if old[:2] != new[:2]}


def rename(places: dict[Path, Path], root: Path) -> None:
    """Rename files, where one's new place may be another's old one; in git where git has them."""
    aside = {old: old.with_name(f"moving-{old.name}") for old in places}
    for old, new in [*aside.items(), *((aside[old], new) for old, new in places.items())]:
        done = shutil.which("git") and subprocess.run(
            ["git", "mv", old, new], cwd=root, capture_output=True, check=False
        )
        if not done or done.returncode:
            old.rename(new)


def torn_parts(root: Path) -> Iterator[str]:
    """Say of each part of the course whether a lab of another part stands between its labs."""
    parts = Counter(part for part, _ in groupby(Lab.read(p).about.get("part") for p in labs(root)))
    for part, times in parts.items():
        if times > 1:
            yield f"{part!r} is {times} sections of the sidebar now: whose `part` must change?"


def main(arguments: list[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser("python -m course.move_lab", description="Move a lab.")
    parser.add_argument("--lab", help="its number or its name: 11")
    parser.add_argument("--number", type=int, help="its new place in the course")
    parser.add_argument("--name", help="words in lower case joined by hyphens: competing-risks")
    asked = parser.parse_args(arguments)
    if not asked.lab:
        sys.exit("Say which lab: make move-lab LAB=11 [NUMBER=9] [NAME=competing-risks]")
    try:
        moves = plan(find(asked.lab), asked.number, asked.name)
        left = move(moves)
    except MoveLabError as error:
        sys.exit(f"Nothing was moved. {error}")
    print("\n".join(f"{old} is now {new}" for old, new in moves.items()))
    if left:
        print("\nTheir links are mended. Read where else they may be meant:", *left, sep="\n")
    here = os.path.relpath(sys.executable)
    print(f"\nThen see whether a lab now builds on one behind it: {here} -m course.rules.check")


if __name__ == "__main__":
    main()
