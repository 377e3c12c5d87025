"""A description is equal exactly where the results of two things are bound to be."""

import dataclasses
import functools
import subprocess
import sys
import textwrap

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")
nn = torch.nn
F = torch.nn.functional

from labkit.describe import describe  # noqa: E402  (only after torch was found)


def run(code):
    """Run code as a notebook would, and return its names."""
    names = {"__name__": "__main__"}
    exec(
        "import functools, math, numpy as np, torch\nfrom torch import nn\n"
        "F = nn.functional\n" + textwrap.dedent(code),
        names,
    )
    return names


def described(code):
    return describe(run(code)["it"])


BASES = [
    "it = F.mse_loss",
    "it = functools.partial(F.huber_loss, delta=0.5)",
    "it = functools.partial(F.huber_loss, delta=1.5)",
    "it = functools.partial(F.smooth_l1_loss, beta=0.5)",
    "it = functools.partial(F.cross_entropy, weight=torch.tensor([1., 2.]))",
    "it = functools.partial(F.cross_entropy, weight=torch.tensor([2., 1.]))",
    "it = nn.CrossEntropyLoss()",
    "it = nn.CrossEntropyLoss(label_smoothing=0.1)",
    "it = nn.CrossEntropyLoss(ignore_index=0)",
    "it = nn.CrossEntropyLoss(reduction='sum')",
    "it = nn.CrossEntropyLoss(weight=torch.tensor([1., 2.]))",
    "it = nn.CrossEntropyLoss(weight=torch.tensor([2., 1.]))",
    "it = nn.BCEWithLogitsLoss(pos_weight=torch.tensor([2.]))",
    "it = nn.BCEWithLogitsLoss(pos_weight=torch.tensor([3.]))",
    "it = nn.HuberLoss(delta=2)",
    "it = nn.HuberLoss(delta=3)",
    "def it(p, y): return ((p - y) ** 2).mean()",
    "def it(p, y): return ((p - y) ** 4).mean()",
    "def it(p, y): return ((p + y) ** 2).mean()",
    "def it(p, y): return ((p - y) ** 2).sum()",
    "def it(p, y, a=1): return ((p - y) ** 2).mean() * a",
    "def it(p, y, a=2): return ((p - y) ** 2).mean() * a",
    "def it(p, y, *, a=1): return ((p - y) ** 2).mean() * a",
    "def it(p, y, *, a=2): return ((p - y) ** 2).mean() * a",
    "w = 1\ndef it(p, y): return w * ((p - y) ** 2).mean()",
    "w = 2\ndef it(p, y): return w * ((p - y) ** 2).mean()",
    "w = torch.ones(3)\ndef it(p, y): return (w * (p - y) ** 2).mean()",
    "w = np.ones(3)\ndef it(p, y): return (w * (p - y) ** 2).mean()",
    "w = np.array([1., 1., 2.])\ndef it(p, y): return (w * (p - y) ** 2).mean()",
    "def make(w):\n def it(p, y): return w * (p - y)\n return it\nit = make(1)",
    "def make(w):\n def it(p, y): return w * (p - y)\n return it\nit = make(2)",
    "def h(p): return p\ndef it(p, y): return h(p - y)",
    "def h(p): return p * 2\ndef it(p, y): return h(p - y)",
    "def it(p, y): return (lambda z: z)(p - y)",
    "def it(p, y): return (lambda z: 2 * z)(p - y)",
    "k = 1\ndef it(p, y): return (lambda z: k * z)(p - y)",
    "k = 2\ndef it(p, y): return (lambda z: k * z)(p - y)",
    "class A:\n def __init__(s, a): s.a = a\n def __call__(s, p, y): return p - y\nit = A(1)",
    "class A:\n def __init__(s, a): s.a = a\n def __call__(s, p, y): return p - y\nit = A(2)",
    "class A:\n def __init__(s, a): s.a = a\n def __call__(s, p, y): return p + y\nit = A(1)",
    "class A:\n __slots__ = 'a'\n def __call__(s, p, y): return p\nit = A(); it.a = 1",
    "class A:\n __slots__ = 'a'\n def __call__(s, p, y): return p\nit = A(); it.a = 2",
    "class B:\n k = 1\nclass A(B):\n def f(s, p, y): return p * s.k\nit = A().f",
    "class B:\n k = 2\nclass A(B):\n def f(s, p, y): return p * s.k\nit = A().f",
    "class A:\n @staticmethod\n def f(p): return p\nit = A",
    "class A:\n @staticmethod\n def f(p): return -p\nit = A",
    "class A:\n @classmethod\n def f(c, p): return -p\nit = A",
    "class A:\n @property\n def f(s): return 1\nit = A",
    "class A:\n @property\n def f(s): return 2\nit = A",
    "@functools.cache\ndef it(step): return 1 / step",
    "@functools.cache\ndef it(step): return 2 / step",
    "@torch.no_grad()\ndef it(p, y): return p - y",
    "@torch.no_grad()\ndef it(p, y): return p + y",
    "def it(step): return step\nit.scale = 1",
    "def it(step): return step\nit.scale = 2",
    "class A(nn.Module):\n def forward(s, x): return x\nit = A()",
    "class A(nn.Module):\n def forward(s, x): return -x\nit = A()",
    "class A(nn.Module):\n scale = 1\n def forward(s, x): return x\nit = A()",
    "class A(nn.Module):\n def forward(s, x): return x\nit = A(); it.scale = torch.ones(2)",
    "class A(nn.Module):\n def forward(s, x): return x\nit = A(); it.scale = torch.zeros(2)",
    "it = nn.Sequential(nn.ReLU(), nn.Tanh())",
    "it = nn.Sequential(nn.Tanh(), nn.ReLU())",
    "it = nn.Tanh(); it.register_forward_hook(lambda m, i, o: o * 2)",
    "it = nn.Tanh(); it.register_forward_hook(lambda m, i, o: o * 3)",
    "it = nn.Tanh(); it.register_forward_pre_hook(lambda m, i: i)",
    "it = math.sqrt",
    "it = math.log",
    "it = torch.optim.Adam",
    "it = torch.optim.AdamW",
    "it = {'mae': F.l1_loss}",
    "it = {'mae': F.mse_loss}",
    "it = {'mse': F.mse_loss}",
    "it = 1",
    "it = 1.0",
    "it = None",
]


