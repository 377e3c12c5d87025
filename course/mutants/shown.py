"""What a reader is shown by a cell: its text line by line, and the data that its figures draw."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from course.cases import run_cell
from labkit.inputs import Floats

END_OF_SENTENCE = re.compile(r"(?<=[.;:]) ")


@dataclass(frozen=True)
class Shown:
    """What a cell shows, apart from the looks of it.

    Attributes
    ----------
    text : list of str
        The lines that it prints and of the value that it ends with, a paragraph sentence by
        sentence; spaces don't count.
    drawn : list of str
        The numbers and words in its figures, one string for each axes. Sizes, colours and the
        limits of axes are not among them.
    """

    text: list[str]
    drawn: list[str]


def show(source: str, names: dict[str, Any]) -> Shown:
    """Run a cell with the lab's variables, as a notebook would, and return what it shows."""
    try:
        printed, value = run_cell(source, names)
        if value is not None:
            printed += value if isinstance(value, str) else repr(value)
        axes = [ax for number in plt.get_fignums() for ax in plt.figure(number).axes]
        return Shown(_lines(printed), [_drawn(ax) for ax in axes])
    finally:
        plt.close("all")


def _lines(text: str) -> list[str]:
    lines = [" ".join(line.split()) for line in text.splitlines()]
    return [part for line in lines for part in END_OF_SENTENCE.split(line) if part]


def _drawn(ax: Axes) -> str:
    """Write what is drawn on axes as coarsely as one could read it off."""
    artists = (*ax.lines, *ax.patches, *ax.collections)
    words = [ax.get_title(), *(artist.get_label() for artist in artists)]
    words += [text.get_text() for text in ax.texts]
    arrays: list[Floats] = [
        np.ma.filled(np.ma.asarray(data, dtype=float), np.nan) for data in _data(ax)
    ]
    return " ".join([*map(str, words), *(f"{x:.3g}" for array in arrays for x in array.ravel())])


def _data(ax: Axes) -> Iterator[Any]:
    for line in ax.lines:
        yield line.get_xydata()
    for patch in ax.patches:
        yield patch.get_patch_transform().transform(patch.get_path().vertices)
    for collection in ax.collections:
        yield collection.get_offsets()
        yield from (path.vertices for path in collection.get_paths())
    for image in ax.images:
        yield image.get_array()
