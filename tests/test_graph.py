"""The drawn graph is the recorded one: every step, every shape, both ways."""

import re
from collections import Counter
from itertools import pairwise

import matplotlib as mpl
import pytest

pytest.importorskip("torch", reason="a graph is torch's")

mpl.use("Agg")
import matplotlib.pyplot as plt
import torch
from matplotlib.colors import same_color, to_rgba
from matplotlib.patches import ArrowStyle

from labkit import COLORS
from labkit.graph import arrows, plot_graph
from labkit.style import INK, QUIET, STYLE


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def network():
    """A loss of the network of lab 2, with 5 rows, and its leaves."""
    shapes = {"w1": (3, 4), "b1": (1, 4), "w2": (4, 1), "b2": (1, 1)}
    leaves = {name: torch.ones(shape, requires_grad=True) for name, shape in shapes.items()}
    X, y = torch.ones(5, 3), torch.zeros(5, 1)
    hidden = (X.mm(leaves["w1"]) + leaves["b1"]).clamp(min=0)
    return (hidden.mm(leaves["w2"]) + leaves["b2"] - y).pow(2).sum(), leaves


def words(ax):
    return Counter(text.get_text() for text in ax.texts if text.get_text())


def test_every_arrow_is_found_once_with_the_shape_of_its_tensor():
    loss, leaves = network()
    found = list(arrows(loss))
    shapes = Counter(arrow.shape for arrow in found)
    assert shapes == {(5, 4): 3, (5, 1): 4, None: 2} | {tuple(v.shape): 1 for v in leaves.values()}


def test_the_gradient_that_arrives_has_the_shape_on_the_arrow():
    loss, _ = network()
    arrived = {}
    for source in {arrow.source for arrow in arrows(loss)} - {None}:
        source.register_prehook(lambda gradients, at=source: arrived.update({at: gradients}))
    loss.backward()
    for source, _, shape in arrows(loss):
        if source is not None:
            assert tuple(arrived[source][0].shape) == shape


def test_names_steps_and_shapes_are_drawn_forward_and_backward():
    loss, leaves = network()
    drawn = words(plot_graph(loss, leaves))
    assert drawn >= Counter(["w1", "b1", "w2", "b2", "mm", "mm", "add", "add", "clamp", "sub"])
    assert drawn["(5, 4)"] == 6
    assert drawn["(3, 4)"] == drawn["scalar"] == 2
    assert drawn["constant"] == 2


def test_a_tensor_used_twice_is_drawn_once():
    x = torch.tensor(2.0, requires_grad=True)
    y = x**2
    drawn = words(plot_graph(3 * y + y, {"x": x}))
    assert drawn["x"] == drawn["pow"] == drawn["mul"] == drawn["add"] == 1


@pytest.mark.parametrize(
    "result",
    [
        network()[0],
        torch.nn.Sequential(
            torch.nn.Linear(3, 4), torch.nn.ReLU(), torch.nn.Linear(4, 2)
        )(torch.ones(5, 3)).sum(),
    ],
    ids=["lab 2", "layers"],
)  # fmt: skip
def test_no_step_stands_on_another(result):
    ax = plot_graph(result)
    boxes = [text.get_position() for text in ax.texts if text.get_bbox_patch()]
    assert len(set(boxes)) == len(boxes)


# --- what is drawn -------------------------------------------------------------------------------

FORWARD, BACKWARD = COLORS["ols"], COLORS["gradient descent"]


def chain():
    """A result of which every step has another name, and its leaf."""
    w = torch.ones(1, 3, requires_grad=True)
    return (2 * w).exp().sum(), w


def boxes(ax):
    """The words in boxes, and what they are in."""
    return {text.get_text(): text for text in ax.texts if text.get_bbox_patch()}


def at(ax, place):
    """The words of the box there."""
    (words,) = [w for w, box in boxes(ax).items() if box.get_position() == tuple(place)]
    return words


