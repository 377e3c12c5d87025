"""The scripts and style sheets of our own that a page needs beyond the renderer's."""

import shutil
from pathlib import Path

from bs4 import BeautifulSoup, Tag

from course import ROOT
from course.site.html import relative_link


def add_assets(page: BeautifulSoup, path: Path, site: Path, files: list[Path]) -> None:
    """Put files of the course into a site, each in the folder it has here, and link a page to them.

    Scripts run in the given order once the page is read, so that its text is painted first. A file
    that the page is linked to already isn't linked again.
    """
    if page.head is None:
        return
    for file in files:
        copy = site / file.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)
        link = relative_link(copy, path)
        if not page.head.select(f'[src="{link}"], [href="{link}"]'):
            page.head.append(_element(page, link))


def _element(page: BeautifulSoup, link: str) -> Tag:
    if link.endswith(".css"):
        return page.new_tag("link", href=link, rel="stylesheet")
    return page.new_tag("script", src=link, defer="")
