"""Requests side by side: rounds in turn, so that whatever else the machine does falls on all servers alike."""

import os
import statistics
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from bench.load import Result, run

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
SECONDS = float(os.environ.get("BENCH_SECONDS", "4"))


@dataclass(frozen=True)
class Measured:
    """The middle of the rounds of one server."""

    rate: float
    p50: float
    p90: float
    p99: float
    cpu: float  # server's CPU milliseconds a request, PostgreSQL's not counted


class Reached(Protocol):
    """A server by its port."""

    port: int

    def cpu_seconds(self) -> float:
        """User and system time of its processes so far."""


def side_by_side(
    requests: Mapping[str, tuple[Reached, Callable[[int, int], bytes]]],
    *,
    connections: int = 16,
    prepare: Callable[[str], object] = lambda name: None,
    rounds: int = ROUNDS,
    seconds: float = SECONDS,
) -> dict[str, Measured]:
    """Measure each of the named requests on its server; raises when an answer is no success. `prepare` is told whose turn is next."""
    found: dict[str, list[tuple[Result, float]]] = {name: [] for name in requests}
    for _ in range(rounds):
        for name, (server, request) in requests.items():
            prepare(name)
            run(server.port, request, connections=2, seconds=0.7)  # warm
            before = server.cpu_seconds()
            result = run(server.port, request, connections=connections, seconds=seconds)
            if any(status >= 400 for status in result.statuses):
                raise RuntimeError(f"{name}: {result.statuses}")
            found[name].append((result, (server.cpu_seconds() - before) / len(result.latencies)))
    return {name: _middle(of) for name, of in found.items()}


def _middle(rounds: list[tuple[Result, float]]) -> Measured:
    def median(value: Callable[[tuple[Result, float]], float]) -> float:
        return statistics.median(map(value, rounds))

    return Measured(
        rate=median(lambda one: one[0].rate),
        p50=median(lambda one: one[0].percentile(0.5)),
        p90=median(lambda one: one[0].percentile(0.9)),
        p99=median(lambda one: one[0].percentile(0.99)),
        cpu=median(lambda one: one[1]) * 1000,
    )


def http(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """A request as it goes over the wire."""
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", *(f"{name}: {value}" for name, value in headers.items())]
    if body:
        lines += ["Content-Type: application/json", f"Content-Length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode() + body
