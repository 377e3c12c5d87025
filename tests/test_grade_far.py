"""An answer in another process is judged as one in this process, whatever it is or returns."""

import collections
import dataclasses
import datetime as dt
import decimal
import fractions
import time
import warnings

import numpy as np
import pandas as pd
import pytest
import scipy.sparse
from far_answers import far, near

import labkit
from course.grading.inside import serve
from labkit import Exercise

torch = pytest.importorskip("torch", reason="modules and tensors are answers too")
nn = torch.nn


class Node:
    """A class of the lab, which the check and the answer both have."""

    def __init__(self, data, parents=()):
        self.data, self.parents, self.grad = data, parents, 0.0


class Rows(torch.utils.data.Dataset):
    """A data set of the lab."""

    def __init__(self, X):
        self.X = torch.tensor(X)

    def __len__(self):
        return len(self.X)

    def __getitem__(self, i):
        return self.X[i], i


Node.__module__ = Rows.__module__ = "__main__"  # as in a kernel: they are found by no import


def same(check, answer):
    """Require the same verdict, and return it."""
    expected = near(check, answer)
    assert far(check, answer, {"Node": Node, "Rows": Rows}) == expected
    return expected


Pair = collections.namedtuple("Pair", "low high")
FRAME = pd.DataFrame({"a": [1.0, np.nan], "b": ["x", "y"]}, index=["r", "s"])
VALUES = {
    "nothing": None,
    "numbers": [True, 3, -(10**30), 0.1, -0.0, float("nan"), 2j, np.float32(0.1), np.int8(3)],
    "text": ["", "é\n", b"\x00\xff", "\ud800"],
    "dates": [dt.date(2026, 1, 2), dt.datetime(2026, 1, 2, 3), dt.timedelta(1, 2, 3)],
    "exact": [decimal.Decimal("0.10"), fractions.Fraction(1, 3)],
    "containers": (
        {"a": (1, [2]), 3: {4}},
        frozenset([5]),
        slice(1, None),
        range(3),
        range(2**60),
        ...,
    ),
    "mappings": [collections.OrderedDict(b=1, a=2), collections.Counter("aab")],
    "named": Pair(1, np.ones(2)),
    "arrays": [np.arange(6.0).reshape(2, 3).T, np.zeros((0, 3)), np.array(True), np.array(["a"])],
    "more arrays": [
        np.array([1, None], object),
        np.array(["2026-01-01"], "M8[D]"),
        np.arange(3)[::-1],
    ],
    "records": np.array([(1, 2.0)], dtype=[("p", int), ("q", float)]),
    "masked": np.ma.masked_array([1.0, 2.0], [False, True]),
    "tensors": [
        torch.arange(6).reshape(2, 3).T,
        torch.zeros(0, 2),
        torch.tensor(1.5, dtype=torch.bfloat16),
    ],
    "more tensors": [torch.tensor([True, False]), torch.tensor([1j]), torch.ones(2).to_sparse()],
    "sparse": scipy.sparse.csr_matrix([[0, 1], [2, 0]]),
    "tables": [FRAME, FRAME["a"], FRAME.index, FRAME.set_index(["a", "b"])],
    "types of pandas": [
        pd.Series([1, None], dtype="Int64"),
        pd.Series(["a", "b"], dtype="category"),
    ],
    "types": [np.dtype(float), torch.float64],
}


def shown(value):
    """Return a value as text that says all of it."""
    if isinstance(value, list | tuple):
        return f"{type(value).__name__}{[shown(part) for part in value]}"
    if isinstance(value, np.ndarray | pd.Series | pd.DataFrame | torch.Tensor):
        return f"{type(value).__name__} {getattr(value, 'dtype', '')} {value!r}"
    return f"{type(value).__name__} {value!r}"


@pytest.mark.parametrize("name", VALUES)
def test_what_an_answer_returns_comes_as_it_is(name):
    @Exercise
    def check_it(answer):
        answer()
        yield False, lambda: shown(answer())

    same(check_it, lambda: VALUES[name])


