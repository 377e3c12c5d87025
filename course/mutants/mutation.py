"""Small wrong changes of a program: what a test that is worth its time should notice.

It knows nothing of tests, so it serves a module, a cell of a notebook, any Python. Left alone is
what no test can see: docstrings, annotations, imports and what is there for a type checker.
"""

from __future__ import annotations

import ast
import copy
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias, TypeVar

Path: TypeAlias = tuple[tuple[str, int | None], ...]  # from the tree's root: field, place in a list
T = TypeVar("T")
Swap: TypeAlias = dict[type[ast.AST], tuple[type[ast.AST], ...]]

OPERATORS: Swap = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE), ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,),
    ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
    ast.Add: (ast.Sub,), ast.Sub: (ast.Add,), ast.Mult: (ast.Div,), ast.Div: (ast.Mult,),
    ast.FloorDiv: (ast.Div,), ast.Mod: (ast.Mult,), ast.Pow: (ast.Mult,), ast.MatMult: (ast.Mult,),
    ast.BitAnd: (ast.BitOr,), ast.BitOr: (ast.BitAnd,), ast.And: (ast.Or,), ast.Or: (ast.And,),
}  # fmt: skip
NAMES = {"all": "any", "any": "all", "min": "max", "max": "min"}
DELETED = (
    ast.Expr, ast.Assign, ast.AugAssign, ast.Raise, ast.Assert, ast.Delete, ast.Break, ast.Continue
)  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """A program with one change.

    Attributes
    ----------
    line : int
        Where the change is, from 1.
    before, after : str
        What stood there, and what stands there now; nothing where it was removed.
    """

    line: int
    before: str
    after: str
    original: str = field(repr=False)
    path: Path = field(repr=False)
    new: ast.AST | None = field(repr=False)

    @property
    def source(self) -> str:
        """The changed program, without comments."""
        tree = ast.parse(self.original)
        parent: ast.AST = tree
        for step in self.path[:-1]:
            parent = _child(parent, step)
        name, place = self.path[-1]
        if place is None:
            setattr(parent, name, self.new)
        elif self.new is None:
            del getattr(parent, name)[place]
        else:
            getattr(parent, name)[place] = self.new
        return ast.unparse(ast.fix_missing_locations(tree))


def sampled(every: Sequence[T], size: int | None, seed: int) -> list[T]:
    """Draw so many at random, each as likely as the other, in their order; None takes all."""
    if size is None or size >= len(every):
        return list(every)
    return [every[i] for i in sorted(random.Random(seed).sample(range(len(every)), size))]


def mutants(source: str) -> list[Mutant]:
    """Return every small change of a program, in its order."""
    found = []
    for path, line, node in _visible(ast.parse(source)):
        for new in _changes(node, path[-1][0]):
            before, after = _words(node), "" if new is None else _words(new)
            found.append(Mutant(line, before, after, source, path, new))
    return sorted(found, key=lambda mutant: mutant.line)


def _words(node: ast.AST) -> str:
    """Write a node on one line."""
    return " ".join(ast.unparse(node).split())


def _child(node: ast.AST, step: tuple[str, int | None]) -> ast.AST:
    name, place = step
    value = getattr(node, name)
    child: ast.AST = value if place is None else value[place]
    return child


# --- what can be seen ----------------------------------------------------------------------------


def _visible(tree: ast.AST) -> Iterator[tuple[Path, int, ast.AST]]:
    """Yield each node that a test could see a change of, with its path and its line."""
    waiting: list[tuple[Path, int, ast.AST]] = [((), 1, tree)]
    while waiting:
        path, line, node = waiting.pop()
        if path:
            yield path, line, node
            if path[-1][0] == "format_spec":
                continue  # its letters are no words
        # Before Python 3.12 what is inside an f-string has no line of its own to rely on.
        inside = isinstance(node, ast.JoinedStr | ast.FormattedValue)
        children = [
            ((*path, step), line if inside else getattr(child, "lineno", line), child)
            for step, child in _children(node)
            if not _is_unseen(child)
        ]
        waiting += reversed(children)


