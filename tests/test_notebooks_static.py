"""Every lab keeps every rule, and every rule can go red.

The rules stand in course/rules; `python course/rules/check.py` applies them to the labs too.
"""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbformat.v4 import (
    new_code_cell,
    new_markdown_cell,
    new_notebook,
    new_output,
    new_raw_cell,
)

from course.collapsed import stored_metadata
from course.effort import WORDS_A_MINUTE, core_minutes
from course.notebook import Lab
from course.pages.term_links import linked
from course.publishing.colab import set_up
from course.publishing.repository import Repository
from course.rules.check import RULES, breaches, check_file, main
from course.rules.registry import Rule
from course.rules.torch_names import torch_names

ROOT = Path(__file__).resolve().parents[1]
LABS = sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", LABS, ids=lambda path: path.stem)
def test_lab_keeps_every_rule(path: Path) -> None:
    found = check_file(path)
    assert not found, "\n" + "\n".join(map(str, found))


# A small lab that keeps every rule. Each bad example below changes one thing in it.

FIRST = "# A small lab\n\nIs it small?\n\n**About 35 minutes.** You know [lab 01](01-first.ipynb)."
ABOUT = {
    "part": "Labs",
    "question": "Is it small?",
    "description": "A lab of e.g. ten lines.",
    "figure": "fig-loss",
    "verdict": "The slope goes **{verdict of slope}**.",
    "minutes": 35,
    "prerequisites": [],
    "terms": ["learning", "fit", "session_info"],
}
TERMS = """
- part: Words
  languages: [statistics, deep learning]
  themes:
    - {theme: A, terms: [{term: learning, spelled: [learn], statistics: x}]}
    - {theme: B, terms: [{term: fit, statistics: y}, {term: epoch, statistics: z}]}
- {part: Code, languages: [R, Python], themes: [{theme: C, terms: [{term: session_info, R: w}]}]}
"""
REFERENCES = """
10.1038/nbt.3300: {authors: [A. One], year: 2015, title: On it, where: A journal}
"""
CITED = "[A. One (2015)](https://doi.org/10.1038/nbt.3300). On it. A journal."
ALT = "A curve that falls steeply at first, and is flat from step 50 on"
FIGURE = (
    f"#| label: fig-loss\n#| fig-cap: The loss by step\n#| fig-alt: {ALT}\n_ = plot_history(rows)"
)
SOLUTION = "#| code-fold: true\n#| code-summary: Solution\nanswer = np.mean(y)"
CHECKS = (
    "checks = Checks()\n"
    'for name in ("a", "b"):\n'
    '    checks.add(name, 1.0, below=2)\nchecks.add("rows", 5, above=4)\n'
    'checks.add("gap", gap, below=3)\n'
    'checks.verdict("slope", gain, "up", below="down", above="up", rule="Student")\n'
    "checks.report()"
)
HINT = "<details><summary>Hint 1</summary>\n\nThe mean is the sum over `n`.\n\n</details>"
SECOND_HINT = "<details><summary>Hint 2</summary>\n\nTry `np.mean`.\n\n</details>"
PROSE = """Read these words slowly, because a lab is a lesson with code in it and not a script with
remarks: the sum of squares falls with every step, in code `@torch.no_grad()`, in mathematics
$\\{@x\\}$, until nothing is left to learn."""

SIX = [PROSE.replace("to learn", "to [learn](terms.md#learning)"), *[PROSE] * 5]


def md(name: str, source: str) -> Any:
    return new_markdown_cell(source, id=name)


def code(name: str, source: str, *outputs: Any, tags: str = "") -> Any:
    metadata = {"tags": tags.split()} if tags else {}
    cell = new_code_cell(source, id=name, metadata=metadata, outputs=list(outputs))
    cell.metadata = stored_metadata(cell)
    return cell


def stream(text: str, name: str = "stdout") -> Any:
    return new_output("stream", name=name, text=text)


def shown(kind: str = "text/plain", value: str = "0.5", output: str = "execute_result") -> Any:
    return new_output(output, data={kind: value})


def picture(value: str = "aGVsbG8=", **size: int) -> Any:
    data = {"image/png": value, "text/plain": "<Figure size 640x480 with 1 Axes>"}
    size = size or {"width": 576, "height": 333}
    return new_output("display_data", data=data, metadata={"image/png": size})


TABLE = """<table><thead><tr><th>Question</th><th>Estimate</th><th>Verdict</th></tr></thead>
<tbody><tr><th>slope</th><td>0.5</td><td>up</td></tr></tbody></table>"""


def exercise(k: int) -> list[Any]:
    question = f"### Exercise {k}: a mean\n\nCompute the mean of y by hand."
    return [
        md(f"prompt-{k}", f"{question}\n\n{HINT}\n\n{SECOND_HINT}"),
        code(f"exercise-{k}", "answer = None  # your turn", tags="exercise"),
        code(f"check-{k}", "grade(answer)", stream("not attempted\n"), tags="exercise-check"),
        code(f"solution-{k}", SOLUTION, tags="solution"),
    ]


GUESSES = ["two", "three", "four", "five"]


def prompt(name: str) -> Any:
    source = f'{name} = labkit.Predict("How large is the mean?")\n{name}(...)'
    output = shown(value="Not predicted yet: How large is the mean?")
    return code(f"ask-{name}", source, output, tags="predict")


def comparison(name: str) -> list[Any]:
    outcome = shown(value="Not predicted; it is 0.5.")
    return [
        md(f"and-{name}", "And so?"),
        code(f"tell-{name}", f"{name}.compare(y.mean())", outcome),
    ]


