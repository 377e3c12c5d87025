"""The labs as the course has them: which of them a notebook answers, and their own checks."""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from course.grading.submission import CannotRunError, CodeCell, code_cells, defined_in
from course.notebook import Lab


@dataclass(frozen=True)
class Original:
    """An original lab, and its checks as they were kept after a run of it."""

    lab: Lab
    kept: dict[str, str] = field(default_factory=dict)  # each exercise's, pickled

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

    def likeness(self, cells: list[CodeCell]) -> int:
        """Count what a notebook has in common with this lab: ids, sources, exercises."""
        own = {part for cell in code_cells(self.lab) for part in cell if part}
        common = {part for cell in cells for part in cell} & own
        return len(common) + sum(defined_in(name, cells) != [] for name in self.checks)


def original_of(path: Path, cells: list[CodeCell], known: tuple[Original, ...]) -> Original:
    """Return the lab that a notebook has most in common with; its file's name settles a tie."""

    def rank(original: Original) -> tuple[int, bool]:
        return original.likeness(cells), path.name.startswith(original.name[:2])

    best = max(known, key=rank)
    if rank(best) == (0, False):
        raise CannotRunError(f"it has no cell of a lab: {', '.join(lab.name for lab in known)}")
    return best
