"""What `make lock` wrote for each command: whole, no more than it needs, and as in the lock."""

import sys
import tomllib
from importlib.metadata import PackageNotFoundError, requires
from importlib.util import find_spec
from itertools import product

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from course import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = {
    "requirements/students-no-torch.txt": ["labs"],
    "requirements/students.txt": ["labs", "torch"],
    "requirements/site.txt": ["labs", "torch", "site", "grade", "build"],
    "requirements/test.txt": ["labs", "torch", "site", "grade", "build", "test", "browser"],
    "requirements.lock": list(PROJECT["optional-dependencies"]),
}
EXCERPTS = [file for file in EXTRAS if file != "requirements.lock"]
# What a build of torch for graphics cards asks for; the lock leaves it out and says why.
LEFT_OUT = ("nvidia-", "cuda-", "triton")
SYSTEMS = [
    {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
]
PYTHONS = ["3.11.0", "3.11.9", "3.12.0", "3.13.0", "3.14.0"]
ENVIRONMENTS = [
    system
    | {"python_version": python.rpartition(".")[0], "python_full_version": python, "extra": ""}
    | {"implementation_name": "cpython", "platform_python_implementation": "CPython"}
    for system, python in product(SYSTEMS, PYTHONS)
]


def versions(file, environment):
    """Return the version of each package that a file pins for a system and a Python."""
    lines = (ROOT / file).read_text(encoding="utf-8").splitlines()
    pins = [Requirement(line) for line in lines if not line.startswith("#")]
    pins = [pin for pin in pins if holds(pin, environment)]
    found = {canonicalize_name(pin.name): str(pin.specifier).removeprefix("==") for pin in pins}
    assert len(found) == len(pins), "two versions of a package"
    return found


def holds(requirement, environment):
    return requirement.marker is None or requirement.marker.evaluate(environment)


def asked(file):
    """Return what pyproject.toml asks for where labkit has a file's extras."""
    extras = PROJECT["optional-dependencies"]
    lines = [line for extra in EXTRAS[file] for line in extras[extra]]
    return [Requirement(line) for line in PROJECT["dependencies"] + lines]


def reached(file, environment):
    """Return all packages that a file must pin, by what the installed packages ask for in turn.

    Those of other systems alone are not installed here; these few are taken to need nothing.
    """
    seen, waiting = set(), asked(file)
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        for extra in {"", *wanted.extras}:
            if (name, extra) not in seen and not name.startswith(LEFT_OUT):
                seen.add((name, extra))
                with_extra = environment | {"extra": extra}
                waiting += [need for need in needs_of(name) if holds(need, with_extra)]
    return {name for name, _ in seen}


def needs_of(name):
    try:
        return map(Requirement, requires(name) or [])
    except PackageNotFoundError:
        return []


@pytest.mark.parametrize("file", EXTRAS)
def test_what_pyproject_asks_for_is_pinned_on_every_system(file):
    for environment in ENVIRONMENTS:
        pinned = versions(file, environment)
        for wanted in asked(file):
            assert wanted.specifier.contains(pinned[canonicalize_name(wanted.name)]), wanted


@pytest.mark.parametrize("file", EXCERPTS)
def test_a_version_is_that_of_the_lock(file):
    for environment in ENVIRONMENTS:
        locked = versions("requirements.lock", environment)
        assert versions(file, environment).items() <= locked.items()


@pytest.mark.parametrize("file", EXCERPTS)
def test_a_package_that_something_needs_is_there_and_no_other(file):
    if "torch" in EXTRAS[file] and find_spec("torch") is None:
        pytest.skip("what torch needs is not known here")
    for environment in ENVIRONMENTS:
        needed, pinned = reached(file, environment), set(versions(file, environment))
        assert needed <= pinned
        assert needed == pinned or environment["sys_platform"] != sys.platform


def test_without_torch_no_other_package_brings_it():
    here = ENVIRONMENTS[0]
    for name in versions("requirements/test.txt", here):
        assert not [n for n in needs_of(name) if n.name == "torch" and holds(n, here)], name


@pytest.mark.parametrize("file", EXTRAS)
def test_no_library_for_graphics_cards_is_pinned(file):
    assert not [name for name in versions(file, ENVIRONMENTS[0]) if name.startswith(LEFT_OUT)]
