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
from itertools import chain
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory

from course import ROOT
from course.mutants.module_tests import which_tests
from course.mutants.mutation import Mutant

COPIED = ("labkit", "tests", "course")  # into each copy of the tree; the rest are links
NO_TESTS = 5  # the exit status of pytest where it found none: a module without an example
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


class Copy:
    """A copy of the tree, in which modules are changed and put back."""

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
        self, sources: dict[str, str], stages: list[list[str]], limit: float | None = None
    ) -> bool:
        """Tell whether a test fails, or takes too long, where the modules have these sources.

        pytest runs what a stage lists; the next stage runs only where no test has failed.
        """
        originals = {
            module: (self.folder / module).read_text(encoding="utf-8") for module in sources
        }
        try:
            self._write(sources)
            return not all(self._pass(stage, limit) for stage in stages)
        finally:
            self._write(originals)

    def _write(self, sources: dict[str, str]) -> None:
        """Write modules so that Python compiles them anew, also within the same second."""
        self._changes += 1
        for module, source in sources.items():
            path = self.folder / module
            path.write_text(source, encoding="utf-8")
            os.utime(path, (self._changes, self._changes))

    def _pass(self, arguments: list[str], limit: float | None) -> bool:
        command = [sys.executable, "-m", "pytest", "-x", "-q", *PLUGINS, *arguments]
        environment = {**os.environ, **ENVIRONMENT, "PYTHONPATH": str(self.folder)}
        process = subprocess.Popen(
            command, cwd=self.folder, env=environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            return process.wait(limit) in (0, NO_TESTS)
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
        If a module has no tests, or a test fails without a mutant, or a module's tests don't fail
        where it can't be imported: then no verdict would mean anything.
    """
    tests = {module: which_tests(module, root) for module, _ in sample}
    with ExitStack() as stack:
        copies: SimpleQueue[Copy] = SimpleQueue()
        for _ in range(jobs):
            copies.put(Copy(root, Path(stack.enter_context(TemporaryDirectory()))))

        def seconds_of(file: str) -> float:
            with _one_of(copies) as copy:
                return _seconds(copy, [*tests], [file])

        def must_notice(module: str) -> None:
            with _one_of(copies) as copy:
                if not copy.fails({module: "raise RuntimeError"}, tests[module]):
                    raise MutantsError(
                        f"{module}: its tests pass also where it can't be imported: "
                        + " ".join(chain(*tests[module]))
                    )

        def verdict(module: str, mutant: Mutant) -> Verdict:
            limit = LIMIT_MARGIN + LIMIT_FACTOR * sum(
                seconds[file] for file in chain(*tests[module])
            )
            with _one_of(copies) as copy:
                stages = _with_doctests(module, tests[module])
                return Verdict(
                    module, mutant, not copy.fails({module: mutant.source}, stages, limit)
                )

        _must_have_tests(tests)
        pool = stack.enter_context(ThreadPoolExecutor(jobs))
        files = sorted({*chain(*chain(*tests.values()))})
        seconds = dict(zip(files, pool.map(seconds_of, files), strict=True))
        list(pool.map(must_notice, tests))
        with _one_of(copies) as copy:
            _seconds(copy, [*tests], ["--doctest-modules", *tests])
        yield from pool.map(verdict, *zip(*sample, strict=True))


@contextmanager
def _one_of(copies: SimpleQueue[Copy]) -> Iterator[Copy]:
    copy = copies.get()
    try:
        yield copy
    finally:
        copies.put(copy)


def _must_have_tests(tests: dict[str, list[list[str]]]) -> None:
    for module, stages in tests.items():
        if not stages:
            raise MutantsError(f"{module} has no tests: a file tests/test_{Path(module).stem}.py")


def _with_doctests(module: str, tests: list[list[str]]) -> list[list[str]]:
    first, *others = tests
    return [[*first, "--doctest-modules", module], *others]


def _seconds(copy: Copy, modules: list[str], tests: list[str]) -> float:
    """Return what tests take without a mutant, the modules written as those of a mutant are."""
    unchanged = {
        module: ast.unparse(ast.parse((copy.folder / module).read_text(encoding="utf-8")))
        for module in modules
    }
    started = time.perf_counter()
    if copy.fails(unchanged, [tests]):
        raise MutantsError(f"Tests fail without a mutant. See pytest {' '.join(tests)}")
    return time.perf_counter() - started
