"""Many small networks at once: one loop over stacked weights instead of a loop of loops."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from labkit.inputs import positive, whole
from labkit.monitor import Monitor
from labkit.result import Fit
from labkit.tensors import Data, Loss, as_pair, dtype_of
from labkit.train import OptimizerFactory, as_fit, named_loss, named_optimizer

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
        R networks of one architecture, with starting values of their own. Trained in place.
    data : sequence of (X, y)
        R data sets of the same shapes, each as `fit_torch` takes it.
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
        As `fit_torch`; if there are as many data sets as networks not; if shapes or architectures
        differ; if the networks have buffers or dropout, which can't be shared.

    Notes
    -----
    The weights are stacked along a new first axis (`torch.func.stack_module_state`) and the
    forward pass is mapped over it (`torch.func.vmap`), which turns 100 small matrix products
    into one batched product.
    """
    epochs, lr = whole(epochs, "epochs"), positive(lr, "lr")
    if len(models) != len(data) or not models:
        raise ValueError(f"models has {len(models)} networks and data {len(data)} data sets.")
    _require_alike(models)
    criterion = named_loss(loss)
    pairs = [
        as_pair(model, X, y, loss=criterion, name=f"data set {r}: ")
        for r, (model, (X, y)) in enumerate(zip(models, data, strict=True))
    ]
    if len({(X.shape, y.shape) for X, y in pairs}) > 1:
        raise ValueError("data sets of different shapes can't be stacked; use fit_torch on each.")
    X, y = (torch.stack(tensors) for tensors in zip(*pairs, strict=True))

    weights, _ = stack_module_state(list(models))  # name → (R, *shape), leaves that need gradients
    forward = vmap(lambda w, x: functional_call(models[0], w, (x,)))
    losses_of = vmap(criterion)
    opt = named_optimizer(optimizer, list(weights.values()), lr, weight_decay)
    history: list[Tensor] = []
    for _ in range(epochs):
        opt.zero_grad()
        losses = losses_of(forward(weights, X), y)  # (R,)
        losses.sum().backward()
        opt.step()
        history.append(losses.detach())

    recorded = torch.stack(history, dim=1).tolist()  # R × epochs
    fits = []
    for r, model in enumerate(models):
        with torch.no_grad():
            for name, parameter in model.named_parameters():
                parameter.copy_(weights[name][r])
                gradient = weights[name].grad
                parameter.grad = None if gradient is None else gradient[r].clone()
        fits.append(_one_fit(model, recorded[r], pairs[r][0], lr, r))
    return fits


def _one_fit(model: nn.Module, losses: list[float], X: Tensor, lr: float, r: int) -> Fit:
    """Hold one network's losses to what `fit_torch` holds them to."""
    monitor = Monitor(model, validated=False, patience=None)
    try:
        for loss in losses:
            monitor.record(loss, None)
            monitor.require_finite(X, lr)
        monitor.require_finite_weights(X, lr)
    except ArithmeticError as error:
        error.add_note(f"This happened to network {r}, counted from 0.")
        raise
    return as_fit(model, monitor.records, "budget")


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
