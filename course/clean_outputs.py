"""What is left in a lab after its execution: nothing that differs from run to run without reason.

A lab is committed with its outputs, so every byte of noise is a line in somebody's diff.
"""

from base64 import b64decode, b64encode
from io import BytesIO

from nbformat import NotebookNode
from PIL import Image

from course.collapsed import stored_metadata

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}


def clear(notebook: NotebookNode) -> None:
    """Take out the outputs and the counts of an earlier run."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None


def clean(notebook: NotebookNode) -> None:
    """Keep what pages say of the lab, tags, what is collapsed, sources, outputs and counts.

    All else is editors' state. A picture is shown at half its pixels, as the course's style draws.
    """
    course = {"course": notebook.metadata.course} if "course" in notebook.metadata else {}
    notebook.metadata = NotebookNode(kernelspec=KERNEL, language_info={"name": "python"}, **course)
    for cell in notebook.cells:
        cell.metadata = stored_metadata(cell)
        if cell.cell_type == "code":
            cell.outputs = merge_streams(cell.outputs)
            for output in cell.outputs:
                if picture := output.get("data", {}).get("image/png"):
                    output.data["image/png"] = lighter(picture)
                    output.metadata["image/png"] = NotebookNode(half_size(picture))


def half_size(picture: str) -> dict[str, int]:
    """Return the size at which a PNG file, in base64, is sharp on a screen of fine pixels."""
    width, height = Image.open(BytesIO(b64decode(picture))).size
    return {"width": width // 2, "height": height // 2}


def lighter(picture: str) -> str:
    """Return a PNG file, in base64, with a palette of 256 colours: a third of it, to the eye alike.

    A figure has a few colours and what lies between them at the edges of its lines. One with a
    transparency that some pixel has, and one with a palette, stay as they are.
    """
    image = Image.open(BytesIO(b64decode(picture)))
    opaque = image.mode == "RGB" or (
        image.mode == "RGBA" and image.getchannel("A").getextrema() == (255, 255)
    )
    if not opaque:
        return picture
    file = BytesIO()
    few = image.convert("RGB").quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    few.save(file, "PNG", optimize=True)
    return b64encode(file.getvalue()).decode("ascii")


def merge_streams(outputs: list[NotebookNode]) -> list[NotebookNode]:
    """Join consecutive pieces of one stream: where the kernel cuts printed text is chance."""
    merged: list[NotebookNode] = []
    for output in outputs:
        last = merged[-1] if merged else None
        if last and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            output.pop("transient", None)
            merged.append(output)
    return merged


def first_lines(text: str, lines: int = 3) -> str:
    """Return the first lines of a text, for a message."""
    rows = text.strip().splitlines()
    return "\n".join(rows[:lines]) + ("\n…" if len(rows) > lines else "")
