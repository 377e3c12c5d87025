"""The literature of the labs: what `references.yml` says of a work, and which lab cites it.

A lab cites a work by a link to its address; nothing else says which lab cites which.
"""

import re
import urllib.parse
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from course.cell import Cell
from course.markdown import unfenced
from course.notebook import Lab, labs
from course.pages.entries import entries

FILE = "references.yml"

# Crossref's recommendation for DOIs of today, with the parentheses and colons of older ones.
DOI = re.compile(r"10\.\d{4,9}/[-._;()/:A-Za-z0-9]+")
ARXIV = re.compile(r"arXiv:(\d\d(?:0[1-9]|1[0-2])\.\d{4,5})")  # year, month, number; no version
ADDRESS = re.compile(r"https://[^\s()]+")
RESOLVER = re.compile(r"https?://(?:[\w-]+\.)*(?:doi|arxiv)\.org/", re.IGNORECASE)
# An address may hold a pair of parentheses, as Markdown allows.
LINK = re.compile(r"\[([^\[\]]+)\]\((https?://(?:[^()\s]|\([^()\s]*\))+)\)")
INITIALS = re.compile(r"^(?:[^\W\d_]\.[ -]?)+")


@dataclass(frozen=True)
class Reference:
    """A paper, a book or an R package; a package is cited by its name and has no year."""

    key: str
    authors: tuple[str, ...]
    year: int | None
    package: str
    title: str
    where: str

    @property
    def address(self) -> str:
        """What a lab links."""
        if arxiv := ARXIV.fullmatch(self.key):
            return f"https://arxiv.org/abs/{arxiv[1]}"
        if DOI.fullmatch(self.key):  # parentheses would end the link in Markdown
            return f"https://doi.org/{urllib.parse.quote(self.key, safe='/:;')}"
        return self.key

    @property
    def surnames(self) -> tuple[str, ...]:
        """The authors without their initials."""
        return tuple(INITIALS.sub("", author) for author in self.authors)

    @property
    def all_authors(self) -> str:
        """Every author that the file names, in words."""
        *first, last = self.authors
        return f"{', '.join(first)} and {last}" if first else last

    @property
    def label(self) -> str:
        """The short form, as in Albert and Anderson (1984)."""
        return self.package or f"{_short(self.surnames)} ({self.year})"

    def may_read(self, text: str) -> bool:
        """Tell whether the text of a link names the work as the file does."""
        if self.package:
            return text.strip("`*") == self.package
        authors = {_short(self.surnames), _short(self.authors), self.all_authors}
        return text in {f"{who}{year}" for who in authors for year in self._years}

    @property
    def _years(self) -> tuple[str, str]:
        return f" ({self.year})", f", {self.year}"

    @property
    def order(self) -> tuple[bool, str, int, str]:
        """Where it stands in the file and on the page: by first author and year, packages last."""
        name = self.package or self.surnames[0]
        return bool(self.package), name.casefold(), self.year or 0, self.title


def _short(names: tuple[str, ...]) -> str:
    return " and ".join(names) if len(names) < 3 else f"{names[0]} and others"


@dataclass(frozen=True)
class Citation:
    """A link to a work: where it stands, what it reads, where it leads."""

    cell: Cell
    text: str
    address: str


class ReferencesError(ValueError):
    """`references.yml` can't be read as what it is; the message says where and what to do."""


def references(root: Path) -> tuple[Reference, ...]:
    """Read `references.yml`; a folder without one has no references."""
    path = root / FILE
    return _references(path, path.stat().st_mtime_ns) if path.exists() else ()


@cache
def _references(path: Path, modified: int) -> tuple[Reference, ...]:  # noqa: ARG001 (part of the cache's key)
    found = entries(path, ReferencesError) or {}
    return tuple(_reference(str(key), entry) for key, entry in found.items())


def _reference(key: str, entry: dict[str, Any]) -> Reference:
    web = ADDRESS.fullmatch(key) and not RESOLVER.match(key)
    if not (web or DOI.fullmatch(key) or ARXIV.fullmatch(key)):
        raise ReferencesError(
            f"{FILE}: the key {key} is neither a DOI (10.1038/nbt.3300) nor a number of arXiv "
            f"(arXiv:1412.6980) nor, where a work has neither, an address that begins with https://."
        )
    given = set(entry)
    if given - {"year", "package"} != {"authors", "title", "where"} or len(given) != 4:
        raise ReferencesError(
            f"{FILE}: the entry {key} must have `authors`, `title`, `where` and either `year` or "
            f"`package`, and nothing else."
        )
    return Reference(
        key,
        tuple(entry["authors"]),
        entry.get("year"),
        entry.get("package", ""),
        entry["title"],
        entry["where"],
    )


def by_address(root: Path) -> dict[str, Reference]:
    """Find a work by what a lab links."""
    return {reference.address: reference for reference in references(root)}


def citations(lab: Lab) -> list[Citation]:
    """List a lab's links to works: to a DOI, to arXiv, or to an address of `references.yml`."""
    known = by_address(lab.root)
    return [
        Citation(cell, " ".join(text.split()), address)
        for cell in lab.markdown
        for text, address in LINK.findall(unfenced(cell.source))
        if address in known or RESOLVER.match(address)
    ]


def users(root: Path) -> dict[str, list[Lab]]:
    """Find the labs that cite each address, in the course's order."""
    found: dict[str, list[Lab]] = {}
    for lab in map(Lab.read, labs(root)):
        for address in dict.fromkeys(citation.address for citation in citations(lab)):
            found.setdefault(address, []).append(lab)
    return found