def test_what_differs_is_described_differently():
    seen = {}
    for code in BASES:
        text = described(code)
        assert text not in seen, (code, seen.get(text))
        assert " at 0x" not in text
        assert len(text.rpartition(" ")[2]) == 64
        seen[text] = code


@pytest.mark.parametrize("code", BASES)
def test_the_same_code_run_again_is_described_the_same(code):
    assert described("spoilt = [object() for _ in range(999)]\n\n\n" + code) == described(code)


def test_all_are_described_the_same_in_another_process():
    script = "import test_describe as t\nfor code in t.BASES: print(repr(t.described(code)))"
    from pathlib import Path

    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=Path(__file__).parent, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.splitlines() == [repr(described(code)) for code in BASES]


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("it = functools.partial(F.huber_loss, delta=1., reduction='mean')",
         "it = functools.partial(F.huber_loss, reduction='mean', delta=1.)"),
        ("unused = 1\ndef it(p, y): return p - y", "unused = 2\ndef it(p, y): return p - y"),
        ("mean = 1\ndef it(p, y): return (p - y).mean()",
         "mean = 2\ndef it(p, y): return (p - y).mean()"),
        ("w = {'a': 1, 'b': 2}\ndef it(p): return w", "w = {'b': 2, 'a': 1}\ndef it(p): return w"),
        ("w = {'a', 'b'}\ndef it(p): return w", "w = {'b', 'a'}\ndef it(p): return w"),
        ("def it(p): return p", "\n\n\ndef it(p):\n    # a comment\n    return p"),
        ("it = nn.Dropout(); it.train()", "it = nn.Dropout(); it.eval()"),
        ("it = nn.Tanh(); f = lambda m, i, o: o * 2; it.register_forward_hook(f)",
         "nn.Tanh().register_forward_hook(print); it = nn.Tanh();"
         "f = lambda m, i, o: o * 2; it.register_forward_hook(f)"),
    ],
)  # fmt: skip
def test_what_changes_no_result_is_not_compared(first, second):
    assert described(first) == described(second)


def test_where_a_function_stands_does_not_count_but_what_it_does():
    code = "def it(p, y): return (p - y).abs().mean()"
    here = run(code)["it"]
    there = run(code)["it"]
    there.__module__ = "elsewhere"
    assert describe(here) == describe(there)


