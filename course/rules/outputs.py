"""Rules about what is stored: figures with their texts, and outputs that hold on any machine."""
# ruff: noqa: D401 - the docstring of a rule says why there is one

import re
import tempfile
from pathlib import Path

from course.cell import Cell
from course.notebook import Lab
from course.rules.calls import calls
from course.rules.registry import Found, rule

MIN_ALT = 40
NOT_FINITE = re.compile(r"(?<![\w.])(?:nan|inf|infinity)(?!\w)", re.IGNORECASE)
# White noise and white blood cells are no colours.
TURNED = re.compile(
    r"\b(?:white|black|gr[ea]y|dark|light|pale|bright)(?:r|er|st|est|ish)?\b"
    r"(?![ -](?:noise|blood|matter|box))",
    re.IGNORECASE,
)
PHOTO = "fig-photo-"  # the beginning of a label, which styles/figures.css knows too
LOCAL = re.compile(
    r"(?<![\w.])/(?:home|root|tmp|Users|var/folders)(?![\w.-])|\b[A-Za-z]:\\+Users\b"
)


@rule(f"add `#| label: fig-…`, `#| fig-cap: …` and `#| fig-alt: …` ({MIN_ALT} letters or more)")
def figure_text(lab: Lab) -> Found:
    """The caption says what to look for; the alternative text stands in for the figure."""
    for cell in filter(_is_figure, lab.code):
        texts = (cell.options.get(key) for key in ("label", "fig-cap", "fig-alt"))
        label, caption, alt = (str(text or "").strip() for text in texts)
        if not re.fullmatch(r"fig(-[a-z0-9]+)+", label):
            yield cell, f"the figure's label is `{label}`, not `fig-` and words in lower case"
        if not caption:
            yield cell, "the figure has no caption"
        if len(alt) < MIN_ALT:
            yield cell, f"the figure's alternative text has {len(alt)} letters"
        elif alt.casefold() == caption.casefold():
            yield cell, "the figure's alternative text repeats the caption"


@rule("name a hue (blue, orange), or the form: a thick line, a shaded band, a faint map")
def turned_colours(lab: Lab) -> Found:
    """In the dark a page turns its figures, but for hues: the black of paper is white there."""
    for cell in lab.code:
        if str(cell.options.get("label")).startswith(PHOTO):
            continue
        for key in ("fig-cap", "fig-alt"):
            if match := TURNED.search(str(cell.options.get(key) or "")):
                yield cell, f"its `{key}` calls something {match[0].lower()}"


@rule("draw one figure a cell (panels of one figure are one), each with its own texts")
def one_figure(lab: Lab) -> Found:
    """Two pictures in a cell share one caption and one alternative text."""
    for cell in lab.code:
        if cell.images > 1:
            yield cell, f"{cell.images} pictures come from one cell"


@rule("run `make labs`")
def execution_counts(lab: Lab) -> Found:
    """An unrun notebook compares nothing and renders blank, without a warning."""
    for due, cell in enumerate(lab.lesson_code, start=1):
        if (count := cell.node.execution_count) != due:
            yield cell, f"its execution count is {count}, not {due}: not run in order from the top"
            return


@rule("correct the code and run `make labs`; an error that is the lesson is caught and printed")
def no_errors(lab: Lab) -> Found:
    """A stored error tells the reader that the lab is broken."""
    for cell in lab.code:
        for out in cell.outputs:
            if out.output_type == "error":
                yield cell, f"an error is stored ({out.ename})"


@rule("correct what complains, or keep it out at its source; print what is meant to be read")
def no_stderr(lab: Lab) -> Found:
    """What goes to stderr differs from machine to machine, and looks like a fault."""
    for cell in lab.code:
        for out in cell.outputs:
            if out.get("name") == "stderr":
                begins = out.text.strip().partition("\n")[0]
                yield cell, f"it writes to stderr: {begins}"


@rule("find where it comes from; where divergence is taught, tag the cell `nan-is-the-lesson`")
def no_nan(lab: Lab) -> Found:
    """A stored `nan` passes every comparison."""
    for cell in lab.code:
        texts = [out.text for out in cell.outputs if out.output_type == "stream"]
        for kind in ("text/plain", "text/markdown"):
            texts += [out.get("data", {}).get(kind, "") for out in cell.outputs]
        match = NOT_FINITE.search("\n".join(texts))
        if match and "nan-is-the-lesson" not in cell.tags:
            yield cell, f"`{match[0]}` is stored as a result"


@rule("switch the bar off (progress=False)")
def progress_bar(lab: Lab) -> Found:
    """A stored bar is a picture of one machine's speed on one day."""
    yield from _in_outputs(lab, r"\d%\||\bit/s\b|\bs/it\b|\r", "a progress bar")


@rule("print what is meant, not the object; assign what a plot returns (`_ = …`)")
def object_repr(lab: Lab) -> Found:
    """A memory address changes with each run, and a bare object says nothing to the reader."""
    yield from _in_outputs(lab, r"\b0x[0-9a-fA-F]{6,}", "a memory address")
    for cell in lab.code:
        for out in cell.outputs:
            text = out.get("data", {}).get("text/plain", "")
            bare = out.output_type == "execute_result" and set(out.data) == {"text/plain"}
            if bare and re.match(r"\[?<\w", text) and " at 0x" not in text:
                yield cell, f"the bare object `{text[:30]}` is shown"


@rule("put an f before the string")
def unfilled_name(lab: Lab) -> Found:
    """A sentence of three f-strings and one plain one prints a name where its number belongs."""
    # a subscript or a command of TeX also stands before a brace, and a space within a repr
    name = r"(?<![\w\\^$}])\{[A-Za-z_](?:[\w.]|\[[^\[\]\n]*\])*(?:![rsa])?(?::[^{}\s]*)?\}"
    yield from _in_outputs(lab, name, "a name in place of its value")


@rule("use a relative path, or tempfile for what is thrown away, and don't print where it stands")
def local_path(lab: Lab) -> Found:
    """A path of one machine exists on no other."""
    here = {str(lab.root), str(Path.home()), tempfile.gettempdir()} - {"/"}
    names = "|".join(map(re.escape, sorted(here)))
    for cell in lab.code:
        text = cell.source + "\n" + cell.output_text
        if match := LOCAL.search(text) or re.search(rf"(?:{names})(?![\w.-])", text):
            yield cell, f"`{match[0]}` is a place on one machine"


@rule("correct what it warns of")
def warning_text(lab: Lab) -> Found:
    """A warning that the student can't act on teaches to ignore warnings."""
    yield from _in_outputs(lab, r"\b\w*Warning\b", "a warning")


def _is_figure(cell: Cell) -> bool:
    """Whether the output is a drawing: a picture, or what a plotting call left."""
    shown = any(out.output_type in {"display_data", "execute_result"} for out in cell.outputs)
    draws = any(owner == "plt" or name.startswith("plot_") for _, owner, name in calls(cell.tree))
    return cell.images > 0 or (shown and draws)


def _in_outputs(lab: Lab, pattern: str, what: str) -> Found:
    """Find cells whose outputs hold the pattern."""
    for cell in lab.code:
        if match := re.search(pattern, cell.output_text):
            yield cell, f"{what} (`{match[0].strip()}`) is stored in the output"
