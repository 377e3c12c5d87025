"""The front page: the course in numbers, a card for each lab, and the ways through the course.

What a person wrote of it stands in `index.qmd`, and the rest there between comments.
"""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from course.notebook import Lab
from course.outline import described, with_block
from course.pages.verdict_line import verdict_line
from course.pages.ways import for_the_front_page, hours

PAGE = "index.qmd"


def text(root: Path) -> str:
    """Return the whole page."""
    found = list(described(root))
    page = (root / PAGE).read_text(encoding="utf-8")
    blocks = {"facts": facts(found), "labs": cards(found), "paths": for_the_front_page(root)}
    for name, lines in blocks.items():
        page = with_block(page, name, ["", *lines], PAGE)
    return page


def facts(found: list[Lab]) -> list[str]:
    """Return how many labs there are, how long they take, and how long to execute."""
    minutes = sum(lab.about["minutes"] for lab in found)
    fact = f"**{len(found)} labs**, {hours(minutes)} in all, exercises included"
    seconds = [lab.made["seconds"] for lab in found if "seconds" in lab.made]
    if seconds:
        least, most = round(min(seconds)), round(max(seconds))
        fact += f"; executed from start to end, a lab took {least} to {most} seconds"
    return [fact, ""]


def cards(found: list[Lab]) -> list[str]:
    """Return a list of cards for each part of the course."""
    lines = []
    for part, of_it in groupby(found, key=lambda lab: lab.about["part"]):
        lines += [f"### {part}", "", "::: {.lab-cards}", ""]
        lines += [line for lab in of_it for line in _card(lab)]
        lines += [":::", ""]
    return lines


def _card(lab: Lab) -> Iterator[str]:
    """Yield what a card says; its picture is made when the site is rendered."""
    about, page = lab.about, f"notebooks/{lab.path.name}"
    needs = " and ".join(f"[lab {int(s[:2])}](notebooks/{s}.ipynb)" for s in lab.needs)
    time = f"{about['minutes']} minutes" + (f", needs {needs}" if needs else "")
    paragraphs = [
        f"[**{lab.number}** {lab.title}]({page}){{.lab-title}}",
        f'[]{{.thumbnail data-figure="{lab.path.stem}#{about["figure"]}"}}',
        about["question"],
        f"[{verdict_line(lab)}]{{.lab-verdict}}",
        f"[{time}]{{.lab-facts}}",
    ]
    for number, paragraph in enumerate(paragraphs):
        yield f"{'  ' if number else '- '}{paragraph}"
        yield ""
