"""What the tests have in common: where the course is, and the site, rendered once for all."""

import gc
import re
import sys
from pathlib import Path

import matplotlib as mpl
import pytest
from filelock import FileLock

ROOT = Path(__file__).resolve().parent.parent
# `python -m course.NAME` is run from the root; the tests import the same way.
sys.path.insert(0, str(ROOT))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Deal whole files to the workers, as `--dist loadfile` does, but the labs' cases lab by lab.

    They are one file, which takes longer than all others together. What a lab's cases share stays
    on one worker.
    """
    from xdist.scheduler import LoadFileScheduling

    class LabByLab(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            lab = re.search(r"\[(\d\d)", nodeid) if file == "tests/test_labs_bite.py" else None
            return f"{file} {lab[1]}" if lab else file

    return LabByLab(config, log) if config.getvalue("dist") == "loadfile" else None


def pytest_collection_finish():
    """Let the garbage collector look less often, since a parsed page is a hundred thousand objects.

    It need not look again at what stays to the end: ten thousand tests, and all that they import.
    Nor at what a file of tests has left: parsed pages, labs that were run.
    """
    gc.set_threshold(20_000, 20, 50)
    spare_what_stays()


def spare_what_stays():
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="module")
def spared():
    """Spare the garbage collector what is still there at the end of a file."""
    yield
    spare_what_stays()


@pytest.fixture(autouse=True)
def style_of_its_own():
    """Give every test Matplotlib's own style, whatever the one before it has set."""
    with mpl.rc_context():
        mpl.rcdefaults()
        yield


@pytest.fixture(scope="session")
def rendered(tmp_path_factory, worker_id) -> Path:
    """Return the site as smalldocs renders it, whichever worker comes first; to read only."""
    from course.site.render import render

    folder = tmp_path_factory.getbasetemp()
    if worker_id != "master":
        folder = folder.parent  # what the workers have in common
    output = folder / "rendered" / "_site"
    with FileLock(folder / "rendered.lock"):
        if not output.is_dir():
            render(ROOT, output, "smalldocs")
    return output
