"""A cell may be run again: what it adds to the checks takes the place of what it added before."""

import copy
import pickle

import pytest

from labkit import Checks

ONE = 'checks.add("a", value, below=10)\nchecks.add("b", value, below=10)'
TWO = 'checks.add("c", 0, below=10)'
AGAIN = "the check 'a' was added before, by another cell or in this run of this one"


class Outside:
    """Cells by exec, as the tests of the labs run them."""

    def __init__(self):
        self.names = {"checks": Checks(), "value": 1}

    def run(self, source, **names):
        self.names |= names
        exec(source, self.names)


class InIPython:
    """Cells in IPython, which sends an id with each of them, as JupyterLab does, or does not."""

    def __init__(self, counted=True):
        pytest.importorskip("IPython", reason="IPython is not installed")
        from IPython.core.interactiveshell import InteractiveShell

        self.shell, self.counted = InteractiveShell.instance(), counted
        self.shell.get_parent = lambda: {"metadata": {"cellId": self.id} if self.id else {}}
        self.names = self.shell.user_ns
        self.names |= {"checks": Checks(), "value": 1}

    def run(self, source, cell_id=None, **names):
        self.id = cell_id
        self.names |= names
        done = self.shell.run_cell(source, store_history=self.counted)
        done.raise_error()

    def close(self):
        self.shell.history_manager.end_session()
        type(self.shell).clear_instance()


@pytest.fixture(params=["by exec", "in IPython", "in IPython, not counted"])
def lab(request):
    if request.param == "by exec":
        yield Outside()
        return
    lab = InIPython(counted=request.param == "in IPython")
    yield lab
    lab.close()


def values(lab):
    return [row[:2] for row in lab.names["checks"].report().rows]


def test_a_verdict_is_replaced_too(lab):
    cell = "word = checks.verdict('a', value, 'yes', below='no', above='yes', rule='sign')"
    for value, word in ((-1.0, "no"), (2.0, "yes")):
        lab.run(cell, value=value)
        assert lab.names["word"] == word
    assert values(lab) == [["a", "2"]]


def test_a_cell_that_is_run_again_replaces_what_it_added(lab):
    for source in (ONE, TWO):
        lab.run(source)
    lab.run(ONE, value=2)
    assert values(lab) == [["a", "2"], ["b", "2"], ["c", "0"]]
    lab.run(TWO)
    lab.run(ONE, value=3)
    assert values(lab) == [["a", "3"], ["b", "3"], ["c", "0"]]


def test_what_a_cell_no_longer_adds_is_gone_and_comes_back_in_its_place(lab):
    several = "for name in names:\n    checks.add(name, 1, below=10)"
    lab.run(several, names=["a", "b"])
    lab.run(TWO)
    lab.run(several, names=["b"])
    assert [name for name, _ in values(lab)] == ["b", "c"]
    lab.run(several, names=["b", "a", "z"])
    assert [name for name, _ in values(lab)] == ["a", "b", "c", "z"]


def test_a_failure_that_was_mended_is_forgotten_and_a_new_one_is_not(lab):
    lab.run(ONE, value=99)
    with pytest.raises(AssertionError, match="2 of 2 checks failed"):
        values(lab)
    lab.run(ONE, value=1)
    assert len(values(lab)) == 2
    lab.run(ONE, value=99)
    with pytest.raises(AssertionError, match="2 of 2 checks failed"):
        values(lab)


def test_another_cell_may_not_take_the_name(lab):
    lab.run(ONE)
    lab.run(TWO)
    with pytest.raises(ValueError, match=AGAIN):
        lab.run('checks.add("a", 5, below=10)')
    assert values(lab) == [["a", "1"], ["b", "1"], ["c", "0"]]


@pytest.mark.parametrize(
    "source",
    [
        'for _ in range(2):\n    checks.add("a", 1, below=10)',
        'checks.add("a", 1, below=10)\nchecks.add("a", 1, below=10)',
        'def add():\n    checks.add("a", 1, below=10)\nadd()\nadd()',
        'def add():\n    checks.add("a", 1, below=10)\nfor _ in range(2):\n    add()',
    ],
    ids=["a loop", "twice", "a function", "a function in a loop"],
)
def test_a_cell_may_not_use_a_name_twice_in_one_run(lab, source):
    for _ in range(2):  # nor when it is run again
        with pytest.raises(ValueError, match=AGAIN):
            lab.run(source)


def test_a_function_of_another_cell_adds_for_the_cell_that_calls_it(lab):
    lab.run("def add(name, value):\n    checks.add(name, value, below=10)")
    for source in ('add("a", value)', 'add("c", value)'):
        lab.run(source)
    lab.run('add("a", value)', value=2)
    assert values(lab) == [["a", "2"], ["c", "1"]]


def test_cells_of_one_source_keep_each_others_checks(lab):
    source = 'checks.add(f"gap {k}", value, below=10)'
    for k in (1, 2):
        lab.run(f"k = {k}")
        lab.run(source, value=k)
    assert values(lab) == [["gap 1", "1"], ["gap 2", "2"]]
    lab.run("k = 1")
    lab.run(source, value=3)
    assert values(lab) == [["gap 1", "3"], ["gap 2", "2"]]


def test_a_cell_that_is_known_drops_what_it_no_longer_adds():
    lab = InIPython()
    source = 'checks.add(f"gap {value}", value, below=10)'
    for value in (1, 2):
        lab.run(source, "first", value=value)
    assert values(lab) == [["gap 2", "2"]]
    lab.close()


def test_an_edited_cell_is_the_same_cell_where_the_editor_says_so():
    lab = InIPython()
    lab.run(ONE, "first")
    lab.run(TWO, "second")
    lab.run("x = 1  # edited\n" + ONE.replace('"b"', '"d"'), "first", value=2)
    assert values(lab) == [["a", "2"], ["c", "0"], ["d", "2"]]
    with pytest.raises(ValueError, match=AGAIN):  # the same source in another cell
        lab.run(ONE, "third")
    lab.close()


def test_what_runs_beside_ipython_is_no_cell_of_it():
    shell, program = InIPython(), Outside()
    for value in (1, 2):
        program.run(ONE, value=value)
    assert values(program) == [["a", "2"], ["b", "2"]]
    shell.close()


def test_in_a_program_a_name_is_used_once():
    checks = Checks()
    checks.add("a", 1, below=2)
    with pytest.raises(ValueError, match=AGAIN):
        checks.add("a", 1, below=2)


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))])
def test_checks_can_be_copied(lab, copied):
    lab.run(ONE)
    other = copied(lab.names["checks"])
    assert str(other.report()) == str(lab.names["checks"].report())
    with pytest.raises(ValueError, match=AGAIN):
        other.add("a", 1, below=2)
