"""What a visitor does on the site, by mouse and by keyboard alone, with a server and without."""

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
from site_pages import listed

from .conftest import CLASS_ROOM

# Those further down are fetched when one comes near them.
ALL_SHOWN = """Promise.all([...document.images].map((image) => {
  image.loading = "eager";
  return image.decode().then(() => image.naturalWidth > 0, () => false);
})).then((shown) => shown.every(Boolean))"""
PAGES = [Path(name).with_suffix(".html").as_posix() for name in listed()]
LAB = "notebooks/01-training-loop.html"
PRESSES = ["click", "Enter", "Space"]

# The element that has the focus, whether one sees that it has, and where it leads.
FOCUSED = """() => {
  const element = document.activeElement, style = getComputedStyle(element);
  const [box] = element.getClientRects();  // the first, of a link on two lines
  const at = document.elementFromPoint(box.x + box.width / 2, box.y + Math.min(box.height, 20) / 2);
  return {
    name: element.tagName,
    text: (element.getAttribute("aria-label") || element.textContent || "").trim().slice(0, 40),
    marked: parseFloat(style.outlineWidth) > 0 && style.outlineStyle !== "none"
      || style.boxShadow !== "none",
    seen: box.width > 0 && box.height > 0 && Boolean(at)
      && (element.contains(at) || at.contains(element)),
    number: (window.reached ??= []).push(element),
  };
}"""
# What a mouse can press and the Tab key has not reached.
# Of radio buttons the Tab key reaches one, and the arrows the others.
MISSED = """() => [...document.querySelectorAll("a[href], button, input, summary")]
  .filter((e) => e.checkVisibility({ visibilityProperty: true }) && !reached.includes(e))
  .filter((e) => e.type !== "radio" || !reached.some((r) => r.type === "radio" &&
    r.form === e.form))
  .map((e) => e.outerHTML.slice(0, 120))"""


def press(page, element, how):
    if how == "click":
        element.click()
    else:
        element.focus()
        page.keyboard.press(how)


def scheme(page):
    return page.evaluate("document.documentElement.dataset.scheme ?? 'default'")


def ground(page):
    return page.evaluate("getComputedStyle(document.body).backgroundColor")


def here(page, site_url):
    return unquote(page.url.removeprefix(f"{site_url}/").split("#")[0])


@pytest.mark.parametrize(
    ("path", "width"), [("index.html", 1280), (LAB, 1280), (LAB, 1024), (LAB, 390)]
)
def test_the_tab_key_reaches_everything_and_one_sees_where_it_is(open_page, path, width):
    page = open_page(path, width=width, reduced_motion="reduce")  # nor is anything on its way
    stops = []
    for _ in range(400):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUSED)
        if stop["name"] == "BODY":
            break
        stops.append(stop)
    else:
        pytest.fail(f"the Tab key does not leave the page; at last: {stops[-3:]}")
    assert len(stops) > 20
    assert [s for s in stops if not s["marked"]] == []
    assert [s for s in stops if not s["seen"]] == []
    assert page.evaluate(MISSED) == []


def test_the_first_stop_leads_past_the_menus(open_page):
    page = open_page(LAB)
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED)["text"] == "Skip to the text"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.closest('main') !== null")


@pytest.mark.parametrize(
    ("how", "dark"), [("click", False), ("Enter", True), ("Space", False)], ids=PRESSES
)
def test_the_chosen_colours_stay_on_the_next_page(open_page, how, dark):
    page = open_page(dark=dark)
    before = scheme(page), ground(page)
    press(page, page.locator(".quarto-color-scheme-toggle"), how)
    after = scheme(page), ground(page)
    assert before[0] != after[0]
    assert before[1] != after[1]
    page.locator(".nav-page-next a").click()
    page.wait_for_url(f"**/{PAGES[1]}")
    assert (scheme(page), ground(page)) == after
    page.reload()
    assert (scheme(page), ground(page)) == after


@pytest.mark.parametrize("how", PRESSES)
def test_the_copy_button_copies_the_code_as_it_stands(open_page, how):
    page = open_page(LAB, permissions=["clipboard-read", "clipboard-write"])
    block = page.locator(".code-copy-outer-scaffold").nth(2)
    block.hover()
    press(page, block.locator(".code-copy-button"), how)
    page.wait_for_selector(".code-copy-button-checked")
    code = block.locator("pre code").inner_text()
    assert "\n" in code
    assert page.evaluate("navigator.clipboard.readText()") == code


