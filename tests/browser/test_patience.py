"""Early stopping in a browser: its epochs are those at which labkit stops, its risks lab 6's."""

import re

import numpy as np
import pytest

from course.cases import read, run_part
from course.explorers import patience
from course.explorers.record import stored

torch = pytest.importorskip("torch")

PAGE = "notebooks/06-generalisation.html"
LIVE = '[data-explorer="patience"]'
STOP = "([losses, p]) => explorers.figures.patience.stop(losses, p)"


@pytest.fixture(scope="module")
def lab():
    """Return the variables of the lab up to its figure, run here."""
    torch.set_num_threads(1)
    return run_part(patience.program())


def by_labkit(losses, *waits):
    """Return the epochs that labkit's own record of a training keeps and stops at, by patience."""
    from labkit.monitor import Monitor

    monitor, found = Monitor(torch.nn.Linear(1, 1), patience=1), {}
    for loss in losses:
        monitor.record({"loss": 0.0, "val_loss": loss})
        for wait in set(waits) - set(found):  # one pass for all: only the end depends on it
            monitor.patience = wait
            if monitor.out_of_patience or monitor.epochs_done == len(losses):
                early = monitor.out_of_patience
                kept, stopped = monitor.best_epoch, monitor.epochs_done
                found[wait] = {"kept": kept, "stopped": stopped, "early": early}
    return found


def test_every_patience_stops_where_labkit_does(page, lab):
    runs = stored("patience").groupby("table")
    for number, run in runs:
        losses, risk = run["val_loss"].tolist(), run["risk"].to_numpy()
        found = page.evaluate(
            """(table) => Array.from({length: 400}, (_, i) =>
                 explorers.figures.patience.measure({table, patience: i + 1}))""",
            number,
        )
        by_patience = by_labkit(losses, *range(1, 401))
        for wait, at in enumerate(found, start=1):
            expected = by_patience[wait]
            assert {key: at[key] for key in expected} == expected
            assert (at["kept"], at["stopped"]) == lab["early_stopping"](losses, wait)
            assert at["risk"] == risk[at["kept"] - 1]
            assert (at["least"], at["best"]) == (risk.min(), risk.argmin() + 1)
            assert at["excess"] == at["risk"] - at["least"]


@pytest.mark.parametrize(
    ("losses", "wait"),
    [([3, 2, 2, 2, 1], 2), ([3, 2, 2, 2, 1], 3), ([1, 1], 1), ([2, 1], 1), ([5, 4, 6, 4, 3.9], 3)],
)
def test_ties_are_no_improvement_as_in_labkit(page, losses, wait):
    assert page.evaluate(STOP, [losses, wait]) == by_labkit(losses, wait)[wait]


def test_a_training_of_labkit_stops_and_keeps_the_same(page, lab):
    import labkit

    rows, held_out = lab["data"]["train"], lab["data"]["validation"][:2]

    def fit(**stopping):
        network = lab["make_network"](seed=6)
        return labkit.fit_torch(
            network, rows.X, rows.y, validation=held_out, epochs=400, **stopping
        )

    losses = fit().history["val_loss"].tolist()
    for wait in (5, 6, 7, 30):
        stopped = fit(patience=wait)
        found = page.evaluate(STOP, [losses, wait])
        assert found["kept"] == stopped.best_epoch
        assert found["stopped"] == len(stopped.history)
        assert found["early"] == (stopped.stopped == "early stopping")


def test_the_run_is_the_labs(lab):
    """By its first epochs, since rounding grows, and by what the lab has printed of all."""
    run = stored("patience").query("table == 0").set_index("epoch")
    np.testing.assert_allclose(run[patience.NUMBERS][:20], lab["records"][:20], rtol=1e-3)
    printed = "".join(out.get("text", "") for cell in read("06").code for out in cell.outputs)
    best, last = (
        int(re.search(rf"{words} (\d+)", printed)[1]) for words in ("best epoch", "stopped after")
    )
    assert lab["early_stopping"](run["val_loss"], 30) == (best, last)
    assert f"risk at the best epoch {run.risk[best]:.2f}\n" in printed
    assert f"training loss {run.loss[400]:.2f}, risk {run.risk[400]:.2f}\n" in printed


def test_the_other_tables_are_those_of_the_labs_study():
    """A table and a network of `epoch_leak`, up to the first epochs."""
    source = next(cell.source for cell in read("06").code if "def epoch_leak" in cell.source)
    assert "prepare(np.random.default_rng(1000 + seed))" in source
    assert "make_network(seed)" in source
    run = stored("patience").query("table == 3")
    here = run_part(patience.program(*patience.other(2)))["records"]
    np.testing.assert_allclose(run[patience.NUMBERS][:20], here[:20], rtol=1e-3)
    assert stored("patience")["table"].unique().tolist() == list(range(1 + len(patience.OTHERS)))


@pytest.mark.parametrize(("table", "wait"), [(0, 5), (0, 10), (0, 30), (7, 60), (2, 15), (4, 1)])
def test_the_controls_lead_to_these_numbers_and_the_sentence_states_them(page, table, wait):
    page.locator(f'{LIVE} [value="{table}"]').check()
    page.locator(f"{LIVE} [name=patience]").fill(str(wait))
    data = page.evaluate("(place) => ({...document.querySelector(place).dataset})", LIVE)
    run = stored("patience").query("table == @table").set_index("epoch")
    expected = by_labkit(run["val_loss"].tolist(), wait)[wait]
    kept, stopped = expected["kept"], expected["stopped"]
    assert (int(data["patience"]), int(data["table"])) == (wait, table)
    assert (int(data["kept"]), int(data["stopped"])) == (kept, stopped)
    assert float(data["risk"]) == run.risk[kept]
    excess, best = run.risk[kept] - run.risk.min(), run.risk.idxmin()
    above = f"{excess:.2f} above the best possible, at epoch {best}"
    assert page.locator(f"{LIVE} .explorer-sentence").inner_text() == (
        f"With patience {wait} training stops after epoch {stopped} and keeps the weights of epoch "
        f"{kept}. Their true risk is {run.risk[kept]:.2f}, "
        f"{'the best possible' if kept == best else above}. "
        f"At epoch 400 it would be {run.risk[400]:.2f}."
    )


def test_where_the_epochs_end_first_it_says_so(page):
    measured = "explorers.figures.patience.measure({table: 0, patience: 399})"
    words = page.evaluate(f"explorers.figures.patience.tell({measured})")
    assert words.startswith("With patience 399 training runs to its end, epoch 400, and keeps")


def test_the_marks_lie_on_the_curves(page):
    page.locator(f'{LIVE} [value="0"]').check()
    page.locator(f"{LIVE} [name=patience]").fill("10")
    picture = page.locator(f"{LIVE} svg").first
    for kind in ("validation", "true-risk"):
        d = picture.locator(f".curve.{kind}.later").get_attribute("d")
        points = np.array([at.split() for at in d.removeprefix("M").split("L")], float)
        mark = picture.locator(f".mark.{kind}")
        at = [float(mark.get_attribute(name)) for name in ("cx", "cy")]
        kept = int(page.locator(LIVE).get_attribute("data-kept"))
        np.testing.assert_allclose(points[kept - 1], at, atol=0.11)
        strong = picture.locator(f".curve.{kind}:not(.later)").get_attribute("d")
        assert strong.count("L") + 1 == int(page.locator(LIVE).get_attribute("data-stopped"))
