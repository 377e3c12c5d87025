"""Gradients by hand are those of autograd, for every chain, loss and precision."""

import itertools

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
nn, functional = torch.nn, torch.nn.functional

from labkit.chain import ENTRIES, Chain, is_chain  # noqa: E402  (only after torch was found)
from labkit.stack import Stack  # noqa: E402

R, N, FEATURES = 3, 20, 4
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}
TOLERANCE = {torch.float32: 1e-6, torch.float64: 1e-12}
NAMES = {loss: loss.__name__ for loss in ENTRIES}


def linear(inputs, outputs, bias=True):
    return nn.Linear(inputs, outputs, bias=bias)


def chains(layers_of, dtype=torch.float64):
    """Return R networks of the same layers, each with weights of its own."""
    torch.manual_seed(1)
    return [nn.Sequential(*layers_of()).to(dtype) for _ in range(R)]


def features(dtype=torch.float64):
    return torch.randn(R, N, FEATURES, dtype=dtype, generator=torch.Generator().manual_seed(2))


def targets(criterion, outputs, dtype=torch.float64):
    generator = torch.Generator().manual_seed(3)
    if criterion is functional.cross_entropy:
        return torch.randint(outputs, (R, N), generator=generator)
    if criterion is functional.binary_cross_entropy_with_logits:
        return torch.rand(R, N, outputs, dtype=dtype, generator=generator)
    return 2 * torch.randn(R, N, outputs, dtype=dtype, generator=generator)


def require_those_of_autograd(models, X, y, criterion):
    """Compare predictions, losses and gradients with each network's own.

    A tensor is compared by its largest entry, since a sum that cancels is known no better; in
    single precision, where whole tensors do so, by the largest of the network's gradients.
    """
    rtol = TOLERANCE[X.dtype]
    stack = Stack(models)
    chain = Chain(stack, X, y, criterion)
    with torch.no_grad():
        for _ in range(2):  # what the first step left in memory must not matter to the second
            losses = chain.losses()
            chain.backward()
    stack.write_back()
    for r, model in enumerate(models):
        by_hand = {name: p.grad for name, p in model.named_parameters()}
        model.zero_grad()
        prediction = model(X[r])
        loss = criterion(prediction, y[r])
        loss.backward()
        close(chain.predictions[r], prediction.detach(), rtol, "predictions")
        close(losses[r], loss.detach(), rtol, "loss")
        trained = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
        assert {name for name, gradient in by_hand.items() if gradient is not None} == set(trained)
        largest = max(gradient.abs().max() for gradient in trained.values())
        for name, gradient in trained.items():
            scale = largest if X.dtype == torch.float32 else None
            close(by_hand[name], gradient, rtol, name, scale)


def close(ours, theirs, rtol, name, scale=None):
    assert ours.shape == theirs.shape, name
    assert theirs.isfinite().all(), name
    assert (ours - theirs).abs().max() <= rtol * (scale or theirs.abs().max()), name


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
@pytest.mark.parametrize("depth", [0, 1, 3])
@pytest.mark.parametrize("criterion", ENTRIES, ids=NAMES.get)
@pytest.mark.parametrize("activation", ACTIVATIONS.values(), ids=ACTIVATIONS)
def test_gradients_are_those_of_autograd(activation, criterion, depth, bias, outputs, dtype):
    def layers():
        widths = [FEATURES, 5, 1, 6][: depth + 1]  # of one unit as well
        for inputs, units in itertools.pairwise(widths):
            yield from (linear(inputs, units, bias), activation())
        yield linear(widths[-1], outputs, bias)

    models = chains(layers, dtype)
    require_those_of_autograd(
        models, features(dtype), targets(criterion, outputs, dtype), criterion
    )


ODD = {
    "ends with an activation": lambda: [linear(4, 5), nn.Tanh(), linear(5, 1), nn.Sigmoid()],
    "begins with one": lambda: [nn.Tanh(), linear(4, 1)],
    "begins with two": lambda: [nn.Sigmoid(), nn.Tanh(), linear(4, 1)],
    "one upon another": lambda: [linear(4, 5), nn.Tanh(), nn.ReLU(), nn.Sigmoid(), linear(5, 1)],
    "linear upon linear": lambda: [linear(4, 5), linear(5, 3), linear(3, 1)],
    "in place": lambda: [linear(4, 5), nn.ReLU(inplace=True), linear(5, 1)],
    "mixed biases": lambda: [linear(4, 5, False), nn.Tanh(), linear(5, 5), linear(5, 1, False)],
}


