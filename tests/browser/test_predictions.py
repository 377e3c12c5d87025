"""The predict prompts in a browser: by mouse and keys, kept for the visit, with labkit's words."""

import random

import pytest
from prompts_page import cell, page_of, sentences

from course import ROOT
from course.predictions import read
from course.site.prompts import came

from .test_pages import RULES, violations

# Answers many prompts of one kind, each with an outcome of its own; returns what is then said.
MANY = """([kind, unit, cases]) => cases.map(([typed, came, shown]) => {
  const form = document.querySelector("form.predict[data-name=fall]");
  const outcome = document.getElementById("outcome-fall");
  form.dataset.unit = unit;
  [outcome.dataset.came, outcome.dataset.shown] = [came, shown];
  form.querySelector("input").value = typed;
  form.requestSubmit();
  return outcome.textContent.trim();
})"""
SIZES = [1e-300, 1e-9, 1e-5, 1e-4, 1e-3, 0.1, 1, 1, 1, 10, 100, 1000, 1e4, 1e6, 1e8, 1e9, 1e12]
EDGES = [0.0, 1.125, 2.125, -1.125, 0.5, 999.4, 999.5, 999.6, 1000.5, 1001.5, 1234.5, 99.95, 1e9]
EDGES += [999_999_999.5, 0.0001, 0.00009999, 1.005, 2.675, 1e-5, 123456, 3, -3, 2, 1e300, -1e300]


@pytest.fixture(scope="module")
def address(tmp_path_factory, browser):
    """Write the page of tests/prompts_page.py where a browser can open it as a file."""
    folder = tmp_path_factory.mktemp("prompts")
    styles = sorted((ROOT / "styles").glob("*.css"))
    (folder / "site.css").write_bytes(b"".join(path.read_bytes() for path in styles))
    path = folder / "notebooks" / "01-a.html"
    path.parent.mkdir()
    path.write_text(str(page_of(folder, css="../site.css")), encoding="utf-8")
    return path.as_uri()


