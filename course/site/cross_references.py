"""What a text names by number leads there: "lab 6", and on a lab's page "section 4", "exercise 3".

The labs' prose links a lab where it rests on it, and names it elsewhere; a reader of the pages can
click all of them.
"""

import re
from pathlib import Path

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString

from course.site.html import attribute, relative_link

# "Section 4 of lab 6" is another lab's.
NAMED = re.compile(
    r"\b(lab|section|exercise)([ \N{NO-BREAK SPACE}])(\d+)\b(?!\.\d|\s+(?:of|in)\s+lab)",
    re.IGNORECASE,
)
# Where a link would stand in another, in a name, or in what a reader compares or copies.
UNTOUCHED = ["a", "button", "code", "pre", "math", "script", "style", "summary", "label", "legend"]
UNTOUCHED += ["h1", "h2", "h3", "h4", "h5", "h6", "svg", "title"]


def link_references(page: BeautifulSoup, path: Path, site: Path) -> None:
    """Link each such name in a page's text, unless it names the page itself."""
    main = page.find("main")
    if not isinstance(main, Tag):
        return
    targets = {**_labs(path, site), **_parts(main)}
    for text in main.find_all(string=NAMED):
        if text.find_parent(UNTOUCHED) is None:
            _link(page, text, targets)


def _labs(path: Path, site: Path) -> dict[tuple[str, int], str]:
    """Return the link to each other lab."""
    found = sorted((site / "notebooks").glob("[0-9][0-9]-*.html"))
    return {("lab", int(lab.name[:2])): relative_link(lab, path) for lab in found if lab != path}


def _parts(main: Tag) -> dict[tuple[str, int], str]:
    """Return the link to each numbered section and exercise of this page."""
    found = {}
    for section in main.find_all("section", id=True):
        heading = section.find(["h2", "h3"], recursive=False)
        words = heading.get_text() if isinstance(heading, Tag) else ""
        if name := re.match(r"(Exercise )?(\d+)\b", words):
            kind = "exercise" if name[1] else "section"
            found[kind, int(name[2])] = f"#{attribute(section, 'id')}"
    return found


def _link(page: BeautifulSoup, text: NavigableString, targets: dict[tuple[str, int], str]) -> None:
    """Put links into one piece of text."""
    parts: list[str | Tag] = []
    at = 0
    for name in NAMED.finditer(text):
        target = targets.get((name[1].lower(), int(name[3])))
        if target:
            link = page.new_tag("a", href=target)
            link.string = name[0]
            parts += [text[at : name.start()], link]
            at = name.end()
    if parts:
        for part in [*parts, text[at:]]:
            text.insert_before(part)
        text.extract()
