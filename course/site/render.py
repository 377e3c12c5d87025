"""Render the course's site to `_site/`: with Quarto where it is on the PATH, else with smalldocs.

    python -m course.site.render [--edition student] [--renderer quarto|smalldocs] [--output FOLDER]

The student edition is the same site without solutions. Both offer the zip of `make student`, as
long as it is not older than what it is made from.
The site is made beside its place and put there when it is whole: a failed run leaves the old one.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

from smalldocs.config import BuildError, ConfigError, load
from smalldocs.site import Site

from course import ROOT
from course.archive import current_zip, zip_path
from course.editions import student_sources
from course.pages.write import PagesError, write_all
from course.publishing.repository import RepositoryError
from course.site.check import pages, problems
from course.site.postprocess import PageError, postprocess
from course.site.quarto import QuartoError, find, quarto
from course.site.sources import write_sources

# What is for Quarto alone: smalldocs never executes, postprocessing draws the formulas, and the
# visitor's system decides between light and dark anyway.
IGNORED_WARNINGS = {
    "execute.enabled is ignored: smalldocs runs no code",
    "format.html.html-math-method is ignored",
    "format.html.respect-user-color-scheme is ignored",
}


class RenderError(Exception):
    """A site that could not be rendered or must not be published, with a message that says why."""


def render(
    root: Path,
    output: Path,
    renderer: str | None = None,
    *,
    student: bool = False,
    student_zip: Path | None = None,
) -> int:
    """Render the project at `root` into `output` and return the number of pages.

    `student` leaves the solutions out; `student_zip` is what the pages offer for download.
    """
    renderer = renderer or ("quarto" if find() else "smalldocs")
    output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".site-", dir=output.parent) as workplace:
        site = Path(workplace) / "site"
        if student:
            student_sources(root, Path(workplace) / "sources")
            root = Path(workplace) / "sources"
        write_sources(root, Path(workplace) / "copy")
        {"quarto": with_quarto, "smalldocs": with_smalldocs}[renderer](
            Path(workplace) / "copy", site
        )
        try:
            postprocess(site, root / "notebooks", student_zip)
        except (PageError, RepositoryError) as error:
            raise RenderError(str(error)) from error
        if found := problems(site):
            raise RenderError("the site is not fit to publish:\n  " + "\n  ".join(found))
        replace(output, site, Path(workplace) / "old")
        return len(pages(output))


def with_smalldocs(root: Path, site: Path) -> None:
    """Render with smalldocs, a Python package."""
    try:
        build = Site(load(root), quiet=True)
        build.out = site
        build.build()
    except (BuildError, ConfigError) as error:
        raise RenderError(str(error)) from error
    if warnings := [warning for warning in build.warnings if warning not in IGNORED_WARNINGS]:
        raise RenderError("smalldocs warns:\n  " + "\n  ".join(warnings))


def with_quarto(root: Path, site: Path) -> None:
    """Render with Quarto, a program of its own, which writes beside what it reads."""
    folder = os.path.relpath(site, root)  # Quarto reads it as relative to the project
    try:
        quarto(root, "render", "--output-dir", folder, "--no-execute")
    except QuartoError as error:
        raise RenderError(str(error)) from error
    if not (site / "index.html").is_file():
        raise RenderError("quarto ended without an error and wrote no page index.html")


def replace(output: Path, site: Path, old: Path) -> None:
    """Put a new site in the place of the old one, which goes to `old`."""
    if output.exists():
        output.rename(old)
    site.rename(output)


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser("python -m course.site.render", description="Render the site.")
    parser.add_argument(
        "--renderer", choices=["quarto", "smalldocs"], help="default: what is there"
    )
    parser.add_argument("--edition", choices=["course", "student"], default="course")
    parser.add_argument("--output", type=Path, help="default: _site or _site-student")
    arguments = parser.parse_args()
    student = arguments.edition == "student"
    output = arguments.output or ROOT / ("_site-student" if student else "_site")
    started = time.perf_counter()
    try:
        write_all(ROOT)
        student_zip = current_zip(ROOT)
        count = render(
            ROOT, output.resolve(), arguments.renderer, student=student, student_zip=student_zip
        )
    except (PagesError, RenderError) as error:
        sys.exit(f"The site was not rendered: {error}")
    except KeyboardInterrupt:
        sys.exit("Interrupted: the site was not rendered, and an older one is as it was")
    seconds = time.perf_counter() - started
    if not student_zip:
        state = "older than its sources" if zip_path(ROOT).exists() else "not there"
        print(f"The zip for students is {state}, so the site offers none: make student, then again")
    place = os.path.relpath(output)
    serve = "make serve EDITION=student" if student else "make serve"
    print(f"{count} pages in {place}/ ({seconds:.1f} s). Look at them with: {serve}")


if __name__ == "__main__":
    main()
