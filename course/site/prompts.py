"""The predict prompts on a lab's page: each is a form, and its outcome knows which one it answers.

Without a script the form is its question; `styles/predict.js` shows what one answers it with.
"""

import re
from html import escape
from pathlib import Path

from bs4 import BeautifulSoup, Tag

from course import ROOT
from course.cell import Cell
from course.notebook import Lab
from course.predictions import Prompt, comparisons, prompts
from course.site.assets import add_assets
from course.site.html import attribute, parse

SCRIPT = ROOT / "styles" / "predict.js"
NOT_PREDICTED = re.compile(r"Not predicted; it is (.+)\.", re.DOTALL)
SIGNS = {"+": "positive", "0": "zero", "−": "negative"}


def add_prompts(page: BeautifulSoup, path: Path, site: Path, lab: Lab) -> None:
    """Turn each prompt of a lab into a form, mark its outcome, and load the script."""
    asked = prompts(lab)
    if not asked or page.select("form.predict"):
        return
    cells = Cells(page)
    outcomes = comparisons(lab)
    for prompt in asked:
        place = cells.find(prompt.cell)
        if place is None:
            continue
        _fold(place)
        place.insert(0, parse(_form(prompt)))
        for cell in outcomes[prompt.name]:
            if (result := cells.find(cell)) is not None:
                _mark(result, prompt)
    add_assets(page, path, site, [SCRIPT])


class Cells:
    """The code cells of a page, found by their code: the renderers give them ids of their own."""

    def __init__(self, page: BeautifulSoup) -> None:
        self._found: dict[str, Tag] = {}
        for place in page.select("div.cell"):
            code = place.select_one("pre.sourceCode, .sourceCode pre")
            if code is not None:
                self._found.setdefault(_squeezed(code.get_text()), place)

    def find(self, cell: Cell) -> Tag | None:
        """Return the cell as it stands on the page, None where it doesn't."""
        return self._found.get(_squeezed(cell.code))


def _squeezed(code: str) -> str:
    return "".join(code.split())


def _fold(place: Tag) -> None:
    """Fold the code of a prompt, which asks in the notebook what the form asks here."""
    for output in place.select(".cell-output"):
        output.decompose()
    if place.select_one("details.code-fold"):
        return
    fold = parse('<details class="code-fold"><summary>Code</summary></details>').details
    assert fold is not None
    for part in place.find_all(recursive=False):
        fold.append(part.extract())
    place.append(fold)


def _form(prompt: Prompt) -> str:
    """Write the form of a prompt; what only a script can use is hidden until there is one."""
    asked, name = prompt.asked, escape(prompt.name)
    kind = asked.kind if isinstance(asked.kind, str) else "choice"
    ways = f'<p class="predict-ways">({escape(prompt.ways)})</p>' if prompt.ways else ""
    return (
        f'<form class="predict" data-name="{name}" data-kind="{kind}" '
        f'data-unit="{escape(asked.unit)}"><fieldset>'
        f'<legend><span class="predict-label">Predict:</span> {_with_code(asked.question)}</legend>'
        f'{ways}<div class="predict-answer" hidden>{_answers(prompt)}</div>'
        f'<p class="predict-said" id="said-{name}" role="status" aria-live="polite"></p>'
        "</fieldset></form>"
    )


def _answers(prompt: Prompt) -> str:
    kind, unit, name = prompt.asked.kind, escape(prompt.asked.unit), escape(prompt.name)
    send = '<button type="submit">Predict</button>'
    if kind == "sign":
        return "".join(
            f'<button type="submit" name="prediction" value="{sign}" aria-pressed="false">'
            f"{sign} {word}</button>"
            for sign, word in SIGNS.items()
        )
    if kind == "number":
        unit = f" <span>{unit}</span>" if unit else ""
        return (
            f'<label>Your number <input name="prediction" type="text" autocomplete="off" '
            f'aria-describedby="said-{name}">{unit}</label>{send}'
        )
    return (
        "".join(
            f'<label><input name="prediction" type="radio" value="{escape(choice)}"> '
            f"{_with_code(choice)}</label>"
            for choice in kind
        )
        + send
    )


def _with_code(text: str) -> str:
    """Write a text as HTML, with what stands in backquotes as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))


def _mark(place: Tag, prompt: Prompt) -> None:
    """Mark the sentence that says what came out; a prediction that is stored there stays."""
    outputs = place.select(".cell-output")
    matches = [(o, NOT_PREDICTED.fullmatch(o.get_text().strip())) for o in outputs]
    outcome, found = next(((o, m) for o, m in reversed(matches) if m), (None, None))
    if outcome is None or found is None:
        return
    shown = " ".join(found[1].split())
    outcome["class"] = " ".join([*attribute(outcome, "class").split(), "predict-outcome"])
    outcome["id"] = f"outcome-{prompt.name}"
    outcome["data-shown"], outcome["data-came"] = shown, came(prompt, shown)


def came(prompt: Prompt, shown: str) -> str:
    """Return what came out, as a script reads it: a number, a sign or a choice."""
    kind, unit = prompt.asked.kind, prompt.asked.unit
    if kind == "sign":
        return shown[0]
    if kind == "number":
        return shown.removesuffix(unit).strip().replace(",", "")
    return shown
