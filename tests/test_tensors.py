"""What comes into the torch loop: kinds of numbers and models, memory, accelerators."""

import copy
import subprocess
import sys
import textwrap
from itertools import islice
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from labkit import make_linear

torch = pytest.importorskip("torch", reason="torch is not installed")
nn = torch.nn

from labkit import devices, fit_torch  # noqa: E402  (only after torch was found)
from labkit.batches import Batches  # noqa: E402
from labkit.tensors import as_features, pieces  # noqa: E402

DATA = make_linear(50, 3, rng=1)
Y = DATA.y.reshape(-1, 1)


def network(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 1))


def fit(model=None, X=DATA.X, y=Y, **options):
    return fit_torch(model or network(), X, y, **{"epochs": 3, **options})


# --- whole numbers: measurements, or places in an embedding --------------------------------------


def embedding(places=9):
    torch.manual_seed(0)
    return nn.Sequential(nn.Embedding(places, 4), nn.Flatten(), nn.Linear(8, 1))


PLACES = np.column_stack([np.arange(50) % 9, np.arange(50) // 6])


@pytest.mark.parametrize(
    "X", [PLACES, PLACES.astype(np.int8), PLACES.astype(np.uint16), PLACES.tolist(),
          pd.DataFrame(PLACES), torch.tensor(PLACES)],
    ids=["int64", "int8", "uint16", "list", "DataFrame", "tensor"],
)  # fmt: skip
@pytest.mark.parametrize("batch_size", [None, 7])
def test_an_embedding_is_given_whole_numbers(X, batch_size):
    options = {"batch_size": batch_size, "seed": 1, "validation": (X, Y), "lr": 0.1}
    trained = fit(embedding(), X, **options)
    expected = fit(embedding(), torch.tensor(PLACES), **options | {"validation": None})
    for name, value in expected.params.items():
        assert_array_equal(trained.params[name], value)
    assert_array_equal(trained.predict(X), trained.predict(PLACES))


def test_whole_numbers_are_measurements_where_the_model_takes_them_so():
    counts = np.round(DATA.X * 3).astype(int)
    assert_array_equal(fit(X=counts).predict(counts), fit(X=counts * 1.0).predict(counts * 1.0))


def test_a_place_that_is_not_there_is_found_before_the_training():
    beyond = PLACES.copy()
    beyond[37, 1] = 9
    model = embedding()
    before = model[0].weight.clone()
    for X in (beyond, torch.tensor(beyond)):
        with pytest.raises(ValueError, match=r"^model can't take X of .*: index out of range"):
            fit(model, X, batch_size=5)
    with pytest.raises(ValueError, match=r"^model can't take validation X of shape"):
        fit(model, PLACES, validation=(beyond, Y))
    assert torch.equal(model[0].weight, before)
    with pytest.raises(ValueError, match=r"^model can't take X of shape"):
        fit(model, PLACES).predict(beyond)


def test_an_embedding_takes_no_fractions():
    with pytest.raises(TypeError, match=r"^X must hold whole numbers: use X\.astype\(int\)"):
        fit(embedding(), PLACES).predict(PLACES + 0.5)
    with pytest.raises(ValueError, match=r"^X holds 18446744073709551615, which is too large"):
        fit(embedding(), PLACES).predict(np.full((50, 2), 2**64 - 1, dtype=np.uint64))


# --- models --------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_a_model_of_another_precision_trains_and_predicts(dtype):
    trained = fit(network().to(dtype), epochs=40, lr=0.05, validation=(DATA.X, Y))
    assert trained.history["loss"].iloc[-1] < trained.history["loss"].iloc[0]
    predicted = trained.predict(DATA.X)
    assert predicted.dtype == {torch.bfloat16: np.float32, torch.float16: np.float16}.get(
        dtype, np.float64
    )
    assert np.isfinite(predicted).all()
    last = np.mean((predicted.astype(float) - Y) ** 2)
    assert trained.history["val_loss"].iloc[-1] == pytest.approx(last, rel=0.02)


class TwoInputs(nn.Linear):
    def forward(self, x, mask):
        return super().forward(x * mask)


class ToNumPy(nn.Linear):
    def forward(self, x):
        return super().forward(x).detach().numpy()


class Tuple(nn.Linear):
    def forward(self, x):
        return super().forward(x), x


@pytest.mark.parametrize(
    ("model", "error", "message"),
    [
        (TwoInputs(3, 1), ValueError, r"^model can't take X of .*missing 1 required positional"),
        (ToNumPy(3, 1), TypeError, r"^model must return one tensor of predictions, not ndarray"),
        (Tuple(3, 1), TypeError, r"^model must return one tensor of predictions, not tuple"),
        (nn.Linear(3, 1, device="meta"), ValueError, "^model is on torch's meta device"),
        (nn.Linear(3, 1, dtype=torch.complex64), TypeError, "^model must have real parameters"),
        (nn.Sequential(nn.ReLU(inplace=True), nn.Linear(3, 1)), ValueError, "model changes the X"),
    ],
    ids=["two inputs", "NumPy", "tuple", "meta", "complex", "in place"],
)
def test_a_model_that_is_none_for_this_loop_is_refused_beforehand(model, error, message):
    with pytest.raises(error, match=message):
        fit(model)


def test_a_model_that_is_refused_since_it_changes_x_has_changed_no_x():
    for X in (torch.tensor(DATA.X, dtype=torch.float32), DATA.X.astype(np.float32)):
        kept = copy.deepcopy(X)
        with pytest.raises(ValueError, match="model changes the X"):
            fit(nn.Sequential(nn.ReLU(inplace=True), nn.Linear(3, 1)), X)
        assert_array_equal(X, kept)


def test_a_later_layer_may_work_in_place():
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(inplace=True), nn.Linear(4, 1))
    kept = DATA.X.copy()
    fit(model)
    assert_array_equal(DATA.X, kept)


@pytest.mark.parametrize("X", [torch.zeros(50, 3, device="meta"), torch.eye(50, 3).to_sparse()])
def test_tensors_without_plain_values_are_refused(X):
    with pytest.raises((TypeError, ValueError), match=r"^X (is on torch's meta|must be a dense)"):
        fit(X=X)


@pytest.mark.parametrize("seed", [2**63, 2**64, 10**30])
def test_a_seed_that_torch_cannot_take_is_refused(seed):
    with pytest.raises(ValueError, match=r"^seed must be at most 9223372036854775807, not "):
        fit(seed=seed)
    fit(seed=2**63 - 1)


@pytest.mark.parametrize("batch_size", [7, 49])
def test_a_last_batch_of_one_row_is_refused_before_batch_norm(batch_size):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    with pytest.raises(ValueError, match=rf"^batch_size={batch_size} leaves a last batch of one"):
        fit(model, batch_size=batch_size)
    assert model[1].num_batches_tracked == 0
    fit(model, batch_size=10)
    model[1].requires_grad_(False)
    fit(model, batch_size=batch_size)  # frozen, so that its means stand still: one row will do
    fit(network(), batch_size=batch_size)


# --- pieces --------------------------------------------------------------------------------------


def test_a_large_table_is_converted_and_gathered_piece_by_piece(monkeypatch):
    options = {"batch_size": 8, "seed": 4, "validation": (DATA.X, Y), "epochs": 4}
    expected = fit(**options)
    for module in ("tensors", "batches"):
        monkeypatch.setattr(f"labkit.{module}.AT_ONCE", 64)
    again = fit(**options)
    for name, value in expected.params.items():
        assert_array_equal(again.params[name], value)
    assert_allclose(again.history, expected.history, rtol=1e-6)
    assert_allclose(again.predict(DATA.X), expected.predict(DATA.X), rtol=1e-5)


@pytest.mark.parametrize(("rows", "dtype"), [(50, torch.float32), (51, torch.float64)])
def test_what_is_too_large_to_be_converted_at_once_keeps_its_dtype(monkeypatch, rows, dtype):
    monkeypatch.setattr("labkit.tensors.AT_ONCE", 1200)  # 50 rows of three doubles
    table = np.ones((rows, 3))
    tensor = as_features(table, torch.float32)
    assert tensor.dtype == dtype
    assert (tensor.data_ptr() == table.ctypes.data) == (dtype == torch.float64)


def test_predictions_come_in_pieces_of_bounded_size():
    sizes = []

    class Notes(nn.Linear):
        def forward(self, x):
            sizes.append(len(x))
            return super().forward(x)

    X = np.zeros((10_000, 3), dtype="f")
    trained = fit(Notes(3, 1), X, np.zeros((10_000, 1)), epochs=1, batch_size=5000)
    del sizes[:]
    assert trained.predict(X).shape == (10_000, 1)
    assert max(sizes) <= 4096
    assert sum(size for size in sizes if size > 2) == 10_000


@pytest.mark.parametrize(
    ("width", "rows"), [(1, 4096), (128, 4096), (1024, 512), (2**14, 32), (2**20, 32)]
)
def test_a_piece_holds_half_a_million_numbers_but_few_thousand_rows_and_not_too_few(width, rows):
    X = torch.zeros(1, 1).expand(5000, width)
    sizes = [len(piece) for piece in islice(pieces(X, torch.float32, X.device), 2)]
    assert sizes[0] == rows
    assert sizes[1] == min(rows, 5000 - rows)


@pytest.mark.parametrize("n", [1, 2, 7, 50])
@pytest.mark.parametrize("batch_size", [1, 3, 7, None])
def test_every_batch_is_counted(n, batch_size):
    if batch_size is not None and batch_size > n:
        return
    batches = Batches(torch.zeros(n, 2), torch.zeros(n), batch_size, torch.float32)
    rows = [len(X) for X, _ in batches]
    assert sum(rows) == n
    assert len(batches) == len(rows)
    assert batches.last == rows[-1]


MEMORY = """
    import sys
    import numpy as np, torch
    from torch import nn
    from labkit import fit_torch

    def peak():
        with open("/proc/self/status") as file:
            return 1024 * int(next(row for row in file if row.startswith("VmHWM")).split()[1])

    def stop(step):
        if step == 100:
            raise KeyboardInterrupt
        return 1.0

    torch.set_num_threads(1)
    model = nn.Sequential(
        nn.Linear(100, 256), nn.ReLU(), nn.Linear(256, 256), nn.ReLU(), nn.Linear(256, 1)
    )
    rng = np.random.default_rng(0)
    X = rng.standard_normal((400_000, 100), dtype=np.float32).astype(sys.argv[1])
    y = X[:, :1].copy()
    few = X[:2560], y[:2560]
    how = {"batch_size": 256, "seed": 0, "schedule": stop, "epochs": 2}
    fit = fit_torch(model, *few, validation=few, **how)
    fit.predict(few[0])
    for work in (
        lambda: fit_torch(model, X, y, **how),
        lambda: fit_torch(model, *few, validation=(X, y), **how | {"epochs": 1}),
        lambda: fit.predict(X),
    ):
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")  # the peak is counted from now on
        before = peak()
        work()
        print((peak() - before) / X.nbytes)
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="no /proc")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_large_table_needs_less_than_a_third_of_itself_besides(dtype):
    command = [sys.executable, "-c", textwrap.dedent(MEMORY), dtype]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    training, validation, prediction = map(float, done.stdout.split())
    assert max(training, validation, prediction) < 0.3


# --- accelerators, on a stand-in -----------------------------------------------------------------


def test_a_seed_touches_no_generator_but_those_in_use(monkeypatch):
    def refuse(*_):
        raise AssertionError("another device's generator was seeded")

    model = network()
    monkeypatch.setattr(torch.cuda, "manual_seed_all", refuse)
    monkeypatch.setattr(torch.mps, "manual_seed", refuse)
    monkeypatch.setattr(torch.xpu, "manual_seed_all", refuse)
    monkeypatch.setattr(torch.cuda, "set_rng_state", refuse)
    fit(model, seed=3)


class Accelerator:
    """A stand-in for torch's module of a device, with one generator a device, or one in all."""

    def __init__(self):
        self.states = {0: torch.tensor([7]), 1: torch.tensor([8])}

    def get_rng_state(self, device):
        return self.states[device.index]

    def set_rng_state(self, state, device):
        self.states[device.index] = state


def test_the_generator_of_the_device_in_use_is_lent_and_given_back(monkeypatch):
    there, seen = Accelerator(), []
    monkeypatch.setattr(torch, "get_device_module", lambda device: there)

    class Seeded:
        def __init__(self, device):
            self.device = device

        def manual_seed(self, seed):
            self.seed = seed
            return self

        def get_state(self):
            return torch.tensor([self.seed])

    monkeypatch.setattr(torch, "Generator", Seeded)
    before = torch.get_rng_state()
    with devices.random_state(5, torch.device("cuda", 1)):
        seen += [there.states[1].item(), there.states[0].item(), torch.initial_seed()]
        there.states[1] = torch.tensor([99])
    assert seen == [5, 7, 5]
    assert [state.item() for state in there.states.values()] == [7, 8]
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.parametrize("name", ["mps", "xpu", "cuda"])
def test_auto_asks_for_any_accelerator(monkeypatch, name):
    monkeypatch.setattr(
        torch.accelerator, "current_accelerator", lambda check_available: torch.device(name)
    )
    moved = []
    monkeypatch.setattr(nn.Module, "to", lambda self, place: moved.append(place))
    devices.move(network(), "auto")
    assert moved == [torch.device(name)]


def test_auto_is_the_cpu_where_there_is_no_accelerator(monkeypatch):
    monkeypatch.setattr(
        torch.accelerator,
        "current_accelerator",
        lambda check_available: None if check_available else torch.device("cuda"),
    )
    assert_array_equal(fit(device="auto").predict(DATA.X), fit().predict(DATA.X))


class NoFloat64(torch.overrides.TorchFunctionMode):
    """Forbids what a device without float64 can't do; the CPU's own conversions are free."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor) and result.dtype == torch.float64:
            raise TypeError(f"float64 on the device: {function}")
        return result


@pytest.mark.parametrize("options", [{}, {"batch_size": 16}, {"patience": 2}], ids=str)
def test_a_float32_run_needs_no_float64(options):
    X, y = (torch.tensor(a, dtype=torch.float32) for a in (DATA.X, Y))
    with NoFloat64():
        fit(X=X, y=y, validation=(X, y), seed=1, metrics={"m": nn.functional.l1_loss}, **options)
        with pytest.raises(ArithmeticError, match="diverged"):
            fit(X=X, y=y, lr=1e30, optimizer="sgd", epochs=50)


def test_a_device_that_cannot_hold_the_model_is_named():
    class Heavy(nn.Linear):
        def to(self, _):
            raise RuntimeError("out of memory")

    with pytest.raises(ValueError, match=r"^model can't be moved to device='cpu': out of memory$"):
        fit(Heavy(3, 1), device="cpu")


def test_a_device_of_no_values_is_refused():
    for place in ("meta", torch.device("meta")):
        with pytest.raises(ValueError, match=r"^device='meta' is not usable here; 'cpu' always is"):
            fit(device=place)


def test_the_spread_of_features_in_an_error_is_that_of_the_widest():
    X = DATA.X * [1.0, 50.0, 3.0]
    with pytest.raises(ArithmeticError) as e:
        fit(X=X, lr=1e9, optimizer="sgd", epochs=9)
    assert e.value.feature_scale == pytest.approx(X.std(axis=0).max(), rel=1e-5)
