"""Where a training runs, and the random numbers of that place."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


def device_of(model: nn.Module) -> torch.device:
    """Return where a model's parameters are."""
    return next(model.parameters()).device


def move(model: nn.Module, device: str | torch.device | None) -> None:
    """Move a model, in place, to a device: "auto" is an accelerator where there is one.

    Raises
    ------
    ValueError
        If the device is not usable here, or can't hold the model; or if the model has no values
        to move, being on torch's meta device.
    """
    if device_of(model).type == "meta":
        raise ValueError(
            "model is on torch's meta device, where parameters have no values: make it on the CPU."
        )
    if device is None:
        return
    place = _auto() if device == "auto" else _usable(device)
    try:
        model.to(place)
    except (RuntimeError, TypeError) as error:  # no memory, or no float64 there
        raise ValueError(f"model can't be moved to device={str(place)!r}: {error}") from error


def _auto() -> torch.device:
    return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")


def _usable(device: str | torch.device) -> torch.device:
    try:
        place = torch.empty(0, device=device).device
        usable = place.type != "meta"
    except (RuntimeError, AssertionError, NotImplementedError, TypeError) as error:
        raise ValueError(f"device={str(device)!r} is not usable here; 'cpu' always is.") from error
    if not usable:
        raise ValueError(f"device={str(device)!r} is not usable here; 'cpu' always is.")
    return place


@contextmanager
def random_state(seed: int | None, device: torch.device) -> Iterator[None]:
    """With a seed, lend torch's generators to a run and give them back as they were.

    Only those that the run draws from: the CPU's, which shuffles, and its own device's.
    (`torch.manual_seed` would seed every accelerator's.)
    """
    if seed is None:
        yield
        return
    kept, kept_there = torch.get_rng_state(), get_random_state(device)
    try:
        torch.default_generator.manual_seed(seed)
        if kept_there is not None:
            set_random_state(torch.Generator(device).manual_seed(seed).get_state(), device)
        yield
    finally:
        torch.set_rng_state(kept)
        set_random_state(kept_there, device)


def get_random_state(device: torch.device) -> Tensor | None:
    """Return the state of an accelerator's generator; None for the CPU."""
    if device.type == "cpu":
        return None
    get = torch.get_device_module(device).get_rng_state
    state: Tensor = get(*_if_asked(get, device))
    return state


def set_random_state(state: Tensor | None, device: torch.device) -> None:
    """Set the state of an accelerator's generator, where there is one."""
    if state is not None:
        set_state = torch.get_device_module(device).set_rng_state
        set_state(state, *_if_asked(set_state, device))


def _if_asked(function: Callable[..., Any], device: torch.device) -> tuple[torch.device, ...]:
    """Return the device for CUDA, which has a generator a device; Apple's takes none."""
    return (device,) if "device" in inspect.signature(function).parameters else ()
