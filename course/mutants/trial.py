"""Try mutants: run the tests of a changed module, in a copy of the tree, and see whether one fails.

Each mutant meets the tests of its module, then those that use what the module exports, up to the
first failure. Nothing is written here.
"""

import ast
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

from course import ROOT
from course.dependencies.exports import exports, imports
from course.mutants.mutation import Mutant

COPIED = ("labkit", "tests", "course")  # into each copy of the tree; the rest are links
LIMIT_FACTOR, LIMIT_MARGIN = 4, 10  # of the seconds without a mutant; in seconds
ONE_THREAD = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
ENVIRONMENT = {
    **ONE_THREAD,
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # loading them all takes a second
}
PLUGINS = ["-p", "no:cacheprovider", "-p", "xdist.plugin"]  # a fixture asks which worker it is in


class MutantsError(Exception):
    """No mutant can be tried, with a message that says why and what to do."""


@dataclass(frozen=True)
class Verdict:
    """Whether a mutant survived the tests."""

    module: str
    mutant: Mutant
    survived: bool

    def __str__(self) -> str:
        """Name the place and the change, as an editor finds it."""
        before, after = (text if len(text) < 90 else f"{text[:87]}…" for text in self._texts())
        return f"{self.module}:{self.mutant.line}: {before}  ->  {after}"

    def _texts(self) -> tuple[str, str]:
        return self.mutant.before, self.mutant.after or "(nothing)"


# --- which tests are run -------------------------------------------------------------------------


def which_tests(module: str, root: Path = ROOT) -> list[list[str]]:
    """Return the test files to run for a module: its own, then the others.

    The others are those that import the module or a name that it exports, and, since a module may
    be used only through another, all of those of the modules that import it.
    """
    name = Path(module).stem
    file = f"test_{name}"  # of study also test_study_on_dask, but not test_studies
    tests = sorted((root / "tests").glob("test_*.py"))
    first = [path for path in tests if path.stem == file or path.stem.startswith(f"{file}_")]
    users = [path.stem for path in (root / "labkit").glob("*.py") if name in _imported(path)]
    modules = {name, *users}
    exported = {
        alias
        for alias, module in exports(root / "labkit").items()
        if module.removeprefix("labkit.") in modules
    }
    others = [
        path
        for path in tests
        if path not in first
        and ((exported | modules) & _imported(path) or path.stem.removeprefix("test_") in users)
    ]
    stages = [[path.relative_to(root).as_posix() for path in stage] for stage in (first, others)]
    return [stage for stage in stages if stage]


@cache
def _imported(path: Path) -> set[str]:
    """Return the modules and names of labkit that a file imports."""
    found = imports(ast.parse(path.read_text(encoding="utf-8")))
    return {one.name for one in found} | {one.module.removeprefix("labkit.") for one in found}


# --- running them --------------------------------------------------------------------------------


class Copy:
    """A copy of the tree, in which one module after the other is changed and put back."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.folder = folder
        for path in root.iterdir():
            if path.name in COPIED:
                shutil.copytree(
                    path, folder / path.name, ignore=shutil.ignore_patterns("__pycache__")
                )
            elif not path.name.startswith((".", "_pdf", "_site", "_student")):
                (folder / path.name).symlink_to(path)
        self._changes = 0

    def fails(
        self, module: str, source: str, stages: list[list[str]], limit: float | None = None
    ) -> bool:
        """Tell whether a test fails, or takes too long, where the module has this source.

        pytest runs what a stage lists; the next stage runs only where no test has failed.
        """
        path = self.folder / module
        original = path.read_text(encoding="utf-8")
        try:
            self._write(path, source)
            return not all(self._pass(stage, limit) for stage in stages)
        finally:
            self._write(path, original)

    def _write(self, path: Path, source: str) -> None:
        """Write a module so that Python compiles it anew, also within the same second."""
        path.write_text(source, encoding="utf-8")
        self._changes += 1
        os.utime(path, (self._changes, self._changes))

    def _pass(self, arguments: list[str], limit: float | None) -> bool:
        command = [sys.executable, "-m", "pytest", "-x", "-q", *PLUGINS, *arguments]
        environment = {**os.environ, **ENVIRONMENT, "PYTHONPATH": str(self.folder)}
        process = subprocess.Popen(
            command, cwd=self.folder, env=environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            return process.wait(limit) == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)  # with the processes that it started
                process.wait()


def try_mutants(
    sample: list[tuple[str, Mutant]], *, root: Path = ROOT, jobs: int = 1
) -> Iterator[Verdict]:
    """Yield for each mutant whether the tests notice it.

    Raises
    ------
    MutantsError
        If a module has no tests, or its tests fail without a mutant, or don't fail with a module
        that can't be imported: then no verdict would mean anything.
    """
    tests = {module: which_tests(module, root) for module, _ in sample}
    with ExitStack() as stack:
        copies: SimpleQueue[Copy] = SimpleQueue()
        for _ in range(jobs):
            copies.put(Copy(root, Path(stack.enter_context(TemporaryDirectory()))))

        def limit_of(module: str) -> float:
            with _one_of(copies) as copy:
                return _limit(copy, module, tests[module])

        def verdict(module: str, mutant: Mutant) -> Verdict:
            with _one_of(copies) as copy:
                stages = _with_doctests(module, tests[module])
                failed = copy.fails(module, mutant.source, stages, limits[module])
            return Verdict(module, mutant, not failed)

        pool = stack.enter_context(ThreadPoolExecutor(jobs))
        limits = dict(zip(tests, pool.map(limit_of, tests), strict=True))
        yield from pool.map(verdict, *zip(*sample, strict=True))


@contextmanager
def _one_of(copies: SimpleQueue[Copy]) -> Iterator[Copy]:
    copy = copies.get()
    try:
        yield copy
    finally:
        copies.put(copy)


def _with_doctests(module: str, tests: list[list[str]]) -> list[list[str]]:
    first, *others = tests
    return [[*first, "--doctest-modules", module], *others]


def _limit(copy: Copy, module: str, tests: list[list[str]]) -> float:
    """Return the seconds that a mutant may take, from those of the module as it is."""
    if not tests:
        raise MutantsError(f"{module} has no tests: a file tests/test_{Path(module).stem}.py")
    files = " ".join(file for stage in tests for file in stage)
    unchanged = ast.unparse(ast.parse((copy.folder / module).read_text(encoding="utf-8")))
    started = time.perf_counter()
    if copy.fails(module, unchanged, _with_doctests(module, tests)):
        raise MutantsError(f"{module}: its tests fail without a mutant. See pytest {files}")
    seconds = time.perf_counter() - started
    if not copy.fails(module, "raise RuntimeError", tests):
        raise MutantsError(f"{module}: its tests pass also where it can't be imported: {files}")
    return LIMIT_FACTOR * seconds + LIMIT_MARGIN
