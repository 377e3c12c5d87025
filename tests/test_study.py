"""Simulation studies: reproducible whatever the workers, with errors that are right."""

# A study's values are a dict of ours, not the attribute of pandas:
# ruff: noqa: PD011

import os
import zlib
from collections import OrderedDict, deque
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from labkit import Study, TrainingDiverged, fit_linear, fit_ols, make_linear, run_study


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


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_joint_estimators_get_the_data_and_streams_of_single_ones(n_jobs):
    def jointly(name):
        def estimator(datasets, streams):
            assert len(datasets) == len(streams) == 12
            return [ALL[name](data, rng) for data, rng in zip(datasets, streams, strict=True)]

        return estimator

    joint = study({}, joint={name: jointly(name) for name in ALL}, n_jobs=n_jobs)
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


def test_a_difference_from_itself_is_nothing():
    assert study().difference("ols", "ols") == (0, 0)


def test_two_replicates_are_enough():
    done = study({"guess": guess, "ols": error_of_ols}, replicates=2)
    a, b = done.values["guess", "value"]
    row = done.summary().loc[("guess", "value")]
    assert_allclose(row, [(a + b) / 2, abs(a - b) / 2, abs(a - b) / np.sqrt(2), 2], rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-300, 1e-200, 1e200])
def test_monte_carlo_errors_hold_where_squares_vanish_or_overflow(scale):
    plain = study({"guess": guess}).summary()
    scaled = study({"guess": lambda data, rng: guess(data, rng) * scale}).summary()
    assert_allclose(scaled[["mean", "mcse", "sd"]] / scale, plain[["mean", "mcse", "sd"]])


def test_a_table_of_results_is_the_readers_own():
    done = study({"guess": guess})
    table = done.results
    table["value"] = 0.0
    assert list(done.results["value"]) == done.values["guess", "value"]


def test_a_study_knows_nothing_but_pairs():
    with pytest.raises(ValueError, match=r"as many results .* not: a \(m\) 1, b \(m\) 2"):
        Study({("a", "m"): [1.0], ("b", "m"): [1.0, 2.0]})
    with pytest.raises(ValueError, match="not: nothing"):
        Study({})


def test_a_seed_may_be_as_large_as_one_likes():
    large = {seed: tuple(study({"g": guess}, seed=seed).values["g", "value"]) for seed in SEEDS}
    assert len(set(large.values())) == len(SEEDS)
    assert study({"g": guess}, seed=np.int64(7)).values == study({"g": guess}, seed=7).values


SEEDS = [2**32 - 1, 2**32, 2**63, 2**64 + 1, 10**60]


# --- the data ------------------------------------------------------------------------------------


def mean_of(data, rng):
    return float(data.mean())


def means_of(datasets, streams):
    return [mean_of(data, None) for data in datasets]


def test_data_that_are_filled_anew_each_time_are_kept_apart():
    same = np.empty(5)

    def fill(rng):
        same[:] = rng.normal(size=5)
        return same

    values = run_study(fill, {"one": mean_of}, joint={"all": means_of}, replicates=6).values
    fresh = run_study(lambda rng: rng.normal(size=5), {"one": mean_of}, replicates=6).values
    assert values["one", "value"] == values["all", "value"] == fresh["one", "value"]
    assert len(set(values["all", "value"])) == 6


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_joint_estimators_see_the_very_data_of_the_others_also_where_these_ignore_the_seed(n_jobs):
    rng = np.random.default_rng()
    done = run_study(
        lambda _: np.random.default_rng().normal(size=5) + rng.normal(),
        {"one": mean_of},
        joint={"all": means_of},
        replicates=6,
        n_jobs=n_jobs,
    )
    assert done.difference("one", "all") == (0, 0)


def test_a_joint_estimator_that_changes_shared_parts_does_so_for_one_data_set():
    shared = np.ones(3)

    def spoil(datasets, streams):
        return [float(np.add(data, 1, out=data)[0]) for data in datasets]

    joint = {"first": spoil, "second": spoil}
    values = run_study(lambda rng: shared, {}, joint=joint, replicates=3).values
    assert set(map(tuple, values.values())) == {(2.0, 2.0, 2.0)}
    assert_array_equal(shared, 1)


def test_a_joint_estimator_that_takes_its_list_apart_is_still_counted():
    def takes_apart(datasets, streams):
        return [mean_of(datasets.pop(0), streams.pop(0)) for _ in range(len(datasets))]

    joint = {"takes apart": takes_apart, "all": means_of}
    done = run_study(lambda rng: rng.normal(size=5), {}, joint=joint, replicates=4)
    assert done.difference("takes apart", "all") == (0, 0)


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_data_of_every_kind_come_back_from_the_workers(n_jobs):
    class Own:
        def __init__(self, x):
            self.x, self.truth = x, lambda: x

    done = run_study(
        lambda rng: Own(rng.normal()),
        {"one": lambda own, rng: own.truth()},
        joint={"all": lambda owns, _: [own.truth() * isinstance(own, Own) for own in owns]},
        replicates=4,
        n_jobs=n_jobs,
    )
    assert done.difference("one", "all") == (0, 0)


