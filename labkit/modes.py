"""Train and eval mode: the loop switches between them, and keeps what the user chose."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakKeyDictionary

from torch import nn

_STILL: WeakKeyDictionary[nn.Module, list[str]] = WeakKeyDictionary()
"""Of each model that was trained, the parts that stood in eval mode, by name."""


def set_train_mode(model: nn.Module) -> None:
    """Put a model into train mode, but for the parts that the user has put into eval mode.

    A model in train mode says itself which of its parts are not: it is left as it is. One that is
    in eval mode as a whole (as every fit leaves it) is put into train mode, but for the parts that
    stood in eval mode in its last fit, and those that are frozen: with parameters none of which is
    trained, such as a borrowed backbone.
    """
    if model.training:
        return
    frozen = [name for name, part in model.named_modules() if _is_frozen(part)]
    model.train()
    for name in {*frozen, *_STILL.get(model, [])}:
        model.get_submodule(name).eval()


def _is_frozen(part: nn.Module) -> bool:
    parameters = list(part.parameters())
    return bool(parameters) and not any(p.requires_grad for p in parameters)


@contextmanager
def eval_mode(model: nn.Module) -> Iterator[None]:
    """Lend a model in eval mode, and give each of its parts back in the mode that it had."""
    training = [part for part in model.modules() if part.training]
    model.eval()
    try:
        yield
    finally:
        for part in training:
            part.training = True


@contextmanager
def ends_in_eval_mode(model: nn.Module) -> Iterator[None]:
    """Leave a model in eval mode, however its training ends, and know its parts' modes again."""
    try:
        yield
    finally:
        if model.training:
            _STILL[model] = [name for name, part in model.named_modules() if not part.training]
        model.eval()
