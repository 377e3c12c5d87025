"""What comes out of the student's kernel is data, whatever is sent: no verdict follows from it."""

import json
import os
import socket
import struct
from contextlib import suppress

import numpy as np
import pytest
from far_answers import far

import labkit
from course.grading.inside import encode, objects, serve
from course.grading.inside.wire import LARGEST, Wire
from course.grading.outside.checker import verdict
from course.grading.outside.decode import FaultError, numpy_dtype
from course.grading.outside.session import EndedError
from labkit import Exercise


@Exercise
def check_double(answer):
    rng = np.random.default_rng(0)
    for x in rng.standard_normal(3):
        found = answer(x)
        yield abs(found - 2 * x) < 1e-9, f"it is not twice {x:.2f}"
        yield found == 2 * x, "it is off"
    many = rng.standard_normal(5)
    gap = np.asarray(answer(many)) - 2 * many
    yield np.abs(gap).max() < 1e-9, "it is off"
    yield rng.random() != rng.random(), "there is no chance"


def everything(self, *_):
    return self


class Yes:
    """Agrees to everything."""

    shape, ndim, dtype, size, because, status = (5,), 1, float, 1, "", "right"

    def __eq__(self, other):
        return True

    __lt__ = __le__ = __gt__ = __ge__ = __bool__ = lambda self, *_: True
    __hash__ = None
    __sub__ = __rsub__ = __add__ = __radd__ = __mul__ = __rmul__ = __abs__ = everything
    __truediv__ = __matmul__ = __getitem__ = max = __call__ = ravel = everything

    def __array_ufunc__(self, *args, **options):
        return self


class YesNumber(float):
    """A number that agrees to everything."""

    __eq__ = __lt__ = lambda self, other: True
    __sub__ = __rsub__ = lambda self, other: 0.0
    __hash__ = None


class YesArray(np.ndarray):
    """An array that agrees to everything."""

    def __array_ufunc__(self, ufunc, method, *args, **options):
        return np.zeros(5)


def replaces_exercise(x):
    labkit.Exercise.__call__ = lambda *_: labkit.exercise.Verdict("right")
    labkit.exercise.Exercise._verdict = lambda *_: labkit.exercise.Verdict("right")
    return 0 * x


def replaces_numpy(x):
    np.abs = lambda *_: np.zeros(1)
    np.asarray = lambda value, *_: 2 * value
    return 0 * x


def draws_nothing(x):
    return 0 * x


def looks_for_the_check(x):
    import gc

    for one in gc.get_objects():
        if type(one).__name__ == "Session" and "wire" in vars(one):
            one.objects.known[0] = labkit.exercise.Verdict("right")
    return labkit.exercise.Verdict("right")


@pytest.mark.parametrize(
    "answer",
    [
        lambda _: Yes(),
        lambda _: YesNumber(1.0),
        lambda x: np.zeros(np.shape(x)).view(YesArray),
        Yes(),
        Yes,
        replaces_exercise,
        replaces_numpy,
        looks_for_the_check,
        lambda _: labkit.exercise.Verdict("right"),
        lambda _: np.array([Yes()] * 5, dtype=object),
    ],
    ids=[
        "object",
        "number",
        "array",
        "value",
        "class",
        "exercise",
        "numpy",
        "gc",
        "verdict",
        "objects",
    ],
)
def test_no_answer_agrees_to_everything(answer):
    assert far(check_double, answer)[0] == "not right yet"


def sends(*replies, monkeypatch):
    """Let the student's kernel reply to a call with these data."""
    left = list(replies)

    def value(self, value):
        return left.pop(0) if isinstance(value, Marker) and left else real(self, value)

    real = encode.Encoder.value
    monkeypatch.setattr(encode.Encoder, "value", value)


class Marker:
    """Stands for what is sent in its place."""


ARRAY = {"is": "array", "dtype": "<f8", "shape": [5], "at": 0}
HELD = {"is": "held", "place": 0, "of": []}
OBJECT = {"is": "object", "number": -9, "class": {"number": -8, "name": "A", "has": ["__call__"],
          "bases": [["numpy", "bool_"]], "lab": "", "under": ""}}  # fmt: skip
NAMED = {**OBJECT["class"], "is": "class", "bases": [["os", "system"]]}
HARMLESS = [{"is": "range", "of": [0, 10**18, 1]}, OBJECT, NAMED]


@pytest.mark.parametrize(
    "data",
    [
        {**HELD, "of": [["status", "right"]], "class": "Verdict", "module": "labkit.exercise"},
        {**HELD, "class": "Path", "module": "labkit.datasets"},
        {**HELD, "class": "Popen", "module": "subprocess"},
        {"is": "array", "dtype": "O", "shape": [5], "at": 0},
        {"is": "array", "dtype": "(3,)f8", "shape": [5], "at": 0},
        {"is": "array", "dtype": "<f8", "shape": [10**12], "at": 0},
        {"is": "array", "dtype": "<f8", "shape": [-1], "at": 10**6},
        {"is": "namedtuple", "name": "A", "fields": ["x, y): pass\nimport os\ndef f(z"], "of": [1]},
        {"is": "function", "number": 0, "name": "f", "signature": [["a b", 9, 0]]},
        {"is": "yours", "number": 99},
        {"is": "again", "place": 3},
        {"is": "sparse", "name": "os", "shape": [10**9, 10**9], "of": [ARRAY]},
        *HARMLESS,
        {"is": "int", "of": "0xg"},
        {"is": "__class__"},
        {"is": ["list"]},
        {"is": "module", "place": 0},
        {"of": 3},
    ],
    ids=str,
)  # fmt: skip
def test_what_is_no_answer_is_an_error_of_the_answer(data, monkeypatch):
    sends(data, monkeypatch=monkeypatch)
    status, because = far(check_double, lambda _: Marker())
    assert status == "not right yet"
    assert because.startswith("it raised FaultError") or data in HARMLESS


