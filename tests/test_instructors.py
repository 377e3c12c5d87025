"""The page for instructors: whole, from what a person wrote and what was measured."""

import json
import re
import shutil

import pytest

from course import ROOT
from course.cases import case
from course.markdown import escaped, escaped_but_code
from course.notebook import Lab, labs
from course.pages.discussions import discussion, open_question
from course.pages.instructors import PARTS, main, masked, stored_messages, text

LABS = [path.name[:2] for path in labs()]


@pytest.fixture(scope="module")
def page():
    return text(ROOT)


@pytest.fixture
def project(tmp_path):
    """Copy what the page is made from."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "_quarto.yml").touch()
    shutil.copy(ROOT / "paths.yml", tmp_path)
    for lab in labs():
        shutil.copy(lab, tmp_path / "notebooks")
    shutil.copytree(ROOT / "instructors", tmp_path / "instructors")
    return tmp_path


def part_of(page, lab):
    return page.split(f"\n## Lab {int(lab)}: ")[1].split("\n## ")[0]


@pytest.mark.parametrize("lab", LABS)
def test_each_lab_has_its_parts_its_times_and_its_versions(page, lab):
    part = part_of(page, lab)
    headings = re.findall(r"^### (.*)$", part, re.MULTILINE)
    (path,) = (ROOT / "notebooks").glob(f"{lab}-*.ipynb")
    read = Lab.read(path)
    said = any(discussion(read, exercise) for exercise in read.exercises)
    after = ["After the exercises"] * said  # a new lab may have none
    assert headings == [*PARTS, *after, "Wrong answers, and what the checks say"]
    made = json.loads(path.read_text(encoding="utf-8"))["metadata"]["labkit"]
    assert f"took {made['seconds']:.0f} seconds" in part
    assert all(version in part for version in made["versions"].values())
    assert f"about {Lab.read(path).about['minutes']} minutes" in part


@pytest.mark.parametrize("lab", LABS)
def test_every_wrong_answer_is_on_the_page_with_its_message(page, lab):
    pytest.importorskip("torch", reason="some of the wrong answers are networks")
    stored = stored_messages(ROOT, lab)
    assert {name: exercise for name, (exercise, *_) in case(lab).WRONG.items()} == {
        name: one["exercise"] for name, one in stored.items()
    }, f"run python -m course.pages.instructors --messages {lab}"
    for name, one in stored.items():
        assert f"| {escaped(name)} | {escaped_but_code(one['message'])} |" in part_of(page, lab)


@pytest.mark.parametrize("lab", LABS)
def test_every_open_question_stands_before_what_is_written_about_it(page, lab):
    (path,) = (ROOT / "notebooks").glob(f"{lab}-*.ipynb")
    read = Lab.read(path)
    for exercise in read.exercises:
        said, question = discussion(read, exercise), open_question(exercise)
        if not said:
            assert not question  # rule open-questions
            continue
        quoted = f"\n\n> {question}" if question else ""
        assert f"**{exercise.title}**{quoted}\n\n{said}\n" in part_of(page, lab)


@pytest.mark.parametrize("lab", LABS)
def test_the_board_and_the_questions_say_something(lab):
    written = (ROOT / "instructors" / f"{lab}.md").read_text(encoding="utf-8")
    board, questions = (written.split(f"### {p}\n")[1].split("\n### ")[0] for p in PARTS[1::2])
    assert len(board.split()) > 40, "say what to draw"
    asked = re.findall(r"^\d+\. \*\*.+\?.*\*\* \S", questions, re.MULTILINE)
    assert 4 <= len(asked) <= 6, "four to six questions, each with what a good answer touches"


def test_what_was_measured_comes_from_the_notebooks(project):
    (path,) = (project / "notebooks").glob("01-*.ipynb")
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["metadata"]["labkit"] |= {"seconds": 987.4, "versions": {"python": "3.99"}}
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert "took 987 seconds, measured with Python 3.99." in text(project)


@pytest.mark.parametrize(
    ("minutes", "words"), [(None, "is missing"), ("75", "is '75', not a whole number,")]
)
def test_a_lab_that_does_not_say_its_minutes_is_named_with_what_to_write(project, minutes, words):
    (path,) = (project / "notebooks").glob("03-*.ipynb")
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["metadata"]["course"]["minutes"] = minutes
    path.write_text(json.dumps(notebook), encoding="utf-8")
    with pytest.raises(ValueError, match=rf"{path.name}: `minutes` {words} .* Write there"):
        text(project)


def test_a_lab_without_its_notes_is_named_with_what_to_write(project):
    (project / "instructors" / "01.md").unlink()
    with pytest.raises(ValueError, match=r"instructors/01\.md must have .*; it has: none\. Write"):
        text(project)


def test_notes_with_a_heading_too_many_are_named(project):
    notes = project / "instructors" / "02.md"
    notes.write_text(notes.read_text(encoding="utf-8") + "\n### More\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"instructors/02\.md .* it has: .*, More"):
        text(project)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("it is 30 times too long", "it is 31.5 times too long", True),
        ("OLS minus network is -0.064 (s.e. 0.003).", "OLS minus network is 2e-05 (s.e. 1).", True),
        ("its shape is (10, 30)", "its shape is (10,)", False),
        ("the error is still 0.5", "the error was still 0.5", False),
    ],
)
def test_messages_that_differ_in_numbers_alone_are_the_same(one, other, same):
    assert (masked(one) == masked(other)) is same


def test_words_can_not_break_the_table():
    assert escaped("a | b *c* [d]\n  e") == r"a \| b \*c\* \[d\] e"
    assert escaped_but_code("a `x|*y` and *b*\n `") == r"a `x\|*y` and \*b\* \`"


def test_an_unknown_lab_is_refused_with_those_that_there_are(capsys):
    with pytest.raises(SystemExit):
        main(["--messages", "99"])
    assert "there is no lab 99; there are: 01" in capsys.readouterr().err
