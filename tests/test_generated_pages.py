"""The committed pages that a program writes are what it would write now."""

from itertools import zip_longest

import pytest

from course import ROOT
from course.pages import write as generated_pages
from course.pages.write import GENERATORS, write_all


@pytest.mark.parametrize("name", GENERATORS)
def test_the_committed_page_is_what_its_generator_gives_now(name):
    page = ROOT / name
    now = page.read_text(encoding="utf-8") if page.is_file() else ""
    new = GENERATORS[name](ROOT)
    pairs = zip_longest(now.splitlines(), new.splitlines())
    first = next((n for n, (a, b) in enumerate(pairs, 1) if a != b), 1)
    assert now == new, (
        f"{name} is not current (from line {first} on): run python -m course.pages.write"
    )


def test_a_page_is_written_only_when_its_text_changes(monkeypatch, tmp_path):
    texts = {"one.qmd": "é, first\n", "two.qmd": "second\n"}
    generators = {name: lambda root, name=name: texts[name] for name in texts}
    monkeypatch.setattr(generated_pages, "GENERATORS", generators)
    assert write_all(tmp_path) == ["one.qmd", "two.qmd"]
    assert write_all(tmp_path) == []
    texts["one.qmd"] = "é, again\n"
    assert write_all(tmp_path) == ["one.qmd"]
    assert (tmp_path / "one.qmd").read_bytes() == "é, again\n".encode()
    assert (tmp_path / "two.qmd").read_bytes() == b"second\n"
