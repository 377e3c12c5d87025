"""A page's HTML: parsed, its attributes as text, its links to other files of the site."""

import os
from pathlib import Path

from bs4 import BeautifulSoup, Tag


def parse(text: str) -> BeautifulSoup:
    """Parse a page, or a part of one."""
    return BeautifulSoup(text, "html.parser")


def attribute(element: Tag, name: str) -> str:
    """Return an attribute as text: empty where there is none, classes with spaces between."""
    value = element.get(name)
    return value if isinstance(value, str) else " ".join(value or ())


def is_foreign(link: str) -> bool:
    """Tell whether a link names another host."""
    return link.strip().startswith(("http:", "https:", "//"))


def relative_link(target: Path, page: Path) -> str:
    """Return the link that leads from a page to another file of the site."""
    return os.path.relpath(target, page.parent).replace(os.sep, "/")
