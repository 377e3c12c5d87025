"""Exercises tell three outcomes apart, and never fall over an answer."""

import copy
import functools
import linecache
import pickle
import sys
import threading
import types

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from labkit import Exercise, NotAttempted, RStream, make_linear, your_answer_here


def dig(x):
    return dig(x + 1)


@Exercise
def double(answer):
    """Return twice the input."""
    yield answer(2) == answer(1) * 2, "twice the input must give twice the output."
    yield answer(1) == 2, "it isn't twice its input."


@pytest.mark.parametrize(
    ("answer", "status", "because"),
    [
        (lambda _: your_answer_here(), "not attempted", ""),
        (lambda x: 2 * x, "right", ""),
        (lambda x: x + 1, "not right yet", "twice the input must give twice the output."),
        (lambda x: 3 * x, "not right yet", "it isn't twice its input."),
        (lambda _: 1 / 0, "not right yet", "it raised ZeroDivisionError: division by zero"),
        (lambda _: None, "not right yet", "it returns nothing: is a `return` missing?"),
        (lambda _: sys.exit(), "not right yet", "it raised SystemExit, in line "),
        (lambda x: dig(x), "not right yet", "it raised RecursionError: "),
        (7, "not right yet", "it raised TypeError: 'int' object is not callable"),
    ],
    ids=[
        "stub",
        "right",
        "first rule",
        "second rule",
        "raises",
        "no return",
        "exit",
        "recursion",
        "no function",
    ],
)
def test_three_outcomes(answer, status, because):
    verdict = double(answer)
    assert verdict.status == status
    assert verdict.because.startswith(because)
    assert bool(verdict.because) is bool(because)


def test_verdicts_are_sentences():
    assert str(double(lambda _: your_answer_here())) == "Not attempted."
    assert repr(double(lambda x: 2 * x)) == "Right."
    assert str(double(lambda x: 3 * x)) == "Not right yet, because it isn't twice its input."


def test_a_stub_called_late_is_not_attempted():
    assert double(lambda x: 2 if x == 1 else your_answer_here()).status == "not attempted"


def test_a_stub_raises_outside_an_exercise():
    with pytest.raises(NotAttempted, match=r"Replace your_answer_here\(\) by your answer"):
        your_answer_here()


def test_an_exercise_keeps_the_words_of_its_rules():
    assert double.__doc__ == "Return twice the input."


def test_a_student_can_stop_an_answer_that_hangs():
    def hangs(x):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        double(hangs)


def test_a_comparison_with_nan_is_not_right():
    @Exercise
    def small(answer):
        yield abs(answer - 1) < 1e-6, "it is too far from 1."

    assert small(float("nan")).status == "not right yet"


# --- an answer doesn't touch the lab -------------------------------------------------------------


class Box:
    """An object of a lab's own class."""

    def __init__(self, X):
        self.X = X


class Node:
    """A node of a graph, which knows its parents by what they are."""

    def __init__(self, data, parents=()):
        self.data, self.parents, self.grad = data, parents, 0.0


def fill(value):
    """Change all that can be changed in place."""
    if isinstance(value, dict | list | tuple | set):
        for entry in value.values() if isinstance(value, dict) else value:
            fill(entry)
        getattr(value, "clear", int)()
    elif isinstance(value, pd.DataFrame):
        value.iloc[:, :] = -9.0
        value["new"] = 1
    elif isinstance(value, pd.Series):
        value.iloc[:] = -9.0
    elif hasattr(value, "toarray"):
        value.data[:] = -9.0
    elif hasattr(value, "X"):
        value.X[...] = -9.0
    elif hasattr(value, "parameters"):
        for parameter in value.parameters():
            parameter.data.fill_(-9.0)
    elif hasattr(value, "detach"):
        value.detach().fill_(-9.0)
    else:
        value[...] = -9.0


