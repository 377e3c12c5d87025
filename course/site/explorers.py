"""Each figure that one can move in its place on a page, with its scripts.

Without a script the place holds the lab's own picture, or what the figure's module has instead.
"""

from pathlib import Path

from bs4 import BeautifulSoup, Tag

from course.explorers import STYLES, Explorer, explorers
from course.site.assets import add_assets
from course.site.html import attribute, parse, relative_link

ALL = explorers()
MORE = "With tasks: "


def add_explorers(page: BeautifulSoup, path: Path, site: Path) -> None:
    """Fill a page's places with what stands there without a script, and load the scripts."""
    own = page.select("[data-explorer]")  # all at once: looking through a page is slow
    for explorer in ALL:
        places = [place for place in own if attribute(place, "data-explorer") == explorer.name]
        places = places or wrap_figure(page, path, explorer)
        for place in places:
            if write := getattr(explorer.module, "without_script", None):
                place.clear()
                place.append(parse(write()))
        if places:
            add_assets(page, path, site, [STYLES, *explorer.scripts])
            link_to_tasks(page, path, site, explorer, places[-1])


def wrap_figure(page: BeautifulSoup, path: Path, explorer: Explorer) -> list[Tag]:
    """Make the place of a figure that stands with a lab's own, around the picture, and return it.

    There is none on another page, nor where another course has another lab of this number.
    """
    lab, label = explorer.figure or (0, "")
    if not (path.parent.name == "notebooks" and path.name.startswith(f"{lab:02d}-")):
        return []
    cell = page.find(id=label)
    picture = cell.find("img") if isinstance(cell, Tag) else None
    output = picture and picture.find_parent(class_="cell-output-display")
    if output is None:
        return []
    place = page.new_tag("div", attrs={"class": "explorer", "data-explorer": explorer.name})
    output.wrap(place)
    return [place]


def link_to_tasks(
    page: BeautifulSoup, path: Path, site: Path, explorer: Explorer, place: Tag
) -> None:
    """Lead from a lab to the page of tasks that an explorer has, if it has one."""
    name = getattr(explorer.module, "TASKS", None)
    if not name or path == site / name or page.select(".explorer-more"):
        return
    link = f'With tasks: <a href="{relative_link(site / name, path)}">{explorer.module.TITLE}</a>'
    place.insert_after(parse(f'<p class="explorer-more">{link}.</p>'))
