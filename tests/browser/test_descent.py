"""Gradient descent by hand in a browser: its numbers are labkit's, and everybody can work it."""

import math
import re
from pathlib import Path

import numpy as np
import pytest

import labkit
from course.explorers.descent import RUNS, draw

DATA = draw()
MEASURE = "explorers.figures.descent.measure"
PAGE = "explorer.html"
PAGES = [PAGE, "notebooks/01-training-loop.html"]
SCALES = [0.1, 0.56, 1, 10, 100]
# As shares of the largest stable learning rate: far below, just below, at, above and far above it.
SHARES = [0.01, 0.5, 0.999, 1, 1.001, 1.7, 500]


def in_units(scale):
    return DATA.X * [1, scale]


def by_labkit(lr, steps, scale):
    """Return what `fit_linear` gives for these settings: all losses, and w where it returns one."""
    X = in_units(scale)
    try:
        w = labkit.fit_linear(X, DATA.y, lr=lr, steps=steps).params["w"]
    except labkit.TrainingDiverged:
        w = None
    try:  # the loss is noted before each update: the one after the last needs a step more
        history = labkit.fit_linear(X, DATA.y, lr=lr, steps=steps + 1).history
    except labkit.TrainingDiverged as error:
        history = error.history
    losses = history["loss"].to_numpy()
    return losses[np.isfinite(losses)], w


def put(page, **settings):
    """Move the sliders: `steps` to the number nearest, the other two to a logarithm."""
    for name, value in settings.items():
        if name == "steps":
            value = page.evaluate("explorers.figures.descent.STEPS").index(value)
        page.locator(f".explorer [name={name}]").fill(str(value))


def shown(page):
    """Return the numbers that the page holds, in full."""
    data = page.evaluate("({...document.querySelector('.explorer').dataset})")
    del data["explorer"]
    return {name: float(value) for name, value in data.items() if value != ""}


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("share", SHARES)
def test_losses_and_coefficients_are_those_of_labkit(page, scale, share):
    lr = share * labkit.largest_stable_lr(in_units(scale))
    for steps in (1, 7, 200, 1000):
        losses, w = by_labkit(lr, steps, scale)
        run = page.evaluate(
            "([lr, steps, scale], d = explorers.figures.descent) => d.descend("
            "d.rescale(d.data.X, scale), d.data.y, lr, steps)",
            [lr, steps, scale],
        )
        # What JavaScript writes without an exponent arrives as a whole number, of any length.
        np.testing.assert_allclose(np.array(run["losses"], float), losses, rtol=1e-9, atol=0)
        if w is not None:
            np.testing.assert_allclose(run["path"][-1], w, rtol=1e-9, atol=0)
        assert (w is None) == (share >= 1)


@pytest.mark.parametrize("scale", SCALES)
def test_the_limit_and_least_squares_are_those_of_labkit(page, scale):
    X = in_units(scale)
    ols = labkit.fit_ols(X, DATA.y)
    found = page.evaluate(
        "(scale) => explorers.figures.descent.measure({lr: 0.001, steps: 1, scale})", scale
    )
    np.testing.assert_allclose(found["limit"], labkit.largest_stable_lr(X), rtol=1e-12)
    np.testing.assert_allclose(
        [found["smallest"], found["largest"]], np.linalg.eigvalsh(X.T @ X / len(X)), rtol=1e-9
    )
    np.testing.assert_allclose(found["ols"]["beta"], ols.beta, rtol=1e-9)
    np.testing.assert_allclose(found["ols"]["se"], ols.se, rtol=1e-9)
    np.testing.assert_allclose(found["ols"]["loss"], np.mean(ols.residuals**2), rtol=1e-9)


@pytest.mark.parametrize(("scale", "share"), [(1, 0.02), (1, 0.9), (10, 0.5), (0.1, 0.7)])
def test_after_the_steps_that_theory_asks_for_labkit_has_arrived_and_not_before(page, scale, share):
    X = in_units(scale)
    ols = labkit.fit_ols(X, DATA.y)
    lr = share * labkit.largest_stable_lr(X)
    needed = page.evaluate(
        "([lr, scale]) => explorers.figures.descent.measure({lr, steps: 1, scale}).needed",
        [lr, scale],
    )
    gaps = [
        np.abs((labkit.fit_linear(X, DATA.y, lr=lr, steps=t).params["w"] - ols.beta) / ols.se).max()
        for t in (needed - 1, needed)
    ]
    assert gaps[1] <= 0.01 < gaps[0]


def test_no_number_of_steps_is_enough_past_the_limit_or_in_a_million(page):
    for settings in ({"lr": 0.8, "steps": 1, "scale": 1}, {"lr": 1e-5, "steps": 1, "scale": 0.1}):
        assert page.evaluate(f"(s) => {MEASURE}(s).needed", settings) is None


