"""TeX's spaces between the parts of a formula.

MathML spaces signs by a table of its own, which knows neither the part before nor the part after:
it puts gaps around a slash, inside an index and before a full stop. Here each part has one of TeX's
eight classes, and what lies between two of them is read off TeX's table (The TeXbook, page 170).
"""

from collections.abc import Iterator

from bs4 import Tag

from course.site.html import attribute, parse

CLASSES = ["ord", "op", "bin", "rel", "open", "close", "punct", "inner"]
# The space after a class (row) and before another (column): none, thin, medium or thick.
TABLE = {
    "ord": "01230001",
    "op": "11030001",
    "bin": "22002002",
    "rel": "33003003",
    "open": "00000000",
    "close": "01230001",
    "punct": "11011111",
    "inner": "11231011",
}
# In an index and in small fractions only names and large signs stand apart.
IN_SCRIPTS = {("ord", "op"), ("op", "ord"), ("op", "op"), ("close", "op"), ("inner", "op")}
WIDTHS = ["0", "0.167em", "0.222em", "0.278em"]

SIGNS = {
    "op": "∑∏∐∫∬∭∮⋀⋁⋂⋃⨀⨁⨂",
    "bin": "+−±∓×÷·⋅*∗∘∙∪∩∧∨⊕⊖⊗⊙∖⋆",
    "rel": "=<>≤≥≦≧≪≫≠≡≈≃≅∼≁≺≻⪯⪰∝∈∉∋⊂⊃⊆⊇∣∤∥∦⊢⊣⊨⟂⊥:≔⩽⩾≲≳≐←↑→↓↔↦⇐⇒⇔⟵⟶⟷⟸⟹⟺⟼↪⇝",
    "open": "([{⟨⌊⌈",
    "close": ")]}⟩⌋⌉!?",
    "punct": ",;",
    "inner": "…⋯⋱",
}
CLASS_OF = {sign: name for name, signs in SIGNS.items() for sign in signs}
BARS = {"|", "‖"}  # which open and close in turn
ROWS = {"math", "mrow", "mstyle", "mtd", "msqrt", "mpadded", "mphantom"}
SCRIPTED = {"msub", "msup", "msubsup", "mover", "munder", "munderover"}


def children(element: Tag) -> list[Tag]:
    """Return the elements that an element holds."""
    return element.find_all(True, recursive=False)


def styles(
    element: Tag, *, display: bool, script: bool = False
) -> Iterator[tuple[Tag, bool, bool]]:
    """Go through a formula: each element, whether it is displayed, and whether it is small."""
    yield element, display, script
    for place, child in enumerate(children(element)):
        inside = display, script
        if element.name in SCRIPTED | {"mroot"} and place:
            inside = False, True
        elif element.name == "mfrac":
            inside = False, script or not display
        elif element.name == "mtable" or element.has_attr("scriptlevel"):
            inside = attribute(element, "displaystyle") == "true", False
        yield from styles(child, display=inside[0], script=inside[1])


def space(math: Tag, *, display: bool) -> None:
    """Put TeX's spaces into a formula, and take MathML's away."""
    for sign in math.find_all("mo"):
        for side in ("lspace", "rspace"):
            sign.attrs.setdefault(side, "0")
    for row, _, script in list(styles(math, display=display)):
        if row.name in ROWS:
            space_row(row, script=script)


def space_row(row: Tag, *, script: bool) -> None:
    """Put spaces between the parts of one row."""
    parts = [part for part in children(row) if not is_space(part)]
    names = classes(parts)
    for left, right, before, after in zip(parts, parts[1:], names, names[1:], strict=False):
        width = WIDTHS[int(TABLE[before][CLASSES.index(after)])]
        if width == "0" or (script and (before, after) not in IN_SCRIPTS):
            continue
        if right.name == "mo":
            right["lspace"] = width
        elif left.name == "mo":
            left["rspace"] = width
        else:
            right.insert_before(parse("").new_tag("mspace", attrs={"width": width}))


def classes(parts: list[Tag]) -> list[str]:
    """Return the class of each part of a row, as its neighbours leave it."""
    names = [class_of(part) for part in parts]
    bars = [place for place, part in enumerate(parts) if core(part).get_text() in BARS]
    for count, place in enumerate(bars if len(bars) % 2 == 0 else []):
        names[place] = ["open", "close"][count % 2]
    for place, name in enumerate(names):
        if name != "bin":
            continue
        before = names[place - 1] if place else "open"
        after = class_of(parts[place + 1]) if place + 1 < len(parts) else "close"
        if before in {"bin", "op", "rel", "open", "punct"} or after in {"rel", "close", "punct"}:
            names[place] = "ord"  # a minus in front of a number joins nothing
    return names


def class_of(part: Tag) -> str:
    """Return the class of one part by itself."""
    inner = core(part)
    if inner.name == "mo":
        if form := {"prefix": "open", "postfix": "close"}.get(attribute(inner, "form")):
            return form
        return CLASS_OF.get(inner.get_text(), "ord")
    if is_function(inner):
        return "op"
    held = children(inner)
    return "inner" if held and held[0].get("form") == "prefix" else "ord"


def core(part: Tag) -> Tag:
    """Return what a part is without its indices and what stands over or under it."""
    while part.name in SCRIPTED and not part.has_attr("accent"):
        stacked = part.name not in {"msub", "msup", "msubsup"}
        part = children(part)[0]
        if stacked and part.name == "mrow" and len(children(part)) == 1:
            part = children(part)[0]  # \overset{d}{=} is still a relation
    return part


def is_function(leaf: Tag) -> bool:
    """Tell whether a leaf is a function's name such as log: other words have a variant."""
    text = leaf.get_text()
    return leaf.name == "mi" and len(text) > 1 and not leaf.has_attr("mathvariant")


def is_space(part: Tag) -> bool:
    """Tell whether a part is a space of the author's."""
    return part.name == "mspace" or (part.name == "mtext" and not part.get_text().strip())
