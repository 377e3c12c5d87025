"""The predict prompts of a lab, read from its cells: what is asked, and where it is compared.

A cell tagged `predict` assigns `NAME = Predict("…")` and calls `NAME(...)`, and no more; a later
cell ends with `NAME.compare(value)`. Rules, pages and print go by what is read here.
"""

import ast
from dataclasses import dataclass
from typing import Any

from course.cell import Cell
from course.notebook import Lab
from labkit import Predict

TAG = "predict"
FORM = 'NAME = Predict("question?"), then NAME(...), and nothing else'


class PromptError(ValueError):
    """A cell that is tagged `predict` and has another form, with a message that says which part."""


@dataclass(frozen=True)
class Prompt:
    """A question of a lab; `answered` where something stands in place of the dots."""

    cell: Cell
    name: str
    asked: Predict
    answered: bool

    @property
    def ways(self) -> str:
        """What may be said, for a reader on paper: empty for a number without a unit."""
        kind, unit = self.asked.kind, self.asked.unit
        if isinstance(kind, str):
            words = f"in {unit}" if unit else ""
            return "positive, negative or zero" if kind == "sign" else words
        *others, last = kind
        return f"{', '.join(others)} or {last}"


def is_prompt(cell: Cell) -> bool:
    """Tell whether a cell is tagged as a prompt."""
    return cell.kind == "code" and TAG in cell.tags


def read(cell: Cell) -> Prompt:
    """Read the prompt in a cell, or raise a PromptError."""
    match cell.tree.body:
        case [
            ast.Assign(targets=[ast.Name(id=name)], value=ast.Call() as made),
            ast.Expr(ast.Call(func=ast.Name(id=called), args=[said], keywords=[])),
        ] if name == called and makes_prompt(made):
            is_dots = isinstance(said, ast.Constant) and said.value is ...
            return Prompt(cell, name, _asked(made), not is_dots)
    raise PromptError(f"it is not {FORM}")


def makes_prompt(node: ast.AST) -> bool:
    """Tell whether an expression is a call of `Predict`, or of `labkit.Predict`."""
    match node:
        case ast.Call(func=ast.Name(id="Predict")):
            return True
        case ast.Call(func=ast.Attribute(value=ast.Name(id="labkit"), attr="Predict")):
            return True
    return False


def _asked(call: ast.Call) -> Predict:
    """Make the question that a call makes: it says itself what is wrong with its arguments."""
    try:
        arguments = [ast.literal_eval(argument) for argument in call.args]
        named: dict[str, Any] = {str(k.arg): ast.literal_eval(k.value) for k in call.keywords}
    except ValueError as error:
        raise PromptError("its question, kind and unit are not all written out") from error
    try:
        return Predict(*arguments, **named)
    except (TypeError, ValueError) as error:
        raise PromptError(str(error).rstrip(".")) from error


def compared(cell: Cell) -> str | None:
    """Return the NAME where a cell ends with `NAME.compare(…)`, else None."""
    match cell.tree.body:
        case [*_, ast.Expr(ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="compare")))]:
            return name
    return None


def prompts(lab: Lab) -> list[Prompt]:
    """List the prompts of a lab that have the form (rule `predict-form` names the others)."""
    found = []
    for cell in filter(is_prompt, lab.cells):
        try:
            found.append(read(cell))
        except PromptError:
            continue
    return found


def comparisons(lab: Lab) -> dict[str, list[Cell]]:
    """Find the cells that compare each prompt, by its name."""
    found: dict[str, list[Cell]] = {prompt.name: [] for prompt in prompts(lab)}
    for cell in lab.code:
        if (name := compared(cell)) in found:
            found[str(name)].append(cell)
    return found
