"""The last step on each page, the same after Quarto and smalldocs: what neither does for us.

Every change is made on the parsed page, and a second run changes nothing.
"""

import os
import re
import shutil
from pathlib import Path

from bs4 import BeautifulSoup, Tag

from course import ROOT
from course.notebook import Lab, dumps
from course.publishing.repository import Repository, offer_repository
from course.site.explorer_data import FOLDER, static_runs
from course.site.mathematics import TexError, mathml
from course.student.sources import has_solutions, student_notebook

# The navigation regions of a page, so that a screen reader can tell them apart.
REGIONS = {
    "nav.navbar": "Site",
    "nav.quarto-secondary-nav": "Course menu",
    "nav.quarto-secondary-nav nav.quarto-page-breadcrumbs": "Where this page is, short",
    "nav.quarto-title-breadcrumbs": "Where this page is",
    "nav#quarto-sidebar": "Course",
    "nav#TOC": "On this page",
    "nav.page-navigation": "Previous and next lab",
}

EXPLORER_PAGE = "Gradient descent by hand"
HEADINGS = ["h1", "h2", "h3", "h4", "h5", "h6"]

# What the pages need beyond the renderer's own: a script, and the font of the formulas.
STYLES = ROOT / "styles"
SCRIPT, FONTS = STYLES / "site.js", STYLES / "fonts"


class PageError(Exception):
    """A page that must not be published, with a message that names it."""


def finish(site: Path, notebooks: Path, edition: Path | None = None) -> None:
    """Finish every page of a rendered site.

    `notebooks` holds the labs to offer for download, `edition` is the zip with all of them.
    """
    repository = Repository.read(notebooks.parent)
    shutil.copytree(FONTS, site / "styles" / FONTS.name, dirs_exist_ok=True)
    shutil.copyfile(SCRIPT, site / "styles" / SCRIPT.name)
    if edition:
        shutil.copyfile(edition, site / edition.name)
    for path in sorted(site.rglob("*.html")):
        if "site_libs" in path.parts:
            continue
        name = path.relative_to(site).as_posix()
        page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        draw_mathematics(page, name)
        drop_other_hosts(page)
        mend_access(page)
        place_explorer(page, path, site)
        box_tables(page)
        wrap_sentences(page)
        fold_solutions(page)
        defer_scripts(page, path, site)
        if name.startswith("notebooks/"):
            lab = notebooks / f"{path.stem}.ipynb"
            describe(page, lab)
            offer_notebook(page, lab, path.parent, edition)
            if repository and lab.is_file():
                offer_repository(page, repository, lab.name, solved=has_solutions(lab))
        elif name == "index.html" and edition:
            offer_edition(page, edition)
        text = page.decode(formatter="html5")
        text = re.sub(r"^(<![^>]*>)\s*", r"\1\n", text)  # each decoding adds a line end there
        path.write_text(text, encoding="utf-8", newline="\n")


def draw_mathematics(page: BeautifulSoup, name: str) -> None:
    """Replace TeX, which smalldocs leaves to a script of another host, by MathML."""
    for span in page.find_all("span", class_="math"):
        if span.find("math"):
            continue
        tex = span.get_text().strip()
        tex = tex.removeprefix("\\(").removesuffix("\\)").removeprefix("\\[").removesuffix("\\]")
        try:
            math = mathml(tex.strip(), display="display" in span["class"])
        except TexError as error:
            raise PageError(f"{name}: the formula  {tex.strip()}  is wrong: {error}") from error
        span.clear()
        span.append(math)
        if "inline" in span["class"]:
            hold_punctuation(page, span)


def hold_punctuation(page: BeautifulSoup, span: Tag) -> None:
    """Keep the comma after a formula, and the bracket before it, on the formula's line."""
    before, after = span.previous_sibling, span.next_sibling
    opening = re.search(r"[(\[“]+$", before) if isinstance(before, str) else None
    closing = re.match(r"[)\].,;:!?”’]+", after) if isinstance(after, str) else None
    if not opening and not closing:
        return
    held = span.wrap(page.new_tag("span", attrs={"class": "nobreak"}))
    if opening:
        before.replace_with(before[: opening.start()])
        span.insert_before(opening.group())
    if closing:
        after.replace_with(after[closing.end() :])
        held.append(closing.group())


