"""Lab 10's valley in a browser: its paths and counts are those of the lab's own functions."""

from functools import partial

import numpy as np
import pytest

from course.explorers.valley import STEPS, data, lab

LAB, DATA = lab(), data()
PAGE = "notebooks/10-conditioning-and-momentum.html"
FIGURE = "[data-explorer=valley]"
SHORT = {"gradient descent": "gd", "momentum": "heavy", "Adam": "adam"}


def rotation(angle):
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    return np.array([[c, -s], [s, c]])


def by_lab(rule, lr, *, mu=0.9, kappa=25.0, angle=0.0, start=(-4.0, 1.0)):
    """Return a path of the lab's loop and the lab's count of its steps, infinite for none."""
    R, h = rotation(angle), np.array([1.0, kappa])
    update = {
        "gradient descent": LAB["sgd"],
        "momentum": partial(LAB["momentum"], mu=mu),
        "Adam": LAB["adam"],
    }[rule]
    uphill = partial(np.matmul, R @ np.diag(h) @ R.T)
    with np.errstate(over="ignore", invalid="ignore"):
        path = LAB["descend"](update, uphill, R @ np.array(start), lr, STEPS)
        losses = (h * (path @ R) ** 2).sum(axis=1) / 2
    above = np.flatnonzero(~(losses <= DATA["tolerance"] * losses[0]))
    if kappa == LAB["h"][1] and np.isfinite(losses).all():  # the lab's function knows its own h
        assert LAB["steps_needed"](path @ R) == (above[-1] + 1 if above[-1] < STEPS else np.inf)
    return path, above[-1] + 1 if above[-1] < STEPS else np.inf


@pytest.fixture(autouse=True)
def from_the_start(page):
    page.locator(f"{FIGURE} button", has_text="Start again").click()


def put(page, **settings):
    for name, value in settings.items():
        page.locator(f"{FIGURE} [name={name}]").fill(str(value))


def shown(page):
    numbers = page.evaluate(f"({{...document.querySelector('{FIGURE}').dataset}})")
    del numbers["explorer"]
    return {name: float(value) if value else np.inf for name, value in numbers.items()}


def sentence(page):
    return page.locator(f"{FIGURE} .explorer-sentence").inner_text()


def run(page, rule, settings, kappa, angle, start):
    """Return a path of the figure's and its count."""
    return page.evaluate(
        """([rule, settings, kappa, angle, start], v = explorers.figures.valley) => {
          const H = v.hessian([1, kappa], angle);
          const path = v.walk(rule, H, v.turn(start, angle), settings, v.data.steps);
          return [path, v.stepsNeeded(path, H)];
        }""",
        [rule, settings, kappa, angle, start],
    )


@pytest.mark.parametrize("angle", [0, 17, 45, 90])
@pytest.mark.parametrize(
    ("rule", "rates"),
    [
        ("gradient descent", [0.01, 2 / 26, 0.0799]),
        ("momentum", [0.01, 1 / 9, 0.114]),
        ("Adam", [0.01, 0.1, 0.56, 3.2]),
    ],
)
def test_each_path_and_each_count_are_the_labs(page, rule, rates, angle):
    for lr in rates:
        for mu, start in ((4 / 9, (-4.0, 1.0)), (0.9, (2.0, -3.5))):
            wanted, steps = by_lab(rule, lr, mu=mu, angle=angle, start=start)
            path, needed = run(page, rule, {"lr": lr, "mu": mu}, 25, angle, start)
            np.testing.assert_allclose(path, wanted, rtol=1e-12, atol=1e-12)
            assert (np.inf if needed is None else needed) == steps


def test_a_run_that_diverges_is_the_labs_up_to_the_last_number(page):
    wanted, _ = by_lab("gradient descent", 3.0)
    path, needed = run(page, "gradient descent", {"lr": 3.0}, 25, 0, (-4, 1))
    assert needed is None
    assert 50 < len(path) < STEPS
    np.testing.assert_allclose(np.array(path, float), wanted[: len(path)], rtol=1e-9)


def test_the_fastest_rates_are_the_labs(page):
    found = page.evaluate("(h) => explorers.figures.valley.fastest(h)", LAB["h"].tolist())
    walkers = LAB["walkers"]
    assert found["gradient descent"] == pytest.approx(walkers["gradient descent"][1], rel=1e-15)
    assert found["momentum"] == pytest.approx(walkers["momentum"][1], rel=1e-15)
    assert found["mu"] == pytest.approx(walkers["momentum"][0].keywords["mu"], rel=1e-15)


def counts(at, **settings):
    """Return what the lab's functions count at the rates that the page shows."""
    return {
        rule: by_lab(rule, at[f"{short}Lr"], mu=at["mu"], kappa=at["kappa"], **settings)[1]
        for rule, short in SHORT.items()
    }


def test_the_first_state_says_what_turning_does(page):
    at = shown(page)
    along, turned = (counts(at, angle=angle) for angle in (0, 45))
    assert {rule: at[f"{short}Steps"] for rule, short in SHORT.items()} == turned
    assert turned["Adam"] > along["Adam"]
    said = sentence(page)
    assert f"Adam takes {along['Adam']} steps; turned by 45°, {turned['Adam']}." in said
    assert f"Momentum takes {along['momentum']} either way" in said
    assert f"gradient descent {along['gradient descent']}." in said
    put(page, angle=0)
    assert sentence(page) == said  # what a turn would do


