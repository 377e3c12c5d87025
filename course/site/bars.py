"""The bars around the text, the same after both renderers: one header, and two lists that fold.

The course menu and the list of headings stand beside the text where the window has room for them.
Elsewhere each is a popover, which its button in the header opens, also without a script.
"""

from bs4 import BeautifulSoup, Tag

from course.site.html import attribute, parse

# The lists by their ids, with what their buttons show and are called.
MENU, OUTLINE = "quarto-sidebar", "quarto-margin-sidebar"
BUTTONS = {MENU: ("bi-list", "Course menu"), OUTLINE: ("bi-list-nested", "On this page")}

# What the header holds, in the order in which one reads it and the Tab key goes through it.
HEADER = (
    f"[popovertarget={MENU}]",
    ".navbar-brand",
    ".navbar-nav:has(.menu-text)",
    "#quarto-search",
    f"[popovertarget={OUTLINE}]",
    ".quarto-color-scheme-toggle, .quarto-navigation-tool",
)
# What there is no use for then: a second bar, its breadcrumbs, and what folded the lists.
DOUBLED = ".quarto-secondary-nav, .quarto-title-breadcrumbs, #quarto-sidebar-glass"

# By these classes the renderers lay out and fold what styles/layout.css and popovers do here.
OF_TITLE = {"d-none", "d-lg-block"}  # hidden where the second bar had the title
OF_CONTENT = {"quarto-container", "page-columns", "has-sidebar", "has-margin"}
OF_LISTS = {
    "sidebar",
    "sidebar-navigation",
    "margin-sidebar",
    "floating",
    "overflow-auto",
    "collapse",
    "collapse-horizontal",
    "quarto-sidebar-collapse-item",
}


def arrange_bars(page: BeautifulSoup) -> None:
    """Give a page a header of one row, and make its lists popovers that this row opens."""
    header = page.select_one("#quarto-header")
    row = page.select_one("#quarto-header .navbar-container")
    if header is None or row is None or page.select("[popover]"):
        return
    # A header that is fixed would hide what is below it until a script has measured it.
    header["class"] = "sticky-top"
    for content in page.select("#quarto-content"):
        _remove_classes(content, OF_CONTENT)
    for title in page.select("h1.title"):
        _remove_classes(title, OF_TITLE)
    for name in BUTTONS:
        if bar := page.find(id=name):
            _remove_classes(bar, OF_LISTS)
            bar["popover"] = ""
            (bar if bar.name == "nav" else bar.nav or bar).insert(0, _close_button(name))
            row.append(button(name))
    parts = [part.extract() for selector in HEADER for part in row.select(selector)]
    row.clear()
    row.extend(parts)
    for doubled in page.select(DOUBLED):
        doubled.decompose()


def _remove_classes(element: Tag, names: set[str]) -> None:
    kept = [name for name in attribute(element, "class").split() if name not in names]
    element["class"] = " ".join(kept)


def button(name: str, more: str = "") -> Tag:
    """Return a button that opens a list; where it has room it says what it opens, and `more`."""
    icon, text = BUTTONS[name]
    label = "" if more else f'aria-label="{text}" title="{text}"'
    return _made(
        f'<button type="button" class="bar-button" popovertarget="{name}" {label}>'
        f'<i class="bi {icon}" aria-hidden="true"></i> <span>{text}{more}</span></button>'
    )


def _close_button(name: str) -> Tag:
    return _made(
        f'<button type="button" class="close-list" popovertarget="{name}" '
        'popovertargetaction="hide">Close</button>'
    )


def _made(html: str) -> Tag:
    made = parse(html).button
    assert made is not None
    return made
