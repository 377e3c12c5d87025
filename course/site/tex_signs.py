"""Letters, names, accents and brackets as TeX sets them, where latex2mathml writes something else.

Browsers draw MathML Core: a bold letter is a character of its own, an accent sits on its letter
only where it is marked as one, and every bracket grows unless it is told not to.
"""

import re
import unicodedata

from bs4 import Tag

from course.site.html import attribute
from course.site.tex_spacing import children, is_function, styles

# MathML Core knows no variant but "normal".
VARIANTS = {
    "bold": "BOLD",
    "italic": "ITALIC",
    "bold-italic": "BOLD ITALIC",
    "double-struck": "DOUBLE-STRUCK",
    "script": "SCRIPT",
    "sans-serif": "SANS-SERIF",
    "monospace": "MONOSPACE",
}
# The character whose place above a letter fonts know, for the one that latex2mathml writes.
ACCENTS = {"^": "ˆ", "~": "˜"}
WIDE = {"^": "\u0302", "~": "\u0303", "→": "\u20d7"}  # these grow with what they stand on
NARROW = set("ˆ˜¯˙¨ˇ˘˚´`")
FENCES = set("()[]{}|‖⌊⌋⌈⌉⟨⟩/\\∣∥")  # they grow between \left and \right alone
PRIMES = set("′″‴⁗")
# What stands below these in a displayed formula, and beside them in a line of text.
LIMITS = {"max", "min", "sup", "inf", "lim", "limsup", "liminf", "argmax", "argmin", "Pr", "det"}
LIMITS |= set("∑∏∐⋃⋂")
BELOW = {"msub": "munder", "msup": "mover", "msubsup": "munderover"}


def repair(math: Tag, *, display: bool) -> None:
    """Repair the signs of a formula."""
    for leaf in math.select("[mathvariant]"):
        respell(leaf)
    for row in math.find_all("mrow"):
        join_word(row)
    for element, displayed, _ in list(styles(math, display=display)):
        if displayed and element.name in BELOW:
            put_limits_below(element)
    for leaf in math.find_all(["mi", "mo"]):
        sort_leaf(leaf)
    for accent in math.find_all("mover"):
        place_accent(accent)
    for power in math.find_all("msup"):
        lower_primes(power)
    for accent in math.select(
        "msup > mover[accent]:first-child, msubsup > mover[accent]:first-child"
    ):
        # A power stands as high as on the letter alone.
        accent.wrap(Tag(name="mpadded", attrs={"height": "0.7em"}))
    for fence in math.find_all("mo", stretchy=False):
        if fence.has_attr("minsize"):  # of a binomial coefficient
            fence["stretchy"] = "true"
        elif fence.get_text() in FENCES and not (fence.parent and fence.parent.mtable):
            fence["stretchy"] = "false"
    for gap in math.find_all("mspace", width=re.compile("negative")):
        # No space has less width than none, but a margin may.
        gap.attrs = {"width": "0", "style": "margin-left: -0.167em"}


def respell(leaf: Tag) -> None:
    """Write a letter's variant as the Unicode character that is drawn so."""
    variant, text = attribute(leaf, "mathvariant"), leaf.get_text()
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


def join_word(row: Tag) -> None:
    r"""Make one word of the letters of `\mathrm{word}`, so that it is read as one."""
    parts = children(row)
    upright = [part for part in parts if part.get("mathvariant") == "normal"]
    if upright and all(part in upright or part.get_text() == "." for part in parts):
        row.name, row["mathvariant"] = "mi", "normal"
        row.string = "".join(part.get_text() for part in parts)


def sort_leaf(leaf: Tag) -> None:
    """Call a name a name, and a sign a sign."""
    text = leaf.get_text()
    if leaf.name == "mo" and len(text) > 1 and text.isalpha():
        leaf.name = "mi"
        leaf.attrs.clear()
    elif leaf.name == "mi" and len(text) == 1 and unicodedata.category(text)[0] in "SP":
        leaf.name, leaf.string = "mo", text.replace("~", "∼")  # \sim is a relation
    elif leaf.name == "mi" and "Α" <= text <= "Ω":
        leaf["mathvariant"] = "normal"  # capital Greek letters stand upright


def place_accent(over: Tag) -> None:
    """Put an accent on its letter, as wide as TeX has it."""
    base, sign = children(over)
    text = sign.get_text()
    if text == "―":  # \overline, which no font has in every width
        over.name = "mrow"
        over.attrs = {"class": "overline"}
        sign.decompose()
        return
    wide = (
        text in WIDE
        and not over.has_attr("accent")
        and attribute(sign, "stretchy") != "false"
        and len(base.get_text()) > 1
    )
    text = WIDE[text] if wide else ACCENTS.get(text, text)
    if sign.name == "mo" and (wide or text in NARROW | {"→"}):
        over["accent"] = "true"
        sign.attrs = {"stretchy": "true" if wide else "false"}
        sign.string = "\u20d7" if text == "→" else text


def lower_primes(power: Tag) -> None:
    """Set a prime beside its letter: the sign is small and high already."""
    above = children(power)[1]
    if above.get_text() and set(above.get_text()) <= PRIMES:
        power.name = "mrow"
        above.name = "mo"
        above.string = above.get_text()


def put_limits_below(scripted: Tag) -> None:
    """Put the index of a name such as max below it, as a displayed formula has it."""
    base = children(scripted)[0]
    named = base.get_text() in LIMITS and (base.name == "mo" or is_function(base))
    if named or base.has_attr("movablelimits"):  # the second: \operatorname*
        scripted.name = BELOW[scripted.name]
