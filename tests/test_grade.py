"""Grading: the lab's own checks decide, and a notebook that misbehaves costs its own rows alone."""

import csv
import json
import os
import re
import subprocess
import sys
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course import ROOT
from course.grading import __main__ as command
from course.grading import judge, sandbox, steps
from course.grading.__main__ import grade_all
from course.grading.inside.worker import RESULT, Worker
from course.grading.original import Original
from course.grading.sandbox import MIB, Limits
from course.grading.submission import CodeCell, defined_in, digest
from course.grading.table import escaped, plain, read
from course.notebook import TASK_TAGS, Lab, labs
from course.slice import needed, statements

SETUP = "import labkit\n\nfactor = 2\n\n\ndef largest(values):\n    return max(values)"
KIND = "class Value:\n    def __init__(self, data):\n        self.data = data"
STUBS = {
    "double": "def my_double(x):\n    return labkit.your_answer_here()",
    "value": "def my_value(a):\n    return labkit.your_answer_here()",
}
CHECKS = {
    "double": "@labkit.Exercise\ndef check_double(answer):\n"
    "    gap = largest([abs(answer(x) - factor * x) for x in range(4)])\n"
    "    yield gap < 1e-9, f'it is {gap:.0f} off.'\n\n\ncheck_double(my_double)",
    "value": "@labkit.Exercise\ndef check_value(answer):\n"
    "    yield isinstance(answer(3), Value), 'it is no Value.'\n"
    "    yield answer(3).data == 3, 'it holds something else.'\n\n\ncheck_value(my_value)",
}
DOUBLE = "def my_double(x):\n    return 2 * x"
VALUE = "def my_value(a):\n    return Value(a)"
WRONG = "def my_double(x):\n    return 3 * x"

RIGHT = ("right", "")
NOTHING = ("not attempted", "")
OFF = ("not right yet", "it is 3 off.")


def tiny_lab(root):
    """Write a lab with two exercises, the second of which needs the lab's own class."""
    cells = [new_code_cell(SETUP), new_code_cell(KIND)]
    for number, (name, stub) in enumerate(STUBS.items(), 1):
        cells.append(new_markdown_cell(f"### Exercise {number}: {name}"))
        solution = f"raise SystemError('a solution was run')  # solved_{name}"
        parts = {"exercise": stub, "exercise-check": CHECKS[name], "solution": solution}
        for tag, source in parts.items():
            cells.append(new_code_cell(source, metadata={"tags": [tag]}))
    (root / "notebooks").mkdir()
    nbformat.write(new_notebook(cells=cells), root / "notebooks" / "01-tiny.ipynb")
    other = new_notebook(cells=[new_code_cell("print('another lab')")])
    nbformat.write(other, root / "notebooks" / "02-other.ipynb")


def answered(double=STUBS["double"], value=STUBS["value"], *, first="", before=""):
    """Return the sources of a submission."""
    answers = [double, CHECKS["double"], value, CHECKS["value"]]
    return [source for source in [first, SETUP, KIND, before, *answers] if source]


