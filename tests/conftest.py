import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The tools are run as `python -m tools.NAME` from the root; the tests import them the same way.
sys.path.insert(0, str(ROOT))
