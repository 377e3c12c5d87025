"""The doctor where everything is right, and with one thing broken after another."""

import importlib.util
import os
import platform
import shutil
import socket
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import pytest

from course import doctor
from course.doctor import this_course
from labkit import datasets

ROOT = Path(doctor.__file__).resolve().parent.parent
HAS_TORCH = importlib.util.find_spec("torch") is not None
CHECKS = doctor.CHECKS


@pytest.fixture(autouse=True)
def course(tmp_path, monkeypatch):
    """A course's folder with a lab and the data, from git, as the working folder."""
    (tmp_path / ".git").mkdir()
    shutil.copytree(ROOT / "data", tmp_path / "data")
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "01-a-lab.ipynb").write_text("{}")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path / "data"))
    monkeypatch.setattr(doctor.sys, "prefix", str(tmp_path / ".venv"))
    if not HAS_TORCH:  # its note would stand in every answer
        monkeypatch.setattr(doctor, "CHECKS", [c for c in CHECKS if c is not doctor._torch])
    return tmp_path


@pytest.fixture
def answer(capsys):
    """Run all the checks; return the exit code and the lines that are not OK."""

    def run():
        code = doctor.main()
        out = capsys.readouterr().out
        return code, [line for line in out.splitlines()[:-2] if not line.startswith("OK ")]

    return run


def without(monkeypatch, *packages):
    """Let the import system and the metadata know nothing of some packages."""
    version, find_spec = metadata.version, importlib.util.find_spec

    def no_version(name):
        if name in packages:
            raise metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(doctor.metadata, "version", no_version)
    monkeypatch.setattr(doctor, "find_spec", lambda n: None if n in packages else find_spec(n))
    for package in packages:
        monkeypatch.setitem(sys.modules, package, None)  # an import of it now fails


def without_programs(monkeypatch, *programs):
    """Let no search find some programs."""
    which = shutil.which

    def found(program, **options):
        return None if program in programs else which(program, **options)

    monkeypatch.setattr(shutil, "which", found)


def with_version(monkeypatch, package, old):
    version = metadata.version
    monkeypatch.setattr(doctor.metadata, "version", lambda n: old if n == package else version(n))