def test_the_copy_button_copies_in_a_class_room_without_https(open_page, site_url):
    page = open_page(base=site_url.replace("127.0.0.1", CLASS_ROOM))
    assert not page.evaluate("isSecureContext")
    block = page.locator(".code-copy-outer-scaffold").first
    block.hover()
    block.locator(".code-copy-button").click()
    page.wait_for_selector(".code-copy-button-checked")
    page.locator("#quarto-search input").focus()
    page.keyboard.press("Control+V")
    code = block.locator("pre code").inner_text().strip()
    assert code
    assert page.locator("#quarto-search input").input_value() == code


@pytest.mark.parametrize("how", PRESSES)
@pytest.mark.parametrize("what", ["Hint", "Solution"])
def test_a_hint_and_a_solution_are_folded_until_asked_for(open_page, what, how):
    page = open_page(LAB)
    fold = page.locator("details", has=page.locator("summary", has_text=what)).first
    inside = fold.locator(":scope > :not(summary)").first
    assert not inside.is_visible()
    press(page, fold.locator("summary"), how)
    assert inside.is_visible()
    press(page, fold.locator("summary"), how)
    assert not inside.is_visible()


@pytest.mark.parametrize("how", PRESSES[:2])
def test_a_lab_is_downloaded_as_the_notebook_that_its_page_offers(open_page, site, how):
    page = open_page(LAB)
    for link in page.locator(".lab-download a[href$=ipynb]").all():
        name = link.get_attribute("href")
        with page.expect_download() as download:
            press(page, link, how)
        assert download.value.suggested_filename == name
        expected = (site / LAB).with_name(name).read_bytes()
        assert Path(download.value.path()).read_bytes() == expected


def test_next_leads_through_the_course_and_previous_back(open_page, site_url):
    page = open_page(PAGES[0])
    seen = [here(page, site_url)]
    while page.locator(".nav-page-next a").count():
        press(page, page.locator(".nav-page-next a"), ["click", "Enter"][len(seen) % 2])
        page.wait_for_url(lambda url: urlsplit(url).path[1:] != seen[-1])
        seen.append(here(page, site_url))
    assert seen == PAGES
    press(page, page.locator(".nav-page-previous a"), "Enter")
    page.wait_for_url(f"**/{seen[-2]}")


def test_each_link_of_the_menu_leads_to_its_page(open_page, site_url):
    page = open_page()
    for number, path in enumerate(PAGES[1::4]):  # tests/test_site.py follows all of them
        name = path.split("/")[-1]
        link = page.locator(f'#quarto-sidebar a[href$="{name}"]')
        assert link.count() == 1
        press(page, link, ["click", "Enter"][number % 2])
        page.wait_for_url(f"**/{path}")
        assert page.locator(f'#quarto-sidebar a[aria-current="page"][href$="{name}"]').count() == 1


def test_each_heading_of_the_list_leads_to_its_place_below_the_bar(open_page):
    page = open_page(LAB, reduced_motion="reduce")
    bar = page.evaluate("document.querySelector('#quarto-header').offsetHeight")
    for number, link in enumerate(page.locator("#TOC .toc-heading").all()):
        press(page, link, ["click", "Enter"][number % 2])
        target = unquote(link.get_attribute("href"))[1:]
        page.wait_for_function("id => location.hash === '#' + encodeURI(id)", arg=target)
        top = page.evaluate("id => document.getElementById(id).getBoundingClientRect().top", target)
        end = page.evaluate("scrollY + innerHeight >= document.body.scrollHeight - 2")
        assert bar <= top + 1, f"{target} is under the bar"
        assert top < 200 or end, f"{target} is at {top} px"


@pytest.mark.parametrize("how", PRESSES)
def test_a_section_of_the_menu_folds(open_page, how):
    page = open_page()
    link = page.locator('#quarto-sidebar a[href$="02-from-scratch.html"]')
    button = page.locator("#quarto-sidebar .sidebar-item-toggle").first
    press(page, button, how)
    link.wait_for(state="hidden")
    assert button.get_attribute("aria-expanded") == "false"
    press(page, button, how)
    link.wait_for(state="visible")


