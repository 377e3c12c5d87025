"""Figures and a table that lab 1 alone shows, too long to be read there.

Each figure is drawn on given axes and returned; what it can't draw rightly it refuses before it
touches them. `labkit.graph` has that of lab 2, which needs torch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import cycle
from typing import TYPE_CHECKING, Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import LogLocator, NullFormatter
from numpy.typing import ArrayLike, NDArray

from labkit.drawable import (
    axes_or_current,
    estimators_of,
    labels_of,
    level_of,
    losses_of,
    named,
    numbers_of,
    require_frame,
    require_one_metric,
    standard_errors_of,
    text,
)
from labkit.inputs import Floats, as_vector, positive, require_same_order
from labkit.ols import OLSResults
from labkit.result import Fit
from labkit.style import COLORS, INK, QUIET

if TYPE_CHECKING:
    import pandas as pd

_ROUNDING = 1e-13  # of a number; what is left below it of a sum with it is rounding error


def compare_coefficients(ols: OLSResults, **others: ArrayLike) -> pd.DataFrame:
    """Put estimates of the same coefficients beside least squares.

    Parameters
    ----------
    ols : OLSResults
        The reference.
    **others : array_like or mapping, shape (p,)
        The other estimates or the truth, under the names that the columns are to have. A Series
        or a mapping must name the coefficients as `ols` does, in its order; a Series with the
        index 0, 1, 2, … that pandas gives has no names.

    Returns
    -------
    DataFrame
        A row for each coefficient: `ols`, `ols_se`, each of the others and, as `…_gap`, its
        difference from OLS in OLS standard errors.

    Raises
    ------
    ValueError
        If an estimate hasn't the p entries that `ols` has, or has other names, or the same in
        another order; if its own name is that of another column, or ends in "_gap"; if `ols`
        fits perfectly, so that a gap would be divided by zero.
    TypeError
        If `ols` is no OLSResults, or an estimate is not a vector of real numbers.

    Examples
    --------
    >>> from labkit import fit_ols, make_linear
    >>> from labkit.figures import compare_coefficients
    >>> data = make_linear(200, 4, rng=0)
    >>> table = compare_coefficients(fit_ols(data.X, data.y), truth=data.beta)
    >>> list(table.columns)
    ['ols', 'ols_se', 'truth', 'truth_gap']
    """
    import pandas as pd

    if not isinstance(ols, OLSResults):
        raise TypeError(f"ols must be what fit_ols returns, not of type {type(ols).__name__}.")
    if others and _fits_perfectly(ols):
        raise ValueError(
            "ols fits perfectly: its standard errors are rounding errors, and gaps in standard "
            "errors have no meaning. Compare the coefficients themselves with ols.beta."
        )
    columns: dict[str, Floats] = {"ols": ols.beta, "ols_se": ols.se}
    for name, estimate in others.items():
        if name == "ols_se" or name.endswith("_gap"):  # a second `ols` is Python's own error
            raise ValueError(
                f"no estimate may be called {name!r}: 'ols_se' and names that end in '_gap' are "
                "those of the columns that compare_coefficients adds."
            )
        values = _as_coefficients(estimate, ols, name)
        columns[name] = values
        columns[f"{name}_gap"] = (values - ols.beta) / ols.se
    return pd.DataFrame(columns, index=pd.Index(ols.names, name="coefficient"))


def _fits_perfectly(ols: OLSResults) -> bool:
    """Tell whether the residuals are rounding errors of the terms that they are sums of.

    Where columns nearly cancel, the standard errors are large, and made of rounding all the same.
    """
    error = np.sqrt(ols.residual_variance)
    precise = ols.se <= _ROUNDING * np.abs(ols.beta)
    return bool(error <= _ROUNDING * ols.largest_term or precise.any())


def _as_coefficients(estimate: Any, ols: OLSResults, name: str) -> Floats:
    """Return an estimate as a vector in the order of `ols`, held to its names if it has any."""
    if hasattr(estimate, "columns"):
        raise TypeError(f"{name} is a table: give one column of it, or one row by {name}.loc[…].")
    names: list[Any] | None = None
    if isinstance(estimate, Mapping):
        names, estimate = list(estimate), list(estimate.values())
    elif hasattr(estimate, "index") and hasattr(estimate, "to_numpy"):
        names = list(estimate.index)
    vector = as_vector(estimate, len(ols.beta), name)
    if names is None:
        return vector
    require_same_order(names, ols.names, name)
    if names == list(range(len(names))):  # pandas' way to say that there are none
        return vector
    for j, (given, known) in enumerate(zip(names, ols.names, strict=True)):
        if str(given) != known:
            raise ValueError(
                f"{name} has other names than ols: entry {j} (counted from 0) is {str(given)!r}, "
                f"and in ols {known!r}. Rename it, or give an array, which goes by position."
            )
    return vector


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
        validation loss is drawn dashed. A loss that is not finite leaves a gap.
    ax : Axes, optional
        Where to draw; the current axes where None.
    levels : mapping of str to float, optional
        Losses to compare with, drawn as dashed horizontal lines with their names.
    log : bool
        Whether the loss has a logarithmic axis.
    unit : str
        The unit of the loss, for the axis.
    """
    if not isinstance(log, bool | np.bool_):
        raise TypeError(f"log must be True or False, not {log!r} of type {type(log).__name__}.")
    drawn = {name: losses_of(fit, name, log) for name, fit in named(fits, "fits").items()}
    if not drawn:
        raise ValueError("fits is empty: give at least one fit under its name.")
    heights = named({} if levels is None else levels, "levels")
    heights = {name: level_of(height, name, log) for name, height in heights.items()}
    unit = text(unit, "unit")
    ax = axes_or_current(ax)
    ax.set_yscale("log" if log else "linear")
    last = 2  # a level has a length also beside a single epoch
    for (name, losses), color in zip(drawn.items(), _colors(list(drawn)), strict=True):
        for column, dashes in (("loss", "-"), ("val_loss", "--")):
            if column in losses:
                ax.plot(
                    losses.index, losses[column], dashes, color=color,
                    marker="o", markevery=_alone(losses[column]),
                )  # fmt: skip
        end = losses["loss"].dropna()
        _label(ax, end.index[-1], end.iloc[-1], name, color=color, fontweight="bold")
        last = max(last, losses.index[-1])
    for name, height in heights.items():
        ax.plot([1, last], [height, height], "--", lw=1.2, color=INK)
        _label(ax, 1, height, name, color=INK, xytext=(0, 3), va="bottom")
    if log:  # 0.2, 0.5, 1 are read more easily than powers of ten
        ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        ax.yaxis.set_major_formatter("{x:g}")
        ax.yaxis.set_minor_formatter(NullFormatter())
    ax.set_xlabel("epoch")
    ax.set_ylabel(f"training loss ({unit})" if unit else "training loss", parse_math=False)
    return ax


