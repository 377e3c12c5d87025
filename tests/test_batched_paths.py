"""Many networks at once: the quick path, the general one, and several parts agree."""

import copy

import pytest
from numpy.testing import assert_allclose

from labkit import TrainingDiverged, make_linear

torch = pytest.importorskip("torch", reason="torch is not installed")
nn = torch.nn

from labkit import batched, fit_torch, fit_torch_many  # noqa: E402  (only after torch was found)


def pairs(networks, n=40):
    tables = [make_linear(n, 3, rng=r) for r in range(networks)]
    return [(t.X, t.y.reshape(-1, 1)) for t in tables]


def networks(count):
    torch.manual_seed(1)
    return [nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 1)) for _ in range(count)]


def losses(fits):
    return [fit.records["loss"] for fit in fits]


def test_the_written_out_path_gives_what_vmap_gives(monkeypatch):
    models = networks(4)
    quick = fit_torch_many(copy.deepcopy(models), pairs(4), epochs=30)
    monkeypatch.setattr(batched, "_ACTIVATIONS", set())
    assert_allclose(losses(quick), losses(fit_torch_many(models, pairs(4), epochs=30)), rtol=1e-4)


@pytest.mark.parametrize("rows", [40, 80, 120, 1000], ids=lambda rows: f"{rows} rows at once")
def test_parts_give_what_one_part_gives(monkeypatch, rows):
    models = networks(5)
    one_part = fit_torch_many(copy.deepcopy(models), pairs(5), epochs=10)
    monkeypatch.setattr(batched, "_ROWS_AT_ONCE", rows)
    parts = fit_torch_many(models, pairs(5), epochs=10)
    assert_allclose(losses(parts), losses(one_part), rtol=1e-5)


@pytest.mark.filterwarnings("ignore:.*weight_norm.* is deprecated")
@pytest.mark.filterwarnings("ignore:There is a performance drop")
def test_a_linear_layer_with_a_weight_of_another_name_takes_the_general_path():
    def normed():
        torch.manual_seed(1)
        return nn.Sequential(nn.utils.weight_norm(nn.Linear(3, 4)), nn.Tanh(), nn.Linear(4, 1))

    [data] = pairs(1)
    [together] = fit_torch_many([normed()], [data], epochs=10)
    alone = fit_torch(normed(), *data, epochs=10)
    assert_allclose(together.records["loss"], alone.records["loss"], rtol=1e-4)


def test_a_divergence_is_noticed_at_the_epoch_at_which_it_is_alone():
    [data] = pairs(1)
    [model] = networks(1)
    with pytest.raises(TrainingDiverged) as alone:
        fit_torch(copy.deepcopy(model), *data, epochs=200, lr=1.0, optimizer="sgd")
    with pytest.raises(TrainingDiverged) as together:
        fit_torch_many([model], [data], epochs=200, lr=1.0, optimizer="sgd")
    assert 1 < alone.value.epoch == together.value.epoch < 200
    assert len(together.value.history) == together.value.epoch
