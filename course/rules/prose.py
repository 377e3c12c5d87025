"""Rules about the text: order, amount, and markdown that every reader and renderer shows alike."""
# ruff: noqa: D401 - the docstring of a rule says why there is one

import re
import urllib.parse
from itertools import pairwise

from course.markdown import count_words, plain, unfenced
from course.notebook import TASK_TAGS, Lab
from course.pages.term_links import PAGE as TERMS_PAGE
from course.rules.registry import Found, rule

HEADINGS = (
    "Learning objectives",
    "Background",
    "Setup",
    "1 Goal",
    "2 Approach",
    "3 Execution",
    "4 Check",
    "5 Report",
    "Common pitfalls",
    "Further reading",
    "Session info",
)
TASK_CODE = TASK_TAGS | {"predict"}  # explained by the task that they belong to
MAX_LINES, LONG, WORDS_PER_LINE = 20, 12, 8
MAX_CHECK = 32  # of an exercise's check: folded away, it holds many rules
QUESTION = r"(?:(?!\n\n)[^.?!])+\?"
FIRST_CELL = re.compile(rf"# \S[^\n]*\n\n{QUESTION}\n\n(?P<rest>.+)", re.DOTALL)
ITEM = re.compile(r"^(?:[-*+]|\d+[.)])\s+\S", re.MULTILINE)
TARGET = re.compile(
    r"\]\(\s*([^)\s]+)|\b(?:href|src)=[\"']([^\"']+)|^\[[^\]^]+\]:\s*(\S+)", re.MULTILINE
)
DETAILS = re.compile(
    r"^<details[^>]*>\s*<summary>[^\n]+</summary>[ \t]*\n[ \t]*\n"
    r"(?:(?!</?details).)+?\n</details>[ \t]*$",
    re.DOTALL | re.MULTILINE,
)
NOT_EVERYWHERE = {
    "a shortcode": r"\{\{<",
    "a cross-reference or citation": r"(?<![\w.@])@\w",
    "an attribute": r"\{[#.][\w-]",
    "a lightbox": r"\blightbox\b",
    "a footnote": r"\[\^[^\]]+\]",
    "a GitHub alert": r"\[!\w+\]",
    "LaTeX outside `$$`": r"\\begin\{",
}
FOREIGN = re.compile(
    r"<(?:script|iframe|link|object|embed)\b|\bsrc=[\"'](?:https?:)?//|!\[[^\]]*\]\(\s*(?:https?:)?//"
)
REGISTRIES = re.compile(
    r"\b(pypi\.org|pythonhosted\.org|pytorch\.org/whl|download\.pytorch\.org|cran\.r-project\.org"
    r"|anaconda\.org|huggingface\.co|hub\.docker\.com|registry\.npmjs\.org|crates\.io)\b"
)


@rule("write `# Title`, the question in one sentence, the minutes, and what the student must know")
def first_cell(lab: Lab) -> Found:
    """It is what a student reads first, in JupyterLab too, and the page takes its title from it."""
    first = lab.cells[0] if lab.cells else None
    opening = FIRST_CELL.fullmatch(first.source) if first and first.kind == "markdown" else None
    if opening is None:
        yield first, "it is not a title, a question of one sentence, and what goes before the lab"
    elif not re.search(rf"\b{lab.about.get('minutes', '')}\s+minutes\b", opening["rest"]):
        yield first, "it does not say the minutes of the metadata"


@rule("use `##` for exactly " + " · ".join(HEADINGS) + ", in this order, and `###` within them")
def headings(lab: Lab) -> Found:
    """The order is the workflow that the student takes along; the title is the only level 1."""
    above, seen = 1, []
    for cell in lab.cells:
        for level, text in cell.headings:
            if level == 1 and (cell.index or text != lab.title):
                yield cell, f"“{text}” is a level-1 heading, which the title already is"
            elif level > above + 1:
                yield cell, f"“{text}” jumps from level {above} to level {level}"
            elif level == 2 and (text not in HEADINGS or text in seen):
                yield cell, f"`## {text}` is not one of the {len(HEADINGS)}, or comes twice"
            elif level == 2:
                seen.append(text)
            above = level
    for text in HEADINGS:
        if text not in seen:
            yield None, f"the heading `## {text}` is missing"
    due = [text for text in HEADINGS if text in seen]
    if wrong := [(a, b) for a, b in zip(seen, due, strict=True) if a != b]:
        yield None, f"`## {wrong[0][0]}` stands where `## {wrong[0][1]}` belongs"