# What each submission holds, and what is said of its two exercises.
HONEST = {
    "right.ipynb": (answered(DOUBLE, VALUE), RIGHT, RIGHT),
    "stubs.ipynb": (answered(), NOTHING, NOTHING),
    "wrong.ipynb": (
        answered(WRONG, "def my_value(a):\n    return a"),
        OFF,
        ("not right yet", "it is no Value."),
    ),
    "the order of the cells is another.ipynb": (
        [DOUBLE, VALUE, CHECKS["value"], KIND, SETUP],
        RIGHT,
        RIGHT,
    ),
    "renamed, and a syntax error.ipynb": (
        answered("def my_dubble(x):\n    return 2 * x", "def my_value(a):\n    return Value(a"),
        ("not attempted", "there is no my_double in the notebook"),
        ("not right yet", "the cell that defines my_value raised SyntaxError"),
    ),
    "own variables, and a cell that fails.ipynb": (
        answered("k = 2\ndef my_double(x):\n    return k * x", VALUE, before="1 / 0"),
        RIGHT,
        RIGHT,
    ),
    # Answers are the answers to the lab's questions, whatever else was tried with its variables.
    "the lab's own data and functions changed.ipynb": (
        answered(WRONG, VALUE, before="factor = 3\nlargest = lambda _: 0\nclass Value: pass"),
        OFF,
        RIGHT,
    ),
    # Beside the notebook: a module of the student's, and one that would replace labkit.
    "anna/labs/with modules.ipynb": (
        answered("from helper import my_double", VALUE),
        RIGHT,
        RIGHT,
    ),
    "a stub below the answer.ipynb": (
        [*answered(DOUBLE, VALUE), STUBS["double"], CHECKS["double"]],
        ("not attempted", "below an answer, my_double is defined once more, as the stub"),
        RIGHT,
    ),
    "made before the checks.ipynb": (
        answered(
            "my_double = lambda x: factor * x",
            "import functools\nmy_value = functools.partial(Value)",
        ),
        RIGHT,
        RIGHT,
    ),
    "with predictions, one of them no word of Python.ipynb": (
        [
            *answered(DOUBLE, VALUE, before='fall = labkit.Predict("By how much?")\nfall(two)'),
            "fall.compare(2)",
            'side = labkit.Predict("Up or down?", "sign")\nside("up")',
            "side.compare(2)",
        ],
        RIGHT,
        RIGHT,
    ),
    "with a byte-order mark.ipynb": (answered(DOUBLE, VALUE), RIGHT, RIGHT),
    "leaves.ipynb": ([*answered(DOUBLE, VALUE, before="exit()"), "quit()"], RIGHT, RIGHT),
    "=1+1.ipynb": (
        answered("def my_double(x):\n    raise ValueError('=1+1\\n\\x1b[31m')", VALUE),
        ("not right yet", "it raised ValueError: =1+1"),
        RIGHT,
    ),
}

FORGED = {"nonce": "", "said": {"status": "right", "because": ""}}
PUBLISH = f"print('Right.'); get_ipython().display_pub.publish(data={{{RESULT!r}: {FORGED!r}}})"
LAX = "@labkit.Exercise\ndef check_double(answer):\n    yield True, ''\n\n\ncheck_double(my_double)"
STUCK = (
    "import time\ndef my_value(a):\n    while True:\n"
    "        try: time.sleep(60)\n        except KeyboardInterrupt: pass"
)
ONLY_IF_SHUT_IN = (
    "try:\n    open({path!r}).close()\nexcept OSError:\n    def my_double(x): return 2 * x"
)


REPLACED = """
import labkit, sys, types, builtins
right = labkit.exercise.Verdict("right")
labkit.Exercise.__call__ = labkit.exercise.Exercise._verdict = lambda *_: right
labkit.exercise.Verdict.status = property(lambda _: "right")
forged = types.ModuleType("labkit")
forged.Exercise = lambda *_, **__: lambda *_: right
sys.modules["labkit"] = sys.modules["labkit.exercise"] = forged
abs = builtins.abs = lambda *_: 0.0
"""
LOOKING = """
import gc, inspect, sys
def my_double(x):
    places = [vars(one) for one in gc.get_objects() if type(one).__name__ == "Exercise"]
    places += [frame.frame.f_locals for frame in inspect.stack()]
    for place in places:
        for name, value in dict(place).items():
            if "rule" in name or "check" in name or name in ("factor", "largest"):
                place[name] = lambda *_, **__: iter([(True, "")])
    return 3 * x
"""


def failed(because):
    return ("could not be run", because)


def without(because):
    """Return what is said of a right answer, where a cell was left out."""
    return ("right", f"a cell was left out: {because}")


