"""The page of references, from `references.yml` and the links of the labs."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from course.notebook import Lab
from course.pages.references import Reference, references, users

HEAD = """---
# Written by python -m course.pages.write, from references.yml and the labs: edit those.
title: References
description: The papers, books and R packages that the labs cite, with the labs that cite each.
---

By first author. The names lead to the work: by its DOI, by its number at arXiv or, where it has neither, to its publisher. The links at the end of an entry lead to the labs that cite it.
"""  # noqa: E501 - a paragraph is a line, so that an edit of a word is a diff of a line


def text(root: Path) -> str:
    """Return the whole page."""
    cited = users(root)
    works = sorted(references(root), key=lambda work: work.order)
    printed = [work for work in works if not work.package]
    packages = [work for work in works if work.package]
    sections = [*_section("Papers and books", printed, cited)]
    sections += _section("R packages", packages, cited)
    return "\n".join([HEAD, *sections])


def _section(title: str, works: Iterable[Reference], cited: dict[str, list[Lab]]) -> Iterator[str]:
    yield f"## {title}\n"
    yield "::: {.literature}\n"
    yield from (_item(work, cited.get(work.address, [])) for work in works)
    yield "\n:::\n"


def _item(work: Reference, labs: list[Lab]) -> str:
    if work.package:
        name, parts = f"`{work.package}`", [work.all_authors, work.title, work.where]
    else:
        name, parts = f"{work.all_authors} ({work.year})", [work.title, work.where]
    links = ", ".join(f"[lab {lab.number}](notebooks/{lab.path.name})" for lab in labs)
    said = [f"[{name}]({work.address})", *parts, *([f"Cited in {links}"] if links else [])]
    return "- " + " ".join(part if part.endswith("?") else f"{part}." for part in said)
