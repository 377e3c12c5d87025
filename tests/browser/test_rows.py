"""Network against trees in a browser: ratios, intervals and verdicts are those of lab 8."""

import numpy as np
import pytest

import labkit
from course.cases import run_part
from course.explorers import rows

PAGE = "notebooks/08-how-many-rows.html"


@pytest.fixture(scope="module")
def lab():
    return run_part(rows.program())


def test_every_ratio_is_that_of_the_lab(page, lab):
    compared = 0
    for truth in lab["truths"]:
        for way, study in lab["ways"].items():
            for n, gaps in lab["log_ratios"](study, truth, "trees").items():
                found = page.evaluate(
                    "(all) => explorers.figures.rows.verdict(...all)", [truth, way, int(n)]
                )
                interval = labkit.mean_interval(gaps)
                numbers = [found["ratio"], found["low"], found["high"]]
                np.testing.assert_allclose(numbers, np.exp(interval), rtol=1e-12)
                assert found["leads"] == interval.verdict("network", "trees")
                assert found["count"] == len(gaps)
                compared += 1
    assert compared == 4 * (len(lab["stored"]["n"].unique()) + 4)


@pytest.mark.parametrize(
    ("truth", "n", "asked"), [("Friedman's", 256000, 10), ("thresholds", 500, 3)]
)
def test_the_controls_lead_there_and_the_sentence_says_so(page, lab, truth, n, asked):
    live = page.locator("[data-explorer=rows] .explorer-live")
    live.get_by_role("radio", name=truth).check()
    live.get_by_role("radio", name="both tuned", exact=True).check()
    live.locator("[name=row]").fill(str(asked))
    gaps = lab["log_ratios"](lab["ways"]["tuned"], truth, "trees")[n]
    ratio = np.exp(labkit.mean_interval(gaps).mean)
    at = page.locator("[data-explorer=rows]").evaluate("(e) => ({...e.dataset})")
    assert (int(at["n"]), float(at["ratio"])) == (n, pytest.approx(ratio, rel=1e-12))
    sentence = live.locator(".explorer-sentence").inner_text()
    assert f"With {n:,} rows" in sentence
    assert ("The study has no tables" in sentence) == (truth == "thresholds")
    said = {"network": "the network leads", "trees": "the trees lead"}
    assert said.get(at["leads"], "no evidence") in sentence
    assert live.locator("circle.table").count() == int(at["tables"])
