"""Many networks at once: which way they are trained, and that each way gives the same."""

import copy
from functools import partial

import numpy as np
import pytest
from numpy.testing import assert_allclose
from test_batched import DATA, PAIRS, R, assert_each_as_alone, network, networks

from labkit import TrainingDiverged

torch = pytest.importorskip("torch", reason="torch is not installed")
nn, functional = torch.nn, torch.nn.functional

from labkit import alike, batched, fit_torch, fit_torch_many  # noqa: E402  (after torch was found)
from labkit.chain import Chain  # noqa: E402
from labkit.mapped import Mapped  # noqa: E402


@pytest.fixture
def way(monkeypatch):
    """The ways that were taken: Chain or Mapped, and fit_torch for one after another."""
    taken = []

    def noted(function):
        def watched(*args, **options):
            made = function(*args, **options)
            taken.append(function if function is fit_torch else made and type(made[1]))
            return made

        return watched

    monkeypatch.setattr(batched, "fit_torch", noted(fit_torch))
    monkeypatch.setattr("labkit.together.pass_over_all", noted(alike.pass_over_all))
    return lambda: {kind for kind in taken if kind is not None}


def seeded(layers_of, dtype=torch.float64):
    """Return R networks of the same layers with weights of their own."""
    torch.manual_seed(1)
    return [nn.Sequential(*layers_of()).to(dtype) for _ in range(R)]


def exact(models, data=PAIRS, **options):
    """Double precision and plain steps: nothing but rounding may differ."""
    options = {"epochs": 12, "optimizer": "sgd", "lr": 0.02, **options}
    return assert_each_as_alone(models, data, atol=1e-10, **options)


def test_a_plain_chain_under_a_named_loss_has_its_gradients_by_hand(way):
    exact(seeded(lambda: [nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1)]))
    exact(seeded(lambda: [nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 1)]), loss=functional.l1_loss)
    assert way() == {Chain}


STACKED = {
    "another activation": lambda: [nn.Linear(3, 4), nn.GELU(), nn.Linear(4, 1)],
    "layer norm": lambda: [nn.Linear(3, 4), nn.LayerNorm(4), nn.Linear(4, 1)],
    "nested": lambda: [nn.Sequential(nn.Linear(3, 4), nn.ReLU()), nn.Linear(4, 1)],
    "flattened": lambda: [nn.Flatten(), nn.Linear(3, 1)],
    "dropout that drops nothing": lambda: [nn.Linear(3, 4), nn.Dropout(0.0), nn.Linear(4, 1)],
    "frozen": lambda: [nn.Linear(3, 4).requires_grad_(False), nn.GELU(), nn.Linear(4, 1)],
}


@pytest.mark.parametrize("layers", STACKED.values(), ids=STACKED)
def test_other_networks_are_mapped(layers, way):
    exact(seeded(layers))
    assert way() == {Mapped}


def test_one_network_is_mapped_as_many_are(way):
    exact(seeded(lambda: [nn.Linear(3, 4), nn.GELU(), nn.Linear(4, 1)])[:1], PAIRS[:1])
    assert way() == {Mapped}


def own_loss(prediction, y):
    return ((prediction - y) ** 4).mean()


def sum_of_squares(prediction, y):
    return ((prediction - y) ** 2).sum()


LOSSES = {
    "a function": own_loss,
    "a sum": sum_of_squares,
    "a module": nn.SmoothL1Loss(beta=0.3),
    "a module's sum": nn.MSELoss(reduction="sum"),
}


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_a_loss_of_ones_own_is_mapped(loss, way):
    exact(networks_in_double(), loss=loss, lr=1e-4, validation=PAIRS[::-1])
    assert way() == {Mapped}


def networks_in_double():
    return [model.double() for model in networks()]


class Scaled(nn.Module):
    """What isn't a parameter may differ from network to network."""

    def __init__(self, r, **attributes):
        super().__init__()
        torch.manual_seed(r)
        self.inner = nn.Linear(3, 1)
        vars(self).update(attributes)

    def forward(self, x):
        return self.inner(x)


class ByAttribute(Scaled):
    def forward(self, x):
        return self.inner(x * self.scale)


class ByCap(Scaled):
    def forward(self, x):  # the cap bites only after some steps
        return self.inner(x).clamp(max=self.cap)


