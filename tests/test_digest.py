"""A digest is equal exactly where all bits, types and shapes are."""

import collections
import copy
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="torch is not installed")

from labkit import digest as module  # noqa: E402  (only after torch was found)
from labkit.digest import digest  # noqa: E402

NAN = float("nan")
OTHER_NAN = float(np.uint64(0x7FF8000000000001).view(np.float64))
DISTINCT = [
    None, True, False, 1, 0, 2**70, 1.0, 0.0, -0.0, NAN, OTHER_NAN, float("inf"), 1j, 0j,
    -0j, "", "1", "1.0", "a", "\ud800", b"", b"1", b"a", bytearray(b"a"), "None", "True",
    (), [], {}, set(), (1,), [1], {1}, [1, 2], [2, 1], [[1], 2], [1, [2]], [[1, 2]], [12],
    ["ab"], ["a", "b"], {"a": 1}, {"a": 1.0}, {"a": 2}, {"b": 1}, {"a": 1, "b": 2},
    {"a": 2, "b": 1}, {1: "a"}, [("a", 1)], range(3), [0, 1, 2],
    torch.float32, torch.float64, torch.device("cpu"), torch.Size([1, 2]), "torch.float32",
    torch.zeros(4), torch.zeros(2, 2), torch.zeros(4, 1), torch.zeros(4, dtype=torch.int32),
    torch.zeros(4, dtype=torch.float16), torch.zeros(4, dtype=torch.bfloat16), torch.tensor(0.0),
    torch.zeros(1), torch.zeros(0), torch.zeros(0, 3), torch.zeros(3, 0), -torch.zeros(4),
    torch.tensor([False]), torch.tensor([True]), torch.tensor([NAN]), torch.tensor([1j]),
    torch.tensor([[1.0, 2.0], [3.0, 4.0]]), torch.tensor([[1.0, 3.0], [2.0, 4.0]]),
    torch.tensor([[1.0, 2.0], [4.0, 3.0]]),
    np.zeros(4), np.zeros(4, ">f8"), np.zeros((2, 2)), np.zeros(4, int), np.zeros(32, np.uint8),
    np.float64(1.0), np.float32(1.0), np.array(1.0), np.array(["a", "b"]), np.array(["a", "b "]),
    np.array([1, "a"], dtype=object), np.array([1.0, "a"], dtype=object),
    np.datetime64("2020-01-01"), np.datetime64("2020-01-02"),
    np.zeros(2, [("a", "f4"), ("b", "f4")]), np.zeros(2, [("a", "f4"), ("c", "f4")]),
]  # fmt: skip


def test_all_that_is_different_has_different_digests():
    digests = [digest(value) for value in DISTINCT]
    twice = [n for n, count in collections.Counter(digests).items() if count > 1]
    assert [[DISTINCT[i] for i, d in enumerate(digests) if d == n] for n in twice] == []
    assert all(len(d) == 64 and int(d, 16) for d in digests)


STORED = [
    (None, "52cc821f3e48994d"),
    ([True, 3, 1.5, 1j, "a", b"a", bytearray(b"a")], "290853fd59846c37"),
    ({"a": (1, 2), "b": {3, 4}}, "eb995135eb8a39a9"),
    ([torch.float32, torch.Size([2])], "7e1bfebf4a25931b"),
    (torch.arange(6.0).reshape(2, 3), "dc3b6e392136eb20"),
    (np.arange(6.0).reshape(2, 3), "654259e36c57a593"),
    (np.array([1, "a"], dtype=object), "e5276b51736cdad7"),
    (np.float32(0.5), "a3a26ce7e6a6cc8b"),
]


@pytest.mark.parametrize(("value", "first_digits"), STORED)
def test_a_digest_is_what_it_was_when_older_checkpoints_were_written(value, first_digits):
    assert digest(value).startswith(first_digits)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
