"""R's stream of random numbers, and lab 01's numbers that follow from it."""

import copy
import pickle
import random
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from labkit import (
    RStream,
    fit_linear,
    fit_ols,
    load_reference,
    make_linear,
)

# What R prints, to the seven digits that it prints.
RNORM = {
    0: [1.2629543, -0.3262334, 1.3297993, 1.2724293, 0.4146414],
    1: [-0.6264538, 0.1836433, -0.8356286],
    2: [-0.89691455, 0.18484918, 1.58784533],
    10: [0.01874617, -0.18425254, -1.37133055],
    123: [-0.56047565, -0.23017749, 1.55870831],
}
RUNIF = {
    1: [0.2655087, 0.3721239, 0.5728534],
    42: [0.9148060, 0.9370754, 0.2861395],
    123: [0.2875775, 0.7883051, 0.4089769],
}
EXTREME = [-2147483647, -2147483646, -1, 0, 1, 2147483646, 2147483647]


def python_mersenne_twister(seed: int) -> random.Random:
    """R's seeding by the letter of RNG.c, then the Mersenne Twister of Python's own library."""
    state = seed & 0xFFFFFFFF
    words = []
    for i in range(50 + 625):
        state = (69069 * state + 1) & 0xFFFFFFFF
        if i >= 50:
            words.append(state)
    generator = random.Random()
    generator.setstate((3, (*words[1:], 624), None))
    return generator


