"""The students' zip: what is in it, that it installs, and that a newer one loses no work."""

import ast
import hashlib
import html
import importlib.util
import io
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course import ROOT
from course.archive import FOLDER, current_zip, sources_digest, write_zip, zip_path
from course.editions import student_notebook
from course.notebook import Lab, labs
from course.student import edition as student_edition
from course.student.edition import fill, make

START = ROOT / "course" / "student" / "files" / "start.py"
INSTALLING = ROOT / "course" / "environment" / "installing.py"
MAKE_VENV = INSTALLING.with_name("make_venv.py")

pytestmark = pytest.mark.skipif(not labs(), reason="notebooks/ holds no lab yet")


@pytest.fixture
def start(monkeypatch):
    """Import start.py as a module."""
    monkeypatch.syspath_prepend(INSTALLING.parent)
    spec = importlib.util.spec_from_file_location("start", START)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- a newer edition over an older one -----------------------------------------------------------


def notebook(*sources, **metadata):
    cells = [new_code_cell(source, id=f"cell-{n}") for n, source in enumerate(sources)]
    return nbformat.writes(new_notebook(cells=cells, metadata=metadata))


class Student:
    """A student's folder, into which editions are put."""

    def __init__(self, start, home):
        self.start, self.home, self.notebooks = start, home, home / "notebooks"
        self.editions = 0

    def put(self, version="2", data="x\n1\n", **labs):
        """Place an edition with these labs; return how many were placed, and the messages."""
        self.editions += 1
        self.folder = self.home.parent / f"edition-{self.editions}"
        for kind in ("notebooks", "data"):
            (self.folder / kind).mkdir(parents=True)
        for name, source in labs.items():
            (self.folder / "notebooks" / f"{name}.ipynb").write_text(notebook(source))
        (self.folder / "data" / "table.csv").write_text(data)
        names = [f"{name}.ipynb" for name in labs]
        self.edition = {"version": version, "labs": names, "data": ["table.csv"]}
        return self.again()

    def again(self):
        self.home.mkdir(exist_ok=True)
        placed, messages = self.start.place_labs(self.edition, self.folder, self.notebooks)
        data = self.home / "data"
        messages += self.start.place_data(self.edition, self.folder, data, self.notebooks)
        return placed, messages

    def write(self, name, text):
        (self.notebooks / name).write_text(text)

    def labs(self):
        """What the labs hold: their first cell."""
        paths = self.notebooks.glob("*.ipynb")
        return {p.stem: "".join(json.loads(p.read_text())["cells"][0]["source"]) for p in paths}


@pytest.fixture
def student(start, tmp_path):
    return Student(start, tmp_path / "home")


def test_the_page_of_terms_is_placed_beside_the_labs_and_renewed(student):
    student.put(a="a1")
    student.start.place_terms(student.folder, student.notebooks)  # an edition without one
    assert not (student.notebooks / "terms.md").exists()
    for words in ("first", "second"):
        (student.folder / "notebooks" / "terms.md").write_text(words)
        student.start.place_terms(student.folder, student.notebooks)
        assert (student.notebooks / "terms.md").read_text() == words


def test_an_edition_is_placed_and_an_unchanged_lab_is_replaced_by_the_next(student):
    assert student.put(a="a1", b="b1") == (2, [])
    assert student.labs() == {"a": "a1", "b": "b1"}
    assert student.put(a="a2", b="b1", c="c2") == (2, [])
    assert student.labs() == {"a": "a2", "b": "b1", "c": "c2"}
    assert (student.home / "data" / "table.csv").read_text() == "x\n1\n"


def test_a_changed_lab_is_kept_and_the_new_one_is_put_beside_it_once(student):
    student.put(a="a1", b="b1")
    student.write("a.ipynb", notebook("my work"))
    assert student.put("0.2", a="a1", b="b1") == (0, []), "the lab is the same in both editions"
    message = "a.ipynb: yours is kept, the new one is a-edition-0.3.ipynb"
    assert student.put("0.3", a="a2", b="b2") == (1, [message])
    assert student.labs() == {"a": "my work", "b": "b2", "a-edition-0.3": "a2"}
    assert student.again() == (0, [])
    (student.notebooks / "a-edition-0.3.ipynb").unlink()
    assert student.again() == (0, [])
    assert student.labs() == {"a": "my work", "b": "b2"}


def test_work_in_the_copy_beside_is_kept_too(student):
    student.put(a="a1")
    student.write("a.ipynb", notebook("my work"))
    student.put("0.2", a="a2")
    student.write("a-edition-0.2.ipynb", notebook("more work"))
    message = "a.ipynb: yours is kept, the new one is a-edition-0.2-2.ipynb"
    assert student.put("0.2", a="a2, fixed") == (0, [message])
    assert student.labs() == {
        "a": "my work", "a-edition-0.2": "more work", "a-edition-0.2-2": "a2, fixed"
    }  # fmt: skip


