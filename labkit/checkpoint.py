"""Checkpoints: a resumed run equals one that was never interrupted, bit for bit, or is refused."""

from __future__ import annotations

import copy
import random
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from torch import nn

from labkit.describe import describe
from labkit.devices import device_of, get_random_state, set_random_state
from labkit.digest import digest
from labkit.monitor import Monitor
from labkit.sealed import as_file, read_sealed, write_sealed

Setting: TypeAlias = Mapping[str, str | int | float | tuple[Any, ...] | None]

_STORED = (type(None), bool, int, float, complex, str, bytes, torch.dtype, torch.device)
_GENERATORS = (torch.Generator, np.random.Generator, np.random.RandomState, random.Random)


class Checkpoint:
    """A file that holds all that a run needs to go on as if it had never stopped.

    Made before the first step, since the optimizer's options are taken as they then are. What no
    file can know is not in it: a counter or a record on which a loss, a schedule or a model
    depends starts anew in another process, as does a generator of random numbers other than
    torch's own, and the resumed run may differ.

    Parameters
    ----------
    path : path
        The file.
    model, optimizer, monitor
        The parts of the run that change.
    setting : mapping
        What else must not change between a run and its resumption: numbers and text, data by
        their `digest`, functions as `describe` puts them. The architecture, the optimizer's
        options and the kind of device are added here.

    Raises
    ------
    TypeError, ValueError
        If `path` is no path, or the optimizer carries hooks or the model a generator of random
        numbers, whose state no file can hold.
    OSError
        If no file can be written there: better before the training than after.
    """

    def __init__(
        self,
        path: str | Path,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        monitor: Monitor,
        setting: Setting,
    ) -> None:
        self.path = as_file(path)
        _require_no_generator(model)
        self.model, self.optimizer, self.monitor = model, optimizer, monitor
        self.kept: dict[str, Any] | None = None
        self.device = device_of(model)
        self.setting: Setting = {
            "model": describe(model, model),
            "device": self.device.type,
            **_options(optimizer, model),
            **setting,
        }

    def keep(self, *, write: bool = False) -> None:
        """Remember the state at the end of an epoch, whatever comes of the next one."""
        self.kept = copy.deepcopy(self._state())
        if write:
            self.save()

    def save(self) -> None:
        """Write what was kept last to a temporary file, then rename it into place."""
        write_sealed(self.path, {"setting": self.setting, **(self.kept or self._state())})

    def restore(self) -> None:
        """Take up the state of an earlier run.

        Raises
        ------
        ValueError
            If the file is not whole, or of a run with another model, data or setting.
        OSError, MemoryError
            If it can't be read.
        """
        state = read_sealed(self.path)
        if changed := _differences(state["setting"], self.setting):
            raise ValueError(
                f"{self.path} was written by another run: {'; '.join(changed)}. "
                "Resume with what it was, or choose another checkpoint."
            )
        self.model.load_state_dict(state["model"])
        _put_back(state["buffers"], self.model)
        self.optimizer.load_state_dict(state["optimizer"])
        self.monitor.load_state(state["monitor"])
        for part, taken_up in self._parts().items():
            if digest(taken_up) != digest(state[part]):  # a conversion, or a load_state_dict
                raise ValueError(
                    f"{self.path} can't be resumed: the {part} did not take up the state that "
                    "it had. Start the training again, with another checkpoint."
                )
        torch.set_rng_state(state["random_state"])
        set_random_state(state["device_random_state"], self.device)

    def _state(self) -> dict[str, Any]:
        return {
            **self._parts(),
            "random_state": torch.get_rng_state(),
            "device_random_state": get_random_state(self.device),
        }

    def _parts(self) -> dict[str, Any]:
        model = self.model.state_dict()
        _plain(model, "model")
        return {
            "model": model,  # as it is: torch keeps version numbers in an attribute
            "buffers": {n: b for n, b in self.model.named_buffers() if n not in model},
            "optimizer": _plain(self.optimizer.state_dict(), "optimizer"),
            "monitor": _plain(self.monitor.state(), "monitor"),
        }


