"""What losses and networks remember and have at hand, asked of each form that a loss may have."""

import copy
from functools import partial

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
nn = torch.nn
F = torch.nn.functional

from labkit.surroundings import (  # noqa: E402  (only after torch was found)
    changes_on_the_way,
    knows,
    outside_of,
    remembers,
)

LOG: list[float] = []
WEIGHTS = [0.5, 2.0]


def plain(prediction, target, scale=1.0, *, power=2):
    return (scale * (prediction - target).abs() ** power).mean()


def weighted(prediction, target):
    return WEIGHTS[0] * F.mse_loss(prediction, target)


def logging(prediction, target):
    LOG.append(0.0)
    return F.mse_loss(prediction, target)


class Loss:
    """A loss by a method: one changes the object, one a list."""

    def __init__(self, penalty=None):
        self.calls, self.scale, self.penalty = 0, 2.0, penalty

    def counting(self, prediction, target):
        self.calls += 1
        return F.mse_loss(prediction, target)

    def logged(self, prediction, target):
        LOG.append(self.scale)
        return F.mse_loss(prediction, target)


class Scaled(Loss):
    """Called itself; nothing that it calls changes it."""

    def __call__(self, prediction, target):
        return self.scale * F.mse_loss(prediction, target)


class Counting(Loss):
    """Called itself, and counts."""

    def __call__(self, prediction, target):
        return self.counting(prediction, target)


class Still:
    """Has a method that changes nothing."""

    def scaled(self, prediction, target):
        return 2 * F.mse_loss(prediction, target)


@pytest.mark.parametrize(
    ("loss", "expected"),
    [
        (plain, False),
        (weighted, False),
        (logging, True),
        (partial(plain, scale=2.0), False),
        (partial(logging), True),
        (Still().scaled, False),
        (Loss().logged, True),
        (Loss().counting, True),
        (Scaled(), False),
        (Counting(), True),
        (nn.MSELoss(), False),
        (F.mse_loss, False),
    ],
    ids=[
        "function", "reads a list", "appends", "partial", "partial of one that appends", "method",
        "method that appends", "method that counts", "object", "object that counts", "module",
        "torch's",
    ],
)  # fmt: skip
def test_a_loss_remembers_where_it_changes_something(loss, expected):
    assert remembers(loss) is expected


class Twice(nn.Linear):
    """Notes outside of itself that it was called."""

    def forward(self, x):
        LOG.append(1.0)
        return super().forward(x)


class Reads(nn.Linear):
    """Only reads what is outside of it."""

    def forward(self, x):
        return WEIGHTS[1] * super().forward(x)


@pytest.mark.parametrize(("layer", "expected"), [(Twice, True), (Reads, False), (nn.Linear, False)])
def test_a_network_changes_something_where_a_part_of_it_does(layer, expected):
    assert changes_on_the_way(nn.Sequential(nn.Linear(3, 3), layer(3, 1))) is expected


def test_what_is_outside_is_named_for_each_form_of_a_loss():
    own = Loss()
    method = Still().scaled
    assert outside_of(weighted) == {
        "WEIGHTS": WEIGHTS, "F": F, "defaults": None, "keyword defaults": None
    }  # fmt: skip
    assert outside_of(plain) == {"defaults": (1.0,), "keyword defaults": {"power": 2}}
    assert outside_of(own.counting) == outside_of(own) == vars(own)
    assert outside_of(method) == {}
    assert outside_of(F.mse_loss).keys() >= {"defaults"}

    def closed(prediction, target):
        return own(prediction, target)

    assert outside_of(closed)["own"] is own
    assert outside_of(partial(plain, 1, power=3)) == {
        "function": outside_of(plain), "args": (1,), "keywords": {"power": 3}
    }  # fmt: skip


NETWORK = nn.Sequential(nn.Linear(3, 2), nn.Linear(2, 1))
OTHER = copy.deepcopy(NETWORK)


def penalised(prediction, target):
    return F.mse_loss(prediction, target) + NETWORK[0].weight.abs().sum()


def by_another(prediction, target):
    return F.mse_loss(prediction, target) + OTHER[0].weight.abs().sum()


def nested(thing, depth):
    return thing if depth == 0 else [nested(thing, depth - 1)]


PART, WEIGHT = NETWORK[1], NETWORK[0].weight
AT_HAND = {
    "a name": penalised,
    "a method's object": Loss(NETWORK).logged,
    "an object": Scaled(PART),
    "a parameter": Scaled(WEIGHT),
    "a list": Scaled([1, PART]),
    "a tuple": Scaled((WEIGHT,)),
    "a dict": Scaled({"of": WEIGHT}),
    "an argument": partial(plain, scale=WEIGHT),
    "what a partial calls": partial(penalised),
    "things in things": Scaled(nested(WEIGHT, 3)),
    "a module of one's own": nn.Sequential(PART),
}
NOT_AT_HAND = {
    "another network's": by_another,
    "an object": Scaled(OTHER),
    "a class": Scaled(nn.Linear),
    "a module": Scaled(torch),
    "torch's own": F.mse_loss,
    "an optimizer": Scaled(torch.optim.SGD([WEIGHT], lr=0.1)),
    "a copy": Scaled(WEIGHT.detach().clone()),
}


@pytest.mark.parametrize("loss", AT_HAND.values(), ids=AT_HAND)
def test_a_network_at_hand_is_found(loss):
    assert knows(loss, [OTHER.requires_grad_(True), NETWORK])


@pytest.mark.parametrize("loss", NOT_AT_HAND.values(), ids=NOT_AT_HAND)
def test_what_is_not_at_hand_is_not(loss):
    assert not knows(loss, [NETWORK])


def test_things_that_hold_each_other_come_to_an_end():
    one, other = Scaled(), Scaled()
    one.penalty, other.penalty = other, one
    assert not knows(one, [NETWORK])
