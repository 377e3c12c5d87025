"""Simulated data: the truth is in it, and the arguments are held to what they mean."""

import dataclasses
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from labkit import LinearData, RStream, SpiralData, make_linear, make_spirals


def test_the_truth_is_returned_with_the_data():
    data = make_linear(50, 4, beta=[1.0, -2.0], noise_sd=0.3, rng=1)
    assert isinstance(data, LinearData)
    assert data.X.shape == (50, 4)
    assert data.y.shape == data.mean.shape == (50,)
    assert_array_equal(data.beta, [1, -2, 0, 0])
    assert_array_equal(data.mean, data.X @ data.beta)
    assert data.noise_sd == 0.3


def test_noise_has_the_standard_deviation_asked_for():
    data = make_linear(20_000, 3, noise_sd=0.7, rng=2)
    noise = data.y - data.mean
    assert abs(noise.std() - 0.7) < 5 * 0.7 / np.sqrt(2 * 20_000)
    assert abs(noise.mean()) < 5 * 0.7 / np.sqrt(20_000)


def test_without_noise_y_is_its_mean():
    data = make_linear(10, 3, noise_sd=0, rng=3)
    assert_array_equal(data.y, data.mean)


def test_noise_scales_without_another_draw():
    small, large = (make_linear(10, 3, noise_sd=s, rng=3) for s in (1, 2))
    assert_array_equal(small.X, large.X)
    assert_allclose(2 * (small.y - small.mean), large.y - large.mean, rtol=1e-12)


def test_no_coefficients_mean_no_effect():
    assert_array_equal(make_linear(10, 2, beta=(), rng=1).mean, np.zeros(10))


def test_as_many_coefficients_as_features_are_allowed():
    assert_array_equal(make_linear(10, 2, beta=np.array([1, 2]), rng=1).beta, [1.0, 2.0])


@pytest.mark.parametrize(
    "beta",
    [
        pd.Series([2.0, -1.0], index=["x1", "x2"]),
        pd.Series([2, -1], index=["age", "sex"]),  # no features of these names: by position
        pd.Series([2, -1], index=[1, 0]),  # a sorted one, say: by position
        pd.Series([2, -1], dtype="Int64"),
        pd.array([2, -1]),
        np.float32([2, -1]),
        (2, -1),
        range(2, -2, -3),
    ],
    ids=repr,
)
def test_coefficients_of_any_kind_are_the_numbers_that_they_are(beta):
    data = make_linear(9, 3, beta=beta, rng=5)
    assert_array_equal(data.beta, [2, -1, 0])
    assert_allclose(data.mean, 2 * data.X[:, 0] - data.X[:, 1], rtol=1e-12)


@pytest.mark.parametrize("names", [["x2", "x1"], ["x2"], ["x1", "x3"], ["x1", "age"]])
def test_coefficients_named_for_other_features_than_their_places_are_refused(names):
    beta = pd.Series(np.arange(1.0, len(names) + 1), index=names)
    with pytest.raises(ValueError, match=f"^beta names {', '.join(names)}, and the features are"):
        make_linear(9, 3, beta=beta)


@pytest.mark.parametrize("make", [make_linear, make_spirals])
def test_numpys_old_generator_is_drawn_from_as_it_is(make):
    old, new = np.random.RandomState(3), np.random.RandomState(3)
    data = make(6, rng=old)
    if make is make_linear:
        assert_array_equal(data.X, new.standard_normal((6, 10)))
    else:
        moved = np.linalg.norm(data.X - data.curve, axis=1)
        assert_allclose(moved, abs(0.1 * new.standard_normal(6)), rtol=1e-9)


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int64])
def test_small_whole_numbers_of_numpy_do_not_overflow(kind):
    assert make_linear(kind(100), kind(100), rng=1).X.shape == (100, 100)
    assert_array_equal(make_spirals(kind(126), rng=1).X, make_spirals(126, rng=1).X)


def test_the_same_seed_gives_the_same_data_and_a_generator_goes_on():
    assert_array_equal(make_linear(5, 3, rng=7).y, make_linear(5, 3, rng=7).y)
    generator = np.random.default_rng(7)
    first, second = make_linear(5, 3, rng=generator), make_linear(5, 3, rng=generator)
    assert_array_equal(first.y, make_linear(5, 3, rng=7).y)
    assert (first.X != second.X).all()


def test_without_a_seed_two_tables_differ():
    assert (make_linear(5, 3).X != make_linear(5, 3).X).all()


