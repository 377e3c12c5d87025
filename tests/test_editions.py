"""What a student gets: where the exercises stand, and nothing of a solution anywhere."""

import copy
import json
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
import yaml
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course import ROOT
from course.collapsed import stored_metadata
from course.editions import ALONE, for_download, student_notebook, student_sources
from course.grading.original import Original, original_of
from course.grading.submission import code_cells as code_cells_of
from course.notebook import COLAB, Lab, labs
from course.publishing.colab import set_up
from course.publishing.repository import Repository
from course.site.render import render

LABS = [pytest.param(path, id=path.stem) for path in labs()]


def code(source, *tags):
    return new_code_cell(source, metadata={"tags": list(tags)} if tags else {})


@pytest.mark.parametrize("path", LABS)
def test_each_lab_has_three_exercises_with_stub_check_and_solution_in_order(path):
    found = Lab.read(path).exercises
    assert len(found) == 3
    for exercise in found:
        assert exercise.stub.index < exercise.check.index < exercise.solution.index
        assert f"def my_{exercise.name}(" in exercise.stub.source
        assert f"my_{exercise.name})" in exercise.check.source
        assert f"def solved_{exercise.name}(" in exercise.solution.source


HINTS = "\n\n".join(
    f"<details><summary>Hint {k}</summary>\n\n{text}\n\n</details>"
    for k, text in enumerate(("Add.", "Call `sum`."), 1)
)
HEADING = new_markdown_cell(f"### Exercise 1: a sum\n\nAdd them.\n\n{HINTS}")


def exercise_of(*cells):
    [exercise] = lab_of(HEADING, *cells, new_markdown_cell("## 4 Check")).exercises
    return exercise


def lab_of(*cells, **metadata):
    notebook = new_notebook(cells=list(cells), metadata=metadata)
    return Lab(Path("01-lab.ipynb"), notebook, Path())


def test_an_exercise_knows_its_title_prompt_hints_and_cells():
    stub = code("@cache\ndef my_a(x):\n    ...", "exercise")
    check = code("check_a(my_a)", "torch", "exercise-check")
    exercise = exercise_of(stub, check, code("b", "solution"), code("c", "solution"))
    assert (exercise.title, exercise.name) == ("Exercise 1: a sum", "a")
    assert exercise.hints == ["Add.", "Call `sum`."]
    assert exercise.prompt.strip().endswith("Add them.")
    cells = (exercise.stub, exercise.check, exercise.solution)
    assert [cell.source for cell in cells] == [stub.source, check.source, "b"]
    assert exercise_of(stub, check).solution is None


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([code("def mine(): ...", "exercise")], r"^01-lab\.ipynb: cell 2 .* defines no my_NAME"),
        ([], r"^01-lab\.ipynb: Exercise 1: a sum: 0 cells are tagged exercise, not one"),
        (
            [code(f"def my_{n}(): ...", "exercise") for n in "ab"],
            "2 cells are tagged exercise, not one",
        ),
    ],
)
def test_an_exercise_that_is_not_whole_is_named(cells, message):
    with pytest.raises(ValueError, match=message):
        _ = exercise_of(*cells).name


# --- a student's notebook ------------------------------------------------------------------------


@pytest.mark.parametrize("path", LABS)
def test_a_students_notebook_is_the_lab_without_solutions_outputs_and_other_metadata(path):
    lab = Lab.read(path)
    before = copy.deepcopy(lab.node)
    student = student_notebook(lab)
    nbformat.validate(student)
    assert lab.node == before
    assert set(student.metadata) == {"course", "kernelspec", "language_info"}
    assert set(student.metadata["course"]) == {"description", "minutes"}
    kept = [cell for cell in lab.cells if "solution" not in cell.tags]
    assert [cell.source for cell in student.cells] == [cell.source for cell in kept]
    for cell in student.cells:
        assert cell.metadata == stored_metadata(cell)
        assert "attachments" not in cell
        if cell.cell_type == "code":
            assert (cell.outputs, cell.execution_count) == ([], None)
    found = Lab(path, student, ROOT).exercises
    assert [exercise.solution for exercise in found] == [None] * 3
    assert all("your_answer_here()" in exercise.stub.source for exercise in found)


@pytest.mark.parametrize("path", LABS)
def test_no_other_cell_uses_what_only_a_solution_defines(path):
    cells = Lab.read(path).cells
    own, others = (
        set().union(
            *(c.names[0] for c in cells if c.kind == "code" and ("solution" in c.tags) == s)
        )
        for s in (True, False)
    )
    for cell in cells:
        if "solution" not in cell.tags:
            leak = (own - others) & (cell.names[1] if cell.kind == "code" else set())
            assert not leak, f"cell {cell.index + 1} uses {leak}: without solutions it fails"
            assert "solved_" not in cell.source


