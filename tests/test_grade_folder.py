"""A folder of submissions: no student is left out, whatever was handed in under whatever name."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from test_grade import answered, hand_in, tiny_lab

from course import ROOT
from course.grading import __main__ as command
from course.grading.handed_in import handed_in
from course.grading.sandbox import MIB, Limits, alive
from course.grading.submission import copy_files, digest
from course.grading.table import escaped, read


def put(folder, *names):
    """Write a notebook, or another file, under each name."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".ipynb":
            nbformat.write(new_notebook(cells=[new_code_cell(f"print({name!r})")]), path)
        else:
            path.write_bytes(b"x")


def found(folder):
    """Return the names of the notebooks, and the reasons of the rest by name."""
    handed = handed_in(folder, folder / "grades.csv")

    def named(path):
        return path.relative_to(folder).as_posix()

    return [named(p) for p in handed.notebooks], {named(p): w for p, w in handed.others.items()}


WITHOUT = {
    "empty": ([], "no notebook in this folder: it is empty"),
    "zip": (["a.zip"], r"it holds a.zip \(an archive, which is not unpacked\)"),
    "renamed": (["1.ipynb.json"], r"1.ipynb.json \(its name does not end in .ipynb: rename it\)"),
    "page": (["deep/a.html"], r"a.html \(a page made from a notebook, not the notebook\)"),
    "others": (["a.pdf", "b.pdf", "c"], "it holds 2 x .pdf, 1 x without a suffix"),
    "of the system": (["__MACOSX/._a.ipynb", "._b.ipynb"], "no notebook in this folder"),
    "only copies": (["edition/edition.json", "edition/notebooks/01-a.ipynb"], "no notebook"),
}


@pytest.mark.parametrize("student", WITHOUT)
def test_a_student_without_a_notebook_has_a_row(tmp_path, student):
    names, why = WITHOUT[student]
    (tmp_path / student).mkdir()
    put(tmp_path / student, *names)
    put(tmp_path, "other/1.ipynb")
    notebooks, others = found(tmp_path)
    assert notebooks == ["other/1.ipynb"]
    assert set(others) == {student}
    assert re.search(why, others[student])


def test_files_without_a_folder_are_students_too(tmp_path):
    put(tmp_path, "anna.ipynb", "berta.zip", "carl.html", "dora.ipynb.txt", "emil.docx")
    put(tmp_path, "anna.html", "grades.csv", ".DS_Store", "Thumbs.db", "__MACOSX/._anna.ipynb")
    (tmp_path / "fritz").symlink_to(tmp_path / "anna.ipynb")
    (tmp_path / "gerda").symlink_to("gerda")
    notebooks, others = found(tmp_path)
    assert notebooks == ["anna.ipynb"]
    expected = ["berta.zip", "carl.html", "dora.ipynb.txt", "emil.docx", "fritz", "gerda"]
    assert sorted(others) == expected
    assert "archive" in others["berta.zip"]
    assert "page" in others["carl.html"]
    assert "link" in others["fritz"]


def test_beside_notebooks_what_may_hold_more_has_a_row(tmp_path):
    put(
        tmp_path, "anna/1.ipynb", "anna/2.zip", "anna/3.ipynb.json", "anna/data.csv", "anna/4.IPYNB"
    )
    notebooks, others = found(tmp_path)
    assert notebooks == ["anna/1.ipynb", "anna/4.IPYNB"]
    assert set(others) == {"anna/2.zip", "anna/3.ipynb.json"}


@pytest.mark.parametrize("home", ["anna", "anna/neural-networks-students", "."])
def test_of_the_whole_course_only_the_students_notebooks_count(tmp_path, home):
    mine = ["notebooks/01-a.ipynb", "notebooks/mine/try.ipynb"]
    copies = ["edition/edition.json", "edition/notebooks/01-a.ipynb", "site/notebooks/01-a.ipynb"]
    copies += [".venv/lib/a.ipynb", "env/pyvenv.cfg", "env/lib/b.ipynb", "__MACOSX/._01-a.ipynb"]
    copies += ["notebooks/.ipynb_checkpoints/01-a.ipynb", "notebooks/._01-a.ipynb", "README.txt"]
    copies += ["_site/notebooks/01-a.ipynb", "course/template/notebooks/NN-NAME.ipynb"]
    put(tmp_path / home, "start.py", "labkit/__init__.py", *mine, *copies)
    copy = "notebooks/01-a-edition-2.ipynb"
    handed_out = (tmp_path / home / "edition" / "notebooks" / "01-a.ipynb").read_bytes()
    (tmp_path / home / copy).write_bytes(handed_out)
    notebooks, others = found(tmp_path)
    assert notebooks == [(tmp_path / home / name).relative_to(tmp_path).as_posix() for name in mine]
    assert others == {}
    (tmp_path / home / copy).write_bytes(handed_out + b"\n")  # worked in
    assert len(found(tmp_path)[0]) == 3


