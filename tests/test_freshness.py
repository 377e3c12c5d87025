"""What makes a lab stale, and what does not: each on a copy of labkit and of the data."""

import ast
import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_notebook

from course import ROOT
from course import stale as freshness
from course.dependencies.syntax import digest, program
from course.dependencies.trace import files_read, traced_environment
from course.notebook import Lab
from course.stale import changes, parts

LAB = """
import labkit
fit = labkit.fit_linear
stored = labkit.load_study("compile")
"""
MODULES = sorted((ROOT / "labkit").glob("**/*.py"))


@pytest.fixture
def course(tmp_path):
    for name in ("labkit", "data"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "notebooks").mkdir()
    return tmp_path


def traced(source, root):
    """Run a program and return what it read."""
    subprocess.run(
        [sys.executable, "-c", source],
        env=traced_environment(root / "read", root),
        cwd=root,
        check=True,
    )
    return files_read(root / "read", root)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Return what the lab reads."""
    log = tmp_path_factory.mktemp("trace") / "read"
    command = [sys.executable, "-c", LAB]
    subprocess.run(command, env=traced_environment(log, ROOT), cwd=ROOT, check=True)
    return files_read(log, ROOT)


@pytest.fixture
def lab(course, files):
    """Write the lab as one that was executed just now."""
    return stored(course, LAB, files)


def stored(course, source, files=(), name="01-lab.ipynb"):
    notebook = new_notebook(cells=[new_code_cell(source)])
    path = course / "notebooks" / name
    made_from = parts(Lab(path, notebook, course), files, course)
    notebook.metadata["labkit"] = {"made_from": made_from}
    nbformat.write(notebook, path)
    return path


def edit(path, old, new, count=0):
    before = path.read_text(encoding="utf-8")
    after = re.sub(old, new, before, count=count, flags=re.MULTILINE)
    assert after != before
    path.write_text(after, encoding="utf-8")


def append(text):
    def change(path):
        path.write_text(path.read_text(encoding="utf-8") + text if path.exists() else text)

    return change


def unparsed(path):
    """Write the code as Python itself would: another layout, no comments."""
    path.write_text(ast.unparse(ast.parse(path.read_text(encoding="utf-8"))), encoding="utf-8")


def negated(path):
    """Turn round what the first `return` gives."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    first = next(n for n in ast.walk(tree) if isinstance(n, ast.Return) and n.value)
    first.value = ast.UnaryOp(ast.Not(), first.value)
    path.write_text(ast.unparse(tree), encoding="utf-8")


INERT = {
    "a module's docstring": ("labkit/manual.py", lambda p: edit(p, '^"""', '"""Other words. ', 1)),
    "a function's docstring": (
        "labkit/manual.py",
        lambda p: edit(p, '^    """', '    """Well. ', 1),
    ),
    "a text as a statement": ("labkit/manual.py", append('"""What this was."""\n')),
    "a comment": ("labkit/result.py", append("# A comment.\n")),
    "blank lines": ("labkit/inputs.py", lambda p: edit(p, "^def ", "\n\ndef ")),
    "the layout": ("labkit/manual.py", unparsed),
    "the line ends of Windows": (
        "labkit/manual.py",
        lambda p: p.write_bytes(p.read_bytes().replace(b"\n", b"\r\n")),
    ),
    "those of a table": (
        "data/study_compile.csv",
        lambda p: p.write_bytes(p.read_bytes().replace(b"\n", b"\r\n")),
    ),
    "an unrelated module": ("labkit/graph.py", append("other = 1\n")),
    "a new module": ("labkit/new.py", append("other = 1\n")),
    "a new name": ("labkit/__init__.pyi", append("from .graph import x as x\n")),
    "an unrelated table": ("data/rand_hie.csv", append("1,2,3\n")),
    "another study": ("data/study_baselines.csv", append("1,2,3\n")),
    "a new table": ("data/study_new.csv", append("1,2,3\n")),
    "the checksums": ("data/SHA256SUMS", append("0 study_new.csv\n")),
    "words about the data": ("data/README.md", append("More.\n")),
}


@pytest.mark.parametrize(("file", "change"), INERT.values(), ids=INERT)
def test_what_can_change_no_output_makes_nothing_stale(course, lab, file, change):
    change(course / file)
    assert changes(lab, course) == []