def good_notebook() -> Any:
    cells = [
        md("first", FIRST),
        md(
            "objectives",
            "## Learning objectives\n\n- [fit](terms.md#fit) a line\n- check it\n- report it",
        ),
        md("background", "## Background\n\n" + "\n\n".join(SIX)),
        md("setup", "## Setup\n\nWe import what we need, and draw the data."),
        code(
            "imports",
            "import numpy as np\n\nimport labkit\n\nrng = np.random.default_rng(42)\n"
            "y = rng.random(5)",
        ),
        md("goal", "## 1 Goal\n\n### What counts\n\nDo we recover the slope?"),
        md("approach", "## 2 Approach\n\nGradient descent, in NumPy."),
        prompt("one"),
        md("before-numbers", "Now the mean itself."),
        code("numbers", "y.mean().round(1)", shown()),
        *comparison("one"),
        md("read", "The mean is about a half.\n\n## 3 Execution\n\nNow the loop itself."),
        *(prompt(name) for name in GUESSES),
        md("before-figure", "Now the curve."),
        code("figure", FIGURE, picture()),
        md("read-figure", "The loss falls. The same loop in torch follows."),
        code(
            "torch",
            "# needs torch\nimport torch\n\ntorch.manual_seed(1)\nw = torch.randn(3)",
            tags="torch",
        ),
        *(cell for name in GUESSES for cell in comparison(name)),
        *exercise(1),
        *exercise(2),
        *exercise(3),
        md("check", "## 4 Check\n\nEach number has its range."),
        code("checks", CHECKS, stream("all as expected\n")),
        md("read-checks", "All are where they should be."),
        md("report", "## 5 Report\n\nThe verdict first."),
        code("verdicts", "checks.verdicts()", shown("text/html", TABLE)),
        md("read-verdicts", "And the paragraph for the paper."),
        code(
            "paper", 'print(f"x1 rose by {gap:.2f} (95 % interval, R 4.2.2).")', stream("x1 rose")
        ),
        md("read-report", "That is all that the data say."),
        md("pitfalls", "## Common pitfalls\n\nForgetting [the seed](https://example.org/seed)."),
        md("reading", f"## Further reading\n\n- {CITED}"),
        md("session", "## Session info"),
        code("versions", "session_info()", stream("numpy 2\n")),
    ]
    kernel = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
    return new_notebook(cells=cells, metadata={"kernelspec": kernel, "course": {**ABOUT}})


QUARTO = """
project: {type: website, render: ["*.qmd", "/notebooks/*.ipynb"]}
website:
  sidebar:
    contents: [index.qmd, {section: Labs, contents: [{href: notebooks/02-small.ipynb}]}]
"""


ANY = QUARTO.replace("02-small", "*")


@dataclass
class Draft:
    """A lab in the making, with the files around it."""

    root: Path
    nb: Any
    quarto: str = QUARTO
    name: str = "02-small.ipynb"

    def __getitem__(self, name: str) -> Any:
        return next(cell for cell in self.nb.cells if cell.id == name)

    def finish(self) -> Lab:
        (self.root / "notebooks").mkdir(exist_ok=True)
        for name in ("01-first.ipynb", "terms.md"):
            (self.root / "notebooks" / name).touch()
        (self.root / "_quarto.yml").write_text(self.quarto)
        (self.root / "terms.yml").write_text(TERMS)
        (self.root / "references.yml").write_text(REFERENCES)
        return Lab(self.root / "notebooks" / self.name, self.nb, self.root)


def number(nb: Any) -> None:
    """Give the code cells the counts that a run from the top gives them."""
    run = [
        c for c in nb.cells if c.cell_type == "code" and "colab" not in c.metadata.get("tags", [])
    ]
    for count, cell in enumerate(run, 1):
        cell.execution_count = count


@pytest.fixture
def draft(tmp_path: Path) -> Draft:
    draft = Draft(tmp_path, good_notebook())
    number(draft.nb)
    return draft


# The edits: each returns a function that spoils one thing in a draft.

Edit = Callable[[Draft], None]


def swap(name: str, old: str, new: str) -> Edit:
    def edit(draft: Draft) -> None:
        assert old in draft[name].source
        draft[name].source = draft[name].source.replace(old, new)

    return edit


def write(name: str, source: str) -> Edit:
    return lambda draft: draft[name].update(source=source)


def add(name: str, text: str) -> Edit:
    return lambda draft: draft[name].update(source=f"{draft[name].source}\n\n{text}")


def say(**about: Any) -> Edit:
    return both(lambda draft: draft.nb.metadata["course"].update(about), relink)


def relink(draft: Draft) -> None:
    """Link the terms that the draft names now."""
    for index, text in linked(draft.finish()).items():
        draft.nb.cells[index].source = text


def stated(minutes: int) -> Edit:
    return both(say(minutes=minutes), swap("first", "35 minutes", f"{minutes} minutes"))


def beside(stem: str) -> Edit:
    def edit(draft: Draft) -> None:
        (draft.root / "notebooks").mkdir(exist_ok=True)
        (draft.root / "notebooks" / f"{stem}.ipynb").touch()

    return edit


def put(name: str, *outputs: Any) -> Edit:
    return lambda draft: draft[name].update(outputs=list(outputs))


def tag(name: str, *tags: str) -> Edit:
    return lambda draft: draft[name].metadata.update(tags=list(tags))


def drop(*names: str) -> Edit:
    def edit(draft: Draft) -> None:
        gone = [draft[name] for name in names]
        draft.nb.cells = [cell for cell in draft.nb.cells if cell not in gone]
        number(draft.nb)

    return edit


def insert(after: str, *cells: Callable[[], Any]) -> Edit:
    def edit(draft: Draft) -> None:
        at = draft.nb.cells.index(draft[after]) + 1
        draft.nb.cells[at:at] = [cell() for cell in cells]
        number(draft.nb)

    return edit


def switch(first: str, second: str) -> Edit:
    def edit(draft: Draft) -> None:
        cells = draft.nb.cells
        i, j = cells.index(draft[first]), cells.index(draft[second])
        cells[i], cells[j] = cells[j], cells[i]
        number(draft.nb)

    return edit


