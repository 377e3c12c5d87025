"""The tables in `data/`: read from disk, never from a network, and verified before use."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

CHECKSUMS = "SHA256SUMS"


def data_folder() -> Path:
    """Return the course's data folder.

    The folder named by the environment variable LABKIT_DATA, else the one beside the package,
    else `data` in the working folder or one above it.

    Raises
    ------
    FileNotFoundError
        If there is none; the message says where it was looked for.
    """
    if named := os.environ.get("LABKIT_DATA"):
        places = [Path(named)]
    else:
        here = Path.cwd()
        places = [
            Path(__file__).parent.parent / "data",
            *(p / "data" for p in (here, *here.parents)),
        ]
    for place in places:
        if (place / CHECKSUMS).is_file():
            return place
    raise FileNotFoundError(
        "The course's data folder (the one with SHA256SUMS in it) was not found. Start Python in "
        "the course's folder, or set the environment variable LABKIT_DATA to the data folder. "
        f"Looked in: {', '.join(map(str, places[:4]))}."
    )


def checksums() -> dict[str, str]:
    """Return the SHA-256 checksum that each file of the data folder must have."""
    lines = (data_folder() / CHECKSUMS).read_text(encoding="utf-8").splitlines()
    return {name.lstrip("*"): digest for digest, name in (line.split() for line in lines)}


def verified(name: str) -> Path:
    """Return the path of a file in the data folder after verifying its checksum.

    Raises
    ------
    FileNotFoundError
        If the file is missing or not among the course's data.
    ValueError
        If it was changed: a lab on other data would show other numbers.
    """
    known = checksums()
    path = data_folder() / name
    if name not in known or not path.is_file():
        raise FileNotFoundError(f"{name} is not among the course's data: {', '.join(known)}.")
    # Git may have written Windows line ends; the checksum is that of the text.
    content = path.read_bytes().replace(b"\r\n", b"\n")
    if hashlib.sha256(content).hexdigest() != known[name]:
        raise ValueError(
            f"data/{name} has been changed since it was published. "
            f"Restore it with: git checkout -- data/{name}"
        )
    return path


def load_r_coefficients() -> pd.DataFrame:
    """Read what R gives for the data of lab 01: truth, gradient descent, OLS and its errors.

    Returns
    -------
    DataFrame
        A row for each of the ten features; columns `truth`, `gradient_descent`, `ols`, `ols_se`.
    """
    import pandas as pd

    return pd.read_csv(verified("r_linear_seed42_coefficients.csv"), index_col="feature")


def load_r_losses() -> pd.DataFrame:
    """Read R's mean squared residual before each of the 200 gradient-descent steps of lab 01.

    Returns
    -------
    DataFrame
        Indexed by step, from 1; column `loss`.
    """
    import pandas as pd

    return pd.read_csv(verified("r_linear_seed42_losses.csv"), index_col="step")


def load_r_stream() -> pd.DataFrame:
    """Read the first draws of R's generator after `set.seed(42)`: eight normal, four uniform.

    Returns
    -------
    DataFrame
        Indexed by draw, rnorm1 to rnorm8, then runif1 to runif4; column `value`.
    """
    import pandas as pd

    return pd.read_csv(verified("r_stream_seed42.csv"), index_col="draw")


def load_r_glm() -> pd.Series:
    """Read what R's `glm` says of any visit in the RAND Health Insurance Experiment (lab 9).

    Returns
    -------
    Series
        `iterations`, of Fisher scoring, and `deviance`, the residual one.
    """
    import pandas as pd

    return pd.read_csv(verified("r_glm.csv"), index_col="quantity")["value"]


def load_rand_hie() -> pd.DataFrame:
    """Read the RAND Health Insurance Experiment: outpatient visits by insurance plan and health.

    Families were randomised to plans between free care and 95 % coinsurance; a row is one person
    in one year. The table has no identifier of the person, whose years therefore stand in rows
    that are alike in everything but `visits`: split by `groupby` of the other columns, or a
    person's years fall on both sides.

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
        The study; `make studies` writes `data/study_NAME.csv`.

    Returns
    -------
    DataFrame
        As the lab's own study gives it. Its `attrs` say how it was made: `command`, `settings`,
        `seconds`, `versions`.

    Raises
    ------
    FileNotFoundError, ValueError
        If there is no such study, or its file was changed.
    """
    import pandas as pd

    path = verified(f"study_{name}.csv")
    table = pd.read_csv(path, comment="#")
    table.attrs.update(how_made(path))
    return table


def how_made(path: Path) -> dict[str, Any]:
    """Return what the first line of a stored study says of how it was made."""
    with path.open(encoding="utf-8") as file:
        facts: dict[str, Any] = json.loads(file.readline().removeprefix("# "))
    return facts
