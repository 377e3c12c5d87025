"""Many small networks at once: one loop over stacked weights instead of a loop of loops."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeAlias

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from labkit.inputs import positive, whole
from labkit.losses import Loss, named_loss
from labkit.monitor import Monitor
from labkit.optimizers import OptimizerFactory, named_optimizer
from labkit.pairs import Pairs, as_pairs
from labkit.result import Fit
from labkit.tensors import Data, Pair, dtype_of
from labkit.train import as_fit

Weights: TypeAlias = dict[str, Tensor]

_ROWS_AT_ONCE = 20_000  # what a step then reads and writes stays in a processor's cache
_FUSED: dict[str, OptimizerFactory] = {  # the same update in one pass over the weights
    "adam": partial(torch.optim.Adam, fused=True),
    "adamw": partial(torch.optim.AdamW, fused=True),
}
_ACTIVATIONS = {nn.ReLU, nn.LeakyReLU, nn.ELU, nn.GELU, nn.SiLU, nn.Softplus, nn.Tanh, nn.Sigmoid}
_ENTRY_BY_ENTRY: list[Callable[..., Tensor]] = [
    nn.functional.mse_loss, nn.functional.l1_loss, nn.functional.huber_loss,
    nn.functional.binary_cross_entropy_with_logits,
]  # fmt: skip
_DROPOUT = (nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d, nn.AlphaDropout)


def fit_torch_many(
    models: Sequence[nn.Module],
    data: Sequence[tuple[Data, Data]],
    *,
    epochs: int = 200,
    lr: float = 0.01,
    loss: str | Loss = "mse",
    optimizer: str | OptimizerFactory = "adam",
    weight_decay: float = 0.0,
) -> list[Fit]:
    """Train networks of one architecture, each on its own data, all in the same step.

    Each gets the result that `fit_torch` gives it alone over the full batch, to float
    tolerance: their losses are added, so no gradient of one reaches another, and the named
    optimizers work entry by entry.

    Parameters
    ----------
    models : sequence of torch.nn.Module
        Networks of one architecture, with starting values of their own. Trained in place.
    data : sequence of (X, y)
        A data set for each network, all of the same shapes, each as `fit_torch` takes it.
    epochs, lr, loss, optimizer, weight_decay
        As for `fit_torch`. An optimizer that mixes the entries of a parameter (clipping its
        norm, say) would mix the networks; the named ones don't.

    Returns
    -------
    list of Fit
        One for each network, in order.

    Raises
    ------
    TrainingDiverged
        If the loss of a network stops being finite; a note says which.
    TypeError, ValueError
        As `fit_torch`; if there are not as many data sets as networks; if shapes or architectures
        differ; if the networks have buffers or dropout, which can't be shared.

    Notes
    -----
    The weights are stacked along a new first axis (`torch.func.stack_module_state`), and many
    small matrix products become one batched product: written out for a `torch.nn.Sequential` of
    linear layers and activations, by `torch.func.vmap` for all others. As many networks are
    stacked at a time as a processor's cache holds.
    """
    epochs, lr = whole(epochs, "epochs"), positive(lr, "lr")
    if len(models) != len(data) or not models:
        raise ValueError(f"models has {len(models)} networks and data {len(data)} data sets.")
    _require_alike(models)
    criterion = named_loss(loss)
    checked = [
        as_pairs(model, X, y, loss, f"data set {r}: ")
        for r, (model, (X, y)) in enumerate(zip(models, data, strict=True))
    ]
    pairs = [(one.X.to(one.dtype), one.y) for one in checked]
    if len({(X.shape, y.shape) for X, y in pairs}) > 1:
        raise ValueError("data sets of different shapes can't be stacked; use fit_torch on each.")
    parts = math.ceil(len(models) * len(pairs[0][0]) / _ROWS_AT_ONCE)
    at_once = math.ceil(len(models) / parts)
    quick = _FUSED.get(optimizer, optimizer) if isinstance(optimizer, str) else optimizer
    recorded: list[list[float]] = []
    for first in range(0, len(models), at_once):
        some = slice(first, first + at_once)
        recorded += _train(
            models[some], pairs[some], epochs, criterion,
            lambda weights: named_optimizer(quick, weights, lr, weight_decay),
        )  # fmt: skip
    return [_one_fit(model, recorded[r], checked[r], lr, r) for r, model in enumerate(models)]


def _train(
    models: Sequence[nn.Module],
    pairs: Sequence[Pair],
    epochs: int,
    criterion: Loss,
    make_optimizer: Callable[[list[Tensor]], torch.optim.Optimizer],
) -> list[list[float]]:
    """Train networks in place, in the same step, and return the losses of each."""
    X, y = (torch.stack(tensors) for tensors in zip(*pairs, strict=True))
    weights, _ = stack_module_state(list(models))  # name → (R, *shape), leaves that need gradients
    forward = _forward(models[0], weights, X)
    losses_of = _losses_of(criterion)
    opt = make_optimizer(list(weights.values()))
    history: list[Tensor] = []
    for _ in range(epochs):
        opt.zero_grad()
        losses = losses_of(forward(weights), y)  # (R,)
        losses.sum().backward()
        opt.step()
        history.append(losses.detach())

    with torch.no_grad():
        for r, model in enumerate(models):
            for name, parameter in model.named_parameters():
                parameter.copy_(weights[name][r])
                gradient = weights[name].grad
                parameter.grad = None if gradient is None else gradient[r].clone()
    recorded: list[list[float]] = torch.stack(history, dim=1).tolist()  # R × epochs
    return recorded


def _forward(model: nn.Module, weights: Weights, X: Tensor) -> Callable[[Weights], Tensor]:
    """Return what maps R networks' weights to their predictions for X, (R, n, outputs)."""
    layers = [(name, layer) for name, layer in model._modules.items() if layer is not None]
    plain = type(model) is nn.Sequential and all(
        type(layer) in _ACTIVATIONS or (type(layer) is nn.Linear and f"{name}.weight" in weights)
        for name, layer in layers
    )
    if not plain or X.ndim != 3:
        mapped = vmap(lambda w, x: functional_call(model, w, (x,)))
        return lambda weights: mapped(weights, X)

    columns = X.transpose(1, 2).contiguous()  # (R, features, n): products are quickest so

    def forward(weights: Weights) -> Tensor:
        h = columns
        for name, layer in layers:
            if type(layer) is nn.Linear:
                h = torch.bmm(weights[f"{name}.weight"], h)
                if layer.bias is not None:
                    h += weights[f"{name}.bias"].unsqueeze(2)
            else:
                h = layer(h)
        return h.transpose(1, 2)

    return forward