def both(*edits: Edit) -> Edit:
    def edit(draft: Draft) -> None:
        for each in edits:
            each(draft)

    return edit


def merge(first: str, *others: str) -> Edit:
    def join(draft: Draft) -> None:
        for name in others:
            add(first, draft[name].source)(draft)

    return both(join, drop(*others))


def meta(name: str, **entries: Any) -> Edit:
    return lambda draft: draft[name].metadata.update(entries)


def lines(count: int) -> str:
    return "\n".join(f"a{i} = {i}" for i in range(count))


NEEDS_TORCH = "# needs torch\n"
SECOND_FIGURE = insert(
    "figure",
    lambda: md("between", "Once more, for another seed."),
    lambda: code("again", FIGURE, picture()),
)

PUBLISHED = QUARTO.replace("website:", "website:\n  repo-url: https://github.com/a/b")
NO_ADDRESS = QUARTO.replace("website:", "website:\n  repo-url: here")


def quarto(old: str, new: str) -> Edit:
    return lambda draft: setattr(draft, "quarto", QUARTO.replace(old, new))


def published(draft: Draft) -> None:
    draft.quarto = PUBLISHED


def for_colab(url: str, after: str = "setup") -> Edit:
    return insert(after, lambda: set_up([], Repository(url))[0])


ASK = 'guess = labkit.Predict("Is the mean above a half?", ["yes", "no"])\nguess(...)'
TELL = 'guess.compare("yes" if y.mean() > 0.5 else "no")'


def asked(ask: str = ASK, tell: str = TELL, *, tags: str = "predict") -> Edit:
    """Put a prompt before the first number, and its comparison below it; each with its text."""
    answer = shown(value="Not predicted yet: Is the mean above a half?")
    outcome = shown(value="Not predicted; it is yes.")
    prompt = insert(
        "approach",
        lambda: code("ask", ask, answer, tags=tags),
        lambda: md("then", "Now the mean itself."),
    )
    told = insert("numbers", lambda: md("told", "And so?"), lambda: code("tell", tell, outcome))
    return both(prompt, told)


def long(minutes: float) -> str:
    """Return words that make the core of the small lab take so long."""
    small = Lab(ROOT / "notebooks" / "02-small.ipynb", good_notebook(), ROOT)
    return "word " * round((minutes - core_minutes(small)) * WORDS_A_MINUTE)


NEW_GAP = "gap = 2\nchecks ="
ONE_GAP = ("checks =", NEW_GAP)


def texts(count: int) -> list[Callable[[], Any]]:
    """Return cells of text, which are no task."""
    return [lambda k=k: md(f"text-{k}", "Go on.") for k in range(count)]


def heading(title: str) -> Callable[[], Any]:
    return lambda: md(title.lower(), f"### {title}\n\nGo on.")


def further(*made: str, core: str = "") -> Edit:
    """Put code marked Further behind torch, more of it below texts, and code of the core."""
    part = [("### Further: more\n\nGo on.", made[0]), *zip(made[1::2], made[2::2], strict=True)]
    part += [("### The core again\n\nGo on.", core)] if core else []
    cells: list[Any] = []
    for k, (text, source) in enumerate(part):
        cells += [md(f"part-{k}", text), code(f"part-code-{k}", source)]
    return insert("torch", *(lambda cell=cell: cell for cell in cells))