@pytest.mark.parametrize("how", PRESSES)
def test_on_a_telephone_the_menu_opens_and_escape_closes_it(open_page, how):
    page = open_page(LAB, width=390)
    button = page.get_by_role("button", name="Course menu")
    link = page.locator("#quarto-sidebar a").last
    assert not link.is_visible()
    press(page, button, how)
    link.wait_for(state="visible")
    page.keyboard.press("Escape")
    link.wait_for(state="hidden")
    assert button.evaluate("button => document.activeElement === button")
    press(page, button, how)
    press(page, page.locator("#quarto-sidebar").get_by_role("button", name="Close"), how)
    link.wait_for(state="hidden")
    press(page, button, how)
    link.click()
    page.wait_for_url(f"**/{PAGES[-1]}")


@pytest.mark.parametrize("width", [1280, 390])
def test_the_course_menu_begins_where_one_is(open_page, width):
    page = open_page(PAGES[-1], width=width)
    page.set_viewport_size({"width": width, "height": 500})
    if width < 1280:
        page.get_by_role("button", name="Course menu").click()
    else:
        page.reload()
    here = page.locator("#quarto-sidebar .active").bounding_box()
    assert 0 < here["y"] < 500 - here["height"]


def test_an_open_menu_closes_where_the_window_has_room_for_it_beside_the_text(open_page):
    page = open_page(LAB, width=390)
    page.get_by_role("button", name="Course menu").click()
    page.set_viewport_size({"width": 1300, "height": 900})
    page.wait_for_function("!document.querySelector(':popover-open')")
    assert page.locator("#quarto-sidebar a").last.is_visible()


def test_on_a_telephone_search_opens_over_the_header_and_the_colours_are_beside_it(open_page):
    page = open_page(LAB, width=390)
    before = ground(page)
    page.locator(".quarto-color-scheme-toggle").click()
    assert ground(page) != before
    field = page.get_by_role("searchbox", name="Search")
    assert field.bounding_box()["width"] < 60
    field.click()
    assert field.bounding_box()["width"] > 300
    field.fill("eigenvalue")
    page.locator(".search-result").first.wait_for()
    box = page.locator(".smalldocs-search-results").bounding_box()
    assert box["x"] >= 0, box
    assert box["x"] + box["width"] <= 390, box


@pytest.mark.parametrize(("how", "path"), [("click", "index.html"), ("Enter", LAB), ("Tab", LAB)])
def test_search_finds_a_term_and_leads_to_it(open_page, how, path):
    page = open_page(path)
    page.keyboard.press("/")
    # At once: who pauses in typing is shown what the first letters find, and a busy machine pauses.
    page.keyboard.insert_text("monte carlo")
    result = page.locator(".search-result").first
    result.wait_for()
    assert "monte carlo" in result.inner_text().lower()
    target = result.evaluate("link => link.href")
    if how == "click":
        result.click()
    else:
        page.keyboard.press("ArrowDown" if how == "Enter" else "Tab")
        page.keyboard.press("Enter")
    page.wait_for_url(target)
    assert "monte carlo" in page.locator("main").inner_text().lower()
    anchor = urlsplit(target).fragment
    assert not anchor or page.evaluate("id => document.getElementById(id) !== null", anchor)


@pytest.mark.parametrize(
    ("asked", "title", "section"),
    [
        ("weight decay", "weight decay", "Term: "),
        ("lab 7", "Lab 7: ", ""),
        ("Lab 12", "Lab 12: ", ""),
        ("fit_torch", "labkit", ""),
        ("nesterov exercise", "Lab 10: ", "Exercise 2"),
    ],
)
def test_search_finds_terms_first_and_knows_labs_by_number(open_page, asked, title, section):
    page = open_page()
    page.locator("#quarto-search input").fill(asked)
    first = page.locator(".search-result").first
    first.wait_for()
    said = first.inner_text().lower()
    assert title.lower() in said
    assert section.lower() in said
    assert "\\" not in page.locator(".smalldocs-search-results").inner_text()


@pytest.mark.parametrize("asked", ["wieght dacey", "eigenvlaue zebra", "lab 123456"])
def test_search_does_not_offer_what_is_merely_alike(open_page, asked):
    page = open_page()
    page.locator("#quarto-search input").fill(asked)
    page.get_by_text("No results").wait_for()