class InEvalMode(Scaled):
    def forward(self, x):
        return self.inner(x) * (1 if self.training else self.scale)


class ByClosure(Scaled):
    def forward(self, x):
        return self.inner(x) * self.factor()


class Counting(Scaled):
    def forward(self, x):
        self.calls += self.training
        return self.inner(x) * (1 + self.calls)


class Unused(Scaled):
    def __init__(self, r, **attributes):
        super().__init__(r, **attributes)
        self.idle = nn.Linear(2, 2)


class Tied(Scaled):
    def forward(self, x):
        return functional.linear(self.inner(x), self.inner.weight[:, :1]) + self.inner(x)


MEANS = torch.arange(12.0, dtype=torch.float64).reshape(R, 3)
DIFFERENT = {
    "a number": lambda r: ByAttribute(r, scale=float(r + 1)),
    "a tensor": lambda r: ByAttribute(r, scale=MEANS[r] + 1),
    "an array's entry in a list": lambda r: ByAttribute(r, scale=torch.tensor([r + 1.0])),
    "a cap that bites later": lambda r: ByCap(r, cap=3.0 + r),
    "a number for eval mode": lambda r: InEvalMode(r, scale=float(r + 1)),
    "what a closure holds": lambda r: ByClosure(r, factor=lambda: r + 1.0),
    "a parameter that is not used": lambda r: Unused(r),
}


@pytest.mark.parametrize("make", DIFFERENT.values(), ids=DIFFERENT)
def test_what_networks_have_beside_weights_is_honoured_by_training_each_alone(make, way):
    models = [make(r).double() for r in range(R)]
    exact(models, validation=PAIRS[::-1], weight_decay=0.1)
    assert way() == {fit_torch}


def test_networks_that_have_the_same_beside_their_weights_are_mapped(way):
    exact([ByAttribute(r, scale=MEANS[1].clone()).double() for r in range(R)])
    exact([ByCap(r, cap=0.5).double() for r in range(R)])
    exact([Tied(r).double() for r in range(R)])
    assert way() == {Mapped}


def test_a_module_that_changes_as_it_predicts_is_trained_alone(way):
    models = [Counting(r, calls=0).double() for r in range(R)]
    exact(models, lr=1e-4)
    assert way() == {fit_torch}


def one_activation_twice(kind):
    activation = kind()
    return [nn.Linear(3, 4), activation, nn.Linear(4, 2), activation, nn.Linear(2, 1)]


@pytest.mark.parametrize(
    ("kind", "taken"),
    [(nn.ReLU, Chain), (nn.Tanh, Chain), (nn.GELU, Mapped)],
    ids=["relu", "tanh", "gelu"],
)
def test_an_activation_used_twice_is_taken_twice(kind, taken, way):
    exact(seeded(lambda: one_activation_twice(kind)), validation=PAIRS[::-1])
    assert way() == {taken}


def test_one_activation_twice_and_two_of_a_kind_are_one_architecture(way):
    models = seeded(lambda: one_activation_twice(nn.ReLU))
    models[1][3] = nn.ReLU()
    exact(models)
    assert way() == {Chain}


def test_that_one_network_uses_an_activation_twice_is_no_other_architecture(way):
    models = seeded(lambda: one_activation_twice(nn.GELU))
    models[1][3] = nn.GELU()
    exact(models)
    assert way() == {Mapped}


def test_a_layer_without_weights_used_twice_is_taken_twice_in_a_nested_network(way):
    def layers():
        inner = nn.Sequential(nn.Tanh(), nn.GELU())
        return [nn.Linear(3, 4), inner, nn.Linear(4, 4), inner, nn.Linear(4, 1)]

    exact(seeded(layers))
    assert way() == {Mapped}


def tied_layers():
    first, second = nn.Linear(3, 3), nn.Linear(3, 3)
    second.weight = first.weight
    return [first, nn.Tanh(), second, nn.Linear(3, 1)]


def one_layer_twice():
    layer = nn.Linear(3, 3)
    return [layer, nn.Tanh(), layer, nn.Linear(3, 1)]


