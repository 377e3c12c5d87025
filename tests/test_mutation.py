"""The small wrong changes of a program: which there are, and what is left alone."""

import ast
from pathlib import Path

import pytest

from course.mutants.mutation import mutants

LABKIT = sorted((Path(__file__).parent.parent / "labkit").glob("*.py"))


def changes(source: str) -> list[str]:
    return [f"{m.before} -> {m.after}" for m in mutants(source)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a < b", ["a < b -> pass", "a < b -> a <= b", "a < b -> a >= b"]),
        ("a == b", ["a == b -> pass", "a == b -> a != b"]),
        ("x = a < b in c", [
            "x = a < b in c -> pass", "a < b in c -> a <= b in c", "a < b in c -> a >= b in c",
            "a < b in c -> a < b not in c",
        ]),
        ("x = a is b", ["x = a is b -> pass", "a is b -> a is not b"]),
        ("x = a + b", ["x = a + b -> pass", "a + b -> a - b"]),
        ("x = a @ b ** c", [
            "x = a @ b ** c -> pass", "a @ b ** c -> a * b ** c", "b ** c -> b * c",
        ]),
        ("x -= a", ["x -= a -> x += a", "x -= a -> pass"]),
        ("x = a and b", ["x = a and b -> pass", "a and b -> a or b"]),
        ("x = -a", ["x = -a -> pass", "-a -> a"]),
        ("x = all(a)", ["x = all(a) -> pass", "all -> any"]),
        ("x = max(a)", ["x = max(a) -> pass", "max -> min"]),
        ("f(a, b=c)", ["f(a, b=c) -> pass", "b=c -> "]),
        ("f(*a, **b)", ["f(*a, **b) -> pass"]),
        ("zip(a, b, strict=True)", ["zip(a, b, strict=True) -> pass"]),
        ("while f():\n    break", ["f() -> not f()", "break -> pass"]),
        ("if not a:\n    pass", ["not a -> a"]),
        ("x = [a for a in b if a]", ["x = [a for a in b if a] -> pass", "a -> not a"]),
        ("def f(a=1, *, b=True, c=None):\n    return a", [
            "True -> False", "1 -> 2", "return a -> return None",
        ]),
        ("def f():\n    return None\ndef g():\n    return", []),
        ("def f():\n    return False", ["False -> True"]),
        ("def f():\n    return True", ["return True -> return None", "True -> False"]),
        ("x = 0.5", ["x = 0.5 -> pass", "0.5 -> 1.0"]),
        ("x = 0.0", ["x = 0.0 -> pass", "0.0 -> 1.0"]),
        ("x = 'mean of A'", ["x = 'mean of A' -> pass", "'mean of A' -> 'A fo naem'"]),
        ("x = '--'", ["x = '--' -> pass", "'--' -> '--~'"]),
        ("raise E(f'{a:.3g} is, {b}, no')", [
            "raise E(f'{a:.3g} is, {b}, no') -> pass", "f'.3g' -> f'.4g'", "' is, ' -> ' ,si '",
            "', no' -> 'on ,'",
        ]),
        ("x = f'{a:g}, {b:9}'", ["x = f'{a:g}, {b:9}' -> pass", "f'9' -> f'0'"]),
    ],
    ids=lambda value: value.splitlines()[0] if isinstance(value, str) else "",
)  # fmt: skip
def test_every_small_change_is_made(source, expected):
    assert changes(source) == expected


UNSEEN = '''
"""A docstring with 3 words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol, TypeAlias

if TYPE_CHECKING:
    from x import y as z

Kind: TypeAlias = Literal["a"] | None
Stopped = Literal["budget"]

class Stream(Protocol):
    """One."""

    size: Literal["b"]

    def draw(self, size: Literal["c"]) -> Literal["d"]:
        """Two."""
        ...
'''


def test_what_no_test_can_see_is_left_alone():
    assert changes(UNSEEN) == []


def test_a_value_beside_an_annotation_is_seen():
    assert changes("x: Literal['a'] = 1") == ["1 -> 2"]


def test_the_changed_program_has_the_change_and_no_other():
    source = "x = 1  # one\nif a < x:\n    f(\n        b,\n        c=2,\n    )\n"
    found = {(m.line, m.before): m.source for m in mutants(source) if m.after != "pass"}
    assert found == {
        (1, "1"): "x = 2\nif a < x:\n    f(b, c=2)",
        (2, "a < x"): "x = 1\nif a >= x:\n    f(b, c=2)",  # the second of two
        (5, "c=2"): "x = 1\nif a < x:\n    f(b)",
        (5, "2"): "x = 1\nif a < x:\n    f(b, c=3)",
    }
    assert mutants(source)[0].original == source


def test_a_change_within_a_text_has_the_line_of_the_text():
    source = "\n\nx = f'''{a:.1f}\n{b +\n c} m'''"
    assert {m.line for m in mutants(source)} == {3}


@pytest.mark.parametrize("path", LABKIT, ids=lambda path: path.stem)
def test_a_mutant_of_a_module_is_another_module_that_compiles(path):
    source = path.read_text(encoding="utf-8")
    same = ast.unparse(ast.parse(source))
    for mutant in mutants(source)[::30]:
        assert mutant.source != same, mutant
        compile(mutant.source, path, "exec")
        assert 1 <= mutant.line <= source.count("\n")
