"""Predictions are noted, shown beside what came out, and never wrong."""

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from labkit import Predict


def number(**options):
    return Predict("By how much?", **options)


@pytest.mark.parametrize(
    ("said", "came", "near"),
    [
        (2, 2, "as you said"),
        (2, 1.94, "within 4 %"),
        (1.94, 2, "within 3 %"),
        (2, 1.9449, "within 4 %"),  # of 1.94, as it is written
        (1, 1.001, "as you said"),
        (1, 1.01, "within 1 %"),
        (10, 35, "1/3.5 of it"),
        (-3, -2, "within 50 %"),
        (1, 2, "within 50 %"),
        (2, 1, "within 100 %"),
        (30, 10, "3 times as large"),
        (10, 30, "1/3 of it"),
        (-10, -1e-3, "10,000 times as large"),
        (1, -1, "of the other sign"),
        (0, 0.25, "0.25 apart"),
        (0.5, 0, "0.5 apart"),
        (-0.5, 0, "0.5 apart"),
        (1e-200, -1e-200, "of the other sign"),  # their product is 0 to a computer
        (1e-200, 1e-200, "as you said"),
        (2e-200, 1e-200, "within 100 %"),
        (1e300, 1e-300, "inf times as large"),
        (1e-300, 1e300, "1/inf of it"),
    ],
)
def test_a_number_is_compared_by_how_far_it_is_off(said, came, near):
    guess = number()
    assert str(guess(said)) == f"Predicted: {said:.3g}."
    compared = guess.compare(came)
    assert str(compared) == f"You said {said:.3g}, it is {came:.3g}: {near}."
    assert (compared.said, compared.came) == (said, came)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (999.4, "999"),
        (999.5, "1,000"),
        (1000, "1,000"),
        (-1234.5, "-1,234"),
        (999_999_999, "999,999,999"),
        (1e9, "1e+09"),
        (1.5e9, "1.5e+09"),
        (0.012345, "0.0123"),
    ],
)
def test_a_number_is_written_in_three_digits_or_with_commas(value, written):
    assert str(number()(value)) == f"Predicted: {written}."


def test_a_zero_has_no_sign():
    guess = number()
    assert str(guess(-0.0)) == "Predicted: 0."
    assert str(guess.compare(-0.0)) == "You said 0, it is 0: as you said."


def test_large_numbers_have_commas():
    guess = number()
    assert str(guess(12_500)) == "Predicted: 12,500."
    assert str(guess.compare(1e12)) == "You said 12,500, it is 1e+12: 1/80,000,000 of it."


def test_a_unit_stands_behind_each_number():
    guess = number(unit="s")
    assert str(guess(0)) == "Predicted: 0 s."
    assert str(guess.compare(3)) == "You said 0 s, it is 3 s: 3 s apart."


@pytest.mark.parametrize("form", [int, float, np.float32, np.array, Fraction, lambda v: np.ones(1)])
def test_a_number_is_taken_in_any_form(form):
    guess = number()
    assert guess(form(1)).said == 1
    assert str(guess.compare(form(1))) == "You said 1, it is 1: as you said."


@pytest.mark.parametrize("said", ["two", None, math.nan, math.inf, 1j, [1], np.ones(2), True, max])
def test_what_is_no_number_is_not_noted_and_raises_nothing(said):
    guess = number()
    guess(3)
    told = guess(said)
    assert str(told).startswith("Not noted: a number is asked for, not ")
    assert told.said is guess.said is None
    assert str(guess.compare(1)) == "Not predicted; it is 1."


def test_unanswered_it_asks_and_compares_without_a_word_of_blame():
    guess = number()
    asked = "Not predicted yet: By how much? Put a number in place of the dots."
    for told in (guess, guess(...), guess()):
        assert repr(told) == asked
    assert repr(guess.compare(2.5)) == "Not predicted; it is 2.5."


def test_a_prediction_is_replaced_by_the_next_and_taken_back_by_dots():
    guess = number()
    for said in (1, 2, 2):
        guess(said)
        assert repr(guess) == f"Predicted: {said}."
    guess(...)
    assert guess.said is None