def test_things_that_hold_themselves_come_to_an_end():
    codes = [
        "def it(n): return n and it(n - 1) + {}",
        "def g(n): return it(n) + {}\ndef it(n): return n and g(n - 1)",
        "w = [{}]\nw.append(w)\ndef it(n): return w",
        "w = {{1: {}}}\nw[2] = w\ndef it(n): return w",
        "class A:\n def __init__(s): s.me, s.k = s, {}\n def f(s): return A\nit = A()",
        "class B:\n def f(s): return 1\nclass A(B):\n def f(s): return super().f() + {}\nit = A",
    ]
    for code in codes:
        assert described(code.format(1)) == described(code.format(1)) != described(code.format(2))


def test_which_of_two_objects_stands_where_is_described():
    code = """
    class W:
        def __init__(self, k): self.k = k
    a, b = W(1), W(2)
    def f(p, a, b, c): return a.k * p + b.k - c.k
    it = functools.partial(f, a={}, b={}, c={})
    """
    places = ["aaa", "aab", "aba", "abb", "baa", "bab", "bba", "bbb"]
    assert len({described(code.format(*place)) for place in places}) == 8


def test_an_empty_cell_and_what_cannot_be_pickled_are_described():
    code = """
    import threading
    lock = threading.Lock()
    def make():
        def it(p): return lock, later
        if False: later = 1
        return it
    it = make()
    """
    assert described(code) == described(code)


def test_what_cannot_be_pickled_is_told_apart_by_class_and_name():
    code = """
    import threading
    def ones():
        yield 1
    def twos():
        yield 2
    it = {}
    """
    different = ["threading.Lock()", "threading.RLock()", "ones()", "twos()"]
    assert len({described(code.format(thing)) for thing in different}) == len(different)
    assert described(code.format("ones()")) == described(code.format("ones()"))


def test_a_generator_is_described_by_its_state():
    code = "rng = np.random.default_rng({})\ndef it(p): return p + rng.normal()"
    assert described(code.format(1)) == described(code.format(1)) != described(code.format(2))


def test_a_table_is_described_by_its_values():
    code = "import pandas as pd\nw = pd.DataFrame({{'a': [1, {}]}})\ndef it(p): return w.a"
    assert described(code.format(1)) == described(code.format(1)) != described(code.format(2))


@dataclasses.dataclass
class Penalised:
    strength: float
    model: nn.Module | None = None

    def __call__(self, prediction, y):
        return F.mse_loss(prediction, y)


def test_a_dataclass_is_described_by_its_fields():
    assert describe(Penalised(1.0)) == describe(Penalised(1.0)) != describe(Penalised(2.0))


# --- a model in training -------------------------------------------------------------------------


def network(seed=0, width=4, **more):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(3, width, **more), nn.BatchNorm1d(width), nn.Linear(width, 1))


def architecture(model):
    return describe(model, model)


def test_weights_and_buffers_of_the_model_in_training_count_by_shape_alone():
    assert architecture(network(1)) == architecture(network(2))
    assert describe(network(1)) != describe(network(2))
    assert architecture(network(1)) != architecture(network(1, width=5))
    assert architecture(network(1)) != architecture(network(1).double())
    assert architecture(network(1)) != architecture(network(1, bias=False))


def test_frozen_weights_are_part_of_the_architecture():
    frozen = network()
    frozen[0].requires_grad_(False)
    assert architecture(frozen) != architecture(network())


def test_attributes_are_part_of_the_architecture_and_buffers_by_shape_alone():
    plain, named, other, longer = (network() for _ in range(4))
    named[0].scale = 2.0
    other[0].register_buffer("mean", torch.ones(3), persistent=False)
    longer[0].register_buffer("mean", torch.ones(4), persistent=False)
    assert len({architecture(m) for m in (plain, named, other, longer)}) == 4
    before = architecture(other)
    other[0].mean += 1
    assert architecture(other) == before


@pytest.mark.parametrize("register", ["register_hook", "register_post_accumulate_grad_hook"])
def test_hooks_on_gradients_are_part_of_the_architecture(register):
    models = [network() for _ in range(4)]
    for model, factor in zip(models, [None, 2, 3, 3], strict=True):
        if factor:
            getattr(model[0].weight, register)(lambda g, factor=factor: g * factor)
    plain, twice, thrice, again = map(architecture, models)
    assert len({plain, twice, thrice}) == 3
    assert thrice == again


@pytest.mark.parametrize("normed", ["weight_norm", "spectral_norm", "prune"])
@pytest.mark.filterwarnings("ignore:.*weight_norm.* is deprecated")
def test_a_weight_that_is_computed_before_each_call_is_no_setting(normed):
    model = network()
    if normed == "prune":
        from torch.nn.utils import prune

        prune.l1_unstructured(model[0], "weight", 0.3)
    else:
        getattr(nn.utils, normed)(model[0])
    before = architecture(model)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter += 1.0
        model(torch.ones(2, 3))
    assert architecture(model) == before != architecture(network())


