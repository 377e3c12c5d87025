"""The sidebar says what the labs' metadata say; that it is current is tested with the other pages
that a program writes."""

import shutil
import sys

import nbformat
import pytest
import yaml

from course import ROOT
from course.notebook import Lab, labs
from course.outline import OutlineError, sidebar
from course.pages import write
from course.site import render
from course.student import edition


@pytest.fixture
def root(tmp_path):
    """Copy the labs and the file."""
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    shutil.copy(ROOT / "_quarto.yml", tmp_path)
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


def test_a_new_title_and_a_part_appear_as_they_are_written(root):
    before = [section["section"] for section in sections(root)]
    parts = [Lab.read(path).about["part"] for path in labs(root)]
    place = next(k for k, part in enumerate(parts) if part != parts[0])  # the second part's first
    lab, last = labs(root)[place], labs(root)[-1]
    assert len(before) > 3, "the last lab is of a later part than the one that is renamed"
    call(lab, '"When?": #7')
    change(lab, part="A: B")
    change(last, part="Beside")
    names = [section["section"] for section in sections(root)]
    assert names == [before[0], "A: B", *before[1:-1], "Beside", before[-1]]
    [shown] = sections(root)[1]["contents"]
    assert shown == {"text": f'{place + 1} "When?": #7', "href": f"notebooks/{lab.name}"}


def test_labs_come_and_go_and_nothing_else_changes(root):
    gone, lines = labs(root)[-1], sidebar(root).splitlines()
    name = f'- text: "{int(gone.name[:2])} {Lab.read(gone).title}"'
    gone.rename(gone.with_suffix(".aside"))
    rest = [line for line in lines if gone.name not in line and line.strip() != name]
    assert sidebar(root).splitlines() == rest
    gone.with_suffix(".aside").rename(gone)
    assert sidebar(root).splitlines() == lines


def test_a_file_without_the_place_for_the_labs_is_named(root):
    text = (root / "_quarto.yml").read_text()
    (root / "_quarto.yml").write_text(text.replace("end of labs", "the end"))
    with pytest.raises(OutlineError, match=r"_quarto\.yml must have the place .* it has 0 such"):
        sidebar(root)


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
