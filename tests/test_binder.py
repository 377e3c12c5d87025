"""What Binder needs: as the lock and pyproject.toml say, and read by repo2docker as it is meant."""

import re
import shlex
import shutil
import stat
import subprocess
import sys
import tomllib
from importlib.util import find_spec

import pytest

from course import ROOT

FOLDER = ROOT / ".binder"
SCRIPT = (FOLDER / "postBuild").read_text(encoding="utf-8").replace("\\\n", " ")


def test_the_python_is_the_oldest_that_the_course_runs_on():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    oldest = project["requires-python"].removeprefix(">=")
    assert (FOLDER / "runtime.txt").read_text(encoding="utf-8") == f"python-{oldest}\n"


def test_the_script_after_the_build_can_be_run():
    path = FOLDER / "postBuild"
    listed = subprocess.run(
        ["git", "ls-files", "--stage", path], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout
    executable = listed.startswith("100755") if listed else path.stat().st_mode & stat.S_IXUSR
    assert executable, "chmod +x .binder/postBuild"
    shell = shutil.which("bash")
    if shell is None:
        pytest.skip("no bash here to read the script")
    subprocess.run([shell, "-n", path], check=True)


def test_the_script_installs_what_a_student_has_and_what_builds_labkit():
    [command] = [line for line in SCRIPT.splitlines() if line.startswith("uv pip install")]
    words = shlex.split(command)
    assert words[words.index("-r") + 1] == "requirements/students.txt"
    assert words[words.index("-c") + 1] == "requirements.lock"
    assert words[words.index("--torch-backend") + 1] == "cpu"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    building = project["optional-dependencies"]["build"]
    assert words[-len(building) :] == [re.split("[>=]", line)[0] for line in building]
    assert SCRIPT.rstrip().endswith("--no-build-isolation --editable .")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Copy what repo2docker looks at."""
    folder = tmp_path_factory.mktemp("binder") / "course"
    shutil.copytree(FOLDER, folder / ".binder")
    for name in ("pyproject.toml", "requirements.lock", "README.md"):
        shutil.copy(ROOT / name, folder)
    return folder


def dockerfile(folder):
    """Return the image that repo2docker would build, by its own detection; it needs no Docker."""
    if find_spec("repo2docker") is None:
        pytest.skip("repo2docker is not installed: pip install jupyter-repo2docker")
    command = [sys.executable, "-W", "ignore", "-m", "repo2docker", "--no-build", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="repo2docker runs on Linux and macOS")
def test_repo2docker_finds_the_python_and_the_script(course):
    image, said = dockerfile(course)
    [python] = (FOLDER / "runtime.txt").read_text().split()
    assert f"Building conda environment for {python.replace('-', '=')}" in said
    assert "RUN ./.binder/postBuild" in image
    assert "/bin/pip install" not in image, "the script alone installs"


@pytest.mark.skipif(sys.platform == "win32", reason="repo2docker runs on Linux and macOS")
def test_without_the_folder_repo2docker_would_build_something_else(course, tmp_path):
    shutil.copytree(course, tmp_path / "bare", ignore=shutil.ignore_patterns(".binder"))
    image, _ = dockerfile(tmp_path / "bare")
    assert "postBuild\n" not in image
