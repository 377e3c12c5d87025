"""The pages that the site must have, and how to make those of labs quick to render."""

from pathlib import Path

import nbformat
import yaml

from course import ROOT
from course.cell import Cell


def listed():
    """Return every page that `_quarto.yml` lists in the sidebar."""

    def walk(entries):
        for entry in entries:
            if isinstance(entry, str):
                yield entry
            else:
                yield from [entry["href"]] if "href" in entry else []
                yield from walk(entry.get("contents", []))

    config = yaml.safe_load((ROOT / "_quarto.yml").read_text(encoding="utf-8"))
    return list(walk(config["website"]["sidebar"]["contents"]))


def without_code(lab: Path) -> None:
    """Take the code out of a lab: most of a render's time goes there.

    What stays are solutions, and the figures that the front page shows.
    """
    page = (lab.parents[1] / "index.qmd").read_text(encoding="utf-8")
    notebook = nbformat.read(lab, as_version=4)

    def stays(node):
        label = Cell(0, node, "").options.get("label")
        tags = node.metadata.get("tags", [])
        return "solution" in tags or f'data-figure="{lab.stem}#{label}"' in page

    cells = notebook.cells
    notebook.cells = [cell for cell in cells if cell.cell_type != "code" or stays(cell)]
    nbformat.write(notebook, lab)