SECRET = "the_answer_is_42"


def solved_lab():
    """Make a lab that holds the secret wherever a solution can be."""
    picture = {"image/png": "iVBORw0KGgo="}
    shown = new_markdown_cell("![A plot](attachment:plot.png)")
    shown["attachments"] = {"plot.png": picture, f"{SECRET}.png": picture}
    hint = new_markdown_cell("Try.", metadata={"note": SECRET})
    solution = code(f"{SECRET} = 1", "solution")
    solution.outputs = [new_output("stream", text=SECRET)]
    told = new_markdown_cell(
        f"<details>\n\n{SECRET}\n\n</details>", metadata={"tags": ["solution"]}
    )
    told["attachments"] = {"plot.png": {"text/plain": SECRET}}
    front = new_markdown_cell("# Lab\n\nIs it one?")
    ran = code("print(6)")
    ran.outputs = [new_output("stream", text="six is here")]
    stub, check = code("def my_a(): ...", "exercise"), code("check(my_a)", "exercise-check")
    course = {"description": "A lab.", "minutes": 5, "answer": SECRET}
    metadata = {"labkit": {"hash": SECRET}, "widgets": SECRET, "course": course}
    cells = [front, shown, ran, stub, check, solution, told, hint]
    return lab_of(*cells, **metadata)


def test_a_solution_hides_nowhere_in_a_students_notebook():
    lab = solved_lab()
    assert json.dumps(lab.node).count(SECRET) == 9
    assert SECRET not in json.dumps(student_notebook(lab))
    assert student_notebook(lab).metadata["course"] == {"description": "A lab.", "minutes": 5}
    assert set(student_notebook(lab).cells[1].attachments) == {"plot.png"}


def test_a_students_notebook_of_a_students_notebook_is_the_same():
    once = student_notebook(solved_lab())
    assert student_notebook(Lab(Path("01-lab.ipynb"), once, Path())) == once


# --- the students' site --------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path):
    root = tmp_path / "project"
    for name in ("styles", "notebooks", "tests", "instructors"):
        (root / name).mkdir(parents=True)
        (root / name / "site.css").write_text("")
    nbformat.write(solved_lab().node, root / "notebooks" / "01-lab.ipynb")
    labs_section = {"section": "Labs", "contents": ["notebooks/01-lab.ipynb"]}
    teachers = {"section": "Teachers", "contents": [{"text": "Page", "href": "instructors.qmd"}]}
    config = {
        "project": {"type": "website", "render": ["index.qmd", "/instructors.qmd", "/notebooks/*"]},
        "website": {
            "title": "Small",
            "search": True,
            "sidebar": {"contents": ["index.qmd", labs_section, teachers, "instructors.qmd"]},
        },
        "format": {"html": {"theme": "default", "css": "styles/site.css"}},
    }
    (root / "_quarto.yml").write_text(yaml.safe_dump(config))
    (root / "instructors.qmd").write_text(f"---\ntitle: Teachers\n---\n\n{SECRET}\n")
    inner = f"::: {{.instructors}}\n\n{SECRET}, see [there](instructors.qmd).\n\n:::"
    page = f"::: {{.start}}\n\n## Start\n\nAll.\n\n{inner}\n\nMore.\n\n:::\n\nEnd."
    (root / "index.qmd").write_text(f"---\ntitle: Front\n---\n\n{page}\n")
    return root


