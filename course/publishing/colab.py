"""Give every lab the cell that Colab needs, or take it away: labkit is not installed there.

    python -m course.publishing.colab

Colab opens a lab as it is stored in the repository that `repo-url` in `_quarto.yml` names, so the
cell stands in the stored labs. Nothing executes it here: it has neither count nor output.
"""

import json
import sys
from pathlib import Path
from typing import Any

from nbformat.v4 import new_code_cell

from course import ROOT
from course.notebook import COLAB, Lab, labs, replace
from course.publishing.repository import Repository, RepositoryError

# From a clone labkit is installed in place, with the data beside it: also after a restart of the
# kernel, and for the processes that a lab starts. Torch and scikit-learn are Colab's own.
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
    install = [sys.executable, "-m", "pip", "install", "--quiet", "--src"]
    subprocess.run([*install, Path.home(), "--editable", url], check=True)
    sys.path.append(str(Path.home() / "labkit"))"""


def set_up(cells: list[Any], repository: Repository | None) -> list[Any]:
    """Return a lab's cells with the one for Colab before all code; without, for no repository."""
    cells = [cell for cell in cells if COLAB not in cell.metadata.get("tags", [])]
    if repository is not None:
        url = json.dumps(f"git+{repository.url}@{repository.branch}#egg=labkit")
        first = next((i for i, c in enumerate(cells) if c.cell_type == "code"), len(cells))
        own = new_code_cell(SOURCE.format(url=url), id="colab", metadata={"tags": [COLAB]})
        cells.insert(first, own)
    return cells


def set_up_all(root: Path = ROOT) -> list[str]:
    """Bring every lab up to date and return the names of those that changed."""
    repository, changed = Repository.read(root), []
    for path in labs(root):
        notebook = Lab.read(path).node
        before, notebook.cells = notebook.cells, set_up(notebook.cells, repository)
        if notebook.cells != before:
            replace(path, notebook)
            changed.append(path.name)
    return changed


if __name__ == "__main__":
    try:
        names = set_up_all()
    except RepositoryError as error:
        sys.exit(str(error))
    if names:
        print(f"The cell for Colab was brought up to date in {', '.join(names)}.")
