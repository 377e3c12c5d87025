r"""Gradients by hand: many chains of linear layers and activations at once, without autograd.

A chain takes $A = X$, with a column for each row of data, through its layers. A linear layer makes
$W A + b$ of the $A$ that it gets, an activation makes $g(A)$, entry by entry; what the last layer
makes is the prediction $F$. Let $\Delta$ be the derivative of the loss by what a layer makes, at
first $\partial\,\text{loss} / \partial F$. The chain rule takes it the same way back:

- at a linear layer, the derivative by $W$ is $\Delta A^\top$, by $b$ it is the sum of the columns
  of $\Delta$, and by $A$, for the layer below, $W^\top \Delta$;
- at an activation it is $\Delta \odot g'(A)$, and $g'(A)$ needs no more than $G = g(A)$: it is 1
  where $G > 0$ and else 0 for ReLU, $1 - G^2$ for tanh, $G (1 - G)$ for the sigmoid.

All tensors have one axis more, the first, for the networks, so that R small products are one
batched product; and each is written into memory that is kept from step to step.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from labkit.stack import Stack
from labkit.tensors import Pair


def _squares(f: Tensor, y: Tensor, share: float) -> Pair:
    error = f - y
    return error.square(), error.mul_(2 * share)


def _absolutes(f: Tensor, y: Tensor, share: float) -> Pair:
    error = f - y
    return error.abs(), error.sign_().mul_(share)


def _hubers(f: Tensor, y: Tensor, share: float) -> Pair:
    losses = functional.huber_loss(f, y, reduction="none")
    return losses, (f - y).clamp_(-1, 1).mul_(share)


def _events(f: Tensor, y: Tensor, share: float) -> Pair:
    losses = functional.binary_cross_entropy_with_logits(f, y, reduction="none")
    return losses, f.sigmoid().sub_(y).mul_(share)


def _classes(f: Tensor, y: Tensor, share: float) -> Pair:
    losses = functional.cross_entropy(f, y, reduction="none")
    return losses, f.softmax(1).sub_(functional.one_hot(y, f.shape[1]).mT).mul_(share)


# The loss of each entry, and the slope of their mean, in which each has its share, by the
# prediction f.
ENTRIES: dict[Callable[..., Tensor], Callable[[Tensor, Tensor, float], Pair]] = {
    functional.mse_loss: _squares,
    functional.l1_loss: _absolutes,
    functional.huber_loss: _hubers,
    functional.binary_cross_entropy_with_logits: _events,
    functional.cross_entropy: _classes,
}
_IN_PLACE: dict[type[nn.Module], Callable[[Tensor], Tensor]] = {
    nn.ReLU: torch.relu_,
    nn.Tanh: torch.tanh_,
    nn.Sigmoid: torch.sigmoid_,
}
_aten = torch.ops.aten  # has Δ ⊙ g' in one pass: in several it takes twice as long
_BACK_IN_PLACE: dict[type[nn.Module], Callable[[Tensor, Tensor], Tensor]] = {
    nn.ReLU: lambda d, g: _aten.threshold_backward.grad_input(d, g, 0, grad_input=d),
    nn.Tanh: lambda d, g: _aten.tanh_backward.grad_input(d, g, grad_input=d),
    nn.Sigmoid: lambda d, g: _aten.sigmoid_backward.grad_input(d, g, grad_input=d),
}


def is_chain(model: nn.Module) -> bool:
    """Tell whether a model is a plain chain of linear layers and activations known here."""
    return type(model) is nn.Sequential and all(
        (layer is model or type(layer) is nn.Linear or type(layer) in _IN_PLACE)
        and "forward" not in vars(layer)
        for layer in (model, *model)
    )


class Chain:
    """R chains, each with the data that it is trained on.

    Parameters
    ----------
    stack : Stack
        The chains.
    X : Tensor, shape (R, n, features)
        The features.
    y : Tensor, shape (R, n, outputs), or (R, n) for the cross entropy
        The targets.
    criterion : callable
        One of `ENTRIES`.
    """

    def __init__(
        self, stack: Stack, X: Tensor, y: Tensor, criterion: Callable[..., Tensor]
    ) -> None:
        self.entries, self.y = ENTRIES[criterion], y.mT.contiguous() if y.ndim == 3 else y
        self.share, self.axes = 1 / y[0].numel(), tuple(range(1, y.ndim))
        self.layers: list[_Linear | _Activation] = []
        made = X.mT.contiguous()
        _, *modules = stack.models[0].named_modules(remove_duplicate=False)  # one may be used twice
        for name, module in modules:
            layer: _Linear | _Activation
            if isinstance(module, nn.Linear):
                above_trained = any(layer.is_trained for layer in self.layers)
                layer = _Linear(name, stack, made, down=above_trained)
            else:
                over = bool(self.layers) and isinstance(self.layers[-1], _Linear)
                layer = _Activation(type(module), made, in_place=over)
            self.layers.append(layer)
            made = layer.made
        lowest = next(i for i, layer in enumerate(self.layers) if layer.is_trained)
        self.way_back = self.layers[lowest:][::-1]

    @property
    def predictions(self) -> Tensor:
        """What the last forward pass predicted, (R, n, outputs)."""
        return self.layers[-1].made.mT

    def losses(self) -> Tensor:
        """Go forward, and return the loss of each chain, (R,)."""
        for layer in self.layers:
            layer.forward()
        losses, self.slopes = self.entries(self.layers[-1].made, self.y, self.share)
        return losses.mean(self.axes)

    def backward(self) -> None:
        """Go back from the losses, and write the gradients into the stack."""
        delta = self.slopes
        for layer in self.way_back:
            delta = layer.backward(delta)


class _Linear:
    """W A + b, for R weights and as many A."""

    def __init__(self, name: str, stack: Stack, below: Tensor, *, down: bool) -> None:
        W, b = stack.weights[f"{name}.weight"], stack.weights.get(f"{name}.bias")
        dW, self.db = (stack.gradients.get(f"{name}.{kind}") for kind in ("weight", "bias"))
        self.is_trained = dW is not None or self.db is not None  # else frozen, or without a bias
        self.below, self.delta = below, torch.empty_like(below) if down else None
        self.made = below.new_empty(len(below), W.shape[1], below.shape[2])
        self.W, self.WT, self.b = W, W.mT, None if b is None else b.unsqueeze(2)
        self.dWT = None if dW is None else dW.mT

    def forward(self) -> None:
        if self.b is None:
            torch.bmm(self.W, self.below, out=self.made)
        else:
            torch.baddbmm(self.b, self.W, self.below, out=self.made)

    def backward(self, delta: Tensor) -> Tensor:
        if self.dWT is not None:
            torch.bmm(self.below, delta.mT, out=self.dWT)
        if self.db is not None:
            torch.sum(delta, 2, out=self.db)
        if self.delta is None:  # nothing below is trained
            return delta
        product = torch.mul if self.WT.shape[2] == 1 else torch.bmm  # a column times a row
        return product(self.WT, delta, out=self.delta)


class _Activation:
    """g(A), written over A where A is a linear layer's, which needs it no more."""

    is_trained = False

    def __init__(self, kind: type[nn.Module], below: Tensor, *, in_place: bool) -> None:
        self.below, self.made = below, below if in_place else torch.empty_like(below)
        self.go, self.back = _IN_PLACE[kind], _BACK_IN_PLACE[kind]

    def forward(self) -> None:
        if self.made is not self.below:
            self.made.copy_(self.below)
        self.go(self.made)

    def backward(self, delta: Tensor) -> Tensor:
        return self.back(delta, self.made)
