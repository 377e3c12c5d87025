"""The index that the field for search reads: what a reader sees on the pages, a part an entry.

It replaces the renderer's own, which holds TeX and the folded solutions. Both renderers' scripts
read this form; `styles/search.js` ranks what is found.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypedDict

from bs4 import BeautifulSoup, Tag

from course.site.html import attribute

FILE = "search.json"
# What stands on a page and is no part of its text: outputs, what is folded, what one can move.
LEFT_OUT = (
    ".cell-output, .explorer, .lab-download, .lab-links, .code-copy-button, nav, script, style, "
    "annotation, noscript"
)
FOLDED = ("Hint", "Solution")
BLOCKS = [
    "p", "li", "dt", "dd", "td", "th", "tr", "div", "pre", "summary", "br", "figcaption", "label",
    "legend", "button", "h1", "h2", "h3", "h4", "h5", "h6",
]  # fmt: skip


class Entry(TypedDict):
    """A part of a page, with the names that the renderers' scripts know."""

    objectID: str
    href: str
    title: str
    section: str
    text: str


def write_index(site: Path, entries: list[Entry]) -> None:
    """Write the index of a site whose renderer made one."""
    if (site / FILE).is_file():
        text = json.dumps(entries, ensure_ascii=False)
        (site / FILE).write_text(text, encoding="utf-8", newline="\n")


def entries_of(page: BeautifulSoup, name: str) -> list[Entry]:
    """Take a page apart into its entries: its beginning, each section, each term."""
    main = page.find("main")
    if not isinstance(main, Tag):
        return []
    for part in main.select(LEFT_OUT):
        part.decompose()
    for fold in main.find_all("details"):
        if fold.summary and fold.summary.get_text(strip=True).startswith(FOLDED):
            fold.decompose()
    for block in main.find_all(BLOCKS):
        block.append(" ")  # between the words of two cells or lines; there is none in x₁
    title = _title(main, name)
    return [*_terms(main, name), *_sections(main, name, title)]


def _title(main: Tag, name: str) -> str:
    heading = main.find("h1")
    title = _text(heading) if isinstance(heading, Tag) else ""
    is_lab = name.startswith("notebooks/")  # its title begins with its number
    return re.sub(r"^(\d+) ", r"Lab \1: ", title) if is_lab else title


def _terms(main: Tag, name: str) -> Iterator[Entry]:
    """Yield each row of the page of terms, under the word that a reader looks up."""
    for row in main.select(".terms tr:has(span[id])"):
        cells, word = row.find_all("td"), row.select_one("span[id]")
        assert word is not None, "the selector asks for one"
        place = f"{name}#{attribute(word, 'id')}"
        yield _entry(
            place, _text(word), f"Term: {_text(cells[0])}", " ".join(map(_text, cells[2:]))
        )
        row.decompose()


def _sections(main: Tag, name: str, title: str) -> Iterator[Entry]:
    """Yield the sections, the innermost first, so that each text stands in one entry."""
    found = []
    for section in reversed(main.find_all("section", id=True)):
        heading = section.find(["h2", "h3", "h4", "h5", "h6"])
        words = _text(heading) if isinstance(heading, Tag) else ""
        if isinstance(heading, Tag):
            heading.decompose()
        found.append(_entry(f"{name}#{attribute(section, 'id')}", title, words, _text(section)))
        section.decompose()
    for heading in main.find_all(["h1", "header"]):
        heading.decompose()
    return iter([_entry(name, title, "", _text(main)), *reversed(found)])


def _entry(place: str, title: str, section: str, text: str) -> Entry:
    return {"objectID": place, "href": place, "title": title, "section": section, "text": text}


def _text(part: Tag) -> str:
    return " ".join(part.get_text().split())