def test_recurrent_layers_which_list_their_weights_again_have_an_architecture():
    torch.manual_seed(1)
    first, second = nn.LSTM(3, 4), nn.LSTM(3, 4)
    assert architecture(first) == architecture(second) != architecture(nn.LSTM(3, 4, 2))


def test_a_loss_that_uses_the_model_in_training_counts_its_weights_by_shape_alone():
    def penalised(model, strength=1.0):
        return lambda p, y: F.mse_loss(p, y) + strength * sum((w**2).sum() for w in model)

    first, second = network(1), network(2)
    one = [describe(penalised(m.parameters), m) for m in (first, second)]
    assert one[0] == one[1]
    assert describe(penalised(first.parameters, 2.0), first) != one[0]
    assert describe(Penalised(1.0, first), first) == describe(Penalised(1.0, second), second)
    assert describe(Penalised(1.0, first), second) != describe(Penalised(1.0, second), second)


# --- words ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        (F.mse_loss, "mse_loss"),
        (torch.optim.Adam, "Adam"),
        (functools.partial(F.huber_loss, delta=0.5), "huber_loss(delta=0.5)"),
        (functools.partial(F.huber_loss, 1, weight=torch.ones(2)), "huber_loss(1, weight=Tensor)"),
        (nn.HuberLoss(), "HuberLoss()"),
        (Penalised(1.0), "Penalised"),
        ({"mae": F.l1_loss, "mse": F.mse_loss}, "mae, mse"),
        (np.sqrt, "sqrt"),
        (None, "None"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_words_are_those_of_the_user(thing, words):
    assert describe(thing).rpartition(" ")[0] == words


def test_text_stands_for_itself():
    assert describe("mse") == "mse"


def test_a_module_that_shows_an_address_is_described_without_it():
    class Shows(nn.Module):
        def extra_repr(self):
            return repr(object())

    assert describe(Shows()).startswith("Shows(<object object>)")
    assert describe(Shows()) == describe(Shows())


# --- what a function changes itself is no setting ------------------------------------------------

SEEN, COUNTS, TOTAL, SCALE = [], {"calls": 0}, 0, 2.0


def notes(prediction, target):
    SEEN.append(len(target))
    return SCALE * F.mse_loss(prediction, target)


def counts(prediction, target):
    COUNTS["calls"] += 1
    return SCALE * F.mse_loss(prediction, target)


def adds(prediction, target):
    global TOTAL
    TOTAL += 1
    return SCALE * F.mse_loss(prediction, target)


def counter(scale):
    calls = 0

    def loss(prediction, target):
        nonlocal calls
        calls += 1
        return scale * F.mse_loss(prediction, target)

    return loss


class Counter:
    def __init__(self, scale):
        self.scale, self.calls, self.seen = scale, 0, []

    def __call__(self, prediction, target):
        self.calls += 1
        self.seen.append(target)
        return self.scale * F.mse_loss(prediction, target)


class CountingModule(nn.Module):
    def __init__(self, scale):
        super().__init__()
        self.scale, self.calls, self.seen = scale, 0, set()

    def forward(self, prediction, target):
        self.calls = self.calls + 1
        self.seen.add(self.calls)
        return self.scale * F.mse_loss(prediction, target)


@pytest.mark.parametrize(
    "loss", [notes, counts, adds, counter(2.0), Counter(2.0), CountingModule(2.0)]
)
def test_a_counter_is_no_part_of_what_counts(loss):
    before = describe(loss)
    loss(torch.ones(2, 1), torch.zeros(2, 1))
    assert describe(loss) == before


@pytest.mark.parametrize("make", [counter, Counter, CountingModule])
def test_what_it_does_not_change_is(make):
    assert describe(make(2.0)) == describe(make(2.0)) != describe(make(3.0))


@pytest.mark.parametrize("loss", [notes, counts, adds])
def test_a_global_setting_beside_a_counter_is_one(loss, monkeypatch):
    before = describe(loss)
    monkeypatch.setitem(globals(), "SCALE", 3.0)
    assert describe(loss) != before


# --- what the run doesn't change is one ----------------------------------------------------------

DIFFER = [
    """W = [1., {}]
def it(f, y):
    w = torch.full_like(y, W[0])
    w[y > 0] = W[1]
    return (w * (f - y) ** 2).mean()""",
    "w = torch.tensor({}.)\ndef it(f, y): return w.add(f - y).mean()",
    "w = torch.tensor([{}.])\ndef it(f, y):\n v = w.clone()\n v[0] = y\n return w.add(v)",
    "class A:\n def __call__(s, f): return s.w * f\n def use(s, w): s.w = w\nit = A(); it.use({})",
    "class it(nn.Module):\n def forward(s, x): return x - s.m\n"
    " def standardise(s, X): s.m = X\nit = it(); it.standardise(torch.tensor({}))",
    "class A:\n def __call__(s, f): return s.w.add(f)\nit = A(); it.w = torch.tensor({})",
    "import dataclasses\n@dataclasses.dataclass\nclass A:\n w: float = 1.\n"
    " def __call__(s, f, y): return f - {}\nit = A()",
    "class A(nn.Module):\n"
    " def forward(s, x): return x * {}\n @torch.no_grad()\n def g(s): pass\nit = A()",
    "import enum\nclass A(enum.Enum):\n K = {}\nk = A.K\ndef it(f, y): return f * k.value",
]


@pytest.mark.parametrize("code", DIFFER)
def test_what_the_run_does_not_change_is_a_setting(code):
    assert described(code.format(2)) == described(code.format(2)) != described(code.format(3))


RECORDS = [
    "log = {'loss': []}\ndef it(f):\n log['loss'].append(f)\n return f",
    "import collections\nlog = collections.Counter()\ndef it(f):\n log['n'] += 1\n return f",
    "import collections\nlog = collections.defaultdict(list)\n"
    "def it(f):\n log['n'].append(f)\n return f",
    "log = []\ndef note(f): log.append(f)\ndef it(f):\n note(f)\n return f",
    "class A:\n def __init__(s): s.seen = {'n': 0}\n"
    " def __call__(s, f):\n  s.seen['n'] += 1\n  return f\nit = A()",
    "class A(nn.Module):\n def __init__(s): super().__init__(); s.log = {'f': []}\n"
    " def forward(s, f):\n  s.note(f)\n  return f\n"
    " def note(s, f): s.log['f'].append(f); s.last = f\nit = A()",
    "class Meter:\n n = 0\n def update(s, f): s.n += 1\nmeter = Meter()\n"
    "def it(f):\n meter.update(f)\n return f",
    "class Meter:\n n = 0\n def update(s, f): s.n += 1\n"
    "class A:\n def __init__(s): s.meter = Meter()\n"
    " def __call__(s, f):\n  s.meter.update(f)\n  return f\nit = A()",
    "def it(f):\n it.n += 1\n return f\nit.n = 0",
    "class A:\n n = 0\n def loss(s, f): s.n += 1; return f\nit = A().loss",
]


@pytest.mark.parametrize("code", RECORDS)
def test_records_that_lie_in_others_are_no_part_of_what_keeps_them(code):
    it = run(code)["it"]
    before = describe(it)
    it(torch.ones(2))
    assert describe(it) == before


def test_of_a_module_of_the_users_own_counts_what_is_used(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    form = "ALPHA, UNUSED = {}, {}\ndef my(f, y): return f {} y\n"

    def imported(*values):
        (tmp_path / "myhelp.py").write_text(form.format(*values))
        monkeypatch.delitem(sys.modules, "myhelp", raising=False)
        return described("import myhelp\ndef it(f, y): return myhelp.my(f, y) * myhelp.ALPHA")

    first = imported(1, 1, "-")
    assert imported(1, 20, "-") == first
    assert len({first, imported(22, 1, "-"), imported(333, 1, " + ")}) == 3


def test_modules_of_the_users_own_that_use_each_other_come_to_an_end(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    (tmp_path / "ours.py").write_text("import yours\nalpha = 2")
    (tmp_path / "yours.py").write_text("import ours\nbeta = 3")
    code = "import ours\ndef it(f): return ours.yours.ours.alpha * ours.yours.beta"
    first = described(code)
    monkeypatch.setattr(sys.modules["yours"], "beta", 4)
    assert described(code) != first
    for name in ("ours", "yours"):
        monkeypatch.delitem(sys.modules, name)


def test_a_dataclass_of_code_that_is_in_no_module_is_the_users_own():
    code = """
import dataclasses
@dataclasses.dataclass
class Loss:
    w: float = 1.0
    def __call__(self, f, y): return f - {}
"""
    found = []
    for value in (1, 1, 2):
        names = {}
        exec(code.format(value), names)
        found.append(describe(names["Loss"]()))
    assert found[0] == found[1] != found[2]
