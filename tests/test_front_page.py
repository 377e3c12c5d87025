"""The front page: a card for each lab, with what the lab has found as its own outputs say it."""

import re
import shutil
from io import BytesIO
from urllib.parse import urlsplit

import nbformat
import pytest
from PIL import Image

from course import ROOT
from course.notebook import Lab, labs
from course.outline import OutlineError
from course.pages.front_page import text
from course.pages.verdict_line import NoVerdictsError, VerdictLineError, verdict_line, verdicts
from course.site.check import soup
from course.site.downloads import add_zip_download
from course.site.html import attribute, parse
from course.site.pictures import PictureError, add_pictures, first_sentence

MOST_BYTES = 1_500_000  # of the page with all that it shows
THUMBNAIL_BYTES = 25_000


@pytest.fixture
def root(tmp_path):
    """Copy what the page is made from."""
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    for name in ("_quarto.yml", "index.qmd", "paths.yml"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def change(path, edit):
    """Change a lab's file by a function."""
    notebook = nbformat.read(path, as_version=4)
    edit(notebook)
    nbformat.write(notebook, path)


def say(**about):
    return lambda notebook: notebook.metadata.course.update(about)


def card(page, lab):
    """Return the part of the page's source that is a lab's card."""
    return page.partition(f"](notebooks/{lab.name}){{.lab-title}}")[2].partition(".lab-title")[0]


# --- what the page says --------------------------------------------------------------------------


def test_every_lab_has_a_card_in_its_part_with_what_its_metadata_say():
    page = text(ROOT)
    found = re.findall(r"^(?:### (.*)|- \[\*\*(\d+)\*\* (.*?)\])", page, re.MULTILINE)
    parts, shown = "", []
    for part, number, short in found:
        parts = part or parts
        shown += [(parts, int(number), short)] if number else []
    read = [Lab.read(path) for path in labs()]
    assert shown == [(lab.about["part"], lab.number, lab.title) for lab in read]
    for lab in read:
        says = card(page, lab.path)
        assert f"\n  {lab.about['question']}\n" in says
        assert f"[{lab.about['minutes']} minutes" in says
        assert f'data-figure="{lab.path.stem}#{lab.about["figure"]}"' in says
        assert f"[{verdict_line(lab)}]{{.lab-verdict}}" in says


def test_what_a_lab_needs_is_linked_and_the_hours_are_counted(root):
    last = labs(root)[2]
    change(last, say(minutes=47, prerequisites=["01-training-loop", "02-from-scratch"]))
    page = text(root)
    assert (
        "[47 minutes, needs [lab 1](notebooks/01-training-loop.ipynb) and "
        "[lab 2](notebooks/02-from-scratch.ipynb)]{.lab-facts}"
    ) in card(page, last)
    others = [Lab.read(path).about["minutes"] for path in labs(root) if path != last]
    hours, minutes = divmod(sum(others) + 47, 60)
    assert f"**{len(labs())} labs**, {hours} hours {minutes} minutes in all" in page


def test_the_page_says_how_long_a_lab_took_when_it_was_last_executed(root):
    first, second = labs(root)[:2]
    for path, seconds in ((first, 141.4), (second, 2.6)):
        change(path, lambda notebook, s=seconds: notebook.metadata.labkit.update(seconds=s))
    assert "; executed from start to end, a lab took 3 to 141 seconds\n" in text(root)
    for path in labs(root):
        change(path, lambda notebook: notebook.metadata.labkit.pop("seconds", None))
    assert re.search(r"^\*\*\d+ labs\*\*, .* in all, exercises included$", text(root), re.MULTILINE)


def test_a_lab_that_comes_or_goes_changes_its_card_and_the_count_alone(root):
    def lines():
        kept = [part for part in text(root).split("\n\n- ") if gone.name not in part]
        return [re.sub(r"\*\*\d+ labs\*\*, .* in all", "", part) for part in kept]

    gone = labs(root)[4]
    (root / "paths.yml").write_text("[]")
    before, labs_before = lines(), text(root)
    gone.rename(gone.with_suffix(".aside"))
    assert lines() == before
    assert f"**{len(labs(root))} labs**" in text(root) != labs_before


@pytest.mark.parametrize("block", ["facts", "labs", "paths"])
def test_a_page_without_the_place_for_a_block_is_named(root, block):
    page = (root / "index.qmd").read_text(encoding="utf-8")
    (root / "index.qmd").write_text(page.replace(f"end of {block}", "the end"), encoding="utf-8")
    with pytest.raises(OutlineError, match=rf"index\.qmd must have the place for the {block}"):
        text(root)


# --- the verdict ---------------------------------------------------------------------------------


COLUMN = {
    "estimate": "Estimate",
    "interval": "95 % interval",
    "size": "Estimate",
    "verdict": "Verdict",
}


def with_another(data, column, words):
    """Change in a stored output what a place of a line names: a cell of the table, or words."""
    if column and "Question</th>" in data.get("text/html", ""):
        table = parse(data["text/html"])
        heads, *rows = table.select("tr")
        place = [head.get_text() for head in heads.select("th")].index(COLUMN[column])
        row = next(row for row in rows if row.th.get_text() == words)
        row.select("th, td")[place].string = "another"
        data["text/html"] = str(table)
    elif not column and "text/markdown" in data:
        first, last = map(re.escape, words.split("…"))
        report = " ".join(data["text/markdown"].split())
        data["text/markdown"] = re.sub(f"({first}).+?({last})", r"\1another\2", report)


@pytest.mark.parametrize("path", labs(), ids=lambda path: path.stem)
def test_a_changed_output_changes_the_card(path):
    lab = Lab.read(path)
    before = verdict_line(lab)
    places = re.findall(r"\{(?:(\w+) of|report:) ([^{}]+)\}", lab.about["verdict"])
    assert places
    for column, words in places:
        lab = Lab.read(path)
        for output in (output for cell in lab.section("5 Report") for output in cell.outputs):
            with_another(output.get("data", {}), column, words)
        assert "another" in verdict_line(lab) != before


SMALL = """<table><thead><tr><th>Question</th><th>Estimate</th><th>95 % interval</th>
<th>Verdict</th><th>Rule</th></tr></thead><tbody>
<tr><th>network minus OLS</th><td>-0.30</td><td><img src="data:,">-0.4 to -0.2</td><td>a *net*</td>
<td>Student</td></tr></tbody></table>"""


def lab_with(line, *, table=SMALL, report="We had 0.5 (s.e. 0.1),\nin 3 of 4 tables."):
    """Make a lab of a Report alone."""
    cells = [nbformat.v4.new_markdown_cell("## 5 Report")]
    for kind, shown in (("text/html", table), ("text/markdown", report)):
        output = nbformat.v4.new_output("display_data", data={kind: shown})
        cells.append(nbformat.v4.new_code_cell(outputs=[output] if shown else []))
    node = nbformat.v4.new_notebook(cells=cells, metadata={"course": {"verdict": line}})
    return Lab(ROOT / "notebooks" / "01-small.ipynb", node, ROOT)


@pytest.mark.parametrize(
    ("line", "filled"),
    [
        ("Ahead: **{verdict of network minus OLS}**.", r"Ahead: **a \*net\***."),
        ("By {estimate of network minus OLS}.", "By -0.30."),
        ("By {size of network minus OLS}.", "By 0.30."),
        ("{interval of network minus OLS}, {size of network minus OLS} %", "-0.4 to -0.2, 0.30~%"),
        ("Risk {report: We had … (}, in {report: ), in … tables}.", "Risk 0.5, in 3~of~4."),
    ],
)
def test_each_place_is_filled_from_the_outputs(line, filled):
    """A tilde stands for a space at which no line ends."""
    assert verdict_line(lab_with(line)) == filled.replace("~", "\N{NO-BREAK SPACE}")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("By {size of network minus ols}", r"01-small\.ipynb: .* none such; it has: network minus"),
        ("By {rule of network minus OLS}", "asks for 'rule' of a row; there is estimate, interval"),
        ("By {report: We had … [}", "must stand there once, and do so 0 times"),
        ("By {report: s.e. …}", "with words on both sides"),
        ("By {report: … tables}", "with words on both sides"),
        ("By {size of network minus OLS}, not 0.2", "must have each number in a place"),
        ("Ahead: the network", "and at least one"),
        ("By {size}", "must have each number in a place"),
    ],
)
def test_a_line_that_does_not_fit_is_refused(line, message):
    with pytest.raises(VerdictLineError, match=message):
        verdict_line(lab_with(line))


