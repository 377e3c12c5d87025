"""What the torch loops return: a network, with what it needs to predict."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from labkit.result import Fit
from labkit.tensors import Data, as_features, ask_model, predictions_of


@dataclass(frozen=True, eq=False, kw_only=True)
class TorchFit(Fit):
    """A trained network.

    Attributes
    ----------
    model : torch.nn.Module
        The network, in eval mode.
    dtype : torch.dtype
        What it takes: the dtype of its parameters, or int64 where it looks places up.
    """

    model: nn.Module = field(repr=False)
    dtype: torch.dtype = field(repr=False)

    @property
    def params(self) -> dict[str, NDArray[Any]]:
        """Copies of the parameters, by name."""
        return {name: as_array(p) for name, p in self.model.named_parameters()}

    def _predict(self, X: Data) -> NDArray[Any]:
        features = as_features(X, self.dtype)
        ask_model(self.model, features, self.dtype)
        return as_array(predictions_of(self.model, features, self.dtype))


def as_array(tensor: Tensor) -> NDArray[Any]:
    """Return a copy of a tensor as an array; bfloat16, which NumPy doesn't have, as float32."""
    plain = tensor.detach().cpu()
    return (plain.float() if plain.dtype == torch.bfloat16 else plain).numpy().copy()
