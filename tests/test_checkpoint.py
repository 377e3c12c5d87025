"""Killed and resumed is the same as never interrupted; a bad file is told apart from a good one."""

import functools
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from labkit import make_linear

torch = pytest.importorskip("torch", reason="torch is not installed")
nn = torch.nn
F = torch.nn.functional

from labkit import checkpoint as module  # noqa: E402  (only after torch was found)
from labkit import fit_torch, sealed  # noqa: E402
from labkit.checkpoint import Checkpoint  # noqa: E402
from labkit.monitor import Monitor  # noqa: E402

DATA, HELD_OUT = make_linear(40, 3, rng=1), make_linear(30, 3, rng=2)
X, Y = DATA.X, DATA.y.reshape(-1, 1)
V = (HELD_OUT.X, HELD_OUT.y.reshape(-1, 1))
BATCHES = 3  # of 16, 16 and 8


def network(hidden=6, seed=0, activation=nn.ReLU, dropout=0.3):
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Linear(3, hidden), nn.BatchNorm1d(hidden), activation(), nn.Dropout(dropout),
        nn.Linear(hidden, 1),
    )  # fmt: skip


def train(model=None, X=X, Y=Y, **options):
    given = {
        "epochs": 12, "lr": 0.05, "batch_size": 16, "seed": 3, "validation": V, "patience": 50,
        "checkpoint_every": 1, **options,
    }  # fmt: skip
    return fit_torch(model or network(), X, Y, **given)


def constant(step):
    return 1.0


class Interrupts:
    """The mean squared error, which dies at one of its calls in training."""

    def __init__(self, at):
        self.left = at

    def __call__(self, prediction, target):
        self.left -= torch.is_grad_enabled()
        if self.left < 0:
            if "KILLS" in os.environ:
                os.kill(os.getpid(), signal.SIGKILL)
            raise KeyboardInterrupt
        return F.mse_loss(prediction, target)


def assert_equal_state(first, second):
    """Compare all that a checkpoint holds, bit for bit."""
    if isinstance(first, torch.Tensor):
        assert torch.equal(first, second)
    elif isinstance(first, dict):
        assert first.keys() == second.keys()
        for key in first:
            assert_equal_state(first[key], second[key])
    elif isinstance(first, (list, tuple)):
        assert len(first) == len(second)
        for one, other in zip(first, second, strict=True):
            assert_equal_state(one, other)
    else:
        assert first == second


def assert_same_run(first, second, *paths):
    assert_array_equal(first.history, second.history)
    assert (first.stopped, first.best_epoch) == (second.stopped, second.best_epoch)
    for name, value in first.params.items():
        assert_array_equal(value, second.params[name], err_msg=name)
    for name, value in first.model.state_dict().items():
        assert torch.equal(value, second.model.state_dict()[name]), name
    states = [torch.load(path, weights_only=True) for path in paths]
    if states:
        assert_equal_state(*states)


def interrupt(path, at, **options):
    fit = train(checkpoint=path, loss=Interrupts(at), **options)
    assert fit.stopped == "interrupted"


@pytest.mark.parametrize("at", [1, 3, 4, 16, 35], ids="call {}".format)
@pytest.mark.parametrize("seed", [3, None], ids=["own seed", "global seed"])
@pytest.mark.parametrize("optimizer", ["adam", "rmsprop"])
def test_interrupted_and_resumed_equals_uninterrupted_bit_for_bit(tmp_path, at, seed, optimizer):
    options = {"optimizer": optimizer, "seed": seed, "loss": Interrupts(10**9)}
    whole = train(checkpoint=tmp_path / "whole", **options)
    broken = tmp_path / "broken"
    interrupt(broken, at, optimizer=optimizer, seed=seed)
    # Another start, and another global seed: with a checkpoint, neither may matter.
    resumed = train(network(seed=77), checkpoint=broken, resume=True, **options)
    assert_same_run(resumed, whole, tmp_path / "whole", broken)


