"""The page for instructors: what a person wrote about each lab, and what was measured of it.

    python -m course.pages.instructors --messages [NN ...]

runs the labs (all, or those of these numbers) with the wrong answers of `tests/cases/`, and stores
what the checks say in `instructors/NN.json`. The page itself needs no run: `text` joins
`instructors/course.md`, `instructors/NN.md`, `instructors/exercises.md`, these messages, and the
seconds and versions in the labs' metadata.
"""

import argparse
import contextlib
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

from course import ROOT
from course.markdown import escaped, escaped_but_code
from course.notebook import Lab, labs
from course.pages.discussions import discussion, open_question
from course.pages.ways import for_instructors

PARTS = ["In class", "On the board", "What to watch for", "Questions for discussion"]
OPENING = """---
title: For instructors
description: >-
  How to run the course, and for each lab the time it takes, what to draw on the board, what to
  discuss, and what students get wrong.
toc-depth: 2
---

<!-- Written by course/pages/instructors.py from instructors/ and the labs: change those files. -->

"""


def text(root: Path = ROOT) -> str:
    """Return the whole page."""
    found = [Lab.read(path) for path in labs(root)]
    course = (root / "instructors" / "course.md").read_text(encoding="utf-8").strip()
    glance = "## The labs at a glance\n\n" + at_a_glance(found)
    sections = [course, for_instructors(root), glance, *(section(lab) for lab in found)]
    return OPENING + "\n\n".join(sections) + "\n"


def at_a_glance(found: list[Lab]) -> str:
    """Return the table of times."""
    lines = [
        "| Notes on lab | Student's minutes, an estimate | Seconds to execute, measured |",
        "|:----|---:|---:|",
    ]
    for lab in found:
        made = lab.made
        link = f"[{lab.number} {lab.title}](#{anchor(lab)})"
        seconds = f"{made['seconds']:.0f}" if "seconds" in made else "not executed"
        lines.append(f"| {link} | {minutes(lab)} | {seconds} |")
    seconds = sum(lab.made.get("seconds", 0) for lab in found)
    lines.append(f"| All labs | {sum(map(minutes, found))} | {seconds:.0f} |")
    return "\n".join(lines)


def minutes(lab: Lab) -> int:
    """Return how long a lab takes a student, or raise where it does not say so."""
    found = lab.about.get("minutes")
    if type(found) is not int:
        came = "is missing" if found is None else f"is {found!r}, not a whole number,"
        raise ValueError(
            f"{lab.path.name}: `minutes` {came} in its metadata, under `course`. Write there how "
            "many minutes the lab takes a student, exercises included, as another lab does."
        )
    return found


def title(lab: Lab) -> str:
    """Return the heading of a lab's part."""
    return f"Lab {lab.number}: {lab.title}"


def anchor(lab: Lab) -> str:
    """Return the id of this heading."""
    return f"lab-{lab.number}"


def section(lab: Lab) -> str:
    """Return the part of the page about one lab."""
    made = lab.made
    seconds = f"{made['seconds']:.0f} seconds" if "seconds" in made else "not yet measured"
    return "\n\n".join(
        [
            f"## {title(lab)} {{#{anchor(lab)} .folded}}",
            f"[The lab](notebooks/{lab.path.name}) takes a student about "
            f"{minutes(lab)} minutes, exercises included (an estimate). "
            f"Executing it from start to end took {seconds}, measured with "
            f"{versions(lab) or 'versions that it does not record'}.",
            notes(lab),
            *after_the_exercises(lab),
            "### Wrong answers, and what the checks say",
            *wrong_answers(lab),
        ]
    )


