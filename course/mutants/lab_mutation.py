"""The small changes of a lab's cell that would be wrong, rather than another choice of its author.

Left alone are the words that it says, how numbers are written, looks of figures, seeds, and the
ranges of checks: with another of these a lab would be as right as before.
"""

import ast
from collections.abc import Iterator

from course.mutants.mutation import Mutant, Path, mutants
from course.slice import root_name

DRAWN_ON = {"ax", "axes", "fig", "plt"}
SEEDED = {"default_rng", "manual_seed", "SeedSequence"}
CHOSEN = {
    "caption", "digits", "end", "flush", "sep",
    "seed", "random_state", "rng", "n_jobs",
    "above", "below", "between",
}  # fmt: skip


def wrong_changes(source: str) -> list[Mutant]:
    """Return the mutants of a cell that a check or a reader ought to notice, in its order."""
    tree = ast.parse(source)
    return [
        mutant
        for mutant in mutants(source)
        if not _is_text(mutant)
        and not any(_is_choice(*step) for step in _on_the_way(tree, mutant.path))
        and not _hides(tree, mutant)
    ]


def _is_text(mutant: Mutant) -> bool:
    """Tell whether other words are said, or a number is written with other digits.

    An option's name is text too, but with its letters turned round there is no such option.
    """
    new = mutant.new
    return isinstance(new, ast.JoinedStr) or (
        isinstance(new, ast.Constant) and isinstance(new.value, str)
    )


def _hides(tree: ast.Module, mutant: Mutant) -> bool:
    """Tell whether less is shown, and nothing else: no `print`, or no value at the cell's end."""
    if not isinstance(mutant.new, ast.Pass):
        return False
    *_, (node, _, _) = _on_the_way(tree, mutant.path)
    return isinstance(node, ast.Expr) and (
        node is tree.body[-1] or ast.unparse(node).startswith("print(")
    )


def _on_the_way(tree: ast.AST, path: Path) -> Iterator[tuple[ast.AST, str, int]]:
    """Yield each node from the tree to the one that is changed, and which child comes next."""
    node = tree
    for name, place in path:
        yield node, name, place or 0
        value = getattr(node, name)
        node = value if place is None else value[place]
    yield node, "", 0


def _is_choice(node: ast.AST, field: str, place: int) -> bool:
    """Tell whether a node, or what is in this field of it, is the author's to choose."""
    match node:
        case ast.keyword(arg=name):
            return name in CHOSEN
        case ast.Dict(keys=keys) if field == "values":
            key = keys[place]
            return isinstance(key, ast.Constant) and key.value in CHOSEN
        case ast.Assign(targets=[ast.Name(id=name)]) if name.endswith("seed"):
            return True
        case ast.Assign(value=value) | ast.Expr(value=value) if not field:
            return _only_draws(value) or _is_seeding(value) or root_name(value) == "checks"
        case ast.Call(args=args) if _only_draws(node):
            return field != "args" or _is_literal(args[place])
        case ast.Call():
            return field != "" and _is_seeding(node)
    return False


def _only_draws(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and root_name(node) in DRAWN_ON


def _is_seeding(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).rpartition(".")[2] in SEEDED


def _is_literal(node: ast.AST) -> bool:
    """Tell whether nothing of the lab's is in it: a place, a size, no data."""
    return not any(isinstance(inner, ast.Name) for inner in ast.walk(node))
