"""The weights of a network that a long study has trained, read from `data/`."""

from __future__ import annotations

import base64
import io
from typing import TYPE_CHECKING

from labkit.datasets import of_study

if TYPE_CHECKING:
    from torch import Tensor


def load_weights(name: str) -> dict[str, Tensor]:
    """Read the weights of a network that is too slow to train for its lab.

    They are kept as text, what `torch.save` writes in base 64, so that the data folder's checksums
    and Git's line ends treat them as they treat a table.

    Parameters
    ----------
    name : str
        The study, such as `"prior_fitted"`; `make studies` writes `data/weights_NAME.txt`.

    Returns
    -------
    dict of str to Tensor
        A state dict, for `load_state_dict` of the module whose weights they are. It is read with
        `weights_only=True`, so that nothing in the file is executed.

    Raises
    ------
    TypeError
        If the name is no string.
    FileNotFoundError, OSError, ValueError
        If there are no such weights, or their file is missing, can't be read or was changed.
    """
    import torch

    content = base64.b64decode(of_study(name, "weights_{}.txt").read_bytes())
    weights: dict[str, Tensor] = torch.load(
        io.BytesIO(content), map_location="cpu", weights_only=True
    )
    return weights
