"""Bad input, argument by argument: what is legitimate works, the rest is an error that mends."""

import functools
import math
import random
from datetime import date
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.testing import assert_allclose, assert_array_equal

from labkit import RStream, fit_linear, fit_mlp, fit_ols, largest_stable_lr, make_linear
from labkit.inputs import (
    as_features,
    as_matrix,
    as_numbers,
    as_rng,
    as_vector,
    one_of,
    positive,
    require_columns,
    require_same_order,
    require_same_rows,
    whole,
)

DATA = make_linear(20, 3, rng=1)
X, Y = np.round(DATA.X * 4), np.round(DATA.y * 4)  # whole numbers, which every dtype holds
FITS = {
    "fit_linear": functools.partial(fit_linear, lr=0.01, steps=5),
    "fit_mlp": functools.partial(fit_mlp, lr=0.01, steps=5, rng=0),
    "fit_ols": fit_ols,
}
each_fit = pytest.mark.parametrize("fit", FITS.values(), ids=FITS)


def numbers(fitted):
    """All numbers of a result, whichever it is."""
    return fitted.beta if hasattr(fitted, "beta") else np.concatenate(
        [np.ravel(value) for value in fitted.params.values()]
    )  # fmt: skip


# --- what is legitimate gives the same numbers ---------------------------------------------------


def forms(array):
    """The same table in all the clothes it may come in."""
    read_only = array.copy()
    read_only.flags.writeable = False
    wide = np.zeros((len(array), 2, *array.shape[1:]))
    wide[:, 0] = array
    frame = pd.DataFrame if array.ndim == 2 else pd.Series
    return {
        "integers": array.astype(int),
        "bytes": array.astype(np.int8),
        "float16": array.astype(np.float16),
        "float32": array.astype(np.float32),
        "long double": array.astype(np.longdouble),
        "big-endian": array.astype(">f8"),
        "pandas": frame(array),
        "pandas, whole numbers": frame(array.astype(int)),
        "pandas, float32": frame(array.astype(np.float32)),
        "list": array.tolist(),
        "tuple": tuple(array.tolist()),
        "by column": np.asfortranarray(array),
        "strided": wide[:, 0],
        "negative stride": np.ascontiguousarray(array[::-1])[::-1],
        "read-only": read_only,
        "masked, with no mask": np.ma.masked_array(array, mask=False),
    }


@each_fit
@pytest.mark.parametrize("form", forms(X))
def test_legitimate_data_give_the_same_numbers(fit, form):
    expected = numbers(fit(X, Y))
    assert_allclose(numbers(fit(forms(X)[form], forms(Y)[form])), expected, rtol=1e-12)
    assert_allclose(numbers(fit(forms(X)[form], Y)), expected, rtol=1e-12)
    assert_allclose(numbers(fit(X, forms(Y)[form])), expected, rtol=1e-12)


def test_booleans_are_indicators():
    flags = X > 0
    assert_allclose(fit_ols(flags, Y).beta, fit_ols(flags.astype(float), Y).beta)


def test_pandas_nullable_columns_without_na_are_numbers():
    y = pd.Series(Y.astype(int), dtype="Int64")
    assert_allclose(fit_ols(X, y).beta, fit_ols(X, Y).beta)


def test_a_float64_array_is_not_copied_and_never_changed():
    assert as_matrix(DATA.X) is DATA.X
    kept = DATA.X.copy(), DATA.y.copy()
    for fit in FITS.values():
        fit(DATA.X, DATA.y)
    assert_array_equal(DATA.X, kept[0])
    assert_array_equal(DATA.y, kept[1])


def test_tensors_are_arrays():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    expected = fit_ols(X, Y).beta
    assert_allclose(fit_ols(torch.tensor(X), torch.tensor(Y)).beta, expected)
    for form in (
        lambda a: a.requires_grad_(),
        lambda a: a.to_sparse(),
        lambda a: a.to(torch.bfloat16),  # which holds quarters of this size
        lambda a: a._neg_view().neg(),
    ):
        assert_allclose(fit_ols(form(torch.tensor(X)), form(torch.tensor(Y))).beta, expected)
    with pytest.raises(TypeError, match=r"^X must hold real numbers, not dtype complex128"):
        fit_ols(torch.tensor(X) + 1j, Y)


@settings(derandomize=True, deadline=None, database=None, max_examples=100)
@given(
    values=hnp.arrays(
        st.sampled_from([np.float64, np.float32, np.float16, np.int64, np.uint8, np.bool_]),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4),
    )
)
@example(np.array([[1e200, 1], [1, 1]]))
def test_every_array_is_either_taken_as_it_is_or_refused(values):
    try:
        matrix = as_matrix(values)
    except ValueError as error:
        usable = values.ndim == 2 and values.shape[0] >= 2 and values.shape[1] >= 1
        with np.errstate(over="ignore"):
            small = (np.abs(values.astype(float)) < 1e150).all()  # False for NaN
        assert not (usable and small)
        assert str(error).startswith("X ")  # noqa: PT017  (which of the two is the question)
    else:
        assert matrix.dtype == np.float64
        assert_array_equal(matrix, values.astype(float))


# --- X -------------------------------------------------------------------------------------------


