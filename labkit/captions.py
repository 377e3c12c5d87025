"""The caption of a figure below it, for those who read a lab as a notebook.

On a page the caption comes from the option `#| fig-cap:` of the figure's cell. In a notebook this
is a comment, and nobody sees it where the code is collapsed.
"""

from __future__ import annotations

from itertools import takewhile
from typing import Any


def show_captions() -> None:
    """Show below each figure of this notebook, from now on, the caption that its cell states.

    The output carries `quarto_display: false`, by which Quarto leaves it out: the page has the
    caption already.
    """
    try:
        from IPython.core.getipython import get_ipython
    except ImportError:  # not in a notebook
        return
    if shell := get_ipython():
        events = shell.events.callbacks["post_run_cell"]
        if _show_caption not in events:
            events.append(_show_caption)


def caption_of(source: str) -> str:
    """Return the caption that a cell's `#|` options state, empty where they state none."""
    try:
        import yaml
    except ImportError:  # it comes with JupyterLab
        return ""
    lines = takewhile(lambda line: line.startswith("#|"), source.splitlines())
    try:
        options = yaml.safe_load("\n".join(line[2:] for line in lines))
    except yaml.YAMLError:
        return ""
    caption = options.get("fig-cap") if isinstance(options, dict) else None
    return " ".join(caption.split()) if isinstance(caption, str) else ""


def _show_caption(result: Any) -> None:
    """Display the caption of the cell that was just run, below what matplotlib has shown."""
    if result.success and (caption := caption_of(str(result.info.raw_cell))):
        from IPython.display import display

        data = {"text/markdown": f"**Figure.** {caption}", "text/plain": f"Figure. {caption}"}
        display(data, raw=True, metadata={"quarto_display": False})