def test_an_error_in_make_data_names_the_replicate():
    def make(rng):
        if number_of_the_replicate(rng) == 1:
            raise KeyError("missing")

    with pytest.raises(KeyError) as caught:
        run_study(make, {"e": lambda *_: 1.0}, replicates=3)
    assert caught.value.__notes__ == ["This happened to make_data in replicate 1 of the study."]


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


def its_process(datasets, streams):
    return [float(os.getpid()) for _ in datasets]


@pytest.mark.parametrize(
    ("names", "n_jobs", "here"), [("ab", 2, False), ("ab", 1, True), ("a", 2, True)]
)
def test_joint_estimators_share_the_workers_where_there_are_several(names, n_jobs, here):
    values = study({}, joint=dict.fromkeys(names, its_process), n_jobs=n_jobs).values
    assert all((float(os.getpid()) in found) is here for found in values.values())


def test_an_error_in_a_joint_estimator_leaves_its_process():
    def fails(datasets, streams):
        raise WantsTwo("a fault", "line 3")

    with pytest.raises(RuntimeError, match="WantsTwo: a fault in line 3") as caught:
        study({}, joint={"j": fails, "k": its_process}, n_jobs=2)
    assert caught.value.__notes__ == ["This happened to 'j', which takes all replicates at once."]


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf], ids=str)
def test_numbers_that_are_none_are_refused(value):
    with pytest.raises(ValueError, match=rf"'e' gave value = {value} in replicate 0"):
        study({"e": lambda *_: value})
    with pytest.raises(ValueError, match=rf"'e' gave bias = {value} in replicate 0"):
        study({"e": lambda *_: {"bias": value}})


NO_NUMBERS = [
    None, "1.5", np.str_("1.5"), b"1", [1.0], (1.0,), {1.0}, 1j, np.complex64(1 + 2j), np.array(1j),
    np.array([0.5]), np.array([[0.5]]), np.array(0.5, dtype=object), pd.Series([0.5]),
    pd.Series({"a": 1.0}), pd.DataFrame({"a": [1.0]}), pd.NA, pd.NaT,
    np.ma.masked, np.ma.array(1.0, mask=True), np.ma.array([1.0]),
    np.datetime64("2020-01-01"), np.datetime64("2020-01-01", "ns"), pd.Timestamp("2020-01-01"),
    np.timedelta64(3, "D"), np.timedelta64(3, "ns"), np.timedelta64(3), pd.Timedelta("3D"),
    float, lambda: 1.0,
]  # fmt: skip


@pytest.mark.parametrize("value", NO_NUMBERS, ids=lambda v: type(v).__name__)
def test_what_is_no_number_is_refused_by_name(value):
    with pytest.raises(
        TypeError, match=r"'e' gave value = [\s\S]* in replicate 0; an estimator must"
    ):
        study({"e": lambda *_: value})
    with pytest.raises(
        TypeError, match=r"'e' gave bias = [\s\S]* in replicate 0; an estimator must"
    ):
        study({"e": lambda *_: {"bias": value}})
    with pytest.raises(
        TypeError, match=r"'j' gave value = [\s\S]* in replicate 3; an estimator must"
    ):
        study({}, joint={"j": lambda *_: [1.0] * 3 + [value] + [1.0] * 8})


@pytest.mark.parametrize(
    "value",
    [1, True, np.float32(0.5), np.float16(0.5), np.longdouble(2), np.int64(3), np.uint8(200),
     np.bool_(True), np.array(0.25), np.array(3), np.ma.array(0.25), Fraction(1, 3),
     Decimal("0.25"), 10**30],
    ids=repr,
)  # fmt: skip
def test_numbers_of_every_kind_are_floats_in_the_end(value):
    values = study({"e": lambda *_: value}).values["e", "value"]
    assert_array_equal(values, np.full(12, float(value)))
    assert all(type(v) is float for v in values)


