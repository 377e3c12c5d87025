"""What losses take: the named ones know their targets, all others are asked and left alone."""

import functools
import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from labkit import Exercise, make_linear, your_answer_here

torch = pytest.importorskip("torch", reason="torch is not installed")
nn = torch.nn
F = torch.nn.functional

from labkit import fit_torch, fit_torch_many  # noqa: E402  (only after torch was found)
from labkit.losses import is_sum  # noqa: E402

DATA = make_linear(60, 3, rng=1)
Y = DATA.y.reshape(-1, 1)
LABELS = (DATA.y > 0).astype(int) + (DATA.y > 2)
PLACES = (DATA.X > 0).astype(int)
TIMES = np.column_stack([np.exp(DATA.y - DATA.y.min()), np.arange(60) % 3 > 0]).astype(float)


def model(outputs=1, *last):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 6), nn.ReLU(), nn.Linear(6, outputs), *last)


def tensor(array):
    return torch.tensor(array, dtype=torch.float32)


def fit(loss, y=Y, network=None, **options):
    return fit_torch(network or model(), DATA.X, y, loss=loss, **{"epochs": 4, **options})


def first_loss(loss, y, network, **options):
    """The loss that is recorded first, beside the one that the untrained model has."""
    prediction = network(tensor(DATA.X))
    expected = loss(prediction, torch.as_tensor(y)).item()
    return fit(loss, y, network, **options).history["loss"].iloc[0], expected


# --- losses with targets of other shapes and kinds -----------------------------------------------


def gaussian(prediction, target):
    mean, log_variance = prediction[:, :1], prediction[:, 1:]
    return F.gaussian_nll_loss(mean, target, log_variance.exp())


def cox(prediction, target):
    """Breslow's partial likelihood: the risk set of a row holds all whose time is no shorter."""
    time, event = target.T
    risk = torch.logsumexp(prediction.T.masked_fill(time[None] < time[:, None], -math.inf), dim=1)
    return ((risk - prediction[:, 0]) * event).sum() / len(time)


TAKEN = {
    "label smoothing": (functools.partial(F.cross_entropy, label_smoothing=0.1), LABELS, 3, ()),
    "label smoothing, module": (nn.CrossEntropyLoss(label_smoothing=0.1), LABELS, 3, ()),
    "log softmax": (F.nll_loss, LABELS, 3, (nn.LogSoftmax(1),)),
    "log softmax, module": (nn.NLLLoss(), LABELS, 3, (nn.LogSoftmax(1),)),
    "class weights": (nn.CrossEntropyLoss(weight=torch.tensor([1.0, 2.0, 0.5])), LABELS, 3, ()),
    "ignored classes": (nn.CrossEntropyLoss(), np.where(LABELS == 2, -100, LABELS), 2, ()),
    "an ignored class": (nn.CrossEntropyLoss(ignore_index=2), LABELS, 2, ()),
    "classes at places": (nn.CrossEntropyLoss(), PLACES, 6, (nn.Unflatten(1, (2, 3)),)),
    "soft labels": (nn.CrossEntropyLoss(), np.eye(3, dtype="f")[LABELS] * 0.7 + 0.1, 3, ()),
    "own, of indices": (lambda p, y: F.cross_entropy(p, y) + 1, LABELS, 3, ()),
    "own, of indices, as many as rows asked": (lambda p, y: F.cross_entropy(p, y), LABELS, 4, ()),
    "Gaussian": (gaussian, Y.astype("f"), 2, ()),
    "Cox": (cox, TIMES.astype("f"), 1, ()),
    "own, of a column": (lambda p, y: ((p - y) ** 2).mean(), Y.astype("f"), 1, ()),
    "own, of a vector": (lambda p, y: (p[:, 0] - y).abs().mean(), Y[:, 0].astype("f"), 1, ()),
    "quantile": (lambda p, y: torch.maximum(0.9 * (y - p), 0.1 * (p - y)).mean(), Y.astype("f"), 1,
                 ()),
    "Poisson of counts": (nn.PoissonNLLLoss(), np.abs(np.round(Y)).astype("f"), 1, ()),
    "probabilities": (nn.BCELoss(), (Y > 0).astype("f"), 1, (nn.Sigmoid(),)),
}  # fmt: skip


