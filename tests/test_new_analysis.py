"""A notebook for a table of one's own: made, refused, run on three kinds of outcome, and biting."""

import ast
import functools
import json
import os
import shutil
import subprocess
import sys
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


# Fewer trees and steps: how well they predict is not what is tested here.
FASTER = [
    ("range(100)", "range(10)"), ('"epochs": 100', '"epochs": 10'),
    ('"early_stopping": False', '"early_stopping": False, "max_iter": 10'),
]  # fmt: skip


def run(notebook, *changes, quick=False):
    """Run the code of a notebook, as changed, and return its names; quick: linear models alone."""
    folds = 2 if quick else 3
    changes = [("REPEATS, SEED = 5, 2", f"REPEATS, SEED = {folds}, 1"), *changes]
    if quick:
        changes.append(('    "trees": trees,\n', ""))
    names, here = {"__name__": "analysis"}, os.getcwd()  # noqa: PTH109
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    sources = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    for old, _ in changes:
        assert any(old in source for source in sources), f"{old!r} is not in the notebook"
    os.chdir(notebook.parent)
    try:
        for source in sources:
            if quick and source.startswith("# needs torch"):
                continue
            if "plt.subplots(3, 4" in source and quick:
                continue
            for old, new in (*changes, *FASTER):
                source = source.replace(old, new)
            exec(compile(ast.parse(source), str(notebook), "exec"), names)
            plt.close("all")
    finally:
        os.chdir(here)
    return names


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
        assert len({cell["id"] for cell in cells}) == len(cells) <= 48
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


# --- what it finds -------------------------------------------------------------------------------


def test_every_model_is_scored_on_rows_that_it_has_not_seen(ran):
    kind, names = ran
    assert list(names["methods"]) == ["intercept", "linear", "ridge", "trees", "network"]
    assert (names["tested"] == 1).all()
    own = own_scores(kind, names)
    near = 0.05 if kind == "binary" else 1e-6  # where scikit-learn's optimiser stops
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
            found.append(concordance(time[test], event[test], X[test] @ cox.params))
    return found


def test_a_perfect_order_has_no_maximum_and_no_infinite_coefficients(whole):
    x = np.linspace(-2, 2, 80)
    y = np.column_stack([np.exp(-2 * x), np.arange(80) % 3 > 0])
    fit = whole("time and event")["CoxRegression"]().fit(np.exp(x)[:, None], y)
    assert np.isfinite(fit.coef_).all()
    assert whole("time and event")["score"](y, fit.predict(np.exp(x)[:, None])) == 100


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
        assert set(names["by_fold"]["intercept"]) == {50.0}


def test_calibration_slopes_are_those_of_glm_with_clustered_errors(whole):
    import statsmodels.api as sm

    names = whole("binary")
    p = names["predicted"]["ridge"][0]
    A = sm.add_constant(np.log(p / (1 - p)))
    fit = sm.GLM(names["y"].to_numpy(), A, family=sm.families.Binomial()).fit(
        cov_type="cluster",
        cov_kwds={"groups": names["group"], "use_correction": False},
    )
    slope = names["slopes"]["ridge"]
    assert slope.mean == pytest.approx(fit.params[1], abs=1e-6)
    assert (slope.high - slope.mean) / 1.96 == pytest.approx(fit.bse[1], rel=1e-4)


# --- that it bites -------------------------------------------------------------------------------

MISTAKES = {
    "a row is tested twice": (
        "continuous", "np.flatnonzero(fold == k)\n\n\ndef inner",
        "np.flatnonzero((fold == k) | (np.arange(n) == 0))\n\n\ndef inner",
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
        "continuous", "p = predicted[name][repeat, test] = predict(fitted, X.iloc[test])",
        "p = predict(fitted, X.iloc[test])", "predictions that are no numbers",
    ),
    "one side gets more candidates": (
        "time and event", "(0.001, 0.01, 0.1, 1.0)}\nmethods = {\n",
        "(0.001, 0.01, 0.1, 1.0)}\nmethods = {\n"
        '    "other": lambda seed: (CoxRegression(), {"penalty": (1, 2)}),\n',
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
    "Newton stops too early": (
        "time and event", "range(25)", "range(1)", "slope at the coefficients",
    ),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_in_the_procedure_turns_its_check_red(mistake, notebooks):
    kind, old, new, check = MISTAKES[mistake]
    with pytest.raises(AssertionError) as error:
        run(notebooks[kind], (old, new), quick=True)
    assert f"  {check}: " in str(error.value), error.value


def test_another_loss_of_the_network_turns_its_check_red(notebooks):
    pytest.importorskip("torch", reason="torch is not installed")
    with pytest.raises(AssertionError, match="network's loss minus Cox's"):
        run(
            notebooks["time and event"],
            ("right=True) - 1", "right=False)"),
            ('    "trees": trees,\n', ""),
        )


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
    ],
)
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
    frame = own_table()[["age", "crp"]].assign(**{odd: RNG.normal(size=N)})
    frame.to_csv(tmp_path / "t.csv", index=False)
    notebook, _ = make(tmp_path / "t.csv", odd, None, tmp_path)
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    text = "".join("".join(c["source"]) for c in cells if c["cell_type"] == "markdown")
    assert f"`` {odd} ``" in text
    assert run(notebook, quick=True)["OUTCOME"] == odd


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
        (["FILE=a", "OUTCOME=y", "NAME=n", "LEAVE_OUT=a,b"],
         '"$FILE" "$OUTCOME" --name "$NAME" --leave-out "$LEAVE_OUT"'),
    ],
)  # fmt: skip
def test_make_hands_on_what_stands_on_its_command_line(given, expected):
    outside = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    command = ["make", "-n", "new-analysis", *given]
    environment = outside | {"NAME": "this-machine"}
    done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, check=True)
    words = " ".join(done.stdout.decode().replace("\\\n", " ").split())
    assert words.endswith(expected), words
