"""What a student gets: where the exercises stand, and nothing of a solution anywhere."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools.editions import ExerciseCells, exercises
from tools.freshness import labs

LABS = [pytest.param(path, id=path.stem) for path in labs()]


def code(source, *tags):
    return new_code_cell(source, metadata={"tags": list(tags)} if tags else {})


@pytest.mark.parametrize("path", LABS)
def test_each_lab_has_three_exercises_with_stub_check_and_solution_in_order(path):
    notebook = nbformat.read(path, as_version=4)
    found = exercises(notebook)
    assert len(found) == 3
    for exercise in found:
        assert exercise.stub < exercise.check < exercise.solution
        sources = [notebook.cells[i].source for i in (exercise.stub, exercise.check)]
        assert f"def my_{exercise.name}(" in sources[0]
        assert f"my_{exercise.name})" in sources[1]
        assert f"def solved_{exercise.name}(" in notebook.cells[exercise.solution].source


def test_the_first_solution_cell_counts_and_a_students_notebook_has_none():
    stub = code("@cache\ndef my_a(x):\n    ...", "exercise")
    check = code("check_a(my_a)", "torch", "exercise-check")
    cells = [new_markdown_cell("Do."), stub, check, code("b", "solution"), code("c", "solution")]
    assert exercises(new_notebook(cells=cells)) == [ExerciseCells("a", 1, 2, 3)]
    assert exercises(new_notebook(cells=cells[:3])) == [ExerciseCells("a", 1, 2, None)]


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ([code("def mine(): ...", "exercise")], r"cell 1 .* defines no my_NAME"),
        ([code("def my_a(): ...", "exercise")], "my_a has no cell tagged exercise-check"),
        ([code("1"), code("a", "solution")], "cell 2 is tagged solution and follows no stub"),
    ],
)
def test_an_exercise_that_is_not_whole_is_named(cells, message):
    with pytest.raises(ValueError, match=message):
        exercises(new_notebook(cells=cells))
