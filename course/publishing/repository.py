"""Links from a lab's page to the repository that it comes from: Colab, Binder, report a problem.

`website: repo-url:` in `_quarto.yml` names the repository, `repo-branch` its branch (main). Unset,
there are no links. A reader may click them: no page asks another host for anything when it opens.
"""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode, urlsplit

import yaml
from bs4 import BeautifulSoup

from course import ROOT, version

# On GitHub owner and name; elsewhere a group may stand within a group.
ADDRESS = re.compile(r"https?://(github\.com(/[\w.-]+){2}|(?!github\.com/)[\w.:-]+(/[\w.~-]+){2,})")
BRANCH = re.compile(r"\w[\w./-]*")


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
        config = root / "_quarto.yml"
        text = config.read_text(encoding="utf-8") if config.is_file() else ""
        site = (yaml.safe_load(text) or {}).get("website") or {}
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

    def links(self, notebook: str, title: str, *, solved: bool = True) -> dict[str, str]:
        """Return text and address of each link: only the last where the page has no solutions.

        The others would lead to the lab that has them.
        """
        parts, lab, branch = urlsplit(self.url), f"notebooks/{notebook}", quote(self.branch)
        on_github, project = parts.hostname == "github.com", parts.path.strip("/")
        place = f"gh/{project}" if on_github else f"git/{quote(self.url, safe='')}"
        links = {
            "Open in Colab": "https://colab.research.google.com/github/"
            f"{project}/blob/{branch}/{quote(lab)}",
            "Open in Binder": f"https://mybinder.org/v2/{place}/{branch}?labpath={quote(lab, '')}",
        }
        if not on_github:  # all that Colab can open
            del links["Open in Colab"]
        form, heading, body = "/issues/new", "title", "body"  # GitHub and Forgejo, as Codeberg
        if str(parts.hostname).startswith("gitlab."):
            form, heading, body = "/-/issues/new", "issue[title]", "issue[description]"
        text = (
            f"Lab: {title} ({lab}), version {version()}\n\n"
            "What did you do, what did you expect, and what came instead?\n"
        )
        filled = urlencode({heading: f"{title}: ", body: text}, quote_via=quote)
        return (links if solved else {}) | {"Report a problem": f"{self.url}{form}?{filled}"}


def offer_repository(
    page: BeautifulSoup, repository: Repository, notebook: str, *, solved: bool = True
) -> None:
    """Put the links under a lab's title, below the line with its download."""
    above = page.select_one(".lab-download") or page.select_one("#title-block-header")
    if above is None or page.select_one(".lab-links"):
        return
    title = page.h1.get_text(" ", strip=True) if page.h1 else notebook
    line = page.new_tag("p", attrs={"class": "lab-links"})
    for text, address in repository.links(notebook, title, solved=solved).items():
        line.extend([" · "] if line.contents else [])
        line.append(page.new_tag("a", href=address, string=text))
    above.insert_after(line)
