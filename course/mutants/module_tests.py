"""Find the tests of a module of labkit: its own, and those of what uses it."""

import ast
from functools import cache
from pathlib import Path

from course import ROOT
from course.dependencies.exports import exports, imports


def which_tests(module: str, root: Path = ROOT) -> list[list[str]]:
    """Return the test files to run for a module: its own, then the others.

    The others are those that import the module or a name that it exports, and, since a module may
    be used only through another, all of those of the modules that import it. Tests that ask for
    the rendered site take minutes, and are none of a module's.
    """
    name = Path(module).stem
    file = f"test_{name}"  # of study also test_study_on_dask, but not test_studies
    tests = sorted((root / "tests").glob("test_*.py"))
    first = [path for path in tests if path.stem == file or path.stem.startswith(f"{file}_")]
    users = [path.stem for path in (root / "labkit").glob("*.py") if name in _imported(path)]
    modules = {name, *users}
    exported = {
        alias
        for alias, module in exports(root / "labkit").items()
        if module.removeprefix("labkit.") in modules
    }
    others = [
        path
        for path in tests
        if path not in first
        and not _renders(path)
        and ((exported | modules) & _imported(path) or path.stem.removeprefix("test_") in users)
    ]
    stages = [[path.relative_to(root).as_posix() for path in stage] for stage in (first, others)]
    return [stage for stage in stages if stage]


@cache
def _imported(path: Path) -> set[str]:
    """Return the modules and names of labkit that a file imports."""
    found = imports(ast.parse(path.read_text(encoding="utf-8")))
    return {one.name for one in found} | {one.module.removeprefix("labkit.") for one in found}


@cache
def _renders(path: Path) -> bool:
    """Tell whether a test of the file asks for the rendered site."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return any(isinstance(node, ast.arg) and node.arg == "rendered" for node in ast.walk(tree))
