"""What code changes as it runs, and trials of it that change nothing."""

import collections
import functools
import timeit

import pytest

torch = pytest.importorskip("torch", reason="torch is not installed")

from labkit.changes import (  # noqa: E402  (only after torch was found)
    changed_attributes,
    changed_names,
    rehearsing,
)

METHODS = [
    "add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem",
    "popleft", "remove", "setdefault", "update", "__setitem__",
]  # fmt: skip
CALLS, SEEN, TABLE, FACTOR = 0, [], {}, 2.0
LOG, TALLY, W, NET = {"loss": []}, collections.Counter(), torch.ones(2), torch.nn.Linear(2, 1)
CONTAINERS = [
    [], {}, set(), bytearray(), collections.deque(), collections.Counter(),
    collections.defaultdict(list), collections.OrderedDict(),
]  # fmt: skip


def defined(code, **names):
    """Return the function f that some code defines."""
    exec(code, names)
    return names["f"]


@pytest.mark.parametrize("value", CONTAINERS, ids=lambda value: type(value).__name__)
@pytest.mark.parametrize("method", METHODS)
def test_a_method_that_changes_a_container_changes_the_name_before_it(method, value):
    names = {"seen": value}
    assert changed_names(defined(f"def f(): seen.{method}(1)").__code__, names) == {"seen"}
    within = defined(f"def g(seen):\n  def f(): seen.{method}(1)\n  return f\nf = g([])")
    assert changed_names(within.__code__, names) == {"seen"}
    made = defined(f"class f:\n  def __call__(self): self.a.{method}(1)")
    assert changed_attributes([made], {"a": value}) == {"a"}


@pytest.mark.parametrize("value", [W, torch, NET, 1.0, (1, 2), pytest], ids=type)
def test_of_what_is_no_container_no_method_makes_a_record(value):
    names = {"w": value}
    assert changed_names(defined("def f(x): return w.add(x)").__code__, names) == set()
    assert changed_names(defined("def f(x): w[0] = x").__code__, names) == set()
    assert changed_names(defined("def f(x):\n  global w\n  w = x").__code__, names) == {"w"}
    made = defined("class f:\n  def __call__(self, x): return self.w.add(x)")
    assert changed_attributes([made], names) == set()


class Made:
    def __new__(cls):
        cls.new = 1
        return super().__new__(cls)

    def __init__(self):
        self.start = 0

    def __post_init__(self):
        self.checked = True

    def __setstate__(self, state):
        self.state = state

    def __call__(self):
        self.calls = self.start + 1
        self._note()

    def _note(self):
        self.noted = True

    def standardise(self, mean):
        self.mean = mean

    def train(self, mode=True):
        self.mode = mode

    @property
    def doubled(self):
        self.asked = True


class Other(Made):
    rate = 0.5

    @torch.no_grad()
    def forward(self):
        self.steps = self.doubled


def test_attributes_count_that_are_assigned_as_it_is_called():
    assert changed_attributes([Made], {}) == {"calls", "noted", "mode"}
    assert changed_attributes([Other, Made], {}) == {"calls", "noted", "mode", "steps", "asked"}
    assert changed_attributes([Made], {}, {"standardise"}) == {"calls", "noted", "mode", "mean"}


def counts(x, by=1, *, more=0):
    global CALLS
    CALLS += by
    SEEN.append(x)
    TABLE[x] = CALLS
    return FACTOR * x + more


def test_a_trial_changes_nothing_and_gives_the_same():
    trial = rehearsing(counts)
    assert trial(3.0) == 6.0
    assert trial(3.0, 2, more=1) == 7.0
    assert (CALLS, SEEN, TABLE) == (0, [], {})
    assert trial.__name__ == "counts"
    assert (trial.__defaults__, trial.__kwdefaults__) == ((1,), {"more": 0})


def test_a_trial_counts_on_by_itself():
    trial = rehearsing(counts)
    trial(1.0)
    trial(2.0)
    assert trial.__globals__["CALLS"] == 2
    assert trial.__globals__["SEEN"] == [1.0, 2.0]
    assert trial.__globals__["TABLE"] == {1.0: 1, 2.0: 2}
    assert trial.__globals__["METHODS"] is METHODS


