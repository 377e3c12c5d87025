"""What every loop returns, and what a divergence says and keeps."""

import dataclasses
import pickle

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_array_equal

from labkit import Fit, TrainingDiverged


class Mean(Fit):
    """The least of fits: it predicts a mean."""

    @property
    def params(self):
        return {"mean": np.array([2.0])}

    def _predict(self, X):
        return np.full(len(X), 2.0)


def fitted(**options):
    return Mean(**{"records": {"loss": [3, 1], "val_loss": [4, 2]}, "stopped": "budget", **options})


def test_the_history_has_a_row_an_epoch_from_1():
    expected = pd.DataFrame(
        {"loss": [3.0, 1.0], "val_loss": [4.0, 2.0]}, index=pd.RangeIndex(1, 3, name="epoch")
    )
    pd.testing.assert_frame_equal(fitted().history, expected)


def test_the_history_of_no_epoch_is_empty():
    assert fitted(records={"loss": []}).history.empty


@pytest.mark.parametrize("stopped", ["budget", "converged", "early stopping", "interrupted"])
def test_only_what_met_its_criterion_converged(stopped):
    assert fitted(stopped=stopped).converged is (stopped == "converged")


def test_columns_are_held_to_those_of_the_fit_before_it_predicts():
    fit = fitted(columns=("age", "dose"))
    table = pd.DataFrame({"dose": [1.0], "age": [2.0]})
    assert_array_equal(fit.predict(table[["age", "dose"]]), [2.0])
    with pytest.raises(ValueError, match="in another order"):
        fit.predict(table)


def test_a_fit_is_shown_by_how_it_ended_without_its_data():
    shown = repr(fitted(stopped="early stopping", best_epoch=2, columns=("age",)))
    assert shown == "Mean(stopped='early stopping', best_epoch=2)"


def test_what_a_loop_may_leave_out_is_none():
    fit = fitted()
    assert (fit.best_epoch, fit.columns, fit.model) == (None, None, None)


def test_a_fit_is_itself_and_no_other_and_can_be_a_key():
    one, other = fitted(), fitted()
    assert one == one
    assert one != other
    assert len({one, other, one}) == 2


def test_a_fit_is_not_written_to_and_made_by_keyword():
    with pytest.raises(dataclasses.FrozenInstanceError):
        fitted().stopped = "converged"
    with pytest.raises(TypeError):
        Mean({"loss": [1.0]}, "budget")


def diverged(**options):
    found = {
        "epoch": 3,
        "lr": 0.5,
        "gradient_norm": 12345.678,
        "feature_scale": 2.34567,
        "records": {"loss": np.array([1.0, 10.0, 1e300])},
    }
    return TrainingDiverged(**{**found, **options})


SAYS = (
    "The training diverged at epoch 3 with lr = 0.5: the gradient's norm was 1.23e+04 and the "
    "largest standard deviation of a feature is {scale}. {advice}. The losses so far are in this "
    "error's `history`."
)
STANDARDISE = ", or standardise the features, which allows a larger one"


@pytest.mark.parametrize(
    ("options", "scale", "advice"),
    [
        ({}, "2.35", "Lower lr, to 0.05 say"),
        ({"lr": 0.5, "feature_scale": 10.0}, "10", "Lower lr, to 0.05 say"),
        ({"feature_scale": 10.5}, "10.5", f"Lower lr, to 0.05 say{STANDARDISE}"),
        (
            {"stable_lr": 0.1234567},
            "2.35",
            "Here gradient descent is stable only for lr < 0.1235: lower lr",
        ),
        (
            {"stable_lr": 2.0, "feature_scale": 400.0},
            "400",
            f"Here gradient descent is stable only for lr < 2: lower lr{STANDARDISE}",
        ),
    ],
)
def test_a_divergence_says_what_was_seen_and_what_to_try(options, scale, advice):
    assert str(diverged(**options)) == SAYS.format(scale=scale, advice=advice)


def test_a_learning_rate_to_try_has_two_digits():
    assert "Lower lr, to 0.012 say." in str(diverged(lr=0.12345))


@pytest.mark.parametrize("stable_lr", [None, 0.1])
@pytest.mark.parametrize("notes", [[], ["in replicate 2"]])
def test_a_divergence_comes_whole_from_another_process(stable_lr, notes):
    error = diverged(stable_lr=stable_lr)
    for note in notes:
        error.add_note(note)
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is TrainingDiverged
    assert str(again) == str(error)
    assert again.__notes__ == notes
    for name in ("epoch", "lr", "gradient_norm", "feature_scale", "stable_lr"):
        assert getattr(again, name) == getattr(error, name)
    pd.testing.assert_frame_equal(again.history, error.history)
    assert again.history["loss"].tolist() == [1.0, 10.0, 1e300]
