"""Plots draw what they say, on the axes they are given, return them, and leave the rest alone."""

import sys
from itertools import combinations
from types import SimpleNamespace

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import same_color, to_rgb

from labkit import COLORS, fit_linear, fit_ols, make_linear, run_study, use_style
from labkit.figures import compare_coefficients, plot_coefficients, plot_history, plot_study
from labkit.result import TrainingDiverged, as_history
from labkit.style import INK, PAPER, QUIET

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


# --- the history ---------------------------------------------------------------------------------


def recorded(**records):
    """What plot_history reads of a fit."""
    return SimpleNamespace(history=as_history(records))


def points(line):
    return [tuple(map(float, point)) for point in line.get_xydata()]


def label(ax, words):
    """The one label of these words."""
    (found,) = [text for text in ax.texts if text.get_text() == words]
    return found


def test_each_fit_has_a_line_of_its_losses_labelled_at_its_end_in_its_colour():
    fits = {"network": recorded(loss=[3, 2]), "gradient descent": recorded(loss=[5, 4, 1])}
    ax = plot_history(fits)
    assert [points(line) for line in ax.lines] == [[(1, 3), (2, 2)], [(1, 5), (2, 4), (3, 1)]]
    assert [line.get_linestyle() for line in ax.lines] == ["-", "-"]
    assert [text.get_text() for text in ax.texts] == ["network", "gradient descent"]
    for name, end, line in zip(fits, [(2, 2), (3, 1)], ax.lines, strict=True):
        assert line.get_color() == label(ax, name).get_color() == COLORS[name]
        assert label(ax, name).xy == end
        right, up = label(ax, name).xyann
        assert (right > 0, up, label(ax, name).get_va()) == (True, 0, "center")
        assert label(ax, name).get_fontweight() == "bold"
        assert label(ax, name).get_annotation_clip() is False


def test_the_validation_loss_is_dashed_in_the_colour_of_its_fit():
    ax = plot_history({"network": recorded(loss=[3, 2], val_loss=[4, 3])})
    loss, validation = ax.lines
    assert points(loss) == [(1, 3), (2, 2)]
    assert points(validation) == [(1, 4), (2, 3)]
    assert (loss.get_linestyle(), validation.get_linestyle()) == ("-", "--")
    assert loss.get_color() == validation.get_color() == COLORS["network"]
    assert len(ax.texts) == 1


def test_what_else_is_recorded_is_not_drawn_among_the_losses():
    ax = plot_history({"a": recorded(accuracy=[90, 95], loss=[3, 2], lr=[0.1, 0.01])})
    assert [points(line) for line in ax.lines] == [[(1, 3), (2, 2)]]


def test_a_level_is_a_dashed_line_over_all_epochs_named_above_its_beginning():
    fits = {"a": recorded(loss=[5, 4, 1]), "b": recorded(loss=[5, 4])}
    ax = plot_history(fits, levels={"noise": 0.25, "OLS": 2})
    for line, name, height in zip(ax.lines[2:], ["noise", "OLS"], [0.25, 2], strict=True):
        assert points(line) == [(1, height), (3, height)]
        assert (line.get_linestyle(), line.get_color()) == ("--", INK)
        assert line.get_linewidth() < ax.lines[0].get_linewidth()
        assert (label(ax, name).xy, label(ax, name).get_color()) == ((1, height), INK)
        assert label(ax, name).get_va() == "bottom"
        right, up = label(ax, name).xyann
        assert (right, up > 0) == (0, True)


def test_the_axis_of_the_loss_is_linear_or_logarithmic_with_plain_numbers():
    fits = {"a": recorded(loss=[3, 0.4, 0.1])}
    assert plot_history(fits, log=True).get_yscale() == "log"
    ax = plot_history(fits, log=np.True_)
    ax.figure.canvas.draw()
    low, high = ax.get_ylim()
    numbers = [t.get_text() for t in ax.get_yticklabels() if low < t.get_position()[1] < high]
    assert numbers == ["0.1", "0.2", "0.5", "1", "2"]
    assert plot_history(fits, ax=ax).get_yscale() == "linear"
    ax = plot_history({"a": recorded(loss=[30, 2])}, log=True, ax=plt.figure().gca())
    ax.figure.canvas.draw()
    assert not any(text.get_text() for text in ax.get_yticklabels(minor=True))