BAD: list[tuple[str, str, Edit]] = [
    ("valid-notebook", "a key outside the format", lambda d: d["setup"].update(outputs=[])),
    ("valid-notebook", "a format without cell ids", lambda d: age(d)),
    ("valid-notebook", "one id twice", lambda d: d["goal"].update(id="setup")),
    ("file-name", "capitals", lambda d: d.__dict__.update(name="02-Small.ipynb", quarto=ANY)),
    ("in-navigation", "not in the sidebar", lambda d: setattr(d, "quarto", "website: {}")),
    ("in-navigation", "not rendered", quarto("notebooks/*", "labs/*")),
    ("kernel", "an own kernel", lambda d: d.nb.metadata.kernelspec.update(name="my-env")),
    ("kernel", "no kernel", lambda d: d.nb.metadata.pop("kernelspec")),
    ("cell-metadata", "left by an editor", meta("setup", editable=True)),
    ("cell-metadata", "a pasted picture", lambda d: d["setup"].update(attachments={})),
    ("collapsed", "an open solution", lambda d: d["solution-1"].metadata.pop("jupyter")),
    ("collapsed", "its outputs", lambda d: d["solution-1"].metadata.jupyter.pop("outputs_hidden")),
    ("collapsed", "an open check", lambda d: d["check-1"].metadata.pop("jupyter")),
    ("collapsed", "not folded by Quarto", meta("figure", jupyter={"source_hidden": True})),
    ("collapsed", "folded by Quarto alone", meta("figure", **{"code-fold": True})),
    ("collapsed", "text", meta("goal", jupyter={"source_hidden": True})),
    ("wrapped-options", "a long caption", swap("figure", "The loss", "The loss " * 9)),
    ("figure-size", "none", put("figure", shown("image/png", "aGVsbG8=", "display_data"))),
    ("figure-size", "too high", put("figure", picture(width=500, height=601))),
    ("known-tags", "mistyped", tag("exercise-1", "exercise", "excercise")),
    ("known-tags", "on text", tag("setup", "torch")),
    ("colab-cell", "missing", lambda d: setattr(d, "quarto", PUBLISHED)),
    ("colab-cell", "of another address", both(for_colab("https://gitlab.com/a/b"), published)),
    ("colab-cell", "with no address", for_colab("https://github.com/a/b")),
    (
        "colab-cell",
        "says something",
        both(for_colab("https://github.com/a/b"), published, put("colab", stream("done"))),
    ),
    (
        "colab-cell",
        "in another place",
        both(for_colab("https://github.com/a/b", after="read"), published),
    ),
    ("colab-cell", "an address that is none", lambda d: setattr(d, "quarto", NO_ADDRESS)),
    ("nbval-loophole", "raises-exception", tag("numbers", "raises-exception")),
    ("nbval-loophole", "skipped by tag", tag("numbers", "nbval-skip")),
    ("nbval-loophole", "skipped by comment", swap("numbers", "y.", "# NBVAL_SKIP\ny.")),
    ("empty-cell", "of text", insert("goal", lambda: md("empty", " \n"))),
    ("weight", "a huge picture", put("figure", picture("A" * 2_100_000))),
    ("weight", "a huge print", put("numbers", stream("y " * 800_000))),
    ("first-cell", "missing", both(drop("first"), relink)),
    ("first-cell", "no title", swap("first", "# A small lab\n\n", "")),
    ("first-cell", "no question", swap("first", "Is it small?\n\n", "")),
    ("first-cell", "two sentences", swap("first", "Is it small?", "It is. Or is it?")),
    ("first-cell", "other minutes", swap("first", "35 minutes", "45 minutes")),
    ("raw-cell", "in the middle", insert("goal", lambda: new_raw_cell("x", id="raw"))),
    ("raw-cell", "front matter", insert("first", lambda: new_raw_cell("---\na: b\n---", id="raw"))),
    ("course-metadata", "missing", both(lambda d: d.nb.metadata.pop("course"), relink)),
    ("course-metadata", "no question", lambda d: d.nb.metadata["course"].pop("question")),
    ("course-metadata", "an empty part", say(part=" ")),
    ("course-metadata", "a question that is no text", say(question=3)),
    ("course-metadata", "two sentences", say(description="A lab. It is short.")),
    ("course-metadata", "minutes as text", say(minutes="35")),
    ("course-metadata", "no terms", say(terms=[])),
    ("course-metadata", "terms as text", say(terms="learning, fit")),
    ("course-metadata", "a term that is no text", say(terms=["fit", 1])),
    ("course-metadata", "a term twice", say(terms=["fit", "fit"])),
    ("course-metadata", "an unknown key", say(solution="x = 1")),
    ("card", "a figure that is not there", say(figure="fig-lost")),
    (
        "card",
        "a figure of a solution",
        both(
            write("solution-1", SOLUTION.replace("#|", "#| label: fig-secret\n#|", 1)),
            say(figure="fig-secret"),
        ),
    ),
    ("card", "no picture", put("figure", shown())),
    ("card", "a number that is typed", say(verdict="**{verdict of slope}**, by 0.5")),
    ("card", "nothing that was found", say(verdict="The slope goes up.")),
    ("card", "an unknown row", say(verdict="**{verdict of gap}**")),
    ("card", "an unknown column", say(verdict="**{rule of slope}**")),
    ("card", "words that the report has not", say(verdict="It {report: fell by … in} all.")),
    ("card", "a place that is none", say(verdict="{verdict of slope}, by {slope}")),
    ("prerequisites", "missing", lambda d: d.nb.metadata["course"].pop("prerequisites")),
    ("prerequisites", "a number", say(prerequisites=[1])),
    ("prerequisites", "as text", say(prerequisites="01-first")),
    ("prerequisites", "twice", say(prerequisites=["01-first", "01-first"])),
    ("prerequisites", "a later lab", say(prerequisites=["03-later"])),
    ("prerequisites", "itself", say(prerequisites=["02-small"])),
    ("prerequisites", "no lab", say(prerequisites=["01-fist"])),
    (
        "prerequisites",
        "not linked",
        both(
            say(prerequisites=["01-first"]), beside("00-zero"), swap("first", "01-first", "00-zero")
        ),
    ),
    ("known-terms", "unknown", say(terms=["fit", "dropout"])),
    ("terms-in-text", "not in the text", say(terms=["fit", "epoch"])),
    ("terms-linked", "a use before the link", swap("objectives", "- check", "- learn to check")),
    ("terms-linked", "no link", swap("objectives", "[fit](terms.md#fit)", "fit")),
    ("terms-linked", "a second link", add("goal", "Then [fit](terms.md#fit) it.")),
    ("terms-linked", "no such term", add("goal", "Then [go](terms.md#going).")),
    ("known-references", "unknown", swap("reading", "3300", "3301")),
    ("reference-text", "another author", swap("reading", "A. One", "B. Two")),
    ("reference-title", "another", swap("reading", "On it", "Of it")),
    ("linked-references", "none", add("goal", "So said One (2015).")),
    ("headings", "missing", drop("reading")),
    ("headings", "out of order", switch("pitfalls", "reading")),
    ("headings", "unknown", add("goal", "## Another\n\nWith a text.")),
    ("headings", "twice", add("goal", "## Background")),
    ("headings", "level 1", add("goal", "# Another")),
    ("headings", "level skipped", swap("background", "\n\n", "\n\n#### Deep\n\n")),
    ("headings", "underlined", add("goal", "Some words\n---")),
    ("headings", "as HTML", add("goal", "<h1>Some</h1>")),
    ("empty-section", "no text", write("reading", "## Further reading\n\n***")),
    ("objectives", "two", swap("objectives", "\n- check it\n", "\n")),
    ("objectives", "six", add("objectives", "- a\n- b\n- c")),
    ("prerequisite-links", "no link", swap("first", "[lab 01](01-first.ipynb)", "lab 01")),
    (
        "prerequisite-links",
        "to itself",
        both(
            swap("first", "01-first", "02-small"),
            lambda d: (
                (d.root / "notebooks").mkdir() or (d.root / "notebooks/02-small.ipynb").touch()
            ),
        ),
    ),
    ("cell-length", "21 lines", write("imports", "y = 1\n" + lines(20))),
    ("cell-length", "33 lines of a check", write("check-1", lines(32) + "\ngrade(answer)")),
    (
        "short-cells",
        "many of 13 lines",
        lambda d: (
            [write(f"exercise-{k}", f"answer = 1\n{lines(12)}")(d) for k in (1, 2, 3)]
            + [write("numbers", lines(13))(d)]
            + [add(name, lines(13))(d) for name in ("imports", "figure", "torch")]
            + [add("background", PROSE * 6)(d), stated(40)(d)]
        ),
    ),
    ("runs-twice", "from itself", add("figure", "y = y + 1")),
    ("runs-twice", "added to", add("figure", "y += 1")),
    ("runs-twice", "grown", add("figure", "y.append(1)")),
    ("runs-twice", "grown in a loop", add("figure", "for k in range(3):\n    y.append(k)")),
    ("runs-twice", "something taken out", add("figure", "z = y.pop()")),
    ("runs-twice", "trained on", add("torch", "labkit.fit_torch(y, 1, 1)")),
    ("prose-before", "after code", insert("imports", lambda: code("more", "z = 1"))),
    ("prose-before", "after a bare heading", write("setup", "## Setup\n\n### Imports")),
    (
        "prose-after",
        "a bare heading below",
        insert("numbers", lambda: md("bare", "### Next")),
    ),
    (
        "prose-ratio",
        "little text",
        both(swap("background", "\n\n".join(SIX), "In short."), write("imports", lines(20))),
    ),
    (
        "prose-ratio",
        "mathematics and code are no prose",
        both(
            swap(
                "background",
                "\n\n".join(SIX),
                f"Short.\n\n```r\n{PROSE}\n```\n\n$$a b c d e f g$$\n",
            ),
            write("imports", lines(20)),
        ),
    ),
    ("leading-dashes", "a rule first", swap("goal", "## 1 Goal", "---\n\n## 1 Goal")),
    ("one-renderer-syntax", "cross-reference", add("goal", "See @fig-loss.")),
    ("one-renderer-syntax", "citation", add("goal", "As shown [@smith2020].")),
    ("one-renderer-syntax", "equation label", add("goal", "$$x$$ {#eq-x}")),
    ("one-renderer-syntax", "shortcode", add("goal", "{{< video x >}}")),
    ("one-renderer-syntax", "lightbox", add("goal", "Use lightbox here.")),
    ("one-renderer-syntax", "footnote", add("goal", "So.[^1]")),
    ("one-renderer-syntax", "alert", add("goal", "> [!NOTE]\n> So.")),
    ("one-renderer-syntax", "bare LaTeX", add("goal", "\\begin{align}x\\end{align}")),
    ("no-divs", "callout", add("goal", "::: note\nSo.\n:::")),
    ("details-closed", "open", add("goal", "<details><summary>More</summary>\n\nSo.")),
    ("details-closed", "no empty line", swap("prompt-1", "</summary>\n\n", "</summary>\n")),
    ("predict-form", "more than the question", asked(ask=f"{ASK}\nprint(1)")),
    ("predict-form", "a question that is computed", asked(ask=ASK.replace('"Is', 'f"Is'))),
    ("predict-form", "one choice", asked(ask=ASK.replace(', "no"', ""))),
    ("predict-form", "no tag", asked(tags="")),
    ("predict-unanswered", "answered", asked(ask=ASK.replace("...", '"yes"'))),
    ("predict-compared", "never", asked(tell="print(guess)")),
    ("predict-compared", "not at the end", asked(tell=f"{TELL}\nprint(1)")),
    ("predict-compared", "twice in a cell", asked(tell=f"guess.compare('no')\n{TELL}")),
    (
        "predict-compared",
        "twice",
        both(asked(), insert("tell", lambda: md("2", "Again?"), lambda: code("3", TELL, shown()))),
    ),
    ("predict-compared", "too early", both(asked(), switch("ask", "tell"))),
    (
        "predict-compared",
        "two of one name",
        both(asked(), insert("approach", lambda: code("ask-2", ASK, shown(), tags="predict"))),
    ),
    ("five-predictions", "four", drop("ask-two", "and-two", "tell-two")),
    ("links", "dead", add("goal", "See [there](09-nowhere.ipynb).")),
    ("links", "an anchor", add("goal", "See [below](#check).")),
    ("links", "absolute", add("goal", 'See <a href="/index.html">this</a>.')),
    ("links", "a dead picture", add("goal", "![A curve that falls](curve.svg)")),
    ("registry-urls", "in text", add("goal", "Get it at https://pypi.org/simple.")),
    ("registry-urls", "in output", put("numbers", stream("from https://pypi.org/simple"))),
    ("self-contained", "a script", put("numbers", shown("text/html", "<script>1</script>"))),
    ("self-contained", "a widget", put("numbers", shown("application/vnd.widget+json", "{}"))),
    ("self-contained", "a far picture", add("goal", "![A curve](https://example.org/x.png)")),
    ("self-contained", "widgets' state", lambda d: d.nb.metadata.update(widgets={})),
    (
        "picture-text",
        "none",
        lambda d: add("goal", "![](../_quarto.yml)")(d),
    ),
    ("plain-python", "line magic", swap("imports", "import", "%matplotlib inline\nimport")),
    ("plain-python", "cell magic", write("numbers", "%%time\n2 + 2")),
    ("plain-python", "command", write("numbers", "!ls")),
    ("plain-python", "command's output", write("numbers", "files = !ls")),
    ("plain-python", "help", write("numbers", "np.mean?")),
    ("plain-python", "get_ipython", write("numbers", "get_ipython().system('ls')")),
    ("trailing-semicolon", "last", swap("numbers", "(1)", "(1);")),
    ("trailing-semicolon", "before a comment", write("numbers", "y.mean();  # quiet")),
    ("no-history", "last value", write("numbers", "print(_)")),
    ("no-history", "Out", write("numbers", "print(Out[1])")),
    ("seeded", "NumPy", swap("imports", "default_rng(42)", "default_rng()")),
    ("seeded", "simulator", write("numbers", "labkit.make_linear(500)")),
    ("seeded", "torch", swap("torch", "torch.manual_seed(1)\n", "")),
    ("seeded", "weights", swap("torch", "torch.manual_seed(1)\nw", "torch.nn.Linear(1, 1)\nw")),
    ("no-network", "import", swap("imports", "import numpy", "import requests\nimport numpy")),
    ("no-network", "address", write("numbers", 'pd.read_csv("https://example.org/x.csv")')),
    ("no-network", "fetch", write("numbers", "fetch_openml(name='iris')")),
    ("torch-tag", "no tag", tag("torch")),
    ("torch-tag", "no line", swap("torch", NEEDS_TORCH, "")),
    ("torch-tag", "line not first", swap("torch", NEEDS_TORCH, "\n" + NEEDS_TORCH)),
    ("torch-tag", "line without tag", swap("numbers", "y.", NEEDS_TORCH + "y.")),
    ("torch-tag", "nn", write("numbers", "nn.ReLU()")),
    ("torch-tag", "fit_torch", write("numbers", "labkit.fit_torch(make(), y)")),
    ("torch-tag", "another name of labkit", write("numbers", "labkit.fit_torch_many(make(), y)")),
    ("torch-tag", "imported from labkit", write("numbers", "from labkit import fit_torch_many")),
    ("torch-tag", "a module of labkit", write("numbers", "import labkit.losses")),
    ("torch-tag", "from import", write("numbers", "from torch import tensor")),
    ("torch-leak", "at top level", swap("checks", "gap, below", "w, below")),
    ("torch-leak", "in a function", swap("paper", "print", "f = lambda: w + 1\nprint")),
    (
        "solution-leak",
        "used in the next exercise",
        both(add("solution-1", "sd = np.std(y)"), swap("exercise-2", "None", "sd")),
    ),
    ("option-form", "a space", swap("imports", "import", "# | echo: true\nimport")),
    ("option-form", "not first", swap("solution-1", "answer", "\n#| echo: true\nanswer")),
    ("option-form", "no space after", swap("imports", "import", "#|echo: true\nimport")),
    ("option-form", "not YAML", swap("imports", "import", "#| label: a: b\nimport")),
    ("option-known", "mistyped", swap("solution-1", "#| code-s", "#| code-flod: 1\n#| code-s")),
    ("unique-labels", "twice", SECOND_FIGURE),
    ("figure-text", "no label", both(SECOND_FIGURE, swap("figure", "#| label: fig-loss\n", ""))),
    (
        "figure-text",
        "label of another kind",
        both(swap("figure", "fig-loss", "loss"), say(figure="loss")),
    ),
    ("figure-text", "no caption", swap("figure", "#| fig-cap: The loss by step\n", "")),
    ("figure-text", "no alternative", swap("figure", f"#| fig-alt: {ALT}\n", "")),
    ("figure-text", "short alternative", swap("figure", ALT, "A falling curve")),
    ("figure-text", "caption repeated", swap("figure", "The loss by step", ALT)),
    ("figure-text", "a drawing that is no image", write("numbers", "plt.subplots()")),
    ("turned-colours", "caption", swap("figure", "The loss by step", "The loss (black) by step")),
    ("turned-colours", "alternative", swap("figure", "A curve that", "Grey, it")),
    ("turned-colours", "compared", swap("figure", "flat from", "darker from")),
    ("turned-colours", "before a hue", swap("figure", "A curve that", "Light blue, it")),
    ("one-figure", "two", put("figure", picture(), picture())),
    ("execution-counts", "not run", lambda d: d["numbers"].update(execution_count=None)),
    ("execution-counts", "run twice", lambda d: d["versions"].update(execution_count=99)),
    (
        "no-errors",
        "stored",
        put("numbers", new_output("error", ename="KeyError", evalue="x", traceback=[])),
    ),
    ("no-stderr", "stored", put("numbers", stream("careful\n", "stderr"))),
    ("no-nan", "as a result", put("numbers", shown(value="np.float64(nan)"))),
    ("no-nan", "printed", put("numbers", stream("loss -inf\n"))),
    ("progress-bar", "stored", put("numbers", stream(" 50%|#####     | 5/10"))),
    ("progress-bar", "overwritten line", put("numbers", stream("step 1\rstep 2"))),
    ("object-repr", "address", put("numbers", stream("<function f at 0x7f0a1b2c3d4e>"))),
    ("object-repr", "bare", put("numbers", shown(value="<Axes: xlabel='step'>"))),
    ("unfilled-name", "alone", put("numbers", stream("of {rows} rows"))),
    ("unfilled-name", "with its form", put("numbers", shown("text/markdown", "For {n:,} people"))),
    ("unfilled-name", "of a table", put("numbers", stream("{est['old'].mean:.2f} lower"))),
    ("local-path", "in output", put("numbers", stream("saved to /tmp/x/model.pt"))),
    ("local-path", "of Windows", put("numbers", stream("C:\\Users\\me"))),
    ("local-path", "in code", write("numbers", 'open("/home/me/x.csv")')),
    ("warning-text", "stored", put("numbers", stream("UserWarning: lr is large"))),
    ("checks", "two", swap("checks", 'checks.add("gap", gap, below=3)\n', "")),
    ("checks", "no report", swap("checks", "\nchecks.report()", "")),
    ("checks", "added too late", add("checks", 'checks.add("late", 1, below=2)')),
    ("report-numbers", "typed", swap("paper", "x1 rose", "After 200 steps x1 rose")),
    ("report-numbers", "in a plain string", swap("paper", "print", 't = "n is 500"\nprint')),
    ("report-numbers", "another interval", swap("paper", "95 %", "90 %")),
    ("report-numbers", "another version", swap("paper", "R 4.2.2", "R 4.3.0")),
    ("report-computed", "no output", both(put("paper"), put("verdicts"))),
    ("verdicts", "none", swap("checks", "checks.verdict(", "print(")),
    ("verdicts", "not shown", write("verdicts", "verdict")),
    ("verdicts", "shown too early", both(add("checks", "checks.verdicts()"), drop("verdicts"))),
    ("three-exercises", "two", both(drop(*(cell.id for cell in exercise(3))), stated(25))),
    ("three-exercises", "two in a cell", add("prompt-1", "### Exercise 2: another")),
    ("three-exercises", "misnumbered", swap("prompt-3", "Exercise 3", "Exercise 4")),
    ("exercise-complete", "no prompt", swap("prompt-1", "Compute the mean of y by hand.", "")),
    ("exercise-complete", "no hint", swap("prompt-1", "Hint", "Help")),
    ("exercise-complete", "one hint", swap("prompt-1", f"\n\n{SECOND_HINT}", "")),
    ("exercise-complete", "no stub", both(drop("exercise-1"), stated(25))),
    ("exercise-complete", "no check", drop("check-2")),
    ("exercise-complete", "no solution", drop("solution-3")),
    ("exercise-complete", "out of order", switch("check-1", "solution-1")),
    ("exercise-complete", "no heading after it", insert("solution-2", lambda: md("on", "Next."))),
    ("exercise-complete", "outside", both(tag("imports", "exercise"), stated(45))),
    (
        "open-questions",
        "none",
        swap("prompt-1", "by hand.", "by hand. Write it. What else is one?"),
    ),
    ("solution-folded", "open", swap("solution-1", "fold: true", "fold: false")),
    ("solution-folded", "no summary", swap("solution-1", "#| code-summary: Solution\n", "")),
    ("solution-folded", "in text", insert("check-1", lambda: solution_in_words("So."))),
]

