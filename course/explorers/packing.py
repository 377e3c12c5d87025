"""Numbers as text, for the data of a figure: `unpack` in `explorers/axes.js` reads them."""

import base64

import numpy as np


def packed(values: np.ndarray) -> str:
    """Write numbers as text: 32 bits each, the lowest byte first."""
    return base64.b64encode(values.astype("<f4").tobytes()).decode()
