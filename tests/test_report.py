"""Tables and paragraphs: plain, escaped, and free of the machine they were made on."""

import getpass
import platform
import socket
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from labkit import paragraph, session_info, table

NASTY = '<script>alert("1")</script> & <b>'


class Tags(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.found, self.open, self.text = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):  # noqa: ARG002
        self.found.append(tag)
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def frame():
    return pd.DataFrame(
        {"mean_error": [0.51234, 2.0], "replicates": [100, 20], "note": ["a", "b"]},
        index=pd.Index(["ols", "network"], name="estimator"),
    )


def test_html_is_escaped_wherever_text_comes_in():
    index = pd.Index([NASTY], name=NASTY)
    page = table(pd.DataFrame({NASTY: [NASTY]}, index=index), caption=NASTY)._repr_html_()
    tags = Tags(page)
    assert set(tags.found) == {"table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert not tags.open
    assert "".join(tags.text).count(NASTY) == 5


def test_html_holds_no_scripts_styles_or_links():
    for page in (table(frame())._repr_html_(), session_info()._repr_html_()):
        assert not {"script", "style", "link", "img", "a"} & set(Tags(page).found)
        assert "http" not in page
        assert "on" not in {a.split("=")[0].strip() for a in page.split("<")}


def test_headings_say_their_scope():
    page = table(frame(), caption="Errors")._repr_html_()
    assert page.count('<th scope="col"') == 4
    assert page.count('<th scope="row">') == 2
    assert "<caption>Errors</caption>" in page
    assert "<caption>" not in table(frame())._repr_html_()


def test_floats_have_their_decimals_and_whole_numbers_none():
    assert str(table(frame())).splitlines() == [
        "estimator   mean error   replicates   note",
        "ols         0.512        100          a",
        "network     2.000        20           b",
    ]
    assert table(frame(), digits=1).rows[0] == ["ols", "0.5", "100", "a"]


def test_floats_of_every_width_are_floats():
    columns = {"a": np.array([0.1], "f4"), "b": np.array([0.1], "f8"), "c": [np.nan]}
    assert table(pd.DataFrame(columns)).rows == [["0", "0.100", "0.100", "nan"]]


def test_several_levels_are_several_columns():
    index = pd.MultiIndex.from_tuples([("ols", "bias")], names=["estimator", "metric"])
    made = table(pd.DataFrame({"mean": [1.5]}, index=index))
    assert list(made.header) == ["estimator", "metric", "mean"]
    assert made.rows == [["ols", "bias", "1.500"]]


def test_text_in_a_terminal_has_no_trailing_blanks():
    assert all(line == line.rstrip() for line in str(session_info()).splitlines())


def test_a_paragraph_is_its_sentences():
    made = paragraph("One. ", " Two.")
    assert str(made) == repr(made) == made._repr_markdown_() == "One. Two."


@pytest.mark.parametrize(
    ("written", "tied"),
    [("95 % of 20", "95~% of 20"), ("n = 500 and p = -1", "n~=~500 and p~=~-1")],
)
def test_a_number_stays_with_its_sign(written, tied):
    assert str(paragraph(written)) == tied.replace("~", "\u00a0")


def test_session_info_names_versions_and_nothing_of_the_machine():
    info = session_info()
    rows = dict(info.rows)
    assert rows["Python"] == platform.python_version()
    assert rows["numpy"] == np.__version__
    assert {"labkit", "scipy", "pandas", "matplotlib", "joblib", "torch"} <= rows.keys()
    page = info._repr_html_() + str(info)
    for secret in (socket.gethostname(), platform.node(), "/home", "/tmp", "site-packages", "\\"):
        assert not secret or secret not in page
    if len(getpass.getuser()) > 4:
        assert getpass.getuser() not in page


def test_a_package_that_is_missing_is_said_to_be(monkeypatch):
    monkeypatch.setattr("labkit.report._PACKAGES", ("no-such-package",))
    assert ["no-such-package", "not installed"] in session_info().rows


def test_columns_of_numbers_are_aligned_on_the_right():
    page = table(frame())._repr_html_()
    assert page.count('<td class="number">') == 4
    assert "<td>a</td>" in page


def test_large_floats_have_no_decimals():
    made = table(pd.DataFrame({"a": [1234567.891, -1234.5, 999.9994, np.inf]}))
    assert [row[1] for row in made.rows] == ["1,234,568", "-1,234", "999.999", "inf"]


def test_a_small_number_is_not_broken_at_its_hyphen():
    ranges = table(
        pd.DataFrame({"range": ["below 1e-12", "0.5e-3 to 2"], "note": ["one-1", "e-2"]})
    )
    page = ranges._repr_html_()
    assert '<td>below <span class="nobreak">1e-12</span></td>' in page
    assert '<td><span class="nobreak">0.5e-3</span> to 2</td>' in page
    assert page.count("<span") == 2


def test_thousands_have_their_commas_in_cells_and_index_alike():
    index = pd.MultiIndex.from_tuples([(256000, 0.001), (500, 2.0)], names=["n", "rate"])
    columns = {"rows": [20190, 7], "seconds": [2389.4, 0.5], "new": [True, False]}
    assert table(pd.DataFrame(columns, index)).rows == [
        ["256,000", "0.001", "20,190", "2,389", "True"],
        ["500", "2.0", "7", "0.500", "False"],
    ]


def test_numbers_stand_under_their_heading_in_the_first_column_too():
    page = table(pd.DataFrame({"b": ["x"]}, index=pd.Index([16000], name="n")))._repr_html_()
    assert '<th scope="col" class="number">n</th>' in page
    assert '<th scope="row" class="number">16,000</th>' in page