def with_entry(value):
    bad = DATA.X.copy()
    bad[3, 1] = value
    return bad


def nullable(dtype, array=X):
    frame = pd.DataFrame(array.astype(int)).astype(dtype)
    frame.iloc[3, 1] = pd.NA
    return frame


FINITE = r"^X must be finite; 1 of its 60 entries are not, the first at row 3, column 1 "
BAD_X = {
    "NaN": (with_entry(np.nan), ValueError, FINITE + r".*: nan\. Drop or impute"),
    "infinity": (with_entry(np.inf), ValueError, FINITE + ".*: inf"),
    "minus infinity": (with_entry(-np.inf), ValueError, FINITE + ".*: -inf"),
    "NaN in a DataFrame": (pd.DataFrame(with_entry(np.nan)), ValueError, FINITE),
    "NaN in a list": (with_entry(np.nan).tolist(), ValueError, FINITE),
    "too large to square": (with_entry(-1e200), ValueError, r"^X holds 1e\+200, whose square"),
    "no rows": (np.empty((0, 3)), ValueError, r"^X is empty: its shape is \(0, 3\)"),
    "no columns": (np.empty((20, 0)), ValueError, r"^X is empty: its shape is \(20, 0\)"),
    "empty list": ([], ValueError, r"^X must have two dimensions, .* not shape \(0,\)"),
    "one row": (X[:1], ValueError, "^X has 1 row; at least 2 are needed"),
    "a vector": (X[:, 0], ValueError, r"^X must have two .* \(20,\); X\.reshape\(-1, 1\) makes"),
    "a Series": (pd.Series(X[:, 0]), ValueError, r"X\.(to_frame\(\)|reshape\(-1, 1\)) makes one"),
    "three dimensions": (X[None], ValueError, r"^X must have two .* shape \(1, 20, 3\); flatten"),
    "a number": (3.0, ValueError, r"^X must have two dimensions, .* not shape \(\)"),
    "nothing": (None, TypeError, "^X must hold real numbers, not dtype object"),
    "objects": (X.astype(object), TypeError, r"^X must hold real .* object\. .*X\.astype\(float\)"),
    "strings": (X.astype(str), TypeError, "^X must hold real numbers, not dtype <U"),
    "bytes": (X.astype(bytes), TypeError, "^X must hold real numbers, not dtype [|]S"),
    "a column of words": (
        pd.DataFrame({"age": X[:, 0], "sex": ["f", "m"] * 10}), TypeError, "Encode categories",
    ),
    "a column of flags": (
        pd.DataFrame({"age": X[:, 0], "ill": [True, False] * 10}), TypeError, r"X\.astype\(float\)",
    ),
    "a category of words": (
        pd.DataFrame({"age": X[:, 0], "sex": pd.Categorical(["f", "m"] * 10)}),
        TypeError, "^X holds categories, .*pandas.get_dummies",
    ),
    "a category of numbers": (
        pd.DataFrame({"age": X[:, 0], "stage": pd.Categorical([1, 2] * 10)}),
        TypeError, "^X holds categories, .*pandas.get_dummies",
    ),
    "complex": (X + 1j, TypeError, "^X must hold real numbers, not dtype complex128"),
    "dates": (
        X.astype("datetime64[D]"), TypeError, "^X must hold real numbers, not dtype datetime64",
    ),
    "durations": (X.astype("timedelta64[s]"), TypeError, "not dtype timedelta64"),
    "a DataFrame with dates": (
        pd.DataFrame({"a": X[:, 0], "d": pd.to_datetime(["2020-01-01"] * 20)}),
        TypeError, "^X must",
    ),
    "records": (np.zeros(20, dtype=[("a", float)]), TypeError, "^X must hold real numbers"),
    "rows of different lengths": ([[1, 2], [3]], ValueError, "^X is not a rectangular array"),
    "masked": (
        np.ma.masked_array(X, mask=np.eye(20, 3)), ValueError, "^X has masked entries, .*drop them",
    ),
    "Int64 with NA": (nullable("Int64"), TypeError, "^X must hold real numbers, not dtype object"),
    "Float64 with NA": (nullable("Float64"), TypeError, "^X must hold real numbers, not dtype obj"),
    "masked rows in a list": (
        [np.ma.masked_equal(row, row[0]) for row in X], ValueError, "^X has masked entries",
    ),
    "a masked number in a list": (
        [[1.0, np.ma.masked], [1.0, 2.0]], ValueError, "^X has masked entries",
    ),
    "a complex number in a list": ([[1.0, 1j], [1.0, 2.0]], TypeError, "not dtype complex128"),
    "a date in a list": ([[1.0, date(2020, 1, 1)]] * 2, TypeError, "not dtype object"),
    "sparse": (scipy.sparse.csr_array(X), TypeError, r"^X is a sparse .*; X\.toarray\(\) makes"),
    "a long double beyond float64": (
        np.full((20, 3), np.finfo(np.longdouble).max), ValueError, "^X must be finite",
    ),
    "a set": ({1, 2}, TypeError, "^X must hold real numbers"),
    "a dict": ({"a": [1, 2]}, TypeError, "^X must hold real numbers"),
}  # fmt: skip


