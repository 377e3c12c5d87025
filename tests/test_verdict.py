"""Verdicts: the word follows from the interval, and another than the expected one is a failure."""

import math
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit import Checks, Interval

WORDS = {"below": "trees", "above": "network", "rule": "Student, 3 tables"}


def verdict(value, expected="no evidence", **changes):
    checks = Checks()
    word = checks.verdict("gain", value, expected, **(WORDS | changes))
    return word, checks


@pytest.mark.parametrize(
    ("value", "at", "word"),
    [
        (Interval(2, 1, 3), 0, "network"),
        (Interval(-2, -3, -1), 0, "trees"),
        (Interval(0.5, -1, 2), 0, "no evidence"),
        (Interval(0.5, 0, 1), 0, "no evidence"),  # an end on the number is not beyond it
        (Interval(-0.5, -1, 0), 0, "no evidence"),
        (Interval(1.2, 1.1, 1.3), 1, "network"),
        (Interval(0.9, 0.8, 1.3), 1, "no evidence"),
        (Interval(0.5, 0.2, 0.9), 1, "trees"),
        (3e-13, 1e-12, "trees"),
        (3e-12, 1e-12, "network"),
        (1e-12, 1e-12, "no evidence"),
    ],
    ids=str,
)
def test_the_word_is_the_side_on_which_the_whole_interval_lies(value, at, word):
    for expected in ("trees", "network", "no evidence"):
        came, checks = verdict(value, expected, at=at)
        assert came == word
        if expected == word:
            checks.report()
        else:
            with pytest.raises(AssertionError, match=f"gain: {word!r} by .*, expected {expected}"):
                checks.report()


def test_the_table_has_the_verdicts_alone_with_their_rules():
    _, checks = verdict(Interval(0.0750, 0.0728, 0.0772), "network")
    checks.add("another number", 1, below=2)
    checks.verdict("error", 3e-13, "same", below="same", above="other", at=1e-12, rule="relative")
    assert str(checks.verdicts()).splitlines() == [
        "Question   Estimate   95 % interval      Verdict   Rule",
        "gain       0.0750     0.0728 to 0.0772   network   Student, 3 tables",
        "error      3e-13                         same      relative; limit 1e-12",
    ]
    assert len(checks.report().rows) == 3
    assert str(pickle.loads(pickle.dumps(checks)).verdicts()) == str(checks.verdicts())


def test_a_table_without_a_verdict_is_none():
    checks = Checks()
    checks.add("a number", 1, below=2)
    with pytest.raises(AssertionError, match="no verdict yet"):
        checks.verdicts()


@pytest.mark.parametrize(
    ("interval", "at", "shown"),
    [
        (Interval(0.019, -0.0112, 0.0484), 0, "0.019, -0.011 to 0.048"),
        (Interval(0.449, 0.0004, 0.87), 0, "0.4490, 0.0004 to 0.8700"),  # not "0.00 to 0.87"
        (Interval(0.9, 0.8, 0.9996), 1, "0.9000, 0.8000 to 0.9996"),
        (Interval(2345.6, 1800.2, 2890.1), 0, "2346, 1800 to 2890"),
        (Interval(-1e-9, -2e-9, 0.0), 0, "-1e-09, -2e-09 to 0"),
        (Interval(0.3, -math.inf, math.inf), 0, "0.3, -inf to inf"),
    ],
    ids=str,
)
def test_numbers_have_the_digits_that_the_width_and_the_verdict_need(interval, at, shown):
    _, checks = verdict(interval, at=at)
    _, estimate, ends, *_ = checks.verdicts().rows[0]
    assert f"{estimate}, {ends}" == shown


numbers = st.floats(-1e6, 1e6)


@given(ends=st.tuples(numbers, numbers, numbers).map(sorted), at=numbers)
def test_who_reads_the_table_comes_to_its_word(ends, at):
    low, mean, high = ends
    word, checks = verdict(Interval(mean, low, high), at=at)
    _, estimate, shown, *_ = checks.verdicts().rows[0]
    read = [float(end) for end in (shown or f"{estimate} to {estimate}").split(" to ")]
    assert word == Interval(read[0], *read).verdict("trees", "network", at=at)


@pytest.mark.parametrize(
    ("value", "changes", "error"),
    [
        (math.nan, {}, "needs a mean between two ends"),
        (Interval(1, math.nan, 2), {}, "needs a mean between two ends"),
        (Interval(1, 2, 3), {}, "needs a mean between two ends"),
        (Interval(1, 2, 0), {}, "needs a mean between two ends"),
        (Interval(1, 0, 2), {"expected": "netwrok"}, "'netwrok' is expected"),
        (Interval(1, 0, 2), {"above": "trees"}, "each its own"),
        (Interval(1, 0, 2), {"above": "no evidence"}, "each its own"),
        (Interval(1, 0, 2), {"at": math.nan}, "at of the verdict 'gain' must be one finite"),
        ([1, 2], {}, "needs an Interval or one number, not list"),
        ((1, 0, 2), {}, "needs an Interval or one number, not tuple"),
        (None, {}, "needs an Interval or one number, not NoneType"),
        (1.0, {"rule": " "}, "rule of the verdict 'gain' must be words"),
        (1.0, {"below": 3}, "below of the verdict 'gain' must be words"),
    ],
    ids=str,
)
def test_what_can_lead_to_no_verdict_is_refused(value, changes, error):
    with pytest.raises((TypeError, ValueError), match=error):
        verdict(value, **changes)


def test_a_name_is_a_verdict_s_or_a_number_s_and_used_once():
    _, checks = verdict(1.0, "network")
    with pytest.raises(ValueError, match="'gain' was added before"):
        checks.verdict("gain", 1.0, "network", **WORDS)
    with pytest.raises(ValueError, match="'gain' was added before"):
        checks.add("gain", 1.0, below=2)
    for name, error in ((3, "must be a string"), (" ", "must not be empty")):
        with pytest.raises((TypeError, ValueError), match=error):
            checks.verdict(name, 1.0, "network", **WORDS)
