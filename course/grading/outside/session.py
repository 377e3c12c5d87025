"""The check's end of the connection: asks about an answer, and lets it call what it was given."""

import pickle
import sys
from collections.abc import Iterator
from typing import Any

from course.grading.inside.sources import kind_of, may_follow, state_of, take_state
from course.grading.inside.wire import Buffers, TooLargeError, Wire
from course.grading.outside.arguments import Arguments
from course.grading.outside.clock import CLOCK
from course.grading.outside.decode import Decoder, FaultError
from course.grading.outside.raised import raised
from course.grading.outside.stand_in import Objects


class EndedError(BaseException):
    """The student's kernel is gone, or sends what is no message: there is nobody to ask."""


class Session:
    """One exercise."""

    def __init__(self, wire: Wire, classes: dict[str, type]) -> None:
        self.wire, self.classes = wire, classes
        self.sent = Arguments(classes)
        self.objects = Objects(self)
        self.asks_a_class = False
        self.shared: list[int] = []  # the sources of random numbers that an answer may move

    def begin(self, names: bytes) -> Any:
        """Return what stands here for the student's answer; `names` are those of the lab."""
        self.send({"op": "begin", "classes": list(self.classes)}, [names])
        answer = self.result(*self.reply())
        self.asks_a_class = isinstance(answer, type)
        return answer

    def end(self) -> None:
        """Tell the student's kernel that this exercise is done."""
        self.send({"op": "done"}, [])

    def ask(self, op: str, number: int, payload: Any = None, name: str = "") -> Any:
        """Ask about an object: its result, or its error, comes back."""
        buffers: Buffers = [self.sent.dumps(payload)]
        self.shared, states = self.sent.sources()
        body = {"op": op, "number": number, "name": name, "sources": self.shared}
        started = CLOCK.now()
        self.send(body, [*buffers, states])
        reply, parts = self.reply()
        CLOCK.asked(started, reply.get("seconds"))
        return self.result(reply, parts)

    def call(self, number: int, args: Any, options: Any, name: str = "") -> Any:
        """Call an object of the student's, or a method of it."""
        return self.ask("call", number, (args, options), name)

    def reply(self) -> tuple[dict[str, Any], list[memoryview]]:
        """Return the reply; meanwhile, the student's kernel may call functions."""
        body, buffers = self.receive()
        while "callback" in body:
            self.call_back(body, buffers)
            body, buffers = self.receive()
        return body, buffers

    def result(self, body: dict[str, Any], buffers: list[memoryview]) -> Any:
        """Return or raise what came."""
        decoder = self.decoder(buffers)
        with faults():
            self.take_sources(body, decoder)
            if "error" in body:
                error = raised(body["error"])
            else:
                return decoder.value(body["result"])
        raise error

    def take_sources(self, body: dict[str, Any], decoder: Decoder) -> None:
        """Bring the check's sources to where the answer has left them."""
        for number, state in body["sources"]:
            if number not in self.shared:
                raise FaultError("there is no such source of random numbers")
            source = self.sent.source_of(number)
            came = decoder.value(state)
            if not may_follow(came, state_of(source)):
                raise FaultError("a source of random numbers has become another one")
            take_state(source, kind_of(source), came)

    def decoder(self, buffers: list[memoryview]) -> Decoder:
        """Return what reads a message."""
        return Decoder(buffers, self.objects.stand_in)

    def call_back(self, body: dict[str, Any], buffers: list[memoryview]) -> None:
        """Call a function of the check for the student's answer, and send what came of it."""
        decoder = self.decoder(buffers)
        op, whole = "returned", None
        try:
            with faults():
                self.take_sources(body, decoder)
                called = self.sent.values[body["callback"]]
                args, options = decoder.value(body["args"])
            value = next(called) if isinstance(called, Iterator) else called(*args, **options)
            if body["traced"] and has_graph(value):
                op, value, whole = "here", called, called
        except FaultError as error:
            op, value = "raised", TypeError(str(error))
        except Exception as error:
            op, value = "raised", error
        try:
            data = self.sent.dumps(value, whole=whole)
        except (TypeError, AttributeError, pickle.PicklingError):
            op, data = "raised", self.sent.dumps(RuntimeError(f"{type(value).__name__}: {value}"))
        self.shared, states = self.sent.sources()
        self.send({"op": op, "sources": self.shared}, [data, states])

    def send(self, body: Any, buffers: Buffers) -> None:
        """Send a message."""
        try:
            self.wire.send(body, buffers)
        except OSError as error:
            raise EndedError from error

    def receive(self) -> tuple[dict[str, Any], list[memoryview]]:
        """Return the next message."""
        try:
            body, buffers = self.wire.receive()
        except (OSError, EOFError) as error:
            raise EndedError from error
        except (TooLargeError, ValueError, TypeError, RecursionError, MemoryError) as error:
            raise EndedError(f"what it returns can't be read: {error}") from error
        if not isinstance(body, dict):
            raise EndedError("what it returns can't be read: it is no message")
        return body, buffers


class faults:  # noqa: N801
    """Turns what data that are none may raise into one error of the answer's."""

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: Any, error: Any, trace: Any) -> None:
        """Raise in its place."""
        if isinstance(error, Exception) and not isinstance(error, FaultError):
            raise FaultError(f"what it returns can't be read ({kind.__name__}: {error})") from error


def has_graph(value: Any) -> bool:
    """Tell whether torch keeps a graph of a value or of a part of it."""
    torch = sys.modules.get("torch")
    if isinstance(value, list | tuple):
        return any(map(has_graph, value))
    return torch is not None and isinstance(value, torch.Tensor) and bool(value.requires_grad)
