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
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import chain
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import Any, TypeAlias, TypeVar

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

Tests: TypeAlias = dict[str, list[list[str]]]  # of each module, in stages
T = TypeVar("T")


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
    tests: Tests = {module: which_tests(module, root) for module, _ in sample}
    for module, stages in tests.items():
        if not stages:
            raise MutantsError(f"{module} has no tests: a file tests/test_{Path(module).stem}.py")
    with ExitStack() as stack:
        copies: SimpleQueue[Copy] = SimpleQueue()
        for _ in range(jobs):
            copies.put(Copy(root, Path(stack.enter_context(TemporaryDirectory()))))
        pool = stack.enter_context(ThreadPoolExecutor(jobs))

        def each(ask: Callable[..., T], *arguments: Iterable[Any]) -> Iterator[T]:
            """Ask the same of each, as many at once as there are copies."""

            def with_a_copy(*one: Any) -> T:
                with _one_of(copies) as copy:
                    return ask(copy, *one)

            return pool.map(with_a_copy, *arguments)

        files = sorted({*chain(*chain(*tests.values()))})
        units = [*([file] for file in files), ["--doctest-modules", *tests]]
        *taken, _ = each(partial(_seconds, modules=[*tests]), units)
        seconds = dict(zip(files, taken, strict=True))
        list(each(_must_notice, tests, tests.values()))
        yield from each(partial(_verdict, tests=tests, seconds=seconds), *zip(*sample, strict=True))


@contextmanager
def _one_of(copies: SimpleQueue[Copy]) -> Iterator[Copy]:
    copy = copies.get()
    try:
        yield copy
    finally:
        copies.put(copy)


def _seconds(copy: Copy, tests: list[str], modules: list[str]) -> float:
    """Return what tests take without a mutant, the modules written as those of a mutant are."""
    unchanged = {
        module: ast.unparse(ast.parse((copy.folder / module).read_text(encoding="utf-8")))
        for module in modules
    }
    started = time.perf_counter()
    if copy.fails(unchanged, [tests]):
        raise MutantsError(f"Tests fail without a mutant. See pytest {' '.join(tests)}")
    return time.perf_counter() - started


def _must_notice(copy: Copy, module: str, stages: list[list[str]]) -> None:
    """Raise MutantsError if no test of a module fails where it can't be imported."""
    if not copy.fails({module: "raise RuntimeError"}, stages):
        files = " ".join(chain(*stages))
        raise MutantsError(f"{module}: its tests pass also where it can't be imported: {files}")


def _verdict(
    copy: Copy, module: str, mutant: Mutant, tests: Tests, seconds: dict[str, float]
) -> Verdict:
    """Run the tests and examples of a mutant's module, for a multiple of what they take."""
    first, *others = tests[module]
    stages = [[*first, "--doctest-modules", module], *others]
    limit = LIMIT_FACTOR * sum(seconds[file] for file in chain(*tests[module])) + LIMIT_MARGIN
    return Verdict(module, mutant, not copy.fails({module: mutant.source}, stages, limit))
