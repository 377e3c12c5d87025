"""Try mutants of labs, name each with what came of it, and count."""

from collections import Counter
from collections.abc import Iterable, Iterator

from tqdm import tqdm

from course.mutants.lab_trial import LabVerdict, cells_of, draw, try_lab
from course.mutants.trial import MutantsError

WORDS = ("caught", "shown", "drawn", "silent")


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
    changes a figure alone, says nothing of the checks.
    """
    counts: dict[str, Counter[str]] = {}
    for verdict in verdicts:
        counts.setdefault(verdict.lab, Counter())[verdict.word] += 1
    counts["together"] = Counter(verdict.word for verdict in verdicts)
    rows = ["".join(f"{head:>9}" for head in ("lab", "mutants", *WORDS, "alive"))]
    for lab, count in counts.items():
        noticed = count["caught"] + count["shown"]
        alive = f"{count['shown'] / noticed:.0%}" if noticed else "none"
        cells = (lab, count.total(), *(count[word] for word in WORDS), alive)
        rows.append("".join(f"{cell:>9}" for cell in cells))
    return "\n".join(rows)
