"""Which Pythons the course takes: said everywhere alike, true of the lock, and found."""

import os
import re
import runpy
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from urllib.parse import unquote

import pytest
from packaging.markers import Marker
from packaging.tags import compatible_tags, cpython_tags, mac_platforms
from packaging.utils import parse_wheel_filename

from course import ROOT
from course.environment import pythons
from course.notebook import Lab, labs

FILE = ROOT / "course" / "environment" / "pythons.py"
FIRST, LAST = (f"3.{version[1]}" for version in (pythons.OLDEST, pythons.NEWEST))


@pytest.mark.parametrize(
    ("file", "times"),
    [
        ("README.md", 1), ("index.qmd", 1), ("Makefile", 1), ("course/student/files/README.txt", 1),
        ("instructors/course.md", 0),
    ],
)  # fmt: skip
def test_what_a_person_reads_says_the_same_pythons(file, times):
    text = (ROOT / file).read_text(encoding="utf-8")
    assert len(re.findall(rf"Python {FIRST} to {LAST}\b", text)) == times
    assert not re.search(r"Python 3\.\d+ or newer", text)
    assert set(re.findall(r"(?:python|py -)(3\.\d+)\b", text)) <= {LAST}


# --- the wheels that there are -------------------------------------------------------------------

UV = shutil.which("uv") or shutil.which("uv", path=ROOT / ".venv-lock" / "bin")
MINORS = range(pythons.OLDEST[1], pythons.NEWEST[1] + 1)
GLIBC = [f"manylinux_2_{minor}_x86_64" for minor in range(28, 4, -1)]
PLATFORMS = {
    "Linux": [*GLIBC, *(f"manylinux{name}_x86_64" for name in ("2014", "2010", "1"))],
    "Windows": ["win_amd64"],
    "macOS 14": list(mac_platforms((14, 0), "arm64")),
    "an Intel Mac": list(mac_platforms((14, 0), "x86_64")),
}
MARKERS = {
    "Linux": ("linux", "x86_64"), "Windows": ("win32", "AMD64"),
    "macOS 14": ("darwin", "arm64"), "an Intel Mac": ("darwin", "x86_64"),
}  # fmt: skip


