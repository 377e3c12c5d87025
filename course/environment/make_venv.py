"""Make a virtual environment with all that the course needs, or say plainly what is wrong.

    python course/environment/make_venv.py FOLDER [--no-torch]

It runs before anything is installed and on whatever Python 3 there is: see installing.py.
"""

import sys
from pathlib import Path

from installing import NO_SUCH_VERSION, check_python, make_venv, pip, python_of

ROOT = Path(__file__).resolve().parents[2]
# Left out without torch: pip would fetch it for them.
NEEDS_TORCH = ("torch", "torchmetrics", "lightning", "pytorch-lightning")
WITHOUT_TORCH = "\nWithout torch: make test TORCH="


def main():
    """Make the environment; its last act is to write `ready`, which the Makefile looks for."""
    check_python("make site PYTHON=python3.12")
    venv, with_torch = ROOT / sys.argv[1], "--no-torch" not in sys.argv
    ready, wanted = venv / "ready", venv / "wanted.txt"
    print(f"Making {venv.name} (a few minutes the first time, most of it downloads)", flush=True)
    make_venv(venv, ready)
    pins = (ROOT / "requirements.lock").read_text().splitlines()
    pins = [pin for pin in pins if with_torch or pin.split("==")[0] not in NEEDS_TORCH]
    wanted.write_text("\n".join(pins) + "\n")
    mends = {"cwd": ROOT, "no_version": NO_SUCH_VERSION + WITHOUT_TORCH}
    pip(python_of(venv), len(pins), "-r", str(wanted), **mends)
    pip(python_of(venv), 1, "--no-build-isolation", "--no-deps", "-e", ".", **mends)
    ready.write_text("made from requirements.lock\n")
    print(f"{venv.name} is ready".ljust(70), flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nInterrupted: nothing half-made is kept. Run the same command again.")
