"""Rules about the works that a lab cites, for the page of references."""
# ruff: noqa: D401 - the docstring of a rule says why there is one

import re

from course.markdown import plain
from course.notebook import Lab
from course.pages.references import FILE, LINK, RESOLVER, by_address, citations
from course.rules.registry import Found, rule

NAME = r"[A-ZÀ-Þ][\w'’-]+"
MORE = rf"(?: and others| et al\.| and {NAME})"
YEAR = r"(?:1[789]|20)\d\d[a-z]?"
UNLINKED = re.compile(
    rf"{NAME}{MORE}? \({YEAR}[),;]"
    rf"|{NAME}{MORE}, {YEAR}\b"
    # Outside parentheses a name, a comma and a number are no citation: `In London, 1998 was`.
    rf"|(?<=\()(?:[^()]*\s)?{NAME}, {YEAR}(?=[),;])"
)
READING = re.compile(rf"^- {LINK.pattern}\.\s(.+?)(?=\n- |\n\s*\n|\Z)", re.MULTILINE | re.DOTALL)


@rule(f"correct the address, or add the work to {FILE}")
def known_references(lab: Lab) -> Found:
    """The page of references lists what the labs cite, and a mistyped address leads nowhere."""
    known = by_address(lab.root)
    for citation in citations(lab):
        if citation.address not in known:
            yield citation.cell, f"no work in {FILE} has the address {citation.address}"


@rule("write Smith (2017) or Smith, 2017: one name, two with `and`, or the first `and others`")
def reference_text(lab: Lab) -> Found:
    """A name that isn't the first author's, or another year, sends the reader to another work."""
    known = by_address(lab.root)
    for citation in citations(lab):
        work = known.get(citation.address)
        if work and not work.may_read(citation.text):
            yield citation.cell, f"“{citation.text}” links what {FILE} calls {work.label}"


@rule(f"take the title from {FILE}, or correct it there")
def reference_title(lab: Lab) -> Found:
    """The same work reads the same in every lab."""
    known = by_address(lab.root)
    for cell in lab.markdown:
        for _, address, item in READING.findall(cell.source):
            work = known.get(address)
            if work and work.title not in " ".join(item.split()):
                yield cell, f"{work.label} has another title in {FILE}: {work.title}"


@rule("write [Smith (2017)](https://doi.org/…), with the address that the page of references gives")
def linked_references(lab: Lab) -> Found:
    """A reader who wants to see for herself must find the work in one step."""
    for cell in lab.markdown:
        text = " ".join(plain(LINK.sub(" ", cell.source)).split())
        for match in UNLINKED.finditer(text):
            yield cell, f"“{match[0]}” is cited without a link"
        if RESOLVER.search(text):
            yield cell, "an address of a work stands bare"
