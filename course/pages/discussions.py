"""What to say about the open questions of the exercises: `instructors/exercises.md`.

An exercise ends with an open question where its prompt, after the task, asks what no check can
judge. Its paragraph is found by the name of the stub, so that it stays the exercise's own when a
lab or an exercise gets another number or place.
"""

import re
from functools import cache
from pathlib import Path

from course.notebook import Exercise, Lab

FILE = Path("instructors", "exercises.md")
HEADING = re.compile(r"my_(\w+)(?: in ([a-z0-9-]+))?")
TASK = re.compile(r"\b(?:choose|give|replace|return|write)\b", re.IGNORECASE)
SENTENCES = re.compile(r"(?<=[.?!])\s+(?=[A-Z(*`$])|(?<=[.?!]\))\s+")
OPEN = re.compile(r".*\?\)?|Then (?:ask|compare)\b.*", re.DOTALL)


class DiscussionsError(ValueError):
    """`instructors/exercises.md` has a heading that is no exercise's; the message says which."""


def open_question(exercise: Exercise) -> str:
    """Return the questions with which a prompt ends, after its task; empty where it ends so not.

    A question that *is* the task has an answer and a check, and is no open one.
    """
    said = exercise.prompt.partition(f"### {exercise.title}")[2].split("\n\n")
    sentences = SENTENCES.split(next((text for text in reversed(said) if text.strip()), "").strip())
    first = len(sentences)
    while first and OPEN.fullmatch(sentences[first - 1]):
        first -= 1
    before = " ".join([*said[:-1], *sentences[:first]])
    return " ".join(" ".join(sentences[first:]).split()) if TASK.search(before) else ""


def discussion(lab: Lab, exercise: Exercise) -> str:
    """Return the paragraph about an exercise, empty where none is written."""
    written = discussions(lab.root)
    own = written.get((exercise.name, lab.path.stem[3:]), "")
    return own or written.get((exercise.name, ""), "")


def renamed(text: str, names: dict[str, str]) -> str:
    """Return the text of such a file with other names of labs in its headings."""

    def heading(match: re.Match[str]) -> str:
        return f"{match[1]}{names.get(match[2], match[2])}"

    return re.sub(r"^(## my_\w+ in )([a-z0-9-]+)$", heading, text, flags=re.MULTILINE)


def discussions(root: Path) -> dict[tuple[str, str], str]:
    """Return what is written, by the exercise's name and, where the heading says it, the lab's."""
    path = root / FILE
    return _discussions(path, path.stat().st_mtime_ns) if path.is_file() else {}


@cache
def _discussions(path: Path, modified: int) -> dict[tuple[str, str], str]:  # noqa: ARG001 (part of the cache's key)
    found = {}
    for part in re.split(r"^## ", path.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
        heading, _, words = part.partition("\n")
        mark = HEADING.fullmatch(heading.strip())
        if mark is None:
            raise DiscussionsError(
                f"{FILE.as_posix()}: the heading `## {heading.strip()}` must be the name of an "
                "exercise's stub, `## my_NAME`, or `## my_NAME in LAB` with the lab's name: "
                "`## my_bootstrap in modules-and-data`."
            )
        found[mark[1], mark[2] or ""] = words.strip()
    return found
