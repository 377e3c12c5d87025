"""The weights of many networks in one tensor, a row a network."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class Stack:
    """R networks of one architecture, their P trained weights stacked to one (R, P) tensor.

    An optimizer that works entry by entry then updates all of them in one call.

    Parameters
    ----------
    models : sequence of torch.nn.Module
        The networks, of one architecture, dtype and device. They are read here, and written by
        `write_back`.

    Attributes
    ----------
    flat : torch.nn.Parameter, shape (R, P)
        What is trained, with its gradient beside it.
    weights : dict of str to Tensor
        Each parameter by name, shape (R, ...): a view of `flat`, or a copy of what is frozen.
    gradients : dict of str to Tensor
        Views of the gradient of `flat`, of the parameters that are trained.
    """

    def __init__(self, models: Sequence[nn.Module]) -> None:
        self.models = models
        parameters = dict(models[0].named_parameters())
        trained = {name: p for name, p in parameters.items() if p.requires_grad}
        sizes = [p.numel() for p in trained.values()]
        first = next(iter(trained.values()))
        values = torch.empty(len(models), sum(sizes), dtype=first.dtype, device=first.device)
        self.flat = nn.Parameter(values)
        self.gradient = self.flat.grad = torch.zeros_like(values)
        self.norms: Tensor | None = None  # of the last gradients before they were clipped

        def views(of: Tensor) -> dict[str, Tensor]:
            parts = zip(trained.items(), of.split(sizes, dim=1), strict=True)
            return {name: _shaped(part, p.shape) for (name, p), part in parts}

        self.weights, self.gradients = views(values), views(self.gradient)
        by_name = [dict(model.named_parameters()) for model in models]
        with torch.no_grad():
            for name in parameters:
                stacked = torch.stack([of_one[name] for of_one in by_name])
                if name in self.weights:
                    self.weights[name].copy_(stacked)
                else:
                    self.weights[name] = stacked

    def clip(self, largest: float) -> None:
        """Shrink each network's gradient to the norm `largest` where it is longer."""
        norms = self.norms = torch.linalg.vector_norm(self.gradient, dim=1)
        shares = (largest / (norms + 1e-6)).clamp(max=1)  # as clip_grad_norm_ has it
        self.gradient.mul_(shares[:, None])

    def write_back(self) -> None:
        """Give each network its weights and its last gradient."""
        with torch.no_grad():
            for r, model in enumerate(self.models):
                parameters = dict(model.named_parameters())
                for name, gradients in self.gradients.items():
                    parameters[name].copy_(self.weights[name][r])
                    parameters[name].grad = gradients[r].clone(
                        memory_format=torch.contiguous_format
                    )


def _shaped(rows: Tensor, shape: torch.Size) -> Tensor:
    """View rows as tensors of a shape; matrices lie transposed, which is quicker to write Δ Aᵀ."""
    if len(shape) == 2:
        return rows.view(len(rows), *reversed(shape)).mT
    return rows.view(len(rows), *shape)
