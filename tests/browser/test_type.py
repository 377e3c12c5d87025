"""How the pages are set: sizes of code, what scrolls sideways, what moves as fonts come, paper."""

import re
from contextlib import contextmanager
from pathlib import Path

import pytest

from course.notebook import labs

LABS = [f"notebooks/{lab.stem}.html" for lab in labs()]
LAYOUT = (Path(__file__).parent / "layout.js").read_text(encoding="utf-8")
A4 = {"width": 673, "height": 1032}  # what the margins leave, in pixels of 1/96 inch

SIZES = """() => {
  const size = (element) => parseFloat(getComputedStyle(element).fontSize);
  const text = size([...document.querySelectorAll("main p")].find((p) => !p.closest("div.cell")));
  return [...document.querySelectorAll("main pre, main pre code")].map((e) => size(e) / text);
}"""
# A column of 640 px is narrower than the one that a window of 1024 px has.
SCROLLING = """() => {
  document.querySelector("main.content").style.width = "640px";
  const blocks = [...document.querySelectorAll("main pre")].filter((e) => e.checkVisibility());
  return [blocks.filter((e) => e.scrollWidth > e.clientWidth + 1).length, blocks.length];
}"""
WRONG_STOPS = """() => [...document.querySelectorAll("main :is(pre, .table-box, .math.display)")]
  .filter((e) => e.checkVisibility())
  .filter((e) => e.scrollWidth > e.clientWidth + 1 !== (e.tabIndex === 0))"""
SHIFTS = """new PerformanceObserver((list) => {
  window.shift = (window.shift ?? 0) + list.getEntries().reduce((sum, e) => sum + e.value, 0);
}).observe({ type: "layout-shift", buffered: true })"""


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("path", [LABS[0], "python-for-r-users.html", "reference.html"])
def test_code_is_hardly_smaller_than_text(open_page, path, width):
    sizes = open_page(path, width=width).evaluate(SIZES)
    assert len(sizes) > 20
    assert min(sizes) >= 0.85 - 1e-6


@pytest.mark.parametrize("path", LABS)
def test_hardly_any_code_scrolls_sideways_in_a_column_of_640_pixels(open_page, path):
    page = open_page(path)
    page.evaluate("document.fonts.ready")
    scrolling, blocks = page.evaluate(SCROLLING)
    assert blocks > 20
    assert scrolling <= blocks / 10


@contextmanager
def without_fonts(browser, url, width):
    """Open a page whose fonts are kept back; yield it, and a function that lets them come."""
    context = browser.new_context(viewport={"width": width, "height": 900})
    held, released = [], []

    def hold(route):
        route.continue_() if released else held.append(route)

    def release():
        assert held, "no font was asked for"
        released.append(True)
        for route in held:
            route.continue_()
        page.wait_for_function("document.fonts.check('1em \"Course Serif\"')")
        page.wait_for_timeout(300)

    try:
        context.route(re.compile(r"\.woff2"), hold)
        page = context.new_page()
        page.add_init_script(SHIFTS)
        page.goto(url, wait_until="domcontentloaded")
        page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
        yield page, release
    finally:
        context.close()


def test_the_text_stays_where_it_is_as_the_fonts_come(browser, site_url):
    top = "document.querySelector('#background').getBoundingClientRect().top"
    with without_fonts(browser, f"{site_url}/{LABS[0]}", 1280) as (page, release):
        before = page.evaluate(top)
        release()
        assert abs(page.evaluate(top) - before) < 40
        assert page.evaluate("window.shift ?? 0") < 0.1


@pytest.mark.parametrize("path", [LABS[0], LABS[-1]])
def test_the_tab_key_reaches_what_scrolls_once_the_fonts_have_come(browser, site_url, path):
    with without_fonts(browser, f"{site_url}/{path}", 390) as (page, release):
        release()
        page.wait_for_function(f"!({WRONG_STOPS})().length")


@pytest.mark.parametrize("path", LABS)
def test_a_lab_is_printed_on_at_most_twenty_sheets(open_page, path):
    page = open_page(path)
    page.evaluate("document.fonts.ready")
    sheets = re.findall(rb"/Type\s*/Page\b", page.pdf(format="A4"))
    assert 5 < len(sheets) <= 20


@pytest.mark.parametrize("path", [LABS[-1], "python-for-r-users.html"])
def test_paper_is_white_and_cuts_no_line(open_page, path):
    page = open_page(path, dark=True)
    page.set_viewport_size(A4)
    page.emulate_media(media="print", color_scheme="dark")
    style = page.evaluate(
        "(({ color, backgroundColor }) => [color, backgroundColor])"
        "(getComputedStyle(document.body))"
    )
    assert style == ["rgb(0, 0, 0)", "rgb(255, 255, 255)"]
    assert page.evaluate(LAYOUT) == []
