"""The network of lab 16 in a browser: it says what torch says, and what is exact is exact."""

import base64
import json
import math

import numpy as np
import pytest
import torch

from course.cases import leading_to, run_part
from course.explorers import prior
from course.explorers.record import stored

PAGE = "notebooks/16-attention.html"
PARTS = ["PriorFitted", "exact", "least_squares", "distance", "noise_sd"]


@pytest.fixture(scope="module")
def lab():
    return run_part(leading_to(f"{prior.LAB:02d}", PARTS, prior.FIGURE))


@pytest.fixture(scope="module")
def network(lab):
    """Return the lab's network with the weights that are stored, in double precision."""
    run = stored("prior")
    weights = {
        name: torch.tensor(np.frombuffer(base64.b64decode(text), "<f4").copy())
        .reshape(*map(int, str(shape).split()))
        for name, shape, text in zip(run["name"], run["shape"], run["values"], strict=True)
    }  # fmt: skip
    layers = len({name.split(".")[1] for name in weights if name.startswith("blocks")})
    made = lab["PriorFitted"](1, len(weights["norm.weight"]), layers, prior.HEADS)
    made.load_state_dict(weights)
    return made.double()


def tables():
    rng = np.random.default_rng(5)
    for n in (2, 7, 30):
        x = rng.standard_normal(n)
        yield x, 1.5 * x + rng.standard_normal(n)
    yield np.array([3.0, 0.0]), np.array([-6.0, 6.0])


def call(page, code, *values):
    return page.evaluate(f"(all) => explorers.figures.prior.{code}(...all)", list(values))


def test_the_network_says_what_torch_says(page, network):
    places = np.linspace(-3, 3, 13)
    for x, y in tables():
        found = call(page, "predict", x.tolist(), y.tolist(), places.tolist())
        with torch.no_grad():
            given = (torch.tensor(x)[None, :, None], torch.tensor(y)[None])
            mean, log_var = network(*given, torch.tensor(places)[None, :, None])
        np.testing.assert_allclose([one["mean"] for one in found], mean[0], atol=1e-9)
        np.testing.assert_allclose([one["variance"] for one in found], log_var[0].exp(), rtol=1e-9)


def test_the_exact_answer_and_the_distances_are_the_labs(page, lab):
    places = np.array(page.evaluate("explorers.figures.prior.places"))
    weight = np.exp(-(places**2) / 2) / np.exp(-(places**2) / 2).sum()
    for x, y in tables():
        found = call(page, "measure", x.tolist(), y.tolist())
        truth = lab["exact"](x, y, places)
        for name, expected in (("exact", truth), ("line", lab["least_squares"](x, y, places))):
            got = [[one[part] for one in found[name]] for part in ("mean", "variance")]
            np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12)
        mine = [np.array([one[part] for one in found["network"]]) for part in ("mean", "variance")]
        nats = weight @ lab["distance"](*mine, *truth)
        assert found["nats"] == pytest.approx(nats, rel=1e-9)
        line = weight @ lab["distance"](*lab["least_squares"](x, y, places), *truth)
        assert found["lineNats"] == pytest.approx(line, rel=1e-9)
        cov = np.outer(x, x) + lab["noise_sd"] ** 2 * np.eye(len(x))
        assert found["odd"] == pytest.approx(y @ np.linalg.solve(cov, y) / len(x), rel=1e-9)


def test_the_error_function(page):
    for x in (-7, -2.5, -0.3, 0, 1e-9, 0.7, 3.2, 5.9, 8):
        assert call(page, "erf", x) == pytest.approx(math.erf(x), rel=1e-12)


def test_a_row_that_is_dragged_out_of_the_prior_is_said_to_be_odd(page):
    place = page.locator("[data-explorer=prior]")
    live = place.locator(".explorer-live")
    sentence = live.locator(".explorer-sentence")
    live.get_by_role("button", name="Start again").click()
    assert place.get_attribute("data-odd") == "false"
    assert "hardly ever" not in sentence.inner_text()
    assert live.locator("circle.row").count() == 2
    handle = live.locator(".handle")
    handle.focus()
    for _ in range(60):
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowLeft")
    first = json.loads(place.get_attribute("data-rows"))[0]
    assert first == pytest.approx([-3, 6])
    assert place.get_attribute("data-odd") == "true"
    assert "hardly ever draws such a table" in sentence.inner_text()
    live.get_by_role("button", name="Another table").click()
    assert place.get_attribute("data-odd") == "false"


def test_the_numbers_of_the_sentence_are_those_of_the_figure(page):
    place = page.locator("[data-explorer=prior]")
    live = place.locator(".explorer-live")
    live.get_by_role("button", name="Start again").click()
    live.locator("[name=n]").fill("10")
    nats, line = (float(place.get_attribute(f"data-{name}")) for name in ("nats", "line"))
    sentence = live.locator(".explorer-sentence").inner_text()
    for value in (nats, line):
        assert f"{value:.3f}" in sentence or f"{value:.2f}" in sentence
    assert sentence.startswith("From 10 rows")
