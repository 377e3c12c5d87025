"""Ways through the course, as the front page and the page for instructors show them."""

from collections.abc import Iterator
from pathlib import Path

from course.notebook import Lab, labs
from course.pages.paths import Way, ways


def for_the_front_page(root: Path) -> list[str]:
    """Return the lines of the front page: each way, and an empty one after it."""
    every = len(labs(root))
    return [line for way in ways(root) for line in _short(way, whole=len(way.labs) == every)]


def for_instructors(root: Path) -> str:
    """Return the section of the page for instructors."""
    parts = ["## Ways through", "Minutes are those of the core of each lab, exercises included."]
    for way in ways(root):
        parts += [f"### {way.name}", f"*{_time(way)}.* {way.about}"]
        parts.append("\n".join(_by_week(way) if way.weeks else _in_a_row(way)))
    return "\n\n".join(parts)


def _time(way: Way) -> str:
    """Say how long a way takes."""
    many = f"{len(way.labs)} labs"
    return f"{many}, {way.weeks} weeks" if way.weeks else f"{many}, {hours(way.minutes)}"


def hours(minutes: int) -> str:
    """Say a time in hours."""
    whole, rest = divmod(minutes, 60)
    return f"{whole} hours" + (f" {rest} minutes" if rest else "")


def _short(way: Way, *, whole: bool) -> Iterator[str]:
    """Yield what the front page says of a way."""
    links = " → ".join(_link(lab) for lab in way.labs)
    leads = "all labs in their order" if whole else links
    yield f"**{way.name}** ({_time(way)}): {leads}. {way.about}"
    yield ""


def _link(lab: Lab) -> str:
    return f"[{lab.number} {lab.title}](notebooks/{lab.path.name})"


def _in_a_row(way: Way) -> Iterator[str]:
    yield "| Lab | What it asks | Minutes |"
    yield "|:----|:-------------|--------:|"
    for lab in way.labs:
        yield f"| {_link(lab)} | {lab.about['question']} | {lab.about['minutes']} |"


def _by_week(way: Way) -> Iterator[str]:
    """Yield the table of a semester: each lab, each pause, and what is left at the end."""
    yield "| Week | Lab | What it asks | Minutes |"
    yield "|---:|:----|:-------------|--------:|"
    week = 0
    *between, last = way.pauses
    for lab in way.labs:
        week += 1
        yield f"| {week} | {_link(lab)} | {lab.about['question']} | {lab.about['minutes']} |"
        for pause in between:
            if pause.after == lab.path.stem:
                week += 1
                yield f"| {week} | *{pause.name}* | {pause.about} |  |"
    if week < (end := way.weeks or 0):
        weeks = f"{week + 1}–{end}" if week + 1 < end else f"{end}"
        yield f"| {weeks} | *{last.name}* | {last.about} |  |"
