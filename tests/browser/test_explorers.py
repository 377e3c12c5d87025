"""The figures that one can move, each by its controls: everybody can work them, on every screen."""

import re
from pathlib import Path

import axe_playwright_python
import pytest

from course.explorers import explorers

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Without the lab's picture, in whose letters any word may stand.
OWN_MARKUP = "(e) => e.parentElement.cloneNode(false).outerHTML + e.outerHTML"
# Leave a figure alone on its page: axe goes through all of a page, whatever part it is to judge.
# What it says of whole pages is in test_pages.py.
ALONE = """(place) => document.querySelectorAll("main *").forEach((element) => {
  if (!element.contains(place) && !place.contains(element)) element.remove();
})"""
NAMES = [explorer.name for explorer in explorers()]


@pytest.fixture(scope="module")
def places(site):
    """Return a page of the site for each figure: a lab before another page."""
    found = {}
    for path in sorted(site.rglob("*.html"), key=lambda path: path.parent.name != "notebooks"):
        for name in re.findall(r'data-explorer="(\w+)"', path.read_text(encoding="utf-8")):
            found.setdefault(name, path.relative_to(site).as_posix())
    return found


@pytest.fixture(scope="module", params=NAMES)
def figure(request, places, browser, site_url):
    """Open a figure's page once, and fail for an error on it."""
    page = browser.new_page(viewport={"width": 1024, "height": 768}, reduced_motion="reduce")
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{site_url}/{places[request.param]}")
    yield page, page.locator(f'[data-explorer="{request.param}"] > .explorer-live')
    page.close()
    assert errors == []


def ends(page, live):
    """Move each control to each of its ends, one after the other, and yield after each move."""
    for slider in live.locator("input[type=range]").all():
        start = slider.input_value()
        for end in ("min", "max"):
            slider.fill(slider.get_attribute(end))
            yield
        slider.fill(start)
    for box in live.locator("input[type=radio], input[type=checkbox]").all():
        box.click(force=True)
        yield


def test_it_has_a_name_a_sentence_and_pictures_that_say_what_they_show(figure):
    _, live = figure
    assert live.get_attribute("aria-label")
    assert live.locator(".explorer-sentence").inner_text().endswith(".")
    pictures = live.locator("svg[role], canvas[role]")
    assert pictures.count() >= 1
    for picture in pictures.all():
        assert len(picture.get_attribute("aria-label")) > 20
    assert live.locator("input").count() >= 1


def test_no_setting_shows_what_is_no_number_or_scrolls_the_page(figure):
    page, live = figure
    for width, height in ((1024, 768), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        for _ in ends(page, live):
            words = live.inner_text() + live.evaluate(OWN_MARKUP)
            assert not re.search(r"NaN|Infinity|undefined|null|∞", words)
            assert not re.search(r"\de[+-]?\d", live.inner_text())  # as a computer writes
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            parts = live.locator(":is(p, label, fieldset, figure, svg):not([hidden])")
            for at in parts.evaluate_all("(all) => all.map((e) => e.getBoundingClientRect())"):
                assert 0 <= at["left"] <= at["right"] <= width


@pytest.mark.parametrize(("width", "height"), [(1024, 768), (390, 844)])
def test_picture_and_controls_are_in_view_together(figure, width, height):
    page, live = figure
    page.set_viewport_size({"width": width, "height": height})
    top = live.locator("figure").first.bounding_box()["y"]
    panel = live.locator(".explorer-controls").bounding_box()
    room = height - 56  # the header
    assert panel["y"] + panel["height"] - top <= room


def test_the_keyboard_reaches_every_control(figure):
    page, live = figure
    page.set_viewport_size({"width": 1024, "height": 768})
    for slider in live.locator("input[type=range]").all():
        low, high = (float(slider.get_attribute(end)) for end in ("min", "max"))
        slider.focus()
        page.keyboard.press("Home")
        assert float(slider.input_value()) == low
        spoken = slider.get_attribute("aria-valuetext")
        page.keyboard.press("End")
        assert float(slider.input_value()) == pytest.approx(high)
        assert slider.get_attribute("aria-valuetext") != spoken
        assert page.evaluate("document.activeElement.id") == slider.get_attribute("id")
    for button in live.locator("button:visible").all():
        button.focus()
        assert button.evaluate("(e) => e === document.activeElement")


def test_what_it_says_is_read_out_once_after_a_pause(figure):
    page, live = figure
    slider = live.locator("input[type=range]").first
    other = "max" if slider.input_value() != slider.get_attribute("max") else "min"
    slider.fill(slider.get_attribute(other))
    status = live.locator("[role=status]")
    said = live.locator(".explorer-sentence").inner_text()
    page.wait_for_function("(e) => e.textContent !== ''", arg=status.element_handle())
    assert status.text_content() == said


def test_play_runs_to_the_end_and_can_be_paused(figure):
    page, live = figure
    play = live.locator(".explorer-play")
    if not play.count():
        pytest.skip("nothing runs by itself here")
    play.click()
    assert play.text_content() == "Pause"
    before = live.evaluate("(e) => JSON.stringify({...e.parentElement.dataset})")
    page.wait_for_function(
        "([e, before]) => JSON.stringify({...e.parentElement.dataset}) !== before",
        arg=[live.element_handle(), before],
    )
    play.click()
    assert play.text_content() == "Play"


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("name", NAMES)
def test_axe_finds_nothing_at_first_and_at_the_ends(open_page, places, name, dark):
    page = open_page(places[name], width=390, dark=dark, reduced_motion="reduce")
    page.evaluate(AXE.read_text(encoding="utf-8"))
    live = page.locator(f'[data-explorer="{name}"] > .explorer-live')
    live.evaluate(ALONE)
    found = violations(page, name)
    for slider in live.locator("input[type=range]").all():
        slider.fill(slider.get_attribute("max"))
    assert found + violations(page, name) == []


def violations(page, name):
    return page.evaluate(
        """async ([place, tags]) => (await axe.run(place, {runOnly: tags})).violations.map(
          (v) => v.id + ' ' + v.nodes.map((n) => n.target).join())""",
        [f'[data-explorer="{name}"]', TAGS],
    )


@pytest.mark.parametrize("name", NAMES)
def test_without_a_script_and_on_paper_the_labs_own_picture_stands_there(open_page, places, name):
    page = open_page(places[name], java_script_enabled=False)
    place = page.locator(f'[data-explorer="{name}"]')
    assert place.locator("img, table").first.is_visible()
    assert place.locator(".explorer-live").count() == 0
    page = open_page(places[name])
    page.emulate_media(media="print")
    place = page.locator(f'[data-explorer="{name}"]')
    assert not place.locator(".explorer-controls").is_visible()
