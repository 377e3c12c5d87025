"""The page of terms and the labs agree: each names what the other names.

That a lab's terms are known, and occur in its text, are rules (`course/rules/terms.py`), which
`tests/test_notebooks_static.py` holds every lab to.
"""

import re
from collections import Counter

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course import ROOT
from course.notebook import Lab, labs
from course.pages.terms import Term, TermsError, all_terms, named, parts, users
from course.pages.terms_page import beside_the_labs, text

TERMS = all_terms(ROOT)
LABS = [Lab.read(path) for path in labs()]


def linked_on_the_page():
    """Which terms the committed page links to each lab, read from its lines: file → names."""
    by_pair = {(term.languages[1], term.pair[1]): term.name for term in TERMS}
    found, language = {}, ""
    for line in (ROOT / "terms.qmd").read_text(encoding="utf-8").splitlines():
        if not line.startswith("| "):
            continue
        _, _, right, _, links, _ = (cell.strip() for cell in line.split("|"))
        if links == "Labs":
            language = {"Deep learning": "deep learning"}.get(right, right)
            continue
        right = re.sub(r"</?span[^>]*>", "", right)
        name = by_pair[language, right.strip("*")]
        for file in re.findall(r"\]\(notebooks/([^)]+)\)", links):
            found.setdefault(file, []).append(name)
    return found


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.path.stem)
def test_the_page_links_a_lab_from_just_the_terms_that_the_lab_names(lab):
    on_page = linked_on_the_page().get(lab.path.name, [])
    assert Counter(on_page) == Counter(named(lab)), (
        f"terms.qmd and the metadata of {lab.path.name} differ in "
        f"{sorted(set(on_page) ^ set(named(lab)))}: run python -m course.pages.write"
    )


def test_every_term_is_named_by_a_lab():
    used = users(ROOT)
    unused = [term.name for term in TERMS if term.name not in used]
    assert not unused, f"no lab names {unused}: add each to a lab's terms, or take it out"


def test_no_term_stands_twice_and_every_row_can_be_told_from_the_others():
    pairs = [(t.languages[1], t.pair[1]) for t in TERMS]
    for what in ([t.name for t in TERMS], [t.anchor for t in TERMS], pairs):
        assert [x for x, count in Counter(what).items() if count > 1] == []


def test_the_page_links_labs_alone_and_no_place_within_them():
    targets = set(re.findall(r"\]\(([^)]+)\)", text(ROOT)))
    assert targets == {f"notebooks/{lab.path.name}" for lab in LABS}


def test_the_page_beside_the_labs_has_the_same_rows_and_links_its_neighbours():
    beside = beside_the_labs(ROOT)
    anchors = [re.findall(r'<span id="([^"]+)">', page) for page in (text(ROOT), beside)]
    assert anchors == [[term.anchor for term in TERMS]] * 2
    assert set(re.findall(r"\]\(([^)]+)\)", beside)) == {lab.path.name for lab in LABS}
    lines = beside.splitlines()
    assert lines[2] == "# Terms"
    assert [line for line in lines if line.startswith((":", "---"))] == []


def test_notes_are_sentences_and_cells_break_no_table():
    for term in TERMS:
        assert not term.note or re.search(r"[.!?]$", term.note), f"{term.name}: {term.note!r}"
        for cell in (*term.pair, term.note):
            assert "|" not in cell, f"{term.name}: {cell!r}"
            assert "\n" not in cell, f"{term.name}: {cell!r}"


# --- when a lab's text has a term ----------------------------------------------------------------


def lab_with(prose="", code=""):
    cells = [new_markdown_cell(prose), new_code_cell(code)]
    return Lab(ROOT / "notebooks" / "99-none.ipynb", new_notebook(cells=cells), ROOT)


WORD = Term("mini-batch", ("SGD",), ("statistics", "deep learning"), ("sample", "mini-batch"), "")
CODE = Term("mm", (), ("R", "Python"), ("%*%", "mm"), "")


@pytest.mark.parametrize(
    "prose", ["Mini-batches help.", "a *mini-batch*", "a\nmini-batch, then", "by SGD"]
)
def test_a_word_is_found_in_prose_in_either_number(prose):
    assert WORD.occurs_in(lab_with(prose))


@pytest.mark.parametrize(
    ("name", "text", "found"),
    [
        ("loss", "two Losses", "Losses"),
        ("batch", "batches", "batches"),
        ("accuracy", "Accuracies", "Accuracies"),
        ("day", "days", "days"),
        ("learning rate", "learning\n   rates", "learning\n   rates"),
        ("learning rate", "learning  rate", "learning  rate"),
        ("learning rate", "learning\n\nrate", None),
        ("learning rate", "learningrate", None),
        ("Newton's method", "by Newton’s method", "Newton’s method"),
        ("eval()", "model.eval()", "eval()"),
    ],
)
def test_a_pattern_knows_plurals_and_line_ends(name, text, found):
    match = Term(name, (), ("statistics", "deep learning"), ("", ""), "").pattern.search(text)
    assert (match and match[0]) == found


@pytest.mark.parametrize("prose", ["minimal batches", "```r\nmini-batch\n```", "an amini-batch"])
def test_a_word_is_not_found_in_parts_of_words_or_in_code(prose):
    assert not WORD.occurs_in(lab_with(prose, code="# mini-batch"))


@pytest.mark.parametrize(
    ("prose", "code"), [("by `mm`", ""), ("", "A.mm(B)"), ("```\nmm\n```", "")]
)
def test_a_name_in_a_program_is_found_in_prose_and_code(prose, code):
    assert CODE.occurs_in(lab_with(prose, code))


@pytest.mark.parametrize("code", ["comma(A)", "MM(B)", "mm_of(A)"])
def test_a_name_in_a_program_is_not_found_in_other_names(code):
    assert not CODE.occurs_in(lab_with(code=code))


# --- errors --------------------------------------------------------------------------------------

SMALL = "- part: P\n  languages: [R, Python]\n  themes:\n    - theme: T\n      terms:\n        - "


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("{term: a, R: b, lab: 1}", "and nothing else"),
        ("{term: a, Python: b}", "must have `term` and `R`"),
        ("{R: b}", "must have `term`"),
        ("term: a: b", "not YAML .quote a text with a colon"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path, entry, message):
    (tmp_path / "terms.yml").write_text(SMALL + entry)
    with pytest.raises(TermsError, match=message):
        parts(tmp_path)


def test_a_change_of_the_file_is_seen(tmp_path):
    path = tmp_path / "terms.yml"
    for name in ("first", "second"):
        path.write_text(f"{SMALL}{{term: {name}, R: b}}")
        assert [term.name for term in all_terms(tmp_path)] == [name]
