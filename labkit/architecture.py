"""A network of linear layers as a picture: its units, what joins them, and how many weights."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from matplotlib.axes import Axes
from matplotlib.collections import LineCollection

from labkit.drawable import axes_or_current, text, visible
from labkit.inputs import whole
from labkit.style import COLORS, INK, PAPER, QUIET

if TYPE_CHECKING:
    from torch import nn

MOST = 10  # units of a layer that are all drawn; a longer one is cut in its middle
SHOWN = 4  # units of a longer one on each side of its dots


@dataclass(frozen=True)
class Architecture:
    """How wide each layer is, inputs first, and what stands between them."""

    sizes: tuple[int, ...]
    biases: tuple[bool, ...]  # of each layer but the inputs
    activations: tuple[str, ...]  # applied to each layer but the inputs; "" for none

    @property
    def weights(self) -> list[int]:
        """The number of weights between each layer and the next."""
        return [rows * columns for rows, columns in pairwise(self.sizes)]

    @property
    def parameters(self) -> int:
        """All that is learned: weights and biases."""
        added = (size for size, bias in zip(self.sizes[1:], self.biases, strict=True) if bias)
        return sum(self.weights) + sum(added)


def plot_network(
    network: nn.Module | Sequence[int],
    *,
    labels: Sequence[str] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Draw a network of linear layers: a circle for each unit, a line for each weight.

    Of a layer with more than ten units the first four and the last four are drawn, with dots
    between them. Under each layer stands how many units it has, above the lines how many weights
    they are and how many biases are added.

    Parameters
    ----------
    network : Module or sequence of int
        A torch module that applies its linear layers in the order in which it holds them, such
        as an `nn.Sequential`; or the widths of the layers, inputs first, as `(10, 16, 1)`, which
        are then drawn with biases.
    labels : sequence of str, optional
        What to write under each layer, inputs first; where None, the number of its units, and
        the activation that the module applies to it.
    ax : Axes, optional
        Where to draw; the current axes where None.

    Returns
    -------
    Axes
        What was drawn on.

    Raises
    ------
    TypeError, ValueError
        If `network` is neither, has fewer than two layers or a width below 1, has parameters
        outside linear layers, or a linear layer that doesn't take what the one before returns; if
        there are not as many `labels` as layers.

    Examples
    --------
    >>> import matplotlib
    >>> matplotlib.use("agg")
    >>> from labkit import plot_network
    >>> ax = plot_network((10, 16, 1))
    >>> print([text.get_text() for text in ax.texts][-1])
    193 parameters: 176 weights, 17 biases
    """
    found = architecture_of(network)
    words = _labels(found) if labels is None else _given(labels, len(found.sizes))
    ax = axes_or_current(ax)
    heights = [_heights(size) for size in found.sizes]
    tallest = max(max(layer) for layer in heights)
    for x, (left, right) in enumerate(pairwise(heights)):
        lines = [((x, start), (x + 1, end)) for start in left for end in right]
        ax.add_collection(LineCollection(lines, colors=QUIET, linewidths=0.5, alpha=0.45))
        between = f"{found.sizes[x]:,} × {found.sizes[x + 1]:,} weights"
        if found.biases[x]:
            between += f"\n+ {_count(found.sizes[x + 1], 'bias')}"
        _write(ax, (x + 0.5, tallest), 12, between, QUIET)
    for x, (size, layer, label) in enumerate(zip(found.sizes, heights, words, strict=True)):
        color = COLORS["network"] if x else INK
        ax.scatter(
            [x] * len(layer), layer, s=110, facecolors=PAPER, edgecolors=color, linewidths=1.8,
            zorder=2,
        )  # fmt: skip
        if len(layer) < size:
            ax.scatter([x] * 3, [-0.35, 0, 0.35], s=7, color=color, zorder=2)
        _write(ax, (x, -tallest), -12, label, color, weight="bold")
    lines_of_labels = 1 + max(label.count("\n") for label in words)
    middle = (len(words) - 1) / 2
    _write(ax, (middle, -tallest), -18 - 14 * lines_of_labels, _total(found), INK)
    ax.set_xlim(-0.3, len(words) - 0.7)
    ax.set_ylim(-tallest - 0.5, tallest + 0.5)
    ax.set_axis_off()
    return ax


