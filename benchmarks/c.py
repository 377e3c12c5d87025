"""The same work in C, as a limit: many.c, compiled where there is a compiler."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

FLAGS = ["-O3", "-march=native", "-fopenmp-simd", "-shared", "-fPIC"]
_SOURCE = Path(__file__).with_name("many.c")
_floats = np.ctypeslib.ndpointer(np.float32, flags="C_CONTIGUOUS")


def compiler_is_missing() -> str | None:
    """Say so where this machine has no C compiler."""
    return None if _compiler() else "a C compiler: cc, gcc or clang"


def in_c(
    models: Sequence[nn.Module], data: Sequence[tuple[Tensor, Tensor]], epochs: int
) -> list[float]:
    """Train networks like `others.network()` by Adam with lr 0.01; return their last losses."""
    weights = np.stack([_flat(model) for model in models])
    X = np.stack([np.ascontiguousarray(X.numpy().T) for X, _ in data])
    y = np.stack([y.numpy().ravel() for _, y in data])
    losses = np.empty(len(models), np.float32)
    (hidden, p), n = models[0].get_parameter("0.weight").shape, y.shape[1]
    if _compiled()(weights, X, y, losses, len(models), n, p, hidden, epochs, 0.01):
        raise MemoryError("many.c got no memory.")
    return [float(loss) for loss in losses]


def _compiler() -> str | None:
    return next(filter(None, map(shutil.which, ("cc", "gcc", "clang"))), None)


def _flat(model: nn.Module) -> NDArray[np.float32]:
    return np.concatenate([p.detach().numpy().ravel() for p in model.parameters()])


@cache
def _compiled() -> Callable[..., int]:
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder, "many.so")
        subprocess.run([str(_compiler()), *FLAGS, _SOURCE, "-o", library, "-lm"], check=True)
        function = ctypes.CDLL(str(library)).train_many
    function.argtypes = [*[_floats] * 4, *[ctypes.c_int] * 5, ctypes.c_float]
    return function  # type: ignore[no-any-return]
