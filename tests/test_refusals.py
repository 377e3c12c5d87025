"""Refusals, word for word: each says what is allowed, what came and what to do."""

import math

import numpy as np
import pandas as pd
import pytest

from labkit import (
    Checks,
    Exercise,
    Interval,
    Predict,
    RStream,
    Study,
    finite_differences,
    fit_linear,
    fit_mlp,
    fit_ols,
    largest_stable_lr,
    make_linear,
    make_spirals,
    mean_interval,
    paragraph,
    run_study,
    table,
)
from labkit.figures import compare_coefficients
from labkit.network import init_mlp

DATA = make_linear(20, 2, beta=[2.0, -1.0], rng=1)
OLS = fit_ols(DATA.X, DATA.y)
START = init_mlp(2, 3, 1)
SHAPES = "{'W1': (2, 3), 'b1': (3,), 'w2': (3,), 'b2': (1,)}"
TINY = np.array([[1e-170], [-2e-170]])


def study(outcome=1.0, **options):
    estimators = {"e": lambda *_: outcome}
    return run_study(lambda rng: rng, **{"estimators": estimators, "replicates": 2, **options})


def metrics_that_change():
    names = iter("ab")
    return study(estimators={"e": lambda *_: {next(names): 1.0}})


def two_checks():
    checks = Checks()
    checks.add("gap", 1.0, below=2)
    checks.add("gap", 1.0, below=2)


def failed_checks():
    checks = Checks()
    checks.add("gap", 1.23456, below=1)
    checks.add("ratio", 1.0, between=(0.9, 1.1))
    checks.add("slope", math.nan, above=-2.5)
    checks.report()


def asked(*rules):
    @Exercise
    def broken(answer):
        yield from rules

    return broken(1)


