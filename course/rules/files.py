"""Rules about the file: its format, name, metadata and tags."""
# ruff: noqa: D401 - the docstring of a rule says why there is one

import re
from collections import Counter
from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any

from nbformat.validator import iter_validate

from course.collapsed import KEYS
from course.notebook import TASK_TAGS, Lab, labs
from course.outline import configuration
from course.pages.verdict_line import NoVerdictsError, VerdictLineError, verdict_line
from course.publishing.colab import set_up
from course.publishing.repository import Repository, RepositoryError
from course.rules.registry import Found, rule

TEXTS = ("part", "question", "description", "figure", "verdict")
TAGS = TASK_TAGS | {"torch", "predict", "nan-is-the-lesson", "study-settings", "study", "colab"}
NBVAL_TAG = re.compile(r"raises-exception|skip-execution|(nbval|pytest-validate)-[a-z-]+")
NBVAL_COMMENT = re.compile(r"^\s*#+\s*((?:NBVAL|PYTEST_VALIDATE)_\w+)", re.MULTILINE)
SENTENCE = re.compile(r"[^.!?](?:(?![.!?]\s+[A-Z]).)*[.!?]", re.DOTALL)
MAX_BYTES = 1_500_000


@rule("open and save it in JupyterLab 4, or run `make labs`")
def valid_notebook(lab: Lab) -> Found:
    """Jupyter, nbval and the renderers each repair a broken file in their own way."""
    error = next(iter(iter_validate(lab.node)), None)
    if error is not None:
        yield None, f"not a valid notebook: {error.message[:120]}"
    elif lab.node.nbformat_minor < 5:
        yield None, f"format 4.{lab.node.nbformat_minor} has no cell ids, 4.5 has"
    else:
        ids = Counter(cell.node.id for cell in lab.cells)
        for cell in lab.cells:
            if ids[cell.node.id] > 1:
                yield cell, f"the id {cell.node.id} stands on more than one cell"


@rule("rename it to two digits, a hyphen and words in lower case: 04-losses.ipynb")
def file_name(lab: Lab) -> Found:
    """The number orders the labs, and the name becomes the page's address."""
    if not re.fullmatch(r"\d\d(-[a-z0-9]+)+\.ipynb", lab.path.name):
        yield None, f"the file name {lab.path.name} is not of the form NN-words.ipynb"


@rule(
    "list it in _quarto.yml: under website: sidebar:, and under render: where there is such a list"
)
def in_navigation(lab: Lab) -> Found:
    """A lab that _quarto.yml doesn't name is left out, or served as raw JSON, without a word."""
    if not (lab.root / "_quarto.yml").exists():
        return
    site = configuration(lab.root)
    places = {"sidebar": (site.get("website") or {}).get("sidebar")}
    if "render" in (project := site.get("project") or {}):
        places["render list"] = project["render"]
    page = lab.path.relative_to(lab.root).as_posix()
    for name, listed in places.items():
        # A slash in front means the project's folder.
        if not any(fnmatch(page, pattern.removeprefix("/")) for pattern in _strings(listed)):
            yield None, f"the {name} of _quarto.yml does not hold {page}"


@rule("choose the kernel `Python 3 (ipykernel)` and save, or run `make labs`")
def kernel(lab: Lab) -> Found:
    """A kernel named after somebody's environment doesn't exist on the student's machine."""
    name = lab.node.metadata.get("kernelspec", {}).get("name")
    if name != "python3":
        yield None, f"the kernel is {name!r}, not 'python3'"


@rule("make it Markdown, or delete it")
def raw_cell(lab: Lab) -> Found:
    """The renderers read a raw cell each in its own way, and JupyterLab shows it as it stands."""
    for cell in lab.cells:
        if cell.kind == "raw":
            yield cell, "it is a raw cell"


@rule(
    f"write {', '.join(TEXTS)} (text), minutes (a number) and terms (a list) under `course` in the "
    "notebook's metadata"
)
def course_metadata(lab: Lab) -> Found:
    """The sidebar, the front page, the search and the page of terms are made from it."""
    about = lab.about
    for key in TEXTS:
        if not isinstance(about.get(key), str) or not about[key].strip():
            yield None, f"`{key}` is missing, or is no text"
    if about.get("description") and not SENTENCE.fullmatch(str(about["description"]).strip()):
        yield None, "`description` is not one sentence with its stop"
    if type(about.get("minutes")) is not int or about["minutes"] < 1:
        yield None, "`minutes` is not a whole number above 0"
    terms = about.get("terms")
    if not (isinstance(terms, list) and terms and all(isinstance(t, str) for t in terms)):
        yield None, "`terms` is not a list of the terms that the lab introduces or relies on"
    elif repeated := [term for term in dict.fromkeys(terms) if terms.count(term) > 1]:
        yield None, f"`terms` names `{repeated[0]}` twice"
    if unknown := sorted(set(about) - {*TEXTS, "minutes", "prerequisites", "terms"}):
        yield None, f"`course` has the key `{unknown[0]}`, which nothing reads"