def test_whoever_takes_the_new_lab_over_gets_the_next_one_in_its_place(student):
    student.put(a="a1")
    student.write("a.ipynb", notebook("my work"))
    student.put(a="a2")
    student.write("a.ipynb", notebook("a2"))
    assert student.again() == (0, [])
    assert student.put("3", a="a3") == (1, [])
    assert student.labs()["a"] == "a3"


def test_running_a_lab_changes_nothing_that_counts(student):
    student.put(a="a1")
    python = {"name": "python", "version": "3.13"}
    ran = nbformat.reads(notebook("a1", "", "  ", language_info=python), as_version=4)
    ran.cells[0].update(execution_count=7, id="another", metadata={"collapsed": True})
    ran.cells[0].outputs = [nbformat.v4.new_output("stream", text="1\n")]
    student.write("a.ipynb", nbformat.writes(ran))
    assert student.put(a="a2") == (1, [])
    assert student.labs() == {"a": "a2"}


CELL = {"cell_type": "code", "source": ["a1"], "metadata": {}}


@pytest.mark.parametrize(
    "content",
    [
        json.dumps({"cells": [CELL | {"source": ["a1 "]}]}),
        json.dumps({"cells": [CELL, CELL]}),
        json.dumps({"cells": [CELL | {"metadata": {"tags": ["mine"]}}]}),
        json.dumps({"cells": [CELL | {"cell_type": "raw"}]}),
        *("", "no notebook", "[1]", '{"cells": 3}', '{"cells": [3]}'),
    ],
)
def test_the_least_change_is_kept_and_so_is_what_is_no_notebook_any_more(student, content):
    student.put(a="a1")
    student.write("a.ipynb", json.dumps({"cells": [CELL]}))
    assert student.put(a="a1, fixed") == (1, []), "which was no change"
    student.put(a="a1")
    student.write("a.ipynb", content)
    assert len(student.put(a="a2")[1]) == 1
    assert (student.notebooks / "a.ipynb").read_text() == content


@pytest.mark.parametrize("ledger", [None, "", "{", "[]", '{"placed": 3}'])
def test_where_the_ledger_is_lost_every_lab_counts_as_changed(student, ledger):
    student.put(a="a1", b="b1")
    path = student.notebooks / student.start.LEDGER
    path.unlink() if ledger is None else path.write_text(ledger)
    placed, messages = student.put(a="a2", b="b1")
    assert (placed, len(messages)) == (0, 1)
    assert student.labs()["a"] == "a1"


def test_a_table_that_somebody_changed_is_kept_under_another_name(student):
    student.put(a="a1", data="x\n1\n")
    assert student.put(a="a1", data="x\n2\n") == (0, [])
    table = student.home / "data" / "table.csv"
    table.write_text("mine")
    message = "data/table.csv: the labs need it unchanged; yours is table-yours.csv"
    assert student.put(a="a1", data="x\n2\n")[1] == [message]
    assert table.read_text() == "x\n2\n"
    assert table.with_name("table-yours.csv").read_text() == "mine"