@pytest.mark.parametrize("layers", ODD.values(), ids=ODD)
def test_chains_of_any_order(layers):
    criterion = functional.mse_loss
    require_those_of_autograd(chains(layers), features(), targets(criterion, 1), criterion)


def test_the_data_are_left_as_they_were():
    X, y = features(), targets(functional.mse_loss, 1)
    kept = X.clone(), y.clone()
    models = chains(ODD["begins with two"])
    require_those_of_autograd(models, X, y, functional.mse_loss)
    assert torch.equal(X, kept[0])
    assert torch.equal(y, kept[1])


PARAMETERS = ["0.weight", "0.bias", "2.weight", "2.bias", "4.weight", "4.bias"]


FROZEN = [some for k in range(1, 6) for some in itertools.combinations(PARAMETERS, k)]


@pytest.mark.parametrize("frozen", FROZEN, ids="+".join)
def test_what_is_frozen_gets_no_gradient_and_all_else_its_own(frozen):
    models = chains(lambda: [linear(4, 5), nn.Tanh(), linear(5, 3), nn.Sigmoid(), linear(3, 1)])
    for name in frozen:
        for model in models:
            model.get_parameter(name).requires_grad_(False)
    criterion = functional.mse_loss
    require_those_of_autograd(models, features(), targets(criterion, 1), criterion)


def test_at_its_kink_relu_has_the_slope_that_torch_gives_it():
    models = chains(lambda: [linear(4, 5), nn.ReLU(), linear(5, 1)])
    X = features()
    X[:, ::2] = 0  # and no bias below: every unit is at 0 exactly
    for model in models:
        nn.init.zeros_(model[0].bias)
    require_those_of_autograd(models, X, targets(functional.mse_loss, 1), functional.mse_loss)


@pytest.mark.parametrize("criterion", [functional.l1_loss, functional.huber_loss])
@pytest.mark.parametrize("away", [-1.0, 0.0, 1.0])
def test_at_their_kinks_losses_have_the_slopes_that_torch_gives_them(criterion, away):
    models = chains(lambda: [linear(4, 1)])
    for model in models:
        nn.init.zeros_(model[0].weight)
        nn.init.zeros_(model[0].bias)
    y = torch.full((R, N, 1), away, dtype=torch.float64)
    y[:, ::3] += 0.5
    require_those_of_autograd(models, features(), y, criterion)


@pytest.mark.parametrize("dtype", TOLERANCE, ids=str)
@pytest.mark.parametrize(
    ("criterion", "outputs"),
    [(functional.binary_cross_entropy_with_logits, 1), (functional.cross_entropy, 3)],
    ids=["events", "classes"],
)
def test_extreme_logits_overflow_nowhere(criterion, outputs, dtype):
    models = chains(lambda: [linear(4, outputs)], dtype)
    X = 1e4 * features(dtype)
    y = targets(criterion, outputs, dtype)
    require_those_of_autograd(models, X, y if outputs == 3 else y.round(), criterion)


def test_a_chain_is_known_by_its_layers():
    assert is_chain(nn.Sequential(linear(4, 5), nn.ReLU(), linear(5, 1)))
    assert not is_chain(nn.Sequential(linear(4, 5), nn.GELU(), linear(5, 1)))
    assert not is_chain(nn.Sequential(nn.Sequential(linear(4, 1))))
    assert not is_chain(linear(4, 1))
    assert not is_chain(type("Own", (nn.Sequential,), {})(linear(4, 1)))
    assert not is_chain(nn.Sequential(type("Own", (nn.Linear,), {})(4, 1)))
    for place in (0, None):
        model = nn.Sequential(linear(4, 1))
        (model if place is None else model[place]).forward = lambda x: x
        assert not is_chain(model)