def drawn(ax):
    """Each arrow as (colour, where it begins, where it points), with its artist."""
    found = [text for text in ax.texts if getattr(text, "arrow_patch", None)]
    return {(t.arrow_patch.get_edgecolor(), at(ax, t.xyann), at(ax, t.xy)): t for t in found}


def test_values_go_from_the_leaves_to_the_result_and_gradients_come_back():
    loss, w = chain()
    found = {(color, *ends) for color, *ends in drawn(plot_graph(loss, {"w": w}))}
    chained = ["w", "mul", "exp", "sum", "result"]
    ways = list(pairwise(chained))
    values = {(to_rgba(FORWARD), *way) for way in [*ways, ("constant", "mul")]}
    gradients = {(to_rgba(BACKWARD), there, here) for here, there in ways}
    assert found == values | gradients


def test_an_arrow_points_at_its_end():
    loss, w = chain()
    for (color, *_), text in drawn(plot_graph(loss, {"w": w})).items():
        assert isinstance(text.arrow_patch.get_arrowstyle(), ArrowStyle.CurveFilledB)
        assert text.arrow_patch.get_facecolor() == color
        assert text.arrow_patch.get_linewidth() > 1


@pytest.mark.parametrize("style", [{}, STYLE], ids=["matplotlib's", "the course's"])
def test_an_arrow_has_no_words_and_crosses_none(style):
    """In a figure of the size of that in lab 2."""
    mpl.rcParams.update(style)
    loss, leaves = network()
    ax = plot_graph(loss, leaves, ax=plt.figure(figsize=(6.4, 6.8)).gca())
    ax.figure.canvas.draw()
    extents = [box.get_window_extent() for box in boxes(ax).values()]
    for text in [t for t in ax.texts if getattr(t, "arrow_patch", None)]:
        assert text.get_text() == ""
        for end in text.arrow_patch.get_path().vertices[[0, -1]]:
            assert not any(extent.contains(*end) for extent in extents)


def test_values_flow_down_and_gradients_beside_them_up():
    """In dots: an arrow's data say nothing of the axis that is upside down."""
    loss, leaves = network()
    ax = plot_graph(loss, leaves)
    ax.figure.canvas.draw()
    upright = 0
    for text in [t for t in ax.texts if getattr(t, "arrow_patch", None)]:
        tail, head = (text.xycoords.transform(point) for point in (text.xyann, text.xy))
        middle = ax.transData.transform(text.xy)
        forward = same_color(text.arrow_patch.get_edgecolor(), FORWARD)
        if text.xy[0] == text.xyann[0]:
            upright += 1
            assert (head[1] < tail[1]) is forward
            assert (head[0] < middle[0]) is forward  # values on the left
            assert tail[0] == pytest.approx(head[0])
        else:
            assert tail[1] == pytest.approx(head[1])
            assert head[1] >= middle[1] if forward else head[1] < middle[1]  # and above
    assert upright == 18  # 7 on the chain, one to the first step, one to the result, both ways


def shape_labels(ax):
    return [t for t in ax.texts if t.get_text() in ("scalar", "(1, 3)")]


def test_each_shape_stands_beside_its_arrow_on_its_own_side():
    loss, w = chain()
    ax = plot_graph(loss, {"w": w})
    rows = {words: box.get_position()[1] for words, box in boxes(ax).items()}
    expected = [
        (shape, (0.0, (rows[here] + rows[there]) / 2), color)
        for here, there, shape in [
            ("sum", "result", "scalar"), ("exp", "sum", "(1, 3)"), ("mul", "exp", "(1, 3)"),
            ("w", "mul", "(1, 3)"),
        ]
        for color in (FORWARD, BACKWARD)
    ]  # fmt: skip
    labels = shape_labels(ax)
    assert Counter((t.get_text(), t.xy, t.get_color()) for t in labels) == Counter(expected)
    for text in labels:
        right, up = text.xyann
        side = (-1, "right") if text.get_color() == FORWARD else (1, "left")
        assert (right / abs(right), text.get_ha(), up, text.get_va()) == (*side, 0, "center")
        assert abs(right) > 5  # beyond the arrow