@rule("write the section, or a sentence that says why it is short")
def empty_section(lab: Lab) -> Found:
    """A heading with nothing under it promises what the lab doesn't hold."""
    for title in HEADINGS:
        code = any(cell.kind == "code" for cell in lab.section(title))
        if (home := lab.heading(title)) and not code and not count_words(lab.text(title)):
            yield home, f"nothing stands under `## {title}`"


@rule("list three to five things that the student will be able to do")
def objectives(lab: Lab) -> Found:
    """Fewer say too little to be checked; nobody keeps more in mind."""
    items = len(ITEM.findall(lab.text("Learning objectives")))
    if (home := lab.heading("Learning objectives")) and not 3 <= items <= 5:
        yield home, f"{items} learning objectives, not 3 to 5"


@rule("link the earlier labs that this one builds on: [lab 01](01-training-loop.ipynb)")
def prerequisite_links(lab: Lab) -> Found:
    """What a student lacks must be one click away; a later lab can't be required."""
    linked = sorted(re.findall(r"\]\((\d\d)-[^)]*\.ipynb", lab.cells[0].source))
    number = lab.path.name[:2]
    if lab.title and number > "01" and not linked:
        yield lab.cells[0], "no earlier lab is linked"
    if linked and linked[-1] >= number:
        yield lab.cells[0], f"lab {linked[-1]} does not come before lab {number}"


@rule("move what is longer into labkit, or split the cell where a sentence helps")
def cell_length(lab: Lab) -> Found:
    """A cell must be read at one glance, beside the words that explain it."""
    for cell in lab.code:
        most = MAX_CHECK if "exercise-check" in cell.tags else MAX_LINES
        if len(cell.lines) > most:
            yield cell, f"{len(cell.lines)} lines of code, at most {most}"


@rule(f"shorten the longest cells to {LONG} lines")
def short_cells(lab: Lab) -> Found:
    """Many cells just under the limit are as hard to read as one over it; collapsed ones apart."""
    read = (cell for cell in lab.lesson_code if not cell.collapsed)
    long = [str(cell.index + 1) for cell in read if len(cell.lines) > LONG]
    if len(long) > len(lab.lesson_code) / 4:
        share = f"{len(long)} of {len(lab.lesson_code)} code cells"
        yield None, f"{share} have more than {LONG} lines: cells {', '.join(long)}"


@rule("say in a markdown cell above it what the code is about to do")
def prose_before(lab: Lab) -> Found:
    """Code without a stated purpose is copied, not read."""
    for above, cell in pairwise(lab.lesson):
        if cell.kind != "code":
            continue
        explained = above.words or (cell.section == "Session info" and above.kind == "markdown")
        if not explained and not cell.tags & TASK_CODE:
            yield cell, "no prose stands directly above this code (a heading alone is none)"


@rule("say in a markdown cell below it what the output shows")
def prose_after(lab: Lab) -> Found:
    """A result that isn't read aloud is skipped, or read wrongly."""
    for cell in lab.code:
        below = next(iter(lab.cells[cell.index + 1 :]), None)
        last = cell.section == "Session info" and below is None
        explained = below is not None and below.words
        if cell.shows_output and not (explained or last or cell.tags & TASK_CODE):
            yield cell, "no sentence below reads this output aloud (a heading alone is none)"


@rule(f"explain more or compute less: at least {WORDS_PER_LINE} words of prose a line of code")
def prose_ratio(lab: Lab) -> Found:
    """A lab is a lesson with code in it, not a script with remarks."""
    words = sum(cell.words for cell in lab.markdown)
    read = (c for c in lab.lesson_code if not c.collapsed and not c.tags & TASK_CODE)
    lines = sum(len(cell.lines) for cell in read)
    if words < WORDS_PER_LINE * lines:
        yield None, f"{words} words for {lines} lines of code: {words / lines:.1f} a line"


