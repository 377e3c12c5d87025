"""The columns of the pages, their header, and the list of headings, from a telephone to a desk."""

from collections import Counter
from itertools import pairwise

import pytest

from course import ROOT
from course.notebook import Lab
from course.predictions import prompts

from .test_pages import LAYOUT, RULES, violations

LAB = "notebooks/03-autograd.html"
PAGES = ["index.html", LAB, "terms.html", "reference.html", "instructors.html"]
# On both sides of each width at which a list comes to stand beside the text, and the usual ones.
WIDTHS = [320, 390, 768, 991, 992, 1024, 1279, 1280, 1440, 1920]
COLUMN = """() => {
  const { left, width } = document.querySelector("main").getBoundingClientRect();
  return { left, width, header: document.querySelector("#quarto-header").offsetHeight,
    page: document.documentElement.scrollWidth };
}"""
BUTTON = {"menu": "Course menu", "list": "On this page"}


@pytest.fixture(scope="module")
def columns(open_page, contexts):
    """Return where the text of each page stands, by the width of the window."""
    found = {}
    for path in PAGES:
        page = open_page(path)
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 900})
            found[path, width] = page.evaluate(COLUMN)
        contexts.remove(page.context)
        page.context.close()
    return found


@pytest.mark.parametrize("path", PAGES)
def test_the_text_has_room_and_the_page_never_scrolls_sideways(columns, path):
    for width in WIDTHS:
        at = columns[path, width]
        assert at["page"] <= width
        least = 620 if width >= 992 else min(width - 60, 43 * 18)
        assert at["width"] >= (660 if width == 1024 else least), f"{width} px: {at}"


@pytest.mark.parametrize("width", WIDTHS)
def test_the_text_stands_at_the_same_place_on_every_page(columns, width):
    places = {(columns[path, width]["left"], columns[path, width]["width"]) for path in PAGES}
    assert len(places) == 1


@pytest.mark.parametrize("width", WIDTHS)
def test_the_header_is_one_low_row(columns, width):
    assert {columns[path, width]["header"] for path in PAGES} <= set(range(40, 57))


@pytest.mark.parametrize(
    ("width", "menu", "outline"),
    [(390, False, False), (991, False, False), (992, False, True), (1280, True, True)],
)
@pytest.mark.parametrize("script", [True, False])
def test_a_list_is_beside_the_text_or_behind_its_button(open_page, width, menu, outline, script):
    page = open_page(LAB, width=width, java_script_enabled=script)
    for name, bar, beside in (
        ("menu", "#quarto-sidebar", menu),
        ("list", "#quarto-margin-sidebar", outline),
    ):
        link = page.locator(f"{bar} a").nth(3)
        buttons = page.locator("header").get_by_role("button", name=BUTTON[name])
        assert (link.is_visible(), buttons.count()) == (beside, int(not beside))
        if not beside:
            buttons.click()
            link.wait_for(state="visible")
            page.keyboard.press("Escape")
            link.wait_for(state="hidden")


def test_the_list_leads_to_each_task_and_says_what_it_is(open_page):
    page = open_page(LAB)
    lab = Lab.read(ROOT / LAB.replace(".html", ".ipynb"))
    for kind, expected in (
        (".toc-exercise", len(lab.exercises)),
        (".toc-its-check", len(lab.exercises)),
        (".toc-prediction", len(prompts(lab))),
        (".toc-further", sum(text.startswith("Further:") for text in headings(lab))),
        (".toc-check", 1),
    ):
        assert page.locator(f"#TOC {kind}").count() == expected > 0, kind
    named = page.locator("#TOC .toc-prediction").evaluate_all(
        "links => links.map((link) => [link.ariaLabel, link.hash])"
    )
    assert [name for name, _ in named] == [f"Predict: {one.asked.question}" for one in prompts(lab)]
    for _, place in named:
        assert page.locator(f"form.predict{place}").count() == 1
    for number, link in enumerate(page.locator("#TOC .toc-its-check").all(), start=1):
        place = page.locator(f"details{link.get_attribute('href')} > summary")
        assert place.inner_text() == link.get_attribute("aria-label")
        assert place.inner_text() == f"The check of exercise {number}"


