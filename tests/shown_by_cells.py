"""What the cells of a lab show, to compare one run of them with another."""

import sys
import time

import matplotlib.pyplot as plt
import numpy as np

from course.cases import run_cell

CLOCKS = ("perf_counter", "process_time", "time", "monotonic")


class Notebook:
    """Runs cells, and says what each has shown."""

    def __init__(self, monkeypatch):
        self.timed = False
        for clock in CLOCKS:
            monkeypatch.setattr(time, clock, self.watched(getattr(time, clock)))

    def watched(self, clock):
        """Note that the lab's own code, no library's, has read a clock."""

        def read_clock():
            self.timed |= sys._getframe(1).f_globals.get("__name__") == "lab"
            return clock()

        return read_clock

    def run(self, source, names, after_each):
        """Return what a cell prints and shows, and its figures; None where it reads the clock."""
        self.timed = False
        printed, value = run_cell(source, names, after_each)
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
