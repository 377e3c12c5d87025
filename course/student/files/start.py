"""Install the labs, or renew them, and open them: see README.txt.

    python3 start.py                 install what the labs need, put the labs into notebooks/
    python3 start.py --open          the same, and open them in JupyterLab
    python3 start.py --no-torch      without torch: the cells that need it are skipped
    python3 start.py --update ZIP    take a newer edition from its zip first
    python3 start.py --doctor        ask whether this machine is ready, and change nothing
    python3 start.py new T.csv Y     make a notebook for a table of your own, with outcome Y

On Windows it is `py start.py`. Another Python is looked for where this one is too old or too new.
The folder notebooks/ is yours. A lab that you have changed is never replaced.
(For the reader: the standard library only, and no syntax that an older Python 3 lacks.)
"""

import argparse
import errno
import hashlib
import itertools
import json
import os
import subprocess
import sys
import zipfile
import zlib
from pathlib import Path
from typing import Any

HOME = Path(__file__).resolve().parent
EDITION = HOME / "edition"
LEDGER = ".edition.json"  # in notebooks/, so that it goes where the labs go

NOT_WHOLE = """
The folder edition/ is not whole: {}.
Unpack the whole zip again and run the same command in the folder that it makes. (A window that only
shows what is in a zip is no such folder.) Your notebooks are safe."""

NOT_IN_WHEELS = """
The packages in wheels/ are not those for Python {}.{} on this system (pip's last lines are above).
Use the Python and the system that they were collected for; or, where there is a network, rename the
folder wheels/, and run the same command again."""

NOT_WRITTEN = """
{} could not be written: {}. Close JupyterLab and whatever else has it open, see that the folder is
yours to write in, and run the same command again. Nothing is lost."""

NO_TORCH = """
There is no torch for a Mac with an Intel processor, so this is done as with --no-torch: about half
of the cells run, and 41 of the 48 exercises; the cells that need torch say so and are skipped."""

UNPACKED = """
{} is a folder. Say where the zip is; where the browser has unpacked it, download it once more and
keep the zip."""

NOT_INSTALLED = """
Nothing is installed here yet, or its Python is gone. First: {}"""

sys.path.insert(0, str(EDITION))
try:
    import alone
    import installing
    import place
    import pythons
except ImportError as error:
    sys.exit(NOT_WHOLE.format(f"{error.name}.py is missing"))


# --- the edition ---------------------------------------------------------------------------------


def read_edition(folder: Path) -> "dict[str, Any]":
    """Return what edition.json says, once every file that it lists is there and as it was made."""
    try:
        text = (folder / "edition.json").read_text(encoding="utf-8")
        edition: dict[str, Any] = json.loads(text)
        for name, digest in edition["files"].items():
            if sha256((folder / name).read_bytes()) != digest:
                sys.exit(NOT_WHOLE.format(name + " is of another edition, or damaged"))
    except (OSError, ValueError, KeyError) as error:
        sys.exit(NOT_WHOLE.format(error))
    return edition


def unpack(archive: Path, home: Path) -> None:
    """Unpack a newer edition over this one, file by file; the folder notebooks/ is not touched."""
    if archive.is_dir():
        sys.exit(UNPACKED.format(archive))
    try:
        with zipfile.ZipFile(str(archive)) as file:
            if file.testzip():  # before anything is replaced
                raise zipfile.BadZipFile
            names = [name for name in file.namelist() if not name.endswith("/")]
            if not any(name.endswith("/edition/edition.json") for name in names):
                sys.exit(f"\n{archive} is a zip, but not one of this course.")
            for name in names:
                parts = name.split("/")[1:]  # without the folder that holds everything
                outside = ".." in parts or ":" in name or "\\" in name
                if parts and not outside and parts[0].lower() not in ("notebooks", ".venv"):
                    write(home.joinpath(*parts), file.read(name))
    except FileNotFoundError:
        sys.exit(f"\nThere is no file {archive}. Say where the zip is.")
    except (zipfile.BadZipFile, EOFError, RuntimeError, zlib.error):  # damaged, or encrypted
        sys.exit(f"\n{archive} is not a whole zip. Download it again.")


# --- the environment -----------------------------------------------------------------------------


