"""The sidebar and the course map say what the labs' metadata say; that they are current is tested
with the other pages that a program writes."""

import shutil
import sys

import nbformat
import pytest
import yaml

from course import ROOT
from course.notebook import Lab, labs
from course.outline import OutlineError, course_map, sidebar
from course.pages import write
from course.site import render
from course.student import edition


@pytest.fixture
def root(tmp_path):
    """Copy the labs and the two files."""
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    for name in ("_quarto.yml", "index.qmd"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def change(path, **about):
    """Change what a lab says of itself; None takes a key away."""
    notebook = nbformat.read(path, as_version=4)
    course = {**notebook.metadata.course, **about}
    notebook.metadata.course = {k: v for k, v in course.items() if v is not None}
    nbformat.write(notebook, path)


def call(path, title):
    """Give a lab another title."""
    notebook = nbformat.read(path, as_version=4)
    _, rest = notebook.cells[0].source.split("\n", 1)
    notebook.cells[0].source = f"# {title}\n{rest}"
    nbformat.write(notebook, path)


def sections(root):
    entries = yaml.safe_load(sidebar(root))["website"]["sidebar"]["contents"]
    return [entry for entry in entries if "section" in entry]


def test_a_new_title_a_part_and_a_question_appear_as_they_are_written(root):
    before = [section["section"] for section in sections(root)]
    parts = [Lab.read(path).about["part"] for path in labs(root)]
    place = next(k for k, part in enumerate(parts) if part != parts[0])  # the second part's first
    lab, last = labs(root)[place], labs(root)[-1]
    assert len(before) > 3, "the last lab is of a later part than the one that is renamed"
    call(lab, '"When?": #7')
    change(lab, part="A: B", question="Is it $|x|$?")
    change(last, part="Beside")
    names = [section["section"] for section in sections(root)]
    assert names == [before[0], "A: B", *before[1:-1], "Beside", before[-1]]
    [shown] = sections(root)[1]["contents"]
    assert shown == {"text": f'{place + 1} "When?": #7', "href": f"notebooks/{lab.name}"}
    assert f"{lab.name}) | Is it $\\|x\\|$? | " in course_map(root)


def test_the_course_map_says_the_minutes_of_a_lab_and_links_what_it_needs(root):
    change(labs(root)[2], minutes=47, prerequisites=["01-training-loop", "02-from-scratch"])
    [row] = [line for line in course_map(root).splitlines() if line.startswith("| 3 |")]
    links = "[1](notebooks/01-training-loop.ipynb), [2](notebooks/02-from-scratch.ipynb)"
    assert row.endswith(f" | 47 | {links} |")


def test_labs_come_and_go_and_nothing_else_changes(root):
    gone, texts = labs(root)[-1], {}  # the last one, which no other lab needs
    name = f'- text: "{int(gone.name[:2])} {Lab.read(gone).title}"'
    for text_of in (sidebar, course_map):
        texts[text_of] = text_of(root).splitlines()
    gone.rename(gone.with_suffix(".aside"))
    for text_of, lines in texts.items():
        rest = [line for line in lines if gone.name not in line and line.strip() != name]
        assert text_of(root).splitlines() == rest, text_of
    gone.with_suffix(".aside").rename(gone)
    assert {text_of: text_of(root).splitlines() for text_of in texts} == texts


@pytest.mark.parametrize(("text_of", "name"), [(sidebar, "_quarto.yml"), (course_map, "index.qmd")])
def test_a_file_without_the_place_for_the_labs_is_named(root, text_of, name):
    text = (root / name).read_text()
    (root / name).write_text(text.replace("end of labs", "the end"))
    with pytest.raises(OutlineError, match=f"{name} must have the place .* it has 0 such"):
        text_of(root)


def test_a_lab_that_says_too_little_of_itself_is_named_with_what_is_missing(root):
    change(labs(root)[2], part=None, question="")
    with pytest.raises(OutlineError, match=r"03-autograd\.ipynb must have part, question in its"):
        sidebar(root)
    change(labs(root)[2], part="Foundations", question="Why?")
    call(labs(root)[2], "")
    with pytest.raises(OutlineError, match=r"03-autograd\.ipynb must begin with its name"):
        sidebar(root)


@pytest.mark.parametrize("command", [write, render, edition], ids=lambda module: module.__name__)
@pytest.mark.parametrize("error", [OutlineError, ValueError])
def test_each_command_that_writes_them_says_it_in_a_sentence(command, error, monkeypatch):
    def fails(*_):
        raise error("index.qmd must have a place")

    monkeypatch.setattr(write, "GENERATORS", {"index.qmd": fails})
    monkeypatch.setattr(sys, "argv", ["command"])
    with pytest.raises(SystemExit, match=r"index\.qmd must have a place"):
        command.main()
