"""What comes into the torch loops: tensors checked once, and the shape contract."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn

from labkit.inputs import as_numbers, require_finite, require_same_rows

Data: TypeAlias = Tensor | ArrayLike
Pair: TypeAlias = tuple[Tensor, Tensor]
Loss: TypeAlias = Callable[[Tensor, Tensor], Tensor]


def as_pair(model: nn.Module, X: Data, y: Data, *, loss: Loss, name: str = "") -> Pair:
    """Return features and targets as tensors that a model can be trained on, where it is.

    Parameters
    ----------
    model : torch.nn.Module
        The model; its parameters' dtype and device are those of the result.
    X, y : Tensor or array_like
        Features of shape (n, ...) and one target a row. A tensor must have the model's dtype;
        anything else is converted to it.
    loss : callable
        The loss function, since torch's cross entropies take targets of their own kinds.
    name : str
        What to put before X and y in messages, such as "validation ".

    Raises
    ------
    TypeError, ValueError
        If the data are not finite numbers; if a floating tensor hasn't the model's dtype; if the
        model can't take X; if its predictions haven't the shape of y; or if y holds classes or
        probabilities that don't exist.
    """
    dtype = dtype_of(model)
    X_name, y_name = f"{name}X", f"{name}y"
    classes = _is(loss, nn.functional.cross_entropy, nn.CrossEntropyLoss)
    require_same_rows(X, y, name)
    X = as_features(X, dtype, X_name)
    y = _as_tensor(y, y_name, torch.long if classes else dtype)
    if y.ndim == 0 or len(y) != len(X):
        rows = len(y) if y.ndim else 1
        raise ValueError(f"{y_name} has {rows} rows where {len(X)} are needed, one for each of X.")
    if y.is_floating_point():
        _require_dtype(y, dtype, y_name)
    device = next(model.parameters()).device
    X, y = X.to(device), y.to(device)
    predictions = (len(X), *shape_of_predictions(model, X, X_name)[1:])
    if classes:
        _require_classes(y, predictions, y_name)
    else:
        _require_same_shape(y, predictions, y_name)
    if _is(loss, nn.functional.binary_cross_entropy_with_logits, nn.BCEWithLogitsLoss):
        _require_probabilities(y, y_name)
    return X, y


def as_features(X: Data, dtype: torch.dtype, name: str = "X") -> Tensor:
    """Return features as a tensor of at least two dimensions and one row, all finite."""
    tensor = _as_tensor(X, name, dtype)
    if tensor.ndim < 2:
        raise ValueError(
            f"{name} must have rows and columns, not shape {tuple(tensor.shape)}; "
            f"{name}.reshape(-1, 1) makes one column of it."
        )
    if tensor.numel() == 0:
        raise ValueError(f"{name} is empty: its shape is {tuple(tensor.shape)}.")
    if tensor.is_floating_point():
        _require_dtype(tensor, dtype, name)
    return tensor


def dtype_of(model: nn.Module) -> torch.dtype:
    """Return the floating dtype of a model's parameters.

    Raises
    ------
    TypeError
        If `model` is not a module.
    ValueError
        If it has no parameters, or none that is to be trained.
    """
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, not {model!r}.")
    trainable = [p for p in model.parameters() if p.requires_grad]
    if not trainable:
        missing = "parameter with requires_grad" if list(model.parameters()) else "parameters"
        raise ValueError(f"model has no {missing}: there is nothing to train.")
    return trainable[0].dtype


def _as_tensor(values: Data, name: str, dtype: torch.dtype) -> Tensor:
    """Return a tensor as it is, and anything else as a tensor of `dtype`."""
    if isinstance(values, Tensor):
        if values.is_complex():
            raise TypeError(f"{name} must hold real numbers, not {_short(values.dtype)}.")
        if values.is_floating_point() and not _all_finite(values):
            require_finite(values.detach().double().cpu().numpy(), name)
        return values.detach()
    array = as_numbers(values, name)
    if array.size:
        require_finite(array.astype(float, copy=False), name)
    if dtype == torch.long and array.dtype.kind == "f":
        raise TypeError(f"{name} must hold class indices as whole numbers: use {name}.astype(int).")
    # A copy in plain form: read-only, reversed, big-endian and extended arrays too.
    array = array.astype(np.int64 if dtype == torch.long else np.float64, order="C")
    tensor = torch.tensor(array, dtype=dtype)
    if not _all_finite(tensor):
        raise ValueError(f"{name} holds numbers too large for {_short(dtype)}: rescale it.")
    return tensor


def _all_finite(tensor: Tensor) -> bool:
    """Tell whether no entry is NaN or infinite, without a second array of the tensor's size.

    The minimum and the maximum carry a NaN through; `torch.isfinite` would copy the data.
    """
    if tensor.numel() == 0:
        return True
    return all(math.isfinite(end.item()) for end in torch.aminmax(tensor))


def _require_dtype(tensor: Tensor, dtype: torch.dtype, name: str) -> None:
    if tensor.dtype != dtype:
        raise TypeError(
            f"{name} is {_short(tensor.dtype)} and the model's parameters are {_short(dtype)}: "
            f"use {name}.to(torch.{_short(dtype)}), or model.to(torch.{_short(tensor.dtype)})."
        )


def shape_of_predictions(model: nn.Module, X: Tensor, name: str) -> tuple[int, ...]:
    """Ask the model for two predictions, in eval mode and without a trace."""
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            shape = tuple(model(X[:2]).shape)
    except RuntimeError as error:
        raise ValueError(
            f"model can't take {name} of shape {tuple(X.shape)} and {_short(X.dtype)}: {error}"
        ) from error
    finally:
        model.train(was_training)
    if shape[:1] != (len(X[:2]),):
        raise ValueError(
            f"model must return one prediction for each row of {name}; for {len(X[:2])} rows it "
            f"returned the shape {shape}."
        )
    return shape


def _require_same_shape(y: Tensor, predictions: tuple[int, ...], name: str) -> None:
    targets = tuple(y.shape)
    if predictions != targets:
        if y.numel() == torch.Size(predictions).numel():
            mend = f"Use {name}.reshape({', '.join(map(str, (-1, *predictions[1:])))})."
        else:
            mend = "Use a model with as many outputs as there are targets in a row."
        raise ValueError(
            f"The predictions have shape {predictions} and {name} has shape {targets}; torch would "
            f"broadcast one against the other and return a loss that means nothing. {mend}"
        )
    if not y.is_floating_point():
        raise TypeError(f"{name} must be floating point for this loss: use {name}.float().")


def _require_classes(y: Tensor, predictions: tuple[int, ...], name: str) -> None:
    if y.ndim != 1 or len(predictions) != 2:
        raise ValueError(
            f"'cross_entropy' takes predictions of shape (n, classes) and one class index a row, "
            f"shape (n,); the predictions have shape {predictions} and {name} has {tuple(y.shape)}."
        )
    if y.dtype != torch.long:
        raise TypeError(f"{name} must hold class indices as whole numbers: use {name}.long().")
    low, high, classes = int(y.min()), int(y.max()), predictions[1]
    if low < 0 or high >= classes:
        raise ValueError(
            f"{name} holds class indices from {low} to {high}, and the model has {classes} "
            f"outputs: classes count from 0 to {classes - 1} (in R from 1)."
        )


def _require_probabilities(y: Tensor, name: str) -> None:
    low, high = float(y.min()), float(y.max())
    if low < 0 or high > 1:
        raise ValueError(
            f"{name} must hold 0 and 1, or probabilities, for this loss; it holds numbers from "
            f"{low:g} to {high:g}, for which the loss has no minimum."
        )


def _is(loss: Loss, function: Loss, module: type[nn.Module]) -> bool:
    return loss is function or isinstance(loss, module)


def _short(dtype: Any) -> str:
    return str(dtype).removeprefix("torch.")
