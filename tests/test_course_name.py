"""The course has one name, the title of the site in `_quarto.yml`, wherever it is introduced."""

import re

import pytest
import yaml

from course import ROOT

SITE = yaml.safe_load((ROOT / "_quarto.yml").read_text(encoding="utf-8"))["website"]
PLACES = {  # up to the name
    "README.md": r"# ",
    "index.qmd": r"---\ntitle: ",
    "_quarto.yml": r"(?:.*\n)*      - text: ",
    "CITATION.cff": r'(?:.*\n)*title: "',
    "pyproject.toml": r'(?:.*\n)*description = "',
    "labkit/__init__.py": r'"""The helper package of the course \*',
    "course/student/files/README.txt": "",
}


@pytest.mark.parametrize("place", PLACES)
def test_the_course_is_called_by_its_one_name(place):
    text = (ROOT / place).read_text(encoding="utf-8")
    assert re.match(f'{PLACES[place]}{SITE["title"]}["*:\n]', text, re.IGNORECASE), (
        f"{place} must call the course {SITE['title']!r}, as _quarto.yml does"
    )