def test_interrupted_at_any_moment_nothing_is_lost_and_the_next_run_ends_the_same(
    start, tmp_path, monkeypatch
):
    """The disk fills up at the first, second, … change of a file: a write, or a renaming."""
    work, table = notebook("my work"), "my table"

    def update(home, fail_at):
        left = iter(range(fail_at))

        def failing(real):
            def call(path, *arguments):
                if next(left, None) is None and str(home) in str(path):
                    if real.__name__ == "write_bytes":
                        real(path, arguments[0][: len(arguments[0]) // 2])
                    raise OSError(28, "No space left on device")
                return real(path, *arguments)

            return call

        student = Student(start, home)
        home.parent.mkdir()
        student.put(a="a1", b="b1")
        student.write("a.ipynb", work)
        (home / "data" / "table.csv").write_text(table)
        with monkeypatch.context() as patch:
            patch.setattr(Path, "write_bytes", failing(Path.write_bytes))
            patch.setattr(Path, "replace", failing(Path.replace))
            try:
                student.put("0.2", "x\n2\n", a="a2", b="b2", c="c2")
                failed = False
            except OSError:
                failed = True
        texts = [p.read_text() for p in home.rglob("*") if p.is_file()]
        assert (student.notebooks / "a.ipynb").read_text() == work
        assert table in texts
        for path in student.notebooks.glob("[a-z]*.ipynb"):
            json.loads(path.read_text())  # none is half a notebook
        student.again()
        files = [path for path in home.rglob("*.*") if path.is_file()]
        return failed, {path.relative_to(home).as_posix(): path.read_text() for path in files}

    _, whole = update(tmp_path / "whole" / "home", 10**6)
    assert set(whole) == {
        "notebooks/.edition.json", "notebooks/a.ipynb", "notebooks/a-edition-0.2.ipynb",
        "notebooks/b.ipynb", "notebooks/c.ipynb", "data/table.csv", "data/table-yours.csv",
    }  # fmt: skip
    steps = 0
    for steps in range(100):
        failed, after = update(tmp_path / str(steps) / "home", steps)
        assert after == whole, f"interrupted at change {steps}"
        if not failed:
            break
    assert steps > 10


# --- start.py meets trouble ----------------------------------------------------------------------


BEFORE = [
    INSTALLING.with_name(f"{name}.py") for name in ("alone", "pythons", "place", "pip_settings")
]


@pytest.mark.parametrize("path", [START, MAKE_VENV, INSTALLING, *BEFORE], ids=lambda p: p.name)
def test_an_old_python_gets_as_far_as_our_sentence(path):
    tree = ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 6))
    imported = {
        name.split(".")[0]
        for node in ast.walk(tree)
        for name in (
            [a.name for a in node.names] if isinstance(node, ast.Import)
            else [node.module] if isinstance(node, ast.ImportFrom) else []
        )
    }  # fmt: skip
    assert imported <= sys.stdlib_module_names | {path.stem for path in (INSTALLING, *BEFORE)}
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        taken = function.args.args + function.args.kwonlyargs
        for annotation in [function.returns, *(argument.annotation for argument in taken)]:
            quoted = "an old Python works out what is not a plain name or quoted, and fails"
            assert isinstance(annotation, ast.Name | ast.Constant), quoted


def test_a_python_too_old_is_told_which_one_to_use(start, monkeypatch):
    monkeypatch.setattr("sys.argv", ["start.py"])
    monkeypatch.setattr("sys.version_info", (3, 10, 2))
    monkeypatch.setattr(start.pythons, "find", lambda first: "")
    with pytest.raises(SystemExit, match=r"3\.11 to 3\.14(.*\n)+.*3\.14 start\.py"):
        start.main()


@pytest.mark.parametrize(
    ("says", "message"),
    [
        ("ensurepip is not available", "apt install python3-venv"),
        ("No space left", "disk is full"),
        ("Permission denied", r"could not make an environment in .*\.venv"),
    ],
)
def test_where_no_environment_can_be_made_it_says_why(
    start, monkeypatch, tmp_path, says, message, capsys
):
    done = subprocess.CompletedProcess([], 1, stdout=says)
    monkeypatch.setattr("subprocess.run", lambda *args, **kwargs: done)
    with pytest.raises(SystemExit, match=message) as ended:
        start.installing.make_venv(tmp_path / ".venv", tmp_path / ".venv" / "installed.txt")
    assert says in capsys.readouterr().out
    assert ("python3-venv" in str(ended.value)) == ("ensurepip" in says)


class Asked(list):
    """What pip was asked, and what was then verified."""

    def __init__(self):
        self.verified = []


@pytest.fixture
def packed(start, tmp_path, monkeypatch):
    """Make a folder with an edition as start.py meets it, and a pip whose words the test writes."""
    home = tmp_path / "home"
    (home / "edition").mkdir(parents=True)
    for name in ("requirements.txt", "requirements-no-torch.txt", "labkit.whl"):
        (home / "edition" / name).write_text(name)
    monkeypatch.setattr(start, "HOME", home)
    monkeypatch.setattr(start, "EDITION", home / "edition")
    asked = Asked()

    def make_venv(folder, stamp):
        start.installing.python_of(folder).parent.mkdir(parents=True, exist_ok=True)
        start.installing.python_of(folder).touch()

    class Pip:
        says, code = "", 0

        def __init__(self, command, **_settings):
            asked.append(command)
            self.stdout = io.StringIO(Pip.says)

        def wait(self):
            return Pip.code

    def verify(python, *wanted, cwd):
        asked.verified.append(wanted)

    monkeypatch.setattr(start.installing, "keep", lambda folder, stamp: stamp.exists())
    monkeypatch.setattr(start.installing, "make_venv", make_venv)
    monkeypatch.setattr(start.installing, "pip_variables", lambda python: {})
    monkeypatch.setattr(start.installing, "verify", verify)
    monkeypatch.setattr("subprocess.Popen", Pip)
    return lambda torch=True: start.install({"wheel": "labkit.whl"}, torch), asked, Pip, home


