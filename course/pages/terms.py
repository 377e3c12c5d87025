"""The terms of the course: what `terms.yml` says of them, and which lab names them.

A lab names its terms in its metadata, under `terms`; nothing else says which lab uses which.
"""

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from course.markdown import unfenced
from course.notebook import Lab, labs
from course.pages.entries import entries

FILE = "terms.yml"


@dataclass(frozen=True)
class Term:
    """A term, what it is called in either of two languages, and what could mislead."""

    name: str
    spelled: tuple[str, ...]
    languages: tuple[str, str]
    pair: tuple[str, str]
    note: str

    @property
    def is_code(self) -> bool:
        """Whether it is a name in a program rather than a word."""
        return "Python" in self.languages

    @property
    def anchor(self) -> str:
        """The name of its place on the page of terms."""
        return re.sub(r"[^a-z0-9_]+", "-", self.name.lower()).strip("-")

    @property
    def pattern(self) -> re.Pattern[str]:
        """What the term looks like in a text, in either number, with a line end between words."""
        spellings = "|".join(map(_spelling, (self.name, *self.spelled)))
        flags = re.NOFLAG if self.is_code else re.IGNORECASE
        return re.compile(rf"(?<!\w)(?:{spellings})(?!\w)", flags)

    def occurs_in(self, lab: Lab) -> bool:
        """Tell whether a lab's prose has the term, or its code where the term is code."""
        text = " ".join(unfenced(cell.source) for cell in lab.markdown)
        if self.is_code:
            text += " ".join(cell.source for cell in (*lab.markdown, *lab.code))
        return self.pattern.search(text) is not None


@dataclass(frozen=True)
class Theme:
    """Terms that belong together."""

    title: str
    about: str
    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Part:
    """The themes that lead from one language to another."""

    title: str
    languages: tuple[str, str]
    themes: tuple[Theme, ...]


def _spelling(words: str) -> str:
    """Return a pattern for a spelling of a term, or its plural."""
    stem = words.removesuffix("y")
    end = "(?:y|ies)" if stem != words and stem[-1:] not in tuple("aeiou") else "(?:e?s)?"
    gap = r"(?:[ \t]+|[ \t]*\n[ \t]*)"
    parts = [
        re.escape(part).replace("'", "['’]") for part in (stem if "ies" in end else words).split()
    ]
    return gap.join(parts) + end


class TermsError(ValueError):
    """`terms.yml` can't be read as what it is; the message says where and what to do."""


def parts(root: Path) -> tuple[Part, ...]:
    """Read `terms.yml`."""
    path = root / FILE
    return _parts(path, path.stat().st_mtime_ns)


@cache
def _parts(path: Path, modified: int) -> tuple[Part, ...]:  # noqa: ARG001 (part of the cache's key)
    found = []
    for part in entries(path, TermsError):
        left, right = part["languages"]
        themes = [
            Theme(
                theme["theme"],
                theme.get("about", ""),
                tuple(_term(entry, (left, right)) for entry in theme["terms"]),
            )
            for theme in part["themes"]
        ]
        found.append(Part(part["part"], (left, right), tuple(themes)))
    return tuple(found)


def _term(entry: dict[str, Any], languages: tuple[str, str]) -> Term:
    left, right = languages
    unknown = set(entry) - {"term", "spelled", "note", left, right}
    if unknown or not {"term", left} <= set(entry):
        raise TermsError(
            f"{FILE}: the entry {entry} must have `term` and `{left}`, may have `{right}`, "
            f"`spelled` and `note`, and nothing else."
        )
    name = str(entry["term"])
    pair = (str(entry[left]), str(entry.get(right, name)))
    return Term(name, tuple(entry.get("spelled", ())), languages, pair, entry.get("note", ""))


def all_terms(root: Path) -> list[Term]:
    """List every term, in the order of the page."""
    return [term for part in parts(root) for theme in part.themes for term in theme.terms]


def named(lab: Lab) -> list[str]:
    """List the terms that a lab names (rule `course-metadata` says where they are no list)."""
    terms = lab.about.get("terms")
    return [t for t in terms if isinstance(t, str)] if isinstance(terms, list) else []


def users(root: Path) -> dict[str, list[Lab]]:
    """Find the labs that name each term, in the course's order."""
    found: dict[str, list[Lab]] = {}
    for lab in map(Lab.read, labs(root)):
        for name in named(lab):
            found.setdefault(name, []).append(lab)
    return found