def with_requirements_of_this_source(monkeypatch):
    """Let the metadata say what pyproject.toml says now, not when labkit was installed."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].items()
    of_extras = [f"{line}; extra == '{extra}'" for extra, lines in extras for line in lines]
    monkeypatch.setattr(doctor.metadata, "requires", lambda _: project["dependencies"] + of_extras)


def test_a_machine_with_everything_is_ready(capsys):
    assert doctor.main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line for line in lines if line.startswith("FIX")] == []
    assert lines[-2:] == ["", "Ready: the labs run here."]
    for expected in (
        "OK    a notebook imports the labkit of this course",
        "OK    Jupyter's kernel python3 is this Python",
        "OK    jupyter lab starts with this Python",
        "OK    rnorm(1) after set.seed(42) is 1.370958, as in R",
        f"OK    {len(datasets.checksums())} data files, as they were published",
        "OK    the labs are there",
    ):
        assert expected in lines


def test_every_required_package_has_its_line(capsys):
    doctor.main()
    out = capsys.readouterr().out
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for requirement in project["dependencies"] + project["optional-dependencies"]["labs"]:
        name = requirement.partition(">=")[0].replace("_", "-")
        assert f"OK    {name} {metadata.version(name)}\n" in out


def test_the_oldest_python_is_that_of_the_metadata():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["requires-python"] == ">={}.{}".format(*doctor.pythons.OLDEST)


def test_every_requirement_that_matters_is_understood():
    read = {r.package for extra in ("", "labs", "torch") for r in doctor.requirements(extra)}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    stated = project["dependencies"] + extras["labs"] + extras["torch"]
    assert len(read) == len(stated)
    assert [r.minimum for r in doctor.requirements("site") if r.package == "smalldocs"]


@pytest.mark.parametrize(
    ("older", "newer"),
    [("1.26.4", "2.0"), ("2.9", "2.10"), ("2.0.0", "2.0.1"), ("2.5.1+cpu", "2.6"), ("1", "1.1")],
)
def test_releases_compare_by_their_numbers(older, newer):
    assert doctor.release(older) < doctor.release(newer)


@pytest.mark.parametrize(
    ("version", "fault"),
    [
        ((3, 10, 4), "3.10.4, which is too old"),
        ((3, 15, 0), "3.15.0, which is too new: not every package is there for it yet"),
    ],
)
def test_a_python_too_old_or_too_new(answer, monkeypatch, version, fault):
    monkeypatch.setattr(doctor.sys, "version_info", (*version, "final", 0))
    code, wrong = answer()
    assert code == 1
    assert wrong[0] == (
        f"FIX   This is Python {fault}: the course needs Python 3.11 to 3.14; install one of them, "
        "then: make clean site PYTHON=python3.14"
    )


def test_an_intel_mac_is_not_told_to_install_torch(answer, monkeypatch):
    without(monkeypatch, "torch")
    monkeypatch.setattr(doctor, "CHECKS", CHECKS)
    with_requirements_of_this_source(monkeypatch)
    monkeypatch.setattr(doctor.pythons, "is_intel_mac", lambda: True)
    monkeypatch.setattr(doctor.pythons, "run_by_rosetta", lambda: False)
    assert answer() == (
        0, ["NOTE  there is no torch for a Mac with an Intel processor: the other cells run"]
    )  # fmt: skip


@pytest.mark.skipif(os.name == "nt", reason="no such name there")
def test_a_folder_in_which_no_environment_works_is_named(answer, course, monkeypatch):
    home = course / "WS 24:25"
    (home / "course").mkdir(parents=True)
    monkeypatch.setattr(doctor, "__file__", str(home / "course" / "doctor.py"))
    code, wrong = answer()
    assert code == 1
    assert wrong[0].startswith("FIX   no environment works here: the folder name 'WS 24:25' has a")


def test_missing_package(answer, monkeypatch):
    without(monkeypatch, "pandas")
    code, wrong = answer()
    assert code == 1
    assert 'FIX   pandas is not installed: python -m pip install "pandas>=2.2"' in wrong


def test_missing_numpy_leaves_the_other_checks_standing(answer, monkeypatch):
    without(monkeypatch, "numpy")
    monkeypatch.delitem(sys.modules, "labkit.rstream", raising=False)
    monkeypatch.delitem(sys.modules, "labkit.inputs", raising=False)
    code, wrong = answer()
    fixes = [line for line in wrong if line.startswith("FIX")]
    assert code == 1
    assert fixes[0].startswith('FIX   numpy is not installed: python -m pip install "numpy>=')
    assert any("r_number" in line and "numpy" in line for line in fixes)
    assert not any(word in " ".join(fixes) for word in ("data files", "Jupyter", "labs"))


def test_old_package(answer, monkeypatch):
    with_version(monkeypatch, "numpy", "1.26.4")
    code, wrong = answer()
    assert code == 1
    assert wrong == ['FIX   numpy 1.26.4 is older than 2.0: python -m pip install "numpy>=2.0"']


def test_the_oldest_version_that_will_do_will_do(answer, monkeypatch):
    with_version(monkeypatch, "numpy", "2.0")
    assert answer()[0] == 0


def test_labkit_not_installed(answer, monkeypatch):
    def unknown(name):
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(doctor.metadata, "requires", unknown)
    code, wrong = answer()
    assert code == 1
    assert wrong[0] == (
        "FIX   labkit is not installed in this Python: make site, and use the Python in .venv; or, "
        "without make: python -m pip install -r requirements/site.txt -e ."
    )


def test_missing_torch_stops_nobody(answer, monkeypatch):
    without(monkeypatch, "torch")
    monkeypatch.setattr(doctor, "CHECKS", CHECKS)
    with_requirements_of_this_source(monkeypatch)
    code, wrong = answer()
    assert code == 0
    assert (
        "NOTE  torch is not installed: the NumPy halves of the labs run; to get it: "
        'python -m pip install "torch>=2.10"'
    ) in wrong


@pytest.mark.skipif(not HAS_TORCH, reason="needs torch to be there, to break it")
def test_torch_that_is_there_and_does_not_load(answer, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    monkeypatch.setattr(doctor, "find_spec", lambda _: True)
    with_requirements_of_this_source(monkeypatch)
    code, wrong = answer()
    assert code == 1
    assert wrong[0].startswith("FIX   torch can't be used (")
    assert wrong[0].endswith('): python -m pip install --force-reinstall "torch>=2.10"')


@pytest.mark.skipif(not HAS_TORCH, reason="needs torch to be there, to age it")
def test_old_torch(answer, monkeypatch):
    with_requirements_of_this_source(monkeypatch)
    with_version(monkeypatch, "torch", "2.9.1+cpu")
    monkeypatch.setattr("torch.accelerator.is_available", None)  # an old one is asked nothing
    code, wrong = answer()
    assert code == 1
    assert wrong == [
        'FIX   torch 2.9.1+cpu is older than 2.10: python -m pip install "torch>=2.10"'
    ]


@pytest.mark.skipif(not HAS_TORCH, reason="needs torch to be there, to ask it")
@pytest.mark.parametrize("kind", ["cuda", "mps", "xpu", None])
def test_any_accelerator_is_named_and_the_cpu_where_there_is_none(capsys, monkeypatch, kind):
    import torch

    monkeypatch.setattr(torch.accelerator, "is_available", lambda: kind is not None)
    # A build of torch for a card that the machine has not still names the card here.
    named = torch.device(kind or "cuda")
    monkeypatch.setattr(torch.accelerator, "current_accelerator", lambda: named)
    doctor.main()
    runs_on = kind or f"the CPU, threads: {torch.get_num_threads()}"
    assert f"OK    torch runs on {runs_on}\n" in capsys.readouterr().out


@pytest.mark.parametrize("missing", ["ipykernel", "jupyter_client"])
def test_no_kernel(answer, monkeypatch, missing):
    without(monkeypatch, missing)
    code, wrong = answer()
    assert code == 1
    assert "FIX   there is no Jupyter kernel: python -m pip install ipykernel" in wrong


@pytest.mark.parametrize(
    ("program", "ready"),
    [
        (sys.executable, True),
        (str(Path(sys.executable).with_name("python-of-the-same-environment")), True),
        ("python3", True),
        ("/some/other/environment/bin/python", False),
    ],
)
def test_the_kernel_must_be_this_python(answer, monkeypatch, program, ready):
    from jupyter_client.kernelspec import KernelSpecManager

    spec = SimpleNamespace(argv=[program, "-m", "ipykernel_launcher"])
    monkeypatch.setattr(KernelSpecManager, "get_kernel_spec", lambda *_: spec)
    code, wrong = answer()
    assert code == (0 if ready else 1)
    if not ready:
        fix = next(line for line in wrong if program in line)
        assert fix == (
            f"FIX   Jupyter's kernel python3 is another Python, {program}: "
            "python -m ipykernel install --sys-prefix"
        )


def test_without_an_environment_the_kernel_is_the_users(answer, monkeypatch):
    from jupyter_client.kernelspec import KernelSpecManager

    spec = SimpleNamespace(argv=["/some/other/environment/bin/python"])
    monkeypatch.setattr(KernelSpecManager, "get_kernel_spec", lambda *_: spec)
    monkeypatch.setattr(doctor.sys, "base_prefix", doctor.sys.prefix)
    _, wrong = answer()
    assert [line for line in wrong if line.endswith(": python -m ipykernel install --user")]


def test_kernel_specification_that_can_not_be_read(answer, monkeypatch):
    from jupyter_client.kernelspec import KernelSpecManager

    def broken(self, name):
        raise ValueError("Expecting value: line 1\nand more")

    monkeypatch.setattr(KernelSpecManager, "get_kernel_spec", broken)
    code, wrong = answer()
    assert code == 1
    assert (
        "FIX   Jupyter has no kernel python3 (Expecting value: line 1): "
        "python -m ipykernel install --sys-prefix"
    ) in wrong


def test_another_number_than_r(answer, monkeypatch):
    from labkit.rstream import RStream

    monkeypatch.setattr(RStream, "standard_normal", lambda *_: 1.37096)
    code, wrong = answer()
    assert code == 1
    assert wrong == [
        "FIX   rnorm(1) after set.seed(42) is 1.370960, not in R: fix what is above, or make the "
        "environment anew: make clean site"
    ]


@pytest.mark.parametrize(("off", "mark"), [(0.5e-12, "OK"), (1.5e-12, "FIX"), (-1.5e-12, "FIX")])
def test_rs_number_is_held_to_twelve_decimals(monkeypatch, off, mark):
    from labkit.rstream import RStream

    monkeypatch.setattr(RStream, "standard_normal", lambda *_: 1.37095844714667 + off)
    assert [line.mark for line in doctor._r_number(this_course())] == [mark]


@pytest.mark.parametrize("harm", ["changed", "missing", "not readable (delete them first)"])
def test_data_changed_or_missing(answer, course, harm):
    table = course / "data" / "r_stream_seed42.csv"
    if harm == "changed":
        content = bytearray(table.read_bytes())
        content[-3] ^= 1
        table.write_bytes(content)
    else:
        table.unlink()
        if harm != "missing":
            table.mkdir()
    code, wrong = answer()
    assert code == 1
    assert wrong == [
        f"FIX   1 of {len(datasets.checksums())} data files {harm}: unset LABKIT_DATA, or: "
        "git checkout -- data/r_stream_seed42.csv"
    ]


def test_several_files_are_named_together(answer, course):
    (course / "data" / "r_glm.csv").write_text("other")
    (course / "data" / "rand_hie.csv").unlink()
    code, wrong = answer()
    assert code == 1
    assert wrong == [
        f"FIX   2 of {len(datasets.checksums())} data files changed or missing: "
        "unset LABKIT_DATA, or: git checkout -- data/r_glm.csv data/rand_hie.csv"
    ]


@pytest.mark.parametrize("content", [None, "", "no checksums in here\n"])
def test_checksums_missing_or_damaged(answer, course, content):
    sums = course / "data" / "SHA256SUMS"
    sums.unlink() if content is None else sums.write_text(content)
    code, wrong = answer()
    assert code == 1
    assert wrong == [
        "FIX   no data or no SHA256SUMS: unset LABKIT_DATA, or: "
        + datasets.from_its_source(ROOT, ["data"])
    ]


def test_no_data_where_no_variable_names_them(answer, course, monkeypatch):
    def no_list():
        raise FileNotFoundError

    monkeypatch.delenv("LABKIT_DATA")
    monkeypatch.setattr(datasets, "checksums", no_list)
    code, wrong = answer()
    assert code == 1
    assert wrong == ["FIX   no data or no SHA256SUMS: " + datasets.from_its_source(ROOT, ["data"])]


def test_no_renderer_stops_nobody(answer, monkeypatch):
    without_programs(monkeypatch, "quarto")
    without(monkeypatch, "smalldocs")
    [wanted] = [r for r in doctor.requirements("site") if r.package == "smalldocs"]
    code, wrong = answer()
    assert code == 0
    assert wrong == [
        "NOTE  no Quarto or smalldocs, so no site: "
        f'python -m pip install "smalldocs=={wanted.minimum}"'
    ]


@pytest.mark.parametrize(("there", "renders"), [("/bin/quarto", "Quarto"), (None, "smalldocs")])
def test_what_renders_the_site_is_named(monkeypatch, there, renders):
    monkeypatch.setattr(shutil, "which", lambda *_, **__: there)
    monkeypatch.setattr(doctor, "find_spec", lambda name: None if there else name)
    assert list(doctor._renderer(this_course())) == [("OK", f"{renders} renders the site")]


def test_a_course_without_labs(answer, course, monkeypatch):
    (course / "course").mkdir()
    monkeypatch.setattr(doctor, "__file__", str(course / "course" / "doctor.py"))
    (course / "notebooks" / "01-a-lab.ipynb").unlink()
    code, wrong = answer()
    assert code == 1
    assert wrong[-1] == (
        f'FIX   there is no lab in "{course / "notebooks"}": git checkout -- notebooks'
    )


@pytest.fixture
def students_folder(course, monkeypatch):
    """The course's folder as the students' zip and start.py make it."""
    (course / "edition").mkdir()
    (course / "edition" / "edition.json").write_text("{}")
    monkeypatch.setattr(doctor, "__file__", str(course / "edition" / "doctor.py"))
    shutil.rmtree(course / ".git")
    shutil.copytree(ROOT / "labkit", course / ".venv" / "lib" / "labkit")
    monkeypatch.setenv("PYTHONPATH", str(course / ".venv" / "lib"))
    return course


def test_a_student_is_told_of_start_py_and_of_neither_make_nor_git(
    answer, students_folder, monkeypatch
):
    from jupyter_client.kernelspec import KernelSpecManager

    from labkit.rstream import RStream

    start = f'{doctor.pythons.command()} "{students_folder / "start.py"}"'
    anew = f'delete "{students_folder / ".venv"}", then: {start}'
    other = SimpleNamespace(argv=["/some/other/environment/bin/python"])
    monkeypatch.setattr(KernelSpecManager, "get_kernel_spec", lambda *_: other)
    monkeypatch.setattr(doctor.sys, "version_info", (3, 10, 4, "final", 0))
    monkeypatch.setattr(RStream, "standard_normal", lambda *_: 1.37096)
    without(monkeypatch, "smalldocs", "torch", "tqdm")
    monkeypatch.setattr(doctor, "CHECKS", CHECKS)
    (students_folder / "data" / "r_stream_seed42.csv").unlink()
    monkeypatch.delenv("LABKIT_DATA")
    monkeypatch.setattr("labkit.datasets.data_folder", lambda: students_folder / "data")
    (students_folder / "notebooks" / "01-a-lab.ipynb").unlink()
    code, wrong = answer()
    assert code == 1
    said = dict(line.removeprefix("FIX   ").removeprefix("NOTE  ").split(": ", 1) for line in wrong)
    [python] = [said.pop(key) for key in list(said) if key.startswith("This is Python 3.10.4")]
    assert python.endswith(f"install one of them, then: {anew}")
    assert said.pop("tqdm is not installed") == anew
    assert said.pop("torch is not installed").endswith(f"to get it: {start}")
    assert said.pop("rnorm(1) after set.seed(42) is 1.370960, not in R").endswith(anew)
    assert said.pop(f'there is no lab in "{students_folder / "notebooks"}"') == start
    (_, kernel), (files, restored) = said.items()
    assert kernel == f'"{sys.executable}" -m ipykernel install --sys-prefix'
    assert (files[:5], restored) == ("1 of ", start)


def test_a_student_without_a_kernel_is_told_of_start_py(answer, students_folder, monkeypatch):
    without(monkeypatch, "ipykernel")
    code, wrong = answer()
    assert code == 1
    assert [line for line in wrong if "no Jupyter kernel: delete" in line]
    assert not any(word in " ".join(wrong) for word in ("pip", "make", "git"))


def test_a_student_has_the_labkit_of_the_environment(answer, students_folder, monkeypatch):
    assert answer() == (0, [])
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    assert answer() == (1, [
        f"FIX   a notebook imports labkit from {ROOT / 'labkit'}, not from "
        f"{students_folder / '.venv'}: {this_course().anew}"
    ])  # fmt: skip


def test_a_file_of_the_students_own_that_is_called_labkit(answer, students_folder):
    (students_folder / "notebooks" / "labkit.py").write_text("")
    code, wrong = answer()
    assert code == 1
    found = f"FIX   a notebook imports labkit from {students_folder / 'notebooks'}, not from "
    assert wrong[0].startswith(found)


def test_a_check_that_breaks_stops_no_other(answer, monkeypatch):
    def _the_moon(course):
        raise RuntimeError("\nno moon\ntoday")
        yield

    monkeypatch.setattr(doctor, "CHECKS", [_the_moon, *doctor.CHECKS])
    code, wrong = answer()
    assert code == 1
    assert wrong[0].startswith("FIX   the_moon: no moon: ")
    assert len([line for line in wrong if line.startswith("FIX")]) == 1


def test_a_python_with_nothing_installed_gets_lines_and_no_traceback():
    done = run_without_packages("-m", "course.doctor")
    assert done.returncode == 1
    assert done.stderr == ""
    assert "FIX   labkit is not installed in this Python: make site" in done.stdout
    assert "data files, as they were published" in done.stdout


def test_importing_from_labkit_with_nothing_installed_says_what_to_do():
    done = run_without_packages("-c", "from labkit import fit_linear")
    assert done.returncode == 1
    assert "ModuleNotFoundError: labkit's packages are not installed" in done.stderr
    assert "make site" in done.stderr
    assert "'python3 start.py' (on Windows 'py start.py')" in done.stderr


def run_without_packages(*arguments):
    """Run the Python that made this environment, with labkit's source and no other package."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    environment["PYTHONPATH"] = str(ROOT)
    command = [sys.executable, "-S", *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_nothing_asks_for_the_name_of_the_machine_or_names_a_registry(capsys, monkeypatch):
    def asked(*_):
        raise AssertionError("the machine's name is nobody's business")

    without(monkeypatch, "pandas", "smalldocs")
    doctor.main()  # what is imported here for the first time may ask
    for module, function in [(platform, "node"), (platform, "uname"), (socket, "gethostname")]:
        monkeypatch.setattr(module, function, asked)
    capsys.readouterr()
    doctor.main()
    out = capsys.readouterr().out
    assert "nobody's business" not in out
    assert "://" not in out
    assert "index" not in out
