"""Every code cell of every lab, run twice in a row from top to bottom: the same both times.

Where a cell reads the clock, what it shows may differ.
"""

import sys
import time
import warnings

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pytest

pytest.importorskip("torch", reason="the labs' networks need torch")

from course.cases import read, run_cell, sources_of
from course.notebook import labs

CLOCKS = ("perf_counter", "process_time", "time", "monotonic")
AFTER = {"exercise", "exercise-check", "solution"}


class Notebook:
    """Runs cells one after the other, and says what each has shown."""

    def __init__(self, monkeypatch):
        self.names = {"__name__": "lab"}
        self.timed = False
        for clock in CLOCKS:
            monkeypatch.setattr(time, clock, self.watched(getattr(time, clock)))

    def watched(self, clock):
        """Note that the lab's own code, no library's, has read a clock."""

        def read_clock():
            self.timed |= sys._getframe(1).f_globals is self.names
            return clock()

        return read_clock

    def run(self, source):
        """Return what a cell prints and shows, and its figures; None where it reads the clock."""
        self.timed = False
        printed, value = run_cell(source, self.names)
        words = f"{printed}\n{'' if value is None else shown(value)}"
        figures = [drawn(plt.figure(number)) for number in plt.get_fignums()]
        plt.close("all")
        return None if self.timed else (words, figures)


def shown(value):
    """Return a value as a notebook shows it."""
    html = getattr(value, "_repr_html_", None)
    return repr(value) if html is None else html()


def drawn(figure):
    """Return the pixels of a figure, few of them."""
    figure.set_dpi(30)
    figure.canvas.draw()
    return np.asarray(figure.canvas.buffer_rgba()).tolist()


@pytest.mark.parametrize("lab", [path.stem[:2] for path in labs()])
def test_every_cell_does_the_same_when_it_is_run_again(lab, monkeypatch):
    notebook = Notebook(monkeypatch)
    after = [cell.source for cell in read(lab).lesson_code if cell.tags & AFTER]
    with mpl.rc_context(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # as in course.cases
        for source in [*sources_of(lab), *after]:
            first = notebook.run(source)
            assert notebook.run(source) == first, source
