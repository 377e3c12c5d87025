"""What an argument is where it isn't given: another value would change the numbers of every lab."""

import inspect

import pytest

from labkit import (
    Exercise,
    Predict,
    Study,
    finite_differences,
    fit_linear,
    fit_mlp,
    make_linear,
    make_spirals,
    mean_interval,
    run_study,
    table,
)

DEFAULTS = [
    (finite_differences, {"step": 1e-6}),
    (fit_linear, {"lr": 0.01, "steps": 200, "tol": None}),
    (
        fit_mlp,
        {"hidden": None, "lr": 0.01, "steps": 200, "start": None, "rng": None},
    ),
    (make_linear, {"n": 500, "p": 10, "beta": (2.0, -1.0, 0.5), "noise_sd": 0.5, "rng": None}),
    (make_spirals, {"n": 500, "noise_sd": 0.1, "cycles": 1, "rng": None}),
    (mean_interval, {"comparisons": 1}),
    (run_study, {"joint": None, "replicates": 100, "seed": 0, "n_jobs": 1}),
    (table, {"digits": 3, "caption": ""}),
    (Exercise.hint, {"number": 1}),
    (Predict, {"kind": "number", "unit": ""}),
    (Study.difference, {"metric": "value"}),
]


@pytest.mark.parametrize(
    ("function", "defaults"), DEFAULTS, ids=lambda g: getattr(g, "__name__", "")
)
def test_defaults_are_these(function, defaults):
    parameters = inspect.signature(function).parameters.values()
    assert {p.name: p.default for p in parameters if p.default is not p.empty} == defaults