def test_a_lab_that_was_done_in_edition_counts(tmp_path):
    put(tmp_path / "anna", "start.py", "notebooks/01-a.ipynb")
    put(tmp_path / "anna" / "edition", "notebooks/01-a.ipynb", "notebooks/02-b.ipynb")
    edition = tmp_path / "anna" / "edition"
    files = {"notebooks/01-a.ipynb": digest(edition / "notebooks" / "01-a.ipynb")}
    (edition / "edition.json").write_text(json.dumps({"files": files}))
    mine = ["anna/edition/notebooks/02-b.ipynb", "anna/notebooks/01-a.ipynb"]
    assert found(tmp_path) == (mine, {})


def test_a_file_of_the_course_among_the_students_hides_nobody(tmp_path):
    put(tmp_path, "start.py", "anna/1.ipynb", "site/1.ipynb", "berta/a.pdf")
    notebooks, others = found(tmp_path)
    assert notebooks == ["anna/1.ipynb", "site/1.ipynb"]
    assert set(others) == {"berta", "start.py"}


def test_what_was_installed_is_not_copied(tmp_path):
    put(tmp_path / "anna", "1.ipynb", "wheels/a.whl", "env/pyvenv.cfg", "env/a.py", "data/b.csv")
    (tmp_path / "copy").mkdir()
    copy_files(tmp_path / "anna", tmp_path / "copy")
    copied = {path.name for path in (tmp_path / "copy").rglob("*") if path.is_file()}
    assert copied == {"1.ipynb", "b.csv"}


def test_a_students_folder_may_be_called_as_a_copy_is(tmp_path):
    put(tmp_path, "site/1.ipynb", "anna/edition/1.ipynb", "course/1.ipynb")
    assert len(found(tmp_path)[0]) == 3


def test_a_folder_that_can_not_be_read_has_a_row(tmp_path, monkeypatch):
    put(tmp_path, "anna/1.ipynb")
    real = os.scandir

    def scandir(path):
        if str(path).endswith("anna"):
            raise PermissionError(13, "no", str(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    assert found(tmp_path)[1]["anna"] == "it could not be read (PermissionError)"


SPACES = ["a b", "a  b", " a", "a ", "a\u00a0b", "a\tb", "a\u200bb", "a\nb"]
BYTES = ["é", "e\u0301", "\udce9", "\\xe9", "\\udce9", "a\\tb"]
ALIKE = [*SPACES, *BYTES, "=a", "'=a", "-", "'"]


def test_names_that_print_alike_are_told_apart():
    shown = [escaped(name) for name in ALIKE]
    assert len(set(shown)) == len(ALIKE)
    assert all(text.isprintable() and "  " not in text for text in shown)
    assert all(text == text.strip() and text[0] not in "=+-@" for text in shown)
    assert escaped("Größe, 1 (2)/a b.ipynb") == "Größe, 1 (2)/a b.ipynb"


def test_folders_whose_names_print_alike_have_rows_of_their_own(tmp_path, monkeypatch):
    names = [b"a  b", b"a b", b"\xe9", "é".encode(), "e\u0301".encode()]
    for name in names:
        (tmp_path / os.fsdecode(name)).mkdir()
        put(tmp_path / os.fsdecode(name), "1.ipynb")
    monkeypatch.setattr(command, "with_checks", lambda *_: ())
    monkeypatch.setattr(
        command, "grade",
        lambda path, _, setting: [command.first_row(path, setting.folder) | {"outcome": "right"}],
    )  # fmt: skip
    out = tmp_path.parent / f"{tmp_path.name}.csv"
    limits = Limits(seconds=1, memory=MIB)
    assert command.grade_all(tmp_path, out, 1, limits).startswith("5 notebooks graded: ")
    assert {row["student"] for row in read(out)} == {escaped(os.fsdecode(n)) for n in names}
    assert len(read(out)) == 5


GRADER = """
import sys
from pathlib import Path
import course.grading.__main__ as command
command.ROOT = Path(sys.argv.pop(1))
command.grade_all.__defaults__ = (command.ROOT,)
command.main()
"""

WAITS = "open('started', 'w').close()\nimport time; time.sleep(60)"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_all_and_leaves_nothing(tmp_path, number):
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("whoever started the tests ignores this signal, as nohup does")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    tiny_lab(tmp_path)
    (tmp_path / "class").mkdir()
    hand_in(tmp_path / "class", "a.ipynb", answered(before=WAITS))
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)}
    with subprocess.Popen(
        [sys.executable, "-P", "-c", GRADER, str(tmp_path), "class"],
        cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    ) as grader:  # fmt: skip
        first = psutil.Process(grader.pid)
        until = time.monotonic() + 60
        while not [*temporary.glob("grade-*/work/started")] and time.monotonic() < until:
            time.sleep(0.1)
        started = first.children(recursive=True)
        assert len(started) >= 3  # the worker, its kernel, and the checks
        grader.send_signal(number)
        said = grader.communicate(timeout=60)[0]
    assert "the same command goes on from there" in said
    assert "Traceback" not in said
    assert not any(map(alive, started))
    assert list(temporary.iterdir()) == []


def test_an_archive_is_no_notebook_whatever_its_name(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.ipynb", "w") as archive:
        archive.writestr("1.ipynb", "{}")
    assert found(tmp_path) == (["a.ipynb"], {})