BAD += [
    (
        "sixty-minutes",
        "an hour and more",
        both(add("background", long(60.5)), stated(65)),
    ),
    ("minutes-measured", "too few", stated(30)),
    ("minutes-measured", "too many", stated(40)),
    ("tasks-on-the-way", "none in the first 20 cells", insert("background", *texts(14))),
    ("tasks-on-the-way", "a gap", insert("solution-1", heading("More"), *texts(16))),
    ("tasks-on-the-way", "none before the Report", insert("checks", *texts(15))),
    ("further-apart", "used by the core", further("extra = 1", core="extra")),
    ("further-apart", "in a function", further("extra = 1", core="def f():\n    return extra")),
    ("further-apart", "imported", further("import math", core="math.pi")),
    (
        "further-apart",
        "by a deeper heading",
        further("a = 1", "#### More\n\nSo.", "b = 1", core="b"),
    ),
    ("own-names", "once more", both(add("figure", "gap = 1"), swap("checks", "checks =", NEW_GAP))),
    (
        "own-names",
        "in a computation",
        both(
            add("figure", "gap = 1"),
            swap("checks", "gap, below", "max(gap, 2), below"),
            swap("checks", "checks =", NEW_GAP),
        ),
    ),
    (
        "own-names",
        "two at once, in a verdict",
        both(add("figure", "gain = 1"), swap("checks", "checks =", "_, gain = 3, 4\nchecks =")),
    ),
    (
        "own-names",
        "in an expression",
        both(add("figure", "gap = 1"), swap("checks", "gap, below", "(gap := 2), below")),
    ),
]

