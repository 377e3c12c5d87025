"""Every page, light and dark, on a wide screen and on a telephone."""

from pathlib import Path

import pytest
from site_pages import listed

HERE = Path(__file__).parent
LAYOUT = (HERE / "layout.js").read_text(encoding="utf-8")
SAMPLES = (HERE / "samples.js").read_text(encoding="utf-8")
PAGES = [str(Path(name).with_suffix(".html").as_posix()) for name in listed()]

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
# Two rules take most of axe's time on a page of a thousand coloured words, and see only looks.
LOOKS = ["color-contrast", "link-in-text-block"]
# Code is thousands of coloured words: axe would go through all for the few that are samples, and
# for rules that see no looks. The colours say nothing to a screen reader.
PLAIN_CODE = """() => document.querySelectorAll("pre code").forEach((code) => {
  if (!code.querySelector("a, [data-sample]")) code.textContent = code.textContent;
})"""
# Two widths in each mode, so that the rules which see no looks are applied to each width once.
VISITS = {"light": (1280, 390), "dark": (390, 1280)}


@pytest.fixture(scope="module", params=[(p, m) for p in PAGES for m in VISITS], ids="-".join)
def visit(request, open_page, contexts):
    """Open a page in one mode; the tests change its width."""
    path, mode = request.param
    page = open_page(path, width=VISITS[mode][0], dark=mode == "dark", reduced_motion="reduce")
    assert page.evaluate("document.documentElement.dataset.scheme === 'alternate'") == (
        mode == "dark"
    )
    axe = pytest.importorskip(
        "axe_playwright_python.base", reason="axe-playwright-python is missing"
    )
    page.evaluate("() => document.fonts.ready")
    page.evaluate(axe.AXE_SCRIPT)
    # axe judges no contrast on a gradient, and has one behind all that scrolls: a shadow's.
    page.add_style_tag(content="* { background-image: none !important; }")
    yield page, mode
    contexts.remove(page.context)
    page.context.close()


def narrow_or_wide(page, width):
    if page.viewport_size["width"] != width:
        page.set_viewport_size({"width": width, "height": 900})


def violations(page, where, options):
    """Run axe and return a sentence for each element that breaks a rule."""
    options = {"resultTypes": ["violations"], **options}
    found = page.evaluate("([where, options]) => axe.run(where, options)", [where, options])
    return [
        f"{rule['id']}: {rule['help']}: {element['html'][:200]}"
        for rule in found["violations"]
        for element in rule["nodes"]
    ]


@pytest.mark.parametrize("turn", [0, 1], ids=["first", "then"])
def test_a_page_is_laid_out_whole_and_axe_finds_nothing(visit, turn):
    page, mode = visit
    width = VISITS[mode][turn]
    narrow_or_wide(page, width)
    wrong = page.evaluate(LAYOUT)
    samples = page.evaluate(SAMPLES)
    page.evaluate(PLAIN_CODE)
    if samples:
        wrong += violations(page, {"include": [["[data-sample]"]]}, {"runOnly": LOOKS})
    if turn == 1:
        options = {"runOnly": RULES, "rules": {rule: {"enabled": False} for rule in LOOKS}}
        wrong += violations(page, {"include": [["html"]]}, options)
    assert not wrong, f"{mode}, {width} px:\n" + "\n".join(wrong)