def architecture_of(network: Any) -> Architecture:
    """Return the architecture of a module or of widths, or say why it can't be drawn."""
    if callable(getattr(network, "modules", None)):
        return _of_module(network)
    if isinstance(network, str) or not isinstance(network, Iterable):
        raise TypeError(
            "network must be a torch module or the widths of its layers, such as (10, 16, 1), not "
            f"of type {type(network).__name__}."
        )
    sizes = tuple(whole(size, f"network[{k}]") for k, size in enumerate(network))
    if len(sizes) < 2:
        raise ValueError(
            f"network needs the widths of two layers or more, inputs first, not {len(sizes)}."
        )
    return Architecture(sizes, (True,) * (len(sizes) - 1), ("",) * (len(sizes) - 1))


def _of_module(network: Any) -> Architecture:
    """Read the linear layers of a module, each with the activation that follows it."""
    sizes: list[int] = []
    biases: list[bool] = []
    activations: list[str] = []
    for part in network.modules():
        kind = type(part).__name__
        if kind == "Linear":
            if sizes and sizes[-1] != part.in_features:
                raise ValueError(
                    f"network has a linear layer that takes {part.in_features} numbers, where the "
                    f"one before returns {sizes[-1]}: only layers in a chain can be drawn."
                )
            sizes += [part.out_features] if sizes else [part.in_features, part.out_features]
            biases.append(part.bias is not None)
            activations.append("")
        elif any(True for _ in part.parameters(recurse=False)):
            raise ValueError(
                f"network has parameters in a {kind}: only linear layers can be drawn. Give the "
                "widths of its layers instead, such as (10, 16, 1)."
            )
        elif activations and type(part).__module__ == "torch.nn.modules.activation":
            activations[-1] = kind
    if not sizes:
        raise ValueError("network has no linear layer: there is nothing to draw.")
    return Architecture(tuple(sizes), tuple(biases), tuple(activations))


def _heights(size: int) -> list[float]:
    """Return where the units of a layer stand, about 0; the middle of a long layer is left out."""
    if size <= MOST:
        return [(size - 1) / 2 - k for k in range(size)]
    top = [SHOWN + 0.5 - k for k in range(SHOWN)]
    return [*top, *(-height for height in reversed(top))]


def _labels(found: Architecture) -> list[str]:
    """Return what stands under each layer where nothing else is asked for."""
    *hidden, last = found.sizes[1:]
    kinds = [
        _count(found.sizes[0], "input"),
        *(_count(size, "hidden unit") for size in hidden),
        _count(last, "output"),
    ]
    applied = ("", *found.activations)
    return [f"{kind}\n{name}".strip() for kind, name in zip(kinds, applied, strict=True)]


def _given(labels: Any, layers: int) -> list[str]:
    """Return the labels that were asked for, one a layer."""
    words = [visible(text(label, f"labels[{k}]"), "labels") for k, label in enumerate(labels)]
    if isinstance(labels, str) or len(words) != layers:
        raise ValueError(f"labels needs a list of {layers} labels, one a layer, not {labels!r}.")
    return words


def _total(found: Architecture) -> str:
    """Return how many numbers are learned, and of which kind."""
    weights, parameters = sum(found.weights), found.parameters
    parts = f"{_count(weights, 'weight')}, {_count(parameters - weights, 'bias')}"
    return f"{_count(parameters, 'parameter')}: {parts}"


def _count(number: int, noun: str) -> str:
    """Return a number with its noun, in the singular for one."""
    plural = {"bias": "biases"}.get(noun, f"{noun}s")
    return f"{number:,} {noun if number == 1 else plural}"


def _write(
    ax: Axes, at: tuple[float, float], points: float, words: str, color: str, *,
    weight: str = "normal",
) -> None:  # fmt: skip
    """Write words so many points above a place, or below it."""
    ax.annotate(
        words, at, xytext=(0, points), textcoords="offset points", ha="center",
        va="bottom" if points > 0 else "top", color=color, fontweight=weight, parse_math=False,
    )  # fmt: skip
