"""The typefaces of the site: put beside its pages, and the first that is needed asked for at once.

A browser asks for a font only once it has read the style sheets and laid out the text that needs
it. The serif is on every first screen, so each page asks for it before; the others can wait.
"""

import shutil
from pathlib import Path

from bs4 import BeautifulSoup

from course import ROOT
from course.site.html import relative_link

FONTS = ROOT / "styles" / "fonts"
FIRST = "course-serif.woff2"

# Fonts are fetched as from another origin, and a page that is opened as a file has none: Chromium
# would refuse a `<link rel="preload">` there, with two errors. So a script writes it, on a server.
PRELOAD = """if (location.protocol !== "file:") document.head.append(Object.assign(
document.createElement("link"), { rel: "preload", as: "font", type: "font/woff2", crossOrigin: "",
href: "%s" }));"""


def copy_fonts(site: Path) -> None:
    """Put the fonts, with their licences, where the style sheets look for them."""
    shutil.copytree(FONTS, site / "styles" / FONTS.name, dirs_exist_ok=True)


def preload_font(page: BeautifulSoup, path: Path, site: Path) -> None:
    """Let a page ask for the font of its first screen before any style sheet is read."""
    code = PRELOAD % relative_link(site / "styles" / FONTS.name / FIRST, path)
    if page.head is None or any(script.string == code for script in page.head.find_all("script")):
        return
    script = page.new_tag("script")
    script.string = code
    sheet = page.head.find("link", rel="stylesheet")
    if sheet is None:
        page.head.append(script)
    else:
        sheet.insert_before(script)
