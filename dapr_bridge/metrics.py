"""What `GET /metrics` tells. While `observability` is on, each process counts what it does and lays the numbers down beside those
of the other processes of its host and sidecar; whichever is asked adds them up.
"""

import atexit
import os
import threading
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import structlog

from dapr_bridge import host, switches, tally
from dapr_bridge.ledger import Key, Ledger, Numbers, Unusable
from dapr_bridge.periodic import Periodic

logger = structlog.get_logger(__name__)

WRITE_SECONDS = 1.0  # how old another process's numbers may be, and what is lost when it is killed
BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)  # seconds, upper bounds


@dataclass(frozen=True)
class Metric:
    """Something counted under the values of its labels; when it is `timed`, with how long it took, in seconds."""

    name: str
    help: str
    labels: Sequence[str] = ()
    timed: bool = False


REQUESTS = Metric(
    "dapr_bridge_http_request_duration_seconds",
    "Requests served and the time until their answer began, by route pattern, method, status and phase.",
    ("route", "method", "status", "phase"),
    timed=True,
)
CALLS = Metric(
    "dapr_bridge_sidecar_call_duration_seconds",
    "Calls to the sidecar and the time they took, by operation and outcome (ok, conflict, error, timeout).",
    ("operation", "outcome"),
    timed=True,
)
RECEIPTS = Metric("dapr_bridge_receipts", "Reactions to events that were committed with their receipt, by consumer.", ("consumer",))
CACHE = Metric("dapr_bridge_cache_results", "Keys looked up in the state store (hit, miss), and those it failed for (error).", ("result",))
EVENTS = Metric("dapr_bridge_events_carried", "Events carried while pubsub was on: published, or direct in process instead.", ("way",))
COMPARED = Metric("dapr_bridge_shadow_comparisons", "Stored answers that the shadow stage compared with fresh ones.")
MISMATCHES = Metric("dapr_bridge_shadow_mismatches", "Compared answers that differed.")
SKIPPED = Metric("dapr_bridge_shadow_skipped", "Comparisons that were not made: too many waited, or the store did not answer.")

METRICS: Sequence[Metric] = (REQUESTS, CALLS, RECEIPTS, CACHE, EVENTS, COMPARED, MISMATCHES, SKIPPED)

# What `tally` counts whether or not anybody looks.
_TALLIED: dict[str, Key] = {
    "cache_hits": (CACHE.name, "hit"),
    "cache_misses": (CACHE.name, "miss"),
    "cache_errors": (CACHE.name, "error"),
    "events_published": (EVENTS.name, "published"),
    "events_direct": (EVENTS.name, "direct"),
    "shadow_compared": (COMPARED.name,),
    "shadow_mismatches": (MISMATCHES.name,),
    "shadow_skipped": (SKIPPED.name,),
}


def count(metric: Metric, *labels: str) -> None:
    """One more, if `observability` is on."""
    if is_on():
        with _own.lock:
            _own.numbers.setdefault((metric.name, *labels), [0.0])[0] += 1
        _writing.start()


def observe(metric: Metric, seconds: float, *labels: str) -> None:
    """One more that took so long, if `observability` is on."""
    if is_on():
        with _own.lock:
            values = _own.numbers.setdefault((metric.name, *labels), [0.0] * (len(BUCKETS) + 2))
            values[bisect_left(BUCKETS, seconds)] += 1  # the last but one: longer than all bounds
            values[-1] += seconds
        _writing.start()


def is_on() -> bool:
    """Whether anything is counted."""
    return switches.current().is_on("observability")


def total() -> Numbers:
    """What all processes of the host that use this sidecar counted: of timed metrics how many fell between two bounds, and their sum."""
    _own.write()
    return _own.total()


def stop() -> None:
    """End the thread, and forget what was counted. For tests."""
    global _own
    _writing.stop()
    _own.close()
    _own = _Own()


class _Own:
    """What this process counted, and its part in the ledger. A fork begins with nothing."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self._laying_down = threading.Lock()  # the thread and a scrape may want to at the same moment, and share a file
        self.numbers: dict[Key, list[float]] = {}
        self._ledger: Ledger | None = None
        self._refused = False

    @property
    def is_shared(self) -> bool:
        return self._ledger is not None

    def write(self) -> None:
        with self._laying_down:
            ledger = self._opened()
            try:
                if ledger is not None:
                    ledger.write(self._so_far())
            except OSError as error:  # somebody has emptied the folder, or it is full
                logger.warning("metrics.not_written", error=type(error).__name__)
                self.close()

    def total(self) -> Numbers:
        return self._so_far() if self._ledger is None else self._ledger.total()

    def close(self) -> None:
        ledger, self._ledger = self._ledger, None
        if ledger is not None:
            ledger.close()

    def _so_far(self) -> dict[Key, list[float]]:
        tallied: dict[Key, list[float]] = {_TALLIED[name]: [float(number)] for name, number in tally.counts().items() if name in _TALLIED}
        with self.lock:
            return tallied | {key: list(values) for key, values in self.numbers.items()}

    def _opened(self) -> Ledger | None:
        with self.lock:
            if self._ledger is None and not self._refused:
                try:
                    self._ledger = Ledger(host.shared("metrics", repr((BUCKETS, METRICS))))
                except Unusable as error:
                    self._refused = True
                    logger.warning(
                        "metrics.not_shared", error=str(error), remedy="make DAPR_BRIDGE['BREAKER_FOLDER'] a folder that we may write to"
                    )
            return self._ledger


_own = _Own()


def _write() -> None:
    _own.write()
    if not is_on():
        _writing.stop()


def _at_exit() -> None:
    if _own.is_shared:
        _own.write()


def _after_fork() -> None:
    global _own
    _own.close()  # the parent's life is not the child's
    _own = _Own()


_writing = Periodic("dapr-metrics", WRITE_SECONDS, _write)
atexit.register(_at_exit)
os.register_at_fork(after_in_child=_after_fork)
