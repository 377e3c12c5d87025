"""Link each term that a lab names to the page of terms, where the lab's text has it first.

    python -m course.pages.term_links [NOTEBOOK ...]

takes out the links to `terms.md` that are there and puts them in anew, so that a second run changes
nothing. A link stands on a word of the text alone: not in a heading, in code, in a formula, in
another link, nor in what is folded or is a solution. Names in programs stand in code, so only
words are linked.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path

from course import ROOT
from course.markdown import FENCE, HEADING
from course.notebook import Lab, UnreadableError, labs, replace
from course.pages.terms import Term, TermsError, all_terms, named

PAGE = "terms.md"
LINK = re.compile(rf"\[([^\[\]]*)\]\({re.escape(PAGE)}#([\w-]+)\)")
# What a link must not stand in; the longest first, since each is blotted out before the next.
PROTECTED = [
    re.compile(r"<!--.*?-->", re.DOTALL),
    re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)", re.DOTALL),
    re.compile(r"<details\b.*?(?:</details\s*>|\Z)", re.DOTALL),
    re.compile(r"\$\$.+?\$\$|\$(?:[^$\n]|\n(?!\s*\n))+?\$", re.DOTALL),
    re.compile(r"!?\[[^\[\]]*\](?:\([^()]*(?:\([^()]*\)[^()]*)*\)|\[[^\]]*\]|:.*)"),
    re.compile(r"\[\^[^\]]*\]"),
    re.compile(r"</?[a-zA-Z][^>]*>|<https?:[^>]*>|https?://\S+"),
    re.compile(r"\{[^{}\n]*\}"),
    re.compile(r"^:::.*$", re.MULTILINE),
]
Use = tuple[int, int, Term]  # from, to, in the text of a cell


def without_links(source: str) -> str:
    """Take the links to the page of terms out of a text; their words stay."""
    return LINK.sub(r"\1", source)


def linked(lab: Lab) -> dict[int, str]:
    """Return the text of each cell, by its index, as it is where each first use is linked."""
    terms = [term for term in all_terms(lab.root) if not term.is_code]
    due = {term.name for term in terms} & set(named(lab))
    texts = {}
    for cell in lab.markdown:
        source = texts[cell.index] = without_links(cell.source)
        if cell.index == 0 or "solution" in cell.tags:  # the first says what the lab is about
            continue
        links: list[Use] = []
        for start, end, term in uses(source, terms):
            if term.name in due:
                due.remove(term.name)
                links.append((start, end, term))
        for start, end, term in reversed(links):
            link = f"[{source[start:end]}]({PAGE}#{term.anchor})"
            texts[cell.index] = source = source[:start] + link + source[end:]
    return texts


def uses(source: str, terms: list[Term]) -> Iterator[Use]:
    """Yield the uses of terms in a text, in their order; the longer of two that overlap."""
    text = _free_text(source)
    found = [
        (match.start(), match.end(), term)
        for term in terms
        for match in term.pattern.finditer(text)
    ]
    taken: list[Use] = []
    for use in sorted(found, key=lambda use: use[0] - use[1]):
        apart = all(use[1] <= start or end <= use[0] for start, end, _ in taken)
        # A part of a compound, as in bias-corrected, is another word.
        whole = text[use[0] - 1 : use[0]] != "-" and text[use[1] : use[1] + 1] != "-"
        if apart and whole:
            taken.append(use)
    yield from sorted(taken, key=lambda use: use[0])


def _free_text(source: str) -> str:
    """Blot out what no link may stand in; each letter that is left keeps its place."""
    lines, fence = [], ""
    for line in source.splitlines(keepends=True):
        mark = FENCE.match(line)
        if fence or mark or HEADING.match(line.rstrip("\n")):
            if mark and not fence:
                fence = mark[1]
            elif mark and line.strip().startswith(fence):
                fence = ""
            line = re.sub(r"[^\n]", "\0", line)
        lines.append(line)
    text = "".join(lines)
    for pattern in PROTECTED:
        text = pattern.sub(lambda match: re.sub(r"[^\n]", "\0", match[0]), text)
    return text


def misplaced(lab: Lab) -> Iterator[tuple[int, str]]:
    """Yield the cell and the anchor of each link that is missing where it belongs, or is beyond."""
    for index, ought in linked(lab).items():
        is_, due = _links(lab.cells[index].source), _links(ought)
        yield from ((index, f"no link to `{anchor}`") for anchor in due if anchor not in is_)
        yield from (
            (index, f"a link too many to `{anchor}`") for anchor in is_ if anchor not in due
        )
        if sorted(is_) == sorted(due) and lab.cells[index].source != ought:
            yield index, "a link to the page of terms that is not at the first use"


def _links(source: str) -> list[str]:
    return [match[2] for match in LINK.finditer(source)]


def link_terms(path: Path) -> bool:
    """Put the links into a lab's file and tell whether that changed it."""
    lab = Lab.read(path)
    changed = False
    for index, text in linked(lab).items():
        node = lab.cells[index].node
        changed |= node.source != text
        node.source = text
    if changed:
        replace(path, lab.node)
    return changed


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser("python -m course.pages.term_links", description=__doc__)
    parser.add_argument("notebooks", nargs="*", type=Path, help="default: every lab")
    try:
        paths = parser.parse_args().notebooks or labs(ROOT)
        changed = [path.stem for path in paths if link_terms(path)]
    except (OSError, TermsError, UnreadableError) as error:
        sys.exit(f"The terms were not linked: {error}")
    print(f"Terms linked: {', '.join(changed) or 'none, all links are where they belong'}.")


if __name__ == "__main__":
    main()
