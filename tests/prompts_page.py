"""A small page with predict prompts, as either renderer writes it, and the lab that it is of."""

from html import escape

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course.cell import Cell
from course.notebook import Lab
from course.site.html import parse
from course.site.prompts import add_prompts
from labkit import Predict

NUMBER = 'fall = Predict("By what <factor> does `loss` fall?", unit="s")\nfall(...)'
SIGN = 'side = labkit.Predict("Up " "or down?", "sign")\nside(...)'
CHOICE = 'best = Predict("Which wins?", ["OLS", "a & b"])\nbest(...)'
# The code, what it shows, whether it is a prompt.
CELLS = [
    (NUMBER, "Not predicted yet: By what factor? Put a number in place of the dots.", True),
    ("x = 1\nfall.compare(loss)", "Not predicted; it is 1.94 s.", False),
    (SIGN, "Not predicted yet: Up or down?", True),
    (CHOICE, "Not predicted yet: Which wins?", True),
    ("side.compare(-2000)", "Not predicted; it is −2,000.", False),
    ("best.compare(winner)", "Not predicted; it is a & b.", False),
]
SHELL = """<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Prompts</title>
<link rel="stylesheet" href="{css}"></head>
<body><main class="content"><h1>Prompts</h1>{cells}</main></body></html>"""
CODE = {
    "smalldocs": '<div class="code-copy-outer-scaffold"><div class="sourceCode" id="cb1">'
    '<pre class="sourceCode python cell-code"><code class="sourceCode python">{}</code></pre></div>'
    '<button class="code-copy-button" title="Copy to Clipboard"></button></div>',
    "quarto": '<div class="code-copy-outer-scaffold"><div class="sourceCode cell-code" id="cb1">'
    '<pre class="sourceCode python code-with-copy"><code><span id="cb1-1">{}</span></code></pre>'
    "</div></div>",
}
OUTPUT = (
    '<div class="cell-output cell-output-display"><pre><code>{}</code></pre></div>'  # both alike
)


def cell(code, shown, is_prompt=False, number=0):
    output = new_output("execute_result", {"text/plain": shown}, execution_count=1)
    metadata = {"tags": ["predict"]} if is_prompt else {}
    return Cell(number, new_code_cell(code, metadata=metadata, outputs=[output]), "")


def lab_of(folder, cells=CELLS):
    nodes = [new_markdown_cell("# Prompts"), *(cell(*entry).node for entry in cells)]
    return Lab(folder / "01-a.ipynb", new_notebook(cells=nodes), folder)


def page_of(folder, renderer="smalldocs", cells=CELLS, css="site.css"):
    """Return a page after `add_prompts`, whose script is put into `folder`."""
    written = "".join(
        f'<div class="cell" id="cell-{number}">{CODE[renderer].format(escape(code))}'
        f"{OUTPUT.format(escape(shown))}</div>"
        for number, (code, shown, _) in enumerate(cells)
    )
    page = parse(SHELL.format(css=css, cells=written))
    (folder / "notebooks").mkdir(exist_ok=True)
    add_prompts(page, folder / "notebooks" / "01-a.html", folder, lab_of(folder, cells))
    return page


def sentences(kind, said, came, unit=""):
    """Return what labkit says that came out, without a prediction and with one."""
    guess = Predict("What?", kind, unit=unit)
    before = str(guess.compare(came))
    guess(said)
    return before, str(guess.compare(came))
