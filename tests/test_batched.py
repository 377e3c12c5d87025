"""Many networks at once: each gets what it would get alone."""

import copy

import numpy as np
import pytest
from numpy.testing import assert_allclose

from labkit import TrainingDiverged, make_linear

torch = pytest.importorskip("torch", reason="torch is not installed")
nn = torch.nn

from labkit import fit_torch, fit_torch_many  # noqa: E402  (only after torch was found)

R = 4
DATA = [make_linear(30, 3, rng=r) for r in range(R)]
PAIRS = [(d.X, d.y.reshape(-1, 1)) for d in DATA]


def network(seed, hidden=5, outputs=1):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, hidden), nn.ReLU(), nn.Linear(hidden, outputs))


def networks(**options):
    return [network(r, **options) for r in range(R)]


def assert_each_as_alone(models, data, atol=2e-5, **options):
    torch.manual_seed(3)  # for what draws random numbers
    held_out = options.get("validation") or [None] * len(models)
    alone = [
        fit_torch(copy.deepcopy(model), *pair, **{**options, "validation": kept_back})
        for model, pair, kept_back in zip(models, data, held_out, strict=True)
    ]
    torch.manual_seed(3)
    together = fit_torch_many(models, data, **options)
    assert len(together) == len(alone)
    for one, other, model, (X, _) in zip(together, alone, models, data, strict=True):
        assert_allclose(one.history, other.history, rtol=1e-4, atol=1e-6)
        assert one.params.keys() == other.params.keys()
        for name, value in one.params.items():
            assert_allclose(value, other.params[name], atol=atol, err_msg=name)
        assert_allclose(one.predict(X), other.predict(X), atol=10 * atol)
        assert one.model is model
        assert one.stopped == other.stopped
        assert one.best_epoch == other.best_epoch
        assert not model.training
        for (name, ours), theirs in zip(
            model.named_parameters(), other.model.parameters(), strict=True
        ):
            assert (ours.grad is None) == (theirs.grad is None), name
            if ours.grad is not None:
                assert_allclose(ours.grad, theirs.grad, atol=10 * atol, err_msg=name)
    return together


@pytest.mark.parametrize("decay", [0.0, 0.1], ids=["plain", "decay"])
@pytest.mark.parametrize("optimizer", ["adam", "sgd", "adamw", "rmsprop"])
def test_each_network_gets_what_it_gets_alone(optimizer, decay):
    fits = assert_each_as_alone(
        networks(), PAIRS, optimizer=optimizer, weight_decay=decay, epochs=30, lr=0.02
    )
    assert len({fit.history["loss"].iloc[-1] for fit in fits}) == R


def test_by_default_they_get_what_fit_torch_gives_by_default():
    models = [m.double() for m in networks()]
    fits = assert_each_as_alone(models, PAIRS, atol=1e-9)
    assert {len(fit.history) for fit in fits} == {200}


def test_in_double_precision_they_agree_to_rounding_error():
    models = [m.double() for m in networks()]
    assert_each_as_alone(models, PAIRS, epochs=100, lr=0.02, optimizer="sgd", atol=1e-12)


@pytest.mark.parametrize(
    "loss", ["mse", "l1", "huber", nn.functional.mse_loss], ids=["mse", "l1", "huber", "a function"]
)
def test_each_loss_is_that_of_one_network(loss):
    assert_each_as_alone(networks(), PAIRS, loss=loss, epochs=20)


LAYERS = {
    "tanh": [nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 1)],
    "in place": [nn.Linear(3, 4), nn.ReLU(inplace=True), nn.Linear(4, 1)],
    "slope": [nn.Linear(3, 4), nn.LeakyReLU(0.3), nn.Linear(4, 1)],
    "no bias": [nn.Linear(3, 4, bias=False), nn.ELU(), nn.Linear(4, 1, bias=False)],
    "deep": [nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 4), nn.GELU(), nn.Linear(4, 1)],
    "layer norm": [nn.Linear(3, 4), nn.LayerNorm(4), nn.Linear(4, 1)],
    "flattened": [nn.Flatten(), nn.Linear(3, 1)],
    "nested": [nn.Sequential(nn.Linear(3, 4), nn.ReLU()), nn.Linear(4, 1)],
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers_of_every_kind_do_what_they_do_alone(name):
    models = [nn.Sequential(*copy.deepcopy(LAYERS[name])).double() for _ in range(R)]
    torch.manual_seed(0)
    for parameter in (p for model in models for p in model.parameters()):
        nn.init.normal_(parameter)
    assert_each_as_alone(models, PAIRS, epochs=20, optimizer="sgd", lr=0.01, atol=1e-10)


def test_a_module_of_ones_own_is_trained_together():
    class Skip(nn.Module):
        def __init__(self, seed):
            super().__init__()
            torch.manual_seed(seed)
            self.inner, self.outer = nn.Linear(3, 3), nn.Linear(3, 1)

        def forward(self, x):
            return self.outer(x + torch.tanh(self.inner(x)))

    models = [Skip(r).double() for r in range(R)]
    assert_each_as_alone(models, PAIRS, epochs=20, optimizer="sgd", atol=1e-10)


