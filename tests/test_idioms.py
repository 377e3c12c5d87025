"""Python for R users: both languages print what the page says, and the labs named are the first."""

import ast
import contextlib
import io
import json
import re
import shutil
import subprocess

import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course import ROOT
from course.notebook import Lab
from course.pages.first_met import IS, first_met, is_read
from course.pages.idioms import Chunk, IdiomsError, all_idioms, chunks, themes
from course.pages.idioms_page import text

IDIOMS = all_idioms(ROOT)
MAX_COLUMNS = 38  # two columns on the page, one on a telephone, and nobody scrolls sideways
WITH_R = shutil.which("Rscript")

# Runs chunks by themselves and prints what R would show at its prompt, with an error as its words.
R_RUNNER = """
run <- function(chunks) {
  here <- new.env(parent = globalenv())
  for (chunk in chunks) {
    tryCatch(
      for (line in parse(text = chunk)) {
        shown <- withVisible(eval(line, here))
        if (shown$visible) print(shown$value)
      },
      error = function(e) cat("Error:", conditionMessage(e), "\\n"))
    cat("\\n@@\\n")
  }
}
options(warn = 2)
"""


def agree(chunk, printed):
    """Compare what a chunk printed with what the page says; `…` stands for any rest."""
    lines = [line.rstrip() for line in printed.rstrip().splitlines()]
    assert len(lines) == len(chunk.prints), f"{chunk.code}\nprinted {lines}"
    for said, line in zip(chunk.prints, lines, strict=True):
        same = line.startswith(said[:-1]) if said.endswith("…") else line == said.rstrip()
        assert same, f"{chunk.code}\nprinted {line!r}, and the page says {said!r}"


@pytest.mark.parametrize("idiom", IDIOMS, ids=lambda idiom: idiom.name)
def test_python_prints_what_the_page_says(idiom):
    names = {"np": np}
    for chunk in chunks(idiom.python):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            try:
                exec(compile(chunk.code, idiom.name, "exec"), names)
            except Exception as error:
                out.write(f"{type(error).__name__}: {error}")
        agree(chunk, out.getvalue())


@pytest.mark.skipif(WITH_R is None, reason="R is not installed")
def test_r_prints_what_the_page_says():
    found = [chunks(idiom.r) for idiom in IDIOMS]
    calls = [
        f"run(c({', '.join(json.dumps(chunk.code, ensure_ascii=False) for chunk in one)}))"
        for one in found
    ]
    script = R_RUNNER + "\n".join(calls)
    said = subprocess.run(
        [WITH_R, "--vanilla", "-"], input=script, capture_output=True, text=True, check=True
    )
    printed = said.stdout.split("\n@@\n")[:-1]
    for chunk, output in zip([c for one in found for c in one], printed, strict=True):
        agree(chunk, output)


@pytest.mark.parametrize("said", ["4", "4.0 1", "Type…"])
def test_a_page_that_says_something_else_is_red(said):
    with pytest.raises(AssertionError, match="the page says"):
        agree(Chunk("print(x)", (said,)), "4.0\n")


@pytest.mark.parametrize("idiom", IDIOMS, ids=lambda idiom: idiom.name)
def test_code_fits_its_column_and_the_short_line_leads_to_the_idiom(idiom):
    for line in (idiom.python + idiom.r).splitlines():
        assert len(line) <= MAX_COLUMNS, line
    assert f"](#{idiom.name})" in idiom.short
    assert re.search(r"[.!?]$", idiom.short + idiom.words)


# --- the lab where an idiom comes up first -------------------------------------------------------

