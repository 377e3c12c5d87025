"""Whether two values are the same to the last bit, as one number that stands for either."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterator, Mapping, Sequence, Set
from typing import Any

import numpy as np
import torch
from torch import Tensor

_PIECE = 1 << 22  # bytes: what is moved or made contiguous at once


def digest(value: Any) -> str:
    """Return the SHA-256 of a value's bytes: equal for two values only if all bits are.

    Parameters
    ----------
    value
        None, numbers, text, bytes, tensors on any device, arrays, and mappings, lists, tuples and
        sets of such. Types and shapes count; the order within a mapping or a set does not, as
        with `==`; the strides and the device of a tensor do not.

    Returns
    -------
    str
        64 hexadecimal digits, the same in another process.

    Raises
    ------
    TypeError
        If the value, or one within it, is of another kind.
    """
    return str(_hash(value).hexdigest())


def _hash(value: Any) -> Any:  # hashlib names no type for what it returns
    sha = hashlib.sha256()
    if isinstance(value, Tensor):
        _require_plain(value)
        _head(sha, "tensor", str(value.dtype), *value.shape)
        for piece in _pieces(value.detach()):
            sha.update(_bytes_of(piece))
    elif isinstance(value, np.ndarray) and value.dtype.hasobject:
        _head(sha, "objects", *value.shape)
        _each(sha, value.ravel().tolist())
    elif isinstance(value, (np.ndarray, np.generic)):
        array = np.asarray(value)
        _head(sha, type(value).__name__, str(array.dtype.descr), *array.shape)
        for part in _pieces(array):
            sha.update(np.ascontiguousarray(part).reshape(-1).view(np.uint8).data)
    elif isinstance(value, Mapping):
        _head(sha, "mapping", len(value))
        for pair in sorted(_hash(k).digest() + _hash(v).digest() for k, v in value.items()):
            sha.update(pair)
    elif isinstance(value, Set):
        _head(sha, "set", len(value))
        for element in sorted(_hash(element).digest() for element in value):
            sha.update(element)
    else:
        _scalar_or_sequence(sha, value)
    return sha


def _scalar_or_sequence(sha: Any, value: Any) -> None:
    if value is None or isinstance(value, (bool, int, torch.dtype, torch.device)):
        _head(sha, type(value).__name__, value)
    elif isinstance(value, float):
        _head(sha, "float")
        sha.update(struct.pack("<d", value))
    elif isinstance(value, complex):
        _head(sha, "complex")
        sha.update(struct.pack("<2d", value.real, value.imag))
    elif isinstance(value, str):
        _head(sha, "str")
        sha.update(value.encode("utf-8", "surrogatepass"))
    elif isinstance(value, (bytes, bytearray)):
        _head(sha, type(value).__name__)
        sha.update(value)
    elif isinstance(value, Sequence):
        _head(sha, type(value).__name__, len(value))
        _each(sha, value)
    else:
        raise TypeError(f"{value!r} of type {type(value).__name__} is not made of plain values.")


def _head(sha: Any, *what: object) -> None:
    """Say what comes, so that the bytes of one kind can't pass for those of another."""
    sha.update(repr(tuple(map(str, what))).encode("utf-8"))


def _each(sha: Any, values: Sequence[Any]) -> None:
    for value in values:
        sha.update(_hash(value).digest())


def _require_plain(tensor: Tensor) -> None:
    if tensor.layout != torch.strided or tensor.is_meta or tensor.is_quantized:
        raise TypeError(
            f"a {tensor.layout} tensor on {tensor.device.type} has no plain bytes; use to_dense()."
        )


def _pieces(array: Any) -> Iterator[Any]:
    """Cut a tensor or an array into parts of a few MB, in the order of its entries."""
    if array.nbytes <= _PIECE or array.ndim == 0:
        yield array
    elif array.nbytes <= _PIECE * len(array):  # a row fits
        rows = max(1, _PIECE * len(array) // array.nbytes)
        for start in range(0, len(array), rows):
            yield array[start : start + rows]
    else:
        for row in array:
            yield from _pieces(row)


def _bytes_of(piece: Tensor) -> Any:
    plain = piece.resolve_conj().resolve_neg().cpu().contiguous()
    # A row of one entry passes for contiguous whatever its stride is, and view then refuses.
    return plain.as_strided((plain.numel(),), (1,)).view(torch.uint8).numpy()
