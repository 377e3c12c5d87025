"""What the labs cite and `references.yml` agree, and the page of references shows both.

That each citation is a link, with the address and the names of the file, are rules
(`course/rules/references.py`), which `tests/test_notebooks_static.py` holds every lab to.
"""

import re
from collections import Counter

import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from course import ROOT
from course.notebook import Lab, labs
from course.pages.references import (
    FILE,
    LINK,
    Reference,
    ReferencesError,
    by_address,
    citations,
    references,
    users,
)
from course.pages.references_page import text
from course.rules.check import RULES

WORKS = references(ROOT)
LABS = [Lab.read(path) for path in labs()]
SOURCE = (ROOT / FILE).read_text(encoding="utf-8")


# --- the file ------------------------------------------------------------------------------------


def test_every_work_is_cited_by_a_lab_or_in_the_notes_for_instructors():
    notes = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("instructors/*.md"))
    cited = users(ROOT).keys() | {address for _, address in LINK.findall(notes)}
    unused = [work.label for work in WORKS if work.address not in cited]
    assert not unused, f"nothing cites {unused}: take each out of {FILE}"


def test_no_work_stands_twice_and_no_two_have_the_same_label():
    keys = re.findall(r"^(?![#\s])(.+):$", SOURCE, re.MULTILINE)
    assert len(keys) == len(WORKS), "YAML keeps only the last of two entries with the same key"
    for what in ([w.address for w in WORKS], [w.label for w in WORKS], [w.title for w in WORKS]):
        assert [x for x, count in Counter(what).items() if count > 1] == []


def test_the_file_is_sorted():
    order = [work.order for work in WORKS]
    wrong = [w.label for w, due in zip(WORKS, sorted(order), strict=True) if w.order != due]
    assert not wrong, f"{wrong[0]} stands in the wrong place"


@pytest.mark.parametrize("work", WORKS, ids=lambda work: work.label)
def test_an_entry_says_what_a_reader_needs(work):
    for author in work.authors:
        assert author == "others" or re.fullmatch(r"(?:[^\W\d_a-z]\.[ -]?)+[^\W\d][\w' -]+", author)
    assert "others" not in work.authors[:-1]
    assert work.package or 1700 < work.year < 2100
    for said in (work.title, work.where):
        assert re.search(r"[^.\s]$", said), f"{said!r}: the page adds the full stop"
        assert said.count("*") % 2 == 0


# --- the page ------------------------------------------------------------------------------------


def items_on_the_page():
    """What the committed page says, read from its lines: address → item."""
    page = (ROOT / "references.qmd").read_text(encoding="utf-8")
    return {LINK.search(line)[2]: line for line in page.splitlines() if line.startswith("- ")}


def test_the_page_shows_just_the_works_of_the_file():
    assert list(items_on_the_page()) == [work.address for work in WORKS]


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.path.stem)
def test_the_page_links_a_lab_from_just_the_works_that_the_lab_cites(lab):
    link = f"](notebooks/{lab.path.name})"
    on_page = {address for address, item in items_on_the_page().items() if link in item}
    assert on_page == {citation.address for citation in citations(lab)}, (
        "run python -m course.pages.write"
    )


def test_an_item_names_every_author_the_title_and_where_it_was_published():
    for address, work in by_address(ROOT).items():
        item = items_on_the_page()[address]
        for said in (*work.surnames, str(work.year or work.package), work.title, work.where):
            assert said in item


def test_a_title_that_asks_is_not_followed_by_a_full_stop():
    assert re.findall(r"\?\.", text(ROOT)) == []


# --- the forms of one work -----------------------------------------------------------------------


def work(key="10.1000/x", authors=("A. B. One",), year=2001, package="", title="T", where="W"):
    return Reference(key, tuple(authors), year, package, title, where)


@pytest.mark.parametrize(
    ("key", "address"),
    [
        ("10.1038/nbt.3300", "https://doi.org/10.1038/nbt.3300"),
        ("10.1023/A:1024068626366", "https://doi.org/10.1023/A:1024068626366"),
        (
            "10.1016/0041-5553(64)90137-5",
            "https://doi.org/10.1016/0041-5553%2864%2990137-5",
        ),
        ("arXiv:1412.6980", "https://arxiv.org/abs/1412.6980"),
        ("https://jmlr.org/papers/v15/srivastava14a.html",) * 2,
    ],
)
def test_the_address_of_a_key(key, address):
    assert work(key).address == address
    assert LINK.fullmatch(f"[x]({address})")


