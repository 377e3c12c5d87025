"""Is this machine ready for the labs? Each line says OK, or what is wrong and how to fix it.

    python -m course.doctor          in a clone of the course; also by `make doctor`
    python3 start.py --doctor        in the students' folder, where this file is in edition/

Made for where things are broken: the standard library at the top, each check by itself.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING or __package__:
    from course.environment import place, pythons
    from course.environment.programs import python_of
else:  # in the students' folder they stand beside this file
    import place
    import pythons
    from programs import python_of


@dataclass(frozen=True)
class Course:
    """The course on this machine: a clone, which make and pip fix, or what `start.py` has made.

    A student has neither make nor, perhaps, a network for pip. `start.py` installs all packages,
    so its answers don't depend on which.
    """

    folder: Path
    is_students: bool

    @property
    def start(self) -> str:
        """What installs all that is missing in the students' folder."""
        return f'{pythons.command()} "{self.folder / "start.py"}"'

    @property
    def again(self) -> str:
        """What fits the environment to a new place of the folder."""
        return self.start if self.is_students else "make site"

    @property
    def anew(self) -> str:
        """What makes the environment anew, or is enough after the folder was moved."""
        if place.made_elsewhere(Path(sys.prefix)):
            return self.again
        again = f'delete "{self.folder / ".venv"}", then: {self.start}'
        return again if self.is_students else "make clean site"

    def install(self, requirement: str, option: str = "") -> str:
        """Return how to install what pip calls `requirement`."""
        return self.anew if self.is_students else f"python -m pip install {option}{requirement}"


def this_course() -> Course:
    """Return the course that this file belongs to."""
    home = Path(__file__).resolve().parents[1]
    return Course(home, (home / "edition" / "edition.json").is_file())


class Line(NamedTuple):
    """One line of the answer: OK; NOTE, which stops nobody; FIX, which stops a student."""

    mark: str
    text: str


class Requirement(NamedTuple):
    """What the metadata asks for in a line such as `torch>=2.10; extra == 'torch'`."""

    package: str
    minimum: str
    extra: str

    def __str__(self) -> str:
        """Return it as one writes it for pip in a shell."""
        return f'"{self.package}>={self.minimum}"'


def requirements(extra: str) -> list[Requirement]:
    """Return what labkit requires for an extra ("": always), from its installed metadata."""
    pattern = re.compile(r"([\w.-]+?)\s*[>=]=\s*([\d.]+)(?:\s*;\s*extra == ['\"](.+)['\"])?$")
    found = filter(None, map(pattern.match, metadata.requires("labkit") or []))
    return [Requirement(*match.groups("")) for match in found if match.groups("")[2] == extra]


def release(version: str) -> list[int]:
    """Return a version such as 2.10.1+cpu as [2, 10, 1], so that it compares."""
    return [int(number) for number in re.findall(r"\d+", version.split("+")[0])[:3]]


def state_of(requirement: Requirement, course: Course) -> Line:
    """Compare the installed version of a package with the oldest that will do."""
    package, minimum, _ = requirement
    fix = course.install(str(requirement))
    try:
        version = metadata.version(package)
    except metadata.PackageNotFoundError:
        return Line("FIX", f"{package} is not installed: {fix}")
    if release(version) < release(minimum):
        return Line("FIX", f"{package} {version} is older than {minimum}: {fix}")
    return Line("OK", f"{package} {version}")


def _python(course: Course) -> Iterator[Line]:
    version = ".".join(map(str, sys.version_info[:3]))
    newest = f"python3.{pythons.NEWEST[1]}"
    again = course.anew if course.is_students else f"make clean site PYTHON={newest}"
    install = f"the course needs {pythons.WORKING}; install one of them, then: {again}"
    if wrong := pythons.fault():
        yield Line("FIX", f"{wrong}: {install}")
    else:
        yield Line("OK", f"Python {version}")


def _place(course: Course) -> Iterator[Line]:
    """Say so where the folder's name is wrong, or was another when the environment was made."""
    if wrong := place.wrong_name(course.folder):
        yield Line("FIX", f"no environment works here: {wrong}; rename it, then: {course.again}")
    elif old := place.made_elsewhere(Path(sys.prefix)):
        moved = f"the folder was moved, renamed or copied: its environment was made as {old}"
        yield Line("FIX", f"{moved}, where its programs look for Python: {course.again}")


