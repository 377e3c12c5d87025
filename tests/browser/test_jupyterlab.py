"""A lab in JupyterLab, where students work, on a small laptop: seen, answered and checked."""

import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course.collapsed import is_collapsed
from course.notebook import Lab, labs
from course.tidy import tidy

pytest.importorskip("jupyterlab", reason="JupyterLab is missing")

WINDOW = {"width": 1366, "height": 768}
NO_NEWS = '{"fetchNews": "false", "checkForUpdates": false}'
CELL = ".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell[data-windowed-list-index='{}']"
NOTEBOOK = "jupyterapp.shell.currentWidget"
KERNEL = f"{NOTEBOOK}.sessionContext.session?.kernel"
COUNT = f"k => {NOTEBOOK}.content.widgets[k].model.executionCount"
SETUP = """\
import matplotlib.pyplot as plt
import labkit
labkit.use_style()"""
FIGURE = """\
#| fig-cap: The line rises.
plt.subplots(figsize=(6.4, 3.7))[1].plot([1, 2]);"""
CHECK = """\
@labkit.Exercise
def check_double(answer):
    yield answer(2) == 4, f"2 is doubled to {answer(2)}."


check_double(my_double)"""


def small_lab():
    """A lab with all that a student does, as it is handed out."""
    sources = {
        SETUP: [],
        'rise = labkit.Predict("By how much does the line rise?")\nrise(...)': ["predict"],
        FIGURE: [],
        "rise.compare(1.0)": [],
        "def my_double(x):\n    return labkit.your_answer_here()": ["exercise"],
        CHECK: ["exercise-check"],
    }
    cells = [new_code_cell(source, metadata={"tags": tags}) for source, tags in sources.items()]
    notebook = new_notebook(cells=[new_markdown_cell("# A small lab"), *cells])
    tidy(notebook)
    return notebook


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Return a folder with the first lab as it is stored, and a small one that has not run."""
    if not labs():
        pytest.skip("notebooks/ holds no lab yet")
    folder = tmp_path_factory.mktemp("notebooks")
    shutil.copyfile(labs()[0], folder / "stored.ipynb")
    nbformat.write(small_lab(), folder / "small.ipynb")
    return folder


def answers(port):
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def jupyterlab(browser, folder, tmp_path_factory) -> Iterator[str]:
    """Start JupyterLab with its own settings; the address ends without a slash."""
    home = tmp_path_factory.mktemp("home")
    news = home / "settings" / "@jupyterlab" / "apputils-extension"
    news.mkdir(parents=True)
    (news / "notification.jupyterlab-settings").write_text(NO_NEWS)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {
        "--ServerApp.ip": "127.0.0.1",
        "--ServerApp.port": port,
        "--ServerApp.root_dir": folder,
        "--IdentityProvider.token": "",
        "--LabApp.expose_app_in_browser": True,
    }
    places = {name: str(home / name) for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")}
    places |= {"JUPYTERLAB_SETTINGS_DIR": str(home / "settings"), "HOME": str(home)}
    with (home / "log").open("w") as log:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"),
                *(f"{name}={value}" for name, value in options.items()),
            ],
            env={**os.environ, **places},
            stdout=log,
            stderr=log,
        )
        try:
            until = time.monotonic() + 60
            while not answers(port):
                assert server.poll() is None, (home / "log").read_text()
                assert time.monotonic() < until, (home / "log").read_text()
                time.sleep(0.2)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(30)


@pytest.fixture(scope="module")
def page(browser, jupyterlab):
    """Open JupyterLab as a student's window shows it, with the sidebar as it comes."""
    context = browser.new_context(viewport=WINDOW)
    context.set_default_timeout(30_000)
    page = context.new_page()
    page.goto(f"{jupyterlab}/lab/tree/stored.ipynb?reset")
    yield page
    context.close()


def wait_until_open(page, name):
    page.wait_for_function(f"window.jupyterapp && {NOTEBOOK}?.context?.path === '{name}'")
    page.wait_for_function(f"{NOTEBOOK}.context.isReady")
    page.wait_for_selector(CELL.format(0))


def to_cell(page, index):
    """Scroll to a cell and return it."""
    page.evaluate(f"k => {NOTEBOOK}.content.scrollToItem(k, 'start')", index)
    page.wait_for_selector(CELL.format(index))
    return page.locator(CELL.format(index))


def run(page, index, source=None):
    """Run a cell as a student does, with another source where one is given; return its output."""
    cell = to_cell(page, index)
    before = page.evaluate(COUNT, index)
    if source is None:
        cell.locator(".jp-InputPrompt").click()
    else:
        cell.locator(".cm-content").click()
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.insert_text(source)
    page.keyboard.press("Shift+Enter")
    page.wait_for_function(
        f"([k, n]) => ({COUNT})(k) > n && {KERNEL}.status === 'idle'", arg=[index, before or 0]
    )
    return cell.locator(".jp-OutputArea").inner_text()


def test_a_stored_lab_opens_with_its_title_and_its_figures_fit_the_window(page, folder):
    lab = Lab.read(folder / "stored.ipynb")
    wait_until_open(page, "stored.ipynb")
    title = page.get_by_role("heading", level=1, name=lab.title)
    title.wait_for()
    panel = page.locator(".jp-WindowedPanel-outer").first.bounding_box()
    box = title.bounding_box()
    assert panel["y"] <= box["y"] < box["y"] + box["height"] < panel["y"] + panel["height"] / 2
    figure = next(cell for cell in lab.code if cell.images)
    picture = to_cell(page, figure.index).locator(".jp-RenderedImage img")
    picture.wait_for()
    size = picture.bounding_box()
    assert size["height"] < panel["height"]
    assert size["width"] < panel["width"]
    assert picture.evaluate("e => e.naturalWidth / e.width") == pytest.approx(2, abs=0.02)
    for solution in lab.exercises[0].tagged("solution"):
        cell = to_cell(page, solution.index)
        assert cell.locator(".jp-Placeholder").count() == 1 + bool(solution.outputs)
        assert not cell.locator(".cm-content").is_visible()
        assert solution.lines[-1] not in cell.inner_text()


def test_a_prompt_is_answered_and_an_exercise_checked(page):
    assert is_collapsed(small_lab().cells[6])
    page.evaluate("void jupyterapp.commands.execute('docmanager:open', {path: 'small.ipynb'})")
    wait_until_open(page, "small.ipynb")
    page.wait_for_function(f"{KERNEL}?.status === 'idle'")
    run(page, 1)
    assert "Not predicted yet" in run(page, 2)
    answered = run(page, 2, 'rise = labkit.Predict("By how much?")\nrise(2)')
    assert answered.endswith("Predicted: 2.")
    assert "Figure. The line rises." in run(page, 3)
    picture = page.locator(CELL.format(3)).locator("img")
    assert picture.evaluate("e => e.naturalWidth / e.width") == pytest.approx(2, abs=0.02)
    assert "You said 2, it is 1" in run(page, 4)
    run(page, 5)
    check = to_cell(page, 6)
    assert not check.locator(".cm-content").is_visible()
    check.locator(".jp-Placeholder").wait_for()
    assert "not attempted" in run(page, 6).lower()
    run(page, 5, "def my_double(x):\n    return x + x + 1")
    assert "2 is doubled to 5." in run(page, 6)
    run(page, 5, "def my_double(x):\n    return 2 * x")
    assert "right" in run(page, 6).lower()
