"""Sections that are folded: the heading stays, the rest is behind it, and nothing is lost."""

import pytest

from course.site.folds import fold_sections
from course.site.html import parse

TEXT = "<p>One.</p><section id='b'><h3>Within</h3><p>Two.</p></section>"


@pytest.mark.parametrize(
    "markup",
    [
        f"<section id='a' class='level2 folded'><h2 class='anchored'>Lab 1</h2>{TEXT}</section>",
        f"<section id='a' class='level2'><h2 class='anchored folded'>Lab 1</h2>{TEXT}</section>",
    ],
    ids=["of the section", "of the heading"],
)
def test_what_stands_below_the_heading_is_folded(markup):
    page = parse(f"<main><section id='z'><h2>Open</h2><p>Seen.</p></section>{markup}</main>")
    fold_sections(page)
    once = str(page)
    fold_sections(page)
    assert str(page) == once
    (fold,) = page.select("details")
    assert fold.parent["id"] == "a"
    assert [part.name for part in fold.parent.find_all(recursive=False)] == ["details"]
    assert fold.summary.h2.get_text() == "Lab 1"
    assert not {"anchored"} & {*fold.summary.h2["class"].split()}
    assert "".join(str(part) for part in fold.find_all(recursive=False)[1:]) == TEXT.replace(
        "'", '"'
    )
    assert page.select_one("#z > p").get_text() == "Seen."