def test_words_that_stand_there_twice_with_other_numbers_are_refused():
    lab = lab_with("{report: had … s}", report="It had 1 s. Then it had 2 s.")
    with pytest.raises(VerdictLineError, match="once, and do so 2 times"):
        verdict_line(lab)


def test_a_lab_that_was_not_executed_says_so():
    with pytest.raises(NoVerdictsError, match="no table of verdicts in the stored outputs"):
        verdicts(lab_with("", table=""))


# --- the pictures --------------------------------------------------------------------------------


def test_every_card_has_a_small_picture_that_waits_and_the_first_a_large_one(rendered):
    page = soup(rendered / "index.html")
    assert len(page.select(".lab-cards > ul > li")) == len(labs())
    for path, place in zip(labs(), page.select(".lab-cards .thumbnail"), strict=True):
        [image] = place.select("img")
        file = rendered / image["src"]
        lab = Lab.read(path)
        assert file.stem == f"{path.stem}-{lab.about['figure']}"
        assert file.stat().st_size <= THUMBNAIL_BYTES
        with Image.open(file) as picture:
            assert (picture.width, picture.height) == (int(image["width"]), int(image["height"]))
            assert picture.width == 480 or picture.height == 320
        assert image["loading"] == "lazy"
        described = lab.figure(lab.about["figure"]).options["fig-alt"]
        said = image["alt"].replace("\N{NO-BREAK SPACE}", " ").rstrip(".")
        assert described.startswith(said)
    [large] = page.select(".hero .explorer img")
    growth = next(Lab.read(p).figure("fig-growth") for p in labs() if p.name.startswith("05"))
    assert (rendered / large["src"]).read_bytes() == growth.png
    assert not large.has_attr("loading")