HOSTILE = {
    "loops.ipynb": (
        answered("def my_double(x):\n    while True: pass", VALUE),
        ("not right yet", "it was still running after 5 s"),
        RIGHT,
    ),
    # What was said before the end holds.
    "loops and can not be interrupted.ipynb": (
        answered(DOUBLE, STUCK),
        RIGHT,
        failed("still running after 5 s and could not be interrupted"),
    ),
    "forges.ipynb": (
        [
            *answered(f"def my_double(x):\n    {PUBLISH}\n    return 3 * x", VALUE),
            LAX,
            f"{PUBLISH}\nprint('Right.')",
        ],
        OFF,
        RIGHT,
    ),
    "takes all memory.ipynb": (
        answered(DOUBLE, VALUE, before="hog = []\nwhile True: hog.append(b'x' * 2**25)"),
        without("it used more than 600 MiB of memory"),
        without("it used more than 600 MiB of memory"),
    ),
    "prints too much.ipynb": (
        answered(
            DOUBLE,
            VALUE,
            before="import time\nwhile True: print('x' * 2**20); time.sleep(0.05)",
        ),
        without("it printed or drew more than 20 MiB"),
        without("it printed or drew more than 20 MiB"),
    ),
    # As fast as it can: what waits to be sent may be too much memory before it is too much output.
    "prints gigabytes.ipynb": (
        answered(DOUBLE, VALUE, before="while True: print('x' * 2**18)"),
        without("it "),
        without("it "),
    ),
    "deletes its folder.ipynb": (
        answered(DOUBLE, VALUE, before="import shutil, os\nshutil.rmtree(os.getcwd(), True)"),
        RIGHT,
        RIGHT,
    ),
    "forks.ipynb": (
        answered(
            DOUBLE,
            VALUE,
            before="import os, time\nfor _ in range(150):\n"
            "    if os.fork() == 0: time.sleep(30); os._exit(0)\ntime.sleep(30)",
        ),
        without("it had more than 100 processes and threads"),
        without("it had more than 100 processes and threads"),
    ),
    "kills its parent.ipynb": (
        answered(DOUBLE, VALUE, before="import os\nos.kill(os.getppid(), 9)"),
        without("it ended the program that runs it"),
        without("it ended the program that runs it"),
    ),
    "ends itself.ipynb": (
        answered("import os\ndef my_double(x): os._exit(0)", VALUE),
        failed("its kernel died"),
        RIGHT,
    ),
    "ends itself at the end.ipynb": (
        [*answered(DOUBLE, VALUE), "import os; os._exit(0)"],
        without("its kernel died"),
        without("its kernel died"),
    ),
    "ends itself where it defines an answer.ipynb": (
        answered(f"{DOUBLE}\nimport os; os._exit(0)", VALUE),
        failed("its kernel died"),
        without("its kernel died"),
    ),
    "writes too much.ipynb": (
        answered(
            DOUBLE,
            VALUE,
            before="import time\n"
            "for name in 'ab': open(name, 'wb').write(b'x' * 60 * 2**20)\ntime.sleep(9)",
        ),
        without("it wrote more than 100 MiB of files"),
        without("it wrote more than 100 MiB of files"),
    ),
    "answers with gigabytes.ipynb": (
        answered(
            "def my_double(x): return [b'x' * 2**24] * 999",
            "import numpy as np\ndef my_value(a): return np.zeros(2**26)",
        ),
        ("not right yet", "MiB are more than the 256 that are read"),
        ("not right yet", "MiB are more than the 256 that are read"),
    ),
    "replaces labkit.ipynb": (answered(WRONG, VALUE, before=REPLACED), OFF, RIGHT),
    "looks for the check.ipynb": (answered(LOOKING, VALUE), OFF, RIGHT),
    "exits.ipynb": (
        answered("def my_double(x): raise SystemExit", VALUE),
        ("not right yet", "it raised SystemExit"),
        RIGHT,
    ),
}

