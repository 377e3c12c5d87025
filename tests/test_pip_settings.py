"""Settings that send packages elsewhere are switched off for our pip, and others are not."""

import os
import shutil
import subprocess
import venv
import zipfile
from pathlib import Path

import pytest

from course import ROOT

ENVIRONMENT = ROOT / "course" / "environment"


@pytest.fixture
def installing(monkeypatch):
    """Import installing.py as start.py does."""
    monkeypatch.syspath_prepend(ENVIRONMENT)
    import installing

    return installing


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """An environment with pip, and a wheel to install into it."""
    home = tmp_path_factory.mktemp("home")
    venv.create(home / ".venv", with_pip=True, symlinks=os.name != "nt")
    info = "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n"
    with zipfile.ZipFile(home / "tiny-1.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("tiny.py", "")
        wheel.writestr("tiny-1.0.dist-info/METADATA", info)
        tag = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        wheel.writestr("tiny-1.0.dist-info/WHEEL", tag)
        wheel.writestr("tiny-1.0.dist-info/RECORD", "")
    return home


@pytest.fixture
def pip(environment, installing, monkeypatch, tmp_path):
    """Install the wheel as start.py would; return whether the environment has it."""
    python = installing.python_of(environment / ".venv")
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("PYTHONUSERBASE", str(tmp_path / "user"))

    def install():
        wheel = str(Path("tiny-1.0-py3-none-any.whl"))
        for path in [*(environment / ".venv").rglob("tiny*")]:  # what an earlier test has left
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        wanted = ["--no-deps", "--no-index", f".{os.sep}{wheel}"]
        installing.pip(python, 1, *wanted, cwd=environment, stamps=[])
        installing.verify(python, "tiny", cwd=environment)
        ask = [python, "-I", "-c", "import tiny; print(tiny.__file__)"]
        done = subprocess.run(ask, capture_output=True, text=True, check=True)
        return Path(done.stdout.strip()).is_relative_to(environment / ".venv")

    install.python = python
    return install


VARIABLES = {
    "PIP_USER": "1", "PIP_TARGET": "elsewhere", "PIP_PREFIX": "elsewhere", "PIP_ROOT": "elsewhere",
    "PIP_DRY_RUN": "1", "PIP_PYTHON": "/nowhere/python", "PIP_REQUIRE_HASHES": "1",
    "PIP_NO_BINARY": ":all:", "PIP_PLATFORM": "win_amd64", "PIP_QUIET": "3", "PIP_LOG": "/",
    "PIP_CONSTRAINT": "/nowhere/constraints.txt", "PIP_REQUIRE_VIRTUALENV": "1",
    "PYTHONHOME": "/nowhere", "PYTHONPATH": "elsewhere", "PYTHONWARNINGS": "error",
}  # fmt: skip
LINES = "user = yes\ntarget = elsewhere\ndry-run = yes\nquiet = 3\nno-binary = :all:\n"


@pytest.mark.parametrize("section", ["global", "install"])
def test_what_sends_packages_elsewhere_is_switched_off(
    pip, installing, monkeypatch, tmp_path, section
):
    (tmp_path / "pip.conf").write_text(f"[{section}]\n{LINES}")
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    found = installing.pip_variables(pip.python)
    pips = {name for name in found if name.startswith("PIP_")}
    assert not (pips | {n for n in found if n.startswith("PYTHON")}) & VARIABLES.keys()
    assert found["PIP_CONFIG_FILE"] == os.devnull
    if section == "install":
        assert pip()


@pytest.mark.parametrize("name", ["PIP_USER", "PIP_TARGET", "PIP_DRY_RUN"])
def test_if_one_were_not_the_environment_would_lack_the_packages(
    pip, installing, monkeypatch, tmp_path, name
):
    """Which is noticed."""
    monkeypatch.setattr(installing, "pip_variables", lambda _: os.environ)
    monkeypatch.setenv(name, str(tmp_path / "elsewhere") if name == "PIP_TARGET" else "1")
    with pytest.raises(SystemExit, match=r"lacks packages|could not install"):
        pip()


def test_what_says_where_packages_come_from_stays_the_variable_before_the_file(
    pip, installing, monkeypatch, tmp_path
):
    (tmp_path / "pip.conf").write_text(
        "[global]\nindex-url = https://one.example/simple\nproxy = http://proxy.example\nuser = 1\n"
        "no-index = yes\n"
        "[install]\nextra-index-url =\n    https://two.example/simple\n    https://three.example\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    monkeypatch.setenv("PIP_INDEX_URL", "https://mine.example/simple")
    monkeypatch.setenv("PIP_CERT", "/some/certificate")
    found = installing.pip_variables(pip.python)
    pips = {name: value.split() for name, value in found.items() if name.startswith("PIP_")}
    pips.pop("PIP_FIND_LINKS", None)  # this machine's
    pips.pop("PIP_NO_INDEX", None)
    assert pips == {
        "PIP_INDEX_URL": ["https://mine.example/simple"], "PIP_PROXY": ["http://proxy.example"],
        "PIP_EXTRA_INDEX_URL": ["https://two.example/simple", "https://three.example"],
        "PIP_CERT": ["/some/certificate"], "PIP_CONFIG_FILE": [os.devnull],
    }  # fmt: skip


@pytest.mark.parametrize("links", [True, False])
def test_no_index_stays_only_where_packages_come_from_a_folder(installing, monkeypatch, links):
    settings = {"no-index": "1"} | ({"find-links": "/wheels"} if links else {})
    monkeypatch.setattr("pip_settings._settings", lambda _: settings)
    assert ("PIP_NO_INDEX" in installing.pip_variables(Path("python"))) == links


def test_settings_that_pip_cannot_read_are_named(pip, installing, monkeypatch, tmp_path):
    (tmp_path / "pip.conf").write_text("[global]\nno value\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(tmp_path / "pip.conf"))
    with pytest.raises(SystemExit, match=r"(?s)can't read its own settings.*pip\.conf.*Mend"):
        installing.pip_variables(pip.python)


def test_pins_that_are_not_there_are_noticed(pip, installing, environment):
    assert pip()
    pins = environment / "pins.txt"
    pins.write_text("tiny==1.0\nabsent-package==1 ; sys_platform == 'another'\n")
    installing.verify(pip.python, "-r", pins.name, cwd=environment)
    pins.write_text("tiny==2.0\n")
    with pytest.raises(SystemExit, match="lacks packages"):
        installing.verify(pip.python, "-r", pins.name, cwd=environment)
