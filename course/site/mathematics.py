"""TeX to MathML, which browsers draw themselves: no script and no other host.

latex2mathml reads more than it should: it passes over an unknown command, an unclosed brace or a
stray `&` without a word. Here each of these is an error, because a page with a broken formula must
not be published.
"""

import re
import unicodedata

from bs4 import BeautifulSoup, Tag
from latex2mathml.converter import convert

# How many children each element of MathML must have.
ARITY = {"mfrac": 2, "msub": 2, "msup": 2, "mover": 2, "munder": 2, "mroot": 2}
ARITY |= {"msubsup": 3, "munderover": 3}
# MathML Core, which is what browsers draw, knows no variant but "normal": a bold letter is a
# character of its own.
VARIANTS = {
    "bold": "BOLD",
    "italic": "ITALIC",
    "bold-italic": "BOLD ITALIC",
    "double-struck": "DOUBLE-STRUCK",
    "script": "SCRIPT",
    "sans-serif": "SANS-SERIF",
    "monospace": "MONOSPACE",
}
# Environments that latex2mathml knows under another name.
ALIASES = {"aligned": "align*", "gathered": "align*", "split": "align*"}


class TexError(ValueError):
    """A formula that cannot be drawn, with the reason."""


def mathml(tex: str, *, display: bool) -> Tag:
    """Turn one formula into a `<math>` element that keeps its TeX as an annotation."""
    check_braces(tex)
    source = re.sub(
        r"\\(begin|end)\{(\w+)\}",
        lambda m: rf"\{m[1]}{{{ALIASES.get(m[2], m[2])}}}",
        tex,
    )
    try:
        text = convert(source, display="block" if display else "inline")
    except Exception as error:  # latex2mathml raises a dozen unrelated types
        reason = type(error).__name__.removesuffix("Error")
        raise TexError(f"latex2mathml cannot read it ({reason})") from error
    math = BeautifulSoup(text, "html.parser").find("math")
    check_elements(math)
    for leaf in math.find_all(attrs={"mathvariant": True}):
        respell(leaf)
    for name in math.find_all(["mi", "msub", "msup"]):
        space_function(name)
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


def respell(leaf: Tag) -> None:
    """Write a letter's variant as the Unicode character that is drawn so."""
    variant, text = leaf["mathvariant"], leaf.get_text()
    if variant == "normal":
        return
    name = VARIANTS.get(variant)
    leaf.string = "".join(styled(letter, name) for letter in text) if name else text
    del leaf["mathvariant"]


def styled(letter: str, style: str) -> str:
    """Return a letter or digit in a mathematical style, or itself where Unicode has none."""
    plain = unicodedata.name(letter, "")
    plain = plain.replace("LATIN ", "").replace("GREEK ", "").replace(" LETTER", "")
    try:
        return unicodedata.lookup(f"MATHEMATICAL {style} {plain}")
    except KeyError:
        return letter


def space_function(element: Tag) -> None:
    """Put TeX's thin space between a function's name, such as log or log₁₀, and its argument."""
    if element.parent.name in ARITY:
        return  # what follows is the index, and not the argument
    base = element if element.name == "mi" else element.find(True)
    following = element.find_next_sibling()
    is_function = base.name == "mi" and len(base.get_text()) > 1 and base.get_text().isalpha()
    if is_function and following is not None and following.name not in {"mo", "mspace"}:
        space = BeautifulSoup("", "html.parser").new_tag("mspace", attrs={"width": "0.167em"})
        element.insert_after(space)


def align_columns(table: Tag) -> None:
    """Say each cell's alignment in CSS: browsers no longer read `columnalign` and its kin."""
    tight = (table.attrs.pop("columnspacing", None) or "").startswith("0")  # aligned at a sign
    for cell in table.find_all("mtd"):
        side = cell.attrs.pop("columnalign", None)
        if side:
            other = {"left": "left", "right": "right"}.get(side)
            gap = f"; padding-{other}: 0" if tight and other else ""
            cell["style"] = f"text-align: {side}{gap}"


def annotate(math: Tag, tex: str) -> None:
    """Keep the TeX beside the formula: it is what a reader copies, and what a search finds."""
    soup = BeautifulSoup("", "html.parser")
    semantics, row = soup.new_tag("semantics"), soup.new_tag("mrow")
    row.extend(list(math.contents))
    note = soup.new_tag("annotation", encoding="application/x-tex")
    note.string = tex
    semantics.extend([row, note])
    math.append(semantics)
    math["alttext"] = tex
