"""Try mutants of labs, name each with what came of it, and count."""

from collections import Counter
from collections.abc import Iterable, Iterator

from tqdm import tqdm

from course.mutants.lab_trial import LabVerdict, Word, cells_of, draw, try_lab
from course.mutants.trial import MutantsError

ALIVE: tuple[Word, ...] = ("shown", "drawn", "silent")


def try_labs(labs: Iterable[str], size: int | None, seed: int) -> None:
    """Try a sample of mutants of each lab, one after the other, and print what came of them.

    Raises
    ------
    MutantsError
        At the end, if labs fail without a mutant.
    """
    verdicts: list[LabVerdict] = []
    failures: list[str] = []
    try:
        for lab in labs:
            try:
                for verdict in _tried(lab, size, seed):
                    verdicts.append(verdict)
                    tqdm.write(str(verdict))
            except MutantsError as error:
                failures.append(str(error))
    except KeyboardInterrupt:
        print("Stopped.")
    if verdicts:
        print(report(verdicts))
    if failures:
        raise MutantsError("\n".join(failures))


def _tried(lab: str, size: int | None, seed: int) -> Iterator[LabVerdict]:
    cells = cells_of(lab)
    sample = draw(cells, size, seed)
    trials = try_lab(lab, cells, sample)
    yield from tqdm(trials, lab, len(sample), unit="mutant", leave=False, disable=None)


def report(verdicts: list[LabVerdict]) -> str:
    """Count what came of the mutants of each lab, and of all.

    Alive is the share of those shown among those caught or shown: a silent mutant, or one that
    changes a figure alone, says nothing of the checks. Nor does one that is caught since the code
    can't run: how many a check has caught stands beside.
    """
    groups: dict[str, list[LabVerdict]] = {}
    for verdict in verdicts:
        groups.setdefault(verdict.lab, []).append(verdict)
    groups["together"] = verdicts
    heads = ("lab", "mutants", "caught", "by check", *ALIVE, "alive")
    rows = (heads, *(_row(lab, group) for lab, group in groups.items()))
    return "\n".join("".join(f"{cell:>9}" for cell in row) for row in rows)


def _row(lab: str, verdicts: list[LabVerdict]) -> list[str]:
    count = Counter(verdict.word for verdict in verdicts)
    checked = sum(verdict.because.startswith("AssertionError") for verdict in verdicts)
    noticed = count["caught"] + count["shown"]
    alive = f"{count['shown'] / noticed:.0%}" if noticed else "none"
    numbers = (len(verdicts), count["caught"], checked, *(count[word] for word in ALIVE))
    return [lab, *map(str, numbers), alive]
