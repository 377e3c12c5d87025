"""Where an environment can lie: names, lengths, and a folder that was moved since."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import venv
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

from course import ROOT
from course.environment import place
from course.environment.programs import python_of as python_that_starts

ENVIRONMENT = ROOT / "course" / "environment"
unix = pytest.mark.skipif(os.name == "nt", reason="folders have no such names there")


@unix
@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("WS 24:25", "a colon (in the Finder a slash)"),
        ("a\nb", "a line break or a tab"),
        ("a\tb", "a line break or a tab"),
        (os.fsdecode(b"a\xffb"), "not in UTF-8"),
    ],
)
@pytest.mark.parametrize("inside", ["", "labs"])
def test_a_name_that_rules_out_an_environment_is_named(tmp_path, name, wrong, inside):
    home = tmp_path / name / inside
    with pytest.raises(SystemExit) as ended:
        place.check_name(home)
    assert wrong in str(ended.value)
    assert f"folder name {name!r}" in str(ended.value)
    str(ended.value).encode("utf-8")  # it can be printed


def test_on_windows_it_is_the_semicolon(monkeypatch):
    monkeypatch.setattr(place.os, "pathsep", ";")
    assert "'a;b' has a semicolon in it" in place.wrong_name(Path("/a;b/labs"))
    assert place.wrong_name(Path("/a:b")) == ""


NAMES = ["a b", "50%", "a'b", 'a "b" c', "$HOME", "a`b", "a\\b", "a;b", "a#b", "a[b]", "a@b", "-a",
         "a.", " a ", "äöü", "~", "{a}", "a & b", "a|b", "a=b", "a!b", "a*b?"]  # fmt: skip


@unix
@pytest.mark.parametrize("name", NAMES)
def test_with_any_other_name_an_environment_works(tmp_path, name):
    home = tmp_path / name
    place.check_name(home)
    venv.create(home / ".venv", symlinks=True)
    assert place.made_elsewhere(home / ".venv") == ""
    asked = [home / ".venv" / "bin" / "python", "-I", "-c", "import sys; print(sys.prefix)"]
    done = subprocess.run(asked, capture_output=True, text=True, check=True)
    assert done.stdout == f"{home / '.venv'}\n"


# --- Windows' paths ------------------------------------------------------------------------------


@pytest.mark.parametrize("torch", [True, False])
@pytest.mark.parametrize("long_paths", [True, False])
def test_a_folder_is_too_deep_from_one_letter_on(monkeypatch, torch, long_paths):
    monkeypatch.setattr(place, "WINDOWS", True)
    monkeypatch.setattr(place, "long_paths", lambda: long_paths)
    most = 259 - len(r"\.venv\Lib\site-packages" + "\\") - place.LONGEST[torch]
    fits, too_deep = Path("C" * most), Path("C" * (most + 1))
    place.check_depth(fits, torch)
    if long_paths:
        place.check_depth(too_deep, torch)
        return
    with pytest.raises(SystemExit, match=rf"(?s){most + 1} characters.* {most},.*LongPathsEnabled"):
        place.check_depth(too_deep, torch)
    said = f"{63 if torch else 97}"
    assert str(most) == said
    assert said in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("torch", [True, False])
def test_the_longest_path_is_that_of_the_packages(torch):
    """Measured in the packages that are installed here; a build's +cpu is part of a folder."""
    kind = "students" if torch else "students-no-torch"
    text = (ROOT / "requirements" / f"{kind}.txt").read_text(encoding="utf-8")
    names = re.findall("^([a-z0-9-]+)==", text, re.MULTILINE)
    longest = 0
    for name in names:
        try:
            files = distribution(name).files or []
        except PackageNotFoundError:  # another system's, or torch
            if name == "torch":
                pytest.skip("torch is not installed")
            continue
        inside = (str(path) for path in files if ".." not in path.parts)
        longest = max(longest, *map(len, inside), 0)
    assert longest <= place.LONGEST[torch] <= longest + 8


# --- moved ---------------------------------------------------------------------------------------


def stand(folder):
    """Make an environment with the packages of this one and two programs, as pip makes them."""
    venv.create(folder, symlinks=os.name != "nt")
    (packages,) = folder.rglob("site-packages")
    (packages / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    info = packages / "tool-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tool\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[console_scripts]\ntool = tool:main\n")
    (packages / "tool.py").write_text("def main():\n    print('tool')\n")
    for name in ("tool", "script"):
        program = folder / "bin" / name
        program.write_text(f"#!{folder}/bin/python\nprint('{name}')\n")
        program.chmod(0o755)
    (folder / "stamp").write_text("whole")
    return folder


