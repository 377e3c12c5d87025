"""A lab as it is stored and as a page reads it: closed cells, short lines, half sizes."""

import base64
import io
import json

import nbformat
import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from course.clean_outputs import clean
from course.collapsed import stored_metadata
from course.editions import student_notebook
from course.notebook import Lab
from course.options import wrapped
from course.site.sources import page_notebook, write_sources
from course.tidy import main, tidy

HIDDEN = {"source_hidden": True}
WORDS = "The loss of the network falls, and that of the line stays where it was: see the end."


def cell(source="1", tags="", **metadata):
    return new_code_cell(source, metadata={"tags": tags.split()} | metadata)


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        (cell(), {}),
        (cell(tags="torch"), {"tags": ["torch"]}),
        (cell(jupyter=HIDDEN), {"jupyter": HIDDEN, "code-fold": True}),
        (cell(jupyter={"source_hidden": False}), {}),
        (cell(jupyter={"outputs_hidden": True}, collapsed=True), {}),
        (cell(**{"code-fold": True}), {}),
        (cell("#| code-fold: show\n1", jupyter=HIDDEN), {"jupyter": HIDDEN}),
        (
            cell(tags="exercise-check"),
            {
                "tags": ["exercise-check"],
                "jupyter": HIDDEN,
                "code-fold": True,
                "code-summary": "Check",
            },
        ),
        (
            cell("#| code-fold: true\n1", tags="solution"),
            {"tags": ["solution"], "jupyter": HIDDEN | {"outputs_hidden": True}},
        ),
        (new_markdown_cell("a", metadata={"tags": ["solution"]}), {"tags": ["solution"]}),
        (new_markdown_cell("a", metadata={"jupyter": HIDDEN}), {}),
    ],
)
def test_a_cell_keeps_its_tags_and_is_collapsed_by_them_or_by_its_author(given, stored):
    assert stored_metadata(given) == stored
    given.metadata = stored_metadata(given)
    assert stored_metadata(given) == stored


# --- options -------------------------------------------------------------------------------------


def said(source):
    lines = [line[2:] for line in source.split("\n") if line.startswith("#|")]
    return yaml.safe_load("\n".join(lines))


@pytest.mark.parametrize(
    "text",
    [
        f"{WORDS} " * 3,
        'He said "no": 5 # of 6, ' * 9,
        "a\nb " * 40,
        "$\\\\alpha_1$ and `code: x` – " * 12,
        "x" * 120,
    ],
)
def test_a_long_option_is_folded_and_says_the_same(text):
    text = text.strip()
    source = (
        f"#| label: fig-a\n#| fig-cap: {json.dumps(text, ensure_ascii=False)}\nplot()\n# {text}"
    )
    done = wrapped(source)
    assert said(done) == said(source)
    assert done.split("\n")[-2:] == source.split("\n")[-2:]
    assert wrapped(done) == done
    options = [line for line in done.split("\n") if line.startswith("#|")]
    assert max(map(len, options)) <= 79 or " " not in text or "\n" in said(source)["fig-cap"]
    assert options[0] == "#| label: fig-a"


@pytest.mark.parametrize("source", ["1", "", "#| label: fig-a\n#| fig-cap: short\n1", "#| a: [\n1"])
def test_what_is_short_or_no_option_stays_as_it_is(source):
    assert wrapped(source) == source


def test_the_summary_comes_first_since_a_closed_cell_shows_its_first_line():
    source = "#| code-fold: true\n#| code-summary: Solution\n#| label: a\n# b"
    done = "#| code-summary: Solution\n#| code-fold: true\n#| label: a\n# b"
    assert wrapped(source) == wrapped(done) == done


def test_a_block_whose_lines_are_too_long_is_folded_anew():
    source = f"#| fig-alt: >-\n#|   {WORDS} {WORDS}\n#| fig-cap: b\n1"
    done = wrapped(source)
    assert said(done) == said(source)
    assert max(map(len, done.split("\n"))) <= 79


# --- the whole -----------------------------------------------------------------------------------


