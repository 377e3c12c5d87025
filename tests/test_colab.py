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
from course.notebook import COLAB, Lab, labs
from course.publishing import colab
from course.publishing.colab import set_up_all, setup_source
from course.publishing.repository import Repository, RepositoryError
from course.rules.check import RULES, check_file
from course.run import execute
from course.stale import parts
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
    for path in [*ROOT.glob("*.qmd"), *ROOT.glob("*.yml"), *ROOT.glob("*.md"), ROOT / "LICENSE",
                 ROOT / "pyproject.toml"]:  # fmt: skip
        shutil.copy(path, root)
    (root / "_quarto.yml").write_text(CONFIG.replace(NOT_SET, f"  repo-url: {URL}\n"))
    return root


def read(path):
    return nbformat.read(path, as_version=4)


def breaches(root):
    return {(path.name, breach.rule) for path in labs(root) for breach in check_file(path)}


def test_every_lab_gets_the_cell_before_all_code_and_stays_what_it_was(course):
    studies = [code_hash(program(study)) for study in STUDIES]
    assert set_up_all(course) == [path.name for path in labs()]
    for path in labs(course):
        now, before = read(path), read(ROOT / "notebooks" / path.name)
        first = next(cell for cell in now.cells if cell.cell_type == "code")
        assert first.source == setup_source(Repository(URL))
        assert [cell for cell in now.cells if cell != first] == before.cells
        stored = Lab.read(ROOT / "notebooks" / path.name)
        assert parts(Lab.read(path), course) == parts(stored), "no lab is stale by it"
    assert [code_hash(program(study, course)) for study in STUDIES] == studies
    assert breaches(course) <= breaches(ROOT)
    assert set_up_all(course) == [], "a second run changes nothing"


def test_another_branch_renews_it_and_unset_every_lab_is_what_it_was_byte_for_byte(course):
    set_up_all(course)
    path = course / "_quarto.yml"
    path.write_text(path.read_text().replace(URL, f"{URL}\n  repo-branch: autumn"))
    assert {name for name, rule in breaches(course) if rule == "colab-cell"} == {
        lab.name for lab in labs()
    }
    assert len(set_up_all(course)) == len(labs())
    assert not [lab for lab in labs(course) if list(RULES["colab-cell"].find(Lab.read(lab)))]
    assert all("course@autumn#egg" in lab.read_text() for lab in labs(course))
    path.write_text(CONFIG)
    assert len(set_up_all(course)) == len(labs())
    for lab in labs():
        assert (course / "notebooks" / lab.name).read_bytes() == lab.read_bytes(), lab.name


def test_executing_a_lab_leaves_it_without_count_and_output(course):
    path = course / "notebooks" / "01-small.ipynb"
    cells = [nbformat.v4.new_code_cell("1 + 1"), nbformat.v4.new_code_cell("2")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    colab.set_up(notebook, Repository(URL))
    nbformat.write(notebook, path)
    execute(path, course)
    assert [cell.execution_count for cell in read(path).cells] == [None, 1, 2]
    assert read(path).cells[0].metadata.tags == [COLAB]


def test_it_is_written_as_ruff_wants_it_whatever_the_address(course):
    long = f"https://gitlab.example.edu/{'department/' * 9}course"
    (course / "_quarto.yml").write_text(f"website: {{repo-url: '{long}'}}")
    set_up_all(course)
    for command in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--no-cache", labs(course)[0]]
        done = subprocess.run(ruff, cwd=course, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_wrong_address_is_said_in_one_sentence(monkeypatch):
    def wrong(root):
        raise RepositoryError("repo-url is wrong")

    monkeypatch.setattr(Repository, "read", wrong)
    with pytest.raises(SystemExit, match="cell for Colab was not written: repo-url is wrong"):
        colab.main()


def test_where_labkit_is_installed_the_cell_does_nothing(monkeypatch, capfd):
    def refuse(*_, **__):
        raise AssertionError("the cell started a program")

    monkeypatch.setattr(subprocess, "run", refuse)
    path, names = list(sys.path), {}
    exec(setup_source(Repository(URL)), names)
    assert set(names) - {"__builtins__"} == {"find_spec"}
    assert sys.path == path
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(os.name == "nt", reason="Colab is Linux; here links need a privilege")
@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_where_labkit_is_missing_the_cell_installs_it_and_the_data_are_found(course, tmp_path):
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    for command in (["init", "--quiet", "--initial-branch=main"], ["add", "."],
                    [*who, "commit", "--quiet", "--message=The course"]):  # fmt: skip
        subprocess.run(["git", "-C", course, *command], check=True)
    # A Python with every package but labkit, whose git finds the repository here.
    home, packages, venv = (tmp_path / name for name in ("home", "packages", "venv"))
    home.mkdir()
    packages.mkdir()
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    for place in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for package in Path(place).iterdir():
            if "labkit" not in package.name.lower() and not (packages / package.name).exists():
                (packages / package.name).symlink_to(package)
    environment = {k: v for k, v in os.environ.items() if k in {"PATH", "TMPDIR", "LANG"}} | {
        "HOME": str(home), "PYTHONPATH": str(packages), "PIP_NO_DEPS": "1", "PIP_NO_INDEX": "1",
        "PIP_NO_BUILD_ISOLATION": "0",  # pip's way to say: no isolation
        "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": f"url.{course.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": URL,
    }  # fmt: skip

    def run(code):
        return subprocess.run([venv / "bin" / "python", "-c", code], cwd=home, env=environment,
                              capture_output=True, text=True, check=False)  # fmt: skip

    use = "import labkit; print(len(labkit.load_rand_hie()), labkit.__file__)"
    assert "No module named 'labkit'" in run(use).stderr
    first = run(f"{setup_source(Repository(URL))}\n{use}")
    assert first.stdout.split() == ["20190", str(home / "labkit" / "labkit" / "__init__.py")], first
    assert run(use).stdout == first.stdout, "also when the kernel was restarted"
