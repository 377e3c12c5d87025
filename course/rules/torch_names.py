"""Which of `labkit`'s names need torch: those of a module that imports it, or one that does."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from course.dependencies.package_names import imports
from course.dependencies.syntax import program

NOT_AT_IMPORT = (ast.FunctionDef, ast.AsyncFunctionDef)


@cache
def torch_names(package: Path) -> frozenset[str]:
    """Return the exported names that need torch, by the package's stub, as `fit_torch`."""
    modules = torch_modules(package)
    stub = program((package / "__init__.pyi").read_text(encoding="utf-8"))
    exported = imports(stub, package.name, package.name)
    return frozenset(name for name, target in exported if target.module in modules)


@cache
def torch_modules(package: Path) -> frozenset[str]:
    """Return the modules that can't be imported without torch, as `labkit.train`."""
    trees = {
        f"{package.name}.{path.stem}": _at_import(program(path.read_text(encoding="utf-8")))
        for path in package.glob("*.py")
        if path.stem != "__init__"  # it imports nothing until a name is asked for
    }
    needing = {name for name, tree in trees.items() if any(map(_is_torch, ast.walk(tree)))}
    before = None
    while needing != before:
        before = set(needing)
        needing |= {name for name, tree in trees.items() if before & set(_imported(tree, package))}
    return frozenset(needing)


def _at_import(tree: ast.Module) -> ast.Module:
    """Return what importing a module executes; what is inside a function is not."""
    statements = [node for node in tree.body if not isinstance(node, NOT_AT_IMPORT)]
    return ast.Module(body=statements, type_ignores=[])


def _is_torch(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(alias.name.split(".")[0] == "torch" for alias in node.names)
    return isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "torch"


def _imported(tree: ast.Module, package: Path) -> Iterator[str]:
    """Yield the modules that code imports from its package."""
    for _, target in imports(tree, package.name, package.name):
        yield target.module
        yield f"{target.module}.{target.name}"  # `from labkit import train`
