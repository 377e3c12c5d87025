"""A study on a Dask cluster gives what it gives in this process."""

import os

import joblib
import pytest

from labkit import make_linear, run_study

distributed = pytest.importorskip("distributed", reason="dask.distributed is not installed")


def estimate(data, rng):
    return {"mean": data.y.mean(), "draw": rng.random(), "process": os.getpid()}


def study(n_jobs):
    return run_study(
        lambda rng: make_linear(50, 3, rng=rng),
        {"estimate": estimate},
        replicates=6,
        seed=3,
        n_jobs=n_jobs,
    ).values


@pytest.mark.filterwarnings("default")  # Dask warns of what its own threads meet
def test_one_line_sends_a_study_to_a_cluster():
    here = study(1)
    with (
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as own,
        distributed.Client(own) as client,
        joblib.parallel_config(backend="dask"),  # the line
    ):
        there = study(-1)
        workers = set(client.run(os.getpid).values())
    assert set(there["estimate", "process"]) <= workers
    assert os.getpid() not in workers
    for metric in ("mean", "draw"):
        assert there["estimate", metric] == here["estimate", metric]
