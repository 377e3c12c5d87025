"""Give every lab the cell that Colab needs, or take it away: labkit is not installed there.

    python -m course.publishing.colab

Colab opens a lab from the repository that `repo-url` in `_quarto.yml` names. The cell does nothing
where labkit is installed; elsewhere it clones the repository and installs labkit from the clone,
in place, so that the data are found beside it, and again after a restart of the kernel. Torch and
scikit-learn are Colab's own. Where `repo-url` is unset, no lab has the cell.
"""

import json
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from course import ROOT
from course.notebook import COLAB, labs, replace
from course.publishing.repository import Repository, RepositoryError
from course.stale import is_for_colab

SOURCE = """\
#| include: false
# Does nothing where labkit is installed. Elsewhere, as on Colab, it fetches
# the course and installs labkit from it, in place, beside its data.
from importlib.util import find_spec

if find_spec("labkit") is None:
    import subprocess
    import sys
    from pathlib import Path

    url = {url}
    branch = {branch}
    course = Path.home() / "labkit-course"
    if not course.exists():
        clone = ["git", "clone", "--quiet", "--depth=1", "--branch", branch]
        subprocess.run([*clone, url, course], check=True)
    package = course / {subdir}
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--editable"]
    subprocess.run([*install, package], check=True)
    sys.path.append(str(package))"""


def setup_source(repository: Repository) -> str:
    """Return the code of the cell."""
    url, branch, subdir = (
        json.dumps(text, ensure_ascii=False)
        for text in (repository.url, repository.branch, repository.subdir or ".")
    )
    return SOURCE.format(url=url, branch=branch, subdir=subdir)


def set_up(notebook: NotebookNode, repository: Repository | None) -> None:
    """Put the cell under the heading Setup, renew it, or remove it where there is no repository.

    Execution counts are those of a run from the top, so they move with the cell.
    """
    in_order = counts(notebook) == list(range(1, len(counts(notebook)) + 1))
    notebook.cells = [cell for cell in notebook.cells if not is_for_colab(cell)]
    if repository is not None:
        cell = new_code_cell(setup_source(repository), id="colab", metadata={"tags": [COLAB]})
        notebook.cells.insert(setup_heading(notebook) + 1, cell)
    if in_order:
        renumber(notebook)


def setup_heading(notebook: NotebookNode) -> int:
    """Return the place of the cell with the heading Setup."""
    for place, cell in enumerate(notebook.cells):
        if cell.cell_type == "markdown" and "## Setup" in cell.source.splitlines():
            return place
    raise ValueError("there is no heading `## Setup` to put the cell under")


def counts(notebook: NotebookNode) -> list[int | None]:
    """Return the execution counts of the code cells."""
    return [cell.execution_count for cell in notebook.cells if cell.cell_type == "code"]


def renumber(notebook: NotebookNode) -> None:
    """Give the code cells, and what they show, the counts of a run from the top."""
    run = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for count, cell in enumerate(run, 1):
        cell.execution_count = count
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count


def set_up_all(root: Path = ROOT) -> list[str]:
    """Bring every lab up to date and return the names of those that changed."""
    repository, changed = Repository.read(root), []
    for path in labs(root):
        notebook = nbformat.read(path, as_version=4)
        before = nbformat.writes(notebook, version=4)
        try:
            set_up(notebook, repository)
        except ValueError as error:
            raise RepositoryError(f"{path.name}: {error}") from error
        if nbformat.writes(notebook, version=4) != before:
            replace(path, notebook)
            changed.append(path.name)
    return changed


def main() -> None:
    """Run from the command line; silent where nothing changes."""
    try:
        changed = set_up_all()
    except RepositoryError as error:
        sys.exit(f"The labs' cell for Colab was not written: {error}")
    if changed:
        print(f"The cell for Colab was brought up to date in {', '.join(changed)}.")


if __name__ == "__main__":
    main()
