"""Losses: the named ones, what each needs of its targets, and what is asked of all others."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  (as torch's own documentation has it)
from torch.overrides import TorchFunctionMode

from labkit.changes import rehearsing
from labkit.inputs import one_of
from labkit.tensors import refusing

Loss: TypeAlias = Callable[[Tensor, Tensor], Tensor]

LOSSES: dict[str, Loss] = {
    "mse": F.mse_loss,
    "l1": F.l1_loss,
    "huber": F.huber_loss,
    "cross_entropy": F.cross_entropy,
    "bce_with_logits": F.binary_cross_entropy_with_logits,
}
_MODULES: dict[type, Loss] = {
    nn.MSELoss: F.mse_loss,
    nn.L1Loss: F.l1_loss,
    nn.HuberLoss: F.huber_loss,
    nn.SmoothL1Loss: F.smooth_l1_loss,
    nn.BCELoss: F.binary_cross_entropy,
    nn.BCEWithLogitsLoss: F.binary_cross_entropy_with_logits,
    nn.PoissonNLLLoss: F.poisson_nll_loss,
    nn.KLDivLoss: F.kl_div,
    nn.CrossEntropyLoss: F.cross_entropy,
    nn.NLLLoss: F.nll_loss,
}
EVENTS = (F.binary_cross_entropy, F.binary_cross_entropy_with_logits)
"""Torch's losses for events, 0 or 1, or their probabilities."""
CLASSES = (F.cross_entropy, F.nll_loss)
"""Torch's losses for classes, which take one index a row."""
ENTRY_BY_ENTRY = (
    *EVENTS, F.mse_loss, F.l1_loss, F.huber_loss, F.smooth_l1_loss, F.poisson_nll_loss, F.kl_div
)  # fmt: skip
"""Torch's losses that compare predictions and targets entry by entry, and broadcast."""


def named_loss(loss: str | Loss) -> Loss:
    """Return the loss function of a name, or the function that was given."""
    if isinstance(loss, str):
        return LOSSES[one_of(loss, "loss", list(LOSSES))]
    if isinstance(loss, type) and issubclass(loss, nn.Module):
        raise TypeError(f"loss is the class {loss.__name__}: give an object, {loss.__name__}().")
    if not callable(loss):
        raise TypeError(f"loss must be a function or one of {', '.join(LOSSES)}, not {loss!r}.")
    return loss  # type: ignore[return-value]  # a class, mypy thinks


def torchs_own(loss: Loss) -> Loss:
    """Return the function of torch that a module or a partial of it calls, else the loss itself."""
    function: Loss = loss.func if isinstance(loss, partial) else loss
    own = _MODULES.get(type(function))
    return function if own is None else own


def option(loss: Loss, name: str, default: Any = None) -> Any:
    """Return an option of a loss: an attribute of a module, or a keyword of a partial."""
    if isinstance(loss, partial):
        return loss.keywords.get(name, option(loss.func, name, default))
    return getattr(loss, name, default) if isinstance(loss, nn.Module) else default


def ask(loss: Loss, prediction: Tensor, target: Tensor, name: str = "") -> Tensor:
    """Ask a loss, without a trace, for its value on a few rows: one number, with a gradient."""
    shapes = f"{_described(prediction)} and {name}y {_described(target)}"
    given = prediction.detach().clone()
    given.requires_grad_(given.is_floating_point())
    rows = RowsApart(len(target))
    with (
        refusing(f"loss can't take predictions {shapes} (n: the number of rows)"),
        torch.enable_grad(),
        rows,
        warnings.catch_warnings(),
    ):
        warnings.simplefilter("ignore", UserWarning)  # torch's, of shapes that `rows` looks at
        value = rehearsing(loss)(given, target.clone())
    if not isinstance(value, Tensor):
        mend = "; give an object of that class" if isinstance(value, nn.Module) else ""
        raise TypeError(
            f"loss must return a tensor of one number, not {type(value).__name__}{mend}."
        )
    if value.numel() != 1:
        raise ValueError(
            f"loss must return one number for a batch; for predictions {shapes} it returned the "
            f"shape {tuple(value.shape)}. Use reduction='mean', or .mean()."
        )
    if rows.all_with_all:
        raise ValueError(
            "loss sets a column of shape (n, 1) against a vector of shape (n,): torch would "
            "broadcast one against the other, so that every prediction is compared with every "
            f"target. The predictions have shape {_shape(prediction)} and {name}y has shape "
            f"{_shape(target)}. {_mend(prediction, target, name)}"
        )
    if given.requires_grad and not value.requires_grad:
        raise ValueError(
            "loss returns a number that has no gradient: it must be computed by torch from the "
            "predictions, without detach(), item() or NumPy."
        )
    return value