@pytest.mark.parametrize(
    ("said", "sign"),
    [("+", "+"), ("-", "−"), ("−", "−"), ("0", "0"), (3, "+"), (-0.1, "−"), (0.0, "0")],
)
def test_a_sign_is_said_by_its_character_or_by_a_number_that_has_it(said, sign):
    guess = Predict("Up or down?", "sign")
    assert str(guess(said)) == f"Predicted: {sign}."
    for came, its in ((0.314, "+0.314"), (-0.5, "−0.5"), (0, "0")):
        near = "as you said" if its[0] == sign else "worth a thought"
        assert str(guess.compare(came)) == f"You said {sign}, it is {its}: {near}."


def test_a_sign_is_asked_for():
    guess = Predict("Up or down?", "sign", unit="%")
    assert str(guess(...)) == (
        'Not predicted yet: Up or down? Put a sign ("+", "-" or "0") in place of the dots.'
    )
    assert str(guess("up")).startswith('Not noted: a sign ("+", "-" or "0") is asked for')
    assert str(guess.compare(2)) == "Not predicted; it is +2 %."
    assert str(guess.compare("-")) == "Not predicted; it is −."


def test_a_choice_is_one_of_those_that_are_listed():
    guess = Predict("Which wins?", ("OLS", "network"))
    assert str(guess(...)).endswith('Which wins? Put one of "OLS", "network" in place of the dots.')
    assert str(guess("trees")) == 'Not noted: one of "OLS", "network" is asked for, not \'trees\'.'
    assert str(guess(1)) == 'Not noted: one of "OLS", "network" is asked for, not 1.'
    assert str(guess("OLS")) == "Predicted: OLS."
    assert str(guess.compare("OLS")) == "You said OLS, it is OLS: as you said."
    assert str(guess.compare("network")) == "You said OLS, it is network: worth a thought."


@pytest.mark.parametrize(
    ("kind", "came"), [("number", "two"), ("number", math.nan), ("sign", "up"), (("a", "b"), "c")]
)
def test_a_value_that_cannot_have_come_out_is_the_authors_mistake(kind, came):
    with pytest.raises(
        ValueError, match=r'what came out must be (a number|a sign|one of "a", "b")'
    ):
        Predict("What?", kind).compare(came)


@pytest.mark.parametrize("kind", ["word", [], ["a"], ["a", "a"], ["a", 1]], ids=repr)
def test_a_kind_is_known_or_lists_choices(kind):
    with pytest.raises(ValueError, match=r"kind must (be 'number', 'sign' or choices|list two)"):
        Predict("What?", kind)


def test_question_and_unit_are_words():
    for words in ({"question": 3}, {"question": "What?", "unit": 3}):
        with pytest.raises(TypeError, match="question and unit must be strings"):
            Predict(**words)


@pytest.mark.parametrize("kind", [3, None, {"a", "b"}, frozenset("ab")], ids=range(4))
def test_choices_have_an_order(kind):
    with pytest.raises(TypeError, match=r"^kind must be 'number', 'sign' or a list of choices in"):
        Predict("Which?", kind)


@pytest.mark.parametrize(
    "kind", [[["a"], ["b"]], [{}, {}], b"ab", ["a", "a"], iter(["a"])], ids=range(5)
)
def test_choices_are_two_strings(kind):
    with pytest.raises(ValueError, match=r"^kind must list two choices or more, strings, not"):
        Predict("Which?", kind)


def test_choices_may_come_one_by_one():
    assert Predict("Which?", iter(["a", "b"])).kind == ("a", "b")


@pytest.mark.parametrize("truth", [True, np.True_, np.array([False]), pd.Series([True])], ids=repr)
@pytest.mark.parametrize("kind", ["number", "sign"])
def test_true_and_false_are_no_numbers(truth, kind):
    guess = Predict("How many?", kind)
    assert str(guess(truth)).startswith("Not noted")
    with pytest.raises(ValueError, match="what came out must be"):
        guess.compare(truth)
