"""R's random numbers, so that an R user finds R's own values in these labs."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NoReturn

import numpy as np

from labkit.inputs import Floats, whole

_BIG = 134217728  # 2**27: R joins two 32-bit draws for one normal (BIG in R's snorm.c)
_MOST = 2**58  # beyond it the bytes of an array, or of the draws for it, can't be counted


class RStream:
    """The stream of R's default generator: Mersenne Twister, with normals by inversion.

    `RStream(42)` draws what R draws after `set.seed(42)`, number for number. It has the two
    methods of NumPy's `Generator` that the simulators use, so it can be passed wherever they
    take `rng`.

    Parameters
    ----------
    seed : int
        What R's `set.seed` would be given: any whole number from -2147483647 to 2147483647.

    Notes
    -----
    R scrambles the seed with the linear congruential step s ← 69069 s + 1 (mod 2³²), fifty
    times, passes over the next one, whose place holds the position, and fills the generator's
    624 words with those that follow (`RNG.c` in R's sources). A uniform number is a 32-bit draw
    divided by 2³², kept off 0 and 1; a normal one takes two uniforms, u = ⌊2²⁷ u₁⌋ + u₂, and is
    Φ⁻¹(u / 2²⁷). Arrays are filled column by column, as `matrix(rnorm(n * p), n, p)` does.

    Examples
    --------
    >>> from labkit import RStream
    >>> RStream(42).standard_normal(3).round(4)         # set.seed(42); rnorm(3)
    array([ 1.371 , -0.5647,  0.3631])
    """

    def __init__(self, seed: int) -> None:
        self.seed = whole(seed, "seed", at_least=-2147483647)
        if self.seed > 2147483647:
            raise ValueError(f"seed must be at most 2147483647, as in R's set.seed, not {seed}.")
        word = self.seed % 2**32
        for _ in range(50):
            word = (69069 * word + 1) % 2**32
        words = np.empty(625, dtype=np.uint32)
        for i in range(625):
            word = (69069 * word + 1) % 2**32
            words[i] = word
        # R keeps the position in the first word and starts with all 624 others used up.
        self._bits = np.random.MT19937()
        self._bits.state = {
            "bit_generator": "MT19937",
            "state": {"key": words[1:], "pos": 624},
        }

    def random(self, size: int | tuple[int, ...] | None = None) -> Any:
        """Draw uniform numbers on (0, 1), as R's `runif`.

        Parameters
        ----------
        size : int or tuple of int, optional
            The shape; None gives one float. Filled column by column.

        Returns
        -------
        float or ndarray
        """
        shape = _shape(size)
        return _fill_by_column(self._uniforms(math.prod(shape)), shape, size)

    def standard_normal(self, size: int | tuple[int, ...] | None = None) -> Any:
        """Draw standard normal numbers, as R's `rnorm`.

        Parameters
        ----------
        size : int or tuple of int, optional
            The shape; None gives one float. Filled column by column.

        Returns
        -------
        float or ndarray
        """
        from scipy.special import ndtri  # 0.1 s that only those who use R's stream pay

        shape = _shape(size)
        u = self._uniforms(2 * math.prod(shape))
        joined = np.floor(_BIG * u[0::2]) + u[1::2]
        return _fill_by_column(ndtri(joined / _BIG), shape, size)

    def _uniforms(self, count: int) -> Floats:
        words = self._bits.random_raw(count)
        # Half of 1/(2**32 - 1) in place of 0, as in R; the largest word gives less than 1 as it is.
        uniforms: Floats = np.maximum(words * 2.3283064365386963e-10, 0.5 * 2.328306437080797e-10)
        return uniforms

    def __repr__(self) -> str:
        return f"RStream({self.seed})"

    if not TYPE_CHECKING:  # to mypy it would mean that every attribute is there

        def __getattr__(self, name: str) -> NoReturn:
            raise AttributeError(
                f"RStream has no {name!r}: of NumPy's Generator it has random(size) and "
                "standard_normal(size) alone. Where more is needed, use numpy.random.default_rng."
            )


def _shape(size: Any) -> tuple[int, ...]:
    if size is None:
        return ()
    sizes = size if isinstance(size, tuple | list) else (size,)
    shape = tuple(whole(length, "size", at_least=0) for length in sizes)
    if math.prod(max(length, 1) for length in shape) > _MOST:
        raise ValueError(f"size={size} asks for more numbers than a memory can hold.")
    return shape


def _fill_by_column(values: Floats, shape: tuple[int, ...], size: object) -> Any:
    if size is None:
        return float(values[0])
    return np.array(values.reshape(shape, order="F"), order="C")