def test_installing_happens_once_and_again_when_something_changed(packed):
    install, asked, _, home = packed
    install()
    assert [command[-1][-16:] for command in asked] == ["requirements.txt", "ition/labkit.whl"]
    install()
    assert len(asked) == 2
    assert asked.verified == [("-r", str(Path("edition", "requirements.txt")), "labkit")]
    (home / "edition" / "labkit.whl").write_text("newer, of the same name")
    install()
    assert len(asked) == 4
    install(torch=False)
    assert asked[4][-1].endswith("requirements-no-torch.txt")
    assert not any("--find-links" in command for command in asked)


def test_wheels_beside_it_are_used_and_no_network(packed):
    install, asked, pip, home = packed
    (home / "wheels").mkdir()
    (home / "wheels" / "numpy.whl").touch()
    install()
    assert all("--no-index" in command for command in asked)
    assert asked[0][asked[0].index("--find-links") + 1] == "wheels", "from the folder, as pip is"
    pip.says, pip.code = "ERROR: No matching distribution found for numpy (from versions: none)", 1
    (home / "edition" / "labkit.whl").write_text("newer")
    with pytest.raises(SystemExit, match="wheels/ are not those for Python"):
        install()


@pytest.mark.parametrize(
    ("says", "message"),
    [
        ("WARNING: Retrying (Retry(total=4", "registry could not be reached"),
        ("OSError: [Errno 28] No space left on device", "disk is full"),
        ("ERROR: No matching distribution found for torch==9", "3.11 to 3.14"),
        ("Segmentation fault", "last lines are above"),
    ],
)
def test_where_pip_fails_it_says_why_and_what_to_do(packed, says, message):
    install, asked, pip, _ = packed
    pip.says, pip.code = says + "\n", 1
    with pytest.raises(SystemExit, match=message):
        install()
    pip.code = 0
    install()
    assert len(asked) == 3, "the next run tries again"


@pytest.mark.parametrize(
    ("says", "kept"),
    [("Retrying\n", True), ("Installing collected packages: numpy\nNo space left\n", False)],
)
def test_an_environment_that_worked_is_kept_until_pip_changes_it(packed, start, says, kept):
    install, _, pip, home = packed
    install()
    stamp = home / ".venv" / "installed.txt"
    before = stamp.read_text()
    (home / "edition" / "requirements.txt").write_text("newer")
    pip.says, pip.code = says, 1
    with pytest.raises(SystemExit):
        install()
    assert (stamp.exists() and stamp.read_text() == before) == kept
    pip.says, pip.code = "", 0
    install()
    assert stamp.read_text() != before


def test_torch_is_left_out_where_there_is_none(packed, start, monkeypatch, capsys):
    install, asked, _, _ = packed
    monkeypatch.setattr(start.pythons, "is_intel_mac", lambda: True)
    install()
    assert asked[0][-1].endswith("requirements-no-torch.txt")
    assert "no torch for a Mac with an Intel processor" in capsys.readouterr().out
    install()
    install(torch=False)
    assert len(asked) == 2, "it is not tried again"


@pytest.mark.skipif(os.name == "nt", reason="the name can't be there")
def test_a_folder_in_which_no_environment_works_is_named_before_all(packed, start, monkeypatch):
    install, asked, _, home = packed
    monkeypatch.setattr(start, "HOME", home.rename(home.with_name("WS 24:25")))
    words = r"'WS 24:25' has a colon(.|\n)*Rename that folder"
    with pytest.raises(SystemExit, match=words) as ended:
        install()
    assert "python3-venv" not in str(ended.value)
    assert not asked


def test_a_folder_too_deep_for_windows_is_named_before_installing(packed, start, monkeypatch):
    install, asked, _, _ = packed
    monkeypatch.setattr(start.place, "too_deep", lambda home, torch: "too deep")
    with pytest.raises(SystemExit, match="too deep"):
        install()
    assert not asked


@pytest.mark.parametrize(("user", "option"), [(0, ["--allow-root"]), (1000, [])])
def test_jupyter_is_opened_as_a_module_and_in_a_container_too(start, monkeypatch, user, option):
    seen = []
    monkeypatch.setattr(start.os, "geteuid", lambda: user, raising=False)
    monkeypatch.setattr(start.subprocess, "call", lambda c, **s: seen.append((c, s)) or 0)
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    assert start.open_labs(Path("python"), Path("notebooks")) == 0
    [(command, settings)] = seen
    assert command == ["python", "-I", "-m", "jupyterlab", *option]
    assert "PYTHONPATH" not in settings["env"]


