"""The formulas of a page: TeX to MathML, which browsers draw without a script or another host.

latex2mathml reads more than it should: it passes over an unknown command, an unclosed brace or a
stray `&` without a word. Here each of these is an error, because a page with a broken formula must
not be published.
"""

import re

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString
from latex2mathml.converter import convert

from course.site.html import attribute, parse
from course.site.tex_signs import repair
from course.site.tex_spacing import space

# How many children each element of MathML must have.
ARITY = {"mfrac": 2, "msub": 2, "msup": 2, "mover": 2, "munder": 2, "mroot": 2}
ARITY |= {"msubsup": 3, "munderover": 3}
# Environments that latex2mathml knows under another name.
ALIASES = {"aligned": "align*", "gathered": "align*", "split": "align*"}


# What stands around TeX: smalldocs' brackets, or the dollars where Quarto could not read it.
FENCES = re.compile(r"^(\\[(\[]|\$\$?)|(\\[)\]]|(?<!\\)\$\$?)$")


class TexError(ValueError):
    """A formula that cannot be drawn, with the reason."""


def draw_formulas(page: BeautifulSoup) -> None:
    """Draw each formula from its TeX, the same after both renderers.

    smalldocs leaves TeX in a `span.math`, for a script of another host. Quarto writes MathML of its
    own, without a span, whose accents the browsers misplace; the TeX stands in its annotation.
    """
    for math in page.select("math:not(span.math math)"):
        note = math.find("annotation", encoding="application/x-tex")
        if note:
            kind = "display" if attribute(math, "display") == "block" else "inline"
            span = page.new_tag("span", attrs={"class": f"math {kind}"})
            span.string = note.get_text()
            math.replace_with(span)
    for span in page.select("span.math"):
        if span.find("math"):
            continue
        tex = FENCES.sub("", span.get_text().strip())
        kinds = attribute(span, "class").split()
        try:
            math = mathml(tex.strip(), display="display" in kinds)
        except TexError as error:
            raise TexError(f"the formula  {tex.strip()}  is wrong: {error}") from error
        span.clear()
        span.append(math)
        if "inline" in kinds:
            keep_punctuation(page, span)


def keep_punctuation(page: BeautifulSoup, span: Tag) -> None:
    """Keep the comma after a formula, and the bracket before it, on the formula's line."""
    before, after = span.previous_sibling, span.next_sibling
    opening = re.search(r"[(\[“]+$", before) if isinstance(before, NavigableString) else None
    closing = re.match(r"[)\].,;:!?”’]+", after) if isinstance(after, NavigableString) else None
    if not opening and not closing:
        return
    line = span.wrap(page.new_tag("span", attrs={"class": "nobreak"}))
    if before and opening:
        before.replace_with(opening.string[: opening.start()])
        span.insert_before(opening.group())
    if after and closing:
        after.replace_with(closing.string[closing.end() :])
        line.append(closing.group())


def mathml(tex: str, *, display: bool) -> Tag:
    """Turn one formula into a `<math>` element that keeps its TeX as an annotation."""
    check_braces(tex)
    source = re.sub(
        r"\\(begin|end)\{(\w+)\}",
        lambda m: rf"\{m[1]}{{{ALIASES.get(m[2], m[2])}}}",
        tex,
    )
    # Without the space latex2mathml draws a single letter slanted; it doesn't know \arg.
    source = source.replace(r"\mathrm{", r"\mathrm {")
    source = re.sub(r"\\arg(?![A-Za-z])", r"\\operatorname{arg}", source)
    try:
        text = convert(source, display="block" if display else "inline")
    except Exception as error:  # latex2mathml raises a dozen unrelated types
        reason = type(error).__name__.removesuffix("Error")
        raise TexError(f"latex2mathml cannot read it ({reason})") from error
    (math,) = parse(text).select("math")
    check_elements(math)
    repair(math, display=display)
    space(math, display=display)
    for table in math.find_all("mtable"):
        align_columns(table)
    annotate(math, tex)
    return math


def check_braces(tex: str) -> None:
    """Refuse braces that do not pair up."""
    depth = 0
    for brace in re.findall(r"(?<!\\)(?:\\\\)*([{}])", tex):
        depth += 1 if brace == "{" else -1
        if depth < 0:
            raise TexError("a } closes nothing")
    if depth:
        raise TexError("a { is not closed")


def check_elements(math: Tag) -> None:
    """Refuse what latex2mathml writes where it did not understand."""
    for element in math.find_all(True):
        if not element.find(True):
            text = element.get_text()
            if text.startswith("\\") and len(text) > 1:
                raise TexError(f"the command {text} is unknown")
            if not text and element.name == "mo":
                raise TexError("\\operatorname takes plain letters only")
            if text == "&":
                raise TexError("there is an & outside a table or an aligned environment")
        children = len(element.find_all(True, recursive=False))
        if children != ARITY.get(element.name, children):
            raise TexError(f"an argument is missing (in <{element.name}>)")


def align_columns(table: Tag) -> None:
    """Say each cell's alignment in CSS: browsers no longer read `columnalign` and its kin."""
    tight = attribute(table, "columnspacing").startswith("0")  # aligned at a sign
    table.attrs.pop("columnspacing", None)
    for cell in table.find_all("mtd"):
        if side := attribute(cell, "columnalign"):
            gap = f"; padding-{side}: 0" if tight and side in {"left", "right"} else ""
            cell["style"] = f"text-align: {side}{gap}"
        cell.attrs.pop("columnalign", None)


def annotate(math: Tag, tex: str) -> None:
    """Keep the TeX beside the formula: it is what a reader copies, and what a search finds."""
    soup = parse("")
    semantics, row = soup.new_tag("semantics"), soup.new_tag("mrow")
    row.extend(list(math.contents))
    note = soup.new_tag("annotation", encoding="application/x-tex")
    note.string = tex
    semantics.extend([row, note])
    math.append(semantics)
    math["alttext"] = tex
