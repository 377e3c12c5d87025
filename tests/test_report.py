"""Tables and paragraphs: plain, escaped, and free of the machine they were made on."""

import getpass
import platform
import socket
from decimal import Decimal
from fractions import Fraction
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit import paragraph, session_info, table

LEFT, RIGHT = 'style="text-align: left"', 'style="text-align: right"'
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
    assert page.count('<th scope="row"') == 2
    assert f"<caption {LEFT}>Errors</caption>" in page
    assert "<caption" not in table(frame())._repr_html_()


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
    assert (info.header, info.caption) == (["Software", "Version"], "Versions that made this page")
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
    assert page.count(f'<td {RIGHT[:-1]}; white-space: nowrap">') == 4
    assert f"<td {LEFT}>a</td>" in page
    assert page.count(f'<th scope="col" {RIGHT}>') == 2
    assert "class=" not in page


def test_large_floats_have_no_decimals():
    made = table(pd.DataFrame({"a": [1234567.891, -1234.5, 999.9994, np.inf]}))
    assert [row[1] for row in made.rows] == ["1,234,568", "-1,234", "999.999", "inf"]


def test_a_small_number_is_not_broken_at_its_hyphen():
    ranges = table(
        pd.DataFrame({"range": ["below 1e-12", "0.5e-3 to 2"], "note": ["one-1", "e-2"]})
    )
    page = ranges._repr_html_()
    assert '>below <span style="white-space: nowrap">1e-12</span></td>' in page
    assert '><span style="white-space: nowrap">0.5e-3</span> to 2</td>' in page
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
    assert f'<th scope="col" {RIGHT}>n</th>' in page
    assert f'<th scope="row" {RIGHT}>16,000</th>' in page


def test_the_page_of_a_table_is_this():
    page = table(frame().rename(columns={"note": "mean_mcse"}), caption="Errors")._repr_html_()
    number = f'{RIGHT[:-1]}; white-space: nowrap"'
    assert page == (
        f"<table><caption {LEFT}>Errors</caption>\n"
        f'<thead><tr><th scope="col" {LEFT}>estimator</th><th scope="col" {RIGHT}>mean error</th>'
        f'<th scope="col" {RIGHT}>replicates</th>'
        f'<th scope="col" {LEFT}>mean Monte Carlo s.e.</th></tr></thead>\n'
        "<tbody>\n"
        f'<tr><th scope="row" {LEFT}>ols</th><td {number}>0.512</td>'
        f"<td {number}>100</td><td {LEFT}>a</td></tr>\n"
        f'<tr><th scope="row" {LEFT}>network</th><td {number}>2.000</td>'
        f"<td {number}>20</td><td {LEFT}>b</td></tr>\n"
        "</tbody></table>"
    )


def test_the_text_of_a_table_begins_with_its_caption():
    assert str(table(frame(), caption="Errors")).splitlines()[0] == "Errors"
    assert str(table(frame())).splitlines()[0].startswith("estimator")


@pytest.mark.parametrize(
    ("name", "heading"),
    [
        ("ols", "OLS"),
        ("ols_se", "OLS s.e."),
        ("sd", "s.d."),
        ("mcse", "Monte Carlo s.e."),
        ("truth_gap", "truth gap"),
        ("sediment", "sediment"),
        (0, "0"),
        (False, "False"),
        (2.5, "2.5"),
        ("", ""),
        (("network", "mean_error"), "network, mean error"),
        (("ols", ""), "OLS"),
    ],
    ids=str,
)
def test_a_heading_is_its_name_in_words(name, heading):
    columns = pd.MultiIndex.from_tuples([name]) if isinstance(name, tuple) else [name]
    made = table(pd.DataFrame([[1.0]], columns=columns))
    assert list(made.header) == ["", heading]
    assert made.rows == [["0", "1.000"]]


def test_a_level_that_is_called_0_has_a_heading_and_one_without_a_name_none():
    index = pd.MultiIndex.from_tuples([("a", "b", "c")], names=[0, None, "se"])
    assert list(table(pd.DataFrame({"x": [1]}, index)).header) == ["0", "", "s.e.", "x"]


def test_columns_and_levels_of_one_name_are_all_there():
    index = pd.MultiIndex.from_tuples([("a", "b")], names=["g", "g"])
    made = table(pd.DataFrame([[1.0, 2.0]], index, columns=["x", "x"]))
    assert list(made.header) == ["g", "g", "x", "x"]
    assert made.rows == [["a", "b", "1.000", "2.000"]]


@pytest.mark.parametrize(
    "empty",
    [pd.DataFrame(), pd.DataFrame({"a": []}), pd.DataFrame({"a": [], "b": []}).rename_axis("i")],
    ids=["nothing", "a", "a and b"],
)
def test_a_table_without_rows_is_its_headings(empty):
    made = table(empty)
    page = made._repr_html_()
    assert not Tags(page).open
    assert page.count("<th") - page.count("<thead") == 1 + empty.shape[1]
    assert "right" not in page
    assert str(made).split() == [name for name in made.header if name]


def test_a_table_without_columns_is_its_index():
    assert table(pd.DataFrame(index=pd.Index(["a"], name="i"))).rows == [["a"]]


