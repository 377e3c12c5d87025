"""What can't be drawn rightly is refused, with the mend, before the axes are touched."""

import re
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

mpl.use("Agg")
import matplotlib.pyplot as plt

from labkit import fit_linear, make_linear, run_study
from labkit.figures import plot_coefficients, plot_history, plot_study
from labkit.result import as_history

DATA = make_linear(20, 3, rng=0)
FIT = fit_linear(DATA.X, DATA.y, steps=3)
TABLE = pd.DataFrame(
    {"ols": [1.0, 2.0], "ols_se": [0.1, 0.2], "truth": [1.0, 1.5], "ridge": [0.9, 1.9]},
    index=["x1", "x2"],
)
STUDY = run_study(
    lambda rng: rng.normal(size=9),
    {"mean": lambda d, _: {"bias": d.mean(), "rmse": abs(d.mean())}, "first": lambda d, _: d[0]},
    replicates=3,
)
ONE = STUDY.summary().xs("bias", level="metric")
NO_NUMBER = ["2", None, True, np.True_, [2], 2j, np.complex128(2), pd.NA]
NOT_FINITE = [np.nan, np.inf, -np.inf, np.float64("nan")]


def history(**records):
    return SimpleNamespace(history=as_history(records))


@pytest.fixture(autouse=True)
def no_figure_is_left_by_what_was_refused():
    yield
    assert not plt.get_fignums()


def refused(message, plot, *given, error=ValueError, **options):
    with pytest.raises(error, match="^" + re.escape(message)):
        plot(*given, **options)


PLOTS = {
    "plot_history": (plot_history, {"network": FIT}),
    "plot_coefficients": (plot_coefficients, TABLE),
    "plot_study": (plot_study, ONE),
}


@pytest.mark.parametrize("name", PLOTS)
@pytest.mark.parametrize("ax", [[1], "ax", np.array([1, 2]), 0, False], ids=repr)
def test_axes_are_one_axes(name, ax):
    kind = type(ax).__name__
    message = (
        f"ax must be one Axes, not of type {kind}: of several that plt.subplots returns choose"
    )
    refused(message, *PLOTS[name], ax=ax, error=TypeError)


@pytest.mark.parametrize("name", ["plot_coefficients", "plot_study"])
@pytest.mark.parametrize("width", [0, -1.96, *NOT_FINITE], ids=repr)
def test_a_width_is_positive(name, width):
    refused(f"width must be a positive number, not {width}.", *PLOTS[name], width=width)


@pytest.mark.parametrize("name", ["plot_coefficients", "plot_study"])
@pytest.mark.parametrize("width", NO_NUMBER, ids=repr)
def test_a_width_is_a_number(name, width):
    refused("width must be a positive number, not", *PLOTS[name], width=width, error=TypeError)


# --- histories -----------------------------------------------------------------------------------


@pytest.mark.parametrize("fits", [FIT, [FIT], None, FIT.history, "network", 3], ids=lambda f: "")
def test_fits_have_names(fits):
    message = "fits must be a mapping from names, such as {'network': …}, not of type "
    refused(message + type(fits).__name__, plot_history, fits, error=TypeError)


@pytest.mark.parametrize("levels", [[0.2], 0.2, "OLS", pd.Series({"OLS": 0.2})], ids=lambda f: "")
def test_levels_have_names(levels):
    message = "levels must be a mapping from names"
    refused(message, plot_history, {"a": FIT}, levels=levels, error=TypeError)


@pytest.mark.parametrize("name", ["", " ", "\n"], ids=repr)
def test_a_name_can_be_seen(name):
    mend = " has an empty name, which labels nothing: give it a word."
    refused("fits" + mend, plot_history, {"a": FIT, name: FIT})
    refused("levels" + mend, plot_history, {"a": FIT}, levels={name: 1})
    refused("summary" + mend, plot_study, ONE.rename(index={"mean": name}))
    refused("comparison" + mend, plot_coefficients, TABLE.rename(columns={"ridge": name}))
    refused("comparison" + mend, plot_coefficients, TABLE.rename(columns={"ridge": "_"}))