def test_a_sequential_with_a_forward_of_its_own_keeps_it():
    class Doubled(nn.Sequential):
        def forward(self, x):
            return 2 * super().forward(x)

    models = [Doubled(*network(r)).double() for r in range(R)]
    assert_each_as_alone(models, PAIRS, epochs=20, optimizer="sgd", atol=1e-10)


def test_more_networks_than_are_stacked_at_once_are_trained_in_groups(monkeypatch):
    monkeypatch.setattr("labkit.batched._BYTES_AT_ONCE", 20_000)  # two or three networks
    models = [network(r).double() for r in range(5)]
    data = [*PAIRS, PAIRS[0]]
    assert_each_as_alone(models, data, epochs=20, atol=1e-10)
    bad = [*PAIRS, (1e15 * PAIRS[2][0], PAIRS[2][1])]
    with pytest.raises(TrainingDiverged) as caught:
        fit_torch_many([network(r) for r in range(5)], bad, optimizer="sgd", epochs=30)
    assert caught.value.__notes__ == ["This happened to network 4, counted from 0."]


def test_classes_are_learnt_together():
    data = [(d.X, (d.y > 0).astype(int)) for d in DATA]
    assert_each_as_alone(networks(outputs=2), data, loss="cross_entropy", epochs=40)


def test_events_are_learnt_together():
    data = [(d.X, (d.y > 0).reshape(-1, 1)) for d in DATA]
    assert_each_as_alone(networks(), data, loss="bce_with_logits", epochs=40)


def test_one_data_set_and_many_starts():
    fits = assert_each_as_alone(networks(), [PAIRS[0]] * R, epochs=30)
    assert len({fit.history["loss"].iloc[0] for fit in fits}) == R


def test_many_data_sets_and_one_start():
    start = network(0)
    assert_each_as_alone([copy.deepcopy(start) for _ in range(R)], PAIRS, epochs=30)


def test_one_network_is_many_enough():
    assert_each_as_alone([network(0)], PAIRS[:1], epochs=30)


def test_the_company_makes_no_difference():
    alone = fit_torch_many(networks()[:1], PAIRS[:1], epochs=30)[0]
    beside = fit_torch_many(networks(), PAIRS, epochs=30)[0]
    assert_allclose(alone.params["0.weight"], beside.params["0.weight"], atol=1e-5)


def test_frozen_parameters_stay_as_they_are():
    models = networks()
    for model in models:
        model[0].weight.requires_grad_(False)
    kept = [model[0].weight.clone() for model in models]
    assert_each_as_alone(models, PAIRS, epochs=10, weight_decay=0.1)
    for model, weight in zip(models, kept, strict=True):
        assert torch.equal(model[0].weight, weight)


def test_networks_in_different_modes_are_trained_alike():
    models = networks()
    models[0].eval()
    assert_each_as_alone(models, PAIRS, epochs=5)


def test_the_divergence_of_one_names_it():
    data = [*PAIRS[:2], (1e15 * PAIRS[2][0], PAIRS[2][1]), PAIRS[3]]
    with pytest.raises(TrainingDiverged, match=r"at epoch \d with lr = 0.02") as caught:
        fit_torch_many(networks(), data, optimizer="sgd", lr=0.02, epochs=30)
    assert caught.value.__notes__ == ["This happened to network 2, counted from 0."]
    assert len(caught.value.history) == caught.value.epoch
    assert not np.isfinite(caught.value.history["loss"].iloc[-1])


def refuse(message, models, data=None, error=ValueError, **options):
    data = PAIRS[: len(models)] if data is None else data
    with pytest.raises(error, match=message):
        fit_torch_many(models, data, **{"epochs": 2, **options})


def test_as_many_data_sets_as_networks_are_needed():
    refuse("models has 4 networks and data 3 data sets", networks(), PAIRS[:3])
    refuse("models has 0 networks and data 0 data sets", [], [])


@pytest.mark.parametrize(
    "other",
    [
        network(0, hidden=6),
        nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 1)),
        nn.Linear(3, 1),
    ],
    ids=["width", "activation", "depth"],
)
def test_other_architectures_are_refused(other):
    refuse("models must be of one architecture: 1 is not that of 0", [network(0), other])


def test_other_numbers_of_rows_are_refused():
    X, y = PAIRS[1]
    refuse("different shapes can't be stacked", networks()[:2], [PAIRS[0], (X[:20], y[:20])])


def test_one_network_twice_is_refused():
    refuse("models holds the same network twice; copy.deepcopy", [network(0)] * 2)


def test_bad_data_name_the_data_set():
    X, y = PAIRS[1]
    bad = X.copy()
    bad[3, 1] = np.nan
    refuse(r"data set 1: X must be finite; 1 of its 90", networks()[:2], [PAIRS[0], (bad, y)])
    refuse(r"data set 1: y has shape \(30,\)", networks()[:2], [PAIRS[0], (X, y.ravel())])


