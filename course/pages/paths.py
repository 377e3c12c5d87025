"""Ways through the course, as `paths.yml` has them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from course.notebook import Lab, labs
from course.pages.entries import entries

FILE = "paths.yml"
WEEKLY = {"path", "about", "weeks", "pauses", "last"}
KEYS = ({"path", "about", "labs", "at_most"}, WEEKLY, WEEKLY | {"labs"})


@dataclass(frozen=True)
class Pause:
    """A week without a lab: after which one, what it is called, what is done in it."""

    after: str
    name: str
    about: str


@dataclass(frozen=True)
class Way:
    """A way through the course: labs in their order, and for how much time it is meant.

    `at_most` is in minutes; a way in `weeks` takes each lab in a week of its own, all labs where it
    names none.
    """

    name: str
    about: str
    labs: tuple[Lab, ...]
    at_most: int | None = None
    weeks: int | None = None
    pauses: tuple[Pause, ...] = ()

    @property
    def minutes(self) -> int:
        """The minutes that its labs state."""
        return sum(lab.about.get("minutes", 0) for lab in self.labs)


class PathsError(ValueError):
    """`paths.yml` can't be read as what it is; the message says where and what to do."""


def ways(root: Path) -> tuple[Way, ...]:
    """Read `paths.yml`."""
    known = {path.stem: Lab.read(path) for path in labs(root)}
    return tuple(_way(entry, known) for entry in entries(root / FILE, PathsError))


def _way(entry: dict[str, Any], known: dict[str, Lab]) -> Way:
    if set(entry) not in KEYS:
        raise PathsError(
            f"{FILE}: the path {entry.get('path', entry)} must have {_either()}, and nothing else; "
            f"it has {', '.join(entry)}."
        )
    name, about = entry["path"], entry["about"]
    if "at_most" in entry:
        return Way(name, about, _found(entry["labs"], known, name), at_most=entry["at_most"])
    pauses = [Pause(**pause) for pause in entry["pauses"]]
    taken = _found(entry.get("labs", list(known)), known, name)
    _found([pause.after for pause in pauses], {lab.path.stem: lab for lab in taken}, name)
    pauses.append(Pause("", **entry["last"]))
    if (due := len(taken) + len(pauses) - 1) > entry["weeks"]:
        raise PathsError(
            f"{FILE}: the path {name} has {entry['weeks']} weeks, and its labs and pauses need "
            f"{due}: allow more weeks, or take a pause out."
        )
    return Way(name, about, taken, weeks=entry["weeks"], pauses=tuple(pauses))


def _either() -> str:
    return " or ".join(", ".join(sorted(keys)) for keys in KEYS)


def _found(stems: list[str], known: dict[str, Lab], path: str) -> tuple[Lab, ...]:
    if unknown := [stem for stem in stems if stem not in known]:
        raise PathsError(
            f"{FILE}: the path {path} names {unknown[0]!r}, which is none of its labs: "
            f"{', '.join(known)}."
        )
    return tuple(known[stem] for stem in stems)
