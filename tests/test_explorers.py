"""The figures that one can move, as far as no browser is needed: data, places, size."""

import json
import re

import numpy as np
import pytest
from bs4 import BeautifulSoup

import labkit
from course import ROOT
from course.explorers import FOLDER, SHARED, STYLES, descent, explorers
from course.notebook import labs
from course.site.alone import ALONE, alone
from course.site.explorers import add_explorers

WRITE = "run: python -m course.explorers.write"
each_explorer = pytest.mark.parametrize("explorer", explorers(), ids=lambda e: e.name)


@each_explorer
def test_the_data_are_those_that_its_module_computes(explorer):
    written = explorer.data_file.read_text(encoding="utf-8")
    head, values = written.split(f"\nexplorers.data.{explorer.name} = ")
    assert head.startswith("// Written by `python -m course.explorers.write`: ")
    assert_near(json.loads(values.removesuffix(";\n")), explorer.module.data())


def assert_near(committed, computed):
    """Compare as far as another machine computes the same: numbers by nearness."""
    if isinstance(computed, dict):
        assert committed.keys() == computed.keys(), WRITE
        for key, value in computed.items():
            assert_near(committed[key], value)
    elif isinstance(computed, list) and computed and isinstance(computed[0], dict | list):
        assert len(committed) == len(computed), WRITE
        for one, other in zip(committed, computed, strict=True):
            assert_near(one, other)
    elif isinstance(computed, list) and computed and not isinstance(computed[0], str):
        np.testing.assert_allclose(
            np.array(committed, float), np.array(computed, float), rtol=1e-6, atol=1e-9,
            err_msg=WRITE,
        )  # fmt: skip
    elif isinstance(computed, float):
        assert committed == pytest.approx(computed, rel=1e-6, abs=1e-9), WRITE
    else:
        assert committed == computed, WRITE


@each_explorer
def test_a_figure_is_short_and_light_and_asks_nobody(explorer):
    for script in explorer.scripts:
        text = script.read_text(encoding="utf-8")
        assert len(text.splitlines()) <= 250, script.name
        text = text.replace("http://www.w3.org/2000/svg", "")
        assert not re.search(
            r"https?:|fetch\(|XMLHttpRequest|\bimport\b|require\(|localStorage", text
        )
    own = [path for path in explorer.scripts if path not in SHARED]
    assert sum(path.stat().st_size for path in own) <= 150_000


def test_no_file_is_left_over():
    known = {*SHARED, STYLES, *(path for explorer in explorers() for path in explorer.scripts)}
    assert set(FOLDER.iterdir()) == known


@each_explorer
def test_a_figure_has_its_place_on_the_site_with_something_to_see_without_a_script(
    explorer, rendered
):
    pages = [page.read_text(encoding="utf-8") for page in rendered.rglob("*.html")]
    places = [
        place
        for text in pages
        if f'data-explorer="{explorer.name}"' in text
        for place in BeautifulSoup(text, "html.parser").select(f"[data-explorer={explorer.name}]")
    ]
    assert places
    assert all(place.select_one("img, table") for place in places)


@each_explorer
def test_a_figure_stands_with_one_that_its_lab_has(explorer):
    if explorer.figure is None:
        pytest.skip("it has a page of its own")
    number, label = explorer.figure
    (lab,) = [lab for lab in labs() if int(lab.name[:2]) == number]
    assert f"#| label: {label}\\n" in lab.read_text(encoding="utf-8")


def test_no_property_of_theirs_is_one_of_the_sites():
    """Else what the site sets on `main` takes a slider's track away."""
    own, sites = (
        set(re.findall(r"(--[\w-]+):", "".join(path.read_text(encoding="utf-8") for path in paths)))
        for paths in ([STYLES], (ROOT / "styles").glob("*.css"))
    )
    assert own & sites == set()


# --- gradient descent by hand ---------------------------------------------------------------------


def test_no_digit_of_the_table_is_lost():
    text = (FOLDER / "descent-data.js").read_text(encoding="utf-8")
    numbers = [float(number) for number in re.findall(r"-?\d+\.\d+(?:e-?\d+)?", text[80:])]
    data = descent.draw()
    assert numbers[-150:] == [*data.X.ravel(), *data.y], WRITE