# Not one of them is a notebook of the course.
NONE = {
    "another notebook.ipynb": "no cell of a lab: 01-tiny, 02-other",
    "directory.ipynb": "it is a folder, without a notebook in it",
    "empty.ipynb": "it is empty",
    "link.ipynb": "it is a symbolic link",
    "lab without exercises.ipynb": "its lab, 02-other, has no exercise",
    "nested.ipynb": r"not a notebook \(RecursionError\)",
    "other json.ipynb": "is not a notebook in format 4: save it",
    "pdf.ipynb": "it is not a notebook",
    "pipe.ipynb": "it is not a file",
    "utf-16.ipynb": "it is saved as UTF-16 or UTF-32",
    "wrong cells.ipynb": "it is not a notebook",
    "zip.ipynb": "it is not a notebook",
}


def hand_in(folder, name, sources):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=[new_code_cell(source) for source in sources]), path)


def hand_in_rubbish(folder):
    hand_in(folder, "another notebook.ipynb", ["print('mine')"])
    hand_in(folder, "lab without exercises.ipynb", ["print('another lab')"])
    (folder / "directory.ipynb").mkdir()
    (folder / "empty.ipynb").touch()
    (folder / "link.ipynb").symlink_to(folder / "right.ipynb")
    (folder / "nested.ipynb").write_text("[" * 100_000)
    (folder / "other json.ipynb").write_text('{"nbformat": 5}')
    (folder / "pdf.ipynb").write_bytes(b"%PDF-1.7\n\xe2\xe3\xcf\xd3")
    os.mkfifo(folder / "pipe.ipynb")
    (folder / "utf-16.ipynb").write_text('{"cells": []}', encoding="utf-16")
    (folder / "wrong cells.ipynb").write_text(
        '{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [1, "x"]}'
    )
    with zipfile.ZipFile(folder / "zip.ipynb", "w") as archive:
        archive.writestr("a.ipynb", "{}")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Return the folder of a course of tiny labs, with two classes' submissions."""
    root = tmp_path_factory.mktemp("course")
    tiny_lab(root)
    for folder, submitted in (("honest", HONEST), ("hostile", HOSTILE)):
        for name, (sources, *_) in submitted.items():
            hand_in(root / folder, name, sources)
    (root / "honest" / "anna" / "labs" / "helper.py").write_text(DOUBLE)
    (root / "honest" / "anna" / "labs" / "labkit.py").write_text("raise ValueError('mine')")
    marked = root / "honest" / "with a byte-order mark.ipynb"
    marked.write_bytes(b"\xef\xbb\xbf" + marked.read_bytes())
    hand_in_rubbish(root / "hostile")
    spy = ONLY_IF_SHUT_IN.format(path=str(root / "hostile" / "forges.ipynb"))
    secret = "import os\nif 'SECRET' not in os.environ:\n    def my_value(a): return Value(a)"
    hand_in(root / "hostile", "spies.ipynb", answered(spy, secret))
    return root


@pytest.fixture(scope="module", params=["bubblewrap", "limits only"])
def protection(request):
    """Grade with bubblewrap, and without."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "limits only":
            patch.setattr(sandbox, "bubblewrap_works", lambda: False)
        elif not sandbox.bubblewrap_works():
            pytest.skip("bubblewrap is not installed here, or not allowed to work")
        yield request.param


@pytest.fixture(scope="module")
def hostile(course, protection):
    """Grade those that misbehave; return the rows by file and exercise."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SECRET", "of the instructor")
        patch.setattr(steps, "CELL_TIMEOUT", 5)
        limits = Limits(seconds=120, memory=600 * MIB, tasks=100, files=100 * MIB)
        return rows_of(course, "hostile", limits, f"{protection}.csv")


@pytest.fixture(scope="module")
def honest(course):
    """Grade the others."""
    return rows_of(course, "honest", Limits(seconds=120, memory=600 * MIB), "honest.csv")