def test_first_draws_are_r_to_1e_12():
    expected = load_reference("stream_seed42")["value"]
    stream = RStream(42)
    drawn = [*stream.standard_normal(8), *stream.random(4)]
    assert_allclose(drawn, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("seed", RNORM)
def test_rnorm_is_what_r_prints(seed):
    expected = RNORM[seed]
    assert_allclose(RStream(seed).standard_normal(len(expected)), expected, atol=5.1e-8)


@pytest.mark.parametrize("seed", RUNIF)
def test_runif_is_what_r_prints(seed):
    assert_allclose(RStream(seed).random(3), RUNIF[seed], atol=5.1e-8)


def test_matrices_are_filled_by_column():
    matrix = RStream(3).standard_normal((4, 3))
    vector = RStream(3).standard_normal(12)
    assert_array_equal(matrix, vector.reshape(3, 4).T)
    assert matrix.flags.c_contiguous
    assert_array_equal(RStream(3).random((2, 3)), RStream(3).random(6).reshape(3, 2).T)


def test_one_draw_is_a_float_and_goes_on_like_a_vector():
    one_by_one, at_once = RStream(5), RStream(5)
    drawn = [one_by_one.standard_normal() for _ in range(4)]
    assert all(type(value) is float for value in drawn)
    assert_array_equal(drawn, at_once.standard_normal(4))
    assert one_by_one.random() == at_once.random()


def test_shapes_are_those_of_numpy():
    for size in (0, 3, (0, 2), (2, 1, 3), ()):
        assert RStream(1).random(size).shape == np.random.default_rng(1).random(size).shape


@pytest.mark.parametrize("seed", EXTREME)
def test_extreme_seeds_work_and_repeat(seed):
    first, second = RStream(seed).random(1000), RStream(seed).random(1000)
    assert_array_equal(first, second)
    assert 0 < first.min() < first.max() < 1
    assert abs(first.mean() - 0.5) < 5 / np.sqrt(12 * 1000)


def test_neighbouring_seeds_differ():
    first = {RStream(seed).random() for seed in (*EXTREME, 2, 3, 4)}
    assert len(first) == len(EXTREME) + 3


@settings(derandomize=True, deadline=None, database=None, max_examples=25)
@given(seed=st.integers(-2147483647, 2147483647))
def test_any_seed_gives_the_stream_of_another_mersenne_twister(seed):
    oracle = python_mersenne_twister(seed)
    expected = [oracle.getrandbits(32) * 2.3283064365386963e-10 for _ in range(700)]
    assert_allclose(RStream(seed).random(700), expected, rtol=0, atol=2e-10)


def test_uniforms_keep_off_both_ends():
    class Ends:
        def random_raw(self, count):  # noqa: ARG002
            return np.array([0, 2**32 - 1], dtype=np.uint64)

    stream = RStream(1)
    stream._bits = Ends()
    low, high = stream.random(2)
    assert_allclose([low, 1 - high], [0.5 * 2.328306437080797e-10, 2.328306437e-10], rtol=1e-6)


@pytest.mark.parametrize("seed", [2147483648, 2**40, -2147483648, -(2**40)])
def test_seeds_beyond_r_are_refused(seed):
    with pytest.raises(ValueError, match=r"^seed must be (at most 2147483647|-2147483647 or more)"):
        RStream(seed)


@pytest.mark.parametrize(
    "seed", [1.0, 2.5, "1", None, True, np.bool_(True), np.float64(3)], ids=repr
)
def test_seeds_that_are_no_whole_number_are_refused(seed):
    with pytest.raises(TypeError, match=r"^seed must be a whole number, not "):
        RStream(seed)


def test_numpy_whole_numbers_are_seeds():
    assert RStream(np.int64(42)).random() == RStream(42).random()


@pytest.mark.parametrize("size", [np.int64(6), np.uint8(6), (np.int32(2), 3), [3, 2], (6,)])
@pytest.mark.parametrize("method", ["random", "standard_normal"])
def test_sizes_of_any_whole_kind_give_the_right_numbers(method, size):
    drawn = getattr(RStream(8), method)(size)
    assert_array_equal(drawn.ravel(order="F"), getattr(RStream(8), method)(6))
    assert drawn.shape == np.zeros(size).shape


@pytest.mark.parametrize(
    ("size", "error", "says"),
    [
        (-1, ValueError, "size must be 0 or more, not -1"),
        ((2, -3), ValueError, "size must be 0 or more, not -3"),
        ((-2, -3), ValueError, "size must be 0 or more, not -2"),
        (2.5, TypeError, "size must be a whole number, not 2.5"),
        (3.0, TypeError, "size must be a whole number, not 3.0"),
        ((2, 2.5), TypeError, "size must be a whole number, not 2.5"),
        (True, TypeError, "size must be a whole number, not True"),
        ((2, True), TypeError, "size must be a whole number, not True"),
        ("3", TypeError, "size must be a whole number, not '3'"),
        (np.nan, TypeError, "size must be a whole number, not nan"),
        (np.array([2, 3]), TypeError, "size must be a whole number, not array"),
        ((2, (3, 4)), TypeError, r"size must be a whole number, not \(3, 4\)"),
        ((2, None), TypeError, "size must be a whole number, not None"),
        (2**64, ValueError, "size=18446744073709551616 asks for more numbers than"),
        (2**58 + 1, ValueError, "size=.* asks for more numbers than"),
        ((2**32, 2**32), ValueError, "size=.* asks for more numbers than"),
        ((2**70, 0), ValueError, "size=.* asks for more numbers than"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("method", ["random", "standard_normal"])
def test_sizes_that_are_none_are_refused_and_draw_nothing(method, size, error, says):
    stream = RStream(8)
    with pytest.raises(error, match=f"^{says}"):
        getattr(stream, method)(size)
    assert stream.random() == RStream(8).random()


@pytest.mark.parametrize("name", ["normal", "integers", "permutation", "shuffle", "bit_generator"])
def test_what_it_has_not_is_named_with_what_it_has(name):
    says = rf"^RStream has no '{name}': .*standard_normal\(size\) alone"
    with pytest.raises(AttributeError, match=says):
        getattr(RStream(1), name)


@pytest.mark.parametrize("of", [copy.deepcopy, lambda s: pickle.loads(pickle.dumps(s))])
def test_a_copy_goes_on_where_the_stream_stands(of):
    stream = RStream(4)
    stream.random(700)
    again = of(stream)
    assert again.seed == 4
    assert again.random() == stream.random() == RStream(4).random(701)[-1]


def test_repr_says_the_seed():
    assert repr(RStream(-7)) == "RStream(-7)"


def test_gradient_descent_reproduces_r_to_1e_12():
    data = make_linear(500, 10, rng=RStream(42))
    fit = fit_linear(data.X, data.y, lr=0.01, steps=200)
    table = load_reference("linear_seed42_coefficients")
    assert_allclose(data.beta, table["truth"], rtol=0, atol=0)
    assert_allclose(fit.params["w"], table["gradient_descent"], rtol=0, atol=1e-12)
    losses = load_reference("linear_seed42_losses")
    assert_allclose(fit.history["loss"], losses["loss"], rtol=0, atol=1e-12)
    assert list(fit.history.index) == list(losses.index) == list(range(1, 201))


def test_ols_reproduces_r_to_1e_12():
    data = make_linear(500, 10, rng=RStream(42))
    ols, table = fit_ols(data.X, data.y), load_reference("linear_seed42_coefficients")
    assert_allclose(ols.beta, table["ols"], rtol=0, atol=1e-12)
    assert_allclose(ols.se, table["ols_se"], rtol=0, atol=1e-12)


BY_SEED = pd.read_csv(Path(__file__).parent / "reference" / "r_seeds.csv", index_col="seed")


@pytest.mark.parametrize("seed", BY_SEED.index)
def test_any_seed_gives_what_r_gave_for_it_negative_ones_too(seed):
    stream = RStream(seed)
    drawn = [*stream.standard_normal(3), *stream.random(2)]
    assert_allclose(drawn, BY_SEED.loc[seed], rtol=0, atol=1e-12)