def test_numpys_global_random_state_is_left_alone():
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    make_linear(5, 3)
    make_linear(5, 3, rng=RStream(1))
    assert_array_equal(before, np.random.get_state()[1])  # noqa: NPY002


def test_the_result_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        make_linear(5, 3, rng=1).noise_sd = 2.0


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n": 0}, ValueError, "n must be 1 or more, not 0"),
        ({"n": -3}, ValueError, "n must be 1 or more"),
        ({"n": 2.0}, TypeError, "n must be a whole number, not 2.0 of type float"),
        ({"p": 0}, ValueError, "p must be 1 or more"),
        ({"p": "3"}, TypeError, "p must be a whole number, not '3' of type str"),
        ({"p": 2}, ValueError, "beta has 3 coefficients, more than the p = 2 features"),
        ({"beta": [np.nan]}, ValueError, "beta must be finite"),
        ({"beta": ["a"]}, TypeError, "beta must hold real numbers"),
        ({"beta": [[1.0], [2.0]]}, ValueError, "beta has shape"),
        ({"beta": 2.0}, ValueError, "beta must be a vector"),
        ({"noise_sd": -1}, ValueError, "noise_sd must be zero or a positive number, not -1"),
        ({"noise_sd": float("nan")}, ValueError, "noise_sd must be zero or a positive"),
        ({"noise_sd": float("inf")}, ValueError, "noise_sd must be zero or a positive"),
        ({"noise_sd": "1"}, TypeError, "noise_sd must be zero or a positive"),
        ({"noise_sd": 1j}, TypeError, "noise_sd must be zero or a positive"),
        ({"noise_sd": True}, TypeError, "noise_sd must be zero or a positive"),
        ({"noise_sd": 1e308}, ValueError, r"noise_sd holds 1e\+308, whose square overflows"),
        ({"n": np.float64(5)}, TypeError, "n must be a whole number"),
        ({"n": True}, TypeError, "n must be a whole number, not True"),
        ({"n": [5]}, TypeError, "n must be a whole number"),
        ({"beta": [1j]}, TypeError, "beta must hold real numbers"),
        ({"beta": [1e200]}, ValueError, r"beta holds 1e\+200, whose square overflows"),
        ({"beta": [[1], [2, 3]]}, ValueError, "beta is not a rectangular array"),
        ({"beta": None}, TypeError, "beta must hold real numbers"),
        ({"beta": {"x1": 1.0}}, TypeError, "beta must hold real numbers"),
        ({"beta": np.ma.masked_equal([1, 2], 2)}, ValueError, "beta has masked entries"),
        ({"beta": pd.Series([1, None])}, ValueError, "beta must be finite"),
        ({"rng": -1}, ValueError, "rng must be 0 or more"),
        ({"rng": 1.5}, TypeError, "rng must be a whole number"),
        ({"rng": True}, TypeError, "rng must be a whole number"),
        ({"rng": "1"}, TypeError, "rng must be a whole number"),
    ],
    ids=lambda value: repr(value) if isinstance(value, dict) else "",
)
def test_bad_arguments_are_named(arguments, error, message):
    with pytest.raises(error, match=f"^{message}"):
        make_linear(**{"n": 5, "p": 3, **arguments})


def spiral(n_class, cycles):
    """Return the curve and its unit normals as complex numbers, written without labkit's formula.

    The curve is z = (2w + 1) exp(2πiw) / 3; its tangent is found by central differences.
    """

    def z(w):
        return (2 * w + 1) * np.exp(2j * np.pi * w) / 3

    w = cycles * np.linspace(0, 1, n_class, endpoint=False)
    tangent = (z(w + 1e-6) - z(w - 1e-6)) / 2e-6
    return z(w), 1j * tangent / abs(tangent)


def as_complex(points):
    return points[:, 0] + 1j * points[:, 1]


@settings(derandomize=True, deadline=None, database=None, max_examples=50)
@given(cycles=st.floats(1e-300, 1e6), m=st.integers(1, 40))
def test_spirals_of_any_cycles_are_those_of_exact_turns(cycles, m):
    curve = as_complex(make_spirals(2 * m, noise_sd=0, cycles=cycles, rng=1).X)[:m]
    turns = [Fraction(i) * Fraction(cycles) / m for i in range(m)]
    expected = [float(2 * w + 1) * np.exp(2j * np.pi * float(w % 1)) / 3 for w in turns]
    assert_allclose(curve, expected, rtol=1e-8)