@pytest.mark.parametrize("name", TAKEN)
def test_a_loss_that_takes_its_targets_is_left_alone(name):
    loss, y, outputs, last = TAKEN[name]
    found, expected = first_loss(loss, y, model(outputs, *last))
    assert found == pytest.approx(expected, rel=1e-5)
    trained = fit(loss, y, model(outputs, *last), epochs=30, lr=0.05, validation=(DATA.X, y))
    history = trained.history
    assert history["loss"].iloc[-1] < history["loss"].iloc[0]
    prediction = trained.model(tensor(DATA.X))
    assert history["val_loss"].iloc[-1] == pytest.approx(
        loss(prediction, torch.as_tensor(y)).item(), rel=1e-5
    )


def test_whole_numbers_are_given_as_they_are_where_a_loss_wants_them():
    seen = set()

    def loss(prediction, target):
        seen.add(target.dtype)
        return F.cross_entropy(prediction, target)

    fit(loss, LABELS, model(3))
    assert seen == {torch.int64}


def test_whole_numbers_become_floats_where_a_loss_wants_floats():
    events = (Y > 0).astype(int)

    def loss(prediction, target):
        return F.binary_cross_entropy_with_logits(prediction, target)

    expected = fit("bce_with_logits", events)
    assert_allclose(fit(loss, events).history["loss"], expected.history["loss"], rtol=1e-6)


def test_a_loss_that_cannot_do_with_two_rows_is_asked_for_more():
    def loss(prediction, target):
        assert len(target) > 10, "too few rows"
        return F.mse_loss(prediction, target)

    assert_allclose(fit(loss).history["loss"], fit("mse").history["loss"], rtol=1e-6)


@pytest.mark.parametrize("off", [-0.0009, 0.0009])
def test_probabilities_of_classes_add_up_to_one_to_a_thousandth(off):
    y = np.full((60, 3), 1 / 3)
    y[7] += off / 3
    fit(nn.CrossEntropyLoss(), y, model(3))
    y[7] += off / 3
    with pytest.raises(ValueError, match="the probabilities of the classes"):
        fit(nn.CrossEntropyLoss(), y, model(3))


def test_probabilities_of_classes_may_be_zero_and_are_not_negative():
    labels = np.arange(60) % 3
    soft = fit(nn.CrossEntropyLoss(), np.eye(3)[labels], model(3))
    assert_allclose(soft.history, fit(nn.CrossEntropyLoss(), labels, model(3)).history, rtol=1e-5)
    with pytest.raises(ValueError, match="the probabilities of the classes"):
        fit(nn.CrossEntropyLoss(), np.tile([1.5, -0.5, 0.0], (60, 1)), model(3))


@pytest.mark.parametrize("sign", [1, -1])
def test_a_model_that_predicts_probabilities_on_one_side_alone_is_refused(sign):
    network = nn.Sequential(nn.Linear(3, 1, bias=False), nn.Tanh())
    nn.init.constant_(network[0].weight, sign)  # between 0 and 1 where all features have this sign
    with pytest.raises(ValueError, match="model must predict probabilities, between"):
        fit_torch(network, sign * np.abs(DATA.X), (Y > 0) * 1.0, loss=nn.BCELoss(), epochs=1)


def test_a_model_that_leaves_the_probabilities_near_zero_alone_is_refused():
    class Bump(nn.Linear):
        def forward(self, x):
            return 2 * torch.exp(-(super().forward(x) ** 2))

    network = Bump(3, 1, bias=False)
    nn.init.constant_(network.weight, 1 / 6)  # for ones it predicts 1.6, for twos 0.7
    with pytest.raises(ValueError, match="model must predict probabilities, between"):
        fit_torch(network, np.ones((60, 3)), (Y > 0) * 1.0, loss=nn.BCELoss(), epochs=1)


def test_places_in_an_embedding_can_have_probabilities():
    network = nn.Sequential(nn.Embedding(2, 4), nn.Flatten(), nn.Linear(12, 1), nn.Sigmoid())
    fit_torch(network, PLACES, (Y > 0) * 1.0, loss=nn.BCELoss(), epochs=2)


class Counts(nn.Module):
    def __init__(self):
        super().__init__()
        self.calls = 0

    def forward(self, prediction, target):
        self.calls += 1
        return F.mse_loss(prediction, target)


CALLS = 0


def counts_globally(prediction, target):
    global CALLS
    CALLS += 1
    return F.mse_loss(prediction, target)


