"""What `labkit` offers, read from its sources without importing it, so without torch too.

griffe reads signatures, docstring_parser the sections of docstrings, doctest the examples.
"""

import ast
import doctest
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import griffe
from docstring_parser import Docstring
from docstring_parser.numpydoc import parse

from course.notebook import Lab, labs

# What one does with each name, in the order of the page.
GROUPS: dict[str, tuple[str, ...]] = {
    "Simulate data": ("make_linear", "LinearData", "make_spirals", "SpiralData", "RStream"),
    "Read data": (
        *("load_rand_hie", "load_study", "load_r_stream", "load_r_coefficients"),
        *("load_r_losses", "load_r_glm"),
    ),
    "Fit models": (
        *("fit_linear", "largest_stable_lr", "fit_mlp", "init_mlp", "predict_mlp"),
        *("mlp_loss_and_gradients", "fit_torch", "fit_torch_many", "Fit", "TrainingDiverged"),
    ),
    "Compare estimators": (
        *("fit_ols", "OLS", "compare_coefficients", "run_study", "Study"),
        *("mean_interval", "Interval"),
    ),
    "Check numbers": ("Checks", "finite_differences"),
    "Set exercises": ("Predict", "Exercise", "your_answer_here", "NotAttempted"),
    "Draw figures": (
        *("use_style", "COLORS", "plot_history", "plot_coefficients", "plot_study"),
        "plot_graph",
    ),
    "Report": ("paragraph", "table", "session_info", "skip_torch_cells"),
}
WIDTH = 76  # columns of code that the page shows without a scroll bar
LONG = 50  # an abbreviation with a longer meaning stays, and is explained at the end of the page
SELF = {"self", "cls"}


@dataclass(frozen=True)
class Parameter:
    """A parameter as the signature has it."""

    name: str  # with its stars
    written: str  # with type and default
    keyword_only: bool


@dataclass(frozen=True)
class Entry:
    """A public name, or a public method of a class."""

    name: str
    found: griffe.Object

    @property
    def is_class(self) -> bool:
        """Whether it is a class."""
        return self.found.is_class

    @property
    def is_error(self) -> bool:
        """Whether it is raised rather than called."""
        return isinstance(self.found, griffe.Class) and any(
            str(base).endswith(("Error", "Exception")) for base in self.found.bases
        )

    @property
    def text(self) -> str:
        """The docstring as it stands."""
        return self.found.docstring.value if self.found.docstring else ""

    @cached_property
    def doc(self) -> Docstring:
        """The docstring's sections."""
        return parse(self.text)

    @property
    def summary(self) -> str:
        """The docstring's first sentence."""
        return self.doc.short_description or ""

    @cached_property
    def examples(self) -> list[doctest.Example]:
        """The statements of the example, each with the output that doctest holds it to."""
        return doctest.DocTestParser().get_examples(self.text)

    @cached_property
    def parameters(self) -> list[Parameter]:
        """The parameters of the call, none for an error, which labkit itself raises."""
        if self.is_error:
            return []
        if isinstance(self.found, griffe.Class) and "NamedTuple" in map(str, self.found.bases):
            fields = [m for m in self.found.members.values() if m.is_attribute]
            return [Parameter(f.name, f"{f.name}: {f.annotation}", False) for f in fields]
        given = getattr(self.found, "parameters", ())
        return [_parameter(p, self.found) for p in given if p.name not in SELF]

    @cached_property
    def signature(self) -> str:
        """The call with types and defaults, on one line if it fits."""
        if self.found.is_attribute or self.is_error:
            return ""
        written = [p.written for p in self.parameters]
        stars = [p.name for p in self.parameters if p.name.startswith("*")]
        if not stars and any(p.keyword_only for p in self.parameters):
            written.insert(next(i for i, p in enumerate(self.parameters) if p.keyword_only), "*")
        returns = getattr(self.found, "returns", None)
        end = f") -> {shown(returns, self.found)}" if returns and not self.is_class else ")"
        lines = [f"{self.name}({', '.join(written)}{end}"]
        if len(lines[0]) > WIDTH:
            lines = [f"{self.name}(", *(f"    {part}," for part in written), end]
        return "\n".join(lines).replace("'", '"')

    @property
    def documented(self) -> dict[str, str]:
        """The parameters that the docstring lists (for a class its attributes): name → type."""
        listed: dict[str, str] = {}
        for item in self.doc.params:
            for name in item.arg_name.split(", "):
                listed[name] = item.type_name or ""
        return listed

    @cached_property
    def methods(self) -> list["Entry"]:
        """The public methods of a class."""
        members = self.found.members.items() if self.is_class else ()
        return [
            Entry(f"{self.name}.{name}", member)
            for name, member in members
            if member.is_function and not name.startswith("_")
        ]

    @cached_property
    def properties(self) -> list[griffe.Attribute]:
        """The public attributes of a class that its docstring doesn't list itself."""
        members = self.found.members.items() if self.is_class else ()
        return [
            member
            for name, member in members
            if isinstance(member, griffe.Attribute)
            and not name.startswith("_")
            and name not in self.documented
        ]