def test_every_command_that_a_student_reads_has_the_name_of_the_system(start, monkeypatch):
    there = ["py", "python"]
    monkeypatch.chdir(start.HOME)
    monkeypatch.setattr(start.pythons, "WINDOWS", True)
    monkeypatch.setattr(start.pythons.shutil, "which", lambda name: name in there)
    assert start.this_command("--open") == "py start.py --open"
    there.remove("py")
    assert start.this_command() == "python start.py"
    monkeypatch.chdir(ROOT)  # a terminal in another folder
    assert start.this_command() == f'python "{START}"'
    text = START.read_text(encoding="utf-8") + (START.parent / "README.txt").read_text("utf-8")
    assert "python start.py" not in text


def test_the_doctor_can_be_asked_by_a_python_3_6(start, tmp_path, monkeypatch):
    monkeypatch.setattr(start, "HOME", tmp_path)
    monkeypatch.setattr(start, "EDITION", tmp_path)
    (tmp_path / "doctor.py").write_text("raise SystemExit(3)")

    def run(*_, text=None, capture_output=None, **__):
        assert text is capture_output is None, "Python 3.6 has no such arguments"
        return subprocess.CompletedProcess([], 0)

    monkeypatch.setattr("subprocess.run", run)
    assert start.ask_doctor(Path(sys.executable)) == 3


def test_two_at_once_wait_for_each_other_and_not_for_jupyter(start, tmp_path, monkeypatch, capsys):
    alone = start.alone
    monkeypatch.setattr(start, "HOME", tmp_path)
    monkeypatch.setattr("sys.argv", ["start.py", "--open"])
    monkeypatch.setattr(start.pythons, "ensure", lambda *_, **__: None)
    monkeypatch.setattr(start, "read_edition", lambda _: {"labs": [], "version": "1"})
    monkeypatch.setattr(start, "place_labs", lambda *_: (0, []))
    monkeypatch.setattr(start, "place_data", lambda *_: [])

    def free():
        with (tmp_path / ".at-work").open("a") as file:
            return alone.locked(file)

    seen = []
    monkeypatch.setattr(start, "install", lambda *_, **__: seen.append(free()))
    monkeypatch.setattr(start, "open_labs", lambda *_: seen.append(free()))
    monkeypatch.setattr(alone.time, "sleep", lambda _: sys.exit("waits"))
    with alone.alone(tmp_path), pytest.raises(SystemExit, match="waits"):
        start.main()
    assert capsys.readouterr().out == f"{alone.WAITING}\n"
    with pytest.raises(SystemExit):
        start.main()
    assert seen == [False, True]


def test_an_edition_without_its_programs_is_named(tmp_path):
    home = unpacked(tmp_path, {"start.py": START.read_bytes()})
    done = run_start(home)
    assert done.returncode == 1
    assert "edition/ is not whole: alone.py is missing." in done.stderr
    assert "Unpack the whole zip" in done.stderr


def test_a_damaged_or_mixed_edition_is_named(start, tmp_path):
    folder = tmp_path / "edition"
    folder.mkdir()
    (folder / "a").write_text("a")
    facts = {"files": {"a": hashlib.sha256(b"a").hexdigest()}}
    (folder / "edition.json").write_text(json.dumps(facts))
    assert start.read_edition(folder) == facts
    (folder / "a").write_text("b")
    with pytest.raises(SystemExit, match="a is of another edition, or damaged"):
        start.read_edition(folder)
    for wrong in ("{", "{}"):
        (folder / "edition.json").write_text(wrong)
        with pytest.raises(SystemExit, match="not whole"):
            start.read_edition(folder)


def zipped(path, files):
    with zipfile.ZipFile(path, "w") as file:
        for name, content in files.items():
            file.writestr(name, content)
    return path


def test_an_update_overwrites_the_edition_and_never_the_students_folder(start, tmp_path):
    home = tmp_path / "home"
    (home / "notebooks").mkdir(parents=True)
    (home / "notebooks" / "a.ipynb").write_text("mine")
    names = ["edition/edition.json", "edition/x", "notebooks/a.ipynb", "Notebooks/a.ipynb"]
    names += ["../outside", "C:/outside", "..\\outside", ".venv/x", "site/index.html"]
    path = zipped(tmp_path / "new.zip", {f"labs/{name}": "new" for name in names} | {"top": "new"})
    start.unpack(path, home)
    found = {p.relative_to(home).as_posix() for p in home.rglob("*") if p.is_file()}
    assert found == {"edition/edition.json", "edition/x", "site/index.html", "notebooks/a.ipynb"}
    assert (home / "notebooks" / "a.ipynb").read_text() == "mine"
    assert not (tmp_path / "outside").exists()