# The sliders hold logarithms to base ten, rounded to the three digits that they show.
@pytest.mark.parametrize(
    ("lr", "steps", "scale"),
    [(-2, 200, 0), (-0.33, 10, 0), (-0.14, 20, 0), (-2, 30, 1), (-2, 200, 2), (-1.5, 500, -1)],
)
def test_the_sliders_lead_to_the_numbers_of_labkit(page, lr, steps, scale):
    put(page, lr=lr, steps=steps, scale=scale)
    at = shown(page)
    assert at["lr"] == float(f"{10**lr:.3g}")
    assert at["steps"] == steps
    assert at["scale"] == float(f"{10**scale:.2g}")
    X = in_units(at["scale"])
    losses, w = by_labkit(at["lr"], steps, at["scale"])
    assert at["taken"] == len(losses) - 1
    np.testing.assert_allclose(at["loss"], losses[-1], rtol=1e-9)
    np.testing.assert_allclose(at["limit"], labkit.largest_stable_lr(X), rtol=1e-9)
    if w is not None:
        ols = labkit.fit_ols(X, DATA.y)
        np.testing.assert_allclose([at["w1"], at["w2"]], w, rtol=1e-9)
        np.testing.assert_allclose(at["distance"], np.linalg.norm(w - ols.beta), rtol=1e-9)
        np.testing.assert_allclose(at["gap"], np.abs((w - ols.beta) / ols.se).max(), rtol=1e-9)
    # What is written is the same number, shorter.
    cell = page.locator(".explorer td[data-loss]").inner_text()
    assert number(cell) == pytest.approx(at["loss"], rel=5e-3)
    assert f"the loss is {cell}" in page.locator(".explorer-sentence").inner_text()


def number(text):
    """Read a number as the page writes it: −1.12, 28,468, 3.21 × 10¹²."""
    head, _, exponent = text.replace("−", "-").replace(",", "").partition(" × 10")
    digits = exponent.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-"))
    return float(f"{head}e{digits or 0}")


def test_below_the_limit_the_loss_falls_and_the_path_stays(page):
    put(page, lr=-2, steps=200, scale=0)
    assert "diverges" not in page.locator(".explorer").get_attribute("class")
    assert page.locator(".explorer svg .note").count() == 0
    heights = curve(page)
    assert heights == sorted(heights), "the curve must go down, which in a picture is up in y"


def test_past_the_limit_it_visibly_diverges(page):
    put(page, lr=-0.1, steps=20, scale=0)
    at = shown(page)
    assert at["lr"] > at["limit"]
    assert "diverges" in page.locator(".explorer").get_attribute("class")
    sentence = page.locator(".explorer-sentence").inner_text()
    factor = 1 - 2 * at["lr"] / at["limit"]
    assert f"The run diverges: the learning rate {at['lr']:g} is not below" in sentence
    assert f"by {factor:.3f}".replace("-", "−") in sentence
    assert f"its part of the loss by {factor**2:.3f}" in sentence
    step = int(re.search(r"leaves the picture at step (\d+)", sentence)[1])
    assert page.locator(".explorer svg .note").text_content() == f"leaves at step {step}"
    heights = curve(page)
    assert heights == sorted(heights, reverse=True), "the curve must climb"
    frame = page.locator(".explorer svg").first.locator(".axis").first.evaluate(box)
    xs, ys = np.array(points(page, 0)).T
    outside = (xs < frame["x"]) | (xs > frame["x"] + frame["width"])
    outside |= (ys < frame["y"]) | (ys > frame["y"] + frame["height"])
    assert np.flatnonzero(outside)[0] == step


box = "(e) => { const b = e.getBBox(); return {x: b.x, y: b.y, width: b.width, height: b.height}; }"


def points(page, picture):
    """Return the points of the run that a picture draws."""
    d = page.locator(".explorer svg").nth(picture).locator(".run").get_attribute("d")
    return [tuple(map(float, at.split())) for at in d.removeprefix("M").split("L")]


def curve(page):
    return [y for _, y in points(page, 1)]


def test_no_setting_shows_an_infinity_or_what_is_not_a_number(page):
    seen = set()
    for lr in (-5, -2, 0, 0.5):
        for scale in (-1, 0, 1, 2):
            for steps in (1, 5000):
                put(page, lr=lr, steps=steps, scale=scale)
                html = page.locator(".explorer").evaluate("(e) => e.outerHTML")
                found = re.findall(r"NaN|Infinity|undefined|null|∞", html)
                text = page.locator(".explorer").inner_text()
                found += re.findall(r"\de[+-]?\d", text)  # as a computer writes
                assert not found, (lr, steps, scale, found)
                drawn = page.locator(".explorer svg").evaluate_all(
                    "(p) => p.map((e) => e.innerHTML)"
                )
                assert not re.search(r"\de[+-]?\d", "".join(drawn)), "no browser draws that far"
                seen.add("too large for the computer" in html)
    assert seen == {True, False}


def test_a_click_on_the_mark_sets_the_limit(page):
    for scale in (-1, 0, 1.5):
        put(page, lr=-5, scale=scale)  # a click on the thumb itself would not move it
        mark = page.locator(".explorer-mark")
        at = mark.bounding_box()
        turned = "turned" in mark.get_attribute("class")
        slider = page.locator(".explorer [name=lr]").bounding_box()
        page.mouse.click(
            at["x"] + (at["width"] - 1 if turned else 1), slider["y"] + slider["height"] / 2
        )
        now = shown(page)
        # A pixel is about a hundredth of a decade.
        assert math.log10(now["lr"] / now["limit"]) == pytest.approx(0, abs=0.02)


