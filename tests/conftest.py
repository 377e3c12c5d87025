"""What the tests have in common: where the course is, and the site, rendered once for all."""

import gc
import sys
from pathlib import Path

import matplotlib as mpl
import pytest
from filelock import FileLock

ROOT = Path(__file__).resolve().parent.parent
# `python -m course.NAME` is run from the root; the tests import the same way.
sys.path.insert(0, str(ROOT))


def pytest_collection_finish():
    """Spare the garbage collector what stays to the end: ten thousand tests, all that they import.

    It is asked for less often too, since a parsed page is a hundred thousand objects.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


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
