"""GET and POST over kept HTTP/1.1 connections, with one deadline for all of it: a socket's own timeout begins anew with every byte.

Written by hand because a cached answer and an event cost what this costs: the standard library's client takes several times the CPU
(docs/decisions/0020).
"""

import socket
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass

KEPT = 16  # connections at most
LARGEST_HEAD = 65_536
_READ = 65_536


class Failed(Exception):
    """No complete answer; `timed_out` when the time was up."""

    def __init__(self, what: str, *, timed_out: bool = False) -> None:
        super().__init__(what)
        self.timed_out = timed_out


class _Malformed(Exception):
    """What came is no complete answer."""


@dataclass(frozen=True)
class Answer:
    """A complete answer; names of headers are in lower case, and of several equal ones the last is here."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class KeepAlive:
    """The connections to one server, for all threads of one process: a forked child must make an object of its own."""

    def __init__(self, host: str, port: int, *, largest: int) -> None:
        self._host, self._port, self._largest = host, port, largest
        self._free: deque[socket.socket] = deque()
        self._closed = threading.Event()

    def get(self, path: str, headers: Mapping[str, str], timeout: float) -> Answer:
        """The answer. A kept connection that the server has closed meanwhile is replaced once. Raises Failed in time."""
        return self._ask(self._message("GET", path, headers), timeout)

    def post(self, path: str, headers: Mapping[str, str], body: bytes, timeout: float) -> Answer:
        """As `get`, so the server may get it twice: only for what may be repeated."""
        return self._ask(self._message("POST", path, {**headers, "Content-Length": str(len(body))}) + body, timeout)

    def _ask(self, message: bytes, timeout: float) -> Answer:
        deadline = time.monotonic() + timeout
        kept = self._kept()
        try:
            if kept is not None:
                try:
                    return self._exchange(kept, message, deadline)
                except (ConnectionError, _Malformed):
                    pass  # closed by then: the sidecar was restarted
            return self._exchange(self._open(deadline), message, deadline)
        except (OSError, _Malformed) as error:
            raise Failed(str(error) or type(error).__name__, timed_out=isinstance(error, TimeoutError)) from error

    def close(self) -> None:
        """Close the connections that are not in use; those that are will be afterwards."""
        self._closed.set()
        while (connection := self._kept()) is not None:
            connection.close()

    def _kept(self) -> socket.socket | None:
        try:
            return self._free.pop()
        except IndexError:
            return None

    def _open(self, deadline: float) -> socket.socket:
        connection = socket.create_connection((self._host, self._port), timeout=max(deadline - time.monotonic(), 0.001))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def _message(self, method: str, path: str, headers: Mapping[str, str]) -> bytes:
        lines = [f"{method} {path} HTTP/1.1", f"Host: {self._host}:{self._port}", *(f"{name}: {value}" for name, value in headers.items())]
        if not all(map(str.isprintable, lines)):
            raise Failed("a header or the path holds a line break")
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")

    def _exchange(self, connection: socket.socket, message: bytes, deadline: float) -> Answer:
        keep = False
        try:
            reading = _Reading(connection, deadline)
            connection.settimeout(reading.left())
            connection.sendall(message)
            status, headers = _head(reading.until(b"\r\n\r\n", LARGEST_HEAD))
            body = _body(reading, status, headers, self._largest)
            keep = not reading.buffer and "close" not in headers.get("connection", "").lower()
            return Answer(status, headers, body)
        finally:
            if keep and not self._closed.is_set() and len(self._free) < KEPT:
                self._free.append(connection)
            else:
                connection.close()


class _Reading:
    """What has arrived of one answer and was not used yet."""

    def __init__(self, connection: socket.socket, deadline: float) -> None:
        self._connection, self._deadline = connection, deadline
        self.buffer = b""

    def left(self) -> float:
        """Seconds. Raises TimeoutError when there are none."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        return left

    def more(self, size: int = _READ) -> bytes:
        """The next bytes from the server, `size` at most."""
        self._connection.settimeout(self.left())
        received = self._connection.recv(size)
        if not received:
            raise _Malformed("the connection ended within the answer")
        return received

    def until(self, end: bytes, largest: int) -> bytes:
        """All that comes before `end`, which is used up too."""
        while (at := self.buffer.find(end)) < 0:
            if len(self.buffer) > largest:
                raise _Malformed("larger than allowed")
            self.buffer += self.more()
        found, self.buffer = self.buffer[:at], self.buffer[at + len(end) :]
        return found

    def exactly(self, size: int) -> bytes:
        """So many bytes."""
        parts, missing = [self.buffer[:size]], size - len(self.buffer)
        self.buffer = self.buffer[size:]
        while missing > 0:
            parts.append(self.more(missing))
            missing -= len(parts[-1])
        return b"".join(parts)


def _head(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").split("\r\n")
    version, _, rest = first.partition(" ")
    if not version.startswith("HTTP/1.") or not rest[:3].isdecimal():
        raise _Malformed("no answer in HTTP/1")
    pairs = (line.partition(":") for line in lines)
    return int(rest[:3]), {name.lower(): value.strip() for name, _, value in pairs}


def _body(reading: _Reading, status: int, headers: Mapping[str, str], largest: int) -> bytes:
    """The body as RFC 9112, section 6 frames it; one that only the end of the connection ends is refused, since it could be cut short."""
    if status in (204, 304):
        return b""
    if "transfer-encoding" in headers:
        return _chunks(reading, largest)
    return reading.exactly(_size(headers.get("content-length", ""), 10, largest))


def _chunks(reading: _Reading, largest: int) -> bytes:
    chunks: list[bytes] = []
    while size := _size(reading.until(b"\r\n", LARGEST_HEAD).decode("latin-1").partition(";")[0].strip(), 16, largest):
        largest -= size
        chunks.append(reading.exactly(size))
        if reading.exactly(2) != b"\r\n":
            raise _Malformed("a chunk does not end where it should")
    while reading.until(b"\r\n", LARGEST_HEAD):
        pass  # trailers
    return b"".join(chunks)


def _size(text: str, base: int, largest: int) -> int:
    try:
        size = int(text if text.isalnum() else "", base)  # no sign, no "_"
    except ValueError as error:
        raise _Malformed("an answer without a size") from error
    if size > largest:
        raise _Malformed("larger than allowed")
    return size
