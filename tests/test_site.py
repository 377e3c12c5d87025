"""The rendered site: every page complete, reachable, readable offline and by a screen reader.

The site is rendered with smalldocs into a temporary folder; `_site/` and the tracked files are not
touched.
"""

import json
import os
import re
import shutil
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import yaml
from site_pages import listed

from course import ROOT
from course.editions import for_download, student_notebook
from course.notebook import Lab, dumps, labs
from course.site.check import pages, problems, soup
from course.site.html import attribute, parse
from course.site.mathematics import TexError, draw_formulas
from course.site.postprocess import (
    fold_solution_outputs,
    keep_ranges_whole,
    mark_sentences,
    postprocess,
    wrap_tables,
)
from course.site.quarto_pages import add_copy_buttons, make_ids_unique
from course.site.render import RenderError, render

pytestmark = pytest.mark.skipif(not labs(), reason="notebooks/ holds no lab yet")


LABS = [f"notebooks/{lab.stem}.html" for lab in labs()]
PAGES = [re.sub(r"\.(ipynb|qmd)$", ".html", name) for name in listed()]


@pytest.fixture(params=PAGES)
def page(rendered, request):
    return soup(rendered / request.param)


def test_every_lab_is_a_page_and_every_page_of_the_sidebar_is_there(rendered):
    in_sidebar = {name for name in PAGES if name.startswith("notebooks/")}
    assert set(LABS) == in_sidebar, "list each lab of notebooks/ in the sidebar of _quarto.yml"
    assert {path.relative_to(rendered).as_posix() for path in pages(rendered)} == set(PAGES)


def test_every_link_anchor_and_image_resolves_and_no_page_asks_another_host(rendered):
    assert problems(rendered) == []


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_in_the_navigation_of_every_page(rendered, name):
    links = soup(rendered / name).select("#quarto-sidebar a[href]")
    found = {(rendered / name).parent.joinpath(a["href"]).resolve() for a in links}
    assert {(rendered / other).resolve() for other in PAGES} <= found


def test_every_image_has_alternative_text(page):
    assert [image for image in page.select("img") if not image.get("alt", "").strip()] == []


def test_mathematics_is_mathml_and_keeps_its_tex(page):
    assert [span for span in page.select("span.math") if not span.find("math")] == []
    assert all(math.find("annotation").get_text() for math in page.select("math"))


def test_there_is_mathematics_to_look_at(rendered):
    assert any(soup(rendered / name).select("span.math") for name in PAGES)


def test_every_page_says_its_title_language_and_what_it_is_about(page):
    assert page.html["lang"] == "en"
    assert len(page.select("h1")) == 1
    assert page.select_one('meta[name="description"]')["content"].strip()


def test_no_two_pages_have_the_same_title(rendered):
    assert len({soup(rendered / name).title.get_text(strip=True) for name in PAGES}) == len(PAGES)


def test_headings_do_not_skip_a_level(page):
    levels = [int(h.name[1]) for h in page.select("main :is(h1, h2, h3, h4, h5, h6)")]
    assert [(a, b) for a, b in pairwise(levels) if b > a + 1] == []


def test_ids_are_unique(page):
    ids = Counter(element["id"] for element in page.select("[id]"))
    assert [i for i, n in ids.items() if n > 1] == [], "a cell's label must be no heading"


def test_each_table_has_a_name_and_says_what_its_columns_are(page):
    for table in page.select("main table"):
        assert table.find("caption") or table.get("aria-label"), f"it has no name: {table}"
        assert table.select("thead th"), f"it has no headings: {table}"


def test_regions_have_names_of_their_own_and_what_folds_is_a_button(page):
    labels = [region.get("aria-label") for region in page.select("nav")]
    assert None not in labels
    assert len(labels) == len(set(labels))
    for control in page.select("[aria-expanded]"):
        assert control.name == "button" or control.get("role") == "link"


