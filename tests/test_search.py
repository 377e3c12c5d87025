"""The index for search: what a reader sees on the pages, and nothing else."""

import json

from course.site.html import parse
from course.site.search import FILE, entries_of, write_index

LAB = """<main><header><h1>7 Honest <em>baselines</em></h1></header>
<p class="lab-download">Download this lab.</p><p>Which wins? <math><msub><mi>x</mi><mn>1</mn></msub>
<annotation encoding="application/x-tex">x_1</annotation></math></p>
<section id="a"><h2>1 Goal</h2><p>Two questions.</p>
<section id="b"><h3>Data</h3><div class="cell"><pre><span>fit</span>(<span>X</span>)</pre>
<div class="cell-output"><pre>12.5</pre></div></div>
<details><summary>Hint 1</summary><p>Try less.</p></details>
<details class="code-fold"><summary>Solution to it</summary><pre>secret</pre></details>
<details class="code-fold"><summary>Code</summary><pre>drawn</pre></details>
<table><tr><td>one</td><td>two</td></tr></table></section></section></main>"""
TERMS = """<main><h1>Terms</h1><div class="terms"><table><thead><tr><th>Statistics</th></tr></thead>
<tr><td>coefficient</td><td><span id="weight"><strong>weight</strong></span></td>
<td>It has none.</td><td><a href="#">lab 1</a></td></tr></table></div></main>"""


def test_each_part_is_an_entry_with_the_words_that_stand_in_it_alone():
    beginning, goal, data = entries_of(parse(LAB), "notebooks/07-honest.html")
    assert {entry["title"] for entry in (beginning, goal, data)} == {"Lab 7: Honest baselines"}
    assert (beginning["href"], beginning["text"]) == ("notebooks/07-honest.html", "Which wins? x1")
    assert (goal["href"], goal["section"]) == ("notebooks/07-honest.html#a", "1 Goal")
    assert goal["text"] == "Two questions."
    assert (data["section"], data["objectID"]) == ("Data", data["href"])
    assert data["text"] == "fit(X) Code drawn one two"


def test_a_term_is_an_entry_under_the_word_that_one_looks_up():
    term, page = entries_of(parse(TERMS), "terms.html")
    assert term["href"] == "terms.html#weight"
    assert (term["title"], term["section"]) == ("weight", "Term: coefficient")
    assert term["text"] == "It has none. lab 1"
    assert (page["title"], page["text"]) == ("Terms", "Statistics")


def test_a_site_without_search_gets_no_index(tmp_path):
    write_index(tmp_path, [])
    assert not (tmp_path / FILE).exists()


def test_the_index_of_the_site_holds_every_lab_and_no_tex(rendered):
    entries = json.loads((rendered / FILE).read_text(encoding="utf-8"))
    numbers = {entry["title"].split(":")[0] for entry in entries if "notebooks/" in entry["href"]}
    labs = {path.stem[:2] for path in (rendered / "notebooks").glob("[0-9]*.html")}
    assert numbers == {f"Lab {int(number)}" for number in labs}
    for entry in entries:
        for command in ("\\frac", "\\lambda", "\\top", "\\mathrm", "\\sum", "\\bar"):
            assert command not in entry["text"], entry["href"]
