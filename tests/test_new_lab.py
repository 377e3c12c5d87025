"""A new lab keeps every rule at once, and can be taken out again without a trace."""

import os
import re
import shutil
import subprocess
import sys

import pytest
from site_pages import without_code

from course import ROOT, new_lab
from course.navigation import NavigationError, with_lab, without_lab
from course.new_lab import NewLabError, check, make
from course.notebook import labs
from course.remove_lab import RemoveLabError, find, needing, remove
from course.run import LabError
from course.site.check import soup
from course.site.render import render

LEFT_OUT = shutil.ignore_patterns(
    ".git", ".venv*", "_*site", "_site", "_student", ".*_cache", ".hypothesis", "__pycache__",
    ".quarto", "benchmarks",
)  # fmt: skip
NEEDS_GIT = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
OWN = {
    "notebooks/11-survival.ipynb",
    "tests/cases/lab11.py",
    "instructors/11.md",
    "instructors/11.json",
}


def run(folder, *command, **options):
    """Run a command in a copy of the course, with the copy's own tools."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST")}
    environment["PYTHONPATH"] = str(folder)
    options = {"capture_output": True, "text": True, "check": False} | options
    return subprocess.run(command, cwd=folder, env=environment, **options)


def python(folder, *arguments, **options):
    return run(folder, sys.executable, "-m", *arguments, **options)


def status(folder):
    """List what git sees as changed or new."""
    done = run(folder, "git", "status", "--porcelain", "--untracked-files=all")
    return {line[3:] for line in done.stdout.splitlines()}


def commit(folder):
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    run(folder, "git", "add", "--all", check=True)
    run(folder, "git", *who, "commit", "--quiet", "--no-verify", "-m", "All", check=True)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Copy the course into a repository of its own."""
    folder = tmp_path_factory.mktemp("course") / "course"
    shutil.copytree(ROOT, folder, ignore=LEFT_OUT)
    run(folder, "git", "init", "--quiet", check=True)
    commit(folder)
    python(folder, "course.pages.write", check=True)  # with whatever labs are stale here
    commit(folder) if status(folder) else None
    return folder


@pytest.fixture(scope="module")
def with_new(course, tmp_path_factory):
    """Copy the course and make a lab in it."""
    folder = tmp_path_factory.mktemp("with-new") / "course"
    shutil.copytree(course, folder)
    how = ["--name", "survival", "--title", "Survival, for a start", "--number", "11"]
    done = python(folder, "course.new_lab", *how)
    assert done.returncode == 0, done.stderr
    assert "notebooks/11-survival.ipynb" in done.stdout
    return folder


@pytest.fixture
def again(with_new, tmp_path):
    """Copy the course with its new lab, to change it."""
    return shutil.copytree(with_new, tmp_path / "course")


@NEEDS_GIT
def test_a_new_lab_changes_the_navigation_and_the_written_pages_and_nothing_else(with_new):
    changed = status(with_new)
    assert changed >= OWN
    assert changed - OWN <= {"_quarto.yml", "index.qmd", "instructors.qmd", "terms.qmd",
                             "reference.qmd"}  # fmt: skip


@NEEDS_GIT
def test_a_new_lab_keeps_every_rule_bites_and_answers_at_once(with_new):
    files = ["test_notebooks_static", "test_labs_bite", "test_instructors"]
    files = [f"tests/{name}.py" for name in files]
    done = python(with_new, "pytest", "-q", "-p", "no:cacheprovider", "-k", "[11", *files)
    assert done.returncode == 0, done.stdout[-3000:]
    done = python(with_new, "course.rules.check", "notebooks/11-survival.ipynb")
    assert "breaches: 0" in done.stdout, done.stdout


@NEEDS_GIT
def test_a_new_lab_is_a_page_of_the_site(again, tmp_path):
    site = tmp_path / "_site"
    for path in labs(again):
        if not path.name.startswith("11"):
            without_code(path)
    render(again, site, "smalldocs")  # which finds broken links and anchors
    page = soup(site / "notebooks" / "11-survival.html")
    assert page.select_one("h1").get_text(strip=True) == "Survival, for a start"
    assert page.select_one(".lab-download a")
    ids = [element["id"] for element in page.select("[id]")]
    assert len(ids) == len(set(ids))
    for name in ("index.html", "instructors.html"):
        links = [a["href"] for a in soup(site / name).select("a[href]")]
        assert links.count("notebooks/11-survival.html") >= 2, "in the sidebar and in the text"


@NEEDS_GIT
def test_removing_a_new_lab_leaves_nothing(again):
    done = python(again, "course.remove_lab", "--lab", "11", "--yes")
    assert done.returncode == 0, done.stderr
    assert status(again) == set()


@NEEDS_GIT
@pytest.mark.parametrize("answer", ["", "n\n"])
def test_without_a_yes_nothing_is_removed(again, answer):
    before = status(again)
    done = python(again, "course.remove_lab", "--lab", "survival", input=answer)
    assert done.returncode == 1
    assert "Nothing was removed." in done.stderr
    assert status(again) == before


