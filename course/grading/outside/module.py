"""Modules of torch that a student has written: weights here, their code in the student's kernel."""

from typing import Any

import torch
from torch import nn
from torch.utils import _pytree

from course.grading.outside.decode import Decoder, FaultError
from course.grading.outside.stand_in import Class


def module(objects: Any, data: dict[str, Any], decoder: Decoder) -> Any:
    """Return a module: torch's or the lab's own class, where all that it holds came as data."""
    kind = objects.class_of(data["class"], here=data["plain"] is not None)
    if not (isinstance(kind, type) and issubclass(kind, nn.Module)):
        raise FaultError("a module is none")
    made = kind.__new__(kind)
    decoder.placed[data["place"]] = made
    nn.Module.__init__(made)
    if not isinstance(kind, Class):
        for name, part in data["plain"]:
            object.__setattr__(made, name, decoder.value(part))
    for name, part in data["parameters"]:
        made.register_parameter(name, tensor(part, decoder))
    for name, part in data["buffers"]:
        made.register_buffer(name, tensor(part, decoder))
    for name, part in data["children"]:
        made.add_module(name, decoder.value(part))
    made.training = bool(data["training"])
    if isinstance(kind, Class):
        objects.register(int(data["number"]), made)
    return made


def tensor(data: Any, decoder: Decoder) -> Any:
    """Return a weight or a buffer; one that several modules share is one here too."""
    if data is None or data["is"] == "again":
        return None if data is None else decoder.placed[data["place"]]
    decoder.placed[data["place"]] = made = decoder.value(data)
    return made


class RemoteModule(nn.Module):
    """A module whose weights are here and are sent with each call."""

    _of: Any
    _number: int

    def forward(self, *args: Any, **options: Any) -> Any:
        """Return what the student's module makes of its arguments, with these weights."""
        state = dict(self.named_parameters()) | dict(self.named_buffers())
        leaves, shape = _pytree.tree_flatten((args, options))
        places = [n for n, leaf in enumerate(leaves) if torch.is_tensor(leaf)]
        call = _Call(self, list(state), leaves, shape, places)
        given = [*state.values(), *(leaves[n] for n in places)]
        outputs = _Forward.apply(call, *given)  # type: ignore[no-untyped-call]
        found = iter(outputs)
        filled = [next(found) if torch.is_tensor(leaf) else leaf for leaf in call.leaves]
        return _pytree.tree_unflatten(filled, call.shape)

    def __getattr__(self, name: str) -> Any:
        """Return a part of the module, or ask for another attribute."""
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name.startswith("__") or name == "_number":
                raise
        return type(self)._of[0].session.ask("get", self._number, name=name)

    def __deepcopy__(self, memo: dict[int, Any]) -> Any:
        """Return a copy, made where the module is, with the weights of this one."""
        objects = type(self)._of[0]
        memo[id(self)] = made = objects.session.ask("copy", self._number)
        made.load_state_dict(self.state_dict())
        for (_, weight), (_, its) in zip(
            self.named_parameters(), made.named_parameters(), strict=True
        ):
            its.requires_grad_(weight.requires_grad)
        for mine, part in zip(self.modules(), made.modules(), strict=True):
            part.training = mine.training
        return made


class _Call:
    """One call of a module: what it is given, and what came back beside the tensors."""

    def __init__(
        self, of: RemoteModule, names: list[str], leaves: list[Any], shape: Any, places: list[int]
    ) -> None:
        self.of, self.names, self.leaves, self.shape, self.places = of, names, leaves, shape, places
        self.session = type(of)._of[0].session
        self.passed: Any = None
        self.grad = torch.is_grad_enabled()

    def forward(self, given: list[Any]) -> list[Any]:
        """Call the module; return the tensors of its result."""
        count = len(self.names)
        state = {n: t.detach().requires_grad_(t.requires_grad)
                 for n, t in zip(self.names, given[:count], strict=True)}  # fmt: skip
        for place, one in zip(self.places, given[count:], strict=True):
            self.leaves[place] = one.detach().requires_grad_(one.requires_grad)
        args, options = _pytree.tree_unflatten(self.leaves, self.shape)
        training = {name: part.training for name, part in self.of.named_modules()}
        payload: Any = ((state, training, args, options, self.grad), {})
        result = self.session.ask("forward", self.of._number, payload)
        if not (isinstance(result, tuple) and len(result) == 3 and isinstance(result[1], dict)):
            raise FaultError("a module returned what is no result")
        value, buffers, self.passed = result
        own = dict(self.of.named_buffers())
        for name, buffer in buffers.items():
            if name in own and torch.is_tensor(buffer) and buffer.shape == own[name].shape:
                own[name].data = buffer.detach().to(own[name].dtype)
        self.leaves, self.shape = _pytree.tree_flatten(value)
        return [leaf for leaf in self.leaves if torch.is_tensor(leaf)]


class _Forward(torch.autograd.Function):
    """Joins the graph here with that of the student's kernel."""

    @staticmethod
    def forward(ctx: Any, call: _Call, *given: Any) -> Any:
        """Return the outputs, as data."""
        outputs = call.forward(list(given))
        ctx.call = call
        ctx.shapes = [(t.shape, t.dtype) for t in outputs]
        ctx.given = [(t.shape, t.dtype) for t in given]
        still = [t for t in outputs if not t.requires_grad]
        detached = [t.detach() for t in outputs]
        ctx.mark_non_differentiable(
            *(d for d, t in zip(detached, outputs, strict=True) if any(t is s for s in still))
        )
        return tuple(detached)

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        """Return the gradients, asked for where the outputs were made."""
        call = ctx.call
        filled = [
            torch.zeros(shape, dtype=dtype) if g is None else g
            for g, (shape, dtype) in zip(gradients, ctx.shapes, strict=True)
        ]
        if call.passed is None:
            return (None, *([None] * len(ctx.given)))
        found = call.session.ask("backward", int(call.passed), ((filled,), {}))
        if not isinstance(found, list) or len(found) != len(ctx.given):
            raise FaultError("a module returned what are no gradients")
        for one, (shape, _) in zip(found, ctx.given, strict=True):
            if one is not None and not (torch.is_tensor(one) and one.shape == shape):
                raise FaultError("a module returned a gradient of another shape")
        return (None, *(None if one is None else one.detach() for one in found))
