"""The environment, in stages: each command gets what it needs, and half-made is never ready."""

import importlib.util
import io
import os
import shutil
import subprocess

import pytest

from course import ROOT

FOLDER = ROOT / "course" / "environment"


@pytest.fixture
def make(monkeypatch, tmp_path):
    """Run make_venv.py for a stage, with a pip whose words and end the test chooses.

    Return the stamps that are there, and the list that pip was given.
    """
    monkeypatch.syspath_prepend(FOLDER)
    spec = importlib.util.spec_from_file_location("make_venv", FOLDER / "make_venv.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    made = []

    def run(command, **_settings):
        if "venv" in command:
            made.append(command)
            module.python_of(tmp_path).parent.mkdir(parents=True)
            module.python_of(tmp_path).touch()
        return subprocess.CompletedProcess(command, 0, stdout="")

    def stage(name, *options, says="Installing collected packages: numpy\n", code=0):
        class Pip:
            def __init__(self, *_command, **_settings):
                self.stdout = io.StringIO(says)

            def wait(self):
                return code

        monkeypatch.setattr("subprocess.Popen", Pip)
        monkeypatch.setattr("sys.argv", ["make_venv.py", str(tmp_path), name, *options])
        if code:
            with pytest.raises(SystemExit):
                module.main()
        else:
            module.main()
        stamps = {path.name.removeprefix("ready-") for path in tmp_path.glob("ready-*")}
        return stamps, (tmp_path / "wanted.txt").read_text(encoding="utf-8")

    monkeypatch.setattr("subprocess.run", run)
    stage.made = made
    return stage


def listed(file):
    return (ROOT / file).read_text(encoding="utf-8")


def test_a_stage_installs_its_list_and_holds_those_before_it(make):
    assert make("site") == ({"site"}, listed("requirements/site.txt"))
    assert make("bench") == ({"site", "test", "bench"}, listed("requirements.lock"))
    assert len(make.made) == 1, "the environment is kept"


def test_the_tests_stage_alone_makes_site_ready_too(make):
    assert make("test") == ({"site", "test"}, listed("requirements/test.txt"))


def test_what_was_ready_stays_so_until_pip_changes_it(make):
    make("site")
    assert make("test", says="Retrying\n", code=1)[0] == {"site"}
    assert make("test", code=1)[0] == set()
    make("test")
    assert len(make.made) == 2, "half-made is not kept"


@pytest.mark.parametrize("stage", ["site", "test", "bench"])
def test_without_torch_nothing_is_installed_that_needs_it(make, stage):
    names = {line.split("==")[0] for line in make(stage, "--no-torch")[1].splitlines()}
    assert "numpy" in names
    assert not names & {"torch", "torchmetrics", "lightning", "pytorch-lightning"}


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize(
    ("command", "stage"),
    [("site", "site"), ("lab", "site"), ("test", "test"), ("new-lab", "site"), ("bench", "bench")],
)
def test_a_command_makes_its_stage_first(tmp_path, command, stage):
    outside = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}
    venv = tmp_path / "none"
    done = subprocess.run(
        ["make", "-n", command, f"VENV={venv}", "TORCH=yes"],
        cwd=ROOT, env=outside, capture_output=True, text=True, check=True,
    )  # fmt: skip
    [made] = [line for line in done.stdout.splitlines() if "make_venv.py" in line]
    assert made.split("make_venv.py ")[1].split() == [str(venv), stage]
