"""The links from a lab's text to the page of terms: where they stand, and where they never do."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course import ROOT
from course.notebook import Lab, labs
from course.pages.term_links import PAGE, link_terms, linked, misplaced, without_links
from course.site.sources import page_notebook

TERMS = """
- part: Words
  languages: [statistics, deep learning]
  themes:
    - theme: A
      terms:
        - {term: weight, statistics: x}
        - {term: weight decay, statistics: x}
        - {term: loss, statistics: x}
        - {term: learning rate, statistics: x}
        - {term: stochastic gradient descent, spelled: [SGD], statistics: x}
- {part: Code, languages: [R, Python], themes: [{theme: C, terms: [{term: slice, R: w}]}]}
"""
NAMED = ["weight", "loss", "learning rate", "stochastic gradient descent", "slice"]


@pytest.fixture
def lab(tmp_path):
    """Return a function that makes a lab with these cells below its first one."""
    (tmp_path / "terms.yml").write_text(TERMS)

    def make(*cells, terms=NAMED):
        nodes = [c if not isinstance(c, str) else new_markdown_cell(c) for c in cells]
        notebook = new_notebook(cells=[new_markdown_cell("# The loss\n\nWhich loss?"), *nodes])
        notebook.metadata["course"] = {"terms": terms}
        return Lab(tmp_path / "01-a.ipynb", notebook, tmp_path)

    return make


def texts(lab):
    """Return the cells below the first, linked."""
    return list(linked(lab).values())[1:]


def link(words, anchor):
    return f"[{words}]({PAGE}#{anchor})"


def test_the_first_use_of_each_named_term_is_linked_once(lab):
    first = "A loss and Weights, again a loss.\nThe *learning\nrate* of SGD."
    made = lab(first, "The loss, by stochastic gradient descent.")
    rate, sgd = link("learning\nrate", "learning-rate"), link("SGD", "stochastic-gradient-descent")
    assert texts(made) == [
        f"A {link('loss', 'loss')} and {link('Weights', 'weight')}, again a loss.\n"
        f"The *{rate}* of {sgd}.",
        "The loss, by stochastic gradient descent.",
    ]


def test_a_term_that_the_lab_does_not_name_is_left_alone(lab):
    assert texts(lab("A loss, a weight.", terms=["weight"])) == [
        f"A loss, a {link('weight', 'weight')}."
    ]


def test_a_part_of_a_longer_term_or_of_a_compound_is_no_use(lab):
    text = "Weight decay, weightless, a loss-free day, zero-loss; then weight and loss."
    assert texts(lab(text)) == [
        f"Weight decay, weightless, a loss-free day, zero-loss; then {link('weight', 'weight')} "
        f"and {link('loss', 'loss')}."
    ]


@pytest.mark.parametrize(
    "text",
    [
        "## The loss",
        "   ### The loss ###",
        "`loss` and ``a `loss` b``",
        "```python\nloss\n```",
        "~~~\nloss\n```\nloss\n~~~",
        "    ```\n    loss\n    ```",
        "$loss$ and $$\n\\text{loss}\n$$",
        "[the loss](https://example.org/loss)",
        "[a *loss* here](02-b.ipynb)",
        "![loss](loss.png)",
        "[loss][ref] and [^loss]",
        "[loss]: https://example.org/loss",
        "<https://example.org/loss> and https://example.org/loss",
        "<!-- loss\nloss -->",
        '<span title="loss">a</span>',
        "<details><summary>Hint: loss</summary>\n\nThe loss.\n\n</details>",
        '::: {.callout-note title="loss"}\nText\n:::',
        "[a](b(loss).html)",
    ],
)
def test_headings_code_formulas_links_and_folds_are_left_alone(lab, text):
    assert texts(lab(text, "Then loss.")) == [text, f"Then {link('loss', 'loss')}."]


def test_code_solutions_and_the_first_cell_are_left_alone(lab):
    solution = new_markdown_cell("The loss.", metadata={"tags": ["solution"]})
    made = lab(new_code_cell("loss  # loss"), solution, "A slice, a loss.")
    assert linked(made)[0] == "# The loss\n\nWhich loss?"
    assert texts(made) == ["The loss.", f"A slice, a {link('loss', 'loss')}."]


def test_a_second_run_changes_nothing_and_a_link_moves_with_the_first_use(lab):
    made = lab("A loss.", "A loss and a weight.")
    nbformat.write(made.node, made.path)
    assert link_terms(made.path)
    once = made.path.read_bytes()
    assert not link_terms(made.path)
    assert made.path.read_bytes() == once
    again = Lab.read(made.path)
    assert list(misplaced(again)) == []
    again.cells[1].node.source = "Another text."
    assert list(linked(again).values())[1:] == [
        "Another text.",
        f"A {link('loss', 'loss')} and a {link('weight', 'weight')}.",
    ]


def test_what_is_misplaced_is_named_with_its_cell(lab):
    made = lab(f"A loss, a {link('loss', 'loss')}.", f"A loss, {link('weights', 'weight')}.")
    assert list(misplaced(made)) == [
        (1, "a link to the page of terms that is not at the first use")
    ]
    made = lab("A loss.", f"A {link('loss', 'loss')}, {link('fit', 'fit')}.")
    assert list(misplaced(made)) == [
        (1, "no link to `loss`"),
        (2, "a link too many to `loss`"),
        (2, "a link too many to `fit`"),
    ]


@pytest.mark.parametrize("path", labs(), ids=lambda path: path.stem)
def test_linking_a_lab_changes_nothing_but_links_and_adds_one_for_each_term_at_most(path):
    lab = Lab.read(path)
    made = linked(lab)
    added = [text.count(f"]({PAGE}#") for text in made.values()]
    assert 0 < sum(added) <= len(lab.about["terms"])
    for index, text in made.items():
        assert without_links(text) == without_links(lab.cells[index].source)


def test_on_the_site_the_links_lead_to_its_own_page(lab):
    made = lab(f"A {link('loss', 'loss')}, [lab 2](02-b.ipynb).", new_code_cell("terms"))
    page = page_notebook(made.node)
    assert page.cells[1].source == "A [loss](../terms.qmd#loss), [lab 2](02-b.ipynb)."
    assert PAGE in made.cells[1].source


def test_the_page_that_is_linked_stands_beside_the_labs():
    assert (ROOT / "notebooks" / PAGE).is_file()