def _packages(course: Course) -> Iterator[Line]:
    try:
        needed = requirements("") + requirements("labs")
    except metadata.PackageNotFoundError:
        make = "make site, and use the Python in .venv"
        without_make = "python -m pip install -r requirements/site.txt -e ."
        fix = course.anew if course.is_students else f"{make}; or, without make: {without_make}"
        yield Line("FIX", f"labkit is not installed in this Python: {fix}")
        return
    yield from (state_of(requirement, course) for requirement in needed)


def _torch(course: Course) -> Iterator[Line]:
    [wanted] = requirements("torch")
    if find_spec("torch") is None and pythons.is_intel_mac():
        yield Line(
            "NOTE", "there is no torch for a Mac with an Intel processor: the other cells run"
        )
        return
    if find_spec("torch") is None:
        missing = "torch is not installed: the NumPy halves of the labs run; to get it"
        fix = course.start if course.is_students else course.install(str(wanted))
        yield Line("NOTE", f"{missing}: {fix}")
        return
    yield (state := state_of(wanted, course))
    if state.mark == "FIX":
        return
    try:
        import torch

        there = torch.accelerator.is_available()
        device = torch.accelerator.current_accelerator() if there else None
        cpu = f"the CPU, threads: {torch.get_num_threads()}"
        yield Line("OK", f"torch runs on {device.type if device else cpu}")
    except Exception as error:  # a library that the system can't load, often
        wrong = f"torch can't be used ({first_line(error)})"
        yield Line("FIX", f"{wrong}: {course.install(str(wanted), '--force-reinstall ')}")


def _jupyter_kernel(course: Course) -> Iterator[Line]:
    if find_spec("ipykernel") is None or find_spec("jupyter_client") is None:
        yield Line("FIX", f"there is no Jupyter kernel: {course.install('ipykernel')}")
        return
    from jupyter_client.kernelspec import KernelSpecManager

    place = "user" if sys.prefix == sys.base_prefix else "sys-prefix"
    python = f'"{sys.executable}"' if course.is_students else "python"
    install = f"{python} -m ipykernel install --{place}"
    try:
        program = KernelSpecManager().get_kernel_spec("python3").argv[0]
    except Exception as error:
        yield Line("FIX", f"Jupyter has no kernel python3 ({first_line(error)}): {install}")
        return
    own = is_here(program) or program.startswith("python")  # a bare name is Jupyter's own Python
    other = Line("FIX", f"Jupyter's kernel python3 is another Python, {program}: {install}")
    yield Line("OK", "Jupyter's kernel python3 is this Python") if own else other


def is_here(python: str) -> bool:
    """Tell whether a Python is one of this environment."""
    folder, here = (Path(path).parent.resolve() for path in (python, sys.executable))
    return folder == here


def _jupyter_lab(course: Course) -> Iterator[Line]:
    if find_spec("jupyterlab") is None:  # a missing package has its line already
        return
    wrong = wrong_start("jupyter") or wrong_start("jupyter-lab")  # the first starts the second
    right = Line("OK", "jupyter lab starts with this Python")
    yield Line("FIX", f"{wrong}: {course.anew}") if wrong else right


def wrong_start(program: str) -> str:
    """Return what is wrong with the Python that starts a program, or "" where nothing is."""
    here = Path(sys.executable).parent
    places = os.pathsep.join([str(here), str(here / "Scripts"), os.environ.get("PATH", "")])
    launcher = shutil.which(program, path=places)
    if launcher is None:
        return f"jupyter lab can't start, there is no program {program}"
    python = python_of(Path(launcher))
    if python is None or (Path(python).is_file() and is_here(python)):
        return ""
    if Path(python).is_file():
        return f"{launcher} starts another Python, {python}"
    gone = f"{launcher} needs {python}, which is not there"
    return f"jupyter lab can't start, {gone} (was the folder moved or renamed?)"


