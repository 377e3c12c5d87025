"""The interval machine in a browser: its intervals are labkit's, over all thousand tables."""

import numpy as np
import pytest

import labkit
from course.cases import leading_to, run_part

PAGE = "notebooks/07-honest-baselines.html"
OF_LABKIT = {
    "naive": labkit.mean_interval,
    "corrected": lambda gaps: labkit.split_interval(gaps, n_train=4, n_test=1),
}


@pytest.fixture(scope="module")
def lab():
    return run_part(leading_to("07", ["d", "truth"], "fig-coverage"))


def shown(page):
    return page.locator("[data-explorer=intervals]").evaluate("(e) => ({...e.dataset})")


@pytest.mark.parametrize("kind", OF_LABKIT)
@pytest.mark.parametrize("repeats", [1, 2, 7, 10])
def test_intervals_are_those_of_labkit(page, lab, kind, repeats):
    for table in (0, 1, 517, 999):
        found = page.evaluate(
            "(all) => explorers.figures.intervals.interval(...all)", [table, repeats, kind]
        )
        mean, low, high = OF_LABKIT[kind](lab["d"][table, : 5 * repeats])
        np.testing.assert_allclose(
            [found["mean"], found["low"], found["high"]], [mean, low, high], rtol=0, atol=1e-6
        )
        assert found["covers"] == (low < lab["truth"] < high)


@pytest.mark.parametrize("kind", OF_LABKIT)
def test_coverage_is_counted_over_all_tables(page, lab, kind):
    for repeats in range(1, 11):
        _, low, high = np.transpose([OF_LABKIT[kind](d) for d in lab["d"][:, : 5 * repeats]])
        found = page.evaluate("(all) => explorers.figures.intervals.all(...all)", [repeats, kind])
        assert found["covered"] == np.sum((low < lab["truth"]) & (lab["truth"] < high))
        assert found["reach"] == pytest.approx(np.mean(high - low) / 2, rel=1e-6)


def test_the_controls_lead_there_and_the_sentence_says_so(page, lab):
    live = page.locator("[data-explorer=intervals] .explorer-live")
    live.locator("[name=repeats]").fill("10")
    live.locator("[name=page]").fill("3")
    live.get_by_role("radio", name="naive").check()
    at = shown(page)
    ends = np.array([OF_LABKIT["naive"](d)[1:] for d in lab["d"]])
    covers = (ends[:, 0] < lab["truth"]) & (lab["truth"] < ends[:, 1])
    assert (int(at["covered"]), int(at["missed"])) == (covers.sum(), 40 - covers[80:120].sum())
    assert live.locator("path.miss").count() == int(at["missed"])
    assert live.locator("path.hit").count() == 40 - int(at["missed"])
    sentence = live.locator(".explorer-sentence").inner_text()
    assert f"contains the true difference in {100 * covers.mean():.1f} % of" in sentence
    assert f"Of the forty shown {at['missed']} miss it" in sentence
