"""What a rule is, and the list of all rules."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from course.cell import Cell
from course.notebook import Lab

Found = Iterator[tuple[Cell | None, str]]  # where (None: the whole notebook), what is wrong
Find = Callable[[Lab], Found]


@dataclass(frozen=True)
class Rule:
    """A rule: how to fix a breach, and the function that finds them (its docstring says why)."""

    name: str
    fix: str
    find: Find

    @property
    def why(self) -> str:
        """Why there is such a rule."""
        return " ".join((self.find.__doc__ or "").split())


RULES: dict[str, Rule] = {}


def rule(fix: str) -> Callable[[Find], Find]:
    """Register a rule under its function's name."""

    def register(find: Find) -> Find:
        name = find.__name__.replace("_", "-")
        RULES[name] = Rule(name, fix, find)
        return find

    return register
