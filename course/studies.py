"""Run the long studies: a lab's own cells with more replicates, their results stored in `data/`.

    python -m course.studies               the studies that are not stored, or not of this code
    python -m course.studies --all         every study
    python -m course.studies NAME ...      these

A lab that has a study too long for it marks three cells by tags: `study-settings` assigns the
settings, at the small size that the lab itself runs; the cells from there to `study` define and
run the study, whose table is the variable `results`. Here the settings are replaced by the large
ones below and the same cells run: what is stored and what the lab shows come from one code.
"""

import argparse
import ast
import base64
import hashlib
import io
import json
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl

from course import ROOT
from course.notebook import Lab, labs
from course.run import versions
from course.slice import needed, statements
from labkit.datasets import how_made


@dataclass(frozen=True)
class LongStudy:
    """A study: the file that keeps it, the lab it belongs to, and its settings.

    `weights` says that it stores weights too, `nth` which of the lab's studies it is, from 0, and
    `reads` which stored weights it rests on: other weights, another study.
    """

    name: str
    lab: str
    settings: dict[str, Any]
    weights: bool = False
    nth: int = 0
    reads: str = ""

    @property
    def file(self) -> str:
        """The file in `data/`."""
        return f"study_{self.name}.csv"

    @property
    def weights_file(self) -> str:
        """The file in `data/` with the weights, if it has any."""
        return f"weights_{self.name}.txt"


STUDIES = [
    LongStudy(
        "baselines",
        "07",
        {
            "jobs": {
                "diabetes": 50,
                "breast cancer": 50,
                "RAND HIE": 20,
                "RAND HIE, by pattern": 20,
                "RAND HIE, by row": 20,
            },
            "study_seed": 0,
        },
    ),
    LongStudy(
        "sample_size",
        "08",
        {
            "sizes": [125, 250, 500, 1000, 2000, 4000, 8000, 16000, 32000, 64000, 256000],
            "replicates": [30, 30, 30, 30, 20, 20, 20, 20, 20, 10, 5],
            "threshold_sizes": [500, 2000, 8000, 32000],
            "study_seed": 2,
        },
    ),
    LongStudy(
        "falling_rate",
        "08",
        {
            "falling_races": [
                ("Friedman's", 16000),
                ("Friedman's", 64000),
                ("Friedman's", 256000),
                ("thresholds", 32000),
            ],
            "falling_tables": 5,
        },
        nth=1,
    ),
    LongStudy("moved_digits", "09", {"replicates": 36}),
    LongStudy(
        "patience",
        "08",
        {"patient_sizes": [125, 250, 2000], "patient_tables": [30, 30, 20]},
        nth=2,
    ),
    LongStudy(
        "borrowed",
        "15",
        {
            "sizes": [50, 100, 200, 500, 1000, 2000, 4000],
            "replicates": 10,
            "borrowed_from": [
                "same kind",
                "200 sequences",
                "word is rare",
                "no word",
                "another word",
                "test rows",
                "200 test rows",
            ],
            "tuned_from": ["same kind", "word is rare", "another word"],
            "widths": [8, 32],
            "width_sizes": [50, 200, 1000, 4000],
        },
    ),
    LongStudy(
        "starts",
        "15",
        {"start_sizes": [50, 100, 200, 500, 1000, 2000, 4000], "start_replicates": 10},
        nth=1,
    ),
    LongStudy("compile", "12", {"pieces": ["placebo", "torch.compile"]}),
    LongStudy("prior_fitted", "16", {"until": 40000}, weights=True),
    LongStudy(
        "one_pass",
        "16",
        {
            "tables": 200,
            "fitted": 20,
            "chosen_places": [
                *(f"{n} rows" for n in (20, 50, 100, 500)),
                "heavy tails",
                "threshold",
            ],
        },
        nth=1,
        reads="prior_fitted",
    ),
]


def program(study: LongStudy, root: Path = ROOT) -> list[str]:
    """Return the code that makes a study: the lab's cells up to it, with the large settings."""
    (path,) = (p for p in labs(root) if p.name.startswith(study.lab))
    cells = Lab.read(path).lesson_code
    tagged = {}
    for tag in ("study-settings", "study"):
        places = [i for i, cell in enumerate(cells) if tag in cell.tags]
        if len(places) <= study.nth:
            sys.exit(f"{path.name} has no cell tagged {tag}, which the study {study.name} needs.")
        tagged[tag] = places[study.nth]
    sources = [cell.code for cell in cells[: tagged["study"] + 1]]
    small: dict[str, Any] = {}
    exec(sources[tagged["study-settings"]], small)
    if unknown := set(study.settings) - set(small):
        sys.exit(f"{path.name} has no setting {', '.join(sorted(unknown))} in its settings cell.")
    large = "".join(f"{name} = {value!r}\n" for name, value in study.settings.items())
    sources.insert(tagged["study-settings"] + 1, large)
    return sources


