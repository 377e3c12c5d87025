"""The explorer as far as no browser is needed: its data, and the pages without a script."""

import re

import numpy as np
import pytest
from bs4 import BeautifulSoup

import labkit
from course import ROOT
from course.site.explorer import (
    ALONE,
    BLOCK,
    FOLDER,
    HEADS,
    SCRIPT,
    add_explorer,
    alone,
    block,
    draw,
    one_run,
)


def test_the_script_holds_the_data_that_labkit_draws():
    (committed,) = BLOCK.findall(SCRIPT.read_text(encoding="utf-8"))
    assert committed == block(), "run: python -m course.site.explorer"
    numbers = [float(number) for number in re.findall(r"-?\d+\.\d+(?:e-?\d+)?", committed)]
    data = draw()
    assert numbers == [*data.X.ravel(), *data.y], "digits were lost on the way"


def test_the_page_beside_the_labs_is_current_and_asks_for_no_other_file():
    text = ALONE.read_text(encoding="utf-8")
    assert text == alone(), "run: python -m course.site.explorer"
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
    np.testing.assert_array_equal(names["X"], draw().X * [1, 10])
    np.testing.assert_array_equal(names["data"].y, draw().y)
    assert "[" in capsys.readouterr().out


def test_a_row_of_the_static_table_is_a_run_of_labkit():
    data = draw()
    fit = labkit.fit_linear(data.X, data.y, lr=0.3, steps=20)
    loss = np.mean((data.y - fit.predict(data.X)) ** 2)
    limit = labkit.largest_stable_lr(data.X)
    assert one_run(0.3, 20, 1) == ["1", f"{limit:.3g}", "0.3", "20", f"{loss:.4f}"]
    assert one_run(1.01 * limit, 20, 1)[-1] == "diverges"


@pytest.fixture
def site(tmp_path):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "explorer.html").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("name", "base", "links"), [("explorer", "", 0), ("notebooks/01-training-loop", "../", 1)]
)
def test_a_place_for_the_explorer_is_filled_once(site, name, base, links):
    page = BeautifulSoup('<head></head><div class="explorer"><p>A place.</p></div>', "html.parser")
    add_explorer(page, site / f"{name}.html", site)
    once = str(page)
    add_explorer(page, site / f"{name}.html", site)
    assert str(page) == once
    assert "A place." not in once
    assert [h.get_text() for h in page.select(".explorer th[scope=col]")] == HEADS
    assert page.select_one("script[defer]")["src"] == f"{base}explorer/explorer.js"
    assert page.select_one("link")["href"] == f"{base}explorer/explorer.css"
    assert [a["href"] for a in page.select(".explorer-more a")] == ["../explorer.html"] * links
    for file in ("explorer.js", "explorer.css"):
        assert (site / "explorer" / file).read_bytes() == (FOLDER / file).read_bytes()


def test_a_page_without_an_explorer_gets_no_script(site):
    page = BeautifulSoup("<head></head><p>Text.</p>", "html.parser")
    add_explorer(page, site / "index.html", site)
    assert page.find("script") is None
    assert not (site / "explorer").exists()


def test_the_script_asks_nobody_for_anything():
    text = SCRIPT.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
    assert not re.search(r"https?:|fetch\(|XMLHttpRequest|import\b|require\(|localStorage", text)