def rows_of(root, folder, limits, out):
    assert out in grade_all(root / folder, root / out, 4, limits, root)
    with (root / out).open(encoding="utf-8-sig", newline="") as file:
        return {(row["file"], row["exercise"]): row for row in csv.DictReader(file)}


def hold(rows, name, expected):
    for exercise, (status, because) in zip(CHECKS, expected, strict=True):
        row = rows[escaped(name), exercise]
        assert (row["outcome"], row["lab"]) == (status, "01-tiny"), row["because"]
        assert because in row["because"]
        assert bool(because) == bool(row["because"])
        assert 0 < float(row["seconds"]) < 130


@pytest.mark.parametrize("name", HONEST)
def test_an_answer_is_judged_by_the_labs_own_check(honest, name):
    hold(honest, name, HONEST[name][1:])


@pytest.mark.parametrize("name", HOSTILE)
def test_a_notebook_that_misbehaves_costs_its_own_rows(hostile, protection, name):
    hold(hostile, name, HOSTILE[name][1:])
    assert {row["protection"] for row in hostile.values()} == {protection}


def test_the_students_own_files_are_as_they_were(honest, hostile, course):
    folder = course / "hostile"
    for name, (sources, *_) in HOSTILE.items():
        cells = nbformat.read(folder / name, as_version=4).cells
        assert [cell.source for cell in cells] == sources
    mine = course / "honest" / "anna" / "labs"
    files = ["helper.py", "labkit.py", "with modules.ipynb"]
    assert sorted(path.name for path in mine.iterdir()) == files


@pytest.mark.parametrize("name", NONE)
def test_what_is_no_notebook_of_the_course_has_a_row_that_says_so(hostile, name):
    row = hostile[name, ""]
    assert row["outcome"] == "could not be run"
    assert re.search(NONE[name], row["because"])


def test_every_file_has_its_rows_and_no_other(honest, hostile):
    assert set(honest) == {(escaped(name), e) for name in HONEST for e in CHECKS}
    expected = {(name, e) for name in [*HOSTILE, "spies.ipynb"] for e in CHECKS}
    assert set(hostile) == expected | {(name, "") for name in NONE}


def test_a_notebook_sees_no_secret_and_shut_in_no_other_file(hostile, protection):
    other_file = "right" if protection == "bubblewrap" else "not attempted"
    assert hostile["spies.ipynb", "double"]["outcome"] == other_file
    assert hostile["spies.ipynb", "value"]["outcome"] == "right"


def test_the_student_is_the_folder_or_else_the_name_of_the_file(honest):
    assert honest["anna/labs/with modules.ipynb", "double"]["student"] == "anna"
    assert honest["right.ipynb", "double"]["student"] == "right"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r\n@", " -"])
def test_no_cell_of_the_csv_begins_a_formula(start):
    assert plain(f"{start}cmd|'/C calc'!A0\nmore\x00").startswith("'")
    assert "\n" not in plain("a\nb")
    assert plain("Größe, \U0001f600: 1 - 1") == "Größe, \U0001f600: 1 - 1"


@pytest.fixture
def pretended(tmp_path, monkeypatch):
    """Make a course whose notebooks are graded without being run; return what was run."""
    tiny_lab(tmp_path)
    for name in ("a", "b", "c"):
        hand_in(tmp_path / "class", f"{name}.ipynb", answered(DOUBLE, VALUE))
    run = []

    def pretend(path, known, setting):
        run.append(path.stem)
        last = "could not be run" if path.stem == "b" else "right"
        row = {"file": path.name, "sha256": digest(path), "lab": "01-tiny"}
        row["checks"] = Original.read(tmp_path / "notebooks" / "01-tiny.ipynb").digest
        outcomes = zip(CHECKS, ["right", last], strict=True)
        return [{**row, "exercise": name, "outcome": outcome} for name, outcome in outcomes]

    monkeypatch.setattr(command, "with_checks", lambda *_: ())
    monkeypatch.setattr(command, "grade", pretend)
    return tmp_path, run


