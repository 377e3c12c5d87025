"""Find what is wrong with a rendered site: dead links, requests to other hosts, unread syntax.

python -m course.site.check [FOLDER]
"""

import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup
from bs4.element import NavigableString

from course.site.html import attribute, is_foreign, parse

# What a browser fetches for itself, without a click.
FETCHED = {"src", "srcset", "poster", "data"}
NOT_FETCHED = {"canonical", "license"}  # the links in a page's head that are for readers alone
CSS_FETCH = re.compile(r"@import\s+(?:url\()?['\"]?([^'\")\s;]+)|url\(\s*['\"]?([^'\")]+)")
# Syntax of a source that the renderer did not read, in the text and in code.
UNREAD = re.compile(r"@(?:fig|tbl|eq|sec|lst)-[\w-]*|\{[#.]\S*|:::|!\[|\]\(|\$\$|\\[(\[]")
UNREAD_IN_CODE = re.compile(r"^#\s?\| .*|#\s*<\d+>\s*$", re.MULTILINE)
NO_TEXT = ["pre", "code", "math"]


def pages(site: Path) -> list[Path]:
    """List the pages of a site."""
    return sorted(p for p in site.rglob("*.html") if "site_libs" not in p.parts)


def soup(path: Path) -> BeautifulSoup:
    """Return a page, parsed once as long as it stays as it is."""
    return _soup(path, path.stat().st_mtime)


@cache
def _soup(path: Path, modified: float) -> BeautifulSoup:  # noqa: ARG001 (part of the cache's key)
    return parse(path.read_text(encoding="utf-8"))


def is_outside(link: str) -> bool:
    """Tell whether a link leaves the site (or holds its own data)."""
    return bool(urlsplit(link).scheme or urlsplit(link).netloc)


def broken_links(site: Path) -> Iterator[str]:
    """Name each link, anchor, image, style and script of each page that is not there."""
    for path in pages(site):
        for element in soup(path).find_all(True):
            links = [attribute(element, name) for name in ("href", "src") if element.has_attr(name)]
            problems = [broken(link, path, site) for link in links if link != "#"]
            yield from (f"{path.relative_to(site).as_posix()}: {x}" for x in problems if x)


def broken(link: str, path: Path, site: Path) -> str | None:
    """Say what is wrong with one link of a page, if anything; none outside the site is asked."""
    if is_outside(link):
        return None
    parts = urlsplit(link)
    target = path
    if parts.path:
        base = site if parts.path.startswith("/") else path.parent
        target = (base / unquote(parts.path).lstrip("/")).resolve()
        if target.is_dir():
            target = target / "index.html"
        if not target.is_relative_to(site.resolve()):
            return f"the link {link} leaves the site's folder"
        if not target.is_file():
            return f"the link {link} leads nowhere"
    anchor = unquote(parts.fragment)
    if anchor and target.suffix == ".html" and anchor not in anchors(target):
        return f"the link {link} names an anchor that is not there"
    return None


def anchors(path: Path) -> frozenset[str]:
    """Return the ids of a page's elements, collected once: a page has hundreds of links to them."""
    return _anchors(path, path.stat().st_mtime)


@cache
def _anchors(path: Path, modified: float) -> frozenset[str]:
    return frozenset(attribute(element, "id") for element in _soup(path, modified).select("[id]"))


def foreign_requests(site: Path) -> Iterator[str]:
    """Name everything that a browser would ask of another host when it opens a page."""
    for path in pages(site):
        name, page = path.relative_to(site).as_posix(), soup(path)
        for element in page.find_all(True):
            fetched = FETCHED
            if element.name == "link" and attribute(element, "rel") not in NOT_FETCHED:
                fetched = {"href"}
            links = [attribute(element, fetches) for fetches in fetched]
            yield from (f"{name}: {element.name} asks {x}" for x in links if is_foreign(x))
            css = attribute(element, "style")
            if element.name == "style":
                css += element.get_text()
            yield from (f"{name}: a style asks {link}" for link in css_links(css))
    for sheet in sorted(site.rglob("*.css")):
        name = sheet.relative_to(site).as_posix()
        text = sheet.read_text(encoding="utf-8", errors="replace")
        yield from (f"{name}: asks {link}" for link in css_links(text))


def css_links(css: str) -> list[str]:
    """List what a style sheet would fetch from another host."""
    found = (a or b for a, b in CSS_FETCH.findall(css))
    return [link for link in found if is_foreign(link)]


def unread_syntax(site: Path) -> Iterator[str]:
    """Name what stands on a page as it was typed, because this renderer does not know it."""
    for path in pages(site):
        name, page = path.relative_to(site).as_posix(), soup(path)
        texts = page.find_all(string=UNREAD)
        found = [
            match
            for text in texts
            if type(text) is NavigableString and not text.find_parent(NO_TEXT)
            for match in UNREAD.findall(text)
        ]
        for code in page.find_all("pre"):
            found += UNREAD_IN_CODE.findall(code.get_text())
        yield from (f"{name}: the renderer did not read  {match.strip()}" for match in found)


def problems(site: Path) -> list[str]:
    """List everything that must be fixed before a site is published."""
    found = (*broken_links(site), *foreign_requests(site), *unread_syntax(site))
    return list(dict.fromkeys(found))


if __name__ == "__main__":
    found = problems(Path(sys.argv[1] if len(sys.argv) > 1 else "_site"))
    sys.exit("\n".join(found) if found else 0)