@pytest.mark.parametrize("lab", labs(), ids=lambda lab: lab.stem)
def test_each_lab_page_is_light_and_offers_the_notebook(rendered, lab):
    page = rendered / "notebooks" / f"{lab.stem}.html"
    assert page.stat().st_size < 1_500_000, "make its figures smaller"
    offered = [link["href"] for link in soup(page).select(".lab-download a")]
    student, solved = ((page.parent / name).read_text(encoding="utf-8") for name in offered)
    assert student == dumps(for_download(student_notebook(Lab.read(lab))))
    assert solved == dumps(for_download(Lab.read(lab).node))


# --- a site of one page --------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path):
    """Make a site of one page whose text the test writes."""
    root = tmp_path / "project"
    (root / "styles").mkdir(parents=True)
    styles = [path.name for path in sorted((ROOT / "styles").glob("*.css"))]
    for name in styles:
        shutil.copy(ROOT / "styles" / name, root / "styles")
    config = {
        "project": {"type": "website"},
        "website": {"title": "Small", "sidebar": {"contents": ["index.qmd"]}},
        "format": {"html": {"theme": "default", "css": [f"styles/{name}" for name in styles]}},
    }
    (root / "_quarto.yml").write_text(yaml.safe_dump(config))

    def write(text):
        (root / "index.qmd").write_text(f"---\ntitle: Page\n---\n\n{text}\n")
        output = tmp_path / "_site"
        render(root, output, "smalldocs")
        return soup(output / "index.html")

    return write


def test_a_second_render_puts_the_new_site_in_the_place_of_the_old(small, tmp_path):
    assert "The first text." in small("The first text.").get_text()
    (tmp_path / "_site" / "gone.html").write_text("an old page")
    page = small("Another text.").get_text()
    assert "Another text." in page
    assert "The first text." not in page
    assert not (tmp_path / "_site" / "gone.html").exists()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["_site", "project"]


def test_postprocessing_a_page_twice_is_postprocessing_it_once(small, tmp_path):
    text = "A formula, $x^2$.\n\n## Below 1e-9\n\n| a | b |\n|---|---|\n| -1 | 5% |\n\n"
    text += '<div class="explorer"></div>'
    written = small(text)
    assert written.select("math, table, svg, td")
    assert written.select_one(".table-box")["aria-label"] == "Table: Below 10⁻⁹"
    page = tmp_path / "_site" / "index.html"
    once = page.read_bytes()
    postprocess(tmp_path / "_site", tmp_path / "project" / "notebooks")
    assert page.read_bytes() == once


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (r"The estimate $\betta$.", r"index\.html: the formula  \\betta  is wrong: .*unknown"),
        (r"$$\frac{1}{2$$", "is not closed"),
        (r"$$\frac{1}$$", "an argument is missing"),
        (r"$$a & b$$", "outside a table"),
        ("See [there](nowhere.qmd).", "broken link nowhere.qmd"),
        ("See [there](#nowhere).", "names an anchor that is not there"),
        ('<img src="lost.png" alt="lost">', "lost.png leads nowhere"),
        ('<img src="https://example.org/a.png" alt="far">', "img asks https://example.org/a.png"),
        ("See @fig-slope.", "the renderer did not read  @fig-slope"),
        ("$$x^2$$ {#eq-square}", r"did not read  \{#eq-square\}"),
        ("```python\nx = 1  # <1>\n```", "did not read  # <1>"),
        ("```python\n#| echo: false\n```", r"did not read  #\| echo: false"),
        ("::: \n", "did not read  :::"),
        ("<style>@import url(https://example.org/f.css);</style>", "a style asks https://example"),
    ],
)
def test_a_page_that_must_not_be_published_stops_the_render(small, tmp_path, text, message):
    small("All is well.")
    with pytest.raises(RenderError, match=message):
        small(text)
    assert "All is well." in (tmp_path / "_site" / "index.html").read_text(), "the old site is gone"


def test_bold_letters_and_alignment_survive_in_mathml(small):
    page = small(r"$\boldsymbol{\beta}$ and $$\begin{aligned} a &= b \\ c &= d \end{aligned}$$")
    bold, aligned = page.select("math")
    assert "𝜷" in bold.get_text()
    sides = [cell["style"].split(";")[0] for cell in aligned.select("mtd")]
    assert sides == ["text-align: right", "text-align: left"] * 2
    assert aligned.select_one("annotation").get_text().startswith(r"\begin{aligned}")


