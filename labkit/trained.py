"""What the torch loops return: a network, with what it needs to predict."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from labkit.result import Fit
from labkit.tensors import Data, as_features, dtype_of, shape_of_predictions


@dataclass(frozen=True, eq=False, kw_only=True)
class TorchFit(Fit):
    """A trained network, in eval mode."""

    model: nn.Module = field(repr=False)

    @property
    def params(self) -> dict[str, NDArray[Any]]:
        """Copies of the parameters, by name."""
        return {name: as_array(p) for name, p in self.model.named_parameters()}

    def _predict(self, X: Data) -> NDArray[Any]:
        features = as_features(X, dtype_of(self.model)).to(next(self.model.parameters()).device)
        self.model.eval()
        shape_of_predictions(self.model, features, "X")
        with torch.inference_mode():
            prediction: Tensor = self.model(features)
        return as_array(prediction)


def as_array(tensor: Tensor) -> NDArray[Any]:
    """Return a copy of a tensor as an array; bfloat16, which NumPy doesn't have, as float32."""
    plain = tensor.detach().cpu()
    return (plain.float() if plain.dtype == torch.bfloat16 else plain).numpy().copy()
