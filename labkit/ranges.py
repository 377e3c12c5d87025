"""A value within its range as a small picture, which stands beside the number in a table.

It is an image, with a text for those who don't see it, since JupyterLab takes drawings out of the
HTML of a notebook that was not run on this machine. Its colours stand out on white and on black.
"""

from __future__ import annotations

import html
import math
from dataclasses import dataclass
from urllib.parse import quote

WIDTH, HEIGHT = 88, 16
MARGIN = 0.12  # of the picture's width, on each side of what it must show
ALLOWED, LINE, MARK = "#00996d", "#808080", "#2a7fc9"
# Against the page's own style of figures, which are blocks on paper.
_STYLE = (
    "display: inline; background: none; padding: 0; margin: 0 0.6em 0 0; vertical-align: middle"
)


@dataclass(frozen=True)
class Window:
    """The numbers from the left edge of the picture to its right one."""

    low: float
    high: float

    def x(self, number: float) -> float:
        """Return where a number stands, in pixels; one outside stands at the edge."""
        share = (number - self.low) / (self.high - self.low)
        return round(WIDTH * min(1.0, max(0.0, share)), 1)


def picture_of_check(value: float, low: float, high: float) -> str:
    """Return the picture of a value in the open interval from `low` to `high`, as HTML.

    Where the range has one limit, its other side goes as far as the limit's distance from 0, or
    the value's.
    """
    if math.isinf(low):
        far = max(abs(high), abs(value)) or 1.0
        window = _around(min(high - far, value), high)
        words = f"{_distance(value, high)} below its limit"
    elif math.isinf(high):
        far = max(abs(low), abs(value)) or 1.0
        window = _around(low, max(low + far, value))
        words = f"{_distance(value, low)} above its limit"
    else:
        window = _around(low, high)
        words = f"{(value - low) / (high - low):.0%} of the way through its range"
    limits = [limit for limit in (low, high) if math.isfinite(limit)]
    return _image(window, (low, high), limits, (value, value, value), words)


def picture_of_verdict(mean: float, low: float, high: float, at: float) -> str:
    """Return the picture of an interval and the number that it is held against, as HTML."""
    ends = [end for end in (low, mean, high, at) if math.isfinite(end)]
    window = _around(min(ends), max(ends))
    side, allowed = f"around {at:g}", (at, at)
    if high < at:
        side, allowed = f"below {at:g}", (-math.inf, at)
    elif low > at:
        side, allowed = f"above {at:g}", (at, math.inf)
    return _image(window, allowed, [at], (low, mean, high), f"the interval lies {side}")


def _around(low: float, high: float) -> Window:
    """Return a window with a margin around two numbers, even if they are alike."""
    margin = MARGIN / (1 - 2 * MARGIN) * (high - low) or abs(low) or 1.0
    return Window(low - margin, high + margin)


def _distance(value: float, limit: float) -> str:
    """Say how far a value is from its limit, as a share of it where it has one."""
    return f"{abs(value - limit) / abs(limit):.0%}" if limit else f"{abs(value):.2g}"


def _image(
    window: Window,
    allowed: tuple[float, float],
    limits: list[float],
    interval: tuple[float, float, float],
    words: str,
) -> str:
    """Draw what is allowed as a band, its limits as strokes, and the interval with its mean."""
    left, right = (window.x(end) for end in allowed)
    low, mean, high = (window.x(number) for number in interval)
    middle = HEIGHT / 2
    marks = [
        f'<rect x="{left}" y="3" width="{right - left:.1f}" height="{HEIGHT - 6}" '
        f'fill="{ALLOWED}" fill-opacity="0.35"/>',
        f'<path d="M0 {middle}H{WIDTH}" stroke="{LINE}"/>',
        *(
            f'<path d="M{window.x(limit)} 1V{HEIGHT - 1}" stroke="{LINE}" stroke-width="2"/>'
            for limit in limits
        ),
        f'<path d="M{low} {middle}H{high}" stroke="{MARK}" stroke-width="3"/>',
        f'<circle cx="{mean}" cy="{middle}" r="4" fill="{MARK}"/>',
    ]
    size = f'width="{WIDTH}" height="{HEIGHT}"'
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{"".join(marks)}</svg>'
    source = f"data:image/svg+xml,{quote(drawing, safe=' =:/')}"
    return f'<img src="{source}" alt="{html.escape(words)}" {size} style="{_STYLE}">'