def drop_other_hosts(page: BeautifulSoup) -> None:
    """Remove what would ask another host for a script, a style or a font."""
    for tag, attribute in (("script", "src"), ("link", "href")):
        for element in page.find_all(tag, attrs={attribute: True}):
            if element[attribute].startswith(("http:", "https:", "//")) and loads(element):
                element.decompose()
    # Quarto adds this line for a script that is then not there.
    for script in page.find_all("script", string=lambda s: s and "define('jquery'" in s):
        script.decompose()


def loads(element: Tag) -> bool:
    """Tell whether the browser fetches what this element names (a canonical link it does not)."""
    relations = set(element.get_attribute_list("rel"))
    fetched = {"stylesheet", "preload", "modulepreload", "preconnect", "dns-prefetch", "icon"}
    return element.name == "script" or bool(relations & fetched)


def mend_access(page: BeautifulSoup) -> None:
    """Mend what axe finds in the pages as they come."""
    # A control that folds a section is a button, and not a region that claims to be expanded.
    for control in page.find_all("a", attrs={"role": "navigation", "data-bs-toggle": True}):
        control.name = "button"
        control["type"] = "button"
        del control["role"]
        control.attrs.pop("href", None)
    # What switches the colours leads nowhere: a button, which the space bar presses too.
    for toggle in page.find_all("a", class_="quarto-color-scheme-toggle"):
        toggle.name = "button"
        toggle["type"] = "button"
        toggle["aria-label"] = toggle["title"] = "Switch between light and dark"
        for attribute in ("href", "role"):
            toggle.attrs.pop(attribute, None)
    for region in page.find_all("nav"):
        for selector, label in REGIONS.items():
            if region.css.match(selector):
                region["aria-label"] = label
    # An empty corner of a table heads nothing.
    for header in page.find_all("th"):
        if not header.get_text(strip=True) and not header.find("img"):
            header.name = "td"
            header.attrs.pop("scope", None)
    # The list of headings comes before the title: its own heading would be the page's first.
    for title in page.find_all("h2", id="toc-title"):
        title.name = "p"
    skip_navigation(page)


def skip_navigation(page: BeautifulSoup) -> None:
    """Begin the page with a link past the menus, which is seen when the Tab key reaches it."""
    text = page.find("main", id=True)
    if text is None or page.find(class_="skip-link"):
        return
    text["tabindex"] = "-1"
    link = page.new_tag("a", href=f"#{text['id']}", attrs={"class": "skip-link"})
    link.string = "Skip to the text"
    page.body.insert(0, link)


def defer_scripts(page: BeautifulSoup, path: Path, site: Path) -> None:
    """Let the text be painted before any script of a file is read, and add the site's own."""
    for script in page.find_all("script", src=True):
        if script.get("type") != "module" and not script.has_attr("async"):
            script["defer"] = ""
    own = site / "styles" / SCRIPT.name
    link = os.path.relpath(own, path.parent).replace(os.sep, "/")
    if page.head and not page.head.find("script", src=link):
        page.head.append(page.new_tag("script", src=link, defer=""))


def box_tables(page: BeautifulSoup) -> None:
    """Give each table a box that scrolls when the window is narrow, and a name to be found by.

    A screen reader lists the tables of a page by their names: a caption, or else the heading that
    the table stands under.
    """
    for table in page.main.find_all("table") if page.main else ():
        parent = table.parent
        if parent.name == "div" and {"sd-table", "table-box"} & set(parent.get("class", [])):
            parent["class"] = ["table-box"]
        else:
            table.wrap(page.new_tag("div", attrs={"class": "table-box"}))
        caption, heading = table.find("caption"), table.find_previous(HEADINGS)
        name = caption or heading
        if name:
            text = " ".join(name.get_text(" ").split())
            table.parent["role"], table.parent["aria-label"] = "group", f"Table: {text}"
            if not caption:
                table["aria-label"] = text


