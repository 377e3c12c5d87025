"""Without torch, marked cells say that they are skipped; all others run."""

import sys
import types

import pytest

from labkit import skip_torch_cells, torchless
from labkit.torchless import MARK, skip_if_marked

SKIPPED = ['print("Skipped: this cell needs torch, which is not installed here.")\n']


@pytest.mark.parametrize(
    "cell",
    [
        f"{MARK}\nimport torch\n",
        f"{MARK}  \nimport torch\n",
        f"#| label: fig-loss\n#| fig-cap: Loss\n{MARK}\nimport torch\n",
        MARK,
    ],
    ids=["first line", "blanks after it", "after options", "alone"],
)
def test_a_marked_cell_gives_its_reason(cell):
    assert skip_if_marked(cell.splitlines(keepends=True)) == SKIPPED


@pytest.mark.parametrize(
    "cell",
    [
        "",
        "x = 1\n",
        f"x = 1\n{MARK}\n",
        f"x = '{MARK}'\n",
        "# needs torchvision\n",
        "# needs torch to be fast\n",
        f"#| label: fig-loss\nx = 1\n{MARK}\n",
        "#| label: fig-loss\n",
    ],
    ids=repr,
)
def test_any_other_cell_is_left_alone(cell):
    lines = cell.splitlines(keepends=True)
    assert skip_if_marked(list(lines)) == lines


@pytest.fixture
def shell(monkeypatch):
    """A notebook's shell, without torch."""
    made = types.SimpleNamespace(input_transformers_cleanup=[])
    monkeypatch.setitem(sys.modules, "IPython", types.SimpleNamespace(get_ipython=lambda: made))
    monkeypatch.setattr(torchless, "find_spec", lambda _: None)
    return made


def test_a_notebook_without_torch_skips_once_however_often_it_is_set_up(shell):
    skip_torch_cells()
    skip_torch_cells()
    assert shell.input_transformers_cleanup == [skip_if_marked]


def test_a_notebook_with_torch_runs_all_cells(shell, monkeypatch):
    monkeypatch.setattr(torchless, "find_spec", lambda name: name)
    skip_torch_cells()
    assert shell.input_transformers_cleanup == []


def test_outside_a_notebook_nothing_happens(shell, monkeypatch):
    monkeypatch.setattr(sys.modules["IPython"], "get_ipython", lambda: None)
    skip_torch_cells()


def test_in_a_real_shell_the_reason_is_printed(monkeypatch, capsys):
    shells = pytest.importorskip("IPython.core.interactiveshell", reason="no IPython")
    shell = shells.InteractiveShell()
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    monkeypatch.setattr(torchless, "find_spec", lambda _: None)
    skip_torch_cells()
    shell.run_cell(f"#| label: fig-loss\n{MARK}\nraise RuntimeError")
    shell.run_cell("print('this ran')")
    out = capsys.readouterr().out
    assert out.splitlines() == [
        "Skipped: this cell needs torch, which is not installed here.",
        "this ran",
    ]
