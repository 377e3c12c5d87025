"""What a loss or a network remembers from call to call, and what else it has at hand."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial
from types import FunctionType, MethodType, ModuleType

from torch import nn

from labkit.changes import changed_attributes, changed_names, outer_values
from labkit.installed import own_classes

_DEPTH = 6  # of things in things: deep enough for what people write, and not the whole session


def remembers(loss: object) -> bool:
    """Tell whether a loss changes something as it is called, and so may count its calls."""
    if isinstance(loss, partial):
        return remembers(loss.func)
    if isinstance(loss, MethodType):
        return remembers(loss.__func__) or _changes_itself(loss.__self__, {loss.__name__})
    if isinstance(loss, FunctionType):
        return bool(changed_names(loss.__code__, outer_values(loss)))
    return _changes_itself(loss)


def _changes_itself(thing: object, called: Iterable[str] = ()) -> bool:
    return bool(
        changed_attributes(own_classes(type(thing)), getattr(thing, "__dict__", {}), called)
    )


def changes_on_the_way(model: nn.Module) -> bool:
    """Tell whether a part of a network changes something outside of it as it predicts."""
    classes = {cls for part in model.modules() for cls in own_classes(type(part))}
    ways = [way for cls in classes if isinstance(way := vars(cls).get("forward"), FunctionType)]
    return any(changed_names(way.__code__, outer_values(way)) for way in ways)


def knows(loss: object, models: Sequence[nn.Module]) -> bool:
    """Tell whether a loss has one of the networks, or a part of it, at hand.

    Its value may then depend on their weights, if only later, as a penalty does that sets in
    where they are large.
    """
    theirs = {id(part) for model in models for part in (*model.modules(), *model.parameters())}
    return any(id(thing) in theirs for thing in _at_hand(loss, set(), _DEPTH))


def outside_of(loss: object) -> Mapping[str, object]:
    """Return what a loss may remember by: attributes, or the names outside that it uses."""
    if isinstance(loss, partial):
        return {"function": outside_of(loss.func), "args": loss.args, "keywords": loss.keywords}
    if isinstance(loss, MethodType):
        return outside_of(loss.__self__)
    if isinstance(loss, FunctionType):
        found = inspect.getclosurevars(loss)
        defaults = {"defaults": loss.__defaults__, "keyword defaults": loss.__kwdefaults__}
        return {**found.globals, **found.nonlocals, **defaults}
    return getattr(loss, "__dict__", {})


def _at_hand(thing: object, seen: set[int], depth: int) -> Iterator[object]:
    """Yield a thing and what is to be found in it."""
    if depth == 0 or id(thing) in seen:
        return
    seen.add(id(thing))
    yield thing
    for inner in _inside(thing):
        yield from _at_hand(inner, seen, depth - 1)


def _inside(thing: object) -> Iterable[object]:
    if isinstance(thing, Mapping):
        return thing.values()
    if isinstance(thing, list | tuple | set):
        return thing
    if isinstance(thing, partial | MethodType):
        called = thing.func if isinstance(thing, partial) else thing.__func__
        return (called, *outside_of(thing).values())
    if isinstance(thing, ModuleType | type) or _is_torchs(thing):
        return ()
    return outside_of(thing).values()


def _is_torchs(thing: object) -> bool:
    module = thing.__module__ if isinstance(thing, FunctionType) else type(thing).__module__
    return str(module).split(".")[0] == "torch" and not isinstance(thing, nn.Module)