def test_what_stands_under_type_checking_counts_for_nothing(course, files):
    block = "\nif TYPE_CHECKING:\n    import labkit.graph\n"
    path = course / "labkit" / "inputs.py"
    append("from typing import TYPE_CHECKING\n")(path)
    lab = stored(course, LAB, files)
    append(block)(path)
    assert changes(lab, course) == []
    append(block.replace("if TYPE_CHECKING", "if not TYPE_CHECKING"))(path)
    assert changes(lab, course) == ["labkit/inputs.py"]


LIVE = {
    "a module that is half edited": ("labkit/manual.py", append("def other(:\n")),
    "a module it uses": ("labkit/manual.py", append("other = 1\n")),
    "one that this one uses": ("labkit/result.py", append("other = 1\n")),
    "an expression there": ("labkit/inputs.py", negated),
    "the package": ("labkit/__init__.py", append("other = 1\n")),
    "where its name is found": (
        "labkit/__init__.pyi",
        lambda p: edit(p, r"from \.manual import", "from .ols import"),
    ),
    "the loader": ("labkit/datasets.py", append("other = 1\n")),
    "its table": ("data/study_compile.csv", append("1,2,3\n")),
}


@pytest.mark.parametrize(("file", "change"), LIVE.values(), ids=LIVE)
def test_what_the_lab_has_read_makes_it_stale_and_is_named(course, lab, file, change):
    change(course / file)
    assert changes(lab, course) == [file]


def test_a_line_for_each_stale_lab_says_what_changed_and_nothing_is_said_of_fresh_ones(
    course, capsys
):
    first = stored(course, "x = 1", ["labkit/ols.py"])
    stored(course, LAB, ["labkit/manual.py", "data/study_compile.csv"], "02-lab.ipynb")
    nbformat.write(new_notebook(), course / "notebooks" / "03-lab.ipynb")
    stored(course, "1", ["labkit/inputs.py"], "04-lab.ipynb")
    notebook = nbformat.read(first, as_version=4)
    notebook.cells[0].source = "x = 2"
    nbformat.write(notebook, first)
    for name in ("labkit/manual.py", "labkit/ols.py", "data/study_compile.csv"):
        append("other = 1\n")(course / name)
    (course / "notebooks" / "05-lab.ipynb").write_text("<<<<<<< HEAD")
    freshness.main(course)
    assert capsys.readouterr().out.splitlines() == [
        "notebooks/01-lab.ipynb: its own code, labkit/ols.py",
        "notebooks/02-lab.ipynb: labkit/manual.py, data/study_compile.csv",
        "notebooks/03-lab.ipynb: never executed",
        "notebooks/05-lab.ipynb: 05-lab.ipynb can't be read as a notebook (JSONDecodeError: "
        "Expecting value: line 1 column 1 (char 0))",
    ]


# --- what is seen while a program runs -----------------------------------------------------------

TOY = {
    "labkit/__init__.py": "def __getattr__(name):\n    from .a import f\n    return f\n",
    "labkit/__init__.pyi": "from .a import f as f\n",
    "labkit/a.py": "from .b import g\nfrom .extra import h\ndef f():\n    import labkit.c\n",
    "labkit/b.py": "g = 1\n",
    "labkit/c.py": "",
    "labkit/extra.py": "h = 1\n",
    "data/x.csv": "1",
    "data/y.csv": "2",
    "data/SHA256SUMS": "",
    "data/README.md": "",
    "elsewhere.csv": "",
}
READ = {
    "1": "",
    "import labkit": "labkit/__init__.py",
    "open('data/README.md'); open('data-old.csv', 'w'); open('labkit.toml', 'w')": "data/README.md",
    "import sqlite3; sqlite3.connect('data/x.csv')": "data/x.csv",
    "import labkit; labkit.f": "labkit/__init__.py labkit/a.py labkit/b.py labkit/extra.py",
    "import labkit; labkit.f()":
        "labkit/__init__.py labkit/a.py labkit/b.py labkit/c.py labkit/extra.py",
    "import importlib; importlib.import_module('labkit.b')": "labkit/__init__.py labkit/b.py",
    "exec('import labkit.c')": "labkit/__init__.py labkit/c.py",
    "open('data/x.csv').read(); open('data/SHA256SUMS')": "data/x.csv",
    "open('elsewhere.csv'); open('data/new.csv', 'w').close()": "data/new.csv",
    "import os; os.chdir('data'); open('y.csv'); open(b'x.csv')": "data/x.csv data/y.csv",
    "import os; os.close(os.open('data/x.csv', os.O_RDONLY))": "data/x.csv",
    "from pathlib import Path; Path('labkit/../data/x.csv').read_text()": "data/x.csv",
    "import numpy; numpy.loadtxt('data/x.csv')": "data/x.csv",
    "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import labkit.c'])":
        "labkit/__init__.py labkit/c.py",
    "import os; os.system('python3 -c \"import labkit.b\"')": "labkit/__init__.py labkit/b.py",
}  # fmt: skip


