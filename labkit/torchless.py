"""Labs without torch: its cells say so and are skipped, and the rest of the lab runs."""

from __future__ import annotations

from importlib.util import find_spec

MARK = "# needs torch"


def skip_torch_cells() -> None:
    """Where torch is not installed, skip each cell of this notebook marked `# needs torch`.

    Called in a lab's Setup. A marked cell then prints one line that says why it is skipped.
    Where torch is installed, or outside IPython, nothing happens.
    """
    if find_spec("torch") is not None:
        return
    from IPython import get_ipython

    shell = get_ipython()
    if shell is not None and skip_if_marked not in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.append(skip_if_marked)


def skip_if_marked(lines: list[str]) -> list[str]:
    """Return the lines of a cell, or, where they are marked, one that prints the reason."""
    code = [line for line in lines if not line.startswith("#|")]
    if code and code[0].strip() == MARK:
        return ['print("Skipped: this cell needs torch, which is not installed here.")\n']
    return lines