@pytest.mark.parametrize("name", VALUES)
def test_what_a_method_returns_comes_as_it_is(name):
    class Holder:
        def get(self):
            return VALUES[name]

    @Exercise
    def check_it(answer):
        yield False, shown(answer().get())

    same(check_it, Holder)


def test_errors_say_the_same():
    def wrong(x):
        return [1, 2][x]

    def unknown(x):
        return factr * x  # noqa: F821

    class OwnError(KeyError):
        pass

    def own(x):
        raise OwnError("a")

    def near_miss(x):
        return Nodes(x)  # noqa: F821

    @Exercise
    def check_it(answer):
        try:
            answer(5)
        except KeyError as error:
            yield False, f"caught {type(error).__name__}: {error}"
        yield answer(5) == 2, "no"

    for answer, words in [
        (wrong, "IndexError: list index"),
        (unknown, "NameError"),
        (near_miss, "Is Node meant?"),
        (own, "caught OwnError"),
        (lambda x: None, "returns nothing"),
        (lambda x: labkit.your_answer_here(), ""),
        (3, "TypeError"),
    ]:
        assert words in same(check_it, answer)[1]


def test_a_source_of_random_numbers_goes_on():
    @Exercise
    def check_it(answer):
        for rng in (np.random.default_rng(1), labkit.RStream(1), np.random.RandomState(2),
                    torch.Generator().manual_seed(3)):  # fmt: skip
            drawn = [float(answer(rng)), float(answer(rng)), float(draw(rng))]
            yield len(set(drawn)) == 3, "it stands still"
            yield drawn[0] > 9, lambda drawn=drawn: f"{drawn}"

    def draw(rng):
        if isinstance(rng, torch.Generator):
            return torch.rand(1, generator=rng).item()
        return rng.standard_normal()

    same(check_it, draw)


def test_a_seed_that_the_check_sets_for_all_holds_for_the_answer():
    @Exercise
    def check_it(answer):
        torch.manual_seed(3)
        np.random.seed(3)  # noqa: NPY002
        drawn = [float(answer()), float(answer()), float(torch.rand(1)), float(np.random.rand())]  # noqa: NPY002
        yield False, f"{drawn}"

    same(check_it, lambda: torch.rand(1) + np.random.rand())  # noqa: NPY002


def test_what_it_costs_to_ask_is_not_counted(monkeypatch):
    @Exercise
    def check_it(answer):
        started = time.perf_counter()
        answer()
        seconds = time.perf_counter() - started
        yield 0.1 < seconds < 0.25, f"{seconds:.2f} s"

    def slow(self, body, buffers=()):
        time.sleep(0.4)
        real(self, body, buffers)

    real = serve.Session.send
    monkeypatch.setattr(serve.Session, "send", slow)
    assert same(check_it, lambda: time.sleep(0.15) or 1) == ("right", "")


def test_an_object_of_the_lab_comes_back_with_what_it_leads_to():
    @Exercise
    def check_it(answer):
        leaf = Node(2.0)
        made = answer(leaf)
        yield isinstance(made, Node), f"it is {type(made).__name__}"
        yield made.parents[0] is made.parents[1], "two for one"
        yield made.parents[0].parents[0] is leaf, "it does not lead to a"
        made.parents[0].grad = 3.0
        yield made.parents[1].grad == 3.0, "not one"

    def right(a):
        middle = Node(a.data, (a,))
        return Node(4.0, (middle, middle))

    def changes(a):
        a.data = 5.0
        return right(a)

    def copies(a):
        return right(Node(a.data))

    class Named(Node):
        """A class of the student's, made from the lab's."""

    def named(a):
        middle = Named(a.data, (a,))
        return Named(4.0, (middle, middle))

    for answer in (right, named):
        assert same(check_it, answer) == ("right", "")
    for wrong in (changes, copies, lambda a: 3.0):
        assert same(check_it, wrong)[0] == "not right yet"


