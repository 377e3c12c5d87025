"""The words in the pictures of labs 3 and 10: none is cut at the edge, whatever is set."""

import pytest

GRAPH, VALLEY = "[data-explorer=graph]", "[data-explorer=valley]"
LEAVES = [-3.0, -2.7, -1.3, -0.5, 0.0, 0.1, 0.4, 1.1, 2.0, 2.3, 2.7, 2.9]

# The words that are cut at the picture's edge, and labels upon another or upon a box.
CROWDED = """(figure) => {
  const svg = document.querySelector(`${figure} svg`), {width} = svg.viewBox.baseVal;
  const at = (e, lead = 0) => {   // without the room above and below the letters
    const {x, y, width, height} = e.getBBox();
    return {words: e.textContent, left: x, right: x + width, top: y + lead, bottom: y + height - lead};
  };
  const all = [...svg.querySelectorAll("text")].map((e) => at(e));
  const labels = [...svg.querySelectorAll(".slope")].map((e) => at(e, 2));
  const others = [...labels, ...[...svg.querySelectorAll("rect")].map((e) => at(e))];
  const upon = (a, b) => a !== b && a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;
  return [...all.filter((a) => a.left < 0 || a.right > width), ...labels.filter((a) => others.some((b) => upon(a, b)))];
}"""  # noqa: E501
CUT = """(figure) => [...document.querySelectorAll(`${figure} svg text.label`)].filter((e) => {
  const {x, width} = e.getBBox();
  return x < 0 || x + width > e.ownerSVGElement.viewBox.baseVal.width;
}).map((e) => e.textContent)"""
# Go through settings on the page itself, where each takes a hundredth of the time;
# return those that show something wrong, with what.
EACH = """([figure, settings, wrong]) => {
  const put = (name, value) => {
    const control = document.querySelector(`${figure} [name=${name}]`);
    control.value = value;
    if (Number(control.value) !== value) throw new Error(`${name} can't be ${value}`);
    control.dispatchEvent(new Event("input", { bubbles: true }));
  };
  const found = [], look = eval(wrong);
  for (const setting of settings) {
    for (const [name, value] of Object.entries(setting)) put(name, value);
    const here = look(figure);
    if (here.length) found.push([setting, here]);
  }
  return [found, settings.length];
}"""


@pytest.fixture(scope="module", params=[1280, 1024, 390])
def page(request, browser, site_url):
    page = browser.new_page(viewport={"width": request.param, "height": 900})
    yield page
    page.close()


@pytest.fixture(scope="module")
def graph(page, site_url):
    page.goto(f"{site_url}/notebooks/03-autograd.html")
    return page


def wrong(page, figure, settings, script):
    """Return which of these settings show something wrong, and what."""
    found, tried = page.evaluate(EACH, [figure, settings, script])
    assert tried == len(settings) > 50
    return found


@pytest.mark.parametrize("expression", ["ridge", "chain"])
def test_lab_3s_words_stand_inside_and_its_labels_clear_of_each_other(graph, expression):
    graph.locator(f"{GRAPH} [value={expression}]").check()
    steps = int(graph.locator(f"{GRAPH} [name=step]").get_attribute("max"))
    settings = [{"leaf": leaf, "step": step} for leaf in LEAVES for step in range(steps + 1)]
    assert wrong(graph, GRAPH, settings, CROWDED) == []


@pytest.fixture(scope="module")
def valley(page, site_url):
    page.goto(f"{site_url}/notebooks/10-conditioning-and-momentum.html")
    return page


def test_lab_10s_labels_stand_inside_and_no_setting_moves_its_controls(valley):
    height = f"""(figure) => {{
      const height = document.querySelector(`${{figure}} .explorer-controls`).offsetHeight;
      return [...({CUT})(figure), ...(height === (window.stood ??= height) ? [] : [height])];
    }}"""
    fast = {"gd": 1, "heavy": 1, "adam": 1}
    slow = {"gd": -3, "heavy": -3, "adam": -3, "mu": 0}
    angles = (0, 30, 38, 40, 42, 44, 45, 46, 48, 50, 52, 60, 90)
    settings = [{}] + [
        {**rates, "angle": angle}
        for rates in ({"kappa": 0}, {"kappa": 1.8}, {"kappa": 2}, fast, slow)
        for angle in angles
    ]
    assert wrong(valley, VALLEY, settings, height) == []