def test_the_axes_of_a_history_say_what_they_show():
    fits = {"a": recorded(loss=[3, 2])}
    assert plot_history(fits).get_xlabel() == "epoch"
    assert plot_history(fits).get_ylabel() == "training loss"
    assert plot_history(fits, unit="mmHg²").get_ylabel() == "training loss (mmHg²)"


def test_a_line_has_a_gap_where_a_loss_is_not_finite_and_ends_at_the_last_that_is():
    losses = [3, np.nan, 2, 1, np.inf]
    ax = plot_history({"a": recorded(loss=losses, val_loss=[np.nan] * 5)}, log=True)
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), [3, np.nan, 2, 1, np.nan])
    assert label(ax, "a").xy == (4, 1)
    assert list(ax.lines[0].get_markevery()) == [0]  # the others have a line to be seen by
    assert ax.lines[0].get_marker() == "o"


def test_one_epoch_is_a_point_and_a_level_beside_it_has_a_length():
    ax = plot_history({"a": recorded(loss=[3])}, levels={"OLS": 2})
    assert list(ax.lines[0].get_markevery()) == [0]
    assert points(ax.lines[1]) == [(1, 2), (2, 2)]
    ax.figure.canvas.draw()
    ax = plot_history({"a": recorded(loss=[3, 2, 1])}, ax=plt.figure().add_subplot())
    assert not len(ax.lines[0].get_markevery())
    ax.figure.canvas.draw()


def test_the_losses_before_a_divergence_can_be_drawn():
    with pytest.raises(TrainingDiverged) as diverged:
        fit_linear(DATA.X, DATA.y, lr=10.0, steps=500)
    ax = plot_history({"gradient descent": diverged.value}, log=True)
    assert list(ax.lines[0].get_ydata()[:3]) == list(diverged.value.history["loss"][:3])


def test_a_name_without_a_colour_takes_one_that_means_nobody_else_in_the_picture():
    use_style()
    names = ["ridge", "ols", "lasso", "truth"]
    ax = plot_history({name: recorded(loss=[2, 1]) for name in names})
    colors = dict(zip(names, [line.get_color() for line in ax.lines], strict=True))
    assert (colors["ols"], colors["truth"]) == (COLORS["ols"], COLORS["truth"])
    assert len(set(colors.values())) == 4
    with mpl.rc_context({"axes.prop_cycle": mpl.cycler(lw=[1, 2])}):
        assert plot_history({"b": recorded(loss=[2, 1])}).lines[-1].get_color() == QUIET
    many = plot_history(
        {f"fit {i}": recorded(loss=[2, 1]) for i in range(7)}, ax=plt.figure().gca()
    )
    cycled = [line.get_color() for line in many.lines]
    assert cycled == [*COLORS.values(), *list(COLORS.values())[:2]]


# --- the coefficients ----------------------------------------------------------------------------


def bars(container):
    """The points of an errorbar, its bars as (low, high) at each point, and its parts."""
    line, caps, (bar,) = container.lines
    ends = [tuple(segment[:, 0]) for segment in bar.get_segments()]
    assert [tuple(cap.get_xdata()) for cap in caps] == list(zip(*ends, strict=True))
    assert all(cap.get_markersize() > 0 for cap in caps)
    return points(line), ends, [line, *caps, bar]


COMPARISON = pd.DataFrame(
    {
        "ols": [2.5, -1.0], "ols_se": [0.5, 0.25], "truth": [2.0, -2.0], "truth_gap": [-1.0, -4.0],
        "gradient_descent": [1.0, -2.5], "gradient_descent_gap": [-3.0, -6.0],
    },
    index=["age", "dose"],
)  # fmt: skip