TABLE = np.arange(12.0).reshape(4, 3)
DATA = {
    "array": lambda: TABLE.copy(),
    "view": lambda: TABLE.copy()[1:3],
    "transposed view": lambda: TABLE.copy().T,
    "masked": lambda: np.ma.masked_array(TABLE.copy(), TABLE > 5),
    "Series": lambda: pd.Series(TABLE[0].copy()),
    "DataFrame": lambda: pd.DataFrame(TABLE.copy(), columns=list("abc")),
    "sparse": lambda: scipy.sparse.csr_array(TABLE.copy()),
    "list": lambda: [TABLE.copy(), TABLE.copy()],
    "dict": lambda: {"w": TABLE.copy(), "more": [{"deep": TABLE.copy()}]},
    "tuple": lambda: (TABLE.copy(), [TABLE.copy()]),
    "beside what can't be copied": lambda: [types, threading.Lock(), TABLE.copy()][2:],
    "dataclass": lambda: make_linear(4, 3, rng=1),
    "object": lambda: Box(TABLE.copy()),
}


def content(value):
    return pickle.dumps(value)


@pytest.mark.parametrize("form", DATA)
def test_an_answer_can_change_only_a_copy_of_what_it_is_given(form):
    lab = DATA[form]()
    before = content(copy.deepcopy(lab))

    @Exercise
    def check(answer):
        yield answer(lab) == 1, "one call"
        yield answer(X=lab) == 1, "by keyword"

    def wrecks(X):
        fill(X)
        return 1

    assert content(copy.deepcopy(DATA[form]())) == before or form == "dataclass"
    assert check(wrecks).status == "right", check(wrecks)
    assert content(copy.deepcopy(lab)) == before


def test_what_cannot_be_copied_passes_and_takes_nothing_else_with_it():
    lab = [types, threading.Lock(), np.sin, TABLE.copy(), (n for n in "ab")]

    @Exercise
    def check(answer):
        yield answer(lab), "it is another one"

    def same(given):
        given[3][:] = 0
        pairs = zip(given, lab, strict=True)
        return [one is other for one, other in pairs] == [True, True, True, False, True]

    assert str(check(same)) == "Right."
    assert lab[3].any()


def test_tensors_and_networks_are_copied_too():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    leaf = torch.ones(3, requires_grad=True)
    net = torch.nn.Linear(3, 1)
    lab = [leaf, leaf * 2, torch.ones(4)[1:], net]
    before = [leaf.detach().clone(), *[p.detach().clone() for p in net.parameters()]]

    @Exercise
    def check(answer):
        yield answer(*lab) == 1, "it is not 1"

    def wrecks(*given):
        assert [t.requires_grad for t in given[:3]] == [True, True, False]
        for value in given:
            fill(value)
        return 1

    assert str(check(wrecks)) == "Right."
    assert (lab[1] == 2).all()
    assert (lab[2] == 1).all()
    for now, then in zip([leaf, *net.parameters()], before, strict=True):
        assert torch.equal(now.detach(), then)


def test_what_an_answer_returns_is_a_copy():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    lab = [TABLE.copy(), pd.Series([1.0, 2.0]), torch.ones(2), torch.nn.Linear(1, 1), Box(TABLE)]
    kept = lab[3].weight.item()

    @Exercise
    def check(answer):
        for k in range(5):
            fill(answer(k))
        yield True, ""

    assert str(check(lambda k: lab[k])) == "Right."
    assert (lab[0] == TABLE).all()
    assert (lab[1] > 0).all()
    assert (lab[2] == 1).all()
    assert lab[3].weight.item() == kept
    assert lab[4].X[0, 1] == 1


def test_each_call_is_given_a_fresh_copy_and_one_call_keeps_what_is_one():
    X = TABLE.copy()
    names = ["a"]

    @Exercise
    def check(answer):
        yield answer(X, X, names, names) == TABLE.sum(), "the first call"
        yield answer(X, X, names, names) == TABLE.sum(), "the second call"

    def adds(X, also, names, also_names):
        assert X is also
        assert names is also_names
        X += 0
        total = X.sum()
        X *= 0
        return total

    assert str(check(adds)) == "Right."


