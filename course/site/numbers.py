"""Numbers in the prose of a page, as print has them: −0.5, 2.4 × 10⁻¹⁷ and 95 %.

Python writes a hyphen for the minus and an `e` for the power of ten. So does what a reader runs and
compares, so code and its text outputs stay as they are, and so do the notebooks. Digits are never
changed: what stands on the page is the number that was computed, as it was rounded there.
"""

import re
from collections.abc import Iterator

from bs4 import BeautifulSoup, Tag
from bs4.element import NavigableString, PreformattedString

from course.site.html import attribute

# What is copied, run, or drawn by other rules.
LEFT_ALONE = {"pre", "code", "kbd", "samp", "var", "script", "style", "math", "svg", "textarea"}
SPOKEN = ["alt", "aria-label", "title"]
# A number that begins within these goes on from the text before them.
INLINE = {"a", "abbr", "b", "em", "i", "q", "small", "span", "strong", "sub", "sup"}

MINUS, TIE = "−", "\N{NO-BREAK SPACE}"
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
LOWERED = {raised: ordinary for ordinary, raised in RAISED.items()} | {ord("⁻"): MINUS}
UNITS = "ns|µs|ms|s|min|h|B|kB|KB|MB|GB|KiB|MiB|GiB|mm|cm|m|km|mg|g|kg|Hz|MHz|GHz|px|°C"

ADDRESS = re.compile(r"://|^www\.|^(doi:)?10\.\d{4,}/|@|\w\.\w+/")
END = r"(?![\w-]|[.,]\d)"  # of a number, and not of an identifier or a date
START = r"(?<![^\s(\[{=<>≤≥≈~±×|;,“‘\"'–—])"  # of a number, likewise
SCIENTIFIC = re.compile(START + r"([-−+]?)(\d(?:\.\d+)?)e([+-]?)(\d{1,3})" + END)
NEGATIVE = re.compile(START + r"-(?=(?:\d+(?:[.,]\d+)*|\.\d+)" + END + ")")
DIGIT = r"(?<=[\d⁰¹²³⁴⁵⁶⁷⁸⁹])"
PERCENT = re.compile(DIGIT + r" ?%(?![\w%])")
UNIT = re.compile(DIGIT + rf" (?=(?:{UNITS})\b(?!-))")
POWER = re.compile(r"(?<![\d.,])10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)")


def typeset_numbers(page: BeautifulSoup) -> None:
    """Typeset the numbers in all prose of a page."""
    for text in list(prose(page)):
        before = character_before(text)
        written = typeset(before + str(text))[len(before) :]
        parts = POWER.split(written)
        if written == text and len(parts) == 1:
            continue
        for plain, power in zip(parts[::2], [*parts[1::2], ""], strict=True):
            text.insert_before(plain + "10" if power else plain)
            if power:
                raised = page.new_tag("sup")
                raised.string = power.translate(LOWERED)
                text.insert_before(raised)
        text.extract()
    for element in page.find_all(True):
        names = ["content"] if is_description(element) else SPOKEN
        for name in names:
            if words := attribute(element, name):
                element[name] = typeset(words)
    if page.title and page.title.string:
        page.title.string = typeset(page.title.string)


def typeset(text: str) -> str:
    """Typeset the numbers of a plain text, powers of ten with raised digits."""
    words = re.split(r"(\s+)", text)
    words[::2] = [word if ADDRESS.search(word) else typeset_word(word) for word in words[::2]]
    return UNIT.sub(TIE, PERCENT.sub(f"{TIE}%", "".join(words)))


def typeset_word(word: str) -> str:
    """Typeset the numbers between two spaces."""
    return NEGATIVE.sub(MINUS, SCIENTIFIC.sub(power_of_ten, word))


def power_of_ten(number: re.Match[str]) -> str:
    """Write a number of Python's with its power of ten: no digit of it is dropped."""
    sign, digits, below, exponent = number.groups()
    sign = sign.replace("-", MINUS)
    power = ("-" if below == "-" else "") + str(int(exponent))
    if power in {"0", "-0"}:
        return sign + digits  # 0e+00
    factor = "" if digits == "1" else f"{digits}{TIE}×{TIE}"
    return f"{sign}{factor}10{power.translate(RAISED)}"


def prose(page: BeautifulSoup) -> Iterator[NavigableString]:
    """Find the texts that are neither code nor formulas."""
    for text in (page.body or page).find_all(string=True):
        if isinstance(text, PreformattedString) or not re.search(r"\d|%", text):
            continue
        if not any(is_left_alone(parent) for parent in text.parents):
            yield text


def is_left_alone(element: Tag) -> bool:
    """Tell whether what an element holds is not prose."""
    return element.name in LEFT_ALONE or element.has_attr("contenteditable")


def character_before(text: NavigableString) -> str:
    """Return the last character of what a text goes on from, or nothing."""
    element: Tag | NavigableString = text
    while not element.previous_sibling:
        if element.parent is None or element.parent.name not in INLINE:
            return ""
        element = element.parent
    before = element.previous_sibling
    if isinstance(before, Tag) and before.name not in INLINE | LEFT_ALONE:
        return ""
    return before.get_text()[-1:]


def is_description(element: Tag) -> bool:
    """Tell whether an element holds what search engines show of the page."""
    return element.name == "meta" and attribute(element, "name") == "description"