ONE_BY_ONE = {
    "batch norm": lambda: [nn.BatchNorm1d(3), nn.Linear(3, 1)],
    "dropout": lambda: [nn.Linear(3, 5), nn.Dropout(0.5), nn.Linear(5, 1)],
    "alpha dropout": lambda: [nn.Linear(3, 5), nn.AlphaDropout(0.2), nn.Linear(5, 1)],
    "random slopes": lambda: [nn.Linear(3, 5), nn.RReLU(), nn.Linear(5, 1)],
    "tied layers": tied_layers,
    "one layer twice": one_layer_twice,
}


@pytest.mark.parametrize("layers", ONE_BY_ONE.values(), ids=ONE_BY_ONE)
def test_what_cannot_be_stacked_is_trained_one_after_another(layers, way):
    exact(seeded(layers), validation=PAIRS[::-1])
    assert way() == {fit_torch}


def test_parameters_in_one_memory_are_trained_as_one(way):
    def tied():
        first, second = nn.Linear(3, 3), nn.Linear(3, 3)
        second.weight = nn.Parameter(first.weight.data)
        return nn.Sequential(first, nn.Tanh(), second, nn.Linear(3, 1))

    torch.manual_seed(1)
    alone = [fit_torch(tied(), *pair, epochs=8) for pair in PAIRS]
    torch.manual_seed(1)
    together = fit_torch_many([tied() for _ in range(R)], PAIRS, epochs=8)
    assert [fit.records["loss"] for fit in together] == [fit.records["loss"] for fit in alone]
    assert way() == {fit_torch}


def test_the_check_draws_no_random_numbers(way):
    models, others, more = networks(), networks(), networks()
    before = torch.get_rng_state()
    fit_torch_many(models, PAIRS, epochs=2)
    fit_torch_many(others, PAIRS, epochs=2, loss=own_loss)
    fit_torch_many(more, PAIRS, epochs=2, optimizer=lambda p, lr: torch.optim.SGD(p, lr=lr))
    assert torch.equal(torch.get_rng_state(), before)
    assert way() == {Chain, Mapped}


def two_thirds(grad):
    return grad * 2 / 3


def halve(grad):
    grad.mul_(0.5)


HOOKS = {
    "forward": lambda m: m[0].register_forward_hook(lambda module, args, made: made * 2),
    "forward, of the whole": lambda m: m.register_forward_hook(lambda module, args, made: made * 2),
    "before forward": lambda m: m[2].register_forward_pre_hook(lambda module, args: args[0] / 2),
    "backward": lambda m: m[2].register_full_backward_hook(
        lambda module, inward, outward: (inward[0] / 2,)
    ),
    "before backward": lambda m: m[2].register_full_backward_pre_hook(
        lambda module, outward: (outward[0] / 2,)
    ),
    "of a gradient": lambda m: m[0].weight.register_hook(two_thirds),
    "after a gradient": lambda m: m[0].weight.register_post_accumulate_grad_hook(
        lambda p: halve(p.grad)
    ),
}


@pytest.mark.parametrize("activation", [nn.Tanh, nn.GELU], ids=["chain", "general"])
@pytest.mark.parametrize("hook", HOOKS.values(), ids=HOOKS)
def test_hooks_are_not_passed_over(hook, activation, way):
    models = seeded(lambda: [nn.Linear(3, 5), activation(), nn.Linear(5, 1)])
    alone = [copy.deepcopy(model) for model in models]
    for model in (*models, *alone):
        hook(model)
    single = [fit_torch(m, *d, epochs=8) for m, d in zip(alone, PAIRS, strict=True)]
    for one, other in zip(fit_torch_many(models, PAIRS, epochs=8), single, strict=True):
        assert one.records["loss"] == other.records["loss"]
    assert fit_torch in way()
    assert not {Chain, Mapped} & way()


def test_a_hook_for_all_modules_is_not_passed_over(way):
    doubled = nn.modules.module.register_module_forward_hook(
        lambda module, args, made: made * 2 if isinstance(module, nn.Tanh) else None
    )
    try:
        exact(seeded(lambda: [nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1)]))
    finally:
        doubled.remove()
    assert way() == {fit_torch}


def test_a_forward_of_one_layers_own_is_not_passed_over(way):
    models = networks_in_double()
    for r, model in enumerate(models):
        model[1].forward = lambda x, r=r: x * (r + 1)
    exact(models)
    assert way() == {fit_torch}


def test_parametrizations_are_honoured(way):
    models = networks_in_double()
    for model in models:
        nn.utils.parametrizations.weight_norm(model[0])
    exact(models)
    assert Chain not in way()


