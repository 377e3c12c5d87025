"""The last step on each page, the same after Quarto and smalldocs: what neither does for us.

Every change is made on the parsed page, and a second run changes nothing.
"""

import re
import shutil
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString

from course import ROOT
from course.editions import has_solutions
from course.notebook import Lab
from course.publishing.repository import Repository, offer_repository
from course.site.assets import add_assets
from course.site.bars import arrange_bars
from course.site.check import pages
from course.site.cross_references import link_references
from course.site.downloads import add_lab_downloads, add_zip_download
from course.site.explorers import add_explorers
from course.site.folds import fold_sections
from course.site.fonts import copy_fonts, preload_font
from course.site.html import attribute, is_foreign, parse
from course.site.mathematics import TexError, draw_formulas
from course.site.numbers import typeset_numbers
from course.site.on_this_page import list_the_parts
from course.site.pictures import PictureError, add_pictures
from course.site.prompts import add_prompts
from course.site.quarto_pages import add_copy_buttons, make_ids_unique
from course.site.search import Entry, entries_of, write_index

# The navigation regions of a page, so that a screen reader can tell them apart.
REGIONS = {
    "nav.navbar": "Site",
    "nav#quarto-sidebar": "Course",
    "nav#TOC": "On this page",
    "nav.page-navigation": "Previous and next lab",
}

HEADINGS = ["h1", "h2", "h3", "h4", "h5", "h6"]
FETCHED_LINKS = {"stylesheet", "preload", "modulepreload", "preconnect", "dns-prefetch", "icon"}

# What the pages need beyond the renderer's own.
SCRIPTS = [ROOT / "styles" / name for name in ("site.js", "search.js")]


class PageError(Exception):
    """A page that must not be published, with a message that names it."""


def postprocess(site: Path, notebooks: Path, student_zip: Path | None = None) -> None:
    """Change every page of a rendered site, and put beside the pages what they link to.

    `notebooks` holds the labs, which the pages offer for download, `student_zip` all of them.
    """
    repository = Repository.read(notebooks.parent)
    copy_fonts(site)
    if student_zip:
        shutil.copyfile(student_zip, site / student_zip.name)
    entries: list[Entry] = []
    for path in pages(site):
        name = path.relative_to(site).as_posix()
        page = parse(path.read_text(encoding="utf-8"))
        try:
            draw_formulas(page)
            add_pictures(page, path, site, notebooks)
        except (TexError, PictureError) as error:
            raise PageError(f"{name}: {error}") from error
        remove_foreign_requests(page)
        preload_font(page, path, site)
        fix_accessibility(page)
        arrange_bars(page)
        make_ids_unique(page)
        add_copy_buttons(page)
        mark_current(page, path)
        add_explorers(page, path, site)
        lab = notebooks / f"{path.stem}.ipynb"
        if name.startswith("notebooks/") and lab.is_file():
            add_prompts(page, path, site, Lab.read(lab))
        link_references(page, path, site)
        fold_sections(page)
        list_the_parts(page, path, site)
        wrap_tables(page)
        keep_ranges_whole(page)
        mark_sentences(page)
        fold_solution_outputs(page)
        defer_scripts(page)
        add_assets(page, path, site, SCRIPTS)
        if name.startswith("notebooks/"):
            describe(page, lab)
            add_lab_downloads(page, lab, path.parent, student_zip)
            if repository and lab.is_file():
                offer_repository(page, repository, lab.name, solved=has_solutions(lab))
        elif name == "index.html" and student_zip:
            add_zip_download(page, student_zip)
        typeset_numbers(page)
        text = page.decode(formatter="html5")
        text = re.sub(r"^(<![^>]*>)\s*", r"\1\n", text)  # each decoding adds a line end there
        path.write_text(text, encoding="utf-8", newline="\n")
        entries += entries_of(page, name)
    write_index(site, entries)


def remove_foreign_requests(page: BeautifulSoup) -> None:
    """Remove what would ask another host for a script, a style or a font."""
    for script in page.find_all("script"):
        # The second: Quarto adds this line for a script that is then not there.
        if is_foreign(attribute(script, "src")) or "define('jquery'" in script.get_text():
            script.decompose()
    for link in page.find_all("link"):
        fetched = FETCHED_LINKS & {*attribute(link, "rel").split()}
        if fetched and is_foreign(attribute(link, "href")):
            link.decompose()


