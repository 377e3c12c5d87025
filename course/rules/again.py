"""Rules about running a cell a second time, as every student does."""
# ruff: noqa: D401 - the docstring of a rule says why there is one

import ast
from collections.abc import Iterator

from course.notebook import Lab
from course.rules.calls import calls, names
from course.rules.registry import Found, rule

GROWS = {"append", "extend", "insert", "remove", "pop", "popitem", "clear", "update", "discard"}
TRAINS = {"fit_torch", "fit_torch_many"}  # in place
OWN_SCOPE = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@rule("give the result a name of its own, or make anew in this cell what it changes")
def runs_twice(lab: Lab) -> Found:
    """A cell that is run a second time must do what it did the first time."""
    modules = {name for cell in lab.code for name in _imported(cell.tree)}
    for cell in lab.lesson_code:
        made: set[str] = set()  # so far, in this cell
        for statement in _statements(cell.tree.body):
            head = _head(statement)
            for name in sorted(_changed(head, made) - modules):
                yield cell, f"it changes `{name}`, which another cell has made"
            made |= {name for node in head for name in names(node, ast.Store)}
            made |= {statement.name} if isinstance(statement, OWN_SCOPE) else set()


def _statements(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a cell in their order, those inside loops and branches too."""
    for statement in body:
        yield statement
        if not isinstance(statement, OWN_SCOPE):
            for part in ("body", "handlers", "orelse", "finalbody"):
                for inner in getattr(statement, part, []):
                    yield from _statements([inner] if isinstance(inner, ast.stmt) else inner.body)


def _head(statement: ast.stmt) -> list[ast.AST]:
    """Return what a statement itself says, without the statements inside it."""
    if isinstance(statement, OWN_SCOPE):
        return []
    if any(hasattr(statement, part) for part in ("body", "handlers")):
        parts = (getattr(statement, name, None) for name in ("target", "iter", "test"))
        return [part for part in (*parts, *getattr(statement, "items", [])) if part is not None]
    return [statement]


def _changed(head: list[ast.AST], made: set[str]) -> set[str]:
    """Return the names that a statement assigns from themselves, grows or trains on."""
    found: set[str] = set()
    for node in head:
        if isinstance(node, ast.AugAssign):
            found |= names(node.target, ast.Store)
        if isinstance(node, ast.Assign):
            bound = {name for target in node.targets for name in names(target, ast.Store)}
            found |= bound & names(node.value, ast.Load)
        for call, owner, name in calls(node):
            if name in GROWS and owner.isidentifier():
                found.add(owner)
            if name in TRAINS and call.args and isinstance(call.args[0], ast.Name):
                found.add(call.args[0].id)
    return found - made


def _imported(tree: ast.Module) -> Iterator[str]:
    """Yield the names that imports bind."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name.partition(".")[0]
