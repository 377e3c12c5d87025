"""Killed and resumed is the same as never interrupted; a bad file is told apart from a good one."""

import functools
import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from labkit import make_linear

torch = pytest.importorskip("torch", reason="torch is not installed")
nn = torch.nn
F = torch.nn.functional

from labkit import fit_torch  # noqa: E402  (only after torch was found)

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


class Interrupts:
    """The mean squared error, which dies at one of its calls in training."""

    def __init__(self, at):
        self.left, self.__qualname__ = at, "mse"

    def __call__(self, prediction, target):
        self.left -= torch.is_grad_enabled()
        if self.left < 0:
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
    with pytest.raises(KeyboardInterrupt):
        train(checkpoint=path, loss=Interrupts(at), **options)


@pytest.mark.parametrize("at", [1, 3, 4, 16, 35], ids="call {}".format)
@pytest.mark.parametrize("seed", [3, None], ids=["own seed", "global seed"])
@pytest.mark.parametrize("optimizer", ["adam", "rmsprop"])
def test_interrupted_and_resumed_equals_uninterrupted_bit_for_bit(tmp_path, at, seed, optimizer):
    options = {"optimizer": optimizer, "seed": seed, "loss": Interrupts(10**9)}
    whole = train(checkpoint=tmp_path / "whole", **options)
    broken = tmp_path / "broken"
    interrupt(broken, at, optimizer=optimizer, seed=seed)
    assert broken.exists() is (at >= BATCHES)
    # Another start, and another global seed: with a checkpoint, neither may matter.
    start = network(seed=77) if broken.exists() else network()
    resumed = train(start, checkpoint=broken, resume=True, **options)
    assert_same_run(resumed, whole, tmp_path / "whole", broken)


def test_resumed_twice_with_sparse_checkpoints_equals_uninterrupted(tmp_path):
    options = {"epochs": 20, "checkpoint_every": 3, "loss": Interrupts(10**9)}
    whole = train(checkpoint=tmp_path / "whole", **options)
    path = tmp_path / "broken"
    interrupt(path, 8 * BATCHES + 1, epochs=20, checkpoint_every=3)
    assert len(torch.load(path, weights_only=True)["monitor"]["records"]["loss"]) == 6
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


def test_a_process_killed_by_the_system_resumes_bit_for_bit(tmp_path):
    script = textwrap.dedent("""
        import os, signal, sys
        import test_checkpoint as t

        class Kills(t.Interrupts):
            def __call__(self, prediction, target):
                if self.left == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                return super().__call__(prediction, target)

        t.torch.set_num_threads(int(sys.argv[2]))
        t.train(checkpoint=sys.argv[1], loss=Kills(7 * t.BATCHES + 1))
    """)
    killed = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path / "run"), str(torch.get_num_threads())],
        env={**os.environ, "PYTHONPATH": os.path.dirname(__file__)},  # noqa: PTH120
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert len(torch.load(tmp_path / "run", weights_only=True)["monitor"]["records"]["loss"]) == 7
    whole = train(checkpoint=tmp_path / "whole", loss=Interrupts(10**9))
    resumed = train(
        network(seed=9), checkpoint=tmp_path / "run", loss=Interrupts(10**9), resume=True
    )
    assert_same_run(resumed, whole, tmp_path / "whole", tmp_path / "run")


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
    torch.save({"setting": os.system, "model": 1, "monitor": 2}, tmp_path / "run")
    with pytest.raises(ValueError, match="run is not a whole checkpoint"):
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
    with pytest.raises(
        ValueError, match=r"another architecture(.|\n)*Build the model that was trained"
    ):
        train(Network(4), checkpoint=tmp_path / "run", resume=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"lr": 0.01}, "lr was 0.05 and is now 0.01"),
        ({"loss": "l1"}, "loss was mse and is now l1"),
        ({"optimizer": "sgd"}, "optimizer was Adam and is now SGD"),
        ({"weight_decay": 0.1}, "weight_decay was 0.0 and is now 0.1"),
        ({"batch_size": None}, "batch_size was 16 and is now None"),
        ({"patience": 5}, "patience was 50 and is now 5"),
        ({"seed": 4}, "seed was 3 and is now 4"),
        ({"X": X + 1}, "sum of X was"),
        ({"Y": Y * 2}, "sum of y was"),
        ({"X": X[:30], "Y": Y[:30]}, "rows of X was 40 and is now 30"),
        ({"validation": (X, Y)}, "rows of validation X was 30 and is now 40"),
        ({"validation": None, "patience": None}, "rows of validation X was 30 and is now None"),
    ],
    ids=lambda value: ", ".join(value) if isinstance(value, dict) else "",
)
def test_a_checkpoint_of_another_setting_is_refused(tmp_path, change, message):
    train(checkpoint=tmp_path / "run", epochs=2)
    with pytest.raises(ValueError, match=f"was written by another run: .*{message}"):
        train(checkpoint=tmp_path / "run", resume=True, **change)


def test_fewer_epochs_than_were_done_are_refused(tmp_path):
    train(checkpoint=tmp_path / "run", epochs=5)
    with pytest.raises(ValueError, match="has done 5 epochs, more than epochs=4"):
        train(checkpoint=tmp_path / "run", epochs=4, resume=True)


def test_an_existing_file_is_not_written_over(tmp_path):
    path = tmp_path / "run"
    path.write_text("precious")
    with pytest.raises(FileExistsError, match="run' exists: resume=True goes on from it"):
        train(checkpoint=path)
    assert path.read_text() == "precious"


def test_resume_without_a_checkpoint_is_refused():
    with pytest.raises(ValueError, match="resume=True needs checkpoint=PATH"):
        train(resume=True)


@pytest.mark.parametrize("value", [0, -1, 1.5, True, "3"], ids=repr)
def test_epochs_between_checkpoints_are_a_whole_number(tmp_path, value):
    with pytest.raises((TypeError, ValueError), match=r"^checkpoint_every must be"):
        train(checkpoint=tmp_path / "run", checkpoint_every=value)


def test_a_folder_is_no_checkpoint(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder; give the path of a file"):
        train(checkpoint=tmp_path)


def test_a_missing_folder_is_named_before_the_training(tmp_path):
    model = network()
    before = model[0].weight.detach().clone()
    with pytest.raises(FileNotFoundError, match=r"there is no folder .*missing'; make it first"):
        train(model, checkpoint=tmp_path / "missing" / "run")
    assert torch.equal(before, model[0].weight)


def test_a_file_in_place_of_the_folder_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        train(checkpoint=tmp_path / "file" / "run")


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="no /proc here")  # noqa: PTH112
def test_a_folder_that_takes_no_files_is_named_before_the_training():
    with pytest.raises(PermissionError, match="nothing can be written to the folder '/proc'"):
        train(checkpoint="/proc/run")