@rule("begin the cell with a sentence, or use `***` for a line across the page")
def leading_dashes(lab: Lab) -> Found:
    """Quarto takes a markdown cell that begins with `---` for front matter: the build breaks."""
    for cell in lab.markdown:
        if cell.source.lstrip().startswith("---"):
            yield cell, "it begins with `---`"


@rule("write it in words, with plain markdown links")
def one_renderer_syntax(lab: Lab) -> Found:
    """Quarto, smalldocs and JupyterLab share plain markdown; one of them prints the rest as is."""
    for cell in lab.markdown:
        for what, pattern in NOT_EVERYWHERE.items():
            if match := re.search(pattern, plain(cell.source)):
                yield cell, f"{what} (`{match[0]}`) is not known everywhere"


@rule("use a paragraph that begins with a bold word, or <details> for what folds")
def no_divs(lab: Lab) -> Found:
    """JupyterLab prints `:::` as it stands, and Quarto loses code inside a callout."""
    for cell in lab.markdown:
        if re.search(r"^\s*:::", unfenced(cell.source), re.MULTILINE):
            yield cell, "it holds a `:::` block"


@rule("write <details><summary>…</summary>, an empty line, the text, </details> on its own line")
def details_closed(lab: Lab) -> Found:
    """Unclosed, it swallows the rest of the page; without the empty line, markdown stays raw."""
    for cell in lab.markdown:
        text = unfenced(cell.source)
        opened, closed = text.count("<details"), text.count("</details")
        if not len(DETAILS.findall(text)) == opened == closed:
            yield cell, "a <details> block is not closed here, or lacks its summary or empty line"


@rule("correct the path, relative to the notebook; link a page, not a place within it")
def links(lab: Lab) -> Found:
    """Both renderers only warn of a dead link, and each spells the anchors of headings its way."""
    for cell in lab.markdown:
        for groups in TARGET.findall(plain(cell.source)):
            target = urllib.parse.urlsplit("".join(groups).strip("<>"))
            if target.scheme or target.netloc:
                continue
            file = lab.path.parent / urllib.parse.unquote(target.path)
            if target.fragment and target.path != TERMS_PAGE:  # its anchors are no headings
                yield cell, f"the link to #{target.fragment} works under one renderer only"
            elif target.path.startswith("/") or not file.exists():
                yield cell, f"the link to {target.path} leads nowhere"


@rule("write it as a link with words, [words](address), or leave it out")
def registry_urls(lab: Lab) -> Found:
    """A registry's bare address is a matter for machines (often a mirror's), not for a student."""
    for cell in lab.cells:
        markdown = cell.kind == "markdown"
        text = re.sub(r"\]\([^)\s]+\)", "]", cell.source) if markdown else cell.source
        if match := REGISTRIES.search(text + "\n" + cell.output_text):
            yield cell, f"the registry {match[0]} stands bare"


@rule("keep the file in the repository, link it relatively; show tables as plain HTML or markdown")
def self_contained(lab: Lab) -> Found:
    """The site asks no third party for anything: scripts and widgets bring in a CDN."""
    if "widgets" in lab.node.metadata:
        yield None, "the metadata hold the state of widgets"
    for cell in lab.cells:
        text = plain(cell.source) if cell.kind == "markdown" else ""
        for out in cell.outputs:
            data = out.get("data", {})
            text += str(data.get("text/html", ""))
            for kind in data:
                if not kind.startswith(("text/", "image/")):
                    yield cell, f"an output of the kind {kind} needs a script"
        if match := FOREIGN.search(text):
            yield cell, f"`{match[0]}` runs a script or asks another host for content"


@rule("say between the brackets what the picture shows: ![…](…)")
def picture_text(lab: Lab) -> Found:
    """A reader who can't see the picture has only these words."""
    for cell in lab.markdown:
        if re.search(r"!\[\s*\]\(|<img(?![^>]*\balt=[\"'][^\"'])", plain(cell.source)):
            yield cell, "a picture has no alternative text"