def test_a_result_may_refer_to_the_very_object_it_was_given():
    leaf = Node(1.0)
    parent = Node(2.0, (leaf,))

    @Exercise
    def check(answer):
        for node in (leaf, parent):
            made = answer(node)
            yield made is not node, "it is no new node."
            yield made.parents[0] is node, "its parent is another node."

    assert str(check(lambda node: Node(3.0, (node,)))) == "Right."
    assert check(lambda node: Node(3.0, (Node(node.data),))).because.startswith("its parent")


def test_an_object_that_an_answer_changed_is_its_own():
    box = Node(1.0)

    @Exercise
    def check(answer):
        made = answer(box)
        yield made.data == 5.0, "data is not 5."
        yield box.data == 1.0, "it changed the lab's."

    def change(node):
        node.data = 5.0
        return node

    assert str(check(change)) == "Right."


def streams():
    torch = pytest.importorskip("torch", reason="torch is not installed")
    return [
        (np.random.default_rng(1), lambda g: g.random()),
        (np.random.RandomState(1), lambda g: g.random()),
        (RStream(1), lambda g: g.random()),
        (torch.Generator().manual_seed(1), lambda g: torch.rand(1, generator=g).item()),
    ]


@pytest.mark.parametrize("k", range(4))
def test_random_numbers_go_on_from_call_to_call_and_stand_where_they_were_at_the_end(k):
    rng, draw = streams()[k]
    fresh, _ = streams()[k]
    expected = [draw(fresh) for _ in range(2)]

    @Exercise
    def check(answer):
        yield answer(rng) == expected[0], "the first draw"
        yield answer(rng) == expected[1], "the second draw"

    for _ in range(2):
        assert str(check(lambda rng: draw(rng))) == "Right."
    assert draw(rng) == expected[0]


@pytest.mark.parametrize("method", ["get_state", "set_state"])
def test_what_has_a_state_and_not_both_ways_to_it_is_data_and_is_copied(method):
    box = Node(1.0)
    setattr(box, method, dict)

    @Exercise
    def check(answer):
        answer(box)
        yield box.data == 1.0, "it changed the lab's."

    def change(node):
        node.data = 5.0
        return node.data

    assert str(check(change)) == "Right."


# --- one form ------------------------------------------------------------------------------------


def as_tensor(values):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    return torch.tensor(values, dtype=torch.float64, requires_grad=True) * 1


NUMBERS = {
    "number": float,
    "int": int,
    "NumPy's": np.float64,
    "array": np.array,
    "array of one": lambda v: np.array([v]),
    "array of one by one": lambda v: np.array([[v]]),
    "list": lambda v: [v],
    "Series": lambda v: pd.Series([v], index=["a"]),
    "DataFrame": lambda v: pd.DataFrame({"a": [v]}),
    "tensor": as_tensor,
    "tensor of one": lambda v: as_tensor([v]),
    "list of a tensor": lambda v: [as_tensor(v)],
    "sparse": lambda v: scipy.sparse.csr_matrix([[v]]),
}


@pytest.mark.parametrize("form", NUMBERS)
def test_a_number_is_a_number_in_whatever_it_comes(form):
    @Exercise
    def check(answer):
        mine = answer(3)
        yield np.ndim(mine) == 0, f"its shape is {np.shape(mine)}."
        yield mine > 5, f"{mine:g} is too small."
        yield f"{mine:.1f}" == "6.0", "it is not 6."

    assert str(check(lambda x: NUMBERS[form](2 * x))) == "Right."
    assert check(lambda x: NUMBERS[form](x)).because == "3 is too small."


ARRAYS = {
    "array": np.array,
    "list": list,
    "lists": lambda v: [v.tolist()][0],
    "Series": lambda v: pd.Series(v, index=list("cab")),
    "nullable": lambda v: pd.Series(v, dtype="Float64"),
    "Index": pd.Index,
    "tensor": as_tensor,
    "list of tensors": lambda v: [as_tensor(x) for x in v],
    "list of arrays": lambda v: [np.array(x) for x in v],
    "sparse tensor": lambda v: as_tensor(v).to_sparse(),
    "masked, with no mask": np.ma.masked_array,
    "matrix": lambda v: scipy.sparse.csr_matrix(np.outer(v, [1])),
    "frame": lambda v: pd.DataFrame({"a": v}),
}


