"""What Python code imports of a package, and so what a package exports by its stub."""

import ast
from pathlib import Path
from typing import NamedTuple


class Imported(NamedTuple):
    """A name that code binds, and what it stands for: a module, or something of a module."""

    alias: str
    module: str
    name: str = ""


def imports(path: Path, package: str = "labkit") -> list[Imported]:
    """Return what a file imports of a package, wherever it does so; dots in front count from it."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found += [Imported(alias.asname or alias.name, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            module = f"{package}.{node.module or ''}" if node.level else str(node.module)
            found += [Imported(a.asname or a.name, module.rstrip("."), a.name) for a in node.names]
    return [one for one in found if one.module.split(".")[0] == package]


def exports(folder: Path) -> dict[str, str]:
    """Return the names that a package exports, each with its module, by the package's stub."""
    stub = folder / "__init__.pyi"
    return {one.alias: one.module for one in imports(stub)} if stub.exists() else {}
