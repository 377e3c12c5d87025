"""What Binder needs: current with the lock, and read by repo2docker as it is meant."""

import shutil
import stat
import subprocess
import sys
from importlib.util import find_spec

import pytest

from course import ROOT
from course.publishing.binder import binder_files

FOLDER = ROOT / ".binder"


@pytest.mark.skipif(find_spec("torch") is None, reason="what torch needs is not known here")
@pytest.mark.parametrize("name", ["runtime.txt", "requirements.txt", "postBuild"])
def test_the_files_for_binder_are_those_of_the_lock(name):
    stored = (FOLDER / name).read_text(encoding="utf-8")
    assert stored == binder_files()[name], "run python -m course.publishing.binder"


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


def test_labkit_and_torch_are_left_to_the_script():
    wanted = (FOLDER / "requirements.txt").read_text(encoding="utf-8")
    script = (FOLDER / "postBuild").read_text(encoding="utf-8")
    assert "\ntorch==" not in wanted
    assert "--torch-backend cpu" in script
    [torch] = [word for word in script.split() if word.startswith("torch==")]
    assert f"\n{torch}\n" in (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert script.rstrip().endswith("--editable .")


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
def test_repo2docker_finds_the_python_the_requirements_and_the_script(course):
    image, said = dockerfile(course)
    [python] = (FOLDER / "runtime.txt").read_text().split()
    assert f"Building conda environment for {python.replace('-', '=')}" in said
    assert 'pip install --no-cache-dir -r ".binder/requirements.txt"' in image
    assert "RUN ./.binder/postBuild" in image


@pytest.mark.skipif(sys.platform == "win32", reason="repo2docker runs on Linux and macOS")
def test_without_the_folder_repo2docker_would_build_something_else(course, tmp_path):
    shutil.copytree(course, tmp_path / "bare", ignore=shutil.ignore_patterns(".binder"))
    image, _ = dockerfile(tmp_path / "bare")
    assert "requirements.txt" not in image
    assert "postBuild\n" not in image
