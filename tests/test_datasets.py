"""The data folder: found, verified, and never fetched."""

import hashlib

import numpy as np
import pandas as pd
import pytest
import statsmodels.api

from labkit import (
    datasets,
    load_r_coefficients,
    load_r_glm,
    load_r_losses,
    load_r_stream,
    load_rand_hie,
)


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


def test_the_tables_of_r_have_the_documented_form():
    assert list(load_r_coefficients()) == ["truth", "gradient_descent", "ols", "ols_se"]
    assert len(load_r_coefficients()) == 10
    assert list(load_r_losses()) == ["loss"]
    assert list(load_r_losses().index) == list(range(1, 201))
    assert list(load_r_stream().index[[0, 7, 8, 11]]) == ["rnorm1", "rnorm8", "runif1", "runif4"]
    for made in (load_r_coefficients(), load_r_losses(), load_r_stream()):
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
    assert fit.deviance == pytest.approx(load_r_glm()["deviance"], abs=1e-6)


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
    with pytest.raises(
        ValueError, match=r"r_stream_seed42\.csv has been changed .*git checkout --"
    ):
        load_r_stream()


def test_a_missing_file_is_named_with_the_known_ones(folder):
    (folder / "r_stream_seed42.csv").unlink()
    with pytest.raises(FileNotFoundError, match=r"r_stream_seed42\.csv is not among the course's"):
        load_r_stream()
    with pytest.raises(FileNotFoundError, match=r"r_linear_seed42_losses\.csv is not among"):
        load_r_losses()


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


def test_the_folder_is_found_from_a_folder_below_where_the_package_has_none(
    folder, tmp_path, monkeypatch
):
    monkeypatch.delenv("LABKIT_DATA")
    monkeypatch.setattr(datasets, "__file__", str(tmp_path / "elsewhere" / "labkit" / "x.py"))
    below = tmp_path / "notebooks" / "deep"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    assert datasets.data_folder() == folder
