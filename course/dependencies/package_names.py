"""The names of a Python package: what each one stands for, and which names some code uses.

Code is read and not run. Where that can't tell, as after `from package import *` or with the
package itself as an argument of `getattr`, it raises `Unclear`.
"""

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from course.dependencies.syntax import program

DEFINITION = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Unclear(Exception):
    """Code that may lead anywhere in the package."""


class Target(NamedTuple):
    """What a name stands for: what a module defines under a name, or the module itself."""

    module: str
    name: str = ""


Bound = dict[str, list[Target]]  # what the names in some code stand for


class Module:
    """A module of the package: its code, what it defines and what it imports."""

    def __init__(self, tree: ast.Module, name: str, package: str, *, is_folder: bool) -> None:
        self.name = name
        self.imported = list(imports(tree, package, name if is_folder else name.rpartition(".")[0]))
        self.definitions: dict[str, list[ast.stmt]] = defaultdict(list)
        self.at_import: list[ast.stmt] = []  # the statements that importing it executes
        for statement in tree.body:
            if isinstance(statement, DEFINITION):
                self.definitions[statement.name].append(statement)
                continue
            self.at_import.append(statement)
            for node in ast.walk(statement):
                if isinstance(node, DEFINITION):
                    self.definitions[node.name].append(statement)
                elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                    self.definitions[node.id].append(statement)
        defined = [(defines, Target(name, defines)) for defines in self.definitions]
        self.bound = bound([*self.imported, *defined])


class Package:
    """The modules of a package, and the names that it exports, by its stub."""

    def __init__(self, folder: Path) -> None:
        self.name = folder.name
        self.paths = {_dotted(path, folder): path for path in sorted(folder.glob("**/*.py"))}
        self.modules = {
            name: Module(_parsed(path), name, self.name, is_folder=path.stem == "__init__")
            for name, path in self.paths.items()
        }
        self.exports = exports(folder)

    def find(self, module: str, name: str) -> Target:
        """Return what a name of a module stands for; with no name, the module."""
        if not name and (module in self.modules or module == self.name):
            return Target(module)
        if module == self.name and name in self.exports:
            return self.find(*self.exports[name])
        if f"{module}.{name}" in self.modules:
            return Target(f"{module}.{name}")
        known = self.modules.get(module)
        if known and name in known.definitions:
            return Target(module, name)
        if known and len(found := known.bound.get(name, [])) == 1:
            return self.find(*found[0])
        raise Unclear(f"{module}.{name}")

    def uses(
        self, code: ast.AST, names: Bound, *, through: bool = False
    ) -> Iterator[tuple[ast.expr, Target]]:
        """Yield each expression that stands for something of the package, with what it is.

        `through` adds the modules that something is only taken from: `a` in `package.a.f`.
        """
        nodes = list(ast.walk(code))
        inner = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
        for node in nodes:
            if not isinstance(node, ast.Name | ast.Attribute):
                continue
            for target in self._targets(node, names):
                if target == Target(self.name) and id(node) not in inner:
                    raise Unclear(f"{self.name} itself is used")
                if target.name or through or id(node) not in inner:
                    yield node, target

    def _targets(self, node: ast.expr, names: Bound) -> list[Target]:
        if isinstance(node, ast.Name):
            return [self.find(*target) for target in names.get(node.id, [])]
        if not isinstance(node, ast.Attribute):
            return []
        whole = self._targets(node.value, names)
        return [self.find(module, node.attr) for module, name in whole if not name]


def exports(folder: Path) -> dict[str, Target]:
    """Return what `import package` offers, by the package's stub."""
    stub = folder / "__init__.pyi"
    return dict(imports(_parsed(stub), folder.name, folder.name)) if stub.exists() else {}


def imports(code: ast.AST, package: str, place: str = "") -> Iterator[tuple[str, Target]]:
    """Yield what code imports of a package, wherever it does so: the bound name, and the target.

    `place` is the package that dots in front of a name count from.
    """
    for node in ast.walk(code):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if _within(alias.name, package):
                    yield alias.asname or "", Target(alias.name)
                    if not alias.asname:
                        yield package, Target(package)
        elif isinstance(node, ast.ImportFrom):
            above = place.rsplit(".", node.level - 1)[0] if node.level else ""
            origin = ".".join(part for part in (above, node.module) if part)
            if not _within(origin, package):
                continue
            for alias in node.names:
                if alias.name == "*":
                    raise Unclear(f"from {origin} import *")
                yield alias.asname or alias.name, Target(origin, alias.name)


def bound(imported: Iterator[tuple[str, Target]] | list[tuple[str, Target]]) -> Bound:
    """Return what each bound name stands for."""
    names: Bound = defaultdict(list)
    for name, target in imported:
        if name and target not in names[name]:
            names[name].append(target)
    return names


def _within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def _dotted(path: Path, folder: Path) -> str:
    parts = path.relative_to(folder.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _parsed(path: Path) -> ast.Module:
    return _program(path.read_text(encoding="utf-8"))


_program = cache(program)  # ten labs lead to the same modules
