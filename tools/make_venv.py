"""Make a virtual environment with all that the course needs, or say plainly what is wrong.

    python tools/make_venv.py FOLDER [--no-torch]

It runs before anything is installed and on whatever Python 3 there is: the standard library only,
and no syntax that an older one would answer with a SyntaxError instead of our sentence.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OLDEST = (3, 11)
# Left out without torch: pip would fetch it for them.
NEEDS_TORCH = ("torch", "torchmetrics", "lightning", "pytorch-lightning")
VERSION = "{}.{}.{}".format(*sys.version_info[:3])

TOO_OLD = f"""
This is Python {VERSION}, and the course needs 3.11 or newer. Install one, or say which to use,
for example: make site PYTHON=python3.12"""

NO_VENV = """
Python's venv module does not work here. On Debian and Ubuntu: sudo apt install python3-venv;
elsewhere install Python from python.org. Then run the same command again."""

FULL_DISK = """
The disk is full. The environment needs about 2 GB: make room and run the same command again."""

NO_SUCH_VERSION = f"""
A pinned package is not to be had for Python {VERSION} on this system (it is named above).
Python 3.11 to 3.13 on Linux, Windows or a Mac with an Apple processor have them all.
Without torch: make test TORCH="""

NO_REGISTRY = """
The package registry could not be reached (pip's last lines are above). Connect to the network, or
set PIP_INDEX_URL to a mirror or HTTPS_PROXY to a proxy, and run the same command again."""

OTHERWISE = """
pip could not install the packages; its last lines are above. When that is mended, run the same
command again: nothing half-made is kept."""

UNREACHABLE = ("Retrying", "ConnectionError", "ConnectTimeout", "(from versions: none)")


def pip(python, total, *arguments):
    """Run `pip install` with a counter in place of its many lines; on failure show its last."""
    process = subprocess.Popen(
        [str(python), "-m", "pip", "install", "--disable-pip-version-check", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        universal_newlines=True,
        cwd=str(ROOT),
    )
    terminal, seen, last = sys.stdout.isatty(), 0, []
    for line in process.stdout:
        last = [*last, line][-15:]
        if line.startswith(("Collecting ", "Processing ")):
            seen += 1
            if terminal or seen % 40 == 0:
                name = re.split("[=-]", line.split()[1].split("/")[-1])[0]
                text = f"  package {seen} of about {total}: {name}"
                print(text.ljust(70), end="\r" if terminal else "\n", flush=True)
        elif line.startswith("Installing collected"):
            print("  unpacking".ljust(70), end="\r" if terminal else "\n", flush=True)
    if process.wait() == 0:
        return
    log = "".join(last)
    print("\n" + log, end="")
    if "No space left" in log:
        sys.exit(FULL_DISK)
    if any(sign in log for sign in UNREACHABLE):
        sys.exit(NO_REGISTRY)
    sys.exit(NO_SUCH_VERSION if "No matching distribution" in log else OTHERWISE)


def main():
    """Make the environment; its last act is to write `ready`, which the Makefile looks for."""
    if sys.version_info[:2] < OLDEST:
        sys.exit(TOO_OLD)
    venv, with_torch = ROOT / sys.argv[1], "--no-torch" not in sys.argv
    ready, wanted = venv / "ready", venv / "wanted.txt"
    python = venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    if ready.exists():
        ready.unlink()  # until the new versions are in, it is not ready
    else:
        shutil.rmtree(str(venv), ignore_errors=True)
    print(f"Making {venv.name} (a few minutes the first time, most of it downloads)", flush=True)
    if not python.exists() and subprocess.call([sys.executable, "-m", "venv", str(venv)]) != 0:
        shutil.rmtree(str(venv), ignore_errors=True)
        sys.exit(NO_VENV)
    pins = (ROOT / "requirements.lock").read_text().splitlines()
    pins = [pin for pin in pins if with_torch or pin.split("==")[0] not in NEEDS_TORCH]
    wanted.write_text("\n".join(pins) + "\n")
    pip(python, len(pins), "-r", str(wanted))
    pip(python, 1, "--no-build-isolation", "--no-deps", "-e", ".")
    ready.write_text("made from requirements.lock\n")
    print(f"{venv.name} is ready".ljust(70), flush=True)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nInterrupted: nothing half-made is kept. Run the same command again.")
