"""The bars of a page after both renderers: a header of one row, and lists that it opens."""

import pytest

from course.site.bars import arrange_bars
from course.site.html import attribute, parse
from course.site.on_this_page import list_the_parts
from course.site.postprocess import fix_accessibility, mark_current

# As Quarto writes a page: two bars, lists that Bootstrap's script folds, headings with code.
QUARTO = """<html><head></head><body class="nav-sidebar floating nav-fixed">
<header id="quarto-header" class="headroom fixed-top">
<nav class="navbar navbar-expand-lg"><div class="navbar-container container-fluid">
<div class="navbar-brand-container mx-auto">
<a class="navbar-brand" href="../index.html"><span class="navbar-title">Course</span></a></div>
<div id="quarto-search" title="Search"></div>
<button class="navbar-toggler" role="menu" data-bs-toggle="collapse"></button>
<div class="collapse navbar-collapse" id="navbarCollapse"><ul class="navbar-nav me-auto">
<li class="nav-item"><a class="nav-link active" href="../index.html" aria-current="page">
<span class="menu-text">Home</span></a></li></ul></div>
<div class="quarto-navbar-tools"><a href="" class="quarto-color-scheme-toggle
quarto-navigation-tool px-1" onclick="toggle()"><i class="bi"></i></a></div></div></nav>
<nav class="quarto-secondary-nav"><button class="quarto-btn-toggle" role="button">Menu</button>
<nav class="quarto-page-breadcrumbs"></nav>
<a class="flex-grow-1" role="navigation" data-bs-toggle="collapse"></a></nav></header>
<div id="quarto-content" class="quarto-container page-columns page-layout-article">
<nav id="quarto-sidebar" class="sidebar collapse collapse-horizontal quarto-sidebar-collapse-item
sidebar-navigation floating overflow-auto"><a class="sidebar-link" role="navigation"
data-bs-toggle="collapse">Part</a><a class="sidebar-link" href="../notebooks/a.html#part">P</a>
<a class="sidebar-link active" href="../notebooks/a.html">A</a>
<a class="sidebar-link" href="../notebooks/b.html">B</a></nav>
<div id="quarto-sidebar-glass" data-bs-toggle="collapse"></div>
<div id="quarto-margin-sidebar" class="sidebar margin-sidebar"><nav id="TOC" role="doc-toc"
class="toc-active"><h2 id="toc-title">On this page</h2><ul>
<li><a href="#a" id="toc-a" class="nav-link active" data-scroll-target="#a">The
<code>fit</code></a><ul>
<li><a href="#e" id="toc-e" class="nav-link">Exercise 1: a <code>weight</code></a></li>
<li><a href="#f" id="toc-f" class="nav-link">Further: more &amp; more</a></li></ul></li>
<li><a href="#c" id="toc-c" class="nav-link">4 Check</a></li>
<li><a href="#r" id="toc-r" class="nav-link">Check your reading</a></li></ul></nav></div>
<main class="content" id="quarto-document-content"><header id="title-block-header">
<h1 class="title d-none d-lg-block">A</h1></header>
<section id="a"><form class="predict" data-name="gap"><fieldset><legend>Predict: "how" many?
</legend></fieldset></form><section id="e"><details class="code-fold"><summary>
The check of exercise 1</summary></details></section>
<section id="f"><form class="predict" data-name="x"></form></section>
</section><section id="c"></section><section id="r"></section></main></div></body></html>"""


@pytest.fixture
def page(tmp_path):
    page = parse(QUARTO)
    path = tmp_path / "notebooks" / "a.html"
    path.parent.mkdir()
    for _ in range(2):  # a second run changes nothing
        fix_accessibility(page)
        arrange_bars(page)
        mark_current(page, path)
        list_the_parts(page, path, tmp_path)
    return page


def test_the_title_stands_on_every_page_also_on_a_telephone(page):
    assert attribute(page.h1, "class") == "title"


def test_the_header_is_one_row_that_opens_the_lists_without_a_script(page):
    [row] = page.select("#quarto-header .navbar-container")
    parts = [part.get("popovertarget") or part.get_text(" ", strip=True) for part in children(row)]
    assert parts == ["quarto-sidebar", "Course", "Home", "", "quarto-margin-sidebar", ""]
    assert children(row)[3]["id"] == "quarto-search"
    assert children(row)[5].name == "button", "it switches the colours"
    assert [bar.name for bar in page.header.find_all(["nav", "header"])] == ["nav"]
    for button in page.select("[popovertarget]"):
        assert page.find(id=button["popovertarget"])["popover"] == ""


def test_nothing_is_left_by_which_a_renderer_folds_or_places_the_lists(page):
    assert attribute(page.header, "class") == "sticky-top"
    for name in ("quarto-sidebar", "quarto-margin-sidebar"):
        assert attribute(page.find(id=name), "class") == ""
    assert attribute(page.find(id="quarto-content"), "class") == "page-layout-article"
    assert page.select("#quarto-sidebar-glass, .quarto-btn-toggle, .navbar-toggler") == []


def test_controls_are_buttons_and_the_page_is_named_in_the_menu(page):
    assert page.select("[role=navigation], [role=menu], [role=button]") == []
    assert [link.get_text() for link in page.select("[aria-current=page]")] == ["A"]


def test_the_list_of_headings_says_what_each_part_is_and_leads_to_its_tasks(page):
    rows = [(attribute(row, "class"), row.get_text()) for row in page.select("#TOC .toc-row")]
    assert rows == [
        ("toc-row", "The\nfit ?"),
        ("toc-row toc-exercise", "Exercise 1 a weight check"),
        ("toc-row toc-further", "Further more & more ?"),
        ("toc-row toc-check", "4 Check"),
        ("toc-row", "Check your reading"),
    ]
    links = [(attribute(a, "href"), a.get("aria-label")) for a in page.select("#TOC a[aria-label]")]
    assert links == [
        ("#predict-gap", 'Predict: "how" many?'),
        ("#check-of-exercise-1", "The check of exercise 1"),
        ("#predict-x", ""),
    ]
    for place, _ in links:
        assert page.find(id=place[1:])
    assert page.select_one(".toc-tasks").get_text() == "1 exercise, 2 predictions (?)"
    assert page.select_one("#TOC code").get_text() == "fit"


def test_a_page_without_a_header_or_lists_stays_as_it_is(tmp_path):
    page = parse("<html><body><main id='m'><h1>Alone</h1></main></body></html>")
    before = str(page)
    arrange_bars(page)
    list_the_parts(page, tmp_path / "a.html", tmp_path)
    assert str(page) == before


def children(row):
    return row.find_all(recursive=False)
