"""What every loop returns, and what it raises when it diverges."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from labkit.inputs import require_columns

if TYPE_CHECKING:
    import pandas as pd
    from torch import nn

Records = Mapping[str, Any]
Stopped = Literal["budget", "converged", "early stopping", "interrupted"]


def as_history(records: Records) -> pd.DataFrame:
    """Return a loop's records as a DataFrame, a row an epoch, indexed from epoch 1."""
    import pandas as pd

    columns = {key: np.asarray(values, dtype=np.float64) for key, values in records.items()}
    rows = len(next(iter(columns.values())))
    return pd.DataFrame(columns, index=pd.RangeIndex(1, rows + 1, name="epoch"))


@dataclass(frozen=True, eq=False, kw_only=True)
class Fit(ABC):
    """A trained model: what every loop in `labkit` returns.

    It is data with methods, so it can be pickled and copied, and `params` and `predict` always
    speak of the same weights: of a network that is trained on, the new ones.

    Attributes
    ----------
    params : dict of str to ndarray
        The parameters, by name.
    records : mapping of str to sequence of float
        One number an epoch under each key; `history` shows them as a table.
    stopped : {"budget", "converged", "early stopping", "interrupted"}
        Why the loop ended. "budget" means only that all epochs were used; "interrupted", that
        Ctrl-C (in a notebook, the stop button) ended it early.
    best_epoch : int or None
        The epoch, from 1, whose weights were restored by early stopping.
    columns : tuple of str or None
        The names of the columns it was fitted on, where they had names.
    model : torch.nn.Module or None
        The network, in eval mode; None where the loop was NumPy's.
    """

    records: Records = field(repr=False)
    stopped: Stopped
    best_epoch: int | None = None
    columns: tuple[str, ...] | None = field(default=None, repr=False)
    model: nn.Module | None = field(default=None, repr=False)

    @property
    @abstractmethod
    def params(self) -> dict[str, NDArray[Any]]:
        """The parameters, by name."""

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the predictions for features of shape (n, p), as an array.

        Parameters
        ----------
        X : array_like or DataFrame, shape (n, p)
            The features, in the columns that the model was fitted on.

        Returns
        -------
        ndarray
            One prediction a row.

        Raises
        ------
        TypeError, ValueError
            If `X` is a DataFrame with other columns, or the same in another order; if it hasn't
            the shape that the model takes; or if it is not finite numbers.
        """
        require_columns(X, self.columns)
        return self._predict(X)

    @abstractmethod
    def _predict(self, X: Any) -> NDArray[Any]:
        """Return the predictions for features whose names are right."""

    @cached_property
    def history(self) -> pd.DataFrame:
        """One row an epoch: `loss`, measured before the update, and `val_loss` where given."""
        return as_history(self.records)

    @property
    def converged(self) -> bool:
        """Whether the loop met its own criterion of convergence, rather than its budget."""
        return self.stopped == "converged"


class TrainingDiverged(ArithmeticError):
    """The loss grew instead of falling; the message says what to try.

    Attributes
    ----------
    epoch : int
        The epoch, from 1, in which it was noticed.
    lr : float
        The learning rate in use.
    gradient_norm : float
        Euclidean norm of the last gradient, before it was clipped.
    feature_scale : float
        The largest standard deviation of a feature.
    stable_lr : float or None
        The learning rate below which the loop is stable, where theory gives it.
    history : DataFrame
        What was recorded up to the divergence.
    """

    def __init__(
        self,
        *,
        epoch: int,
        lr: float,
        gradient_norm: float,
        feature_scale: float,
        records: Records,
        stable_lr: float | None = None,
    ) -> None:
        self.epoch, self.lr = epoch, lr
        self.gradient_norm, self.feature_scale = gradient_norm, feature_scale
        self.stable_lr = stable_lr
        self._records = records
        if stable_lr is not None:
            advice = f"Here gradient descent is stable only for lr < {stable_lr:.4g}: lower lr"
        else:
            advice = f"Lower lr, to {lr / 10:.2g} say"
        if epoch == 1:
            advice += "; where the loss is no number before the first step, look at the loss itself"
        if feature_scale > 10:
            advice += ", or standardise the features, which allows a larger one"
        super().__init__(
            f"The training diverged at epoch {epoch} with lr = {lr:g}: the gradient's norm was "
            f"{gradient_norm:.3g} and the largest standard deviation of a feature is "
            f"{feature_scale:.3g}. {advice}. The losses so far are in this error's `history`."
        )

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle by keyword, with its notes, so that the error crosses from a joblib worker."""
        arguments = {
            "epoch": self.epoch,
            "lr": self.lr,
            "gradient_norm": self.gradient_norm,
            "feature_scale": self.feature_scale,
            "records": {key: list(values) for key, values in self._records.items()},
            "stable_lr": self.stable_lr,
        }
        return _rebuild, (arguments,), {"__notes__": getattr(self, "__notes__", [])}

    @cached_property
    def history(self) -> pd.DataFrame:
        """One row an epoch, up to the divergence."""
        return as_history(self._records)


def _rebuild(arguments: dict[str, Any]) -> TrainingDiverged:
    return TrainingDiverged(**arguments)
