"""What a program writes of the site, pages and parts of them: which, and their text as of now.

    python -m course.pages.write

writes them into the project's folder. They are committed, so that a plain `quarto render` of a
clone is whole; `make site` writes them anew, and a test names those that are not current.
"""

import sys
from collections.abc import Callable
from pathlib import Path

from course import ROOT, outline
from course.pages import front_page, idioms_page, reference_page, references_page, terms_page
from course.pages import instructors as instructors_page

# page, relative to the root → a function that takes the root and returns the page's whole text
GENERATORS: dict[str, Callable[[Path], str]] = {
    "terms.qmd": terms_page.text,
    "notebooks/terms.md": terms_page.beside_the_labs,
    idioms_page.PAGE: idioms_page.text,
    "references.qmd": references_page.text,
    "reference.qmd": reference_page.text,
    "instructors.qmd": instructors_page.text,
    "_quarto.yml": outline.sidebar,
    front_page.PAGE: front_page.text,
}


class PagesError(ValueError):
    """A page that can't be written, with a message that names the lab or the file and says why."""


def write_all(root: Path = ROOT) -> list[str]:
    """Write every generated page whose text has changed and return the names of those."""
    changed = []
    for name, text in GENERATORS.items():
        try:
            page, new = root / name, text(root)
        except ValueError as error:  # OutlineError, UnreadableError, and what a page says of a lab
            raise PagesError(str(error)) from error
        if not page.is_file() or page.read_text(encoding="utf-8") != new:
            page.write_text(new, encoding="utf-8", newline="\n")
            changed.append(name)
    return changed


def main() -> None:
    """Run from the command line."""
    try:
        print(f"Pages written: {', '.join(write_all()) or 'none, all of them are current'}.")
    except PagesError as error:
        sys.exit(f"The pages were not written: {error}")


if __name__ == "__main__":
    main()