@pytest.mark.parametrize("form", ARRAYS)
def test_an_array_is_an_array_in_whatever_it_comes(form):
    expected = np.array([1.0, 4.0, 9.0])

    @Exercise
    def check(answer):
        mine = answer(np.array([1.0, 2.0, 3.0]))
        yield type(mine) is np.ndarray, f"it is a {type(mine)}."
        mine[0] += 0  # of its own, and writeable
        yield np.all(mine.ravel() == expected), f"it is {mine}."

    assert str(check(lambda x: ARRAYS[form](x**2))) == "Right."
    assert check(lambda x: ARRAYS[form](x**3)).status == "not right yet"


def test_several_results_are_brought_to_the_form_one_by_one():
    @Exercise
    def check(answer):
        w, u = answer(1)
        yield type(w) is type(u) is np.ndarray, "no arrays"
        made = answer(2)
        yield {type(v) for v in made.values()} == {np.ndarray}, "no arrays"
        yield made["b"].shape == (1, 1), "an entry of a dict keeps its shape"

    def answer(case):
        if case == 1:
            return as_tensor([1.0, 2.0]), pd.Series([1.0, 2.0])
        return {"w": [1.0, 2.0], "b": as_tensor([[1.0]])}

    assert str(check(answer)) == "Right."


def test_what_is_missing_is_not_a_number():
    @Exercise
    def check(answer):
        yield answer() > 0, "it is not positive."

    for missing in (pd.NA, np.ma.masked, np.ma.masked_array([1.0], [True]), np.nan):
        assert check(lambda value=missing: value).because == "it is not positive."


def test_an_answer_that_is_no_function_is_brought_to_the_form_too():
    @Exercise
    def check(answer):
        yield answer[0] == 1, "it does not begin with 1."
        yield type(answer) is np.ndarray, "it is no array."

    for answer in ([1.0, 2.0], pd.Series([1, 2], index=["a", "b"]), as_tensor([1.0, 3.0])):
        assert str(check(answer)) == "Right."
    assert check([2, 1]).because == "it does not begin with 1."


def test_a_class_and_a_network_are_themselves():
    torch = pytest.importorskip("torch", reason="torch is not installed")

    @Exercise
    def check(answer):
        yield issubclass(answer, Box), "it is no Box."

    @Exercise
    def check_network(answer):
        answer.weight.data.fill_(3.0)
        yield answer(torch.ones(1, 1)).requires_grad, "no graph"

    net = torch.nn.Linear(1, 1)
    kept = net.weight.item()
    assert str(check(Box)) == "Right."
    assert str(check_network(net)) == "Right."
    assert net.weight.item() == kept


@pytest.mark.parametrize("answer", [np.square, functools.partial(pow, exp=2), Box(1).__eq__])
def test_whatever_is_called_is_a_function(answer):
    @Exercise
    def check(answer):
        yield callable(answer), "it can't be called."
        yield answer(1) is not None, "nothing"

    assert check(answer).status in ("right", "not right yet")


# --- what is said --------------------------------------------------------------------------------


def cell(source, **names):
    """Run a cell as IPython does: its lines are known by a file's name."""
    name = f"<ipython-input-{len(linecache.cache)}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    exec(compile(source, name, "exec"), names)
    return names["my_double"]