def test_ols_is_drawn_with_its_intervals_as_a_distance_from_the_truth():
    ax = plot_coefficients(COMPARISON, width=2)
    (container,) = ax.containers
    centres, ends, parts = bars(container)
    assert centres == [(0.5, 0), (1.0, 1)]
    np.testing.assert_allclose(ends, [(-0.5, 1.5), (0.5, 1.5)])
    assert all(same_color(part.get_color(), COLORS["ols"]) for part in parts)
    assert (parts[0].get_marker(), parts[0].get_linestyle()) == ("o", "None")
    assert container.get_label() == "OLS ± 2 standard errors"


def test_an_interval_is_one_of_95_percent():
    (container,) = plot_coefficients(COMPARISON).containers
    assert bars(container)[1][0] == pytest.approx((0.5 - 1.96 * 0.5, 0.5 + 1.96 * 0.5))
    assert "1.96" in container.get_label()
    (container,) = plot_study(SUMMARY.iloc[:1], ax=plt.figure().gca()).containers
    mean, mcse = SUMMARY.iloc[0][["mean", "mcse"]]
    assert bars(container)[1][0] == pytest.approx((mean - 1.96 * mcse, mean + 1.96 * mcse))


def diamonds(ax):
    return {line.get_label(): line for line in ax.lines if line.get_marker() == "D"}


def test_the_other_estimates_are_diamonds_in_the_rows_of_ols():
    ax = plot_coefficients(COMPARISON)
    ((words, line),) = diamonds(ax).items()
    assert words == "gradient descent"
    assert points(line) == [(-1.0, 0), (-0.5, 1)]
    assert (line.get_color(), line.get_linestyle()) == (COLORS["gradient descent"], "None")
    zero = ax.lines[0]
    assert (list(zero.get_xdata()), list(zero.get_ydata())) == ([0, 0], [0, 1])
    assert zero.get_color() == INK


def test_the_rows_of_the_coefficients_are_named_and_go_down():
    ax = plot_coefficients(COMPARISON)
    for _ in range(2):
        assert [t.get_text() for t in ax.get_yticklabels()] == ["age (2)", "dose (-2)"]
        assert list(ax.get_yticks()) == [0, 1]
        assert ax.yaxis_inverted()
        plot_coefficients(COMPARISON, ax=ax)  # once more on the same axes
    assert ax.get_xlabel() == "estimate minus true coefficient"
    assert ax.get_ylabel() == "feature (true coefficient)"


def test_the_legend_of_the_coefficients_stands_above_the_axes():
    ax = plot_coefficients(COMPARISON)
    words = [text.get_text() for text in ax.get_legend().get_texts()]
    assert sorted(words) == ["OLS ± 1.96 standard errors", "gradient descent"]
    ax.figure.canvas.draw()
    legend, box = ax.get_legend().get_window_extent(), ax.get_window_extent()
    assert legend.y0 >= box.y1
    assert (legend.x0 + legend.x1) / 2 == pytest.approx((box.x0 + box.x1) / 2, abs=1)
    first, second = ax.get_legend().get_texts()
    assert first.get_window_extent().y0 == pytest.approx(second.get_window_extent().y0, abs=3)


def test_every_estimate_is_drawn_whatever_its_name():
    """A gap is a column NAME_gap beside a column NAME; nothing else is left out."""
    use_style()
    ols = fit_ols(DATA.X, DATA.y)
    estimates = {name: ols.beta + i for i, name in enumerate(["ols_ridge", "lasso", "olsen"], 1)}
    table = compare_coefficients(ols, truth=ols.beta, **estimates)
    table = table.assign(by_hand=ols.beta + 4, generation_gap=ols.beta + 5)
    ax = plot_coefficients(table.drop(columns="lasso_gap"))
    drawn = {words: set(np.round(line.get_xdata(), 9)) for words, line in diamonds(ax).items()}
    assert drawn == {
        "ols ridge": {1}, "lasso": {2}, "olsen": {3}, "by hand": {4}, "generation gap": {5}
    }  # fmt: skip
    colors = [line.get_color() for line in diamonds(ax).values()]
    assert COLORS["ols"] not in colors
    assert len(set(colors[:4])) == 4  # all that are left
    two = COMPARISON.assign(**{"a b": [1.0, 2.0], "a_b": [3.0, 4.0], "ols_gap": [5.0, 6.0]})
    ax = plot_coefficients(two, ax=plt.figure().gca())
    assert sum(line.get_marker() == "D" for line in ax.lines) == 4


