"""Which of a lab's statements are needed to run some of them."""

import ast
import symtable
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from functools import cache


def statements(sources: list[str]) -> list[str]:
    """Return the statements of the cells, in order, loops and definitions whole."""
    return [ast.unparse(node) for source in sources for node in ast.parse(source).body]


def needed(program: list[str], wanted: Set[int], *, apart_from: str) -> list[int]:
    """Return the wanted statements and those above that set, or change, what they read.

    The name `apart_from` doesn't count. What a statement doesn't show, such as a function that
    changes its argument, is missed: whoever runs only these must compare them with the whole.
    """
    uses = [_uses(statement) for statement in program]
    inside: dict[str, set[str]] = {}  # what a function or class reads when it is used
    alters: dict[str, set[str]] = {}  # and changes, such as a list outside it that it appends to
    for use in uses:
        for name in use.defines:
            inside.setdefault(name, set()).update(use.reads)
            alters.setdefault(name, set()).update(use.changes)
    # What no statement sets, such as print, can't be changed; nor is what is imported.
    imported = {name for use in uses for name in use.imports}
    own = {name for use in uses for name in use.sets} - imported

    # Torch's generator is in no name: who seeds it is needed.
    seeding = {i for i in range(max(wanted)) if program[i].startswith("torch.manual_seed")}
    keep = {*wanted, *seeding}
    live: set[str] = set()
    for i in reversed(range(max(wanted) + 1)):
        use = uses[i]
        used = _closure(use.reads, inside)
        changes = set() if use.defines else use.changes.union(*(alters.get(n, ()) for n in used))
        if i in keep or live & (use.sets | changes & own):
            keep.add(i)
            live -= use.replaces
            live = (live | used) - {apart_from}
    return sorted(keep)


@dataclass(frozen=True)
class _Uses:
    reads: set[str]
    sets: set[str]
    replaces: set[str]  # of those it sets: what they were before no longer matters
    changes: set[str]
    defines: set[str]
    imports: set[str]


@cache  # a lab's statements are asked for again for each check
def _uses(statement: str) -> _Uses:
    (top,) = ast.parse(statement).body
    scope = symtable.symtable(statement, "lab", "exec")
    nodes = list(_outside_functions(top))
    imports = {symbol.get_name() for symbol in scope.get_symbols() if symbol.is_imported()}
    sets = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    reads = set(_reads(scope))
    defines, replaces = set(), set()
    if isinstance(top, ast.FunctionDef | ast.ClassDef):
        defines = replaces = {top.name}
    elif isinstance(top, ast.Assign):
        replaces = sets
    elif isinstance(top, ast.For):
        replaces = _names(top.target)
        reads -= replaces - _names(top.iter)
    elif isinstance(top, ast.AugAssign):
        reads |= sets
    changed = _changed(ast.walk(top) if defines else nodes)
    return _Uses(
        reads=reads,
        sets=sets | defines | imports,
        replaces=replaces,
        changes={root for node in changed if (root := root_name(node)) in reads},
        defines=defines,
        imports=imports,
    )


def _reads(scope: symtable.SymbolTable) -> Iterator[str]:
    """Yield the names of the lab that a scope reads; a function's own may be called the same."""
    for symbol in scope.get_symbols():
        if symbol.is_referenced() and (symbol.is_global() or scope.get_type() == "module"):
            yield symbol.get_name()
    for inner in scope.get_children():
        yield from _reads(inner)


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes whose names are the lab's; a comprehension has its own, as a function has."""
    yield node
    if not isinstance(node, _SCOPES):
        for child in ast.iter_child_nodes(node):
            yield from _outside_functions(child)


_SCOPES = (
    ast.FunctionDef, ast.ClassDef, ast.Lambda,
    ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp,
)  # fmt: skip


def _changed(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield what is stored to, and what is there for its effect, as history.append(loss)."""
    for node in nodes:
        if isinstance(getattr(node, "ctx", None), ast.Store):
            yield node
        if isinstance(node, ast.Expr) or (
            isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "_"
        ):
            yield node.value


def _names(node: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(node) if isinstance(n, ast.Name)}


def _closure(names: set[str], inside: dict[str, set[str]]) -> set[str]:
    """Return the names, and all that the functions among them read."""
    found, new = set(), set(names)
    while new:
        found |= new
        new = set().union(*(inside.get(name, set()) for name in new)) - found
    return found


def root_name(node: ast.AST) -> str | None:
    """Return the name that `a.b`, `a[i]` and `a.b().c` begin with."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None