@pytest.mark.parametrize(("name", "heading"), [(None, ""), ("mean_error", "mean error"), (0, "0")])
def test_a_series_is_a_table_of_one_column(name, heading):
    made = table(pd.Series([0.5, 2], index=pd.Index(["a", "b"], name="group"), name=name))
    assert list(made.header) == ["group", heading]
    assert made.rows == [["a", "0.500"], ["b", "2.000"]]


@pytest.mark.parametrize(
    ("value", "digits", "cell"),
    [
        (-0.0004, 3, "0.000"),
        (-0.0, 3, "0.000"),
        (-0.4, 0, "0"),
        (-0.0006, 3, "-0.001"),
        (999.9996, 3, "1,000"),
        (-999.9996, 3, "-1,000"),
        (999.6, 0, "1,000"),
        (999.4, 0, "999"),
        (1e14, 3, "100,000,000,000,000"),
        (1.5e15, 3, "1.500e+15"),
        (-1e300, 1, "-1.0e+300"),
        (np.inf, 3, "inf"),
        (-np.inf, 3, "-inf"),
        (np.nan, 3, "nan"),
        (np.float16(0.5), 2, "0.50"),
        (np.float32(1 / 3), 4, "0.3333"),
        (np.longdouble(1) / 3, 3, "0.333"),
        (1 / 3 - 2j, 2, "0.33-2.00j"),
        (np.complex64(1j), 1, "0.0+1.0j"),
        (5000 + 1j, 1, "5,000+1j"),
        (0.1, 25, "0.1000000000000000055511151"),
        (12345, 3, "12,345"),
        (-12345, 3, "-12,345"),
        (np.uint8(200), 3, "200"),
        (10**30, 3, "1" + 10 * ",000"),
        (True, 3, "True"),
        (np.bool_(False), 3, "False"),
        (None, 3, "None"),
        (pd.NaT, 3, "NaT"),
        (pd.NA, 3, "<NA>"),
        (pd.Timestamp("2020-01-02"), 3, "2020-01-02 00:00:00"),
        (np.timedelta64(3, "D"), 3, "3 days"),
        (Decimal("0.10"), 3, "0.10"),
        (Fraction(1, 3), 3, "1/3"),
    ],
    ids=repr,
)
def test_a_cell_shows_its_value(value, digits, cell):
    mixed = pd.DataFrame({"a": pd.Series([value, "text"], dtype=object)})
    assert table(mixed, digits=digits).rows[0][1] == cell


@given(st.floats(-1e14, 1e14), st.integers(0, 8))
def test_a_cell_is_its_number_rounded(value, digits):
    (cell,) = table(pd.DataFrame({"a": [value]}), digits=digits).rows[0][1:]
    shown = float(cell.replace(",", ""))
    half = 0.5 if abs(shown) >= 1000 else 0.5 * 10.0**-digits
    assert abs(shown - value) <= half * (1 + 1e-6) + 1e-15 * abs(value)
    assert cell.lstrip("-") == cell or shown < 0


def test_kinds_of_pandas_are_shown_too():
    columns = {
        "whole": pd.array([1000, None], "Int64"),
        "real": pd.array([1.5, None], "Float64"),
        "group": pd.Categorical(["x", "y"]),
        "dose": pd.Categorical([0.25, 2.0]),
    }
    assert table(pd.DataFrame(columns)).rows == [
        ["0", "1,000", "1.500", "x", "0.250"],
        ["1", "<NA>", "<NA>", "y", "2.000"],
    ]


class Polars:
    """Stands for a frame of polars, which knows the way to pandas."""

    __module__ = "polars"

    def to_pandas(self):
        return frame()


@pytest.mark.parametrize(
    ("what", "mend"),
    [
        (Polars(), r"polars\.Polars: try frame\.to_pandas\(\)"),
        ({"a": [1.0]}, r"builtins\.dict: try pandas\.DataFrame\(frame\)"),
        ([[1.0]], r"builtins\.list: try"),
        (np.eye(2), r"numpy\.ndarray: try"),
        (None, r"builtins\.NoneType: try"),
        (pd.DataFrame, r"builtins\.type: try"),
    ],
    ids=lambda g: type(g).__name__,
)
def test_what_is_no_frame_of_pandas_is_refused(what, mend):
    with pytest.raises(TypeError, match=f"frame must be a DataFrame of pandas, not of type {mend}"):
        table(what)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"digits": -1}, "digits must be 0 or more, not -1"),
        ({"digits": 2.0}, "digits must be a whole number"),
        ({"digits": True}, "digits must be a whole number"),
        ({"digits": None}, "digits must be a whole number"),
        ({"caption": None}, "caption must be a string, not None of type NoneType"),
        ({"caption": 3}, "caption must be a string, not 3 of type int"),
        ({"caption": ["a"]}, "caption must be a string"),
    ],
    ids=str,
)
def test_options_of_another_kind_are_named(options, message):
    with pytest.raises((TypeError, ValueError), match=f"^{message}"):
        table(frame(), **options)


def test_a_paragraph_has_sentences_and_they_are_strings():
    with pytest.raises(ValueError, match="paragraph needs at least one sentence"):
        paragraph()
    with pytest.raises(TypeError, match="sentence 2 must be a string, not 3 of type int"):
        paragraph("One.", 3)
    with pytest.raises(
        TypeError, match=r"sentence 1 must be a string, not \['One\.'\] of type list"
    ):
        paragraph(["One."])
