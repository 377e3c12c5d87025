"""In the dark a figure has the ground of its page, can be read as on paper, and keeps its hues."""

import base64
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import rgb_to_hsv, to_rgb
from PIL import Image
from site_pages import listed

from labkit.style import COLORS, INK, PAPER, QUIET

LABS = [str(Path(name).with_suffix(".html")) for name in listed() if name.startswith("notebooks/")]
FIGURES = "main figure img"
# A bar that stays in view would be in the picture of what lies below it.
STILL = "#quarto-header, .quarto-secondary-nav { position: static !important; }"
GROUND = "getComputedStyle(document.body).backgroundColor.match(/[0-9]+/g).map(Number)"
HUE = 20  # degrees by which a hue may move; blue and green are 44 apart


def ground_of(page):
    return np.array(page.evaluate(GROUND)) / 255


def seen(element):
    """Return what the browser paints where an element stands: rows, columns, RGB from 0 to 1."""
    return np.asarray(Image.open(BytesIO(element.screenshot())).convert("RGB")) / 255


def contrast(colors, ground):
    """Return the contrast ratio of each colour with the ground, as WCAG 2.2 defines it."""
    one, other = (
        np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]
        + 0.05
        for c in (colors, ground)
    )
    return np.maximum(one, other) / np.minimum(one, other)


def turn(colors, others):
    """Return the angle between the hues of two arrays of colours, in degrees."""
    if not colors.size:
        return np.zeros(0)
    apart = 360 * np.abs(rgb_to_hsv(colors)[..., 0] - rgb_to_hsv(others)[..., 0])
    return np.minimum(apart, 360 - apart)


def is_near(colors, color):
    """Tell which colours are this one, as far as rounding goes."""
    return np.abs(colors - color).max(axis=-1) <= 1.5 / 255


def is_coloured(colors, least=0.2):
    return colors.max(axis=-1) - colors.min(axis=-1) > least


@pytest.fixture(scope="module")
def still_page(open_page):
    """Return a function that opens a page whose bars stay behind when it is scrolled."""

    def still_page(path, **options):
        page = open_page(path, **options)
        page.add_style_tag(content=STILL)
        return page

    return still_page


@pytest.mark.parametrize("path", LABS)
def test_every_figure_of_a_lab_is_turned(path, still_page):
    page = still_page(path, width=768)
    figures = [figure for figure in page.locator(FIGURES).all() if figure.is_visible()]
    drawings = [seen(figure) for figure in figures]
    page.emulate_media(color_scheme="dark")
    page.wait_for_function("document.documentElement.dataset.scheme === 'alternate'")
    ground, paper = ground_of(page), np.array(to_rgb(PAPER))
    for k, (figure, drawn) in enumerate(zip(figures, drawings, strict=True)):
        turned = seen(figure)
        is_paper = is_near(drawn, paper)
        assert is_paper.mean() > 0.15, f"figure {k} is on another paper"
        assert is_near(turned[is_paper], ground).mean() > 0.999, f"figure {k}: its ground"
        before, after = contrast(drawn, paper), contrast(turned, ground)
        for least in (3, 4.5):
            lost = (before >= least) & (after < least)
            assert not lost.any(), f"figure {k}: {lost.sum()} pixels have less than {least} to 1"
        coloured = is_coloured(drawn) & is_coloured(turned)
        assert (turn(drawn[coloured], turned[coloured]) <= HUE).all(), f"figure {k}: a hue"


def swatches(page, colors):
    """Put stripes of these colours in the place of a page's first figure, and return its image."""
    stripes = Image.new("RGB", (20 * len(colors), 20))
    for k, color in enumerate(colors):
        rgb = tuple(round(255 * c) for c in to_rgb(color))
        stripes.paste(rgb, (20 * k, 0, 20 * k + 20, 20))
    file = BytesIO()
    stripes.save(file, "PNG")
    source = f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
    image = page.locator(FIGURES).first
    image.evaluate("(image, src) => { image.src = src; return image.decode(); }", source)
    return image


def middles(image, count):
    return seen(image)[10, 10 : 20 * count : 20]


@pytest.mark.parametrize("by", ["the system", "Quarto's class"])
def test_each_colour_of_the_course_is_itself_on_the_page(by, still_page):
    page = still_page(LABS[0], dark=by == "the system")
    if by != "the system":
        page.evaluate("document.body.classList.add('quarto-dark')")
    colors = [*COLORS.values(), INK, QUIET, PAPER]
    turned, ground = middles(swatches(page, colors), len(colors)), ground_of(page)
    assert contrast(ground, np.ones(3)) > 15, "the page is not dark"
    assert is_near(turned[-1], ground)
    assert (contrast(turned[:-1], ground) >= 4.5).all()
    drawn = np.array([to_rgb(color) for color in COLORS.values()])
    coloured = is_coloured(drawn)
    assert coloured.sum() == len(COLORS) - 1, "all but the truth have a hue"
    assert (turn(drawn, turned[: len(drawn)])[coloured] <= HUE).all()


def test_a_photograph_and_a_printed_figure_stay_as_they_are(still_page):
    page = still_page(LABS[0], dark=True)
    colors = [COLORS["ols"], PAPER]
    image = swatches(page, colors)
    own = np.array([to_rgb(color) for color in colors])
    assert np.abs(middles(image, 2) - own).max() > 0.3
    page.emulate_media(media="print")
    assert is_near(middles(image, 2), own).all()
    page.emulate_media(media="screen")
    image.evaluate("image => { image.closest('.cell').id = 'fig-photo-slide'; }")
    assert is_near(middles(image, 2), own).all()


def test_without_a_script_the_page_and_its_figures_are_both_light(open_page):
    page = open_page(LABS[0], dark=True, java_script_enabled=False)
    assert contrast(ground_of(page), np.ones(3)) < 1.1
    # Within the picture's rounded corner.
    assert is_near(seen(page.locator(FIGURES).first)[12, 12], np.array(to_rgb(PAPER)))