def test_a_trial_of_a_closure_has_cells_of_its_own_for_what_it_changes_alone():
    calls, seen, fixed = 0, [], object()

    def loss(x):
        nonlocal calls
        calls += 1
        seen.append(calls)
        return x, fixed

    trial = rehearsing(loss)
    assert trial.__globals__ is loss.__globals__  # of which it changes nothing
    assert [trial(1), trial(2)] == [(1, fixed), (2, fixed)]
    assert (calls, seen) == (0, [])
    assert loss(1) == (1, fixed)
    assert (calls, seen) == (1, [1])


def test_a_cell_in_which_nothing_is_yet_is_no_hindrance():
    def loss(x):
        nonlocal late
        if x:
            late = x
        return x

    assert rehearsing(loss)(3) == 3
    late = 1


def test_a_trial_of_a_partial_has_its_arguments():
    trial = rehearsing(functools.partial(counts, 5.0, more=2))
    assert trial() == 12.0
    assert CALLS == 0


def test_a_trial_of_an_object_is_one_of_its_copy_where_it_can_be_copied():
    class Counts:
        def __init__(self):
            self.calls = 0

        def __call__(self, x):
            self.calls += 1
            return x

    class Alone(Counts):
        def __deepcopy__(self, memo):
            raise RuntimeError("there is only one")

    counted, alone = Counts(), Alone()
    assert rehearsing(counted)(4) == 4
    assert counted.calls == 0
    assert rehearsing(alone) is alone


def keeps(f, y):
    LOG["loss"].append(float(f))
    TALLY["n"] += 1
    return torch.add(f, -y) * W.add(1).sum()


def asks(f, y):
    return keeps(f, y) + 1


def within(f, y):
    def inner():
        LOG["loss"].append(float(f))

    inner()
    return f


@pytest.mark.parametrize("loss", [keeps, asks, within, functools.partial(keeps, y=1.0)])
def test_a_trial_leaves_nothing_in_records_that_lie_in_others(loss):
    f = torch.tensor(2.0)
    trial = rehearsing(loss)
    assert trial(f, y=1.0) == loss.__call__(f, y=1.0) != 0
    assert (LOG.pop("loss"), TALLY.pop("n", 1)) == ([2.0], 1)  # of the call that was no trial
    LOG["loss"] = []


def test_what_cannot_be_copied_deeply_is_copied_shallowly():
    record = [object(), collections]  # a module can't be

    def loss(x):
        record.append(x)
        return len(record)

    assert rehearsing(loss)(1) == 3
    assert len(record) == 2


def only_reads(x):
    return torch.add(x, FACTOR) * W.add(0)


def test_what_changes_nothing_is_its_own_trial():
    assert rehearsing(only_reads) is only_reads
    assert rehearsing(torch.nn.functional.mse_loss) is torch.nn.functional.mse_loss


def test_a_trial_among_many_globals_takes_no_time():
    names = {f"n{i}": i for i in range(2000)}
    code = "seen = []\ndef f(x):\n  seen.append(x)\n  return x"
    function = defined(code, **names)
    rehearsing(function)
    fastest = min(timeit.repeat(lambda: rehearsing(function), number=20, repeat=20)) / 20
    assert fastest < 50e-6


class Meter:
    calls = 0

    def update(self):
        self.calls += 1


METER, NOTED = Meter(), []


class Noting:
    def loss(self, x):
        NOTED.append(x)
        return x


def marks(x):
    marks.calls += 1
    METER.update()
    return x


def recurs(x):
    NOTED.append(x)
    return recurs(x - 1) if x else x


@torch.no_grad()
def undifferentiated(x):
    NOTED.append(x)
    return x


@functools.wraps(marks)
def wraps(x):
    return marks(x)


@pytest.mark.parametrize("loss", [marks, recurs, undifferentiated, wraps, Noting().loss])
def test_a_trial_leaves_nothing_in_what_other_code_keeps(loss):
    marks.calls = 0
    assert rehearsing(loss)(2) == (0 if loss is recurs else 2)
    assert (marks.calls, METER.calls, NOTED) == (0, 0, [])