def _plain(value: Any, part: str) -> Any:
    """Return a state in types that a file can be read back into, NumPy's numbers as Python's."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {key: _plain(entry, part) for key, entry in value.items()}
    if type(value) in (list, tuple):
        return type(value)(_plain(entry, part) for entry in value)
    if type(value) in _STORED or isinstance(value, torch.Tensor | torch.Size):
        return value
    raise TypeError(
        f"checkpoint: the state of the {part} has {value!r} of type {type(value).__name__} in it, "
        "which can't be read back safely; a tensor, a number, text, lists and dicts of them can."
    )


def _put_back(buffers: Mapping[str, torch.Tensor], model: nn.Module) -> None:
    """Fill the buffers that no state_dict holds, and make anew those that have grown."""
    now = dict(model.named_buffers())
    for name, buffer in buffers.items():
        own = now.get(name)
        if own is not None and (own.shape, own.dtype) == (buffer.shape, buffer.dtype):
            with torch.no_grad():
                own.copy_(buffer)
        else:
            owner, _, last = name.rpartition(".")
            setattr(model.get_submodule(owner), last, buffer.to(device_of(model)))


# --- what must be the same -----------------------------------------------------------------------


def _options(optimizer: torch.optim.Optimizer, model: nn.Module) -> dict[str, Any]:
    """Return what an optimizer is, and each option of each of its groups of parameters."""
    _require_no_hooks(optimizer)
    names = {id(parameter): name for name, parameter in model.named_parameters()}
    options: dict[str, Any] = {"optimizer": describe(type(optimizer))}
    for key, value in vars(optimizer).items():
        if isinstance(value, (bool, int, float, complex, str, np.generic)):
            options[f"optimizer's {key}"] = _shown(value)
    for number, group in enumerate(optimizer.param_groups):
        of_group = f" in group {number}" if number else ""
        for key, value in group.items():
            if key == "params":
                order = digest([names.get(id(parameter)) for parameter in value])
                options[f"order of the optimizer's parameters{of_group}"] = order
            else:
                options[f"optimizer's {key}{of_group}"] = _shown(value)
    return options


def _shown(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if type(value) in (list, tuple):
        return tuple(map(_shown, value))
    return value if type(value) in _STORED else describe(value)


def _require_no_generator(model: nn.Module) -> None:
    for part in model.modules():
        for name, value in vars(part).items():
            if isinstance(value, _GENERATORS):
                raise ValueError(
                    f"checkpoint: the model's {type(part).__name__} has a generator of random "
                    f"numbers of its own, {name!r}, whose state no checkpoint holds. Draw from "
                    "torch's global one (torch.rand without generator=), or use checkpoint=None."
                )


def _require_no_hooks(optimizer: torch.optim.Optimizer) -> None:
    hooks = [optimizer._optimizer_step_pre_hooks, optimizer._optimizer_step_post_hooks]
    scheduled = any("initial_lr" in group for group in optimizer.param_groups)
    if scheduled or any(hooks) or "step" in vars(optimizer):
        raise ValueError(
            "checkpoint: the optimizer carries a hook or a scheduler, whose state no checkpoint "
            "holds, so that a resumed run would go on otherwise. Use schedule= and clip=, or "
            "checkpoint=None."
        )


_HASHED = re.compile(r"(.*?) ?([0-9a-f]{64})", re.DOTALL)


def _differences(was: Setting, now: Setting) -> list[str]:
    """Say in words what differs between two settings."""
    keys = [*now, *(key for key in was if key not in now)]
    return [
        _difference(k, was.get(k), now.get(k)) for k in keys if not _same(was.get(k), now.get(k))
    ]


def _same(was: Any, now: Any) -> bool:
    was, now = _hash_of(was), _hash_of(now)
    return bool(was == now) or digest(was) == digest(now)  # NaN does not equal itself, 0 does 0.0


def _difference(key: str, was: Any, now: Any) -> str:
    before, after = _words_of(was), _words_of(now)
    if before != after:
        return f"{key} was {before or 'given'} and is now {after or 'given'}"
    if not before:
        return f"{key} is not the {key} of that run"
    return f"{key} is {after} as in that run, but its options, its code or a value it uses is not"


def _hash_of(value: Any) -> Any:
    hashed = _HASHED.fullmatch(value) if isinstance(value, str) else None
    return hashed[2] if hashed else value


def _words_of(value: Any) -> str:
    hashed = _HASHED.fullmatch(value) if isinstance(value, str) else None
    return hashed[1] if hashed else str(value)