def test_punctuation_stays_on_the_line_of_its_formula(small):
    page = small("The slope (about $b$), and $c$ too.")
    (held,) = page.select(".nobreak")
    held.find("annotation").decompose()
    assert held.get_text() == "b),"
    assert page.select_one("main p").get_text().startswith("The slope (about ")


def quarto_formula(tex, display="inline", drawn="<mi>f</mi><mo accent='true'>\u0302</mo>"):
    """Return a formula as Quarto writes it: bare, with its TeX in an annotation."""
    note = f'<annotation encoding="application/x-tex">{tex}</annotation>'
    return (
        f'<math display="{display}" xmlns="http://www.w3.org/1998/Math/MathML">'
        f"<semantics><mover>{drawn}</mover>{note}</semantics></math>"
    )


def test_a_formula_of_quarto_is_drawn_as_after_smalldocs(small):
    page = parse(
        f"<p>The fit (about {quarto_formula('a &lt; b')}), and</p>"
        f"<p>{quarto_formula('%s', 'block')}</p>" % r"\hat f \sim N"
    )
    draw_formulas(page)
    expected = small("The fit (about $a < b$), and\n\n$$\\hat f \\sim N$$")
    assert [str(m) for m in page.select("math")] == [str(m) for m in expected.select("math")]
    kinds = [attribute(span, "class") for span in page.select("span.math")]
    assert kinds == ["math inline", "math display"]
    assert page.select_one(".nobreak .math.inline")
    once = str(page)
    draw_formulas(page)
    assert str(page) == once


@pytest.mark.parametrize("text", [r"$\betta$", r"$$\betta$$"])
def test_tex_that_quarto_could_not_read_is_refused(text):
    page = parse(f'<p><span class="math inline">{text}</span></p>')
    with pytest.raises(TexError, match=r"the formula  \\betta  is wrong"):
        draw_formulas(page)


def test_mathml_without_tex_stays_as_it_is():
    page = parse("<p><math><mi>x</mi></math></p>")
    draw_formulas(page)
    assert str(page.p) == "<p><math><mi>x</mi></math></p>"


def test_the_output_of_a_solution_is_folded_with_its_code():
    page = parse(
        """<div class="cell"><details class="code-fold"><summary>Solution</summary><p>code</p>
        </details><div class="cell-output">42</div></div>
        <div class="cell"><details class="code-fold"><summary>Imports</summary></details>
        <div class="cell-output">seen</div></div>"""
    )
    fold_solution_outputs(page)
    solution, imports = page.select("details")
    assert "42" in solution.get_text()
    assert "seen" not in imports.get_text()


def test_the_range_of_a_number_stays_on_one_line():
    page = parse('<main><table><tr><td><img src="a.png">between 1 and 2</td></tr></table></main>')
    keep_ranges_whole(page)
    keep_ranges_whole(page)
    assert str(page.td) == '<td><img src="a.png"/><span class="nobreak">between 1 and 2</span></td>'


def test_a_page_has_one_name_wherever_it_is_named(rendered):
    order = [Path(name).with_suffix(".html").as_posix() for name in listed()]
    course, *others = order
    links = soup(rendered / course).select("#quarto-sidebar a[href]")
    names = {attribute(link, "href"): link.get_text(strip=True) for link in links}
    assert list(names) == order
    indexed = json.loads((rendered / "search.json").read_text(encoding="utf-8"))
    for entry in indexed:  # which says "Lab 7: …", since one asks for "lab 7"
        name = re.sub(r"^(\d+) ", r"Lab \1: ", names[entry["href"].split("#")[0]])
        assert entry["title"] == name or entry["section"].startswith("Term: ")
    for place, path in enumerate(order):
        page = soup(rendered / path)
        assert page.select_one("h1").get_text(strip=True) == names[path]
        tab = names[path] if path == course else f"{names[path]} – {names[course]}"
        assert page.title.get_text(strip=True) == tab
        beside = [name.get_text(strip=True) for name in page.select(".page-navigation a")]
        assert beside == [
            names[name] for name in order[max(place - 1, 0) : place + 2] if name != path
        ]
    assert sum(bool(re.match(r"\d+ \w", names[path])) for path in others) == len(LABS)