def entries(root: Path) -> dict[str, Entry]:
    """Read every name that `labkit/__init__.pyi` offers."""
    stub = ast.parse((root / "labkit" / "__init__.pyi").read_text(encoding="utf-8"))
    names = [
        alias.asname or alias.name
        for node in stub.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]
    # The labkit of `root`, not of the folder that one stands in, nor an installed one.
    package = griffe.load(
        "labkit", search_paths=[root], try_relative_path=False, allow_inspection=False
    )
    return {name: Entry(name, _target(package[name])) for name in names}


def other_types(offered: dict[str, Entry]) -> dict[str, griffe.Object]:
    """Find labkit's own types that the signatures name and that are not on offer themselves."""
    found: dict[str, griffe.Object] = {}
    for entry in offered.values():
        for part in (entry, *entry.methods):
            module = part.found.module
            for name in sorted(set(re.findall(r"\w+", part.signature)) - offered.keys()):
                path = module.resolve(name) if name in module.members else ""
                if path.startswith("labkit."):
                    found[name] = _target(module.modules_collection[path])
    return dict(sorted(found.items()))


def lab_uses(root: Path, names: Iterable[str]) -> dict[str, list[Lab]]:
    """Find the labs whose code uses each name, as `labkit.name` or imported from labkit."""
    found: dict[str, list[Lab]] = {name: [] for name in names}
    for lab in map(Lab.read, labs(root)):
        for name in found.keys() & {n for cell in lab.code for n in _labkit_names(cell.tree)}:
            found[name].append(lab)
    return found


def problems(offered: dict[str, Entry]) -> Iterator[str]:
    """Say what the page would lack: a place, a sentence, a parameter, or one that isn't there."""
    placed = [name for group in GROUPS.values() for name in group]
    for name in offered.keys() - set(placed):
        yield (
            f"labkit.{name} is in no group of the page: put it into GROUPS, in "
            "course/pages/reference.py"
        )
    for name in set(placed) - offered.keys():
        yield (
            f"labkit.{name} is in GROUPS, in course/pages/reference.py, and labkit doesn't offer it"
        )
    for entry in offered.values():
        for part in (entry, *entry.methods):
            yield from _undocumented(part)


def _undocumented(entry: Entry) -> Iterator[str]:
    if not entry.summary.endswith("."):
        yield f"{entry.name} has no docstring that begins with a sentence"
        return
    documented, given = set(entry.documented), {p.name for p in entry.parameters}
    # A method may name its parameters in its sentences; a public name lists them.
    if "." in entry.name and not documented:
        given = {name for name in given if not re.search(rf"\b{re.escape(name)}\b", entry.text)}
    yield from (f"{entry.name} doesn't document `{name}`" for name in sorted(given - documented))
    if not entry.is_class:
        gone = sorted(documented - given)
        yield from (f"{entry.name} documents `{name}`, which it doesn't take" for name in gone)
    for attribute in entry.properties:
        if not attribute.docstring and attribute.name not in given:
            yield f"{entry.name} doesn't document its attribute `{attribute.name}`"


def shown(expression: str | griffe.Expr | None, home: griffe.Object) -> str:
    """Write a type out, with labkit's short abbreviations (`Floats`) replaced by their meaning."""
    if expression is None or isinstance(expression, str):
        return expression or ""
    return "".join(
        part if isinstance(part, str) else _name(part, home)
        for part in expression.iterate(flat=True)
    )


def _name(part: griffe.Expr, home: griffe.Object) -> str:
    path = part.canonical_path
    if isinstance(part, griffe.ExprName) and path.startswith("labkit."):
        target = _target(home.modules_collection[path])
        if isinstance(target, griffe.Attribute):
            meaning = shown(target.value, target)
            return meaning if len(meaning) <= LONG else str(part)
    return str(part)


def _target(found: griffe.Object | griffe.Alias) -> griffe.Object:
    return found.final_target if isinstance(found, griffe.Alias) else found


def _parameter(parameter: griffe.Parameter, home: griffe.Object) -> Parameter:
    kind = parameter.kind
    stars = {griffe.ParameterKind.var_positional: "*", griffe.ParameterKind.var_keyword: "**"}
    name = stars.get(kind, "") + parameter.name if kind else parameter.name
    written = f"{name}: {shown(parameter.annotation, home)}" if parameter.annotation else name
    if parameter.default is not None and not name.startswith("*"):
        written += f" = {parameter.default}"
    return Parameter(name, written, kind is griffe.ParameterKind.keyword_only)


def _labkit_names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module="labkit", names=names):
                yield from (alias.name for alias in names)
            case ast.Attribute(value=ast.Name(id="labkit"), attr=name):
                yield name