def test_resumed_twice_with_sparse_checkpoints_equals_uninterrupted(tmp_path):
    options = {"epochs": 20, "checkpoint_every": 3, "loss": Interrupts(10**9)}
    whole = train(checkpoint=tmp_path / "whole", **options)
    path = tmp_path / "broken"
    interrupt(path, 8 * BATCHES + 1, epochs=20, checkpoint_every=3)
    assert len(torch.load(path, weights_only=True)["monitor"]["records"]["loss"]) == 8
    interrupt(path, 5 * BATCHES, epochs=20, checkpoint_every=3, resume=True)
    resumed = train(network(seed=5), checkpoint=path, resume=True, **options)
    assert_same_run(resumed, whole, tmp_path / "whole", path)


def test_early_stopping_goes_on_counting_after_a_resumption(tmp_path):
    options = {"epochs": 300, "patience": 6, "lr": 0.1, "loss": Interrupts(10**9)}
    whole = train(checkpoint=tmp_path / "whole", **options)
    assert whole.stopped == "early stopping"
    at = (whole.best_epoch + 3) * BATCHES  # between the best epoch and the last
    interrupt(tmp_path / "broken", at, epochs=300, patience=6, lr=0.1)
    resumed = train(network(seed=9), checkpoint=tmp_path / "broken", resume=True, **options)
    assert_same_run(resumed, whole, tmp_path / "whole", tmp_path / "broken")


def test_resuming_after_early_stopping_trains_no_further(tmp_path):
    options = {"epochs": 300, "patience": 6, "lr": 0.1, "checkpoint": tmp_path / "run"}
    whole = train(**options)
    resumed = train(network(seed=9), **options, resume=True)
    assert_same_run(resumed, whole)


def test_resuming_a_finished_run_returns_it_and_more_epochs_go_on(tmp_path):
    first = train(checkpoint=tmp_path / "run", epochs=5)
    assert_same_run(
        train(network(seed=9), checkpoint=tmp_path / "run", epochs=5, resume=True), first
    )
    longer = train(network(seed=9), checkpoint=tmp_path / "run", epochs=12, resume=True)
    assert_same_run(longer, train())


def test_checkpoints_change_nothing_and_resume_without_a_file_starts(tmp_path):
    assert_same_run(train(checkpoint=tmp_path / "run", resume=True), train())


def test_resumed_in_another_process_with_a_partial_as_the_loss(tmp_path):
    huber = functools.partial(F.huber_loss, delta=0.5)
    train(loss=huber, checkpoint=tmp_path / "run", epochs=5)
    another = functools.partial(F.huber_loss, delta=0.5)  # at another address
    resumed = train(network(seed=9), loss=another, checkpoint=tmp_path / "run", resume=True)
    assert_same_run(resumed, train(loss=huber))


def test_numpy_numbers_among_the_options_can_be_read_back(tmp_path):
    options = {
        "batch_size": np.int64(16), "lr": np.float64(0.05), "patience": np.int32(50),
        "weight_decay": np.float32(0), "checkpoint": str(tmp_path / "run"),
    }  # fmt: skip
    train(**options, epochs=5)
    assert_same_run(train(network(seed=9), **options, resume=True), train())


def python(script, *arguments, **environment):
    """Run a script that can import this file, in another process."""
    return subprocess.run(
        [sys.executable, "-c", "import sys, test_checkpoint as t\n" + script, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **environment},
        cwd=Path(__file__).parent, check=False,
    )  # fmt: skip


def test_a_process_killed_by_the_system_resumes_bit_for_bit(tmp_path):
    script = """
t.torch.set_num_threads(int(sys.argv[2]))
t.train(checkpoint=sys.argv[1], loss=t.Interrupts(7 * t.BATCHES + 1))
"""
    killed = python(script, tmp_path / "run", torch.get_num_threads(), KILLS="yes")
    assert killed.returncode == -signal.SIGKILL
    assert len(torch.load(tmp_path / "run", weights_only=True)["monitor"]["records"]["loss"]) == 7
    whole = train(checkpoint=tmp_path / "whole", loss=Interrupts(10**9))
    resumed = train(
        network(seed=9), checkpoint=tmp_path / "run", loss=Interrupts(10**9), resume=True
    )
    assert_same_run(resumed, whole, tmp_path / "whole", tmp_path / "run")


