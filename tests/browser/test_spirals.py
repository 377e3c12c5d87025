"""The border between two spirals in a browser: maps and numbers are those of lab 5's run."""

import re

import numpy as np
import pytest

from course import ROOT
from course.cases import read, run_part
from course.explorers import spirals
from course.explorers.record import stored

PAGE = "notebooks/05-modules-and-data.html"
LIVE = '[data-explorer="spirals"]'
NAMES = ["loss", "accuracy", "valLoss", "valAccuracy"]


@pytest.fixture(scope="module")
def lab():
    """Return the variables of the lab after its training, run here."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    return run_part(spirals.program())


def shown(page, epoch):
    """Move the slider and return the numbers that the place holds."""
    page.locator(f"{LIVE} [name=epoch]").fill(str(epoch))
    data = page.evaluate("(place) => ({...document.querySelector(place).dataset})", LIVE)
    return {name: float(data[name]) for name in [*NAMES, "low", "high"] if data[name] != ""}


def drawn(page, epoch):
    found = page.evaluate("(epoch) => explorers.figures.spirals.probabilities(epoch)", epoch)
    return np.array(found)


def nearly(epoch, probability):
    """Tell how near a map of one byte a point must be: half a step of the logit, or the end."""
    step = spirals.encode(probability)[0] / 127 / 2
    return np.maximum(probability * (1 - probability) * step * 1.05, 1.1 / (1 + np.exp(6)))


def test_the_run_is_the_labs(lab, page):
    """Ten epochs, and all where this machine rounds as the one that made the page."""
    run, maps = stored("spirals"), spirals.maps_of(lab)
    records = np.array(lab["records"])
    same = np.allclose(records, run[spirals.NUMBERS][1:], rtol=0, atol=1e-6)
    for epoch in range(51 if same else 11):
        probability = maps[epoch].ravel()
        off = np.abs(drawn(page, epoch) - probability)
        assert (off <= nearly(epoch, probability) + (0 if same else 1e-3)).all(), epoch
    np.testing.assert_allclose(run[spirals.NUMBERS][1:11], records[:10], rtol=0, atol=1e-4)
    (cell,) = (cell for cell in read("05").code if "epochs_that_rise.compare" in cell.source)
    printed = "".join(out.get("data", {}).get("text/plain", "") for out in cell.outputs)
    rises = (np.diff(run["loss"][1:]) > 0).sum()
    assert int(re.search(r"it is (\d+)\.", printed)[1]) == rises


def test_each_epoch_says_what_the_lab_has_recorded(page):
    run = stored("spirals").set_index("epoch")
    for epoch in range(1, 51):
        at, row = shown(page, epoch), run.loc[epoch, spirals.NUMBERS].to_numpy(float)
        np.testing.assert_allclose([at[name] for name in NAMES], row, rtol=0, atol=1e-7)
        loss, accuracy, val_loss, val_accuracy = row
        sentence = page.locator(f"{LIVE} .explorer-sentence").inner_text()
        assert sentence.startswith(f"Epoch {epoch}: ")
        assert f"gets {100 * val_accuracy:.0f} % of the validation rows right" in sentence
        assert f"at a loss of {val_loss:.3f} " in sentence
        assert re.search(rf"training rows: (\d+) %, {loss:.3f}", sentence)
        assert abs(int(re.search(r"rows: (\d+) %", sentence)[1]) - 100 * accuracy) <= 0.5 + 1e-6
        so_far = run.loc[1:epoch, "val_accuracy"]
        best = f" At epoch {so_far.idxmax()} it was {100 * so_far.max():.0f} %."
        assert sentence.endswith(best if so_far.idxmax() < epoch else f"{loss:.3f}).")


def test_before_the_first_step_it_says_how_undecided_the_network_is(page):
    at = shown(page, 0)
    assert set(at) == {"low", "high"}
    map0 = drawn(page, 0)
    assert (at["low"], at["high"]) == (map0.min(), map0.max())
    sentence = page.locator(f"{LIVE} .explorer-sentence").inner_text()
    assert f"between {map0.min():.2f} and {map0.max():.2f}." in sentence


def test_the_border_parts_the_map_where_the_probability_is_a_half(page):
    for epoch in (0, 10, 28, 39, 50):
        logits, pieces = page.evaluate(
            "(e, s = explorers.figures.spirals) => [s.logits(e), s.border(s.logits(e))]", epoch
        )
        z = np.array(logits).reshape(36, 36)
        ends = np.array(pieces).reshape(-1, 2)
        assert len(ends) > 20
        # Each end lies on an edge of the grid, where the straight line between its ends is 0.
        low = np.floor(ends).astype(int)
        share = ends - low
        high = np.minimum(low + (share > 1e-9), 35)
        assert ((share < 1e-9).sum(axis=1) >= 1).all()
        from_, to = z[low[:, 1], low[:, 0]], z[high[:, 1], high[:, 0]]
        t = share.max(axis=1)
        assert np.abs((1 - t) * from_ + t * to).max() < 1e-9
        # Every edge with a change of sign has its end: two ends a point, one at the rim.
        across = (z[:, :-1] >= 0) != (z[:, 1:] >= 0)
        up = (z[:-1] >= 0) != (z[1:] >= 0)
        rim = across[[0, -1]].sum() + up[:, [0, -1]].sum()
        assert len(ends) == 2 * (across.sum() + up.sum()) - rim


def test_at_a_saddle_the_middle_says_which_corners_are_joined(page):
    """A map of 36 by 36 that is 1, but for one square with its signs at the corners."""
    for middle in (-0.5, 0.5):
        z = np.ones((36, 36))
        z[5, 5], z[6, 6] = -1 + middle, -1 + middle
        pieces = page.evaluate("(z) => explorers.figures.spirals.border(z)", z.ravel().tolist())
        inside = [p for p in np.array(pieces) if (p > 5 - 1e-9).all() and (p < 6 + 1e-9).all()]
        assert len(inside) == 2
        for piece in inside:
            # Joined minus corners: each line lies around a plus corner, and else around a minus.
            around_plus = min(np.abs(piece - corner).max() for corner in ((6, 5), (5, 6))) < min(
                np.abs(piece - corner).max() for corner in ((5, 5), (6, 6))
            )
            assert around_plus == (middle < 0)


def test_the_colours_lie_where_the_probabilities_are(page):
    shown(page, 50)
    alpha = np.array(
        page.evaluate(
            """() => {
              const sheet = document.querySelector('[data-explorer="spirals"] canvas');
              const picture = sheet.getContext("2d").getImageData(0, 0, sheet.width, sheet.height);
              const [left, right, top, bottom] = [48, 350, 1, 303], found = [];
              for (let v = 1; v < 35; v++) for (let u = 1; u < 35; u++) {
                const x = Math.floor(3 * (left + u * (right - left) / 35));
                const y = Math.floor(3 * (bottom - v * (bottom - top) / 35));
                found.push(picture.data[4 * (y * sheet.width + x) + 3]);
              }
              return found;
            }"""
        )
    ).reshape(34, 34)
    expected = 255 * np.abs(2 * drawn(page, 50).reshape(36, 36)[1:-1, 1:-1] - 1)
    assert np.median(np.abs(alpha - expected)) < 3
    assert np.corrcoef(alpha.ravel(), expected.ravel())[0, 1] > 0.98


def test_it_plays_by_itself_only_where_no_picture_of_the_lab_stands(open_page):
    page = open_page(PAGE)
    page.locator(f"{LIVE} .explorer-live").scroll_into_view_if_needed()
    page.wait_for_timeout(400)
    assert page.locator(f"{LIVE} .explorer-play").text_content() == "Play"
    for motion, played in (("no-preference", True), ("reduce", False)):
        page = open_page(PAGE, reduced_motion=motion)
        page.evaluate(
            """() => {
              const place = document.createElement("div");
              place.className = "explorer alone-here";
              document.querySelector("main").prepend(place);
              document.querySelector('[data-explorer="spirals"]').removeAttribute("data-explorer");
              place.dataset.explorer = "spirals";
              scrollTo(0, 0);
            }"""
        )
        source = (ROOT / "explorers" / "spirals.js").read_text(encoding="utf-8")
        page.add_script_tag(content=source)
        slider = page.locator(".alone-here [name=epoch]")
        assert page.locator(".alone-here figcaption").count() == 0
        if played:
            page.wait_for_function(
                "document.querySelector('.alone-here [name=epoch]').value === '50'"
            )
        else:
            page.wait_for_timeout(600)
            assert slider.input_value() == "0"
