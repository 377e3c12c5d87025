"""Data from the student's kernel as values: of the kinds listed here, and of no others.

Nothing is unpickled, imported or called by a name that came with the data.
"""

import datetime as dt
import importlib
import keyword
import re
from collections import Counter, OrderedDict, namedtuple
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np

KINDS = "biufcmM"  # of the arrays that are numbers, dates or durations
TORCH = ["bool", "uint8", "int8", "int16", "int32", "int64", "uint16", "uint32", "uint64"]
TORCH += ["float16", "bfloat16", "float32", "float64", "complex64", "complex128"]
TEXT: dict[str, Callable[[str], Any]] = {
    "Decimal": Decimal,
    "Fraction": Fraction,
    "datetime": dt.datetime.fromisoformat,
    "date": dt.date.fromisoformat,
    "time": dt.time.fromisoformat,
}
CONSTANTS: dict[str, Callable[[], Any]] = {
    "Ellipsis": lambda: ...,
    "NotImplemented": lambda: NotImplemented,
    "NA": lambda: importlib.import_module("pandas").NA,
}
LISTS: dict[str, Callable[[Any], Any]] = {"tuple": tuple, "set": set, "frozenset": frozenset}
MAPPINGS: dict[str, Callable[[Any], Any]] = {
    "dict": dict, "OrderedDict": OrderedDict, "Counter": lambda pairs: Counter(dict(pairs)),
}  # fmt: skip


class FaultError(Exception):
    """What came is not what the student's kernel was to send."""