def test_the_keyboard_is_enough(page):
    put(page, lr=-2, steps=200, scale=0)
    page.locator(".explorer [name=lr]").focus()
    page.keyboard.press("ArrowRight")
    assert shown(page)["lr"] == 0.0102
    page.keyboard.press("Tab")
    page.keyboard.press("Home")
    assert shown(page)["steps"] == 1
    page.keyboard.press("Tab")
    page.keyboard.press("End")
    assert shown(page)["scale"] == 100
    page.keyboard.press("Tab")  # Play
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # Start again
    at = shown(page)
    assert (at["lr"], at["steps"], at["scale"]) == (0.603, 20, 1)
    assert page.evaluate("document.activeElement.textContent") == "Start again"


def test_each_slider_has_a_name_and_says_its_value_in_words(page):
    put(page, lr=-0.1, steps=1, scale=1)
    names = ["Learning rate", "Steps", "Scale of feature 2"]
    spoken = [page.get_by_label(name, exact=True).get_attribute("aria-valuetext") for name in names]
    assert spoken == [
        "0.794, not below the largest stable rate, 0.01177",
        "1 step",
        "feature 2 times 10",
    ]


def test_a_screen_reader_is_told_once_after_a_pause(page):
    # All moves in one breath of the browser, so that a slow machine changes nothing.
    at_once = page.evaluate(
        """() => {
          window.announced = [];
          const started = performance.now();
          const status = document.querySelector(".explorer [role=status]");
          const slider = document.querySelector(".explorer [name=lr]");
          new MutationObserver(() => {
            if (!status.textContent) return;
            announced.push(status.textContent);
            window.paused = performance.now() - started;
          }).observe(status, {childList: true});
          for (const lr of [-1.9, -1.8, -1.7, -1.6]) {
            slider.value = lr;
            slider.dispatchEvent(new Event("input", {bubbles: true}));
          }
          return status.textContent;
        }"""
    )
    assert at_once == ""
    page.wait_for_function("announced.length > 0")
    assert page.evaluate("paused") > 400
    assert page.evaluate("announced") == [page.locator(".explorer-sentence").inner_text()]


def test_the_pictures_say_what_they_show(page):
    put(page, lr=-2, steps=30, scale=1)
    pictures = page.get_by_role("img", name=re.compile("loss"))
    paths, losses = (pictures.nth(i).get_attribute("aria-label") for i in (0, 1))
    at = shown(page)
    assert f"{math.sqrt(at['largest'] / at['smallest']):.2f} times as long" in paths
    assert f"leads to ({at['w1']:.3g}, " in paths
    assert "from side to side" in paths
    assert f"to {at['loss']:.4g} after 30 steps" in losses


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("width", [1280, 390])
def test_no_setting_makes_the_page_scroll_sideways(open_page, path, width):
    page = open_page(path, width=width, dark=False)
    for lr, scale in ((-2, 0), (0.5, 2), (-1.1, -1)):
        put(page, lr=lr, scale=scale)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        parts = page.locator(".explorer-live :is(p, label, input, figure, svg, .explorer-mark)")
        for at in parts.evaluate_all("(all) => all.map((e) => e.getBoundingClientRect())"):
            assert 0 <= at["left"] < at["right"] <= width


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_when_it_converges_and_when_it_diverges(open_page, width, dark):
    page = open_page("explorer.html", width=width, dark=dark)
    assert axe(page) == []
    put(page, lr=0.5, scale=2)
    assert axe(page) == []


def axe(page):
    """Return what axe finds in the explorer, rule and element."""
    import axe_playwright_python

    script = Path(axe_playwright_python.__file__).with_name("axe.min.js")
    if not page.evaluate("'axe' in window"):
        page.evaluate(script.read_text(encoding="utf-8"))
    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = page.evaluate(
        "async (tags) => (await axe.run('.explorer', {runOnly: tags})).violations.map("
        "(v) => v.id + ' ' + v.nodes.map((n) => n.target).join())",
        tags,
    )
    return list(found)


def test_without_javascript_a_sentence_and_a_table_stand_in_its_place(open_page):
    page = open_page("explorer.html", java_script_enabled=False)
    place = page.locator(".explorer")
    assert "Without it, here are some of its runs" in place.inner_text()
    assert place.locator("tbody tr").count() == len(RUNS)
    assert place.locator("input").count() == 0


@pytest.mark.parametrize("path", PAGES)
def test_it_works_from_a_file(browser, site, path):
    page = browser.new_page()
    errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto((site / path).as_uri())
    put(page, lr=-0.33, steps=10)
    at = shown(page)
    losses, _ = by_labkit(at["lr"], 10, 1)
    assert at["loss"] == pytest.approx(losses[-1], rel=1e-9)
    assert errors == []
    page.close()
