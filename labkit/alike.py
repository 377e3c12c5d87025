"""Whether networks can be trained in one: each is held against itself before it is believed."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import Tensor, nn

from labkit.chain import ENTRIES, Chain, is_chain
from labkit.changes import rehearsing
from labkit.devices import device_of, random_state
from labkit.losses import Loss
from labkit.mapped import Mapped
from labkit.modes import eval_mode
from labkit.stack import Stack
from labkit.surroundings import changes_on_the_way, knows, outside_of, remembers
from labkit.tensors import Pair

Pass: TypeAlias = Chain | Mapped

_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
_OWN_PLACES = ("_parameters", "_buffers", "_modules")  # looked at by themselves


def pass_over_all(
    models: Sequence[nn.Module],
    pairs: Sequence[Pair],
    held_out: Sequence[Pair] | None,
    criterion: Loss,
) -> tuple[Stack, Pass, Pass | None] | None:
    """Return what trains networks in one, and what validates them; None where that isn't right.

    It is right where it predicts for every network, in the first pass over its own data, what the
    network itself predicts, and where the gradients are autograd's of its own loss. Where that
    can't tell, since something has an effect later or beside them, the answer is None: hooks,
    buffers, parameters used twice, attributes in which the networks differ or that change as
    they predict, and a loss or a `forward` that changes something as it is called.
    """
    if not _have_weights_alone(models) or remembers(criterion):
        return None
    try:
        with random_state(0, device_of(models[0])):
            for kind in _candidates(models, pairs, held_out, criterion):
                stack = Stack(models)
                trained = kind(stack, *_stacked(pairs), criterion)
                if not _agree(trained, models, pairs, criterion):
                    continue
                if isinstance(trained, Mapped) and not _agree_in_gradients(
                    trained, models, pairs, criterion
                ):
                    continue
                if held_out is None:
                    return stack, trained, None
                validated = kind(stack, *_stacked(held_out), criterion)
                with ExitStack() as modes:
                    for model in models:
                        modes.enter_context(eval_mode(model))
                    if _agree(validated, models, held_out, criterion):
                        return stack, trained, validated
    except Exception:  # what stacked networks can't do, one alone may do
        return None
    return None


def works_entry_by_entry(
    make: Callable[[list[Tensor]], torch.optim.Optimizer], model: nn.Module
) -> bool:
    """Tell whether an optimizer treats two networks in one tensor as each in its own tensors.

    One that clips norms, say, would mix them. It is tried on a few steps with gradients of
    different sizes.
    """
    generator = torch.Generator().manual_seed(0)
    shapes = [p.shape for p in model.parameters() if p.requires_grad]

    def normal(scale: float) -> list[list[Tensor]]:
        return [
            [scale * torch.randn(s, dtype=torch.float64, generator=generator) for s in shapes]
            for _ in range(2)
        ]

    def flat(networks: list[list[Tensor]]) -> Tensor:
        return torch.stack([torch.cat([t.flatten() for t in one]) for one in networks])

    apart: list[list[Tensor]] = [[nn.Parameter(t) for t in one] for one in normal(1.0)]
    start = flat(apart).detach().clone()
    together = nn.Parameter(start.clone())
    try:
        with random_state(0, together.device):
            optimizers = [make(one) for one in apart] + [make([together])]
            for scale in (1e-3, 1.0, 1e3):
                gradients = normal(scale)
                together.grad = flat(gradients)
                for one, its in zip(apart, gradients, strict=True):
                    for parameter, gradient in zip(one, its, strict=True):
                        parameter.grad = gradient
                for optimizer in optimizers:
                    optimizer.step()
    except Exception:  # fit_torch says what is wrong with it
        return False
    return _close((together - start).detach(), (flat(apart) - start).detach())


def _have_weights_alone(models: Sequence[nn.Module]) -> bool:
    """Tell whether networks have trained and frozen weights, each its own, and nothing beside."""
    return all(
        _has_weights_alone(model)
        and [p.requires_grad for p in model.parameters()]
        == [p.requires_grad for p in models[0].parameters()]
        for model in models
    )


def _has_weights_alone(model: nn.Module) -> bool:
    parameters = list(model.parameters())
    names = list(model.named_parameters(remove_duplicate=False))
    places = {(p.untyped_storage().data_ptr(), p.storage_offset()) for p in parameters}
    return (
        len(places) == len(parameters) == len(names)
        and len({(p.dtype, p.device) for p in parameters}) == 1
        and next(model.buffers(), None) is None
        and not nn.modules.module._has_any_global_hook()
        and not any(getattr(part, kind) for part in model.modules() for kind in _HOOKS)
        and not any(p._backward_hooks or p._post_accumulate_grad_hooks for p in parameters)
    )


def _candidates(
    models: Sequence[nn.Module],
    pairs: Sequence[Pair],
    held_out: Sequence[Pair] | None,
    criterion: Loss,
) -> Iterator[type[Chain | Mapped]]:
    """Yield the ways to train all in one, the quicker first."""
    X, y = pairs[0]
    if (
        criterion in ENTRIES
        and X.ndim == 2
        and X.dtype in (torch.float32, torch.float64)
        and y.is_floating_point() == (criterion is not nn.functional.cross_entropy)
        and all(map(is_chain, models))
    ):
        yield Chain
    if knows(criterion, models) or any(map(changes_on_the_way, models)):
        return
    twins = copy.deepcopy(list(models))  # what a step changes in them may tell
    tried = rehearsing(criterion)
    for twin, (X, y) in zip(twins, pairs, strict=True):
        torch.autograd.grad(tried(twin(X), y), _trained(twin))
    for twin, (X, _) in zip(twins, held_out or [], strict=bool(held_out)):
        with eval_mode(twin), torch.no_grad():
            twin(X)
    first = _attributes(models[0])
    if (
        all(_same(_attributes(model), first) for model in (*models, *twins))
        and all(map(_have_the_same_weights, twins, models))
        and _same(_state(tried), _state(criterion))
    ):
        yield Mapped


def _trained(model: nn.Module) -> list[nn.Parameter]:
    return [p for p in model.parameters() if p.requires_grad]


def _have_the_same_weights(a: nn.Module, b: nn.Module) -> bool:
    return all(map(torch.equal, a.parameters(), b.parameters()))


def _agree(
    over_all: Pass, own: Sequence[nn.Module], pairs: Sequence[Pair], criterion: Loss
) -> bool:
    """Tell whether a pass gives each network its own predictions and loss."""
    losses = over_all.losses()
    with torch.no_grad():
        predictions = [model(X) for model, (X, _) in zip(own, pairs, strict=True)]
        own_losses = [criterion(f, y) for f, (_, y) in zip(predictions, pairs, strict=True)]
    return _close(over_all.predictions.detach(), torch.stack(predictions)) and _close(
        losses, torch.stack(own_losses).reshape(len(losses))
    )


def _agree_in_gradients(
    mapped: Mapped, models: Sequence[nn.Module], pairs: Sequence[Pair], criterion: Loss
) -> bool:
    """Tell whether a pass gives each network the gradients of its own loss.

    Those of a thousandth of it and of a thousand times as much tell of what is done to gradients
    on their way back and has no effect on the first, such as a limit.
    """
    for times in (1.0, 1e-3, 1e3):
        mapped.losses()
        ours = [gradient.flatten(1) for gradient in mapped.slopes(times)]
        theirs = [
            torch.autograd.grad(times * criterion(model(X), y), _trained(model))
            for model, (X, y) in zip(models, pairs, strict=True)
        ]
        flat = torch.stack([torch.cat([g.flatten() for g in of_one]) for of_one in theirs])
        if not _close(torch.cat(ours, dim=1), flat):
            return False
    return True


def _close(ours: Tensor, theirs: Tensor) -> bool:
    """Tell whether each network's numbers differ by no more than the rounding of long sums."""
    if ours.shape != theirs.shape or ours.dtype != theirs.dtype:
        return False
    rounding = torch.finfo(theirs.dtype).eps ** 0.75  # 6e-6 in single precision
    differences, sizes = (
        tensor.abs().reshape(len(tensor), -1).amax(1) for tensor in (ours - theirs, theirs)
    )
    return bool(((differences <= rounding * sizes) & sizes.isfinite()).all())


def _stacked(pairs: Sequence[Pair]) -> Pair:
    X, y = zip(*pairs, strict=True)
    return torch.stack(X), torch.stack(y)


def _state(loss: Loss) -> object:
    return _attributes(loss) if isinstance(loss, nn.Module) else outside_of(loss)


def _attributes(model: nn.Module) -> list[tuple[str, type, dict[str, Any]]]:
    """Return what a module is besides its parameters."""
    return [
        (name, type(part), {k: v for k, v in vars(part).items() if k not in _OWN_PLACES})
        for name, part in model.named_modules(remove_duplicate=False)
    ]


def _same(a: Any, b: Any) -> bool:
    """Tell whether two values are equal, as far as they can tell; else they are taken not to be."""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, Tensor):
        return a.dtype == b.dtype and a.device == b.device and torch.equal(a, b)
    if isinstance(a, np.ndarray):
        return bool(a.dtype == b.dtype and np.array_equal(a, b))
    if isinstance(a, Mapping):
        return a.keys() == b.keys() and all(_same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(_same, a, b))
    return bool(a == b)