def install(edition: "dict[str, Any]", torch: bool) -> Path:
    """Make .venv and install what the labs need, unless that is done already."""
    place.check_name(HOME)
    if torch and pythons.is_intel_mac():
        print(NO_TORCH.strip(), flush=True)
        torch = False
    venv = HOME / ".venv"
    stamp = venv / "installed.txt"
    # From HOME, where pip is run: it reads more into a full path than the folders in it.
    requirements = str(Path("edition", f"requirements{'' if torch else '-no-torch'}.txt"))
    wheel = str(Path("edition", edition["wheel"]))
    state = sha256((HOME / requirements).read_bytes() + (HOME / wheel).read_bytes())
    python: Path = installing.python_of(venv)
    if installing.keep(venv, stamp) and stamp.read_text() == state:
        return python
    place.check_depth(HOME, torch)
    print("Installing what the labs need into .venv (a few minutes the first time)", flush=True)
    installing.make_venv(venv, stamp)
    source: list[str] = []
    settings: dict[str, Any] = {"cwd": HOME, "stamps": [stamp]}
    if any((HOME / "wheels").glob("*.whl")):
        source = ["--no-index", "--find-links", "wheels"]
        missing = NOT_IN_WHEELS.format(*sys.version_info[:2])
        settings.update(unreachable=missing, no_version=missing)
    total = len((HOME / requirements).read_text().splitlines())
    installing.pip(python, total, *source, "-r", requirements, **settings)
    own = ["--no-index", "--no-deps", "--force-reinstall", wheel]  # its number may be the same
    installing.pip(python, 1, *own, **settings)
    installing.verify(python, "-r", requirements, "labkit", cwd=HOME)
    stamp.write_text(state)
    return python


def ask_doctor(python: Path) -> int:
    """Run doctor.py by the Python of .venv; return 0 where the labs run."""
    doctor = [str(python), str(EDITION / "doctor.py")]
    does_nothing = [str(python), "-I", "-c", ""]
    if not python.exists() or subprocess.call(does_nothing, env=pythons.variables()):
        wrong = pythons.fault()
        print(wrong + ": see README.txt for the Pythons that work." if wrong else "", end="")
        sys.exit(NOT_INSTALLED.format(this_command()))
    return subprocess.call(doctor, cwd=str(HOME), env=pythons.variables())


def new_analysis(python: Path, arguments: "list[str]") -> int:
    """Make a notebook for a student's own table, by the Python of .venv."""
    if not python.exists():
        sys.exit(NOT_INSTALLED.format(this_command()))
    command = [str(python), str(EDITION / "new_analysis.py"), *arguments]
    return subprocess.call(command, env=pythons.variables())


def open_labs(python: Path, notebooks: Path) -> int:
    """Open JupyterLab; its program in .venv would hold the folder's full path."""
    command = [str(python), "-I", "-m", "jupyterlab"]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")  # without it Jupyter refuses, as in a container
    return subprocess.call(command, cwd=str(notebooks), env=pythons.variables())


def this_command(*options: str) -> str:
    """Return how a student writes a command with start.py, on this system and in this terminal."""
    here = Path().resolve() == HOME
    program = "start.py" if here else '"{}"'.format(HOME / "start.py")
    return " ".join([pythons.command(), program, *options])


# --- the labs and the data -----------------------------------------------------------------------


