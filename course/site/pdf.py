"""Make a PDF of each lab in `_pdf/`, by Quarto and the Typst that comes with it.

    python -m course.site.pdf [--lab 4] [--edition student] [--output FOLDER]

The stored outputs are printed. A PDF is made beside its place and put there when it is whole.
"""

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path

import yaml
from tqdm import tqdm

from course import ROOT
from course.editions import without_solutions
from course.notebook import Lab, UnreadableError, dumps, find_lab, labs
from course.outline import configuration
from course.site.paper import printed
from course.site.quarto import QuartoError, get, quarto


class PdfError(Exception):
    """A PDF that could not be made, with a message that names the lab and says why."""


def make_pdf(path: Path, output: Path, root: Path = ROOT, *, student: bool = False) -> Path:
    """Print one lab into the folder `output`; a failure leaves an older PDF as it was."""
    lab = Lab.read(path)
    if student:
        lab = Lab(lab.path, without_solutions(lab), lab.root)
    output.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".pdf-", dir=output) as workplace:
        folder = Path(workplace)
        write_sources(lab, folder, root)
        try:
            quarto(folder, "render", path.name, "--to", "typst", "--no-execute")
        except QuartoError as error:
            raise PdfError(f"{path.name}: {error}") from error
        result = folder / f"{path.stem}.pdf"
        if not result.is_file() or not result.read_bytes().startswith(b"%PDF-"):
            raise PdfError(f"{path.name}: quarto ended without an error and wrote no PDF")
        return result.replace(output / result.name)


def write_sources(lab: Lab, folder: Path, root: Path) -> None:
    """Write into a folder what Quarto needs for the PDF of a lab: a project of its own."""
    settings = yaml.safe_load((root / "styles" / "pdf.yml").read_text(encoding="utf-8"))
    course = configuration(root).get("website", {}).get("title", "")
    settings["project"] = {"render": [lab.path.name]}  # or nothing in a hidden folder is seen
    settings["subtitle"] = f"Lab {lab.number}" + (f" of the course *{course}*" if course else "")
    text = yaml.safe_dump(settings, sort_keys=False, allow_unicode=True)
    (folder / "_quarto.yml").write_text(text, encoding="utf-8", newline="\n")
    shutil.copyfile(root / "styles" / "pdf.typ", folder / "pdf.typ")
    text = dumps(printed(lab))
    (folder / lab.path.name).write_text(text, encoding="utf-8", newline="\n")


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser("python -m course.site.pdf", description="Print the labs.")
    parser.add_argument("--lab", help="its number or name; default: every lab")
    parser.add_argument("--edition", choices=["course", "student"], default="course")
    parser.add_argument("--output", type=Path, help="default: _pdf or _pdf-student")
    arguments = parser.parse_args()
    student = arguments.edition == "student"
    output = arguments.output or ROOT / ("_pdf-student" if student else "_pdf")
    failures = []
    try:
        get()
        paths = [find_lab(arguments.lab)] if arguments.lab else labs()
        for path in tqdm(paths, unit="lab", desc="printing"):
            try:
                make_pdf(path, output, student=student)
            except (OSError, PdfError, UnreadableError) as error:
                failures.append(str(error))
    except (LookupError, QuartoError) as error:
        sys.exit(f"No PDF was made: {error}")
    except KeyboardInterrupt:
        sys.exit("Interrupted: the PDFs that had not finished are as they were")
    if failures:
        sys.exit("\n\n".join(f"The PDF was not made: {failure}" for failure in failures))
    if not (arguments.lab or arguments.output):  # what a lab has left that has another name now
        new = {output / f"{path.stem}.pdf" for path in paths}
        for old in set(output.glob("[0-9][0-9]-*.pdf")) - new:
            old.unlink()
    print(f"In {os.path.relpath(output)}/: {', '.join(f'{path.stem}.pdf' for path in paths)}")


if __name__ == "__main__":
    main()
