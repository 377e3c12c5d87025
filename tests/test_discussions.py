"""The open questions of the exercises: told from tasks, and found wherever their lab stands."""

import re

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course import ROOT
from course.notebook import Lab, labs
from course.pages.discussions import DiscussionsError, discussion, discussions, open_question

LABS = [Lab.read(path) for path in labs()]
WRITTEN = discussions(ROOT)


def test_each_heading_is_the_name_of_one_exercise():
    found = [(exercise.name, lab.path.stem[3:]) for lab in LABS for exercise in lab.exercises]
    for name, in_lab in WRITTEN:
        meant = [one for one in found if one[0] == name and in_lab in ("", one[1])]
        assert len(meant) == 1, f"## my_{name} {in_lab} is {meant or 'no exercise'}"


@pytest.mark.parametrize("key", WRITTEN, ids=" ".join)
def test_a_paragraph_says_something(key):
    assert 40 < len(WRITTEN[key].split()) < 130
    assert "\n\n" not in WRITTEN[key], "one paragraph"


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.path.stem)
def test_where_an_exercise_ends_without_a_question_the_paragraph_begins_with_one(lab):
    for exercise in lab.exercises:
        said = discussion(lab, exercise)
        if said and not open_question(exercise):
            assert re.match(r"\*\*[^*]+\?\*\* ", said), exercise.name


# --- what an open question is --------------------------------------------------------------------

HINT = "<details><summary>Hint</summary>\n\nWhat is it?\n\n</details>"


def lab_with(prompt, root=ROOT, name="99-none"):
    cells = [
        new_markdown_cell(f"Is this before it?\n\n### Exercise 1: a mean\n\n{prompt}\n\n{HINT}"),
        new_code_cell("def my_mean(y):\n    ...", metadata={"tags": ["exercise"]}),
    ]
    return Lab(root / "notebooks" / f"{name}.ipynb", new_notebook(cells=cells), root)


@pytest.mark.parametrize(
    ("prompt", "question"),
    [
        ("Write a mean. What is it of?", "What is it of?"),
        ("Write a mean.\n\nIs $n$ it? Or *this*?", "Is $n$ it? Or *this*?"),
        ("Return a mean. (What is\nit of?)", "(What is it of?)"),
        ("Choose a mean. Then ask what it is of.", "Then ask what it is of."),
        ("Does it matter? Write a mean. It is one number.", ""),
        ("Write a mean. Then ask why. Take it from `rng`.", ""),
        ("Given $y$, what is the mean?", ""),
    ],
)
def test_an_open_question_comes_after_the_task_and_ends_the_prompt(prompt, question):
    [exercise] = lab_with(prompt).exercises
    assert open_question(exercise) == question


def test_the_paragraph_of_a_name_that_two_labs_have_is_the_one_with_the_labs_name(tmp_path):
    (tmp_path / "instructors").mkdir()
    path = tmp_path / "instructors" / "exercises.md"
    path.write_text("Head.\n\n## my_mean\n\nAny.\n\n## my_mean in small\n\nSmall.\n")
    for name, said in (("01-small", "Small."), ("07-small", "Small."), ("02-large", "Any.")):
        lab = lab_with("Write it.", tmp_path, name)
        assert discussion(lab, *lab.exercises) == said
    path.write_text("## Exercise 1\n\nWords.\n")
    with pytest.raises(DiscussionsError, match=r"the heading `## Exercise 1` must be the name of"):
        discussions(tmp_path)
