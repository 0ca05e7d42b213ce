"""Work that came in together is done beside each other, by a few threads that the process keeps for it."""

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from typing import TypeVar

from django.db import connections

from dapr_bridge import tracing
from dapr_bridge.conf import conf
from dapr_bridge.models import database

T = TypeVar("T")

_lock = threading.Lock()
_threads: ThreadPoolExecutor | None = None


def together(jobs: Sequence[Callable[[], T]], *, patience: float) -> list[Future[T]]:
    """Begin all jobs, BATCH_THREADS of them at a time, and wait for them, for so many seconds at most: what is not done then goes on.

    Each job has the context variables of the caller, and a connection to the database that is kept as long as a request's would be; its
    statements are traced.
    """
    pool = _pool()
    begun = [pool.submit(copy_context().run, _done, job) for job in jobs]
    wait(begun, patience)
    return begun


def _done(job: Callable[[], T]) -> T:
    try:
        with tracing.statements():
            return job()
    finally:
        connections[database()].close_if_unusable_or_obsolete()


def _pool() -> ThreadPoolExecutor:
    global _threads
    with _lock:
        if _threads is None:
            _threads = ThreadPoolExecutor(conf.BATCH_THREADS, thread_name_prefix="dapr-batch")
        return _threads


def _after_fork() -> None:
    """Threads do not survive a fork."""
    global _threads, _lock
    _threads, _lock = None, threading.Lock()


os.register_at_fork(after_in_child=_after_fork)
