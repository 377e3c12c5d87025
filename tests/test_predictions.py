"""Predict prompts: read from a lab's cells, shown on its page, printed, handed out."""

import pytest
from prompts_page import CELLS, CHOICE, NUMBER, SIGN, cell, lab_of, page_of

from course.editions import student_notebook
from course.predictions import PromptError, compared, comparisons, prompts, read
from course.site.html import parse
from course.site.paper import printed
from course.site.prompts import SCRIPT, add_prompts
from labkit import Predict


def prompt(code):
    return read(cell(code, "", is_prompt=True))


@pytest.mark.parametrize(
    ("code", "name", "kind", "ways"),
    [
        (NUMBER, "fall", "number", "in s"),
        (SIGN, "side", "sign", "positive, negative or zero"),
        (CHOICE, "best", ("OLS", "a & b"), "OLS or a & b"),
        ('a = Predict("What?")\na(...)', "a", "number", ""),
        ('a = Predict(question="What?", kind=["p", "q", "r"])\na(...)', "a", ("p", "q", "r"), None),
    ],
)
def test_a_prompt_is_read_from_its_code(code, name, kind, ways):
    found = prompt(code)
    assert (found.name, found.asked.kind, found.answered) == (name, kind, False)
    assert ways is None or found.ways == ways


@pytest.mark.parametrize("said", ["2", '"+"', "1 / 3", "None"])
def test_what_stands_in_place_of_the_dots_is_an_answer(said):
    assert prompt(f'a = Predict("What?")\na({said})').answered


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("", "it is not NAME = Predict"),
        ('a = Predict("What?")', "it is not NAME"),
        ('a = Predict("What?")\nb(...)', "it is not NAME"),
        ('a = Predict("What?")\na()', "it is not NAME"),
        ('a = Predict("What?")\na(..., 1)', "it is not NAME"),
        ('a = Predict("What?")\na(...)\nprint(1)', "it is not NAME"),
        ('a = other.Predict("What?")\na(...)', "it is not NAME"),
        ('a = Predict(f"What {x}?")\na(...)', "not all written out"),
        ('a = Predict("What?", choices)\na(...)', "not all written out"),
        ('a = Predict("What?", ["one"])\na(...)', "two choices or more"),
        ('a = Predict("What?", "size")\na(...)', "kind must be"),
        ("a = Predict()\na(...)", "question"),
    ],
)
def test_another_form_is_refused_with_the_reason(code, message):
    with pytest.raises(PromptError, match=message):
        prompt(code)


@pytest.mark.parametrize(
    ("code", "name"),
    [
        ("x = 1\nfall.compare(x)", "fall"),
        ("fall.compare(x)\nprint()", None),
        ("y = fall.compare(x)", None),
        ("fall.other(x)", None),
        ("a.fall.compare(x)", None),
        ("", None),
    ],
)
def test_a_comparison_is_the_last_line_of_its_cell(code, name):
    assert compared(cell(code, "")) == name


def test_a_lab_lists_its_prompts_and_where_each_is_compared(tmp_path):
    lab = lab_of(tmp_path)
    assert [found.name for found in prompts(lab)] == ["fall", "side", "best"]
    places = {name: [c.index for c in cells] for name, cells in comparisons(lab).items()}
    assert places == {"fall": [2], "side": [5], "best": [6]}


@pytest.mark.parametrize("renderer", ["smalldocs", "quarto"])
def test_the_page_has_a_form_for_each_prompt_and_its_code_folded(tmp_path, renderer):
    page = page_of(tmp_path, renderer)
    forms = page.select(".cell > form.predict:first-child")
    assert [form["data-name"] for form in forms] == ["fall", "side", "best"]
    assert [form["data-kind"] for form in forms] == ["number", "sign", "choice"]
    assert forms[0].legend.get_text() == "Predict: By what <factor> does loss fall?"
    assert forms[0].legend.code.get_text() == "loss"
    for form, code in zip(forms, (NUMBER, SIGN, CHOICE), strict=True):
        assert form.parent.select_one("details.code-fold code.sourceCode, details code")
        fold = form.find_next_sibling("details")
        assert fold.summary.get_text() == "Code"
        assert fold.pre.get_text() == code
        assert not form.parent.select(".cell-output")
    assert [s["src"] for s in page.select("script[defer]")] == ["../styles/predict.js"]
    assert (tmp_path / "styles" / "predict.js").read_bytes() == SCRIPT.read_bytes()


