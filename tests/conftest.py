import re
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# The tools are run as `python -m tools.NAME` from the root; the tests import them the same way.
sys.path.insert(0, str(ROOT))


@pytest.hookimpl(tryfirst=True)  # xdist looks for the groups in the same hook
def pytest_collection_modifyitems(items):
    """Give a worker whole files, but the tests about the labs lab by lab.

    A notebook's cells need one kernel, and the tests about a lab share one run of it.
    """
    for item in items:
        about = re.search(r"\[(\d\d)[:\]-]", item.name)
        by_lab = about and item.path.name in ("test_labs_bite.py", "test_exercises.py")
        group = f"lab {about[1]}" if by_lab else str(item.path)
        item.add_marker(pytest.mark.xdist_group(group))
