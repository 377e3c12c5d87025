"""What comes into the torch loops: tensors checked once, and what a model makes of them."""

from __future__ import annotations

import copy
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor, nn

from labkit.devices import device_of, random_state
from labkit.exercise import NotAttempted
from labkit.inputs import as_numbers, require_finite
from labkit.modes import eval_mode, set_train_mode

Data: TypeAlias = Tensor | ArrayLike
Pair: TypeAlias = tuple[Tensor, Tensor]

AT_ONCE = 2**22
"""Bytes that are converted, gathered or predicted in one piece."""


def dtype_of(model: nn.Module) -> torch.dtype:
    """Return the floating dtype of a model's parameters."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"model must be a torch.nn.Module, not {model!r}.")
    trainable = [p for p in model.parameters() if p.requires_grad]
    if not trainable:
        missing = "parameter with requires_grad" if list(model.parameters()) else "parameters"
        raise ValueError(f"model has no {missing}: there is nothing to train.")
    dtype = trainable[0].dtype
    if not dtype.is_floating_point:
        raise TypeError(f"model must have real parameters, not {short(dtype)}.")
    return dtype


def as_features(X: Data, dtype: torch.dtype, name: str = "X") -> Tensor:
    """Return features as a tensor of at least two dimensions and one row, all finite.

    A large array keeps the dtype that it has, so that no second copy of it is made: who uses the
    tensor converts it to `dtype` piece by piece.
    """
    tensor = as_tensor(X, name, dtype)
    if tensor.ndim < 2:
        raise ValueError(
            f"{name} must have rows and columns, not shape {tuple(tensor.shape)}; "
            f"{name}.reshape(-1, 1) makes one column of it."
        )
    if tensor.numel() == 0:
        raise ValueError(f"{name} is empty: its shape is {tuple(tensor.shape)}.")
    if isinstance(X, Tensor) and tensor.is_floating_point():
        require_dtype(tensor, dtype, name)
    return tensor


def as_tensor(values: Data, name: str, dtype: torch.dtype) -> Tensor:
    """Return a tensor as it is, and anything else as a tensor of `dtype`.

    An array that needs no conversion shares its memory with the tensor, and one too large to be
    converted in one piece is left in its own dtype.
    """
    if isinstance(values, Tensor):
        return _checked(values.detach(), name)
    array = as_numbers(values, name)
    if array.size:
        require_finite(array, name)
    if dtype.is_floating_point:
        return _as_floats(array, name, dtype)
    if array.dtype.kind == "f":
        raise TypeError(f"{name} must hold whole numbers: use {name}.astype(int).")
    if array.dtype.kind == "u" and array.size and int(array.max()) > np.iinfo(np.int64).max:
        raise ValueError(f"{name} holds {int(array.max())}, which is too large for int64.")
    return _shared(np.require(array, np.int64, "C"))


def _checked(tensor: Tensor, name: str) -> Tensor:
    if tensor.is_complex():
        raise TypeError(f"{name} must hold real numbers, not {short(tensor.dtype)}.")
    if tensor.is_meta:
        raise ValueError(f"{name} is on torch's meta device, where tensors have no values.")
    if tensor.layout != torch.strided or tensor.is_quantized:
        raise TypeError(f"{name} must be a dense tensor: use {name}.to_dense().")
    if tensor.is_floating_point() and not _all_finite(tensor):
        require_finite(tensor.cpu().double().numpy(), name)
    return tensor


def _as_floats(array: NDArray[Any], name: str, dtype: torch.dtype) -> Tensor:
    if array.dtype.kind != "f" or array.dtype.itemsize > 8:
        array = array.astype(np.float64)
    tensor = _shared(array.astype(array.dtype.newbyteorder("="), copy=False))
    if tensor.numel() and max(map(abs, _ends(tensor))) > torch.finfo(dtype).max:
        raise ValueError(f"{name} holds numbers too large for {short(dtype)}: rescale it.")
    small = tensor.numel() * tensor.element_size() <= AT_ONCE
    return tensor.to(dtype).contiguous() if small else tensor


def _shared(array: NDArray[Any]) -> Tensor:
    """Return a tensor on an array's memory, or on a copy's where torch can't read it."""
    if any(stride < 0 for stride in array.strides):
        array = array.copy()
    with warnings.catch_warnings():  # of an array that is read-only: nothing here writes to it
        warnings.simplefilter("ignore", UserWarning)
        return torch.from_numpy(array)


def _ends(tensor: Tensor) -> tuple[float, float]:
    low, high = torch.aminmax(tensor)
    return float(low), float(high)


def _all_finite(tensor: Tensor) -> bool:
    """Tell whether no entry is NaN or infinite, without a second array of the tensor's size.

    The minimum and the maximum carry a NaN through; `torch.isfinite` would copy the data.
    """
    return tensor.numel() == 0 or all(map(math.isfinite, _ends(tensor)))


def require_dtype(tensor: Tensor, dtype: torch.dtype, name: str) -> None:
    """Raise TypeError if a tensor, whose dtype somebody chose, hasn't the model's."""
    if tensor.dtype != dtype:
        raise TypeError(
            f"{name} is {short(tensor.dtype)} and the model's parameters are {short(dtype)}: "
            f"use {name}.to(torch.{short(dtype)}), or model.to(torch.{short(tensor.dtype)})."
        )