def test_without_a_script_the_question_is_text_and_nothing_waits_for_an_answer(tmp_path):
    for form in page_of(tmp_path).select("form.predict"):
        (answer,) = form.select(".predict-answer[hidden]")
        ways = form.select_one(".predict-ways")
        assert ways.get_text().startswith("(")
        assert not set(form.select("input, button, label")) - set(answer.find_all())


def test_every_control_has_a_name(tmp_path):
    page = page_of(tmp_path)
    for field in page.select("form.predict input"):
        assert field.find_parent("label").get_text(strip=True)
    assert [b.get_text() for b in page.select("form[data-name=side] button")] == [
        "+ positive",
        "0 zero",
        "− negative",
    ]
    ids = [element["id"] for element in page.select("[id]") if element["id"] != "cb1"]
    assert len(ids) == len(set(ids))
    for element in page.select("[aria-describedby]"):
        assert element["aria-describedby"] in ids


def test_the_outcome_says_what_came_out_in_words_and_for_the_script(tmp_path):
    marked = page_of(tmp_path).select(".predict-outcome")
    assert [(o["id"], o["data-shown"], o["data-came"]) for o in marked] == [
        ("outcome-fall", "1.94 s", "1.94"),
        ("outcome-side", "−2,000", "−"),
        ("outcome-best", "a & b", "a & b"),
    ]
    assert marked[0].get_text() == "Not predicted; it is 1.94 s."


def test_a_prediction_that_is_stored_stays_as_it_is(tmp_path):
    cells = [CELLS[0], ("fall.compare(1)", "You said 2 s, it is 1 s: within 100 %.", False)]
    assert page_of(tmp_path, cells=cells).select(".predict-outcome") == []


def test_a_second_run_changes_nothing(tmp_path):
    page = page_of(tmp_path)
    before = str(page)
    add_prompts(page, tmp_path / "notebooks" / "01-a.html", tmp_path, lab_of(tmp_path))
    assert str(page) == before


def test_a_lab_without_prompts_loads_no_script(tmp_path):
    page = page_of(tmp_path, cells=CELLS[1:2])
    assert page.select("script, form") == []
    assert not (tmp_path / "explorer").exists()


def test_in_print_a_prompt_is_a_question_and_its_outcome_a_sentence(tmp_path):
    cells = printed(lab_of(tmp_path)).cells
    asked = [c.source for c in cells if c.cell_type == "markdown" and "question(" in c.source]
    assert asked == [
        '```{=typst}\n#question("By what <factor> does loss fall? (in s)")\n```',
        '```{=typst}\n#question("Up or down? (positive, negative or zero)")\n```',
        '```{=typst}\n#question("Which wins? (OLS or a & b)")\n```',
    ]
    code = [c for c in cells if c.cell_type == "code"]
    assert [c.source for c in code] == [source for source, _, is_prompt in CELLS if not is_prompt]
    assert code[0].outputs[0].data["text/markdown"] == (
        '```{=typst}\n#printed("It is 1.94 s.")\n```'
    )


def test_a_student_gets_the_prompt_with_its_tag_and_without_its_output(tmp_path):
    handed = student_notebook(lab_of(tmp_path))
    tagged = [c for c in handed.cells if "predict" in c.metadata.get("tags", [])]
    assert [c.source for c in tagged] == [NUMBER, SIGN, CHOICE]
    assert all(c.outputs == [] for c in tagged)


def test_the_words_that_the_page_looks_for_are_those_of_labkit():
    assert str(Predict("What?").compare(2)) == "Not predicted; it is 2."


def test_every_prompt_of_every_lab_has_its_outcome_on_the_page(rendered):
    asked = 0
    for path in sorted((rendered / "notebooks").glob("[0-9]*.html")):
        page = parse(path.read_text(encoding="utf-8"))
        for form in page.select("form.predict"):
            assert page.find(id=f"outcome-{form['data-name']}"), (path.name, form["data-name"])
            asked += 1
    assert asked > 100
