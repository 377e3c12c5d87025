"""A notebook for a table of one's own: made, refused, run on three kinds of outcome, and biting."""

import ast
import functools
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.datasets import load_breast_cancer

from course import ROOT, new_analysis
from course.new_analysis import KINDS, NewAnalysisError, main, make
from course.student.edition import NEW_ANALYSIS

N = 150
RNG = np.random.default_rng(3)


def own_table():
    """Draw 75 people with two rows each, a missing value in nine, and outcomes of all kinds."""
    person = np.repeat(np.arange(N // 2), 2)
    frame = pd.DataFrame(
        {
            "age": RNG.normal(60, 9, N).round(1),
            "crp": RNG.lognormal(1, 1, N).round(2),
            "arm": RNG.choice(["placebo", "drug"], N),
            "person": [f"p{i}" for i in person],
        }
    )
    eta = (frame["age"] - 60) / 9 + (frame["arm"] == "drug")
    frame["pain"] = (eta + RNG.normal(size=N)).round(2)
    death, left = RNG.exponential(np.exp(-eta) * 5), RNG.uniform(0, 9, N)
    frame["months"] = np.minimum(death, left).round(1)
    frame["died"] = np.where(death <= left, "yes", "no")
    frame.loc[RNG.choice(N, 9, replace=False), "crp"] = np.nan
    return frame


@pytest.fixture(scope="module")
def csv(tmp_path_factory):
    path = tmp_path_factory.mktemp("own") / "Mein Versuch.csv"
    own_table().to_csv(path, index=False, sep=";", decimal=",", encoding="utf-8-sig")
    return path


BY_KIND = {
    "continuous": ("pain", {"leave_out": ["months", "died"]}),
    "binary": ("died", {"leave_out": ["months", "pain"]}),
    "time and event": ("months", {"event": "died", "leave_out": ["pain"]}),
}


NO_TORCH = importlib.util.find_spec("torch") is None
NETWORK = 'methods["network"] = network'

# Fewer trees and steps: how well they predict is not what is tested here.
FASTER = [
    ("range(100)", "range(10)"), ('"epochs": 100', '"epochs": 10'),
    ('"early_stopping": False', '"early_stopping": False, "max_iter": 10'),
]  # fmt: skip
QUICKER = [
    ("(1.0, 10.0, 30.0, 100.0)", "(1.0, 10.0)"), ("(0.01, 0.1, 1.0, 10.0)", "(0.1, 1.0)"),
    ("(0.001, 0.01, 0.1, 1.0)", "(0.01, 0.1)"),
]  # fmt: skip


def code_of(notebook):
    """Return the code of each cell that has some."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]


def run(notebook, *changes, quick=False, folds=None, done=None):
    """Run the code of a notebook, as changed, and return its names; quick: linear models alone.

    Where names of a run are given as `done`, it goes on from the first cell that is changed.
    """
    sources = code_of(notebook)
    if done is None:
        folds = folds or (2 if quick else 3)
        changes = [("REPEATS, SEED = 5, 2", f"REPEATS, SEED = {folds}, 1"), *changes]
        changes += [('    "trees": trees,\n', "")] * quick
    else:
        sources = sources[place_of(changes[0][0], sources) :]
    names, here = dict(done or {"__name__": "analysis"}), os.getcwd()  # noqa: PTH109
    for old, _ in changes:
        assert any(old in source for source in sources), f"{old!r} is not in the notebook"
    os.chdir(notebook.parent)
    try:
        for source in sources:
            if source.startswith("# needs torch") and (NO_TORCH or (quick and NETWORK in source)):
                continue
            if "plt.subplots(3, 4" in source and quick:
                continue
            for old, new in (*changes, *FASTER, *QUICKER * quick):
                source = source.replace(old, new)
            exec(compile(ast.parse(source), str(notebook), "exec"), names)
            plt.close("all")
    finally:
        os.chdir(here)
    return names


def place_of(text, sources):
    return next(i for i, source in enumerate(sources) if text in source)


@pytest.fixture(scope="module")
def notebooks(csv, tmp_path_factory):
    home = tmp_path_factory.mktemp("home")
    return {
        kind: make(csv, outcome, KINDS[kind], home, groups="person", **settings)[0]
        for kind, (outcome, settings) in BY_KIND.items()
    }


@pytest.fixture(scope="module")
def whole(notebooks):
    """Run the notebook of a kind, whole and once."""
    pytest.importorskip("torch", reason="torch is not installed")
    return functools.cache(lambda kind: run(notebooks[kind]))


@pytest.fixture(scope="module")
def right(notebooks):
    """Run the notebook of a kind, quick and once."""
    return functools.cache(lambda kind: run(notebooks[kind], quick=True))


@pytest.fixture(scope="module", params=BY_KIND)
def ran(request, whole):
    return request.param, whole(request.param)


# --- what it is ----------------------------------------------------------------------------------


def test_it_has_the_five_steps_and_the_cells_of_its_own_kind_alone(notebooks):
    for path in notebooks.values():
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        text = "\n".join("".join(cell["source"]) for cell in cells)
        steps = [line for line in text.splitlines() if line.startswith("## ")]
        assert steps == [
            "## Setup", "## 1 Goal", "## 2 Approach", "## 3 Execution", "## 4 Check", "## 5 Report"
        ]  # fmt: skip
        assert len({cell["id"] for cell in cells}) == len(cells) <= 52
        assert text.count("class Network(") == text.count("METRIC, NOTHING = ") == 1
        assert not any(word in text for word in ("OUTCOME`", "TITLE", "diabetes", "progression"))
        tags = {tag for cell in cells for tag in cell["metadata"].get("tags", [])}
        assert tags == {"torch"}
        assert all(line.isascii() or len(line) < 600 for line in text.splitlines())


def test_it_reads_the_table_where_it_is_and_says_what_it_was_told(notebooks, csv):
    cells = json.loads(notebooks["time and event"].read_text(encoding="utf-8"))["cells"]
    settings = next(c for c in cells if "".join(c["source"]).startswith("FILE = "))
    names = {}
    exec("".join(settings["source"]), names)
    folder = notebooks["time and event"].parent
    assert (folder / names["FILE"]).resolve() == csv.resolve()
    assert names["KIND"], names["OUTCOME"] == ("time and event", "months")
    assert (names["EVENT"], names["GROUPS"]) == ("died", "person")
    assert names["LEAVE_OUT"] == ["pain"]
    assert names["AT"] is None
    assert not any("AT = None" in code for code in code_of(notebooks["binary"]))


def test_a_time_is_kept_and_must_be_one_that_every_fold_can_judge(csv, tmp_path):
    outcome, settings = BY_KIND["time and event"]
    notebook, _ = make(csv, outcome, None, tmp_path, groups="person", at=1.5, **settings)
    assert any("\nAT = 1.5\n" in code for code in code_of(notebook))
    last = pd.read_csv(csv, sep=";", decimal=",")["months"].max()
    refused = rf"AT is {last:g}, and must be at least .* less than (\S+),"
    with pytest.raises(ValueError, match=refused) as error:
        run(notebook, ("AT = 1.5", f"AT = {last}"), quick=True)
    for at in ("-1.0", re.search(refused, str(error.value))[1]):
        with pytest.raises(ValueError, match=f"AT is {float(at):g}, and must be at least"):
            run(notebook, ("AT = 1.5", f"AT = {at}"), quick=True)


# --- what it finds -------------------------------------------------------------------------------


def test_every_model_is_scored_on_rows_that_it_has_not_seen(ran):
    kind, names = ran
    assert list(names["methods"]) == ["intercept", "linear", "ridge", "trees", "network"]
    assert (names["tested"] == 1).all()
    own = own_scores(kind, names)
    # where the optimisers of scikit-learn and SciPy stop
    near = {"continuous": 1e-6, "binary": 0.05, "time and event": 1e-4}[kind]
    np.testing.assert_allclose(names["by_fold"]["linear"], own, atol=near)
    gain = names["by_fold"]["network"] - names["by_fold"][names["best"]]
    reach = stats.t.isf(0.025 / 3, 2) * gain.std() * np.sqrt(1 / 3 + 1 / 2)
    found = names["gains"]["network"]
    assert found == pytest.approx((gain.mean(), gain.mean() - reach, gain.mean() + reach))


def own_scores(kind, names):
    """Score the linear model another way: least squares, statsmodels and pairs, one by one."""
    import statsmodels.api as sm

    frame, y = names["X"], names["y"]
    found = []
    for k in range(3):
        train, test = names["deal"](0, k)
        assert not set(names["group"][train]) & set(names["group"][test])
        X = frame.drop(columns="arm").assign(drug=(frame["arm"] == "drug").astype(float))
        X["unknown"] = X["crp"].isna().astype(float)
        X["crp"] = X["crp"].fillna(X["crp"].iloc[train].median())
        X = (X / X.std()).to_numpy()
        A = sm.add_constant(X)
        if kind == "continuous":
            p = A[test] @ np.linalg.lstsq(A[train], y.iloc[train].to_numpy())[0]
            loss = ((y.iloc[test] - p) ** 2).mean() / y.var(ddof=0)
            found.append(100 * (1 - loss))
        elif kind == "binary":
            fit = sm.Logit(y.iloc[train].to_numpy(), A[train]).fit(disp=0)
            p, seen = fit.predict(A[test]), y.iloc[test]
            loss = -(seen * np.log(p) + (1 - seen) * np.log(1 - p)).mean()
            q = y.mean()
            found.append(100 * (1 + loss / (q * np.log(q) + (1 - q) * np.log(1 - q))))
        else:
            time, event = y.to_numpy().T
            cox = sm.PHReg(time[train], X[train], status=event[train], ties="breslow").fit()
            at, ratio = names["at"], np.exp(X @ cox.params)
            failed = train[(event[train] == 1) & (time[train] <= at)]
            hazard = sum(1 / ratio[train][time[train] >= time[i]].sum() for i in failed)
            alike = np.full(len(y), product_limit(time, event == 1, at))
            share = brier(time[test], event[test], np.exp(-hazard * ratio[test]), at)
            found.append(100 * (1 - share / brier(time, event, alike, at)))
            c = concordance(time[test], event[test], ratio[test])
            row = names["results"].query(f"model == 'linear' and fold == {k}")
            assert row["concordance"].item() == pytest.approx(c)
    return found


def product_limit(time, fell, end, first=0):
    """Estimate by Kaplan and Meier who is left; first: whether others at that time go before."""
    left = 1.0
    for t in np.unique(time[fell & (time <= end)]):
        at_risk = np.sum(time >= t) - first * np.sum((time == t) & ~fell)
        left *= 1 - np.sum((time == t) & fell) / at_risk
    return left


def brier(time, event, survival, at):
    """Score survival at a time by the patients whose fate is known, one by one."""
    total = 0.0
    for t, died, s in zip(time, event, survival, strict=True):
        if t > at:
            total += (1 - s) ** 2 / product_limit(time, event == 0, at, first=1)
        elif died:
            total += s**2 / product_limit(time, event == 0, np.nextafter(t, -1), first=1)
    return total / len(time)


def test_a_perfect_order_has_no_maximum_and_no_infinite_coefficients(right):
    x = np.linspace(-2, 2, 80)
    y = np.column_stack([np.exp(-2 * x), np.arange(80) % 3 > 0])
    X = np.exp(x)[:, None]
    fit = right("time and event")["CoxRegression"]().fit(X, y)
    assert np.isfinite(fit.coef_).all()
    assert concordance(*y.T, fit.eta(X)) == 100
    assert np.isfinite(fit.predict(X)).all()
    assert fit.predict(X)[[0, -1]] == pytest.approx([0, 1], abs=0.01)


def test_without_a_time_half_of_the_rows_are_followed_for_longer(right):
    names = right("time and event")
    time = np.sort(names["y"]["time"])
    later = time[time > names["at"]]
    assert len(later) >= len(time) / 2 > np.sum(later > later.min())
    assert f"explained at {names['at']:g}, %" in names["METRIC"]


def concordance(time, event, risk):
    won, pairs = 0.0, 0
    for i in range(len(time)):
        for j in range(len(time)):
            if event[i] and (time[i] < time[j] or (time[i] == time[j] and not event[j])):
                pairs += 1
                won += 1.0 if risk[i] > risk[j] else 0.5 if risk[i] == risk[j] else 0.0
    return 100 * won / pairs


def test_what_is_there_is_found_and_what_is_reported_is_what_was_found(ran):
    kind, names = ran
    assert names["by_fold"][names["best"]].mean() > names["NOTHING"] + 3, "age and arm matter"
    verdicts = str(names["checks"].verdicts())
    assert verdicts.count("one of 3") == 3
    assert all(f"{name} minus " in verdicts for name in (names["best"], "trees", "network"))
    told = [names["told"](name) for name in names["pairs"]]
    for name, sentence in zip(names["pairs"], told, strict=True):
        assert f"{names['gains'][name].mean:+.1f} points" in sentence
        assert sentence.endswith(f", {names['verdicts'][name]}.")
    if kind == "binary":
        slope = names["slopes"]["ridge"]
        assert slope.low < slope.mean < slope.high
    if kind == "time and event":
        coin = names["results"].query("model == 'intercept'")["concordance"]
        assert set(coin) == {50.0}
    if kind == "continuous":
        assert names["COVERAGE"] == 0.9
        assert names["intervals"]["half_width"].idxmax() == "intercept"


@pytest.mark.parametrize("kind", ["binary", "time and event"])
def test_calibration_slopes_are_those_of_glm_with_clustered_errors(kind, right):
    import statsmodels.api as sm
    from statsmodels.tools.sm_exceptions import SpecificationWarning

    names = right(kind)
    p = names["predicted"]["ridge"][0]
    happened, weight = names["y"].to_numpy(), np.ones(N)
    if kind == "time and event":
        (time, event), at = happened.T, names["at"]
        happened = event * (time <= at)
        ends = [at if t > at else np.nextafter(t, -1) for t in time]
        weight = [1 / product_limit(time, event == 0, end, first=1) for end in ends]
        weight = np.where((time > at) | (happened == 1), weight, 0)
    A = sm.add_constant(np.log(p / (1 - p)))
    known, binomial = weight > 0, sm.families.Binomial()
    model = sm.GLM(happened[known], A[known], family=binomial, var_weights=weight[known])
    with warnings.catch_warnings(category=SpecificationWarning, action="ignore"):  # of the weights
        clusters = {"groups": names["group"][known], "use_correction": False}
        fit = model.fit(cov_type="cluster", cov_kwds=clusters)
    slope = names["slopes"]["ridge"]
    assert slope.mean == pytest.approx(fit.params[1], abs=1e-6)
    assert (slope.high - slope.mean) / 1.96 == pytest.approx(fit.bse[1], rel=1e-4)


def test_half_of_the_unseen_people_calibrate_the_intervals_of_the_others(right):
    names = right("continuous")
    y, group = names["y"].to_numpy(), names["group"]
    new_ones, inside = [], []
    for repeat, train, calibrating, new in names["halves"]:
        people = [set(group[rows]) for rows in (train, calibrating, new)]
        assert len(set.union(*people)) == sum(map(len, people)) == N // 2
        assert len(people[1]) == len(calibrating)
        off = np.abs(y - names["predicted"]["ridge"][repeat])
        rank = int(np.ceil((len(calibrating) + 1) * 0.9))
        inside += list(off[new] <= sorted(off[calibrating])[rank - 1])
        new_ones += list(group[new])
    assert sorted(new_ones) == list(range(N // 2)), "everybody is new once"
    assert names["intervals"]["covered"]["ridge"] == pytest.approx(100 * np.mean(inside))


# --- that it bites -------------------------------------------------------------------------------

MISTAKES = {
    "a row is tested twice": (
        "continuous", "np.flatnonzero(fold == k)\n\n\ndef seed",
        "np.flatnonzero((fold == k) | (np.arange(n) == 0))\n\n\ndef seed",
        "rows not tested once a repetition",
    ),
    "rows are dealt, not people": (
        "continuous", "make_folds(group, FOLDS", "make_folds(np.arange(n), FOLDS",
        "groups on both sides, outer folds",
    ),
    "rows are dealt in the inner folds": (
        "binary", "make_folds(group[rows], 3", "make_folds(rows, 3",
        "groups on both sides, inner folds",
    ),
    "missing values are filled before the split": (
        "continuous", "    model, grid = methods[name](seed)\n",
        "    X = X.assign(crp=X['crp'].fillna(X['crp'].mean()))\n"
        "    model, grid = methods[name](seed)\n",
        "a prediction moved by",
    ),
    "outcomes are centred before the split": (
        "time and event", "    model, grid = methods[name](seed)\n",
        "    X = X.assign(age=X['age'] * y['time'].mean())\n"
        "    model, grid = methods[name](seed)\n",
        "a prediction moved by",
    ),
    "a prediction is no number": (
        "binary", "p = predicted[name][repeat, test] = predict(fitted, X.iloc[test])",
        "p = predicted[name][repeat, test] = predict(fitted, X.iloc[test])\n"
        "            predicted['intercept'][:] = np.nan", "predictions that are no numbers",
    ),
    "one side gets more candidates": (
        "time and event", "(0.001, 0.01, 0.1, 1.0)}\nmethods = {\n",
        "(0.001, 0.01, 0.1, 1.0)}\nmethods = {\n"
        '    "other": lambda seed: (CoxRegression(), {"penalty": (1, 2, 3)}),\n',
        "candidates, most minus fewest",
    ),
    "the intercept knows something": (
        "continuous", '(DummyRegressor(), {})', '(LinearRegression(), {})',
        "intercept's score minus nothing",
    ),
    "linear has a penalty": (
        "continuous", "(LinearRegression(), {})", "(Ridge(alpha=5), {})",
        "linear minus least squares, in sd",
    ),
    "logistic regression has a penalty": (
        "binary", "(logistic(C=np.inf), {})", "(logistic(C=0.1), {})",
        "slope of the likelihood at its maximum",
    ),
    "the score counts another loss": (
        "binary", "-np.log(np.where(y == 1, p, 1 - p)).mean()", "np.mean((y - p) ** 2)",
        "score minus scikit-learn's",
    ),
    "ties are broken": (
        "time and event", 'time, side="right") - 1', "time)", "derivative minus differences",
    ),
    "the search stops too early": (
        "time and event", '"gtol": 1e-7', '"gtol": 1e-2', "slope at the coefficients",
    ),
    "the baseline is that of all rows": (
        "time and event",
        "    model, X, y = pipeline(model), X.iloc[rows], y.iloc[rows]\n"
        "    if not grid:\n        return model.fit(X, y)\n",
        "    whole = y\n    model, X, y = pipeline(model), X.iloc[rows], y.iloc[rows]\n"
        "    if not grid:\n        fitted = model.fit(X, y)\n"
        "        fitted[-1].hazard_ *= whole['event'].mean()\n        return fitted\n",
        "a prediction moved by",
    ),
    "the baseline is that of another row": (
        "time and event", "event, eta - self.zero_)", "event, eta)", "risks minus Breslow's",
    ),
    "the score is that of survival": (
        "time and event", "1 - p, at) / none", "p, at) / none", "score minus weighted squares",
    ),
    "nobody stands for the censored": (
        "time and event", "= 1 / followed.at(at)", "= 1", "score minus weighted squares",
    ),
    "the weights are those of survival": (
        "time and event", "reverse=True)\nhappened", "reverse=False)\nhappened",
        "mean minus Kaplan-Meier's",
    ),
    "who calibrates is new as well": (
        "continuous", "rng) for s in (0, 1)]", "rng) for s in (0, 0)]",
        "groups on both sides, intervals",
    ),
    "rows that the fit has seen calibrate": (
        "continuous", "(repeat, train, *pair),", "(repeat, train, one_each(train, rng), pair[1]),",
        "groups on both sides, intervals",
    ),
    "a person lends two rows": (
        "continuous", "return mixed[np.unique(group[mixed], return_index=True)[1]]",
        "return mixed", "rows that a group lends to a half",
    ),
    "the intervals are too narrow": (
        "continuous", "labkit.conformal_halfwidth(off[calibrating]",
        "labkit.conformal_halfwidth(off[calibrating] / 4", "lowest coverage, %",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_procedure_turns_its_check_red(mistake, notebooks, right):
    kind, old, new, check = MISTAKES[mistake]
    code = code_of(notebooks[kind])
    late = place_of(old, code) > place_of("records = []", code)
    with pytest.raises(AssertionError) as error:
        run(notebooks[kind], (old, new), quick=True, done=right(kind) if late else None)
    assert f"  {check}: " in str(error.value), error.value


@pytest.mark.skipif(NO_TORCH, reason="torch is not installed")
def test_another_loss_than_labkits_turns_its_check_red(notebooks):
    mistake = ("/ len(eta), (risk * hazard - event) / len(eta)", "/ 9, (risk * hazard - event) / 9")
    with pytest.raises(AssertionError, match="labkit's loss minus Cox's"):
        run(notebooks["time and event"], mistake, quick=True)


# --- the command ---------------------------------------------------------------------------------


def test_without_a_file_it_is_about_a_table_of_the_course(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(new_analysis.make, "__defaults__", (tmp_path,))
    main([])
    said = capsys.readouterr().out
    assert "analyses/diabetes.ipynb is made, and runs as it stands." in said
    assert f'-I -m jupyterlab --notebook-dir "{tmp_path}"' in said, "from another folder"
    monkeypatch.chdir(tmp_path)
    assert new_analysis.opening(tmp_path / "analyses" / "a.ipynb").endswith(
        f'jupyterlab "{Path("analyses", "a.ipynb")}"'
    )
    names = run(tmp_path / "analyses" / "diabetes.ipynb", quick=True)
    assert names["by_fold"]["linear"].mean() == pytest.approx(48.5, abs=3), "as in lab 7"
    with pytest.raises(SystemExit, match="is there already, and is never replaced"):
        main([])


def test_a_table_of_lab_7_with_two_classes_gives_what_lab_7_found(tmp_path):
    frame = load_breast_cancer(as_frame=True).frame
    frame.to_csv(tmp_path / "cancer.csv", index=False)
    notebook, notes = make(tmp_path / "cancer.csv", "target", None, tmp_path, positive="0")
    assert "The event is 'target' = 0: 212 of 569." in notes
    names = run(notebook, quick=True)
    assert names["by_fold"]["ridge"].mean() == pytest.approx(88.5, abs=3)
    assert names["slopes"]["linear"].high < 1, "too extreme"


def test_nothing_is_ever_replaced(csv, tmp_path):
    notebook, _ = make(csv, "pain", None, tmp_path, groups="person")
    assert notebook.name == "mein-versuch.ipynb"
    notebook.write_text("mine")
    with pytest.raises(NewAnalysisError, match="take another name"):
        make(csv, "pain", None, tmp_path, groups="person")
    assert notebook.read_text() == "mine"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Say which column of {csv} is the outcome"),
        (["pian"], "no column 'pian'"),
        (["pain"], "'person' has 75 different words and looks like a code: if rows that share"),
        (["pain", "--groups", "person", "--name", "Mine"], "The name is 'Mine': use words in"),
        (["pain", "--groups", "person", "--leave-out", "age,crp,arm,months,died"], "no column is"),
        (["pain", "--groups", "person", "--at", "3"], "and the outcome is continuous"),
        (["months", "--event", "died", "--groups", "person", "--at", "99"],
         "AT=99 must lie between the first event, "),
    ],
)  # fmt: skip
def test_what_can_not_be_made_is_refused_and_leaves_nothing(
    arguments, message, csv, tmp_path, monkeypatch
):
    monkeypatch.setattr(new_analysis.make, "__defaults__", (tmp_path,))
    with pytest.raises(SystemExit) as error:
        main([str(csv), *arguments])
    assert message.format(csv=csv) in str(error.value)
    assert list(tmp_path.iterdir()) == []


def test_a_name_of_a_column_is_shown_as_it_stands(tmp_path):
    odd = "a`b_c$d <i>"
    frame = own_table()[["age", "crp"]].assign(**{odd: RNG.normal(size=N)})[:60]
    frame.to_csv(tmp_path / "t.csv", index=False)
    notebook, _ = make(tmp_path / "t.csv", odd, None, tmp_path)
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    text = "".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    assert f"`` {odd} ``" in text
    names = run(notebook, quick=True, folds=5)
    assert names["OUTCOME"] == odd
    assert (names["fewest"], names["COVERAGE"]) == (6, 0.8), "90 % takes nine rows"


def test_it_works_beside_start_py_where_the_course_is_not(csv, tmp_path):
    for name in NEW_ANALYSIS:
        (tmp_path / "edition" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / "course" / name, tmp_path / "edition" / name)
    program = tmp_path / "edition" / "new_analysis.py"
    command = [sys.executable, str(program), csv.name, "pain", "--groups", "person"]
    done = subprocess.run(command, cwd=csv.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "analyses" / "mein-versuch.ipynb").is_file()


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([], "course.new_analysis"),
        (["FILE=a b.csv", "OUTCOME=y"], 'course.new_analysis "$FILE" "$OUTCOME"'),
        (["FILE=a", "OUTCOME=y", "NAME=n", "AT=5", "LEAVE_OUT=a,b"],
         '"$FILE" "$OUTCOME" --name "$NAME" --at "$AT" --leave-out "$LEAVE_OUT"'),
    ],
)  # fmt: skip
def test_make_hands_on_what_stands_on_its_command_line(given, expected):
    outside = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "-n", "new-analysis", *given]
    environment = outside | {"NAME": "this-machine"}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True)
    words = " ".join(done.stdout.decode().replace("\\\n", " ").split())
    assert words.endswith(expected), words