class Decoder:
    """Reads one message; `objects` makes the stand-ins for what is no data."""

    def __init__(self, buffers: list[memoryview], objects: Callable[[Any, "Decoder"], Any]) -> None:
        self.buffers, self.objects = buffers, objects
        self.placed: dict[int, Any] = {}  # objects of this message, by their places in it

    def value(self, data: Any) -> Any:
        """Return a value; FaultError where the data are none."""
        if data is None or isinstance(data, bool | int | float | str):
            return data
        if isinstance(data, list):
            return [self.value(part) for part in data]
        kind = data["is"]
        made = getattr(self, f"is_{kind}", None)
        if made is not None:
            return made(data)
        if kind in CONSTANTS:
            return CONSTANTS[kind]()
        if kind in TEXT:
            return TEXT[kind](data["of"])
        if kind in LISTS:
            return LISTS[kind](self.value(part) for part in data["of"])
        if kind in MAPPINGS:
            return MAPPINGS[kind]([(self.value(k), self.value(v)) for k, v in data["of"]])
        return self.objects(data, self)

    def is_int(self, data: Any) -> int:
        """Read a large whole number."""
        return int(data["of"], 16)

    def is_complex(self, data: Any) -> complex:
        """Read a complex number."""
        return complex(*data["of"])

    def is_bytes(self, data: Any) -> bytes:
        """Read bytes."""
        return bytes(self.buffers[data["at"]])

    def is_timedelta(self, data: Any) -> dt.timedelta:
        """Read a duration."""
        return dt.timedelta(*data["of"])

    def is_range(self, data: Any) -> range:
        """Read a range."""
        return range(*map(self.value, data["of"]))

    def is_slice(self, data: Any) -> slice:
        """Read a slice."""
        return slice(*map(self.value, data["of"]))

    def is_dtype(self, data: Any) -> Any:
        """Read the type of an array or a tensor."""
        return torch_dtype(data["torch"]) if "torch" in data else numpy_dtype(data["of"])

    def is_scalar(self, data: Any) -> Any:
        """Read a number of NumPy's."""
        return self.value(data["of"])[()]

    def is_array(self, data: Any) -> Any:
        """Read an array."""
        shape = tuple(map(int, data["shape"]))
        if "of" in data:
            array = np.empty(len(data["of"]), dtype=object)
            array[:] = [self.value(entry) for entry in data["of"]]
            array = array if data["dtype"] == "O" else array.astype(data["dtype"][1:2])
            return array.reshape(shape)
        array = np.frombuffer(self.buffers[data["at"]], numpy_dtype(data["dtype"]))
        array = array.view("u1") != 0 if array.dtype.kind == "b" else array.copy()
        return array.reshape(shape)

    def is_record(self, data: Any) -> Any:
        """Read an array whose entries have named fields."""
        fields = {str(name): self.value(part) for name, part in data["of"]}
        array = np.zeros(tuple(data["shape"]), [(n, part.dtype) for n, part in fields.items()])
        for name, part in fields.items():
            array[name] = part
        return array

    def is_masked(self, data: Any) -> Any:
        """Read a masked array."""
        return np.ma.MaskedArray(self.is_array(data["of"]), self.is_array(data["mask"]))

    def is_sparse(self, data: Any) -> Any:
        """Read a sparse matrix."""
        from scipy.sparse import coo_array

        values, *places = map(self.is_array, data["of"])
        coo = coo_array((values, tuple(places)), shape=tuple(data["shape"]))
        if not re.fullmatch("(bsr|coo|csc|csr|dia|dok|lil)_(array|matrix)", data["name"]):
            return coo
        return getattr(importlib.import_module("scipy.sparse"), data["name"])(coo)

    def is_sparse_tensor(self, data: Any) -> Any:
        """Read a sparse tensor."""
        import torch

        places, values = map(self.is_tensor, data["of"])
        shape = tuple(data["shape"])
        return torch.sparse_coo_tensor(places, values, shape, check_invariants=True).coalesce()

    def is_tensor(self, data: Any) -> Any:
        """Read a tensor, as a leaf."""
        import torch

        dtype = torch_dtype(data["dtype"])
        if not self.buffers[data["at"]].nbytes:
            return torch.zeros(tuple(data["shape"]), dtype=dtype)
        raw = torch.from_numpy(np.frombuffer(self.buffers[data["at"]], np.uint8).copy())
        if dtype is torch.bool:
            raw = (raw != 0).view(torch.uint8)
        tensor = raw.view(dtype).reshape(tuple(data["shape"]))
        numeric = dtype.is_floating_point or dtype.is_complex
        return tensor.requires_grad_(bool(data["grad"]) and numeric)

    def is_parameter(self, data: Any) -> Any:
        """Read a parameter of a module."""
        import torch

        tensor = self.is_tensor(data)
        return torch.nn.Parameter(tensor.detach(), requires_grad=tensor.requires_grad)

    def is_namedtuple(self, data: Any) -> Any:
        """Read a tuple whose entries have names."""
        names = [data["name"], *data["fields"]]
        if not all(n.isidentifier() and not keyword.iskeyword(n) for n in names):
            raise FaultError("a name is none")
        kind = namedtuple(data["name"], data["fields"], rename=True)  # type: ignore[misc]
        return kind(*map(self.value, data["of"]))

    # --- pandas -----------------------------------------------------------------------------------

    def is_DataFrame(self, data: Any) -> Any:  # noqa: N802
        """Read a table."""
        import pandas as pd

        rows = self.value(data["rows"])
        table = pd.DataFrame(
            {n: pd.Series(self.column(one), index=rows) for n, one in enumerate(data["of"])},
            index=rows,
        )
        return table.set_axis(self.value(data["names"]), axis=1)

    def is_Series(self, data: Any) -> Any:  # noqa: N802
        """Read a column of a table."""
        import pandas as pd

        rows, name = self.value(data["rows"]), self.value(data["name"])
        return pd.Series(self.column(data["of"]), index=rows, name=name)

    def is_Index(self, data: Any) -> Any:  # noqa: N802
        """Read the names of rows or columns."""
        import pandas as pd

        return pd.Index(self.column(data["of"]), name=self.value(data["name"]))

    def is_MultiIndex(self, data: Any) -> Any:  # noqa: N802
        """Read names of several levels."""
        import pandas as pd

        return pd.MultiIndex.from_tuples(self.value(data["of"]), names=data["names"])

    def column(self, data: Any) -> Any:
        """Return a column's values in the type that they had, where pandas knows it."""
        import pandas as pd

        values = self.is_array(data["of"])
        try:
            return pd.array(values, dtype=data["dtype"]) if values.dtype == object else values
        except (TypeError, ValueError):
            return values


def numpy_dtype(text: str) -> Any:
    """Return a type of arrays of numbers; FaultError for others, objects above all."""
    dtype = np.dtype(str(text)[:40])
    if dtype.kind not in KINDS or dtype.fields is not None:
        raise FaultError(f"arrays of {dtype} are not read")
    return dtype


def torch_dtype(name: str) -> Any:
    """Return a type of tensors."""
    import torch

    if name not in TORCH:
        raise FaultError("a tensor has a type that is not read")
    return getattr(torch, name)
