"""Rules about predict prompts, which the page turns into forms."""
# ruff: noqa: D401 - the docstring of a rule says why there is one

import ast
from collections import Counter

from course.notebook import Lab
from course.predictions import (
    FORM,
    PromptError,
    comparisons,
    is_prompt,
    makes_prompt,
    prompts,
    read,
)
from course.rules.registry import Found, rule

FEWEST = 5  # prompts a lab


@rule(f"tag the cell `predict` and write {FORM}, each part of the question written out")
def predict_form(lab: Lab) -> Found:
    """The page makes a form of the question, without running it; the student finds the dots."""
    for cell in lab.code:
        if is_prompt(cell):
            try:
                read(cell)
            except PromptError as error:
                yield cell, f"this is no prompt: {error}"
        elif any(makes_prompt(node) for node in ast.walk(cell.tree)):
            yield cell, "`Predict` is called in a cell that is not tagged `predict`"


@rule("put the dots back, `NAME(...)`, and execute the lab")
def predict_unanswered(lab: Lab) -> Found:
    """A prediction that stands there already is nobody's."""
    for prompt in prompts(lab):
        if prompt.answered:
            yield prompt.cell, f"the prediction `{prompt.name}` is made already"


@rule("end one later cell, where the answer is seen, with `NAME.compare(value)`; one NAME a prompt")
def predict_compared(lab: Lab) -> Found:
    """Who predicts wants to know, once, where the answer is seen, and not before."""
    names = Counter(prompt.name for prompt in prompts(lab))
    cells = comparisons(lab)
    for prompt in prompts(lab):
        found = cells[prompt.name]
        calls = sum(_calls_compare(cell.tree, prompt.name) for cell in lab.code)
        if names[prompt.name] > 1:
            yield prompt.cell, f"another prompt is called `{prompt.name}` too"
        elif len(found) != 1 or calls != 1:
            yield prompt.cell, f"{len(found)} cells end with `{prompt.name}.compare(…)`, not one"
        elif found[0].index < prompt.cell.index:
            yield found[0], f"`{prompt.name}` is compared before it is asked"


def _calls_compare(tree: ast.AST, name: str) -> int:
    return sum(
        isinstance(node, ast.Attribute)
        and node.attr == "compare"
        and isinstance(node.value, ast.Name)
        and node.value.id == name
        for node in ast.walk(tree)
    )


@rule("ask at least five, each before the cell that shows its answer")
def five_predictions(lab: Lab) -> Found:
    """Who has said what will come out looks at what comes out; five a lab keep one looking."""
    count = len(prompts(lab))
    if count < FEWEST:
        yield None, f"the lab asks for {count} predictions, at least {FEWEST}"