@pytest.mark.parametrize(
    ("authors", "label"),
    [
        (["A. B. One"], "One (2001)"),
        (["A. One", "B.-C. Van Two"], "One and Van Two (2001)"),
        (["A. One", "B. Two", "C. Three"], "One and others (2001)"),
        (["A. One", "others"], "One and others (2001)"),
    ],
)
def test_the_short_form_has_two_names_at_most(authors, label):
    assert work(authors=authors).label == label


THREE = work(authors=["A. One", "B. Two", "C. Three"])


@pytest.mark.parametrize(
    "said",
    [
        "One and others (2001)",
        "One and others, 2001",
        "A. One and others (2001)",
        "A. One, B. Two and C. Three (2001)",
    ],
)
def test_a_link_may_read(said):
    assert THREE.may_read(said)


@pytest.mark.parametrize(
    "said",
    [
        "One (2001)",
        "One and Two (2001)",
        "One, Two and Three (2001)",
        "Two and others (2001)",
        "One and others (2002)",
        "One et al. (2001)",
        "One and others",
        "2001",
        "T",
    ],
)
def test_a_link_may_not_read(said):
    assert not THREE.may_read(said)


def test_a_package_is_cited_by_its_name_alone():
    package = work(year=None, package="mlbench")
    assert package.label == "mlbench"
    assert package.may_read("`mlbench`")
    assert package.may_read("*mlbench*")
    assert not package.may_read("One (2001)")
    assert not package.may_read("mlr")


# --- the rules -----------------------------------------------------------------------------------

SMALL = """
10.1038/nbt.3300: {authors: [A. One, B. Two, C. Three], year: 2015, title: A title, where: W}
arXiv:1412.6980: {authors: [D. P. Four, J. Five], year: 2014, title: Another, where: W}
https://example.org/book: {authors: [G. Six], year: 1951, title: '*A Book*', where: W}
10.32614/CRAN.package.mlbench: {authors: [F. Seven], package: mlbench, title: T, where: CRAN}
"""
NAMES = ("known-references", "reference-text", "reference-title", "linked-references")


@pytest.fixture
def broken(tmp_path):
    """Return the rules on references that a lab breaks whose text is one cell."""
    (tmp_path / FILE).write_text(SMALL, encoding="utf-8")

    def rules(prose):
        node = new_notebook(cells=[new_markdown_cell(prose)])
        lab = Lab(tmp_path / "notebooks" / "01-small.ipynb", node, tmp_path)
        return {name for name in NAMES if list(RULES[name].find(lab))}

    return rules


@pytest.mark.parametrize(
    "prose",
    [
        "As [One and others (2015)](https://doi.org/10.1038/nbt.3300) did",
        "an idea ([One and others,\n2015](https://doi.org/10.1038/nbt.3300))",
        "Adam ([Four and Five, 2014](https://arxiv.org/abs/1412.6980))",
        "R's [`mlbench`](https://doi.org/10.32614/CRAN.package.mlbench)",
        "- [D. P. Four and J. Five (2014)](https://arxiv.org/abs/1412.6980). Another. *J* 1, 2.",
        "- [G. Six (1951)](https://example.org/book). *A\n  Book*, chapter 3. Wiley.",
        "See [its site](https://example.org).",
    ],
)
def test_a_citation_in_the_form_of_the_file_breaks_no_rule(broken, prose):
    assert broken(prose) == set()


