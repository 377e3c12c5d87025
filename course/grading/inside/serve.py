"""Answers in the student's kernel what a check asks about an answer."""

import copy
import io
import pickle
import signal
import socket
import time
from typing import Any

from .callbacks import Callback, Unpickler
from .encode import Encoder
from .failure import failure
from .objects import Objects
from .sources import everybodys, state_of, take_state
from .wire import LARGEST, Wire


class Session:
    """What one exercise's check asks, from "begin" to "done"."""

    def __init__(self, wire: Wire, names: dict[str, Any], name: str) -> None:
        self.wire, self.names, self.name = wire, names, name
        self.objects = Objects()
        self.sources: dict[int, Any] = {}
        self.recent: list[int] = []  # those whose places both sides keep alike
        self.callbacks: dict[int, Callback] = {}
        self.working = self.late = False
        self.started = 0.0

    def serve(self) -> None:
        """Answer until the check is done; an interrupt ends the answer at work, not this."""
        before = signal.signal(signal.SIGINT, self.interrupt)
        try:
            self.send({"ready": self.name, "missing": f"my_{self.name}" not in self.names})
            while True:
                body, buffers = self.wire.receive()
                if body["op"] == "done":
                    return
                self.reply(body, buffers)
        finally:
            signal.signal(signal.SIGINT, before)

    def interrupt(self, *_: object) -> None:
        """End what the student's code does; all that it is asked later ends as well."""
        self.late = True
        if self.working:
            raise KeyboardInterrupt

    def send(self, body: Any, buffers: Any = ()) -> None:
        """Send a message that the check will read."""
        self.wire.send(body, list(buffers), LARGEST)

    def reply(self, body: dict[str, Any], buffers: list[memoryview]) -> None:
        """Do what is asked, and send what came of it."""
        answer = None
        outer, self.working = (self.working, self.started), True
        encoder = Encoder(self.objects.describe)
        try:
            if self.late:
                raise KeyboardInterrupt
            self.started = time.perf_counter()
            if body["op"] != "begin":
                self.take_sources(body, buffers)
            answer = self.objects.known.get(body["number"]) if body["op"] == "call" else None
            result = getattr(self, f"do_{body['op']}")(body, buffers)
            seconds = time.perf_counter() - self.started
            result = {"result": encoder.value(result), "seconds": seconds}
        except BaseException as error:  # whatever the student's code raises
            encoder = Encoder(self.objects.describe)
            result = {"error": failure(error, answer)}
        self.working, self.started = outer
        try:
            states = [[n, encoder.value(state_of(self.sources[n]))] for n in self.recent]
            self.send(result | {"sources": states}, encoder.buffers)
        except Exception as error:  # too large
            self.send({"error": failure(error), "sources": []})

    def loads(self, buffer: memoryview) -> Any:
        """Read what the check sends, and know its objects."""
        unpickler = Unpickler(io.BytesIO(buffer), self)
        value, sent = unpickler.load(), unpickler.load()
        for number, one in sent:
            self.objects.receive(number, one)
        return value

    def take_sources(self, body: dict[str, Any], buffers: list[memoryview]) -> None:
        """Bring the check's sources of random numbers to where they stand there."""
        self.recent = body["sources"]
        for number, kind, state in self.loads(buffers[-1]):
            if number < 0 and number not in self.sources:
                self.sources |= everybodys()
            self.sources[number] = take_state(self.sources.get(number), kind, state)

    # --- what a check may ask ---------------------------------------------------------------------

    def do_begin(self, body: dict[str, Any], buffers: list[memoryview]) -> Any:
        """Give the lab's names their meaning in the lab, and return the answer."""
        self.objects.earlier = {name: self.names.get(name) for name in body["classes"]}
        if buffers[0]:
            self.names.update(pickle.loads(buffers[0]))
        self.objects.classes = {
            name: self.names[name] for name in body["classes"] if name in self.names
        }
        return self.names[f"my_{self.name}"]

    def do_call(self, body: dict[str, Any], buffers: list[memoryview]) -> Any:
        """Call an object, or a method of it."""
        args, options = self.loads(buffers[0])
        self.started = time.perf_counter()
        called = self.objects.known[body["number"]]
        return (getattr(called, body["name"]) if body["name"] else called)(*args, **options)

    def do_get(self, body: dict[str, Any], _: list[memoryview]) -> Any:
        """Return an attribute."""
        return getattr(self.objects.known[body["number"]], body["name"])

    def do_set(self, body: dict[str, Any], buffers: list[memoryview]) -> None:
        """Set an attribute."""
        (value,), _ = self.loads(buffers[0])
        setattr(self.objects.known[body["number"]], body["name"], value)

    def do_copy(self, body: dict[str, Any], _: list[memoryview]) -> Any:
        """Return a deep copy, in which what the check has sent stays itself."""
        memo = {id(value): value for n, value in self.objects.known.items() if n >= 0}
        return copy.deepcopy(self.objects.known[body["number"]], memo)

    def do_forward(self, body: dict[str, Any], buffers: list[memoryview]) -> Any:
        """Return what a module of torch makes of its arguments."""
        from .modules import forward

        return forward(self, self.objects.known[body["number"]], *self.loads(buffers[0])[0])

    def do_backward(self, body: dict[str, Any], buffers: list[memoryview]) -> Any:
        """Return the gradients of what a module returned."""
        from .modules import backward

        return backward(self.objects.known[body["number"]], *self.loads(buffers[0])[0])

    # --- functions of the check -------------------------------------------------------------------

    def callback(self, number: int, name: str) -> Callback:
        """Return what stands for a function of the check."""
        return self.callbacks.setdefault(number, Callback(self, number, name))

    def call_back(
        self, number: int, args: Any, options: Any, traced: bool
    ) -> tuple[dict[str, Any], Any]:
        """Have the check call a function of its own; meanwhile, it may ask."""
        encoder = Encoder(self.objects.describe)
        called = encoder.value([list(args), options])
        states = [[n, encoder.value(state_of(self.sources[n]))] for n in self.recent]
        message = {"callback": number, "args": called, "traced": traced, "sources": states}
        self.send(message, encoder.buffers)
        outer, self.working = self.working, False
        try:
            while True:
                body, buffers = self.wire.receive()
                if body["op"] in ("returned", "raised", "here"):
                    break
                self.reply(body, buffers)
        finally:
            self.working = outer
        if self.late:
            raise KeyboardInterrupt
        self.take_sources(body, buffers)
        return body, self.loads(buffers[0])


class Bridge:
    """The kernel's end of the connection to the checks."""

    def __init__(self, number: int) -> None:
        end = socket.socket(fileno=number)
        end.set_inheritable(False)  # what the student's code starts can't answer
        self.wire = Wire(end, largest=None)

    def serve(self, name: str, names: dict[str, Any]) -> None:
        """Answer what one exercise's check asks about `my_NAME`."""
        Session(self.wire, names, name).serve()
