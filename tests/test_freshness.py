"""What makes a lab stale, and what does not: each on a copy of labkit and of the data."""

import ast
import json
import os
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
from course.dependencies.reach import reached
from course.dependencies.syntax import digest, program
from course.notebook import Lab, labs
from course.stale import changes, parts

LAB = """
import labkit
fit = labkit.fit_torch(model, X, y)
stored = labkit.load_study("compile")
"""
MODULES = sorted((ROOT / "labkit").glob("**/*.py"))


@pytest.fixture
def course(tmp_path):
    for name in ("labkit", "data"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "notebooks").mkdir()
    return tmp_path


@pytest.fixture
def lab(course):
    """Write the lab as one that was executed just now."""
    return stored(course, LAB)


def stored(course, source, name="01-lab.ipynb"):
    notebook = new_notebook(cells=[new_code_cell(source)])
    path = course / "notebooks" / name
    notebook.metadata["labkit"] = {"made_from": parts(Lab(path, notebook, course), course)}
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
    "a module's docstring": ("labkit/train.py", lambda p: edit(p, '^"""', '"""Other words. ', 1)),
    "a function's docstring": (
        "labkit/train.py",
        lambda p: edit(p, '^    """', '    """Well. ', 1),
    ),
    "a text as a statement": ("labkit/train.py", append('"""What this was."""\n')),
    "a comment": ("labkit/monitor.py", append("# A comment.\n")),
    "blank lines": ("labkit/inputs.py", lambda p: edit(p, "^def ", "\n\ndef ")),
    "the layout": ("labkit/train.py", unparsed),
    "the line ends of Windows": (
        "labkit/train.py",
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


def test_what_stands_under_type_checking_counts_for_nothing_and_leads_nowhere(course):
    block = "\nif TYPE_CHECKING:\n    import labkit.graph\n"
    path = course / "labkit" / "inputs.py"
    append("from typing import TYPE_CHECKING\n")(path)
    lab = stored(course, LAB)
    append(block)(path)
    assert changes(lab, course) == []
    append(block.replace("if TYPE_CHECKING", "if not TYPE_CHECKING"))(path)
    assert {"labkit/graph.py", "labkit/inputs.py"} <= set(changes(lab, course))


LIVE = {
    "a module it uses": ("labkit/train.py", append("other = 1\n")),
    "one that this one uses": ("labkit/result.py", append("other = 1\n")),
    "an expression there": ("labkit/inputs.py", negated),
    "the package": ("labkit/__init__.py", append("other = 1\n")),
    "the loader": ("labkit/datasets.py", append("other = 1\n")),
    "its table": ("data/study_compile.csv", append("1,2,3\n")),
}


@pytest.mark.parametrize(("file", "change"), LIVE.values(), ids=LIVE)
def test_what_the_lab_leads_to_makes_it_stale_and_is_named(course, lab, file, change):
    change(course / file)
    assert changes(lab, course) == [file]


def test_an_import_inside_a_function_leads_on(course, lab):
    append("def f():\n    from .graph import plot_graph\n")(course / "labkit" / "inputs.py")
    assert {"labkit/graph.py", "labkit/inputs.py", "labkit/style.py"} <= set(changes(lab, course))


def test_a_stub_that_points_elsewhere_makes_it_stale(course, lab):
    append("def fit_torch(): pass\n")(course / "labkit" / "graph.py")
    edit(course / "labkit" / "__init__.pyi", r"from \.train import fit", "from .graph import fit")
    assert "labkit/train.py" in changes(lab, course)


def test_a_missing_table_is_a_change(course, lab):
    (course / "data" / "study_compile.csv").unlink()
    assert changes(lab, course) == ["data/study_compile.csv"]


def test_a_line_for_each_stale_lab_says_what_changed_and_nothing_is_said_of_fresh_ones(
    course, capsys
):
    first = stored(course, "labkit = 1")
    stored(course, LAB, "02-lab.ipynb")
    nbformat.write(new_notebook(), course / "notebooks" / "03-lab.ipynb")
    stored(course, "1", "04-lab.ipynb")
    notebook = nbformat.read(first, as_version=4)
    notebook.cells[0].source = "import labkit"
    nbformat.write(notebook, first)
    for name in ("labkit/train.py", "data/study_compile.csv"):
        append("other = 1\n")(course / name)
    freshness.main(course)
    assert capsys.readouterr().out.splitlines() == [
        "notebooks/01-lab.ipynb: its own code, labkit/__init__.py",
        "notebooks/02-lab.ipynb: labkit/train.py, data/study_compile.csv",
        "notebooks/03-lab.ipynb: never executed",
    ]


@pytest.mark.parametrize("path", labs(), ids=lambda path: path.stem)
def test_no_lab_is_in_doubt(path):
    """One that leads to the checksums leads to everything."""
    found = parts(Lab.read(path))
    assert "labkit/style.py" in found
    assert "data/SHA256SUMS" not in found


# --- names, on a package small enough to see what they lead to -----------------------------------

TOY = {
    "labkit/__init__.py": "",
    "labkit/__init__.pyi": "from .a import f as f\nfrom .data import load as load\n"
    "from .data import one as one\nfrom .data import pair as pair\n",
    "labkit/a.py": "from .b import g\ndef f(): return g()",
    "labkit/b.py": "def g(): pass",
    "labkit/c.py": "class C: pass",
    "labkit/data.py": """
def data_folder(): ...
def checksums(): return data_folder().read()
def verified(name): return data_folder() / name
def load(kind, part=0): return kind in checksums() and verified(f"t_{kind}.csv")
def one(): return _read("t_x.csv")
def _read(file): return verified(file)
def pair(): return [load("x"), load(kind="y")]
def again(kind, n): return mutual(kind, n) if n else load(kind)
def mutual(kind, n): return again(kind, n - 1)
def second(part, kind): return load(kind, part)
def changed(kind):
    kind = kind + "s"
    return verified(f"t_{kind}.csv")
""",
    "data/t_x.csv": "",
    "data/t_y.csv": "",
    "data/t_ys.csv": "",
    "data/other.csv": "",
    "data/other.R": "",
    "data/README.md": "",
}
ALL = {name for name in TOY if not name.endswith((".pyi", ".md"))}
TABLES = {"t_x.csv", "t_y.csv", "t_ys.csv"}


@pytest.fixture(scope="module")
def toy(tmp_path_factory):
    root = tmp_path_factory.mktemp("toy")
    for name, text in TOY.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    return root


def leads_to(source, root, folder):
    found = {path.relative_to(root).as_posix() for path in reached(source, root)}
    return {name.removeprefix(f"{folder}/") for name in found if name.startswith(folder)}


A, B, C, DATA = "a.py", "b.py", "c.py", "data.py"
MODULES_OF = {
    "1": set(),
    "import labkit": set(),
    "import numpy as labkit\nlabkit.f()": None,
    "import labkit\nlabkit.f()": {A, B},
    "import labkit\nrun = labkit.f": {A, B},
    "import labkit as lk\nlk.f()": {A, B},
    "from labkit import f": {A, B},
    "from labkit import f as h\nh()": {A, B},
    "from labkit.b import g": {B},
    "import labkit.c": {C},
    "import labkit.c as other\nother.C()": {C},
    "from labkit import c": {C},
    "import labkit\nlabkit.c.C()": {C},
    "def late():\n    from labkit.c import C": {C},
    "from labkit.a import g": {A, B},
    "from labkit import a\na.g()": {A, B},
    "from labkit.data import one": {DATA},
    "job = '''\nimport sys, labkit\nlabkit.f()\n'''": {A, B},
    "job = '''\n    from labkit.c import C\n'''": {C},
    "words = f'see labkit.f, {1}'": {A, B},
    "words = 'the gap from labkit, in %'": None,
    "labkit = 1": None,
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import labkit.c": None,
}


@pytest.mark.parametrize(("source", "modules"), MODULES_OF.items(), ids=MODULES_OF)
def test_the_names_that_a_lab_uses_lead_to_modules(toy, source, modules):
    found = leads_to(source, toy, "labkit")
    imported = modules is not None and source != "1"
    assert found == (modules or set()) | ({"__init__.py"} if imported else set())


@pytest.mark.parametrize(
    "source",
    [
        "from labkit import *",
        "from labkit.c import *",
        "import labkit\ngetattr(labkit, name)",
        "import labkit\nlk = labkit",
        "import labkit\nvars(labkit)",
        "import labkit\nlabkit.unknown",
        "import labkit\nlabkit.c.unknown",
        "from labkit import unknown",
        "import labkit.unknown",
        "import importlib\nimportlib.import_module('labkit.c')",
        "import importlib\nimportlib.import_module(name)",
        "from runpy import run_module\nrun_module('labkit')",
        "__import__('labkit')",
        "import sys\nsys.modules['labkit']",
        "exec(code)",
        "job = '''\nimport labkit\nthis is no Python\n'''",
        "%run something.py",
        "!ls",
    ],
)
def test_where_names_cannot_be_followed_everything_counts(toy, source):
    assert {path.relative_to(toy).as_posix() for path in reached(source, toy)} == ALL


def test_where_labkit_s_own_names_cannot_be_followed_everything_counts(toy, tmp_path):
    root = shutil.copytree(toy, tmp_path / "toy")
    (root / "labkit" / "b.py").write_text("from .c import *\n")
    assert leads_to("import labkit", root, "") == ALL


FILES_OF = {
    "labkit.one()": {"t_x.csv"},
    "labkit.load('x')": {"t_x.csv"},
    "labkit.load(kind='y')": {"t_y.csv"},
    "labkit.load('x', 3)": {"t_x.csv"},
    "labkit.load('x'), labkit.load('ys')": {"t_x.csv", "t_ys.csv"},
    "labkit.load('?')": set(),
    "labkit.load(kind)": TABLES,
    "labkit.load(*kinds)": TABLES,
    "labkit.load(**kinds)": TABLES,
    "labkit.load(f'{k}s')": {"t_ys.csv"},
    "list(map(labkit.load, kinds))": TABLES,
    "labkit.pair()": {"t_x.csv", "t_y.csv"},
    "labkit.data.again('x', 2)": {"t_x.csv"},
    "labkit.data.again('x', 2), labkit.data.mutual('y', 2)": {"t_x.csv", "t_y.csv"},
    "labkit.data.second(1, 'x')": {"t_x.csv"},
    "labkit.data.second(*parts, 'x')": TABLES,
    "labkit.data.changed('y')": TABLES,
    "labkit.data.verified('other.csv')": {"other.csv"},
    "labkit.data.data_folder()": {*TABLES, "other.csv", "other.R"},
    "labkit.data.checksums()": {*TABLES, "other.csv", "other.R"},
    "getattr(labkit.data, name)": {*TABLES, "other.csv", "other.R"},
    "pd.read_csv('../data/t_y.csv')": {"t_y.csv"},
    "pd.read_csv(folder / 't_y.csv')": {"t_y.csv"},
    "pd.read_csv(f'../data/t_{kind}.csv')": TABLES,
    "pd.read_csv('../data/%s.csv' % kind)": {*TABLES, "other.csv", "other.R"},
    "pd.read_csv('../data/' + name)": {*TABLES, "other.csv", "other.R"},
    "os.listdir('../data')": {*TABLES, "other.csv", "other.R"},
    "Path('..') / 'data' / name": {*TABLES, "other.csv", "other.R"},
    "os.path.join('..', 'data', name)": {*TABLES, "other.csv", "other.R"},
    "heads = ['data', 'loss']; rows['data']": set(),
    "print('two data sets')": set(),
}


@pytest.mark.parametrize(("source", "files"), FILES_OF.items(), ids=FILES_OF)
def test_the_files_that_a_lab_reads_count_and_no_others(toy, source, files):
    assert leads_to(f"import labkit\n{source}", toy, "data") == files


# --- labkit itself: what its names load and open when they are used ------------------------------

PROBE = """
import json, sys
from pathlib import Path
opened = set()
sys.addaudithook(lambda e, a: opened.add(str(a[0])) if e == "open" else None)
found = {}
for code in json.load(sys.stdin):
    for name in [n for n in sys.modules if n.split(".")[0] == "labkit"]:
        del sys.modules[name]
    opened.clear()
    exec(f"import labkit\\n{code}", {})
    loaded = [m.__file__ for n, m in sys.modules.items() if n.split(".")[0] == "labkit"]
    found[code] = [*loaded, *(name for name in opened if Path(name).parent.name == "data")]
print(json.dumps(found))
"""


def test_what_labkits_names_load_and_open_is_found_without_running_them():
    offered = re.findall(r"as (\w+)$", (ROOT / "labkit" / "__init__.pyi").read_text(), re.MULTILINE)
    loads = [f"labkit.{name}()" for name in offered if name.startswith("load_")]
    for load, prefix in (("load_study", "study_"), ("load_reference", "r_")):
        loads.remove(f"labkit.{load}()")
        tables = [path.stem.removeprefix(prefix) for path in (ROOT / "data").glob(f"{prefix}*.csv")]
        loads += [f"labkit.{load}({name!r})" for name in tables]
    codes = [f"labkit.{name}" for name in offered if not name.startswith("load_")] + loads
    done = subprocess.run(
        [sys.executable, "-c", PROBE],
        input=json.dumps(codes),
        env={**os.environ, "PYTHONPATH": str(ROOT), "LABKIT_DATA": str(ROOT / "data")},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(loads) >= 8
    for code, names in json.loads(done.stdout).items():
        really = {os.path.relpath(name, ROOT).replace(os.sep, "/") for name in names}
        told = {p.relative_to(ROOT).as_posix() for p in reached(f"import labkit\n{code}", ROOT)}
        assert really - told <= {"data/SHA256SUMS"}, code
        assert {name for name in told - really if name.startswith("data")} == set(), code


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