def is_sum(loss: Loss, prediction: Tensor, target: Tensor) -> bool:
    """Tell whether a loss is the sum over the rows of a batch, rather than their mean.

    One that is twice as large on the same rows taken twice is a sum; a loss of zero doesn't tell.
    """
    reduction = option(loss, "reduction")
    if reduction is not None or torchs_own(loss) in _MODULES.values():
        return bool(reduction == "sum" or option(loss, "size_average") is False)
    once = ask(loss, prediction, target).item()
    try:
        twice = ask(loss, torch.cat([prediction] * 2), torch.cat([target] * 2)).item()
    except ValueError:  # it has a weight for each row, say, and takes no other number of rows
        return False
    return once != 0 and math.isclose(twice, 2 * once, rel_tol=1e-4)


def row_weights(loss: Loss) -> Callable[[Tensor], float] | None:
    """Return what gives the weight of a batch in a mean over classes; None where all rows count.

    Torch divides such a loss by the sum of its rows' class weights, without the ignored ones.
    """
    if torchs_own(loss) not in CLASSES:
        return None
    weight, ignored = option(loss, "weight"), option(loss, "ignore_index", -100)

    def weigh(y: Tensor) -> float:
        if y.is_floating_point():  # probabilities of classes, by whose number of rows it divides
            return float(y.shape[0])
        counted = y[y != ignored]
        return float(len(counted) if weight is None else weight.to(y.device)[counted].sum())

    return weigh


class RowsApart(TorchFunctionMode):
    """Notices where a function sets predictions against targets all with all, and not by rows.

    It happens where one is a column, (n, 1), and the other a vector, (n,): torch broadcasts them
    to an n × n matrix. Predictions are told from targets by the gradient that they require.
    """

    def __init__(self, rows: int) -> None:
        super().__init__()
        self.column, self.vector, self.matrix = (rows, 1), (rows,), (rows, rows)
        self.all_with_all = False

    def __torch_function__(
        self, function: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        """Look at what a function of torch is given, and at what it returns."""
        result = function(*args, **(kwargs or {}))
        given = {(tuple(part.shape), part.requires_grad) for part in _tensors(args)}
        meet = any({(self.column, g), (self.vector, not g)} <= given for g in (True, False))
        is_loss = getattr(function, "__name__", "").endswith("_loss") and function not in CLASSES
        is_matrix = any(tuple(part.shape[-2:]) == self.matrix for part in _tensors([result]))
        self.all_with_all |= meet and (is_loss or is_matrix)
        return result


def _tensors(values: Iterable[Any]) -> list[Tensor]:
    listed = [part for a in values for part in (a if isinstance(a, list | tuple) else [a])]
    return [part for part in listed if isinstance(part, Tensor)]


def _mend(prediction: Tensor, target: Tensor, name: str) -> str:
    if prediction.ndim == target.ndim:
        return "Inside the loss, bring both into one shape: squeeze(1) or unsqueeze(1)."
    return f"Use {name}y.reshape({'-1' if prediction.ndim == 1 else '-1, 1'})."


def _described(tensor: Tensor) -> str:
    dtype = str(tensor.dtype).removeprefix("torch.")
    return f"of shape {_shape(tensor)} and {dtype}"


def _shape(tensor: Tensor) -> str:
    """Return the shape of a few rows as that of all n."""
    return f"({', '.join(['n', *map(str, tensor.shape[1:])])}{',' * (tensor.ndim == 1)})"