@pytest.mark.parametrize("cycles", [0.5, 1, 2])
def test_spirals_lie_on_the_curve_and_are_moved_along_its_normal(cycles):
    data = make_spirals(300, noise_sd=0.2, cycles=cycles, rng=4)
    z, normal = spiral(150, cycles)
    draws = np.random.default_rng(4).standard_normal(300)
    expected = np.concatenate([z + 0.2 * draws[:150] * normal, -z - 0.2 * draws[150:] * normal])
    assert_allclose(as_complex(data.X), expected, atol=1e-9)
    assert_allclose(as_complex(data.curve), np.concatenate([z, -z]), atol=1e-14)


def test_spirals_return_the_truth_with_the_data():
    data = make_spirals(50, noise_sd=0.3, cycles=2, rng=1)
    assert isinstance(data, SpiralData)
    assert data.X.shape == data.curve.shape == (50, 2)
    assert (data.noise_sd, data.cycles) == (0.3, 2)
    assert data.y.dtype == np.int64
    assert_array_equal(data.y, [0] * 25 + [1] * 25)


def test_spirals_start_a_third_from_the_origin_and_end_before_one():
    radius = np.linalg.norm(make_spirals(500, rng=1).curve, axis=1)
    assert_allclose(radius[[0, 250]], 1 / 3)
    assert_allclose(radius[[249, 499]], (2 * 249 / 250 + 1) / 3)


def test_the_second_spiral_negates_the_first_and_has_draws_of_its_own():
    data = make_spirals(40, rng=1)
    assert_array_equal(data.curve[20:], -data.curve[:20])
    moved = data.X - data.curve
    assert (abs(moved[20:] + moved[:20]) > 1e-6).any(axis=1).all()


def test_spirals_without_noise_are_their_curve():
    data = make_spirals(40, noise_sd=0, rng=1)
    assert_array_equal(data.X, data.curve)


def test_the_noise_of_spirals_has_the_standard_deviation_asked_for():
    data = make_spirals(20_000, noise_sd=0.4, rng=2)
    distance = np.linalg.norm(data.X - data.curve, axis=1)
    assert abs(np.sqrt(np.mean(distance**2)) - 0.4) < 5 * 0.4 / np.sqrt(2 * 20_000)


def test_spirals_from_the_same_seed_are_the_same_and_a_generator_goes_on():
    generator = np.random.default_rng(7)
    first, second = (make_spirals(6, rng=generator) for _ in range(2))
    assert_array_equal(first.X, make_spirals(6, rng=7).X)
    assert (first.X != second.X).all()


def test_spirals_draw_a_normal_number_for_each_point_and_no_more():
    generator, beside = np.random.default_rng(7), np.random.default_rng(7)
    make_spirals(6, rng=generator)
    beside.standard_normal(6)
    assert generator.standard_normal() == beside.standard_normal()


def test_spirals_can_be_drawn_from_rs_stream():
    data = make_spirals(4, noise_sd=1, rng=RStream(42))
    moved = np.linalg.norm(data.X - data.curve, axis=1)
    assert_allclose(moved, abs(RStream(42).standard_normal(4)), rtol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"n": 5}, ValueError, "n must be even, half of it for each class, not 5"),
        ({"n": 0}, ValueError, "n must be 2 or more, not 0"),
        ({"n": 4.0}, TypeError, "n must be a whole number"),
        ({"noise_sd": -1}, ValueError, "noise_sd must be zero or a positive number, not -1"),
        ({"noise_sd": float("nan")}, ValueError, "noise_sd must be zero or a positive"),
        ({"cycles": 0}, ValueError, "cycles must be a positive number, not 0"),
        ({"cycles": float("inf")}, ValueError, "cycles must be a positive number"),
        ({"cycles": "1"}, TypeError, "cycles must be a positive number"),
        ({"cycles": 1j}, TypeError, "cycles must be a positive number"),
        ({"cycles": float("nan")}, ValueError, "cycles must be a positive number"),
        ({"cycles": 1e7}, ValueError, r"cycles must be at most 1e\+06, not 1e\+07"),
        ({"noise_sd": 1e200}, ValueError, r"noise_sd holds 1e\+200, whose square overflows"),
        ({"n": np.int8(5)}, ValueError, "n must be even"),
        ({"rng": -1}, ValueError, "rng must be 0 or more"),
    ],
    ids=lambda value: repr(value) if isinstance(value, dict) else "",
)
def test_bad_arguments_of_spirals_are_named(arguments, error, message):
    with pytest.raises(error, match=f"^{message}"):
        make_spirals(**{"n": 4, **arguments})