@pytest.mark.parametrize(("program", "files"), READ.items(), ids=READ)
def test_the_files_that_a_program_and_its_processes_read_are_seen_and_no_others(
    tmp_path, monkeypatch, program, files
):
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    for name, text in TOY.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    for _ in range(2):  # the second time from what the first has compiled
        assert traced(program, tmp_path) == files.split()
        (tmp_path / "read").unlink(missing_ok=True)


def test_a_missing_table_is_a_change(course, lab):
    (course / "data" / "study_compile.csv").unlink()
    assert changes(lab, course) == ["data/study_compile.csv"]


# --- the digest of code --------------------------------------------------------------------------


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_the_digest_is_that_of_the_code_as_python_would_write_it(path):
    source = path.read_text(encoding="utf-8")
    assert digest(program(source)) == digest(program(ast.unparse(ast.parse(source))))


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_another_value_anywhere_is_another_digest(data):
    path = data.draw(st.sampled_from([path for path in MODULES if path.stat().st_size > 2000]))
    tree = program(path.read_text(encoding="utf-8"))
    before = digest(tree)
    node = data.draw(st.sampled_from([n for n in ast.walk(tree) if isinstance(n, ast.Constant)]))
    value = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
    new = data.draw(value.filter(lambda v: ascii(v) != ascii(node.value)))
    node.value = new
    assert digest(tree) != before


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("x = a + b", "x = a - b"),
        ("x = ''", "x = None"),
        ("x = 0", "x = False"),
        ("x = 0", "x = 0.0"),
        ("x = []", "x = ()"),
        ("f(a, b)", "f(b, a)"),
        ("f(a)", "f(*a)"),
        ("{**a}", "{a: a}"),
        ("def f(a, b): pass", "def f(a, *, b): pass"),
        ("def f(): pass", "async def f(): pass"),
        ("del x", "x"),
    ],
)
def test_other_code_has_another_digest(one, other):
    assert digest(program(one)) != digest(program(other))


def test_the_fields_of_a_newer_python_change_no_digest(monkeypatch):
    source = "def f(x: int = 1, *, y=None) -> str:\n    return u'é' + f'{x!r:>{y}}'\nclass A: pass"
    before = digest(program(source))
    for node in (ast.FunctionDef, ast.ClassDef, ast.Call, ast.JoinedStr):
        monkeypatch.setattr(node, "_fields", ("a_new_one", *node._fields, "type_params"))
        monkeypatch.setattr(node, "type_params", [], raising=False)
        monkeypatch.setattr(node, "a_new_one", None, raising=False)
    assert digest(program(source)) == before


def test_a_table_that_is_a_link_and_a_folder_that_is_one_are_seen_by_their_own_names(tmp_path):
    elsewhere, root = tmp_path / "else where", tmp_path / "course"
    for folder in (elsewhere, root / "labkit"):
        folder.mkdir(parents=True)
    for name in ("x.csv", "y.csv"):
        (elsewhere / name).write_text("1")
    (root / "data").symlink_to(elsewhere)
    assert traced("open('data/x.csv')", root) == ["data/x.csv"]
    assert traced(f"open({str(elsewhere / 'y.csv')!r})", root) == ["data/x.csv", "data/y.csv"]
    (root / "read").unlink()
    (root / "data").unlink()
    (root / "data").mkdir()
    (root / "data" / "link.csv").symlink_to(elsewhere / "x.csv")
    assert traced("open('data/link.csv')", root) == ["data/link.csv"]
