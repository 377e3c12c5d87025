"""The tables in `data/`: read from disk, never from a network, and verified before use."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

CHECKSUMS = "SHA256SUMS"
CHECKSUM = re.compile(r"([0-9a-f]{64}) [ *](.+)")


def data_folder() -> Path:
    """Return the course's data folder.

    The folder named by the environment variable LABKIT_DATA, else the one beside the package,
    else the one beside the environment of this Python, else `data` in the working folder or one
    above it.

    Raises
    ------
    FileNotFoundError
        If there is none; the message says where it was looked for.
    """
    if named := os.environ.get("LABKIT_DATA"):
        places = [Path(named)]
    else:
        here = Path.cwd()
        homes = (Path(__file__).parent.parent, Path(sys.prefix).parent, here, *here.parents)
        places = [home / "data" for home in homes]
    for place in places:
        if os.path.isfile(place / CHECKSUMS):  # noqa: PTH113 - False where one may not look, too
            return place
    raise FileNotFoundError(
        "The course's data folder (the one with SHA256SUMS in it) was not found. Start Python in "
        "the course's folder, or set the environment variable LABKIT_DATA to the data folder. "
        f"Looked in: {', '.join(map(str, places[:4]))}."
    )


def checksums() -> dict[str, str]:
    """Return the SHA-256 checksum that each file of the data folder must have.

    Raises
    ------
    ValueError
        If the list of them is damaged.
    """
    text = _content(CHECKSUMS).decode(errors="replace")
    lines = [(line, CHECKSUM.fullmatch(line)) for line in text.splitlines()]
    for line, match in lines:
        if match is None:
            raise ValueError(
                f"{data_folder() / CHECKSUMS} is damaged: {line[:40]!r} is no checksum and name. "
                f"To restore it: {how_to_restore(CHECKSUMS)}"
            )
    return {match[2]: match[1] for _, match in lines if match}


def verified(name: str) -> Path:
    """Return the path of a file in the data folder after verifying its checksum.

    Raises
    ------
    FileNotFoundError
        If the file is not among the course's data, or is, and is missing.
    OSError
        If it can't be read.
    ValueError
        If it was changed: a lab on other data would show other numbers.
    """
    known = checksums()
    if name not in known:
        raise FileNotFoundError(f"{name} is not among the course's data: {', '.join(known)}.")
    # Git may have written Windows line ends; the checksum is that of the text.
    content = _content(name).replace(b"\r\n", b"\n")
    path = data_folder() / name
    if hashlib.sha256(content).hexdigest() != known[name]:
        raise ValueError(
            f"{path} has been changed since it was published. To restore it: {how_to_restore(name)}"
        )
    return path


def of_study(name: object, pattern: str) -> Path:
    """Return the verified file that a study has stored, such as `study_{}.csv` for its name."""
    if not isinstance(name, str):
        raise TypeError(f"name must be a study's name, a string, not {name!r}.")
    file = pattern.format(name)
    names = re.escape(pattern).replace(re.escape("{}"), "(.+)")
    known = re.findall(f"^{names}$", "\n".join(checksums()), re.MULTILINE)
    if name not in known:
        stored = f"stored are: {', '.join(known)}" if known else "no study has stored one"
        raise FileNotFoundError(f"{file} is not among the course's data; {stored}.")
    return verified(file)


def how_to_restore(*names: str) -> str:
    """Return how to get back files of the data folder, as the course came to this machine."""
    folder = data_folder().absolute()
    other = "unset LABKIT_DATA, or: " if os.environ.get("LABKIT_DATA") else ""
    return other + from_its_source(folder.parent, [f"{folder.name}/{name}" for name in names])


def from_its_source(folder: Path, names: list[str]) -> str:
    """Return how to get back files of the course: by start.py, by git or from a download.

    The first where the files, or this Python, are those of the students' folder; `start.py`
    restores all files, and what a student has is in no repository.
    """
    for home in (folder, Path(sys.prefix).parent):
        if (home / "edition" / "edition.json").is_file():
            return f'{"py" if os.name == "nt" else "python3"} "{home / "start.py"}"'
    if shutil.which("git") and any((f / ".git").exists() for f in (folder, *folder.parents)):
        git = "git" if folder == Path.cwd() else f'git -C "{folder}"'
        return f"{git} checkout -- {' '.join(names)}"
    return f'copy {", ".join(names)} from a fresh download of the course into "{folder}"'


def _content(name: str) -> bytes:
    path = data_folder() / name
    try:
        if path.exists() and not path.is_file():  # reading a pipe would wait for ever
            raise OSError("it is no file")
        return path.read_bytes()
    except FileNotFoundError:
        mend = f"To restore it: {how_to_restore(name)}"
        raise FileNotFoundError(f"{path} is missing. {mend}") from None
    except OSError as error:
        mend = f"Delete it; then, to restore it: {how_to_restore(name)}"
        raise type(error)(f"{path} can't be read ({error.strerror or error}). {mend}") from error


def load_reference(name: str) -> pd.DataFrame:
    """Read what R gives where a lab shows that Python gives the same.

    Parameters
    ----------
    name : str
        The table `data/r_NAME.csv`: `"linear_seed42_coefficients"` and `"linear_seed42_losses"`
        for the data and the 200 steps of lab 1, `"stream_seed42"` for R's random numbers, `"glm"`,
        `"cox"`, `"decisions"` and `"ksmooth"` for what labs 11, 13, 14 and 16 compute too.
        `data/README.md` says what their columns are.

    Returns
    -------
    DataFrame
        Indexed by its first column.

    Raises
    ------
    FileNotFoundError, OSError, ValueError
        If there is no such table, or its file is missing, can't be read or was changed.
    """
    import pandas as pd

    return pd.read_csv(verified(f"r_{name}.csv"), index_col=0)


def load_rand_hie() -> pd.DataFrame:
    """Read the RAND Health Insurance Experiment: outpatient visits by insurance plan and health.

    Families were randomised to plans between free care and 95 % coinsurance; a row is one person
    in one year. The table has no identifier of person or family. The years of a person, and the
    persons of a family, stand one after the other: split by runs of rows that agree in the four
    columns of the plan, or a family falls on both sides.

    Returns
    -------
    DataFrame
        20,190 rows; `visits` (a year, to a physician), `log_coinsurance` (ln(% + 1); 1,074 rows
        have 100 %, all with an individual deductible), `individual_deductible` (0 or 1),
        `log_incentive_usd` (ln of the yearly participation payment, at least 1),
        `log_deductible_usd` (ln of the maximum expenditure over the coinsurance rate; 0 where
        there is none), `physical_limitation` (0 or 1, imputed values between),
        `chronic_diseases` (index), `health` (categorical, excellent to poor, as the person
        rates it).

    Notes
    -----
    The experiment: Manning, Newhouse, Duan, Keeler and Leibowitz, American Economic Review 77
    (1987), 251-277.
    """
    import pandas as pd

    table = pd.read_csv(verified("rand_hie.csv"))
    levels = ["excellent", "good", "fair", "poor"]
    table["health"] = pd.Categorical(table["health"], levels, ordered=True)
    return table


def load_study(name: str) -> pd.DataFrame:
    """Read the stored results of a study that is too long for its lab.

    Parameters
    ----------
    name : str
        The study, such as `"baselines"`; `make studies` writes `data/study_NAME.csv`.

    Returns
    -------
    DataFrame
        As the lab's own study gives it. Its `attrs` say how it was made: `command`, `settings`,
        `seconds`, `versions`.

    Raises
    ------
    TypeError
        If the name is no string.
    FileNotFoundError, OSError, ValueError
        If there is no such study, or its file is missing, can't be read or was changed.
    """
    import pandas as pd

    path = of_study(name, "study_{}.csv")
    table = pd.read_csv(path, comment="#")
    table.attrs.update(how_made(path))
    return table


def how_made(path: Path) -> dict[str, Any]:
    """Return what the first line of a stored study says of how it was made."""
    with path.open(encoding="utf-8") as file:
        facts: dict[str, Any] = json.loads(file.readline().removeprefix("# "))
    return facts