def test_a_function_of_the_check_is_called_where_the_check_counts():
    @Exercise
    def check_it(answer):
        calls = []

        def given(x, factor=2):
            calls.append(x)
            return factor * x

        yield answer(given, 3) == 18, "the value"
        yield len(calls) == 2, f"{len(calls)} calls"

    assert same(check_it, lambda f, x: f(x) + f(x, factor=4)) == ("right", "")
    assert same(check_it, lambda f, x: 18) == ("not right yet", "0 calls")
    assert "TypeError" in same(check_it, lambda f, x: f(x, 1, 2, 3))[1].replace("unexpected", "")


def test_torch_differentiates_through_a_function_of_the_check():
    def slope(f, x):
        x = x.clone().requires_grad_()
        (g,) = torch.autograd.grad(f(x).sum(), x)
        return g

    @Exercise
    def check_it(answer):
        count = [0]

        def given(x):
            count[0] += 1
            return (x**3).sum()

        x = torch.arange(3.0)
        yield np.allclose(answer(given, x), 3 * x.numpy() ** 2), "the gradient"
        yield count[0] == 1, f"{count[0]} calls"

    assert same(check_it, slope) == ("right", "")
    assert same(check_it, lambda f, x: torch.func.grad(f)(x)) == ("right", "")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # torch's own, of its hessian
        hessian = same(check_it, lambda f, x: torch.func.hessian(f)(x).diagonal() * x / 2)
    assert hessian == ("right", "")


def test_a_generator_is_iterated():
    @Exercise
    def check_it(answer):
        seen = list(answer(iter([1, 2, 3])))
        yield seen == [2, 4, 6], f"{seen}"

    def doubled(values):
        for value in values:
            yield 2 * value

    assert same(check_it, doubled) == ("right", "")
    assert same(check_it, lambda values: [2 * v for v in values]) == ("right", "")


class Net(nn.Module):
    def __init__(self, hidden=3):
        super().__init__()
        self.first = nn.Linear(2, hidden)
        self.norm = nn.BatchNorm1d(hidden)
        self.scale = nn.Parameter(torch.ones(1))
        self.calls = 0

    def forward(self, x):
        self.calls += 1
        return self.scale * torch.tanh(self.norm(self.first(x))).sum(1, keepdim=True)


def plain_net():
    return nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Tanh(), nn.Linear(3, 1))


@pytest.mark.parametrize("make", [Net, plain_net])
def test_a_module_is_trained(make):
    @Exercise
    def check_it(answer):
        torch.manual_seed(0)
        net = answer()
        yield isinstance(net, nn.Module), "no module"
        X = torch.linspace(-1, 1, 20).reshape(10, 2)
        with torch.no_grad():
            for p in net.parameters():
                p.fill_(0.3)
        optimizer = torch.optim.SGD(net.parameters(), lr=0.1)
        losses = []
        for _ in range(5):
            optimizer.zero_grad()
            loss = ((net(X) - X[:, :1]) ** 2).mean()
            loss.backward()
            optimizer.step()
            losses.append(round(loss.item(), 5))
        net.eval()
        names = [name for name, _ in net.named_parameters()]
        with torch.no_grad():
            value = net(X[:1]).item()
        buffers = [b.float().sum().item() for b in net.buffers()]
        yield False, f"{losses} {names} {value:.5f} {buffers} {net.training}"

    same(check_it, make)


