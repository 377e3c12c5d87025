"""The doctor in a folder that was moved or copied: its programs name the old one."""

import os
import shutil
import subprocess
import sys
import venv
from importlib import metadata
from pathlib import Path

import pytest

from course import doctor
from course.doctor import this_course
from course.environment.programs import python_of

ROOT = Path(doctor.__file__).resolve().parent.parent
PROGRAMS = ("jupyter", "jupyter-lab")

unix = pytest.mark.skipif(os.name == "nt", reason="programs are made in another way there")


def write_program(path, python):
    """Write a program as pip does it for a path that has a blank, or has none."""
    quoted = f'"{python}"' if " " in str(python) else python
    by_shell = f"#!/bin/sh\n'''exec' {quoted} \"$0\" \"$@\"\n' '''\n"
    first = by_shell if " " in str(python) else f"#!{python}\n"
    path.write_text(f"{first}import sys\nprint(sys.executable)\n")
    path.chmod(0o755)


# --- what a program says of its Python -----------------------------------------------------------


@unix
@pytest.mark.parametrize("folder", ["environment", "an environment", "umgebung-für-alle"])
def test_the_python_that_a_program_names_is_the_one_that_it_starts(tmp_path, folder):
    python = tmp_path / folder / "python"
    python.parent.mkdir()
    python.symlink_to(sys.executable)
    program = tmp_path / "program"
    write_program(program, python)
    done = subprocess.run([str(program)], capture_output=True, text=True, check=True)
    assert python_of(program) == done.stdout.strip() == str(python)


WINDOWS = b"MZ\x90\x00 #!not this\n \x00\x00"


@pytest.mark.parametrize(
    ("content", "python"),
    [
        (b"#! /p/python -E\nimport sys\n", "/p/python"),
        (b"#!/p/python\r\nimport sys\r\n", "/p/python"),
        (b"#!/bin/sh\n'''exec' /p/python \"$0\" \"$@\"\n' '''\n", "/p/python"),
        (b"#!/bin/sh\n'''exec' '/a b/python' \"$0\" \"$@\"\n' '''\n", "/a b/python"),
        (WINDOWS + b"#!C:\\p\\python.exe\r\nPK\x03\x04...", "C:\\p\\python.exe"),
        (WINDOWS + b'#!"C:\\a b\\python.exe"\nPK\x03\x04...', "C:\\a b\\python.exe"),
        # These find their Python when they run, or don't say which.
        (b"#!/usr/bin/env python3\n", None),
        (b"#!/bin/sh\n'''exec' \"$(dirname -- \"$(realpath -- \"$0\")\")\"/'python' \n", None),
        (WINDOWS, None),
        (b"\x7fELF\x02\x01#!/p/python\n", None),
        (b"", None),
    ],
)  # fmt: skip
def test_every_form_of_a_program_is_understood(tmp_path, content, python):
    program = tmp_path / "program"
    program.write_bytes(content)
    assert python_of(program) == python


# --- what the doctor says of it ------------------------------------------------------------------


@unix
@pytest.mark.parametrize("program", PROGRAMS)
def test_jupyter_lab_that_starts_no_python_or_another(tmp_path, monkeypatch, program):
    programs = tmp_path / "an environment" / "bin"
    programs.mkdir(parents=True)
    python = programs / "python"
    python.symlink_to(sys.executable)
    for name in PROGRAMS:
        write_program(programs / name, python)
    monkeypatch.setattr(doctor.sys, "executable", str(python))
    monkeypatch.setenv("PATH", "")

    def answer():
        return list(doctor._jupyter_lab(this_course()))

    def fix(text):
        return [("FIX", f"{text}: make clean site")]

    assert answer() == [("OK", "jupyter lab starts with this Python")]

    gone = tmp_path / "before" / "bin" / "python"
    write_program(programs / program, gone)
    assert answer() == fix(
        f"jupyter lab can't start, {programs / program} needs {gone}, which is not there "
        "(was the folder moved or renamed?)"
    )
    write_program(programs / program, programs / "python3.1")
    assert "is not there" in answer()[0].text

    write_program(programs / program, "/bin/sh")
    assert answer() == fix(f"{programs / program} starts another Python, /bin/sh")

    (programs / program).unlink()
    assert answer() == fix(f"jupyter lab can't start, there is no program {program}")

    monkeypatch.setattr(doctor, "find_spec", lambda name: None if name == "jupyterlab" else name)
    assert answer() == [], "the missing package has a line of its own"


