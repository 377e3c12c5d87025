"""The long studies: made by the labs' own cells, and stale when those change."""

import json
import random

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course import studies as run_studies
from course.studies import (
    STUDIES,
    LongStudy,
    code_hash,
    fingerprint,
    is_stored,
    program,
    run,
    stored_facts,
)
from labkit import load_study, load_weights

original = random.Random.random

SETTINGS = "replicates, seed = 3, 0"
STUDY = """
import numpy as np, pandas as pd
rng = np.random.default_rng(seed)
results = pd.DataFrame({"replicate": range(replicates), "value": rng.random(replicates)})
"""


def notebook(path, settings=SETTINGS, study=STUDY, tags=("study-settings", "study")):
    cells = [
        new_code_cell("before = True"),
        new_code_cell(settings, metadata={"tags": [tags[0]]}),
        new_code_cell("assert before"),
        new_code_cell(study, metadata={"tags": [tags[1]]}),
        new_code_cell("raise RuntimeError('after the study')"),
    ]
    nbformat.write(new_notebook(cells=cells), path)


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A course with one lab that has a study, and its data folder."""
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "data").mkdir()
    notebook(tmp_path / "notebooks" / "08-toy.ipynb")
    monkeypatch.setenv("LABKIT_DATA", str(tmp_path / "data"))
    return tmp_path


TOY = LongStudy("toy", "08", {"replicates": 5})


def test_the_labs_cells_run_with_the_large_settings(root):
    run(TOY, root)
    table = load_study("toy")
    assert table["replicate"].tolist() == [0, 1, 2, 3, 4]
    facts = table.attrs
    assert facts == stored_facts(TOY, root)
    assert facts["settings"] == {"replicates": 5}
    assert facts["command"] == "make studies STUDY=toy"
    assert facts["versions"]["numpy"]
    assert facts["seconds"] >= 0


def test_a_study_is_stored_until_its_code_or_its_settings_change(root):
    assert not is_stored(TOY, root)
    run(TOY, root)
    assert is_stored(TOY, root)
    assert not is_stored(LongStudy("toy", "08", {"replicates": 6}), root)
    notebook(root / "notebooks" / "08-toy.ipynb", study="#| fig-cap: A caption.\n" + STUDY)
    assert is_stored(TOY, root), "a caption is no code"
    notebook(root / "notebooks" / "08-toy.ipynb", study=STUDY + "results *= 2")
    assert not is_stored(TOY, root)


LESSON = [
    "import numpy as np\nfrom labkit import Checks, Predict",
    "checks = Checks()\nshown = []",
    "def estimate(x):\n    return x.mean()",
    "def draw(rng, n):\n    return rng.normal(size=n)",
    "#| label: fig-a\nshown.append(np.arange(3))",
    "replicates, seed = 3, 0",
    "rng = np.random.default_rng(seed)\nxs = [draw(rng, 5) for _ in range(replicates)]\n"
    "results = [estimate(x) for x in xs]",
]


def with_cell(place, source):
    """Return the lesson with one cell before another."""
    return [*LESSON[:place], source, *LESSON[place:]]


def swapped(old, new):
    """Return the lesson with a piece of its code replaced."""
    assert any(old in source for source in LESSON)
    return [source.replace(old, new) for source in LESSON]


@pytest.mark.parametrize(
    "lesson",
    [
        swapped("    return x.mean()", "    # the mean\n\n    return x.mean()  # of x"),
        swapped("np.arange(3)", "np.arange(4)"),
        swapped("fig-a", "fig-b"),
        swapped(", Predict", ", Predict, use_style"),
        swapped("Checks, Predict", "Checks"),
        swapped("import numpy as np\n", "import pandas as pd\nimport numpy as np\n"),
        with_cell(5, 'guess = Predict("How large?")\nguess(...)'),
        with_cell(5, "guess.compare(estimate(np.ones(3)))"),
        with_cell(3, 'checks.add("ones", estimate(np.ones(3)), below=2)'),
        with_cell(4, "def unused(x):\n    return x + 1"),
        with_cell(5, 'print("Now the study.")'),
    ],
)
def test_what_leads_to_no_result_makes_no_other_study(lesson):
    assert code_hash(lesson) == code_hash(LESSON)


@pytest.mark.parametrize(
    "lesson",
    [
        swapped("x.mean()", "x.mean() + 1"),
        swapped("rng.normal", "rng.random"),
        swapped("replicates, seed = 3, 0", "replicates, seed = 4, 0"),
        swapped("default_rng(seed)", "default_rng(seed + 1)"),
        swapped("import numpy as np", "import other as np"),
        with_cell(6, "replicates = 5"),
        with_cell(4, "def estimate(x):\n    return 0"),
        [*LESSON, "results = results * 2"],
        swapped("range(replicates)", "range(replicates + 1)"),
    ],
)  # fmt: skip
def test_a_setting_or_a_line_that_leads_to_the_results_makes_another_study(lesson):
    assert code_hash(lesson) != code_hash(LESSON)


def test_where_names_are_imported_together_only_those_in_use_count():
    together = ["from numpy import mean, std\nimport numpy, math", "results = mean(numpy.ones(3))"]
    fewer = ["from numpy import mean\nimport numpy", together[1]]
    assert code_hash(together) == code_hash(fewer)
    other = ["from numpy import median as mean\nimport numpy", together[1]]
    assert code_hash(together) != code_hash(other)


@pytest.mark.parametrize(
    ("made", "study", "says"),
    [
        ({"tags": ("study-settings", "other")}, TOY, "no cell tagged study,"),
        ({"tags": ("other", "study")}, TOY, "no cell tagged study-settings"),
        ({}, LongStudy("toy", "08", {"replicate": 5}), "no setting replicate "),
    ],
)
def test_a_lab_that_is_not_ready_for_it_is_told_why(root, made, study, says):
    notebook(root / "notebooks" / "08-toy.ipynb", **made)
    with pytest.raises(SystemExit, match=says):
        program(study, root)


def test_a_study_that_does_not_exist_is_refused(root, capsys):
    with pytest.raises(FileNotFoundError, match=r"study_other\.csv is not among"):
        run(TOY, root) and load_study("other")
    with pytest.raises(SystemExit):
        run_studies.main(["other"])
    assert "there is no study other" in capsys.readouterr().err


TRAINING = """
import json, random
from pathlib import Path
import pandas as pd, torch
generator, steps, total = random.Random(seed), 0, 0.0
if checkpoint and Path(checkpoint).exists():
    steps, total, state = json.loads(Path(checkpoint).read_text())
    generator.setstate((state[0], tuple(state[1]), state[2]))