def fix_accessibility(page: BeautifulSoup) -> None:
    """Fix what axe finds in the pages as they come."""
    # A control that folds a section is a button, and not a region that claims to be expanded.
    for control in page.select('a[role="navigation"][data-bs-toggle]'):
        make_button(control)
    # What switches the colours leads nowhere: a button, which the space bar presses too.
    for toggle in page.select("a.quarto-color-scheme-toggle"):
        make_button(toggle)
        toggle["aria-label"] = toggle["title"] = "Switch between light and dark"
    for selector, label in REGIONS.items():
        for region in page.select(selector):
            region["aria-label"] = label
    # An empty corner of a table heads nothing.
    for header in page.find_all("th"):
        if not header.get_text(strip=True) and not header.find("img"):
            header.name = "td"
            header.attrs.pop("scope", None)
    # The list of headings comes before the title: its own heading would be the page's first.
    for title in page.select("h2#toc-title"):
        title.name = "p"
    add_skip_link(page)


def mark_current(page: BeautifulSoup, path: Path) -> None:
    """Tell a screen reader which link of the menus leads to this page, and that no other does."""
    for link in page.select("nav.navbar a[href], #quarto-sidebar a[href]"):
        target = urlsplit(attribute(link, "href"))
        here = not target.fragment and not target.netloc and target.path
        if here and (path.parent / unquote(target.path)).resolve() == path.resolve():
            link["aria-current"] = "page"
        else:
            link.attrs.pop("aria-current", None)


def make_button(control: Tag) -> None:
    """Turn a link that leads nowhere into a button."""
    control.name = "button"
    control["type"] = "button"
    for name in ("role", "href"):
        control.attrs.pop(name, None)


def add_skip_link(page: BeautifulSoup) -> None:
    """Begin the page with a link past the menus, which is seen when the Tab key reaches it."""
    text = page.find("main", id=True)
    if text is None or page.body is None or page.select(".skip-link"):
        return
    text["tabindex"] = "-1"
    link = page.new_tag("a", href=f"#{text['id']}", attrs={"class": "skip-link"})
    link.string = "Skip to the text"
    page.body.insert(0, link)


def defer_scripts(page: BeautifulSoup) -> None:
    """Let the text be painted before any script of a file is read."""
    for script in page.find_all("script", src=True):
        if script.get("type") != "module" and not script.has_attr("async"):
            script["defer"] = ""


def wrap_tables(page: BeautifulSoup) -> None:
    """Give each table a box that scrolls when the window is narrow, and a name to be found by.

    A screen reader lists the tables of a page by their names: a caption, or else the heading that
    the table stands under.
    """
    for table in page.select("main table"):
        box = table.parent
        if box is None or not {"sd-table", "table-box"} & {*attribute(box, "class").split()}:
            box = table.wrap(page.new_tag("div"))
        box["class"] = "table-box"
        # Quarto makes columns as wide as the dashes below their headings, and breaks words for it.
        for columns in table.find_all("colgroup"):
            columns.decompose()
        if attribute(table, "style").startswith("width"):
            del table["style"]
        caption = table.find("caption")
        name = caption or table.find_previous(HEADINGS)
        if name and not box.has_attr("aria-label"):
            text = " ".join(name.get_text(" ").split())
            box["role"], box["aria-label"] = "group", f"Table: {text}"
            if not caption:
                table["aria-label"] = text


def keep_ranges_whole(page: BeautifulSoup) -> None:
    """Keep the range of a number on one line: it falls below its picture as a whole."""
    for picture in page.select("main td > img"):
        words = picture.next_sibling
        if isinstance(words, NavigableString) and words.strip():
            words.wrap(page.new_tag("span", attrs={"class": "nobreak"}))


def mark_sentences(page: BeautifulSoup) -> None:
    """Mark the outputs without columns: on a telephone they go on below, and columns scroll."""
    for output in page.select(".cell-output pre"):
        lines = output.get_text().splitlines()
        classes = attribute(output, "class").split()
        if "sentences" not in classes and not any("  " in line.strip() for line in lines):
            output["class"] = " ".join([*classes, "sentences"])


def fold_solution_outputs(page: BeautifulSoup) -> None:
    """Fold the outputs of a solution with its code: `code-fold` folds the code alone."""
    for fold in page.select("details.code-fold"):
        if fold.summary and fold.summary.get_text(strip=True).startswith("Solution"):
            for output in fold.find_next_siblings("div", class_="cell-output"):
                fold.append(output.extract())


def describe(page: BeautifulSoup, lab: Path) -> None:
    """Write the description of a lab, which its metadata hold, where search engines look for it."""
    text = Lab.read(lab).about.get("description") if lab.is_file() else None
    if text and page.head:
        for old in page.head.find_all("meta", attrs={"name": "description"}):
            old.decompose()
        page.head.append(page.new_tag("meta", attrs={"name": "description", "content": text}))