@pytest.mark.filterwarnings("ignore:.*weight_norm.* is deprecated")
def test_a_weight_that_a_hook_makes_is_honoured(way):
    def normed():
        return [nn.utils.weight_norm(nn.Linear(3, 4)), nn.Tanh(), nn.Linear(4, 1)]

    torch.manual_seed(1)
    models = [nn.Sequential(*normed()) for _ in range(R)]
    torch.manual_seed(1)
    alone = [nn.Sequential(*normed()) for _ in range(R)]
    for one, model, pair in zip(fit_torch_many(models, PAIRS, epochs=8), alone, PAIRS, strict=True):
        assert one.records["loss"] == fit_torch(model, *pair, epochs=8).records["loss"]
    assert way() == {fit_torch}


def test_what_one_network_alone_has_frozen_stays_frozen_in_it_alone(way):
    models = networks_in_double()
    models[1][0].weight.requires_grad_(False)
    kept = models[1][0].weight.clone()
    exact(models)
    assert torch.equal(models[1][0].weight, kept)
    assert way() == {fit_torch}


def test_a_part_in_eval_mode_stays_in_it(way):
    """Its dropout drops nothing."""
    models = seeded(lambda: [nn.Linear(3, 5), nn.Dropout(0.5), nn.Linear(5, 1)])
    for model in models:
        model.train()
        model[1].eval()
    exact(models)
    assert way() == {Mapped}


def test_parts_in_different_modes_are_told_apart(way):
    models = seeded(lambda: [nn.Linear(3, 5), nn.Dropout(0.5), nn.Linear(5, 1)])
    models[2][1].eval()
    exact(models)
    assert way() == {fit_torch}


class Annealed(nn.Module):
    """A loss that knows how often it was called."""

    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, prediction, y):
        self.calls += 1
        return functional.mse_loss(prediction, y) * self.calls


def test_a_loss_that_changes_as_it_is_called_is_called_for_each_network_alone(way):
    fit_torch_many(networks_in_double(), PAIRS, loss=Annealed(), epochs=3)
    assert way() == {fit_torch}


def test_a_loss_that_vmap_cannot_do_is_called_for_each_network_alone(way):
    def worst(prediction, y):
        errors = (prediction - y).abs().flatten()
        return errors[int(errors.argmax())] + errors.mean()

    exact(networks_in_double(), loss=worst)
    assert way() == {fit_torch}


def places(r):
    """Return places in a table of five, and targets."""
    generator = torch.Generator().manual_seed(r)
    X = torch.randint(5, (30, 3), generator=generator)
    return X, torch.randn(30, 1, dtype=torch.float64, generator=generator)


def test_a_row_for_padding_is_not_trained(way):
    models = seeded(lambda: [nn.Embedding(5, 2, padding_idx=0), nn.Flatten(), nn.Linear(6, 1)])
    exact(models, [places(r) for r in range(R)], epochs=5, lr=0.1)
    assert way() == {fit_torch}


@pytest.mark.filterwarnings("ignore:There is a performance drop")  # of vmap's
def test_a_largest_norm_is_kept_to():
    models = seeded(lambda: [nn.Embedding(5, 2, max_norm=0.5), nn.Flatten(), nn.Linear(6, 1)])
    exact(models, [places(r) for r in range(R)], lr=0.1)


def test_a_network_that_writes_over_its_weights_is_trained_alone(way):
    class Shrinking(Scaled):
        def forward(self, x):
            with torch.no_grad():
                self.inner.weight.mul_(0.99)
            return self.inner(x)

    fit_torch_many([Shrinking(r) for r in range(R)], PAIRS, epochs=3)
    assert way() == {fit_torch}


def test_a_row_for_padding_that_one_network_alone_meets_stays_as_it_was(way):
    models = seeded(lambda: [nn.Embedding(5, 2, padding_idx=0), nn.Flatten(), nn.Linear(6, 1)])
    with torch.no_grad():
        for model in models:
            model[0].weight[0] = 1.0
    data = [(X if r == 2 else X.clamp(min=1), y) for r, (X, y) in enumerate(map(places, range(R)))]
    exact(models, data, epochs=5)
    assert all((model[0].weight[0] == 1).all() for model in models)
    assert way() == {fit_torch}


