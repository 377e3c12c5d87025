"""A model remembers the names of its columns: every estimator, in predict and in validation."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from labkit import fit_linear, fit_mlp, fit_ols, make_linear

DATA = make_linear(60, 3, rng=1)
TABLE = pd.DataFrame(DATA.X, columns=["age", "bmi", "dose"])


def with_ols(X):
    return fit_ols(X, DATA.y)


def with_linear(X):
    return fit_linear(X, DATA.y, lr=0.1, steps=20)


def with_mlp(X):
    return fit_mlp(X, DATA.y, steps=20, rng=0)


def network():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    torch.manual_seed(0)
    return torch.nn.Linear(3, 1)


def with_torch(X, **options):
    from labkit import fit_torch

    return fit_torch(network(), X, DATA.y.reshape(-1, 1), epochs=5, **options)


def with_torch_many(X):
    from labkit import fit_torch_many

    return fit_torch_many([network()], [(X, DATA.y.reshape(-1, 1))], epochs=5)[0]


ESTIMATORS = [with_ols, with_linear, with_mlp, with_torch, with_torch_many]
each_estimator = pytest.mark.parametrize("fit", ESTIMATORS, ids=lambda f: f.__name__)


@each_estimator
def test_the_same_columns_give_the_same_predictions_as_an_array(fit):
    expected = fit(DATA.X).predict(DATA.X)
    for now, later in ((TABLE, TABLE), (TABLE, DATA.X), (DATA.X, TABLE)):
        assert_allclose(fit(now).predict(later), expected, rtol=1e-5)


@each_estimator
def test_another_order_is_refused(fit):
    fitted = fit(TABLE)
    with pytest.raises(ValueError, match=r"X has the columns .* in another order: column 1 "):
        fitted.predict(TABLE[["age", "dose", "bmi"]])


@each_estimator
def test_other_names_are_refused_and_named(fit):
    fitted = fit(TABLE)
    with pytest.raises(ValueError, match=r"X has other columns .*'dose' is missing, 'sex' is new"):
        fitted.predict(TABLE.rename(columns={"dose": "sex"}))


@each_estimator
def test_one_column_more_is_refused(fit):
    fitted = fit(TABLE)
    with pytest.raises(ValueError, match="'sex' is new"):
        fitted.predict(TABLE.assign(sex=1.0))


@each_estimator
def test_numbered_columns_are_names_too(fit):
    numbered = pd.DataFrame(DATA.X)
    with pytest.raises(ValueError, match="in another order: column 0"):
        fit(numbered).predict(numbered[[2, 1, 0]])


@each_estimator
def test_names_that_say_a_position_must_say_the_right_one(fit):
    positions = pd.DataFrame(DATA.X, columns=["x1", "x2", "x3"])
    fitted = fit(DATA.X)
    assert_allclose(fitted.predict(positions), fitted.predict(DATA.X), rtol=1e-5)
    with pytest.raises(ValueError, match=r"in another order: column 0 .* 'x3' and was 'x1'"):
        fitted.predict(positions[["x3", "x2", "x1"]])


@each_estimator
def test_numbered_columns_say_a_position_too(fit):
    fitted, numbered = fit(DATA.X), pd.DataFrame(DATA.X)
    assert_allclose(fitted.predict(numbered), fitted.predict(DATA.X), rtol=1e-5)
    with pytest.raises(ValueError, match=r"in another order: column 0 .* '1' and was '0'"):
        fitted.predict(numbered[[1, 0, 2]])


@each_estimator
def test_a_copy_remembers_the_names(fit):
    for again in (copy.deepcopy(fit(TABLE)), pickle.loads(pickle.dumps(fit(TABLE)))):
        assert_array_equal(again.predict(TABLE), fit(TABLE).predict(TABLE))
        with pytest.raises(ValueError, match="another order"):
            again.predict(TABLE[["age", "dose", "bmi"]])


def test_validation_is_held_to_the_names_as_well():
    y = DATA.y.reshape(-1, 1)
    fit = with_torch(TABLE, validation=(TABLE, y))
    losses = with_torch(DATA.X, validation=(DATA.X, y)).history
    assert fit.history.equals(losses)
    with pytest.raises(ValueError, match=r"validation X has the columns .* in another order"):
        with_torch(TABLE, validation=(TABLE[["dose", "bmi", "age"]], y))
    with pytest.raises(ValueError, match=r"validation X has other columns"):
        with_torch(TABLE, validation=(TABLE.add_suffix("_z"), y))


def test_only_a_few_of_many_names_are_listed():
    wide = pd.DataFrame(np.eye(30), columns=[f"gene {j}" for j in range(30)])
    fitted = fit_linear(wide, np.arange(30.0), lr=0.1, steps=3)
    with pytest.raises(ValueError, match=r"'gene 3' is missing, and 56 more\. Give it those 30"):
        fitted.predict(wide.add_prefix("no "))