def png(width, height):
    file = io.BytesIO()
    Image.new("RGB", (width, height)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def figure():
    caption = new_output("display_data", {"text/markdown": WORDS})
    caption.metadata = {"quarto_display": False}
    picture = new_output("display_data", {"image/png": png(1152, 667)})
    source = f"#| label: fig-a\n#| fig-cap: {WORDS!r}\nplot()"
    return new_code_cell(source, outputs=[picture, caption], metadata={"jupyter": HIDDEN})


def lab():
    solution = new_code_cell("#| code-fold: true\n2", metadata={"tags": ["solution"]})
    check = new_code_cell("3", metadata={"tags": ["exercise-check"]})
    return new_notebook(cells=[new_markdown_cell("# A"), figure(), check, solution])


def test_a_figure_is_shown_at_half_its_pixels():
    notebook = lab()
    clean(notebook)
    picture, caption = notebook.cells[1].outputs
    assert picture.metadata == {"image/png": {"width": 576, "height": 333}}
    assert caption.metadata == {"quarto_display": False}


def test_the_command_tidies_a_file_and_keeps_what_made_it(tmp_path, capsys):
    path = tmp_path / "01-lab.ipynb"
    notebook = lab()
    notebook.metadata["labkit"] = {"seconds": 3.0}
    nbformat.write(notebook, path)
    main([str(path)])
    assert "Tidied: 01-lab.ipynb." in capsys.readouterr().out
    stored = Lab.read(path)
    assert stored.made == {"seconds": 3.0}
    assert stored.cells[1].option_lines[1] == "#| fig-cap: >-"
    assert stored.cells[1].outputs[0].metadata["image/png"]["width"] == 576
    assert stored.cells[3].node.metadata["jupyter"] == HIDDEN | {"outputs_hidden": True}
    before = path.stat().st_mtime_ns
    main([str(path)])
    assert "nothing was left to do" in capsys.readouterr().out
    assert path.stat().st_mtime_ns == before


def test_students_get_the_collapsed_cells_collapsed_and_nothing_else_in_metadata(tmp_path):
    notebook = lab()
    notebook.cells[1].metadata["jupyter"]["solution"] = "x = 2"
    handed_out = student_notebook(Lab(tmp_path / "01-lab.ipynb", notebook, tmp_path))
    _, plot, check = handed_out.cells
    assert plot.metadata == {"jupyter": HIDDEN, "code-fold": True}
    assert check.metadata["jupyter"] == HIDDEN


def test_a_page_folds_what_is_collapsed_and_shows_neither_sizes_nor_second_captions():
    notebook = lab()
    tidy(notebook)
    before = nbformat.writes(notebook)
    _, plot, check, solution = page_notebook(notebook).cells
    caption = f'#| fig-cap: "{WORDS}"'  # on one line, as smalldocs reads it
    lines = ["#| code-fold: true", '#| label: "fig-a"', caption, "plot()"]
    assert plot.source.splitlines() == lines
    assert check.source == '#| code-fold: true\n#| code-summary: "Check"\n3'
    assert solution.source == "#| code-fold: true\n2"
    assert [c.metadata for c in (plot, solution)] == [{}, {"tags": ["solution"]}]
    (picture,) = plot.outputs
    assert (list(picture.data), picture.metadata) == (["image/png"], {})
    assert nbformat.writes(notebook) == before


def test_a_page_links_to_the_sites_explorer_where_a_lab_links_to_the_one_beside_it():
    text = "Try [it](gradient-descent-by-hand.html), then [lab 2](02-b.ipynb)."
    (cell,) = page_notebook(new_notebook(cells=[new_markdown_cell(text)])).cells
    assert cell.source == "Try [it](../explorer.qmd), then [lab 2](02-b.ipynb)."


@pytest.mark.parametrize(("file", "title"), [("03-b.ipynb", "# 3 Why?"), ("b.ipynb", "# Why?")])
def test_a_page_is_called_by_the_labs_number_and_title(file, title):
    cells = [new_markdown_cell("# Why?\n\nBecause."), new_markdown_cell("# Not this one")]
    first, second = page_notebook(new_notebook(cells=cells), file).cells
    assert first.source == f"{title}\n\nBecause."
    assert second.source == "# Not this one"
    assert page_notebook(new_notebook(cells=[]), file).cells == []
    (code,) = page_notebook(new_notebook(cells=[new_code_cell("# 1\nx")]), file).cells
    assert code.source == "# 1\nx"


def test_a_renderer_reads_a_copy_of_the_pages_and_the_labs(tmp_path):
    root = tmp_path / "course"
    (root / "notebooks").mkdir(parents=True)
    (root / "styles").mkdir()
    for name in ("_quarto.yml", "index.qmd", "notes.txt", "styles/site.css"):
        (root / name).write_text(name)
    nbformat.write(lab(), root / "notebooks" / "01-lab.ipynb")
    write_sources(root, tmp_path / "copy")
    copied = {p.relative_to(tmp_path / "copy").as_posix() for p in (tmp_path / "copy").rglob("*.*")}
    assert copied == {"_quarto.yml", "index.qmd", "styles/site.css", "notebooks/01-lab.ipynb"}
    check = Lab.read(tmp_path / "copy" / "notebooks" / "01-lab.ipynb").cells[2]
    assert check.options["code-fold"] is True
