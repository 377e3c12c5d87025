"""`python -m labkit`: is this machine ready? Each line says OK, or what is wrong and its mend.

Made for where things are broken: the standard library at the top, each check by itself.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

OLDEST_PYTHON = (3, 11)
ANEW = "mend what is above, or make the environment anew:"
CLONE = Path(__file__).resolve().parents[1]


class Line(NamedTuple):
    """One line of the answer: OK; NOTE, which stops nobody; MEND, which stops a student."""

    mark: str
    text: str


def students_folder() -> Path | None:
    """Return the folder whose `start.py` made this environment; None in a clone of the course.

    A student has neither `make` nor `git`, and perhaps no network: `start.py` is what mends.
    """
    home = Path(sys.prefix).parent
    return home if (home / "edition" / "edition.json").is_file() else None


def start(home: Path) -> str:
    """Return the command that puts a student's folder in order."""
    return f'{"py" if os.name == "nt" else "python3"} "{home / "start.py"}"'


def anew() -> str:
    """Return how to make the environment anew."""
    if home := students_folder():
        return f'delete "{home / ".venv"}", then: {start(home)}'
    return "make clean site"


class Requirement(NamedTuple):
    """What the metadata asks for in a line such as `torch>=2.6; extra == 'torch'`."""

    package: str
    minimum: str
    extra: str

    def command(self, option: str = "") -> str:
        """Return the command that installs it."""
        if students_folder():
            return anew()
        return f'python -m pip install {option}"{self.package}>={self.minimum}"'


def requirements(extra: str) -> list[Requirement]:
    """Return what labkit requires for an extra ("": always), from its installed metadata."""
    pattern = re.compile(r"([\w.-]+?)\s*[>=]=\s*([\d.]+)(?:\s*;\s*extra == ['\"](.+)['\"])?$")
    found = filter(None, map(pattern.match, metadata.requires("labkit") or []))
    return [Requirement(*match.groups("")) for match in found if match.groups("")[2] == extra]


def release(version: str) -> list[int]:
    """Return a version such as 2.10.1+cpu as [2, 10, 1], so that it compares."""
    return [int(number) for number in re.findall(r"\d+", version.split("+")[0])[:3]]


def state_of(requirement: Requirement) -> Line:
    """Compare the installed version of a package with the oldest that will do."""
    package, minimum, _ = requirement
    try:
        version = metadata.version(package)
    except metadata.PackageNotFoundError:
        return Line("MEND", f"{package} is not installed: {requirement.command()}")
    if release(version) < release(minimum):
        return Line("MEND", f"{package} {version} is older than {minimum}: {requirement.command()}")
    return Line("OK", f"{package} {version}")


def _python() -> Iterator[Line]:
    version, oldest = (".".join(map(str, v)) for v in (sys.version_info[:3], OLDEST_PYTHON))
    then = anew() if students_folder() else f"make site PYTHON=python{oldest}"
    mend = f"is older than {oldest}; install that, then: {then}"
    old = sys.version_info[:2] < OLDEST_PYTHON
    yield Line("MEND", f"Python {version} {mend}") if old else Line("OK", f"Python {version}")


def _packages() -> Iterator[Line]:
    try:
        needed = requirements("") + requirements("labs")
    except metadata.PackageNotFoundError:
        wrong = "labkit is not installed in this Python: make site, and use the Python in .venv"
        without_make = "python -m pip install -r requirements.lock -e ."
        yield Line("MEND", f"{wrong}; or, without make: {without_make}")
        return
    yield from map(state_of, needed)


def _torch() -> Iterator[Line]:
    [wanted] = requirements("torch")
    if find_spec("torch") is None:
        missing = "torch is not installed: the NumPy halves of the labs run; to get it"
        home = students_folder()
        yield Line("NOTE", f"{missing}: {start(home) if home else wanted.command()}")
        return
    yield state_of(wanted)
    try:
        import torch

        cuda, threads = torch.cuda.is_available(), torch.get_num_threads()
        yield Line("OK", f"torch runs on {'cuda' if cuda else f'the CPU, threads: {threads}'}")
    except Exception as error:  # a library that the system can't load, often
        wrong = f"torch can't be used ({first_line(error)})"
        yield Line("MEND", f"{wrong}: {wanted.command('--force-reinstall ')}")


