"""The links to the repository: there where `repo-url` is set, the right ones, and nowhere else."""

import shutil
from urllib.parse import parse_qs, unquote, urlsplit

import nbformat
import pytest
from bs4 import BeautifulSoup
from site_pages import without_code

from course import ROOT
from course.notebook import labs
from course.publishing.repository import (
    Repository,
    RepositoryError,
    course_version,
    offer_repository,
)
from course.site.check import foreign_requests, pages, soup
from course.site.postprocess import finish
from course.site.render import RenderError, render
from course.student.sources import has_solutions

LAB = "01-training-loop.ipynb"
NOT_SET = "  # repo-url: https://github.com/OWNER/NAME\n"


def course(folder, **keys):
    """Copy what the site is made of, of the code only solutions, with keys under `website:`."""
    shutil.copytree(ROOT / "styles", folder / "styles")
    shutil.copytree(ROOT / "notebooks", folder / "notebooks")
    for path in labs(folder):
        without_code(path)
    for path in ROOT.glob("*.qmd"):
        shutil.copy(path, folder)
    config = (ROOT / "_quarto.yml").read_text(encoding="utf-8")
    assert NOT_SET in config, "the repository's own _quarto.yml leaves repo-url unset"
    lines = "".join(f"  {key.replace('_', '-')}: {value}\n" for key, value in keys.items())
    (folder / "_quarto.yml").write_text(config.replace(NOT_SET, lines), encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    root = course(tmp_path_factory.mktemp("course"), repo_url="https://github.com/example/course")
    output = tmp_path_factory.mktemp("rendered") / "_site"
    render(root, output, "smalldocs")
    return output


def links(page):
    return {a.get_text(): a["href"] for a in page.select(".lab-links a")}


def test_every_lab_has_the_three_links_and_no_other_page_has_one(site):
    names = {f"{lab.stem}.html" for lab in labs()}
    for path in pages(site):
        found = links(soup(path))
        due = ["Open in Colab", "Open in Binder", "Report a problem"] if path.name in names else []
        assert list(found) == due, path.name
        assert all(
            lab in unquote(link) for lab in [f"{path.stem}.ipynb"] for link in found.values()
        )


def test_the_links_ask_nobody_for_anything_and_come_once(site):
    assert list(foreign_requests(site)) == []
    for path in pages(site):
        page = soup(path)
        outside = [a["href"] for a in page.select("a[href*='example/course']")]
        assert len(outside) == len(set(outside)) == len(links(page)), path.name
        assert not page.select(".lab-links img, .toc-actions"), path.name


def test_the_links_stand_under_the_download_and_are_put_there_once(site):
    page = BeautifulSoup((site / "notebooks" / "01-training-loop.html").read_text(), "html.parser")
    assert page.select_one(".lab-download + .lab-links")
    before = str(page)
    offer_repository(page, Repository("https://github.com/example/course"), LAB)
    assert str(page) == before


def test_a_page_without_solutions_does_not_lead_to_those_of_the_repository(tmp_path):
    lab = labs()[0]
    assert has_solutions(lab)
    notebook = nbformat.read(lab, as_version=4)
    notebook.cells = [c for c in notebook.cells if "solution" not in c.metadata.get("tags", [])]
    (tmp_path / "notebooks").mkdir()
    nbformat.write(notebook, tmp_path / "notebooks" / lab.name)
    config(tmp_path, repo_url="https://github.com/example/course")
    page = tmp_path / "_site" / "notebooks" / f"{lab.stem}.html"
    page.parent.mkdir(parents=True)
    page.write_text("<header id='title-block-header'><h1>A lab</h1></header>")
    finish(tmp_path / "_site", tmp_path / "notebooks")
    assert list(links(soup(page))) == ["Report a problem"]


def test_unset_there_is_no_link(tmp_path):
    root = course(tmp_path / "course")
    assert Repository.read(root) is None
    render(root, tmp_path / "_site", "smalldocs")
    for path in pages(tmp_path / "_site"):
        text = path.read_text(encoding="utf-8")
        assert "lab-links" not in text, path.name
        assert "colab.research" not in text, path.name
        assert "mybinder" not in text, path.name


def test_an_address_that_is_none_stops_the_render_with_what_is_allowed(tmp_path):
    root = course(tmp_path / "course", repo_url="git@github.com:example/course.git")
    with pytest.raises(RenderError, match=r"must be the https address .*it is 'git@github"):
        render(root, tmp_path / "_site", "smalldocs")
    assert not (tmp_path / "_site").exists()


def config(folder, **keys):
    lines = "".join(f"  {key.replace('_', '-')}: {value}\n" for key, value in keys.items())
    (folder / "_quarto.yml").write_text(f"website:\n  title: A course\n{lines}")
    return folder


@pytest.mark.parametrize(
    "url",
    [
        "git@github.com:example/course.git",
        "ssh://git@github.com/example/course",
        "https://me:secret@github.com/example/course",
        "github.com/example/course",
        "https://github.com/example",
        "https://github.com/example/course/tree/main/labs",
        "https://gitlab.com/",
        "https://github.com/example/course?tab=readme",
        "'https://github.com/example/a course'",
        "file:///srv/course",
        "true",
    ],
)
def test_what_is_no_address_of_a_repository_is_answered_with_one_that_is(tmp_path, url):
    with pytest.raises(RepositoryError, match=r"repo-url in _quarto\.yml must .*github\.com/OWNER"):
        Repository.read(config(tmp_path, repo_url=url))


@pytest.mark.parametrize("branch", ["a b", "--upload-pack=x", "'x\"y'"])
def test_what_is_no_branch_is_answered_with_one_that_is(tmp_path, branch):
    root = config(tmp_path, repo_url="https://github.com/example/course", repo_branch=branch)
    with pytest.raises(RepositoryError, match=r"repo-branch in _quarto\.yml must .*such as main"):
        Repository.read(root)


@pytest.mark.parametrize("ending", ["", "/", ".git", ".git/"])
def test_the_end_of_an_address_does_not_matter(tmp_path, ending):
    root = config(tmp_path, repo_url=f"https://github.com/example/course{ending}")
    assert Repository.read(root) == Repository("https://github.com/example/course")


def test_a_lab_opens_in_colab_and_binder_by_the_addresses_that_they_document():
    repository = Repository("https://github.com/example/course")
    assert repository.colab(LAB) == (
        "https://colab.research.google.com/github/example/course/blob/main/notebooks/" + LAB
    )
    assert repository.binder(LAB) == (
        f"https://mybinder.org/v2/gh/example/course/main?labpath=notebooks%2F{LAB}"
    )


def test_branch_and_subfolder_are_honoured(tmp_path):
    url = "https://github.com/example/course"
    root = config(tmp_path, repo_url=url, repo_branch="year/2027", repo_subdir="/stats/labs/")
    repository = Repository.read(root)
    assert repository.colab(LAB).endswith(f"/blob/year/2027/stats/labs/notebooks/{LAB}")
    assert f"(stats/labs/notebooks/{LAB})" in unquote(repository.report(LAB, "A lab", "1"))
    assert repository.binder(LAB) is None, "Binder reads .binder at the root of a repository alone"
    assert (
        Repository(url, "year/2027")
        .binder(LAB)
        .startswith("https://mybinder.org/v2/gh/example/course/year/2027?labpath=")
    )


def test_gitlab_has_no_colab_the_git_form_of_binder_and_its_own_form_of_an_issue():
    repository = Repository("https://gitlab.example.edu/stats/teaching/course")
    assert repository.colab(LAB) is None
    assert repository.binder(LAB) == (
        "https://mybinder.org/v2/git/https%3A%2F%2Fgitlab.example.edu%2Fstats%2Fteaching%2Fcourse/"
        f"main?labpath=notebooks%2F{LAB}"
    )
    report = urlsplit(repository.report(LAB, "A lab", "1"))
    assert report.path == "/stats/teaching/course/-/issues/new"
    assert set(parse_qs(report.query)) == {"issue[title]", "issue[description]"}


def test_a_host_whose_forms_are_not_known_has_binder_alone():
    page = BeautifulSoup("<header id='title-block-header'><h1>T</h1></header>", "html.parser")
    offer_repository(page, Repository("https://git.example.org/a/b"), LAB)
    assert list(links(page)) == ["Open in Binder"]


def test_no_link_and_no_empty_line_where_nothing_works():
    page = BeautifulSoup("<header id='title-block-header'><h1>T</h1></header>", "html.parser")
    offer_repository(page, Repository("https://git.example.org/a/b", subdir="labs"), LAB)
    assert page.select_one(".lab-links") is None


def test_a_report_says_the_lab_and_the_version(site):
    page = soup(site / "notebooks" / "01-training-loop.html")
    report = urlsplit(links(page)["Report a problem"])
    assert (report.netloc, report.path) == ("github.com", "/example/course/issues/new")
    filled = {key: value for key, [value] in parse_qs(report.query).items()}
    title = page.select_one("h1").get_text(strip=True)
    assert filled["title"] == f"{title}: "
    assert filled["body"].startswith(
        f"Lab: {title} (notebooks/{LAB}), version {course_version()}\n"
    )
    assert "+" not in report.query, "some hosts show a plus sign as it stands"