def test_the_shapes_of_a_level_arrow_stand_above_and_below_it():
    loss, leaves = network()
    ax = plot_graph(loss, leaves)
    beside = [t for t in ax.texts if t.get_text() == "(1, 4)"]  # b1, a leaf beside the chain
    assert len(beside) == 2
    for text in beside:
        right, up = text.xyann
        side = (1, "bottom") if text.get_color() == FORWARD else (-1, "top")
        assert (right, text.get_ha()) == (0, "center")
        assert (up / abs(up), text.get_va()) == side
        assert text.xy == (0.5, boxes(ax)["b1"].get_position()[1])


def test_an_arrow_past_a_step_goes_round_it():
    w = torch.ones(1, 3, requires_grad=True)
    a = 2 * w
    ax = plot_graph((a.exp() + a).sum(), {"w": w})
    ax.figure.canvas.draw()
    past = {(tail, head): t for (_, tail, head), t in drawn(ax).items()}
    for ends in (("mul", "add"), ("add", "mul")):
        path = past[ends].arrow_patch.get_path()
        bends = path.vertices[:, 0].max() - path.vertices[0, 0]
        assert bends > 20, ends  # dots, to the right
    for ends in (("mul", "exp"), ("exp", "add"), ("w", "mul"), ("mul", "w")):
        vertices = past[ends].arrow_patch.get_path().vertices
        assert vertices[:, 0].max() - vertices[0, 0] < 20, ends
    around = [t for t in shape_labels(ax) if t.xy[0] > 0]
    assert {t.get_color() for t in around} == {FORWARD, BACKWARD}
    assert len(around) == 2
    (y,) = {t.xy[1] for t in around}
    assert y == (boxes(ax)["mul"].get_position()[1] + boxes(ax)["add"].get_position()[1]) / 2


def test_a_step_stands_below_all_that_it_uses():
    w = torch.ones(1, 3, requires_grad=True)
    a = 2 * w
    ax = plot_graph((a.exp() + a).sum(), {"w": w})
    rows = {words: box.get_position() for words, box in boxes(ax).items()}
    assert [rows[n] for n in ("w", "mul", "exp", "add", "sum", "result")] == [
        (0.0, float(row)) for row in range(6)
    ]
    assert rows["constant"] == (-1.0, rows["mul"][1])
    low, high = ax.get_ylim()
    assert high < 0
    assert low > 5  # row 0 at the top


def test_a_leaf_of_a_step_on_the_chain_stands_beside_it():
    loss, leaves = network()
    ax = plot_graph(loss, leaves)
    places = {words: box.get_position() for words, box in boxes(ax).items()}
    assert places["w1"] == (0.0, 0.0)
    assert places["clamp"] == (0.0, 3.0)
    assert [places[name] for name in ("b1", "w2", "b2")] == [(1.0, 2.0), (1.0, 4.0), (1.0, 5.0)]
    left, right = ax.get_xlim()
    assert left < -1
    assert right > 1


def test_leaves_steps_and_ends_can_be_told_apart():
    loss, w = chain()
    found = boxes(plot_graph(loss, {"w": w}))
    fill = {words: box.get_bbox_patch().get_facecolor() for words, box in found.items()}
    edge = {words: box.get_bbox_patch().get_edgecolor() for words, box in found.items()}
    assert fill["mul"] == fill["exp"] == fill["sum"] != fill["w"]
    assert [w for w, box in found.items() if box.get_fontweight() == "bold"] == ["w"]
    assert all(same_color(edge[words], QUIET) for words in ("w", "mul", "exp", "sum"))
    assert edge["constant"][3] == edge["result"][3] == 0  # no edge
    colors = {words: box.get_color() for words, box in found.items()}
    assert colors.pop("constant") == QUIET
    assert set(colors.values()) == {INK}
    assert all((box.get_ha(), box.get_va()) == ("center", "center") for box in found.values())


