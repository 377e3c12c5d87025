"""What is left in a lab after its execution: nothing that differs from run to run without reason.

A lab is committed with its outputs, so every byte of noise is a line in somebody's diff.
"""

import re
import tempfile
from base64 import b64decode, b64encode
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from nbformat import NotebookNode
from PIL import Image

KERNEL = {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"}
ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{6,}\b")


def clear(notebook: NotebookNode) -> None:
    """Take out the outputs and the counts of an earlier run."""
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None


def clean(notebook: NotebookNode) -> None:
    """Keep what pages say of the lab, tags, sources, outputs and counts; drop editors' state."""
    course = {"course": notebook.metadata.course} if "course" in notebook.metadata else {}
    notebook.metadata = NotebookNode(kernelspec=KERNEL, language_info={"name": "python"}, **course)
    for cell in notebook.cells:
        tags = cell.metadata.get("tags")
        cell.metadata = NotebookNode(tags=tags) if tags else NotebookNode()
        if cell.cell_type == "code":
            cell.outputs = merge_streams(cell.outputs)
            for output in cell.outputs:
                if picture := output.get("data", {}).get("image/png"):
                    output.data["image/png"] = lighter(picture)


def lighter(picture: str) -> str:
    """Return a PNG file, in base64, without a transparency that no pixel has: a tenth of it."""
    image = Image.open(BytesIO(b64decode(picture)))
    if image.mode != "RGBA" or image.getchannel("A").getextrema() != (255, 255):
        return picture
    file = BytesIO()
    image.convert("RGB").save(file, "PNG", optimize=True)
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


def leaks(notebook: NotebookNode, root: Path) -> Iterator[tuple[int, str]]:
    """Yield (cell number from 1, what is wrong) for each output that should not be published."""
    places = {str(root), str(Path.home()), tempfile.gettempdir()}
    places = {place for place in places if len(place) > 1}
    for number, cell in enumerate(notebook.cells, 1):
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                yield number, f"it writes to stderr: {first_lines(output.text)}"
            text = "\n".join(texts(output))
            for place in sorted(places):
                if re.search(re.escape(place) + r"(?![\w.-])", text):
                    yield number, f"its output names a folder of this machine: {place}"
            if match := ADDRESS.search(text):
                yield number, f"its output holds a memory address: {match.group()}"


def texts(output: NotebookNode) -> Iterator[str]:
    """Yield every text of one output; pictures are no text."""
    if output.output_type == "stream":
        yield output.text
    elif output.output_type == "error":
        yield "\n".join([output.ename, output.evalue, *output.traceback])
    else:
        for kind, value in output.get("data", {}).items():
            if kind.startswith("text/") or kind.endswith("json"):
                yield value if isinstance(value, str) else str(value)


def first_lines(text: str, lines: int = 3) -> str:
    """Return the first lines of a text, for a message."""
    rows = text.strip().splitlines()
    return "\n".join(rows[:lines]) + ("\n…" if len(rows) > lines else "")