def headings(lab):
    return [text for cell in lab.cells for _, text in cell.headings]


@pytest.mark.parametrize("width", [1024, 1440])
def test_the_list_follows_the_reader_and_keeps_its_mark_in_view(open_page, width):
    page = open_page(LAB, width=width, reduced_motion="reduce")
    links = page.locator("#TOC .toc-heading")
    marked = []
    for number in [*range(0, links.count(), 6), 3]:  # on, and back
        place = links.nth(number).get_attribute("href")
        page.evaluate("id => document.getElementById(id).scrollIntoView()", place[1:])
        page.wait_for_function(
            "place => document.querySelector('#TOC [aria-current]').hash === place", arg=place
        )
        marked.append(page.locator("#TOC [aria-current]").bounding_box()["y"])
    assert page.locator("#TOC [aria-current]").count() == 1
    assert len(marked) > 5
    assert all(55 < y < 880 for y in marked), marked


def test_on_a_telephone_the_list_opens_at_the_mark_and_closes_once_it_has_led_on(open_page):
    page = open_page(LAB, width=390, reduced_motion="reduce")
    page.evaluate("document.getElementById('check').scrollIntoView()")
    mark = page.locator("#TOC [aria-current][href='#check']")
    mark.wait_for(state="attached")
    opener = page.locator("header").get_by_role("button", name=BUTTON["list"])
    opener.evaluate("button => button.click()")  # a click of Playwright's scrolls the page first
    mark.wait_for()
    assert 0 < mark.bounding_box()["y"] < 800
    link = page.locator("#TOC .toc-prediction").last
    link.click()
    page.wait_for_function("!document.querySelector(':popover-open')")
    form = page.locator(f"form{link.get_attribute('href')}")
    page.wait_for_function("place => location.hash === place", arg=link.get_attribute("href"))
    assert 50 < form.bounding_box()["y"] < 400


def test_below_the_title_of_a_long_page_a_button_opens_the_list_too(open_page):
    page = open_page(LAB, width=390)
    button = page.locator("main").get_by_role("button", name="On this page: 3 exercises, ")
    button.click()
    assert page.locator("#TOC a").first.is_visible()
    page = open_page("index.html", width=390)
    assert page.locator("main .list-opener").count() == 0


def test_a_prediction_stands_at_the_heading_under_which_it_is_asked(open_page):
    page = open_page(LAB)
    marks = page.evaluate(
        """() => [...document.querySelectorAll("#TOC .toc-prediction")].map((link) => {
          const row = link.closest(".toc-row").querySelector(".toc-heading");
          const part = document.getElementById(decodeURIComponent(row.hash.slice(1)));
          return part.contains(document.querySelector(link.getAttribute("href")));
        })"""
    )
    assert Counter(marks) == {True: len(marks)}
    tops = page.evaluate(
        """() => [...document.querySelectorAll("#TOC a")].map((link) =>
          document.querySelector(link.getAttribute("href")).getBoundingClientRect().top)"""
    )
    assert all(a <= b for a, b in pairwise(tops)), "the list is in the order of the page"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize(
    ("width", "opened"), [(390, "menu"), (390, "list"), (1024, "menu"), (1024, None)]
)
def test_axe_finds_nothing_in_the_lists_open_or_beside_the_text(open_page, width, opened, dark):
    axe = pytest.importorskip(
        "axe_playwright_python.base", reason="axe-playwright-python is missing"
    )
    page = open_page(LAB, width=width, dark=dark, reduced_motion="reduce")
    if opened:
        page.locator("#quarto-header").get_by_role("button", name=BUTTON[opened]).click()
    assert page.evaluate(LAYOUT) == [] or opened  # what lies open covers the text
    page.evaluate(axe.AXE_SCRIPT)
    page.add_style_tag(content="* { background-image: none !important; }")
    lists = [["#quarto-header"], ["#quarto-sidebar"], ["#quarto-margin-sidebar"]]
    assert violations(page, {"include": lists}, {"runOnly": RULES}) == []