def test_the_page_beside_the_labs_is_current_and_asks_for_no_other_file():
    text = ALONE.read_text(encoding="utf-8")
    assert text == alone(), WRITE
    page = BeautifulSoup(text, "html.parser")
    assert not page.select("link, img, [src]")
    assert "Trust HTML" in page.noscript.get_text()
    assert page.select_one("div.explorer table caption")
    assert "url(" not in page.style.get_text()


def test_the_code_on_the_page_draws_the_same_data(capsys):
    page = (ROOT / "explorer.qmd").read_text(encoding="utf-8")
    (code,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    names = {}
    exec(code, names)
    np.testing.assert_array_equal(names["X"], descent.draw().X * [1, 10])
    np.testing.assert_array_equal(names["data"].y, descent.draw().y)
    assert "[" in capsys.readouterr().out


def test_a_row_of_the_static_table_is_a_run_of_labkit():
    data = descent.draw()
    fit = labkit.fit_linear(data.X, data.y, lr=0.3, steps=20)
    loss = np.mean((data.y - fit.predict(data.X)) ** 2)
    limit = labkit.largest_stable_lr(data.X)
    assert descent.one_run(0.3, 20, 1) == ["1", f"{limit:.3g}", "0.3", "20", f"{loss:.4f}"]
    assert descent.one_run(1.01 * limit, 20, 1)[-1] == "diverges"


# --- places on a page -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "base", "links"), [("explorer", "", 0), ("notebooks/01-training-loop", "../", 1)]
)
def test_a_place_is_filled_once(tmp_path, name, base, links):
    page = BeautifulSoup(
        '<head></head><div class="explorer" data-explorer="descent"><p>A place.</p></div>',
        "html.parser",
    )
    add_explorers(page, tmp_path / f"{name}.html", tmp_path)
    once = str(page)
    add_explorers(page, tmp_path / f"{name}.html", tmp_path)
    assert str(page) == once
    assert "A place." not in once
    assert [h.get_text() for h in page.select(".explorer th[scope=col]")] == descent.HEADS
    scripts = [f"{base}explorers/{n}.js" for n in ("axes", "frame", "descent-data", "descent")]
    assert [script["src"] for script in page.select("script[defer]")] == scripts
    assert page.select_one("link")["href"] == f"{base}explorers/explorers.css"
    assert [a["href"] for a in page.select(".explorer-more a")] == ["../explorer.html"] * links
    for file in ("axes.js", "frame.js", "explorers.css"):
        assert (tmp_path / "explorers" / file).read_bytes() == (FOLDER / file).read_bytes()


def test_a_page_without_a_figure_gets_no_script(tmp_path):
    page = BeautifulSoup("<head></head><p>Text.</p>", "html.parser")
    add_explorers(page, tmp_path / "index.html", tmp_path)
    assert page.find("script") is None
    assert not (tmp_path / "explorers").exists()


SMALLDOCS = '<div class="cell" id="fig-a"><div class="cell-output-display">{}</div></div>'
QUARTO = '<div class="cell"><div class="cell-output-display"><div id="fig-a">{}</div></div></div>'


@pytest.mark.parametrize("markup", [SMALLDOCS, QUARTO], ids=["smalldocs", "quarto"])
def test_a_figure_is_wrapped_around_the_labs_own(tmp_path, monkeypatch, markup):
    explorer = explorers()[0]
    monkeypatch.setattr("course.site.explorers.ALL", [explorer])
    monkeypatch.setattr(explorer.module, "LAB", 3, raising=False)
    monkeypatch.setattr(explorer.module, "FIGURE", "fig-a", raising=False)
    monkeypatch.delattr(explorer.module, "without_script", raising=False)
    page = BeautifulSoup("<head></head>" + markup.format('<img src="a.png">'), "html.parser")
    path = tmp_path / "notebooks" / "03-a.html"
    add_explorers(page, path, tmp_path)
    once = str(page)
    add_explorers(page, path, tmp_path)
    assert str(page) == once
    assert page.select_one(f'.cell > [data-explorer="{explorer.name}"] > .cell-output-display img')
    bare = BeautifulSoup("<head></head><p>No figure.</p>", "html.parser")
    add_explorers(bare, path, tmp_path)
    assert not bare.select("[data-explorer], script")
