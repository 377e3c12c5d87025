"""A value as data: JSON for its structure, raw bytes for its numbers.

What has no such form is described as an object by `Objects`, and asked about later.
"""

import datetime as dt
import importlib
import sys
from collections import Counter, OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

EXACT = 2**53  # JSON's numbers are exact up to here, whoever reads them
TEXT: dict[type, Callable[[Any], str]] = {
    Decimal: str,
    Fraction: str,
    dt.datetime: dt.datetime.isoformat,
    dt.date: dt.date.isoformat,
    dt.time: dt.time.isoformat,
}


class Encoder:
    """Brings values to data; `describe` is asked about what is none."""

    def __init__(self, describe: Callable[[Any, "Encoder"], Any]) -> None:
        self.describe = describe
        self.buffers: list[bytes | memoryview] = []
        self.new: dict[int, int] = {}  # objects that this message holds: their places in it
        self.alive: list[Any] = []

    def value(self, value: Any) -> Any:
        """Return a value as JSON, its bytes in `buffers`."""
        if value is None or isinstance(value, bool):
            return value
        for form in (self.scalar, self.numeric, self.table, self.container):
            if (data := form(value)) is not None:
                return data
        return self.describe(value, self)

    def scalar(self, value: Any) -> Any:
        """Return a number, a text or another value without parts; None for all else."""
        if isinstance(value, np.generic):
            return {"is": "scalar", "of": self.value(np.asarray(value))}
        if isinstance(value, int):
            number = int.__add__(value, 0)
            return number if abs(number) < EXACT else {"is": "int", "of": hex(number)}
        if isinstance(value, float):
            return float.__pos__(value)
        if isinstance(value, str):
            return str.__str__(value)
        if isinstance(value, complex):
            return {"is": "complex", "of": [value.real, value.imag]}
        if isinstance(value, bytes | bytearray):
            self.buffers.append(bytes(value))
            return {"is": "bytes", "at": len(self.buffers) - 1}
        if isinstance(value, dt.timedelta):
            return {"is": "timedelta", "of": [value.days, value.seconds, value.microseconds]}
        if type(value) in TEXT:
            return {"is": type(value).__name__, "of": TEXT[type(value)](value)}
        if isinstance(value, range | slice):
            parts = [self.value(part) for part in (value.start, value.stop, value.step)]
            return {"is": type(value).__name__, "of": parts}
        if value is Ellipsis or value is NotImplemented:
            return {"is": str(value)}
        if isinstance(value, np.dtype):
            return {"is": "dtype", "of": value.str}
        if type(value).__module__ == "torch" and type(value).__name__ == "dtype":
            return {"is": "dtype", "torch": str(value).removeprefix("torch.")}
        return {"is": "NA"} if type(value).__name__ == "NAType" else None

    def numeric(self, value: Any) -> Any:
        """Return an array, a tensor or a sparse matrix; None for all else."""
        if isinstance(value, np.ma.MaskedArray):
            mask = np.ma.getmaskarray(value)
            return {"is": "masked", "of": self.array(np.asarray(value)), "mask": self.array(mask)}
        if isinstance(value, np.ndarray):
            return self.array(np.asarray(value))
        torch = sys.modules.get("torch")
        if torch is not None and isinstance(value, torch.Tensor):
            return self.tensor(value)
        if type(value).__module__.startswith("scipy.sparse") and hasattr(value, "tocoo"):
            coo = value.tocoo()
            parts = [self.array(part) for part in (coo.data, *coo.coords)]
            form = {"name": type(value).__name__, "shape": list(coo.shape)}
            return {"is": "sparse", "of": parts, **form}
        return None

    def array(self, array: Any) -> Any:
        """Return an array: its raw bytes, or each entry where these are objects or text."""
        shape = list(array.shape)
        if array.dtype.kind == "V":
            fields = [[name, self.array(array[name])] for name in array.dtype.names or ()]
            return {"is": "record", "shape": shape, "of": fields}
        if array.dtype.kind in "OUS":
            entries = [self.value(entry) for entry in array.ravel().tolist()]
            dtype = "O" if array.dtype.kind == "O" else array.dtype.str
            return {"is": "array", "dtype": dtype, "shape": shape, "of": entries}
        self.buffers.append(np.ascontiguousarray(array).tobytes())
        at = len(self.buffers) - 1
        return {"is": "array", "dtype": array.dtype.str, "shape": shape, "at": at}

    def tensor(self, value: Any) -> Any:
        """Return a tensor by its bytes. Its graph is lost, but not that it had one."""
        torch = sys.modules["torch"]
        if value.layout != torch.strided and not wrapped(value):
            coo = value.detach().cpu().to_sparse_coo().coalesce()
            parts = [self.tensor(coo.indices()), self.tensor(coo.values())]
            return {"is": "sparse_tensor", "of": parts, "shape": list(value.shape)}
        kind = "parameter" if isinstance(value, torch.nn.Parameter) else "tensor"
        wants = bool(value.requires_grad) or wrapped(value)
        tensor = plain(value)
        tensor = tensor.dequantize() if tensor.is_quantized else tensor.cpu()
        tensor = tensor.resolve_conj().resolve_neg().contiguous().reshape(-1)
        raw = tensor.view(torch.uint8).numpy().tobytes() if tensor.numel() else b""
        self.buffers.append(raw)
        dtype = str(tensor.dtype).removeprefix("torch.")
        at = len(self.buffers) - 1
        return {"is": kind, "dtype": dtype, "shape": list(value.shape), "at": at, "grad": wants}

    def table(self, value: Any) -> Any:
        """Return a Series, a DataFrame or an index of pandas; None for all else."""
        pandas = sys.modules.get("pandas")
        if pandas is None:
            return None
        if isinstance(value, pandas.DataFrame):
            columns = [self.column(value.iloc[:, i]) for i in range(value.shape[1])]
            names = self.value(value.columns)
            return {
                "is": "DataFrame",
                "of": columns,
                "names": names,
                "rows": self.value(value.index),
            }
        if isinstance(value, pandas.Series):
            data = {"is": "Series", "rows": self.value(value.index), "name": self.value(value.name)}
            return data | {"of": self.column(value)}
        if isinstance(value, pandas.MultiIndex):
            return {"is": "MultiIndex", "of": self.value(list(value)), "names": list(value.names)}
        if isinstance(value, pandas.Index):
            return {"is": "Index", "of": self.column(value), "name": self.value(value.name)}
        if isinstance(value, pandas.Timestamp | pandas.Timedelta):
            return self.value(value.to_numpy())
        if isinstance(value, pandas.api.extensions.ExtensionArray):
            return self.value(pandas.Series(value))
        return None

    def column(self, values: Any) -> Any:
        """Return the values of a Series or an index, with the name of their type."""
        numpy_keeps = isinstance(values.dtype, np.dtype)
        array = values.to_numpy() if numpy_keeps else np.array(values.astype(object), dtype=object)
        return {"dtype": str(values.dtype), "of": self.array(array)}

    def container(self, value: Any) -> Any:
        """Return a list, a tuple, a set or a mapping with its parts; None for all else."""
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            fields = [str(name) for name in value._fields]
            parts = [self.value(part) for part in value]
            return {"is": "namedtuple", "name": type(value).__name__, "fields": fields, "of": parts}
        if isinstance(value, list):
            return [self.value(part) for part in list.__iter__(value)]
        kind: Any
        for kind in (tuple, set, frozenset):
            if isinstance(value, kind):
                parts = [self.value(part) for part in kind.__iter__(value)]
                return {"is": kind.__name__, "of": parts}
        if isinstance(value, dict):
            name = next(k.__name__ for k in (Counter, OrderedDict, dict) if isinstance(value, k))
            pairs = [[self.value(k), self.value(v)] for k, v in dict.items(value)]
            return {"is": name, "of": pairs}
        return None


def wrapped(tensor: Any) -> bool:
    """Tell whether torch.func is looking at what is done with a tensor."""
    functorch = sys.modules["torch"]._C._functorch
    return bool(functorch.is_functorch_wrapped_tensor(tensor))


def plain(tensor: Any) -> Any:
    """Return the plain tensor of the same shape inside one that torch.func looks at, or itself."""
    functorch = sys.modules["torch"]._C._functorch
    while functorch.is_functorch_wrapped_tensor(tensor):
        place = functorch.maybe_get_bdim(tensor) if functorch.is_batchedtensor(tensor) else None
        tensor = functorch.get_unwrapped(tensor)
        tensor = tensor if place is None else tensor.select(place, 0)
    return tensor.detach()


def unwatched() -> AbstractContextManager[Any]:
    """Let torch.func not look at what is done meanwhile."""
    if "torch" not in sys.modules:
        return nullcontext()
    functorch: Any = importlib.import_module("torch._functorch.pyfunctorch")
    return functorch.temporarily_clear_interpreter_stack()  # type: ignore[no-any-return]
