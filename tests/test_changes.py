"""What code changes as it runs, and trials of it that change nothing."""

import functools

import pytest

pytest.importorskip("torch", reason="torch is not installed")  # the module belongs to its loops

from labkit.changes import (
    changed_attributes,
    changed_names,
    rehearsing,
    sets_items,
)

METHODS = [
    "add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem",
    "popleft", "remove", "setdefault", "update", "__setitem__",
]  # fmt: skip
CALLS, SEEN, TABLE, FACTOR = 0, [], {}, 2.0


def defined(code, **names):
    """Return the function f that some code defines."""
    exec(code, names)
    return names["f"]


@pytest.mark.parametrize("method", METHODS)
def test_a_method_that_changes_a_container_changes_the_name_before_it(method):
    assert changed_names(defined(f"def f(): seen.{method}(1)").__code__) == {"seen"}
    within = defined(f"def g(seen):\n  def f(): seen.{method}(1)\n  return f\nf = g([])")
    assert changed_names(within.__code__) == {"seen"}
    made = defined(
        f"class f:\n  def __init__(self): self.a = []\n  def g(self): self.a.{method}(1)"
    )
    assert changed_attributes([made]) == {"a"}


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("def f():\n  global n\n  n = 1", {"n"}),
        ("def f():\n  global n\n  n += 1", {"n"}),
        ("def f():\n  global n\n  del n", {"n"}),
        ("def g(n):\n  def f():\n    nonlocal n\n    n += 1\n  return f\nf = g(1)", {"n"}),
        ("def f():\n  def g():\n    global n\n    n = 1\n  g()", {"n"}),
        ("def f():\n  def g(): return n\n  n = 1\n  return g", set()),  # its own
        ("def f(): return n.count(1), n.index(1), n[0]", set()),
        ("def f(n): n.append(1)", set()),  # what it is given is not outside
        ("def f():\n  class C:\n    seen.append(1)", {"seen"}),
    ],
)
def test_names_outside_that_are_assigned_are_found(code, changed):
    assert changed_names(defined(code).__code__) == changed


def test_whether_items_are_set_is_found_also_within():
    assert sets_items(defined("def f(): table['a'] = 1").__code__)
    assert sets_items(defined("def f():\n  def g(): table[0] += 1\n  g()").__code__)
    assert not sets_items(defined("def f(): return table['a']").__code__)


def test_attributes_count_once_an_object_is_made():
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

    class Other(Made):
        rate = 0.5

        def step(self):
            self.steps = self.rate

    assert changed_attributes([Made]) == {"calls"}
    assert changed_attributes([Made, Other]) == {"calls", "steps"}


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
