"""Ways through the course: as long as they promise, and no lab before what it needs."""

import re
import shutil

import nbformat
import pytest

from course import ROOT
from course.notebook import Lab, labs
from course.pages.front_page import text
from course.pages.paths import PathsError, ways
from course.pages.ways import for_instructors
from course.rules.check import RULES

WAYS = ways(ROOT)
LABS = [Lab.read(path) for path in labs()]


def too_early(way):
    """Name each lab of a way that stands before one that it needs, or without it."""
    return [
        (lab.path.stem, needed)
        for place, lab in enumerate(way.labs)
        for needed in lab.needs
        if needed not in {before.path.stem for before in way.labs[:place]}
    ]


def test_there_are_hours_a_day_and_one_or_two_semesters():
    assert [way.at_most or way.weeks for way in WAYS] == [3 * 60, 7 * 60, 5 * 60, 16, 24]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_a_way_takes_no_longer_than_it_promises(way):
    assert way.minutes == sum(lab.about["minutes"] for lab in way.labs)
    assert way.minutes <= (way.at_most or way.weeks * 180)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_no_way_visits_a_lab_before_what_it_needs(way):
    assert too_early(way) == []


def test_two_semesters_hold_every_lab_once():
    assert [lab.path.stem for lab in WAYS[-1].labs] == [lab.path.stem for lab in LABS]


# --- what the pages say --------------------------------------------------------------------------


@pytest.fixture
def root(tmp_path):
    """Copy what the ways are made from."""
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    for name in ("_quarto.yml", "index.qmd", "paths.yml"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def change(path, **about):
    notebook = nbformat.read(path, as_version=4)
    notebook.metadata.course |= about
    nbformat.write(notebook, path)


def test_minutes_are_computed_wherever_they_are_said(root):
    for lab in WAYS[0].labs:
        change(root / "notebooks" / lab.path.name, minutes=50)
    assert ways(root)[0].minutes == 150
    assert "**Three hours** (3 labs, 2 hours 30 minutes): [1 The" in text(root)
    part = for_instructors(root).partition("### Three hours")[2].partition("###")[0]
    assert part.count(" | 50 |") == 3


def test_the_weeks_of_the_semester_are_numbered_to_the_last(root):
    part = for_instructors(root).partition("### A semester")[2].partition("###")[0]
    weeks = re.findall(r"^\| (\d+)(?:–(\d+))? \|", part, re.MULTILINE)
    numbers = [n for a, b in weeks for n in range(int(a), int(b or a) + 1)]
    assert numbers == list(range(1, 17))
    assert "10-conditioning" not in part
    assert part.index("07-honest") < part.index("*A table of your own*") < part.index("08-")


def test_a_lab_before_what_it_needs_is_seen(root):
    text = (root / "paths.yml").read_text(encoding="utf-8")
    order = "[01-training-loop, 06-generalisation, 07-honest-baselines]"
    assert order in text
    turned = text.replace(order, "[07-honest-baselines, 01-training-loop]")
    (root / "paths.yml").write_text(turned, encoding="utf-8")
    assert ("07-honest-baselines", "06-generalisation") in too_early(ways(root)[0])


def test_prerequisites_lead_back_to_the_first_lab_and_turn_in_no_circle():
    assert not [str(found) for lab in LABS for found in RULES["prerequisites"].find(lab)]
    assert LABS[0].needs == []
    assert all(lab.needs for lab in LABS[1:])


# --- errors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "06-generalisation",
            "06-generalization",
            "Three hours names '06-generalization'",
        ),
        ("after: 07-honest", "after: 77-honest", "the path A semester names '77-honest-baselines'"),
        (
            "at_most: 180",
            "minutes: 180",
            "Three hours must have about, at_most, labs, path",
        ),
        ("weeks: 16", "weeks: 9", "has 9 weeks, and its labs and pauses need 13"),
        ("weeks: 24", "weeks: 9", "has 9 weeks, and its labs and pauses need 19"),
        ("after: 07-honest-baselines", "after: 10-conditioning-and-momentum", "none of its labs"),
        ("- path: Three", "- path: a: Three", "not YAML .quote a text with a colon"),
    ],
)
def test_a_wrong_entry_is_named(root, old, new, message):
    text = (root / "paths.yml").read_text(encoding="utf-8")
    assert old in text
    (root / "paths.yml").write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(PathsError, match=message):
        ways(root)