REFUSALS = {
    "intervals": [
        (
            lambda: Interval(0.0, 2.0, 1.0).verdict("below", "above"),
            "low=2.0, high=1.0 are not the ends of an interval.",
        ),
        (
            lambda: mean_interval([1.0]),
            "values must be a vector of at least two numbers, not of shape (1,): one value says "
            "nothing of its own spread.",
        ),
    ],
    "ols": [
        (
            lambda: fit_ols(np.ones((2, 2)), [1.0, 2.0]),
            "X has 2 columns and only 2 rows: least squares with a residual variance needs more "
            "rows than columns. Drop columns, or use ridge regression.",
        ),
        (
            lambda: fit_ols(pd.DataFrame(np.eye(4, 3), columns=["a", "b", "b"]), np.arange(4.0)),
            "several columns are called 'b': rename them, to tell them apart.",
        ),
        (
            lambda: fit_ols([[1.0, 0.0, 0.0]] * 5, np.arange(5.0)),
            "X has columns that are constantly zero: x2, x3. Drop them.",
        ),
        (
            lambda: fit_ols(np.column_stack([DATA.X, DATA.X.sum(axis=1)]), DATA.y),
            "X has collinear columns: x3 is a linear combination of x1, x2. Drop one of them.",
        ),
        (
            lambda: fit_ols(1e140 * np.eye(6, 5), 1e-140 * np.arange(1.0, 7.0)),
            "the largest numbers of y and of X's columns are 6e-140 and 1e+140, 1e+140, 1e+140, "
            "1e+140, …: their standard errors squared are beyond what a computer can hold. "
            "Rescale them.",
        ),
        (
            lambda: fit_ols(1e140 * np.eye(5, 4), 1e-140 * np.arange(1.0, 6.0)),
            "the largest numbers of y and of X's columns are 5e-140 and 1e+140, 1e+140, 1e+140, "
            "1e+140: their standard errors squared are beyond what a computer can hold. Rescale "
            "them.",
        ),
        (
            lambda: compare_coefficients(DATA),
            "ols must be what fit_ols returns, not of type LinearData.",
        ),
        (
            lambda: compare_coefficients(
                fit_ols(np.eye(3, 1) + 1, 2 * np.eye(3, 1)[:, 0] + 2), a=[1]
            ),
            "ols fits perfectly: its standard errors are rounding errors, and gaps in standard "
            "errors have no meaning. Compare the coefficients themselves with ols.beta.",
        ),
        (
            lambda: compare_coefficients(OLS, a_gap=[1.0, 2.0]),
            "no estimate may be called 'a_gap': 'ols_se' and names that end in '_gap' are those of "
            "the columns that compare_coefficients adds.",
        ),
        (
            lambda: compare_coefficients(OLS, truth=pd.DataFrame(np.eye(2))),
            "truth is a table: give one column of it, or one row by truth.loc[…].",
        ),
        (
            lambda: compare_coefficients(OLS, truth={"x1": 1.0, "age": 2.0}),
            "truth has other names than ols: entry 1 (counted from 0) is 'age', and in ols 'x2'. "
            "Rename it, or give an array, which goes by position.",
        ),
    ],
    "loops by hand": [
        (
            lambda: largest_stable_lr(np.zeros((2, 1))),
            "X holds only zeros: there is nothing to fit.",
        ),
        (
            lambda: largest_stable_lr(TINY),
            "X holds at most 2e-170, whose square underflows: rescale it.",
        ),
        *[
            (
                lambda fit=fit, option=option: fit(DATA.X, DATA.y, **{option: 0}),
                f"{option} must be {allowed}, not 0.",
            )
            for fit in (fit_linear, fit_mlp)
            for option, allowed in (("lr", "a positive number"), ("steps", "1 or more"))
        ],
        (
            lambda: fit_linear(DATA.X, DATA.y, tol=-1),
            "tol must be zero or a positive number, not -1.",
        ),
        (
            lambda: fit_mlp(DATA.X, DATA.y, hidden=4, start=START),
            "start has 3 hidden units, and hidden=4: leave out hidden.",
        ),
        (
            lambda: fit_mlp(DATA.X, DATA.y, start=[1]),
            "start must be a dict of W1, b1, w2 and b2, not list.",
        ),
        (
            lambda: fit_mlp(DATA.X, DATA.y, start={**START, "b2": np.ones(2)}),
            "start has the shapes {'W1': (2, 3), 'b1': (3,), 'w2': (3,), 'b2': (2,)}, and with 2 "
            f"features needs {SHAPES}.",
        ),
        (
            lambda: fit_mlp(np.ones((2, 3)), [1.0, 2.0], start=START),
            f"start has the shapes {SHAPES}, and with 3 features needs "
            "{'W1': (3, 3), 'b1': (3,), 'w2': (3,), 'b2': (1,)}.",
        ),
    ],
    "simulated data": [
        (
            lambda: make_linear(5, 2),
            "beta has 3 coefficients, more than the p = 2 features.",
        ),
        (
            lambda: make_linear(5, 3, beta=pd.Series([1.0, 2.0], index=["x2", "x1"])),
            "beta names x2, x1, and the features are x1, x2, … in this order: bring it into that "
            "order, with a zero where a feature has no effect.",
        ),
        (lambda: make_spirals(5), "n must be even, half of it for each class, not 5."),
        (lambda: make_spirals(4, cycles=2e6), "cycles must be at most 1e+06, not 2e+06."),
        (
            lambda: RStream(2**31),
            "seed must be at most 2147483647, as in R's set.seed, not 2147483648.",
        ),
        (
            lambda: RStream(1).random(2**60),
            f"size={2**60} asks for more numbers than a memory can hold.",
        ),
        (
            lambda: RStream(1).normal,
            "RStream has no 'normal': of NumPy's Generator it has random(size) and "
            "standard_normal(size) alone. Where more is needed, use numpy.random.default_rng.",
        ),
        (
            lambda: make_linear(5, rng="1"),
            "rng must be a whole number, a Generator as numpy.random.default_rng(1) makes it, an "
            "RStream, or None, not '1' of type str.",
        ),
    ],
    "studies": [
        (
            lambda: Study({("a", "m"): [1.0], ("b", "m"): [1.0, 2.0]}),
            "values must hold as many results for each estimator and metric, one for each "
            "replicate, not: a (m) 1, b (m) 2.",
        ),
        (
            lambda: study().difference("e", "f"),
            "'f' with metric 'value' is not in this study: e (value).",
        ),
        (
            lambda: study(n_jobs=0),
            "n_jobs must not be 0: 1 stays in this process, -1 takes all cores.",
        ),
        (
            lambda: study(estimators=[1]),
            "estimators must be a dict of names and functions, not list.",
        ),
        (
            lambda: study(joint={1: len}),
            "joint has the name 1; names must be strings.",
        ),
        (
            lambda: study(estimators={"a": 1.0}),
            "estimators['a'] must be a function, not 1.0 of type float.",
        ),
        (
            lambda: run_study("data", {}),
            "make_data must be a function, not 'data' of type str.",
        ),
        (
            lambda: study(estimators={}),
            "estimators is empty: give at least one, or one in joint.",
        ),
        (
            lambda: study(joint={"data": len}),
            "no estimator may be called 'data': that names the stream of the data.",
        ),
        (
            lambda: study(estimators={"b": len, "a": len}, joint={"a": len, "b": len}),
            "estimators and joint share the name a, b.",
        ),
        (
            lambda: study(estimators={"plumless": len, "buckeroo": len}),
            "'buckeroo' and 'plumless' would share a stream of random numbers, as their names "
            "have the same CRC-32. Rename one estimator.",
        ),
        (
            lambda: study(joint={"j": lambda *_: {1, 2}}),
            "'j' gave its results as set; a joint estimator must return a list, a tuple or an "
            "array, with one result for each data set in order.",
        ),
        (
            lambda: study(joint={"j": lambda *_: [1.0]}),
            "'j' gave 1 results for 2 data sets.",
        ),
        (lambda: study({}), "'e' gave a mapping without metrics in replicate 0."),
        (
            lambda: study({1: 2.0}),
            "'e' gave a metric called 1 in replicate 0; the names of metrics must be strings.",
        ),
        (
            lambda: study("1"),
            "'e' gave value = '1' in replicate 0; an estimator must return a number, or a mapping "
            "of names to numbers.",
        ),
        (lambda: study(math.inf), "'e' gave value = inf in replicate 0."),
        (
            metrics_that_change,
            "'e' gave ['b'] in replicate 1, and ['a'] in replicate 0; an estimator must give the "
            "same metrics every time.",
        ),
    ],
    "checks": [
        (lambda: Checks().add(1, 1.0, below=2), "a check's name must be a string, not 1."),
        (lambda: Checks().add("a", "1", below=2), "the check 'a' needs one number, not str."),
        (
            lambda: Checks().add("a", 1.0),
            "the check 'a' needs exactly one of below, above and between.",
        ),
        (
            lambda: Checks().add("a", 1.0, between=3),
            "between must hold a lower and a higher number, not 3.",
        ),
        (
            lambda: Checks().add("a", 1.0, between=(2, 2)),
            "between must hold a lower and a higher number, not (2, 2).",
        ),
        (
            lambda: Checks().add("a", 1.0, above="2"),
            "a limit of the check 'a' must be one number, not '2'.",
        ),
        (
            lambda: Checks().add("a", 1.0, above=math.inf),
            "a limit of the check 'a' must be finite, not inf.",
        ),
        (
            two_checks,
            "the check 'gap' was added before, by another cell or in this run of this one; give "
            "each its own name. If you changed the cell that added it, run that cell again after "
            "the one that makes the Checks.",
        ),
        (
            lambda: Checks().report(),
            "Nothing was checked: add a check before the report.",
        ),
        (
            failed_checks,
            "2 of 3 checks failed:\n  gap: 1.235, expected below 1\n"
            "  slope: nan, expected above -2.5",
        ),
        (
            lambda: finite_differences(lambda x: x, [1.0, 2.0]),
            "f must return one real number, not an array, a complex number or None.",
        ),
        (
            lambda: finite_differences(lambda _: math.nan, 1.0),
            "f is nan within a step of x, so that it has no difference there.",
        ),
        (
            lambda: finite_differences(sum, [3.0], step=1e-20),
            "step=1e-20 is too small: it doesn't move x = 3.",
        ),
    ],
    "exercises": [
        (
            lambda: Exercise(3),
            "rules must be a function that takes the answer, not 3.",
        ),
        (
            lambda: Exercise(abs, hints="Think."),
            "hints must be a sequence of strings, not 'Think.'.",
        ),
        (
            lambda: Exercise(lambda _: 3)(1),
            "<lambda> must yield its rules, and returns 3.",
        ),
        (asked, "broken yields no rule, so that anything would be right."),
        (
            lambda: asked((True,)),
            "broken must yield pairs, whether a rule holds and what is wrong where it doesn't, "
            "not (True,).",
        ),
        (
            lambda: asked((1, "it is 1.")),
            "a rule of broken must say True or False, not 1 of type int; numpy.all makes one of "
            "an array.",
        ),
        (
            lambda: asked((False, 3)),
            "what broken says is wrong must be a string, not 3.",
        ),
        (lambda: Predict(3), "question and unit must be strings."),
        (
            lambda: Predict("What?", "word"),
            "kind must be 'number', 'sign' or choices, not 'word'.",
        ),
        (
            lambda: Predict("What?", ["a"]),
            "kind must list two choices or more, strings, not ['a'].",
        ),
        (
            lambda: Predict("What?", ["a", "b"]).compare("c"),
            'what came out must be one of "a", "b", not \'c\'.',
        ),
    ],
    "pages": [
        (paragraph, "paragraph needs at least one sentence."),
        (lambda: paragraph("One.", 2), "sentence 2 must be a string, not 2 of type int."),
        (
            lambda: table([1]),
            "frame must be a DataFrame of pandas, not of type builtins.list: try "
            "pandas.DataFrame(frame).",
        ),
    ],
}
EACH = [
    pytest.param(*case, id=f"{of} {i}")
    for of, cases in REFUSALS.items()
    for i, case in enumerate(cases)
]


@pytest.mark.parametrize(("refused", "message"), EACH)
def test_a_refusal_in_full(refused, message):
    with pytest.raises((TypeError, ValueError, AttributeError, AssertionError)) as caught:
        refused()
    assert str(caught.value) == message
