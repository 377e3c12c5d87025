"""Checks: a number in its range passes; nothing else does."""

import math
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
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
    "value",
    [
        *[1, 1.0, np.float32(1), np.int8(1), np.True_, np.array(1), np.array([[1.0]])],
        *[Fraction(1), np.longdouble(1), np.ma.masked_array([1.0]), pd.Series([1]), np.float16(1)],
    ],
    ids=repr,
)
def test_one_number_of_any_kind_is_taken(value):
    assert passes(value, between=(0.5, 1.5))


def test_tensors_of_one_number_are_taken():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    assert passes(torch.tensor(1.0, requires_grad=True), between=(0.5, 1.5))
    assert passes(torch.tensor([[1]]), between=(0.5, 1.5))
    assert passes(torch.tensor([1], dtype=torch.bfloat16), between=(0.5, 1.5))
    for refused in (torch.ones(2), torch.ones(1) * 1j, torch.ones(0)):
        with pytest.raises(TypeError, match="needs one number, not Tensor"):
            Checks().add("number", refused, below=3)


def test_a_number_too_large_for_a_float_is_infinite():
    for value in (10**400, -(10**400)):
        assert not passes(value, below=9)
        assert not passes(value, above=-9)


NO_NUMBERS = [
    *["1", None, [1], (1,), {}, np.ones(2), np.ones(0), np.str_("1"), np.array("1"), b"1", print],
    *[1j, 1 + 0j, np.complex64(1), np.array([1 + 2j]), Decimal(1), np.array(None)],
    *[np.ma.masked, np.ma.masked_array(1.0, mask=True), np.ma.masked_array([1.0], mask=[True])],
    *[np.timedelta64(1, "D"), np.datetime64("1970-01-01"), np.datetime64(1, "ns")],
    *[np.array([1], "M8[ns]"), np.array(1, "m8[ns]"), date(2020, 1, 1), timedelta(1)],
    *[pd.NA, pd.NaT, pd.Timestamp("2020"), pd.Series([1j]), pd.Series([1, 1]), pd.Series(["1"])],
]


@pytest.mark.parametrize("value", NO_NUMBERS, ids=repr)
def test_what_is_not_one_number_is_refused(value):
    with pytest.raises(TypeError, match="the check 'number' needs one number, not"):
        Checks().add("number", value, below=2)


@pytest.mark.parametrize("limit", [math.nan, math.inf, -math.inf, np.float32("nan"), 10**400])
@pytest.mark.parametrize("where", ["below", "above", "low", "high"])
def test_a_limit_that_limits_nothing_is_refused(limit, where):
    limits = {"low": {"between": (limit, 9)}, "high": {"between": (-9, limit)}}
    with pytest.raises(ValueError, match="a limit of the check 'number' must be finite, not"):
        Checks().add("number", 1, **limits.get(where, {where: limit}))


@pytest.mark.parametrize("limit", ["1", 1j, [1, 2], np.ma.masked, np.timedelta64(1), date(1, 1, 1)])
def test_a_limit_is_a_number(limit):
    for limits in ({"below": limit}, {"above": limit}, {"between": (0, limit)}):
        with pytest.raises(TypeError, match="a limit of the check 'number' must be one number, no"):
            Checks().add("number", 1, **limits)


@pytest.mark.parametrize("between", [1, (1,), (1, 2, 3), "1"], ids=repr)
def test_between_holds_two(between):
    with pytest.raises(TypeError, match="between must hold a lower and a higher number, not"):
        Checks().add("number", 1, between=between)


def test_a_limit_may_be_an_array_of_one_number():
    assert passes(1, below=np.array([2.0]))
    assert not passes(3, between=(np.float32(0), np.array(2)))


@pytest.mark.parametrize("name", [None, 3, ["gap"]], ids=repr)
def test_a_name_is_a_string(name):
    with pytest.raises(TypeError, match="a check's name must be a string, not"):
        Checks().add(name, 1, below=2)


