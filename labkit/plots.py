"""The figures, in one style: each function draws on given axes and returns them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter

from labkit.result import Fit

if TYPE_CHECKING:
    import pandas as pd

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
    "figure.dpi": 180,
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
    """Set the course's figure style for this notebook; called in a lab's Setup."""
    mpl.rcParams.update(STYLE)  # type: ignore[arg-type]
    try:
        from matplotlib_inline.backend_inline import set_matplotlib_formats
    except ImportError:  # not in a notebook
        return
    # Keeps the paper's colour, and all that was drawn outside the axes, in the notebook's picture.
    set_matplotlib_formats("png", facecolor=PAPER, bbox_inches="tight")


def plot_history(
    fits: Mapping[str, Fit],
    *,
    ax: Axes | None = None,
    levels: Mapping[str, float] | None = None,
    log: bool = False,
    unit: str = "",
) -> Axes:
    """Draw the training loss of each fit against the epoch, each line labelled at its end.

    Parameters
    ----------
    fits : mapping of str to Fit
        The fits under the names that they are to have; names in `COLORS` get their colour. A
        validation loss is drawn dashed.
    ax : Axes, optional
        Where to draw; the current axes where None.
    levels : mapping of str to float, optional
        Losses to compare with, drawn as dashed horizontal lines with their names.
    log : bool
        Whether the loss has a logarithmic axis.
    unit : str
        The unit of the loss, for the axis.

    Returns
    -------
    Axes
    """
    ax = ax or plt.gca()
    ax.set_yscale("log" if log else "linear")
    last = 1
    for name, fit in fits.items():
        loss = fit.history["loss"]
        (line,) = ax.plot(loss.index, loss, color=COLORS.get(name))
        _label(ax, loss.index[-1], loss.iloc[-1], name, color=line.get_color(), fontweight="bold")
        if "val_loss" in fit.history:
            ax.plot(loss.index, fit.history["val_loss"], "--", color=line.get_color())
        last = max(last, len(loss))
    for name, level in (levels or {}).items():
        ax.plot([1, last], [level, level], "--", lw=1.2, color=INK)
        _label(ax, 1, level, name, color=INK, xytext=(0, 3), va="bottom")
    if log:  # 0.2, 0.5, 1 are read more easily than powers of ten
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel("epoch")
    ax.set_ylabel(f"training loss ({unit})" if unit else "training loss")
    return ax


def _label(ax: Axes, x: float, y: float, text: str, **options: Any) -> None:
    """Write a label beside a point, just right of it where nothing else is said."""
    place = {"xytext": (5, 0), "textcoords": "offset points", "va": "center"}
    ax.annotate(text, (x, y), annotation_clip=False, **(place | options))


def plot_coefficients(
    comparison: pd.DataFrame, *, ax: Axes | None = None, width: float = 1.96
) -> Axes:
    """Draw how far OLS, with its intervals, and other estimates lie from the true coefficients.

    Distances rather than values, because coefficients of very different size can then be
    compared on one axis.

    Parameters
    ----------
    comparison : DataFrame
        As `compare_coefficients` gives it, with a column `truth`.
    ax : Axes, optional
        Where to draw; the current axes where None.
    width : float
        Half width of the intervals in standard errors; 1.96 makes them 95 % intervals.

    Returns
    -------
    Axes

    Raises
    ------
    ValueError
        If the comparison has no truth.
    """
    if "truth" not in comparison:
        raise ValueError("comparison has no column 'truth'; pass truth=… to compare_coefficients.")
    ax = ax or plt.gca()
    truth, rows = comparison["truth"], range(len(comparison))
    ax.axvline(0, color=INK, lw=1)
    ax.errorbar(
        comparison["ols"] - truth, rows, xerr=width * comparison["ols_se"], fmt="o", ms=5,
        capsize=3, color=COLORS["ols"], label=f"OLS ± {width:g} standard errors",
    )  # fmt: skip
    columns = [str(c) for c in comparison]
    for name in columns:
        if name.startswith("ols") or name.endswith("_gap") or name == "truth":
            continue
        words = name.replace("_", " ")
        ax.plot(comparison[name] - truth, rows, "D", ms=5, color=COLORS.get(words), label=words)
    ax.set_yticks(list(rows), [f"{n} ({t:g})" for n, t in zip(truth.index, truth, strict=True)])
    ax.invert_yaxis()
    ax.set_xlabel("estimate minus true coefficient")
    ax.set_ylabel("feature (true coefficient)")
    ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
    return ax


def plot_study(
    summary: pd.DataFrame, *, ax: Axes | None = None, width: float = 1.96, label: str = "mean"
) -> Axes:
    """Draw the mean of each estimator with its Monte Carlo interval, and its value beside it.

    Parameters
    ----------
    summary : DataFrame
        Rows of `Study.summary()`, with one metric; the index's first level names the estimators.
    ax : Axes, optional
        Where to draw; the current axes where None.
    width : float
        Half width of the intervals in Monte Carlo standard errors.
    label : str
        What the mean is of, with its unit.

    Returns
    -------
    Axes
    """
    ax = ax or plt.gca()
    names = [str(i[0]) if isinstance(i, tuple) else str(i) for i in summary.index]
    for row, (name, mean, mcse) in enumerate(
        zip(names, summary["mean"], summary["mcse"], strict=True)
    ):
        color = COLORS.get(name.split(",")[0].lower(), QUIET)
        ax.errorbar(mean, row, xerr=width * mcse, fmt="o", color=color, ms=6, capsize=3)
        ax.annotate(
            f"{mean:.4f}", (mean, row), xytext=(0, 9), textcoords="offset points", ha="center"
        )
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.6)
    ax.set_xlabel(f"{label} (mean ± {width:g} Monte Carlo s.e.)")
    return ax
