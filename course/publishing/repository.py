"""Links from a lab's page to the repository that it comes from: Colab, Binder, report a problem.

`website: repo-url:` in `_quarto.yml` names the repository, `repo-branch` its branch (main). Unset,
there are no links. A reader may click them: no page asks another host for anything when it opens.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

from bs4 import BeautifulSoup

from course import ROOT, version
from course.outline import configuration

# On GitHub owner and name; elsewhere a group may stand within a group.
ADDRESS = re.compile(r"https?://(github\.com(/[\w.-]+){2}|(?!github\.com/)[\w.:-]+(/[\w.~-]+){2,})")
BRANCH = re.compile(r"\w[\w./-]*")
PROBLEM = "What did you do, what did you expect, and what came instead?\n"


class RepositoryError(ValueError):
    """A repository that `_quarto.yml` names wrongly, with a message that says what is allowed."""


@dataclass(frozen=True)
class Repository:
    """Where the course is published as source; the address ends without `/` and `.git`."""

    url: str
    branch: str = "main"

    @classmethod
    def read(cls, root: Path = ROOT) -> "Repository | None":
        """Read it from `_quarto.yml`; None where no `repo-url` is set."""
        site = configuration(root).get("website") or {}
        if not site.get("repo-url"):
            return None
        url, branch = str(site["repo-url"]), str(site.get("repo-branch") or "main")
        tidy = url.rstrip("/").removesuffix(".git")
        if not ADDRESS.fullmatch(tidy) or not BRANCH.fullmatch(branch):
            raise RepositoryError(
                "repo-url in _quarto.yml must be the https address of the repository's page, such "
                "as https://github.com/OWNER/NAME, and repo-branch the name of a branch, such as "
                f"main; they are {url!r} and {branch!r}. Write them so, or remove the lines."
            )
        return cls(tidy, branch)

    def links(self, notebook: str, title: str) -> dict[str, str]:
        """Return text and address of each link."""
        host, project = str(urlsplit(self.url).hostname), urlsplit(self.url).path.strip("/")
        lab, branch, found = f"notebooks/{notebook}", quote(self.branch), {}
        place, form, fields = f"git/{quote(self.url, safe='')}", "/issues/new", ("title", "body")
        if host == "github.com":  # Colab opens what is there, and nothing else
            place, at = f"gh/{project}", f"{project}/blob/{branch}/{quote(lab)}"
            found["Open in Colab"] = f"https://colab.research.google.com/github/{at}"
        elif host.startswith("gitlab."):  # Forgejo, as on Codeberg, has the form of GitHub
            form, fields = "/-/issues/new", ("issue[title]", "issue[description]")
        at = f"{place}/{branch}?labpath={quote(lab, safe='')}"
        found["Open in Binder"] = f"https://mybinder.org/v2/{at}"
        words = (f"{title}: ", f"Lab: {title} ({lab}), version {version()}\n\n{PROBLEM}")
        filled = urlencode(dict(zip(fields, words, strict=True)), quote_via=quote)
        return found | {"Report a problem": f"{self.url}{form}?{filled}"}


def offer_repository(
    page: BeautifulSoup, repository: Repository, notebook: str, *, solved: bool = True
) -> None:
    """Put the links under a lab's title, below the line with its download.

    A page without solutions (`solved` is False) does not lead to the lab that has them.
    """
    above = page.select_one(".lab-download") or page.select_one("#title-block-header")
    if above is None or page.select_one(".lab-links"):
        return
    title = page.h1.get_text(" ", strip=True) if page.h1 else notebook
    line = page.new_tag("p", attrs={"class": "lab-links"})
    for text, address in repository.links(notebook, title).items():
        if solved or not text.startswith("Open"):
            line.extend([" · "] if line.contents else [])
            line.append(page.new_tag("a", href=address, string=text))
    above.insert_after(line)
