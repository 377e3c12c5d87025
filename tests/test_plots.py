"""Plots draw on the axes they are given, label them, return them, and leave the rest alone."""

import matplotlib as mpl
import pytest

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from labkit import (
    compare_coefficients,
    fit_linear,
    fit_ols,
    make_linear,
    plot_coefficients,
    plot_history,
    plot_study,
    run_study,
    use_style,
)

DATA = make_linear(40, 4, rng=0)
FIT = fit_linear(DATA.X, DATA.y)
TABLE = compare_coefficients(
    fit_ols(DATA.X, DATA.y), truth=DATA.beta, gradient_descent=FIT.params["w"]
)
SUMMARY = run_study(
    lambda rng: rng.normal(size=20), {"mean": lambda d, _: d.mean(), "first": lambda d, _: d[0]}
).summary()
PLOTS = {
    "plot_history": lambda **options: plot_history({"gradient descent": FIT}, **options),
    "plot_coefficients": lambda **options: plot_coefficients(TABLE, **options),
    "plot_study": lambda **options: plot_study(SUMMARY, **options),
}
each_plot = pytest.mark.parametrize("plot", PLOTS.values(), ids=PLOTS)


@pytest.fixture(autouse=True)
def closed_and_unshown(monkeypatch):
    def show(*args, **kwargs):
        raise AssertionError("a plot called show")

    monkeypatch.setattr(plt, "show", show)
    monkeypatch.setattr(mpl.figure.Figure, "show", show)
    with mpl.rc_context():
        yield
    plt.close("all")


@each_plot
def test_it_draws_on_the_axes_it_is_given_and_on_no_others(plot):
    _, (left, right) = plt.subplots(1, 2)
    plt.sca(right)
    assert plot(ax=left) is left
    assert left.has_data()
    assert not right.has_data()
    assert len(plt.get_fignums()) == 1


@each_plot
def test_without_axes_it_takes_the_current_ones(plot):
    ax = plt.figure().add_subplot()
    assert plot() is ax
    plt.close("all")
    assert isinstance(plot(), Axes)


@each_plot
def test_its_axes_are_labelled(plot):
    ax = plot()
    assert ax.get_xlabel()
    assert ax.get_ylabel() or [t for t in ax.get_yticklabels() if t.get_text()]


@each_plot
def test_it_changes_no_global_style(plot):
    before = dict(mpl.rcParams)
    plot()
    assert dict(mpl.rcParams) == before


@each_plot
def test_it_can_be_drawn_in_the_courses_style(plot):
    use_style()
    ax = plot()
    ax.figure.canvas.draw()


def test_a_history_shows_its_losses_and_the_validation_loss_dashed():
    ax = plot_history({"gradient descent": FIT}, log=True)
    assert list(ax.lines[0].get_ydata()) == list(FIT.history["loss"])
    assert ax.get_yscale() == "log"
    assert ax.get_xlabel() == "epoch"