def notes(lab: Lab) -> str:
    """Return what a person wrote about a lab, or raise where a part is missing."""
    path = beside(lab, ".md")
    written = path.read_text(encoding="utf-8").strip() if path.is_file() else ""
    headings = re.findall(r"^#+ (.*)$", written, re.MULTILINE)
    if headings != PARTS or written.count("\n### ") != len(PARTS) - 1:
        raise ValueError(
            f"instructors/{path.name} must have the headings ### {', ### '.join(PARTS)}, in this "
            f"order and no others; it has: {', '.join(headings) or 'none'}. Write them for "
            f"{lab.path.name}, as instructors/01.md does."
        )
    return written


def after_the_exercises(lab: Lab) -> Iterator[str]:
    """Yield, for each exercise, the open question with which it ends and what to say about it."""
    said_of = [(exercise, discussion(lab, exercise)) for exercise in lab.exercises]
    if any(said for _, said in said_of):
        yield "### After the exercises"
    for exercise, said in said_of:
        if said:
            question = open_question(exercise)
            yield f"**{exercise.title}**" + (f"\n\n> {question}" if question else "")
            yield said


def wrong_answers(lab: Lab) -> Iterator[str]:
    """Yield, for each exercise, its title and a table of answers and messages."""
    stored = stored_messages(lab.root, lab.path.name[:2])
    for exercise in lab.exercises:
        lines = ["| An answer | The check says |", "|:--------|:------------------|"]
        lines += [
            f"| {escaped(answer)} | {escaped_but_code(one['message'])} |"
            for answer, one in stored.items()
            if one["exercise"] == exercise.name
        ]
        yield f"**{exercise.title}**"
        yield "\n".join(lines)


def stored_messages(root: Path, lab: str) -> dict[str, dict[str, str]]:
    """Return a lab's wrong answers with exercise and message; {} where none are stored."""
    path = root / "instructors" / f"{lab}.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def store_messages(lab: str, root: Path = ROOT) -> Path:
    """Run a lab with its wrong answers, and store what its checks say."""
    from course.cases import case, solved  # the page is written without what runs a lab

    messages = {}
    with contextlib.redirect_stdout(io.StringIO()):  # what the lab prints
        checks = solved(lab)
    for name, (exercise, answer, _) in case(lab).WRONG.items():
        verdict = checks[f"check_{exercise}"](answer)
        messages[name] = {"exercise": exercise, "message": str(verdict)}
    path = root / "instructors" / f"{lab}.json"
    path.parent.mkdir(exist_ok=True)
    as_json = json.dumps(messages, indent=1, ensure_ascii=False) + "\n"
    path.write_text(as_json, encoding="utf-8", newline="\n")
    return path


def masked(message: str) -> str:
    """Return a message without its numbers, which another machine may give otherwise."""
    return re.sub(r"[-+]?\d[\d,]*(\.\d*)?(e[-+]?\d+)?", "#", message)


def versions(lab: Lab) -> str:
    """Return in words what a lab was last executed with, Python and torch first."""
    made = lab.made.get("versions", {})
    first = ["python", "torch", "numpy"]
    order = [*(n for n in first if n in made), *(n for n in made if n not in first)]
    return ", ".join(f"{n.capitalize() if n == 'python' else n} {made[n]}" for n in order)


def beside(lab: Lab, suffix: str) -> Path:
    """Return the file about a lab in instructors/."""
    return lab.root / "instructors" / f"{lab.path.name[:2]}{suffix}"


def main(arguments: list[str] | None = None) -> None:
    """Store the messages of the labs that are asked for."""
    parser = argparse.ArgumentParser("python -m course.pages.instructors", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--messages", nargs="*", metavar="NN", required=True)
    asked = parser.parse_args(arguments).messages
    known = [path.name[:2] for path in labs()]
    if unknown := sorted(set(asked) - set(known)):
        parser.error(f"there is no lab {', '.join(unknown)}; there are: {', '.join(known)}")
    for lab in asked or known:
        print(f"{store_messages(lab).relative_to(ROOT)} written", flush=True)
    print("The page reads them: python -m course.pages.write")


if __name__ == "__main__":
    main()
