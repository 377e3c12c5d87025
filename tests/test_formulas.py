"""Formulas are set as TeX sets them: each kind of sign, and the spaces between."""

import re

import pytest

from course.site.mathematics import TexError, mathml
from course.site.tex_spacing import WIDTHS

NONE, THIN, MEDIUM, THICK = WIDTHS


def drawn(tex, *, display=False):
    """Return a formula without the TeX that it keeps."""
    math = mathml(tex, display=display)
    math.find("annotation").decompose()
    return math


def spaces(tex, *, display=False):
    """Write a formula as text, with each space that is not none."""
    math = drawn(tex, display=display)
    for sign in math.find_all("mo"):
        sign.string = f" @{sign['lspace']} {sign.get_text()} @{sign['rspace']} "
    for gap in math.find_all("mspace"):
        gap.string = f" @{gap['width']} "
    words = " ".join(math.get_text(" ").split())
    for width, letter in [(THIN, "1"), (MEDIUM, "2"), (THICK, "3"), (NONE, "")]:
        words = re.sub(rf"@{re.escape(width)}(?!\S)", f"<{letter}>", words)
    return words.replace("<>", "").replace(" ", "")


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        ("a + b", "a<2>+<2>b"),
        ("a = b", "a<3>=<3>b"),
        ("-a", "−a"),
        ("a = -b", "a<3>=<3>−b"),
        ("(-a)", "(−a)"),
        ("(1, -a)", "(1,<1>−a)"),
        ("a / b", "a/b"),
        ("w_{t+1}", "wt+1"),
        ("e^{a = b, c}", "ea=b,c"),
        (r"\frac{a+b}{c}", "a+bc"),
        ("f(x).", "f(x)."),
        (r"\max(0, \cdot)", "max(0,<1>·)"),
        ("10{,}000", "10,000"),
        (r"\log x", "log<1>x"),
        (r"\log(x)", "log(x)"),
        (r"n\log n", "n<1>log<1>n"),
        (r"\log_{10} x", "log10<1>x"),
        (r"2\max_i x", "2<1>maxi<1>x"),
        (r"-\max(0, x)", "−<1>max(0,<1>x)"),
        (r"\lambda_{\max}", "λmax"),
        (r"e^{n \log n}", "en<1>log<1>n"),
        (r"\mathrm{lr}\,\lambda", "lr<1>λ"),
        (r"a \sum_i b", "a<1>∑i<1>b"),
        (r"w \leftarrow w - g", "w<3>←<3>w<2>−<2>g"),
        (r"\lVert -y\rVert^2 + 1", "‖−y‖2<2>+<2>1"),
        ("|x| < -|y|", "|x|<3><<3>−|y|"),
        (r"P(A \mid B)", "P(A<3>∣<3>B)"),
        (r"0, \dots, T-1", "0,<1>…<1>,<1>T<2>−<2>1"),
        (r"2\left(a\right)b", "2<1>(a)<1>b"),
        (r"\pm h", "±h"),
        (r"a \pm h", "a<2>±<2>h"),
        ("k!", "k!"),
        ("(a +)", "(a+)"),
        (r"a \overset{d}{=} b", "a<3>=d<3>b"),
        ("a {=}^2 b", "a=2b"),
    ],
)
def test_spaces_are_those_of_tex(tex, expected):
    assert spaces(tex) == expected


def test_a_displayed_fraction_has_the_spaces_of_a_line_and_a_small_one_has_none():
    assert spaces(r"\frac{a+b}{c}", display=True) == "a<2>+<2>bc"
    assert spaces(r"\tfrac{a+b}{c}", display=True) == "a+bc"


def test_aligned_lines_begin_with_the_space_of_their_sign():
    math = drawn(r"\begin{aligned} a &= b \\ &\le -c \end{aligned}", display=True)
    equal, less, minus = math.find_all("mo")
    assert equal["lspace"] == less["lspace"] == THICK
    assert (minus["lspace"], minus["rspace"]) == (THICK, NONE)


@pytest.mark.parametrize(
    ("tex", "sign"),
    [
        (r"\hat f", "ˆ"),
        (r"\hat{\boldsymbol\beta}", "ˆ"),
        (r"\bar y", "¯"),
        (r"\tilde y", "˜"),
        (r"\dot y", "˙"),
        (r"\widehat{y}", "ˆ"),
        (r"\vec v", "\u20d7"),
    ],
)
def test_an_accent_sits_on_its_letter_and_does_not_grow(tex, sign):
    over = drawn(tex).mover
    assert over["accent"] == "true"
    assert (over.mo.get_text(), over.mo["stretchy"]) == (sign, "false")


def test_a_wide_hat_grows_with_what_it_stands_on():
    over = drawn(r"\widehat{\mathrm{Cov}}(x)").mover
    assert over["accent"] == "true"
    assert (over.mi.get_text(), over.mo.get_text()) == ("Cov", "\u0302")
    assert over.mo["stretchy"] == "true"


@pytest.mark.parametrize("name", ["hat", "tilde"])
def test_an_accent_that_is_not_wide_stays_small_over_two_letters(name):
    assert drawn(rf"\{name}{{xy}}").mover.mo["stretchy"] == "false"