@pytest.mark.parametrize(
    ("source", "because"),
    [
        (
            "def my_double(x):\n    y = x\n    return y / 0",
            "it raised ZeroDivisionError: division by zero, in line 3: `return y / 0`",
        ),
        (
            "import numpy as np\ndef my_double(x):\n    return np.linalg.inv(np.ones((2, 3)))",
            "in line 3: `return np.linalg.inv(np.ones((2, 3)))`",
        ),
        (
            "def half(x):\n    return x / 0\n\ndef my_double(x):\n    return half(x)",
            "in line 2: `return x / 0`",
        ),
        (
            "def my_double(x):\n    return design @ x",
            "it raised NameError: name 'design' is not defined, in line 2: `return design @ x`. "
            "Run the cells above first.",
        ),
        (
            "def my_double(x):\n    return statistics.mean([x, x])",
            "Is `import statistics` missing? If not, run the cells above first.",
        ),
        (
            "residual = 1\ndef my_double(x):\n    return residul * x",
            "`return residul * x`. Is residual meant? If not, run the cells above first.",
        ),
        (
            "def my_double(x):\n    if x == 5:\n        z = 1\n    return z",
            "in line 4: `return z`",
        ),
        (
            "import functools\nmy_double = functools.partial(lambda x, y: y.no, 1)",
            "in line 2: `my_double = functools.partial(lambda x, y: y.no, 1)`",
        ),
        ("my_double = 'a'.join", "it raised TypeError: can only join an iterable"),
    ],
    ids=[
        "line",
        "of a library",
        "helper",
        "name",
        "module",
        "misspelt",
        "local",
        "partial",
        "built in",
    ],
)
def test_an_error_shows_the_line_of_the_students_cell_and_what_to_do(source, because):
    verdict = double(cell(source))
    assert verdict.status == "not right yet"
    assert because in verdict.because
    assert "None" not in verdict.because
    assert "cells above" in because or "cells above" not in verdict.because


def test_an_error_that_comes_through_the_labs_functions_is_the_answers():
    @Exercise
    def check(answer):
        try:
            yield answer(1) == 2, "it is not 2."
        except ZeroDivisionError as error:
            raise RuntimeError("a study failed") from error

    verdict = check(cell("def my_double(x):\n    return x / 0"))
    assert verdict.because.endswith("division by zero, in line 2: `return x / 0`")


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ("two", "it returns 'two', which its check can't use (ValueError: "),
        (
            np.ones(3),
            "it returns an array of shape (3,), which its check can't use (UFunc",
        ),
        ({"a": "b"}, "it returns a dict, which its check can't use (TypeError: "),
        ((1, 2), "it returns a tuple of 2, which its check can't use (TypeError: "),
        (types.SimpleNamespace(), "it returns a SimpleNamespace, which its check can't use"),
        (Ellipsis, "it returns an ellipsis, which its check can't use"),
    ],
    ids=repr,
)
def test_a_result_that_the_rules_fall_over_is_described(result, said):
    @Exercise
    def check(answer):
        value = answer()
        yield math_is(value) > 0, f"it is {value:g}."

    def math_is(value):
        return float(value) if np.ndim(value) == 0 else value @ "a"

    verdict = check(lambda: result)
    assert verdict.status == "not right yet"
    assert verdict.because.startswith(said)


@pytest.mark.parametrize(
    ("result", "is_"), [(np.ones((3, 4)), "an array of shape (3, 4)"), ((1, 2, 3), "a tuple of 3")]
)
def test_where_two_results_are_asked_for_it_says_so(result, is_):
    @Exercise
    def check(answer):
        event, at_risk = answer()
        yield event is at_risk, "they differ."

    because = check(lambda: result).because
    assert because == f"it returns {is_}, where 2 results are asked for, with a comma between them."


def test_a_check_that_lacks_the_cells_above_says_so():
    @Exercise
    def check(answer):
        yield answer(design) == 1, "it is not 1."  # noqa: F821

    @Exercise
    def check_of_a_changed_lab(answer):
        yield answer(None.shape) == 1, "it is not 1."

    assert "isn't there (NameError: name 'design' is not defined): run" in check(abs).because
    assert "can't be made (AttributeError: 'NoneType'" in check_of_a_changed_lab(abs).because


def test_a_reason_is_made_only_where_its_rule_has_failed():
    made = []

    @Exercise
    def check(answer):
        x = answer()
        yield x > 0, lambda: made.append(x) or f"{x} is not positive."
        yield x < 9, lambda: 1 / 0

    assert str(check(lambda: 1)) == "Right."
    assert not made
    assert check(lambda: -1).because == "-1 is not positive."
    assert made == [-1]
    assert check(lambda: 10).because.startswith("it returns 10, which its check can't use (ZeroD")


