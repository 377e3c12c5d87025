"""Links from a lab's page to the repository that it comes from: Colab, Binder, report a problem.

`website: repo-url:` in `_quarto.yml` names the repository, `repo-branch` (main) and `repo-subdir`
where in it the course is. Unset, there are no links. They are links that a reader may click: no
page asks another host for anything when it opens.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import yaml
from bs4 import BeautifulSoup

from course import ROOT

# How an issue's form is filled in advance, by the kind of host.
ISSUES = {
    "github": ("{url}/issues/new", "title", "body"),
    "gitlab": ("{url}/-/issues/new", "issue[title]", "issue[description]"),
    "forgejo": ("{url}/issues/new", "title", "body"),
}
EXAMPLE = "https://github.com/OWNER/NAME"


class RepositoryError(ValueError):
    """A repository that `_quarto.yml` names wrongly, with a message that says what is allowed."""


@dataclass(frozen=True)
class Repository:
    """Where the course is published as source; the address ends without `/` and `.git`."""

    url: str
    branch: str = "main"
    subdir: str = ""

    @classmethod
    def read(cls, root: Path = ROOT) -> "Repository | None":
        """Read it from `_quarto.yml`; None where no `repo-url` is set."""
        config = root / "_quarto.yml"
        if not config.is_file():
            return None
        site = (yaml.safe_load(config.read_text(encoding="utf-8")) or {}).get("website") or {}
        if not site.get("repo-url"):
            return None
        branch, subdir = site.get("repo-branch") or "main", site.get("repo-subdir") or ""
        return cls(address(site["repo-url"]), name(branch), str(subdir).strip("/"))

    @property
    def host(self) -> str:
        """The kind of host, as far as its addresses are known: github, gitlab, forgejo or git."""
        host = (urlsplit(self.url).hostname or "").removeprefix("www.")
        if host == "github.com":
            return "github"
        if host.startswith("gitlab."):
            return "gitlab"
        return "forgejo" if host == "codeberg.org" else "git"

    @property
    def project(self) -> str:
        """Return owner and name, as in the address."""
        return urlsplit(self.url).path.strip("/")

    def place(self, notebook: str) -> str:
        """Return a lab's path in the repository."""
        return f"{self.subdir}/notebooks/{notebook}".lstrip("/")

    def colab(self, notebook: str) -> str | None:
        """Return the address that opens a lab in Colab, which reads from GitHub alone."""
        if self.host != "github":
            return None
        at = f"{self.project}/blob/{quote(self.branch)}/{quote(self.place(notebook))}"
        return f"https://colab.research.google.com/github/{at}"

    def binder(self, notebook: str) -> str | None:
        """Return the address that opens a lab in Binder, which reads .binder at the root alone."""
        if self.subdir:
            return None
        kind = "gh" if self.host == "github" else "git"
        project = self.project if kind == "gh" else quote(self.url, safe="")
        lab = urlencode({"labpath": self.place(notebook)})
        return f"https://mybinder.org/v2/{kind}/{project}/{quote(self.branch)}?{lab}"

    def report(self, notebook: str, title: str, version: str) -> str | None:
        """Return the address of a new issue with the lab and its version filled in."""
        if self.host not in ISSUES:
            return None
        form, heading, body = ISSUES[self.host]
        text = (
            f"Lab: {title} ({self.place(notebook)}), version {version}\n\n"
            "What did you do, what did you expect, and what came instead?\n"
        )
        filled = urlencode({heading: f"{title}: ", body: text}, quote_via=quote)
        return f"{form.format(url=self.url)}?{filled}"


def address(url: Any) -> str:
    """Return the address of a repository's page, tidied, or say what is wrong with it."""
    tidy = str(url).strip().rstrip("/").removesuffix(".git")
    parts = urlsplit(tidy)
    steps = [step for step in parts.path.split("/") if step]
    beside = parts.query or parts.fragment or "@" in parts.netloc or not tidy.isprintable()
    if parts.scheme not in {"http", "https"} or not parts.hostname or " " in tidy or beside:
        raise RepositoryError(
            f"repo-url in _quarto.yml must be the https address of the repository's page, such as "
            f"{EXAMPLE}; it is {url!r}. Write it so, or remove the line."
        )
    if len(steps) < 2 or (parts.hostname.endswith("github.com") and len(steps) != 2):
        raise RepositoryError(
            f"repo-url in _quarto.yml must name the owner and the repository and nothing below it, "
            f"such as {EXAMPLE}; it is {url!r}. A branch goes to repo-branch, a folder to "
            "repo-subdir."
        )
    return tidy


def name(branch: Any) -> str:
    """Return a branch's name, or say what is wrong with it."""
    text = str(branch)
    if text.startswith("-") or set(text) & set(" ~^:?*[\\\"'") or not text.isprintable():
        raise RepositoryError(
            "repo-branch in _quarto.yml must be the name of a branch, such as main; "
            f"it is {branch!r}. Write it so, or remove the line."
        )
    return text


def course_version() -> str:
    """Return the version that `pyproject.toml` gives the course."""
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(text)["project"]["version"])


def offer_repository(
    page: BeautifulSoup, repository: Repository, notebook: str, *, solved: bool = True
) -> None:
    """Put the links under a lab's title, below the line with its download.

    A page without solutions (`solved` is False) does not lead to the lab that has them.
    """
    above = page.select_one(".lab-download") or page.select_one("#title-block-header")
    if above is None or page.select_one(".lab-links"):
        return
    heading = page.select_one("h1")
    title = heading.get_text(" ", strip=True) if heading else notebook
    links = {
        "Open in Colab": repository.colab(notebook) if solved else None,
        "Open in Binder": repository.binder(notebook) if solved else None,
        "Report a problem": repository.report(notebook, title, course_version()),
    }
    line = page.new_tag("p", attrs={"class": "lab-links"})
    for text, link in links.items():
        if link is None:
            continue
        if line.contents:
            line.append(" · ")
        anchor = page.new_tag("a", href=link)
        anchor.string = text
        line.append(anchor)
    if line.contents:
        above.insert_after(line)