@each_fit
@pytest.mark.parametrize("name", BAD_X)
def test_bad_features_are_refused_by_name(fit, name):
    bad, error, message = BAD_X[name]
    with pytest.raises(error, match=message):
        fit(bad, Y)


def test_one_row_is_enough_for_a_prediction_and_for_a_limit():
    for fit in FITS.values():
        assert fit(X, Y).predict(X[:1]).shape == (1,)
    assert largest_stable_lr([[2.0]]) == 0.25


@pytest.mark.parametrize("name", ["NaN", "strings", "masked", "a vector", "no rows"])
def test_bad_features_are_refused_in_prediction_too(name):
    bad, error, message = BAD_X[name]
    for fit in FITS.values():
        fitted = fit(X, Y)
        with pytest.raises(error, match=message):
            fitted.predict(bad)


# --- y -------------------------------------------------------------------------------------------


def with_gap(value):
    bad = DATA.y.copy()
    bad[5] = value
    return bad


BAD_Y = {
    "a column": (Y[:, None], ValueError, r"^y has shape \(20, 1\), not \(20,\); y\.ravel\(\)"),
    "a DataFrame": (pd.DataFrame({"y": Y}), ValueError, r"^y has shape \(20, 1\), not \(20,\)"),
    "a row": (Y[None], ValueError, r"^y must be a vector of shape \(20,\), not of shape \(1, 20\)"),
    "two columns": (X[:, :2], ValueError, r"^y must be a vector of shape \(20,\), not of shape"),
    "too short": (Y[:19], ValueError, "^y has 19 entries where 20 are needed, one for each row"),
    "too long": (np.r_[Y, 1], ValueError, "^y has 21 entries where 20 are needed"),
    "one entry": (Y[:1], ValueError, "^y has 1 entries where 20 are needed"),
    "empty": ([], ValueError, "^y has 0 entries where 20 are needed"),
    "a number": (1.0, ValueError, r"^y must be a vector of shape \(20,\), not of shape \(\)"),
    "nothing": (None, TypeError, "^y must hold real numbers, not dtype object"),
    "NaN": (with_gap(np.nan), ValueError, r"^y must be finite; 1 of its 20 .* at row 5 \(counted"),
    "infinity": (with_gap(np.inf), ValueError, "^y must be finite; .*: inf"),
    "too large to square": (with_gap(1e200), ValueError, r"^y holds 1e\+200, whose square over"),
    "words": (["yes", "no"] * 10, TypeError, "^y must hold real numbers, not dtype <U3"),
    "words in pandas": (pd.Series(["yes", "no"] * 10), TypeError, "^y must hold real numbers"),
    "objects": (Y.astype(object), TypeError, r"^y must hold real .*y\.astype\(float\)"),
    "categories": (pd.Series([1, 2] * 10, dtype="category"), TypeError, "^y holds categories"),
    "complex": (Y + 0j, TypeError, "^y must hold real numbers, not dtype complex128"),
    "dates": (pd.Series(pd.date_range("2020", periods=20)), TypeError, "^y must hold real"),
    "Int64 with NA": (
        pd.Series([1, None] * 10, dtype="Int64"), ValueError, "^y must be finite; 10 of its 20",
    ),
    "boolean with NA": (
        pd.Series([True, None] * 10, dtype="boolean"), TypeError, "^y must hold real numbers",
    ),
    "masked": (np.ma.masked_equal(Y, Y[0]), ValueError, "^y has masked entries"),
}  # fmt: skip


@each_fit
@pytest.mark.parametrize("name", BAD_Y)
def test_bad_outcomes_are_refused_by_name(fit, name):
    bad, error, message = BAD_Y[name]
    with pytest.raises(error, match=message):
        fit(X, bad)


# --- rows that belong together -------------------------------------------------------------------


@each_fit
def test_the_same_rows_in_another_order_are_refused(fit):
    patients = [f"p{i}" for i in range(20)]
    frame, y = pd.DataFrame(X, index=patients), pd.Series(Y, index=patients)
    assert_allclose(numbers(fit(frame, y)), numbers(fit(X, Y)), rtol=1e-12)
    with pytest.raises(
        ValueError, match=r"^X and y have the same index in different orders: row 0 .* 'p0' in X"
    ):
        fit(frame, y.iloc[::-1])
    mended = y.iloc[::-1].loc[frame.index]
    assert_allclose(numbers(fit(frame, mended)), numbers(fit(X, Y)), rtol=1e-12)


@each_fit
def test_an_index_that_was_reset_is_allowed(fit):
    frame, y = pd.DataFrame(X, index=range(100, 120)), pd.Series(Y)
    assert_allclose(numbers(fit(frame, y)), numbers(fit(X, Y)), rtol=1e-12)


@each_fit
def test_rows_dropped_in_one_and_others_in_the_other_are_refused(fit):
    frame, y = pd.DataFrame(X), pd.Series(Y)
    with pytest.raises(
        ValueError, match=r"^X and y have different rows by their index: row 2 .* is 3 in X and 2 i"
    ):
        fit(frame.drop(index=2), y.drop(index=7))
    mended = numbers(fit(frame.drop(index=2), y.loc[frame.drop(index=2).index]))
    assert_allclose(mended, numbers(fit(np.delete(X, 2, 0), np.delete(Y, 2))), rtol=1e-12)


