"""Without torch, marked cells say that they are skipped; all others run."""

import os
import subprocess
import sys
import types
from importlib.util import find_spec
from pathlib import Path

import nbformat
import pytest

from labkit import skip_torch_cells, torchless
from labkit.torchless import MARK, skip_if_marked

NOTEBOOKS = sorted((Path(__file__).parent.parent / "notebooks").glob("[0-9][0-9]-*.ipynb"))
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


# --- with torch itself, and with the runner of the labs ------------------------------------------


def test_what_is_asked_for_is_torch(shell, monkeypatch):
    """A cell is skipped where torch can't be imported, and nowhere else."""
    monkeypatch.setattr(torchless, "find_spec", find_spec)
    skip_torch_cells()
    try:
        import torch  # noqa: F401
    except ModuleNotFoundError:
        assert shell.input_transformers_cleanup == [skip_if_marked]
    else:
        assert shell.input_transformers_cleanup == []


@pytest.mark.skipif(find_spec("torch") is None, reason="needs torch to be there, to hide it")
@pytest.mark.parametrize("there", [True, False], ids=["torch", "no torch"])
def test_nbval_runs_a_torch_cell_where_there_is_torch_and_skips_it_elsewhere(tmp_path, there):
    """A skipped cell passes under nbval, so that only what the cell does can tell."""
    hide = "import sys; sys.modules['torch'] = None; import importlib.util as u; u.find_spec = "
    setup = "from labkit import skip_torch_cells\nskip_torch_cells()"
    cells = [
        setup if there else f"{hide}lambda _: None\n{setup}",
        f"{MARK}\nfrom pathlib import Path\nPath('ran').write_text('')",
        "from pathlib import Path\nPath('went on').write_text('')",
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    nbformat.write(notebook, tmp_path / "lab.ipynb")
    options = ["--nbval-lax", "--nbval-current-env", "-p", "no:cacheprovider", "-q"]
    plugins = {k: v for k, v in os.environ.items() if k != "PYTEST_DISABLE_PLUGIN_AUTOLOAD"}
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, "lab.ipynb"],
        cwd=tmp_path, env=plugins, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert "3 passed" in done.stdout, done.stdout
    assert (tmp_path / "went on").exists()
    assert (tmp_path / "ran").exists() == there


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_lab_is_stored_with_a_torch_cell_skipped(path):
    marked = [
        cell
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code" and skip_if_marked(cell.source.splitlines()) == SKIPPED
    ]
    assert marked, "no cell of this lab needs torch?"
    printed = "".join(output.get("text", "") for cell in marked for output in cell.outputs)
    assert "Skipped:" not in printed