def test_a_loss_is_asked_without_a_trace():
    seen, calls, module = [], 0, Counts()
    options = {"batch_size": 20, "epochs": 2}  # six steps

    def notes(prediction, target):
        nonlocal calls
        calls += 1
        seen.append(len(target))
        return F.mse_loss(prediction, target)

    fit(notes, **options)
    fit(functools.partial(lambda p, y, loss: loss(p, y), loss=module), **options)
    fit(module, **options)
    fit(counts_globally, **options)
    assert seen == [20] * 6
    assert (calls, CALLS) == (6, 6)
    assert module.calls >= 12


# --- sums ----------------------------------------------------------------------------------------

SUMS = {
    "module": nn.MSELoss(reduction="sum"),
    "partial": functools.partial(F.mse_loss, reduction="sum"),
    "own": lambda p, y: ((p - y) ** 2).sum(),
}


@pytest.mark.parametrize("batch_size", [None, 16, 60])
@pytest.mark.parametrize("form", SUMS)
def test_a_sum_trains_as_a_sum_and_is_recorded_as_a_mean(form, batch_size):
    options = {"optimizer": "sgd", "batch_size": batch_size, "seed": 1, "validation": (DATA.X, Y)}
    total = fit(SUMS[form], lr=0.001, **options)
    if batch_size != 16:  # batches of 16 and of 12 rows: no one lr makes up for the sum
        mean = fit("mse", lr=0.06, **options)
        for name, weight in mean.params.items():
            assert_allclose(total.params[name], weight, rtol=1e-4, atol=1e-6)
        assert_allclose(total.history, mean.history, rtol=1e-4)
    prediction = total.predict(DATA.X)
    assert total.history["val_loss"].iloc[-1] == pytest.approx(np.mean((prediction - Y) ** 2), 1e-5)


def hinge(prediction, target):
    """Zero for the first rows, where a model that predicts zero is right enough."""
    return torch.relu((prediction - target).abs() - 1)


@pytest.mark.parametrize("reduce", [torch.sum, torch.mean])
def test_a_sum_that_is_zero_for_the_first_rows_is_one_nevertheless(reduce):
    network = nn.Linear(3, 1)
    nn.init.zeros_(network.weight)
    nn.init.zeros_(network.bias)
    y = np.where(np.arange(60) < 20, 0.0, 3.0)[:, None]
    found = fit(lambda p, y: reduce(hinge(p, y)), y, network, optimizer="sgd", lr=1e-6)
    assert found.history["loss"].iloc[0] == pytest.approx(2 * 40 / 60)


def test_a_loss_that_is_zero_at_the_start_is_no_hindrance():
    found = fit(lambda p, y: hinge(p, y).mean(), 0 * Y, nn.Linear(3, 1), lr=1e-9)
    assert len(found.history) == 4


@pytest.mark.parametrize("seed", range(20))
def test_a_sum_is_one_also_where_sums_are_rounded(seed):
    generator = torch.Generator().manual_seed(seed)
    prediction, target = torch.randn(2, 5, 3, generator=generator)
    assert is_sum(SUMS["own"], prediction, target)
    assert not is_sum(lambda p, y: ((p - y) ** 2).mean(), prediction, target)


@pytest.mark.parametrize("value", [0.0, 1.0, 4.0])
def test_a_sum_tells_that_it_is_one_unless_it_is_zero(value):
    prediction, target = torch.full((4, 1), (value / 4) ** 0.5), torch.zeros(4, 1)
    assert SUMS["own"](prediction, target) == value
    assert is_sum(SUMS["own"], prediction, target) is (value > 0)


def test_many_networks_record_a_sum_as_one_does():
    data = [(DATA.X, Y), (DATA.X[::-1], Y[::-1])]
    many = fit_torch_many([model(), model()], data, loss=nn.MSELoss(reduction="sum"), epochs=4)
    alone = fit(nn.MSELoss(reduction="sum"))
    assert_allclose(many[0].history["loss"], alone.history["loss"], rtol=1e-4)


# --- refused, with a message of ours and before the first step -----------------------------------