def test_an_index_says_nothing_only_where_it_is_0_1_2():
    frame = pd.DataFrame(X)
    dates = pd.date_range("2020", periods=20)
    pairs = pd.MultiIndex.from_product([["a", "b"], range(10)])
    for labels in (dates, pairs, [math.nan, *range(19)], ["p"] * 20):
        require_same_rows(frame, pd.Series(Y, index=labels))
        require_same_rows(frame.set_axis(labels), pd.Series(Y))
        require_same_rows(frame.set_axis(labels), pd.Series(Y, index=labels))
        with pytest.raises(ValueError, match="different rows by their index: row 0"):
            require_same_rows(frame.set_axis(labels), pd.Series(Y, index=range(1, 21)))
    for order in (frame.index[::-1], [1, 0, *range(2, 20)]):
        with pytest.raises(ValueError, match="the same index in different orders: row 0"):
            require_same_rows(frame, pd.Series(Y, index=order))


def test_a_mend_is_one_that_the_data_have():
    column = pd.DataFrame({"y": Y})
    with pytest.raises(ValueError, match=r"y\.iloc\[:, 0\] makes it a vector"):
        fit_ols(X, column)
    assert_array_equal(fit_ols(X, column.iloc[:, 0]).beta, fit_ols(X, Y).beta)
    with pytest.raises(ValueError, match=r"X\.to_frame\(\) makes one column of it"):
        fit_ols(column["y"], Y)


# --- numbers among the options -------------------------------------------------------------------

NOT_POSITIVE = [
    10**400,
    -(10**400),
    Fraction(1, 10**400),
    0,
    0.0,
    -0.1,
    -1,
    math.nan,
    math.inf,
    -math.inf,
    np.float64("nan"),
]
NOT_POSITIVE += [10**400, -(10**400), Fraction(1, 10**400)]
NO_NUMBER = ["0.01", None, True, [0.1], 1j, np.array(0.1), np.True_]
NO_NUMBER += [np.timedelta64(1), np.ma.masked, Decimal("0.1"), date(2020, 1, 1), np.complex64(1)]
NOT_WHOLE = [2.5, 3.0, "3", None, True, np.float64(3), [3], math.nan]
NOT_WHOLE += [np.timedelta64(3, "D"), np.datetime64("2020"), np.array(3), Fraction(3), 3 + 0j]
lr_fits = pytest.mark.parametrize("fit", [fit_linear, fit_mlp], ids=["fit_linear", "fit_mlp"])


@lr_fits
@pytest.mark.parametrize("lr", NOT_POSITIVE, ids=repr)
def test_a_learning_rate_that_is_not_positive_is_refused(fit, lr):
    with pytest.raises(ValueError, match=r"^lr must be a positive number, not "):
        fit(X, Y, lr=lr)


@lr_fits
@pytest.mark.parametrize("lr", NO_NUMBER, ids=repr)
def test_a_learning_rate_that_is_no_number_is_refused(fit, lr):
    with pytest.raises(TypeError, match=r"^lr must be a positive number, not .* of type"):
        fit(X, Y, lr=lr)


@lr_fits
@pytest.mark.parametrize("steps", [0, -1, np.int64(0)], ids=repr)
def test_fewer_steps_than_one_are_refused(fit, steps):
    with pytest.raises(ValueError, match=r"^steps must be 1 or more, not "):
        fit(X, Y, steps=steps)


@lr_fits
@pytest.mark.parametrize("steps", NOT_WHOLE, ids=repr)
def test_steps_that_are_not_whole_are_refused(fit, steps):
    with pytest.raises(TypeError, match=r"^steps must be a whole number, not .* of type"):
        fit(X, Y, steps=steps)


@pytest.mark.parametrize("tol", [-1e-9, math.nan, math.inf, "0", True], ids=repr)
def test_a_tolerance_is_zero_or_positive(tol):
    with pytest.raises((TypeError, ValueError), match=r"^tol must be zero or a positive number"):
        fit_linear(X, Y, tol=tol)


@pytest.mark.parametrize("hidden", [0, -1, 2.5, True, "3"], ids=repr)
def test_hidden_units_are_counted(hidden):
    with pytest.raises(
        (TypeError, ValueError), match=r"^hidden must be (1 or more|a whole number)"
    ):
        fit_mlp(X, Y, hidden=hidden)


def test_numpy_numbers_are_numbers():
    expected = fit_linear(X, Y, lr=0.01, steps=7).params["w"]
    given = fit_linear(X, Y, lr=np.float64(0.01), steps=np.int32(7), tol=np.float32(0))
    assert_array_equal(given.params["w"], expected)


def test_the_helpers_return_plain_numbers():
    assert type(whole(np.int8(3), "n")) is int
    assert type(positive(np.float32(3), "n")) is float
    assert positive(0, "n", or_zero=True) == 0.0
    assert one_of("a", "letter", ["a", "b"]) == "a"
    with pytest.raises(ValueError, match=r"^letter='c' is unknown. Known: a, b\."):
        one_of("c", "letter", ["a", "b"])


def test_a_fraction_is_a_number():
    assert positive(Fraction(1, 4), "n") == 0.25


