"""The house as CONTRIBUTING draws it: what depends on what, and nothing too large to explain."""

import ast
import re

import pytest

from course import ROOT

TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
TABLE = TEXT.partition("## The house")[2].partition("\n## ")[0]
FLOORS = [
    re.findall(r"`([\w/.]+)`", row.split("|")[1])
    for row in TABLE.splitlines()
    if row.startswith("| `")
]
FLOOR = {name.removesuffix("/"): floor for floor, names in enumerate(FLOORS) for name in names}
MODULES = [
    path
    for folder in ("labkit", "course")
    for path in sorted((ROOT / folder).rglob("*.py"))
    if "template" not in path.parts
]


def unit(module):
    """Return the file or folder of course/ that a module stands in, or its package."""
    package, *rest = module.split(".")
    place = ROOT / package / (rest[0] if rest else "")
    return package if package == "labkit" or not rest else place.name + ".py" * (not place.is_dir())


def imported(path):
    """Yield the modules of course and labkit that a file imports, wherever it does so."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "course":
            yield "course"
            names = {alias.name for alias in node.names}
            yield from (f"course.{name}" for name in names - {"ROOT", "version"})
        elif isinstance(node, ast.ImportFrom):
            yield str(node.module)


def test_every_file_and_folder_of_the_course_has_its_place_in_the_table():
    there = {unit(".".join(path.relative_to(ROOT).with_suffix("").parts)) for path in MODULES}
    assert set(FLOOR) == there - {"__init__.py"} | {"template"}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_lead_to_the_same_row_or_to_one_above(path):
    own = unit(".".join(path.relative_to(ROOT).with_suffix("").parts))
    named = [name for name in imported(path) if name.split(".")[0] in ("course", "labkit")]
    below = [name for name in named if FLOOR.get(unit(name), 0.5) > FLOOR.get(own, 0.5)]
    assert below == [], f"{own} imports what stands below it in CONTRIBUTING.md"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_module_and_no_function_is_too_long_to_explain(path):
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 350, "two ideas?"
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0 if ast.get_docstring(node) is None else min(1, len(node.body) - 1)]
            lines = node.body[-1].end_lineno - first.lineno + 1
            assert lines <= 60, f"{node.name} has {lines} lines without its head and docstring"
