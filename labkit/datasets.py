"""The tables in `data/`: read from disk, never from a network, and verified before use."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

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
