"""Write `.binder/`, what mybinder.org needs to open the labs, from `requirements.lock`.

    python -m course.publishing.binder

Run it after `make lock`; a test tells when it is due. Binder builds with repo2docker, which reads
the Python from `runtime.txt`, installs `requirements.txt` and then runs `postBuild`.
"""

import re
import tomllib
from pathlib import Path

from course import ROOT
from course.environment.closure import closure, pinned

WRITTEN = "Written by 'python -m course.publishing.binder': do not edit."

# `uv` knows where the CPU builds of torch are: of an address this repository says nothing. The
# ordinary build for Linux brings gigabytes of libraries for graphics cards, which Binder has not.
POST_BUILD = """\
#!/bin/bash
# {written} Torch's CPU build, then labkit in place, beside its data.
set -euo pipefail
python -m pip install --no-cache-dir uv
uv pip install --no-cache --python "$(command -v python)" --torch-backend cpu --no-deps {torch}
python -m pip install --no-cache-dir --no-deps --no-build-isolation --editable .
"""


def binder_files(root: Path = ROOT) -> dict[str, str]:
    """Return the text of each file of `.binder/`, by name."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    [oldest] = re.findall(r">=\s*(\d+\.\d+)", project["requires-python"])
    asked = (root / "course" / "environment" / "lock.in").read_text(encoding="utf-8").splitlines()
    building = [line for line in asked if line.startswith(("hatchling", "editables"))]
    lines = sorted({*closure("labs", "torch", root=root), *pinned(building, root)})
    [torch] = [line for line in lines if line.startswith("torch==")]
    lines.remove(torch)
    head = f"# What a lab needs, torch apart (postBuild), as in requirements.lock. {WRITTEN}\n"
    return {
        "runtime.txt": f"python-{oldest}\n",
        "requirements.txt": head + "\n".join(lines) + "\n",
        "postBuild": POST_BUILD.format(written=WRITTEN, torch=torch),
    }


def main() -> None:
    """Run from the command line."""
    folder = ROOT / ".binder"
    folder.mkdir(exist_ok=True)
    for name, text in binder_files().items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    (folder / "postBuild").chmod(0o755)


if __name__ == "__main__":
    main()
