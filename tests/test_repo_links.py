"""The links to the repository: there where `repo-url` is set, the right ones, and nowhere else."""

from urllib.parse import parse_qs

import nbformat
import pytest

from course import ROOT, version
from course.publishing.repository import Repository, RepositoryError
from course.site.check import soup
from course.site.postprocess import postprocess
from course.site.render import RenderError, render

URL = "https://github.com/example/course"
LAB = "01-training-loop.ipynb"
PAGE = "<header id='title-block-header'><h1>A lab</h1></header>"


def links(folder, lines, *, solved=True):
    """Finish a lab's page and another, and return the links of both."""
    site = folder / "_site"
    for place in (site / "notebooks", folder / "notebooks"):
        place.mkdir(parents=True)
    notebook = nbformat.read(ROOT / "notebooks" / LAB, as_version=4)
    if not solved:
        notebook.cells = [c for c in notebook.cells if "solution" not in c.metadata.get("tags", [])]
    nbformat.write(notebook, folder / "notebooks" / LAB)
    (folder / "_quarto.yml").write_text(f"website:\n  title: T\n  {lines}\n")
    pages = [site / "notebooks" / LAB.replace("ipynb", "html"), site / "index.html"]
    for page in pages:
        page.write_text(PAGE)
    postprocess(site, folder / "notebooks")
    once = [page.read_text() for page in pages]
    postprocess(site, folder / "notebooks")
    assert [page.read_text() for page in pages] == once, "a second run changes nothing"
    found = [soup(page).select(".lab-download + .lab-links a") for page in pages]
    return [{a.get_text(): a["href"] for a in page} for page in found]


@pytest.mark.parametrize(
    ("lines", "solved", "due"),
    [
        (f"repo-url: {URL}", True, ["Open in Colab", "Open in Binder", "Report a problem"]),
        (f"repo-url: {URL}", False, ["Report a problem"]),  # the others lead to solutions
        ("# repo-url: unset", True, []),
    ],
)
def test_a_lab_has_the_links_under_its_download_and_no_other_page_has(tmp_path, lines, solved, due):
    lab, index = links(tmp_path, lines, solved=solved)
    assert (list(lab), index) == (due, {})


def test_a_wrong_address_stops_the_render_with_what_is_allowed(tmp_path):
    (tmp_path / "index.qmd").write_text("---\ntitle: T\n---\nText.\n")
    config = "project: {type: website}\nwebsite: {title: T, repo-url: here}"
    (tmp_path / "_quarto.yml").write_text(config)
    with pytest.raises(RenderError, match=r"must be the https address .* they are 'here'"):
        render(tmp_path, tmp_path / "_site", "smalldocs")
    assert not (tmp_path / "_site").exists()


@pytest.mark.parametrize(
    "lines",
    [
        "repo-url: git@github.com:example/course.git",
        "repo-url: ssh://git@github.com/example/course",
        "repo-url: https://me:secret@github.com/example/course",
        "repo-url: github.com/example/course",
        "repo-url: https://github.com/example",
        f"repo-url: {URL}/tree/main/labs",
        "repo-url: https://gitlab.com/",
        f"repo-url: {URL}?tab=readme",
        "repo-url: 'https://github.com/example/a course'",
        "repo-url: true",
        f"repo-url: {URL}\n  repo-branch: a b",
        f"repo-url: {URL}\n  repo-branch: --upload-pack=x",
    ],
)
def test_what_is_no_address_or_branch_is_answered_with_one_that_is(tmp_path, lines):
    (tmp_path / "_quarto.yml").write_text(f"website:\n  {lines}\n")
    with pytest.raises(RepositoryError, match=r"github\.com/OWNER/NAME, and repo-branch .* main"):
        Repository.read(tmp_path)


@pytest.mark.parametrize("ending", ["", "/", ".git", ".git/"])
def test_the_end_of_an_address_does_not_matter(tmp_path, ending):
    config = f"website:\n  repo-url: {URL}{ending}\n  repo-branch: year/2027\n"
    (tmp_path / "_quarto.yml").write_text(config)
    assert Repository.read(tmp_path) == Repository(URL, "year/2027")


@pytest.mark.parametrize(
    ("url", "binder", "report", "fields"),
    [
        (URL, "gh/example/course", "/issues/new", ["title", "body"]),
        (
            "https://gitlab.example.edu/a/b/c",
            "git/https%3A%2F%2Fgitlab.example.edu%2Fa%2Fb%2Fc",
            "/-/issues/new",
            ["issue[title]", "issue[description]"],
        ),
        (
            "https://codeberg.org/a/b",
            "git/https%3A%2F%2Fcodeberg.org%2Fa%2Fb",
            "/issues/new",
            ["title", "body"],
        ),
    ],
)
def test_the_addresses_are_those_that_each_host_documents(url, binder, report, fields):
    found = Repository(url, "a/b").links(LAB, "A lab")
    colab = "https://colab.research.google.com/github/example/course/blob/a/b/notebooks/"
    assert found.get("Open in Colab") == (colab + LAB if url == URL else None)
    place = f"https://mybinder.org/v2/{binder}/a/b?labpath=notebooks%2F{LAB}"
    assert found["Open in Binder"] == place
    form, _, query = found["Report a problem"].partition("?")
    assert (form, list(parse_qs(query))) == (url + report, fields)
    (title,), (body,) = parse_qs(query).values()
    assert title == "A lab: "
    assert body.startswith(f"Lab: A lab (notebooks/{LAB}), version {version()}\n")
    assert "+" not in query, "some hosts show a plus sign as it stands"
