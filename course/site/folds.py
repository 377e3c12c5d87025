"""Sections that a page shows folded: those whose heading has the class `folded`.

The heading stays in sight and opens its section; a browser opens it, too, for a link that leads
into it, and the page's script for one that leads to its heading.
"""

from bs4 import BeautifulSoup, Tag

from course.site.html import attribute


def fold_sections(page: BeautifulSoup) -> None:
    """Turn each such section into its heading and what one opens below it."""
    for section in page.select("main section"):
        heading = section.find(["h2", "h3", "h4"], recursive=False)
        if not isinstance(heading, Tag):
            continue
        classes = {*attribute(section, "class").split(), *attribute(heading, "class").split()}
        if "folded" not in classes:
            continue
        fold = page.new_tag("details", attrs={"class": "folded-section"})
        summary = page.new_tag("summary")
        # A link beside the heading would be a control in a control.
        kept = [name for name in attribute(heading, "class").split() if name != "anchored"]
        heading["class"] = " ".join([*kept, "no-anchor"])
        rest = list(heading.next_siblings)
        summary.append(heading.replace_with(fold))
        fold.append(summary)
        for part in rest:
            fold.append(part.extract())
