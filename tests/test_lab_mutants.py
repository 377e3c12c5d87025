"""Mutants of a lab against its checks: what is caught, shown, drawn, silent, and left alone."""

import pytest

from course.mutants.lab_mutation import wrong_changes
from course.mutants.lab_trial import LabCell, draw, try_lab
from course.mutants.trial import MutantsError

SETUP = """
import time
import tempfile
from pathlib import Path
import matplotlib.pyplot as plt
import labkit
checks = labkit.Checks()
"""
STUDY = """
n = 3
values = [k**2 for k in range(n)]
print("sum", sum(values))
"""
CHECK = """
checks.add("sum of squares", sum(values), between=(4.5, 5.5))
checks.report()
"""
REPORT = 'labkit.paragraph(f"Of {n} squares {sum(v > 1 for v in values)} is above one.")'
LAB = [
    LabCell("setup", SETUP, mutable=False),
    LabCell("study", STUDY),
    LabCell("check", CHECK),
    LabCell("report", REPORT),
]


def verdicts(cells, size=None):
    """Return what comes of each mutant of a lab, by cell, line and change."""
    return {
        f"{v.cell}:{v.mutant.line} {v.mutant.before} -> {v.mutant.after}": v
        for v in try_lab("01", cells, draw(cells, size, 1))
    }


def test_each_mutant_is_caught_shown_or_silent():
    found = verdicts(LAB)
    assert {name: (v.word, v.because.partition(":")[0]) for name, v in found.items()} == {
        "study:2 n = 3 -> pass": ("caught", "NameError"),
        "study:2 3 -> 4": ("caught", "AssertionError"),
        "study:3 values = [k ** 2 for k in range(n)] -> pass": ("caught", "NameError"),
        "study:3 k ** 2 -> k * 2": ("caught", "AssertionError"),
        "study:3 2 -> 3": ("caught", "AssertionError"),
        "report:1 v > 1 -> v >= 1": ("shown", "report shows 2 for 1"),
        "report:1 v > 1 -> v <= 1": ("shown", "report shows 2 for 1"),
        "report:1 1 -> 2": ("silent", ""),
    }
    assert str(found["report:1 v > 1 -> v >= 1"]) == (
        "shown  01 report:1: v > 1  ->  v >= 1   [report shows 2 for 1]"
    )


def of_one_cell(source, size=None):
    """Return the words for each change of a cell between a setup and a check that holds."""
    cells = [
        LAB[0],
        LabCell("cell", source),
        LabCell("check", 'checks.add("one", 1, above=0)\nchecks.report()', mutable=False),
    ]
    return {
        f"{v.mutant.before} -> {v.mutant.after}": v.word
        for v in try_lab("01", cells, draw(cells, size, 1))
    }


def test_what_a_figure_draws_is_told_from_what_is_said():
    source = "x = [1, 2]\nfig, ax = plt.subplots()\nax.plot(x, [v + 9 for v in x], lw=3)"
    assert of_one_cell(source) == {
        "x = [1, 2] -> pass": "caught",
        "1 -> 2": "drawn",
        "2 -> 3": "drawn",
        "v + 9 -> v - 9": "drawn",
        "9 -> 10": "drawn",
    }


def test_what_hangs_on_a_clock_is_not_compared():
    source = """
a = time.perf_counter()
seconds = time.perf_counter() - a
print("long" if seconds > 10 else "short", 10 * 2)
"""
    words = of_one_cell(source)
    assert words["seconds > 10 -> seconds <= 10"] == "silent"
    assert words["10 * 2 -> 10 / 2"] == "silent"  # the same line says a time


def test_a_mutant_without_an_end_is_caught(monkeypatch):
    monkeypatch.setattr("course.mutants.lab_trial.LIMIT_MARGIN", 1)
    source = "n = 0\nwhile n < 3:\n    n += 1"
    assert of_one_cell(source)["n += 1 -> n -= 1"] == "caught"


def test_a_mutant_that_ends_its_process_is_caught():
    assert of_one_cell("import os\nif 0:\n    os._exit(1)")["0 -> not 0"] == "caught"


def test_no_run_sees_what_another_has_written():
    source = """
folder = Path(tempfile.gettempdir())
print(len(list(folder.iterdir())), 2)
_ = (folder / "kept").write_text("1")
"""
    assert of_one_cell(source)["2 -> 3"] == "shown"
    assert set(of_one_cell(source).values()) == {"shown", "caught", "silent"}


def test_a_lab_that_fails_without_a_mutant_says_nothing_of_one():
    with pytest.raises(MutantsError, match=r"^lab 01 fails without a mutant: AssertionError: 1 of"):
        verdicts([*LAB[:2], LabCell("check", CHECK.replace("5.5", "4.9"))])


# --- what is left alone --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        "print(f'{x:.3f} of all', end=' ')",
        "labkit.table(frame, digits=2, caption='Loss')",
        "study_seed = 1",
        "rng = np.random.default_rng(8)",
        "torch.manual_seed(8 + 1)",
        "how = {'seed': 1}",
        "fit(X, seed=1)",
        "checks.add('gap', gap, below=2 * se)",
        "fig, ax = plt.subplots(1, 2, figsize=(7.2, 4))",
        "ax.axhline(0, lw=1)",
        "_ = axes[0].set_title('a')",
    ],
)
def test_an_authors_choice_is_left_alone(source):
    words = [mutant for mutant in wrong_changes(source) if mutant.after != "pass"]
    assert words == []
