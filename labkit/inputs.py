"""What comes in: arguments checked once, with errors that say how to mend them."""

from __future__ import annotations

import bisect
import math
from collections.abc import Sequence
from numbers import Integral, Real
from types import ModuleType
from typing import Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats: TypeAlias = NDArray[np.float64]

_LARGEST = 1e150  # beyond it a sum of squares overflows

# Python or NumPy counts these as whole numbers, and they are no quantities: 3 days are not 3.
_NO_NUMBERS = (bool, np.bool_, np.timedelta64)


class Stream(Protocol):
    """A source of random numbers: what NumPy's `Generator` and `RStream` share."""

    def standard_normal(self, size: Any = None) -> Any:
        """Draw from the standard normal distribution."""

    def random(self, size: Any = None) -> Any:
        """Draw from the uniform distribution on the unit interval."""


def as_rng(rng: int | np.random.Generator | Stream | None) -> Stream:
    """Return a source of random numbers, as `numpy.random.default_rng` does.

    None gives fresh entropy, a whole number seeds NumPy's default generator, and a
    `Generator` or `RStream` is used as it is, so that it goes on where it stands. Their classes
    are refused, since NumPy's crash where they are called without an object, and so is the module
    `numpy.random`, whose state is global.
    """
    if rng is None:
        return np.random.default_rng()
    if isinstance(rng, Integral):
        return np.random.default_rng(whole(rng, "rng", at_least=0))
    drawing = (getattr(rng, name, None) for name in ("standard_normal", "random"))
    if isinstance(rng, type | ModuleType) or not all(map(callable, drawing)):
        raise TypeError(
            "rng must be a whole number, a Generator as numpy.random.default_rng(1) makes it, an "
            f"RStream, or None, not {rng!r} of type {_kind(rng)}."
        )
    return rng  # type: ignore[return-value]


def whole(value: Any, name: str, *, at_least: int = 1, at_most: int | None = None) -> int:
    """Return `value` as an int, or say that the argument `name` must be a whole number."""
    if not isinstance(value, Integral) or isinstance(value, _NO_NUMBERS):
        raise TypeError(f"{name} must be a whole number, not {value!r} of type {_kind(value)}.")
    number = int(value)
    if number < at_least:
        raise ValueError(f"{name} must be {at_least} or more, not {value}.")
    if at_most is not None and number > at_most:
        raise ValueError(f"{name} must be at most {at_most}, not {value}.")
    return number


def positive(value: Any, name: str, *, or_zero: bool = False) -> float:
    """Return `value` as a float, or say that the argument `name` must be positive."""
    allowed = "zero or a positive number" if or_zero else "a positive number"
    if not isinstance(value, Real) or isinstance(value, _NO_NUMBERS):
        raise TypeError(f"{name} must be {allowed}, not {value!r} of type {_kind(value)}.")
    number = as_float(value)
    if not math.isfinite(number) or number < 0 or (number == 0 and not or_zero):
        raise ValueError(f"{name} must be {allowed}, not {value}.")
    return number


