"""The executor of labs: what it stores, what it refuses, and that nothing stored is stale."""

import base64
import io
import json
import time

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from course.clean_outputs import clean
from course.notebook import Lab, labs
from course.run import LabError, choose, execute, execute_all
from course.stale import changes, is_fresh, parts


@pytest.mark.parametrize("lab", labs() or [None], ids=lambda lab: lab.stem if lab else "none")
def test_stored_outputs_are_fresh(lab):
    if lab is None:
        pytest.skip("notebooks/ holds no lab yet")
    assert changes(lab) == [], "changed since its outputs were stored: make site, then commit it"


@pytest.fixture
def project(tmp_path):
    for name in ("notebooks", "labkit", "data"):
        (tmp_path / name).mkdir()
    (tmp_path / "labkit" / "__init__.py").touch()
    (tmp_path / "labkit" / "ols.py").write_text("a = 1\n")
    (tmp_path / "data" / "table.csv").write_text("x,y\n1,2\n")
    return tmp_path


def lab(project, *sources, name="01-lab.ipynb"):
    cells = [new_code_cell(source) for source in sources]
    path = project / "notebooks" / name
    nbformat.write(new_notebook(cells=cells), path)
    return path


def test_an_executed_lab_is_fresh_and_its_outputs_are_stored(project):
    path = lab(project, "print('a')\nprint('b')", "6 * 7")
    assert not is_fresh(path, project)
    execute(path, project)
    assert is_fresh(path, project)
    first, second = nbformat.read(path, as_version=4).cells
    assert [o.text for o in first.outputs] == ["a\nb\n"]
    assert second.outputs[0].data["text/plain"] == "42"
    assert [first.execution_count, second.execution_count] == [1, 2]


def test_an_executed_lab_holds_only_the_metadata_that_we_want(project):
    path = lab(project, "1")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].metadata = {"tags": ["solution"], "execution": {"iopub.status.busy": "now"}}
    notebook.metadata |= {"vscode": {"interpreter": "here"}, "course": {"minutes": 75}}
    nbformat.write(notebook, path)
    before = notebook.cells[0].id
    execute(path, project)
    stored = json.loads(path.read_text(encoding="utf-8"))
    assert set(stored["metadata"]) == {"course", "kernelspec", "labkit", "language_info"}
    assert stored["metadata"]["course"] == {"minutes": 75}
    assert set(stored["metadata"]["labkit"]) == {"made_from", "seconds", "versions"}
    closed = {"source_hidden": True, "outputs_hidden": True}
    expected = {"tags": ["solution"], "jupyter": closed, "code-fold": True}
    assert stored["cells"][0]["metadata"] == expected
    assert stored["cells"][0]["id"] == before


@pytest.mark.parametrize("changed", ["labkit/ols.py", "data/table.csv"])
def test_a_change_of_package_or_data_makes_a_lab_stale(project, changed):
    path = lab(project, "import labkit.ols\nwith open('../data/table.csv'):\n    pass")
    execute(path, project)
    assert is_fresh(path, project)
    (project / changed).write_text("b = 2\n")
    assert not is_fresh(path, project)
    assert choose(False, [], project) == [path]


def test_a_change_of_code_makes_a_lab_stale_and_a_change_of_prose_does_not(project):
    notebook = new_notebook(cells=[new_markdown_cell("one"), new_code_cell("1")])
    lab = Lab(project / "notebooks" / "01-lab.ipynb", notebook, project)
    before = parts(lab, [], project)
    notebook.cells[0].source = "two"
    assert parts(lab, [], project) == before
    notebook.cells[1].source = "#| fig-cap: One.\n" + notebook.cells[1].source
    assert parts(lab, [], project) == before
    notebook.cells[1].source = "2"
    assert parts(lab, [], project) != before


def test_a_failing_cell_is_named_and_the_stored_lab_stays(project):
    path = lab(project, "a = 1", "b = 2\nraise ValueError('no such thing')")
    before = path.read_bytes()
    with pytest.raises(LabError) as failure:
        execute(path, project)
    message = str(failure.value)
    assert "01-lab.ipynb failed in cell 2" in message
    assert "b = 2" in message
    assert "ValueError: no such thing" in message
    assert "make lab" in message
    assert path.read_bytes() == before
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("raise ValueError('no such thing')", "ValueError: no such thing"),
        ("sum(iter(int, 1))", "still running after 3 s"),  # in C code, which hears no interrupt
        ("import os; os._exit(1)", "The kernel died"),
    ],
    ids=["an error", "a time-out", "a dead kernel"],
)
def test_the_cell_that_failed_is_named_in_a_lab_that_was_run_before(
    project, monkeypatch, source, why
):
    path = lab(project, "a = 1", "print('fine')", "c = 3", "d = 4")
    execute(path, project)
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].source = source
    nbformat.write(notebook, path)
    monkeypatch.setattr("course.run.CELL_TIMEOUT", 3)
    with pytest.raises(LabError, match=why) as failure:
        execute(path, project)
    assert "failed in cell 2, which begins:\n    " + source in str(failure.value)


