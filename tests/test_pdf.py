"""A lab as a PDF: what is printed, and that nothing is left half done where Quarto is not or fails.

Quarto's own work can't be tried here. The stand-in looks at what it is given, as Quarto reads it.
"""

import os
import sys

import pytest
import yaml
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course import ROOT
from course.notebook import Lab, dumps, find_lab, labs
from course.site import pdf
from course.site.paper import ON_THE_SITE, printed
from course.site.pdf import PdfError, make_pdf
from course.site.quarto import QuartoError, get

TABLE = "<table><caption>5 % of \"all\"</caption><tr><td style='color: red'>1</td></tr></table>"


def lab_of(tmp_path, *cells):
    """Return a lab with these cells below its title, a section and an exercise's heading."""
    first = [new_markdown_cell("# Title\n\nQuestion?"), new_markdown_cell("## 1 Goal")]
    return Lab(tmp_path / "01-a.ipynb", new_notebook(cells=[*first, *cells]), tmp_path)


def displayed(**data):
    return new_output("display_data", {mime.replace("_", "/"): text for mime, text in data.items()})


def outputs(tmp_path, *shown, source="show()"):
    """Return what is printed below a cell with these outputs, as Markdown or by its kind."""
    lab = lab_of(tmp_path, new_code_cell(source, outputs=list(shown)))
    made = printed(lab).cells[-1].outputs
    return [output.get("data", {}).get("text/markdown", output.output_type) for output in made]


def typst(call):
    return f"```{{=typst}}\n#{call}\n```"


@pytest.mark.parametrize("path", labs(), ids=lambda path: path.stem)
def test_each_solution_stands_at_the_end_under_the_name_of_its_exercise(path):
    lab = Lab.read(path)
    before = dumps(lab.node)
    cells = printed(lab).cells
    assert dumps(lab.node) == before
    assert cells[1].source == typst("contents()")
    sources = [cell.source for cell in cells]
    end = sources.index("## Solutions")
    solutions = {exercise.solution.source: exercise for exercise in lab.exercises}
    assert solutions
    for number, (source, exercise) in enumerate(solutions.items(), 1):
        place = f"printed-solution-{number}"
        heading = sources.index(f"### {exercise.title} {{#{place}}}")
        assert end < heading == sources.index(source) - 1
        pointer = sources.index(f"The solution is on `#page-of(<{place}>)`{{=typst}}.")
        check = sources.index(exercise.check.source)
        assert check < pointer < end
        summary = exercise.check.options["code-summary"]
        assert sources[check - 1] == typst(f'label-line("{summary}")')
    text = "\n".join(sources)
    assert text.count('label-line("Hint') == sum(len(e.hints) for e in lab.exercises) > 0
    assert "<details" not in text
    assert "</details" not in text


def test_a_lab_without_solutions_has_no_heading_for_them(tmp_path):
    lab = lab_of(tmp_path, new_markdown_cell("### Exercise 1: a mean"), new_code_cell("x"))
    assert [cell.source for cell in printed(lab).cells][-2:] == ["### Exercise 1: a mean", "x"]


def test_a_solution_of_several_cells_is_moved_whole(tmp_path):
    tags = {"tags": ["solution"]}
    solution = [new_code_cell("a", metadata=tags), new_markdown_cell("Because.", metadata=tags)]
    end = new_markdown_cell("## Common pitfalls")
    lab = lab_of(tmp_path, new_markdown_cell("### Exercise 1: a mean"), *solution, end)
    assert [cell.source for cell in printed(lab).cells][4:] == [
        "The solution is on `#page-of(<printed-solution-1>)`{=typst}.",
        "## Common pitfalls",
        "## Solutions",
        "### Exercise 1: a mean {#printed-solution-1}",
        "a",
        "Because.",
    ]


def test_what_the_page_folds_is_open_below_its_summary(tmp_path):
    text = "Try.\n<details open>\n<summary>A &lt;<b>hint</b></summary>\nAdd.\n</details>\nGo."
    fold = new_code_cell("#| code-fold: true\n#| code-summary: 'Say \"a\\b\"'\nx")
    hint, summary, code = printed(lab_of(tmp_path, new_markdown_cell(text), fold)).cells[-3:]
    parts = [part.strip() for part in hint.source.split("\n\n")]
    assert [*filter(None, parts)] == ["Try.", typst('label-line("A <hint")'), "Add.", "Go."]
    assert summary.source == typst(r'label-line("Say \"a\\b\"")')
    assert code.source == fold.source


