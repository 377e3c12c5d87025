"""Losses: the named ones, what each needs of its targets, and what is asked of all others."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812  (as torch's own documentation has it)

from labkit.changes import rehearsing
from labkit.exercise import NotAttempted
from labkit.inputs import one_of

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
    """Ask a loss, without a trace, for its value on a few rows: one number, with a gradient.

    Parameters
    ----------
    loss : callable
        The loss.
    prediction, target : Tensor
        A few rows of what the model predicts, and of the targets.
    name : str
        What stands before the target's name in messages.

    Returns
    -------
    Tensor
        The value.

    Raises
    ------
    TypeError, ValueError
        If the loss does not take them, or does not return one number that depends on the
        predictions.
    """
    shapes = f"{_described(prediction)} and {name}y {_described(target)}"
    given = prediction.detach().clone()
    given.requires_grad_(given.is_floating_point())
    try:
        with torch.enable_grad():
            value = rehearsing(loss)(given, target.clone())
    except NotAttempted:
        raise
    except (RuntimeError, TypeError, ValueError, IndexError, AssertionError) as error:
        raise ValueError(
            f"loss can't take predictions {shapes} (n: the number of rows): {_first_line(error)}"
        ) from error
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
        return bool(reduction == "sum")
    once = ask(loss, prediction, target).item()
    twice = ask(loss, torch.cat([prediction] * 2), torch.cat([target] * 2)).item()
    return once != 0 and math.isclose(twice, 2 * once, rel_tol=1e-4)


def require_pairs(loss: Loss, prediction: Tensor, target: Tensor, name: str) -> None:
    """Refuse a loss of the user's own that compares each prediction with every target.

    It happens where one is a column, (n, 1), and the other a vector, (n,): their difference is an
    n × n matrix. Such a loss doesn't notice when the targets change places. The predictions that
    it is given here begin with the targets themselves, so one that compares row by row does.

    Raises
    ------
    ValueError
        With the mend.
    """
    rows = torch.arange(4.0) if not target.is_floating_point() else torch.linspace(0.1, 0.9, 4)
    wide = torch.rand(4, prediction[0].numel(), generator=torch.Generator().manual_seed(0))
    wide[:, 0] = rows
    as_predictions = wide.reshape(4, *prediction.shape[1:]).to(prediction)
    shape = (4, *[1] * (target.ndim - 1))
    as_targets = rows.reshape(shape).expand(4, *target.shape[1:]).to(target)
    try:
        trial = rehearsing(loss)
        values = [float(trial(as_predictions, as_targets[order])) for order in _ORDERS]
    except (RuntimeError, TypeError, ValueError, IndexError, AssertionError):
        return  # no loss of numbers like these
    if all(math.isclose(value, values[0], rel_tol=1e-5) for value in values):
        column = ", ".join(map(str, (-1, *prediction.shape[1:])))
        raise ValueError(
            f"The predictions have shape {_shape(prediction)} and {name}y has shape "
            f"{_shape(target)}, and the loss doesn't change when the targets change places: torch "
            "would broadcast one against the other, so that every prediction is compared with "
            f"every target. Use {name}y.reshape({column})."
        )


_ORDERS = ([0, 1, 2, 3], [1, 0, 3, 2], [3, 2, 1, 0], [2, 0, 3, 1])


def _described(tensor: Tensor) -> str:
    dtype = str(tensor.dtype).removeprefix("torch.")
    return f"of shape {_shape(tensor)} and {dtype}"


def _shape(tensor: Tensor) -> str:
    """Return the shape of a few rows as that of all n."""
    return f"({', '.join(['n', *map(str, tensor.shape[1:])])}{',' * (tensor.ndim == 1)})"


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), "") or type(error).__name__