@pytest.fixture(scope="module")
def wheels():
    """Ask uv once for the name of every wheel that there is of each pin."""
    if UV is None:
        pytest.skip("uv is not installed (make lock installs it)")
    command = ["pip", "compile", "--no-config", "--quiet", "--no-deps", "--universal"]
    form = ["--python-version", FIRST, "--format", "pylock.toml"]
    done = subprocess.run(
        [UV, *command, *form, ROOT / "requirements.lock"], cwd="/", env=os.environ,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode and re.search("(?i)fetch|connect|timed out|offline", done.stderr):
        pytest.skip("no index can be reached to ask for wheels")
    assert done.returncode == 0, done.stderr
    return tomllib.loads(done.stdout)["packages"]


def without_wheel(packages, minor, system, among=None):
    """Name the packages that have no wheel for a Python 3.minor on a system that asks for them."""
    interpreter, platforms = f"cp3{minor}", PLATFORMS[system]
    tags = {
        *cpython_tags((3, minor), platforms=platforms),
        *compatible_tags((3, minor), interpreter, platforms),
    }
    platform, machine = MARKERS[system]
    environment = {
        "python_version": f"3.{minor}", "python_full_version": f"3.{minor}.0",
        "sys_platform": platform, "platform_machine": machine, "os_name": os.name,
        "platform_system": {"linux": "Linux", "win32": "Windows"}.get(platform, "Darwin"),
    }  # fmt: skip
    missing = set()
    for package in packages:
        here = Marker(package.get("marker", "python_version > '3'")).evaluate(environment)
        names = [wheel["url"].rsplit("/", 1)[1] for wheel in package.get("wheels", [])]
        fits = any(tags & parse_wheel_filename(unquote(name))[3] for name in names)
        if here and not fits and (among is None or package["name"] in among):
            missing.add(package["name"])
    return missing


@pytest.mark.parametrize("system", ["Linux", "Windows", "macOS 14"])
@pytest.mark.parametrize("minor", MINORS)
def test_every_pin_has_a_wheel_for_each_python_that_the_course_takes(wheels, minor, system):
    assert without_wheel(wheels, minor, system) == set()


def test_the_next_python_has_not_all_of_them_yet(wheels):
    """Where it goes red, NEWEST may be that Python."""
    assert without_wheel(wheels, pythons.NEWEST[1] + 1, "Linux") >= {"torch"}


@pytest.mark.parametrize("minor", MINORS)
def test_an_intel_mac_has_all_that_a_lab_needs_but_torch(wheels, minor):
    text = (ROOT / "requirements" / "students.txt").read_text(encoding="utf-8")
    students = set(re.findall("^([a-z0-9-]+)==", text, re.MULTILINE))
    assert without_wheel(wheels, minor, "an Intel Mac", students) == {"torch"}


def test_what_is_said_of_the_labs_without_torch_is_counted():
    cells, with_torch, exercises = 0, 0, 0
    for path in labs():
        lab = Lab.read(path)
        code = [cell for cell in lab.lesson_code if "solution" not in cell.tags]
        cells += len(code)
        with_torch += sum("torch" in cell.tags for cell in code)
        exercises += sum("torch" not in e.stub.tags | e.check.tags for e in lab.exercises)
    assert 0.4 < with_torch / cells < 0.6, "about half"
    said = f"{exercises} of the {3 * len(labs())} exercises"
    files = ("README.md", "course/student/files/README.txt", "course/student/files/start.py")
    for file in files:
        assert said in " ".join((ROOT / file).read_text(encoding="utf-8").split())


# --- this Python, and another --------------------------------------------------------------------


def test_this_python_will_do():
    assert pythons.fault() == ""
    pythons.ensure("{python}")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("version_info", (3, 10, 9), "3.10.9, which is too old"),
        ("version_info", (3, 15, 0), "3.15.0, which is too new"),
        ("maxsize", 2**31 - 1, "a 32-bit build"),
        ("implementation", type("PyPy", (), {"name": "pypy"}), "not the ordinary build"),
    ],
)
def test_a_python_without_the_packages_is_told_apart(monkeypatch, name, value, words):
    monkeypatch.setattr(pythons.sys, name, value)
    assert words in pythons.fault()


@pytest.mark.parametrize(
    ("chip", "wrong"), [("1", "for Intel processors, and this Mac has an Apple one"), ("0", "")]
)
def test_a_mac_with_an_apple_processor_needs_its_own_python(monkeypatch, chip, wrong):
    monkeypatch.setattr(pythons, "is_intel_mac", lambda: True)
    said = subprocess.CompletedProcess([], 0, stdout=f"{chip}\n".encode())
    monkeypatch.setattr(pythons.subprocess, "run", lambda *_, **__: said)
    assert pythons.fault().endswith(wrong)
    assert bool(pythons.fault()) == bool(wrong)


def test_a_debian_python_without_venv_is_told_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "ensurepip", None)
    assert f"apt install python3.{sys.version_info[1]}-venv" in pythons.fault()


