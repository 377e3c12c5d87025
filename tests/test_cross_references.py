"""What a page names by number can be clicked, and nothing else becomes a link."""

import pytest

from course.site.cross_references import link_references
from course.site.html import parse

PAGE = """<main><h1>Lab 2</h1><section id="check"><h2>4 Check, as in lab 1</h2>
<p>As in lab 1 and Lab&nbsp;3, see section 4, exercise 2, and exercise 2 of lab 9. In lab 2 we
<a href="x">know
lab 1</a>, <code>lab 1</code>, lab 1.5, collab 1, labs.</p>
<section id="exercise-2-a"><h3>Exercise 2: a</h3></section></section></main>"""


@pytest.fixture
def linked(tmp_path):
    (tmp_path / "notebooks").mkdir()
    for name in ("01-a", "02-b", "03-c"):
        (tmp_path / "notebooks" / f"{name}.html").touch()
    page = parse(PAGE)
    link_references(page, tmp_path / "notebooks" / "02-b.html", tmp_path)
    return page, tmp_path


def test_labs_sections_and_exercises_are_linked_where_the_text_names_them(linked):
    page, _ = linked
    found = [(a.get_text(), a["href"]) for a in page.select("p a")]
    assert found == [
        ("lab 1", "01-a.html"),
        ("Lab\N{NO-BREAK SPACE}3", "03-c.html"),
        ("section 4", "#check"),
        ("exercise 2", "#exercise-2-a"),
        ("know\nlab 1", "x"),
    ]
    assert not page.select("h1 a, h2 a, h3 a, code a")


def test_the_words_stay_as_they_are_and_a_second_run_changes_nothing(linked):
    page, site = linked
    assert page.get_text() == parse(PAGE).get_text()
    once = str(page)
    link_references(page, site / "notebooks" / "02-b.html", site)
    assert str(page) == once


def test_another_page_leads_to_the_labs(tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "notebooks" / "07-a.html").touch()
    page = parse("<main><p>See lab 7, section 4.</p></main>")
    link_references(page, tmp_path / "terms.html", tmp_path)
    assert [a["href"] for a in page.select("a")] == ["notebooks/07-a.html"]