def test_another_number_of_threads_is_accepted(tmp_path):
    # 200,000 rows, whose sum depends on the number of threads that add them up.
    rows = torch.randn(200_000, 3, generator=torch.Generator().manual_seed(1))
    data = {"X": rows, "Y": rows[:, :1] * 3, "validation": None, "patience": None}
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        train(checkpoint=tmp_path / "run", epochs=1, batch_size=None, **data)
        torch.set_num_threads(2)
        train(checkpoint=tmp_path / "run", epochs=2, batch_size=None, resume=True, **data)
    finally:
        torch.set_num_threads(threads)


# --- a crash while writing -----------------------------------------------------------------------


def test_a_crash_while_saving_leaves_the_old_file_whole(tmp_path, monkeypatch):
    path, save, calls = tmp_path / "run", torch.save, []

    def half(state, file):
        calls.append(1)
        if len(calls) == 4:
            file.write(b"half a che")
            raise OSError("No space left on device")
        save(state, file)

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(OSError, match="No space left"):
        train(checkpoint=path)
    monkeypatch.undo()
    assert [p.name for p in tmp_path.iterdir()] == ["run"]
    assert len(torch.load(path, weights_only=True)["monitor"]["records"]["loss"]) == 3
    assert_same_run(train(network(seed=9), checkpoint=path, resume=True), train())


# --- files that won't do -------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [0, 1, 100, 0.5, 0.9, 0.999], ids="{} kept".format)
def test_a_truncated_checkpoint_is_refused(tmp_path, kept):
    path = tmp_path / "run"
    train(checkpoint=path)
    content = path.read_bytes()
    path.write_bytes(content[: kept if isinstance(kept, int) else int(kept * len(content))])
    with pytest.raises(ValueError, match=r"run is not a whole checkpoint: .* start the training"):
        train(checkpoint=path, resume=True)


@pytest.mark.parametrize(
    "content", [b"epoch,loss\n1,2\n", b"\x80\x04", b"\x00" * 500, "ü".encode()], ids=repr
)
def test_a_file_that_is_no_checkpoint_is_refused(tmp_path, content):
    (tmp_path / "run").write_bytes(content[:500])
    with pytest.raises(ValueError, match="run is not a whole checkpoint"):
        train(checkpoint=tmp_path / "run", resume=True)


@pytest.mark.parametrize("saved", [{"a": 1}, [1, 2], torch.ones(2)], ids=["dict", "list", "tensor"])
def test_a_file_of_torch_that_is_no_checkpoint_is_refused(tmp_path, saved):
    torch.save(saved, tmp_path / "run")
    with pytest.raises(ValueError, match="run is no checkpoint of fit_torch; choose another path"):
        train(checkpoint=tmp_path / "run", resume=True)


def test_a_file_that_would_run_code_is_refused(tmp_path):
    sealed.write_sealed(tmp_path / "run", {"setting": os.system, "model": 1, "monitor": 2})
    with pytest.raises(ValueError, match="run is no checkpoint of fit_torch"):
        train(checkpoint=tmp_path / "run", resume=True)


@pytest.mark.parametrize(
    "model",
    [
        functools.partial(network, hidden=7),
        functools.partial(network, activation=nn.Tanh),
        functools.partial(network, dropout=0.5),
        lambda: nn.Linear(3, 1),
    ],
    ids=["other width", "other activation", "other dropout", "other layers"],
)
def test_a_checkpoint_of_another_architecture_is_refused(tmp_path, model):
    train(checkpoint=tmp_path / "run")
    with pytest.raises(ValueError, match="was written by another run: model was Sequential"):
        train(model(), checkpoint=tmp_path / "run", resume=True)


