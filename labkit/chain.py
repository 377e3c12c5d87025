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

# The losses, and the slope of each entry by its prediction f, before the mean is taken.
SLOPES: dict[Callable[..., Tensor], Callable[[Tensor, Tensor], Tensor]] = {
    functional.mse_loss: lambda f, y: (f - y).mul_(2),
    functional.l1_loss: lambda f, y: (f - y).sign_(),
    functional.huber_loss: lambda f, y: (f - y).clamp_(-1, 1),
    functional.binary_cross_entropy_with_logits: lambda f, y: f.sigmoid().sub_(y),
    functional.cross_entropy: lambda f, y: f.softmax(1).sub_(_indicators(y, f.shape[1])),
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
        One of `SLOPES`.
    """

    def __init__(
        self, stack: Stack, X: Tensor, y: Tensor, criterion: Callable[..., Tensor]
    ) -> None:
        self.criterion, self.y = criterion, y.mT.contiguous() if y.ndim == 3 else y
        self.layers: list[_Linear | _Activation] = []
        made = X.mT.contiguous()
        for name, module in stack.models[0].named_children():
            layer: _Linear | _Activation
            if isinstance(module, nn.Linear):
                above_trained = any(layer.is_trained for layer in self.layers)
                layer = _Linear(name, stack, made, down=above_trained)
            else:
                over = bool(self.layers) and isinstance(self.layers[-1], _Linear)
                layer = _Activation(type(module), made, in_place=over)
            self.layers.append(layer)
            made = layer.made
        self.lowest = next(i for i, layer in enumerate(self.layers) if layer.is_trained)

    @property
    def predictions(self) -> Tensor:
        """What the last forward pass predicted, (R, n, outputs)."""
        return self.layers[-1].made.mT

    def losses(self) -> Tensor:
        """Go forward, and return the loss of each chain, (R,)."""
        for layer in self.layers:
            layer.forward()
        entries = self.criterion(self.layers[-1].made, self.y, reduction="none").flatten(1)
        self.entries = entries.shape[1]
        return entries.mean(1)

    def backward(self) -> None:
        """Go back from the losses, and write the gradients into the stack."""
        delta = SLOPES[self.criterion](self.layers[-1].made, self.y).mul_(1 / self.entries)
        for layer in reversed(self.layers[self.lowest :]):
            delta = layer.backward(delta)


class _Linear:
    """W A + b, for R weights and as many A."""

    def __init__(self, name: str, stack: Stack, below: Tensor, *, down: bool) -> None:
        self.W, bias = stack.weights[f"{name}.weight"], stack.weights.get(f"{name}.bias")
        self.b = None if bias is None else bias.unsqueeze(2)
        self.dW = stack.gradients.get(f"{name}.weight")  # None where W is frozen
        self.db = stack.gradients.get(f"{name}.bias")
        self.is_trained = self.dW is not None or self.db is not None
        self.below, self.delta = below, torch.empty_like(below) if down else None
        self.made = below.new_empty(len(below), self.W.shape[1], below.shape[2])

    def forward(self) -> None:
        if self.b is None:
            torch.bmm(self.W, self.below, out=self.made)
        else:
            torch.baddbmm(self.b, self.W, self.below, out=self.made)

    def backward(self, delta: Tensor) -> Tensor:
        if self.dW is not None:
            torch.bmm(self.below, delta.mT, out=self.dW.mT)
        if self.db is not None:
            torch.sum(delta, 2, out=self.db)
        if self.delta is None:  # nothing below is trained
            return delta
        product = torch.mul if self.W.shape[1] == 1 else torch.bmm  # a column times a row
        return product(self.W.mT, delta, out=self.delta)


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


def _indicators(y: Tensor, classes: int) -> Tensor:
    """Return 1 where an entry's class is y and else 0: (R, classes, n)."""
    return functional.one_hot(y, classes).mT
