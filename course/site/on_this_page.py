"""The list of a page's headings: it says what kind of part each is, and leads to the tasks too.

An exercise, a check and a part marked Further have labels of their own. A heading's row ends with a
mark for each prediction that is asked for below it, and that of an exercise with its check.
"""

import re
from html import escape
from pathlib import Path
from urllib.parse import unquote

from bs4 import BeautifulSoup, Tag

from course import ROOT
from course.site.assets import add_assets
from course.site.bars import OUTLINE, button
from course.site.html import attribute, parse

# What a heading of each kind begins with; the group is its label.
KINDS = {
    "exercise": re.compile(r"(Exercise \d+):"),
    "further": re.compile(r"(Further):"),
    "check": re.compile(r"()(?=(?:\d+ )?Check$)"),
}
CHECK = re.compile(r"The check of exercise (\d+)")
# A list of fewer headings is opened from the header alone.
MANY = 8

SCRIPT = ROOT / "styles" / "on-this-page.js"


def list_the_parts(page: BeautifulSoup, path: Path, site: Path) -> None:
    """Mark in a page's list of headings what each leads to, and let the list follow the reader."""
    toc = page.find(id="TOC")
    if not isinstance(toc, Tag) or toc.select(".toc-row"):
        return
    rows = {_place(link): _row(link) for link in toc.select("li > a[href]")}
    row = None
    for element in page.select("main [id], main form.predict, main summary"):
        row = rows.get(attribute(element, "id"), row)
        if row is not None and (mark := _mark(element)):
            row.extend([" ", parse(mark)])
    _announce(page, toc)
    add_assets(page, path, site, [SCRIPT])


def _place(link: Tag) -> str:
    return unquote(attribute(link, "href").removeprefix("#"))


def _row(link: Tag) -> Tag:
    """Begin a row with a link to a heading, and the link with a label of the heading's kind."""
    row = link.wrap(Tag(name="span", attrs={"class": "toc-row"}))
    link.attrs = {"class": "toc-heading", "href": link["href"]}  # no script but ours marks it
    text = " ".join(link.get_text().split())
    for kind, begin in KINDS.items():
        if found := begin.match(text):
            row["class"] = f"toc-row toc-{kind}"
            if found[1]:
                first = next(link.strings)
                first.replace_with(begin.sub("", first.lstrip(), count=1))
                link.insert(0, parse(f'<span class="toc-label">{found[1]}</span>'))
    return row


def _mark(element: Tag) -> str | None:
    """Return a link to a prediction, or to the check of an exercise."""
    if element.name == "form":
        question = escape(" ".join((element.legend or element).get_text().split()))
        element["id"] = place = f"predict-{attribute(element, 'data-name')}"
        named = f'aria-label="{question}" title="{question}"'
        return f'<a class="toc-prediction" href="#{place}" {named}>?</a>'
    found = CHECK.match(element.get_text(strip=True)) if element.name == "summary" else None
    if found is None or element.parent is None:
        return None
    element.parent["id"] = place = f"check-of-exercise-{found[1]}"
    return f'<a class="toc-its-check" href="#{place}" aria-label="{found[0]}">check</a>'


def _announce(page: BeautifulSoup, toc: Tag) -> None:
    """Say above the list how many tasks it leads to, and below the title that there is a list."""
    exercises = _count(len(toc.select(".toc-exercise")), "exercise")
    predictions = _count(len(toc.select(".toc-prediction")), "prediction")
    tasks = ", ".join(filter(None, [exercises, predictions]))
    title = toc.find(id="toc-title")
    if tasks and title:
        legend = f"{tasks} (?)" if predictions else tasks
        title.insert_after(page.new_tag("p", attrs={"class": "toc-tasks"}, string=legend))
    head = page.select_one("#title-block-header")
    if head and len(toc.select(".toc-row")) >= MANY:
        opener = button(OUTLINE, f": {tasks}" if tasks else "")
        opener["class"] = "list-opener"
        head.insert_after(opener)


def _count(number: int, word: str) -> str:
    return f"{number} {word}{'s' * (number != 1)}" if number else ""