@pytest.fixture
def visit(browser, contexts, faults, address):
    """Return a function that opens the page for a visitor of its own."""

    def visit(**options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(address)
        return page

    return visit


def numbers(count):
    """Draw numbers of all sizes, with few digits and with many; the edges come first."""
    draw = random.Random(15)
    drawn = [draw.choice(SIZES) * draw.uniform(-1, 5) for _ in range(count)]
    return EDGES + [round(x, draw.randint(0, 6)) if draw.random() < 0.5 else x for x in drawn]


def test_the_sentences_are_those_of_labkit_for_many_numbers(visit):
    page = visit()
    said, came_out = numbers(400), numbers(400)
    random.Random(2).shuffle(came_out)
    pairs = list(zip(said, came_out, strict=True)) + [(x, x) for x in EDGES]
    draw = random.Random(3)
    pairs += [(x, x * draw.uniform(0.4, 2.2)) for x in numbers(100)]
    for unit in ("", "ms"):
        asked = read(_number_prompt(unit))
        cases, expected = [], []
        for guess, value in pairs:
            before, after = sentences("number", guess, value, unit)
            shown = before.removeprefix("Not predicted; it is ").removesuffix(".")
            cases.append([repr(guess), came(asked, shown), shown])
            expected.append(after)
        found = page.evaluate(MANY, ["number", unit, cases])
        wrong = [
            (case[0], is_, ought)
            for case, is_, ought in zip(cases, found, expected, strict=True)
            if is_ != ought
        ]
        assert wrong == []


def _number_prompt(unit):
    return cell(f'fall = Predict("What?", unit="{unit}")\nfall(...)', "", is_prompt=True)


TYPED = {
    "2": "2", " 1,000 ": "1,000", "0,5": "0.5", "1/3": "0.333", "−3": "-3", ".5": "0.5",
    "2 s": "2", "2s": "2", "1e-3": "0.001", "+4": "4", "1,234,567.8": "1,234,568", "12,5": "12.5",
}  # fmt: skip


def test_a_number_is_understood_as_people_type_it(visit):
    page = visit()
    for typed, said in TYPED.items():
        page.get_by_label("Your number").fill(typed)
        page.keyboard.press("Enter")
        status = page.locator("form[data-name=fall] [role=status]").inner_text()
        assert status.startswith(f"You said {said} s."), typed


def test_what_is_no_number_is_asked_for_again(visit):
    page = visit()
    field = page.get_by_label("Your number")
    for typed in ("", "two", "1/0", "1e999", "1 2", "1/2/3", "nan", "0x10", "2 ms"):
        field.fill(typed)
        page.keyboard.press("Enter")
        status = page.locator("form[data-name=fall] [role=status]").inner_text()
        assert status == "Not noted: write a number, such as 2, 0.5 or 1e-3.", typed
        assert field.get_attribute("aria-invalid") == "true"
        assert page.evaluate("document.activeElement.name") == "prediction"
    assert page.locator("#outcome-fall").inner_text() == "Not predicted; it is 1.94 s."
    field.fill("2")
    page.keyboard.press("Enter")
    assert field.get_attribute("aria-invalid") is None


def answer_all(page):
    """Answer the three prompts with the keyboard alone."""
    page.get_by_label("Your number").focus()
    page.keyboard.type("2")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.get_by_role("button", name="positive").focus()
    page.keyboard.press("Enter")
    page.get_by_label("OLS").focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")


ANSWERED = [
    "You said 2 s, it is 1.94 s: within 4 %.",
    "You said +, it is −2,000: worth a thought.",
    "You said a & b, it is a & b: as you said.",
]


def test_what_was_said_stays_beside_what_came_out_for_the_visit(visit):
    page = visit()
    outcomes = page.locator(".predict-outcome")
    before = outcomes.all_inner_texts()
    answer_all(page)
    assert outcomes.all_inner_texts() == ANSWERED
    page.reload()
    assert outcomes.all_inner_texts() == ANSWERED
    said = page.locator(".predict-said").all_inner_texts()
    assert [s.split(". ")[0] for s in said] == ["You said 2 s", "You said +", "You said a & b"]
    assert page.get_by_label("Your number").input_value() == "2"
    assert page.locator("button[aria-pressed=true]").inner_text() == "+ positive"
    assert page.get_by_label("a & b").is_checked()
    page.locator("form[data-name=side] a").click()
    assert page.evaluate("location.hash") == "#outcome-side"
    assert visit().locator(".predict-outcome").all_inner_texts() == before  # nobody else's


def test_another_prediction_takes_the_place_of_the_first(visit):
    page = visit()
    for button in ("positive", "negative", "zero"):
        page.get_by_role("button", name=button).click()
    assert page.locator("button[aria-pressed=true]").all_inner_texts() == ["0 zero"]
    assert page.locator("#outcome-side").inner_text().startswith("You said 0, it is −")


def test_a_choice_must_be_made_first(visit):
    page = visit()
    page.locator("form[data-name=best] button").click()
    said = page.locator("form[data-name=best] [role=status]").inner_text()
    assert said == "Not noted: choose one first."


def test_without_a_script_there_is_the_question_and_no_form(visit):
    page = visit(java_script_enabled=False)
    form = page.locator("form[data-name=best]")
    assert form.inner_text().split("\n\n") == ["Predict: Which wins?", "(OLS or a & b)"]
    assert page.locator("#outcome-best").inner_text() == "Not predicted; it is a & b."


def test_in_print_there_is_the_question_and_no_form(visit):
    page = visit()
    answer_all(page)
    page.emulate_media(media="print")
    assert page.locator(".cell:has(> form)").nth(2).inner_text().split("\n\n") == [
        "Predict: Which wins?",
        "(OLS or a & b)",
    ]


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_axe_finds_nothing_on_a_telephone(visit, dark):
    page = visit(viewport={"width": 390, "height": 844})
    if dark:
        page.evaluate("document.documentElement.dataset.scheme = 'alternate'")
    axe = pytest.importorskip(
        "axe_playwright_python.base", reason="axe-playwright-python is missing"
    )
    answer_all(page)
    page.evaluate("document.activeElement.blur()")
    page.evaluate(axe.AXE_SCRIPT)
    where = {"include": [["form.predict"], [".predict-outcome"]]}
    assert violations(page, where, {"runOnly": RULES}) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
