"""Change labkit's code at random and see whether its tests notice: what they don't is a hole.

    python -m course.mutants                               100 mutants of all modules
    python -m course.mutants --sample 30 --seed 2          30 others
    python -m course.mutants labkit/ols.py --sample all    every mutant of a module
    python -m course.mutants 07 --sample 14                14 mutants of a lab, against its checks
    python -m course.mutants labs --sample 14              14 of each lab

The same seed draws the same mutants from the same code. A survivor is a change that no test
notices, or one that changes nothing: read it and decide. Of a lab each mutant is `caught` by a
check or an error, `shown` (no check failed, and the lab shows another number), `drawn` (a figure
alone is another) or `silent`.
"""

import argparse
import os
from pathlib import Path

from tqdm import tqdm

from course import ROOT
from course.mutants.mutation import Mutant, mutants, sampled
from course.mutants.trial import ONE_THREAD, MutantsError, Verdict, try_mutants
from course.notebook import find_lab, labs


def draw(
    modules: list[str], size: int | None, seed: int, root: Path = ROOT
) -> list[tuple[str, Mutant]]:
    """Draw mutants of all modules at random, each as likely as the other; None takes all."""
    every = [
        (module, mutant)
        for module in modules
        for mutant in mutants((root / module).read_text(encoding="utf-8"))
    ]
    return sampled(every, size, seed)


def report(verdicts: list[Verdict]) -> str:
    """Say how many mutants of each module survived, and of all."""
    survived: dict[str, list[bool]] = {}
    for verdict in verdicts:
        survived.setdefault(verdict.module, []).append(verdict.survived)
    survived["together"] = [verdict.survived for verdict in verdicts]
    return "\n".join(
        f"{name:24} {sum(each):4} of {len(each):4} survive {sum(each) / len(each):>7.1%}"
        for name, each in survived.items()
    )


def sample_size(text: str) -> int | None:
    """Read how many: 1 or more, or None for all."""
    if text != "all" and int(text) < 1:
        raise ValueError
    return None if text == "all" else int(text)


def main(arguments: list[str] | None = None, root: Path = ROOT) -> None:
    """Try a sample of mutants of modules or labs, and name the survivors."""
    known = sorted(
        path.relative_to(root).as_posix()
        for path in (root / "labkit").glob("*.py")
        if path.name != "__init__.py"
    )
    parser = argparse.ArgumentParser(
        "python -m course.mutants",
        description="Change labkit or a lab at random: do the tests, or its checks, notice?",
    )
    add = parser.add_argument
    add("modules", nargs="*", metavar="WHAT", help="labkit/ols.py …; 07 …, or labs; else labkit")
    add("--sample", type=sample_size, default=100, help="how many mutants (of each lab), or 'all'")
    add("--seed", type=int, default=1, help="draws the same mutants from the same code")
    add("--jobs", type=int, choices=range(1, 9), default=2, help="how many at once, of modules")
    options = parser.parse_args(arguments)
    try:
        if asked := labs_asked(options.modules, root):
            main_of_labs(asked, options.sample, options.seed)
            return
    except LookupError as error:
        parser.error(str(error))
    if unknown := set(options.modules) - set(known):
        parser.error(
            f"there is no module {', '.join(sorted(unknown))}; there are: {', '.join(known)}"
        )
    main_of_modules(options.modules or known, options.sample, options.seed, options.jobs, root)


def labs_asked(names: list[str], root: Path) -> list[str]:
    """Return the numbers of the labs that are named, none where something else is."""
    if names == ["labs"]:
        return [path.stem[:2] for path in labs(root)]
    if not all(name.isdigit() for name in names):
        return []
    return [find_lab(name, root).stem[:2] for name in names]


def main_of_labs(asked: list[str], size: int | None, seed: int) -> None:
    """Try a sample of mutants of each lab."""
    os.environ.update(ONE_THREAD)  # which NumPy reads when it is imported, so import it now
    from course.mutants.labs import try_labs

    try:
        try_labs(asked, size, seed)
    except MutantsError as error:
        raise SystemExit(str(error)) from error


def main_of_modules(modules: list[str], size: int | None, seed: int, jobs: int, root: Path) -> None:
    """Try a sample of mutants of all modules, and name the survivors."""
    sample = draw(modules, size, seed, root)
    verdicts = []
    try:
        trials = try_mutants(sample, root=root, jobs=jobs)
        for verdict in tqdm(trials, total=len(sample), unit="mutant", leave=False, disable=None):
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