def test_another_architecture_that_prints_the_same_is_refused(tmp_path):
    class Network(nn.Module):
        def __init__(self, width):
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(3, width))

        def forward(self, x):
            return (x @ self.weight).sum(1, keepdim=True)

    train(Network(2), checkpoint=tmp_path / "run")
    with pytest.raises(ValueError, match=r"model is Network\(\) as in that run, but its options"):
        train(Network(4), checkpoint=tmp_path / "run", resume=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lr": 0.01}, "optimizer's lr was 0.05 and is now 0.01"),
        ({"loss": "l1"}, "loss was mse and is now l1"),
        ({"optimizer": "sgd"}, "optimizer was Adam and is now SGD"),
        ({"weight_decay": 0.1}, r"optimizer's weight_decay was 0(\.0)? and is now 0.1"),
        ({"batch_size": None}, "batch_size was 16 and is now None"),
        ({"patience": 5}, "patience was 50 and is now 5"),
        ({"seed": 4}, "seed was 3 and is now 4"),
        ({"X": X + 1}, "X is not the X of that run. Resume"),
        ({"Y": Y * 2}, "y is not the y of that run. Resume"),
        ({"X": X[::-1].copy()}, "X is not the X of that run. Resume"),
        ({"Y": Y[::-1].copy()}, "y is not the y of that run. Resume"),
        ({"X": X[:30], "Y": Y[:30]}, "rows of X was 40 and is now 30; X is not"),
        ({"validation": (V[0] + 1, V[1])}, "validation X is not the validation X of that run"),
        ({"validation": (V[0], -V[1])}, "validation y is not the validation y of that run"),
        ({"validation": (X, Y)}, "rows of validation X was 30 and is now 40"),
        ({"clip": 0.5}, r"clip was None and is now 0\.5\. Resume with what it was, or choose"),
        ({"schedule": constant}, "schedule was None and is now constant. Resume"),
        ({"metrics": {"mae": F.l1_loss}}, "metric mae was None and is now l1_loss. Resume"),
        ({"validation": None, "patience": None}, "validation X was given and is now None"),
    ],
    ids=lambda value: ", ".join(value) if isinstance(value, dict) else "",
)
def test_a_checkpoint_of_another_setting_is_refused(tmp_path, change, message):
    train(checkpoint=tmp_path / "run", epochs=2)
    with pytest.raises(ValueError, match=f"was written by another run: (.*; )?{message}"):
        train(checkpoint=tmp_path / "run", resume=True, **change)


def test_data_of_another_process_that_differ_in_one_bit_are_refused(tmp_path):
    train(checkpoint=tmp_path / "run", epochs=2)
    other = X.astype(np.float32)
    other[7, 1] = np.nextafter(other[7, 1], np.float32(np.inf))
    train(X=X.astype(np.float32), checkpoint=tmp_path / "run", epochs=2, resume=True)
    with pytest.raises(ValueError, match="X is not the X of that run"):
        train(X=other, checkpoint=tmp_path / "run", resume=True)


P = functools.partial
CHANGED = [
    ({"loss": nn.HuberLoss(delta=1.0)}, {"loss": nn.HuberLoss(delta=2.0)},
     r"loss is HuberLoss\(\) as in that run"),
    ({"loss": P(F.huber_loss, delta=1.0)}, {"loss": P(F.huber_loss, delta=2.0)},
     r"loss was huber_loss\(delta=1.0\) and is now huber_loss\(delta=2.0\)"),
    ({"loss": lambda p, y: ((p - y) ** 2).mean()}, {"loss": lambda p, y: ((p - y) ** 4).mean()},
     "loss is <lambda> as in that run, but its options, its code or a value it uses is not"),
    ({"optimizer": P(torch.optim.Adam, betas=(0.9, 0.99))},
     {"optimizer": P(torch.optim.Adam, betas=(0.8, 0.99))},
     r"optimizer's betas was \(0.9, 0.99\) and is now \(0.8, 0.99\)"),
    ({"optimizer": P(torch.optim.Adam, eps=1e-8)}, {"optimizer": P(torch.optim.Adam, eps=1e-6)},
     "optimizer's eps was 1e-08 and is now 1e-06"),
    ({"optimizer": P(torch.optim.SGD, momentum=0.9)},
     {"optimizer": P(torch.optim.SGD, momentum=0.9, nesterov=True)},
     "optimizer's nesterov was False and is now True"),
]  # fmt: skip