def test_an_output_without_columns_is_marked_as_sentences():
    page = parse(
        """<div class="cell-output"><pre><code>One number: 0.5
        and another</code></pre></div>
        <div class="cell-output"><pre><code>name    0.5</code></pre></div>
        <pre><code>code = 1</code></pre>
        <div class="cell-output"><pre class="of-the-renderer">words</pre></div>"""
    )
    for _ in range(2):  # a second run changes nothing
        mark_sentences(page)
    marked = [attribute(pre, "class") for pre in page.select("pre")]
    assert marked == ["sentences", "", "", "of-the-renderer sentences"]


def test_an_empty_corner_of_a_table_heads_nothing(small):
    page = small("|   | b |\n|---|---|\n| 1 | 2 |")
    assert [h.get_text(strip=True) for h in page.select("th")] == ["b"]
    assert page.select_one("table").parent["class"] == ["table-box"]


SHEETS = """<head><link id="sheet" class="light"><link id="sheet" class="dark"><link id="other">
<script>find("link#sheet:not(.dark), link#sheet-of-another"); if (a && b.id === "sheet") go();%s
</script></head>"""


def test_an_id_that_sheets_share_is_a_class_and_scripts_find_them_by_it():
    page = parse(SHEETS % "")
    for _ in range(2):
        make_ids_unique(page)
    assert [attribute(link, "class") for link in page.select("link")] == [
        "light sheet",
        "dark sheet",
        "",
    ]
    assert [link["id"] for link in page.select("link[id]")] == ["other"]
    assert str(page.script).splitlines()[0] == (
        '<script>find("link.sheet:not(.dark), link#sheet-of-another"); '
        'if (a && b.classList.contains("sheet")) go();'
    )


@pytest.mark.parametrize("use", ["byId('sheet')", "node.id == `sheet`", "find('#sheet')"])
def test_an_id_that_a_script_uses_in_another_way_stays(use):
    page = parse(SHEETS % use)
    before = str(page)
    make_ids_unique(page)
    assert str(page) == before


@pytest.mark.parametrize(("library", "buttons"), [("clipboard.min.js", 2), ("other.js", 1)])
def test_all_code_of_quarto_has_a_button_to_copy_it(library, buttons):
    page = parse(
        f"""<script src="site_libs/{library}"></script><main>
        <pre class="sourceCode code-with-copy"><code>a</code></pre><button class="code-copy-button">
        </button><pre class="text"><code>python3 start.py</code></pre>
        <div class="cell-output"><pre><code>42</code></pre></div>
        <pre class="cell-output"><code>42</code></pre></main>"""
    )
    for _ in range(2):
        add_copy_buttons(page)
    assert len(page.select("button.code-copy-button")) == buttons
    for button in page.select(".code-copy-outer-scaffold > button[title]"):
        assert button.parent.code.get_text() == "python3 start.py"


def test_columns_are_as_wide_as_what_they_hold_and_not_as_their_dashes():
    page = parse(
        """<main><table style="width:100%;"><colgroup><col style="width: 90%"></colgroup>
        <thead><tr><th>Week</th></tr></thead></table></main>"""
    )
    wrap_tables(page)
    assert page.select("col, colgroup, [style]") == []


QUARTO = """#!/bin/sh
[ "$*" = "render --output-dir ../site --no-execute" ] || exit 9
[ -f notebooks/a.ipynb ] && [ -f styles/palette.css ] && [ ! -e README.md ] || exit 8
echo litter > site_libs; echo litter > notebooks/a.html; echo litter >> .gitignore
mkdir -p "$3"
cat > "$3/index.html" <<'END'
<!DOCTYPE html><html lang="en"><head><title>Page</title>
<script src="https://cdn.example.org/require.min.js"></script>
<script>define('jquery', [],function() {return window.jQuery;})</script>
</head><body><main><p><math display="inline"><semantics><mi>y</mi><annotation
encoding="application/x-tex">x</annotation></semantics></math> is known.</p>
<table><thead><tr><th></th><th>b</th></tr></thead></table></main></body></html>
END
exit $CODE
"""


