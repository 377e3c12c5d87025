"""Moving a lab renames its files, mends every link and nothing else, and lists what it leaves."""

import re
import shutil

import nbformat
import pytest
from course_copy import commit, copied, python, run, status

from course import ROOT, move_lab
from course.move_lab import (
    MoveLabError,
    find,
    mend,
    mended_notebook,
    mentions,
    move,
    plan,
    rename,
    torn_parts,
)
from course.notebook import Lab, dumps, labs
from course.rules.check import check_file

NEEDS_GIT = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
# The last lab that needs none from 7 on goes to place 7, and those there make room.
LAB = [path for path in labs() if all(int(stem[:2]) < 7 for stem in Lab.read(path).needs)][-1]
MOVES = plan(LAB, 7, "speed")
SENTENCES = "In lab 7 it is shown.\n\n" + "…" * 80 + "\n\nAs in lab 1.\n"
LINK = re.compile(r"\[[Ll]ab\s(\d+)\]\((?:notebooks/)?(\d\d)-([a-z-]+)\.ipynb")


@pytest.fixture(scope="module")
def moved(tmp_path_factory):
    """Copy the course, move a lab to place 7, and return the copy and what was printed."""
    folder = copied(tmp_path_factory.mktemp("moved") / "course")
    (folder / "tests" / "test_move_lab.py").unlink()  # it has the names of before and after
    with (folder / "data" / "README.md").open("a", encoding="utf-8") as file:
        file.write(SENTENCES)
    path = folder / "notebooks" / f"{LAB.stem}.ipynb"
    said = nbformat.read(path, as_version=4)
    said.cells[1].source += "\n\nHere lab 7 will measure it."
    path.write_text(dumps(said), encoding="utf-8", newline="\n")
    commit(folder)
    where = ["--lab", LAB.stem, "--number", "7", "--name", "speed"]
    done = python(folder, "course.move_lab", *where)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


def read(folder, stem):
    return nbformat.read(folder / "notebooks" / f"{stem}.ipynb", as_version=4)


@NEEDS_GIT
def test_the_files_of_each_lab_have_moved_and_git_has_followed(moved):
    folder, printed = moved
    staged = run(folder, "git", "diff", "--cached", "--name-status", "-M").stdout
    for old, new in MOVES.items():
        assert f"{old} is now {new}\n" in printed
        assert f"notebooks/{old}.ipynb\tnotebooks/{new}.ipynb\n" in staged
        for place in ("instructors/{}.md", "instructors/{}.json"):
            before = (ROOT / place.format(old[:2])).read_text(encoding="utf-8")
            assert (folder / place.format(new[:2])).read_text(encoding="utf-8") == before
        case = (folder / "tests" / "cases" / f"lab{new[:2]}.py").read_text(encoding="utf-8")
        assert case.startswith(f'"""Lab {int(new[:2])}: ')
    assert not [path for path in folder.rglob("moving-*") if ".git" not in path.parts]


@NEEDS_GIT
def test_every_rule_is_kept_and_every_written_page_is_current(moved):
    folder, _ = moved
    # That a lab stands before one that it needs is the author's to mend; no more is broken.
    if found := broken(folder):
        assert found == broken(ROOT)
    assert "none, all of them are current" in python(folder, "course.pages.write").stdout
    sidebar = (folder / "_quarto.yml").read_text(encoding="utf-8")
    assert f'"7 {Lab.read(LAB).title}"\n            href: notebooks/07-speed.ipynb' in sidebar


def broken(folder):
    """Return the rules that labs of a course break, once for each breach, but `prerequisites`."""
    every = (breach.rule for path in labs(folder) for breach in check_file(path))
    return sorted(rule for rule in every if rule != "prerequisites")


@NEEDS_GIT
def test_in_a_lab_the_links_alone_have_changed_and_none_is_stale_by_it(moved):
    folder, _ = moved
    changed = 0
    for path in labs():
        before, after = read(ROOT, path.stem), read(folder, MOVES.get(path.stem, path.stem))
        needs = before.metadata.course["prerequisites"]
        before.metadata.course["prerequisites"] = [MOVES.get(stem, stem) for stem in needs]
        assert after.metadata == before.metadata, "made_from too"
        for old, new in zip(before.cells, after.cells, strict=True):
            if path == LAB and old == before.cells[1]:
                continue  # the sentence that was added
            changed += old != new
            assert {**new, "source": ""} == {**old, "source": ""}, "outputs and counts"
            assert old.cell_type == "markdown" or old == new
    assert changed > 2
    stale = [python(place, "course.stale").stdout.count(".ipynb: ") for place in (folder, ROOT)]
    assert stale[0] == stale[1]