def holding(folder, text):
    """Return the files of a folder that hold a text."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {p.relative_to(folder).as_posix() for p in files if text.encode() in p.read_bytes()}


def test_the_students_site_has_no_solution_in_pages_search_or_downloads(project, tmp_path):
    course, student = tmp_path / "course", tmp_path / "student"
    render(project, course, "smalldocs")
    render(project, student, "smalldocs", student=True)
    lab = "notebooks/01-lab"
    assert holding(course, SECRET) == {
        "index.html", "instructors.html", "search.json", f"{lab}.html", f"{lab}-solved.ipynb"
    }  # fmt: skip
    assert holding(student, SECRET) == set()
    assert holding(student, "six is here") == {f"{lab}.html"}
    assert "search.json" in holding(student, "Try.")
    assert not (student / "instructors.html").exists()
    for text in ("instructors", "Teachers", "olution"):
        assert holding(student, text) & {"index.html", "search.json", f"{lab}.html"} == set()
    for site in (course, student):
        page = BeautifulSoup((site / f"{lab}.html").read_text(), "html.parser")
        assert [h1.get_text() for h1 in page.select("h1")] == ["1 Lab"]
        assert page.title.get_text() == "1 Lab – Small"
        assert page.select_one('meta[name="description"]')["content"] == "A lab."
    downloads = [(site / f"{lab}.ipynb").read_text() for site in (course, student)]
    assert downloads[0] == downloads[1]
    for name in (f"{lab}.ipynb", f"{lab}-solved.ipynb"):
        first = next(c for c in Lab.read(course / name).cells if c.kind == "code")
        assert first.source == ALONE, name


def test_the_students_sources_hold_what_a_renderer_needs_and_no_more(project, tmp_path):
    student_sources(project, tmp_path / "sources")
    found = {
        p.relative_to(tmp_path / "sources").as_posix() for p in (tmp_path / "sources").rglob("*.*")
    }
    assert found == {"_quarto.yml", "index.qmd", "styles/site.css", "notebooks/01-lab.ipynb"}
    config = yaml.safe_load((tmp_path / "sources" / "_quarto.yml").read_text())
    assert config["project"]["render"] == ["index.qmd", "/notebooks/*"]
    (page, section) = config["website"]["sidebar"]["contents"]
    assert (page, section["section"]) == ("index.qmd", "Labs")
    text = (tmp_path / "sources" / "index.qmd").read_text()
    assert text.index("All.") < text.index("More.") < text.index("End.")
    assert text.count(":::") == 2


def test_quarto_renders_the_students_site_from_the_same_sources(project, tmp_path, monkeypatch):
    seen = []

    def quarto(root, site):
        seen.append(holding(root, SECRET))
        site.mkdir()
        (site / "index.html").write_text("<html><body><main></main></body></html>")

    monkeypatch.setattr("course.site.render.with_quarto", quarto)
    render(project, tmp_path / "out", "quarto", student=True)
    render(project, tmp_path / "out", "quarto")
    assert seen[0] == set()
    assert seen[1]


@pytest.mark.parametrize("path", LABS)
def test_a_lab_by_itself_is_the_students_and_one_cell_before_all_code(path):
    student = student_notebook(Lab.read(path))
    before = copy.deepcopy(student)
    alone = for_download(student)
    nbformat.validate(alone)
    assert student == before
    [added] = [cell for cell in alone.cells if cell not in student.cells]
    code_cells = [cell for cell in alone.cells if cell.cell_type == "code"]
    assert code_cells[0] == added
    assert (added.outputs, added.execution_count, COLAB in added.metadata.tags) == ([], None, True)
    alone.cells.remove(added)
    assert alone.cells == student.cells
    asked = code_cells_of(Lab(path, for_download(student), ROOT))
    known = tuple(map(Original.read, labs()))
    assert original_of(Path("renamed.ipynb"), asked, known).name == path.stem


def test_where_colab_has_its_cell_that_one_is_enough():
    cells = set_up([code("import labkit")], Repository("https://github.com/example/course"))
    notebook = new_notebook(cells=cells)
    assert for_download(notebook).cells == cells
    assert len(for_download(for_download(new_notebook(cells=[code("1")]))).cells) == 2


@pytest.mark.parametrize("there", [True, False])
def test_the_cell_says_what_to_do_where_labkit_is_missing_and_else_nothing(there, capfd):
    command = [sys.executable, *([] if there else ["-I", "-S"]), "-c", ALONE]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout == ""
    if there:
        assert (done.returncode, done.stderr) == (0, "")
        return
    last = done.stderr.splitlines()[-1]
    assert last.startswith("ModuleNotFoundError: This lab needs labkit, the course's package")
    assert "unpack the zip and run start.py" in last


def test_the_zip_is_offered_on_the_front_page_and_first_on_each_labs_page(project, tmp_path):
    offer = tmp_path / "labs-1.0.zip"
    offer.write_bytes(b"0" * 2_600_000)
    site = tmp_path / "site"
    render(project, site, "smalldocs", student_zip=offer)  # a dead link would stop it
    assert (site / offer.name).read_bytes() == offer.read_bytes()
    assert holding(site, "(zip, 3&nbsp;MB)") == {"index.html", "notebooks/01-lab.html"}
    page = BeautifulSoup((site / "notebooks" / "01-lab.html").read_text(), "html.parser")
    links = [link["href"] for link in page.select(".lab-download a")]
    assert links == ["../labs-1.0.zip", "01-lab.ipynb", "01-lab-solved.ipynb"]
    render(project, site, "smalldocs")
    assert holding(site, ".zip") == set()
