"""What the code of a lab leads to: the modules of `labkit`, and the files in `data/`.

The names that the lab uses lead to definitions, these to others by the names that they use, and
so on. A module counts as a whole, with all that it imports. A data file counts where the
definitions open it: `load_study("compile")` leads to one table and not to all that `load_study`
could read. In doubt everything counts.
"""

import ast
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from glob import escape
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

from course.dependencies.package_names import (
    Bound,
    Module,
    Package,
    Target,
    Unclear,
    bound,
    imports,
)
from course.dependencies.syntax import last_name, program

# All of labkit's reading of data goes through these: a path by its name, the folder, and the list
# of what is in it, which tells whether a table is whole and nothing about what stands in it.
VERIFIED, FOLDER, CHECKSUMS = "verified", "data_folder", "checksums"
IN_FOLDER = re.compile(r"(?:^|[\s/\\\"'(])data[/\\]([^\s\"'(),]*)|[/\\](data)$")
IMPORT = re.compile(r"^[ \t]*(?:import|from)[ \t].*\blabkit\b", re.MULTILINE)
MENTION = re.compile(r"\blabkit((?:\.\w+)+)")
BY_NAME = {"import_module", "__import__", "run_module"}


class Hole(NamedTuple):
    """The part of a file's name that a parameter gives; nobody knows which where it has no name."""

    parameter: str = ""


LONGEST = 9  # parts of a name; it is longer only where a function calls itself with more and more
Name = tuple[str | Hole, ...]  # of a data file: ("study_", Hole("name"), ".csv")


def reached(source: str, root: Path) -> list[Path]:
    """Return the files of `labkit/` and `data/` that code leads to."""
    data = {
        path.relative_to(root / "data").as_posix(): path
        for path in sorted((root / "data").glob("**/*"))
        if path.is_file() and path.suffix != ".md"
    }
    try:
        package = Package(root / "labkit")
        trees = list(_programs(program(source)))
        modules = set(_modules(trees, package))
        names = Files(package).of_lab(trees, modules) | set(_opened(trees, set(data)))
    except (Unclear, SyntaxError):  # a magic of IPython is no Python
        return [*sorted((root / "labkit").glob("**/*.py")), *data.values()]
    code = [path for name, path in package.paths.items() if name in modules]
    return code + [path for name, path in data.items() if any(fnmatch(name, n) for n in names)]


def _programs(tree: ast.Module) -> Iterator[ast.Module]:
    """Yield a program and those that it holds as text, as for a process of its own."""
    yield tree
    for text in _strings(tree):
        if IMPORT.search(text):
            yield from _programs(program(dedent(text)))
        for mention in MENTION.finditer(text):
            yield program(f"import labkit\nlabkit{mention[1]}")
    for node in ast.walk(tree):
        if _hides_names(node):
            raise Unclear(ast.unparse(node))


def _hides_names(node: ast.AST) -> bool:
    """Tell whether code takes something by a name that stands in a text: labkit, or anything."""
    if isinstance(node, ast.Subscript):  # sys.modules["labkit"]
        return _is_labkit(node.slice)
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"eval", "exec"}:
        return True
    if isinstance(node, ast.Call) and last_name(node.func) in BY_NAME:
        return (
            not node.args or not isinstance(node.args[0], ast.Constant) or _is_labkit(node.args[0])
        )
    return False