@rule(
    "name as `figure` the label of a figure that is no solution, and write `verdict` as another lab"
)
def card(lab: Lab) -> Found:
    """The front page shows a figure of each lab, and what it found in a line that nobody typed."""
    if label := lab.about.get("figure"):
        drawn = lab.figure(str(label))
        if drawn is None or "solution" in drawn.tags:
            yield None, f"`figure` is `{label}`, which no cell of the lesson draws"
        elif drawn.png is None and drawn.outputs:
            yield drawn, "it stores no picture for the card"
    if lab.about.get("verdict"):
        try:
            verdict_line(lab)
        except NoVerdictsError:  # other rules say so
            return
        except VerdictLineError as error:
            yield None, str(error).removeprefix(f"{lab.path.name}: ")


@rule(
    "write under `course` in the metadata `prerequisites`, a list of labs by file name: "
    '["01-training-loop"], or [] for a lab that needs none'
)
def prerequisites(lab: Lab) -> Found:
    """The front page shows them, and no path through the course may visit a lab before them."""
    needs = lab.about.get("prerequisites", [] if not lab.about else None)
    if not (isinstance(needs, list) and all(isinstance(one, str) for one in needs)):
        yield None, "`prerequisites` is no list of labs"
        return
    known = {path.stem for path in labs(lab.root)}
    for stem in dict.fromkeys(needs):
        if needs.count(stem) > 1:
            yield None, f"`prerequisites` names `{stem}` twice"
        if stem[:2] >= lab.path.stem[:2]:
            yield None, f"`prerequisites` names `{stem}`, which does not come before this lab"
        elif stem not in known:
            yield None, f"`prerequisites` names `{stem}`, which is no lab"
        elif lab.cells and f"]({stem}.ipynb" not in lab.cells[0].source:
            yield lab.cells[0], f"it does not link `{stem}`, which the lab's metadata say it needs"


@rule("delete the other keys and pasted pictures (`make labs` cleans the metadata)")
def cell_metadata(lab: Lab) -> Found:
    """What editors leave makes diffs noisy, and attachments can carry solutions out."""
    for cell in lab.cells:
        extra = sorted(set(cell.node.metadata) - {"tags", *KEYS})
        extra += ["attachments"] if "attachments" in cell.node else []
        if extra:
            yield cell, f"besides `tags` it carries {', '.join(extra)}"


@rule(f"use only {', '.join(sorted(TAGS))}; on a markdown cell only `solution`")
def known_tags(lab: Lab) -> Found:
    """A mistyped tag does nothing, silently: a solution would reach the student edition."""
    for cell in lab.cells:
        allowed = TAGS if cell.kind == "code" else {"solution"}
        for tag in sorted(cell.tags - allowed):
            if not NBVAL_TAG.fullmatch(tag):
                yield cell, f"the tag `{tag}` means nothing on a {cell.kind} cell"


@rule("run `python -m course.publishing.colab`, which writes the cell, renews it or takes it away")
def colab_cell(lab: Lab) -> Found:
    """Opened from the repository a lab has no labkit, and this cell alone may install it."""
    try:
        due = set_up(lab.node.cells, Repository.read(lab.root))
    except RepositoryError as error:
        yield None, str(error)
    else:
        if due != lab.node.cells:
            yield None, "the cell for Colab is missing, out of place, or not what it would be now"


@rule("delete the mark; where an error is the lesson, catch it with try/except and print it")
def nbval_loophole(lab: Lab) -> Found:
    """`raises-exception` passes when nothing is raised; the others keep nbval from looking."""
    for cell in lab.cells:
        marks = [tag for tag in sorted(cell.tags) if NBVAL_TAG.fullmatch(tag)]
        for mark in marks + NBVAL_COMMENT.findall(cell.source):
            yield cell, f"`{mark}` changes how nbval tests this cell"


@rule("delete the cell")
def empty_cell(lab: Lab) -> Found:
    """An empty cell is never executed, and leaves a hole on the page."""
    for cell in lab.cells:
        if not cell.source.strip():
            yield cell, "it is empty"


@rule("draw fewer points, lower the dpi, or print less")
def weight(lab: Lab) -> Found:
    """A lab's page stays under 1.5 MB, so that a class can open it over one slow line."""
    total = 0.0
    for cell in lab.code:
        total += sum(len(out.text) for out in cell.outputs if out.output_type == "stream")
        for out in cell.outputs:
            for kind, value in out.get("data", {}).items():
                in_base64 = kind.startswith("image/") and kind != "image/svg+xml"
                total += len(str(value)) * (0.75 if in_base64 else 1)
    if total > MAX_BYTES:
        yield None, f"its outputs weigh {total / 1e6:.1f} MB, at most {MAX_BYTES / 1e6} MB"


def _strings(node: Any) -> Iterator[str]:
    """Yield all strings of a YAML tree."""
    if isinstance(node, str):
        yield node
    elif isinstance(node, dict | list):
        for child in node.values() if isinstance(node, dict) else node:
            yield from _strings(child)