def fingerprint(study: LongStudy, root: Path = ROOT) -> str:
    """Hash the code of a study, and the weights that it reads."""
    code = code_hash(program(study, root))
    if not study.reads:
        return code
    path = root / "data" / f"weights_{study.reads}.txt"
    read = path.read_bytes() if path.is_file() else b""
    return hashlib.sha256(code.encode() + read).hexdigest()[:16]


def code_hash(sources: list[str]) -> str:
    """Hash what a study's table rests on, settings included: another hash, another study.

    Only the statements that lead to `results` count, without their comments: a lab's text,
    figures and questions around a study may change, and it stays the same study.
    """
    whole = [part for statement in statements(sources) for part in _imports_apart(statement)]
    wanted = max(i for i, part in enumerate(whole) if "results" in _assigned(part))
    used = (whole[i] for i in needed(whole, {wanted}, apart_from="checks"))
    return hashlib.sha256("\0".join(used).encode()).hexdigest()[:16]


def _assigned(statement: str) -> set[str]:
    """Return the names that a statement assigns."""
    nodes = ast.walk(ast.parse(statement))
    return {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def _imports_apart(statement: str) -> list[str]:
    """Return an import of several names as one statement a name, others as they are."""
    (node,) = ast.parse(statement).body
    if isinstance(node, ast.ImportFrom):
        return [ast.unparse(ast.ImportFrom(node.module, [name], node.level)) for name in node.names]
    if isinstance(node, ast.Import):
        return [ast.unparse(ast.Import([name])) for name in node.names]
    return [statement]


def stored_facts(study: LongStudy, root: Path = ROOT) -> dict[str, Any]:
    """Return what the first line of a stored study says of how it was made; {} if there is none."""
    path = root / "data" / study.file
    return how_made(path) if path.is_file() else {}


def is_stored(study: LongStudy, root: Path = ROOT) -> bool:
    """Tell whether the stored results are those of the lab's code of now."""
    if study.weights and not (root / "data" / study.weights_file).is_file():
        return False
    return stored_facts(study, root).get("code") == fingerprint(study, root)


def run(study: LongStudy, root: Path = ROOT) -> float:
    """Run a study, store its results with how they were made, and return the seconds."""
    sources, code = program(study, root), fingerprint(study, root)
    part = root / "data" / f"{study.name}-{code}.part"
    names: dict[str, Any] = {"__name__": "study", "display": lambda *_: None}
    started = time.perf_counter()
    with mpl.rc_context({"backend": "agg", "figure.max_open_warning": 0}):
        for source in sources:
            exec(source, names)
            if study.weights and "checkpoint" in names:
                names["checkpoint"] = str(part)
    seconds = time.perf_counter() - started
    facts = {
        "command": f"make studies STUDY={study.name}",
        "settings": study.settings,
        "seconds": round(seconds),
        "versions": versions(),
        "code": code,
    }
    table = names["results"].to_csv(index=False, lineterminator="\n")
    path = root / "data" / study.file
    path.write_text(f"# {json.dumps(facts)}\n{table}", encoding="utf-8", newline="\n")
    if study.weights:
        write_weights(root / "data" / study.weights_file, names["weights"])
    write_checksums(root / "data")
    part.unlink(missing_ok=True)
    return seconds


def write_weights(path: Path, weights: dict[str, Any]) -> None:
    """Write a state dict as text, in lines, for `labkit.load_weights`."""
    import torch

    content = io.BytesIO()
    torch.save(weights, content)
    path.write_bytes(base64.encodebytes(content.getvalue()))


def write_checksums(folder: Path) -> None:
    """Write SHA256SUMS anew for the tables of a folder, and for the weights."""
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
        for path in sorted([*folder.glob("*.csv"), *folder.glob("weights_*.txt")])
    ]
    (folder / "SHA256SUMS").write_text("".join(lines), encoding="utf-8", newline="\n")


def main(arguments: list[str] | None = None) -> None:
    """Run what was asked for, one study after the other."""
    known = {study.name: study for study in STUDIES}
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(known))
    parser.add_argument("--all", action="store_true", help="every study, stored or not")
    asked = parser.parse_args(arguments)
    if unknown := set(asked.names) - set(known):
        parser.error(f"there is no study {', '.join(unknown)}; there are: {', '.join(known)}")
    chosen = [known[name] for name in asked.names] or [
        study for study in STUDIES if asked.all or not is_stored(study)
    ]
    for study in chosen:
        print(f"{study.name}, lab {study.lab}: running", flush=True)
        print(f"{study.name}: {run(study):.0f} s, stored in data/{study.file}", flush=True)
    print(
        "Every study is stored. The labs that read them: make labs" if chosen else "Nothing to do."
    )


if __name__ == "__main__":
    main()
