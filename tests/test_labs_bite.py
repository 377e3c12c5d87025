"""The labs' checks bite: a mistake in a lab's own code fails it, another seed does not.

So do those of the exercises: plausible wrong answers are caught with a message about the mistake.
And every cell of a lab, run twice in a row, does the same both times. All are here, because whole
files go to a test worker, and one run of a lab serves all of them.
"""

import pytest
from far_answers import far
from shown_by_cells import Notebook

pytest.importorskip("torch", reason="the labs' networks need torch")

from course import ROOT
from course.cases import (
    as_it_stands,
    behind,
    case,
    program_of,
    read,
    run_to_report,
    run_twice,
    solved,
)
from course.editions import student_notebook
from course.notebook import Lab, labs
from course.pages.instructors import masked, stored_messages

LABS = [path.stem[:2] for path in labs()]
# GradcheckError and a second `backward` are RuntimeErrors, a class without a logit an IndexError.
FAILURES = (AssertionError, ValueError, ArithmeticError, RuntimeError, IndexError)


def params(table):
    """Return the entries of a table that each case has, of all labs, with the lab before each."""
    return [
        pytest.param(lab, *entry, id=f"{lab}: {name}")
        for lab in LABS
        for name, entry in getattr(case(lab), table, {}).items()
    ]


@pytest.mark.parametrize("lab", LABS)
def test_every_cell_does_the_same_when_it_is_run_again(lab, monkeypatch):
    """Where a cell reads the clock, what it shows may differ.

    One that compares a prediction does the same after the whole lab, too: students run all cells,
    and then go back to predict.
    """
    notebook, compared = Notebook(monkeypatch), {}
    for source, first, second in run_twice(lab, notebook.run):
        assert first == second, source
        if first and ".compare(" in source:
            compared[source] = outcome(first)
    names = as_it_stands(lab)
    kept = dict(names)  # for the other tests, but the lab's functions see this very dictionary
    for source, first in compared.items():
        assert outcome(notebook.run(source, names, lambda: None)) == first, source
    names.update(kept)


def outcome(shown):
    """Return the last line of what a cell shows: where it compares, that of the prediction."""
    words, _ = shown
    return words.splitlines()[-1]


@pytest.mark.parametrize("lab", LABS)
def test_a_lab_without_a_mistake_passes(lab):
    as_it_stands(lab)


@pytest.mark.parametrize(
    ("lab", "right", "wrong", "verdict"), [*params("MISTAKES"), *params("UNFAIR")]
)
def test_a_lab_with_a_mistake_fails(lab, right, wrong, verdict):
    with pytest.raises(FAILURES, match=verdict):
        run_with_a_mistake(lab, (right, wrong), verdict)


def run_with_a_mistake(lab, change, verdict):
    """Run what the check needs, and the whole lab where that is not enough for it to show."""
    if needed := behind(lab, verdict, change):
        run_to_report(lab, change, only=needed)
    run_to_report(lab, change)


def test_a_mistake_in_code_that_the_lab_no_longer_has_is_no_failure_of_it():
    with pytest.raises(LookupError, match=r"^lab 03 has no 'setup_context\(no' any more") as caught:
        program_of("03", ("setup_context(no", ""))
    assert not isinstance(caught.value, FAILURES)


@pytest.mark.parametrize(
    ("lab", "change"),
    [pytest.param(k, v, id=f"{k}: {v[1]}") for k in LABS for v in case(k).OTHER_SEEDS],
)
def test_a_lab_with_another_seed_passes(lab, change):
    """A stand-in for another processor or release of torch, whose numbers would differ too."""
    run_to_report(lab, change)


@pytest.mark.parametrize("lab", LABS)
def test_a_lab_has_mistakes_an_unfair_study_and_other_seeds(lab):
    assert len(case(lab).MISTAKES) >= 6
    assert case(lab).UNFAIR
    assert case(lab).OTHER_SEEDS


# --- the exercises -------------------------------------------------------------------------------


def exercises(lab):
    """Return the names of a lab's exercises, from its stubs."""
    return [exercise.name for exercise in read(lab).exercises]


EVERY = [(lab, exercise) for lab in LABS for exercise in exercises(lab)]


@pytest.mark.parametrize(("lab", "exercise"), EVERY)
def test_a_stub_is_not_attempted_and_the_solution_is_right(lab, exercise):
    names = solved(lab)
    check = names[f"check_{exercise}"]
    for answer, status in (("my", "not attempted"), ("solved", "right")):
        assert check(names[f"{answer}_{exercise}"]).status == status
        assert far(check, names[f"{answer}_{exercise}"], names) == (status, "")  # when it is graded


@pytest.mark.parametrize("lab", LABS)
def test_the_students_notebook_says_of_each_exercise_that_it_is_not_attempted(lab):
    student = Lab(read(lab).path, student_notebook(read(lab)), ROOT)
    names = dict(as_it_stands(lab))
    for exercise in student.exercises:
        exec(exercise.stub.source, names)
        check, _, last = exercise.check.source.strip().rpartition("\n")
        exec(check, names)
        assert str(eval(last, names)) == "Not attempted."


@pytest.mark.parametrize(
    ("lab", "name"),
    [pytest.param(lab, name, id=f"{lab}: {name}") for lab in LABS for name in case(lab).WRONG],
)
def test_a_wrong_answer_is_told_what_is_wrong(lab, name):
    exercise, answer, because = case(lab).WRONG[name]
    verdict = solved(lab)[f"check_{exercise}"](answer)
    assert verdict.status == "not right yet"
    assert because in verdict.because
    graded = far(solved(lab)[f"check_{exercise}"], answer, solved(lab))
    assert masked(str(graded)) == masked(str((verdict.status, verdict.because)))
    stored = stored_messages(ROOT, lab).get(name, {"message": "nothing"})["message"]
    assert masked(str(verdict)) == masked(stored), (
        f"the page for instructors says {stored!r}, the check {str(verdict)!r}: "
        f"python -m course.pages.instructors --messages {lab}"
    )


@pytest.mark.parametrize(("lab", "exercise", "answer"), params("RIGHT"))
def test_a_right_answer_in_an_unusual_dress_is_right(lab, exercise, answer):
    check = solved(lab)[f"check_{exercise}"]
    assert str(check(answer)) == "Right."
    assert far(check, answer, solved(lab)) == ("right", "")


@pytest.mark.parametrize("lab", LABS)
def test_a_lab_has_three_exercises_with_four_wrong_and_three_right_answers_to_each(lab):
    assert len(exercises(lab)) == 3
    for table, least in (("WRONG", 4), ("RIGHT", 3)):
        answered = [exercise for exercise, *_ in getattr(case(lab), table).values()]
        assert all(answered.count(exercise) >= least for exercise in exercises(lab)), table