def test_a_table_stands_below_its_caption(tmp_path):
    lab = lab_of(tmp_path, new_code_cell("t", outputs=[displayed(text_html=TABLE, text_plain="t")]))
    caption, table = printed(lab).cells[-1].outputs
    assert caption.data["text/markdown"] == typst(r'table-caption("5 % of \"all\"")')
    assert "caption" not in table.data["text/html"]
    assert '<td style="color: red">1</td>' in table.data["text/html"]


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (displayed(text_plain="a\n  b\n"), typst(r'printed("a\n  b")')),
        (new_output("stream", text="\x1b[31ma\x1b[0m\tb\x07\n"), typst(r'printed("a\tb")')),
        (new_output("stream", text="x" * 100), typst(f'printed("{"x" * 90}\u200b{"x" * 10}")')),
        (displayed(text_markdown="*a*", text_plain="a"), "*a*"),
        (displayed(image_png="aaaa", text_plain="<Figure>"), "display_data"),
        (displayed(text_html="<div>Slider</div>", text_plain="Slider()"), ON_THE_SITE),
        (displayed(**{"application_vnd.x+json": {}, "text_plain": "Slider()"}), ON_THE_SITE),
        (displayed(**{"application_vnd.x+json": {}, "image_png": "aaaa"}), "display_data"),
    ],
)
def test_an_output_is_printed_as_text_table_or_picture_or_said_to_be_on_the_site(
    tmp_path, shown, expected
):
    assert outputs(tmp_path, shown) == [expected]


def test_the_words_of_a_figure_are_no_second_figure(tmp_path):
    shown = [new_output("stream", text="a\n"), displayed(image_png="aaaa")]
    assert outputs(tmp_path, *shown, source="#| label: fig-a\nplot()") == ["stream", "display_data"]


# --- with a stand-in for Quarto ------------------------------------------------------------------

QUARTO = """#!{python}
import os, pathlib, sys
if sys.argv[1:] == ["--version"]:
    sys.exit(print(os.environ.get("VERSION", "1.10.18")))
assert sys.argv[1:] == ["render", "01-a.ipynb", "--to", "typst", "--no-execute"], sys.argv
assert pathlib.Path("pdf.typ").is_file()
print(pathlib.Path("_quarto.yml").read_text(), file=open(os.environ["SEEN"], "w"))
if os.environ["WRITES"] != "nothing":
    pathlib.Path("01-a.pdf").write_text(os.environ["WRITES"])
sys.exit("ERROR: no such function" if os.environ.get("FAILS") else 0)
"""


@pytest.fixture
def project(tmp_path, monkeypatch):
    """Make a project with one lab, and a Quarto that writes a PDF of it, or what a test says."""
    if os.name == "nt":
        pytest.skip("the stand-in for Quarto is a script")
    program = tmp_path / "bin" / "quarto"
    program.parent.mkdir()
    program.write_text(QUARTO.format(python=sys.executable))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    monkeypatch.setenv("SEEN", str(tmp_path / "seen"))
    monkeypatch.setenv("WRITES", "%PDF-1.7")
    root = tmp_path / "project"
    (root / "notebooks").mkdir(parents=True)
    (root / "styles").mkdir()
    for name in ("pdf.yml", "pdf.typ"):
        (root / "styles" / name).write_bytes((ROOT / "styles" / name).read_bytes())
    (root / "_quarto.yml").write_text("website: {title: 'A: b'}")
    lab = root / "notebooks" / "01-a.ipynb"
    lab.write_text(dumps(new_notebook(cells=[new_markdown_cell("# Title")])))
    return root


def listing(root):
    return sorted(path.name for path in (root / "_pdf").iterdir())


def test_quarto_is_given_a_project_of_one_lab_and_its_pdf_is_kept(project, tmp_path):
    lab = project / "notebooks" / "01-a.ipynb"
    sources = {*project.rglob("*")}
    assert make_pdf(lab, project / "_pdf", project).read_text() == "%PDF-1.7"
    settings = yaml.safe_load((tmp_path / "seen").read_text())
    assert settings["subtitle"] == "Lab 1 of the course *A: b*"
    assert settings["project"] == {"render": ["01-a.ipynb"]}
    assert settings["format"]["typst"]["include-in-header"] == "pdf.typ"
    assert settings["execute"] == {"enabled": False}
    assert {*project.rglob("*")} - sources == {project / "_pdf", project / "_pdf" / "01-a.pdf"}