NESTED = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def same(a, b):
    """Equality to the last bit, by the types' own means."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return np.float64(a).tobytes() == np.float64(b).tobytes()
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


@given(NESTED, NESTED)
def test_equal_exactly_if_the_same(a, b):
    assert (digest(a) == digest(b)) is same(a, b)


@given(NESTED)
def test_a_copy_has_the_same_digest(value):
    assert digest(copy.deepcopy(value)) == digest(value)


@given(st.dictionaries(st.text(), SCALARS), st.randoms())
def test_the_order_of_a_mapping_and_of_a_set_does_not_count(mapping, random):
    keys = list(mapping)
    random.shuffle(keys)
    assert digest({key: mapping[key] for key in keys}) == digest(mapping)
    assert digest(collections.OrderedDict(mapping)) == digest(mapping)
    assert digest(set(keys)) == digest(frozenset(mapping))


@given(st.lists(st.integers(0, 255), min_size=1, max_size=64), st.data())
def test_each_bit_of_a_tensor_and_of_an_array_counts(values, data):
    flipped = list(values)
    at = data.draw(st.integers(0, len(values) - 1))
    flipped[at] ^= 1 << data.draw(st.integers(0, 7))
    first, second = np.array(values, np.uint8), np.array(flipped, np.uint8)
    assert digest(first) != digest(second)
    assert digest(torch.from_numpy(first)) != digest(torch.from_numpy(second))


DTYPES = [
    torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.float16,
    torch.bfloat16, torch.float32, torch.float64, torch.complex64, torch.float8_e4m3fn,
]  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("piece", [1, 7, 24, 1 << 22])
def test_neither_strides_nor_pieces_count(dtype, piece, monkeypatch):
    monkeypatch.setattr(module, "_PIECE", piece)
    plain = torch.arange(60).reshape(3, 4, 5).to(dtype)
    assert digest(plain.clone().requires_grad_(plain.is_floating_point())) == digest(plain)
    turned = plain.transpose(0, 2).contiguous().transpose(0, 2)
    assert not turned.is_contiguous()
    every_second = torch.stack([plain, plain], -1).flatten(2)[..., ::2]
    assert digest(turned) == digest(plain) == digest(every_second)
    monkeypatch.undo()
    whole = digest(plain)
    monkeypatch.setattr(module, "_PIECE", piece)
    assert digest(plain) == whole
    assert digest(plain.transpose(0, 1)) != whole


@pytest.mark.parametrize("piece", [1, 24, 1 << 22])
def test_neither_strides_nor_pieces_of_an_array_count(piece, monkeypatch):
    plain = np.arange(60.0).reshape(3, 4, 5)
    whole = digest(plain)
    monkeypatch.setattr(module, "_PIECE", piece)
    assert digest(plain) == digest(np.asfortranarray(plain)) == whole
    assert digest(plain[::-1]) != whole


def test_lazy_conjugates_and_negatives_count_by_their_values():
    z = torch.tensor([1 + 2j, 3 - 1j])
    assert digest(z.conj()) == digest(torch.tensor([1 - 2j, 3 + 1j])) != digest(z)
    assert digest(z.conj().imag) == digest(torch.tensor([-2.0, 1.0]))


@pytest.mark.parametrize("value", [np.float64(0.5), np.float32(2), np.int64(3), np.bool_(True)])
def test_a_number_of_numpy_has_its_own_type(value):
    assert digest(value) == digest(type(value)(value)) != digest(value.item())


@pytest.mark.parametrize(
    "value",
    [object(), {"a": object()}, [len], torch.ones(2, device="meta"), torch.eye(2).to_sparse()],
    ids=["object", "within a dict", "function", "meta", "sparse"],
)
def test_what_has_no_plain_bytes_is_refused(value):
    with pytest.raises(TypeError, match=r"is not made of plain values|has no plain bytes"):
        digest(value)


def test_what_has_no_plain_bytes_is_named():
    with pytest.raises(TypeError) as caught:
        digest([len])
    assert str(caught.value) == (
        "<built-in function len> of type builtin_function_or_method is not made of plain values."
    )
    with pytest.raises(TypeError) as caught:
        digest(torch.eye(2).to_sparse())
    assert str(caught.value) == (
        "a torch.sparse_coo tensor on cpu has no plain bytes; use to_dense()."
    )


def test_the_digest_is_the_same_in_another_process():
    script = (
        "import torch; from labkit.digest import digest;"
        "print(digest({'a': {'x', 'y', 'z'}, 'b': [torch.arange(9.).reshape(3, 3).T, None]}))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        ).stdout
        for _ in range(2)
    }
    value = {"b": [torch.arange(9.0).reshape(3, 3).T, None], "a": {"z", "y", "x"}}
    assert told == {digest(value) + "\n"}


PEAK = """
import resource, torch
from labkit.digest import digest

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024

digest(torch.ones(9, 9).T)
{make}
before = peak()
digest(X)
print(peak() - before)
"""


@pytest.mark.parametrize(
    "make",
    ["X = torch.ones(4000, 10_000)", "X = torch.ones(10_000, 4000).T",
     "X = torch.ones(40_000_000)[None]", "X = torch.ones(4000, 10_000).numpy().T"],
    ids=["plain", "turned", "one row", "array"],
)  # fmt: skip
def test_digesting_160_mb_takes_no_second_160_mb(make):
    pytest.importorskip("resource", reason="not on Windows")
    done = subprocess.run(
        [sys.executable, "-c", PEAK.format(make=make)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert float(done.stdout) < 40