def test_an_update_from_something_else_says_what_it_is(start, tmp_path):
    with pytest.raises(SystemExit, match="There is no file"):
        start.unpack(tmp_path / "none.zip", tmp_path)
    (tmp_path / "half.zip").write_bytes(b"PK\x03\x04 half")
    with pytest.raises(SystemExit, match="not a whole zip"):
        start.unpack(tmp_path / "half.zip", tmp_path)
    with pytest.raises(SystemExit, match="not one of this course"):
        start.unpack(zipped(tmp_path / "other.zip", {"a/b": ""}), tmp_path)
    with pytest.raises(SystemExit, match="is a folder"):
        start.unpack(tmp_path, tmp_path)


@pytest.mark.parametrize("damage", ["flipped", "encrypted", "method"])
def test_a_damaged_update_replaces_nothing(start, tmp_path, damage):
    files = {"labs/start.py": "new", "labs/edition/edition.json": "new", "labs/last": "last"}
    archive = zipped(tmp_path / "new.zip", files)
    content = archive.read_bytes()
    entry = content.rindex(b"PK\x01\x02")  # of the last file
    at, byte = {"encrypted": (entry + 8, 1), "method": (entry + 10, 99)}.get(damage, (0, 0))
    if damage == "flipped":
        at, byte = content.index(b"last", content.index(b"labs/last") + 9), 0
    archive.write_bytes(content[:at] + bytes([byte]) + content[at + 1 :])
    (tmp_path / "home").mkdir()
    with pytest.raises(SystemExit, match="not a whole zip"):
        start.unpack(archive, tmp_path / "home")
    assert not [*(tmp_path / "home").iterdir()]


# --- the zip -------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def edition(tmp_path_factory):
    """Make the real zip, as `make student` does."""
    return make(ROOT, tmp_path_factory.mktemp("student"))


@pytest.fixture(scope="module")
def files(edition):
    """Return every file of the zip, and those within the wheel."""
    found = {}
    with zipfile.ZipFile(edition) as file:
        for name in file.namelist():
            found[name.removeprefix(f"{FOLDER}/")] = file.read(name)
    for name in [name for name in found if name.endswith(".whl")]:
        with zipfile.ZipFile(io.BytesIO(found[name])) as wheel:
            found |= {f"{name}:{inside}": wheel.read(inside) for inside in wheel.namelist()}
    return found


@pytest.mark.parametrize("current", [True, False])
@pytest.mark.parametrize("asked", [["--unless-current"], []], ids=["unless current", "always"])
def test_the_site_does_not_make_a_zip_again_that_is_current(monkeypatch, tmp_path, current, asked):
    made = tmp_path / "edition.zip"
    monkeypatch.setattr(student_edition, "write_all", lambda _: None)
    monkeypatch.setattr(student_edition, "current_zip", lambda _: made if current else None)
    monkeypatch.setattr(student_edition, "make", lambda *_, **__: made.write_text("zip") and made)
    monkeypatch.setattr(student_edition.sys, "argv", ["student_edition", *asked])
    student_edition.main()
    assert made.exists() == (not current or not asked)


def plain(content):
    """Return a file's ASCII letters, without tags, escapes, quotes and white space.

    So a line of code is found in a page, in the JSON of a notebook and in a search index alike.
    """
    text = html.unescape(re.sub(r"</?[a-z][^<>]*>", "", content.decode(errors="replace")))
    return re.sub(r'\\u[0-9a-f]{4}|[^!-~]|["\\]', "", text)


def secrets(lab):
    """Return what only the solutions of a lab say: their lines that stand nowhere else in it."""
    cells = nbformat.read(lab, as_version=4).cells
    solutions = [c.source for c in cells if "solution" in c.metadata.get("tags", [])]
    others = plain("\n".join(c.source for c in cells if c.source not in solutions).encode())
    lines = {plain(line.encode()) for source in solutions for line in source.splitlines()}
    return {line for line in lines if len(line) > 20 and line not in others}


@pytest.fixture(scope="module")
def texts(files):
    return {name: plain(content) for name, content in files.items()}


@pytest.mark.parametrize("lab", labs(), ids=lambda lab: lab.stem)
def test_no_line_of_a_solution_is_anywhere_in_the_zip(lab, texts):
    lines = secrets(lab)
    assert len(lines) > 5
    assert all(line in plain(lab.read_bytes()) for line in lines), "the search would miss them"
    assert [(name, line) for name in texts for line in lines if line in texts[name]] == []


def test_no_name_of_a_solution_is_in_the_zip(files):
    assert [name for name, content in files.items() if b"solved_" in content] == []