def plot_coefficients(
    comparison: pd.DataFrame, *, ax: Axes | None = None, width: float = 1.96
) -> Axes:
    """Draw how far OLS, with its intervals, and other estimates lie from the true coefficients.

    Distances rather than values, because coefficients of very different size can then be
    compared on one axis.

    Parameters
    ----------
    comparison : DataFrame
        As `compare_coefficients` gives it, with a column `truth`. Each other column is an
        estimate, apart from NAME_gap beside a column NAME.
    ax : Axes, optional
        Where to draw; the current axes where None.
    width : float
        Half width of the intervals in standard errors; 1.96 makes them 95 % intervals.
    """
    require_frame(comparison, "comparison", "compare_coefficients(ols, …)", ("ols", "ols_se"))
    if "truth" not in comparison:
        raise ValueError("comparison has no column 'truth'; pass truth=… to compare_coefficients.")
    width = positive(width, "width")
    truth, ols = (numbers_of(comparison, "comparison", name) for name in ("truth", "ols"))
    error = width * standard_errors_of(comparison, "comparison", "ols_se")
    gaps = {f"{name}_gap" for name in comparison if name not in ("ols", "ols_se")}
    others = [name for name in comparison if name not in {"ols", "ols_se", "truth", *gaps}]
    labels = labels_of(others, "comparison")
    estimates = [numbers_of(comparison, "comparison", name) for name in others]
    ax = axes_or_current(ax)
    rows = range(len(comparison))
    ax.axvline(0, color=INK, lw=1)
    ax.errorbar(
        ols - truth, rows, xerr=error, fmt="o", ms=5, capsize=3, color=COLORS["ols"],
        label=f"OLS ± {width:g} standard errors",
    )  # fmt: skip
    colors = _colors(labels, taken=[COLORS["ols"]])
    for label, values, color in zip(labels, estimates, colors, strict=True):
        ax.plot(values - truth, rows, "D", ms=5, color=color, label=label)
    features = [f"{n} ({t:g})" for n, t in zip(comparison.index, truth, strict=True)]
    ax.set_yticks(list(rows), features, parse_math=False)
    ax.yaxis.set_inverted(True)
    ax.set_xlabel("estimate minus true coefficient")
    ax.set_ylabel("feature (true coefficient)")
    legend = ax.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2)
    for entry in legend.get_texts():
        entry.set_parse_math(False)
    return ax


