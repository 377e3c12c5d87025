"""Rules about the parts that make a lab a test: Check, Report and the exercises."""
# ruff: noqa: D401 - the docstring of a rule says why there is one

import ast
import re
from collections.abc import Iterator

from course.markdown import count_words
from course.notebook import NAME, TASK_TAGS, Exercise, Lab
from course.pages.discussions import discussion, open_question
from course.rules.calls import calls
from course.rules.registry import Found, rule

MAY_BE_TYPED = re.compile(r"95 %|R 4\.2\.2|\b[A-Za-z_]\w*\d\w*|\b\d-[A-Z]\b")


@rule('add three numbers, `checks.add("name", value, below=…)`, and end with `checks.report()`')
def checks(lab: Lab) -> Found:
    """Running the lab is its test; what is added after the last report is never tested."""
    found = []
    for cell in lab.section("4 Check"):
        here = [(call.lineno, name) for call, owner, name in calls(cell.tree) if owner == "checks"]
        found += [(cell, name) for _, name in sorted(here)]
    names = [name for _, name in found]
    if names.count("add") < 3:
        yield None, f"`checks.add` is called {names.count('add')} times in section 4"
    if "report" not in names:
        yield None, "section 4 does not call `checks.report()`"
        return
    for cell, name in reversed(found):
        if name == "report":
            return
        if name == "add":
            yield cell, "this check is added after the last report"


@rule("state it by `checks.verdict(…)` in section 4, and begin section 5 with `checks.verdicts()`")
def verdicts(lab: Lab) -> Found:
    """A verdict that no check holds says what it said before the mistake."""
    for section, name in (("4 Check", "verdict"), ("5 Report", "verdicts")):
        called = [
            (owner, called)
            for cell in lab.section(section)
            for _, owner, called in calls(cell.tree)
        ]
        if ("checks", name) not in called:
            yield None, f"section {section[0]} does not call `checks.{name}`"


@rule("compute each number and put it in with {…}; only `95 %`, `R 4.2.2`, x1, 1-D may be typed")
def report_numbers(lab: Lab) -> Found:
    """A typed number goes on saying what last year's run found."""
    for cell in lab.section("5 Report"):
        for text in _sentences(cell.tree):
            text = MAY_BE_TYPED.sub("", text.replace("\u00a0", " ").replace("\u202f", " "))
            if match := re.search(r"\S*\d\S*", text):
                yield cell, f"the report has `{match[0]}` typed in"


@rule("print the paragraph from code, with its numbers computed")
def report_computed(lab: Lab) -> Found:
    """The report is the lab's result: it must follow from the run."""
    section = lab.section("5 Report")
    code = [cell for cell in section if cell.kind == "code"]
    unrun = any(cell.node.execution_count is None for cell in code)  # execution-counts says so
    if section and not unrun and not any(cell.shows_output for cell in code):
        yield section[0], "no code cell of section 5 shows a report"


@rule("write `### Exercise 1: …`, `### Exercise 2: …`, `### Exercise 3: …`, each in its own cell")
def three_exercises(lab: Lab) -> Found:
    """From a small change to a real question: three, numbered, so that a class can name them."""
    headings = (heading for cell in lab.cells for heading in cell.headings)
    titles = [text for level, text in headings if level == 3 and text.startswith("Exercise ")]
    numbers = [re.sub(r"^Exercise (\d+): \S.*$", r"\1", title) for title in titles]
    if numbers != ["1", "2", "3"]:
        yield None, f"the exercises are: {', '.join(titles) or 'none'}"


@rule("order: prompt, <details> Hint 1 and Hint 2, cells tagged exercise, exercise-check, solution")
def exercise_complete(lab: Lab) -> Found:
    """Try, ask for a hint, be told what is wrong, compare: each step needs its cell."""
    inside = {cell.index for exercise in lab.exercises for cell in exercise.cells}
    for cell in lab.cells:
        if cell.tags & TASK_TAGS and cell.index not in inside:
            yield cell, f"the tag `{min(cell.tags & TASK_TAGS)}` stands outside an exercise"
    for exercise in lab.exercises:
        code = [cell for cell in exercise.cells if cell.kind == "code"]
        order = [tag for cell in code for tag in cell.tags & TASK_TAGS]
        faults = {
            "has no prompt": count_words(exercise.prompt) < 5,
            "has not two hints": len(exercise.hints) != 2,
            "has not one `exercise` cell": order.count("exercise") != 1,
            "has not one `exercise-check` cell": order.count("exercise-check") != 1,
            "has no `solution` cell": "solution" not in order,
            "is out of order": order != sorted(order),  # the tags' alphabet is their order
            "is followed by no heading": not _heading_follows(lab, exercise),
        }
        for fault, found in faults.items():
            if found:
                yield exercise.cells[0], f"the exercise {fault}"


@rule("begin with `#| code-fold: true`, `#| code-summary: Solution`; in markdown use <details>")
def solution_folded(lab: Lab) -> Found:
    """A solution in sight is read before the exercise is tried."""
    for cell in lab.cells:
        if cell.kind == "code":
            folded = cell.options.get("code-fold") is True and cell.options.get("code-summary")
        else:
            folded = cell.source.lstrip().startswith("<details>")
        if "solution" in cell.tags and not folded:
            yield cell, "the solution is not folded, or has no summary"


def _heading_follows(lab: Lab, exercise: Exercise) -> bool:
    """Tell whether the lesson goes on under a heading: without one it would be the exercise's."""
    after = lab.cells[exercise.cells[-1].index + 1 :]
    return not after or bool(after[0].headings)


def _sentences(tree: ast.Module) -> Iterator[str]:
    """Yield literal parts of f-strings and plain strings of several words, not formats and keys."""
    nodes = list(ast.walk(tree))
    apart = [n.format_spec for n in nodes if isinstance(n, ast.FormattedValue) and n.format_spec]
    apart += [n.slice for n in nodes if isinstance(n, ast.Subscript)]
    skipped = {id(child) for part in apart for child in ast.walk(part)}
    literal = {id(part) for n in nodes if isinstance(n, ast.JoinedStr) for part in n.values}
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            words = id(node) in literal or " " in node.value.strip()
            if words and id(node) not in skipped:
                yield re.sub(r"\{[^{}]*\}", "", node.value)


@rule(
    "write a paragraph about it in instructors/exercises.md, under `## my_NAME`, the name of the "
    "exercise's stub"
)
def open_questions(lab: Lab) -> Found:
    """No check can judge the answer, so whoever teaches needs to know what a good one touches."""
    for exercise in lab.exercises:
        question = open_question(exercise)
        named = any(map(NAME.search, (cell.source for cell in exercise.tagged("exercise"))))
        if question and not (named and discussion(lab, exercise)):
            yield exercise.cells[0], f"nothing is written about the open question “{question}”"