@pytest.mark.parametrize("by_frequency", [False, True])
def test_other_tables_are_mapped(by_frequency, way):
    options = {"scale_grad_by_freq": by_frequency}
    models = seeded(lambda: [nn.Embedding(5, 2, **options), nn.Flatten(), nn.Linear(6, 1)])
    exact(models, [places(r) for r in range(R)])
    assert way() == {Mapped}


@pytest.mark.parametrize("r", range(R))
def test_a_penalty_on_the_weights_of_one_network_has_its_gradient(r, way):
    models = networks_in_double()
    alone = copy.deepcopy(models)

    def penalised(model):
        return lambda f, y: functional.mse_loss(f, y) + model[0].weight.abs().sum()

    single = [
        fit_torch(m, *d, epochs=8, loss=penalised(alone[r]))
        for m, d in zip(alone, PAIRS, strict=True)
    ]
    together = fit_torch_many(models, PAIRS, epochs=8, loss=penalised(models[r]))
    assert losses(together) == losses(single)
    assert way() == {fit_torch}


def hinge(weight):
    return (weight.abs().sum() - 1000).relu()


class Hinged:
    def __init__(self, model):
        self.parts = {"first": model[0]}

    def __call__(self, f, y):
        return functional.mse_loss(f, y) + hinge(self.parts["first"].weight)


def with_more(more):
    return lambda f, y: own_loss(f, y) + more()


def with_first_of(weights):
    return lambda f, y: own_loss(f, y) + hinge(weights[0])


PENALTIES = {
    "closure": lambda m: lambda f, y: own_loss(f, y) + hinge(m[0].weight),
    "a list of weights": lambda m: with_first_of([m[2].bias]),
    "default": lambda m: lambda f, y, m=m: own_loss(f, y) + hinge(m[0].weight),
    "partial": lambda m: partial(lambda f, y, m: own_loss(f, y) + hinge(m[0].weight), m=m),
    "object": Hinged,
    "helper": lambda m: with_more(lambda: hinge(m[0].bias)),
    "no gradient": lambda m: with_more(lambda: m[0].weight.detach().abs().sum()),
}


@pytest.mark.parametrize("penalised", PENALTIES.values(), ids=PENALTIES)
def test_a_penalty_that_may_act_later_only_is_left_to_a_loop(penalised, way):
    models = networks_in_double()
    alone = copy.deepcopy(models)
    ours, theirs = penalised(alone[2]), penalised(models[2])
    single = [fit_torch(m, *d, epochs=4, loss=ours) for m, d in zip(alone, PAIRS, strict=True)]
    assert losses(fit_torch_many(models, PAIRS, epochs=4, loss=theirs)) == losses(single)
    assert way() == {fit_torch}


def test_a_loss_may_know_another_network(way):
    teacher = network(9).double().requires_grad_(False)
    known = with_more(lambda: teacher[0].weight.abs().sum())
    exact(networks_in_double(), loss=known, lr=1e-4)
    assert way() == {Mapped}


class Bent(nn.Module):
    """It bends the gradient on its way back, and leaves the prediction as it is."""

    def __init__(self, r, bend):
        super().__init__()
        torch.manual_seed(r)
        self.inner, self.bend = nn.Linear(3, 1), bend

    def forward(self, x):
        made = self.inner(x)
        if made.requires_grad:
            made.register_hook(self.bend)
        return made


BENDS = {
    "doubled": lambda g: 2 * g,
    "a limit that bites at once": lambda g: g.clamp(-1e-3, 1e-3),
    "a limit that bites later": lambda g: g.clamp(-3, 3),
    "a floor that counts later": lambda g: torch.where(g.abs() < 1e-6, 0.0, g),
}


@pytest.mark.parametrize("bend", BENDS.values(), ids=BENDS)
def test_what_is_done_to_gradients_on_their_way_back_is_done(bend, way):
    exact([Bent(r, bend).double() for r in range(R)], optimizer="adam")
    assert way() == {fit_torch}


def counting_by_a_closure():
    k = 0

    def loss(f, y):
        nonlocal k
        k += 1
        return functional.mse_loss(f, y) * (1 if k < 12 else 0.5)

    return loss


def going_round():
    """It is again where it was after a call for each network."""
    k = 0

    def loss(f, y):
        nonlocal k
        k = (k + 1) % R
        return functional.mse_loss(f, y) * (1 + k)

    return loss