@pytest.mark.parametrize("value", [["a"], np.array(["a"]), None, 3], ids=repr)
def test_a_name_among_the_known_is_a_string(value):
    with pytest.raises(ValueError, match=r"^letter=.* is unknown\. Known: a, b"):
        one_of(value, "letter", ["a", "b"])


NO_STREAM = [
    *[np.random.Generator, np.random.RandomState, RStream],  # the classes
    *[np.random, random, random.Random(1), np.random.PCG64(1), np.random.SeedSequence(1)],
    *[1.5, "1", [1], np.ones(2), np.timedelta64(1), True, np.random.default_rng],
    *[np.random.Generator.standard_normal, np.random.default_rng(1).standard_normal],
]


@pytest.mark.parametrize("rng", NO_STREAM, ids=lambda rng: f"{rng!r}".split(" at 0x")[0])
@pytest.mark.parametrize("use", [as_rng, lambda rng: make_linear(9, 3, rng=rng)])
def test_what_is_no_stream_of_numbers_is_refused_before_it_is_used(use, rng):
    with pytest.raises(TypeError, match=r"^rng must be a whole number"):
        use(rng)


def test_every_stream_of_numbers_is_used():
    for rng in (np.random.default_rng(1), np.random.RandomState(1), RStream(1)):
        assert as_rng(rng) is rng
    assert as_rng(np.int8(1)).random() == as_rng(1).random()
    with pytest.raises(ValueError, match=r"^rng must be 0 or more, not -1"):
        as_rng(-1)


def test_a_generator_goes_on_and_a_seed_starts_anew():
    generator = np.random.default_rng(1)
    assert as_rng(generator) is generator
    assert as_rng(1).random() == as_rng(1).random() == np.random.default_rng(1).random()
    assert as_rng(None).random() != as_rng(None).random()


AGE_DOSE = pd.DataFrame({"age": [1.0, 2.0], "dose": [3.0, 4.0]})


@pytest.mark.parametrize(
    ("refused", "message"),
    [
        (lambda: whole(2.5, "k"), "k must be a whole number, not 2.5 of type float."),
        (lambda: whole(1, "k", at_least=2), "k must be 2 or more, not 1."),
        (lambda: whole(4, "k", at_most=3), "k must be at most 3, not 4."),
        (lambda: positive("1", "k"), "k must be a positive number, not '1' of type str."),
        (lambda: positive(0, "k"), "k must be a positive number, not 0."),
        (lambda: positive(-1, "k", or_zero=True), "k must be zero or a positive number, not -1."),
        (lambda: one_of("c", "k", ["a", "b"]), "k='c' is unknown. Known: a, b."),
        (
            lambda: as_matrix([1.0, 2.0], "Z"),
            "Z must have two dimensions, rows × columns, not shape (2,); Z.reshape(-1, 1) makes "
            "one column of it.",
        ),
        (
            lambda: as_matrix(np.ones((2, 1, 1)), "Z"),
            "Z must have two dimensions, rows × columns, not shape (2, 1, 1); flatten it.",
        ),
        (lambda: as_matrix(np.ones((2, 0)), "Z"), "Z is empty: its shape is (2, 0)."),
        (lambda: as_matrix(np.ones((0, 2)), "Z"), "Z is empty: its shape is (0, 2)."),
        (lambda: as_matrix([[1.0]], "Z"), "Z has 1 row; at least 2 are needed."),
        (
            lambda: as_matrix([[1.0, 2.0], [3.0, math.inf]], "Z"),
            "Z must be finite; 1 of its 4 entries are not, the first at row 1, column 1 (counted "
            "from 0): inf. Drop or impute such rows first.",
        ),
        (
            lambda: as_vector([1.0, math.nan], 2, "z"),
            "z must be finite; 1 of its 2 entries are not, the first at row 1 (counted from 0): "
            "nan. Drop or impute such rows first.",
        ),
        (
            lambda: as_vector([1.0, -1e150], 2, "z"),
            "z holds 1e+150, whose square overflows: rescale it.",
        ),
        (
            lambda: as_vector([1.0, 1e150], 2, "z"),
            "z holds 1e+150, whose square overflows: rescale it.",
        ),
        (
            lambda: as_vector(np.ones((2, 1)), 2, "z"),
            "z has shape (2, 1), not (2,); z.ravel() makes it a vector.",
        ),
        (
            lambda: as_vector(np.ones((3, 1)), 2, "z"),
            "z must be a vector of shape (2,), not of shape (3, 1).",
        ),
        (
            lambda: as_vector([1.0], 2, "z"),
            "z has 1 entries where 2 are needed, one for each row of X.",
        ),
        (
            lambda: as_features(np.ones((2, 3)), 2),
            "X has 3 columns, and the model was fitted on 2.",
        ),
        (
            lambda: require_columns(AGE_DOSE, ("dose", "age"), "Z"),
            "Z has the columns that the model was fitted on in another order: column 0 (counted "
            "from 0) is 'age' and was 'dose'. Bring them into that order.",
        ),
        (
            lambda: require_columns(AGE_DOSE, ("age", "sex", "bmi"), "Z"),
            "Z has other columns than the model was fitted on: 'sex' is missing, 'bmi' is "
            "missing, 'dose' is new. Give it those 3 columns, or rename them; Z.to_numpy() goes "
            "by position.",
        ),
        (
            lambda: require_same_rows(AGE_DOSE, AGE_DOSE["age"][::-1], prefix="validation "),
            "validation X and validation y have the same index in different orders: row 0 (counted "
            "from 0) is 0 in X and 1 in y. Use y.loc[X.index], or, if the rows belong together as "
            "they stand, reset_index(drop=True) on both.",
        ),
        (
            lambda: require_same_order(["b", "a"], ["a", "b"], "truth"),
            "truth has the order b, a, and the model was fitted on a, b: bring it into that order.",
        ),
        (
            lambda: as_numbers(pd.Series(["a", "b"], dtype="category"), "z"),
            "z holds categories, whose codes are no measurements. Encode them as indicator "
            "columns with pandas.get_dummies, or, where they are numbers, use astype(float).",
        ),
        (
            lambda: as_numbers(scipy.sparse.eye_array(2), "z"),
            "z is a sparse matrix; z.toarray() makes an array of it.",
        ),
        (
            lambda: as_numbers(np.array(["a"]), "z"),
            "z must hold real numbers, not dtype <U1. Encode categories as indicator columns, "
            "or, where all are numbers, use z.astype(float).",
        ),
        (
            lambda: as_numbers(np.ma.masked_array([1.0], [True]), "z"),
            "z has masked entries, which would count as data; drop them first.",
        ),
    ],
)
def test_a_refusal_says_in_full_what_is_allowed_what_came_and_what_to_do(refused, message):
    with pytest.raises((TypeError, ValueError)) as caught:
        refused()
    assert str(caught.value) == message