def test_the_page_with_all_that_it_fetches_is_light(rendered):
    page = rendered / "index.html"
    links = {attribute(e, "src") or attribute(e, "href") for e in soup(page).select("[src], link")}
    files = {rendered / link for link in links if not urlsplit(link).scheme}
    assert len(files) > len(labs())
    assert page.stat().st_size + sum(file.stat().st_size for file in files) <= MOST_BYTES


def test_a_page_shows_the_figure_that_an_element_names(tmp_path):
    page = parse('<p><span data-figure="05-modules-and-data#fig-growth"></span></p>')
    for _ in range(2):  # a second run changes nothing
        add_pictures(page, tmp_path / "sub" / "a.html", tmp_path, ROOT / "notebooks")
    [image] = page.select("span > img")
    assert image["src"] == "../figures/05-modules-and-data-fig-growth.png"
    stored = (tmp_path / "figures" / "05-modules-and-data-fig-growth.png").read_bytes()
    assert Image.open(BytesIO(stored)).size == (int(image["width"]), int(image["height"]))


@pytest.mark.parametrize("name", ["05-modules-and-data#fig-lost", "05-lost#fig-growth"])
def test_a_figure_that_is_not_there_stops_the_render(tmp_path, name):
    page = parse(f'<p data-figure="{name}"></p>')
    with pytest.raises(PictureError, match="there is no such figure in the stored outputs"):
        add_pictures(page, tmp_path / "a.html", tmp_path, ROOT / "notebooks")


def test_a_picture_is_described_by_its_first_sentence():
    assert first_sentence("A line at 0.5 falls. It rises.") == "A line at 0.5 falls."
    assert first_sentence("A line") == "A line."


# --- where one begins ----------------------------------------------------------------------------


def test_the_second_button_saves_the_zip_where_there_is_one(rendered, tmp_path):
    page = parse(str(soup(rendered / "index.html")))
    first, second = page.select(".hero a.button")
    assert first["href"] == f"notebooks/{labs()[0].stem}.html"
    assert page.select_one(second["href"]).get_text().startswith("Start with one command")
    offer = tmp_path / "labs.zip"
    offer.write_bytes(b"0" * 2_600_000)
    for _ in range(2):
        add_zip_download(page, offer)
    assert (second["href"], second.get_text()) == ("labs.zip", "Download the labs (zip, 3 MB)")
    assert second.has_attr("download")
    assert len(page.select(".lab-download")) == 1