# Near misses: each resembles a breach and is none.
GOOD: list[tuple[str, Edit]] = [
    ("as it is", both()),
    ("a prompt and its comparison", asked()),
    ("a prompt by its bare name", asked(ask=ASK.replace("labkit.", ""))),
    ("a call of another `compare`", add("figure", "a = np.array\n_ = str(a.compare)")),
    ("a sidebar that lists all labs", quarto("02-small", "*")),
    ("a render list with no slash in front", quarto("/notebooks", "notebooks")),
    ("the words of a rule in code", add("goal", "Write `@fig-x`, `[^1]` and `::: x`.")),
    ("headings in one cell", merge("objectives", "background")),
    (
        "made in the same cell",
        add("figure", "z = []\nfor k in range(3):\n    z.append(k)\nz += [np.append(y, 1)]"),
    ),
    ("changed inside a function", add("figure", "def more(y):\n    y += 1\n    return y")),
    ("a fence", add("goal", "```r\n# a comment\n::: x\n@y {{< z >}}\n```")),
    (
        "inf where it is the lesson",
        both(put("numbers", stream("inf")), tag("numbers", "nan-is-the-lesson")),
    ),
    (
        "braces of a formula, of a dict and of a set",
        put("numbers", stream(r"$\frac{a}{b} x_{n}^{t}$ {'a': 1} {True: 2} {}")),
    ),
    ("a hexadecimal number", put("numbers", stream("0x1F"))),
    (
        "a path and an address in a picture's bytes",
        put("figure", picture("L3RtcC9hIDB4N2ZmZjEyMzQ1Njc4")),
    ),
    ("a word with inf in it", put("numbers", stream("information, nanometre"))),
    ("percent and ; in strings", write("numbers", 'print("a;", "%d" % 3, "!ls", "why?")')),
    ("a lab that needs another", say(prerequisites=["01-first"])),
    ("two statements on a line", write("numbers", "a = 1; b = 2")),
    ("a torch name with another meaning in a function", write("numbers", "f = lambda w: w")),
    ("a torch name given a value first", write("numbers", "w = 1")),
    ("a solution in words, folded", insert("check-1", lambda: solution_in_words(HINT))),
    ("the cell for Colab", both(for_colab("https://github.com/a/b"), published)),
    ("a name of labkit without torch", add("imports", "import labkit\nf = labkit.fit_ols")),
    ("a longer cell", write("imports", "y = 1\n" + lines(19))),
    (
        "noise and cells that are white",
        swap("figure", "The loss", "White noise, white blood cells"),
    ),
    (
        "a photograph, which is not turned",
        both(
            swap("figure", "fig-loss", "fig-photo-loss"),
            swap("figure", "A curve that", "Dark, it"),
            say(figure="fig-photo-loss"),
        ),
    ),
    ("hidden output", swap("checks", "checks = ", "#| include: false\nchecks = ")),
    ("a registry behind words", add("goal", "[PyPI](https://pypi.org/project/torch/)")),
    ("a core of an hour", both(add("background", long(59.5)), stated(60))),
    ("the 20th cell is a task", insert("background", *texts(13))),
    ("20 cells from task to task", insert("solution-1", heading("More"), *texts(15))),
    ("20 cells to the Report", insert("checks", *texts(14))),
    ("no task after the Report", insert("reading", *texts(25))),
    ("a prediction on the way", both(insert("setup", *texts(8)), asked())),
    ("Further, used further on in it", further("extra = 1", "And so on.", "extra")),
    ("Further, made by the core too", further("rng = 1", core="rng")),
    ("Further, and another part of it", further("a = 1", "### Further: b\n\nSo.", "a")),
    ("a core that makes it anew", further("extra = 1", core="extra = 2\nextra")),
    ("checked under its own name", both(add("figure", "gaps = 1"), swap("checks", *ONE_GAP))),
    ("an older name, not checked", both(add("figure", "s = 1"), add("paper", "s = 2"))),
    ("an older value, checked as it is", add("figure", "gap = 1")),
    ("a key with a digit", swap("paper", "{gap:.2f}", "{rows['top 5']:.2f}")),
]


