"""The long studies: made by the labs' own cells, and stale when those change."""

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course import studies as run_studies
from course.studies import STUDIES, LongStudy, code_hash, is_stored, program, run, stored_facts
from labkit import load_study

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


@pytest.mark.parametrize("study", STUDIES, ids=[study.name for study in STUDIES])
def test_what_is_stored_belongs_to_the_code_of_now(study):
    assert is_stored(study), f"of another code: make studies STUDY={study.name}"