# --- broken checks -------------------------------------------------------------------------------


@pytest.mark.parametrize("holds", [True, np.True_, np.array(True), np.float64(2) > 1])
def test_what_is_true_is_true(holds):
    @Exercise
    def check(answer):
        yield holds, "no"
        yield not holds, "the end"

    assert check(abs).because == "the end"


def test_a_tensor_of_one_truth_is_true():
    torch = pytest.importorskip("torch", reason="torch is not installed")

    @Exercise
    def check(answer):
        yield torch.tensor(1) < 2, "no"
        yield torch.tensor(2) < 2, "the end"

    assert check(abs).because == "the end"


@pytest.mark.parametrize(
    "holds",
    [
        *["yes", "", float("nan"), None, 1, 0, 1.0, np.float64(1), np.array(1.0), [True], ()],
        *[np.array([1.0, 2.0]), np.array([True, True]), pd.NA, NotImplemented, np.array(["yes"])],
    ],
    ids=repr,
)
def test_a_rule_says_true_or_false_or_its_author_is_told(holds):
    @Exercise
    def broken(answer):
        yield holds, "no"

    with pytest.raises(TypeError, match="a rule of broken must say True or False, not"):
        broken(lambda: 1)


@pytest.mark.parametrize(
    "rule", ["no", "ab", True, None, 1, (True,), (True, "a", "b"), [True, "a"], {}], ids=repr
)
def test_a_rule_is_a_pair_or_its_author_is_told(rule):
    @Exercise
    def broken(answer):
        yield rule

    with pytest.raises(TypeError, match="broken must yield pairs"):
        broken(lambda: 1)


@pytest.mark.parametrize("because", [None, 1, b"no", lambda: None])
def test_a_reason_is_a_string_or_its_author_is_told(because):
    @Exercise
    def broken(answer):
        yield False, because

    with pytest.raises(TypeError, match="what broken says is wrong must be a string, not"):
        broken(lambda: 1)


def test_rules_that_ask_nothing_are_refused():
    @Exercise
    def broken(answer):
        yield from ()

    @Exercise
    def forgot(answer):
        answer()

    with pytest.raises(ValueError, match="broken yields no rule, so that anything would be right"):
        broken(lambda: 1)
    with pytest.raises(TypeError, match="forgot must yield its rules, and returns None"):
        forgot(lambda: 1)
    with pytest.raises(TypeError, match="rules must be a function that takes the answer"):
        Exercise(3)
    with pytest.raises(TypeError, match="rules must be a function that takes the answer"):
        Exercise()


def test_an_answer_of_several_numbers_where_one_is_asked_for_is_not_an_error():
    twice = double(lambda x: np.array([2 * x, 2 * x]))
    assert twice.because == "it returns an array of shape (2,), where one number is asked for."
    apart = double(lambda x: [x, 2])
    assert apart.because == "twice the input must give twice the output."

    @Exercise
    def each(answer):
        for value in answer():
            yield value > 0, "one is not positive."

    assert each(lambda: np.ones(0)).because == "it returns an array of shape (0,): it is empty."
    assert str(each(lambda: [1, 2])) == "Right."


# --- hints ---------------------------------------------------------------------------------------


def test_rules_may_be_a_list_that_is_made_at_once():
    at_once = Exercise(lambda answer: [(answer(1) == 2, "twice 1 is 2.")])
    assert str(at_once(lambda x: 2 * x)) == "Right."
    assert str(at_once(lambda x: x)) == "Not right yet, because twice 1 is 2."
    assert str(at_once(lambda _: your_answer_here())) == "Not attempted."
    assert at_once(lambda x: x / 0).because.startswith("it raised ZeroDivisionError")


