"""The fonts of the site: few bytes, each with its licence and its history, each used."""

import re

import pytest

from course import ROOT
from course.site.fonts import FIRST, FONTS, copy_fonts, preload_font
from course.site.html import parse

NAMES = sorted(path.name for path in FONTS.glob("*.woff2"))
STYLES = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "styles").glob("*.css"))
PAGE = '<head><link rel="stylesheet" href="a.css"><link rel="stylesheet" href="b.css"></head>'


def test_all_fonts_together_weigh_less_than_250_kilobytes():
    assert FIRST in NAMES
    assert sum((FONTS / name).stat().st_size for name in NAMES) < 250_000


def test_each_font_is_used_and_each_that_is_used_is_there():
    assert {*re.findall(r"fonts/([\w-]+\.woff2)", STYLES)} == {*NAMES}


@pytest.mark.parametrize("name", NAMES)
def test_a_font_has_its_history_beside_it_and_shows_text_while_it_is_fetched(name):
    assert f"`{name}`" in (FONTS / "README.md").read_text(encoding="utf-8")
    (face,) = re.findall(rf"@font-face {{[^}}]*/{name}[^}}]*}}", STYLES)
    assert "font-display: swap" in face


def test_the_licences_go_where_the_fonts_go(tmp_path):
    copy_fonts(tmp_path)
    copied = {path.name for path in (tmp_path / "styles" / "fonts").iterdir()}
    assert {"OFL.txt", "GUST-FONT-LICENSE.txt", *NAMES} <= copied


def test_a_page_asks_for_its_first_font_before_any_style_sheet(tmp_path):
    page = parse(PAGE)
    for _ in range(2):  # a second run changes nothing
        preload_font(page, tmp_path / "notebooks" / "a.html", tmp_path)
    assert [element.name for element in page.head] == ["script", "link", "link"]
    assert f'"../styles/fonts/{FIRST}"' in page.script.string