def test_what_is_refused_is_not_added():
    checks = Checks()
    for limits in ({"below": 0, "above": 0}, {"below": math.nan}):
        with pytest.raises(ValueError, match="the check 'gap'"):
            checks.add("gap", 1, **limits)
    checks.add("gap", 1, below=2)
    assert len(checks.report().rows) == 1


@pytest.mark.parametrize(
    "limits",
    [{}, {"below": 1, "above": 0}, {"below": 1, "between": (0, 1)}, {"below": None}],
    ids=str,
)
def test_exactly_one_range_is_needed(limits):
    with pytest.raises(ValueError, match="needs exactly one of below, above and between"):
        Checks().add("gap", 1, **limits)


@pytest.mark.parametrize("between", [(1, 1), (2, 1)], ids=str)
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


# Each is its own derivative's neighbour at any size: x², a line, √x, the logarithm.
SIZES = {
    "square": (lambda x: float(x[0] ** 2), lambda x: 2 * x),
    "line": (lambda x: 3 * x[0], lambda x: 3.0),
    "root": (lambda x: math.sqrt(abs(x[0])), lambda x: math.copysign(0.5, x) / math.sqrt(abs(x))),
    "logarithm": (lambda x: math.log(abs(x[0])), lambda x: 1 / x),
}


@pytest.mark.parametrize("name", SIZES)
@settings(derandomize=True, deadline=None, database=None, max_examples=200)
@given(size=st.floats(0, 140), sign=st.sampled_from([-1, 1]))
def test_differences_are_right_wherever_they_are_taken(name, size, sign):
    f, derivative = SIZES[name]
    at = sign * 10.0**size
    # The rounding of f divided by the step is at most ε |f| / (1e-6 |x|).
    rounding = 4e-16 * abs(f([at])) / (1e-6 * abs(at))
    (found,) = finite_differences(f, [at])
    assert found == pytest.approx(derivative(at), rel=1e-9, abs=rounding)


@given(at=st.floats(-1e12, 1e12))
@settings(derandomize=True, deadline=None, database=None, max_examples=100)
def test_the_difference_is_divided_by_the_step_that_was_made(at):
    assert finite_differences(lambda x: x[0], [at]) == 1.0  # exactly


def test_each_entry_has_a_step_of_its_own_size():
    x = np.array([1e10, 1.0, 1e-3, 0.0])
    found = finite_differences(lambda v: float((v**2).sum() / 1e10), x)
    assert_allclose(found, 2 * x / 1e10, rtol=1e-6, atol=1e-3)
    assert found[0] == pytest.approx(2, rel=1e-8)


@pytest.mark.parametrize(
    "x",
    [
        *[[1, 2], (1.0, 2.0), np.array([1, 2], np.int8), np.float32([1, 2]), pd.Series([1, 2])],
        *[np.array([1.0, 2.0])[::-1][::-1], np.ma.masked_array([1.0, 2.0])],
    ],
    ids=repr,
)
def test_a_point_comes_in_any_clothes(x):
    assert_allclose(finite_differences(lambda v: float(v @ v), x), [2, 4], rtol=1e-8)


def test_a_tensor_is_a_point_and_a_value():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    found = finite_differences(lambda v: (torch.tensor(v, requires_grad=True) ** 2).sum(), x)
    assert_allclose(found, [2, 4], rtol=1e-8)


@pytest.mark.parametrize("form", [float, np.float64, np.array, lambda v: np.array([[v]])])
def test_a_value_is_one_number_of_any_kind(form):
    assert_allclose(finite_differences(lambda v: form(v @ v), [1.0, 2.0]), [2, 4], rtol=1e-8)


@pytest.mark.parametrize("value", NO_NUMBERS, ids=repr)
def test_what_is_no_number_has_no_difference(value):
    with pytest.raises(TypeError, match=r"^f must return one real number, not"):
        finite_differences(lambda _: value, np.ones(2))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_has_no_difference(value):
    with pytest.raises(ValueError, match=f"^f is {value} within a step of x"):
        finite_differences(lambda _: value, np.ones(2))


