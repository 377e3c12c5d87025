"""The page of terms, from `terms.yml` and the metadata of the labs: for the site, and for Jupyter.

The labs' text links the second, `notebooks/terms.md`, which JupyterLab and the repository's page
show where a lab stands; on the site these links lead to the first.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from course.notebook import Lab
from course.pages.terms import Part, Term, Theme, parts, users

HEAD = """---
# Written by python -m course.pages.write, from terms.yml and the labs: edit those.
title: Terms
description: What deep learning calls the things that a statistician knows, and how Python writes what R does, with the labs that use each term.
---

Most of what is new in deep learning is vocabulary, and some of it misleads: *bias*, *kernel*, *inference* and *rank* are old words with other meanings. The first part of this page leads from statistics to deep learning, the second from R to Python. Within a theme, terms that belong together stand together, and the links lead to the labs that introduce or use them.
"""  # noqa: E501 - a paragraph is a line, so that an edit of a word is a diff of a line

MADE = (
    "<!-- Written by python -m course.pages.write, from terms.yml and the labs: edit those. -->\n"
)


def text(root: Path) -> str:
    """Return the whole page."""
    named = users(root)
    return "\n".join([HEAD, *(line for part in parts(root) for line in _part(part, named))])


def beside_the_labs(root: Path) -> str:
    """Return the page as it stands in the labs' folder, in plain Markdown."""
    head = HEAD.replace("---\n", "", 1).partition("---\n")[2]
    body = text(root).removeprefix(HEAD)
    body = re.sub(r"^:::.*\n\n?|^: .*\n\n?", "", body, flags=re.MULTILINE)
    return f"{MADE}\n# Terms\n{head}{body.replace('](notebooks/', '](')}"


def _part(part: Part, named: dict[str, list[Lab]]) -> Iterator[str]:
    yield f"## {part.title}\n"
    for theme in part.themes:
        yield from _theme(theme, part.languages, named)


def _theme(theme: Theme, languages: tuple[str, str], named: dict[str, list[Lab]]) -> Iterator[str]:
    left, right = (language[0].upper() + language[1:] for language in languages)
    yield f"### {theme.title}\n"
    if theme.about:
        yield f"{theme.about}\n"
    # Code needs room: it would be broken inside its words.
    yield "::: {.terms .in-code}\n" if "R" in languages else "::: {.terms}\n"
    yield f"| {left} | {right} | Note | Labs |"
    yield "|:---|:---|:-------|:--|"
    yield from (_row(term, named.get(term.name, [])) for term in theme.terms)
    yield f"\n: {theme.title}, in {languages[0]} and in {languages[1]}\n"
    yield ":::\n"


def _row(term: Term, labs: list[Lab]) -> str:
    links = ", ".join(f"[lab {lab.number}](notebooks/{lab.path.name})" for lab in labs)
    left, right = term.pair
    # The word that the reader of a lab has met, and looks up.
    right = right if term.is_code else f"**{right}**"
    return f'| {left} | <span id="{term.anchor}">{right}</span> | {term.note} | {links} |'
