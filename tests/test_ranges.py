"""The picture of a value in its range: everything stands where its number says."""

import math
import re
from urllib.parse import unquote

import pytest
from bs4 import BeautifulSoup

from labkit import Checks, Interval
from labkit.ranges import WIDTH, picture_of_check, picture_of_verdict
from labkit.report import Table

INF = math.inf


class Drawn:
    """A picture as a browser reads it: places in pixels."""

    def __init__(self, image):
        self.image = BeautifulSoup(image, "html.parser").img
        kind, _, drawing = self.image["src"].partition(",")
        assert kind == "data:image/svg+xml"
        svg = BeautifulSoup(unquote(drawing), "html.parser")
        band = svg.rect
        self.left = float(band["x"])
        self.right = self.left + float(band["width"])
        self.dot = float(svg.circle["cx"])
        paths = [path["d"] for path in svg.find_all("path")]
        self.limits = [float(m[1]) for d in paths if (m := re.match(r"M([\d.]+) 1V", d))]
        low, high = re.fullmatch(r"M([\d.]+) [\d.]+H([\d.]+)", paths[-1]).groups()
        self.low, self.high = float(low), float(high)

    @property
    def alt(self):
        return self.image["alt"]


@pytest.mark.parametrize(("value", "share"), [(0.9, 0), (0.95, 0.25), (1.0, 0.5), (1.1, 1)])
def test_between_two_limits_the_dot_stands_at_the_values_share_of_the_band(value, share):
    drawn = Drawn(picture_of_check(value, 0.9, 1.1))
    assert drawn.limits == [drawn.left, pytest.approx(drawn.right)]
    assert 0 < drawn.left < drawn.right < WIDTH
    assert drawn.dot == pytest.approx(drawn.left + share * (drawn.right - drawn.left), abs=0.15)
    assert drawn.alt == f"{share:.0%} of the way through its range"


@pytest.mark.parametrize(
    ("value", "limit", "alt"),
    [
        (2.1, 3, "30% below its limit"),
        (1e-13, 1e-9, "100% below its limit"),
        (-4, 3, "233% below its limit"),
        (-4, 0, "4 below its limit"),
        (-0.1234, 0, "0.12 below its limit"),
        (-4, -3, "33% below its limit"),
    ],
)
def test_below_a_limit_the_band_is_open_to_the_left_and_the_dot_lies_in_it(value, limit, alt):
    drawn = Drawn(picture_of_check(value, -INF, limit))
    assert drawn.left == 0
    assert drawn.limits == [pytest.approx(drawn.right)]
    assert 0 < drawn.dot < drawn.right < WIDTH
    assert drawn.alt == alt
    mirrored = Drawn(picture_of_check(-value, -limit, INF))
    assert mirrored.right == WIDTH
    assert mirrored.dot == pytest.approx(WIDTH - drawn.dot, abs=0.15)
    assert mirrored.limits == [pytest.approx(WIDTH - drawn.limits[0], abs=0.15)]
    assert mirrored.alt == alt.replace("below", "above")


def test_a_value_twice_as_near_to_its_limit_is_drawn_twice_as_near():
    far, near = (Drawn(picture_of_check(v, -INF, 3)) for v in (1, 2))
    assert far.limits[0] - far.dot == pytest.approx(2 * (near.limits[0] - near.dot), abs=0.3)


@pytest.mark.parametrize(
    ("interval", "at", "side"),
    [
        ((0.5, 0.1, 0.9), 0, "above 0"),
        ((0.8, 0.7, 0.9), 1, "below 1"),
        ((0.2, -0.1, 0.6), 0, "around 0"),
        ((-0.2, -0.6, 0.1), 0, "around 0"),
        ((0.2, -INF, INF), 0, "around 0"),
        ((3.0, 3.0, 3.0), 0, "above 0"),
        ((0.0, 0.0, 0.0), 0, "around 0"),
    ],
)
def test_a_verdict_shows_its_interval_and_the_side_that_it_lies_on(interval, at, side):
    mean, low, high = interval
    drawn = Drawn(picture_of_verdict(mean, low, high, at))
    (limit,) = drawn.limits
    assert drawn.low <= drawn.dot <= drawn.high
    assert (drawn.low > limit, drawn.high < limit) == (low > at, high < at)
    inside = drawn.left < drawn.right and drawn.left <= drawn.low and drawn.high <= drawn.right
    assert inside is (low > at or high < at)
    assert drawn.alt == f"the interval lies {side}"
    if math.isinf(low):
        assert (drawn.low, drawn.high) == (0, WIDTH)


def test_the_tables_of_checks_have_a_picture_a_row_beside_the_text_and_print_none():
    checks = Checks()
    checks.add("gap", 2.1, below=3)
    words = {"below": "trees", "above": "network", "rule": "Student"}
    checks.verdict("gain", Interval(0.5, 0.1, 0.9), "network", **words)
    for table, texts in (
        (checks.report(), ["below 3", "network"]),
        (checks.verdicts(), ["0.10 to 0.90"]),
    ):
        rows = BeautifulSoup(table._repr_html_(), "html.parser").tbody.find_all("tr")
        cells = [row.find_all(["th", "td"])[2] for row in rows]
        assert [cell.get_text() for cell in cells] == texts
        assert [len(row.find_all("img")) for row in rows] == [1] * len(rows)
        assert all(cell.img["alt"] for cell in cells)
        assert "img" not in str(table)


def test_only_the_picture_of_a_table_is_taken_as_html():
    table = Table(["a", "b"], [["<i>", "<b>"]], pictures=["<img>"], pictured=1)
    assert '<img><span style="white-space: nowrap">&lt;b&gt;</span></td>' in table._repr_html_()


@pytest.mark.parametrize("paper", ["#ffffff", "#111111"])
def test_its_colours_stand_out_on_white_and_on_black(paper):
    def luminance(color):
        parts = [int(color[k : k + 2], 16) / 255 for k in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    from labkit.ranges import ALLOWED, LINE, MARK

    for color in (ALLOWED, LINE, MARK):
        dark, light = sorted(luminance(c) + 0.05 for c in (color, paper))
        assert light / dark >= 3, color