@unix
@pytest.mark.parametrize(
    ("place", "path"), [("theirs", "theirs"), ("bin/Scripts", "")], ids=["path", "as on Windows"]
)
def test_programs_are_found_on_the_path_or_in_scripts_beside_python(
    tmp_path, monkeypatch, place, path
):
    here, theirs = tmp_path / "bin", tmp_path / place
    for folder in (here, theirs):
        folder.mkdir()
    python = here / "python"
    python.symlink_to(sys.executable)
    for name in PROGRAMS:
        write_program(theirs / name, python)
    monkeypatch.setattr(doctor.sys, "executable", str(python))
    monkeypatch.setenv("PATH", str(tmp_path / path))
    assert [line.mark for line in doctor._jupyter_lab(this_course())] == ["OK"]


@pytest.fixture
def clone(tmp_path):
    """A clone with an environment as make_venv.py makes it, with the packages of this one."""
    home = tmp_path / "my course"
    for part in ("labkit", "course", "data"):
        shutil.copytree(ROOT / part, home / part, ignore=shutil.ignore_patterns("__pycache__"))
    (home / "notebooks").mkdir()
    (home / "notebooks" / "01-a-lab.ipynb").write_text("{}")
    venv.create(home / ".venv", symlinks=True)
    [packages] = (home / ".venv").glob("lib/python*/site-packages")
    here = Path(metadata.distribution("numpy").locate_file("."))
    (packages / "labkit.pth").write_text(f"{home}\n{here}\n")
    for name in PROGRAMS:
        write_program(home / ".venv" / "bin" / name, home / ".venv" / "bin" / "python")
    return home


def said_by_the_doctor(home):
    """Run the doctor of a course's environment; return the lines that neither are OK nor notes."""
    drop = ("PYTHONPATH", "LABKIT_DATA", "VIRTUAL_ENV")
    environment = {key: value for key, value in os.environ.items() if key not in drop}
    command = [str(home / ".venv" / "bin" / "python"), "-m", "course.doctor"]
    done = subprocess.run(
        command, cwd=home, env=environment, capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    return [line for line in done.stdout.splitlines() if not line.startswith(("OK", "NOTE"))]


def test_the_course_is_the_one_that_the_doctor_is_in(tmp_path, monkeypatch):
    assert (this_course().folder, this_course().is_students) == (ROOT, False)
    (tmp_path / "edition").mkdir()
    monkeypatch.setattr(doctor, "__file__", str(tmp_path / "edition" / "doctor.py"))
    assert not this_course().is_students
    (tmp_path / "edition" / "edition.json").write_text("{}")
    assert (this_course().folder, this_course().is_students) == (tmp_path, True)


@unix
def test_a_course_that_was_moved_or_copied_is_not_ready(clone):
    assert said_by_the_doctor(clone) == ["", "Ready: the labs run here."]

    copy = clone.with_name("copy")
    shutil.copytree(clone, copy, symlinks=True)
    python, program = clone / ".venv/bin/python", copy / ".venv/bin/jupyter"
    moved = (
        f"FIX   the folder was moved, renamed or copied: its environment was made as "
        f"{clone / '.venv'}, where its programs look for Python: make site"
    )
    three = ["", "To fix: 3. Then run this again."]
    assert said_by_the_doctor(copy) == [
        moved,
        f"FIX   a notebook imports labkit from {clone / 'labkit'}, not from {copy / 'labkit'}: "
        "make site",
        f"FIX   {program} starts another Python, {python}: make site",
        *three,
    ]

    renamed = clone.rename(clone.with_name("renamed"))
    program = renamed / ".venv/bin/jupyter"
    assert said_by_the_doctor(renamed) == [
        moved,
        "FIX   a notebook can't import labkit (ModuleNotFoundError: No module named 'labkit'): "
        "make site",
        f"FIX   jupyter lab can't start, {program} needs {python}, which is not there "
        "(was the folder moved or renamed?): make site",
        *three,
    ]
