"""Lab 3's graphs in a browser: every number is that of the lab's engine, and of torch."""

import numpy as np
import pytest

from course.explorers.graph import CHAIN, RIDGE, data, evaluated, lab

LAB, DATA = lab(), data()
PAGE = "notebooks/03-autograd.html"
FIGURE = "[data-explorer=graph]"
LEAVES = [-3.0, -1.3, 0.0, 0.1, 2.0, 2.7]
CALLS = {
    "ridge": [["L"], ["L", "L"], ["L", "L", "reset", "L"], ["s", "L"]],
    "chain": [["h"], ["y", "h"], ["y", "reset", "h"], ["h", "h", "h"]],
}


@pytest.fixture(autouse=True)
def from_the_start(page):
    """Choose the other graph and this one again, which forgets what was called."""
    for graph in ("chain", "ridge"):
        choose(page, graph)
    put(page, leaf=2)


def choose(page, graph):
    page.locator(f"{FIGURE} [value={graph}]").check()


def put(page, **settings):
    for name, value in settings.items():
        page.locator(f"{FIGURE} [name={name}]").fill(str(value))


def press(page, label):
    page.locator(FIGURE).get_by_role("button", name=label, exact=True).click()


def shown(page):
    return page.evaluate(f"({{...document.querySelector('{FIGURE}').dataset}})")


def sentence(page):
    return page.locator(f"{FIGURE} .explorer-sentence").inner_text()


def words(page, kind):
    return page.locator(f"{FIGURE} svg").first.locator(f".{kind}").all_text_contents()


def run(page, graph, leaf, calls):
    """Return the figure's values, slopes, gradients and what happened."""
    return page.evaluate(
        """([graph, leaf, calls], g = explorers.figures.graph) => {
          const nodes = g.data[graph];
          return g.run(nodes, {[graph === "ridge" ? "w" : "x"]: leaf}, g.script(nodes, calls));
        }""",
        [graph, leaf, calls],
    )


def by_torch(graph, leaf, calls):
    """Return all values and gradients of torch, in double precision."""
    torch = pytest.importorskip("torch")

    def number(value):
        return torch.tensor(value, dtype=torch.float64, requires_grad=True)

    if graph == "ridge":
        w, x, t, lam = map(number, (leaf, 1.5, 4.0, 0.1))
        p = w * x
        r = t - p
        s, q = r**2, w**2
        c = lam * q
        every = dict(zip(RIDGE, (t, w, x, p, r, s, lam, q, c, s + c), strict=True))
    else:
        x = number(leaf)
        y = x**2
        z = 3 * y
        every = {"x": x, "y": y, "z": z, "h": z + 1}
    for value in every.values():
        value.retain_grad()
    for call in calls:
        for value in every.values():  # between results torch doesn't reset what it was told to keep
            if call == "reset" or not value.is_leaf:
                value.grad = None
        if call != "reset":
            every[call].backward(retain_graph=True)
    values = {name: value.item() for name, value in every.items()}
    grads = {name: v.grad.item() for name, v in every.items() if v.grad is not None}
    return values, grads


@pytest.mark.parametrize("leaf", LEAVES)
@pytest.mark.parametrize(
    ("graph", "calls"), [(graph, calls) for graph, several in CALLS.items() for calls in several]
)
def test_every_value_and_gradient_is_that_of_torch(page, graph, calls, leaf):
    found = run(page, graph, leaf, calls)
    values, grads = by_torch(graph, leaf, calls)
    for name, value in values.items():
        assert found["values"][name] == pytest.approx(value, rel=1e-12, abs=1e-15)
    for name, grad in grads.items():
        assert found["grads"][name] == pytest.approx(grad, rel=1e-12, abs=1e-14)
    # What torch has no gradient for has none here, or the 0 that a reset or a new call leaves.
    assert not any(found["grads"][name] for name in set(found["grads"]) - set(grads))


@pytest.mark.parametrize("leaf", LEAVES)
def test_every_step_of_the_engine_is_the_labs(page, leaf):
    Value, in_order = LAB["Value"], LAB["in_order"]
    w, x, t, penalty = Value(leaf, "w"), Value(1.5, "x"), Value(4.0, "t"), Value(0.1, "λ")
    loss = (t - w * x) ** 2 + penalty * w**2
    name = dict(zip(evaluated(loss), RIDGE, strict=True))
    found = run(page, "ridge", leaf, ["L"])
    order = page.evaluate(
        "explorers.figures.graph.inOrder(explorers.figures.graph.data.ridge, 'L')"
    )
    assert order == [name[value] for value in in_order(loss)]
    LAB["backward"](loss)
    for value in in_order(loss):
        assert found["values"][name[value]] == value.data
        assert found["grads"][name[value]] == value.grad
        assert found["slopes"].get(name[value], []) == [slope for _, slope in value.edges]
    edges = [event for event in found["record"] if event["kind"] == "edge"]
    assert [(e["name"], e["parent"], e["brought"]) for e in edges] == [
        (name[value], name[parent], slope * value.grad)
        for value in reversed(in_order(loss))
        for parent, slope in value.edges
    ]


def test_the_graphs_are_the_labs():
    chain = LAB["plus"](LAB["times"](3, LAB["y_own"]), 1)
    for graph, end, names in (("ridge", LAB["ridge_loss"], RIDGE), ("chain", chain, CHAIN)):
        name = dict(zip(evaluated(end), names, strict=True))
        for value, node in zip(evaluated(end), DATA[graph], strict=True):
            assert node["name"] == name[value]
            assert node["parents"] == [name[parent] for parent, _ in value.edges]
            if not value.edges and value.name:
                assert value.name == node["name"]


