"""Plots draw on the axes they are given, label them, return them, and leave the rest alone."""

from itertools import combinations

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb

from labkit import (
    COLORS,
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
from labkit.plots import INK, PAPER, QUIET

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


# Colour vision without one of its three kinds of cone, in linear RGB: Machado, Oliveira and
# Fernandes (2009), "A physiologically-based model for simulation of color vision deficiency".
VISIONS = {
    "all cones": np.eye(3),
    "no red cones": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "no green cones": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "no blue cones": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
TO_XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
)  # of sRGB


def linear(color):
    """Return a colour's linear RGB, of which luminance is a weighted sum."""
    c = np.array(to_rgb(color))
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast(one, other):
    """Return the contrast ratio of two colours, as WCAG 2.2 defines it."""
    dark, light = sorted(TO_XYZ[1] @ linear(c) for c in (one, other))
    return (light + 0.05) / (dark + 0.05)


def seen(color, vision):
    """Return a colour as someone sees it, in CIELAB, where distance is difference to the eye."""
    xyz = TO_XYZ @ np.clip(vision @ linear(color), 0, 1) / TO_XYZ.sum(axis=1)
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("color", [*COLORS.values(), QUIET, INK])
def test_a_colour_can_be_read_as_text_on_the_paper(color):
    assert contrast("white", "black") == pytest.approx(21)
    assert contrast(color, PAPER) >= 4.5


@pytest.mark.parametrize("vision", VISIONS)
def test_any_colour_vision_can_tell_the_estimators_apart(vision):
    """By 15 units at least, where about 2 are a difference that can just be noticed."""
    for one, other in combinations(COLORS.values(), 2):
        gap = seen(one, VISIONS[vision]) - seen(other, VISIONS[vision])
        assert np.linalg.norm(gap) > 15, (one, other)