def _is_labkit(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and str(node.value).split(".")[0] == "labkit"


def _modules(trees: list[ast.Module], package: Package) -> Iterator[str]:
    """Yield the modules that programs use, with those that these import in turn."""
    waiting: list[str] = []
    for tree in trees:
        imported = list(imports(tree, package.name))
        used = package.uses(tree, bound(imported), through=True)
        waiting += _passed(imported, package) + [target.module for _, target in used]
    seen = set()
    while waiting:
        name = waiting.pop()
        if name not in seen and name in package.modules:
            seen.add(name)
            yield name
            parent = name.rpartition(".")[0]
            waiting += [parent] if parent else []
            waiting += _passed(package.modules[name].imported, package)


def _passed(imported: list[tuple[str, Target]], package: Package) -> list[str]:
    """Return the modules that imports name, and those where what they import is defined."""
    return [m for _, target in imported for m in (target.module, package.find(*target).module)]


class Files:
    """The names of the data files that definitions of a package open."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self.known: dict[Target, set[Name]] = {}
        self.visited: set[Target] = set()  # in this round
        self.used: dict[ast.AST, list[tuple[Target, dict[str, ast.expr]]]] = {}

    def of_lab(self, trees: list[ast.Module], modules: set[str]) -> set[str]:
        """Return the names of the files that programs open by labkit, as patterns."""
        roots: list[tuple[ast.AST, Bound]] = []
        for tree in trees:
            roots.append((tree, bound(imports(tree, self.package.name))))
            if any(t.name == CHECKSUMS for _, t in self.package.uses(tree, roots[-1][1])):
                raise Unclear(CHECKSUMS)
        for module in (self.package.modules[name] for name in modules):
            roots += [(statement, module.bound) for statement in module.at_import]
        before = None
        while before != self.known:  # definitions that use each other need more than one round
            before, self.visited = dict(self.known), set()
            found = {name for code, names in roots for name in self._in_code(code, names, set())}
        return {"".join("*" if isinstance(p, Hole) else escape(p) for p in n) for n in found}

    def _files_of(self, target: Target) -> set[Name]:
        """Return the files of a definition, or of a module's all."""
        if target not in self.visited:
            self.visited.add(target)
            self.known[target] = self._found(target, self.package.modules[target.module])
        return self.known.get(target, set())

    def _found(self, target: Target, module: Module) -> set[Name]:
        if not target.name:
            found = [self._files_of(Target(target.module, name)) for name in module.definitions]
            return {_filled(name, {}, set()) for name in set().union(*found)}
        if target.name == FOLDER:
            return {(Hole(),)}
        if target.name == CHECKSUMS:
            return set()
        names: set[Name] = set()
        for node in module.definitions[target.name]:
            parameters = _parameters(node)
            if target.name == VERIFIED:
                names.add((Hole(next(iter(_arguments(node)), "")),))
            else:
                names |= self._in_code(node, module.bound, parameters)
        return names

    def _in_code(self, code: ast.AST, names: Bound, parameters: set[str]) -> set[Name]:
        if code not in self.used:
            calls = {id(n.func): n for n in ast.walk(code) if isinstance(n, ast.Call)}
            uses = self.package.uses(code, names)
            self.used[code] = [(t, self._given(t, calls.get(id(node)))) for node, t in uses]
        return {
            _filled(name, given, parameters)
            for target, given in self.used[code]
            for name in self._files_of(target)
        }

    def _given(self, target: Target, call: ast.Call | None) -> dict[str, ast.expr]:
        """Return the arguments that a call passes to a definition, by parameter."""
        nodes = self.package.modules[target.module].definitions.get(target.name, [])
        if call is None or len(nodes) != 1 or any(isinstance(a, ast.Starred) for a in call.args):
            return {}
        named = {word.arg: word.value for word in call.keywords if word.arg}
        return dict(zip(_arguments(nodes[0]), call.args, strict=False)) | named


def _filled(name: Name, given: dict[str, ast.expr], parameters: set[str]) -> Name:
    """Return a file's name with what a call gives in the holes."""
    parts: list[str | Hole] = []
    for part in name:
        if isinstance(part, Hole):
            parts += _text(given.get(part.parameter), parameters)
        else:
            parts.append(part)
    return tuple(parts) if len(parts) <= LONGEST else (Hole(),)


def _text(node: ast.expr | None, parameters: set[str]) -> Name:
    """Return a text as far as the code alone says what it is."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return (node.value,)
    if isinstance(node, ast.Name) and node.id in parameters:
        return (Hole(node.id),)
    if isinstance(node, ast.FormattedValue) and node.conversion == -1 and not node.format_spec:
        return _text(node.value, parameters)
    if isinstance(node, ast.JoinedStr):
        return tuple(part for value in node.values for part in _text(value, parameters))
    return (Hole(),)


def _arguments(node: ast.stmt) -> list[str]:
    """Return the names of a function's parameters that can be given by their place."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return []
    return [one.arg for one in (*node.args.posonlyargs, *node.args.args)]


def _parameters(node: ast.stmt) -> set[str]:
    """Return the parameters of a function that are what was passed in all of its body."""
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return set()
    parameters = {*_arguments(node), *(one.arg for one in node.args.kwonlyargs)}
    every = [n.arg for n in ast.walk(node) if isinstance(n, ast.arg)]  # a lambda's too
    changed = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and not _is_read(n)}
    return {name for name in parameters - changed if every.count(name) == 1}


def _is_read(node: ast.Name) -> bool:
    return isinstance(node.ctx, ast.Load)


def _opened(trees: list[ast.Module], data: set[str]) -> Iterator[str]:
    """Yield what programs open themselves: texts that are, or end as, the path of a data file."""
    for tree in trees:
        for text in _strings(tree):
            last = re.split(r"[/\\]", text)[-1]
            if last in data:
                yield last
            for match in IN_FOLDER.finditer(text):
                pattern = match[1] or "*"
                found = any(fnmatch(name, pattern) for name in data)
                yield pattern if found else "*"  # "../data/%s.csv"
        for node in ast.walk(tree):  # Path("..") / "data", os.path.join("..", "data")
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Div):
                parts = [node.left, node.right]
            else:
                parts = node.args if isinstance(node, ast.Call) else []
            if any(isinstance(part, ast.Constant) and part.value == "data" for part in parts):
                yield "*"


def _strings(tree: ast.AST) -> Iterator[str]:
    """Yield the texts in code; what an f-string puts in is a `*`."""
    inside = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            inside |= {id(value) for value in node.values}
            yield "".join("*" if isinstance(p, Hole) else p for p in _text(node, set()))
        elif (
            isinstance(node, ast.Constant)
            and isinstance(node.value, str)
            and id(node) not in inside
        ):
            yield node.value
