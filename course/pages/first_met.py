"""In which lab an idiom of Python comes up first, found in the labs' syntax trees."""

import ast
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from course.cell import Cell
from course.notebook import Lab, labs
from course.pages.idioms import IdiomsError, all_idioms

FUNCTIONS = (ast.FunctionDef, ast.Lambda)
PACKAGES = {"F", "labkit", "math", "nn", "np", "pd", "plt", "torch"}  # as the labs call them


def _assigns(node: ast.AST, kind: type[ast.expr]) -> bool:
    """Tell whether a node assigns to targets of a kind: a name, or a tuple."""
    return isinstance(node, ast.Assign) and any(isinstance(one, kind) for one in node.targets)


def _unpacks(node: ast.AST) -> bool:
    loop = isinstance(node, ast.For | ast.comprehension) and isinstance(node.target, ast.Tuple)
    return loop or _assigns(node, ast.Tuple)


def _throws_away(node: ast.AST) -> bool:
    return isinstance(node, ast.Name) and node.id == "_" and isinstance(node.ctx, ast.Store)


def _asks_for_none(node: ast.AST) -> bool:
    """Tell whether `None` stands as a value; in an index it makes a dimension (`_adds_axis`)."""
    held: list[ast.AST | None] = []
    if isinstance(node, ast.Compare):
        held = list(node.comparators)
    elif isinstance(node, ast.keyword | ast.Assign):
        held = [node.value]
    elif isinstance(node, ast.arguments):
        held = [*node.defaults, *node.kw_defaults]
    return any(isinstance(one, ast.Constant) and one.value is None for one in held)


def _adds_axis(node: ast.AST) -> bool:
    """Tell whether a vector is made a column or a row, as by `y[:, None]`, or a shape is read."""
    if isinstance(node, ast.Attribute):
        return node.attr in {"shape", "newaxis", "unsqueeze"}
    inside = isinstance(node, ast.Subscript) and ast.walk(node.slice)
    return any(isinstance(one, ast.Constant) and one.value is None for one in inside or ())


def _takes_a_part(node: ast.AST) -> bool:
    """Tell whether elements are taken by their place."""
    if isinstance(node, ast.Slice):
        return bool(node.lower or node.upper)
    index = node.slice if isinstance(node, ast.Subscript) else None
    return isinstance(index, ast.Constant) and type(index.value) is int


def _must_be_named(node: ast.AST) -> bool:
    """Tell whether a function asks for a name, or is given `rng`, which labkit's ask for so."""
    if isinstance(node, ast.keyword):
        return node.arg == "rng"
    return isinstance(node, ast.arguments) and bool(node.kwonlyargs)


def _operates(node: ast.AST, operator: type[ast.operator]) -> bool:
    return isinstance(node, ast.BinOp) and isinstance(node.op, operator)


def _calls(node: ast.AST, *names: str) -> bool:
    called = node.func if isinstance(node, ast.Call) else None
    return isinstance(called, ast.Attribute) and called.attr in names


def _starred(node: ast.AST) -> bool:
    """Tell whether stars stand before an argument, in a call or in a function's head."""
    if isinstance(node, ast.Call):
        return any(isinstance(arg, ast.Starred) for arg in node.args) or any(
            keyword.arg is None for keyword in node.keywords
        )
    return isinstance(node, ast.arguments) and bool(node.vararg or node.kwarg)


def _is_method(node: ast.AST) -> bool:
    """Tell whether a method of a value is called; `np.sqrt` is a package's function."""
    called = node.func if isinstance(node, ast.Call) else None
    if not isinstance(called, ast.Attribute):
        return False
    return _base(called) not in PACKAGES


def _base(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _remembers(node: ast.AST) -> bool:
    """Tell whether a function is made inside a function."""
    return isinstance(node, ast.FunctionDef) and any(
        isinstance(inner, FUNCTIONS) for inner in ast.walk(node) if inner is not node
    )


# idiom → whether a node of a syntax tree is one
IS: dict[str, Callable[[ast.AST], bool]] = {
    "import": lambda node: isinstance(node, ast.Import | ast.ImportFrom),
    "methods": _is_method,
    "power": lambda node: _operates(node, ast.Pow),
    "division": lambda node: _operates(node, ast.FloorDiv),
    "f-strings": lambda node: isinstance(node, ast.FormattedValue),
    "none": _asks_for_none,
    "underscore": _throws_away,
    "indentation": lambda node: isinstance(node, ast.For | ast.If | ast.With | ast.FunctionDef),
    "return": lambda node: isinstance(node, ast.Return),
    "defaults": lambda node: isinstance(node, ast.FunctionDef) and bool(node.args.defaults),
    "keyword-only": _must_be_named,
    "lambda": lambda node: isinstance(node, ast.Lambda),
    "lambda-default": lambda node: isinstance(node, ast.Lambda) and bool(node.args.defaults),
    "closures": _remembers,
    "unpacking": _unpacks,
    "comprehension": lambda node: isinstance(node, ast.ListComp | ast.DictComp | ast.GeneratorExp),
    "dictionary": lambda node: isinstance(node, ast.Dict),
    "merge": lambda node: isinstance(node, ast.AugAssign) and isinstance(node.op, ast.BitOr),
    "stars": _starred,
    "slices": _takes_a_part,
    "views": lambda node: _calls(node, "copy", "clone"),
    "in-place": lambda node: isinstance(node, ast.AugAssign) and isinstance(node.op, ast.Sub),
    "matrix-product": lambda node: _operates(node, ast.MatMult),
    "shapes": _adds_axis,
    "row-major": lambda node: _calls(node, "reshape"),
}


def is_read(cell: Cell) -> bool:
    """Tell whether a student reads a cell's code: it is neither folded nor an answer's check."""
    folded = cell.collapsed or cell.options.get("code-fold", False)
    return not (folded or cell.tags & {"exercise-check", "solution"})


def occurs(name: str, cells: Iterable[Cell]) -> bool:
    """Tell whether the code of one of the cells has an idiom."""
    return any(IS[name](node) for cell in cells for node in ast.walk(cell.tree))


def first_met(root: Path) -> dict[str, Lab | None]:
    """Find for each idiom the first lab that has it in code that is read, or else in any code."""
    names = [idiom.name for idiom in all_idioms(root)]
    if odd := sorted(set(names) ^ IS.keys()):
        raise IdiomsError(
            f"idioms.yml and course/pages/first_met.py differ in {', '.join(odd)}: an idiom needs "
            "an entry in the one and, in IS of the other, what it is in a syntax tree."
        )
    read = list(map(Lab.read, labs(root)))
    return {name: next(_with(name, read), None) for name in names}


def _with(name: str, read: list[Lab]) -> Iterator[Lab]:
    yield from (lab for lab in read if occurs(name, filter(is_read, lab.lesson_code)))
    yield from (lab for lab in read if occurs(name, lab.lesson_code))
