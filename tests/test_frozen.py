"""Results are read and not written to: what a lab shows is what the function returned."""

import dataclasses

import pytest

from labkit import (
    Exercise,
    Predict,
    fit_linear,
    fit_ols,
    make_linear,
    make_spirals,
    paragraph,
    run_study,
    session_info,
)
from labkit.cell import running_cell
from labkit.checks import Check
from labkit.intervals import Interval
from labkit.verdict import Verdict

DATA = make_linear(20, 3, rng=1)


@Exercise
def one(answer):
    yield answer == 1, "it is not 1."


RESULTS = {
    "data of a line": DATA,
    "data of spirals": make_spirals(4, rng=1),
    "OLS": fit_ols(DATA.X, DATA.y),
    "a fit": fit_linear(DATA.X, DATA.y, lr=0.1),
    "a study": run_study(lambda rng: rng, {"one": lambda *_: 1}, replicates=2),
    "a table": session_info(),
    "a paragraph": paragraph("One."),
    "an answer's verdict": one(1),
    "a verdict": Verdict("one", Interval(1.0, 0.5, 2.0), 0.0, "yes", "yes", "a rule"),
    "a prediction": Predict("How many?")(1),
    "a check": Check("one", 1.0, 0.0, 2.0, "between 0 and 2"),
    "a run of a cell": running_cell(),
}


@pytest.mark.parametrize("result", RESULTS.values(), ids=RESULTS)
def test_no_part_of_a_result_can_be_set(result):
    for field in dataclasses.fields(result):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(result, field.name, None)
