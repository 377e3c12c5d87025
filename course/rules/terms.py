"""Rules about the terms that a lab names in its metadata, for the page of terms."""
# ruff: noqa: D401 - the docstring of a rule says why there is one

from course.notebook import Lab
from course.pages.term_links import misplaced
from course.pages.terms import FILE, all_terms, named
from course.rules.registry import Found, rule


@rule(f"use a name from {FILE}, or add it there with what a statistician or R calls it")
def known_terms(lab: Lab) -> Found:
    """The page of terms says what each of them is, and links back."""
    known = {term.name for term in all_terms(lab.root)} if (lab.root / FILE).exists() else set()
    for name in named(lab):
        if name not in known:
            yield lab.cells[0], f"the term `{name}` is not in {FILE}"


@rule(f"use the word in the lab, list its spelling under `spelled` in {FILE}, or leave it out")
def terms_in_text(lab: Lab) -> Found:
    """Who follows the link from the page of terms must find the term in the lab."""
    terms = all_terms(lab.root) if (lab.root / FILE).exists() else []
    for term in terms:
        if term.name in named(lab) and not term.occurs_in(lab):
            yield lab.cells[0], f"the term `{term.name}` is nowhere in the text"


@rule("run `python -m course.pages.term_links`, which puts each link where it belongs")
def terms_linked(lab: Lab) -> Found:
    """Who meets a word for the first time finds there what a statistician calls it."""
    if (lab.root / FILE).exists():
        for index, wrong in misplaced(lab):
            yield lab.cells[index], wrong