@NEEDS_GIT
def test_every_link_leads_to_a_lab_and_calls_it_by_its_number(moved):
    folder, _ = moved
    stems, links = {path.stem for path in labs(folder)}, 0
    for path in [*folder.glob("*.qmd"), *folder.glob("notebooks/*.ipynb")]:
        for said, number, name in LINK.findall(path.read_text(encoding="utf-8")):
            links += 1
            assert int(said) == int(number), path
            assert f"{number}-{name}" in stems, path
    assert links > 100
    rest = run(folder, "git", "grep", "-l", "-E", "|".join(MOVES.keys() - MOVES.values()))
    assert not rest.stdout


@NEEDS_GIT
def test_what_a_program_can_not_mend_is_listed(moved):
    _, printed = moved
    for line in (
        "course/studies.py, line ",
        '"baselines", "07", ',
        "notebooks/07-speed.ipynb, cell 2, line ",
        "Here lab 7 will measure it.",
        "data/README.md, line ",
        "In lab 7 it is shown.",
    ):
        assert line in printed, line
    assert "[lab" not in printed, "links are mended"
    assert "As in lab 1." not in printed, "which has not moved"


def test_a_part_of_the_course_that_is_torn_is_named(tmp_path):
    shutil.copytree(ROOT / "notebooks", tmp_path / "notebooks")
    assert list(torn_parts(tmp_path)) == []
    lab = labs(tmp_path)[-1]
    part = Lab.read(lab).about["part"]
    lab.rename(lab.with_name("00-first.ipynb"))
    assert list(torn_parts(tmp_path)) == [
        f"{part!r} is 2 sections of the sidebar now: whose `part` must change?"
    ]


@NEEDS_GIT
def test_moved_back_it_is_what_it_was_byte_for_byte(moved, tmp_path):
    folder = shutil.copytree(moved[0], tmp_path / "course")
    commit(folder)
    where = ["--number", LAB.stem[:2], "--name", LAB.stem[3:]]
    done = python(folder, "course.move_lab", "--lab", "speed", *where)
    assert done.returncode == 0, done.stderr
    commit(folder)
    assert run(folder, "git", "diff", "--stat", "HEAD~2", "HEAD").stdout == ""
    assert status(folder) == set()


@pytest.fixture
def five(tmp_path):
    """Make five empty labs; there is none with the number 4."""
    (tmp_path / "notebooks").mkdir()
    for stem in ("01-a", "02-b", "03-c", "05-e", "06-f"):
        (tmp_path / "notebooks" / f"{stem}.ipynb").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("lab", "number", "name", "expected"),
    [
        ("6", 4, None, "06-f 04-f"),
        ("6", 5, None, "06-f 05-f 05-e 06-e"),
        ("6", 2, None, "06-f 02-f 02-b 03-b 03-c 04-c"),
        ("1", 3, None, "01-a 03-a 03-c 02-c 02-b 01-b"),
        ("2", 6, None, "02-b 06-b 06-f 05-f 05-e 04-e"),
        ("3", 99, "z", "03-c 99-z"),
        ("3", None, "z", "03-c 03-z"),
        ("3", 2, "z", "03-c 02-z 02-b 03-b"),
    ],
)
def test_the_labs_in_its_way_make_room_up_to_a_free_number(five, lab, number, name, expected):
    moves = plan(find(lab, five), number, name, five)
    assert " ".join(f"{old} {new}" for old, new in moves.items()) == expected


@pytest.mark.parametrize(
    ("number", "name", "message"),
    [
        (0, None, "NUMBER is 0: use one from 1 to 99"),
        (100, None, "NUMBER is 100: use one from 1 to 99"),
        (None, "A b", "NAME is 'A b': use words in lower case"),
        (4, "e", "NAME is 'e': that is 05-e already"),
        (None, None, "03-c is its number and name already: say another"),
        (3, "c", "03-c is its number and name already: say another"),
    ],
)
def test_what_can_not_be_is_refused_with_the_reason(five, number, name, message):
    with pytest.raises(MoveLabError, match=message):
        plan(find("03-c.ipynb", five), number, name, five)


def test_a_file_in_the_way_is_named_and_nothing_is_moved(five):
    (five / "instructors").mkdir()
    for name in ("06.md", "04.md"):
        (five / "instructors" / name).write_text("lab")
    with pytest.raises(MoveLabError, match=r"instructors/04\.md is there already"):
        move({"06-f": "04-f"}, five)
    assert (five / "notebooks" / "06-f.ipynb").exists()


def test_the_command_names_the_labs_that_there_are_and_says_what_it_needs():
    with pytest.raises(SystemExit, match=r"LAB is '99': there is no such lab\. The labs are: 01-t"):
        move_lab.main(["--lab", "99", "--number", "3"])
    with pytest.raises(SystemExit, match=r"Say which lab: make move-lab LAB=11 \[NUMBER=9\]"):
        move_lab.main([])