@pytest.mark.parametrize(("was", "now", "message"), CHANGED)
def test_a_checkpoint_of_a_loss_or_an_optimizer_with_other_options_is_refused(
    tmp_path, was, now, message
):
    train(checkpoint=tmp_path / "run", epochs=2, **was)
    train(checkpoint=tmp_path / "run", epochs=2, resume=True, **was)
    with pytest.raises(ValueError, match=message):
        train(checkpoint=tmp_path / "run", epochs=2, resume=True, **now)


@pytest.mark.parametrize("kind", ["weight", "pos_weight"])
def test_another_class_weight_is_refused(tmp_path, kind):
    def go(weight, **options):
        weight = torch.tensor(weight)
        if kind == "weight":
            loss, model, y = nn.CrossEntropyLoss(weight=weight), nn.Linear(3, 2), (Y[:, 0] > 0) * 1
        else:
            loss, model, y = nn.BCEWithLogitsLoss(pos_weight=weight[:1]), nn.Linear(3, 1), Y > 0
        fit_torch(model, X, y, loss=loss, checkpoint=tmp_path / "run", epochs=2, **options)

    go([1.0, 2.0])
    go([1.0, 2.0], resume=True)
    with pytest.raises(ValueError, match=r"loss is .*Loss\(\) as in that run, but its options"):
        go([2.0, 1.0], resume=True)


def grouped(params, lr, shift=0):
    """Another learning rate for the biases, and which parameters count as such."""
    params = list(params)
    return torch.optim.SGD(
        [{"params": params[: 2 + shift]}, {"params": params[2 + shift :], "lr": lr / 10}], lr=lr
    )


def test_each_group_of_parameters_counts(tmp_path):
    train(checkpoint=tmp_path / "run", epochs=2, optimizer=grouped)
    whole = train(optimizer=grouped)
    again = {"checkpoint": tmp_path / "run", "resume": True}
    with pytest.raises(ValueError, match="order of the optimizer's parameters is not the order of"):
        train(**again, optimizer=P(grouped, shift=1))
    with pytest.raises(ValueError, match=r"optimizer's lr in group 1 was 0.005 and is now 0.001\."):
        train(**again, lr=0.01, optimizer=grouped)
    with pytest.raises(ValueError, match=r"optimizer's lr in group 1 was 0.005 and is now None"):
        train(**again, optimizer="sgd")
    assert_same_run(train(network(seed=9), **again, optimizer=grouped), whole)


def test_what_was_there_and_is_no_more_is_named(tmp_path):
    saved(tmp_path, metric="a").save()
    with pytest.raises(ValueError, match="metric was a and is now None"):
        saved(tmp_path).restore()
    saved(tmp_path).save()
    with pytest.raises(ValueError, match="metric was None and is now a"):
        saved(tmp_path, metric="a").restore()


@pytest.mark.parametrize("attach", ["scheduler", "post hook", "pre hook"])
def test_an_optimizer_whose_state_is_in_a_hook_is_refused_before_the_training(tmp_path, attach):
    def factory(params, lr):
        optimizer = torch.optim.SGD(params, lr=lr)
        if attach == "scheduler":
            torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=9)
        elif attach == "post hook":
            optimizer.register_step_post_hook(lambda *_: None)
        else:
            optimizer.register_step_pre_hook(lambda *_: None)
        return optimizer

    with pytest.raises(ValueError, match=r"carries a hook or a scheduler.* Use schedule= and clip"):
        train(checkpoint=tmp_path / "run", optimizer=factory)
    assert list(tmp_path.iterdir()) == []


