"""The zip of the student edition: its name, and whether the one that is there may be offered.

It may as long as nothing has changed since of what it is made from.
"""

import hashlib
import json
import tomllib
import zipfile
from pathlib import Path

from course import ROOT

FOLDER = "neural-networks-labs"  # the same in every edition: the next one is unpacked over it
NO_MATTER = {"tests", "benchmarks"}  # like what begins with . or _, but for _quarto.yml


def version(root: Path = ROOT) -> str:
    """Return the course's version, which is labkit's."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return str(project["version"])


def zip_path(root: Path = ROOT) -> Path:
    """Return where `make student` puts the zip without wheels."""
    return root / "_student" / f"{FOLDER}-{version(root)}.zip"


def sources_hash(root: Path = ROOT) -> str:
    """Hash every file of the project that the zip may depend on."""
    digest = hashlib.sha256()
    for top in sorted(root.iterdir()):
        hidden = top.name.startswith((".", "_")) and top.name != "_quarto.yml"
        if hidden or top.name in NO_MATTER:
            continue
        for path in [top] if top.is_file() else sorted(top.rglob("*")):
            inside = path.relative_to(root)
            passing = any(part.startswith((".", "__pycache__")) for part in inside.parts)
            if path.is_file() and not passing:
                digest.update(inside.as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def current_zip(root: Path = ROOT) -> Path | None:
    """Return the zip that the site may offer, or None where there is none or an old one."""
    path = zip_path(root)
    try:
        with zipfile.ZipFile(path) as archive:
            edition = json.loads(archive.read(f"{FOLDER}/edition/edition.json"))
    except (OSError, KeyError, ValueError, zipfile.BadZipFile):
        return None
    return path if edition["sources"] == sources_hash(root) else None