@pytest.mark.parametrize(
    "settings",
    [
        {"angle": 20},
        {"angle": 90, "kappa": 2},
        {"kappa": 0.5, "adam": -0.3},
        {"gd": -2, "heavy": -1.5, "mu": 0.9, "angle": 60},
    ],
)
def test_the_sliders_lead_to_the_labs_numbers(page, settings):
    put(page, **settings)
    at = shown(page)
    assert at["angle"] == settings.get("angle", 45)
    assert at["kappa"] == float(f"{10 ** settings.get('kappa', 1.4):.2g}")
    for key in {"gd", "heavy", "adam"} & set(settings):
        assert at[f"{key}Lr"] == float(f"{10 ** settings[key]:.3g}")
    along, turned = (counts(at, angle=angle) for angle in (0, at["angle"]))
    for rule, short in SHORT.items():
        assert at[f"{short}Steps"] == turned[rule]
        words = f"{along[rule]:.0f}" if np.isfinite(along[rule]) else f"more than {STEPS}"
        assert words in sentence(page)
    # The curves of the second picture are drawn from the same counts.
    curve = page.evaluate(
        """(s, v = explorers.figures.valley) => v.needs(s)[v.ANGLES.indexOf(60)]""",
        {
            "curvatures": [1, at["kappa"]],
            "at": [at["at1"], at["at2"]],
            "mu": at["mu"],
            "rules": list(SHORT),
            "rates": {rule: at[f"{short}Lr"] for rule, short in SHORT.items()},
        },
    )
    wanted = counts(at, angle=60)
    assert {k: np.inf if v is None else v for k, v in curve.items()} == wanted


def test_a_rate_set_by_hand_ends_the_fastest_rates_and_the_box_brings_them_back(page):
    box = page.locator(f"{FIGURE} [name=auto]")
    fastest = shown(page)["heavyLr"]
    put(page, heavy=-2)
    assert not box.is_checked()
    assert shown(page)["heavyLr"] == 0.01
    box.check()
    assert shown(page)["heavyLr"] == fastest
    put(page, kappa=2)
    assert box.is_checked()
    assert shown(page)["gdLr"] == pytest.approx(2 / 101)


def test_a_rule_at_its_limit_diverges_and_says_when_it_leaves_the_picture(page):
    put(page, kappa=2, angle=30, gd=-1, heavy=-1)
    said = sentence(page)
    assert "Gradient descent diverges: its rate 0.1 is not below its limit, 0.02." in said
    assert "Momentum diverges: its rate 0.1 is not below its limit, 0.0334." in said
    notes = page.locator(f"{FIGURE} svg").first.locator(".label").all_text_contents()
    for rule in ("gradient descent", "momentum"):
        at = shown(page)
        path, _ = by_lab(rule, 0.1, mu=at["mu"], kappa=100, angle=30)
        outside = page.evaluate(
            "(path) => path.findIndex((w) => !explorers.figures.valley.inside(w))",
            path[:30].tolist(),
        )
        assert outside > 0
        assert f"{rule} leaves at step {outside}" in notes
    put(page, heavy=np.log10(0.0333))
    assert "Momentum diverges" not in sentence(page)


def test_who_has_arrived_is_named_with_its_steps_and_who_has_not_at_its_end(page):
    labels = page.locator(f"{FIGURE} svg").first.locator(".label")
    at = shown(page)
    assert set(labels.all_text_contents()) == {
        f"momentum: {at['heavySteps']:.0f} steps", f"gradient descent: {at['gdSteps']:.0f} steps",
        "Adam",
    }  # fmt: skip
    page.locator(f"{FIGURE} [name=on-adam]").uncheck()
    assert labels.count() == 2
    assert "Adam" not in sentence(page)
    for key in ("gd", "heavy"):
        page.locator(f"{FIGURE} [name=on-{key}]").uncheck()
    assert sentence(page) == "No rule is switched on."


def test_the_start_is_dragged_and_moved_by_keys_and_turns_with_the_valley(page):
    put(page, angle=0)
    handle = page.locator(f"{FIGURE} .handle")
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    for step in range(1, 6):
        page.mouse.move(x + 10 * step, y + 12 * step)
    page.mouse.up()
    box = handle.bounding_box()
    assert box["x"] + box["width"] / 2 == pytest.approx(x + 50, abs=1)
    assert box["y"] + box["height"] / 2 == pytest.approx(y + 60, abs=1)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowUp")
    after = handle.bounding_box()
    assert after["x"] < box["x"]
    assert after["y"] < box["y"]
    assert handle.evaluate("(e) => e === document.activeElement")
    at = shown(page)
    start = (at["at1"], at["at2"])
    assert start[0] > -4
    for angle in (0, 45):
        put(page, angle=angle)
        wanted = counts(at, angle=angle, start=start)
        assert {rule: shown(page)[f"{short}Steps"] for rule, short in SHORT.items()} == wanted
    assert (shown(page)["at1"], shown(page)["at2"]) == pytest.approx(start)
