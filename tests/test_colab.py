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
from course.publishing.colab import set_up, set_up_all
from course.publishing.repository import Repository
from course.rules.check import RULES, check_file
from course.run import execute
from course.stale import parts
from course.studies import STUDIES, program

URL = "https://github.com/example/course"
NOT_SET = "  # repo-url: https://github.com/OWNER/NAME\n"
SOURCE = set_up([], Repository(URL))[0].source
CONFIG = (ROOT / "_quarto.yml").read_text(encoding="utf-8")


@pytest.fixture
def course(tmp_path):
    """Copy the labs and what decides whether they are stale, with `repo-url` set."""
    root = tmp_path / "course"
    for name in ("notebooks", "labkit", "data"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("terms.yml", "references.yml", "README.md", "LICENSE", "pyproject.toml"):
        shutil.copy(ROOT / name, root)
    for page in ROOT.glob("*.qmd"):  # which labs link
        shutil.copy(page, root)
    (root / "instructors").mkdir()
    shutil.copy(ROOT / "instructors" / "exercises.md", root / "instructors")
    (root / "_quarto.yml").write_text(CONFIG.replace(NOT_SET, f"  repo-url: {URL}\n"))
    return root


def breaches(root):
    return {(path.name, breach.rule) for path in labs(root) for breach in check_file(path)}


def test_every_lab_gets_the_cell_before_all_code_and_stays_what_it_was(course):
    assert set_up_all(course) == [path.name for path in labs()]
    for path in labs(course):
        now, before = Lab.read(path), Lab.read(ROOT / "notebooks" / path.name)
        assert now.code[0].source == SOURCE
        now.node.cells.remove(now.code[0].node)
        assert now.node.cells == before.node.cells
        assert parts(Lab.read(path), []) == parts(before, []), "no lab is stale by it"
    for study in STUDIES:
        assert program(study, course) == program(study), "nor a study"
    assert not (found := breaches(course)) or found <= breaches(ROOT)
    assert set_up_all(course) == [], "a second run changes nothing"


def test_another_branch_renews_it_and_unset_every_lab_is_what_it_was_byte_for_byte(course):
    names = set_up_all(course)
    path = course / "_quarto.yml"
    path.write_text(path.read_text().replace(URL, f"{URL}\n  repo-branch: autumn"))
    assert all(any(RULES["colab-cell"].find(Lab.read(lab))) for lab in labs(course))
    assert set_up_all(course) == names
    assert all("course@autumn#egg" in lab.read_text() for lab in labs(course))
    path.write_text(CONFIG)
    assert set_up_all(course) == names
    for lab in labs():
        assert (course / "notebooks" / lab.name).read_bytes() == lab.read_bytes(), lab.name


def test_executing_a_lab_leaves_it_without_count_and_output(course):
    path = course / "notebooks" / "01-small.ipynb"
    cells = [nbformat.v4.new_code_cell("1 + 1"), nbformat.v4.new_code_cell("2")]
    nbformat.write(nbformat.v4.new_notebook(cells=set_up(cells, Repository(URL))), path)
    execute(path, course)
    assert [cell.node.execution_count for cell in Lab.read(path).cells] == [None, 1, 2]
    assert Lab.read(path).cells[0].tags == {COLAB}


def test_it_is_written_as_ruff_wants_it_whatever_the_address():
    long = f"https://gitlab.example.edu/{'department/' * 9}course"
    [cell] = set_up([], Repository(long))
    for command in (["check"], ["format", "--check"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--no-cache"]
        place = ["--stdin-filename", ROOT / "notebooks" / "cell.py", "-"]
        subprocess.run([*ruff, *place], input=cell.source + "\n", text=True, check=True)


def test_where_labkit_is_installed_the_cell_does_nothing(monkeypatch, capfd):
    def refuse(*_, **__):
        raise AssertionError("the cell started a program")

    monkeypatch.setattr(subprocess, "run", refuse)
    path, names = list(sys.path), {}
    exec(SOURCE, names)
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
    first = run(f"{SOURCE}\n{use}")
    assert first.stdout.split() == ["20190", str(home / "labkit" / "labkit" / "__init__.py")], first
    assert run(use).stdout == first.stdout, "also when the kernel was restarted"
