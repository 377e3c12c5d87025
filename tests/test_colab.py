"""The cell for Colab: in every lab where `repo-url` is set, without effect where labkit is there,
and enough where it is not."""

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import nbformat
import pytest

from course import ROOT
from course.notebook import Lab
from course.publishing import colab
from course.publishing.colab import set_up_all, setup_source
from course.publishing.repository import Repository, RepositoryError
from course.rules.check import RULES, check_file
from course.stale import is_for_colab, is_fresh, labs, parts
from course.studies import STUDIES, code_hash, program

URL = "https://github.com/example/course"
NOT_SET = "  # repo-url: https://github.com/OWNER/NAME\n"
CONFIG = (ROOT / "_quarto.yml").read_text(encoding="utf-8")


@pytest.fixture
def course(tmp_path):
    """Copy the labs and what decides whether they are stale, with `repo-url` set."""
    root = tmp_path / "course"
    for name in ("notebooks", "labkit", "data"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for path in [*ROOT.glob("*.qmd"), *ROOT.glob("*.yml"), ROOT / "pyproject.toml"]:
        shutil.copy(path, root)
    (root / "_quarto.yml").write_text(CONFIG.replace(NOT_SET, f"  repo-url: {URL}\n"))
    return root


def cells(path):
    return [c for c in nbformat.read(path, as_version=4).cells if is_for_colab(c)]


def broken(root):
    """Return the rules that the labs break, as far as they did not break them before."""
    was = {(path.name, breach.rule) for path in labs() for breach in check_file(path)}
    return [
        str(breach)
        for path in labs(root)
        for breach in check_file(path)
        if (path.name, breach.rule) not in was
    ]


def test_the_repository_itself_names_no_address_and_its_labs_have_no_cell():
    assert NOT_SET in CONFIG
    assert [path.name for path in labs() if cells(path)] == []


def test_every_lab_gets_the_cell_under_setup_keeps_every_rule_and_does_not_go_stale(course):
    fresh = {path.name for path in labs() if is_fresh(path)}
    assert set_up_all(course) == [path.name for path in labs()]
    for path in labs(course):
        notebook = nbformat.read(path, as_version=4)
        [place] = [i for i, cell in enumerate(notebook.cells) if is_for_colab(cell)]
        assert notebook.cells[place - 1].source.startswith("## Setup")
        assert notebook.cells[place].source == setup_source(Repository(URL))
        assert is_fresh(path, course) == (path.name in fresh), path.name
        before = nbformat.read(ROOT / "notebooks" / path.name, as_version=4)
        assert parts(notebook, []) == parts(before, [])
    assert broken(course) == []
    assert set_up_all(course) == [], "a second run changes nothing"


def test_no_study_counts_as_changed(course):
    before = [code_hash(program(study)) for study in STUDIES]
    set_up_all(course)
    assert [code_hash(program(study, course)) for study in STUDIES] == before


def test_unset_again_every_notebook_is_what_it_was_byte_for_byte(course):
    set_up_all(course)
    (course / "_quarto.yml").write_text(CONFIG)
    assert len(set_up_all(course)) == len(labs())
    for path in labs():
        assert (course / "notebooks" / path.name).read_bytes() == path.read_bytes(), path.name


def test_another_branch_renews_the_cell(course):
    set_up_all(course)
    path = course / "_quarto.yml"
    path.write_text(path.read_text().replace(URL, f"{URL}\n  repo-branch: autumn"))
    said = [list(RULES["colab-cell"].find(Lab.read(lab))) for lab in labs(course)]
    assert all("does not fetch what" in wrong for [(_, wrong)] in said)
    assert len(set_up_all(course)) == len(labs())
    assert all('branch = "autumn"' in cells(lab)[0].source for lab in labs(course))
    assert not [lab for lab in labs(course) if list(RULES["colab-cell"].find(Lab.read(lab)))]


def test_the_cell_is_written_as_ruff_wants_it_whatever_the_address(course):
    long = f"https://gitlab.example.edu/{'department/' * 9}course"
    config = f"  repo-url: {long}\n  repo-subdir: labs/statistics\n"
    (course / "_quarto.yml").write_text(CONFIG.replace(NOT_SET, config))
    set_up_all(course)
    lab = labs(course)[0]
    shutil.copy(ROOT / "notebooks" / "ruff.toml", lab.parent)
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--no-cache", lab],
            cwd=course,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_lab_without_a_heading_for_it_is_named(course):
    path = labs(course)[0]
    notebook = nbformat.read(path, as_version=4)
    notebook.cells = [c for c in notebook.cells if not c.source.startswith("## Setup")]
    nbformat.write(notebook, path)
    with pytest.raises(RepositoryError, match=r"01-training-loop\.ipynb: there is no heading"):
        set_up_all(course)


def test_a_wrong_address_is_said_in_one_sentence_and_nothing_is_written(course, monkeypatch):
    (course / "_quarto.yml").write_text(CONFIG.replace(NOT_SET, "  repo-url: here\n"))
    before = {path: path.read_bytes() for path in labs(course)}
    monkeypatch.setattr(colab.set_up_all, "__defaults__", (course,))
    with pytest.raises(SystemExit, match=r"was not written: repo-url .* it is 'here'"):
        colab.main()
    assert {path: path.read_bytes() for path in labs(course)} == before


def test_where_labkit_is_installed_the_cell_does_nothing(monkeypatch, capfd):
    def refuse(*_, **__):
        raise AssertionError("the cell started a program")

    monkeypatch.setattr(subprocess, "run", refuse)
    monkeypatch.setattr(subprocess, "Popen", refuse)
    path, environment = list(sys.path), dict(os.environ)
    names = {}
    exec(setup_source(Repository(URL)), names)
    assert set(names) - {"__builtins__"} == {"find_spec"}
    assert (sys.path, dict(os.environ)) == (path, environment)
    assert capfd.readouterr() == ("", "")


def git(folder, *arguments):
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", "-C", folder, *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def published(course):
    """Make the copy a repository of its own, in place of the one on GitHub."""
    for name in ("README.md", "LICENSE"):
        shutil.copy(ROOT / name, course)
    git(course, "init", "--quiet", "--initial-branch=main")
    git(course, "add", ".")
    git(course, "commit", "--quiet", "--message=The course")
    return course


@pytest.fixture
def elsewhere(tmp_path, published):
    """Make a Python with every package but labkit, whose git finds the repository here."""
    python = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", python], check=True)
    packages = tmp_path / "packages"
    packages.mkdir()
    for place in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for package in Path(place).iterdir():
            if "labkit" not in package.name.lower() and not (packages / package.name).exists():
                (packages / package.name).symlink_to(package)
    home = tmp_path / "home"
    home.mkdir()
    kept = {k: v for k, v in os.environ.items() if k in {"PATH", "SYSTEMROOT", "TMPDIR", "LANG"}}
    environment = kept | {
        "HOME": str(home),
        "PYTHONPATH": str(packages),
        "PIP_NO_DEPS": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip's way to say: no isolation
        "PIP_NO_INDEX": "1",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{published.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": URL,
    }

    def run(code):
        program = python / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        return subprocess.run(
            [program, "-c", code],
            cwd=home,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    return run


USE = "import labkit; print(len(labkit.load_rand_hie())); print(labkit.__file__)"


@pytest.mark.skipif(os.name == "nt", reason="Colab is Linux; here links need a privilege")
@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_where_labkit_is_missing_the_cell_installs_it_and_the_data_are_found(elsewhere, tmp_path):
    without = elsewhere(USE)
    assert "No module named 'labkit'" in without.stderr

    cell = setup_source(Repository(URL))
    done = elsewhere(f"{cell}\n{USE}")
    assert done.returncode == 0, done.stderr
    rows, place = done.stdout.split()
    assert rows == "20190"
    assert Path(place).is_relative_to(tmp_path / "home" / "labkit-course")

    again = elsewhere(f"{cell}\n{USE}")  # the kernel restarted: labkit is there, and the data too
    assert again.returncode == 0, again.stderr
    assert again.stdout == done.stdout
