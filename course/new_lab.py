"""Make a new lab that keeps every rule, from the template in `course/template/`.

    python -m course.new_lab --name survival [--title "Survival"] [--number 11]

The new lab is a small, complete one: executed, in the navigation, with its mistakes and wrong
answers under `tests/cases/` and its notes under `instructors/`. Write your own in its place.
"""

import argparse
import json
import re
import sys
from pathlib import Path

from course import ROOT
from course.navigation import NavigationError, with_lab
from course.notebook import labs
from course.pages import write as generated_pages
from course.pages.instructors import store_messages
from course.run import LabError, execute

QUESTION = "Does the standard error of a slope say how far it lies from the truth?"
OWN_FILES = {  # of a lab: the template, and where its copy goes
    "notebooks/NN-NAME.ipynb": "notebooks/{number}-{name}.ipynb",
    "tests/cases/labNN.py": "tests/cases/lab{number}.py",
    "instructors/NN.md": "instructors/{number}.md",
}


class NewLabError(Exception):
    """A lab that can't be made, with a message that says why and what to do."""


def make(name: str, title: str | None = None, number: int | None = None, root: Path = ROOT) -> Path:
    """Make a lab and return its notebook; where that fails, nothing is left of it."""
    title = title or name.replace("-", " ").capitalize()
    number = check(name, title, number, root)
    new = copies(f"{number:02}", name, title, root)
    notebook = next(iter(new))
    page = notebook.relative_to(root).as_posix()
    try:
        changed = with_lab(root, page, title, QUESTION)
    except NavigationError as error:
        raise NewLabError(str(error)) from error
    before = {path: path.read_text(encoding="utf-8") for path in changed}
    messages = root / "instructors" / f"{number:02}.json"
    try:
        for path, text in {**new, **changed}.items():
            path.write_text(text, encoding="utf-8", newline="\n")
        execute(notebook, root)
        store_messages(f"{number:02}", root)
    except BaseException as error:
        for path in (*new, messages):
            path.unlink(missing_ok=True)
        for path, text in before.items():
            path.write_text(text, encoding="utf-8", newline="\n")
        if isinstance(error, LabError):
            raise NewLabError(f"The template could not be executed: {error}") from error
        raise
    generated_pages.write_all(root)
    return notebook


def check(name: str, title: str, number: int | None, root: Path) -> int:
    """Return the number of the new lab, or raise where it can't be made."""
    taken = {int(path.name[:2]): path.stem[3:] for path in labs(root)}
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name):
        raise NewLabError(
            f"NAME is {name!r}: use words in lower case joined by hyphens, such as survival or "
            "missing-data. It becomes the page's address."
        )
    if odd := sorted(set(re.findall(r'[|\[\]"\\<>$`*_\n]', title))):
        raise NewLabError(
            f"TITLE is {title!r}: leave out {' '.join(map(repr, odd))}, which mean something to "
            "the pages that show it."
        )
    for its_number, its_name in taken.items():
        if name == its_name:
            raise NewLabError(f"NAME is {name!r}: that is lab {its_number} already.")
    number = max(taken, default=0) + 1 if number is None else number
    if not 2 <= number <= 99:
        raise NewLabError(f"NUMBER is {number}: use one from 2 to 99.")
    if number in taken:
        free = max(taken) + 1
        raise NewLabError(
            f"NUMBER is {number}: that is lab {taken[number]!r} already. The next free one "
            f"is {free}."
        )
    for path in copies(f"{number:02}", name, title, root):
        if path.exists():
            raise NewLabError(
                f"{path.relative_to(root)} is there already: remove it, or take another NUMBER."
            )
    return number


def copies(number: str, name: str, title: str, root: Path = ROOT) -> dict[Path, str]:
    """Return the files of a new lab with their texts; the first is the notebook."""
    found = {}
    for template, place in OWN_FILES.items():
        text = (root / "course" / "template" / template).read_text(encoding="utf-8")
        if template.endswith(".py"):
            text = text.replace("Lab NN:", f"Lab {int(number)}:", 1)
        elif template.endswith(".ipynb"):
            text = text.replace("TITLE", json.dumps(title, ensure_ascii=False)[1:-1])
        found[root / place.format(number=number, name=name)] = text
    return found


def main(arguments: list[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser("python -m course.new_lab", description="Make a new lab.")
    parser.add_argument("--name", help="words in lower case joined by hyphens: survival")
    parser.add_argument("--title", help="the page's title (default: made from the name)")
    parser.add_argument("--number", help="default: the next free one")
    asked = parser.parse_args(arguments)
    if not asked.name:
        sys.exit('Say how the lab is called: make new-lab NAME=survival [TITLE="…"] [NUMBER=11]')
    if asked.number and not asked.number.isdecimal():
        sys.exit(f"NUMBER is {asked.number!r}: use one from 2 to 99.")
    try:
        notebook = make(asked.name, asked.title, int(asked.number) if asked.number else None)
    except NewLabError as error:
        sys.exit(str(error))
    number = notebook.name[:2]
    print(
        f"Lab {int(number)} is made, executed and in the navigation: {notebook.relative_to(ROOT)}\n"
        f"Its mistakes and wrong answers are in tests/cases/lab{number}.py, the notes for "
        f"instructors in instructors/{number}.md.\n"
        "Write your own in their place, and the question on the map in index.qmd. Then make labs, "
        "make test."
    )


if __name__ == "__main__":
    main()