def again(root):
    limits = Limits(seconds=1, memory=MIB)
    return grade_all(root / "class", root / "grades.csv", 1, limits, root)


def test_a_second_run_does_what_failed_changed_or_came_since(pretended):
    root, run = pretended
    assert again(root).startswith("3 notebooks graded: ")
    run.clear()
    hand_in(root / "class", "c.ipynb", answered(WRONG, VALUE))
    hand_in(root / "class", "d.ipynb", answered(WRONG, VALUE))
    (root / "class" / "a.ipynb").rename(root / "class" / "e.ipynb")
    assert again(root).startswith("4 notebooks graded")
    assert sorted(run) == ["b", "c", "d", "e"]
    run.clear()
    assert again(root).startswith("4 notebooks graded, 3 of them earlier: ")
    assert run == ["b"]
    rows = read(root / "grades.csv")
    assert [row["file"] for row in rows] == [f"{n}.ipynb" for n in "bbccddee"]


def test_an_interrupted_run_leaves_what_is_done(pretended, monkeypatch):
    root, _ = pretended
    pretend = command.grade

    def interrupted(path, known, setting):
        if path.stem == "c":
            while len(read(root / "grades.csv")) < 4:  # until the others are in the CSV
                time.sleep(0.01)
            raise KeyboardInterrupt
        return pretend(path, known, setting)

    monkeypatch.setattr(command, "grade", interrupted)
    with pytest.raises(SystemExit, match="the same command goes on from there"):
        again(root)
    assert {row["file"] for row in read(root / "grades.csv")} == {"a.ipynb", "b.ipynb"}
    assert sorted(p.name for p in root.iterdir()) == ["class", "grades.csv", "notebooks"]


def test_changed_checks_make_rows_outdated(pretended, capsys):
    root, run = pretended
    again(root)
    run.clear()
    lab = nbformat.read(root / "notebooks" / "01-tiny.ipynb", as_version=4)
    lab.cells[0].source = SETUP.replace("2", "3")
    nbformat.write(lab, root / "notebooks" / "01-tiny.ipynb")
    capsys.readouterr()
    again(root)
    assert sorted(run) == ["a", "b", "c"]
    said = capsys.readouterr().out
    assert said.startswith("2 notebooks were graded by checks that have changed since (01-tiny)")
    assert {row["checks"] for row in read(root / "grades.csv")} == {
        Original.read(root / "notebooks" / "01-tiny.ipynb").digest
    }


def test_a_csv_of_an_earlier_version_is_made_anew(pretended):
    root, run = pretended
    (root / "grades.csv").write_text(
        "student,file,exercise,outcome,sha256\na,a.ipynb,double,right,\n"
    )
    again(root)
    assert sorted(run) == ["a", "b", "c"]


HEAD = b"student,file,lab,exercise,outcome,sha256"


@pytest.mark.parametrize(
    "other",
    [b"a,b\n1,2\n", HEAD + b"\n\xe9,a.ipynb", HEAD.replace(b",", b";"), HEAD + b",points\n", b"\0"],
)
def test_another_csv_is_not_overwritten(pretended, other):
    root, _ = pretended
    (root / "grades.csv").write_bytes(other)
    with pytest.raises(SystemExit, match="not a CSV of grades"):
        again(root)
    assert (root / "grades.csv").read_bytes() == other


def test_a_row_that_is_cut_off_is_made_anew(pretended):
    root, run = pretended
    (root / "grades.csv").write_bytes(HEAD + b"\na\na,a.ipynb,01-tiny,double,right,0,more,and\n")
    again(root)
    assert sorted(run) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "no folder nowhere: make grade FOLDER="),
        (["."], "nothing in . to be graded"),
        ([".", "--jobs", "0"], "a whole number above 0 is needed, not '0'"),
        ([".", "--memory", "4GB"], "a whole number above 0 is needed, not '4GB'"),
    ],
)
def test_the_command_says_what_is_wrong(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["grade", *arguments])
    with pytest.raises(SystemExit) as end:
        command.main()
    assert re.search(message, f"{end.value} {capsys.readouterr().err}")