def test_a_module_passes_gradients_to_its_inputs():
    @Exercise
    def check_it(answer):
        net = answer()
        x = torch.ones(4, 2, requires_grad=True)
        net(x).sum().backward()
        yield x.grad.shape == (4, 2) and bool((x.grad != 0).any()), f"{x.grad}"
        fit = labkit.fit_torch(net, np.ones((4, 2)), np.ones((4, 1)), epochs=3, lr=0.01, seed=0)
        yield len(fit.history) == 3, "no loss"

    class Plain(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(2, 1)

        def forward(self, x):
            return self.first(x)

    assert same(check_it, Plain) == ("right", "")


def test_a_class_is_an_answer():
    class Counter:
        kind = "counter"

        def __init__(self, start=0):
            self.count = start

        def add(self, by):
            self.count += by
            return self

        def __len__(self):
            return self.count

    @Exercise
    def check_it(answer):
        one = answer(start=2)
        yield isinstance(one, answer), "of another class"
        one.add(3).add(4)
        yield len(one) == 9 and one.count == 9, f"{len(one)}"
        one.count = 1
        yield one.count == 1 and answer.kind == "counter", "not set"
        yield not hasattr(one, "nothing"), "it has all"

    assert same(check_it, Counter) == ("right", "")

    @Exercise
    def check_net(answer):
        net = answer(hidden=5)
        yield isinstance(net, answer) and issubclass(answer, nn.Module), "no class of modules"
        yield net.first.out_features == 5, "hidden"
        yield net(torch.ones(3, 2)).shape == (3, 1), "shape"

    assert same(check_net, Net) == ("right", "")


def test_objects_of_a_class_that_is_asked_for_have_its_operators():
    class Vector:
        def __init__(self, *parts):
            self.parts = parts

        def __add__(self, other):
            return Vector(*(a + b for a, b in zip(self.parts, other.parts, strict=True)))

        def __rmul__(self, factor):
            return Vector(*(factor * a for a in self.parts))

        def __eq__(self, other):
            return self.parts == other.parts

    @Exercise
    def check_it(answer):
        yield answer(1, 2) == answer(1, 2), "equal are unequal"
        yield (2 * (answer(1, 2) + answer(3, 4))).parts == (8, 12), "the sum"

    assert same(check_it, Vector) == ("right", "")


def test_a_data_set_is_loaded_in_batches():
    @Exercise
    def check_it(answer):
        table = Rows(np.arange(40.0).reshape(20, 2))
        half = answer(table, np.random.default_rng(0))
        yield isinstance(half, torch.utils.data.Dataset), "no data set"
        batches = list(torch.utils.data.DataLoader(half, batch_size=4))
        yield [len(x) for x, _ in batches] == [4, 4, 2], "the batches"
        yield torch.equal(half[3][0], table[int(half[3][1])][0]), "another row"

    class Half(torch.utils.data.Dataset):
        def __init__(self, table, rng):
            self.table, self.numbers = table, rng.permutation(len(table))[: len(table) // 2]

        def __len__(self):
            return len(self.numbers)

        def __getitem__(self, i):
            return self.table[int(self.numbers[i])]

    assert same(check_it, Half) == ("right", "")
    subset = torch.utils.data.Subset
    assert same(check_it, lambda t, rng: subset(t, rng.permutation(20)[:10].tolist()))[0] == "right"


def test_an_estimator_is_fitted_and_scored():
    from sklearn.linear_model import Ridge
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    @Exercise
    def check_it(answer):
        X = np.random.default_rng(0).standard_normal((60, 3))
        y = X[:, 0]
        model = answer()
        found = model.fit(X, y).predict(X)
        yield np.corrcoef(found, y)[0, 1] > 0.9, "it predicts nothing"
        yield np.ndim(model.score(X, y)) == 0, "no score"

    for make in (Ridge, lambda: make_pipeline(StandardScaler(), Ridge())):
        assert same(check_it, lambda make=make: make()) == ("right", "")


def test_a_result_of_labkit_or_of_a_class_of_the_students_is_read():
    @dataclasses.dataclass
    class Fit:
        beta: np.ndarray
        se: float

    @Exercise
    def check_it(answer):
        fit = answer(np.eye(3)[:, :2] + 1, np.arange(3.0))
        yield fit.beta.shape == (2,), f"{fit.beta.shape}"
        yield False, f"{np.round(fit.beta, 6)} {np.round(fit.se, 6)}"

    def own(X, y):
        found = labkit.fit_ols(X, y)
        return Fit(found.beta, found.se)

    assert same(check_it, own) == same(check_it, labkit.fit_ols)
