"""Checks: a number in its range passes; nothing else does."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from labkit import Checks, finite_differences


def passes(value, **limits):
    checks = Checks()
    checks.add("number", value, **limits)
    try:
        checks.report()
    except AssertionError:
        return False
    return True


@pytest.mark.parametrize(
    ("value", "limits", "ok"),
    [
        (1, {"below": 2}, True),
        (2, {"below": 2}, False),
        (3, {"below": 2}, False),
        (-math.inf, {"below": 2}, False),
        (3, {"above": 2}, True),
        (2, {"above": 2}, False),
        (math.inf, {"above": 2}, False),
        (1, {"between": (0, 2)}, True),
        (0, {"between": (0, 2)}, False),
        (2, {"between": (0, 2)}, False),
        (-1, {"between": (0, 2)}, False),
        (3, {"between": (0, 2)}, False),
        (True, {"above": 0.5}, True),
        (False, {"above": 0.5}, False),
        (0, {"below": 1}, True),
        (1, {"below": math.nan}, False),
    ],
    ids=str,
)
def test_ranges_are_open_intervals(value, limits, ok):
    assert passes(value, **limits) is ok


@pytest.mark.parametrize("limits", [{"below": 9}, {"above": -9}, {"between": (-9, 9)}], ids=str)
@pytest.mark.parametrize("nan", [math.nan, np.nan, np.float32("nan"), np.array(np.nan)], ids=repr)
def test_nan_falls_in_no_range(nan, limits):
    assert not passes(nan, **limits)


@pytest.mark.parametrize(
    "value", [1, 1.0, np.float32(1), np.int8(1), np.True_, np.array(1), np.array([[1.0]])], ids=repr
)
def test_one_number_of_any_kind_is_taken(value):
    assert passes(value, between=(0.5, 1.5))


def test_tensors_of_one_number_are_taken():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    assert passes(torch.tensor(1.0, requires_grad=True), between=(0.5, 1.5))
    assert passes(torch.tensor([[1]]), between=(0.5, 1.5))
    with pytest.raises(TypeError, match="needs one number, not Tensor"):
        Checks().add("number", torch.ones(2), below=3)


@pytest.mark.parametrize("value", ["1", None, [1], np.ones(2), np.ones(0), 1j, {}], ids=repr)
def test_what_is_not_one_number_is_refused(value):
    with pytest.raises(TypeError, match="the check 'number' needs one number, not"):
        Checks().add("number", value, below=2)


def test_a_name_is_used_once():
    checks = Checks()
    checks.add("gap", 1, below=2)
    with pytest.raises(ValueError, match="the check 'gap' was added before"):
        checks.add("gap", 1, below=3)


@pytest.mark.parametrize(
    "limits",
    [{}, {"below": 1, "above": 0}, {"below": 1, "between": (0, 1)}, {"below": None}],
    ids=str,
)
def test_exactly_one_range_is_needed(limits):
    with pytest.raises(ValueError, match="needs exactly one of below, above and between"):
        Checks().add("gap", 1, **limits)


@pytest.mark.parametrize("between", [(1, 1), (2, 1), (0, math.nan)], ids=str)
def test_an_interval_holds_something(between):
    with pytest.raises(ValueError, match="between must hold a lower and a higher number"):
        Checks().add("gap", 1, between=between)


def test_a_limit_of_zero_is_a_limit():
    assert passes(-1, below=0)
    assert not passes(1, below=0)


def test_the_report_names_each_failure_with_value_and_range():
    checks = Checks()
    checks.add("fine", 1, below=2)
    checks.add("gap to OLS", 3.14159, below=3)
    checks.add("ratio", math.nan, between=(0.9, 1.1))
    with pytest.raises(AssertionError) as caught:
        checks.report()
    assert str(caught.value).splitlines() == [
        "2 of 3 checks failed:",
        "  gap to OLS: 3.142, expected below 3",
        "  ratio: nan, expected between 0.9 and 1.1",
    ]


def test_a_report_of_nothing_fails():
    with pytest.raises(AssertionError, match="Nothing was checked: add a check"):
        Checks().report()


def test_the_report_is_a_table_of_all_checks():
    checks = Checks()
    checks.add("gap", 2.1, below=3)
    checks.add("power", 0.8, above=0.5)
    assert list(checks.report().header) == ["Check", "Value", "Expected", "Verdict"]
    assert checks.report().rows == [
        ["gap", "2.1", "below 3", "ok"],
        ["power", "0.8", "above 0.5", "ok"],
    ]


# --- finite differences --------------------------------------------------------------------------

FUNCTIONS = {
    "square": (lambda x: float((x**2).sum()), lambda x: 2 * x),
    "cubic": (lambda x: float((x**3).sum()), lambda x: 3 * x**2),
    "exponential": (lambda x: float(np.exp(x).sum()), np.exp),
    "product": (lambda x: float(x.prod()), lambda x: x.prod() / x),
    "constant": (lambda _: 1.0, np.zeros_like),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("shape", [(), (1,), (4,), (2, 3)], ids=str)
def test_finite_differences_are_the_gradient(name, shape):
    function, gradient = FUNCTIONS[name]
    x = np.random.default_rng(0).normal(size=shape) + 3
    kept = x.copy()
    found = finite_differences(function, x)
    assert found.shape == shape
    assert_allclose(found, gradient(x), rtol=1e-7, atol=1e-7)
    assert_array_equal(x, kept)


def test_the_error_of_central_differences_is_of_second_order():
    def error(step):
        return abs(finite_differences(lambda x: float(np.exp(x[0])), np.zeros(1), step=step)[0] - 1)

    assert error(1e-2) == pytest.approx(1e-4 / 6, rel=1e-3)
    assert error(1e-3) == pytest.approx(1e-6 / 6, rel=1e-2)


def test_a_wrong_gradient_is_far_from_its_differences():
    x = np.array([1.0, 2.0])
    assert np.abs(finite_differences(lambda w: float(w @ w), x) - x).max() > 0.9


def test_whole_numbers_are_moved_as_floats():
    assert_allclose(finite_differences(lambda x: float(x @ x), np.array([1, 2])), [2, 4], rtol=1e-8)


@pytest.mark.parametrize("step", [0, -1e-6, math.nan, "1", True], ids=repr)
def test_a_step_is_positive(step):
    with pytest.raises((TypeError, ValueError), match=r"^step must be a positive number"):
        finite_differences(lambda _: 1.0, np.ones(1), step=step)
