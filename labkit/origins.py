"""What a function stores into, followed back to the outer name or the attribute it came from."""

from __future__ import annotations

import dis
import functools
import re
import types
from collections.abc import Iterator
from typing import NamedTuple

_MUTATORS = {
    "add", "append", "appendleft", "clear", "discard", "extend", "insert", "pop", "popitem",
    "popleft", "remove", "setdefault", "update", "__setitem__",
}  # fmt: skip
_OUTER = {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_DEREF", "LOAD_CLASSDEREF"}
_NO_RESULT = ("STORE_", "POP_", "DELETE_", "END_")
_LEAVE = {"RETURN_VALUE", "RETURN_CONST", "RAISE_VARARGS", "RERAISE"}
_CONTAINER = {"STORE_SUBSCR": 2, "DELETE_SUBSCR": 2, "STORE_SLICE": 3}  # how deep it lies
_JUMPS = {*dis.hasjrel, *dis.hasjabs}
_FAST = re.compile(r"(LOAD|STORE)_FAST")
_SELF = "self."  # what stands before an attribute; alone, the object itself
_Origins = frozenset[str]
_NOWHERE: _Origins = frozenset()


class Stores(NamedTuple):
    """What a function binds anew outside itself, and what it may change; `a.b` is an attribute."""

    bound: frozenset[str]
    changed: frozenset[str]


@functools.lru_cache(maxsize=512)
def stores(code: types.CodeType, method: bool = False) -> Stores:
    """Return what a function, and code within it, stores into outside itself."""
    owner = code.co_varnames[0] if method and code.co_argcount else None
    bound: set[str] = set()
    changed: set[str] = set()
    for own in all_code(code):
        walk = _Walk(frozenset(code.co_freevars), owner)
        for instruction in dis.get_instructions(own):
            walk.take(instruction)
        bound |= walk.bound
        changed |= walk.changed
    return Stores(frozenset(bound), frozenset(changed))


@functools.lru_cache(maxsize=512)
def looked_up(code: types.CodeType) -> frozenset[str]:
    """Return the names that code, and the code within it, looks up globally."""
    return frozenset(
        i.argval
        for own in all_code(code)
        for i in dis.get_instructions(own)
        if i.opname in {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"}
    )


def all_code(code: types.CodeType) -> Iterator[types.CodeType]:
    """Return code, and the code of the functions and classes within it."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from all_code(constant)


class _Walk:
    """The stack of a function as it runs, with the origins of each value instead of the value.

    An instruction that is not named here takes and gives as many values as Python says it does,
    and what it gives comes from nowhere: so those of other versions of Python do no harm.
    """

    def __init__(self, free: frozenset[str], owner: str | None) -> None:
        self.free, self.owner = free, owner
        self.stack: list[_Origins] = []
        self.local: dict[str, _Origins] = {} if owner is None else {owner: frozenset({_SELF})}
        self.at: dict[int, list[_Origins]] = {}  # stacks with which a jump arrives
        self.left = False  # whether the instruction before leads elsewhere
        self.bound: set[str] = set()
        self.changed: set[str] = set()

    def take(self, i: dis.Instruction) -> None:
        if self.left or i.offset in self.at:
            arriving = self.at.pop(i.offset, [])
            self.stack = arriving if self.left else _either(self.stack, arriving)
        arg = i.arg if i.opcode >= dis.HAVE_ARGUMENT else None
        if i.opcode in _JUMPS and i.argval > i.offset:
            landing = [*self.stack]
            _resize(landing, dis.stack_effect(i.opcode, arg, jump=True))
            self.at[i.argval] = _either(landing, self.at.get(i.argval, landing))
        self._record(i)
        self._move(i, dis.stack_effect(i.opcode, arg, jump=False))
        jumps = i.opname.startswith("JUMP_") and "IF" not in i.opname
        self.left = jumps or i.opname in _LEAVE

    def _record(self, i: dis.Instruction) -> None:
        name = i.opname
        if name in {"STORE_GLOBAL", "DELETE_GLOBAL"}:
            self.bound.add(i.argval)
        elif name in {"STORE_DEREF", "DELETE_DEREF"}:
            self.bound |= {i.argval} & self.free
        elif name in {"STORE_ATTR", "DELETE_ATTR"}:
            of = {o.removesuffix(".") for o in self._top() if o == _SELF or "." not in o}
            self.bound |= {f"{o}.{i.argval}" for o in of}
        elif name in _CONTAINER:
            self.changed |= self._top(_CONTAINER[name])
        elif name in {"LOAD_METHOD", "LOAD_ATTR"} and i.argval in _MUTATORS:
            self.changed |= self._top()

    def _move(self, i: dis.Instruction, effect: int) -> None:
        if fast := _FAST.findall(i.opname):
            names = i.argval if isinstance(i.argval, tuple) else (i.argval,)
            for kind, name in zip(fast, names, strict=True):
                if kind == "LOAD":
                    self.stack.append(self.local.get(name, _NOWHERE))
                else:
                    self.local[name] = self._pop()
        elif i.opname in _OUTER and effect == 1:
            self.stack.append(self._outer(i))
        elif i.opname.startswith("LOAD_FROM_DICT_OR"):
            self._pop()
            self.stack.append(self._outer(i))
        elif i.opname == "LOAD_ATTR" and effect == 0:
            of = self._pop()
            self.stack.append(frozenset(_SELF + i.argval if o == _SELF else o for o in of))
        elif i.opname == "BINARY_SUBSCR" or (i.opname, i.argrepr) == ("BINARY_OP", "[]"):
            self._pop()  # the key: an item comes from where its container does
        elif i.opname == "COPY":
            self.stack.append(self._top(i.arg or 1))
        elif i.opname == "SWAP":
            depth = i.arg or 1
            _resize(self.stack, max(0, depth - len(self.stack)), below=True)
            self.stack[-1], self.stack[-depth] = self.stack[-depth], self.stack[-1]
        elif i.opname == "FOR_ITER":
            self.stack.append(self._top())
        else:
            _resize(self.stack, effect)
            makes = effect < 0 or i.opname.startswith("BUILD_")
            if makes and self.stack and not i.opname.startswith(_NO_RESULT):
                self.stack[-1] = _NOWHERE

    def _outer(self, i: dis.Instruction) -> _Origins:
        if i.argval == self.owner:
            return frozenset({_SELF})
        inner = i.opname.endswith("DEREF") and i.argval not in self.free
        return _NOWHERE if inner else frozenset({i.argval})

    def _top(self, depth: int = 1) -> _Origins:
        return self.stack[-depth] if depth <= len(self.stack) else _NOWHERE

    def _pop(self) -> _Origins:
        return self.stack.pop() if self.stack else _NOWHERE


def _resize(stack: list[_Origins], by: int, below: bool = False) -> None:
    if by < 0:
        del stack[by:]
    elif below:
        stack[:0] = [_NOWHERE] * by
    else:
        stack += [_NOWHERE] * by


def _either(one: list[_Origins], other: list[_Origins]) -> list[_Origins]:
    """Return what comes from either of two stacks, which agree in depth wherever both are known."""
    longer, shorter = (one, other) if len(one) >= len(other) else (other, one)
    beneath = len(longer) - len(shorter)
    return longer[:beneath] + [a | b for a, b in zip(longer[beneath:], shorter, strict=True)]
