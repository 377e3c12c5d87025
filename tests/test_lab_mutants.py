"""Mutants of a lab against its checks: what is caught, shown, drawn, silent, and left alone."""

import ast
import os

import pytest

from course import ROOT
from course.mutants.__main__ import labs_asked, main
from course.mutants.lab_mutation import wrong_changes
from course.mutants.lab_trial import LabCell, LabVerdict, cells_of, draw, try_lab
from course.mutants.labs import report
from course.mutants.mutation import Mutant
from course.mutants.trial import MutantsError
from course.notebook import labs

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


def verdicts(cells):
    """Return what comes of each mutant of a lab, by cell, line and change."""
    return {
        f"{v.cell}:{v.mutant.line} {v.mutant.before} -> {v.mutant.after}": v
        for v in try_lab("01", cells, draw(cells, None, 1))
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


def of_one_cell(source, only=""):
    """Return what comes of each change of a cell, or one, before a check that holds."""
    cells = [
        LAB[0],
        LabCell("cell", source),
        LabCell("check", 'checks.add("one", 1, above=0)\nchecks.report()', mutable=False),
    ]
    sample = [(i, mutant) for i, mutant in draw(cells, None, 1) if only in ("", mutant.after)]
    return {f"{v.mutant.before} -> {v.mutant.after}": v.word for v in try_lab("01", cells, sample)}


def test_what_a_figure_draws_is_told_from_what_is_said():
    source = "x = [1, 2]\nfig, ax = plt.subplots()\n_ = ax.plot(x, [v + 9 for v in x], lw=3)"
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


def test_a_mutant_that_asks_for_all_memory_is_caught(monkeypatch):
    monkeypatch.setattr("course.mutants.lab_trial.MEMORY", 10**9)
    source = "_ = bytearray(10**9 - 10**9)"
    assert list(of_one_cell(source, only="10 ** 9 + 10 ** 9").values()) == ["caught"]


def test_no_run_sees_what_another_has_written():
    source = """
folder = Path(tempfile.gettempdir())
print(len(list(folder.iterdir())), 2)
_ = (folder / "kept").write_text("1")
"""
    assert of_one_cell(source)["2 -> 3"] == "shown"
    assert set(of_one_cell(source).values()) == {"shown", "caught", "silent"}


@pytest.mark.parametrize("cell", LAB[1:], ids=lambda cell: cell.id)
def test_a_lab_as_it_is_is_never_caught(cell):
    unchanged = Mutant(1, "", "", cell.source, (("body", 0),), ast.parse(cell.source).body[0])
    (verdict,) = try_lab("01", LAB, [(LAB.index(cell), unchanged)])
    assert verdict.word == "silent"


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


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("print(f'{2 * x:.3f}', end=' ')", ["2 * x -> 2 / x", "2 -> 3"]),
        ("fit(X, epochs=3, seed=1)", ["epochs=3 -> ", "3 -> 4"]),
        ("how = {'seed': 1, 'epochs': 3}", ["how = {'seed': 1, 'epochs': 3} -> pass", "3 -> 4"]),
        ("ax.plot([0, 1], 2 * y, lw=1)", ["2 * y -> 2 / y", "2 -> 3"]),
        ("checks.add('gap', max(gaps), below=2)", ["max -> min"]),
        ("rng = np.random.default_rng(8)", []),  # without it, that of a cell before
        ("x.append(1)\nx.sort()", ["x.append(1) -> pass", "1 -> 2"]),  # the last shows a value
    ],
)
def test_what_is_no_choice_is_changed(source, expected):
    assert [f"{m.before} -> {m.after}" for m in wrong_changes(source)] == expected


# --- the labs of the course ----------------------------------------------------------------------


@pytest.mark.parametrize("lab", [path.stem[:2] for path in labs()])
def test_a_lab_has_mutants_from_its_approach_to_its_report(lab):
    cells = cells_of(lab)
    assert not cells[0].mutable  # the setup
    drawn = {place for place, _ in draw(cells, None, 1)}
    assert {place for place, cell in enumerate(cells) if not cell.mutable}.isdisjoint(drawn)
    assert len(cells) - 8 < max(drawn) < len(cells)
    assert len({cell.id for cell in cells}) == len(cells)


def test_the_same_seed_draws_the_same_sample():
    draws = [draw(LAB, 4, seed) for seed in (1, 1, 2)]
    assert str(draws[0]) == str(draws[1]) != str(draws[2])
    assert len(draws[0]) == 4


def test_labs_are_asked_for_by_number():
    assert labs_asked(["7", "10"], ROOT) == ["07", "10"]
    assert labs_asked(["labs"], ROOT) == [path.stem[:2] for path in labs()]
    assert labs_asked(["labkit/ols.py"], ROOT) == labs_asked([], ROOT) == []


def test_a_lab_that_is_none_is_refused(capsys):
    with pytest.raises(SystemExit, match="2"):
        main(["7", "77"])
    assert "there is no such lab" in capsys.readouterr().err


@pytest.fixture
def own_environment(monkeypatch):
    """Keep the variables that the command sets from other tests."""
    monkeypatch.setattr(os, "environ", os.environ.copy())


@pytest.mark.usefixtures("own_environment")
def test_the_command_names_each_mutant_and_counts(monkeypatch, capsys):
    monkeypatch.setattr("course.mutants.labs.cells_of", lambda lab: LAB)
    main(["1", "--sample", "all"])
    *named, _, counts, together = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in named] == ["caught"] * 5 + ["shown"] * 2 + ["silent"]
    assert counts.split() == ["01", "8", "5", "3", "2", "0", "1", "29%"]
    assert together.split() == ["together", *counts.split()[1:]]


@pytest.mark.usefixtures("own_environment")
def test_a_lab_that_fails_keeps_no_other_from_being_tried(monkeypatch, capsys):
    labs = {"01": [*LAB[:2], LabCell("fails", "1 / 0")], "02": LAB}
    monkeypatch.setattr("course.mutants.labs.cells_of", labs.get)
    with pytest.raises(SystemExit, match=r"^lab 01 fails without a mutant: ZeroDivisionError"):
        main(["1", "2", "--sample", "1"])
    assert capsys.readouterr().out.splitlines()[2].split()[:2] == ["02", "1"]


def test_a_lab_without_a_telling_mutant_has_no_share():
    (mutant,) = wrong_changes("f(x=y)\n'a'")[:1]
    assert report([LabVerdict("01", "a", mutant, "silent")]).splitlines()[-1].split()[-1] == "none"
