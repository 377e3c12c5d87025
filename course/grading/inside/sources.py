"""Sources of random numbers: where they stand, and how to bring another one there."""

import sys
from typing import Any

import numpy as np


def kind_of(value: Any) -> str:
    """Return which kind of source an object is, "" where it is none."""
    if isinstance(value, np.random.Generator):
        return "generator"
    if isinstance(value, np.random.RandomState):
        return "state"
    if type(value).__name__ == "RStream" and type(value).__module__ == "labkit.rstream":
        return "stream"
    return "torch" if type(value).__module__ == "torch._C" and hasattr(value, "set_state") else ""


def state_of(source: Any) -> Any:
    """Return where a source stands, as data."""
    kind = kind_of(source)
    if kind == "generator":
        return source.bit_generator.state
    if kind == "stream":
        held = {name: part for name, part in vars(source).items() if name != "_bits"}
        return {"held": held, "bits": source._bits.state}
    return source.get_state().numpy() if kind == "torch" else source.get_state()


def may_follow(state: Any, earlier: Any) -> bool:
    """Tell whether a source may have come from one state to another: its constants are the same."""
    if not isinstance(earlier, dict):
        return True
    fixed = ("bit_generator", "seed", "inc")
    return all(
        may_follow(state[name], part) if isinstance(part, dict) else state[name] == part
        for name, part in earlier.items()
        if name in fixed or isinstance(part, dict)
    )


def take_state(source: Any, kind: str, state: Any) -> Any:
    """Bring a source, a new one where there is none, to where another one stood."""
    if kind == "generator":
        source = source or np.random.Generator(getattr(np.random, state["bit_generator"])(0))
        source.bit_generator.state = state
    elif kind == "stream":
        from labkit.rstream import RStream

        source = source or RStream(0)
        held = vars(source)
        held.update({name: p for name, p in state["held"].items() if type(p) is type(held[name])})
        source._bits.state = state["bits"]
    elif kind == "torch":
        import torch

        source = source or torch.Generator()
        source.set_state(torch.from_numpy(state.copy()))
    else:
        source = source or np.random.RandomState(0)
        source.set_state(state)
    return source


def everybodys() -> dict[int, Any]:
    """Return the sources that a program has without making them, as `torch.manual_seed` seeds."""
    found = {-1: np.random.mtrand._rand}
    if (torch := sys.modules.get("torch")) is not None:
        found[-2] = torch.default_generator
    return found
