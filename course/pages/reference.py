"""What `labkit` exports, read from its sources without importing it, so without torch too.

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

from course.dependencies.exports import exports
from course.notebook import Lab, labs

# What one does with each name, in the order of the page.
GROUPS: dict[str, tuple[str, ...]] = {
    "Simulate data": ("make_linear", "LinearData", "make_spirals", "SpiralData", "RStream"),
    "Read data": (
        *("load_table", "load_rand_hie", "load_rotterdam", "load_gbsg"),
        *("load_study", "load_reference", "load_weights"),
    ),
    "Fit models": (
        *("fit_linear", "largest_stable_lr", "fit_mlp", "fit_torch", "fit_torch_many"),
        *("Fit", "TrainingDiverged"),
    ),
    "Compare estimators": (
        "fit_ols",
        "OLSResults",
        "run_study",
        "Study",
        "mean_interval",
        "split_interval",
        "Interval",
    ),
    "Analyse survival": (
        *("cox_loss", "kaplan_meier", "baseline_survival", "SurvivalCurve"),
        *("concordance", "survival_brier"),
    ),
    "Predict with an interval": ("conformal_halfwidth", "conformal_coverage"),
    "Check numbers": ("Checks", "finite_differences"),
    "Set exercises": ("Predict", "Exercise", "your_answer_here", "NotAttempted"),
    "Draw figures": ("use_style", "COLORS", "plot_network"),
    "Report": ("paragraph", "table", "session_info", "skip_torch_cells"),
}
WIDTH = 76  # columns of code that the page shows without a scroll bar
LONG = 50  # an abbreviation with a longer meaning stays, and is explained at the end of the page
SELF = {"self", "cls"}


@dataclass(frozen=True)
class Parameter:
    """A parameter as the signature has it."""

    name: str  # with its stars
    text: str  # with type and default
    keyword_only: bool


@dataclass(frozen=True)
class Entry:
    """A public name, or a public method of a class."""

    name: str
    definition: griffe.Object

    @property
    def is_class(self) -> bool:
        """Whether it is a class."""
        return self.definition.is_class

    @property
    def is_error(self) -> bool:
        """Whether it is raised rather than called."""
        return any(base.endswith(("Error", "Exception")) for base in self._bases)

    @property
    def text(self) -> str:
        """The docstring as it stands."""
        return self.definition.docstring.value if self.definition.docstring else ""

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
        if "NamedTuple" in self._bases:
            members = self._public_members.values()
            fields = [member for member in members if isinstance(member, griffe.Attribute)]
            return [Parameter(f.name, f"{f.name}: {f.annotation}", False) for f in fields]
        parameters = getattr(self.definition, "parameters", ())
        return [_parameter(p, self.definition) for p in parameters if p.name not in SELF]

    @cached_property
    def signature(self) -> str:
        """The call with types and defaults, on one line if it fits."""
        if self.definition.is_attribute or self.is_error:
            return ""
        written = [p.text for p in self.parameters]
        stars = [p.name for p in self.parameters if p.name.startswith("*")]
        if not stars and any(p.keyword_only for p in self.parameters):
            written.insert(next(i for i, p in enumerate(self.parameters) if p.keyword_only), "*")
        end = ")"
        if isinstance(self.definition, griffe.Function) and self.definition.returns:
            end = f") -> {type_text(self.definition.returns, self.definition)}"
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
        return [
            Entry(f"{self.name}.{name}", member)
            for name, member in self._public_members.items()
            if isinstance(member, griffe.Function)
        ]

    @cached_property
    def properties(self) -> list[griffe.Attribute]:
        """The public attributes of a class that its docstring doesn't list itself."""
        return [
            member
            for name, member in self._public_members.items()
            if isinstance(member, griffe.Attribute) and name not in self.documented
        ]

    @property
    def _bases(self) -> list[str]:
        return list(map(str, getattr(self.definition, "bases", ())))

    @property
    def _public_members(self) -> dict[str, griffe.Object | griffe.Alias]:
        members = self.definition.members if self.is_class else {}
        return {name: member for name, member in members.items() if not name.startswith("_")}


def entries(root: Path) -> dict[str, Entry]:
    """Read every name that `import labkit` exports."""
    # The labkit of `root`, not of the folder that one stands in, nor an installed one.
    package = griffe.load(
        "labkit", search_paths=[root], try_relative_path=False, allow_inspection=False
    )
    return {name: Entry(name, _target(package[name])) for name in exports(root / "labkit")}


def other_types(entries: dict[str, Entry]) -> dict[str, griffe.Object]:
    """Find labkit's own types that the signatures name and that are no entries themselves."""
    found: dict[str, griffe.Object] = {}
    for entry in entries.values():
        for part in (entry, *entry.methods):
            module = part.definition.module
            for name in sorted(set(re.findall(r"\w+", part.signature)) - entries.keys()):
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


def type_text(expression: str | griffe.Expr | None, home: griffe.Object) -> str:
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
            meaning = type_text(target.value, target)
            return meaning if len(meaning) <= LONG else str(part)
    return str(part)


def _target(found: griffe.Object | griffe.Alias) -> griffe.Object:
    return found.final_target if isinstance(found, griffe.Alias) else found


def _parameter(parameter: griffe.Parameter, home: griffe.Object) -> Parameter:
    kind = parameter.kind
    stars = {griffe.ParameterKind.var_positional: "*", griffe.ParameterKind.var_keyword: "**"}
    name = stars.get(kind, "") + parameter.name if kind else parameter.name
    text = f"{name}: {type_text(parameter.annotation, home)}" if parameter.annotation else name
    if parameter.default is not None and not name.startswith("*"):
        text += f" = {parameter.default}"
    return Parameter(name, text, kind is griffe.ParameterKind.keyword_only)


def _labkit_names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.ImportFrom(module="labkit", names=names):
                yield from (alias.name for alias in names)
            case ast.Attribute(value=ast.Name(id="labkit"), attr=name):
                yield name