def test_only_what_carries_the_nonce_is_a_result():
    worker = Worker([], cell_seconds=1, output=MIB, fd=1)

    def publish(nonce):
        data = {RESULT: {"nonce": nonce, "said": {"status": "right", "because": ""}}}
        message = {"msg_type": "display_data", "content": {"data": data}}
        worker.process_message(message, None, 0)
        return worker.result

    assert publish("") is None  # a student's own cell runs without one
    worker.nonce = "a"
    assert publish("b") is None
    assert publish("a") == {"status": "right", "because": ""}


@pytest.mark.parametrize(
    "source", ["def my_a(x", "  async def my_a(x", "class my_a:", "my_a = f", "my_a: object = f"]
)
def test_a_cell_that_defines_an_answer_is_known_in_each_form(source):
    others = ["def my_ab(x", "print(my_a)", "not_my_a = 1"]
    cells = [CodeCell("", text) for text in [*others, source]]
    assert defined_in("a", cells) == [3]


def test_the_errors_of_ten_thousand_cells_are_read():
    worker = Worker([], cell_seconds=1, output=MIB, fd=1)
    worker.note_error({"content": {"ename": "ValueError", "evalue": "é" * 9999}})
    lines = [
        {"begin": 9999},
        {"step": 9999, "result": None, "error": worker.error, "seconds": 9.99},
    ]
    assert 10_000 * sum(len(json.dumps(line)) + 1 for line in lines) < Limits(1, 1).answer


def test_a_lab_that_fails_itself_blames_no_student(pretended, monkeypatch, capsys):
    root, _ = pretended
    lab = Original.read(root / "notebooks" / "01-tiny.ipynb")
    kept = {"result": {"check": "…", "names": ""}, "error": ""}
    # Its steps: two cells, then for each exercise the stub, the check, and the question for it.
    lines = [{"step": 4, **kept}, {"step": 5, "result": None, "error": "NameError: a"}]
    lines.append({"step": 7, **kept})
    monkeypatch.setattr(judge, "run_steps", lambda *_: steps.Run(lines, "", 1.0))
    setting = steps.Setting(root / "class", Limits(seconds=1, memory=MIB), threading.Event())
    lab = judge.keep_checks(lab, setting)
    assert set(lab.kept) == {"double"}
    said = "01-tiny.ipynb itself could not be run: a cell raised NameError: a"
    assert said in capsys.readouterr().err
    monkeypatch.setattr(judge, "run_and_ask", lambda *_: steps.Run([], "", 1.0))
    verdicts, _ = judge.judge(root / "class" / "a.ipynb", [], lab, setting)
    assert verdicts["value"] == ("could not be run", "the lab's own check could not be made here")


def test_a_right_answer_whose_time_was_measured_is_marked():
    said = {"status": "right", "because": "", "timed": True}
    setting = steps.Setting(ROOT, Limits(seconds=1, memory=MIB), threading.Event())
    told = judge.outcome("double", said, judge.Judged([]), {}, setting)
    assert told == ("right", "the check measures its time, which the notebook itself states")


