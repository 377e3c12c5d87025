"""The part of requirements.lock that an extra needs: whole, and no more."""

from importlib.metadata import PackageNotFoundError
from importlib.util import find_spec

import pytest

from course.environment.closure import ClosureError, closure, lock

ASKED_BY = {
    "numpy": ["narrow>=1 ; extra == 'fast'", "wide>=2"],
    "wide": ["deep ; python_version < '3.12'", "only-windows ; sys_platform == 'win32'"],
    "deep": ["wide", "Under_Score ; platform_system == 'Darwin'"],
    "torch": ["wide", "nvidia-cublas==13 ; platform_system == 'Linux'"],
    "narrow": [],
    "under-score": [],
    "pytest": [],
}
PINS = {
    "numpy": "numpy==2.0",
    "wide": "wide==2 ; python_full_version < '3.12'\nwide==3 ; python_full_version >= '3.12'",
    "deep": "deep==1",
    "narrow": "narrow==1",
    "only-windows": "only-windows==4 ; sys_platform == 'win32' and sys_platform != 'linux'",
    "under-score": "under-score==1",
    "torch": "torch==2",
    "pytest": "pytest==9",
}


@pytest.fixture
def project(tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").write_text(
        "[project]\ndependencies = ['numpy>=1']\n[project.optional-dependencies]\n"
        "fast = ['numpy[fast]']\ntorch = ['torch']\ntest = ['pytest']\n"
    )
    (tmp_path / "requirements.lock").write_text("# pinned\n" + "\n".join(PINS.values()) + "\n")

    def requires(name):
        if name not in ASKED_BY:
            raise PackageNotFoundError(name)
        return ASKED_BY[name]

    monkeypatch.setattr("course.environment.closure.requires", requires)
    monkeypatch.setattr("sys.platform", "linux")
    return tmp_path


def lines(*names):
    return "\n".join(PINS[name] for name in names).splitlines()


def test_a_package_brings_what_it_needs_on_any_system_and_any_python(project):
    always = lines("deep", "numpy", "only-windows", "under-score", "wide")
    assert closure(root=project) == always


def test_an_extra_brings_its_own_and_no_other(project):
    assert "narrow==1" in closure("fast", root=project)
    assert "torch==2" not in closure("fast", root=project)
    assert set(closure("torch", root=project)) - set(closure(root=project)) == {"torch==2"}


def test_a_package_that_the_lock_lacks_is_named(project):
    path = project / "requirements.lock"
    path.write_text(path.read_text().replace("deep==1\n", ""))
    with pytest.raises(ClosureError, match="does not pin deep: run make lock"):
        closure(root=project)


def test_a_package_that_is_not_installed_is_named(project, monkeypatch):
    monkeypatch.delitem(ASKED_BY, "deep")
    with pytest.raises(ClosureError, match=r"deep is not installed.*make site"):
        closure(root=project)


def test_an_unknown_extra_is_answered_with_the_known_ones(project):
    with pytest.raises(ClosureError, match="among fast, torch, test: 'labs' is not"):
        closure("labs", root=project)


def test_a_lab_needs_jupyter_and_neither_the_tests_nor_the_site():
    names = {line.split("==")[0] for line in closure("labs")}
    assert {"jupyterlab", "ipykernel", "scikit-learn", "numpy", "pandas", "joblib"} <= names
    assert not names & {"pytest", "mypy", "ruff", "hypothesis", "smalldocs", "distributed"}
    assert len(names) < len(lock()) * 0.75


@pytest.mark.skipif(find_spec("torch") is None, reason="torch is not installed here")
def test_torch_brings_no_library_for_graphics_cards():
    new = set(closure("torch")) - set(closure())
    assert any(line.startswith("torch==") for line in new)
    assert not [line for line in new if line.startswith(("nvidia", "cuda", "triton"))]