@pytest.mark.skipif(os.name == "nt", reason="the stand-in for Quarto is a shell script")
@pytest.mark.parametrize("code", [0, 1])
def test_quarto_is_used_where_it_is_and_its_pages_are_changed_too(tmp_path, monkeypatch, code):
    program = tmp_path / "bin" / "quarto"
    program.parent.mkdir()
    program.write_text(QUARTO)
    program.chmod(0o755)
    root = tmp_path / "project"
    for name in ("notebooks/a.ipynb", "styles/palette.css", "README.md", "_quarto.yml"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    sources = sorted(root.rglob("*"))
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    monkeypatch.setenv("CODE", str(code))
    output = tmp_path / "_site"
    if code:
        with pytest.raises(RenderError, match="quarto ended with code 1"):
            render(root, output)
        assert not output.exists()
        return
    assert render(root, output) == 1
    assert sorted(root.rglob("*")) == sources, (
        "Quarto writes beside what it reads: let it in a copy"
    )
    page = soup(output / "index.html")
    preload, *scripts = page.select("script")
    assert "preload" in preload.string
    assert [script["src"] for script in scripts] == ["styles/site.js", "styles/search.js"]
    assert page.select_one("span.math math mi").get_text() == "x"
    assert len(page.select(".table-box th")) == 1


# Quarto compiles Bootstrap in the company of our styles: of two parts of one name Sass takes ours.
PARTS_OF_BOOTSTRAP = [
    "accordion", "alert", "badge", "breadcrumb", "button-group", "buttons", "card", "carousel",
    "close", "containers", "dropdown", "forms", "functions", "grid", "helpers", "images",
    "list-group", "maps", "mixins", "modal", "nav", "navbar", "offcanvas", "pagination",
    "placeholders", "popover", "progress", "reboot", "root", "spinners", "tables", "toasts",
    "tooltip", "transitions", "type", "utilities", "variables", "variables-dark",
]  # fmt: skip


def test_no_style_sheet_is_called_like_a_part_of_bootstrap():
    own = {path.stem.removeprefix("_") for path in (ROOT / "styles").iterdir()}
    assert "palette" in own
    assert own.isdisjoint(PARTS_OF_BOOTSTRAP)


# --- colours -------------------------------------------------------------------------------------

STYLES = (ROOT / "styles" / "palette.css").read_text(encoding="utf-8")
PALETTES = [
    dict(re.findall(r"--([\w-]+):\s*#([0-9a-f]{6})", block))
    for block in re.findall(r"\{([^{}]*--paper:[^{}]*)\}", STYLES)
]


def luminance(colour):
    channels = [channel / 255 for channel in bytes.fromhex(colour)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return np.dot(linear, [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize("mode", ["light", "dark"])
def test_quarto_computes_with_the_palette_of_the_style_sheet(mode):
    text = (ROOT / "styles" / f"{mode}.scss").read_text(encoding="utf-8")
    variables = dict(re.findall(r": #([0-9a-f]{6});  // --([\w-]+)$", text, re.MULTILINE))
    palette = PALETTES[["light", "dark"].index(mode)]
    assert set(variables.values()) == {"paper", "panel", "ink", "ink-soft", "line", "accent"}
    assert {name: palette[name] for name in variables.values()} == {
        n: c for c, n in variables.items()
    }


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_text_links_and_code_have_enough_contrast(mode):
    palette = PALETTES[mode]
    inks = [n for n in palette if n.startswith("code-") or n in {"ink", "ink-soft", "accent"}]
    assert len(inks) >= 9
    for ink in [*inks, "accent-strong"]:
        for ground in ("paper", "panel", "accent-wash"):
            low, high = sorted([luminance(palette[ink]), luminance(palette[ground])])
            assert (high + 0.05) / (low + 0.05) >= 4.5, f"--{ink} on --{ground}"
