"""Simulation studies: reproducible whatever the workers, with errors that are right."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from labkit import TrainingDiverged, fit_linear, fit_ols, make_linear, run_study


def draw(rng):
    return make_linear(30, 3, rng=rng)


def error_of_ols(data, rng):
    return float(np.sum((fit_ols(data.X, data.y).beta - data.beta) ** 2))


def error_of_gradient_descent(data, rng):
    fit = fit_linear(data.X, data.y, lr=0.05, steps=20)
    return {"error": float(np.sum((fit.params["w"] - data.beta) ** 2)), "steps": 20}


def guess(data, rng):
    return rng.normal()


ALL = {"ols": error_of_ols, "gd": error_of_gradient_descent, "guess": guess}


def study(estimators=ALL, **options):
    return run_study(draw, estimators, **{"replicates": 12, "seed": 3, **options})


def test_the_number_of_workers_changes_nothing():
    assert study(n_jobs=2).values == study(n_jobs=1).values


def test_an_estimator_gets_the_same_data_and_seeds_whoever_stands_beside():
    together = study().values
    for name, estimator in ALL.items():
        for key, values in study({name: estimator}).values.items():
            assert values == together[key]
    reverse = study(dict(reversed(ALL.items()))).values
    assert reverse == together


def test_an_estimator_that_changes_its_data_does_so_for_itself_alone():
    def vandal(data, rng):
        data.X[:] = 0
        return 1.0

    beside = study({"vandal": vandal, "ols": error_of_ols}).values
    assert beside["ols", "value"] == study().values["ols", "value"]

    def vandals(datasets, streams):
        return [vandal(data, rng) for data, rng in zip(datasets, streams, strict=True)]

    def honest(datasets, streams):
        return [error_of_ols(data, rng) for data, rng in zip(datasets, streams, strict=True)]

    joint = study({}, joint={"vandals": vandals, "honest": honest}).values
    assert joint["honest", "value"] == study().values["ols", "value"]


def test_joint_estimators_get_the_data_and_streams_of_single_ones():
    def jointly(name):
        def estimator(datasets, streams):
            assert len(datasets) == len(streams) == 12
            return [ALL[name](data, rng) for data, rng in zip(datasets, streams, strict=True)]

        return estimator

    joint = study({}, joint={name: jointly(name) for name in ALL})
    assert joint.values == study().values


def test_more_replicates_begin_with_the_same_ones():
    few, many = study().values, study(replicates=20).values
    for key, values in few.items():
        assert many[key][:12] == values


def test_seeds_and_replicates_differ():
    values = study({"guess": guess}).values["guess", "value"]
    assert len(set(values)) == 12
    assert not set(values) & set(study({"guess": guess}, seed=4).values["guess", "value"])


def test_two_estimators_have_streams_of_their_own():
    values = study({"one": guess, "two": guess}).values
    assert not set(values["one", "value"]) & set(values["two", "value"])


def test_the_stream_of_an_estimator_is_not_that_of_the_data():
    def first(data, rng):
        return rng.standard_normal() - data.X[0, 0]

    assert all(study({"first": first}).values["first", "value"])
    with pytest.raises(ValueError, match="no estimator may be called 'data'"):
        study({"data": first})


def test_results_have_a_row_for_each_number():
    results = study().results
    assert list(results.columns) == ["replicate", "estimator", "metric", "value"]
    assert len(results) == 12 * 4
    assert set(results["metric"]) == {"value", "error", "steps"}
    one = results.query("estimator == 'gd' and metric == 'error'")
    assert list(one["replicate"]) == list(range(12))
    assert list(one["value"]) == study().values["gd", "error"]


def test_monte_carlo_errors_are_sd_over_root_r():
    done = study()
    for key, row in done.summary().iterrows():
        values = np.array(done.values[key])
        assert row["mean"] == pytest.approx(values.mean(), rel=1e-12)
        assert row["sd"] == pytest.approx(np.std(values, ddof=1), rel=1e-12)
        assert row["mcse"] == pytest.approx(np.std(values, ddof=1) / np.sqrt(12), rel=1e-12)
        assert row["replicates"] == 12
    assert done.summary().index.names == ["estimator", "metric"]


def test_intervals_from_monte_carlo_errors_cover_the_truth_as_often_as_they_should():
    def mean(data, rng):
        return data.mean()

    covered = 0
    for seed in range(300):
        table = run_study(lambda rng: rng.normal(5, 2, 10), {"m": mean}, replicates=40, seed=seed)
        row = table.summary().iloc[0]
        covered += abs(row["mean"] - 5) < 1.96 * row["mcse"]
    assert abs(covered / 300 - 0.943) < 4 * np.sqrt(0.95 * 0.05 / 300)  # t with 39 df: 0.943


def test_a_difference_is_taken_within_each_data_set():
    done = study()
    mean, mcse = done.difference("ols", "guess")
    gaps = np.array(done.values["ols", "value"]) - done.values["guess", "value"]
    assert mean == pytest.approx(gaps.mean())
    assert mcse == pytest.approx(gaps.std(ddof=1) / np.sqrt(12))

    def nearly_ols(data, rng):
        return error_of_ols(data, rng) + 0.001

    shifted = study({"ols": error_of_ols, "other": nearly_ols})
    mean, mcse = shifted.difference("other", "ols")
    assert_allclose([mean, mcse], [0.001, 0], atol=1e-15)


def test_an_unknown_name_in_a_difference_lists_the_known():
    with pytest.raises(
        ValueError, match=r"'lasso' with metric 'value' is not .* ols \(value\), gd"
    ):
        study().difference("lasso", "ols")
    with pytest.raises(ValueError, match="'ols' with metric 'bias' is not in this study"):
        study().difference("ols", "gd", "bias")


# --- what goes wrong -----------------------------------------------------------------------------


def fails_in_replicate_2(data, rng):
    if data == 2:
        raise KeyError("missing")
    return 1.0


def number_of_the_replicate(rng):
    return rng.bit_generator.seed_seq.spawn_key[0]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_an_error_names_the_estimator_and_the_replicate(n_jobs):
    with pytest.raises(KeyError) as caught:
        run_study(
            number_of_the_replicate,
            {"e": fails_in_replicate_2},
            replicates=4,
            seed=3,
            n_jobs=n_jobs,
        )
    assert "This happened to 'e' in replicate 2 of the study." in caught.value.__notes__


def diverges(data, rng):
    return fit_linear(data.X, data.y, lr=100).params["w"][0]


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_a_divergence_names_them_too_and_keeps_its_history(n_jobs):
    with pytest.raises(TrainingDiverged, match="stable only for lr <") as caught:
        study({"e": diverges}, n_jobs=n_jobs)
    assert any("'e' in replicate" in note for note in caught.value.__notes__)
    assert len(caught.value.history) > 1


def test_an_error_in_a_joint_estimator_names_it():
    def fails(datasets, streams):
        raise KeyError("missing")

    with pytest.raises(KeyError) as caught:
        study({}, joint={"j": fails})
    assert caught.value.__notes__ == ["This happened to 'j', which takes all replicates at once."]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf], ids=str)
def test_numbers_that_are_none_are_refused(value):
    with pytest.raises(ValueError, match=rf"'e' gave value = {value} in replicate 0"):
        study({"e": lambda *_: value})
    with pytest.raises(ValueError, match=rf"'e' gave bias = {value} in replicate 0"):
        study({"e": lambda *_: {"bias": value}})


@pytest.mark.parametrize("value", [None, "1.5", [1.0], 1j], ids=repr)
def test_what_is_no_number_is_refused_by_name(value):
    with pytest.raises(TypeError, match=r"'e' gave value = .* in replicate 0; an estimator must"):
        study({"e": lambda *_: value})


@pytest.mark.parametrize("value", [1, True, np.float32(0.5), np.int64(3), np.array(0.25)], ids=repr)
def test_numbers_of_every_kind_are_floats_in_the_end(value):
    values = study({"e": lambda *_: value}).values["e", "value"]
    assert_array_equal(values, np.full(12, float(value)))
    assert all(type(v) is float for v in values)


def test_metrics_that_change_are_refused():
    def moody(data, rng):
        return {"a": 1.0} if rng.random() < 0.5 else {"b": 1.0}

    with pytest.raises(ValueError, match="must give the same metrics every time"):
        study({"e": moody})


def test_joint_results_must_be_as_many_as_the_data_sets():
    with pytest.raises(ValueError, match="'j' gave 3 results for 12 data sets"):
        study({}, joint={"j": lambda *_: [1.0, 2.0, 3.0]})


def test_names_must_differ_and_there_must_be_one():
    with pytest.raises(ValueError, match="estimators and joint share the name ols"):
        study({"ols": error_of_ols}, joint={"ols": lambda d, _: d})
    with pytest.raises(ValueError, match="estimators is empty: give at least one"):
        study({})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"replicates": 1}, "replicates must be 2 or more, not 1"),
        ({"replicates": 0}, "replicates must be 2 or more"),
        ({"replicates": 10.0}, "replicates must be a whole number"),
        ({"replicates": True}, "replicates must be a whole number"),
        ({"seed": -1}, "seed must be 0 or more"),
        ({"seed": None}, "seed must be a whole number"),
        ({"seed": 1.5}, "seed must be a whole number"),
    ],
    ids=str,
)
def test_bad_options_are_named(options, message):
    with pytest.raises((TypeError, ValueError), match=f"^{message}"):
        study(**options)
