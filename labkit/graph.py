"""The figure of lab 2: the graph that autograd records, drawn from the record itself."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.transforms import ScaledTranslation
from torch import Tensor

from labkit.drawable import axes_or_current, named
from labkit.style import COLORS, INK, PAPER, QUIET

FORWARD, BACKWARD = COLORS["ols"], COLORS["gradient descent"]
CONSTANT = "constant"


class Arrow(NamedTuple):
    """A tensor on its way from the step that made it to one that uses it.

    `shape` is also that of the gradient that comes back. `source` and `shape` are None for a
    constant, of which autograd keeps no record.
    """

    source: Any
    target: Any
    shape: tuple[int, ...] | None


def arrows(result: Tensor) -> Iterator[Arrow]:
    """Walk a result's graph from its end to the leaves and yield each arrow once."""
    if not isinstance(result, Tensor):
        raise TypeError(
            f"result must be a Tensor with its graph, not of type {type(result).__name__}: "
            "what .item(), .numpy() or float() return has none."
        )
    if result.grad_fn is None:
        raise ValueError(
            "result has no graph: nothing was computed from a tensor that requires_grad, or it was "
            "inside torch.no_grad(), or the result was detached."
        )
    waiting, seen = [result.grad_fn], {result.grad_fn}
    while waiting:
        target = waiting.pop(0)
        for source, number in target.next_functions:
            if source is None:
                yield Arrow(None, target, None)
                continue
            yield Arrow(source, target, tuple(source._input_metadata[number].shape))
            if source not in seen:
                seen.add(source)
                waiting.append(source)


def plot_graph(
    result: Tensor, names: Mapping[str, Tensor] | None = None, *, ax: Axes | None = None
) -> Axes:
    """Draw the graph of a result, with the shape of the tensor on each arrow, both ways.

    Nothing is drawn by hand: the steps are those that `result.grad_fn.next_functions` leads
    to. Values flow down, from the leaves to the result; gradients flow up and have the shape
    of what they are the gradient of. What needs no gradient stands as "constant", and none
    flows there.

    Parameters
    ----------
    result : Tensor
        What was computed, a loss for instance.
    names : mapping of str to Tensor, optional
        What to call the leaves; a tensor that is no leaf of this graph is not drawn.
    ax : Axes, optional
        Where to draw; the current axes where None.

    Examples
    --------
    >>> import torch
    >>> from labkit.graph import plot_graph
    >>> a = torch.ones(1, 3, requires_grad=True)
    >>> ax = plot_graph((2 * a).sum(), {"a": a})
    >>> [text.get_text() for text in ax.texts].count("(1, 3)")
    4
    """
    found = list(arrows(result))
    called = _called(names)
    ax = axes_or_current(ax)
    places = _places(result.grad_fn, found)
    for source, target, shape in found:
        x, y = places[target]
        start = (x - 1, y) if source is None else places[source]
        _draw_arrow(ax, start, (x, y), shape)
        if source is None:
            _write(ax, start, CONSTANT, color=QUIET, edge="none")
    for node, place in places.items():
        leaf = _is_leaf(node)
        words = called.get(id(node.variable), "leaf") if leaf else _operation(node)
        _write(ax, place, words, fill="#e8eef2" if leaf else "white", bold=leaf)
    right, bottom = (max(numbers) for numbers in zip(*places.values(), strict=True))
    end = (0.0, bottom + 1)
    _draw_arrow(ax, places[result.grad_fn], end, tuple(result.shape))
    _write(ax, end, "result", edge="none")
    ax.set_xlim(-1.5, right + 0.6)
    ax.set_ylim(bottom + 1.3, -0.5)
    for color, words, lines in ((FORWARD, "values, forward", 0), (BACKWARD, "gradients, back", 1)):
        ax.annotate(
            words, (0, 1), xycoords="axes fraction", xytext=(0, -14 - 14 * lines),
            textcoords="offset points", color=color, fontweight="bold",
        )  # fmt: skip
    ax.set_axis_off()
    return ax


