"""Messages between the student's kernel and the check: JSON and raw bytes, of bounded size."""

import json
import socket
import struct
from typing import Any

HEAD = struct.Struct("!QQ")  # the bytes of the JSON, and of the buffers behind it
MIB = 2**20
LARGEST = 256 * MIB  # of what comes out of the student's kernel
JSON_LARGEST = 64 * MIB
Buffers = list[bytes | memoryview]


class TooLargeError(Exception):
    """A message is larger than what is read."""


class Wire:
    """One end of a connection. `largest` bounds what is received."""

    def __init__(self, end: socket.socket, largest: int | None = LARGEST) -> None:
        self.end, self.largest = end, largest

    def send(self, body: Any, buffers: Buffers, largest: int | None = None) -> None:
        """Send a JSON value and buffers; TooLargeError, before anything is sent."""
        sizes = [memoryview(buffer).nbytes for buffer in buffers]
        text = json.dumps([body, sizes]).encode("ascii")
        if largest is not None and (sum(sizes) > largest or len(text) > JSON_LARGEST):
            size = (sum(sizes) + len(text)) // MIB
            raise TooLargeError(f"its {size} MiB are more than the {LARGEST // MIB} that are read")
        self.end.sendall(b"".join([HEAD.pack(len(text), sum(sizes)), text, *buffers]))

    def receive(self) -> tuple[Any, list[memoryview]]:
        """Return the next message; EOFError where there is none, ValueError where it is none."""
        length, total = HEAD.unpack(self._read(HEAD.size))
        if self.largest is not None and (total > self.largest or length > JSON_LARGEST):
            raise TooLargeError(f"its {(length + total) // MIB} MiB are not read")
        text, data = self._read(length), self._read(total)
        body, sizes = json.loads(bytes(text))
        parts, start = [], 0
        for size in sizes:
            parts.append(data[start : start + size])
            start += size
        if start != total or any(size < 0 for size in sizes):
            raise ValueError("its buffers are not as long as it says")
        return body, parts

    def _read(self, size: int) -> memoryview:
        view = memoryview(bytearray(size))
        done = 0
        while done < size:
            count = self.end.recv_into(view[done:])
            if not count:
                raise EOFError("the connection has ended")
            done += count
        return view
