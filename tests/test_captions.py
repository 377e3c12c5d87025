"""A figure's caption is seen below it in a notebook, and only once on a page."""

import pytest

pytest.importorskip("IPython", reason="a notebook's")

from IPython.core.interactiveshell import InteractiveShell

from labkit.captions import caption_of, show_captions

FIGURE = "#| label: fig-a\n#| fig-cap: >-\n#|   A line: it\n#|   rises.\n#| fig-alt: b\n"


@pytest.mark.parametrize(
    ("source", "caption"),
    [
        (f"{FIGURE}1", "A line: it rises."),
        ('#| fig-cap: "A: $x$"\n1', "A: $x$"),
        ("#| label: fig-a\n1", ""),
        ("1\n#| fig-cap: a", ""),
        ("#| fig-cap: [a, b]\n1", ""),
        ("#| fig-cap: a: b: c\n1", ""),
        ("#| just words\n1", ""),
        ("", ""),
    ],
)
def test_the_caption_is_what_the_option_says(source, caption):
    assert caption_of(source) == caption


@pytest.fixture
def shell(monkeypatch):
    shown = []
    shell = InteractiveShell()
    shell.history_manager.enabled = False
    shell.shown = shown
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: shell)
    monkeypatch.setattr("IPython.display.display", lambda data, **how: shown.append((data, how)))
    show_captions()
    show_captions()  # a cell that is run again
    yield shell
    shell.history_manager.end_session()


def test_a_cell_with_a_caption_shows_it_once_and_quarto_leaves_it_out(shell):
    shell.run_cell(f"{FIGURE}a = 1", store_history=False)
    shell.run_cell("b = 2", store_history=False)
    [(data, how)] = shell.shown
    assert data["text/markdown"] == "**Figure.** A line: it rises."
    assert data["text/plain"] == "Figure. A line: it rises."
    assert how == {"raw": True, "metadata": {"quarto_display": False}}


def test_a_cell_that_failed_has_no_figure_to_caption(shell, capsys):
    shell.run_cell(f"{FIGURE}1 / 0", store_history=False)
    assert shell.shown == []


def test_outside_a_notebook_nothing_happens(monkeypatch):
    monkeypatch.setattr("IPython.core.getipython.get_ipython", lambda: None)
    show_captions()