def short(dtype: torch.dtype) -> str:
    """Return float32 for torch.float32."""
    return str(dtype).removeprefix("torch.")


def pieces(X: Tensor, dtype: torch.dtype, device: torch.device) -> Iterator[Tensor]:
    """Yield the rows of a tensor, some thousand at a time, in a dtype and on a device.

    However wide the layers are that they go through, what those make of one piece stays small
    beside a large table.
    """
    numbers = max(1, X[0].numel())
    for piece in X.split(max(32, min(4096, AT_ONCE // (8 * numbers)))):
        yield piece.to(dtype).to(device)  # in this order: not every device has float64


def predictions_of(model: nn.Module, X: Tensor, dtype: torch.dtype) -> Tensor:
    """Return a model's predictions in eval mode and without a graph, computed piece by piece.

    They are written into one tensor that is there from the start: many small ones, kept between
    the large ones that each piece needs for a moment, would break the memory into parts that
    can't be used again.
    """
    done = 0
    with eval_mode(model), torch.no_grad():
        for piece in pieces(X, dtype, device_of(model)):
            prediction: Tensor = model(piece)
            if len(piece) == len(X):
                return prediction
            if done == 0:
                if not _goes_by_rows(model, piece):
                    whole: Tensor = model(X.to(dtype).to(device_of(model)))
                    return whole
                found = prediction.new_empty((len(X), *prediction.shape[1:]))
            found[done : done + len(piece)] = prediction
            done += len(piece)
            del prediction
    return found


def _goes_by_rows(model: nn.Module, piece: Tensor) -> bool:
    """Tell whether the prediction for a row is the same without the other rows."""
    alone, beside = model(piece[-1:]), model(piece[[0, -1]])[1:]
    return alone.shape == beside.shape and torch.allclose(alone, beside, rtol=1e-3, atol=1e-5)


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """Raise ValueError, saying what can't be done, for whatever a trial of the user's code raises.

    An exercise that has not been attempted says so itself.
    """
    try:
        yield
    except NotAttempted:
        raise
    except (RuntimeError, TypeError, ValueError, IndexError, AssertionError) as error:
        said = next(iter(str(error).splitlines()), "") or type(error).__name__
        raise ValueError(f"{what}: {said}") from error


def ask_model(model: nn.Module, X: Tensor, dtype: torch.dtype, name: str = "X") -> Tensor:
    """Return what a model predicts for two rows, in eval mode and without a trace.

    Where X holds whole numbers, which may be places in an embedding, the model is asked for all
    rows: one that names no place is found before the training.
    """
    first = X[:2].to(dtype).to(device_of(model), copy=True)
    version = first._version
    with refusing(f"model can't take {name} of shape {tuple(X.shape)} and {short(dtype)}"):
        with eval_mode(model), torch.no_grad():
            prediction = model(first)
        changed = first._version != version
        if not dtype.is_floating_point and not changed:
            predictions_of(model, X, dtype)
    if not isinstance(prediction, Tensor):
        raise TypeError(
            f"model must return one tensor of predictions, not {type(prediction).__name__}."
        )
    if tuple(prediction.shape[:1]) != (len(first),):
        raise ValueError(
            f"model must return one prediction for each row of {name}; for {len(first)} rows it "
            f"returned the shape {tuple(prediction.shape)}."
        )
    if changed:
        raise ValueError(
            f"model changes the {name} that it is given: use inplace=False in its first layer."
        )
    return prediction


def ask_in_train_mode(
    model: nn.Module, X: Tensor, dtype: torch.dtype, outputs: tuple[int, ...]
) -> None:
    """Raise TypeError or ValueError unless a model does in train mode what it does in eval mode.

    A copy is asked, for two rows: its predictions must have the shape of those in eval mode and a
    gradient, and its features must stay as they are. A model that can't be copied is not asked.
    """
    try:
        twin = copy.deepcopy(model)
    except Exception:  # copying may fail in any way
        return
    set_train_mode(twin)
    first = X[:2].to(dtype).to(device_of(model), copy=True)
    version = first._version
    try:
        with torch.enable_grad(), random_state(0, first.device):
            prediction = twin(first)
    except (RuntimeError, TypeError, ValueError):  # two rows may be too few for it in train mode
        return
    if not isinstance(prediction, Tensor) or prediction.shape[1:] != outputs:
        found = getattr(prediction, "shape", type(prediction).__name__)
        raise TypeError(
            f"model must return the same in train mode as in eval mode, a tensor of shape "
            f"{(len(first), *outputs)} for {len(first)} rows, not {found}."
        )
    if first._version != version:
        raise ValueError(
            "model changes the X that it is given: use inplace=False in its first layer."
        )
    if not prediction.requires_grad:
        raise ValueError(
            "model returns predictions that have no gradient: leave out detach(), no_grad() and "
            "NumPy between its parameters and what it returns."
        )


def holds_whole_numbers(values: Data, name: str) -> bool:
    """Tell whether an array holds whole numbers by its dtype; a tensor says itself what it is."""
    return not isinstance(values, Tensor) and np.issubdtype(
        as_numbers(values, name).dtype, np.integer
    )
