"""The figures, in one style: each function draws on given axes and returns them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from cycler import cycler
from matplotlib.axes import Axes

from labkit.result import Fit

if TYPE_CHECKING:
    import pandas as pd

# Okabe and Ito's palette, which readers with any colour vision can tell apart
COLORS = {
    "ols": "#0072B2",
    "gradient descent": "#D55E00",
    "network": "#009E73",
    "truth": "#222222",
    "other": "#CC79A7",
}
INK, QUIET, PAPER = "#222222", "#6b6b6b", "#fdfdfb"
STYLE: dict[str, Any] = {
    "figure.figsize": (7.2, 4.0),
    "figure.dpi": 160,
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
    "font.size": 10,
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
    fits: Mapping[str, Fit], *, ax: Axes | None = None, log: bool = False, unit: str = ""
) -> Axes:
    """Draw the training loss of each fit against the epoch, each line labelled at its end.

    Parameters
    ----------
    fits : mapping of str to Fit
        The fits under the names they shall have; names in `COLORS` get their colour. A
        validation loss is drawn dashed.
    ax : Axes, optional
        Where to draw; the current axes where None.
    log : bool
        Whether the loss has a logarithmic axis.
    unit : str
        The unit of the loss, for the axis.

    Returns
    -------
    Axes
    """
    ax = ax or plt.gca()
    for name, fit in fits.items():
        loss = fit.history["loss"]
        (line,) = ax.plot(loss.index, loss, color=COLORS.get(name))
        label_end(ax, loss.index[-1], loss.iloc[-1], name, line.get_color())
        if "val_loss" in fit.history:
            ax.plot(loss.index, fit.history["val_loss"], "--", color=line.get_color())
    ax.set_xlabel("epoch")
    ax.set_ylabel(f"training loss ({unit})" if unit else "training loss")
    ax.set_yscale("log" if log else "linear")
    return ax


def label_end(ax: Axes, x: float, y: float, text: str, color: Any) -> None:
    """Write a label just right of a point, in its line's colour."""
    ax.annotate(
        text, (x, y), xytext=(5, 0), textcoords="offset points", va="center",
        color=color, fontweight="bold", annotation_clip=False,
    )  # fmt: skip


def plot_coefficients(
    comparison: pd.DataFrame, *, ax: Axes | None = None, width: float = 1.96
) -> Axes:
    """Draw OLS estimates with their intervals, and the other estimates beside them.

    Parameters
    ----------
    comparison : DataFrame
        As `compare_coefficients` gives it.
    ax : Axes, optional
        Where to draw; the current axes where None.
    width : float
        Half width of the intervals in standard errors; 1.96 makes them 95 % intervals.

    Returns
    -------
    Axes
    """
    ax = ax or plt.gca()
    rows = range(len(comparison))
    ax.errorbar(
        comparison["ols"], rows, xerr=width * comparison["ols_se"], fmt="o", ms=5, capsize=3,
        color=COLORS["ols"], label=f"OLS ± {width:g} standard errors",
    )  # fmt: skip
    columns = [str(c) for c in comparison]
    others = [c for c in columns if not c.startswith("ols") and not c.endswith("_gap")]
    markers = {"truth": "|", "gradient_descent": "D"}
    for name in others:
        words = name.replace("_", " ")
        ax.plot(
            comparison[name], rows, markers.get(name, "s"), color=COLORS.get(words),
            ms=16 if name == "truth" else 5, mew=1.8 if name == "truth" else 1, ls="", label=words,
        )  # fmt: skip
    ax.set_yticks(list(rows), list(comparison.index))
    ax.invert_yaxis()
    ax.set_xlabel("coefficient (change in y for one unit of x)")
    ax.legend(loc="best")
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
        color = COLORS.get(name.split(",")[0].lower(), COLORS["other"])
        ax.errorbar(mean, row, xerr=width * mcse, fmt="o", color=color, ms=6, capsize=3)
        ax.annotate(
            f"{mean:.4f}", (mean, row), xytext=(0, 9), textcoords="offset points", ha="center"
        )
    ax.set_yticks(range(len(names)), names)
    ax.set_ylim(len(names) - 0.5, -0.6)
    ax.set_xlabel(f"{label}, with its Monte Carlo interval (± {width:g} standard errors)")
    return ax