@pytest.mark.parametrize("with_git", [False, pytest.param(True, marks=NEEDS_GIT)])
def test_files_change_places_with_git_and_without(tmp_path, with_git):
    files = [tmp_path / name for name in "abc"]
    for path in files:
        path.write_text(path.name)
    if with_git:
        run(tmp_path, "git", "init", "--quiet", check=True)
        run(tmp_path, "git", "add", "a", "b", check=True)
    rename(dict(zip(files, [*files[1:], files[0]], strict=True)), tmp_path)
    assert [path.read_text() for path in files] == ["c", "a", "b"]


TWO = {"09-x": "10-x", "10-y-z": "09-w"}


@pytest.mark.parametrize(
    ("text", "mended", "listed"),
    [
        ("[lab 9](09-x.ipynb#sec) and [Lab\n10](a/10-y-z.html)",
         "[lab 10](10-x.ipynb#sec) and [Lab\n9](a/09-w.html)", 0),
        ("labs [9](09-x.ipynb), [10](10-y-z.ipynb)", "labs [10](10-x.ipynb), [9](09-w.ipynb)", 0),
        ("[the 9 steps of lab 09](09-x.ipynb)", "[the 9 steps of lab 10](10-x.ipynb)", 0),
        ("[lab 9](https://other.org/a)", None, 1),
        ("[lab 9](09-x-more.ipynb), [lab 8](08-x.ipynb)", None, 1),
        ("In lab 9; Labs 7, 8 and\n10, labs 9–11, tests/cases/lab09.py", None, 4),
        ("lab 1; 9 labs, labels 9, slab 9, lab 90, collab 9", None, 0),
        ('"""Lab 9: mistakes."""\nsolved("09")', '"""Lab 10: mistakes."""\nsolved("09")', 0),
    ],
)  # fmt: skip
def test_what_is_mended_and_what_is_listed(text, mended, listed):
    assert mend(text, TWO) == (mended or text)
    assert len(list(mentions(text, TWO, "markdown"))) == listed


def test_in_programs_a_quoted_number_is_listed_and_in_code_cells_a_name_too():
    assert list(mentions('x = ["08",\n"09"]', TWO, ".py")) == ['line 2: … x = ["08", "09"] …']
    assert len(list(mentions('open("09-x.ipynb")', TWO, "code"))) == 1
    assert list(mentions('open("09-x.ipynb")', TWO, ".py")) == []


def test_a_code_cell_stays_as_it_is_and_its_link_is_listed(tmp_path):
    cells = [
        nbformat.v4.new_markdown_cell("See [lab 9](09-x.ipynb)."),
        nbformat.v4.new_code_cell("# See [lab 9](09-x.ipynb)."),
    ]
    path = tmp_path / "11-here.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    text, [listed] = mended_notebook(path, TWO)
    assert listed == "cell 2, line 1: … # See [lab 9](09-x.ipynb). …"
    sources = [cell.source for cell in nbformat.reads(text, as_version=4).cells]
    assert sources == ["See [lab 10](10-x.ipynb).", "# See [lab 9](09-x.ipynb)."]


@pytest.mark.parametrize(
    ("name", "content"),
    [("notebooks/09-y.ipynb", b"{"), ("notes.txt", "é".encode("latin-1"))],
    ids=["a broken notebook", "another encoding"],
)
def test_where_a_file_cannot_be_read_nothing_is_moved(tmp_path, name, content):
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "submissions").mkdir()
    lab = tmp_path / "notebooks" / "02-x.ipynb"
    nbformat.write(nbformat.v4.new_notebook(), lab)
    link = "[lab 2](notebooks/02-x.ipynb)"
    (tmp_path / "a.md").write_text(link)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(MoveLabError, match=f"^{name} can't be read: "):
        move({"02-x": "03-x"}, tmp_path)
    assert lab.is_file()
    assert (tmp_path / "a.md").read_text() == link


def test_submissions_beside_the_course_are_left_alone(tmp_path):
    own, theirs = tmp_path / "a.md", tmp_path / "submissions" / "anna" / "a.md"
    theirs.parent.mkdir(parents=True)
    for path in (own, theirs):
        path.write_text("x")
    assert list(move_lab.texts(tmp_path)) == [own]


def test_what_is_written_about_an_exercise_goes_with_a_lab_that_is_renamed(tmp_path):
    path = tmp_path / "instructors" / "exercises.md"
    path.parent.mkdir()
    path.write_text("## my_a in y-z\n\nIn y-z.\n\n## my_a in y\n\n## my_b\n")
    mended, _ = move_lab.mended_file(path, TWO)
    assert mended == "## my_a in w\n\nIn y-z.\n\n## my_a in y\n\n## my_b\n"


def test_a_file_without_a_link_to_mend_is_not_written(tmp_path):
    """A newer pyproject.toml would make `make` install everything anew."""
    path = tmp_path / "pyproject.toml"
    path.write_text("[project]")
    assert move_lab.mended_file(path, TWO) == (None, [])
    path.write_text("see [lab 9](notebooks/09-x.ipynb)")
    assert move_lab.mended_file(path, TWO)[0] == "see [lab 10](notebooks/10-x.ipynb)"