def program(folder, name, script):
    """Write a program of a given name, as a Python on the PATH."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


unix = pytest.mark.skipif(os.name == "nt", reason="programs are made in another way there")


@pytest.fixture
def path(tmp_path, monkeypatch):
    """Make a folder that is the whole PATH."""
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(pythons, "ELSEWHERE", ())
    return tmp_path / "bin"


@unix
def test_of_several_pythons_the_newest_that_starts_and_will_do_is_found(path):
    assert pythons.find() == ""
    program(path, "python3.14", "exit 127  # as pyenv's, which is not selected")
    program(path, "python3.13", 'echo "This is Python 3.15.0" >&2; exit 1')
    program(path, "python3.11", f'exec "{sys.executable}" "$@"')
    program(path, "python3", "echo /never/asked")
    assert pythons.find() == sys._base_executable
    program(path, "python3.12", "echo /the/newer; exit 0")
    assert pythons.find() == "/the/newer"


@unix
def test_the_python_behind_an_environment_is_asked_first(path):
    program(path, "python3.14", "echo /another")
    assert pythons.find(Path(sys.executable)) == sys._base_executable
    assert pythons.find(path / "missing") == "/another"


@unix
def test_windows_launcher_is_asked_for_each_version_and_fetches_none(path, monkeypatch):
    program(path, "py", '[ "$1$PYTHON_MANAGER_AUTOMATIC_INSTALL" = -3.13false ] && echo /py/3.13')
    monkeypatch.setattr(pythons, "WINDOWS", True)
    assert pythons.find() == "/py/3.13"
    assert pythons.command() == "py"


@unix
def test_a_python_that_will_not_do_hands_over(path, monkeypatch, capfd):
    program(
        path, "python3.12", '[ "$1" = -I ] && echo "$0" || { echo "ran: $* $PYTHONHOME"; exit 7; }'
    )
    monkeypatch.setattr(pythons.sys, "version_info", (3, 15, 0))
    monkeypatch.setattr(pythons.sys, "argv", ["start.py", "--open"])
    monkeypatch.setenv("PYTHONHOME", "/somewhere")
    with pytest.raises(SystemExit) as ended:
        pythons.ensure("{python} start.py")
    assert ended.value.code == 7
    said = capfd.readouterr().out
    assert f"is there for it yet: {path}/python3.12 is used instead." in said
    assert "ran: start.py --open \n" in said


@unix
def test_without_another_it_says_in_words_what_to_install(path, monkeypatch):
    monkeypatch.setattr(pythons.sys, "version_info", (3, 15, 0))
    needs = r"3\.15\.0, which is too new.*\n.*Python 3\.11 to 3\.14.*Install Python 3\.14"
    with pytest.raises(SystemExit, match=rf"(?s){needs}.*python3\.14 start\.py"):
        pythons.ensure("{python} start.py")


def old_pythons():
    """List the Pythons of this machine that are too old, as pyenv keeps them."""
    return sorted(Path.home().glob(".pyenv/versions/3.[6-9].*/bin/python")) + sorted(
        Path.home().glob(".pyenv/versions/3.10.*/bin/python")
    )


@unix
@pytest.mark.skipif(not old_pythons(), reason="no older Python is here")
@pytest.mark.parametrize("python", old_pythons(), ids=lambda p: p.parts[-3])
def test_a_real_old_python_says_it_too(python, tmp_path):
    alone = {"PATH": str(tmp_path), "HOME": str(tmp_path)}
    code = "import pythons; pythons.ELSEWHERE = (); pythons.ensure('{python} start.py')"
    done = subprocess.run(
        [python, "-c", code], cwd=FILE.parent, env=alone,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "Install Python 3.14" in done.stderr
    assert "Traceback" not in done.stderr


def test_as_a_program_it_names_its_python(capfdbinary, monkeypatch):
    runpy.run_path(str(FILE), run_name="__main__")
    assert capfdbinary.readouterr().out == os.fsencode(sys._base_executable)


def test_variables_that_lead_a_python_astray_are_left_out(monkeypatch):
    for name in ("PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "VIRTUAL_ENV", "PYTHONWARNINGS"):
        monkeypatch.setenv(name, "x")
    monkeypatch.setenv("PYTHONUTF8", "1")
    found = pythons.variables()
    assert found["PYTHONUTF8"] == "1"
    assert {n for n in os.environ if n not in found and n.startswith(("PYTHON", "VIRTUAL"))} >= {
        "PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "VIRTUAL_ENV", "PYTHONWARNINGS"
    }  # fmt: skip
    assert found["PATH"] == os.environ["PATH"]