def as_float(value: Real) -> float:
    """Return a real number as a float, infinite where it is too large for one."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf  # type: ignore[operator]


def one_number(value: Any) -> float | None:
    """Return what holds one real number as a float; None for all else, such as a masked one."""
    if np.ma.is_masked(value):
        return None
    if hasattr(value, "item") and math.prod(getattr(value, "shape", ())) == 1:
        if getattr(value.dtype, "kind", "f") not in "biuf":  # NumPy's; a date may be an int inside
            return None
        try:
            value = value.item()
        except RuntimeError:  # a tensor on the device "meta" has a shape and no number
            return None
    return as_float(value) if isinstance(value, Real) else None


def one_of(value: str, name: str, known: Sequence[str]) -> str:
    """Return `value` if it is among the known names, or list them."""
    if not isinstance(value, str) or value not in known:
        raise ValueError(f"{name}={value!r} is unknown. Known: {', '.join(known)}.")
    return value


def as_matrix(X: ArrayLike, name: str = "X", *, min_rows: int = 2) -> Floats:
    """Return `X` as a float64 matrix of shape (n, p) without copying one that already is."""
    matrix = as_floats(X, name)
    if matrix.ndim != 2:
        column = f"{name}.to_frame()" if hasattr(X, "to_frame") else f"{name}.reshape(-1, 1)"
        mend = f"{column} makes one column of it" if matrix.ndim == 1 else "flatten it"
        raise ValueError(
            f"{name} must have two dimensions, rows × columns, not shape {matrix.shape}; {mend}."
        )
    rows, columns = matrix.shape
    if columns == 0 or rows == 0:
        raise ValueError(f"{name} is empty: its shape is {matrix.shape}.")
    if rows < min_rows:
        raise ValueError(f"{name} has {rows} row; at least {min_rows} are needed.")
    require_finite(matrix, name)
    return matrix


def as_features(X: ArrayLike, p: int) -> Floats:
    """Return `X` as a float64 matrix of the p columns that a model was fitted on."""
    X = as_matrix(X, min_rows=1)
    if X.shape[1] != p:
        raise ValueError(f"X has {X.shape[1]} columns, and the model was fitted on {p}.")
    return X


def as_vector(y: ArrayLike, n: int, name: str = "y") -> Floats:
    """Return `y` as a float64 vector of shape (n,).

    A column of shape (n, 1) is refused rather than flattened: the difference between the two
    shapes is the most expensive one in this course.
    """
    vector = as_floats(y, name)
    if vector.ndim == 2 and vector.shape[1] == 1 and vector.shape[0] == n:
        mend = f"{name}.iloc[:, 0]" if hasattr(y, "iloc") else f"{name}.ravel()"
        raise ValueError(f"{name} has shape ({n}, 1), not ({n},); {mend} makes it a vector.")
    if vector.ndim != 1:
        raise ValueError(f"{name} must be a vector of shape ({n},), not of shape {vector.shape}.")
    if vector.shape[0] != n:
        raise ValueError(
            f"{name} has {vector.shape[0]} entries where {n} are needed, one for each row of X."
        )
    require_finite(vector, name)
    return vector


def require_finite(values: Floats, name: str) -> None:
    """Raise ValueError naming the first entry of `values` that is NaN, infinite or near it.

    The minimum and the maximum carry a NaN through and need no second array of the size of
    the first, so that the check is cheap on ten million rows.
    """
    if not values.size:
        return
    low, high = float(values.min()), float(values.max())
    if low > -_LARGEST and high < _LARGEST:
        return
    bad = ~np.isfinite(values)
    if not bad.any():
        raise ValueError(f"{name} holds {max(-low, high):g}, whose square overflows: rescale it.")
    first = tuple(int(i) for i in np.argwhere(bad)[0])
    where = f"row {first[0]}" + (f", column {first[1]}" if len(first) > 1 else "")
    count = int(bad.sum())
    raise ValueError(
        f"{name} must be finite; {count} of its {values.size} entries are not, the first at "
        f"{where} (counted from 0): {values[first]}. Drop or impute such rows first."
    )


def column_names(X: Any, p: int) -> list[str]:
    """Return the names of the columns: a DataFrame's own, else x1, x2, … as in R."""
    names = names_of(X)
    return [f"x{j}" for j in range(1, p + 1)] if names is None else list(names)


def training_data(X: Any, y: Any) -> tuple[Floats, Floats, tuple[str, ...] | None]:
    """Return features (n, p) and outcome (n,), checked together, and the columns' names."""
    require_same_rows(X, y)
    columns = names_of(X)
    X = as_matrix(X)
    return X, as_vector(y, len(X)), columns


def names_of(X: Any) -> tuple[str, ...] | None:
    """Return the names of a DataFrame's columns; None where there are none, as in an array."""
    if not hasattr(X, "columns"):
        return None
    names = tuple(map(str, X.columns))
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"several columns are called {twice!r}: rename them, to tell them apart.")
    return names


def require_columns(X: Any, known: Sequence[str] | None, what: str = "X") -> None:
    """Raise ValueError if `X` has named columns other than those a model was fitted on.

    What has no names is taken by position, now or where the model was fitted; the names x1,
    x2, … are positions too, and so are pandas' own 0, 1, ….
    """
    names = names_of(X)
    if names is None:
        return
    if known is None:
        p = len(names)
        positions = (column_names(None, p), [str(j) for j in range(p)])
        known = next((known for known in positions if sorted(known) == sorted(names)), names)
    if names == tuple(known):
        return
    if sorted(names) == sorted(known):
        j = next(j for j, pair in enumerate(zip(names, known, strict=True)) if pair[0] != pair[1])
        raise ValueError(
            f"{what} has the columns that the model was fitted on in another order: column {j} "
            f"(counted from 0) is {names[j]!r} and was {known[j]!r}. Bring them into that order."
        )
    differ = [f"{name!r} is missing" for name in known if name not in names]
    differ += [f"{name!r} is new" for name in names if name not in known]
    more = f", and {len(differ) - 4} more" if len(differ) > 4 else ""
    raise ValueError(
        f"{what} has other columns than the model was fitted on: {', '.join(differ[:4])}{more}. "
        f"Give it those {len(known)} columns, or rename them; {what}.to_numpy() goes by position."
    )


