"""The reference page holds all of labkit, and says of it what is true."""

import ast
import inspect
import re
import shutil
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

import labkit
from course import ROOT
from course.pages.reference import GROUPS, entries, lab_uses, other_types, problems
from course.pages.reference_page import anchor, text

OFFERED = entries(ROOT)
PAGE = text(ROOT)


def section(name, page=PAGE):
    """Return what the page says under one name."""
    start = page.index(f"{{#{anchor(name)} .entry}}")
    end = re.compile(r"^##{1,2} ", re.MULTILINE).search(page, start)
    return page[start : end.start()]


def test_every_public_name_has_its_place_and_all_its_parameters():
    assert list(problems(OFFERED)) == []


def test_the_page_has_an_entry_for_each_name_and_no_other():
    headings = re.findall(r"^### `(\w+)` \{#(\w+) \.entry\}$", PAGE, re.MULTILINE)
    assert all(name == id_ for name, id_ in headings)
    names = [name for name, _ in headings]
    own = list(other_types(OFFERED))
    assert sorted(names) == sorted([*OFFERED, *own])
    assert names == [*(name for group in GROUPS.values() for name in group), *own]


@pytest.mark.parametrize("name", OFFERED)
def test_an_entry_shows_the_docstring_whole(name):
    entry, shown = OFFERED[name], " ".join(section(name).replace("\\", "").split())
    plain = re.sub(r"\[([^]]+)\]\(#[\w-]+\)", r"\1", shown)
    for part in (entry, *entry.methods):
        assert part.summary in plain
        for item in part.doc.meta:
            if item.args[0] != "examples":
                assert " ".join((item.description or "").split()) in plain
        for example in part.examples:
            assert " ".join(example.source.split()) in plain
            assert " ".join(example.want.split()) in plain
        for parameter in part.parameters:
            assert f"{parameter.name}: " in part.signature


def test_signatures_are_those_of_python():
    for entry in OFFERED.values():
        for part in (entry, *entry.methods):
            if part.signature:
                ast.parse(f"def {part.signature.replace(part.name, 'f', 1)}: ...")


def test_signatures_agree_with_inspection():
    pytest.importorskip("torch", reason="without torch a part of labkit can't be imported")

    for name, entry in OFFERED.items():
        if entry.signature:
            given = inspect.signature(getattr(labkit, name)).parameters.values()
            bare = [parameter.name.lstrip("*") for parameter in entry.parameters]
            assert bare == [parameter.name for parameter in given], name
            required = [p.name for p in given if p.default is p.empty]
            assert required == [
                p.name.lstrip("*") for p in entry.parameters if " = " not in p.written
            ], name


def test_the_labs_of_an_entry_are_those_whose_code_has_the_name():
    for name, labs in lab_uses(ROOT, OFFERED).items():
        linked = re.findall(r"\]\((notebooks/[^)]+)\)", section(name))
        assert linked == [f"notebooks/{lab.path.name}" for lab in labs], name
        for lab in labs:
            assert any(re.search(rf"\b{name}\b", cell.source) for cell in lab.code)
    assert len(lab_uses(ROOT, ["Checks"])["Checks"]) == 10


def test_a_use_is_an_import_or_an_attribute_of_labkit_and_nothing_else(tmp_path):
    cells = [
        new_code_cell(
            "import labkit\nfrom labkit import Checks as C, fit_ols\nlabkit.table(frame)"
        ),
        new_code_cell("frame.paragraph()\nfrom other import RStream\nfit_mlp = 'Exercise'"),
    ]
    (tmp_path / "notebooks").mkdir()
    nbformat.write(new_notebook(cells=cells), tmp_path / "notebooks" / "01-a.ipynb")
    used = {name for name, labs in lab_uses(tmp_path, OFFERED).items() if labs}
    assert used == {"Checks", "fit_ols", "table"}


def test_links_within_the_page_lead_to_entries():
    ids = set(re.findall(r"\{#([\w-]+) \.entry\}", PAGE))
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= ids


# --- a labkit that lacks something ---------------------------------------------------------------


@pytest.fixture
def copy(tmp_path):
    """Copy labkit, with a way to change one of its files."""
    shutil.copytree(ROOT / "labkit", tmp_path / "labkit", ignore=shutil.ignore_patterns("__*__"))
    shutil.copy(ROOT / "labkit" / "__init__.py", tmp_path / "labkit")
    (tmp_path / "notebooks").mkdir()

    def change(file, old, new):
        path = Path(tmp_path, "labkit", file)
        source = path.read_text(encoding="utf-8")
        assert old in source
        path.write_text(source.replace(old, new, 1), encoding="utf-8")
        return tmp_path

    return change


@pytest.mark.parametrize(
    ("file", "old", "new", "problem"),
    [
        ("report.py", "    *sentences", "    sentences", "doesn't document `*sentences`"),
        ("manual.py", "tol : float, optional", "tolerance : float", "doesn't document `tol`"),
        ("manual.py", "tol : float, optional", "tolerance : float", "documents `tolerance`, which"),
        (
            "checks.py",
            "    name : str\n",
            "    label : str\n",
            "Checks.add doesn't document `name`",
        ),
        ("result.py", '"""Whether the loop met its own criterion', '_ = """', "attribute `conv"),
    ],
)
def test_what_is_not_documented_is_named(copy, file, old, new, problem):
    found = list(problems(entries(copy(file, old, new))))
    assert [line for line in found if problem in line], found


def test_a_new_function_without_a_docstring_or_a_place_is_named(copy):
    copy("__init__.pyi", "from .checks import Checks as Checks", "from .ols import new as new")
    root = copy("ols.py", "\ndef fit_ols(", "\ndef new(x: int) -> int: ...\n\n\ndef fit_ols(")
    assert set(problems(entries(root))) == {
        "labkit.new is in no group of the page: put it into GROUPS, in course/pages/reference.py",
        "labkit.Checks is in GROUPS, in course/pages/reference.py, and labkit doesn't offer it",
        "new doesn't document `x`",
    }


def test_a_section_that_the_page_cannot_write_stops_it(copy):
    root = copy("manual.py", "    Raises\n    ------", "    Warns\n    -----")
    with pytest.raises(ValueError, match=r"largest_stable_lr has the section warns"):
        text(root)
