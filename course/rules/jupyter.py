"""Rules about how a lab looks in JupyterLab, where students work."""
# ruff: noqa: D401 - the docstring of a rule says why there is one

from course.collapsed import KEYS, stored_metadata
from course.notebook import Lab
from course.options import COLUMNS
from course.rules.registry import Found, rule

MAX_HEIGHT = 600  # pixels of a figure as shown: JupyterLab leaves about 640 of a window of 768


@rule("run `python -m course.tidy`")
def collapsed(lab: Lab) -> Found:
    """JupyterLab reads `source_hidden`, Quarto `code-fold`; solutions and checks are closed."""
    for cell in lab.cells:
        due, there = stored_metadata(cell.node), cell.node.metadata
        for key in KEYS:
            if due.get(key) != there.get(key):
                yield cell, f"`{key}` in its metadata is {there.get(key)}, not {due.get(key)}"


@rule("run `python -m course.tidy`; a caption that it leaves so has line ends: take them out")
def wrapped_options(lab: Lab) -> Found:
    """In JupyterLab the end of a long line is not seen: a caption is then a cut-off comment."""
    for cell in lab.code:
        if long := [line for line in cell.option_lines if len(line) > COLUMNS]:
            yield cell, f"the option `{long[0][:30]}…` is {len(long[0])} characters wide"


@rule("run `python -m course.tidy`; then, if it is too high, give `plt.subplots` a smaller figsize")
def figure_size(lab: Lab) -> Found:
    """A figure that is higher than the window is never seen as a whole."""
    for cell in lab.code:
        for out in cell.outputs:
            if "image/png" not in out.get("data", {}):
                continue
            height = out.metadata.get("image/png", {}).get("height")
            if height is None:
                yield cell, "the figure has no size, and is shown twice as large as it was drawn"
            elif height > MAX_HEIGHT:
                yield cell, f"the figure is {height} pixels high, at most {MAX_HEIGHT}"
