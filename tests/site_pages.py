"""The pages that the site must have, and how to make those of labs quick to render."""

from pathlib import Path

import nbformat
import yaml

from course import ROOT


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
    """Take the code out of a lab, all but solutions: most of a render's time goes there."""
    notebook = nbformat.read(lab, as_version=4)
    notebook.cells = [
        cell
        for cell in notebook.cells
        if cell.cell_type != "code" or "solution" in cell.metadata.get("tags", [])
    ]
    nbformat.write(notebook, lab)
