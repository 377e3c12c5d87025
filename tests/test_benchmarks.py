"""The benchmarks at a tiny size: both sides do the same work, and the clock alternates."""

import dataclasses
import gc
import os
from pathlib import Path

import pytest

os.environ["KERAS_BACKEND"] = "torch"  # it looks for another one otherwise, and isn't "installed"
pytest.importorskip("torch", reason="torch is not installed")
pytest.importorskip("threadpoolctl", reason="threadpoolctl is not installed")

from benchmarks.__main__ import HEADER, line, measured, skipped
from benchmarks.c import compiler_is_missing
from benchmarks.rows import ROWS, Size
from benchmarks.scale import LOOPS, in_a_process
from benchmarks.timing import Timing, alternate

TINY = Size(n=70, epochs=3, minibatch_epochs=5, networks=3)


def name(row):
    return f"{row.first} / {row.second}"


@pytest.fixture(params=ROWS, ids=name)
def row(request):
    if missing := request.param.lacks():
        pytest.skip(f"needs {missing}")
    return request.param


def test_both_sides_do_the_same_work(row):
    row.require_same_work(TINY)


@pytest.mark.parametrize("row", [r for r in ROWS if "networks" in r.work], ids=name, indirect=True)
def test_many_networks_agree_to_rounding_before_it_goes_through_kinks(row):
    dataclasses.replace(row, rtol=2e-6).require_same_work(dataclasses.replace(TINY, epochs=20))


@pytest.mark.parametrize("row", ROWS[:-1], ids=name, indirect=True)
def test_less_work_on_one_side_is_noticed(row):
    less = dataclasses.replace(TINY, epochs=2, minibatch_epochs=2)
    cheat = dataclasses.replace(row, sides=lambda size: (row.sides(size)[0], row.sides(less)[1]))
    with pytest.raises(AssertionError):
        cheat.require_same_work(TINY)


def test_a_row_becomes_a_line_of_the_table():
    row = dataclasses.replace(ROWS[0], pairs=2, threads=(1,))
    [(threads, timing)] = measured(row, TINY)
    assert line(row, threads, timing).startswith("| torch loop, full batch | 1 | labkit / by hand")


def test_a_row_that_lacks_something_says_so():
    row = dataclasses.replace(ROWS[0], lacks=lambda: "a telescope")
    assert "| skipped | ≤ 0.78 | needs a telescope |" in skipped(row, row.lacks())
    assert skipped(row, "a telescope").count("|") == HEADER.splitlines()[0].count("|")


def test_without_a_compiler_there_is_no_program_in_c(monkeypatch):
    monkeypatch.setattr("shutil.which", lambda name: None)
    assert compiler_is_missing() == "a C compiler: cc, gcc or clang"


def test_a_bound_is_met_on_its_own_side():
    below = dataclasses.replace(ROWS[0], at_most=1.1)
    above = dataclasses.replace(ROWS[0], at_most=None, at_least=8.0)
    assert below.met(1.1)
    assert not below.met(1.11)
    assert above.met(8)
    assert not above.met(7.9)
    assert dataclasses.replace(above, at_least=None).met(0.1)


def test_runs_alternate_after_one_to_warm_up_without_garbage_collection():
    runs = []
    timing = alternate(
        lambda: runs.append(("a", gc.isenabled())), lambda: runs.append(("b", gc.isenabled())), 2
    )
    assert "".join(side for side, _ in runs) == "ababba"
    assert not any(enabled for _, enabled in runs[2:])
    assert gc.isenabled()
    assert len(timing.first) == len(timing.second) == 2


def test_the_ratio_is_taken_within_pairs():
    timing = Timing([2.0, 30.0, 8.0], [1.0, 10.0, 2.0])
    assert timing.medians == (8.0, 2.0)
    assert timing.quartiles == (2.5, 3.0, 3.5)


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's /proc")
def test_gradient_descent_needs_little_more_memory_than_its_data():
    measured = in_a_process(next(iter(LOOPS)), 2_000_000)
    assert 1 < measured["peak_mb"] / measured["data_mb"] < 1.3


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux's /proc")
def test_the_minibatch_loop_holds_no_second_copy_of_its_data():
    measured = in_a_process(list(LOOPS)[1], 1_000_000)
    assert measured["peak_mb"] / measured["data_mb"] < 1.6
