"""The rows of a table in batches."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from labkit.inputs import whole
from labkit.tensors import AT_ONCE, Pair


class Batches:
    """The rows of a table in batches: each pass in a new random order, every row once.

    Indexing a tensor with many rows at once is what makes this several times as fast as a
    `DataLoader`, which fetches one row at a time: a small table is put into its new order in one
    go, a large one in pieces, so that no second copy of it is needed.

    Parameters
    ----------
    X, y : Tensor
        Features and targets, n rows each.
    batch_size : int or None
        Rows a batch, the last one taking what is left; None gives all rows in one, as they are.
    dtype : torch.dtype
        What the features are converted to.
    """

    def __init__(self, X: Tensor, y: Tensor, batch_size: int | None, dtype: torch.dtype) -> None:
        self.X, self.y, self.dtype = X, y, dtype
        self.batch_size = None if batch_size is None else whole(batch_size, "batch_size")
        if self.batch_size is None:
            self.X = X.to(dtype)
        elif self.batch_size > len(X):
            raise ValueError(
                f"batch_size={batch_size} is larger than the {len(X)} rows of X; "
                "batch_size=None takes all of them in one step."
            )

    def __len__(self) -> int:
        """Return the number of batches, which is that of the steps in an epoch."""
        return 1 if self.batch_size is None else -(-len(self.X) // self.batch_size)

    @property
    def last(self) -> int:
        """The number of rows in the last batch."""
        return len(self.X) - (len(self) - 1) * (self.batch_size or 0)

    def __iter__(self) -> Iterator[Pair]:
        if self.batch_size is None:
            yield self.X, self.y
            return
        order = torch.randperm(len(self.X)).to(self.X.device)
        a_batch = self.batch_size * self.X[0].numel() * self.X.element_size()
        for rows in order.split(self.batch_size * max(1, AT_ONCE // a_batch)):
            X, y = self.X[rows].to(self.dtype), self.y[rows]
            yield from zip(X.split(self.batch_size), y.split(self.batch_size), strict=True)