@pytest.mark.parametrize(
    ("fails", "writes", "message"),
    [
        ("yes", "%PDF-half", r"01-a\.ipynb: quarto ended with code 1:\nERROR: no such function"),
        ("", "nothing", r"01-a\.ipynb: quarto ended without an error and wrote no PDF"),
        ("", "", "wrote no PDF"),
    ],
)
def test_a_failure_leaves_the_old_pdf(project, monkeypatch, fails, writes, message):
    (project / "_pdf").mkdir()
    (project / "_pdf" / "01-a.pdf").write_text("the old one")
    monkeypatch.setenv("FAILS", fails)
    monkeypatch.setenv("WRITES", writes)
    with pytest.raises(PdfError, match=message):
        make_pdf(project / "notebooks" / "01-a.ipynb", project / "_pdf", project)
    assert listing(project) == ["01-a.pdf"]
    assert (project / "_pdf" / "01-a.pdf").read_text() == "the old one"


def command(monkeypatch, root, *arguments):
    """Run the command for another project."""
    monkeypatch.setattr(pdf, "ROOT", root)
    monkeypatch.setattr(pdf, "labs", lambda: labs(root))
    monkeypatch.setattr(pdf, "find_lab", lambda asked: find_lab(asked, root))
    monkeypatch.setattr(sys, "argv", ["pdf", *arguments])
    pdf.main()


def test_the_command_prints_every_lab_and_removes_what_is_of_none(project, monkeypatch, capsys):
    (project / "_pdf").mkdir()
    (project / "_pdf" / "01-old.pdf").touch()
    command(monkeypatch, project, "--lab", "a")
    assert listing(project) == ["01-a.pdf", "01-old.pdf"]
    command(monkeypatch, project)
    assert listing(project) == ["01-a.pdf"]
    assert "_pdf/: 01-a.pdf" in capsys.readouterr().out
    with pytest.raises(SystemExit, match=r"No PDF was made: LAB is '7': there is no such lab"):
        command(monkeypatch, project, "--lab", "7")


def test_the_students_pdf_has_no_solution(project, monkeypatch):
    seen = []
    monkeypatch.setattr(pdf, "printed", lambda lab: seen.append(lab) or printed(lab))
    cells = [new_code_cell("secret", metadata={"tags": ["solution"]}), new_code_cell("open")]
    lab = project / "notebooks" / "01-a.ipynb"
    lab.write_text(dumps(new_notebook(cells=[new_markdown_cell("# Title"), *cells])))
    command(monkeypatch, project, "--edition", "student")
    assert (project / "_pdf-student" / "01-a.pdf").is_file()
    assert [cell.source for cell in seen[0].cells] == ["# Title", "open"]


def test_one_lab_that_fails_does_not_keep_the_others_from_being_printed(project, monkeypatch):
    (project / "notebooks" / "00-broken.ipynb").write_text("{")
    with pytest.raises(SystemExit, match=r"The PDF was not made: 00-broken\.ipynb can't be read"):
        command(monkeypatch, project)
    assert listing(project) == ["01-a.pdf"]


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("1.9.37", r"quarto is Quarto 1\.9\.37, which is too old: install Quarto 1\.10 or newer"),
        ("", "too old"),
        (
            None,
            r"there is no Quarto on the PATH: install Quarto 1\.10 or newer from https://quarto",
        ),
    ],
)
def test_without_a_quarto_that_is_new_enough_it_says_which_to_install(
    project, monkeypatch, version, message
):
    monkeypatch.setenv("VERSION", version or "")
    if version is None:
        monkeypatch.setenv("PATH", "")
    with pytest.raises(QuartoError, match=message):
        get()
    with pytest.raises(SystemExit, match=message):
        command(monkeypatch, project)
    assert not (project / "_pdf").exists()


def test_a_picture_in_a_table_is_left_out_and_the_words_beside_it_are_printed(tmp_path):
    drawn = '<table><tr><td><img src="data:,a" alt="b">below 3</td></tr></table>'
    lab = lab_of(tmp_path, new_code_cell("t", outputs=[displayed(text_html=drawn, text_plain="t")]))
    (table,) = printed(lab).cells[-1].outputs
    assert table.data["text/html"] == "<table><tr><td>below 3</td></tr></table>"
    assert lab.cells[-1].outputs[0].data["text/html"] == drawn
