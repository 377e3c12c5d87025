"""Take a lab out of the course: its files, its place in the navigation, its part of the pages.

    python -m course.remove_lab --lab 11 [--yes]

Git is the way back, so what git does not have is not removed, unless it is as `make new-lab`
made it.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

from course import ROOT
from course.navigation import NavigationError, without_lab
from course.new_lab import OWN_FILES, copies
from course.notebook import Lab, labs
from course.pages import write as generated_pages
from course.studies import STUDIES


class RemoveLabError(Exception):
    """A lab that is not removed, with a message that says why and what to do."""


def find(asked: str, root: Path = ROOT) -> Path:
    """Return the notebook of a lab by its number or name, or raise."""
    found = labs(root)
    for path in found:
        if asked.removesuffix(".ipynb") in {path.stem, path.stem[3:], path.stem[:2]} or (
            asked.isdecimal() and int(asked) == int(path.stem[:2])
        ):
            return path
    known = ", ".join(path.stem for path in found) or "none"
    raise RemoveLabError(f"There is no lab {asked!r}. The labs are: {known}.")


def own_files(notebook: Path, root: Path = ROOT) -> list[Path]:
    """Return the files that are a lab's own."""
    number, name = notebook.stem[:2], notebook.stem[3:]
    places = [place.format(number=number, name=name) for place in OWN_FILES.values()]
    return [p for place in [*places, f"instructors/{number}.json"] if (p := root / place).is_file()]


def remove(notebook: Path, root: Path = ROOT) -> None:
    """Take a lab out, or raise and leave everything as it was."""
    page = notebook.relative_to(root).as_posix()
    if lost := unsafe(notebook, root):
        raise RemoveLabError(
            f"Git does not have {', '.join(lost)} as it is now, and could not bring it back. "
            "Commit first (git add, git commit), then remove."
        )
    if needed := needing(notebook, root):
        raise RemoveLabError(
            f"{notebook.name} is still named in {', '.join(needed)}. Mend that first."
        )
    try:
        changed = without_lab(root, page)
    except NavigationError as error:
        raise RemoveLabError(str(error)) from error
    for path, text in changed.items():
        path.write_text(text, encoding="utf-8", newline="\n")
    for path in own_files(notebook, root):
        path.unlink()
    generated_pages.write_all(root)


def unsafe(notebook: Path, root: Path) -> list[str]:
    """List the lab's files that git could not bring back and that are not the template's."""
    ask = ["git", "status", "--porcelain", "--ignored", "--", *map(str, own_files(notebook, root))]
    try:
        done = subprocess.run(ask, cwd=root, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        done = None
    names = [path.relative_to(root).as_posix() for path in own_files(notebook, root)]
    if done is not None and done.returncode == 0:
        names = [line[3:].strip('"') for line in done.stdout.splitlines()]
    number, name = notebook.stem[:2], notebook.stem[3:]
    template = copies(number, name, Lab.read(notebook).title, root)
    made = {path.relative_to(root).as_posix(): text for path, text in template.items()}
    return [
        name
        for name in names
        if not name.endswith(".json") and essence(root / name) != essence(name, made.get(name, ""))
    ]


def essence(path: Path | str, text: str | None = None) -> str:
    """Return what a person wrote in a file: of a notebook, its cells without their outputs."""
    text = Path(path).read_text(encoding="utf-8") if text is None else text
    if text and str(path).endswith(".ipynb"):
        cells = json.loads(text)["cells"]
        kept = [(c["cell_type"], c["metadata"], "".join(c["source"])) for c in cells]
        return json.dumps(kept)
    return text


def needing(notebook: Path, root: Path) -> list[str]:
    """List what would break without the lab: pages and labs that link to it, long studies."""
    generated = {root / name for name in generated_pages.GENERATORS}
    pages = [*sorted(root.glob("*.qmd")), *sorted((root / "notebooks").glob("*.ipynb"))]
    skipped = {notebook, root / "index.qmd", *generated}
    found = [
        path.relative_to(root).as_posix()
        for path in pages
        if path not in skipped and notebook.name in path.read_text(encoding="utf-8")
    ]
    of_lab = [study for study in STUDIES if study.lab == notebook.name[:2]]
    return found + [f"course/studies.py (the study {study.name})" for study in of_lab]


def main(arguments: list[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser("python -m course.remove_lab", description="Take a lab out.")
    parser.add_argument("--lab", help="its number or its name: 11")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    asked = parser.parse_args(arguments)
    if not asked.lab:
        sys.exit("Say which lab: make remove-lab LAB=11")
    try:
        notebook = find(asked.lab)
        names = [path.relative_to(ROOT).as_posix() for path in own_files(notebook)]
        print("This removes", ", ".join(names), "and the lab's lines in _quarto.yml and index.qmd.")
        if not asked.yes and not confirmed():
            sys.exit("Nothing was removed.")
        remove(notebook)
    except RemoveLabError as error:
        sys.exit(f"Nothing was removed. {error}")
    print(f"Lab {int(notebook.name[:2])} is out of the course.")


def confirmed() -> bool:
    """Ask; no answer is no."""
    try:
        return input("Remove it? [y/N] ").strip().lower() in {"y", "yes"}
    except EOFError:
        return False


if __name__ == "__main__":
    main()