def test_lab_1_tells_right_wrong_and_missing_answers(tmp_path):
    [path] = [path for path in labs() if path.name.startswith("01")]
    lab = Lab.read(path)
    gradient, rate, _ = lab.exercises
    # Of the code above the exercises, what the checks of the first two need: seconds, not a minute.
    above = lab.cells[: rate.cells[0].index]
    code = [cell.source for cell in above if cell.kind == "code" and not cell.tags & TASK_TAGS]
    program = statements([*code, rate.check.source, gradient.check.source])
    asked = {n for n, statement in enumerate(program) if statement.startswith("@labkit.Exercise")}
    used = [program[n] for n in needed(program, asked, apart_from="checks") if n not in asked]
    notebook = lab.node
    tasks = [cell.node for exercise in lab.exercises for cell in exercise.cells]
    notebook.cells = [new_code_cell("\n".join(used)), *tasks]
    (tmp_path / "notebooks").mkdir()
    nbformat.write(notebook, tmp_path / "notebooks" / path.name)

    rate.stub.node.source = "def my_learning_rate():\n    return 0.01"
    solution = gradient.solution.source.replace("solved_", "my_")
    gradient.stub.node.source = solution.split("\n\n\ncheck_")[0]
    solutions = [cell.node for cell in lab.cells if "solution" in cell.tags]
    notebook.cells = [cell for cell in notebook.cells if cell not in solutions]
    (tmp_path / "class").mkdir()
    nbformat.write(notebook, tmp_path / "class" / "mine.ipynb")

    out = tmp_path / "grades.csv"
    grade_all(tmp_path / "class", out, 1, Limits(seconds=600, memory=4000 * MIB), tmp_path)
    told = {row["exercise"]: (row["outcome"], row["because"]) for row in read(out)}
    assert told["weighted_gradient"] == ("right", "")
    assert told["table"] == ("not attempted", "")
    outcome, because = told["learning_rate"]
    assert outcome == "not right yet"
    assert because.startswith("the largest gap at 0.01 is still")


def test_a_notebook_that_can_not_be_read_ends_no_run(pretended, monkeypatch):
    root, _ = pretended
    monkeypatch.undo()  # nothing is pretended
    path = root / "class" / "gone.ipynb"
    setting = steps.Setting(root / "class", Limits(seconds=1, memory=MIB), threading.Event())
    with ThreadPoolExecutor(1) as pool:
        known = tuple(map(Original.read, labs(root)))
        known = command.with_checks([path], known, setting, pool)
    [row] = judge.grade(path, known, setting)
    assert row["because"] == "it could not be read (FileNotFoundError)"


@pytest.mark.parametrize(("left", "seconds"), [(600, 120), (100.7, 50), (61, 30), (0.5, 1)])
def test_a_cell_has_whole_seconds(left, seconds):
    setting = steps.Setting(ROOT, Limits(seconds=left, memory=MIB), threading.Event())
    assert setting.cell_seconds == seconds
    Worker([], cell_seconds=setting.cell_seconds, output=MIB, fd=1)  # takes no others


FAULTY_KERNEL = """
import os, sys
from course.grading.inside import worker as notebook_worker

FAILURES, WHEN = int(sys.argv[1]), sys.argv[2]
del sys.argv[1:3]

class Worker(notebook_worker.Worker):
    tries = 0

    async def work(self):
        Worker.tries += 1
        self.started = WHEN == "started"
        if Worker.tries <= FAILURES:
            raise RuntimeError("Kernel died before replying to kernel_info")
        self.finish()

notebook_worker.Worker = Worker
notebook_worker.main()
"""


@pytest.mark.parametrize(
    ("failures", "when", "end"),
    [
        (0, "before", ""),
        (1, "before", ""),
        (2, "before", "it could not be run (RuntimeError: Kernel died"),
        (1, "started", "it could not be run (RuntimeError: Kernel died"),
    ],
)
def test_a_kernel_that_dies_before_anything_has_run_in_it_is_started_once_more(
    tmp_path, failures, when, end
):
    task = {"folder": str(tmp_path), "steps": [], "cell_seconds": 1, "output": 1}
    done = subprocess.run(
        [sys.executable, "-c", FAULTY_KERNEL, str(failures), when, "1"], input=json.dumps(task),
        env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    said = json.loads(done.stdout)["end"]
    assert said.startswith(end)
    assert bool(said) == bool(end)