@NEEDS_GIT
def test_what_git_could_not_bring_back_is_not_removed(again):
    for name in sorted(OWN - {"instructors/11.json"}):
        path = again / name
        made = path.read_text(encoding="utf-8")
        path.write_text(made.replace("the", "that"), encoding="utf-8")
        with pytest.raises(RemoveLabError, match=f"Git does not have {name} as it is now"):
            remove(find("11", again), again)
        path.write_text(made, encoding="utf-8")
    path.write_text(made.replace("the", "that"), encoding="utf-8")
    commit(again)
    remove(find("11", again), again)
    assert not [name for name in OWN if (again / name).exists()]
    run(again, "git", "checkout", "--quiet", ".", check=True)
    assert "that" in path.read_text(encoding="utf-8")


@NEEDS_GIT
def test_where_there_is_no_git_only_the_template_is_removed(again):
    shutil.rmtree(again / ".git")
    notes = again / "instructors" / "11.md"
    made = notes.read_text(encoding="utf-8")
    notes.write_text(made + "\nMore.\n", encoding="utf-8")
    with pytest.raises(RemoveLabError, match=r"Git does not have instructors/11\.md"):
        remove(find("11", again), again)
    notes.write_text(made, encoding="utf-8")
    remove(find("11", again), again)
    assert not notes.exists()


@pytest.mark.parametrize(
    ("name", "title", "number", "message"),
    [
        ("autograd", "Again", None, "NAME is 'autograd': that is lab 3 already"),
        ("Survival", "S", None, "NAME is 'Survival': use words in lower case"),
        ("a b", "S", None, "NAME is 'a b': use words in lower case"),
        ("../up", "S", None, "use words in lower case"),
        ("survival", "Life | death", None, "TITLE is 'Life | death': leave out '|'"),
        ("survival", 'The "end"', None, "leave out '\"'"),
        ("survival", "S", 3, "NUMBER is 3: that is lab 'autograd' already. The next free one is"),
        ("survival", "S", 100, "NUMBER is 100: use one from 2 to 99"),
    ],
)
def test_a_lab_that_can_not_be_made_is_refused_with_the_reason(name, title, number, message):
    with pytest.raises(NewLabError) as error:
        check(name, title, number, ROOT)
    assert message in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "Say how the lab is called: make new-lab NAME=survival"),
        (["--name", "survival", "--number", "eleven"], "NUMBER is 'eleven': use one from 2 to 99"),
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
        make("survival", root=folder)
    assert {p: p.read_bytes() for p in folder.rglob("*") if p.is_file()} == files


def test_an_unknown_lab_is_named_with_those_that_there_are():
    with pytest.raises(RemoveLabError, match=r"There is no lab '99'\. The labs are: 01-training-"):
        find("99")


@pytest.mark.parametrize("asked", ["3", "03", "autograd", "03-autograd", "03-autograd.ipynb"])
def test_a_lab_is_found_by_its_number_and_by_its_name(asked):
    assert find(asked).stem == "03-autograd"


def test_a_lab_that_others_link_to_or_that_has_a_study_is_still_needed():
    needed = needing(find("7"), ROOT)
    assert "course/studies.py (the study baselines)" in needed
    assert "notebooks/01-training-loop.ipynb" in needing(find("5"), ROOT)


@pytest.fixture
def pages(tmp_path):
    """Copy the two files of the navigation."""
    for name in ("_quarto.yml", "index.qmd"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.mark.parametrize("number", ["02", "04", "06", "08", "10"])
def test_out_and_in_again_gives_the_navigation_byte_for_byte(pages, number):
    page = f"notebooks/{find(number).name}"
    before = {path: path.read_text(encoding="utf-8") for path in pages.iterdir()}
    row = next(r for r in before[pages / "index.qmd"].splitlines() if f"({page})" in r)
    title, question = row.split("[")[1].split("]")[0], row.split("|")[-2].strip()
    lines = before[pages / "_quarto.yml"].splitlines()
    shown = lines[next(n for n, line in enumerate(lines) if page in line) - 1].split('"')[1]
    for file, text in without_lab(pages, page).items():
        assert page not in text
        file.write_text(text, encoding="utf-8")
    for file, text in with_lab(pages, page, title, question).items():
        # the sidebar has shorter titles, written by hand
        assert text.replace(f'"{int(number)} {title}"', f'"{shown}"') == before[file]


def test_the_only_lab_of_a_section_is_not_taken_out_by_a_program(pages):
    config = pages / "_quarto.yml"
    text = config.read_text(encoding="utf-8")
    alone = re.sub(r' +- text: "(?:8|9|10) .*\n +href: .*\n', "", text)
    config.write_text(alone, encoding="utf-8")
    with pytest.raises(NavigationError, match="the only entry"):
        without_lab(pages, f"notebooks/{find('7').name}")
    assert config.read_text(encoding="utf-8") == alone


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (["NAME=survival"], '--name "$NAME"'),
        (["NAME=survival", "TITLE=Life; $(x) `y`"], '--name "$NAME" --title "$TITLE"'),
        ([], "-m course.new_lab"),
    ],
)
def test_make_takes_the_name_from_its_command_line_alone(given, expected):
    # The tests may be run by make themselves, whose flags and level a make inside it would inherit.
    outside = {
        key: value for key, value in os.environ.items() if not key.startswith(("MAKE", "MFLAGS"))
    }
    environment = outside | {"NAME": "this-machine"}
    done = subprocess.run(["make", "-n", "new-lab", *given], cwd=ROOT, env=environment,
                          capture_output=True, text=True, check=True)  # fmt: skip
    last = done.stdout.strip().splitlines()[-1].strip()
    assert last.endswith(expected), last