def test_hints_grow_stronger_and_a_cell_shows_the_same_one_each_time():
    @Exercise(hints=("Think.", "Multiply by 2."))
    def hinted(answer):
        """Say what."""
        yield answer(1) == 2, "no"

    for _ in range(2):
        assert str(hinted.hint()) == "Hint 1 of 2: Think."
        assert hinted.hint(2)._repr_markdown_() == "Hint 2 of 2: Multiply by 2."
    assert str(hinted.hint(3)) == "There are 2 hints to hinted."
    assert str(double.hint()) == "There are no hints to double."
    assert str(hinted(lambda x: 2 * x)) == "Right."
    assert hinted.__doc__ == "Say what."
    assert type(hinted) is Exercise
    with pytest.raises(ValueError, match="number must be 1 or more, not 0"):
        hinted.hint(0)
    for hints in ("one", (1, 2)):
        with pytest.raises(TypeError, match="hints must be a sequence of strings"):
            Exercise(double._rules, hints=hints)


def test_an_exercise_is_pickled_with_its_hints():
    cloudpickle = pytest.importorskip("cloudpickle", reason="cloudpickle is not installed")

    @Exercise(hints=("Think.",))
    def hinted(answer):
        yield answer(1) == 2, "no"

    again = pickle.loads(cloudpickle.dumps(hinted))
    assert str(again.hint()) == "Hint 1 of 1: Think."
    assert str(again(lambda x: 2 * x)) == "Right."


class Odd:
    """Its comparisons are neither true nor false."""

    def __eq__(self, other):
        return "perhaps"

    __hash__ = None


def on_meta(*shape):
    torch = pytest.importorskip("torch", reason="torch is not installed")
    return torch.ones(shape, device="meta")


NEITHER = {
    "strings": lambda: pd.Series(["3", "4"]),
    "one string": lambda: pd.Series(["3"]),
    "a table": lambda: pd.DataFrame({"a": ["3"]}),
    "an index": lambda: pd.Index(["a"]),
    "categories": lambda: pd.Series(["a", "b"], dtype="category"),
    "a categorical": lambda: pd.Categorical(["a"]),
    "dates": lambda: pd.Series(pd.to_datetime(["2020-01-01"])),
    "durations": lambda: pd.Series([3], dtype="m8[ns]"),
    "an object": lambda: Odd(),
    "meta": on_meta,
    "several on meta": lambda: on_meta(3),
}


@pytest.mark.parametrize("name", NEITHER)
def test_what_compares_in_its_own_way_is_no_error_of_the_check(name):
    @Exercise
    def check(answer):
        yield answer() == 3, "it is not 3."

    @Exercise
    def check_value(answer):
        yield answer == 3, "it is not 3."

    for verdict in (check(NEITHER[name]), check_value(NEITHER[name]())):
        assert verdict.status == "not right yet"
        assert verdict.because.startswith("it returns a")
        assert verdict.because.endswith(", which its check can't use.")


@pytest.mark.parametrize(
    "form",
    [
        *[np.timedelta64(3, "D"), np.timedelta64(3), np.array([3], "m8[s]"), pd.Timedelta(3)],
        *[[np.timedelta64(3, "ns")], "3", ["3"], np.array(["3"]), np.array(["3"], object)],
        *[
            pd.Series(["3"], dtype=object),
            pd.DataFrame({"a": ["3"]}),
            pd.Series([3], dtype="m8[s]"),
        ],
    ],
    ids=repr,
)
def test_text_and_durations_are_no_numbers(form):
    @Exercise
    def check(answer):
        yield np.all(answer() == 3), "it is not 3."

    assert check(lambda: form).status == "not right yet"
    assert check(lambda: 3).status == "right"


@pytest.mark.parametrize("hints", [None, ()])
def test_hints_may_be_none(hints):
    @Exercise(hints=hints)
    def check(answer):
        yield answer == 3, "it is not 3."

    assert check(3).status == "right"
    assert str(check.hint()) == "There are no hints to check."


def test_an_answer_whose_source_is_gone_is_shown_its_error_alone():
    @Exercise
    def half(answer):
        yield answer(2) == 1, "half of 2 is 1."

    names = {}
    exec(compile("def answer(x):\n    return x / 0", "<gone>", "exec"), names)
    assert half(names["answer"]).because == "it raised ZeroDivisionError: division by zero"
