"""Which of a lab's statements are needed to run some of them."""

import ast
import symtable
from dataclasses import dataclass
from functools import cache


def statements(sources: list[str]) -> list[str]:
    """Return the statements of the cells, in order, loops and definitions whole."""
    return [ast.unparse(node) for source in sources for node in ast.parse(source).body]


def needed(program: list[str], wanted: set[int], *, apart_from: str) -> list[int]:
    """Return the wanted statements and those above that set, or change, what they read.

    The name `apart_from` doesn't count. What a statement doesn't show, such as a function that
    changes its argument, is missed: whoever runs the few must hold them to the whole.
    """
    uses = [_uses(statement) for statement in program]
    inside: dict[str, set[str]] = {}  # what a function or class reads when it is used
    for use in uses:
        for name in use.defines:
            inside.setdefault(name, set()).update(use.reads)
    imported = {name for use in uses for name in use.imports}

    # Torch's generator is in no name: who seeds it is needed.
    seeding = {i for i in range(max(wanted)) if program[i].startswith("torch.manual_seed")}
    keep, live = wanted | seeding, set()
    for i in reversed(range(max(wanted) + 1)):
        use = uses[i]
        if i in keep or live & (use.sets | use.changes - imported):
            keep.add(i)
            live -= use.replaces | {apart_from}
            live |= _closure(use.reads, inside) - {apart_from}
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
    nodes = list(ast.walk(top))
    symbols = symtable.symtable(statement, "lab", "exec").get_symbols()
    imports = {s.get_name() for s in symbols if s.is_imported()}
    sets = {s.get_name() for s in symbols if s.is_assigned()} | imports
    reads = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
    if isinstance(top, ast.AugAssign):
        reads |= sets
    changed = [n for n in nodes if isinstance(getattr(n, "ctx", None), ast.Store)]
    changed += [n.value for n in nodes if isinstance(n, ast.Expr)]  # such as history.append(loss)
    defines = sets if isinstance(top, ast.FunctionDef | ast.ClassDef) else set()
    return _Uses(
        reads=reads,
        sets=sets,
        replaces=sets if isinstance(top, ast.Assign) else defines,
        changes={root for node in changed if (root := _root(node))},
        defines=defines,
        imports=imports,
    )


def _closure(names: set[str], inside: dict[str, set[str]]) -> set[str]:
    """Return the names, and all that the functions among them read."""
    found, new = set(), set(names)
    while new:
        found |= new
        new = set().union(*(inside.get(name, set()) for name in new)) - found
    return found


def _root(node: ast.AST) -> str | None:
    """Return the name that `a.b`, `a[i]` and `a.b().c` begin with."""
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Call):
        node = node.func if isinstance(node, ast.Call) else node.value
    return node.id if isinstance(node, ast.Name) else None
