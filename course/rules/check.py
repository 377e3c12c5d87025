"""Check labs against the rules, without running them.

    python -m course.rules.check [NOTEBOOK ...]

prints each breach with file, cell, rule and fix, and exits 1 if there is one. Cells are counted
from 1, text cells included: cell 1 is the title.
"""

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from course import ROOT
from course.notebook import Lab, UnreadableError

# Importing a module of rules registers them.
from course.rules import (  # noqa: F401
    again,
    doing,
    files,
    jupyter,
    outputs,
    predictions,
    prose,
    python,
    references,
    steps,
    terms,
)
from course.rules.registry import RULES

VALID = "valid-notebook"  # comes first: the others would fall over what it finds


@dataclass(frozen=True)
class Breach:
    """One place where a lab breaks a rule."""

    file: str
    cell: int | None
    rule: str
    wrong: str
    fix: str

    def __str__(self) -> str:
        """Say it in one line."""
        where = "notebook" if self.cell is None else f"cell {self.cell}"
        return f"{self.file}: {where} [{self.rule}]: {self.wrong}. Fix: {self.fix}."


def breaches(lab: Lab) -> list[Breach]:
    """Apply all rules to one lab; a notebook that is not valid is judged no further."""
    file = lab.path.relative_to(lab.root).as_posix()
    found: list[Breach] = []
    for rule in sorted(RULES.values(), key=lambda rule: rule.name != VALID):
        for cell, wrong in rule.find(lab):
            begins = cell.lines[0].strip()[:40] if cell and cell.lines else ""
            about = f"{wrong} (the cell begins “{begins}”)" if begins else wrong
            number = None if cell is None else cell.index + 1
            found.append(Breach(file, number, rule.name, about, rule.fix))
        if found and rule.name == VALID:
            break
    return found


def check_file(path: Path) -> list[Breach]:
    """Apply all rules to a notebook file."""
    try:
        return breaches(Lab.read(path))
    except UnreadableError as error:
        return [Breach(str(path), None, VALID, str(error), RULES[VALID].fix)]


def main(arguments: list[str] | None = None) -> int:
    """Print the breaches of the given notebooks, or of all labs."""
    parser = argparse.ArgumentParser(description="Check labs against the rules, not running them.")
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: notebooks/*.ipynb")
    parser.add_argument("--list", action="store_true", help="print the rules, and why")
    options = parser.parse_args(arguments)
    if options.list:
        print(*(f"{rule.name}: {rule.why}" for rule in RULES.values()), sep="\n")
        return 0
    paths = options.notebooks or sorted((ROOT / "notebooks").glob("*.ipynb"))
    found = [breach for path in paths for breach in check_file(path)]
    summary = f"notebooks: {len(paths)}, rules: {len(RULES)}, breaches: {len(found)}"
    print(*found, summary, sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
