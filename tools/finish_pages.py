"""The last step on each page, the same after Quarto and smalldocs: what neither does for us.

Every change is made on the parsed page, and a second run changes nothing.
"""

import re
from pathlib import Path

from bs4 import BeautifulSoup, Tag

from tools.mathematics import TexError, mathml
from tools.repo_links import Repository, has_solutions, offer_repository

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


class PageError(Exception):
    """A page that must not be published, with a message that names it."""


def finish(site: Path, notebooks: Path) -> None:
    """Finish every page of a rendered site; `notebooks` holds the labs to offer for download."""
    repository = Repository.read(notebooks.parent)
    for path in sorted(site.rglob("*.html")):
        if "site_libs" in path.parts:
            continue
        name = path.relative_to(site).as_posix()
        page = BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        draw_mathematics(page, name)
        drop_other_hosts(page)
        mend_access(page)
        box_tables(page)
        fold_solutions(page)
        if name.startswith("notebooks/"):
            offer_notebook(page, notebooks / f"{path.stem}.ipynb", path.parent)
            lab = notebooks / f"{path.stem}.ipynb"
            if repository and lab.is_file():
                offer_repository(page, repository, lab.name, solved=has_solutions(lab))
        path.write_text(page.decode(formatter="html5"), encoding="utf-8", newline="\n")


def draw_mathematics(page: BeautifulSoup, name: str) -> None:
    """Replace TeX, which smalldocs leaves to a script of another host, by MathML."""
    for span in page.select("span.math"):
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
    for control in page.select('a[role="navigation"][data-bs-toggle]'):
        control.name = "button"
        control["type"] = "button"
        del control["role"]
        control.attrs.pop("href", None)
    for toggle in page.select("a.quarto-color-scheme-toggle"):
        toggle["role"] = "button"
        toggle["aria-label"] = "Switch between light and dark"
        if not toggle.get("href"):
            toggle["href"] = "#"  # an empty link would be the page itself
    for selector, label in REGIONS.items():
        for region in page.select(selector):
            region["aria-label"] = label
    # An empty corner of a table heads nothing.
    for header in page.select("th"):
        if not header.get_text(strip=True) and not header.find("img"):
            header.name = "td"
            header.attrs.pop("scope", None)


def box_tables(page: BeautifulSoup) -> None:
    """Give each table, and each display formula, a box that scrolls when the window is narrow."""
    for table in page.select("main table"):
        parent = table.parent
        if parent.name == "div" and {"sd-table", "table-box"} & set(parent.get("class", [])):
            parent["class"] = ["table-box"]
        else:
            table.wrap(page.new_tag("div", attrs={"class": "table-box"}))
    for box in page.select("main .table-box, main .math.display, main pre"):
        box["tabindex"] = "0"  # so that the keyboard can scroll it too


def fold_solutions(page: BeautifulSoup) -> None:
    """Fold the outputs of a solution with its code: `code-fold` folds the code alone."""
    for fold in page.select("details.code-fold"):
        if fold.summary and fold.summary.get_text(strip=True).startswith("Solution"):
            for output in fold.find_next_siblings("div", class_="cell-output"):
                fold.append(output.extract())


def offer_notebook(page: BeautifulSoup, notebook: Path, folder: Path) -> None:
    """Put the executed notebook beside its page, and a link to it under the title."""
    title = page.select_one("#title-block-header")
    if page.select_one(".lab-download") or not notebook.is_file() or title is None:
        return
    (folder / notebook.name).write_bytes(notebook.read_bytes())
    line = page.new_tag("p", attrs={"class": "lab-download"})
    link = page.new_tag("a", href=notebook.name, download="")
    link.string = "Download this lab"
    line.append(link)
    line.append(" as a notebook, and run it yourself.")
    title.insert_after(line)
