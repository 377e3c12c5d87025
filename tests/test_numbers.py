"""Numbers in prose are typeset; their values, and all code, stay as they are."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from course.site.check import pages
from course.site.html import parse
from course.site.numbers import LEFT_ALONE, prose, typeset, typeset_numbers

TIE = "\N{NO-BREAK SPACE}"
PLAIN = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹−", "-0123456789-")


def page(html):
    """Typeset a page that holds some HTML, and return what its body then holds."""
    soup = parse(f"<html><head></head><body>{html}</body></html>")
    typeset_numbers(soup)
    return soup.body.decode_contents().replace(TIE, "_")


def value(text):
    """Read a typeset number back."""
    number = re.fullmatch(rf"(−?)(?:(\d[\d.]*){TIE}×{TIE})?10([⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+)", text)
    if not number:
        return float(text.translate(PLAIN))
    sign, factor, power = number.groups()
    return float(f"{sign.translate(PLAIN)}{factor or 1}e{power.translate(PLAIN)}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-0.5", "−0.5"),
        ("from -3 to -2, or (-1)", "from −3 to −2, or (−1)"),
        ("between -0.51 and -0.49", "between −0.51 and −0.49"),
        ("-1,234.5", "−1,234.5"),
        ("n = -3", "n = −3"),
        ("n=-3;", "n=−3;"),
        ("-.5", "−.5"),
        ("It fell by -0.5.", "It fell by −0.5."),
        ("2.43e-17", "2.43_×_10⁻¹⁷"),
        ("below 1e-09", "below 10⁻⁹"),
        ("1.38e+06", "1.38_×_10⁶"),
        ("-1.0e-05,", "−1.0_×_10⁻⁵,"),
        ("(2e-300)", "(2_×_10⁻³⁰⁰)"),
        ("0e+00", "0"),
        ("4.0e+00", "4.0"),
        ("95 % and 5%", "95_% and 5_%"),
        ("-2%", "−2_%"),
        ("60 s, 700 MiB", "60_s, 700_MiB"),
    ],
)
def test_a_number_is_set_as_in_print(text, expected):
    assert typeset(text).replace(TIE, "_") == expected


@pytest.mark.parametrize(
    "text",
    [
        "1-2",
        "pages 12-15",
        "2024-01-05",
        "on -01-05",
        "x-1",
        "lab-1e-5",
        "well-known, e-mail, 3-way, -3-way",
        "COVID-19",
        "a -dev flag",
        "doi:10.1000/-5 and 10.1000/(-5)",
        "https://example.org/?a=-3&b=1e-5",
        "www.example.org/-3%20",
        "example.org/=-3",
        "me=-3@example.org",
        "ab1e-5, 1e-5f, v1e5",
        "12e-3",
        "50 %in% x",
        "five % and a%",
        "[:, ::-1]",
        "-x, - 5, --5, -",
        "3 sheep, 5 more",
        "5 m-estimators",
    ],
)
def test_what_is_no_number_stays(text):
    assert typeset(text) == text


@given(st.text(alphabet="-−+e.,0123456789 %×⁻¹xab(){}/:@=\n\u00a0", max_size=40))
def test_a_second_run_changes_nothing(text):
    once = typeset(text)
    assert typeset(once) == once


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["g", ".2e", ".3g", "f"]))
def test_the_value_is_that_which_was_printed(number, style):
    printed = format(number, style)
    shown = typeset(printed)
    assert value(shown) == float(printed)
    assert "-" not in shown
    assert "e" not in shown


@given(
    st.lists(
        st.sampled_from(
            [
                "-1",
                "1e-5",
                " and ",
                "5 %",
                "x",
                "<em>-2</em>",
                "<code>-1 1e-5 5 %</code>",
                "<sup>-1</sup>",
            ]
        ),
        max_size=12,
    )
)
def test_a_page_is_typeset_once(parts):
    once = page("".join(parts))
    assert page(once.replace("_", TIE)) == once
    assert once.count("<code>-1 1e-5 5 %</code>") == parts.count("<code>-1 1e-5 5 %</code>")


@pytest.mark.parametrize("name", sorted(LEFT_ALONE))
def test_code_and_formulas_stay(name):
    html = f"<{name}>-1 is 1e-5 <b>or -2, 5 %</b></{name}>"
    assert page(html) == html


def test_what_a_reader_edits_and_comments_stay():
    html = '<p contenteditable="true">-1</p><!-- -1 -->'
    assert page(html) == html


def test_powers_of_ten_are_raised_and_held_together():
    assert page("<td>2.43e-17</td>") == "<td>2.43_×_10<sup>−17</sup></td>"
    assert page("<p>at 1e-9, -2e+05.</p>") == ("<p>at 10<sup>−9</sup>, −2_×_10<sup>5</sup>.</p>")


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<p><code>x</code>-1</p>", None),
        ("<p>x<em>-1</em></p>", None),
        ("<p>a <em>-1</em></p>", "<p>a <em>−1</em></p>"),
        ("<p><strong>5</strong> %</p>", "<p><strong>5</strong>_%</p>"),
        ("<td>x</td><td>-1</td>", "<td>x</td><td>−1</td>"),
        ("<p>x<br>-1</p>", "<p>x<br/>−1</p>"),
        ("<p>&lt; -1 &amp; 2</p>", "<p>&lt; −1 &amp; 2</p>"),
    ],
)
def test_a_number_may_begin_in_another_element(html, expected):
    assert page(html) == (expected or html)


def test_words_that_are_read_aloud_or_found_are_typeset_too():
    soup = parse(
        '<html><head><title>At -1</title><meta name="description" content="5% at 1e-5">'
        '<meta name="viewport" content="a=-1"></head><body><img alt="from -1" src="a=-1.png">'
        '<p id="a=-1" aria-label="2e-5" title="-3">x</p></body></html>'
    )
    typeset_numbers(soup)
    assert soup.title.string == "At −1"
    assert [meta["content"] for meta in soup.find_all("meta")] == [f"5{TIE}% at 10⁻⁵", "a=-1"]
    assert soup.img.attrs == {"alt": "from −1", "src": "a=-1.png"}
    assert soup.p.attrs == {"id": "a=-1", "aria-label": f"2{TIE}×{TIE}10⁻⁵", "title": "−3"}


def test_no_number_of_the_site_is_left_as_python_printed_it(rendered):
    for path in pages(rendered):
        soup = parse(path.read_text(encoding="utf-8"))
        for text in prose(soup):
            assert not re.search(r"(?<!\S)(-\d|\d(\.\d+)?e[+-]\d|\d %)", text), f"{path}: {text}"