def plot_study(
    summary: pd.DataFrame, *, ax: Axes | None = None, width: float = 1.96, label: str = "mean"
) -> Axes:
    """Draw the mean of each estimator with its Monte Carlo interval, and its value beside it.

    Parameters
    ----------
    summary : DataFrame
        Rows of `Study.summary()`, with one metric. The level of the index, or the column,
        `estimator` names the estimators; where there is none, the index's first level does.
    ax : Axes, optional
        Where to draw; the current axes where None.
    width : float
        Half width of the intervals in Monte Carlo standard errors.
    label : str
        What the mean is of, with its unit.
    """
    require_frame(summary, "summary", "study.summary()", ("mean", "mcse"))
    require_one_metric(summary)
    names = estimators_of(summary)
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"summary has more than one row for {', '.join(twice)}: choose one each.")
    width, label = positive(width, "width"), text(label, "label")
    means = numbers_of(summary, "summary", "mean")
    errors = width * standard_errors_of(summary, "summary", "mcse")
    ax = axes_or_current(ax)
    for row, (name, mean, error) in enumerate(zip(names, means, errors, strict=True)):
        color = COLORS.get(name.split(",")[0].lower(), QUIET)
        ax.errorbar(mean, row, xerr=error, fmt="o", color=color, ms=6, capsize=3)
        value = f"{mean:.4f}" if mean == 0 or abs(mean) >= 0.001 else f"{mean:.2g}"
        ax.annotate(value, (mean, row), xytext=(0, 9), textcoords="offset points", ha="center")
    ax.set_yticks(range(len(names)), names, parse_math=False)
    ax.set_ylim(len(names) - 0.5, -0.6)
    ax.set_xlabel(f"{label} (mean ± {width:g} Monte Carlo s.e.)", parse_math=False)
    return ax


def _colors(names: Sequence[str], taken: Sequence[str] = ()) -> list[str]:
    """Give names in `COLORS` their colour, and the others such as mean nobody else here."""
    taken = [*taken, *(COLORS[name] for name in names if name in COLORS)]
    every = mpl.rcParams["axes.prop_cycle"].by_key().get("color", [])
    spare = cycle([color for color in every if color not in taken] or [QUIET])
    return [COLORS[name] if name in COLORS else next(spare) for name in names]


def _alone(values: pd.Series) -> NDArray[np.intp]:
    """Return where a number has none beside it: no line goes there, and it would not be seen."""
    seen = np.pad(values.notna().to_numpy(), 1)
    return np.flatnonzero(seen[1:-1] & ~seen[:-2] & ~seen[2:])


def _label(ax: Axes, x: float, y: float, words: str, **options: Any) -> None:
    """Write a label beside a point, as it stands, just right of it where nothing else is said."""
    place = {"xytext": (5, 0), "textcoords": "offset points", "va": "center"}
    ax.annotate(words, (x, y), annotation_clip=False, parse_math=False, **(place | options))