@pytest.mark.parametrize(
    ("rule", "prose"),
    [
        # an address that isn't in the file, or is spelt otherwise
        ("known-references", "[One and others (2015)](https://doi.org/10.1038/nbt.3301)"),
        ("known-references", "[One and others (2015)](http://dx.doi.org/10.1038/nbt.3300)"),
        ("known-references", "[Four and Five (2014)](https://arxiv.org/pdf/1412.6980)"),
        ("known-references", "[Four and Five (2014)](https://arxiv.org/abs/1412.6980v2)"),
        ("known-references", "[Pole (1964)](https://doi.org/10.1016/0041-5553(64)90137-5)"),
        # other names, another year
        ("reference-text", "[One and others (2016)](https://doi.org/10.1038/nbt.3300)"),
        ("reference-text", "[One, Two and Three (2015)](https://doi.org/10.1038/nbt.3300)"),
        ("reference-text", "[Six (1952)](https://example.org/book)"),
        ("reference-text", "[this paper](https://arxiv.org/abs/1412.6980)"),
        # another title
        ("reference-title", "- [G. Six (1951)](https://example.org/book). *The Book*. Wiley."),
        # no link
        ("linked-references", "as One and others (2015) did"),
        ("linked-references", "as One et al. (2015) did"),
        ("linked-references", "Four and Five (2014) found"),
        ("linked-references", "Six (1951) proved"),
        ("linked-references", "an idea (One and others, 2015)"),
        ("linked-references", "an idea (One and\nothers, 2015)"),
        ("linked-references", "an idea (see Six, 1951, and below)"),
        ("linked-references", "found by One and others, 2015"),
        ("linked-references", "- L. N. Eight (2018). A title. Preprint."),
        ("linked-references", "([Six, 1951](https://example.org/book); Nine, 1960)"),
        ("linked-references", "Another. https://doi.org/10.1038/nbt.3300"),
        ("linked-references", "[1]: https://arxiv.org/abs/1412.6980"),
    ],
)
def test_a_citation_in_another_form_breaks_its_rule_alone(broken, rule, prose):
    assert broken(prose) == {rule}


@pytest.mark.parametrize(
    "prose",
    [
        "In R 4.2.2 (2022) the call",
        "`set.seed(2024)` and `Six (1951)`",
        "```\nSix (1951)\n```",
        "$P(2000)$ and $N (2000)$",
        "A sample (2,000 rows) of 1987, between 1974 and 1982 (2000 of each)",
        "In London, 1998, it was warm; by January, 2020 rows",
        "Student (12), SGD (500); Adam and Nesterov, 12 steps",
        "Robbins and Monro proved it in 1951",
        "as Street and others report",
        "Torch 2.10 (2026), Python 3.11, 2023",
        "(1987) and (figure 3, 2000 rows)",
    ],
)
def test_what_only_looks_like_a_citation_breaks_no_rule(broken, prose):
    assert broken(prose) == set()


# --- errors --------------------------------------------------------------------------------------

ENTRY = "{authors: [A. One], year: 2001, title: T, where: W}"


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (f"10.1038: {ENTRY}", "neither a DOI"),
        (f"doi:10.1038/nbt.3300: {ENTRY}", "neither a DOI"),
        (f"https://doi.org/10.1038/nbt.3300: {ENTRY}", "neither a DOI"),
        (f"https://arxiv.org/abs/1412.6980: {ENTRY}", "neither a DOI"),
        (f"10.1038/nbt 3300: {ENTRY}", "neither a DOI"),
        (f"arXiv:1413.6980: {ENTRY}", "neither a DOI"),
        (f"arXiv:1412.6980v2: {ENTRY}", "neither a DOI"),
        (f"1412.6980: {ENTRY}", "neither a DOI"),
        (f"http://example.org: {ENTRY}", "neither a DOI"),
        ("10.1038/x: {authors: [A. One], year: 2001, title: T}", "and nothing else"),
        ("10.1038/x: {authors: [A. One], title: T, where: W}", "and nothing else"),
        (f"10.1038/x: {ENTRY[:-1]}, package: p}}", "and nothing else"),
        (f"10.1038/x: {ENTRY[:-1]}, lab: 1}}", "and nothing else"),
        ("10.1038/x:\n  title: a: b", "not YAML"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path, entry, message):
    (tmp_path / FILE).write_text(entry, encoding="utf-8")
    with pytest.raises(ReferencesError, match=message):
        references(tmp_path)


def test_a_folder_without_the_file_has_no_references(tmp_path):
    assert references(tmp_path) == ()


def test_a_change_of_the_file_is_seen(tmp_path):
    for key in ("10.1038/first", "10.1038/second"):
        (tmp_path / FILE).write_text(f"{key}: {ENTRY}", encoding="utf-8")
        assert [work.key for work in references(tmp_path)] == [key]
