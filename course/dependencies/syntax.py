"""Read Python code for what it does: no comments or layout, no docstrings, nothing for types only.

The digest of a tree is the same under every Python that the course runs on. `ast.dump` is not: what
it leaves out as empty has changed, and newer versions have new fields.
"""

import ast
import hashlib


class _Inert(ast.NodeTransformer):
    """Take out what is never executed: docstrings, and what stands under `if TYPE_CHECKING:`."""

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        text = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if text else self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        visited = self.generic_visit(node)
        name = getattr(node.test, "attr", "") or getattr(node.test, "id", "")
        return node.orelse if name == "TYPE_CHECKING" else visited


def program(source: str) -> ast.Module:
    """Parse code and return the tree of what is executed."""
    tree: ast.Module = _Inert().visit(ast.parse(source))
    return tree


def digest(tree: ast.AST) -> str:
    """Return a short digest of a tree."""
    return hashlib.sha256(canonical(tree).encode()).hexdigest()[:12]


def canonical(node: object) -> str:
    """Write a tree as text: each node with its fields by name, empty ones left out."""
    if isinstance(node, ast.AST):
        fields = sorted(name for name, value in ast.iter_fields(node) if value not in (None, []))
        inside = ", ".join(f"{name}={canonical(getattr(node, name))}" for name in fields)
        return f"{type(node).__name__}({inside})"
    if isinstance(node, list):
        return f"[{', '.join(map(canonical, node))}]"
    return ascii(node)  # repr asks Unicode's tables, which grow, what can be printed
