"""Bring labs into the form in which they are stored, without running them.

    python -m course.tidy [NOTEBOOK ...]

Cells are collapsed by their tags, `#|` options wrapped, outputs cleaned. `make labs` does the same
to what it has executed. No lab becomes stale by it.
"""

import argparse
from pathlib import Path

from nbformat import NotebookNode

from course.clean_outputs import clean
from course.notebook import Lab, dumps, labs, replace
from course.options import wrapped


def tidy(notebook: NotebookNode) -> None:
    """Clean a notebook, and wrap the options of its cells."""
    clean(notebook)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.source = wrapped(cell.source)


def tidy_file(path: Path) -> bool:
    """Tidy a lab's file, and tell whether that changed it."""
    lab = Lab.read(path)
    before, made = dumps(lab.node), lab.made
    tidy(lab.node)
    if made:
        lab.node.metadata["labkit"] = made  # it was not executed: what made it has not changed
    if changed := dumps(lab.node) != before:
        replace(path, lab.node)
    return changed


def main(arguments: list[str] | None = None) -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser("python -m course.tidy", description="Tidy labs.")
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: notebooks/*.ipynb")
    paths = parser.parse_args(arguments).notebooks or labs()
    changed = [path.name for path in paths if tidy_file(path)]
    print(f"Tidied: {', '.join(changed) or 'nothing was left to do'}.")


if __name__ == "__main__":
    main()