def content(path: Path) -> str:
    """Return a hash of what a student can change in a notebook: its cells, without outputs.

    Running a lab changes outputs and counts, and JupyterLab adds an empty cell at its end.
    """
    raw = path.read_bytes()
    try:
        cells = [
            [cell["cell_type"], "".join(cell["source"]), sorted(cell["metadata"].get("tags", []))]
            for cell in json.loads(raw.decode("utf-8"))["cells"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        return sha256(raw)  # no notebook any more: then every byte counts
    return sha256(json.dumps([cell for cell in cells if cell[1].strip()]).encode())


def place_labs(edition: "dict[str, Any]", folder: Path, notebooks: Path) -> "tuple[int, list[str]]":
    """Place each lab; return one line for each that was kept, and how many are new or renewed."""
    notebooks.mkdir(exist_ok=True)
    ledger = read_ledger(notebooks)
    placed, messages = 0, []
    for name in [*edition["labs"], *edition.get("pages", [])]:
        new, mine = folder / "notebooks" / name, notebooks / name
        now, before = content(new), ledger["placed"].get(name)
        here = content(mine) if mine.exists() else None
        if here in (None, before) and here != now:
            write(mine, new.read_bytes())
            here = now
            placed += name in edition["labs"]
        elif now not in (here, before, ledger["beside"].get(name)):
            beside = free(mine, "-edition-" + edition["version"], now)
            write(beside, new.read_bytes())
            ledger["beside"][name] = now
            messages.append(f"{name}: yours is kept, the new one is {beside.name}")
        if here == now:
            ledger["placed"][name] = now
        write_ledger(notebooks, ledger)
    return placed, messages


def place_terms(folder: Path, notebooks: Path) -> None:
    """Place the page of terms, to which the labs' text links; nobody works in it."""
    page = folder / "notebooks" / "terms.md"
    if page.exists():  # older editions have none
        write(notebooks / page.name, page.read_bytes())


def free(mine: Path, tail: str, now: "str | None") -> Path:
    """Return a name beside a file that is free, or holds the wanted content already."""
    names = (
        mine.stem + tail + (f"-{k}" if k > 1 else "") + mine.suffix for k in itertools.count(1)
    )
    paths = map(mine.with_name, names)
    return next(path for path in paths if not path.exists() or content(path) == now)


def place_data(edition: "dict[str, Any]", folder: Path, data: Path, notebooks: Path) -> "list[str]":
    """Place the data; a table that somebody has changed is kept under another name."""
    data.mkdir(exist_ok=True)
    ledger = read_ledger(notebooks)
    messages = []
    for name in edition["data"]:
        new, mine = (folder / "data" / name).read_bytes(), data / name
        here = sha256(mine.read_bytes()) if mine.exists() else None
        if here not in (None, sha256(new), ledger["data"].get(name)):
            kept = free(mine, "-yours", here)
            mine.replace(kept)
            messages.append(f"data/{name}: the labs need it unchanged; yours is {kept.name}")
        if here != sha256(new):
            write(mine, new)
        ledger["data"][name] = sha256(new)
        write_ledger(notebooks, ledger)
    return messages


def read_ledger(notebooks: Path) -> "dict[str, dict[str, str]]":
    """Return what earlier editions placed; where that is lost, nothing counts as unchanged."""
    ledger: dict[str, dict[str, str]] = {"placed": {}, "beside": {}, "data": {}}
    try:
        stored = json.loads((notebooks / LEDGER).read_text(encoding="utf-8"))
        ledger.update({key: dict(stored[key]) for key in ledger})
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return ledger


def write_ledger(notebooks: Path, ledger: "dict[str, dict[str, str]]") -> None:
    """Store what has been placed."""
    write(notebooks / LEDGER, json.dumps(ledger, indent=1).encode())


def write(path: Path, data: bytes) -> None:
    """Write a file beside its place and rename it, so that no moment shows half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name("." + path.name + ".new")
    try:
        beside.write_bytes(data)
        beside.replace(path)
    except OSError:
        if beside.exists():
            beside.unlink()
        raise


def sha256(data: bytes) -> str:
    """Return the hash of some bytes."""
    return hashlib.sha256(data).hexdigest()


# --- the command ---------------------------------------------------------------------------------


def main() -> None:
    """Do what the command line asks for."""
    python = installing.python_of(HOME / ".venv")
    if sys.argv[1:2] == ["new"]:
        sys.exit(new_analysis(python, sys.argv[2:]))
    parser = argparse.ArgumentParser(this_command(), description="Install and open the labs.")
    parser.add_argument("--open", action="store_true", help="open them in JupyterLab")
    parser.add_argument("--no-torch", action="store_true", help="leave torch out")
    parser.add_argument("--update", metavar="ZIP", type=Path, help="take a newer edition first")
    parser.add_argument("--doctor", action="store_true", help="is this machine ready?")
    options = parser.parse_args()
    if options.doctor:
        sys.exit(ask_doctor(python))
    pythons.ensure("{python} start.py", first=python)
    if options.update:
        with alone.alone(HOME):
            unpack(options.update.expanduser(), HOME)
        rest = ["--open"] * options.open + ["--no-torch"] * options.no_torch
        sys.exit(subprocess.call([sys.executable, str(HOME / "start.py"), *rest]))
    notebooks = HOME / "notebooks"
    with alone.alone(HOME):
        edition = read_edition(EDITION)
        python = install(edition, torch=not options.no_torch)
        placed, messages = place_labs(edition, EDITION, notebooks)
        place_terms(EDITION, notebooks)
        messages += place_data(edition, EDITION, HOME / "data", notebooks)
    new = f"{placed} of {len(edition['labs'])} labs are new in notebooks/"
    print(f"Edition {edition['version']} is ready; {new}.")
    print(*messages, sep="\n", end="\n" if messages else "")
    if options.open:
        sys.exit(open_labs(python, notebooks))
    again = this_command("--open")
    print(f"To open the labs: {again}. To read them: site/index.html in a browser.")


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a terminal may lack a letter of the folder's name
            stream.reconfigure(errors="backslashreplace")
    try:
        main()
    except KeyboardInterrupt:
        sys.exit("\nInterrupted. Nothing is lost: run the same command again.")
    except OSError as error:
        if error.errno == errno.ENOSPC:
            sys.exit(installing.FULL_DISK)
        sys.exit(NOT_WRITTEN.format(error.filename2 or error.filename, error.strerror))