def test_outputs_of_an_earlier_run_do_not_stay(project):
    path = lab(project, "1", "", "2")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[1].update(execution_count=7, outputs=[new_output("stream", text="old")])
    nbformat.write(notebook, path)
    execute(path, project)
    empty = nbformat.read(path, as_version=4).cells[1]
    assert (empty.execution_count, empty.outputs) == (None, [])


def test_a_lab_that_needs_torch_is_not_stored_without_it(project, monkeypatch):
    path = lab(project, "1")
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[0].metadata["tags"] = ["torch"]
    nbformat.write(notebook, path)
    monkeypatch.setattr("course.run.find_spec", lambda _: None)
    with pytest.raises(LabError, match="need torch"):
        execute(path, project)


def test_one_failing_lab_does_not_stop_the_others(project, capsys):
    bad = lab(project, "1 / 0")
    good = lab(project, "1", name="02-lab.ipynb")
    failures = execute_all([bad, good], project)
    assert len(failures) == 1
    assert "ZeroDivisionError" in failures[0]
    assert is_fresh(good, project)


def test_nothing_runs_beside_a_lab(project, monkeypatch):
    paths = [lab(project, "1", name=f"0{k}-lab.ipynb") for k in range(1, 5)]
    running, company = set(), []

    def pretend(path, root):
        running.add(path)
        time.sleep(0.05)
        company.append(len(running))
        running.remove(path)
        return 0.05

    monkeypatch.setattr("course.run.execute", pretend)
    assert execute_all(paths, project) == []
    assert company == [1, 1, 1, 1]


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("import sys; print('oh', file=sys.stderr)", "stderr"),
        ("import warnings; warnings.warn('old')", "stderr"),
        ("object()", "memory address"),
        ("import os; print(os.getcwd())", "place on one machine"),
        ("from pathlib import Path; Path.home()", "place on one machine"),
    ],
)
def test_outputs_that_are_not_fit_to_publish_are_refused(project, source, what):
    path = lab(project, "1", source)
    before = path.read_bytes()
    with pytest.raises(LabError, match=what) as failure:
        execute(path, project)
    assert "cell 2" in str(failure.value)
    assert path.read_bytes() == before


def as_png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def cleaned(picture):
    outputs = [new_output("display_data", {"image/png": picture})]
    notebook = new_notebook(cells=[new_code_cell("", outputs=outputs)])
    clean(notebook)
    return notebook.cells[0].outputs[0].data["image/png"]


def pixels_of(picture):
    image = Image.open(io.BytesIO(base64.b64decode(picture)))
    return image.mode, np.asarray(image.convert("RGB"), int)


def test_cleaning_gives_a_figure_a_palette_and_leaves_its_few_colours():
    few = np.random.default_rng(0).integers(6, size=(90, 80, 4)) * 51  # 216 colours
    few[..., 3] = 255
    picture = as_png(few.astype(np.uint8))
    lighter = cleaned(picture)
    mode, shown = pixels_of(lighter)
    assert mode == "P"
    assert len(lighter) < len(picture)
    np.testing.assert_array_equal(shown, few[..., :3])
    assert cleaned(lighter) == lighter, "once is enough"


def test_cleaning_moves_no_colour_of_a_smooth_picture_far():
    ramp = np.linspace(0, 255, 600).astype(np.uint8)
    smooth = np.stack([np.tile(ramp, (40, 1)), np.tile(ramp[::-1], (40, 1))] * 2, axis=2)[..., :3]
    mode, shown = pixels_of(cleaned(as_png(smooth)))
    assert mode == "P"
    assert np.abs(shown - smooth).max() <= 4


def test_cleaning_leaves_a_picture_that_one_sees_through():
    pixels = np.random.default_rng(0).integers(256, size=(40, 30, 4), dtype=np.uint8)
    assert cleaned(as_png(pixels)) == as_png(pixels)


def test_cleaning_merges_only_neighbours_of_one_stream():
    def text(name, value):
        return new_output("stream", name=name, text=value)

    value = new_output("display_data", data={"text/plain": "1"})
    outputs = [text("stdout", "a"), text("stdout", "b"), value, text("stdout", "c")]
    notebook = new_notebook(cells=[new_code_cell("1", outputs=outputs)])
    clean(notebook)
    kept = [o.get("text", "value") for o in notebook.cells[0].outputs]
    assert kept == ["ab", "value", "c"]


def test_an_unknown_lab_is_answered_with_the_known_ones(project):
    lab(project, "1")
    with pytest.raises(SystemExit, match=r"no lab '07'.*01-lab"):
        choose(False, ["07"], project)