def test_tensors_of_one_number_are_numbers_with_a_graph_or_without():
    torch = pytest.importorskip("torch", reason="torch is not installed")

    def half(data, rng):
        weight = torch.tensor(0.25, requires_grad=True)
        return {"graph": 2 * weight, "small": weight.detach().bfloat16(), "count": torch.tensor(3)}

    values = study({"e": half}).values
    assert [values["e", m][0] for m in ("graph", "small", "count")] == [0.5, 0.25, 3.0]
    assert type(values["e", "graph"][0]) is float
    with pytest.raises(TypeError, match=r"'e' gave value = tensor\(\[1\.\]\)"):
        study({"e": lambda *_: torch.ones(1)})
    with pytest.raises(TypeError, match=r"'e' gave value = tensor\(0\.\+1\.j\)"):
        study({"e": lambda *_: torch.tensor(1j)})

    def jointly(datasets, streams):
        return torch.arange(12.0, requires_grad=True) * 2

    assert study({}, joint={"j": jointly}).values["j", "value"] == [2.0 * r for r in range(12)]


def test_a_result_that_is_filled_anew_each_time_is_kept_as_it_was():
    same, number = {}, np.array(0.0)

    def reuse(data, rng):
        same["draw"] = rng.normal()
        return same

    def refill(data, rng):
        number[...] = rng.normal()
        return number

    values = study({"reuse": reuse, "refill": refill}).values
    assert len(set(values["reuse", "draw"])) == len(set(values["refill", "value"])) == 12


@pytest.mark.parametrize("kind", [dict, OrderedDict, MappingProxyType])
def test_metrics_come_in_a_mapping_of_any_kind(kind):
    assert study({"e": lambda *_: kind({"a": 1.0})}).values["e", "a"] == [1.0] * 12


@pytest.mark.parametrize("where", ["estimators", "joint"])
def test_an_estimator_without_a_metric_does_not_vanish(where):
    empty = {"joint": lambda *_: [{}] * 12, "estimators": lambda *_: {}}[where]
    other = {"estimators": {"e": empty}, "joint": None} if where == "estimators" else {
        "estimators": {}, "joint": {"e": empty},
    }  # fmt: skip
    with pytest.raises(ValueError, match="'e' gave a mapping without metrics in replicate 0"):
        study(**other)


@pytest.mark.parametrize("name", [1, None, ("a", "b"), 0.5], ids=repr)
def test_metrics_are_called_by_strings(name):
    with pytest.raises(TypeError, match=r"'e' gave a metric called .* in replicate 0; the names"):
        study({"e": lambda *_: {name: 1.0}})


def test_metrics_that_change_are_refused():
    def moody(data, rng):
        return {"a": 1.0} if rng.random() < 0.5 else {"b": 1.0}

    with pytest.raises(ValueError, match="must give the same metrics every time"):
        study({"e": moody})


def test_joint_results_must_be_as_many_as_the_data_sets():
    with pytest.raises(ValueError, match="'j' gave 3 results for 12 data sets"):
        study({}, joint={"j": lambda *_: [1.0, 2.0, 3.0]})


RESULTS = [float(r) for r in range(12)]


@pytest.mark.parametrize(
    "ordered",
    [list, tuple, np.array, deque, iter, lambda r: range(12), lambda r: map(float, r),
     lambda r: (x for x in r), lambda r: [{"value": x} for x in r]],
    ids=["list", "tuple", "array", "deque", "iterator", "range", "map", "generator", "dicts"],
)  # fmt: skip
def test_joint_results_are_taken_in_their_order(ordered):
    done = study({}, joint={"j": lambda *_: ordered(RESULTS)})
    assert done.values["j", "value"] == RESULTS


@pytest.mark.parametrize(
    "unordered",
    [set, frozenset, lambda r: dict.fromkeys(r, 1.0), lambda r: dict(enumerate(r)),
     lambda r: dict.fromkeys(r).keys(), lambda r: pd.Series(r).sort_values(ascending=False),
     lambda r: pd.DataFrame({"a": r}), lambda r: None, lambda r: 1.0],
    ids=["set", "frozenset", "keyed by result", "keyed by replicate", "keys", "Series", "DataFrame",
         "None", "number"],
)  # fmt: skip
def test_joint_results_without_an_order_are_refused(unordered):
    with pytest.raises(TypeError, match=r"'j' gave its results as .* must return a list, a tuple"):
        study({}, joint={"j": lambda *_: unordered(RESULTS)})


def test_names_that_would_share_a_stream_are_refused():
    assert zlib.crc32(b"plumless") == zlib.crc32(b"buckeroo")
    pair = {"plumless": guess, "buckeroo": guess}
    words = "'buckeroo' and 'plumless' would share a stream of random numbers"
    with pytest.raises(ValueError, match=words):
        study(pair)
    with pytest.raises(ValueError, match=words):
        study({"plumless": guess}, joint={"buckeroo": guess})
    assert study({"plumless": guess}).values


def test_a_name_that_would_share_the_stream_of_the_data_is_refused():
    assert zlib.crc32(b"iarinelf") == zlib.crc32(b"data")
    with pytest.raises(ValueError, match="'iarinelf' and 'data' would share a stream"):
        study({"iarinelf": guess})


