"""A lab as it is printed: nothing is folded, nothing is clicked, the solutions stand at the end.

What Quarto loses on the way to Typst is written into the notebook before: the words above what the
page folds, and the captions of tables. `styles/pdf.typ` has the functions that are called here.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from bs4 import BeautifulSoup
from nbformat import NotebookNode, from_dict
from nbformat.v4 import new_markdown_cell, new_output

from course.cell import Cell
from course.notebook import Lab
from course.predictions import PromptError, is_prompt, read
from course.site.sources import is_shown, without_size

SUMMARY = re.compile(r"<details\b[^>]*>\s*<summary\b[^>]*>(.*?)</summary>", re.DOTALL)
END_OF_DETAILS = re.compile(r"</details\s*>")
CONTROL = re.compile(r"\x1b\[[\d;]*m|[\x00-\x08\x0b-\x1f\x7f]")  # colours, and what has no sign
UNBROKEN = re.compile(r"\S{90}(?=\S)")  # Typst breaks a line at spaces alone
NOBODY_SAID = "Not predicted; it is "  # on paper one predicts by pencil, or not at all
ON_THE_SITE = "*The interactive figure that belongs here is on the course's site.*"


def printed(lab: Lab) -> NotebookNode:
    """Return the notebook of a lab for the printer; the lab itself stays as it is."""
    moved: dict[int, list[NotebookNode]] = {}  # a solution's cell → what stands in its place
    end: list[NotebookNode] = []
    for number, exercise in enumerate(lab.exercises, 1):
        solution = [cell for cell in exercise.cells if "solution" in cell.tags]
        if not solution:
            continue
        place = f"printed-solution-{number}"
        moved |= {cell.index: [] for cell in solution}
        pointer = f"The solution is on `#page-of(<{place}>)`{{=typst}}."
        moved[solution[0].index] = [new_markdown_cell(pointer)]
        end.append(new_markdown_cell(f"### {exercise.title} {{#{place}}}"))
        end += [node for cell in solution for node in _unfolded(cell, with_summary=False)]
    if end:
        end.insert(0, new_markdown_cell("## Solutions"))
    cells = [
        node
        for cell in lab.lesson
        for node in (moved[cell.index] if cell.index in moved else _unfolded(cell))
    ]
    cells.insert(1, new_markdown_cell(_typst("contents")))
    notebook: NotebookNode = from_dict({**lab.node, "cells": cells + end})
    return notebook


def _unfolded(cell: Cell, *, with_summary: bool = True) -> Iterator[NotebookNode]:
    """Yield a cell as it is printed, below the words under which the page folds it."""
    if cell.kind == "markdown":
        text = SUMMARY.sub(lambda found: f"\n\n{_summary(found[1])}\n\n", cell.source)
        yield NotebookNode({**cell.node, "source": END_OF_DETAILS.sub("\n\n", text)})
    elif is_prompt(cell):
        yield _question(cell)
    elif cell.kind == "code":
        if with_summary and (words := cell.options.get("code-summary")):
            yield new_markdown_cell(_summary(str(words)))
        numbered = "label" in cell.options  # words as Markdown would be a part of the figure
        outputs = [shown for output in cell.outputs for shown in _outputs(output, numbered)]
        yield NotebookNode({**cell.node, "outputs": outputs})


def _question(cell: Cell) -> Any:
    """Return a predict prompt as it is asked on paper; one of another form stays code."""
    try:
        prompt = read(cell)
    except PromptError:
        return cell.node
    words = prompt.asked.question.replace("`", "") + (f" ({prompt.ways})" if prompt.ways else "")
    return new_markdown_cell(_typst("question", words))


def _summary(words: str) -> str:
    return _typst("label-line", BeautifulSoup(words, "html.parser").get_text())


def _outputs(output: Any, numbered: bool) -> Iterator[Any]:
    """Yield an output as it is printed: a table below its caption, no empty box."""
    data = output.get("data", {})
    table = BeautifulSoup(data.get("text/html", ""), "html.parser").table
    if table:
        for picture in table.find_all("img"):  # what it shows stands beside it in words
            picture.decompose()
        data = {**data, "text/html": str(table)}
        output = NotebookNode({**output, "data": NotebookNode(data)})
    is_picture = any(mime.startswith("image/") for mime in data)
    if table and table.caption:
        caption = table.caption.extract().get_text(" ")
        yield _markdown_output(_typst("table-caption", caption))
        yield NotebookNode({**output, "data": NotebookNode({**data, "text/html": str(table)})})
    elif not is_picture and _is_interactive(data, has_table=table is not None):
        yield _markdown_output(ON_THE_SITE)
    elif not numbered and (words := output.get("text") or _plain(data)):
        words = words.rstrip("\n").replace(NOBODY_SAID, "It is ")
        text = UNBROKEN.sub(lambda letters: f"{letters[0]}\u200b", words)
        yield _markdown_output(_typst("printed", text, lines=True))
    elif is_shown(output):
        yield without_size(output)


def _plain(data: dict[str, str]) -> str:
    return data["text/plain"] if list(data) == ["text/plain"] else ""


def _is_interactive(data: dict[str, Any], has_table: bool) -> bool:
    """Tell whether an output is a program, or HTML of which Typst takes nothing."""
    lost = "text/html" in data and not has_table
    return lost or any(mime.startswith("application/") for mime in data)


def _markdown_output(markdown: str) -> NotebookNode:
    output: NotebookNode = new_output("display_data", {"text/markdown": markdown})
    return output


def _typst(function: str, text: str | None = None, *, lines: bool = False) -> str:
    """Return a Markdown block that calls a function of `styles/pdf.typ`; `lines` keeps them."""
    argument = ""
    if text is not None:  # a string of JSON without control characters is one of Typst
        text = CONTROL.sub("", text) if lines else " ".join(text.split())
        argument = json.dumps(text, ensure_ascii=False)
    return f"```{{=typst}}\n#{function}({argument})\n```"
