"""The data folder: found, verified, and never fetched."""

import errno
import hashlib
import os
import re
import shutil
import sys

import numpy as np
import pandas as pd
import pytest
import statsmodels.api

from labkit import datasets, load_rand_hie, load_reference, load_study

DATA = datasets.data_folder()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A data folder of our own, with one small table."""
    made = tmp_path / "data"
    made.mkdir()
    content = b"draw,value\nrnorm1,1.5\n"
    (made / "r_stream_seed42.csv").write_bytes(content)
    digest = hashlib.sha256(content).hexdigest()
    (made / "SHA256SUMS").write_text(f"{digest}  r_stream_seed42.csv\n")
    monkeypatch.setenv("LABKIT_DATA", str(made))
    return made


def load_r_stream():
    return load_reference("stream_seed42")


@pytest.mark.parametrize(
    ("name", "index", "columns", "ends"),
    [
        ("linear_seed42_coefficients", "feature", "truth gradient_descent ols ols_se", [1, 10]),
        ("linear_seed42_losses", "step", "loss", [1, 200]),
        ("stream_seed42", "draw", "value", ["rnorm1", "runif4"]),
        ("glm", "quantity", "value", ["iterations", "deviance"]),
        ("cox", "quantity", "breslow efron", ["null_log_likelihood", "brier_gbsg_5_km"]),
    ],
)
def test_the_tables_of_r_have_the_documented_form(name, index, columns, ends):
    made = load_reference(name)
    assert (made.index.name, " ".join(made)) == (index, columns)
    assert list(made.index[[0, -1]]) == ends
    assert made.notna().all(axis=None)


def test_the_rand_experiment_is_what_statsmodels_ships():
    ours, theirs = load_rand_hie(), statsmodels.api.datasets.randhie.load_pandas().data
    np.testing.assert_array_equal(ours.iloc[:, :7].to_numpy(), theirs.iloc[:, :7].to_numpy())
    dummies = pd.get_dummies(ours["health"], dtype=int)[["good", "fair", "poor"]]
    np.testing.assert_array_equal(dummies.to_numpy(), theirs.iloc[:, 7:].to_numpy())
    assert ours["health"].cat.ordered


def test_r_and_statsmodels_agree_on_the_deviance():
    rand = load_rand_hie()
    owed = np.exp(rand["log_deductible_usd"]).where(rand["log_deductible_usd"] > 0, 0)
    logs = rand[["log_coinsurance", "log_incentive_usd"]]
    X = np.column_stack(
        [np.ones(len(rand)), np.expm1(logs.iloc[:, 0]), np.exp(logs.iloc[:, 1]), owed]
        + [rand[c] for c in ("individual_deductible", "physical_limitation", "chronic_diseases")]
        + [rand["health"] == level for level in ("good", "fair", "poor")]
    ).astype(float)
    binomial = statsmodels.api.families.Binomial()
    fit = statsmodels.api.GLM(rand["visits"].to_numpy() > 0, X, binomial).fit()
    assert fit.deviance == pytest.approx(load_reference("glm").loc["deviance", "value"], abs=1e-6)


def test_every_file_has_a_checksum_and_every_checksum_a_file():
    tables = {path.name for path in datasets.data_folder().glob("*.csv")}
    assert tables == {name for name in datasets.checksums() if name.endswith(".csv")}
    for name in datasets.checksums():
        assert datasets.verified(name).is_file()


def test_digits_survive_reading():
    line = datasets.verified("r_stream_seed42.csv").read_text().splitlines()[1]
    assert repr(float(line.split(",")[1])) == repr(float(load_r_stream()["value"].iloc[0]))


def test_the_environment_names_the_folder(folder):
    assert datasets.data_folder() == folder
    assert load_r_stream()["value"].tolist() == [1.5]


def test_windows_line_ends_are_accepted(folder):
    path = folder / "r_stream_seed42.csv"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    sums = folder / "SHA256SUMS"
    sums.write_bytes(sums.read_bytes().replace(b"\n", b"\r\n"))
    pd.testing.assert_frame_equal(
        load_r_stream(),
        pd.DataFrame({"value": [1.5]}, index=pd.Index(["rnorm1"], name="draw")),
    )


def test_a_changed_file_is_refused_with_the_mend(folder):
    (folder / "r_stream_seed42.csv").write_text("draw,value\nrnorm1,1.6\n")
    with pytest.raises(ValueError, match=r"r_stream_seed42\.csv has been changed since") as error:
        load_r_stream()
    assert str(error.value).endswith(f". To restore it: {mend(folder)}")


def test_a_missing_file_is_missing_and_an_unknown_one_is_not_among_the_known(folder):
    (folder / "r_stream_seed42.csv").unlink()
    with pytest.raises(FileNotFoundError) as error:
        load_r_stream()
    assert str(error.value) == (
        f"{folder / 'r_stream_seed42.csv'} is missing. To restore it: {mend(folder)}"
    )
    with pytest.raises(FileNotFoundError) as error:
        load_reference("linear_seed42_losses")
    assert str(error.value) == (
        "r_linear_seed42_losses.csv is not among the course's data: r_stream_seed42.csv."
    )


def test_a_file_that_can_not_be_read_is_not_called_changed(folder, monkeypatch):
    def denied(_):
        raise PermissionError(errno.EACCES, "Permission denied")

    path = folder / "r_stream_seed42.csv"
    says = rf"^{re.escape(str(path))} can't be read \({{}}\)\. Delete it; then, to restore it: "
    monkeypatch.setattr(datasets, "checksums", lambda: {path.name: "0" * 64})
    with monkeypatch.context() as patch:
        patch.setattr(type(path), "read_bytes", denied)
        with pytest.raises(PermissionError, match=says.format("Permission denied")):
            load_r_stream()
    path.unlink()
    path.mkdir()
    with pytest.raises(OSError, match=says.format("it is no file")):
        load_r_stream()


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no such pipes")
def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(folder):
    path = folder / "r_stream_seed42.csv"
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(OSError, match="it is no file"):
        load_r_stream()


@pytest.mark.parametrize(
    "line", ["no checksums in here", "abc  r_stream_seed42.csv", "é" * 64 + "  a.csv", "0" * 64]
)
def test_damaged_checksums_are_called_damaged(folder, line):
    with (folder / "SHA256SUMS").open("a", encoding="latin-1") as file:
        file.write(f"{line}\n")
    says = r"SHA256SUMS is damaged: '.*' is no checksum and name\. "
    with pytest.raises(ValueError, match=says) as error:
        load_r_stream()
    assert str(error.value).endswith(mend(folder, "SHA256SUMS"))


def mend(folder, name="r_stream_seed42.csv"):
    """Return the mend where the data folder is named and did not come by git."""
    copy = f'copy data/{name} from a fresh download of the course into "{folder.parent}"'
    return f"unset LABKIT_DATA, or: {copy}"


@pytest.mark.parametrize(
    "way", ["git", "git, from elsewhere", "without git", "students", "students, in another Python"]
)
def test_the_mend_is_one_for_the_way_in_which_the_course_came(
    folder, tmp_path, tmp_path_factory, monkeypatch, way
):
    monkeypatch.delenv("LABKIT_DATA")
    monkeypatch.setattr(datasets, "__file__", str(tmp_path / "labkit" / "datasets.py"))
    prefix = tmp_path_factory.mktemp("conda") if "another" in way else tmp_path
    monkeypatch.setattr(sys, "prefix", str(prefix / ".venv"))
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere") if "elsewhere" in way else tmp_path)
    if way.startswith("git"):
        (tmp_path / ".git").mkdir()
    elif way.startswith("students"):
        (tmp_path / ".git").mkdir()  # a folder of one's own may lie in a repository of one's own
        (tmp_path / "edition").mkdir()
        (tmp_path / "edition" / "edition.json").write_text("{}")
    (folder / "r_stream_seed42.csv").unlink()
    with pytest.raises(FileNotFoundError) as error:
        load_r_stream()
    file, start = "data/r_stream_seed42.csv", tmp_path / "start.py"
    assert (
        str(error.value).split(" To restore it: ")[1]
        == {
            "git": f"git checkout -- {file}",
            "git, from elsewhere": f'git -C "{tmp_path}" checkout -- {file}',
            "without git": f'copy {file} from a fresh download of the course into "{tmp_path}"',
            "students": f'{"py" if os.name == "nt" else "python3"} "{start}"',
        }[way.replace(", in another Python", "")]
    )


def test_a_clone_is_not_sent_to_git_where_there_is_no_git(folder, tmp_path, monkeypatch):
    (tmp_path / ".git").mkdir()
    monkeypatch.setattr(shutil, "which", lambda _: None)
    assert datasets.how_to_restore("r_stream_seed42.csv") == mend(folder)


def test_several_files_are_restored_at_once(folder, tmp_path):
    assert datasets.how_to_restore("a.csv", "b.csv") == (
        "unset LABKIT_DATA, or: "
        f'copy data/a.csv, data/b.csv from a fresh download of the course into "{tmp_path}"'
    )


@pytest.mark.parametrize("name", [3, None, b"baselines", ["baselines"], pd.Series(["baselines"])])
def test_a_study_has_a_string_as_its_name(name):
    with pytest.raises(TypeError, match=r"^name must be a study's name, a string, not "):
        load_study(name)


@pytest.mark.parametrize("name", ["../x", "", "Baselines", "study_baselines", "baselines.csv"])
def test_an_unknown_study_is_told_of_the_known(name):
    with pytest.raises(FileNotFoundError) as error:
        load_study(name)
    known = sorted(path.stem.removeprefix("study_") for path in DATA.glob("study_*.csv"))
    assert str(error.value) == (
        f"study_{name}.csv is not among the course's data; stored are: {', '.join(known)}."
    )


def test_where_no_study_is_stored_it_says_so(folder):
    with pytest.raises(FileNotFoundError, match=r"x\.csv is not .*; no study has stored one\.$"):
        load_study("x")


def test_a_file_without_a_checksum_is_refused(folder):
    (folder / "extra.csv").write_text("a\n1\n")
    with pytest.raises(FileNotFoundError, match=r"extra\.csv is not among the course's data: r_"):
        datasets.verified("extra.csv")


def test_a_missing_folder_says_where_it_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(
        FileNotFoundError, match=r"set the environment variable LABKIT_DATA .*nowhere"
    ):
        load_r_stream()


def test_the_four_nearest_places_where_it_was_looked_for_are_named(tmp_path, monkeypatch):
    here = tmp_path / "course" / "notebooks"
    here.mkdir(parents=True)
    monkeypatch.delenv("LABKIT_DATA", raising=False)
    monkeypatch.setattr(datasets, "__file__", str(tmp_path / "packages" / "labkit" / "datasets.py"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "home" / ".venv"))
    monkeypatch.chdir(here)
    with pytest.raises(FileNotFoundError) as caught:
        datasets.data_folder()
    places = [tmp_path / "packages", tmp_path / "home", here, here.parent]
    assert str(caught.value) == (
        "The course's data folder (the one with SHA256SUMS in it) was not found. Start Python in "
        "the course's folder, or set the environment variable LABKIT_DATA to the data folder. "
        f"Looked in: {', '.join(str(place / 'data') for place in places)}."
    )


@pytest.mark.parametrize("layout", ["clone", "students"])
def test_the_folder_is_found_beside_the_environment(
    folder, tmp_path, tmp_path_factory, monkeypatch, layout
):
    """As for a kernel that was started in the home folder."""
    packages = tmp_path / ".venv" / "lib" / "python3" / "site-packages"
    if layout == "students":
        (tmp_path / "edition").mkdir()
        shutil.copytree(folder, tmp_path / "edition" / "data")  # as the zip has them
        shutil.copyfile(folder / "SHA256SUMS", tmp_path / "edition" / "edition.json")
    monkeypatch.delenv("LABKIT_DATA")
    monkeypatch.setattr(datasets, "__file__", str(packages / "labkit" / "datasets.py"))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / ".venv"))
    monkeypatch.chdir(tmp_path_factory.mktemp("home"))
    assert datasets.data_folder() == folder
    assert load_r_stream()["value"].tolist() == [1.5]


def test_the_folder_of_the_environment_comes_before_that_of_the_working_folder(
    folder, tmp_path_factory, monkeypatch
):
    other = tmp_path_factory.mktemp("other")
    shutil.copytree(folder, other / "data")
    monkeypatch.delenv("LABKIT_DATA")
    monkeypatch.setattr(datasets, "__file__", "/nowhere/labkit/datasets.py")
    monkeypatch.setattr(sys, "prefix", str(folder.parent / ".venv"))
    monkeypatch.chdir(other)
    assert datasets.data_folder() == folder
    shutil.rmtree(folder)
    assert datasets.data_folder() == other / "data"


def test_the_folder_is_found_from_a_folder_below_where_the_package_has_none(
    folder, tmp_path, monkeypatch
):
    monkeypatch.delenv("LABKIT_DATA")
    monkeypatch.setattr(datasets, "__file__", str(tmp_path / "elsewhere" / "labkit" / "x.py"))
    monkeypatch.setattr(sys, "prefix", "/nowhere/.venv")
    below = tmp_path / "notebooks" / "deep"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert datasets.data_folder() == folder
