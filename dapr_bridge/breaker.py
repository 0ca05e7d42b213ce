"""Whether the sidecar is worth asking: closed while it answers, open once it failed three times in a row or kept a caller waiting.

The processes of one host share what they learn in a small file, so that one of them pays for an outage and not each. Whoever
waits for an answer never finds out that it is over: a background probe does, or a trial of somebody who can afford one.
"""

import mmap
import os
import stat
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

import structlog

from dapr_bridge import host
from dapr_bridge.sidecar import EtagMismatch, SidecarError

logger = structlog.get_logger(__name__)

FAILURES_TO_OPEN = 3
TRIAL_SECONDS = 1.0  # between two trials of an open breaker

T = TypeVar("T")

# failures in a row; whether it is open; when the last trial and the last probe began. Of CLOCK_MONOTONIC, which a host's processes share.
_LAYOUT = struct.Struct("<IIdd")
_SLOTS = {"state": 0, "pubsub": 1}
BREAKERS = tuple(_SLOTS)


class Breaker:
    """One of the breakers in this host's file.

    Two processes that write at the same moment may lose one count of a failure; that delays the opening by one more failure.
    """

    def __init__(self, name: str, memory: mmap.mmap) -> None:
        self._name, self._memory, self._offset = name, memory, _SLOTS[name] * _LAYOUT.size
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Whether nobody should ask."""
        return bool(self._read()[1])

    def call(self, call: Callable[[], T], *, patient: bool = True) -> T:
        """The answer of a sidecar call, of which the breaker learns; what the call raises is raised.

        Pass `patient=False` when the caller could wait only for so short a time that running out of it proves nothing.
        """
        try:
            answer = call()
        except EtagMismatch:
            self.succeeded()
            raise
        except SidecarError as error:
            self.failed(at_once=error.timed_out and patient)
            raise
        self.succeeded()
        return answer

    def succeeded(self) -> None:
        """The sidecar answered: closed."""
        failures, is_open, _, _ = self._read()
        if failures or is_open:
            with self._lock:
                self._write(0, 0, 0.0, self._read()[3])
            if is_open:
                logger.info("breaker.closed", breaker=self._name)

    def failed(self, *, at_once: bool = False) -> None:
        """The sidecar failed: open at once, or after enough failures in a row."""
        with self._lock:
            failures, was_open, _, probed_at = self._read()
            opens = at_once or failures + 1 >= FAILURES_TO_OPEN
            self._write(failures + 1, int(bool(was_open) or opens), time.monotonic(), probed_at)
        if opens and not was_open:
            logger.warning("breaker.opened", breaker=self._name, failures=failures + 1, timed_out=at_once)

    def admits_trial(self) -> bool:
        """Whether it is time for one trial of an open breaker; whoever hears yes makes it, and reports how it went."""
        with self._lock:
            failures, is_open, tried_at, probed_at = self._read()
            if not is_open or time.monotonic() - tried_at < TRIAL_SECONDS:
                return False
            self._write(failures, is_open, time.monotonic(), probed_at)
            return True

    def admits_probe(self, interval: float) -> bool:
        """Whether no process of the host has probed for so many seconds; whoever hears yes does. The first interval begins here."""
        with self._lock:
            failures, is_open, tried_at, probed_at = self._read()
            if probed_at and time.monotonic() - probed_at < interval:
                return False
            self._write(failures, is_open, tried_at, time.monotonic())
            return bool(probed_at)

    def _read(self) -> tuple[int, int, float, float]:
        failures, is_open, tried_at, probed_at = _LAYOUT.unpack_from(self._memory, self._offset)
        return failures, is_open, tried_at, probed_at

    def _write(self, failures: int, is_open: int, tried_at: float, probed_at: float) -> None:
        _LAYOUT.pack_into(self._memory, self._offset, min(failures, 1000), is_open, tried_at, probed_at)


_breakers: dict[tuple[str, Path], Breaker] = {}
_opening = threading.Lock()


def breaker(name: str) -> Breaker:
    """The breaker of "state" or "pubsub" for the sidecar this process uses. Who is about to use it asks `probe.watched` for it."""
    path = host.shared("breaker", _LAYOUT.format)
    found = _breakers.get((name, path))
    if found is None:
        with _opening:
            memory = _shared_memory(path)
            for each in _SLOTS:
                _breakers.setdefault((each, path), Breaker(each, memory))
            found = _breakers[name, path]
    return found


def _shared_memory(path: Path) -> mmap.mmap:
    """The host's file; memory of this process alone, with a warning, where it cannot be had."""
    size = _LAYOUT.size * len(_SLOTS)
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except OSError as error:
        logger.warning("breaker.not_shared", error=type(error).__name__, remedy="make DAPR_BRIDGE['BREAKER_FOLDER'] writable")
        return mmap.mmap(-1, size)
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != os.getuid():
            logger.warning("breaker.not_shared", error="not our file", remedy="set DAPR_BRIDGE['BREAKER_FOLDER'] to a folder of our own")
            return mmap.mmap(-1, size)
        if status.st_size < size:
            os.ftruncate(file, size)
        return mmap.mmap(file, size)
    finally:
        with suppress(OSError):
            os.close(file)
