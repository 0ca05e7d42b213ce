"""A background thread that does one thing again and again, in the process that asked for it."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable

import structlog

logger = structlog.get_logger(__name__)

_all: weakref.WeakSet[Periodic] = weakref.WeakSet()


class Periodic:
    """Calls `work` every `interval` seconds in a daemon thread, from the first `start` until `stop`.

    Threads do not survive a fork, and a lock may be held while one happens: the child begins anew with its own first `start`.
    """

    def __init__(self, name: str, interval: float, work: Callable[[], object], *, at_end: Callable[[], object] | None = None) -> None:
        self._name, self._interval, self._work, self._at_end = name, interval, work, at_end
        self._begin_anew()
        _all.add(self)

    def _begin_anew(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()

    def start(self) -> None:
        """Make sure that the thread runs; costs next to nothing when it does."""
        if self._thread is None:
            with self._lock:
                if self._thread is None:
                    self._stopping = threading.Event()
                    thread = threading.Thread(target=self._run, args=[self._stopping], name=self._name, daemon=True)
                    thread.start()
                    self._thread = thread

    def stop(self) -> None:
        """End the thread after the work in hand; `start` may begin another one."""
        with self._lock:
            thread, self._thread = self._thread, None
            self._stopping.set()
        if thread is not None and thread is not threading.current_thread():
            thread.join()

    def _run(self, stopping: threading.Event) -> None:
        while not stopping.is_set():
            try:
                self._work()
            except Exception as error:
                logger.warning("periodic.failed", thread=self._name, error=type(error).__name__, exc_info=True)
            stopping.wait(self._interval)
        if self._at_end is not None:
            self._at_end()


def _after_fork() -> None:
    for periodic in _all:
        periodic._begin_anew()


os.register_at_fork(after_in_child=_after_fork)
