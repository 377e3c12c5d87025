"""Modules of torch in the student's kernel, run with the weights that the check has for them."""

from typing import Any

import torch


class Passed:
    """What a module returned, until its gradients are asked for."""

    def __init__(self, inputs: list[Any], outputs: list[Any]) -> None:
        self.inputs, self.outputs = inputs, outputs


def forward(session: Any, module: Any, state: dict[str, Any], training: dict[str, bool],
            args: Any, options: Any, grad: bool) -> Any:  # fmt: skip
    """Return a module's outputs, its buffers after them, and what their gradients come from."""
    tensors = dict(module.named_parameters(remove_duplicate=False))
    tensors |= dict(module.named_buffers(remove_duplicate=False))
    with torch.no_grad():
        for name, value in state.items():
            tensors[name].data = value.detach().clone()
            if isinstance(tensors[name], torch.nn.Parameter):
                tensors[name].requires_grad_(value.requires_grad)
    for name, part in module.named_modules():
        part.training = training.get(name, part.training)
    with torch.set_grad_enabled(grad):
        result = module(*args, **options)
    buffers = {name: value.clone() for name, value in module.named_buffers()}
    given = torch.utils._pytree.tree_leaves((args, options))
    inputs = [tensors[name] for name in state] + [t for t in given if torch.is_tensor(t)]
    outputs = [t for t in torch.utils._pytree.tree_leaves(result) if torch.is_tensor(t)]
    kept = None
    if any(t.requires_grad for t in outputs):
        kept = session.objects.keep(Passed(inputs, outputs))
    return result, buffers, kept


def backward(passed: Passed, gradients: list[Any]) -> Any:
    """Return the gradient of each input, None where it has none."""
    wanted = [t for t in passed.inputs if t.requires_grad]
    pairs = [(o, g) for o, g in zip(passed.outputs, gradients, strict=True) if o.requires_grad]
    found = iter(
        torch.autograd.grad(
            [o for o, _ in pairs], wanted, [g for _, g in pairs],
            allow_unused=True, retain_graph=True,
        )
    )  # fmt: skip
    return [next(found) if t.requires_grad else None for t in passed.inputs]