def _called(names: Mapping[str, Tensor] | None) -> dict[int, str]:
    """Return the name of each tensor by its identity."""
    called: dict[int, str] = {}
    for name, tensor in named({} if names is None else names, "names").items():
        if not isinstance(tensor, Tensor):
            kind = type(tensor).__name__
            raise TypeError(f"names[{name!r}] must be a Tensor, not of type {kind}.")
        if (other := called.setdefault(id(tensor), name)) != name:
            raise ValueError(
                f"names has one tensor under two names, {other!r} and {name!r}: give it one."
            )
    return called


def _places(last: Any, found: list[Arrow]) -> dict[Any, tuple[float, float]]:
    """Give each step a row below all that it uses, and a column: that of its user, if free."""
    depth, users = {last: 0}, {last: last}
    changed = True
    while changed:  # the longest way from the result, so that every arrow points down
        changed = False
        for source, target, _ in found:
            if source is not None and depth.get(source, -1) < depth[target] + 1:
                depth[source], users[source], changed = depth[target] + 1, target, True
    fed = {
        arrow.target for arrow in found if arrow.source is not None and not _is_leaf(arrow.source)
    }

    def is_beside(node: Any) -> bool:  # a leaf of one step that has something else above it
        once = sum(arrow.source is node for arrow in found) == 1
        return _is_leaf(node) and once and users[node] in fed

    def row(node: Any) -> int:
        return depth[users[node] if is_beside(node) else node]

    def order(node: Any) -> tuple[int, int]:
        return row(node), 2 * _is_leaf(node) - is_beside(node)

    places: dict[Any, tuple[float, float]] = {}
    for node in sorted(depth, key=order):
        column = places.get(users[node], (0.0, 0.0))[0] + is_beside(node)
        while (column, max(depth.values()) - row(node)) in places.values():
            column += 1
        places[node] = (column, float(max(depth.values()) - row(node)))
    return places


def _is_leaf(node: Any) -> bool:
    """Return whether a gradient ends here, in the `variable` of the node."""
    return str(node.name()).endswith("AccumulateGrad")


def _operation(node: Any) -> str:
    """Return the operation of a step: mm for MmBackward0."""
    return re.sub(r"Backward\d*$", "", str(node.name()).split("::")[-1]).lower()


def _draw_arrow(
    ax: Axes, start: tuple[float, float], end: tuple[float, float], shape: tuple[int, ...] | None
) -> None:
    """Draw the value's arrow and, beside it, the gradient's; a constant has only the first."""
    upright = start[0] == end[0]
    past = upright and abs(end[1] - start[1]) > 1  # goes round what stands between
    for color, side in ((FORWARD, -1), (BACKWARD, 1)):
        if shape is None and color == BACKWARD:
            continue
        apart = 0.0 if shape is None else 5.0 * side
        points = (apart, 0.0) if upright else (0.0, -apart)
        inches = ScaledTranslation(points[0] / 72, points[1] / 72, ax.figure.dpi_scale_trans)
        place = ax.transData + inches
        tail, head = (start, end) if color == FORWARD else (end, start)
        bend = "arc3,rad=-0.6" if color == FORWARD else "arc3,rad=0.6"
        ax.annotate(
            "", head, tail, xycoords=place, textcoords=place,
            arrowprops={
                "arrowstyle": "-|>", "color": color, "lw": 1.4,
                "shrinkA": 11 if upright else 24, "shrinkB": 11 if upright else 24,
                "connectionstyle": bend if past else "arc3",
            },
        )  # fmt: skip
        if shape is None:
            continue
        middle = (start[0] + end[0]) / 2 + 0.22 * past * abs(end[1] - start[1])
        ax.annotate(
            str(shape) if shape else "scalar", (middle, (start[1] + end[1]) / 2),
            xytext=(1.6 * points[0], 1.6 * points[1]), textcoords="offset points", color=color,
            ha=("right" if side < 0 else "left") if upright else "center",
            va="center" if upright else ("bottom" if side < 0 else "top"), fontsize=10,
        )  # fmt: skip


def _write(
    ax: Axes, at: tuple[float, float], words: str, *, color: str = INK, edge: str = QUIET,
    fill: str = PAPER, bold: bool = False,
) -> None:  # fmt: skip
    """Write a step's name in a box."""
    box = {"boxstyle": "round,pad=0.3", "fc": fill, "ec": edge}
    weight = "bold" if bold else "normal"
    ax.text(
        *at, words, ha="center", va="center", color=color, fontweight=weight, bbox=box,
        parse_math=False,
    )  # fmt: skip
