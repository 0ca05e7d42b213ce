"""A load generator of few lines: kept-alive connections, one request after another on each, from one process.

All servers are measured with it in turn, so its own cost is the same for each.
"""

import socket
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass
class Result:
    """What one run saw: latencies in seconds, in no order, and answers by status."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """The latency that this share of the requests stayed below, in milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1000


def run(port: int, request: Callable[[int, int], bytes], *, connections: int = 16, seconds: float = 4.0) -> Result:
    """Send `request(connection, number)` as fast as answers come, on so many connections, for so long."""
    result, gate, lock = Result(), threading.Barrier(connections + 1), threading.Lock()
    ends = [0.0]

    def talk(number: int) -> None:
        latencies: list[float] = []
        statuses: dict[int, int] = {}
        with socket.create_connection(("127.0.0.1", port)) as connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            gate.wait()
            sent = 0
            while (begun := time.perf_counter()) < ends[0]:
                connection.sendall(request(number, sent))
                status = _answer(connection)
                latencies.append(time.perf_counter() - begun)
                statuses[status] = statuses.get(status, 0) + 1
                sent += 1
        with lock:
            result.latencies += latencies
            for status, count in statuses.items():
                result.statuses[status] = result.statuses.get(status, 0) + count

    threads = [threading.Thread(target=talk, args=(number,)) for number in range(connections)]
    for thread in threads:
        thread.start()
    begun = time.perf_counter()
    ends[0] = begun + seconds
    gate.wait()
    for thread in threads:
        thread.join()
    result.seconds = time.perf_counter() - begun
    return result


def _answer(connection: socket.socket) -> int:
    """Read one answer and return its status."""
    received = b""
    while (end := received.find(b"\r\n\r\n")) < 0:
        more = connection.recv(262_144)
        if not more:
            raise ConnectionError("the server closed the connection")
        received += more
    head = received[:end].lower()
    length = 0
    if (at := head.find(b"content-length:")) >= 0:
        length = int(head[at + 15 :].split(b"\r\n", 1)[0])
    elif b"chunked" in head:  # as daprd passes on an answer of another app; nothing follows the last chunk before we ask again
        while not received.endswith(b"\r\n0\r\n\r\n"):
            received += connection.recv(262_144)
        return int(received[9:12])
    missing = end + 4 + length - len(received)
    while missing > 0:
        missing -= len(connection.recv(min(missing, 262_144)))
    return int(received[9:12])
