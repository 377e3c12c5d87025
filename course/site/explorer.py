"""The explorer: its data, its script on a page, and what a reader without JavaScript sees.

python -m course.site.explorer    writes the data into explorer/explorer.js, and the page alone

The page alone, in one file, stands beside the labs, so that JupyterLab can open it there: its
folder is the root of all that JupyterLab shows. It runs no script before *Trust HTML* is pressed.
"""

import json
import re
import shutil
from pathlib import Path

import numpy as np
from bs4 import BeautifulSoup

import labkit
from course import ROOT
from course.site.html import parse, relative_link

FOLDER = ROOT / "explorer"
SCRIPT = FOLDER / "explorer.js"
STYLES = [
    *(ROOT / "styles" / f"{name}.css" for name in ("palette", "text", "figures")),
    FOLDER / "explorer.css",
]
ALONE = ROOT / "notebooks" / "gradient-descent-by-hand.html"
BLOCK = re.compile(r"(?<=// data: begin\n).*?(?=\n *// data: end)", re.DOTALL)
# The settings of the static table: the lab's own, a good rate, two past the limit, other units.
RUNS = [(0.01, 200, 1), (0.3, 20, 1), (0.8, 20, 1), (0.01, 200, 10), (0.01, 20, 100)]
PAGE_TITLE = "Gradient descent by hand"
HEADS = ["scale of feature 2", "largest stable rate", "learning rate", "steps", "loss after them"]


def draw() -> labkit.LinearData:
    """Draw the table of the explorer: two features, so that the loss can be drawn as a map."""
    return labkit.make_linear(50, 2, beta=(2, -1), noise_sd=0.5, rng=labkit.RStream(42))


def block() -> str:
    """Write the table as JavaScript, every digit of it, a row to a line."""
    data = draw()
    rows = ",\n".join(f"      {json.dumps(row)}" for row in data.X.tolist())
    y = ",\n".join(f"      {value!r}" for value in data.y.tolist())
    return f"  const data = {{\n    X: [\n{rows},\n    ],\n    y: [\n{y},\n    ],\n  }};"


def static_runs() -> str:
    """Return a sentence and a table of a few runs, as HTML."""
    heads = "".join(f'<th scope="col">{head}</th>' for head in HEADS)
    body = ""
    for run in RUNS:
        cells = "".join(f'<td class="number">{entry}</td>' for entry in one_run(*run))
        body += f"<tr>{cells}</tr>"
    data = draw()
    level = np.mean(labkit.fit_ols(data.X, data.y).residuals ** 2)
    text = (
        "With JavaScript an explorer stands here, with sliders for the learning rate, the number "
        "of steps and the scale of a feature. Without it, here are some of its runs. The loss of "
        f"least squares is {level:.4f}, whatever the scale."
    )
    caption = "Gradient descent on 50 rows with two features"
    return (
        f"<p>{text}</p><table><caption>{caption}</caption><thead><tr>{heads}</tr></thead>"
        f"<tbody>{body}</tbody></table>"
    )


def alone() -> str:
    """Return the explorer as a page in one file, which needs no other."""
    styles = "\n".join(path.read_text(encoding="utf-8") for path in STYLES)
    styles = re.sub(r"@font-face \{[^}]*\}\n", "", styles)  # a file, and there is no formula
    script = SCRIPT.read_text(encoding="utf-8").replace("</script", "<\\/script")
    return f"""<!DOCTYPE html>
<!-- Written by `python -m course.site.explorer`. -->
<html lang="en"><head><meta charset="utf-8"><title>{PAGE_TITLE}</title>
<meta name="viewport" content="width=device-width"><style>
{styles}
main {{ max-width: 43rem; margin: 1.5rem auto; padding: 0 1rem; }}
</style></head><body><main class="content"><h1>{PAGE_TITLE}</h1>
<noscript><p><strong>In JupyterLab press <em>Trust HTML</em> above for the sliders.</strong></p>
</noscript><div class="explorer">{static_runs()}</div></main><script>
if (matchMedia("(prefers-color-scheme: dark)").matches)
  document.documentElement.dataset.scheme = "alternate";
{script}</script></body></html>
"""


def one_run(lr: float, steps: int, scale: float) -> list[str]:
    """Run gradient descent once and return the row of the table, in words where it diverged."""
    data = draw()
    X = data.X * [1, scale]
    limit = labkit.largest_stable_lr(X)
    try:
        w = labkit.fit_linear(X, data.y, lr=lr, steps=steps).params["w"]
        loss = f"{np.mean((data.y - X @ w) ** 2):.4f}"
    except labkit.TrainingDiverged:
        loss = "diverges"
    return [f"{scale:g}", f"{limit:.3g}", f"{lr:g}", f"{steps}", loss]


def add_explorer(page: BeautifulSoup, path: Path, site: Path) -> None:
    """Fill each `div.explorer` that names no other with the static runs, and load the script."""
    places = page.select("div.explorer:not([data-explorer])")
    if not places or page.head is None:
        return
    explorer_page = site / "explorer.html"
    for place in places:
        place.clear()
        place.append(parse(static_runs()))
        if path != explorer_page and explorer_page.is_file() and not page.select(".explorer-more"):
            link = f'<a href="{relative_link(explorer_page, path)}">{PAGE_TITLE}</a>'
            place.insert_after(parse(f'<p class="explorer-more">With tasks: {link}.</p>'))
    assets = site / "explorer"
    assets.mkdir(exist_ok=True)
    for name in ("explorer.js", "explorer.css"):
        shutil.copy(FOLDER / name, assets / name)
    if not page.select_one('script[src$="explorer/explorer.js"]'):
        base = relative_link(assets, path)
        style = page.new_tag("link", href=f"{base}/explorer.css", rel="stylesheet")
        script = page.new_tag("script", src=f"{base}/explorer.js", defer="")
        page.head.extend([style, script])


def main() -> None:
    """Run from the command line."""
    text, count = BLOCK.subn(lambda _: block(), SCRIPT.read_text(encoding="utf-8"))
    if count != 1:
        raise SystemExit(f"{SCRIPT.name} has {count} blocks between '// data: begin' and 'end'.")
    SCRIPT.write_text(text, encoding="utf-8", newline="\n")
    ALONE.write_text(alone(), encoding="utf-8", newline="\n")
    print(f"explorer/{SCRIPT.name} and notebooks/{ALONE.name} hold the data of labkit.make_linear.")


if __name__ == "__main__":
    main()