@pytest.mark.parametrize("name", [0.1, None, 3, ("a", "b")], ids=repr)
def test_a_name_is_text(name):
    kind = type(name).__name__
    message = f"each name in fits must be text, not {name!r} of type {kind}."
    refused(message, plot_history, {name: FIT}, error=TypeError)


def test_a_history_needs_a_fit():
    refused("fits is empty: give at least one fit under its name.", plot_history, {})


@pytest.mark.parametrize("fit", [FIT.history, [FIT], None, 3, SimpleNamespace(history=[1])])
def test_what_has_a_name_is_a_fit(fit):
    message = f"fits['b'] must be a Fit, not of type {type(fit).__name__}."
    refused(message, plot_history, {"a": FIT, "b": fit}, error=TypeError)


@pytest.mark.parametrize(
    "records",
    [{"loss": []}, {"loss": [], "val_loss": []}, {"loss": [np.nan] * 2}, {"loss": [np.inf]},
     {"accuracy": [1.0]}],
    ids=["no epoch", "nor validation", "NaN", "infinity", "no loss"],
)  # fmt: skip
def test_a_fit_without_a_loss_to_draw_is_named(records):
    """As one has that was interrupted in its first epoch."""
    epochs = len(next(iter(records.values())))
    message = (
        f"fits['b'] has no finite loss in its history of {epochs} epochs: there is nothing to "
        "draw. Train it, or leave it out."
    )
    refused(message, plot_history, {"a": FIT, "b": history(**records)})


@pytest.mark.parametrize(
    ("records", "lowest"),
    [({"loss": [1, 0]}, "0"), ({"loss": [-2, 1]}, "-2"), ({"loss": [1], "val_loss": [-3]}, "-3")],
    ids=["zero", "negative", "validation"],
)  # fmt: skip
def test_a_logarithm_needs_losses_above_zero(records, lowest):
    fits = {"a": FIT, "b": history(**records)}
    message = f"log=True needs losses above 0, and fits['b'] is {lowest}: use log=False."
    refused(message, plot_history, fits, log=True)
    assert plot_history(fits).lines
    plt.close("all")


@pytest.mark.parametrize("level", [0, -0.5], ids=repr)
def test_a_logarithm_needs_levels_above_zero(level):
    message = f"log=True needs losses above 0, and levels['b'] is {level}: use log=False."
    refused(message, plot_history, {"a": FIT}, levels={"b": level}, log=True)
    assert plot_history({"a": FIT}, levels={"b": level}).lines
    plt.close("all")


@pytest.mark.parametrize("level", NOT_FINITE, ids=repr)
def test_a_level_is_finite(level):
    message = f"levels['b'] must be finite, not {level}."
    refused(message, plot_history, {"a": FIT}, levels={"b": level})


@pytest.mark.parametrize("level", [*NO_NUMBER, np.array(1.0)], ids=repr)
def test_a_level_is_a_number(level):
    message = f"levels['b'] must be a number, not {level!r} of type {type(level).__name__}."
    refused(message, plot_history, {"a": FIT}, levels={"b": level}, error=TypeError)


@pytest.mark.parametrize("log", ["no", None, 1, 0.0], ids=repr)
def test_log_is_true_or_false(log):
    message = f"log must be True or False, not {log!r} of type {type(log).__name__}."
    refused(message, plot_history, {"a": FIT}, log=log, error=TypeError)


@pytest.mark.parametrize("words", [None, 3, b"units"], ids=repr)
def test_words_for_an_axis_are_text(words):
    end = f" must be text, not {words!r} of type {type(words).__name__}."
    refused("unit" + end, plot_history, {"a": FIT}, unit=words, error=TypeError)
    refused("label" + end, plot_study, ONE, label=words, error=TypeError)


# --- tables --------------------------------------------------------------------------------------