@pytest.fixture
def installing(monkeypatch):
    """Import installing.py as start.py does."""
    monkeypatch.syspath_prepend(ENVIRONMENT)
    for name in ("installing", "place", "pip_settings", "pythons"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    import installing

    return installing


def ran(program):
    done = subprocess.run([program], capture_output=True, text=True, check=False)
    return done.stdout.strip()


@unix
@pytest.mark.parametrize("name", ["new", "a new name", "ä 'b' [c]"])
@pytest.mark.parametrize("copied", [False, True], ids=["moved", "copied"])
def test_a_moved_environment_is_fitted_to_its_new_place(tmp_path, installing, capsys, name, copied):
    old = stand(tmp_path / "old" / ".venv")
    assert installing.keep(old, old / "stamp")
    assert capsys.readouterr().out == "", "nothing is said where nothing was moved"
    new = tmp_path / name / ".venv"
    if copied:
        shutil.copytree(old.parent, new.parent, symlinks=True)
    else:
        old.parent.rename(new.parent)
    assert place.made_elsewhere(new) == str(old)
    assert python_that_starts(new / "bin" / "tool") == str(old / "bin" / "python")
    assert installing.keep(new, new / "stamp")
    assert "moved, renamed or copied" in capsys.readouterr().out
    assert place.made_elsewhere(new) == ""
    for program in ("tool", "script"):
        assert python_that_starts(new / "bin" / program) == str(new / "bin" / "python")
        assert ran(new / "bin" / program) == program
    assert str(old) not in (new / "bin" / "activate").read_text(encoding="utf-8")
    assert installing.keep(new, new / "stamp")
    assert capsys.readouterr().out == "", "once is enough"


@unix
@pytest.mark.parametrize("gone", ["python", "stamp"])
def test_an_environment_whose_python_is_gone_is_made_anew(tmp_path, installing, gone):
    folder = stand(tmp_path / ".venv")
    if gone == "stamp":
        (folder / "stamp").unlink()
    else:
        (folder / "bin" / "python").unlink()
        (folder / "bin" / "python").symlink_to("/nowhere/python")
    assert not installing.keep(folder, folder / "stamp")
    installing.make_venv(folder, folder / "stamp")
    assert not (folder / "bin" / "tool").exists()
    assert ran(folder / "bin" / "python") == ""


@unix
def test_an_environment_that_cannot_be_fitted_is_made_anew(tmp_path, installing, monkeypatch):
    old = stand(tmp_path / "old" / ".venv")
    new = old.parent.rename(tmp_path / "new") / ".venv"
    monkeypatch.setattr(installing, "WRITE_PROGRAMS", "raise SystemExit(3)")
    assert not installing.keep(new, new / "stamp")


@unix
def test_a_python_that_is_there_and_does_not_start_counts_as_gone(tmp_path, installing):
    folder = stand(tmp_path / ".venv")
    (folder / "bin" / "python").unlink()
    (folder / "bin" / "python").write_text("#!/bin/sh\nexit 103\n")  # as Windows' does
    (folder / "bin" / "python").chmod(0o755)
    assert not installing.keep(folder, folder / "stamp")


@unix
@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
def test_make_fits_the_environment_of_a_moved_clone(tmp_path):
    clone = tmp_path / "old"
    for part in ("requirements", "course/environment"):
        shutil.copytree(ROOT / part, clone / part)
    for name in ("Makefile", "pyproject.toml", "requirements.lock"):
        shutil.copy(ROOT / name, clone)
    stand(clone / ".venv")
    (clone / ".venv" / "ready-site").write_text("by the test")
    outside = {k: v for k, v in os.environ.items() if not k.startswith(("MAKE", "MFLAGS"))}

    def planned(folder):
        done = subprocess.run(
            ["make", "-n", "stale"], cwd=folder, env=outside, capture_output=True, text=True,
            check=True,
        )  # fmt: skip
        return [line for line in done.stdout.splitlines() if "make_venv.py" in line]

    assert planned(clone) == []
    moved = clone.rename(tmp_path / "a new name")
    [command] = planned(moved)
    assert command.endswith("make_venv.py .venv site ")
