"""Many networks of any kind at once: torch's vmap over their stacked weights, and autograd."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.func import functional_call, vmap

from labkit.losses import Loss
from labkit.stack import Stack


class Mapped:
    """R networks, each with the data that it is trained on.

    Parameters
    ----------
    stack : Stack
        The networks. The code of the first one, its mode and its attributes serve for all.
    X, y : Tensor, shape (R, n, ...)
        Features and targets.
    criterion : callable
        The loss of one network's predictions and targets.
    """

    def __init__(self, stack: Stack, X: Tensor, y: Tensor, criterion: Loss) -> None:
        self.X, self.y, self.stack = X, y, stack
        model = stack.models[0]
        self.forward = vmap(lambda weights, x: functional_call(model, weights, (x,)))
        self.criterion = vmap(criterion)
        self.weights = {  # views of the stack's, from which autograd's graphs begin
            name: weight.detach().requires_grad_(name in stack.gradients)
            for name, weight in stack.weights.items()
        }

    def losses(self) -> Tensor:
        """Go forward, and return the loss of each network, (R,)."""
        self.predictions: Tensor = self.forward(self.weights, self.X)
        self.value: Tensor = self.criterion(self.predictions, self.y).reshape(len(self.y))
        return self.value.detach()

    def backward(self) -> None:
        """Go back from the losses, and write the gradients into the stack."""
        for gradient, new in zip(self.stack.gradients.values(), self.slopes(), strict=True):
            gradient.copy_(new)

    def slopes(self, times: float = 1.0) -> tuple[Tensor, ...]:
        """Return the gradients of so many times the losses, by each parameter that is trained.

        The losses are added, so no gradient of one network reaches another.
        """
        trained = [self.weights[name] for name in self.stack.gradients]
        return torch.autograd.grad(times * self.value.sum(), trained)