# --- the study -----------------------------------------------------------------------------------

MEANS = pd.DataFrame(
    {"mean": [0.5, 2.25, 3e-5, 0.0, -7.0], "mcse": [0.25, 0.5, 1e-6, 0.1, 1.0]},
    index=pd.MultiIndex.from_product(
        [["OLS, n = 20", "Network", "gradient descent", "mine", "boosted trees"], ["bias"]],
        names=["estimator", "metric"],
    ),
)


def test_each_estimator_has_its_mean_with_its_interval_in_its_colour():
    ax = plot_study(MEANS, width=2)
    assert len(ax.containers) == 5
    names = ["ols", "network", "gradient descent", None, "boosted trees"]
    for row, (container, name) in enumerate(zip(ax.containers, names, strict=True)):
        (centre,), ends, parts = bars(container)
        mean, mcse = MEANS.iloc[row]
        assert centre == (mean, row)
        np.testing.assert_allclose(ends, [(mean - 2 * mcse, mean + 2 * mcse)])
        color = QUIET if name is None else COLORS[name]
        assert all(same_color(part.get_color(), color) for part in parts)
        assert parts[0].get_marker() == "o"


def test_each_mean_stands_above_its_point_in_digits_that_say_something():
    ax = plot_study(MEANS)
    assert [t.get_text() for t in ax.texts] == ["0.5000", "2.2500", "3e-05", "0.0000", "-7.0000"]
    for row, text in enumerate(ax.texts):
        assert text.xy == (MEANS["mean"].iloc[row], row)
        right, up = text.xyann
        assert (right, up > 0, text.get_ha()) == (0, True, "center")


def test_the_rows_of_a_study_are_named_and_go_down_with_room_for_the_first_mean():
    ax = plot_study(MEANS, label="excess risk", width=2)
    names = ["OLS, n = 20", "Network", "gradient descent", "mine", "boosted trees"]
    assert [t.get_text() for t in ax.get_yticklabels()] == names
    assert list(ax.get_yticks()) == [0, 1, 2, 3, 4]
    low, high = ax.get_ylim()
    assert low > 4
    assert high < 0
    assert ax.get_xlabel() == "excess risk (mean ± 2 Monte Carlo s.e.)"
    assert plot_study(MEANS).get_xlabel() == "mean (mean ± 1.96 Monte Carlo s.e.)"


@pytest.mark.parametrize("form", ["one level", "metric as column", "index without names"])
def test_a_summary_may_have_its_index_in_other_forms(form):
    forms = {
        "one level": MEANS.droplevel("metric"),
        "metric as column": MEANS.reset_index("metric"),
        "index without names": MEANS.rename_axis([None, None]),
    }
    ax = plot_study(forms[form])
    assert [t.get_text() for t in ax.get_yticklabels()][:2] == ["OLS, n = 20", "Network"]


# --- words are drawn as they stand ---------------------------------------------------------------

MONEY = r"cost in $ of $\alpha^$"  # mathematics that matplotlib can't set


def test_a_dollar_in_a_name_is_a_dollar():
    plot_history({MONEY: recorded(loss=[2, 1])}, levels={f"{MONEY}!": 1}, unit=MONEY)
    plot_coefficients(
        COMPARISON.assign(**{MONEY: [1, 2]}).rename({"age": MONEY}), ax=plt.figure().gca()
    )
    study = MEANS.rename(index={"mine": MONEY})
    plot_study(study, label=MONEY, ax=plt.figure().gca())
    for number in plt.get_fignums():
        figure = plt.figure(number)
        figure.canvas.draw()
        said = [text for text in figure.findobj(mpl.text.Text) if MONEY in text.get_text()]
        assert {text.get_parse_math() for text in said} == {False}
        assert len(said) >= 2, number
    assert len(plt.get_fignums()) == 3


