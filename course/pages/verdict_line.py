"""What a lab found, in a line: words of a person, and what the lab's own Report says.

A lab's metadata hold the line with a place for each thing that was found:

    Lower error: **{verdict of network minus OLS}**, by {size of network minus OLS}.
    The network wins on **{report: the network won on … tables}**.

The first kind of place names a column and a row of the table of verdicts; `size` is the estimate
without its sign. The second quotes the report: what stands there for the `…`. Both are read from
the stored outputs, so the line says what the lab says, and a line that does not fit it is an error.
"""

import re
from typing import Any

from bs4 import BeautifulSoup

from course.markdown import escaped
from course.notebook import Lab

PLACE = re.compile(r"\{(?:(\w+) of|(report):) ([^{}]+)\}")
COLUMNS = {"estimate": "Estimate", "interval": "95 % interval", "verdict": "Verdict"}
REPORT = "5 Report"
TIES = re.compile(r"(?<=\d) (?=%|of \d)|(?<=\d of) (?=\d)")  # where a line must not end


class VerdictLineError(ValueError):
    """A line that does not fit what the lab has found; the message names the lab and says why."""


class NoVerdictsError(VerdictLineError):
    """A lab that has not been executed, or whose Report begins with no table of verdicts."""


def verdict_line(lab: Lab) -> str:
    """Return the `verdict` of a lab's metadata with what the lab has found in its places."""
    line = str(lab.about.get("verdict", ""))
    if re.search(r"[\d{}]", PLACE.sub("", line)) or not PLACE.search(line):
        raise VerdictLineError(
            f"{lab.path.name}: `verdict` must have each number in a place, as {{estimate of ROW}}, "
            f"{{verdict of ROW}} or {{report: words … words}}, and at least one; it is {line!r}."
        )

    def found(place: re.Match[str]) -> str:
        column, report, words = place.groups()
        return _quoted(lab, words) if report else _cell(lab, column, words)

    return TIES.sub("\N{NO-BREAK SPACE}", PLACE.sub(found, line))


def verdicts(lab: Lab) -> dict[str, dict[str, str]]:
    """Return the table with which the Report begins: a mapping by column for each question."""
    shown = (out.get("data", {}).get("text/html", "") for out in _outputs(lab))
    for html in filter(None, shown):
        rows = BeautifulSoup(html, "html.parser").find_all("tr")
        head, *body = [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in rows]
        if head[0] == "Question":
            return {row[0]: dict(zip(head, row, strict=True)) for row in body}
    raise NoVerdictsError(
        f"{lab.path.name} has no table of verdicts in the stored outputs of its Report: execute it."
    )


def report(lab: Lab) -> str:
    """Return the paragraphs of the Report in one line."""
    found = (out.get("data", {}).get("text/markdown", "") for out in _outputs(lab))
    return " ".join(" ".join(found).split())


def _outputs(lab: Lab) -> list[Any]:
    return [output for cell in lab.section(REPORT) for output in cell.outputs]


def _cell(lab: Lab, column: str, question: str) -> str:
    """Return what the table of verdicts says of a question."""
    table = verdicts(lab)
    if question not in table:
        raise VerdictLineError(
            f"{lab.path.name}: `verdict` names the row {question!r}, and the table of verdicts has "
            f"none such; it has: {'; '.join(table)}."
        )
    if column not in (known := {*COLUMNS, "size"}):
        raise VerdictLineError(
            f"{lab.path.name}: `verdict` asks for {column!r} of a row; there is "
            f"{', '.join(sorted(known))}."
        )
    if column == "size":
        return escaped(table[question]["Estimate"].lstrip("-−"))
    return escaped(table[question][COLUMNS[column]])


def _quoted(lab: Lab, words: str) -> str:
    """Return what stands in the report in the place of the ellipsis."""
    before, _, after = words.partition("…")
    found = {*re.findall(rf"{re.escape(before)}(.+?){re.escape(after)}", report(lab))}
    if not before or not after or len(found) != 1:
        raise VerdictLineError(
            f"{lab.path.name}: `verdict` quotes the report by {words!r}, with words on both sides "
            f"of the ellipsis; they must stand there once, and do so {len(found)} times."
        )
    return str(found.pop())