def age(draft: Draft) -> None:
    draft.nb.nbformat_minor = 4
    for cell in draft.nb.cells:
        del cell["id"]


def solution_in_words(text: str) -> Any:
    return new_markdown_cell(text, id="words", metadata={"tags": ["solution"]})


@pytest.mark.parametrize(("what", "edit"), GOOD, ids=[what for what, _ in GOOD])
def test_a_good_lab_breaks_no_rule(draft: Draft, what: str, edit: Edit) -> None:
    edit(draft)
    assert [str(breach) for breach in breaches(draft.finish())] == []


@pytest.mark.parametrize(
    ("rule", "what", "edit"), BAD, ids=[f"{rule}: {what}" for rule, what, _ in BAD]
)
def test_a_bad_lab_breaks_just_that_rule(draft: Draft, rule: str, what: str, edit: Edit) -> None:
    edit(draft)
    found = breaches(draft.finish())
    assert {breach.rule for breach in found} == {rule}, "\n".join(map(str, found))


def test_a_name_needs_torch_if_importing_its_module_does(tmp_path: Path) -> None:
    package = tmp_path / "toy"
    package.mkdir()
    modules = {
        "direct": "import torch.nn\ndef a(): pass",
        "through": "from toy import direct\ndef b(): pass",
        "further": "from .through import b\nc = b",
        "later": "def d():\n    import torch",
        "typed": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch\ne = 1",
        "tried": "try:\n    from torch import nn\nexcept ImportError:\n    raise\nf = 1",
        "torchless": "import torchless\ng = 1",
    }
    for name, source in modules.items():
        (package / f"{name}.py").write_text(source)
    names = zip("abcdefg", modules, strict=True)
    stub = "".join(f"from .{module} import {name} as {name}\n" for name, module in names)
    (package / "__init__.pyi").write_text(stub)
    assert torch_names(package) == {"a", "b", "c", "f"}


