"""The labs as the course has them: which of them a notebook answers, and their own checks."""

import hashlib
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path

import labkit
from course.dependencies import syntax
from course.grading.submission import CannotRunError, CodeCell, code_cells, defined_in
from course.notebook import Lab
from labkit.datasets import data_folder


@dataclass(frozen=True)
class Original:
    """An original lab, and its checks as they were kept after a run of it."""

    lab: Lab
    kept: dict[str, dict[str, str]] = field(default_factory=dict)  # each exercise's, pickled

    @classmethod
    def read(cls, path: Path) -> "Original":
        """Read a lab; its checks are kept later, if a notebook needs them."""
        return cls(Lab.read(path))

    @property
    def name(self) -> str:
        """The name of its file."""
        return self.lab.path.stem

    @cached_property
    def checks(self) -> dict[str, str]:
        """The source of each exercise's check."""
        return {exercise.name: exercise.check.source for exercise in self.lab.exercises}

    @cached_property
    def digest(self) -> str:
        """Name what grades: the lab's code but its solutions, `labkit`, the data, the grader."""
        cells = [cell.source for cell in self.lab.lesson_code if "solution" not in cell.tags]
        return hashlib.sha256("\0".join([grader(), *cells]).encode()).hexdigest()[:12]

    def likeness(self, cells: list[CodeCell]) -> int:
        """Count what a notebook has in common with this lab: ids, sources, exercises."""
        own = {part for cell in code_cells(self.lab) for part in cell if part}
        common = {part for cell in cells for part in cell} & own
        return len(common) + sum(defined_in(name, cells) != [] for name in self.checks)


@cache
def grader() -> str:
    """Return digests of the code of `labkit` and the grader (no comments), and of the data."""
    places = [Path(labkit.__file__).parent, Path(__file__).parent]
    paths = sorted(path for place in places for path in place.rglob("*.py"))
    code = [syntax.digest(syntax.program(path.read_text(encoding="utf-8"))) for path in paths]
    data = sorted(path for path in data_folder().iterdir() if path.is_file())
    return "".join([*code, *(hashlib.sha256(path.read_bytes()).hexdigest() for path in data)])


def original_of(path: Path, cells: list[CodeCell], known: tuple[Original, ...]) -> Original:
    """Return the lab that a notebook has most in common with; its file's name settles a tie."""

    def rank(original: Original) -> tuple[int, bool]:
        return original.likeness(cells), path.name.startswith(original.name[:2])

    best = max(known, key=rank)
    if rank(best) == (0, False):
        raise CannotRunError(f"it has no cell of a lab: {', '.join(lab.name for lab in known)}")
    return best
