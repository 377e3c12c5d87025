"""The calls that code makes and the names that it uses, for the rules about code."""

import ast
from collections.abc import Iterator


def calls(tree: ast.AST) -> Iterator[tuple[ast.Call, str, str]]:
    """Yield each call with what it is called on (`checks` in `checks.add()`) and its name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if isinstance(node.func, ast.Attribute):
                yield node, ast.unparse(node.func.value), node.func.attr
            elif isinstance(node.func, ast.Name):
                yield node, "", node.func.id


def names(tree: ast.AST, kind: type[ast.expr_context]) -> set[str]:
    """Return the names that are stored, or read, in a part of the code."""
    nodes = ast.walk(tree)
    return {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, kind)}