TABLES = {
    "plot_coefficients": (plot_coefficients, TABLE, "comparison", "compare_coefficients(ols, …)"),
    "plot_study": (plot_study, ONE, "summary", "study.summary()"),
}
each_table = pytest.mark.parametrize(
    ("plot", "table", "argument", "source"), TABLES.values(), ids=TABLES
)


@each_table
@pytest.mark.parametrize("given", [STUDY, TABLE["ols"], None, {"ols": [1]}, [1]], ids=lambda g: "")
def test_a_table_is_a_data_frame(plot, table, argument, source, given):
    message = f"{argument} must be a DataFrame, as {source} returns it, not of type "
    refused(message + type(given).__name__, plot, given, error=TypeError)


@each_table
def test_a_table_has_rows(plot, table, argument, source):
    refused(f"{argument} is empty: it has no row to draw.", plot, table.iloc[:0])


@each_table
def test_a_table_has_its_columns(plot, table, argument, source):
    first, second = table.columns[:2]
    end = f"; use what {source} returns."
    refused(f"{argument} has no column {second!r}" + end, plot, table.drop(columns=second))
    both = table.drop(columns=[first, second])
    refused(f"{argument} has no column {first!r}, {second!r}" + end, plot, both)


@each_table
def test_a_table_has_each_column_once(plot, table, argument, source):
    first = table.columns[0]
    twice = pd.concat([table, table[[first]]], axis=1)
    message = f"{argument} has more than one column {first!r}: rename or drop one."
    refused(message, plot, twice)


NUMBERS = {"plot_coefficients": ["ols", "ols_se", "truth", "ridge"], "plot_study": ["mean", "mcse"]}
CELLS = [(*TABLES[name], column) for name in TABLES for column in NUMBERS[name]]


@pytest.mark.parametrize(("plot", "table", "argument", "source", "column"), CELLS)
@pytest.mark.parametrize(
    ("cell", "error", "message"),
    [(np.nan, ValueError, "must be finite"), (np.inf, ValueError, "must be finite"),
     ("a", TypeError, "must hold real numbers"), (1j, TypeError, "must hold real numbers"),
     (pd.Timestamp(0), TypeError, "must hold real numbers")],
    ids=["NaN", "infinity", "text", "complex", "date"],
)  # fmt: skip
def test_a_table_holds_finite_numbers(plot, table, argument, source, column, cell, error, message):
    bad = table.astype({column: object})
    bad.loc[bad.index[-1], column] = cell
    bad[column] = bad[column].infer_objects()
    refused(f"{argument}[{column!r}] {message}", plot, bad, error=error)


@each_table
def test_a_standard_error_is_not_negative(plot, table, argument, source):
    column = table.columns[1]
    bad = table.assign(**{column: -0.5})
    refused(f"{argument}[{column!r}] has -0.5: no error is below 0.", plot, bad)
    plot(table.assign(**{column: 0.0}))
    plt.close("all")


def test_distances_from_the_truth_need_a_truth():
    message = "comparison has no column 'truth'; pass truth=… to compare_coefficients."
    refused(message, plot_coefficients, TABLE.drop(columns="truth"))


def test_two_metrics_on_one_axis_are_refused_with_the_choice():
    message = "summary has the metrics bias, rmse, value, and one axis shows one: choose it, as "
    refused(message + "summary.xs('bias', level='metric').", plot_study, STUDY.summary())
    columns = STUDY.summary().reset_index()
    refused(message + "summary[summary['metric'] == 'bias'].", plot_study, columns)
    assert plot_study(STUDY.summary().xs("bias", level="metric")).texts  # as the message says
    plt.close("all")


def test_an_estimator_has_one_row():
    twice = pd.concat([ONE, ONE])
    message = "summary has more than one row for mean: choose one each."
    refused(message, plot_study, twice)
    unnamed = STUDY.summary().rename_axis([None, None])
    refused(message, plot_study, unnamed)
