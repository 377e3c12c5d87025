"""What Python code imports of a package, and so what a package exports by its stub."""

import ast
from pathlib import Path
from typing import NamedTuple


class Imported(NamedTuple):
    """A name that code binds, and what it stands for: a module, or something of a module."""

    alias: str
    module: str
    name: str = ""


def imports(code: ast.AST, package: str = "labkit") -> list[Imported]:
    """Return what code imports of a package, wherever it does so; dots in front count from it."""
    found = []
    for node in ast.walk(code):
        if isinstance(node, ast.Import):
            found += [Imported(alias.asname or alias.name, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = f"{package}.{node.module or ''}" if node.level else str(node.module)
            found += [Imported(a.asname or a.name, module.rstrip("."), a.name) for a in node.names]
    return [one for one in found if one.module.split(".")[0] == package]


def exports(folder: Path) -> dict[str, str]:
    """Return the names that a package exports, each with its module, by the package's stub."""
    stub = folder / "__init__.pyi"
    if not stub.exists():
        return {}
    found = imports(ast.parse(stub.read_text(encoding="utf-8")), folder.name)
    return {one.alias: one.module for one in found}