def _labkit(course: Course) -> Iterator[Line]:
    """Ask what a notebook imports; this process may have its labkit from the working folder."""
    ask = [sys.executable, "-c", "import labkit; print(labkit.__file__)"]
    notebooks = course.folder / "notebooks"
    wanted = Path(sys.prefix) if course.is_students else course.folder / "labkit"
    folder = notebooks if notebooks.is_dir() else None
    done = subprocess.run(ask, cwd=folder, capture_output=True, text=True, check=False)
    *_, last = ["no answer", *(done.stderr if done.returncode else done.stdout).splitlines()]
    found = Path(last).parent
    if done.returncode:
        yield Line("FIX", f"a notebook can't import labkit ({last}): {course.anew}")
    elif not found.resolve().is_relative_to(wanted.resolve()):
        wrong = f"a notebook imports labkit from {found}, not from {wanted}"
        yield Line("FIX", f"{wrong}: {course.anew}")
    else:
        yield Line("OK", "a notebook imports the labkit of this course")


def _r_number(course: Course) -> Iterator[Line]:
    from labkit.rstream import RStream

    first = RStream(42).standard_normal()
    wrong = abs(first - 1.37095844714667) > 1e-12
    text = f"rnorm(1) after set.seed(42) is {first:.6f}"
    yield or_anew(course, f"{text}, not in R") if wrong else Line("OK", f"{text}, as in R")


def _data(course: Course) -> Iterator[Line]:
    from labkit.datasets import checksums, from_its_source, how_to_restore

    try:
        names = list(checksums())
    except (OSError, ValueError):  # no SHA256SUMS, or one that can't be read
        names = []
    faults = {name: fault for name in names if (fault := fault_of(name))}
    if not names:
        other = "unset LABKIT_DATA, or: " if os.environ.get("LABKIT_DATA") else ""
        fix = from_its_source(course.folder, ["data"])
        yield Line("FIX", f"no data or no SHA256SUMS: {other}{fix}")
    elif faults:
        kinds = " or ".join(sorted({*faults.values()}))
        wrong = f"{len(faults)} of {len(names)} data files {kinds}"
        yield Line("FIX", f"{wrong}: {how_to_restore(*faults)}")
    else:
        yield Line("OK", f"{len(names)} data files, as they were published")


def fault_of(name: str) -> str:
    """Return what is wrong with a file of the data folder, in a word, or "" where nothing is."""
    from labkit.datasets import verified

    try:
        verified(name)
    except FileNotFoundError:
        return "missing"
    except OSError:
        return "not readable (delete them first)"
    except ValueError:
        return "changed"
    return ""


def _renderer(course: Course) -> Iterator[Line]:
    if course.is_students:  # the zip has the site, rendered
        return
    program = "Quarto" if shutil.which("quarto") else "smalldocs"
    if program == "Quarto" or find_spec("smalldocs"):
        yield Line("OK", f"{program} renders the site")
        return
    [wanted] = [r for r in requirements("site") if r.package == "smalldocs"]
    fix = course.install(str(wanted).replace(">", "="))  # the version that the site is made for
    yield Line("NOTE", f"no Quarto or smalldocs, so no site: {fix}")


def _labs(course: Course) -> Iterator[Line]:
    from labkit.datasets import from_its_source

    labs = any(course.folder.glob("notebooks/*.ipynb"))
    fix = from_its_source(course.folder, ["notebooks"])
    missing = f'there is no lab in "{course.folder / "notebooks"}"'
    yield Line("OK", "the labs are there") if labs else Line("FIX", f"{missing}: {fix}")


CHECKS: list[Callable[[Course], Iterator[Line]]] = [
    _python, _place, _packages, _labkit, _torch, _jupyter_kernel, _jupyter_lab, _r_number, _data,
    _renderer, _labs,
]  # fmt: skip


def or_anew(course: Course, wrong: str) -> Line:
    """Return the line of what may be wrong because something above it is."""
    return Line("FIX", f"{wrong}: fix what is above, or make the environment anew: {course.anew}")


def first_line(error: Exception) -> str:
    """Return what an error says, on one line."""
    return next(filter(None, map(str.strip, str(error).splitlines())), type(error).__name__)


def lines() -> Iterator[Line]:
    """Run every check; one that breaks is a line of its own and stops no other."""
    course = this_course()
    for check in CHECKS:
        try:
            yield from check(course)
        except Exception as error:
            yield or_anew(course, f"{check.__name__[1:]}: {first_line(error)}")


def main() -> int:
    """Print the lines; return 0 where a student can work."""
    wrong = 0
    for line in lines():
        print(f"{line.mark:4}  {line.text}", flush=True)
        wrong += line.mark == "FIX"
    print(f"\nTo fix: {wrong}. Then run this again." if wrong else "\nReady: the labs run here.")
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