def _losses_of(criterion: Callable[..., Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """Return what maps R networks' predictions and targets to their losses, (R,)."""
    if criterion not in _ENTRY_BY_ENTRY:
        return vmap(criterion)
    return lambda prediction, y: criterion(prediction, y, reduction="none").flatten(1).mean(1)


def _one_fit(
    model: nn.Module,
    losses: list[float],
    data: Pairs,
    lr: float,
    r: int,
) -> Fit:
    """Hold one network's losses to what `fit_torch` holds them to."""
    monitor = Monitor(model, patience=None)
    try:
        last = next((e for e, loss in enumerate(losses) if not math.isfinite(loss)), len(losses))
        monitor.records["loss"] += losses[: last + 1]
        monitor.require_finite(data.X, lr)
        monitor.require_finite_weights(data.X, lr)
    except ArithmeticError as error:
        error.add_note(f"This happened to network {r}, counted from 0.")
        raise
    return as_fit(model, monitor, "budget", data)


def _require_alike(models: Sequence[nn.Module]) -> None:
    for r, model in enumerate(models):
        dtype_of(model)
        model.train()
        if str(model) != str(models[0]):
            raise ValueError(f"models must be of one architecture: {r} is not that of 0.")
        uses = [name for name, _ in model.named_parameters(remove_duplicate=False)]
        if len(uses) > len(list(model.parameters())):
            raise ValueError("models that use a parameter twice can't be stacked; use fit_torch.")
        if list(model.buffers()):
            raise ValueError("models with buffers, such as BatchNorm's, can't be trained together.")
        if any(isinstance(m, _DROPOUT) and m.p > 0 for m in model.modules()):
            raise ValueError("models with dropout can't be stacked; use fit_torch on each.")
    if len({id(model) for model in models}) < len(models):
        raise ValueError("models holds the same network twice; copy.deepcopy makes another.")
