"""What a lab asks of a student: where its exercises and its optional parts end, and the minutes."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course import effort
from course.editions import student_notebook
from course.effort import core, core_minutes, stated_minutes, tasks
from course.notebook import Lab, dumps
from course.tidy import tidy

TEXT = "word " * 100  # half a minute


def md(source, *tags):
    return new_markdown_cell(source, metadata={"tags": list(tags)} if tags else {})


def code(source, *tags, collapsed=False):
    metadata = {"tags": list(tags)} if tags else {}
    if collapsed:
        metadata["jupyter"] = {"source_hidden": True}
    return new_code_cell(source, metadata=metadata)


def lines(count):
    return "\n".join(f"a_{i} = {i}" for i in range(count))


def folded(summary, text):
    return f"<details><summary>{summary}</summary>\n\n{text}\n\n</details>"


def exercise(number, *after):
    """Return the cells of an exercise, and after its check what a test wants there."""
    hints = "\n\n".join(folded(f"Hint {k}", TEXT) for k in (1, 2))
    question = f"### Exercise {number}: a sum\n\n{hints}"
    stub = code(f"def my_{number}(x):\n    ...", "exercise")
    return [md(question), stub, code(f"check(my_{number})\n{lines(12)}", "exercise-check"), *after]


def solved():
    return [md(folded("Solution", TEXT), "solution"), code(lines(12), "solution")]


@pytest.fixture
def lab_of(tmp_path):
    def make(*cells):
        path = tmp_path / "notebooks" / "01-a.ipynb"
        return Lab(path, new_notebook(cells=list(cells)), tmp_path)

    return make


# --- where an exercise ends ----------------------------------------------------------------------


def of_exercises(lab):
    """Return, for each exercise, the places of its cells."""
    return [[cell.index for cell in exercise.cells] for exercise in lab.exercises]


def test_an_exercise_in_the_middle_ends_with_its_last_solution(lab_of):
    lab = lab_of(md("Before."), *exercise(1, *solved()), md("### Next\n\nOn."), code("b = 1"))
    assert of_exercises(lab) == [[1, 2, 3, 4, 5]]
    assert [e.title for e in lab.exercises] == ["Exercise 1: a sum"]
    assert lab.exercises[0].solution.index == 5


@pytest.mark.parametrize(
    ("after", "places"),
    [
        ([md("No heading."), code("b = 1")], [[0, 1, 2]]),
        ([code("b = 1"), md("On.")], [[0, 1, 2]]),
        ([md("#### Deeper\n\nOn.")], [[0, 1, 2]]),
        ([md("## 4 Check"), code("b = 1", "solution")], [[0, 1, 2]]),
        (exercise(2), [[0, 1, 2], [3, 4, 5]]),
        ([*solved(), *exercise(2, *solved())], [[0, 1, 2, 3, 4], [5, 6, 7, 8, 9]]),
        ([*solved(), code("mine = 1"), code("b = 2", "solution")], [[0, 1, 2, 3, 4]]),
        ([md("### Why\n\nBecause.", "solution"), *solved()], [[0, 1, 2, 3, 4, 5]]),
    ],
)
def test_what_follows_the_check_and_is_no_solution_is_the_lessons_again(lab_of, after, places):
    assert of_exercises(lab_of(*exercise(1, *after))) == places


@pytest.mark.parametrize("heading", ["### Next", "## 4 Check", "### Exercise 2: b"])
def test_a_heading_ends_an_exercise_that_has_no_check(lab_of, heading):
    question, stub, _ = exercise(1)
    lab = lab_of(question, stub, md(f"{heading}\n\nOn."), code("b = 1"))
    assert of_exercises(lab)[0] == [0, 1]


def test_what_a_student_writes_before_the_check_belongs_to_the_exercise(lab_of):
    question, stub, check = exercise(1)
    own = [md("I try."), code("try_it = 1"), md("#### Again"), code("my_1(2)")]
    lab = lab_of(question, own[0], own[1], stub, own[2], own[3], check, code("after = 1"))
    [found] = lab.exercises
    assert of_exercises(lab) == [[0, 1, 2, 3, 4, 5, 6]]
    assert (found.stub.index, found.check.index, found.solution) == (3, 6, None)


def test_two_headings_in_a_cell_are_one_exercise(lab_of):
    question, *rest = exercise(1)
    question.source += "\n\n### Exercise 2: more"
    assert of_exercises(lab_of(question, *rest, code("b = 1"))) == [[0, 1, 2]]


def test_a_students_notebook_has_the_same_exercises(lab_of):
    lab = lab_of(
        md("# A"), *exercise(1, *solved()), md("### B"), *exercise(2, *solved()), md("## C")
    )
    student = lab_of(*student_notebook(lab).cells)
    assert of_exercises(student) == [[1, 2, 3], [5, 6, 7]]
    assert [e.title for e in student.exercises] == [e.title for e in lab.exercises]


# --- what may be left out ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headings", "further"),
    [
        (["## 3 Execution", "### Further: a", "### Back"], [False, True, False]),
        (["### Further: a", "## 4 Check"], [True, False]),
        (["### Further: a", "#### Deeper", "### Back"], [True, True, False]),
        (["#### Further: a", "#### Back"], [True, False]),
        (["#### Further: a", "### Back"], [True, False]),
        (["## Further: a", "### Deeper", "## 4 Check"], [True, True, False]),
        (["### Further: a", "### Further: b", "### Back"], [True, True, False]),
        (["### Further: a", "#### Further: b", "#### Still a"], [True, True, True]),
        (["## Further reading", "### Further", "### On: Further: b"], [False, False, False]),
        (["## 3 Execution\n\n### Further: a"], [True]),
        (["### Further: a\n\n## 4 Check"], [False]),
        (["### A\n\n```\n### Further: a\n```"], [False]),
    ],
)
def test_a_part_marked_further_ends_with_a_heading_of_its_level_or_above(lab_of, headings, further):
    lab = lab_of(*(cell for heading in headings for cell in (md(heading), code("a = 1"))))
    assert [cell.further for cell in lab.cells] == [one for one in further for _ in range(2)]


# --- minutes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "minutes"),
    [
        ([md("word " * 200)], 1),
        ([md("# A title\n\n### A heading"), md("word " * 200)], 1),  # which are no words
        ([md("a $x + y$ b")], 2 / 200),  # mathematics are no words
        ([code(lines(12))], 1),
        ([code(f"#| label: fig-a\n#| fig-alt: long\n\n{lines(6)}\n\n")], 0.5),
        ([code("a = Predict('b')\na(...)", "predict")], 1),
        ([md("Guess."), code("a(...)", "predict"), code("a.compare(1)")], 1 + 1 / 12 + 1 / 200),
        ([code(lines(12), collapsed=True)], 0),
        (exercise(1), 8),  # no hint, stub or check is read
        (exercise(1, *solved()), 8),
        ([*exercise(1, *solved()), *exercise(2, *solved())], 16),
        ([md("### Further: a"), md(TEXT), code(lines(12)), *exercise(1)[1:]], 0),
        ([md("### Further: a"), code("a(...)", "predict")], 0),
        ([md("### Further: a"), *exercise(1)], 8),  # a heading of its level ends it
        ([md("### Further: a\n\n" + TEXT), md("## B\n\n" + TEXT)], 0.5),
        ([md("## Further reading"), md(TEXT)], 0),
        ([md("## Session info"), md(TEXT), code(lines(12))], 0),
        ([md("## 4 Check"), md("word " * 200)], 1),
        ([code(lines(24), "colab")], 0),
        ([], 0),
    ],
)
def test_the_minutes_of_the_core(lab_of, cells, minutes):
    assert core_minutes(lab_of(*cells)) == pytest.approx(minutes, abs=1e-9)


@pytest.mark.parametrize(
    ("words", "stated"), [(1, 5), (999, 5), (1000, 5), (1001, 10), (2000, 10), (11_999, 60)]
)
def test_the_stated_minutes_are_rounded_up_to_five(lab_of, words, stated):
    assert stated_minutes(lab_of(md("word " * words))) == stated


def test_tasks_and_core_are_listed_in_order(lab_of):
    first, second = (code(f"{name}(...)", "predict") for name in "ab")
    lab = lab_of(md("# A"), first, *exercise(1, *solved()), md("### Further: b"), second)
    assert [cell.index for cell in tasks(lab)] == [1, 3, 8], "those of a Further part too"
    assert [cell.index for cell in core(lab)] == [0, 1, 2, 3, 4, 5, 6]


def test_a_line_a_lab_says_minutes_tasks_and_gaps(lab_of, monkeypatch):
    cells = [md("# A"), md(TEXT), code(lines(12)), code("a(...)", "predict"), *exercise(1)]
    lab = lab_of(*cells)
    lab.node.metadata["course"] = {"minutes": 15}
    lab.path.parent.mkdir()
    lab.path.write_text(dumps(lab.node))
    monkeypatch.setattr(effort, "labs", lambda: [lab.path])
    head, line = effort._table().splitlines()
    names = "lab minutes stated words lines cells tasks first largest gap"
    assert head.split() == names.split()
    # 100 words, 12 lines, a prediction, an exercise: 0.5 + 1 + 1 + 8 minutes
    assert line.split() == ["01-a", "10", "15", "100", "12", "7", "2", "3", "3"]


def test_minutes_are_those_of_the_lab_as_it_is_stored(lab_of):
    """Tidying collapses what was never read."""
    lab = lab_of(md("# A"), *exercise(1, *solved()), md("## B"), code(lines(6)))
    before = core_minutes(lab)
    tidy(lab.node)
    assert core_minutes(lab_of(*lab.node.cells)) == before