def test_as_many_rows_as_are_needed_are_enough():
    assert as_matrix(np.ones((2, 1))).shape == (2, 1)
    assert as_matrix(np.ones((3, 1)), min_rows=3).shape == (3, 1)
    assert as_features(np.ones((1, 2)), 2).shape == (1, 2)


def test_a_column_is_refused_even_where_one_row_would_make_it_ambiguous():
    with pytest.raises(ValueError, match=r"^y has shape \(1, 1\), not \(1,\)"):
        as_vector([[1.0]], 1)


# --- the torch loop ------------------------------------------------------------------------------


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="torch is not installed")


@pytest.fixture
def fit_torch(torch):
    """The torch loop on a model with three inputs and one output, unless one is given."""
    from labkit import fit_torch

    def fit(X=X, y=Y[:, None], model=None, **options):
        model = torch.nn.Linear(3, 1) if model is None else model
        return fit_torch(model, X, y, **{"epochs": 2, **options})

    return fit


TORCH_ALLOWS = {"one row", "three dimensions", "Int64 with NA"}


@pytest.mark.parametrize("name", [name for name in BAD_X if name not in TORCH_ALLOWS])
def test_bad_features_are_refused_by_the_torch_loop(fit_torch, name):
    bad, error, message = BAD_X[name]
    message = message.replace("two dimensions, .* not", "rows and columns, not").replace(
        "two", "rows"
    )
    with pytest.raises(error, match=message):
        fit_torch(X=bad)


@pytest.mark.parametrize(
    "name", ["NaN", "infinity", "words", "objects", "categories", "complex", "dates", "masked",
             "nothing", "Int64 with NA", "boolean with NA", "too short", "a number"],
)  # fmt: skip
def test_bad_targets_are_refused_by_the_torch_loop(fit_torch, name):
    bad, error, message = BAD_Y[name]
    if name == "too short":
        message = "^y has 19 rows where 20 are needed, one for each of X"
    if name == "a number":
        message = "^y has 1 rows where 20 are needed"
    with pytest.raises(error, match=message):
        fit_torch(y=bad)


def test_validation_data_are_held_to_the_same(fit_torch):
    with pytest.raises(ValueError, match=r"^validation X must be finite"):
        fit_torch(validation=(with_entry(np.nan), Y[:, None]))
    with pytest.raises(ValueError, match=r"^The predictions have shape \(20, 1\) and validation y"):
        fit_torch(validation=(X, Y))
    with pytest.raises(ValueError, match=r"^validation y has 19 rows where 20 are needed"):
        fit_torch(validation=(X, Y[:19, None]))


@pytest.mark.parametrize("validation", [X, (X,), (X, Y[:, None], None), pd.DataFrame(X), 3])
def test_validation_data_are_a_pair(fit_torch, validation):
    with pytest.raises(TypeError, match=r"^validation must be a pair \(X, y\), not "):
        fit_torch(validation=validation)


def test_a_vector_against_a_column_is_refused_with_the_mend(fit_torch, torch):
    message = r"predictions have shape \(20, 1\) and y has shape \(20,\).*Use y\.reshape\(-1, 1\)\."
    with pytest.raises(ValueError, match=message):
        fit_torch(y=Y)
    model = torch.nn.Sequential(torch.nn.Linear(3, 1), torch.nn.Flatten(0))
    with pytest.raises(ValueError, match=r"shape \(20, 1\).*Use y\.reshape\(-1\)\."):
        fit_torch(model=model)


def test_another_number_of_outputs_is_refused(fit_torch, torch):
    with pytest.raises(ValueError, match="Use a model with as many outputs as there are targets"):
        fit_torch(model=torch.nn.Linear(3, 2))