def test_streams_are_what_they_were():
    """Stored studies rest on them."""
    values = run_study(lambda rng: rng.random(), {"draw": lambda d, rng: rng.random() + 2 * d})
    key = [(r, zlib.crc32(name)) for r in (0, 99) for name in (b"data", b"draw")]
    u = [np.random.default_rng(np.random.SeedSequence(0, spawn_key=k)).random() for k in key]
    kept = values.values["draw", "value"]
    assert [kept[0], kept[99]] == [u[1] + 2 * u[0], u[3] + 2 * u[2]]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"estimators": [guess]}, "estimators must be a dict of names and functions, not list"),
        ({"estimators": guess}, "estimators must be a dict .* not function"),
        ({"estimators": None}, "estimators must be a dict .* not NoneType"),
        ({"estimators": {}, "joint": [guess]}, "joint must be a dict .* not list"),
        ({"estimators": {1: guess}}, "estimators has the name 1; names must be strings"),
        ({"joint": {None: guess}}, "joint has the name None; names must be strings"),
        ({"estimators": {"a": 1.0}}, r"estimators\['a'\] must be a function, not 1\.0 of type"),
        ({"joint": {"b": None}}, r"joint\['b'\] must be a function, not None of type NoneType"),
    ],
    ids=range(8),
)
def test_estimators_are_functions_with_names(options, message):
    with pytest.raises(TypeError, match=f"^{message}"):
        study(**options)


@pytest.mark.parametrize("make_data", [None, 3, "data"], ids=repr)
def test_make_data_is_a_function(make_data):
    with pytest.raises(TypeError, match=r"^make_data must be a function, not"):
        run_study(make_data, ALL)


class WantsTwo(Exception):
    """Can't be pickled: it is rebuilt with one argument."""

    def __init__(self, what, where):
        super().__init__(f"{what} in {where}")


def test_an_error_that_cannot_leave_its_process_is_told_all_the_same():
    def fails(data, rng):
        raise WantsTwo("a fault", "line 3")

    with pytest.raises(WantsTwo, match="a fault in line 3"):
        study({"e": fails})
    with pytest.raises(RuntimeError, match="WantsTwo: a fault in line 3") as caught:
        study({"e": fails}, n_jobs=2)
    (note,) = caught.value.__notes__
    assert note.startswith("This happened to 'e' in replicate ")


def test_wrong_results_from_other_processes_are_told_alike():
    for n_jobs in (1, 2):
        with pytest.raises(TypeError, match="'e' gave value = None in replicate") as caught:
            study({"e": lambda *_: None}, n_jobs=n_jobs)
        assert not hasattr(caught.value, "__notes__")


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
        ({"n_jobs": 0}, "n_jobs must not be 0: 1 stays in this process, -1 takes all cores"),
        ({"n_jobs": None}, "n_jobs must be a whole number"),
        ({"n_jobs": 2.5}, "n_jobs must be a whole number"),
        ({"n_jobs": True}, "n_jobs must be a whole number"),
        ({"n_jobs": "2"}, "n_jobs must be a whole number"),
    ],
    ids=str,
)
def test_bad_options_are_named(options, message):
    with pytest.raises((TypeError, ValueError), match=f"^{message}"):
        study(**options)


def jointly(results, **options):
    return run_study(draw, {}, joint={"e": results}, replicates=3, **options)


def test_a_generator_may_fill_one_object_anew():
    def refills(datasets, streams):
        kept = {}
        for number in range(3):
            kept["value"] = float(number)
            yield kept

    assert jointly(refills).values == {("e", "value"): [0.0, 1.0, 2.0]}


@pytest.mark.parametrize(
    "results",
    [b"abc", "123", bytearray(3), iter({3.0, 1.0, 2.0}), {1.0, 2.0, 3.0}, np.array(1.0)],
    ids=lambda results: type(results).__name__,
)
def test_what_has_no_order_is_no_joint_result(results):
    with pytest.raises(TypeError, match=r"^'e' gave its results as .*; a joint estimator must"):
        jointly(lambda *_: results)


@pytest.mark.parametrize(
    "outcome", [10**400, -(10**400), Fraction(10**400), Decimal("sNaN"), Decimal("nan")], ids=type
)
def test_a_number_that_no_float_can_hold_is_refused_in_words(outcome):
    with pytest.raises(ValueError, match=r"^'e' gave value = (-?inf|nan) in replicate 0\.$"):
        study({"e": lambda *_: outcome})


def test_no_more_processes_are_asked_for_than_there_are_replicates():
    few = study(replicates=2, n_jobs=10**30)
    assert few.values == study(replicates=2).values
