"""Make a notebook in the five steps of a lab for a table of one's own.

    python -m course.new_analysis my.csv outcome [--name NAME] [--event EVENT] [--groups PERSON] …

It is written to `analyses/`, and an earlier one is never replaced. Without a CSV it is about a
table of the course. The students' zip holds this file and its template beside `start.py`, so it
imports nothing but what is installed there.
"""

import argparse
import json
import os
import re
import sys
from pathlib import Path
from typing import Any

import labkit

TEMPLATE = Path("template", "notebooks", "analysis.ipynb")  # beside this file
HOME = Path(__file__).resolve().parent.parent
FOLDER = "analyses"
FOR_STUDENTS = Path(__file__).parent.name == "edition"  # as in their zip, with start.py
NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
KINDS = {"continuous": "continuous", "binary": "binary", "time and event": "time-and-event"}
COLUMNS = ("leave_out", "categories", "numbers", "missing")


class NewAnalysisError(Exception):
    """A notebook that can't be made, with a message that says why and what to do."""


def make(
    file: Path | None,
    outcome: str | None,
    name: str | None,
    home: Path = HOME,
    *,
    at: float | None = None,
    **settings: Any,
) -> tuple[Path, list[str]]:
    """Write the notebook; return its path and what was said about the table.

    Parameters
    ----------
    file, outcome : path and str, or None
        The CSV and its outcome; None takes diabetes, a table of the course.
    name : str or None
        The notebook's name; None makes one of the file's.
    home : path
        The folder in which `analyses/` is.
    at : float, optional
        The time by which an event is predicted; None leaves it to the follow-up.
    **settings
        As `labkit.load_table` takes them.
    """
    folder = home / FOLDER
    if file is not None and not outcome:
        raise NewAnalysisError(f"Say which column of {file} is the outcome, after the file's name.")
    notebook = folder / f"{check_name(name or slug(file), folder)}.ipynb"
    if file is None:
        file, outcome = example(folder), "progression"
    assert outcome is not None
    try:
        table = labkit.load_table(file, outcome, **settings)
    except (OSError, TypeError, ValueError) as error:
        raise NewAnalysisError(as_options(str(error))) from error
    if at is not None:
        check_time(at, table)
    settings |= {"kind": table.kind, "at": at}
    code = settings_cell(file, outcome, folder, len(table.X), settings)
    text = filled(table.kind, code, outcome, title(notebook.stem))
    folder.mkdir(exist_ok=True)
    with notebook.open("x", encoding="utf-8", newline="\n") as new:
        new.write(text)
    return notebook, table.notes


def slug(file: Path | None) -> str:
    """Return a notebook's name made from the file's."""
    return "-".join(re.findall(r"[a-z0-9]+", file.stem.lower())) if file else "diabetes"


def title(name: str) -> str:
    """Return a notebook's title made from its name."""
    return name.replace("-", " ").capitalize()


def check_name(name: str, folder: Path) -> str:
    """Return the name, once it is one and is free."""
    if not NAME.fullmatch(name):
        raise NewAnalysisError(
            f"The name is {name!r}: use words in lower case joined by hyphens, such as my-trial."
        )
    if (folder / f"{name}.ipynb").exists():
        raise NewAnalysisError(
            f"{FOLDER}/{name}.ipynb is there already, and is never replaced: take another name."
        )
    return name


def check_time(at: float, table: Any) -> None:
    """Refuse a time at which the table can say nothing about the event."""
    if table.kind != "time and event":
        raise NewAnalysisError(
            f"AT={at:g} is a time by which an event is predicted, and the outcome is {table.kind}: "
            "leave it out, or name the column of events in EVENT."
        )
    first, last = table.y["time"][table.y["event"] == 1].min(), table.y["time"].max()
    if not first <= at < last:
        raise NewAnalysisError(
            f"AT={at:g} must lie between the first event, {first:g}, and the longest follow-up, "
            f"{last:g}, in the unit of the outcome."
        )


def example(folder: Path) -> Path:
    """Return the course's table of diabetes as a CSV, written where it is missing."""
    from sklearn.datasets import load_diabetes

    file = folder / "diabetes.csv"
    if not file.exists():
        frame = load_diabetes(as_frame=True, scaled=False).frame
        folder.mkdir(exist_ok=True)
        frame.rename(columns={"target": "progression"}).to_csv(file, index=False)
    return file


