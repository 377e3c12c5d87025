"""The drawn graph is the recorded one: every step, every shape, both ways."""

from collections import Counter

import matplotlib as mpl
import pytest

pytest.importorskip("torch", reason="a graph is torch's")

mpl.use("Agg")
import matplotlib.pyplot as plt
import torch

from labkit import plot_graph
from labkit.graph import arrows


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


def test_it_draws_on_the_axes_it_is_given():
    _, (left, right) = plt.subplots(1, 2)
    assert plot_graph(network()[0], ax=left) is left
    assert not right.texts


def test_a_result_without_a_graph_is_refused():
    with pytest.raises(ValueError, match="requires_grad"):
        plot_graph(torch.ones(1))