def test_search_says_that_it_found_nothing_and_escape_closes_it(open_page):
    page = open_page()
    field, results = page.locator("#quarto-search input"), page.locator(".smalldocs-search-results")
    field.fill("zzzqqqxxx")
    results.get_by_text("No results").wait_for()
    page.keyboard.press("Escape")
    results.wait_for(state="hidden")
    field.fill("gradient")
    page.locator(".search-result").first.wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.matches('.search-result:nth-child(2)')")
    page.keyboard.press("Escape")
    results.wait_for(state="hidden")
    assert page.evaluate("document.activeElement.matches('#quarto-search input')")


def test_brackets_grow_with_what_they_hold(open_page):
    page = open_page("notebooks/07-honest-baselines.html")
    page.evaluate("() => document.fonts.ready")
    sizes = page.evaluate(
        """() => [...document.querySelectorAll('math mo[minsize="1.623em"]')].map((mo) =>
          mo.getBoundingClientRect().height / parseFloat(getComputedStyle(mo).fontSize))"""
    )
    assert len(sizes) >= 2
    assert min(sizes) > 1.6


def test_nothing_moves_for_a_visitor_who_wants_no_motion(open_page):
    moves = """() => [...document.querySelectorAll("*")].filter((e) => {
      const s = getComputedStyle(e), long = (t) => t.split(",").some((x) => parseFloat(x) > 0);
      return long(s.transitionDuration) && s.transitionProperty !== "none"
        || s.animationName !== "none" || s.scrollBehavior === "smooth";
    }).map((e) => e.outerHTML.slice(0, 80))"""
    for path in (LAB, "explorer.html"):
        page = open_page(path, reduced_motion="reduce")
        assert page.evaluate(moves) == []
    assert open_page(LAB, reduced_motion="no-preference").evaluate(moves) != []


@pytest.mark.parametrize("path", [LAB, "index.html"])
def test_the_text_is_painted_before_any_script_of_a_file_has_come(browser, site_url, path):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    try:
        held = []
        context.route(re.compile(r"\.js($|\?)"), lambda route: held.append(route))
        page = context.new_page()
        page.goto(f"{site_url}/{path}", wait_until="commit")
        page.wait_for_function("performance.getEntriesByName('first-contentful-paint').length")
        page.locator("main h1").wait_for()
        assert len(held) >= 3, "no script was asked for"
        for route in held:
            route.abort()
    finally:
        context.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_pages_are_whole_without_any_script(open_page, width):
    layout = (Path(__file__).parent / "layout.js").read_text(encoding="utf-8")
    page = open_page(LAB, width=width, java_script_enabled=False)
    assert page.evaluate(layout) == []
    assert page.locator("main h2").count() > 8
    page.locator("summary", has_text="Hint").first.click()


@pytest.mark.parametrize("path", PAGES)
def test_a_page_reads_well_as_a_file(browser, site, path):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    try:
        page = context.new_page()
        faults = []
        page.on("console", lambda m: m.type == "error" and faults.append(m.text))
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("requestfailed", lambda request: faults.append(request.url))
        page.goto((site / path).as_uri())
        assert ground(page) == "rgb(253, 252, 249)", "the styles are not there"
        assert page.evaluate(ALL_SHOWN)
        flat = """() => [...document.querySelectorAll("math")].filter((math) =>
          math.checkVisibility() && math.getBoundingClientRect().height < 5).length"""
        assert page.evaluate(flat) == 0
        assert not page.locator("#quarto-search").is_visible(), "a file has no index to search"
        page.locator(".quarto-color-scheme-toggle").click()
        assert ground(page) != "rgb(253, 252, 249)"
        link = page.locator("#quarto-sidebar a:not(.active)").first
        target = link.evaluate("link => link.href")
        assert target.startswith("file:")
        link.click()
        page.wait_for_url(target)
        page.locator("main h1").wait_for()
        assert faults == []
    finally:
        context.close()


# What Quarto's script does to the links of a page, as soon as all of it is there.
REWRITE_LINKS = """document.addEventListener("DOMContentLoaded", () => {
  for (const link of document.querySelectorAll("a[href]")) {
    link.dataset.originalHref = link.href;
    link.href = link.href.replace("/index.html", "/");
  }
})"""


def test_the_skip_link_of_the_front_page_does_not_load_it_again(open_page):
    page = open_page("terms.html")
    page.add_init_script(REWRITE_LINKS)
    page.goto(page.url.replace("terms.html", "index.html"))
    page.evaluate("window.stayed = true")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("[window.stayed, document.activeElement.tagName]") == [True, "MAIN"]
    assert page.locator("#quarto-sidebar a").first.get_attribute("href").endswith("/")
