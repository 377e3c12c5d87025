"""Make a virtual environment with everything that the course needs, and say plainly what is wrong if that fails.

make_venv.py FOLDER [--no-torch]

It runs before anything is installed, on whatever Python there is: the standard library only, and no
syntax that an old Python would answer with a SyntaxError instead of our sentence.
"""

import os
import shutil
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
OLDEST = (3, 11)


def stop(sentence):
    """End with a sentence that says what to do."""
    sys.exit("\n" + sentence)


def say(text):
    """Print at once, also into a pipe."""
    print(text)
    sys.stdout.flush()


def pip(python, total, *arguments):
    """Run pip and show a counter instead of its hundreds of lines; on failure show the last of them."""
    command = [python, "-m", "pip", "install", "--disable-pip-version-check"] + list(arguments)
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, cwd=ROOT
    )
    seen, last = 0, []
    for line in process.stdout:
        last = (last + [line])[-15:]
        if line.startswith("Collecting "):
            seen += 1
            if sys.stdout.isatty() or seen % 25 == 0:
                end = "\r" if sys.stdout.isatty() else "\n"
                text = "  package %d of about %d: %s" % (seen, total, line.split()[1].split("=")[0])
                sys.stdout.write(text.ljust(70) + end)
                sys.stdout.flush()
    if process.wait() == 0:
        return
    sys.stdout.write("".join(["\n"] + last))
    log = "".join(last)
    if "No space left" in log:
        stop(
            "The disk is full. The environment needs about 2 GB; make room and run the command again."
        )
    if "No matching distribution" in log and "Retrying" not in log and "ConnectionError" not in log:
        stop(
            "A pinned package is not to be had for this Python (%s) on this system. Python 3.11 to 3.13 on Linux,\n"
            "Windows or an ARM Mac have them all; without torch: make test TORCH="
            % sys.version.split()[0]
        )
    stop(
        "pip could not install the packages (its last lines are above). If the package registry could not be\n"
        "reached: connect to the network (or set PIP_INDEX_URL to a mirror, HTTPS_PROXY to a proxy) and run the\n"
        "same command again; nothing half-made is kept."
    )


def main():
    """Make the environment, or leave it unmarked so that the next run starts again."""
    venv, with_torch = os.path.join(ROOT, sys.argv[1]), "--no-torch" not in sys.argv
    if sys.version_info[:2] < OLDEST:
        stop(
            "This is Python %s, and the course needs 3.11 or newer. Install one, or say which to use, for\n"
            "example: make site PYTHON=python3.12" % sys.version.split()[0]
        )
    ready = os.path.join(venv, "ready")
    python = os.path.join(
        venv, *(["Scripts", "python.exe"] if os.name == "nt" else ["bin", "python"])
    )
    if not os.path.exists(ready):
        shutil.rmtree(venv, ignore_errors=True)
    else:
        os.remove(ready)  # until the new versions are in, it is not ready
    say("Making %s (once; a few minutes, most of it for downloading)" % os.path.basename(venv))
    if not os.path.exists(python) and subprocess.call([sys.executable, "-m", "venv", venv]) != 0:
        shutil.rmtree(venv, ignore_errors=True)
        stop(
            "Python's venv module does not work here. On Debian and Ubuntu: sudo apt install python3-venv;\n"
            "elsewhere install Python from python.org. Then run the same command again."
        )
    with open(os.path.join(ROOT, "requirements.lock")) as lock:
        pins = [line for line in lock if with_torch or not line.startswith("torch==")]
    wanted = os.path.join(venv, "requirements.txt")
    with open(wanted, "w") as file:
        file.writelines(pins)
    pip(python, len(pins), "-r", wanted)
    pip(python, 1, "--no-build-isolation", "--no-deps", "-e", ".")
    with open(ready, "w") as file:
        file.write("made from requirements.lock\n")
    say("\n%s is ready" % os.path.basename(venv))


if __name__ == "__main__":
    main()