class KOptimizer(torch.optim.SGD):
    """Stochastic gradient descent with an option that is in no group."""

    def __init__(self, params, lr, k=5, name="a", nesterov=False):
        super().__init__(params, lr=lr)
        self.k, self.name, self.own = k, name, nesterov


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"k": 6}, "optimizer's k was 5 and is now 6"),
        ({"name": "b"}, "optimizer's name was a and is now b"),
        ({"nesterov": True}, "optimizer's own was False and is now True"),
    ],
)
def test_an_option_of_the_optimizer_that_is_in_no_group_counts(tmp_path, change, message):
    again = {"checkpoint": tmp_path / "run", "resume": True}
    train(checkpoint=tmp_path / "run", epochs=2, optimizer=KOptimizer)
    with pytest.raises(ValueError, match=message):
        train(**again, optimizer=P(KOptimizer, **change))
    train(**again, optimizer=P(KOptimizer, k=5))


class Averages(nn.Module):
    """Predict from rows less their running mean, which no state_dict holds."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 1)
        self.register_buffer("mean", torch.zeros(3, dtype=torch.float64), persistent=False)

    def forward(self, x):
        if self.training:
            self.mean.mul_(0.9).add_(0.1 * x.detach().mean(0))
        return self.linear(x - self.mean.to(x))


def averages(seed=0):
    torch.manual_seed(seed)
    return Averages()


def test_a_buffer_that_no_state_dict_holds_is_resumed(tmp_path):
    whole = train(averages(), epochs=6)
    train(averages(), epochs=3, checkpoint=tmp_path / "run")
    other = averages(5)
    mean = other.mean
    resumed = train(other, epochs=6, checkpoint=tmp_path / "run", resume=True)
    assert_same_run(resumed, whole)
    assert other.mean is mean
    assert torch.equal(resumed.model.mean, whole.model.mean)
    assert (resumed.model.mean != 0).all()


class Remembers(nn.Module):
    """Predict from rows less the first that it saw, and keep the sizes of its batches."""

    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(3, 1)
        self.register_buffer("first", None, persistent=False)
        self.register_buffer("sizes", torch.zeros(0), persistent=False)

    def forward(self, x):
        if self.training:
            self.first = x.detach()[0] if self.first is None else self.first
            self.sizes = torch.cat([self.sizes, torch.tensor([float(len(x))])])
        return self.linear(x - self.first) if self.first is not None else self.linear(x)


def test_a_buffer_that_is_made_or_grows_in_the_training_is_resumed(tmp_path):
    def remembers():
        torch.manual_seed(0)
        return nn.Sequential(Remembers())

    whole = train(remembers(), epochs=6)
    train(remembers(), epochs=3, checkpoint=tmp_path / "run")
    resumed = train(remembers(), epochs=6, checkpoint=tmp_path / "run", resume=True)
    assert_same_run(resumed, whole)
    for name, buffer in whole.model.named_buffers():
        assert torch.equal(resumed.model.get_buffer(name), buffer)


@pytest.mark.parametrize(
    "make",
    [torch.Generator, np.random.default_rng, np.random.RandomState, random.Random],
    ids=lambda make: make.__name__,
)
def test_a_model_with_a_generator_of_its_own_is_refused_before_the_training(tmp_path, make):
    model = network()
    model[2].noise = make()
    with pytest.raises(
        ValueError, match=r"model's ReLU has a generator of random numbers .*'noise'"
    ):
        train(model, checkpoint=tmp_path / "run")
    assert list(tmp_path.iterdir()) == []
    train(model, epochs=1)


SEEN = {"loss": []}


def seeing(prediction, target):
    loss = F.mse_loss(prediction, target)
    SEEN["loss"].append(loss.item())
    return loss


def test_a_loss_that_keeps_a_record_is_called_as_often_as_it_trains_and_resumed(tmp_path):
    SEEN["loss"].clear()
    train(epochs=2, checkpoint=tmp_path / "run", loss=seeing, validation=None, patience=None)
    assert len(SEEN["loss"]) == 2 * BATCHES
    again = {"checkpoint": tmp_path / "run", "resume": True}
    train(epochs=3, **again, loss=seeing, validation=None, patience=None)
    assert len(SEEN["loss"]) == 3 * BATCHES


# --- by itself -----------------------------------------------------------------------------------


def saved(tmp_path, model=None, optimizer=None, name="run", **setting):
    model = model or network()
    optimizer = optimizer or torch.optim.Adam(model.parameters())
    monitor = Monitor(model, patience=None)
    return Checkpoint(tmp_path / name, model, optimizer, monitor, setting)


def test_the_learning_rate_is_compared_as_it_was_at_the_start(tmp_path):
    first = saved(tmp_path)
    first.optimizer.param_groups[0]["lr"] = 0.5  # as a schedule does
    first.save()
    second = saved(tmp_path)
    second.restore()
    assert second.optimizer.param_groups[0]["lr"] == 0.5


@pytest.mark.parametrize(("was", "now"), [(0, 0.0), (float("nan"), float("nan"))])
def test_numbers_are_compared_as_numbers(tmp_path, was, now):
    saved(tmp_path, option=was).save()
    saved(tmp_path, option=now).restore()


def test_nothing_is_taken_apart_again_at_each_save(tmp_path, monkeypatch):
    made = saved(tmp_path)
    for name in ("digest", "describe"):
        monkeypatch.setattr(module, name, lambda *_: pytest.fail("taken apart again"))
    made.save()


def test_numbers_of_numpy_in_the_optimizer_can_be_read_back(tmp_path):
    def made():
        model = network()
        momentum = np.float64(0.9)
        return saved(tmp_path, model, torch.optim.SGD(model.parameters(), momentum=momentum))

    made().save()
    made().restore()


def test_a_state_that_could_not_be_read_back_is_refused_when_written(tmp_path):
    made = saved(tmp_path)
    made.optimizer.param_groups[0]["decay"] = np.zeros(3)
    with pytest.raises(TypeError, match=r"state of the optimizer has array.* of type ndarray"):
        made.save()

    class Odd(nn.Linear):
        def get_extra_state(self):
            return object()

        def set_extra_state(self, state):
            pass

    with pytest.raises(TypeError, match=r"state of the model has <object object"):
        saved(tmp_path, Odd(3, 1)).save()
    assert list(tmp_path.iterdir()) == []


def test_a_part_that_takes_up_another_state_is_refused(tmp_path):
    """torch casts an optimizer's state to the dtype of its parameters, and bits are lost."""

    def made():
        model = nn.Linear(3, 1).bfloat16()
        return saved(tmp_path, model, torch.optim.SGD(model.parameters(), lr=0.1))

    first = made()
    weight = first.model.weight
    first.optimizer.state[weight]["average"] = torch.full((1, 3), 1 / 3)  # in float32
    first.save()
    with pytest.raises(ValueError, match="the optimizer did not take up the state that it had"):
        made().restore()