def test_the_zip_holds_labs_data_labkit_and_site_and_nothing_of_the_students(files):
    tops = {name.split("/")[0] for name in files}
    assert tops == {"LICENSE", "README.txt", "edition", "site", "start.py"}
    for lab in labs():
        student = nbformat.reads(files[f"edition/notebooks/{lab.name}"].decode(), as_version=4)
        assert student == student_notebook(Lab.read(lab))
        assert f"site/notebooks/{lab.stem}.html" in files
    terms = (ROOT / "notebooks" / "terms.md").read_bytes()
    assert files["edition/notebooks/terms.md"] == terms
    for path in (ROOT / "data").iterdir():
        assert files[f"edition/data/{path.name}"] == path.read_bytes()
    (wheel,) = [name for name in files if name.endswith(".whl")]
    for path in (ROOT / "labkit").glob("*.py"):
        assert files[f"{wheel}:labkit/{path.name}"] == path.read_bytes()
    assert files["edition/doctor.py"] == (ROOT / "course" / "doctor.py").read_bytes()
    for name in student_edition.NEW_ANALYSIS:
        assert files[f"edition/{name}"] == (ROOT / "course" / name).read_bytes()
    for name in student_edition.BEFORE_INSTALLING:
        path = ROOT / "course" / "environment" / name
        assert files[f"edition/{name}"] == path.read_bytes()
    pages = (name for name in files if name.startswith("site/"))
    assert not [name for name in pages if b".zip" in files[name]]


@pytest.mark.parametrize("kind", ["", "-no-torch"])
def test_what_it_installs_is_what_the_lock_says_that_a_lab_needs(files, kind):
    listed = (ROOT / "requirements" / f"students{kind}.txt").read_bytes()
    assert files[f"edition/requirements{kind}.txt"] == listed


def test_the_site_in_it_is_smalldocs_whatever_is_installed(monkeypatch, tmp_path):
    asked = []

    def fill(root, home, render_site):
        home.mkdir()
        render_site(home / "site")

    monkeypatch.setattr(student_edition, "fill", fill)
    monkeypatch.setattr(student_edition, "render", lambda *a, **k: asked.append((a[2:], k)))
    monkeypatch.setattr("shutil.which", lambda program, **_: f"/usr/bin/{program}")
    make(ROOT, tmp_path)
    assert asked == [(("smalldocs",), {"student": True})]


def test_the_same_sources_give_the_same_bytes(tmp_path, monkeypatch):
    made = []
    for number in range(2):
        home = tmp_path / str(number) / FOLDER
        monkeypatch.setenv("TZ", ["UTC", "Asia/Tokyo"][number])
        os.umask(os.umask(0o077) if number else 0o022)
        fill(ROOT, home, lambda site: site.mkdir())
        write_zip(home, tmp_path / f"{number}.zip")
        made.append((tmp_path / f"{number}.zip").read_bytes())
    assert made[0] == made[1]


def test_a_zip_that_is_older_than_its_sources_is_not_offered(tmp_path):
    root = tmp_path / "course"
    (root / "notebooks").mkdir(parents=True)
    (root / "tests").mkdir()
    (root / "pyproject.toml").write_text("[project]\nversion = '1.2'\n")
    assert current_zip(root) is None
    path = zip_path(root)
    path.parent.mkdir()
    facts = json.dumps({"sources": sources_digest(root)})
    zipped(path, {f"{FOLDER}/edition/edition.json": facts})
    assert current_zip(root) == path
    assert path.name == "neural-networks-labs-1.2.zip"
    (root / "tests" / "test_a.py").touch()
    (root / ".hidden").touch()
    assert current_zip(root) == path
    (root / "notebooks" / "01-a.ipynb").write_text("new")
    assert current_zip(root) is None
    path.write_bytes(b"half")
    assert current_zip(root) is None


def test_with_wheels_the_zip_says_for_which_system_and_holds_them(tmp_path, monkeypatch):
    def wheel(command, cwd, **environment):
        folder = Path(command[command.index("--wheel-dir") + 1])
        folder.mkdir()
        (folder / "numpy.whl").write_text("packed")

    def small(root, home, render_site):
        (home / "edition").mkdir(parents=True)

    monkeypatch.setattr(student_edition, "fill", small)
    monkeypatch.setattr(student_edition, "run", wheel)
    path = make(ROOT, tmp_path, wheels=True)
    assert f"-{sysconfig.get_platform()}-cp3" in path.name
    assert zipfile.ZipFile(path).namelist() == [f"{FOLDER}/wheels/numpy.whl"]
    assert [p.name for p in tmp_path.iterdir()] == [path.name]


# --- a student, from the zip to the second edition -----------------------------------------------


def unpacked(folder, content):
    """Write files into a student's folder."""
    home = folder / FOLDER
    for name, data in content.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_bytes(data)
    return home