def _jupyter_kernel() -> Iterator[Line]:
    if find_spec("ipykernel") is None or find_spec("jupyter_client") is None:
        mend = anew() if students_folder() else "python -m pip install ipykernel"
        yield Line("MEND", f"there is no Jupyter kernel: {mend}")
        return
    from jupyter_client.kernelspec import KernelSpecManager

    place = "user" if sys.prefix == sys.base_prefix else "sys-prefix"
    python = f'"{sys.executable}"' if students_folder() else "python"
    install = f"{python} -m ipykernel install --{place}"
    try:
        program = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except Exception as error:
        yield Line("MEND", f"Jupyter has no kernel python3 ({first_line(error)}): {install}")
        return
    folder, here = (Path(path).parent.resolve() for path in (program, sys.executable))
    own = folder == here or program.startswith("python")  # a bare name is Jupyter's own Python
    other = Line("MEND", f"Jupyter's kernel python3 is another Python, {program}: {install}")
    yield Line("OK", "Jupyter's kernel python3 is this Python") if own else other


def _r_number() -> Iterator[Line]:
    from labkit.rstream import RStream

    first = RStream(42).standard_normal()
    wrong = abs(first - 1.37095844714667) > 1e-12
    text = f"rnorm(1) after set.seed(42) is {first:.6f}"
    yield (
        Line("MEND", f"{text}, not in R: {ANEW} {anew()}")
        if wrong
        else Line("OK", f"{text}, as in R")
    )


def _data() -> Iterator[Line]:
    from labkit.datasets import checksums, data_folder, verified

    def intact(name: str) -> bool:
        try:
            return verified(name).is_file()
        except (OSError, ValueError):
            return False

    other = "unset LABKIT_DATA, or: " if "LABKIT_DATA" in os.environ else ""
    try:
        folder, names = data_folder(), list(checksums())
    except (OSError, ValueError):  # no SHA256SUMS, or one that can't be read
        names = []
    home = students_folder()
    if not names:
        mend = start(home) if home else f'git -C "{CLONE}" checkout -- data'
        yield Line("MEND", f"no data or no SHA256SUMS: {other}{mend}")
    elif bad := [f"{folder.name}/{name}" for name in names if not intact(name)]:
        git = "git" if folder.parent == Path.cwd() else f'git -C "{folder.parent}"'
        mend = start(home) if home else f"{git} checkout -- {' '.join(bad)}"
        wrong = f"{len(bad)} of {len(names)} data files changed or missing"
        yield Line("MEND", f"{wrong}: {other}{mend}")
    else:
        yield Line("OK", f"{len(names)} data files, as they were published")


def _renderer() -> Iterator[Line]:
    if students_folder():  # has the site, rendered
        return
    program = "Quarto" if shutil.which("quarto") else "smalldocs"
    if program == "Quarto" or find_spec("smalldocs"):
        yield Line("OK", f"{program} renders the site")
        return
    [wanted] = [r for r in requirements("site") if r.package == "smalldocs"]
    yield Line("NOTE", f"no Quarto or smalldocs, so no site: {wanted.command().replace('>', '=')}")


def _labs_folder() -> Iterator[Line]:
    here = Path.cwd()
    found = any(any(folder.glob("notebooks/*.ipynb")) for folder in (here, *here.parents))
    away = Line("MEND", f'the labs are not in this folder: cd "{students_folder() or CLONE}"')
    yield Line("OK", "the labs are in this folder") if found else away


CHECKS: list[Callable[[], Iterator[Line]]] = [
    _python, _packages, _torch, _jupyter_kernel, _r_number, _data, _renderer, _labs_folder
]  # fmt: skip


def first_line(error: Exception) -> str:
    """Return what an error says, on one line."""
    return next(filter(None, map(str.strip, str(error).splitlines())), type(error).__name__)


def lines() -> Iterator[Line]:
    """Run every check; one that breaks is a line of its own and stops no other."""
    for check in CHECKS:
        try:
            yield from check()
        except Exception as error:
            yield Line("MEND", f"{check.__name__[1:]}: {first_line(error)}: {ANEW} {anew()}")


def main() -> int:
    """Print the lines; return 0 where a student can work."""
    wrong = 0
    for line in lines():
        print(f"{line.mark:4}  {line.text}", flush=True)
        wrong += line.mark == "MEND"
    print(f"\nTo mend: {wrong}. Then run this again." if wrong else "\nReady: the labs run here.")
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