def test_another_number_of_features_is_refused(fit_torch, torch):
    with pytest.raises(ValueError, match=r"^model can't take X of shape \(20, 3\) and float32: "):
        fit_torch(model=torch.nn.Linear(4, 1))
    with pytest.raises(ValueError, match=r"^model can't take X of shape \(20, 2\) and float32: "):
        fit_torch().predict(X[:, :2])


def test_a_model_that_mixes_rows_is_refused(fit_torch, torch):
    class Mean(torch.nn.Linear):
        def forward(self, x):
            return super().forward(x).mean(0)

    with pytest.raises(ValueError, match=r"^model must return one prediction for each row of X"):
        fit_torch(model=Mean(3, 1), y=Y)


def test_rows_in_another_order_are_refused_by_the_torch_loop(fit_torch):
    frame, y = pd.DataFrame(X), pd.DataFrame(Y[:, None])
    with pytest.raises(ValueError, match=r"^X and y have the same index in different orders"):
        fit_torch(X=frame, y=y.iloc[::-1])


def test_doubles_for_a_float_model_are_refused_with_both_mends(fit_torch, torch):
    message = r"^X is float64 and .* are float32: use X\.to\(torch\.float32\), or model\.to\(torch"
    with pytest.raises(TypeError, match=message):
        fit_torch(X=torch.tensor(X))
    with pytest.raises(TypeError, match=r"^y is float64 and the model's parameters are float32"):
        fit_torch(y=torch.tensor(Y[:, None]))
    with pytest.raises(TypeError, match=r"^X is float32 and the model's parameters are float64"):
        fit_torch(X=torch.tensor(X).float(), model=torch.nn.Linear(3, 1).double())


def test_tensors_of_whole_numbers_are_refused(fit_torch, torch):
    with pytest.raises(TypeError, match=r"^y must be floating point for this loss: use y\.float\("):
        fit_torch(y=torch.tensor(Y[:, None]).long())
    with pytest.raises(ValueError, match=r"^model can't take X of shape \(20, 3\) and int64"):
        fit_torch(X=torch.tensor(X).long())


def test_bad_tensors_are_refused(fit_torch, torch):
    with pytest.raises(ValueError, match=FINITE):
        fit_torch(X=torch.tensor(with_entry(np.nan)).float())
    with pytest.raises(TypeError, match=r"^X must hold real numbers, not complex"):
        fit_torch(X=torch.tensor(X + 0j))
    with pytest.raises(ValueError, match=r"^X is empty: its shape is \(0, 3\)"):
        fit_torch(X=torch.empty(0, 3), y=torch.empty(0, 1))


def test_numbers_beyond_the_models_precision_are_refused(fit_torch):
    with pytest.raises(ValueError, match=r"^X holds numbers too large for float32: rescale it"):
        fit_torch(X=with_entry(1e40))
    with pytest.raises(ValueError, match=r"^X holds numbers too large for float32: rescale it"):
        fit_torch().predict(with_entry(1e40))


CLASSES = (Y > 0).astype(int)


@pytest.mark.parametrize(
    ("y", "error", "message"),
    [
        (CLASSES + 1, ValueError, r"^y holds class indices from 1 to 2, and the model has 2 outp"),
        (CLASSES - 1, ValueError, r"^y holds .* from -1 to 0.*count from 0 to 1 \(in R from 1\)"),
        (np.where(CLASSES, 1, -100), ValueError, "^y holds class indices from -100 to 1"),
        (CLASSES.astype(float), TypeError, r"^y must hold class indices .* use y\.astype\(int\)"),
        (CLASSES[:, None], ValueError, r"^'cross_entropy' takes .* y has \(20, 1\)"),
        (np.eye(2)[CLASSES], TypeError, r"^y must hold class indices"),
        (["a", "b"] * 10, TypeError, "^y must hold real numbers"),
    ],
    ids=["from 1", "negative", "ignored", "floats", "a column", "one-hot", "words"],
)
def test_class_indices_are_held_to_the_model(fit_torch, torch, y, error, message):
    with pytest.raises(error, match=message):
        fit_torch(y=y, loss="cross_entropy", model=torch.nn.Linear(3, 2))


def test_class_tensors_are_whole_numbers(fit_torch, torch):
    with pytest.raises(TypeError, match=r"^y must hold class indices as whole .* use y\.long\(\)"):
        fit_torch(y=torch.tensor(CLASSES).int(), loss="cross_entropy", model=torch.nn.Linear(3, 2))


@pytest.mark.parametrize("y", [CLASSES + 1, 2 * CLASSES - 1], ids=["1 and 2", "-1 and 1"])
@pytest.mark.parametrize("form", ["name", "function", "module"])
def test_events_are_zero_or_one(fit_torch, torch, y, form):
    losses = {
        "name": "bce_with_logits",
        "function": torch.nn.functional.binary_cross_entropy_with_logits,
        "module": torch.nn.BCEWithLogitsLoss(),
    }
    with pytest.raises(ValueError, match=r"^y must hold 0 and 1, or probabilities, for this loss"):
        fit_torch(y=y[:, None], loss=losses[form])


