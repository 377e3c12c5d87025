"""Timing two ways to do the same work, run in turn."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

Run = Callable[[], object]


@dataclass(frozen=True)
class Timing:
    """The seconds of two ways, pair by pair."""

    first: list[float]
    second: list[float]

    @property
    def medians(self) -> tuple[float, float]:
        """The median seconds of each."""
        return float(np.median(self.first)), float(np.median(self.second))

    @property
    def quartiles(self) -> tuple[float, float, float]:
        """Lower quartile, median and upper quartile of the pairs' ratios, first / second."""
        low, middle, high = np.quantile(np.divide(self.first, self.second), [0.25, 0.5, 0.75])
        return float(low), float(middle), float(high)


def alternate(first: Run, second: Run, pairs: int) -> Timing:
    """Time two functions in turn, the one that begins changing from pair to pair (ABBA).

    Each runs once before the clock starts; the garbage collector runs between, never within.
    """
    first(), second()
    seconds: dict[Run, list[float]] = {first: [], second: []}
    for pair in range(pairs):
        for run in (first, second) if pair % 2 == 0 else (second, first):
            with _no_garbage_collection():
                start = time.perf_counter()
                run()
                seconds[run].append(time.perf_counter() - start)
    return Timing(seconds[first], seconds[second])


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
