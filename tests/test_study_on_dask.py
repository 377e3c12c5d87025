"""A study on a Dask cluster gives what it gives in this process."""

import os
import warnings

import joblib
import pandas as pd
import pytest

from course.cases import leading_to, run_part
from labkit import make_linear, run_study

distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")


def estimate(data, rng):
    return {"mean": data.y.mean(), "draw": rng.random(), "process": os.getpid()}


def study(n_jobs):
    def draw(rng):
        return make_linear(50, 3, rng=rng)

    found = run_study(draw, {"estimate": estimate}, replicates=6, seed=3, n_jobs=n_jobs)
    return found.values  # noqa: PD011 - of a study, not of a frame


@pytest.fixture(scope="module")
def client():
    """Start a cluster of two workers."""
    with (
        warnings.catch_warnings(action="default"),
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as own,
        distributed.Client(own) as found,
    ):
        yield found


@pytest.mark.filterwarnings("default")  # Dask warns of what its own threads meet
def test_one_line_sends_a_study_to_a_cluster(client):
    here = study(1)
    with joblib.parallel_config(backend="dask"):  # the line
        there = study(-1)
    workers = set(client.run(os.getpid).values())
    assert set(there["estimate", "process"]) <= workers
    assert os.getpid() not in workers
    for metric in ("mean", "draw"):
        assert there["estimate", metric] == here["estimate", metric]


@pytest.mark.filterwarnings("default")
def test_the_race_of_lab_16_runs_on_a_cluster_by_the_same_line(client):
    """The lab's own statements, on two tables of one place."""
    pytest.importorskip("torch")

    def race(n_jobs):
        fewer = (
            ("tables, fitted, n_jobs = 4, 2, 1", f"tables, fitted, n_jobs = 2, 2, {n_jobs}"),
            ('chosen_places = ["50 rows", "heavy tails"]', 'chosen_places = ["50 rows"]'),
        )
        return run_part(leading_to("16", ["raced"], "fig-race", *fewer))["raced"]

    here = race(1)
    with joblib.parallel_config(backend="dask"):
        there = race(-1)
    pd.testing.assert_frame_equal(there, here)
    assert set(here["estimator"]) >= {"OLS", "stored network", "trees"}
