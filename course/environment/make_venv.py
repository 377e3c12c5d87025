"""Make a virtual environment for a command, or add what it lacks, or say plainly what is wrong.

    python course/environment/make_venv.py FOLDER STAGE [--no-torch]

It runs before anything is installed and on whatever Python 3 there is: see installing.py.
"""

import sys
from pathlib import Path

import place
import pythons
from installing import NO_SUCH_VERSION, make_venv, pip, python_of, verify

ROOT = Path(__file__).resolve().parents[2]
# What the stages install; each holds all of those before it.
STAGES = {
    "site": ROOT / "requirements" / "site.txt",
    "test": ROOT / "requirements" / "test.txt",
    "bench": ROOT / "requirements.lock",
}
# Left out without torch: pip would fetch it for them.
NEEDS_TORCH = ("torch", "torchmetrics", "lightning", "pytorch-lightning")
WITHOUT_TORCH = "\nWithout torch: make test TORCH="


def main() -> None:
    """Make the environment; its last act is to write the stamps, which the Makefile looks for."""
    venv, stage = ROOT / sys.argv[1], sys.argv[2]
    pythons.ensure("make site PYTHON={python}", first=python_of(venv))
    place.check_name(ROOT)
    stamps = {name: venv / f"ready-{name}" for name in STAGES}
    print(f"Making {venv.name} (a few minutes the first time, most of it downloads)", flush=True)
    make_venv(venv, stamps["site"])
    pins = STAGES[stage].read_text().splitlines()
    if "--no-torch" in sys.argv:
        pins = [pin for pin in pins if pin.split("==")[0] not in NEEDS_TORCH]
    wanted = venv / "wanted.txt"
    wanted.write_text("\n".join(pins) + "\n")
    python, settings = python_of(venv), {"cwd": ROOT, "stamps": list(stamps.values())}
    settings["no_version"] = NO_SUCH_VERSION + WITHOUT_TORCH
    pip(python, len(pins), "-r", str(wanted), **settings)
    pip(python, 1, "--no-build-isolation", "--no-deps", "-e", ".", **settings)
    verify(python, "-r", str(wanted), "labkit", cwd=ROOT)
    for name in list(STAGES)[: list(STAGES).index(stage) + 1]:
        stamps[name].write_text(f"made from {STAGES[stage].name}\n")
    print(f"{venv.name} is ready".ljust(70), flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nInterrupted: nothing half-made is kept. Run the same command again.")