@pytest.mark.parametrize(("text", "found"), [("/opt/me/x.csv", True), ("/opt/meat", False)])
def test_a_folder_of_this_machine_is_found_wherever_it_is(
    draft: Draft, monkeypatch: pytest.MonkeyPatch, text: str, found: bool
) -> None:
    monkeypatch.setenv("HOME", "/opt/me")
    put("numbers", stream(text))(draft)
    assert [b.rule for b in breaches(draft.finish())] == ["local-path"] * found


def test_the_linter_does_not_import_the_executor() -> None:
    code = "import sys, course.rules.check; sys.exit('nbclient' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_a_notebook_is_valid_before_any_other_rule_judges_it(
    draft: Draft, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the order in which the modules register their rules."""

    def falls(lab: Lab) -> Any:
        raise AssertionError(f"{lab.path.name} was judged though it is not valid")

    others = {name: Rule(name, "", falls) for name in ("before", "after")}
    valid = {"valid-notebook": RULES["valid-notebook"]}
    in_between = {"before": others["before"], **valid, "after": others["after"]}
    monkeypatch.setattr("course.rules.check.RULES", in_between)
    age(draft)
    assert {breach.rule for breach in breaches(draft.finish())} == {"valid-notebook"}


def test_every_rule_has_a_bad_example_a_reason_and_a_fix() -> None:
    assert {rule for rule, _, _ in BAD} == set(RULES)
    assert all(rule.why and rule.fix for rule in RULES.values())


def test_the_command_names_file_cell_rule_and_fix(
    draft: Draft, capsys: pytest.CaptureFixture[str]
) -> None:
    lab = draft.finish()
    nbformat.write(lab.node, lab.path)
    assert main([str(lab.path)]) == 0
    swap("numbers", "(1)", "(1);")(draft)
    nbformat.write(lab.node, lab.path)
    assert main([str(lab.path)]) == 1
    line = capsys.readouterr().out.splitlines()[-2]
    assert line.startswith("notebooks/02-small.ipynb: cell 10 [trailing-semicolon]: a line ends")
    assert "y.mean()" in line
    assert "Fix: assign" in line


@pytest.mark.parametrize("text", ["", "[]", "{", '{"nbformat": 3}', '{"nbformat": 4, "cells": 1}'])
def test_a_file_that_is_no_notebook_is_one_breach(tmp_path: Path, text: str) -> None:
    path = tmp_path / "01-broken.ipynb"
    path.write_text(text)
    assert [breach.rule for breach in check_file(path)] == ["valid-notebook"]
