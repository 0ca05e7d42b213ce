"""GET over kept HTTP/1.1 connections, with one deadline for all of it: a socket's own timeout begins anew with every byte."""

import http.client
import io
import socket
import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KEPT = 16  # connections at most


class Failed(Exception):
    """No complete answer; `timed_out` when the time was up."""

    def __init__(self, what: str, *, timed_out: bool = False) -> None:
        super().__init__(what)
        self.timed_out = timed_out


@dataclass(frozen=True)
class Answer:
    """A complete answer."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes


class _Timed(io.RawIOBase):
    """A socket as http.client wants it, whose operations share a deadline."""

    def __init__(self, connected: socket.socket) -> None:
        self.socket = connected
        self.deadline = 0.0

    def _left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError
        return left

    def sendall(self, data: bytes) -> None:
        self.socket.settimeout(self._left())
        self.socket.sendall(data)

    def readinto(self, buffer: Any) -> int:
        self.socket.settimeout(self._left())
        return self.socket.recv_into(buffer)

    def readable(self) -> bool:
        return True

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Borrowed(self))

    def close(self) -> None:
        self.socket.close()
        super().close()


class _Borrowed(io.RawIOBase):
    """What one answer reads from: http.client closes it, and the connection stays."""

    def __init__(self, timed: _Timed) -> None:
        self._timed = timed

    def readinto(self, buffer: Any) -> int:
        return self._timed.readinto(buffer)

    def readable(self) -> bool:
        return True


class KeepAlive:
    """The connections to one server, for all threads of one process: a forked child must make an object of its own."""

    def __init__(self, host: str, port: int, *, largest: int) -> None:
        self._host, self._port, self._largest = host, port, largest
        self._free: deque[http.client.HTTPConnection] = deque()
        self._closed = threading.Event()

    def get(self, path: str, headers: Mapping[str, str], timeout: float) -> Answer:
        """The answer. A kept connection that the server has closed meanwhile is replaced once. Raises Failed in time."""
        deadline = time.monotonic() + timeout
        kept = self._kept()
        if kept is not None:
            try:
                return self._exchange(kept, path, headers, deadline)
            except (ConnectionError, http.client.BadStatusLine, http.client.IncompleteRead):
                kept.close()
        try:
            return self._exchange(self._open(deadline), path, headers, deadline)
        except (OSError, http.client.HTTPException) as error:
            raise Failed(type(error).__name__, timed_out=isinstance(error, TimeoutError)) from error

    def close(self) -> None:
        """Close the connections that are not in use; those that are will be afterwards."""
        self._closed.set()
        while (connection := self._kept()) is not None:
            connection.close()

    def _kept(self) -> http.client.HTTPConnection | None:
        try:
            return self._free.pop()
        except IndexError:
            return None

    def _open(self, deadline: float) -> http.client.HTTPConnection:
        connected = socket.create_connection((self._host, self._port), timeout=max(deadline - time.monotonic(), 0.001))
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection = http.client.HTTPConnection(self._host, self._port)
        connection.sock = _Timed(connected)
        return connection

    def _exchange(self, connection: http.client.HTTPConnection, path: str, headers: Mapping[str, str], deadline: float) -> Answer:
        timed: Any = connection.sock
        timed.deadline = deadline
        try:
            connection.request("GET", path, headers=dict(headers))
            answer = connection.getresponse()
            body = answer.read(self._largest + 1)
            if len(body) > self._largest:
                raise http.client.HTTPException("larger than allowed")
            if answer.length:  # what read() of a number of bytes leaves out when the connection ends early, without a word
                raise http.client.IncompleteRead(body, answer.length)
        except BaseException as error:
            connection.close()
            if isinstance(error, TimeoutError):
                raise Failed("TimeoutError", timed_out=True) from error
            raise
        if answer.will_close or self._closed.is_set() or len(self._free) >= KEPT:
            connection.close()
        else:
            self._free.append(connection)
        return Answer(answer.status, answer.headers, body)