def test_a_line_over_an_expression_is_one_of_its_box():
    math = drawn(r"\overline{xy}")
    assert math.find("mover") is None
    assert math.select_one(".overline").get_text() == "xy"


def test_a_tilde_alone_is_a_relation():
    assert spaces(r"y \sim N") == "y<3>∼<3>N"


@pytest.mark.parametrize("tex", ["f'(x)", r"f^\prime", "f''"])
def test_a_prime_stands_beside_its_letter_and_not_above(tex):
    math = drawn(tex)
    assert math.find("msup") is None
    assert set(math.mo.get_text()) <= set("′″")


def test_a_prime_with_a_power_stays_in_the_power():
    assert drawn("f'^2").msup.get_text() == "f′2"


@pytest.mark.parametrize("tex", ["(x)", "|x|", r"\lVert x\rVert", r"\lfloor x\rfloor", r"\|x\|"])
def test_brackets_grow_only_where_the_author_says_so(tex):
    assert {sign.get("stretchy") for sign in drawn(tex).find_all("mo")} == {"false"}
    words = re.match(r"(\\?[^\sx]*)\s*x(.*)", tex)
    grown = drawn(rf"\left{words[1]} x \right{words[2]}")
    assert {sign.get("stretchy") for sign in grown.find_all("mo")} == {"true"}


@pytest.mark.parametrize("kind", ["pmatrix", "cases"])
def test_brackets_of_a_matrix_grow(kind):
    math = drawn(rf"\begin{{{kind}}} a & (b) \\ c & d\end{{{kind}}}")
    outer = [sign for sign in math.find_all("mo") if sign.parent.find("mtable", recursive=False)]
    assert outer
    assert {sign.get("stretchy") for sign in outer} <= {None, "true"}
    assert {sign["stretchy"] for sign in math.mtable.find_all("mo")} == {"false"}


def test_brackets_of_a_binomial_coefficient_and_big_ones_have_their_size():
    for tex in (r"\binom{n}{k}", r"\bigl(x\bigr)"):
        assert all(s["stretchy"] == "true" and s["minsize"] for s in drawn(tex).find_all("mo"))


@pytest.mark.parametrize("name", [r"\max", r"\arg\min", r"\lim", r"\operatorname*{best}", r"\sum"])
def test_limits_stand_below_in_a_display_and_beside_in_a_line(name):
    assert drawn(rf"{name}_x f", display=True).find("munder")
    assert drawn(rf"{name}_x f").find("msub")
    assert drawn(rf"\frac{{{name}_x f}}{{2}}", display=True).find("mfrac")


def test_limits_in_a_small_fraction_of_a_display_stay_beside():
    assert drawn(r"\frac{\max_x f}{2}", display=True).find("munder") is None
    assert drawn(r"\displaystyle\sum_{i=1}^n i").find("munderover")


@pytest.mark.parametrize(
    ("tex", "word"), [(r"\mathrm{lr}", "lr"), (r"\mathrm{s.e.}(b)", "s.e."), (r"\mathrm{d}A", "d")]
)
def test_an_upright_word_is_one_word_and_no_function(tex, word):
    leaf = drawn(tex).mi
    assert (leaf.get_text(), leaf["mathvariant"]) == (word, "normal")


@pytest.mark.parametrize(
    ("tex", "name"),
    [
        (r"\log x", "log"),
        (r"\max x", "max"),
        (r"\operatorname{Var} x", "Var"),
        (r"\Pr x", "Pr"),
        (r"\arg x", "arg"),
    ],
)
def test_a_function_has_a_name_that_is_drawn_upright_and_is_no_sign(tex, name):
    leaf = drawn(tex).mi
    assert (leaf.get_text(), leaf.attrs) == (name, {}), "of several letters it is upright"
    assert drawn(tex).find("mo") is None


def test_nothing_is_no_word():
    assert drawn("{} = b").find_all(mathvariant=True) == []


def test_a_capital_greek_letter_stands_upright_and_a_small_one_is_slanted():
    assert drawn(r"\Phi(h)").mi["mathvariant"] == "normal"
    assert [leaf.attrs for leaf in drawn(r"\beta X").find_all("mi")] == [{}, {}]


def test_a_power_of_an_accented_letter_is_no_higher_than_of_the_letter():
    assert drawn(r"\hat\beta_0^2").msubsup.mpadded.mover
    assert drawn(r"x^{\hat y}").find("mpadded") is None


def test_bold_and_double_struck_letters_are_characters_of_their_own():
    assert drawn(r"\boldsymbol\beta \mathbf{X} \mathbb{E} \mathbf{1}").get_text() == "𝜷𝐗𝔼𝟏"


def test_a_negative_space_is_a_margin():
    gap = drawn(r"a\!b").mspace
    assert (gap["width"], gap["style"]) == ("0", "margin-left: -0.167em")


def test_the_tex_is_kept_as_the_author_wrote_it():
    math = mathml(r"\mathrm{d}A \arg x", display=False)
    assert math.find("annotation").get_text() == math["alttext"] == r"\mathrm{d}A \arg x"


def test_a_command_that_begins_like_arg_is_still_unknown():
    with pytest.raises(TexError, match="argmost"):
        mathml(r"\argmost x", display=False)