def wrap_sentences(page: BeautifulSoup) -> None:
    """Mark the outputs without columns: on a telephone they go on below, and columns scroll."""
    for output in page.select(".cell-output pre"):
        lines = output.get_text().splitlines()
        if not any("  " in line.strip() for line in lines):
            others = [name for name in output.get("class", []) if name != "sentences"]
            output["class"] = [*others, "sentences"]


def fold_solutions(page: BeautifulSoup) -> None:
    """Fold the outputs of a solution with its code: `code-fold` folds the code alone."""
    for fold in page.find_all("details", class_="code-fold"):
        if fold.summary and fold.summary.get_text(strip=True).startswith("Solution"):
            for output in fold.find_next_siblings("div", class_="cell-output"):
                fold.append(output.extract())


def place_explorer(page: BeautifulSoup, path: Path, site: Path) -> None:
    """Give each `<div class="explorer">` what a reader without JavaScript sees, and the script."""
    places = page.find_all("div", class_="explorer")
    if not places:
        return
    for place in places:
        place.clear()
        place.append(BeautifulSoup(static_runs(), "html.parser"))
        own = site / "explorer.html"
        if path != own and own.is_file() and not page.select_one(".explorer-more"):
            link = os.path.relpath(own, path.parent).replace(os.sep, "/")
            line = f'<p class="explorer-more">With tasks: <a href="{link}">{EXPLORER_PAGE}</a>.</p>'
            place.insert_after(BeautifulSoup(line, "html.parser"))
    home = site / "explorer"
    home.mkdir(exist_ok=True)
    for name in ("explorer.js", "explorer.css"):
        shutil.copy(FOLDER / name, home / name)
    base = os.path.relpath(home, path.parent).replace(os.sep, "/")
    if not page.select_one('script[src$="explorer/explorer.js"]'):
        style = page.new_tag("link", href=f"{base}/explorer.css", rel="stylesheet")
        script = page.new_tag("script", src=f"{base}/explorer.js", defer="")
        page.head.extend([style, script])


def describe(page: BeautifulSoup, lab: Path) -> None:
    """Write the description of a lab, which its metadata hold, where search engines look for it."""
    text = Lab.read(lab).about.get("description") if lab.is_file() else None
    if text and page.head:
        for old in page.head.find_all("meta", attrs={"name": "description"}):
            old.decompose()
        page.head.append(page.new_tag("meta", attrs={"name": "description", "content": text}))


def offer_notebook(page: BeautifulSoup, lab: Path, folder: Path, edition: Path | None) -> None:
    """Put the student's notebook beside its page, the solved one too, and links under the title."""
    title = page.select_one("#title-block-header")
    if page.select_one(".lab-download") or not lab.is_file() or title is None:
        return
    text = dumps(student_notebook(Lab.read(lab)))
    (folder / lab.name).write_text(text, encoding="utf-8", newline="\n")
    line = page.new_tag("p", attrs={"class": "lab-download"})
    line.extend([download(page, lab.name, "Download this lab"), " and run it yourself."])
    if has_solutions(lab):
        solved = f"{lab.stem}-solved.ipynb"
        shutil.copyfile(lab, folder / solved)
        line.extend([" ", download(page, solved, "With outputs and solutions"), "."])
    if edition:
        line.extend([" ", download(page, f"../{edition.name}", "All labs"), contents(edition)])
    title.insert_after(line)


def offer_edition(page: BeautifulSoup, edition: Path) -> None:
    """Put a link to the zip where the front page says how to start."""
    if page.select_one(".lab-download"):
        return
    line = page.new_tag("p", attrs={"class": "lab-download"})
    line.extend([download(page, edition.name, "Download all labs"), contents(edition)])
    place = page.select_one(".start h2") or page.select_one("#title-block-header")
    if place is not None:
        place.insert_after(line)


def download(page: BeautifulSoup, href: str, text: str) -> Tag:
    """Return a link that saves a file."""
    return page.new_tag("a", href=href, download="", string=text)


def contents(edition: Path) -> str:
    """Say what the zip holds, and how large it is."""
    megabytes = edition.stat().st_size / 1e6
    return f" with their data and these pages, to use offline (zip, {megabytes:.0f} MB)."