def settings_cell(
    file: Path, outcome: str, folder: Path, rows: int, settings: dict[str, Any]
) -> str:
    """Return the code of the cell that holds the settings."""
    try:
        there = Path(os.path.relpath(file.resolve(), folder.resolve())).as_posix()
    except ValueError:  # on Windows, on another drive
        there = file.resolve().as_posix()
    values: dict[str, Any] = {"file": there, "outcome": outcome}
    values |= {key: settings.get(key) for key in ("kind", "event", "positive", "groups")}
    values |= {key: list(settings.get(key) or []) for key in COLUMNS}
    if settings["kind"] == "time and event":
        values["at"] = settings.get("at")
    lines = [f"{key.upper()} = {as_code(value)}" for key, value in values.items()]
    repeats = 2 if rows <= 5000 else 1  # so that it takes less than a minute
    return "\n".join([*lines, f"FOLDS, REPEATS, SEED = 5, {repeats}, 1"])


def as_code(value: Any) -> str:
    """Return a text, a number or a list as Python code in the house's style."""
    if isinstance(value, list):
        return "[" + ", ".join(map(as_code, value)) + "]"
    return "None" if value is None else json.dumps(value, ensure_ascii=False)


def filled(kind: str, settings: str, outcome: str, heading: str) -> str:
    """Return the template's text with the cells of this kind, the settings and the names."""
    notebook = json.loads((Path(__file__).parent / TEMPLATE).read_text(encoding="utf-8"))
    others = set(KINDS.values()) - {KINDS[kind]}
    cells = []
    for cell in notebook["cells"]:
        tags = cell["metadata"].get("tags", [])
        if others & set(tags) and KINDS[kind] not in tags:
            continue
        if "settings" in tags:
            cell["source"] = settings.splitlines(keepends=True)
        if cell["cell_type"] == "markdown":
            shown = as_words(outcome)
            cell["source"] = [
                line.replace("TITLE", heading).replace("`OUTCOME`", shown)
                for line in cell["source"]
            ]
        kept = [tag for tag in tags if tag not in (*KINDS.values(), "settings")]
        cell["metadata"] = {"tags": kept} if kept else {}
        cells.append(cell)
    return json.dumps({**notebook, "cells": cells}, indent=1, ensure_ascii=False) + "\n"


def as_words(name: str) -> str:
    """Return a column's name as Markdown shows it as it stands."""
    fence = "`" * (1 + max(map(len, re.findall("`+", name)), default=0))
    return f"{fence} {name} {fence}" if "`" in name else f"`{name}`"


def as_options(message: str) -> str:
    """Return what load_table says, and how its arguments are given here."""
    how = "GROUPS=person LEAVE_OUT=a,b CATEGORIES=… NUMBERS=… MISSING=-999 POSITIVE=… KIND=…"
    if FOR_STUDENTS:
        how = "--groups person --leave-out a,b --categories … --numbers … --missing … and so on"
    return f"{message}\nWhat it asks for stands behind the outcome: {how}"


def main(arguments: list[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser("new", description="Make a notebook for a table of your own.")
    parser.add_argument(
        "file", nargs="?", type=Path, help="the CSV (default: a table of the course)"
    )
    parser.add_argument("outcome", nargs="?", help="the column to predict, or the time")
    parser.add_argument("--name", help="of the notebook: words in lower case joined by hyphens")
    parser.add_argument("--event", help="the column that tells an event from a censored time")
    parser.add_argument("--positive", help="the value that counts as the event")
    parser.add_argument("--groups", help="the column of what belongs together, such as the person")
    parser.add_argument("--at", type=float, help="the time by which an event is predicted")
    parser.add_argument("--kind", help="continuous, binary or 'time and event'")
    for option in COLUMNS:
        flag = "--" + option.replace("_", "-")
        parser.add_argument(flag, default="", metavar="A,B", help="see labkit.load_table")
    asked = vars(parser.parse_args(arguments))
    for option in COLUMNS:
        asked[option] = [text for text in asked[option].split(",") if text]
    try:
        notebook, notes = make(asked.pop("file"), asked.pop("outcome"), asked.pop("name"), **asked)
    except NewAnalysisError as error:
        sys.exit(str(error))
    print(f"{FOLDER}/{notebook.name} is made, and runs as it stands.", *notes, sep="\n  ")
    print(f"To open it:\n  {opening(notebook)}")


def opening(notebook: Path) -> str:
    """Return the command that opens a notebook from here."""
    home = notebook.parent.parent
    root = "" if home == Path.cwd() else f' --notebook-dir "{home}"'
    return f'"{shown(sys.executable)}" -I -m jupyterlab{root} "{shown(notebook)}"'


def shown(path: str | Path) -> str:
    """Return a path as it is short: from here where it is below, else in full."""
    try:
        return str(Path(path).relative_to(Path.cwd()))
    except ValueError:
        return str(path)


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
    main()