def _children(node: ast.AST) -> Iterator[tuple[tuple[str, int | None], ast.AST]]:
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "ctx", "op", "ops", "type_params"):
            continue
        if isinstance(value, ast.AST):
            yield (name, None), value
        elif isinstance(value, list):
            yield from (((name, i), v) for i, v in enumerate(value) if isinstance(v, ast.AST))


def _is_unseen(node: ast.AST) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Pass() | ast.AnnAssign(value=None):
            return True
        case ast.Expr(value=ast.Constant()):  # a docstring, or the dots of a protocol
            return True
        case ast.keyword(arg="strict"):  # of zip: against what can't happen, so no test makes it
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING") | ast.Attribute(attr="TYPE_CHECKING")):
            return True
        case ast.AnnAssign(annotation=ast.Name(id="TypeAlias")):
            return True
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Subscript()):  # Kind = Literal[…]
            return name[:1].isupper() and not name.isupper()
    return False


# --- what is changed -----------------------------------------------------------------------------


def _changes(node: ast.AST, role: str) -> Iterator[ast.AST | None]:
    """Yield what to put in a node's place; None takes it out of its list."""
    match node:
        case ast.Compare(ops=ops):
            for i, op in enumerate(ops):
                for other in OPERATORS[type(op)]:
                    yield _with(node, "ops", [*ops[:i], other(), *ops[i + 1 :]])
        case ast.BinOp(op=op) | ast.BoolOp(op=op) | ast.AugAssign(op=op):
            for other in OPERATORS.get(type(op), ()):
                yield _with(node, "op", other())
        case ast.UnaryOp(op=ast.Not() | ast.USub(), operand=operand):
            yield operand
        case ast.Name(id=name) if name in NAMES:
            yield ast.Name(NAMES[name], ast.Load())
        case ast.Constant(value=value):
            yield from (ast.Constant(new) for new in _other_constants(value, role))
        case ast.JoinedStr(values=[ast.Constant(value=str(spec))]) if role == "format_spec":
            yield from (ast.JoinedStr([ast.Constant(new)]) for new in _other_digits(spec))
        case ast.keyword(arg=str()):
            yield None
        case ast.Return(value=ast.expr() as value) if not _is_falsy_already(value):
            yield ast.Return(ast.Constant(None))
    if isinstance(node, DELETED):
        yield ast.Pass()
    if (
        role in ("test", "ifs")
        and isinstance(node, ast.expr)
        and not isinstance(node, ast.Compare | ast.UnaryOp)
    ):
        yield ast.UnaryOp(ast.Not(), node)


def _with(node: ast.AST, name: str, value: object) -> ast.AST:
    """Return a copy of a node with another value in one field."""
    new = copy.deepcopy(node)
    setattr(new, name, value)
    return new


def _is_falsy_already(node: ast.expr) -> bool:
    """Tell whether `return None` would say the same: that it is no bool the type checker sees."""
    return isinstance(node, ast.Constant) and (node.value is None or node.value is False)


def _other_constants(value: object, role: str) -> Iterator[bool | float | str]:
    match value:
        case bool():
            yield not value
        case int():
            yield value + 1
        case float():
            yield 2 * value if value else 1.0
        case str() if role != "values" or any(map(str.isalpha, value)):
            # Backwards, so that a test of any part of it notices; of a message's commas none need.
            yield value[::-1] if value[::-1] != value else f"{value}~"


def _other_digits(spec: str) -> Iterator[str]:
    """Yield a format with another digit: 4g for 3g."""
    for i, digit in enumerate(spec):
        if digit.isdigit():
            yield f"{spec[:i]}{(int(digit) + 1) % 10}{spec[i + 1 :]}"
            return
