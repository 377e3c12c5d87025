"""The reference page holds all of labkit, and says of it what is true."""

import ast
import inspect
import re
import shutil

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

import labkit
from course import ROOT
from course.notebook import labs as all_labs
from course.pages.reference import GROUPS, entries, lab_uses, other_types
from course.pages.reference_page import anchor, text

ENTRIES = entries(ROOT)
PARTS = [part for entry in ENTRIES.values() for part in (entry, *entry.methods)]
PAGE = text(ROOT)


def section(name, page=PAGE):
    """Return what the page says under one name."""
    start = page.index(f"{{#{anchor(name)} .entry}}")
    end = re.compile(r"^##{1,2} ", re.MULTILINE).search(page, start)
    return page[start : end.start()]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_a_docstring_documents_all_parameters_and_attributes_and_no_others(part):
    given, documented = {p.name for p in part.parameters}, set(part.documented)
    missing = given - documented
    if "." in part.name and not documented:  # a method may name its parameters in its sentences
        missing = {name for name in missing if not re.search(rf"\b{re.escape(name)}\b", part.text)}
    missing |= {a.name for a in part.properties if not a.docstring} - given
    assert missing == set()
    assert part.is_class or documented <= given


def test_the_page_has_an_entry_for_each_name_and_no_other():
    headings = re.findall(r"^### `(\w+)` \{#(\w+) \.entry\}$", PAGE, re.MULTILINE)
    assert all(name == id_ for name, id_ in headings)
    names = [name for name, _ in headings]
    types = list(other_types(ENTRIES))
    grouped = [name for group in GROUPS.values() for name in group]
    missing = "give each name a place in GROUPS, in course/pages/reference.py"
    assert sorted(grouped) == sorted(ENTRIES), missing
    assert names == [*grouped, *types]


@pytest.mark.parametrize("name", ENTRIES)
def test_an_entry_shows_the_docstring_whole(name):
    entry, shown = ENTRIES[name], " ".join(section(name).replace("\\", "").split())
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
    for part in PARTS:
        if part.signature:
            ast.parse(f"def {part.signature.replace(part.name, 'f', 1)}: ...")


def test_signatures_agree_with_inspection():
    pytest.importorskip("torch", reason="without torch a part of labkit can't be imported")

    for name, entry in ENTRIES.items():
        if entry.signature:
            given = inspect.signature(getattr(labkit, name)).parameters.values()
            bare = [parameter.name.lstrip("*") for parameter in entry.parameters]
            assert bare == [parameter.name for parameter in given], name
            required = [p.name for p in given if p.default is p.empty]
            without_default = [p for p in entry.parameters if " = " not in p.text]
            assert required == [p.name.lstrip("*") for p in without_default], name


def test_the_labs_of_an_entry_are_those_whose_code_has_the_name():
    for name, labs in lab_uses(ROOT, ENTRIES).items():
        linked = re.findall(r"\]\((notebooks/[^)]+)\)", section(name))
        assert linked == [f"notebooks/{lab.path.name}" for lab in labs], name
        for lab in labs:
            assert any(re.search(rf"\b{name}\b", cell.source) for cell in lab.code)
    assert len(lab_uses(ROOT, ["Checks"])["Checks"]) == len(all_labs(ROOT))  # every lab has checks


def test_a_use_is_an_import_or_an_attribute_of_labkit_and_nothing_else(tmp_path):
    cells = [
        new_code_cell(
            "import labkit\nfrom labkit import Checks as C, fit_ols\nlabkit.table(frame)"
        ),
        new_code_cell("frame.paragraph()\nfrom other import RStream\nfit_mlp = 'Exercise'"),
    ]
    (tmp_path / "notebooks").mkdir()
    nbformat.write(new_notebook(cells=cells), tmp_path / "notebooks" / "01-a.ipynb")
    used = {name for name, labs in lab_uses(tmp_path, ENTRIES).items() if labs}
    assert used == {"Checks", "fit_ols", "table"}


def test_links_within_the_page_lead_to_entries():
    ids = set(re.findall(r"\{#([\w-]+) \.entry\}", PAGE))
    assert set(re.findall(r"\]\(#([^)]+)\)", PAGE)) <= ids


def test_a_section_that_the_page_cannot_write_stops_it(tmp_path):
    shutil.copytree(ROOT / "labkit", tmp_path / "labkit")
    (tmp_path / "notebooks").mkdir()
    path = tmp_path / "labkit" / "manual.py"
    source = path.read_text(encoding="utf-8").replace("Raises\n    ------", "Warns\n    -----", 1)
    path.write_text(source, encoding="utf-8")
    with pytest.raises(ValueError, match=r"largest_stable_lr has the section warns"):
        text(tmp_path)