# --- the style -----------------------------------------------------------------------------------


def test_a_figure_in_the_courses_style_is_on_its_paper_with_a_quiet_grid():
    use_style()
    figure, ax = plt.subplots()
    ax.plot([1, 2], label="a")
    for place in (figure.get_facecolor(), ax.get_facecolor()):
        assert same_color(place, PAPER)
    assert mpl.rcParams["savefig.facecolor"] == PAPER
    visible = [side for side, spine in ax.spines.items() if spine.get_visible()]
    assert visible == ["left", "bottom"]
    grid = ax.get_xgridlines()[0]
    assert grid.get_visible()
    assert ax.get_axisbelow() is True
    assert contrast(grid.get_color(), PAPER) < 1.5
    assert grid.get_linewidth() < ax.lines[0].get_linewidth()
    assert figure.get_layout_engine().__class__.__name__ == "ConstrainedLayoutEngine"
    assert not ax.legend().get_frame_on()


def test_the_words_of_a_figure_can_be_read_also_on_a_telephone():
    use_style()
    figure, ax = plt.subplots()
    ax.plot([1, 2], label="a")
    title = ax.set_title("a title", loc=mpl.rcParams["axes.titlelocation"])
    assert ax.get_title(loc="left") == "a title"
    assert title.get_fontweight() == "bold"
    words = [ax.xaxis.label, ax.yaxis.label, *ax.get_xticklabels(), *ax.get_yticklabels()]
    assert all(text.get_color() == INK for text in words)
    words += [title, ax.text(0, 0, "beside"), *ax.legend().get_texts()]
    for text in words:
        # At 55 dots an inch for a figure of this width, 8 pixels.
        assert text.get_fontsize() / 72 * 55 * 6.4 / figure.get_figwidth() >= 8
    assert 1.5 < figure.get_figwidth() / figure.get_figheight() < 2
    # Drawn with twice its dots: sharp where a page is 560 pixels wide.
    assert 2 * figure.dpi * figure.get_figwidth() > 1100


def test_the_estimators_colours_come_in_their_order():
    use_style()
    ax = plt.figure().gca()
    assert [ax.plot([1, 2])[0].get_color() for _ in COLORS] == list(COLORS.values())
    assert list(COLORS) == ["ols", "gradient descent", "network", "truth", "boosted trees"]


def test_a_notebook_keeps_the_paper_and_what_is_outside_the_axes(monkeypatch):
    asked = []
    monkeypatch.setattr(
        "matplotlib_inline.backend_inline.set_matplotlib_formats",
        lambda *formats, **options: asked.append((formats, options)),
    )
    use_style()
    assert asked == [(("retina",), {"facecolor": PAPER, "bbox_inches": "tight"})]


def test_the_style_is_set_also_without_a_notebook(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib_inline.backend_inline", None)
    use_style()
    assert mpl.rcParams["axes.facecolor"] == PAPER


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


def test_names_that_a_space_makes_alike_are_labelled_as_they_were_given():
    two = COMPARISON.assign(my_net=[1.0, 2.0], **{"my net": [3.0, 4.0]})
    ax = plot_coefficients(two, ax=plt.figure().gca())
    labels = [label.get_text() for label in ax.get_legend().get_texts()]
    assert {"my_net", "my net"} <= set(labels)
    assert len(set(labels)) == len(labels)


def test_estimators_are_named_by_the_level_or_column_of_that_name():
    names = [*MEANS.index.get_level_values("estimator")]
    for summary in (MEANS, MEANS.reset_index(), MEANS.swaplevel(), MEANS.reset_index("metric")):
        ax = plot_study(summary, ax=plt.figure().gca())
        assert [label.get_text() for label in ax.get_yticklabels()] == names
    with pytest.raises(ValueError, match=r"^summary names no estimator: its index is 0, 1, 2"):
        plot_study(MEANS.reset_index(drop=True))