# idiom → code that has it, code that does not
EXAMPLES = {
    "import": ("import numpy as np", "library(np)"),
    "methods": ("x.mean()", "np.mean(x)"),
    "power": ("x ** 2", "x * 2"),
    "division": ("n // 2", "n / 2"),
    "f-strings": ('f"{x:.2f}"', 'f"x"'),
    "none": ("f(x=None)", "x[:, None]"),
    "underscore": ("_ = f()", "print(_)"),
    "indentation": ("for k in x:\n    f(k)", "[f(k) for k in x]"),
    "return": ("def f():\n    return 1", "def f():\n    1"),
    "defaults": ("def f(x=1):\n    pass", "f(x=1)"),
    "keyword-only": ("f(rng=rng)", "f(rng)"),
    "lambda": ("lambda: 1", "def f():\n    return 1"),
    "lambda-default": ("lambda k=k: k", "lambda k: k"),
    "closures": ("def f():\n    return lambda: 1", "f = lambda: 1"),
    "unpacking": ("for a, b in x:\n    pass", "a = b, c"),
    "comprehension": ("[f(k) for k in x]", "[f(k)]"),
    "dictionary": ("{1: 2}", "{1, 2}"),
    "merge": ("a |= b", "a | b"),
    "stars": ("f(**x)", "f(x ** y)"),
    "slices": ("x[1:]", "x[:]"),
    "views": ("x.clone()", "copy(x)"),
    "in-place": ("w -= step", "w = w - step"),
    "matrix-product": ("X @ w", "X * w"),
    "shapes": ("y[:, None]", "f(None)"),
    "row-major": ("x.reshape(2, 3)", "reshape"),
}


@pytest.mark.parametrize("name", IS)
def test_an_idiom_is_told_from_what_looks_like_it(name):
    has, has_not = ([IS[name](n) for n in ast.walk(ast.parse(code))] for code in EXAMPLES[name])
    assert any(has)
    assert not any(has_not)


def course_of(folder, *codes, **metadata):
    """Write a lab for each code, of one cell, beside the idioms of the course."""
    (folder / "notebooks").mkdir()
    (folder / "_quarto.yml").touch()
    shutil.copy(ROOT / "idioms.yml", folder)
    for number, code in enumerate(codes, 1):
        cell = new_code_cell(code, metadata=metadata if number == 1 else {})
        path = folder / "notebooks" / f"{number:02}-lab.ipynb"
        path.write_text(json.dumps(new_notebook(cells=[cell])), encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    ("metadata", "first"),
    [
        ({}, 1),
        ({"jupyter": {"source_hidden": True}}, 2),
        ({"tags": ["solution"]}, 2),
        ({"tags": ["exercise-check"]}, 2),
    ],
)
def test_the_first_lab_is_the_one_whose_code_is_read(tmp_path, metadata, first):
    met = first_met(course_of(tmp_path, "a ** 2", "b ** 2", **metadata))
    assert met["power"].number == first
    assert met["division"] is None


def test_an_idiom_that_stands_in_folded_code_alone_is_still_found(tmp_path):
    met = first_met(course_of(tmp_path, "a ** 2", "b", jupyter={"source_hidden": True}))
    assert met["power"].number == 1


def test_every_idiom_of_the_page_comes_up_in_a_lab():
    assert [name for name, lab in first_met(ROOT).items() if lab is None] == []


def test_the_half_page_holds_what_the_first_lab_uses_and_nothing_else(tmp_path):
    page = text(course_of(tmp_path, "a ** 2", "b // 2"))
    half = page.partition("## Before lab 1")[2].partition("\n## ")[0]
    assert re.findall(r"\]\(#([\w-]+)\)", half) == ["power"]
    assert "First in [lab 2, ](notebooks/02-lab.ipynb)" in page


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{name: a, title: b}", "the idiom a must have name, title, short, words, python, r"),
        ("{name: a, title: 1, short: b, words: c, python: d, r: e}", "each a text"),
        ("title: a: b", "not YAML .quote a text with a colon"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path, entry, message):
    (tmp_path / "idioms.yml").write_text(f"- theme: T\n  idioms:\n    - {entry}\n")
    with pytest.raises(IdiomsError, match=message):
        themes(tmp_path)


def test_an_idiom_without_its_rule_is_named(tmp_path):
    course_of(tmp_path)
    changed = (tmp_path / "idioms.yml").read_text(encoding="utf-8").replace("power", "potency")
    (tmp_path / "idioms.yml").write_text(changed, encoding="utf-8")
    with pytest.raises(IdiomsError, match="differ in potency, power: an idiom needs"):
        first_met(tmp_path)


def test_code_that_is_folded_by_an_option_is_not_read():
    cells = [new_code_cell("#| code-fold: true\na ** 2"), new_code_cell("a ** 2")]
    lab = Lab(ROOT / "notebooks" / "99-none.ipynb", new_notebook(cells=cells), ROOT)
    assert [is_read(cell) for cell in lab.code] == [False, True]