def test_the_two_colours_are_explained():
    ax = plot_graph(chain()[0])
    (values,) = [t for t in ax.texts if t.get_text() == "values, forward"]
    (gradients,) = [t for t in ax.texts if t.get_text() == "gradients, back"]
    assert (values.get_color(), gradients.get_color()) == (FORWARD, BACKWARD)
    assert not ax.axison
    ax.figure.canvas.draw()
    above, below = values.get_window_extent(), gradients.get_window_extent()
    assert above.y0 >= below.y1 - 1
    assert above.x0 == below.x0 == pytest.approx(ax.get_window_extent().x0, abs=1)
    assert above.y1 <= ax.get_window_extent().y1 + 1


def test_a_leaf_without_a_name_is_a_leaf_and_what_is_no_leaf_here_is_not_drawn():
    loss, _ = chain()
    drawn = [
        words(plot_graph(loss, names, ax=plt.figure().gca()))
        for names in (None, {}, {"elsewhere": torch.ones(2)})
    ]
    assert drawn[0] == drawn[1] == drawn[2]
    assert drawn[0]["leaf"] == 1


def test_a_step_of_ones_own_is_a_step_whatever_it_keeps():
    class Twice(torch.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            ctx.variable = a
            return 2 * a

        @staticmethod
        def backward(ctx, gradient):  # noqa: ARG004
            return 2 * gradient

    w = torch.ones(3, requires_grad=True)
    assert set(boxes(plot_graph(Twice.apply(w).sum(), {"w": w}))) == {"w", "twice", "sum", "result"}


def test_the_graph_is_there_also_after_the_backward_pass():
    loss, w = chain()
    before = words(plot_graph(loss, {"w": w}))
    loss.backward()
    assert words(plot_graph(loss, {"w": w}, ax=plt.figure().gca())) == before


def test_a_dollar_in_a_name_is_a_dollar():
    loss, w = chain()
    name = r"$\w^$"  # mathematics that matplotlib can't set
    ax = plot_graph(loss, {name: w})
    ax.figure.canvas.draw()
    assert not boxes(ax)[name].get_parse_math()


def test_it_draws_on_the_axes_it_is_given():
    _, (left, right) = plt.subplots(1, 2)
    assert plot_graph(network()[0], ax=left) is left
    assert not right.texts


def test_without_axes_it_takes_the_current_ones():
    ax = plt.figure().gca()
    assert plot_graph(chain()[0]) is ax


def left_undrawn(message, *given, error=ValueError, **options):
    with pytest.raises(error, match="^" + re.escape(message)):
        plot_graph(*given, **options)
    assert not plt.get_fignums()


def test_a_result_without_a_graph_is_refused():
    w = torch.ones(1, requires_grad=True)
    with torch.no_grad():
        outside = 2 * w
    for result in (torch.ones(1), w, outside, (2 * w).detach()):
        left_undrawn(
            "result has no graph: nothing was computed from a tensor that requires_grad, or it was "
            "inside torch.no_grad(), or the result was detached.",
            result,
        )


@pytest.mark.parametrize("result", [2.5, None, [torch.ones(1)], torch.nn.ReLU()], ids=repr)
def test_what_is_no_tensor_has_no_graph(result):
    message = "result must be a Tensor with its graph, not of type "
    end = ": what .item(), .numpy() or float() return has none."
    left_undrawn(message + type(result).__name__ + end, result, error=TypeError)


def test_names_lead_to_tensors():
    loss, w = chain()
    left_undrawn("names must be a mapping from names", loss, [w], error=TypeError)
    left_undrawn("names must be a mapping from names", loss, w, error=TypeError)
    left_undrawn("names['w'] must be a Tensor, not of type list", loss, {"w": [1]}, error=TypeError)
    left_undrawn("each name in names must be text, not 1", loss, {1: w}, error=TypeError)
    left_undrawn("names has an empty name", loss, {"": w})
    left_undrawn("ax must be one Axes", loss, ax=[1], error=TypeError)


def test_one_tensor_has_one_name():
    a = torch.ones(3, requires_grad=True)
    with pytest.raises(ValueError, match=r"^names has one tensor under two names, 'a' and 'b'"):
        plot_graph(a.sum(), {"a": a, "b": a})