def test_one_dtype_and_one_device_are_needed():
    data = [PAIRS[0], (torch.tensor(PAIRS[1][0]), torch.tensor(PAIRS[1][1]))]
    models = [network(0), network(1).double()]
    refuse("1 is float64 on cpu, and 0 is float32 on cpu", models, data)


def test_data_of_two_dtypes_are_refused():
    class Looking(nn.Module):
        def __init__(self):
            super().__init__()
            self.table = nn.Linear(3, 1)

        def forward(self, x):
            return self.table(x.float())

    X, y = (torch.tensor(values).float() for values in PAIRS[0])
    refuse(
        "different dtypes can't be stacked: 1 is int64 with y float32, and 0 is float32 with",
        [Looking(), Looking()],
        [(X, y), (X.long(), y)],
    )


def test_networks_that_share_what_is_trained_are_refused():
    models = networks()
    models[3][0].weight = models[1][0].weight
    refuse("networks 1 and 3 share a parameter that is trained; copy.deepcopy", models)
    models = networks()
    models[3][0].weight = nn.Parameter(models[1][0].weight.data, requires_grad=False)
    refuse("networks 1 and 3 share a parameter that is trained", models)
    models = networks()
    models[1][0].weight = nn.Parameter(models[3][0].weight.data, requires_grad=False)
    refuse("networks 1 and 3 share a parameter that is trained", models)


def test_networks_may_share_what_is_frozen():
    models = [model.double() for model in networks()]
    models[0][0].requires_grad_(False)
    for model in models:
        model[0] = models[0][0]
    assert_each_as_alone(models, PAIRS, epochs=10, atol=1e-10)


def test_what_gives_networks_and_data_once_is_enough():
    given = fit_torch_many(networks(), PAIRS, epochs=5, validation=PAIRS)
    once = fit_torch_many(
        (network(r) for r in range(R)),
        iter(PAIRS),
        epochs=5,
        validation=zip(*zip(*PAIRS)),  # noqa: B905
    )
    assert [fit.records for fit in once] == [fit.records for fit in given]
    held = nn.ModuleList(networks())
    assert fit_torch_many(held, PAIRS, epochs=5, validation=PAIRS)[1].model is held[1]


def test_lists_are_needed():
    refuse("models must be a list of networks.* not one Sequential", network(0), PAIRS, TypeError)
    refuse("models must be a list of networks.* not one Linear", nn.Linear(3, 1), PAIRS, TypeError)
    refuse("models must be a list of networks.* not 3", 3, PAIRS, TypeError)
    refuse("data must be a list of pairs.* not 7", networks(), 7, TypeError)
    refuse("validation must be a list of pairs.* not 0", networks(), None, TypeError, validation=0)
    refuse("models has 4 networks and validation 0 data sets", networks(), validation=())


@pytest.mark.parametrize(
    ("entry", "came"),
    [(None, "NoneType"), (0, "int"), ((), "tuple of 0"), (PAIRS[0][0], "ndarray"), ("ab", "str")],
    ids=["none", "number", "empty", "array", "string"],
)
@pytest.mark.parametrize("name", ["data", "validation"])
def test_each_entry_must_be_a_pair(name, entry, came):
    given = {"data": PAIRS[:2], "validation": PAIRS[:2], "patience": 3}
    given[name] = [PAIRS[0], entry]
    message = rf"{name} must hold a pair \(X, y\) for each network; that of network 1 is {came}\."
    refuse(message, networks()[:2], error=TypeError, **given)


@pytest.mark.parametrize("name", ["data", "validation"])
def test_pairs_are_needed(name):
    [X, y], options = PAIRS[0], {}
    data = [X, y]
    if name == "validation":
        data, options = PAIRS[:2], {"validation": [X, y]}
    refuse(f"{name} must hold a pair", networks()[:2], data, TypeError, **options)


def test_options_are_those_of_fit_torch():
    refuse("epochs must be 1 or more", networks(), epochs=0)
    refuse("lr must be a positive number", networks(), lr=-1)
    refuse("loss='mae' is unknown. Known: mse", networks(), loss="mae")
    refuse("optimizer='lion' is unknown. Known: sgd", networks(), optimizer="lion")
    refuse("optimizer must be a function or one of", networks(), optimizer=3, error=TypeError)
    refuse("clip must be a positive number", networks(), clip=0)
    refuse("patience must be 1 or more", networks(), patience=0, validation=PAIRS)
    refuse("patience needs validation=", networks(), patience=3)
    refuse("models has 4 networks and validation 3", networks(), validation=PAIRS[:3])
    refuse("schedule must be a function", networks(), schedule=0.5, error=TypeError)
    refuse(r"schedule\(1\) is -1", networks(), schedule=lambda step: 1 - 2 * step)
    refuse("model must be a torch.nn.Module", [nn.Linear, nn.Linear], error=TypeError)