@pytest.mark.parametrize("x", ["a", None, [1j], [None], np.array(["2020"], "M8[D]")], ids=repr)
def test_a_point_is_numbers(x):
    with pytest.raises(TypeError, match=r"^x must hold real numbers"):
        finite_differences(lambda _: 1.0, x)


@pytest.mark.parametrize("x", [[math.nan], [1, math.inf], np.ma.masked_array([1], [True])])
def test_a_point_is_finite(x):
    with pytest.raises(ValueError, match=r"^x (must be finite|has masked entries)"):
        finite_differences(lambda _: 1.0, x)


def test_nothing_has_an_empty_gradient():
    assert finite_differences(lambda _: 1.0, []).shape == (0,)


@pytest.mark.parametrize("x", [1.0, -1.0])
@pytest.mark.parametrize("step", [1e-17, 1e-16])  # the second moves 1 to the side of 0 alone
def test_a_step_that_moves_nothing_is_refused(x, step):
    with pytest.raises(ValueError, match=f"step={step:g} is too small: it doesn't move x = {x:g}"):
        finite_differences(lambda _: 1.0, [x], step=step)


def test_a_function_that_changes_its_argument_changes_nothing_else():
    kept = []

    def greedy(v):
        kept.append(v)
        value = float(v @ v)
        v *= 0
        return value

    assert_allclose(finite_differences(greedy, [1.0, 2.0]), [2, 4], rtol=1e-8)
    assert len({id(v) for v in kept}) == 8


FLAWED = {
    "in float32": (lambda v: 10 + np.sin(np.float32(v[0])), 1.2, {}),
    "many waves": (lambda v: math.sin(v[0]), 1e10, {}),
    "a pole": (lambda v: 1 / v[0], 1e-10, {}),
    "a cusp": (lambda v: math.sqrt(abs(v[0])), 1e-10, {}),
    "a kink": (lambda v: abs(v[0]), 0.7e-6, {}),
    "a jump": (lambda v: float(v[0] > 0), 0.0, {}),
    "a wide step": (lambda v: math.tanh(v[0]), 0.0, {"step": 1e300}),
    "overflow": (lambda v: 1e308 * math.copysign(1, v[0]), 0.0, {}),
}


@pytest.mark.parametrize("name", FLAWED)
def test_differences_that_are_no_derivative_are_refused(name):
    f, at, options = FLAWED[name]
    with pytest.raises(ValueError, match=r"^the central differences of f at x = .* neither is the"):
        finite_differences(f, [at], **options)


def in_single(w, *, seed):
    """The mean squared error of a linear model, computed in float32, and its gradient at w."""
    rng = np.random.default_rng(seed)
    A, y = rng.normal(size=(20, len(w))), rng.normal(size=20)
    single, outcome = np.float32(A), np.float32(y)

    def loss(w):
        return float(np.mean((single @ np.float32(w) - outcome) ** 2))

    return loss, 2 * A.T @ (A @ w - y) / 20


@pytest.mark.parametrize("p", [1, 2, 4])
def test_no_float32_gradient_is_returned_by_chance(p):
    rng = np.random.default_rng(p)
    message = r"neither is the derivative|seems to compute in float32"
    for seed in range(150):
        w = rng.normal(size=p)
        with pytest.raises(ValueError, match=message):
            finite_differences(in_single(w, seed=seed)[0], w)


def test_a_step_for_float32_serves_float32():
    rng = np.random.default_rng(0)
    for seed in range(50):
        w = rng.normal(size=3)
        loss, gradient = in_single(w, seed=seed)
        assert_allclose(finite_differences(loss, w, step=0.005), gradient, atol=1e-2)