class StandIn:
    """The generators of a device that is not here, and the calls that were made to them."""

    def __init__(self, asks):
        self.calls = []
        if asks:
            self.get_rng_state = lambda device: self.get(device)
            self.set_rng_state = lambda state, device: self.set(state, device)
        else:
            self.get_rng_state = lambda: self.get(None)
            self.set_rng_state = lambda state: self.set(state, None)

    def get(self, device):
        self.calls.append(("get", device))
        return torch.tensor([3, 1, 4], dtype=torch.uint8)

    def set(self, state, device):
        self.calls.append(("set", device, state.tolist()))


@pytest.mark.parametrize(
    ("device", "asks"),
    [("cuda:1", True), ("xpu:0", True), ("mps:0", False), ("cpu", False)],
)
def test_only_the_generator_of_the_device_in_use_is_saved_and_restored(
    tmp_path, monkeypatch, device, asks
):
    stand_in, device = StandIn(asks), torch.device(device)
    asked = []
    monkeypatch.setattr(torch, "get_device_module", lambda d: asked.append(d) or stand_in)
    for name in ("get_rng_state", "set_rng_state", "get_rng_state_all", "set_rng_state_all"):
        monkeypatch.setattr(torch.cuda, name, lambda *_: pytest.fail("another generator"))
    made = saved(tmp_path)
    made.device = device
    torch.manual_seed(1)
    made.save()
    expected = torch.rand(3)
    torch.manual_seed(2)
    made.restore()
    assert torch.equal(torch.rand(3), expected)
    its = device if asks else None
    on = [] if device.type == "cpu" else [("get", its), ("set", its, [3, 1, 4])]
    assert stand_in.calls == on
    assert set(asked) == ({device} if on else set())


