"""What `_quarto.yml` lists under render: the same pages for Quarto and smalldocs, and no more."""

import os
import re
from functools import cache
from pathlib import Path

import pytest
import yaml
from site_pages import listed
from smalldocs.config import load
from smalldocs.site import Site

from course import ROOT
from course.notebook import labs

RENDER = yaml.safe_load((ROOT / "_quarto.yml").read_text(encoding="utf-8"))["project"]["render"]
OLD = "notebooks/*.ipynb"


@cache  # an environment may be among the hidden folders: fifty thousand files
def seen_by_quarto(root: Path) -> list[str]:
    """List the files below the project's folder, but for what is hidden from a site."""
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name[0] not in "._"]
        below = Path(folder).relative_to(root)
        found += [(below / name).as_posix() for name in files if name[0] not in "._"]
    return [name for name in found if "." in name]


def matches(pattern: str, root: Path = ROOT) -> set[str]:
    """Return what Quarto finds: a pattern with a slash in front at the root, else in any folder."""
    body = re.escape(pattern.removeprefix("/")).replace(r"\*", "[^/]*")
    anywhere = "*" in pattern and not pattern.startswith("/")
    whole = re.compile(("(?:.*/)?" if anywhere else "") + body)
    return {name for name in seen_by_quarto(root) if whole.fullmatch(name)}


def expected(pattern: str) -> set[str]:
    """Return what the pattern is there for: the labs, or the one page that it names."""
    return {f"notebooks/{lab.name}" for lab in labs()} if "*" in pattern else {pattern}


@pytest.mark.parametrize("pattern", RENDER)
def test_quarto_finds_what_a_line_is_there_for_and_nothing_else(pattern):
    assert matches(pattern) == expected(pattern)


def test_without_the_slash_it_would_find_the_template_of_a_new_lab_too():
    templates = {f"course/template/notebooks/{name}.ipynb" for name in ("NN-NAME", "analysis")}
    assert matches(OLD) - expected(OLD) == templates


def test_smalldocs_finds_the_same_pages_and_they_are_those_of_the_sidebar():
    found = {page.as_posix() for page in Site(load(ROOT), quiet=True).discover()}
    assert found == set().union(*map(matches, RENDER)) == set(listed())


def test_gitignore_has_the_lines_that_quarto_would_add():
    lines = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert {"/.quarto/", "**/*.quarto_ipynb"} <= set(lines)
