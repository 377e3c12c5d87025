"""Exercises tell three outcomes apart, and never fall over an answer."""

import pytest

from labkit import Exercise, NotAttempted, your_answer_here


@Exercise
def double(answer):
    """Return twice the input."""
    yield answer(2) == answer(1) * 2, "twice the input must give twice the output."
    yield answer(1) == 2, "it isn't twice its input."


@pytest.mark.parametrize(
    ("answer", "status", "because"),
    [
        (lambda _: your_answer_here(), "not attempted", ""),
        (lambda x: 2 * x, "right", ""),
        (lambda x: x + 1, "not right yet", "twice the input must give twice the output."),
        (lambda x: 3 * x, "not right yet", "it isn't twice its input."),
        (lambda _: 1 / 0, "not right yet", "it raised ZeroDivisionError: division by zero"),
        (lambda _: None, "not right yet", "it raised TypeError: "),
        (7, "not right yet", "it raised TypeError: 'int' object is not callable"),
    ],
    ids=["stub", "right", "first rule", "second rule", "raises", "returns None", "no function"],
)
def test_three_outcomes(answer, status, because):
    verdict = double(answer)
    assert verdict.status == status
    assert verdict.because.startswith(because)
    assert bool(verdict.because) is bool(because)


def test_verdicts_are_sentences():
    assert str(double(lambda _: your_answer_here())) == "Not attempted."
    assert repr(double(lambda x: 2 * x)) == "Right."
    assert str(double(lambda x: 3 * x)) == "Not right yet, because it isn't twice its input."


def test_a_stub_called_late_is_not_attempted():
    assert double(lambda x: 2 if x == 1 else your_answer_here()).status == "not attempted"


def test_a_stub_raises_outside_an_exercise():
    with pytest.raises(NotAttempted, match=r"Replace your_answer_here\(\) by your answer"):
        your_answer_here()


def test_an_exercise_keeps_the_words_of_its_rules():
    assert double.__doc__ == "Return twice the input."


def test_a_student_can_stop_an_answer_that_hangs():
    def hangs(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        double(hangs)


def test_a_comparison_with_nan_is_not_right():
    @Exercise
    def small(answer):
        yield abs(answer - 1) < 1e-6, "it is too far from 1."

    assert small(float("nan")).status == "not right yet"