def counting_by_a_dict():
    state = {"k": 0}

    def loss(f, y):
        state["k"] += 1
        return functional.mse_loss(f, y) / state["k"]

    return loss


def counting_by_a_list():
    seen = []

    def loss(f, y):
        seen.append(1)
        return functional.mse_loss(f, y) * (1 if len(seen) < 12 else 0.5)

    return loss


class Counter:
    def __init__(self):
        self.k = 0

    def __call__(self, f, y):
        self.k += 1
        return functional.mse_loss(f, y) * (1 if self.k < 12 else 0.5)

    def method(self, f, y):
        return self(f, y)


COUNTING = {
    "closure": counting_by_a_closure,
    "round": going_round,
    "dict": counting_by_a_dict,
    "list": counting_by_a_list,
    "object": Counter,
    "bound method": lambda: Counter().method,
    "partial": lambda: partial(counting_by_a_closure()),
    "module": Annealed,
}


@pytest.mark.parametrize("loss", COUNTING.values(), ids=COUNTING)
def test_a_loss_that_counts_its_calls_counts_those_of_a_loop(loss, way):
    models, ours, theirs = networks_in_double(), loss(), loss()
    alone = copy.deepcopy(models)
    single = [fit_torch(m, *d, epochs=5, loss=ours) for m, d in zip(alone, PAIRS, strict=True)]
    together = fit_torch_many(models, PAIRS, epochs=5, loss=theirs)
    assert losses(together) == losses(single)
    assert way() == {fit_torch}


def test_a_loss_with_settings_of_its_own_is_mapped(way):
    class Powered:
        def __init__(self, power):
            self.power = power

        def __call__(self, f, y):
            return ((f - y).abs() ** self.power).mean()

    settings = {"power": 3}
    exact(networks_in_double(), loss=Powered(3))
    exact(networks_in_double(), loss=functional.smooth_l1_loss)
    exact(networks_in_double(), loss=partial(functional.huber_loss, delta=0.5))
    exact(networks_in_double(), loss=lambda f, y: ((f - y).abs() ** settings["power"]).mean())
    assert way() == {Mapped}


def test_a_network_that_counts_by_a_closure_is_trained_alone(way):
    calls = 0

    class Warming(Scaled):
        def forward(self, x):
            nonlocal calls
            calls += 1
            return self.inner(x)

    fit_torch_many([Warming(r) for r in range(R)], PAIRS, epochs=3)
    assert way() == {fit_torch}


def test_a_sum_that_is_zero_for_the_first_network_is_a_sum_for_all(way):
    models = networks_in_double()
    for parameter in models[0].parameters():
        nn.init.zeros_(parameter)
    data = [(PAIRS[0][0], 0 * PAIRS[0][1]), *PAIRS[1:]]
    exact(models, data, loss=sum_of_squares, lr=1e-4, validation=[data[0], *PAIRS[:0:-1]])
    assert way() == {Mapped}


def test_a_loss_in_a_tensor_of_one_entry_is_a_number(way):
    exact(networks_in_double(), loss=lambda f, y: (f - y).square().mean().reshape(1))
    assert way() == {Mapped}


def test_classes_that_a_function_ignores_are_ignored(way):
    data = []
    for d in DATA:
        y = torch.tensor((d.y > 0).astype(int))
        y[::4] = -100
        data.append((d.X, y))
    models = [model.double() for model in networks(outputs=2)]
    exact(models, data, loss=functional.cross_entropy)
    assert Chain not in way()


def test_probabilities_of_classes_are_learnt(way):
    data = []
    for d in DATA:
        y = torch.tensor(d.y).sigmoid()
        data.append((d.X, torch.stack([y, 1 - y], dim=1)))
    models = [model.double() for model in networks(outputs=2)]
    exact(models, data, loss=functional.cross_entropy)
    assert Chain not in way()


def by_ndim(params, lr, weight_decay=0.5):
    matrices = [p for p in params if p.ndim > 1]
    others = [p for p in params if p.ndim <= 1]
    return torch.optim.SGD(
        [{"params": matrices, "weight_decay": weight_decay}, {"params": others}], lr=lr
    )


