"""The course's figures in one style: the colours of the estimators, and matplotlib's settings."""

from __future__ import annotations

from typing import Any

import matplotlib as mpl
from cycler import cycler

from labkit.captions import show_captions

COLORS = {
    "ols": "#005FAF",
    "gradient descent": "#C25400",
    "network": "#00805C",
    "truth": "#222222",
    "boosted trees": "#B3488C",
}
"""The colour of each estimator: told apart by any colour vision, and dark enough for text.

They are Okabe and Ito's, darkened to a contrast of 4.5 to 1 on the figures' paper.
"""
INK, QUIET, PAPER = "#222222", "#6b6b6b", "#fdfdfb"
# On a telephone a figure this wide gets about 55 dots an inch, and 10.5 points are 8 pixels.
STYLE: dict[str, Any] = {
    "figure.figsize": (6.4, 3.7),
    "figure.dpi": 90,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "figure.constrained_layout.use": True,
    "axes.facecolor": PAPER,
    "axes.edgecolor": QUIET,
    "axes.labelcolor": INK,
    "axes.titlesize": 11,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.labelsize": 10.5,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.prop_cycle": cycler(color=list(COLORS.values())),
    "grid.color": "#e4e3dd",
    "grid.linewidth": 0.7,
    "lines.linewidth": 2.0,
    "xtick.color": QUIET,
    "ytick.color": QUIET,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
    "font.size": 10.5,
}


def use_style() -> None:
    """Set the course's figure style for this notebook; called in a lab's Setup.

    A figure is shown at half its pixels, sharp on every screen, and the caption that its cell
    states (`#| fig-cap: …`) below it.
    """
    mpl.rcParams.update(STYLE)  # type: ignore[arg-type]
    try:
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:  # not in a notebook
        return
    # Keeps the paper's colour, and all that was drawn outside the axes, in the notebook's picture.
    set_matplotlib_formats("retina", facecolor=PAPER, bbox_inches="tight")
    show_captions()
