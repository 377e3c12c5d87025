"""The students' zip as a file: its name, the same bytes for the same files, whether it is current.

It is current as long as nothing has changed since of what it is made from.
"""

import hashlib
import json
import shutil
import zipfile
from pathlib import Path

from course import ROOT, version

FOLDER = "neural-networks-labs"  # the same in every edition: the next one is unpacked over it
DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can name
IGNORED = {"tests", "benchmarks", "analyses"}  # like what begins with . or _, but for _quarto.yml


def zip_path(root: Path = ROOT) -> Path:
    """Return where `make student` puts the zip without wheels."""
    return root / "_student" / f"{FOLDER}-{version(root)}.zip"


def write_zip(folder: Path, target: Path) -> None:
    """Zip a folder, the same files to the same bytes."""
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(path.relative_to(folder.parent).as_posix(), DATE)
            entry.create_system = 3  # the rights below are Unix's, whatever system writes them
            entry.external_attr = (0o755 if path.name == "start.py" else 0o644) << 16
            entry.compress_type = (
                zipfile.ZIP_STORED if path.suffix == ".whl" else zipfile.ZIP_DEFLATED
            )
            with path.open("rb") as source, archive.open(entry, "w", force_zip64=True) as copy:
                shutil.copyfileobj(source, copy, 1 << 20)


def sources_digest(root: Path = ROOT) -> str:
    """Digest every file of the project that the zip may depend on."""
    digest = hashlib.sha256()
    for top in sorted(root.iterdir()):
        if top.name != "_quarto.yml" and (top.name[0] in "._" or top.name in IGNORED):
            continue
        for path in sorted([top, *top.rglob("*")]):
            inside = path.relative_to(root)
            if path.is_file() and not any(p.startswith((".", "__pycache__")) for p in inside.parts):
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
    return path if edition["sources"] == sources_digest(root) else None