def clipped(params, lr):
    params = list(params)
    optimizer = torch.optim.SGD(params, lr=lr)
    optimizer.register_step_pre_hook(lambda *_: nn.utils.clip_grad_norm_(params, 0.5) and None)
    return optimizer


class Normalised(torch.optim.Optimizer):
    """Steps of one length for each tensor."""

    def __init__(self, params, lr):
        super().__init__(params, {"lr": lr})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            for p in group["params"]:
                p -= group["lr"] * p.grad / p.grad.norm()


MIXING = {
    "weights alone decay": by_ndim,
    "clipped": clipped,
    "by each tensor's norm": Normalised,
    "adafactor": torch.optim.Adafactor,
}


@pytest.mark.parametrize("optimizer", MIXING.values(), ids=MIXING)
def test_an_optimizer_that_mixes_entries_is_given_one_network_at_a_time(optimizer, way):
    exact(networks_in_double(), optimizer=optimizer)
    assert way() == {fit_torch}


@pytest.mark.parametrize(
    "optimizer",
    [
        torch.optim.NAdam,
        torch.optim.Adagrad,
        torch.optim.RMSprop,
        lambda params, lr: torch.optim.SGD(params, lr=lr, momentum=0.9, nesterov=True),
    ],
    ids=["nadam", "adagrad", "rmsprop", "momentum"],
)
def test_one_that_works_entry_by_entry_is_given_all(optimizer, way):
    exact(networks_in_double(), optimizer=optimizer)
    assert way() == {Chain}


def test_an_optimizer_that_cannot_be_made_says_why(way):
    def refusing(params, lr):
        raise ValueError("these are not mine")

    with pytest.raises(ValueError, match="these are not mine"):
        fit_torch_many(networks(), PAIRS, optimizer=refusing)
    assert way() <= {fit_torch}


def test_both_ways_of_stacking_give_the_same(monkeypatch):
    models = networks()
    quick = fit_torch_many(copy.deepcopy(models), PAIRS, epochs=30)
    monkeypatch.setattr(alike, "is_chain", lambda model: False)
    general = fit_torch_many(models, PAIRS, epochs=30)
    assert_allclose(losses(quick), losses(general), rtol=1e-4)


def losses(fits):
    return [fit.records["loss"] for fit in fits]


@pytest.mark.parametrize("size", [1, 5000, 7000, 2**40])
def test_groups_of_any_size_give_the_same(monkeypatch, size):
    models = networks()
    one_group = fit_torch_many(copy.deepcopy(models), PAIRS, epochs=10)
    monkeypatch.setattr(batched, "_BYTES_AT_ONCE", size)
    assert_allclose(losses(fit_torch_many(models, PAIRS, epochs=10)), losses(one_group), rtol=1e-5)


def test_wider_networks_and_longer_tables_go_in_smaller_groups(monkeypatch):
    sizes = []
    train = batched.fit_together
    monkeypatch.setattr(
        batched,
        "fit_together",
        lambda jobs, setting: sizes.append(len(jobs)) or train(jobs, setting),
    )
    monkeypatch.setattr(batched, "_BYTES_AT_ONCE", 15_000)
    for hidden in (5, 20):
        fit_torch_many(networks(hidden=hidden), PAIRS, epochs=1)
    assert sizes == [4, 2, 2]
    sizes.clear()
    fit_torch_many(
        networks(), PAIRS, epochs=1, validation=[(X.repeat(9, 0), y.repeat(9, 0)) for X, y in PAIRS]
    )
    assert sizes == [1, 1, 1, 1]


def test_a_divergence_is_told_as_it_is_alone():
    [X, y], model = PAIRS[0], network(0)
    options = {"epochs": 200, "lr": 1.0, "optimizer": "sgd"}
    with pytest.raises(TrainingDiverged) as alone:
        fit_torch(copy.deepcopy(model), X, y, **options)
    with pytest.raises(TrainingDiverged) as together:
        fit_torch_many([model, network(1)], [(X, y), (0 * X, 0 * y)], **options)
    assert 1 < alone.value.epoch == together.value.epoch < 200
    assert len(together.value.history) == together.value.epoch
    assert np.isnan(alone.value.gradient_norm) == np.isnan(together.value.gradient_norm)
    assert together.value.feature_scale == alone.value.feature_scale
    assert together.value.__notes__ == ["This happened to network 0, counted from 0."]
