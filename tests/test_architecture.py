"""The drawn network is the network: each unit, each weight, each number."""

from importlib.util import find_spec

import matplotlib as mpl
import pytest

mpl.use("Agg")
import matplotlib.pyplot as plt
from matplotlib.collections import LineCollection, PathCollection

from labkit import plot_network
from labkit.architecture import Architecture, architecture_of

needs_torch = pytest.mark.skipif(find_spec("torch") is None, reason="a module is torch's")


@pytest.fixture(autouse=True)
def closed():
    yield
    plt.close("all")


def units(ax):
    """The places of the circles, layer by layer; what dots stand for is left out."""
    found = [c for c in ax.collections if isinstance(c, PathCollection) and c.get_sizes()[0] > 50]
    return [[tuple(place) for place in circles.get_offsets()] for circles in found]


def lines(ax):
    """The ends of the lines, gap by gap."""
    found = [c for c in ax.collections if isinstance(c, LineCollection)]
    return [[tuple(map(tuple, line)) for line in gap.get_segments()] for gap in found]


def words(ax):
    return [text.get_text() for text in ax.texts]


def test_each_unit_is_a_circle_and_each_weight_a_line_between_two():
    ax = plot_network((3, 4, 2))
    layers = units(ax)
    assert [len(layer) for layer in layers] == [3, 4, 2]
    assert [{x for x, _ in layer} for layer in layers] == [{0}, {1}, {2}]
    expected = [{(a, b) for a in layers[k] for b in layers[k + 1]} for k in range(2)]
    assert [set(gap) for gap in lines(ax)] == expected
    assert [len(gap) for gap in lines(ax)] == [12, 8]


def test_a_long_layer_is_cut_in_its_middle_and_says_how_long_it_is():
    ax = plot_network((10, 11, 1))
    assert [len(layer) for layer in units(ax)] == [10, 8, 1]
    dots = [c for c in ax.collections if isinstance(c, PathCollection) and c.get_sizes()[0] < 50]
    (places,) = (c.get_offsets() for c in dots)
    heights = [y for _, y in units(ax)[1]]
    assert heights == [4.5, 3.5, 2.5, 1.5, -1.5, -2.5, -3.5, -4.5]  # a unit apart, about the middle
    assert all(x == 1 and not any(abs(y - h) < 0.8 for h in heights) for x, y in places)
    assert "11 hidden units" in words(ax)


def test_weights_biases_and_parameters_are_counted():
    assert words(plot_network((10, 16, 1))) == [
        "10 × 16 weights\n+ 16 biases", "16 × 1 weights\n+ 1 bias",
        "10 inputs", "16 hidden units", "1 output",
        "193 parameters: 176 weights, 17 biases",
    ]  # fmt: skip


def test_labels_are_written_as_they_stand():
    ax = plot_network((2, 1), labels=["age ($)", "risk"])
    assert words(ax)[1:3] == ["age ($)", "risk"]
    ax.figure.canvas.draw()


def test_it_draws_on_the_axes_it_is_given():
    _, (left, right) = plt.subplots(1, 2)
    plt.sca(right)
    assert plot_network((2, 1), ax=left) is left
    assert not right.has_data()
    assert plot_network((2, 1)) is right


@pytest.mark.parametrize("sizes", [(10, 16, 1), (2, 3, 3, 1), (784, 64, 10), (1, 1)])
def test_no_words_stand_on_other_words_nor_on_a_unit(sizes):
    ax = plot_network(sizes, ax=plt.figure(figsize=(6.4, 3.6), layout="constrained").gca())
    ax.figure.canvas.draw()
    boxes = [text.get_window_extent() for text in ax.texts]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[:i]), ax.texts[i]
        drawn = [ax.transData.transform(place) for layer in units(ax) for place in layer]
        assert not any(box.padded(4).contains(*place) for place in drawn), ax.texts[i]


@pytest.mark.parametrize(
    ("network", "labels", "error", "message"),
    [
        ("10", None, TypeError, "widths of its layers, such as .* not of type str"),
        (5, None, TypeError, "not of type int"),
        ((5,), None, ValueError, "two layers or more, inputs first, not 1"),
        ((5, 0), None, ValueError, r"network\[1\] must be 1 or more, not 0"),
        ((5, 2.5), None, TypeError, r"network\[1\] must be a whole number"),
        ((5, 1), ["a"], ValueError, "a list of 2 labels, one a layer"),
        ((5, 1), "ab", ValueError, "a list of 2 labels"),
        ((5, 1), ["a", ""], ValueError, "labels has an empty name"),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_axes_are_made(network, labels, error, message):
    with pytest.raises(error, match=message):
        plot_network(network, labels=labels)
    assert not plt.get_fignums()


@needs_torch
def test_a_module_says_its_widths_biases_and_activations():
    from torch import nn

    module = nn.Sequential(
        nn.Linear(10, 16), nn.ReLU(), nn.Dropout(), nn.Sequential(nn.Linear(16, 1, bias=False))
    )
    found = architecture_of(module)
    assert found == Architecture((10, 16, 1), (True, False), ("ReLU", ""))
    assert found.parameters == sum(p.numel() for p in module.parameters())
    three = architecture_of(nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 5), nn.Linear(5, 1)))
    assert three.sizes == (3, 4, 5, 1)
    said = words(plot_network(module))
    assert "16 hidden units\nReLU" in said
    assert "16 × 1 weights" in said


@needs_torch
def test_a_module_that_is_no_chain_of_linear_layers_is_refused():
    from torch import nn

    for layers, message in (
        ([nn.Linear(2, 3), nn.Linear(2, 1)], "takes 2 numbers, where the one before returns 3"),
        ([nn.Linear(2, 3), nn.Linear(3, 4), nn.Linear(3, 1)], "takes 3 numbers, .* returns 4"),
        ([nn.Linear(2, 3), nn.BatchNorm1d(3)], "parameters in a BatchNorm1d"),
        ([nn.ReLU()], "no linear layer"),
    ):
        with pytest.raises(ValueError, match=message):
            plot_network(nn.Sequential(*layers))