def test_at_first_two_paths_meet_at_the_weight_and_their_gradients_add(page):
    _, grads = by_torch("ridge", 2.0, ["L"])
    assert float(shown(page)["grad"]) == pytest.approx(grads["w"])
    assert sentence(page) == (
        "dL/dq = 0.1, times dq/dw = 4: 0.4. Two paths meet at w, and gradients add: "
        f"w.grad = −3 + 0.4 = −{abs(grads['w']):g}."
    )
    assert "4 × 0.1 = 0.4" in words(page, "slope")
    assert f"grad −{abs(grads['w']):g}" in words(page, "grad")


def test_without_a_reset_gradients_add_up_and_a_reset_begins_afresh(page):
    once = float(shown(page)["grad"])
    press(page, "L.backward()")
    assert float(shown(page)["grad"]) == pytest.approx(2 * once)
    assert "Of this, −2.6 is left from before: nobody has reset it." in sentence(page)
    press(page, "Reset gradients")
    assert float(shown(page)["grad"]) == 0
    assert sentence(page).startswith("Reset: w.grad is 0")
    assert words(page, "slope.passed") == words(page, "slope.present") == []
    press(page, "L.backward()")
    assert float(shown(page)["grad"]) == pytest.approx(once)
    assert shown(page)["calls"] == "L L reset L"


def test_the_labs_two_calls_leave_4_and_then_16(page):
    choose(page, "chain")
    after = [float(by_torch("chain", 2.0, calls)[1]["x"]) for calls in (["y"], ["y", "h"])]
    assert float(shown(page)["grad"]) == after[1]
    assert sentence(page) == (
        "dh/dy = 3, times dy/dx = 4: 12. Nobody has reset the gradient, so it adds: "
        f"x.grad = {after[0]:g} + 12 = {after[1]:g}."
    )
    said = []
    while int(shown(page)["step"]):
        press(page, "Back")
        said.insert(0, sentence(page))
    assert said[1] == "Forward: y = x² = 2² = 4. Noted on the way: dy/dx = 4."
    assert said[4] == "y.backward() begins at the end: dy/dy = 1."
    assert said[5] == f"dy/dy = 1, times dy/dx = 4: dy/dx = {after[0]:g}."
    assert said[6] == f"h.backward() begins at the end: dh/dh = 1. x.grad still holds {after[0]:g}."
    assert said[8] == "dh/dz = 1, times dz/dy = 3: dh/dy = 3."
    put(page, step=3)  # a call from the middle: only what has begun before it stays
    press(page, "h.backward()")
    assert shown(page)["calls"] == "h"
    assert float(shown(page)["grad"]) == 12


@pytest.mark.parametrize("leaf", LEAVES)
@pytest.mark.parametrize(("graph", "calls"), [("ridge", ["L"]), ("chain", ["y", "h"])])
def test_the_slider_leads_to_torchs_numbers(page, graph, calls, leaf):
    choose(page, graph)
    put(page, leaf=leaf)
    values, grads = by_torch(graph, leaf, calls)
    at, name = shown(page), {"ridge": "w", "chain": "x"}[graph]
    assert float(at["leaf"]) == leaf
    assert float(at["value"]) == pytest.approx(values[calls[-1]], rel=1e-12)
    assert float(at["grad"]) == pytest.approx(grads[name], rel=1e-12, abs=1e-14)
    in_words = f"{float(f'{grads[name] + 0:.3g}'):g}".replace("-", "−")
    assert f"= {in_words}." in sentence(page) or abs(grads[name]) < 1e-12
    assert f"grad {in_words}" in words(page, "grad") or abs(grads[name]) < 1e-12
    assert page.locator(f"{FIGURE} .explorer-leaf label").inner_text() == f"Value of {name}"


def test_values_appear_node_by_node_and_gradients_edge_by_edge(page):
    put(page, step=0)
    assert [len(words(page, kind)) for kind in ("value.later", "slope", "grad")] == [6, 0, 0]
    assert "The leaves have their values" in sentence(page)
    seen = []
    for _ in range(int(shown(page)["steps"])):
        press(page, "Step")
        seen.append([len(words(page, kind)) for kind in ("value.later", "slope", "slope.passed")])
    later, slopes, passed = np.array(seen).T
    assert later.tolist() == [5, 4, 3, 2, 1] + [0] * 12
    assert slopes.tolist() == [2, 4, 5, 6, 8] + [10] * 12
    assert passed.tolist() == [0] * 8 + list(range(1, 10))  # and the present one
    button = page.locator(FIGURE).get_by_role("button", name="Step", exact=True)
    assert button.evaluate("(e) => e === document.activeElement")  # the keyboard keeps its place
    assert button.get_attribute("aria-disabled") == "true"
    page.keyboard.press("Enter")
    assert shown(page)["step"] == shown(page)["steps"]


def test_the_list_says_where_lines_are_left_out_and_buttons_where_nothing_is_left(page):
    lines = page.locator(f"{FIGURE} .code")
    assert lines.first.text_content() == "…"
    assert lines.last.text_content() == "w.grad += 4 × 0.1  → −2.6"
    put(page, step=16)
    assert lines.count() == 16
    assert lines.first.text_content().startswith("p = w × x")
    put(page, step=0)
    disabled = f"{FIGURE} button[aria-disabled=true]"
    assert page.locator(disabled).all_text_contents() == ["Back"]