while steps < replicates:
    if STOP and steps == 3:
        raise KeyboardInterrupt
    total, steps = total + generator.random(), steps + 1
    if checkpoint:
        Path(checkpoint).write_text(json.dumps([steps, total, generator.getstate()]))
weights = {"total": torch.tensor(total, dtype=torch.float64)}
results = pd.DataFrame({"steps": [steps], "total": [total]})
"""
TRAINED = LongStudy("trained", "08", {"replicates": 5}, weights=True)


def training(root, stop=False):
    settings = "replicates, seed, checkpoint = 2, 0, None"
    notebook(root / "notebooks" / "08-toy.ipynb", settings, TRAINING.replace("STOP", str(stop)))


def test_weights_are_stored_beside_the_table_and_vouched_for(root):
    torch = pytest.importorskip("torch", reason="weights are torch's")
    training(root)
    run(TRAINED, root)
    total = load_weights("trained")["total"]
    assert total.dtype == torch.float64
    assert total.item() == load_study("trained")["total"].item()
    assert not list((root / "data").glob("*.part"))
    assert is_stored(TRAINED, root)
    path = root / "data" / "weights_trained.txt"
    assert b"\r" not in path.read_bytes()
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert load_weights("trained")["total"] == total, "Git may have written Windows line ends"
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(ValueError, match="has been changed"):
        load_weights("trained")
    path.unlink()
    assert not is_stored(TRAINED, root)


def test_an_interrupted_study_goes_on_from_its_checkpoint_to_the_same_weights(root, monkeypatch):
    pytest.importorskip("torch", reason="weights are torch's")
    training(root)
    run(TRAINED, root)
    whole = (root / "data" / "weights_trained.txt").read_bytes()
    training(root, stop=True)
    with pytest.raises(KeyboardInterrupt):
        run(TRAINED, root)
    (part,) = (root / "data").glob("*.part")
    assert json.loads(part.read_text())[0] == 3
    training(root)
    # The code that is interrupted here is another one, so its checkpoint has another name.
    part.rename(part.with_name(f"trained-{fingerprint(TRAINED, root)}.part"))
    drawn = []
    monkeypatch.setattr("random.Random.random", lambda self: drawn.append(0) or original(self))
    run(TRAINED, root)
    assert len(drawn) == 2
    assert (root / "data" / "weights_trained.txt").read_bytes() == whole


def test_a_checkpoint_of_other_code_is_not_met(root):
    pytest.importorskip("torch", reason="weights are torch's")
    training(root)
    (root / "data" / "trained-0123456789abcdef.part").write_text("of another study")
    run(TRAINED, root)
    assert load_study("trained")["steps"].item() == 5


SECOND = LongStudy("second", "08", {"more": 4}, nth=1, reads="trained")


def test_a_second_study_of_a_lab_rests_on_the_weights_that_it_reads(root):
    cells = [
        new_code_cell(SETTINGS, metadata={"tags": ["study-settings"]}),
        new_code_cell(STUDY, metadata={"tags": ["study"]}),
        new_code_cell("more = 1", metadata={"tags": ["study-settings"]}),
        new_code_cell("results = pd.DataFrame({'more': [more]})", metadata={"tags": ["study"]}),
    ]
    nbformat.write(new_notebook(cells=cells), root / "notebooks" / "08-toy.ipynb")
    (root / "data" / "weights_trained.txt").write_bytes(b"one\n")
    run(SECOND, root)
    assert load_study("second")["more"].tolist() == [4]
    assert is_stored(SECOND, root)
    (root / "data" / "weights_trained.txt").write_bytes(b"other\n")
    assert not is_stored(SECOND, root)
    with pytest.raises(SystemExit, match="no cell tagged study"):
        program(LongStudy("third", "08", {}, nth=2), root)


@pytest.mark.parametrize(("name", "error"), [(3, TypeError), ("nothing", FileNotFoundError)])
def test_weights_that_do_not_exist_are_refused(root, name, error):
    run(TOY, root)
    with pytest.raises(error, match=r"must be a study's name|is not among the course's data"):
        load_weights(name)


@pytest.mark.parametrize("study", STUDIES, ids=[study.name for study in STUDIES])
def test_what_is_stored_belongs_to_the_code_of_now(study):
    assert is_stored(study), f"of another code: make studies STUDY={study.name}"
