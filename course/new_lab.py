"""Make a new lab that keeps every rule, from the template in `course/template/`.

    python -m course.new_lab --name competing-risks [--title "Competing risks"] [--number 11]

The new lab is a small, complete one: executed, in the sidebar and on the front page, with its
mistakes and wrong answers under `tests/cases/` and its notes under `instructors/`. Write your own
in its place.
"""

import argparse
import json
import os
import re
import sys
from pathlib import Path

from course import ROOT
from course.notebook import Lab, labs
from course.pages.instructors import store_messages
from course.pages.write import write_all
from course.run import LabError, execute

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
TEMPLATES = ("notebooks/NN-NAME.ipynb", "tests/cases/labNN.py", "instructors/NN.md")


class NewLabError(Exception):
    """A lab that can't be made, with a message that says why and what to do."""


def own_files(stem: str) -> list[str]:
    """Return the files that are one lab's own, notebook first, by its stem (`11-lifetimes`)."""
    number, name = stem[:2], stem[3:]
    from_template = [t.replace("NN", number).replace("NAME", name) for t in TEMPLATES]
    return [*from_template, f"instructors/{number}.json"]


def make(name: str, title: str | None = None, number: int | None = None, root: Path = ROOT) -> Path:
    """Make a lab and return its notebook; where that fails, nothing is left of it."""
    title = title or name.replace("-", " ").capitalize()
    number = check(name, title, number, root)
    files = [root / file for file in own_files(f"{number:02}-{name}")]
    try:
        for path, text in zip(files, copies(number, title, root), strict=False):
            path.write_text(text, encoding="utf-8", newline="\n")
        execute(files[0], root)
        store_messages(f"{number:02}", root)
        write_all(root)
    except BaseException as error:
        for path in files:
            path.unlink(missing_ok=True)
        if isinstance(error, LabError):
            raise NewLabError(f"The template could not be executed: {error}") from error
        raise
    return files[0]


def check(name: str, title: str, number: int | None, root: Path) -> int:
    """Return the number of the new lab, or raise where it can't be made."""
    taken = {int(path.name[:2]): path.stem[3:] for path in labs(root)}
    if not NAME.fullmatch(name):
        raise NewLabError(
            f"NAME is {name!r}: use words in lower case joined by hyphens, such as missing-data. "
            "It becomes the page's address."
        )
    if odd := sorted(set(re.findall(r'[|\[\]"\\<>$`*_\n]', title))):
        raise NewLabError(
            f"TITLE is {title!r}: leave out {' '.join(map(repr, odd))}, which mean something to "
            "the pages that show it."
        )
    for its_number, its_name in taken.items():
        if name == its_name:
            raise NewLabError(f"NAME is {name!r}: that is lab {its_number} already.")
    free = max(taken, default=0) + 1
    number = free if number is None else number
    if not 1 <= number <= 99:
        raise NewLabError(f"NUMBER is {number}: use one from 1 to 99.")
    if number in taken:
        raise NewLabError(
            f"NUMBER is {number}: that is lab {taken[number]!r} already. Make it as {free}, the "
            f"next free one, and then: make move-lab LAB={free} NUMBER={number}"
        )
    for file in own_files(f"{number:02}-{name}"):
        if (root / file).exists():
            raise NewLabError(f"{file} is there already: remove it, or take another NUMBER.")
    return number


def copies(number: int, title: str, root: Path) -> list[str]:
    """Return the texts of the new lab's files, which joins the part of the lab before it."""
    before = [Lab.read(path).about for path in labs(root) if int(path.name[:2]) < number]
    parts = [about["part"] for about in before if about.get("part")]
    part = json.dumps((parts or ["Labs"])[-1], ensure_ascii=False)
    words = {"Lab NN:": f"Lab {number}:", "TITLE": title, '"PART"': part}
    texts = []
    for template in TEMPLATES:
        text = (root / "course" / "template" / template).read_text(encoding="utf-8")
        for placeholder, value in words.items():
            text = text.replace(placeholder, value)
        texts.append(text)
    return texts


def main(arguments: list[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser("python -m course.new_lab", description="Make a new lab.")
    parser.add_argument("--name", help="words in lower case joined by hyphens: competing-risks")
    parser.add_argument("--title", help="the page's title (default: made from the name)")
    parser.add_argument("--number", help="default: the next free one")
    asked = parser.parse_args(arguments)
    if not asked.name:
        sys.exit(
            'Say how the lab is called: make new-lab NAME=competing-risks [TITLE="…"] [NUMBER=11]'
        )
    if asked.number and not asked.number.isdecimal():
        sys.exit(f"NUMBER is {asked.number!r}: use one from 1 to 99.")
    try:
        notebook = make(asked.name, asked.title, int(asked.number) if asked.number else None)
    except NewLabError as error:
        sys.exit(str(error))
    files = own_files(notebook.stem)
    here = os.path.relpath(sys.executable)
    print(
        f"Lab {int(notebook.stem[:2])} is made, executed, in the sidebar and on the front page:\n  "
        + "\n  ".join(files)
        + "\nWrite your own in their place. What the front page says of it, its "
        "figure and its\nverdict too, is the notebook's metadata, under `course`. Then make labs, "
        "make test.\nThis undoes it, until git add:\n  "
        f"git clean -fq {' '.join(files)} && {here} -m course.pages.write"
    )


if __name__ == "__main__":
    main()