def test_the_other_kind_of_device_is_refused(tmp_path):
    made = saved(tmp_path)
    made.setting = {**made.setting, "device": "cuda"}
    made.save()
    with pytest.raises(ValueError, match="device was cuda and is now cpu"):
        saved(tmp_path).restore()


# --- fit_torch's own arguments -------------------------------------------------------------------


def test_fewer_epochs_than_were_done_are_refused(tmp_path):
    train(checkpoint=tmp_path / "run", epochs=5)
    with pytest.raises(ValueError, match="has done 5 epochs, more than epochs=4"):
        train(checkpoint=tmp_path / "run", epochs=4, resume=True)


def test_an_existing_file_is_not_written_over(tmp_path):
    path = tmp_path / "run"
    path.write_text("precious")
    with pytest.raises(
        FileExistsError,
        match=r"^checkpoint='.*run' exists: resume=True goes on from it; to start afresh, "
        r"remove it or choose another path\.",
    ):
        train(checkpoint=path)
    assert path.read_text() == "precious"


def test_resume_without_a_checkpoint_is_refused():
    with pytest.raises(ValueError, match="resume=True needs checkpoint=PATH"):
        train(resume=True)


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "3"], ids=repr)
def test_epochs_between_checkpoints_are_a_whole_number(tmp_path, value):
    with pytest.raises((TypeError, ValueError), match=r"^checkpoint_every must be"):
        train(checkpoint=tmp_path / "run", checkpoint_every=value)


def test_by_default_every_tenth_epoch_is_written(tmp_path):
    written = []

    def schedule(step):
        if (tmp_path / "run").exists():
            saved = torch.load(tmp_path / "run", weights_only=True)
            written.append(len(saved["monitor"]["records"]["loss"]))
        return 1.0

    fit_torch(network(), X, Y, epochs=25, schedule=schedule, checkpoint=tmp_path / "run")
    assert written == [10] * 10 + [20] * 5


def test_a_missing_folder_is_named_before_the_training(tmp_path):
    model = network()
    before = model[0].weight.detach().clone()
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*missing'; make it first"):
        train(model, checkpoint=tmp_path / "missing" / "run")
    assert torch.equal(before, model[0].weight)


def test_another_part_in_eval_mode_is_refused(tmp_path):
    train(checkpoint=tmp_path / "run", epochs=3)
    model = network()
    model[1].eval()
    with pytest.raises(ValueError, match=r"parts in eval mode was none and is now 1\."):
        train(model, checkpoint=tmp_path / "run", resume=True)


def test_a_network_that_a_fit_left_in_eval_mode_goes_on_all_the_same(tmp_path):
    model = network()
    train(model, checkpoint=tmp_path / "run", epochs=5)
    resumed = train(model, checkpoint=tmp_path / "run", resume=True)
    assert_same_run(
        resumed, train(checkpoint=tmp_path / "whole"), tmp_path / "run", tmp_path / "whole"
    )
