"""A new lab keeps every rule at once, and git and one command undo it without a trace."""

import os
import shutil
import subprocess

import pytest
from course_copy import LEFT_OUT, copied, python, run, status
from site_pages import without_code

from course import ROOT, new_lab
from course.new_lab import NewLabError, check, make, own_files
from course.notebook import Lab, labs
from course.pages.write import GENERATORS
from course.run import LabError
from course.site.check import soup
from course.site.render import render

NEEDS_GIT = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
FREE = max(int(path.name[:2]) for path in labs()) + 1  # the next number
NEW = f"{FREE:02}-competing-risks"
OWN = {
    f"notebooks/{NEW}.ipynb",
    f"tests/cases/lab{FREE:02}.py",
    f"instructors/{FREE:02}.md",
    f"instructors/{FREE:02}.json",
}
WRITTEN = {name for name in GENERATORS if (ROOT / name).is_file()}  # pages that a program writes


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Copy the course, make a lab in it, and return the copy and what the command printed."""
    folder = copied(tmp_path_factory.mktemp("with-new") / "course")
    how = [
        "--name",
        "competing-risks",
        "--title",
        "Competing risks, for a start",
        "--number",
        str(FREE),
    ]
    done = python(folder, "course.new_lab", *how)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


@pytest.fixture
def again(made, tmp_path):
    """Copy the course with its new lab, to change it."""
    return shutil.copytree(made[0], tmp_path / "course")


@NEEDS_GIT
def test_a_new_lab_has_its_files_and_a_place_in_the_written_pages_and_nothing_else(made):
    folder, printed = made
    assert set(own_files(NEW)) == OWN
    assert all(f"\n  {name}\n" in printed for name in OWN)
    assert status(folder) >= OWN | {"_quarto.yml", "index.qmd", "instructors.qmd"}
    assert status(folder) - OWN <= WRITTEN
    new, before = (Lab.read(labs(root)[-1]) for root in (folder, ROOT))
    assert (new.about["part"], new.title) == (before.about["part"], "Competing risks, for a start")


@NEEDS_GIT
def test_a_new_lab_keeps_every_rule_bites_and_answers_at_once(made):
    folder, _ = made
    files = ["test_notebooks_static", "test_labs_bite", "test_instructors"]
    files = [f"tests/{name}.py" for name in files]
    done = python(folder, "pytest", "-q", "-p", "no:cacheprovider", "-k", f"[{FREE}", *files)
    assert done.returncode == 0, done.stdout[-3000:]


@NEEDS_GIT
def test_a_new_lab_is_a_page_of_the_site(again, tmp_path):
    site = tmp_path / "_site"
    for path in labs(again):
        if path.stem != NEW:
            without_code(path)
    render(again, site, "smalldocs")  # which finds broken links and anchors
    page = soup(site / "notebooks" / f"{NEW}.html")
    assert (
        page.select_one("h1").get_text(strip=True) == f"{int(NEW[:2])} Competing risks, for a start"
    )
    assert page.select_one(".lab-download a")
    ids = [element["id"] for element in page.select("[id]")]
    assert len(ids) == len(set(ids))
    for name in ("index.html", "instructors.html"):
        links = [a["href"] for a in soup(site / name).select("a[href]")]
        assert links.count(f"notebooks/{NEW}.html") >= 2, "in the sidebar and in the text"


@NEEDS_GIT
@pytest.mark.skipif(os.name == "nt", reason="the command is for a shell")
def test_the_printed_command_undoes_it_and_nothing_else(again, made):
    (again / "instructors" / "course.md").write_text("Mine, and not committed.\n")
    command = made[1].splitlines()[-1]
    assert command.split()[0] == "git"
    done = run(again, "sh", "-c", command)
    assert done.returncode == 0, done.stderr
    assert status(again) == {"instructors/course.md", "instructors.qmd"}, "which shows the words"
    run(again, "git", "checkout", "--quiet", "instructors/course.md", check=True)
    python(again, "course.pages.write", check=True)
    assert status(again) == set()


@pytest.mark.parametrize(
    ("name", "title", "number", "message"),
    [
        ("autograd", "Again", None, "NAME is 'autograd': that is lab 3 already"),
        ("Survival", "S", None, "NAME is 'Survival': use words in lower case"),
        ("a b", "S", None, "NAME is 'a b': use words in lower case"),
        ("../up", "S", None, "use words in lower case"),
        ("competing-risks", "Life | death", None, "TITLE is 'Life | death': leave out '|'"),
        ("competing-risks", 'The "end"', None, "leave out '\"'"),
        (
            "competing-risks",
            "S",
            3,
            f"NUMBER is 3: that is lab 'autograd' already. Make it as {FREE}, the next",
        ),
        ("competing-risks", "S", 100, "NUMBER is 100: use one from 1 to 99"),
    ],
)
def test_a_lab_that_can_not_be_made_is_refused_with_the_reason(name, title, number, message):
    with pytest.raises(NewLabError) as error:
        check(name, title, number, ROOT)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Say how the lab is called: make new-lab NAME=competing-risks"),
        (
            ["--name", "competing-risks", "--number", "eleven"],
            "NUMBER is 'eleven': use one from 1 to 99",
        ),
    ],
)
def test_the_command_says_what_it_needs(arguments, message):
    with pytest.raises(SystemExit, match=message):
        new_lab.main(arguments)


def test_a_template_that_fails_leaves_nothing_of_the_lab(tmp_path, monkeypatch):
    folder = shutil.copytree(ROOT, tmp_path / "course", ignore=LEFT_OUT)
    files = {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()}

    def fails(path, root):
        raise LabError("cell 5 failed")

    monkeypatch.setattr(new_lab, "execute", fails)
    with pytest.raises(NewLabError, match="could not be executed: cell 5 failed"):
        make("competing-risks", root=folder)
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == files


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["new-lab", "NAME=competing-risks"], '--name "$NAME"'),
        (
            ["new-lab", "NAME=competing-risks", "TITLE=Life; $(x) `y`"],
            '--name "$NAME" --title "$TITLE"',
        ),
        (["new-lab"], "-m course.new_lab"),
        (["move-lab", "LAB=11", "NUMBER=9"], '--lab "$LAB" --number "$NUMBER"'),
    ],
)
def test_make_takes_the_name_from_its_command_line_alone(given, expected):
    # The tests may be run by make themselves, whose flags and level a make inside it would inherit.
    outside = {
        key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))
    }
    environment = outside | {"NAME": "this-machine"}
    done = subprocess.run(["make", "-n", *given], cwd=ROOT, env=environment,
                          capture_output=True, text=True, check=True)  # fmt: skip
    last = done.stdout.strip().splitlines()[-1].strip()
    assert last.endswith(expected), last
