"""Change labkit's code at random and see whether its tests notice: what they don't is a hole.

    python -m course.mutants.ask                               100 mutants of all modules
    python -m course.mutants.ask --sample 30 --seed 2          30 others
    python -m course.mutants.ask labkit/ols.py --sample all    every mutant of a module

Each mutant runs the tests of its module, then those that use what the module offers, up to the
first failure, in a copy of the tree: nothing is written here. The same seed draws the same mutants
from the same code. A survivor is a change that no test notices, or one that changes nothing:
read it and decide.
"""

import argparse
import ast
import os
import random
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

from tqdm import tqdm

from course import ROOT
from course.mutants.mutation import Mutant, mutants

CHANGED = ("labkit", "tests", "course")  # what the copy has of its own, the rest are links
LIMIT = (4, 10)  # times the seconds of the tests without a mutant, and seconds more
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # no test of labkit needs one, and they take a second
}


class MutantsError(Exception):
    """No mutant can be tried, with a message that says why and what to do."""


@dataclass(frozen=True)
class Verdict:
    """What the tests said of a mutant."""

    module: str
    mutant: Mutant
    survived: bool

    def __str__(self) -> str:
        """Name the place and the change, as an editor finds it."""
        before, after = (text if len(text) < 90 else f"{text[:87]}…" for text in self._texts())
        return f"{self.module}:{self.mutant.line}: {before}  ->  {after}"

    def _texts(self) -> tuple[str, str]:
        return self.mutant.before, self.mutant.after or "(nothing)"


# --- which tests are asked -----------------------------------------------------------------------


def which_tests(module: str, root: Path = ROOT) -> list[list[str]]:
    """Return the test files to ask about a module: its own, then the others.

    The others are those that import the module or a name that it offers, and, since a module may
    be used only through another, all of those of the modules that import it.
    """
    name = Path(module).stem
    file = f"test_{name}"  # of study also test_study_on_dask, but not test_studies
    tests = sorted((root / "tests").glob("test_*.py"))
    own = [path for path in tests if path.stem == file or path.stem.startswith(f"{file}_")]
    users = [path.stem for path in (root / "labkit").glob("*.py") if name in _uses(path)]
    offered = {alias for alias, home in _offered(root).items() if home in (name, *users)}
    asked = offered | {name, *users}
    others = [path for path in tests if asked & _uses(path) and path not in own]
    others += [path for path in tests if path.stem.removeprefix("test_") in users]
    stages = [own, list(dict.fromkeys(others))]
    return [[path.relative_to(root).as_posix() for path in stage] for stage in stages if stage]


@cache
def _uses(path: Path) -> set[str]:
    """Return the modules and names of labkit that a file imports."""
    used: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("labkit"):
            used |= {alias.name for alias in node.names}
            used |= {node.module.removeprefix("labkit.")}
        elif isinstance(node, ast.Import):
            used |= {a.name.removeprefix("labkit.") for a in node.names if "labkit." in a.name}
    return used


def _offered(root: Path) -> dict[str, str]:
    """Return the module of each name that the package offers."""
    stub = root / "labkit" / "__init__.pyi"
    tree = ast.parse(stub.read_text(encoding="utf-8") if stub.exists() else "")
    return {
        alias.asname or alias.name: str(node.module)
        for node in tree.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }


# --- asking them ---------------------------------------------------------------------------------


class Copy:
    """A copy of the tree, in which one module after the other is changed and put back."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.folder = folder
        for path in root.iterdir():
            if path.name in CHANGED:
                shutil.copytree(
                    path, folder / path.name, ignore=shutil.ignore_patterns("__pycache__")
                )
            elif not path.name.startswith((".", "_site", "_student")):
                (folder / path.name).symlink_to(path)
        self._changes = 0

    def fails(
        self, module: str, source: str, stages: list[list[str]], limit: float | None = None
    ) -> bool:
        """Tell whether a test fails, or takes too long, where the module has this source.

        What a stage lists is given to pytest; the next is asked only where it notices nothing.
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
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *arguments]
        environment = {**os.environ, **ENVIRONMENT, "PYTHONPATH": str(self.folder)}
        running = subprocess.Popen(
            command, cwd=self.folder, env=environment,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        try:
            return running.wait(limit) == 0
        except subprocess.TimeoutExpired:
            return False
        finally:
            if running.poll() is None:
                os.killpg(running.pid, signal.SIGKILL)  # with the processes that it started
                running.wait()


def ask(sample: list[tuple[str, Mutant]], *, root: Path = ROOT, jobs: int = 1) -> Iterator[Verdict]:
    """Yield what the tests say of each mutant.

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
    times, more = LIMIT
    return times * seconds + more


# --- what is asked, and what is said -------------------------------------------------------------


def draw(
    modules: list[str], size: int | None, seed: int, root: Path = ROOT
) -> list[tuple[str, Mutant]]:
    """Draw mutants of all modules at random, each as likely as the other; None takes all."""
    every = [
        (module, mutant)
        for module in modules
        for mutant in mutants((root / module).read_text(encoding="utf-8"))
    ]
    if size is None or size >= len(every):
        return every
    return [every[i] for i in sorted(random.Random(seed).sample(range(len(every)), size))]


def report(verdicts: list[Verdict]) -> str:
    """Say how many mutants of each module survived."""
    lines = []
    for module in dict.fromkeys(v.module for v in verdicts):
        of_it = [v.survived for v in verdicts if v.module == module]
        lines.append(f"{module:24} {sum(of_it):4} of {len(of_it):4} survive {_share(of_it):>6}")
    together = [v.survived for v in verdicts]
    lines.append(
        f"{'together':24} {sum(together):4} of {len(together):4} survive {_share(together):>6}"
    )
    return "\n".join(lines)


def _share(survived: list[bool]) -> str:
    return f"{100 * sum(survived) / len(survived):.1f} %"


def how_many(text: str) -> int | None:
    """Read how many: 1 or more, or None for all."""
    if text != "all" and int(text) < 1:
        raise ValueError
    return None if text == "all" else int(text)


def main(arguments: list[str] | None = None, root: Path = ROOT) -> None:
    """Try a sample of mutants and name the survivors."""
    known = sorted(
        path.relative_to(root).as_posix()
        for path in (root / "labkit").glob("*.py")
        if path.name != "__init__.py"
    )
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "modules", nargs="*", metavar="MODULE", help="such as labkit/ols.py; else all"
    )
    parser.add_argument("--sample", type=how_many, default=100, help="how many mutants, or 'all'")
    parser.add_argument(
        "--seed", type=int, default=1, help="draws the same mutants from the same code"
    )
    parser.add_argument("--jobs", type=int, choices=range(1, 9), default=2, help="how many at once")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.modules) - set(known):
        parser.error(
            f"there is no module {', '.join(sorted(unknown))}; there are: {', '.join(known)}"
        )
    sample = draw(asked.modules or known, asked.sample, asked.seed, root)
    verdicts = []
    try:
        asking = ask(sample, root=root, jobs=asked.jobs)
        for verdict in tqdm(asking, total=len(sample), unit="mutant", leave=False, disable=None):
            verdicts.append(verdict)
            if verdict.survived:
                tqdm.write(f"survives: {verdict}")
    except MutantsError as error:
        raise SystemExit(str(error)) from error
    except KeyboardInterrupt:
        print("Stopped.")
    if verdicts:
        print(report(verdicts))


if __name__ == "__main__":
    main()