def run_start(home, *arguments, torch=True):
    """Run start.py as a student does, with a pip that is allowed no network."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | {"PIP_NO_INDEX": "1"}
    without = ["--no-torch"] if torch and not importlib.util.find_spec("torch") else []
    return subprocess.run(
        [sys.executable, "start.py", *arguments, *without],
        cwd=home, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def borrow_packages(home):
    """Make an environment that sees the packages of this one, since installing torch takes long."""
    venv.create(home / ".venv", with_pip=False)
    (home / ".venv" / "installed.txt").write_text("by the test")
    (purelib,) = (home / ".venv").rglob("site-packages")
    (purelib / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")


FIRST_HALF = """
import json, matplotlib, sys
from pathlib import Path
matplotlib.use("agg")
import labkit
cells = json.loads(Path("01-training-loop.ipynb").read_text(encoding="utf-8"))["cells"]
for cell in cells:
    source = "".join(cell["source"])
    if "### The network, in torch" in source:
        break
    if cell["cell_type"] == "code" and "torch" not in cell["metadata"].get("tags", []):
        exec(source)
print(Path(labkit.__file__).is_relative_to(sys.prefix), len(labkit.load_rand_hie()))
"""


def test_a_student_installs_runs_a_lab_and_updates_without_a_network(edition, files, tmp_path):
    with zipfile.ZipFile(edition) as file:
        file.extractall(tmp_path)
    home = tmp_path / FOLDER
    for option in ("new", "--doctor"):
        asked = run_start(home, option, torch=option != "new")
        assert asked.returncode == 1
    first = f"First: {'py' if os.name == 'nt' else 'python3'} start.py\n"
    assert asked.stderr == f"\nNothing is installed here yet, or its Python is gone. {first}"
    borrow_packages(home)
    done = run_start(home)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(labs())} of {len(labs())} labs are new" in done.stdout

    bin_folder = "Scripts" if os.name == "nt" else "bin"
    ran = subprocess.run(
        [home / ".venv" / bin_folder / "python", "-c", FIRST_HALF],
        cwd=home / "notebooks", capture_output=True, text=True, check=False,
        env={k: v for k, v in os.environ.items() if k not in {"PYTHONPATH", "LABKIT_DATA"}},
    )  # fmt: skip
    assert ran.returncode == 0, ran.stderr
    assert "loop and R, losses" in ran.stdout
    assert ran.stdout.splitlines()[-1] == "True 20190"

    asked = run_start(home, "--doctor")  # what the borrowed packages lack is not for here
    for line in ("a notebook imports the labkit of this course", "the labs are there"):
        assert f"OK    {line}\n" in asked.stdout, asked.stdout + asked.stderr
    assert "data files, as they were published\n" in asked.stdout
    assert "make" not in asked.stdout

    (tmp_path / "my.csv").write_text("y,x\n" + "".join(f"{i % 7},{i % 11}.5\n" for i in range(60)))
    asked = run_start(home, "new", "../my.csv", "z", torch=False)
    assert "my.csv has no column 'z', which is named as outcome" in asked.stderr
    assert "--groups person" in asked.stderr
    asked = run_start(home, "new", "../my.csv", "y", torch=False)
    assert "analyses/my.ipynb is made, and runs as it stands." in asked.stdout, asked.stderr
    assert '"FILE = \\"../../my.csv\\"\\n"' in (home / "analyses" / "my.ipynb").read_text()

    # The next edition: two labs are new, and the student has worked in one of them.
    first, second, third = (f"notebooks/{lab.name}" for lab in labs()[:3])
    new = {name: content for name, content in files.items() if ":" not in name}
    for name in (f"edition/{first}", f"edition/{second}"):
        new[name] = new[name].replace(b"Learning objectives", b"What you will learn")
        assert new[name] != files[name]
    facts = json.loads(new["edition/edition.json"])
    facts["version"] = "9.9"
    for name in (first, second):
        facts["files"][name] = hashlib.sha256(new[f"edition/{name}"]).hexdigest()
    new["edition/edition.json"] = json.dumps(facts).encode()
    mine = (home / first).read_text().replace("labkit.your_answer_here()", "1.5 * lr", 1)
    for name in (first, third):
        (home / name).write_text(mine)
    path = zipped(tmp_path / "new.zip", {f"{FOLDER}/{name}": data for name, data in new.items()})
    done = run_start(home, "--update", str(path))
    assert done.returncode == 0, done.stdout + done.stderr
    beside = f"{labs()[0].stem}-edition-9.9.ipynb"
    assert f"{labs()[0].name}: yours is kept, the new one is {beside}" in done.stdout
    assert f"Edition 9.9 is ready; 1 of {len(labs())} labs are new in notebooks/." in done.stdout
    assert (home / first).read_text() == (home / third).read_text() == mine
    assert b"What you will learn" in (home / second).read_bytes()
    assert b"What you will learn" in (home / "notebooks" / beside).read_bytes()
    shutil.rmtree(home)  # a temporary folder of its own would be kept by pytest