def require_same_rows(
    X: Any, y: Any, *, prefix: str = "", names: tuple[str, str] = ("X", "y")
) -> None:
    """Raise ValueError if two things of pandas say that their rows are different ones.

    Rows are matched by position, as everywhere in this course; where both have an index that says
    otherwise, it must not be ignored. An index 0, 1, 2, …, as after a reset, says nothing beside
    other labels; beside the same in another order it does.
    """
    rows: Any = getattr(X, "index", None)
    others: Any = getattr(y, "index", None)
    if not hasattr(rows, "equals") or not hasattr(others, "equals") or rows.equals(others):
        return
    import pandas as pd

    n = len(rows)
    if len(others) != n:  # refused for that
        return
    permuted = set(rows) == set(others)
    if not permuted and any(index.equals(pd.RangeIndex(n)) for index in (rows, others)):
        return
    first = bisect.bisect_left(
        range(n), True, key=lambda i: not rows[: i + 1].equals(others[: i + 1])
    )
    mine, its = rows[first : first + 1].tolist()[0], others[first : first + 1].tolist()[0]
    how = "the same index in different orders" if permuted else "different rows by their index"
    one, other = names
    raise ValueError(
        f"{prefix}{one} and {prefix}{other} have {how}: row {first} (counted from 0) is {mine!r} "
        f"in {one} and {its!r} in {other}. Use {other}.loc[{one}.index], or, if the rows belong "
        "together as they stand, reset_index(drop=True) on both."
    )


def require_same_order(names: Any, known: Sequence[str], what: str) -> None:
    """Raise ValueError if `names` are the known ones in another order."""
    given = [str(name) for name in names]
    if given != list(known) and sorted(given) == sorted(known):
        raise ValueError(
            f"{what} has the order {', '.join(given)}, and the model was fitted on "
            f"{', '.join(known)}: bring it into that order."
        )


def as_numbers(values: Any, name: str) -> NDArray[Any]:
    """Return `values` as an array of real numbers of whatever kind and shape they have."""
    if _masks(values):
        raise ValueError(f"{name} has masked entries, which would count as data; drop them first.")
    dtypes = values.dtypes if hasattr(values, "columns") else [getattr(values, "dtype", None)]
    if any(str(dtype) == "category" for dtype in dtypes):
        raise TypeError(
            f"{name} holds categories, whose codes are no measurements. Encode them as indicator "
            "columns with pandas.get_dummies, or, where they are numbers, use astype(float)."
        )
    if hasattr(values, "toarray"):
        raise TypeError(f"{name} is a sparse matrix; {name}.toarray() makes an array of it.")
    try:
        array = np.asarray(dense(values))
    except ValueError as error:  # lists whose rows have different lengths
        raise ValueError(f"{name} is not a rectangular array: {error}.") from error
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"{name} must hold real numbers, not dtype {array.dtype}. Encode categories as "
            f"indicator columns, or, where all are numbers, use {name}.astype(float)."
        )
    if not np.can_cast(array.dtype, np.float64):  # a long double
        with np.errstate(over="ignore"):  # what is too large for float64 is refused as infinite
            return array.astype(np.float64)
    return array


def as_floats(values: Any, name: str) -> Floats:
    """Return `values` as float64 numbers of whatever shape, without copying what already is."""
    return as_numbers(values, name).astype(np.float64, copy=False)


def dense(values: Any) -> Any:
    """Return a tensor as an array, without its graph, dense; all else as it is."""
    if not hasattr(values, "detach"):
        return values
    tensor = values.detach().cpu()
    if str(tensor.layout) != "torch.strided":
        tensor = tensor.to_dense()
    if str(tensor.dtype) == "torch.bfloat16":
        tensor = tensor.float()
    return tensor.resolve_conj().resolve_neg().numpy()


def _masks(values: Any) -> bool:
    """Return whether an entry is masked; NumPy drops the masks of arrays in a list."""
    if isinstance(values, list | tuple):
        return any(_masks(v) for v in values)
    return isinstance(values, np.ma.MaskedArray) and bool(np.ma.is_masked(values))


def _kind(value: Any) -> str:
    return type(value).__name__