@pytest.mark.parametrize("lr", NOT_POSITIVE, ids=repr)
def test_a_learning_rate_of_the_torch_loop_is_positive(fit_torch, lr):
    with pytest.raises(ValueError, match=r"^lr must be a positive number, not "):
        fit_torch(lr=lr)


@pytest.mark.parametrize("lr", [lr for lr in NO_NUMBER if lr is not None], ids=repr)
def test_a_learning_rate_of_the_torch_loop_is_a_number(fit_torch, lr):
    with pytest.raises(TypeError, match=r"^lr must be a positive number, not .* of type"):
        fit_torch(lr=lr)


@pytest.mark.parametrize("name", ["epochs", "batch_size", "patience"])
def test_counts_of_the_torch_loop_are_counts(fit_torch, name):
    options = {"validation": (X, Y[:, None])}
    for value in (0, -1):
        with pytest.raises(ValueError, match=rf"^{name} must be 1 or more, not {value}"):
            fit_torch(**options, **{name: value})
    for value in NOT_WHOLE:
        if value is None and name != "epochs":
            continue  # which means: all rows, no early stopping
        with pytest.raises(TypeError, match=rf"^{name} must be a whole number, not "):
            fit_torch(**options, **{name: value})


def test_a_batch_larger_than_the_data_is_refused(fit_torch):
    with pytest.raises(ValueError, match=r"^batch_size=21 is larger than the 20 rows of X; batch_"):
        fit_torch(batch_size=21)
    fit_torch(batch_size=20)


@pytest.mark.parametrize("value", [-0.1, math.nan, "0", True], ids=repr)
def test_weight_decay_is_zero_or_positive(fit_torch, value):
    with pytest.raises((TypeError, ValueError), match=r"^weight_decay must be zero or a positive"):
        fit_torch(weight_decay=value)


@pytest.mark.parametrize("seed", [-1, 1.5, "1", True], ids=repr)
def test_a_seed_of_the_torch_loop_is_whole(fit_torch, seed):
    with pytest.raises((TypeError, ValueError), match=r"^seed must be (0 or more|a whole number)"):
        fit_torch(seed=seed)


def test_an_unknown_loss_lists_the_known_ones(fit_torch):
    known = "mse, l1, huber, cross_entropy, bce_with_logits"
    with pytest.raises(ValueError, match=rf"^loss='mae' is unknown\. Known: {known}\."):
        fit_torch(loss="mae")


@pytest.mark.parametrize("loss", [None, 3, ["mse"]], ids=repr)
def test_a_loss_is_a_name_or_a_function(fit_torch, loss):
    with pytest.raises(TypeError, match=r"^loss must be a function or one of mse, l1, huber"):
        fit_torch(loss=loss)


def test_an_unknown_optimizer_lists_the_known_ones(fit_torch):
    with pytest.raises(ValueError, match=r"^optimizer='lion' is unknown\. Known: sgd, adam, adamw"):
        fit_torch(optimizer="lion")


def test_an_optimizer_is_a_name_or_a_factory(fit_torch, torch):
    with pytest.raises(TypeError, match=r"^optimizer must be a function or one of sgd, adam"):
        fit_torch(optimizer=None)
    made = torch.optim.SGD(torch.nn.Linear(3, 1).parameters(), lr=0.1)
    with pytest.raises(TypeError, match=r"^optimizer must be a name or a class, .* not an object"):
        fit_torch(optimizer=made)
    with pytest.raises(ValueError, match=r"^LBFGS evaluates the loss many times a step"):
        fit_torch(optimizer=torch.optim.LBFGS)


def test_a_model_has_parameters_to_train(fit_torch, torch):
    with pytest.raises(ValueError, match=r"^model has no parameters: there is nothing to train"):
        fit_torch(model=torch.nn.ReLU())
    frozen = torch.nn.Linear(3, 1).requires_grad_(False)
    with pytest.raises(ValueError, match=r"^model has no parameter with requires_grad"):
        fit_torch(model=frozen)


def test_a_model_is_a_module_not_a_class_or_function(fit_torch, torch):
    for model in (torch.nn.Linear, torch.relu, "Linear", 3):
        with pytest.raises(TypeError, match=r"^model must be a torch\.nn\.Module, not "):
            fit_torch(model=model)


def test_a_device_that_is_not_there_is_refused(fit_torch, torch):
    for device in ("gpu", "cuda:99"):
        with pytest.raises(ValueError, match=rf"^device='{device}' is not usable here; 'cpu' alw"):
            fit_torch(device=device)


def test_patience_needs_validation_data(fit_torch):
    with pytest.raises(ValueError, match=r"^patience needs validation=\(X, y\)"):
        fit_torch(patience=3)


def test_one_row_is_allowed_in_the_torch_loop(fit_torch):
    assert len(fit_torch(X=X[:1], y=Y[:1, None]).history) == 2


def test_more_columns_than_rows_are_allowed_in_the_torch_loop(fit_torch, torch):
    wide = np.random.default_rng(0).normal(size=(20, 30))
    fit_torch(X=wide, model=torch.nn.Linear(30, 1))


def test_constant_columns_are_allowed_in_the_torch_loop(fit_torch):
    assert np.isfinite(fit_torch(X=np.ones((20, 3))).predict(X)).all()