def lies(monkeypatch, **changes):
    """Let the student's kernel send other messages than it should."""
    real = serve.Session.send

    def send(self, body, buffers=()):
        real(self, {name: changes.get(name, part) for name, part in body.items()}, buffers)

    monkeypatch.setattr(serve.Session, "send", send)


@pytest.mark.parametrize(
    "changes",
    [
        {"sources": [[0, {}]]},
        {"sources": [["a"]]},
        {"sources": 3},
        {"result": None},
        {"seconds": "x"},
    ],
    ids=str,
)
def test_a_message_that_is_wrong_is_not_right(changes, monkeypatch):
    lies(monkeypatch, **changes)
    assert far(check_double, draws_nothing)[0] == "not right yet"


@pytest.mark.parametrize("make", [np.random.default_rng, labkit.RStream])
def test_a_source_of_random_numbers_stays_the_one_that_it_was(monkeypatch, make):
    @Exercise
    def check_it(answer):
        rng = make(0)
        answer(rng)
        yield rng.standard_normal(2).shape == (2,), "nothing was drawn"

    real = serve.state_of

    def other(source):
        state = real(source)
        if "held" in state:
            state["held"] |= {"standard_normal": "mine"}
        else:
            state["state"] = {"state": 0, "inc": 0}
        return state

    monkeypatch.setattr(serve, "state_of", other)
    assert "FaultError" in far(check_it, lambda _: 1.0)[1]


def test_a_source_that_an_answer_was_not_given_is_not_moved(monkeypatch):
    @Exercise
    def check_it(answer):
        answer()
        yield np.random.random_sample() == 0, "it draws what it likes"  # noqa: NPY002

    zeros = {"is": "tuple", "of": ["MT19937", [0] * 624, 624, 0, 0.0]}
    before = np.random.get_state()  # noqa: NPY002
    lies(monkeypatch, sources=[[-1, zeros]])
    status, because = far(check_it, lambda: 1.0)
    np.random.set_state(before)  # noqa: NPY002
    assert (status, "FaultError" in because) == ("not right yet", True)


def raw(*frames):
    """Judge what a kernel sends that writes these bytes."""
    theirs, ours = socket.socketpair()
    child = os.fork()
    if child == 0:
        ours.close()
        try:
            Wire(theirs).send({"ready": "double"}, [])
            for frame in frames:
                theirs.sendall(frame)
        finally:
            os._exit(0)
    theirs.close()
    try:
        return verdict(Wire(ours), "double", check_double, b"")
    finally:
        ours.close()
        os.waitpid(child, 0)


def framed(text, total=0):
    return struct.pack("!QQ", len(text), total) + text


@pytest.mark.parametrize(
    "frame",
    [
        b"", b"\x80\x04cos\nsystem\n(S'true'\ntR.", framed(b"["), framed(b"[" * 100_000),
        framed(json.dumps(["right", []]).encode()), framed(json.dumps([{}, [-1, 1]]).encode()),
        struct.pack("!QQ", 10, 10 * 2**30), struct.pack("!QQ", 2**63, 0), framed(b"[{}, []]"),
    ],
    ids=range(9),
)  # fmt: skip
def test_what_is_no_message_ends_the_exercise(frame):
    with suppress(EndedError):
        assert raw(frame)["status"] == "not right yet"


def test_an_answer_that_is_too_large_is_told_so():
    status, because = far(check_double, lambda _: np.zeros(LARGEST // 8 + 9))
    assert status == "not right yet"
    assert "are more than the 256 that are read" in because


def test_an_answer_that_goes_on_for_ever_is_interrupted_at_once_and_for_all():
    @Exercise
    def check_it(answer):
        try:
            answer()
        except Exception:
            yield True, ""
        answer()

    def forever():
        while True:
            pass

    assert far(check_it, forever, seconds=0.5)[1].startswith("it raised KeyboardInterrupt")


def test_nothing_of_the_check_is_in_the_students_process():
    """What a fork shares is not looked at: only what a session holds of what was sent."""

    @Exercise
    def check_it(answer):
        secret = 42.5

        def given(x, hidden=secret):
            return x + hidden

        yield answer(given, 1.0) == 0.0, "it was found"

    def looks(f, x):
        held = [
            *vars(f).values(),
            getattr(f, "__defaults__", None),
            getattr(f, "__closure__", None),
        ]
        session = f._session
        held += [session.objects.known, session.callbacks, session.sources]
        return 43.5 if "42.5" in repr(held) or f._here else 0.0

    assert far(check_it, looks) == ("right", "")


def test_the_encoder_asks_for_no_more_than_the_operators_that_give_nothing_away():
    given_away = {"__rsub__", "__eq__", "__contains__", "__array_ufunc__", "__array_function__"}
    assert given_away.isdisjoint(objects.ASKED)


@pytest.mark.parametrize("kind", ["O", "V8", "S3", "U3", "i4,i4"])
def test_an_array_of_objects_or_text_is_not_read_from_raw_bytes(kind):
    with pytest.raises(FaultError, match=r"arrays of .* are not read"):
        numpy_dtype(kind)