REFUSED = {
    "a class": (nn.MSELoss, {}, TypeError, r"loss is the class MSELoss: give an object, MSELoss\("),
    "no reduction": (
        nn.MSELoss(reduction="none"), {}, ValueError,
        r"loss must return one number for a batch; .* returned the shape \(2, 1\)",
    ),
    "no tensor": (lambda p, y: 3.0, {}, TypeError, "loss must return a tensor of one number"),
    "a class in a partial": (
        functools.partial(nn.MSELoss), {}, (TypeError, ValueError), "loss (must return|can't take)",
    ),
    "detached": (
        lambda p, y: F.mse_loss(p.detach(), y), {}, ValueError, "returns a number that has no grad",
    ),
    "three arguments": (
        lambda p, y, w: p.mean(), {}, ValueError, r"loss can't take predictions of shape \(n, 1\)",
    ),
    "class weights of another length": (
        nn.CrossEntropyLoss(weight=torch.ones(2)), {"y": LABELS, "network": model(3)}, ValueError,
        r"loss can't take predictions of shape \(n, 3\) .* and y of shape \(n,\) and int64",
    ),
    "no sigmoid": (
        nn.BCELoss(), {"y": (Y > 0) * 1.0}, ValueError, "model must predict probabilities, between",
    ),
    "classes beyond the last": (
        nn.NLLLoss(), {"y": LABELS + 1, "network": model(3, nn.LogSoftmax(1))}, ValueError,
        "indices from 1 to 3",
    ),
    "nothing but ignored": (
        nn.CrossEntropyLoss(), {"y": 0 * LABELS - 100}, ValueError, "y holds only -100, the class",
    ),
    "no probabilities": (
        nn.CrossEntropyLoss(), {"y": np.ones((60, 3)), "network": model(3)}, ValueError,
        "each row must be the probabilities of the classes",
    ),
    "a vector for a column": (
        nn.SmoothL1Loss(), {"y": Y[:, 0]}, ValueError, r"Use y\.reshape\(-1, 1\)",
    ),
    "a vector for a column, Poisson": (
        nn.PoissonNLLLoss(), {"y": np.abs(Y[:, 0])}, ValueError, r"Use y\.reshape\(-1, 1\)",
    ),
    "a vector for a column, partial": (
        functools.partial(F.huber_loss, delta=2.0), {"y": Y[:, 0]}, ValueError, "torch would broad",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_refused_before_the_first_step(name):
    loss, given, error, message = REFUSED[name]
    network = given.get("network", model())
    before = {k: v.clone() for k, v in network.state_dict().items()}
    with pytest.raises(error, match=message):
        fit(loss, **{"network": network, **given})
    assert all(torch.equal(value, before[k]) for k, value in network.state_dict().items())


OWN = {
    "squares": lambda p, y: ((p - y) ** 2).mean(),
    "absolute": lambda p, y: (p - y).abs().mean(),
    "summed": lambda p, y: ((p - y) ** 2).sum(),
    "torch's, wrapped": lambda p, y: F.smooth_l1_loss(*torch.broadcast_tensors(p, y)),
    "Gaussian": gaussian,
    "log cosh": lambda p, y: torch.log(torch.cosh(p - y)).mean(),
}


@pytest.mark.parametrize("kind", [float, int])
@pytest.mark.parametrize("name", OWN)
def test_an_own_loss_that_pairs_all_with_all_is_refused_with_the_mend(name, kind):
    network = model(2 if name == "Gaussian" else 1)
    with pytest.raises(ValueError, match=r"compared with every target.*Use y\.reshape\(-1, 1\)"):
        fit(OWN[name], np.round(Y[:, 0]).astype(kind), network)


def test_an_own_loss_of_a_vector_model_and_a_column_is_refused_as_well():
    with pytest.raises(ValueError, match=r"every target\..* Use y\.reshape\(-1\)"):
        fit(OWN["squares"], Y, model(1, nn.Flatten(0)))


def test_a_stub_in_a_loss_or_a_model_is_an_exercise_not_attempted():
    class Stub(nn.Linear):
        def forward(self, _):
            your_answer_here()

    @Exercise
    def exercise(answer):
        answer()
        yield True, "it ran"

    in_loss = exercise(lambda: fit(lambda p, y: your_answer_here()))
    in_model = exercise(lambda: fit("mse", network=Stub(3, 1)))
    assert in_loss.status == in_model.status == "not attempted"


def squeezed(prediction, target):
    return ((prediction.squeeze(-1) - target) ** 2).mean()


def halves(prediction, target):
    return (target[:, 1:] * (prediction[:, 0] - target[:, :1]) ** 2).mean()


def wrong_cox(prediction, target):
    time, event = target[:, 0], target[:, 1]
    order = torch.argsort(-time)
    prediction, event = prediction[order], event[order]
    return -((prediction - torch.logcumsumexp(prediction, 0)) * event).sum() / event.sum()


@pytest.mark.parametrize(
    ("loss", "y", "outputs"), [(squeezed, Y, 1), (halves, TIMES, 2), (wrong_cox, TIMES, 1)]
)
def test_a_column_against_a_vector_within_a_loss_is_refused_too(loss, y, outputs):
    with pytest.raises(ValueError, match=r"a column of shape \(n, 1\) against a vector of shape"):
        fit(loss, y, model(outputs))


SOUND = {
    "classes as floats": (lambda p, y: F.cross_entropy(p, y.long()), LABELS.astype(float), 3),
    "insensitive": (lambda p, y: torch.relu((p[:, 0] - y).abs() - 1).mean(), Y[:, 0], 1),
    "all pairs on purpose": (
        lambda p, y: F.softplus(-(p - p.T) * (y - y.T).sign()).mean(), Y, 1
    ),
    "dot product": (lambda p, y: -(y @ p).sum() / len(y) + (p**2).mean(), Y[:, 0], 1),
}  # fmt: skip


@pytest.mark.parametrize("name", SOUND)
def test_a_loss_that_only_looks_so_is_left_alone(name):
    loss, y, outputs = SOUND[name]
    found, expected = first_loss(loss, y.astype("f"), model(outputs))
    assert found == pytest.approx(expected, rel=1e-5)


def test_weights_of_the_rows_in_a_loss_are_left_alone():
    weights = torch.rand(60, 1)
    found, expected = first_loss(
        lambda p, y: (weights * (p - y) ** 2).mean(), Y.astype("f"), model()
    )
    assert found == pytest.approx(expected, rel=1e-5)


def test_a_loss_that_needs_an_event_is_asked_for_all_rows():
    X, y = np.zeros((3000, 3)), np.zeros((3000, 1))
    y[-50:] = 1

    def loss(prediction, target):
        assert target.sum() > 0, "no event"
        return F.mse_loss(prediction, target)

    assert len(fit_torch(model(), X, y, loss=loss, epochs=2).history) == 2


def test_a_sum_that_is_zero_on_the_first_rows_is_told_all_the_same():
    events = np.column_stack([Y, np.arange(60) >= 10]).astype("f")

    def loss(prediction, target):
        return ((prediction[:, 0] - target[:, 0]) ** 2 * target[:, 1]).sum()

    history = fit(loss, events, validation=(DATA.X, events), lr=1e-12).history
    assert_allclose(history["loss"], history["val_loss"], rtol=1e-4)
    old = functools.partial(F.mse_loss, size_average=False)
    with pytest.warns(UserWarning, match="size_average"):
        found = fit(old, lr=1e-12, epochs=1).history["loss"].iloc[0]
    assert found == pytest.approx(fit("mse", lr=1e-12, epochs=1).history["loss"].iloc[0], rel=1e-5)


@pytest.mark.parametrize(
    "loss", [nn.CrossEntropyLoss(), nn.CrossEntropyLoss(weight=torch.tensor([1.0, 20.0, 3.0]))]
)
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_mean_over_classes_is_over_the_rows_that_count(loss, seed):
    y = np.where(np.arange(60) % 5 < 2, -100, LABELS)
    options = {"batch_size": 7, "lr": 1e-12, "epochs": 1, "validation": (DATA.X, y), "seed": seed}
    history = fit(loss, y, model(3), **options).history
    assert_allclose(history["loss"], history["val_loss"], rtol=1e-5)


def test_log_probabilities_are_asked_for():
    with pytest.raises(ValueError, match=r"must predict logarithms of probabilities.*LogSoftmax"):
        fit(nn.NLLLoss(), LABELS, model(3))


@pytest.mark.parametrize(("seed", "draws"), [(3, 0), (None, 1)])
def test_only_the_training_draws_random_numbers_and_with_a_seed_not_the_users(seed, draws):
    def loss(prediction, target):
        return F.mse_loss(prediction + torch.randn_like(prediction), target)

    network = model()
    torch.manual_seed(5)
    fit(loss, network=network, seed=seed, epochs=1, validation=None)
    after = torch.get_rng_state()
    torch.manual_seed(5)
    for _ in range(draws):
        torch.randn(60, 1)
    assert torch.equal(after, torch.get_rng_state())
