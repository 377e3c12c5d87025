"""Which lines of `requirements.lock` some of the extras need: a lab's, without tests and site.

The lock names every package once and says nothing of who asks for it; the installed packages'
metadata do. So this runs in an environment made from the lock (`make site` makes it).
"""

import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, requires
from itertools import product
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from course import ROOT

SYSTEMS = [
    {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
    {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
    {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
]
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
# What a build of torch for graphics cards asks for; the lock leaves it out and says why.
LEFT_OUT = ("nvidia-", "cuda-", "triton")


class ClosureError(Exception):
    """The lines can't be told, with a message that says why and what to do."""


def closure(*extras: str, root: Path = ROOT) -> list[str]:
    """Return the lines of the lock that `labkit` needs with these extras, on any system.

    A line keeps its marker (`; sys_platform == 'win32'`), which pip reads.
    """
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    known = project["optional-dependencies"]
    if unknown := sorted(set(extras) - set(known)):
        raise ClosureError(f"extras must be among {', '.join(known)}: {unknown[0]!r} is not")
    asked = [*project["dependencies"], *(line for extra in extras for line in known[extra])]
    return pinned(asked, root)


def pinned(asked: list[str], root: Path = ROOT) -> list[str]:
    """Return the lines of the lock for these requirements and all that they need in turn."""
    pins = lock(root)
    seen: set[tuple[str, frozenset[str]]] = set()
    waiting = [Requirement(line) for line in asked]
    while waiting:
        wanted = waiting.pop()
        name, extras = canonicalize_name(wanted.name), frozenset(wanted.extras)
        if name.startswith(LEFT_OUT) or (name, extras) in seen:
            continue
        seen.add((name, extras))
        if name not in pins:
            raise ClosureError(f"requirements.lock does not pin {name}: run make lock")
        waiting += needs(name, extras, foreign=not any(map(holds_here, pins[name])))
    return [line for name in sorted({name for name, _ in seen}) for line in pins[name]]


def lock(root: Path = ROOT) -> dict[str, list[str]]:
    """Return the lock's lines by package; one has several where versions depend on the Python."""
    pins: dict[str, list[str]] = {}
    for line in (root / "requirements.lock").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            pins.setdefault(canonicalize_name(Requirement(line).name), []).append(line)
    return pins


def needs(name: str, extras: frozenset[str], *, foreign: bool) -> Iterator[Requirement]:
    """Yield what an installed package asks for, on any system that the course runs on.

    What the lock pins for other systems alone (`foreign`) is not installed here. Those few
    packages are taken to need nothing.
    """
    try:
        asked = requires(name) or []
    except PackageNotFoundError:
        if foreign:
            return
        raise ClosureError(
            f"{name} is not installed, so what it needs is not known: use the environment "
            "made from requirements.lock (make site)"
        ) from None
    for line in asked:
        requirement = Requirement(line)
        if requirement.marker is None or holds_somewhere(requirement, extras):
            yield requirement


def holds_here(line: str) -> bool:
    """Tell whether a line of the lock is for this system and this Python."""
    marker = Requirement(line).marker
    return marker is None or marker.evaluate()


def holds_somewhere(requirement: Requirement, extras: frozenset[str]) -> bool:
    """Tell whether a requirement's marker holds on one of the systems, with one of the extras."""
    assert requirement.marker is not None
    return any(
        requirement.marker.evaluate(
            {**system, "python_version": python, "python_full_version": f"{python}.0"}
            | {"implementation_name": "cpython", "platform_python_implementation": "CPython"}
            | {"extra": extra}
        )
        for system, python, extra in product(SYSTEMS, PYTHONS, ["", *sorted(extras)])
    )
