"""The page Python for R users, from `idioms.yml` and the code of the labs."""

from collections.abc import Iterator
from pathlib import Path

from course.notebook import Lab, labs
from course.pages.first_met import first_met
from course.pages.idioms import Idiom, all_idioms, themes

PAGE = "python-for-r-users.qmd"
HEAD = """---
# Written by python -m course.pages.write, from idioms.yml and the labs' code: edit those.
title: Python for R users
description: The idioms of Python that the labs use and R does not have, each with the R beside it and the lab where it comes up first.
toc-depth: 3
---

The labs are written in plain Python, and most of it reads like R. This page shows the rest: {count} idioms, each with the R that does the same, or that differs where one would not expect it. After `#>` stands what the lines above print. `np` is NumPy throughout. The names of functions, from `lm` to `%*%`, stand on the page of [terms](terms.qmd#r-and-python).
"""  # noqa: E501 - a paragraph is a line, so that an edit of a word is a diff of a line
BEFORE = """## Before lab {number} {{#before-lab-1}}

Ten minutes with this list, and the code of [lab {number}](notebooks/{file}) can be read. The links lead to more about each line.
"""  # noqa: E501


def text(root: Path) -> str:
    """Return the whole page."""
    met = first_met(root)
    lines = [HEAD.format(count=len(met)), *_before_the_first_lab(root, met)]
    for theme in themes(root):
        lines.append(f"## {theme.title}\n")
        lines += [line for idiom in theme.idioms for line in _idiom(idiom, met[idiom.name])]
    return "\n".join(lines)


def _before_the_first_lab(root: Path, met: dict[str, Lab | None]) -> Iterator[str]:
    """Yield a line for each idiom that the first lab has already."""
    first = next(map(Lab.read, labs(root)), None)
    if first is None:
        return
    yield BEFORE.format(number=first.number, file=first.path.name)
    for idiom in all_idioms(root):
        lab = met[idiom.name]
        if lab is not None and lab.path == first.path:
            yield f"- {idiom.short}"
    yield ""


def _idiom(idiom: Idiom, lab: Lab | None) -> Iterator[str]:
    yield f"### {idiom.title} {{#{idiom.name}}}\n"
    yield f"{idiom.words}\n"
    yield "::::: {.two-languages}\n"
    for name, language, code in (("Python", "python", idiom.python), ("R", "r", idiom.r)):
        yield f":::: {{.language}}\n\n{name}\n\n```{language}\n{code.rstrip()}\n```\n\n::::\n"
    yield ":::::\n"
    if lab is not None:
        yield f"First in [lab {lab.number}, {lab.title}](notebooks/{lab.path.name}).\n"