def test_the_refusal_of_float32_says_what_to_do():
    message = r"^f seems to compute in float32: its values near 1\.\d+ .* a step of about 0\.005"
    with pytest.raises(ValueError, match=message):
        finite_differences(lambda v: 1 + np.float32(v[0]) / 1000, [1.0])  # its slope is lost


@pytest.mark.parametrize("name", ["constant", "dead", "steps", "dyadic", "line"])
def test_doubles_with_few_digits_have_their_differences(name):
    f, x, options, expected = {
        "constant": (lambda _: 0.5, [0.3, 2.0], {}, [0, 0]),
        "dead": (lambda v: max(v[0], 0.25), [-1.0], {}, [0]),
        "steps": (lambda v: float(np.floor(v[0] * 900)), [0.3003], {}, [0]),
        "dyadic": (lambda v: v[0] - 3 * v[1], [1.0, 0.5], {"step": 2**-20}, [1, -3]),
        "line": (lambda v: abs(v[0]), [1.0], {"step": 2**-18}, [1]),
    }[name]
    assert_allclose(finite_differences(f, x, **options), expected, atol=1e-9)


def test_the_refusal_names_both_steps_and_both_slopes():
    says = r"x = 0 are 1 over ±0.5 and 2 over ±0.25, so that neither is the derivative"
    with pytest.raises(ValueError, match=says):
        finite_differences(lambda v: float(np.sign(v[0])) / 2, [0.0], step=0.5)


def test_a_step_to_infinity_is_refused():
    with pytest.raises(ValueError, match=r"^step=1e\+308 is too large: it moves x = 100 to"):
        finite_differences(lambda v: math.tanh(v[0]), [100.0], step=1e308)


def test_differences_are_right_where_they_are_small():
    """A kink in the middle, a flat point, and a minimum where rounding is all that is left."""
    assert finite_differences(lambda v: max(v[0], 0.0), [0.0]) == 0.5
    assert finite_differences(lambda v: abs(v[0]), [0.0]) == 0
    assert finite_differences(lambda v: v[0] ** 3, [0.0]) == pytest.approx(0, abs=2e-12)
    X = np.random.default_rng(0).normal(size=(50, 3))
    beta = np.array([1.0, -2.0, 3.0])
    found = finite_differences(lambda w: float(((X @ beta - X @ w) ** 2).sum()), beta)
    assert_allclose(found, 0, atol=1e-7)


@pytest.mark.parametrize(
    ("value", "limits", "shown", "expected"),
    [
        (2.9999, {"below": 3}, "2.9999", "below 3"),
        (math.nextafter(3, 2), {"below": 3}, "2.9999999999999996", "below 3"),
        (3.0001, {"above": 3}, "3.0001", "above 3"),
        (0.99999, {"between": (0, 1)}, "0.99999", "between 0 and 1"),
        (1.0, {"below": 1.0000001}, "1", "below 1.0000001"),
        (1.00000001, {"between": (1, 2)}, "1.00000001", "between 1 and 2"),
        (2.1, {"below": 3}, "2.1", "below 3"),
        (math.pi, {"below": 10 / 3}, "3.14", "below 3.33333"),
    ],
    ids=str,
)
def test_a_value_is_shown_apart_from_its_limit(value, limits, shown, expected):
    checks = Checks()
    checks.add("number", value, **limits)
    assert checks.report().rows == [["number", shown, expected, "ok"]]


def test_a_failure_is_shown_apart_from_its_limit():
    checks = Checks()
    checks.add("number", 3.0000001, below=3)
    with pytest.raises(AssertionError, match=r"number: 3\.0000001, expected below 3$"):
        checks.report()


@pytest.mark.parametrize("name", ["", "  "])
def test_a_name_is_not_empty(name):
    with pytest.raises(ValueError, match="a check's name must not be empty"):
        Checks().add(name, 1, below=2)


def test_a_tensor_without_a_number_is_none():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    with pytest.raises(TypeError, match="the check 'number' needs one number, not Tensor"):
        Checks().add("number", torch.tensor(1.0, device="meta"), below=2)
