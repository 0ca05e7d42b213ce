"""Work that came in together is done by a thread that the process keeps for it, and by more of them beside it while it takes long."""

import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextvars import copy_context
from functools import partial
from typing import TypeVar

from django.db import connections

from dapr_bridge import tracing
from dapr_bridge.conf import conf
from dapr_bridge.models import database

T = TypeVar("T")

HELP_SECONDS = 0.02  # one thread does quick jobs with a fifth less CPU than four beside each other; slow ones need the others

_lock = threading.Lock()
_threads: ThreadPoolExecutor | None = None


def together(jobs: Sequence[Callable[[], T]], *, patience: float) -> list[Future[T]]:
    """Begin the jobs, and wait for them, for so many seconds at most: what is not done then goes on.

    One thread does one after another, and every HELP_SECONDS that they take another joins in, BATCH_THREADS at most. Each job has the
    context variables of the caller, and a connection to the database that is kept as long as a request's would be; its statements are
    traced.
    """
    deadline, pool = time.monotonic() + patience, _pool()
    results: list[Future[T]] = [Future() for _ in jobs]
    waiting: deque[Callable[[], None]] = deque(
        partial(copy_context().run, _do, job, result) for job, result in zip(jobs, results, strict=True)
    )
    for _ in range(conf.BATCH_THREADS):
        pool.submit(_work_off, waiting)
        if not wait(results, min(HELP_SECONDS, deadline - time.monotonic())).not_done:
            return results
    wait(results, deadline - time.monotonic())
    return results


def _work_off(waiting: deque[Callable[[], None]]) -> None:
    while True:
        try:
            job = waiting.popleft()
        except IndexError:
            return
        job()


def _do(job: Callable[[], T], result: Future[T]) -> None:
    try:
        result.set_result(_done(job))
    except Exception as error:
        result.set_exception(error)


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
