"""Whether this process lives, and whether it can serve: what an orchestrator asks every few seconds."""

import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NoAnswerInTime
from types import FrameType
from typing import Any

import psycopg
import structlog
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

PATIENCE = 0.8  # seconds for PostgreSQL's answer; whoever asks hears within a second
RETRY_AFTER = "1"  # seconds

log = structlog.get_logger(__name__)
_draining = threading.Event()


class Question:
    """Something asked of the outside in a thread of its own: whoever asks waits no longer than they want to.

    One question is under way at a time, and all who ask meanwhile share its answer, so a server that hangs holds one thread.
    """

    def __init__(self, ask: Callable[[], object]) -> None:
        self._ask = ask
        self._lock = threading.Lock()
        self._thread: ThreadPoolExecutor | None = None  # started on first use, after gunicorn has forked
        self._under_way: Future[object] | None = None

    def answered(self, *, within: float) -> bool:
        """Whether there is an answer within so many seconds."""
        with self._lock:
            if self._thread is None:
                self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="readiness")
            if self._under_way is None or self._under_way.done():
                self._under_way = self._thread.submit(self._ask)
            answer = self._under_way
        try:
            answer.result(timeout=within)
        except (psycopg.Error, NoAnswerInTime) as error:
            log.warning("not_ready", reason=type(error).__name__)
            return False
        return True


def _ask_postgresql() -> None:
    """On a connection of its own: a pool in full use is no reason to be taken out of service. Raises psycopg.Error."""
    parameters: dict[str, Any] = {**connection.get_connection_params(), "connect_timeout": 2}
    with psycopg.connect(**parameters, autocommit=True) as fresh:
        fresh.execute("SELECT 1")


_postgresql = Question(_ask_postgresql)


@csrf_exempt  # so that a POST hears 405, not of a token
@never_cache
@require_safe
def livez(request: HttpRequest) -> HttpResponse:
    """200 as long as this process can answer at all; asks nobody else, since a restart would not mend them."""
    return HttpResponse("alive\n", content_type="text/plain")


@csrf_exempt
@never_cache
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """200 when requests can be served: not stopping, and PostgreSQL answers. Nothing else is asked: there is a way without it."""
    if _draining.is_set():
        return _not_ready("stopping")
    if not _postgresql.answered(within=PATIENCE):
        return _not_ready("PostgreSQL does not answer")
    return HttpResponse("ready\n", content_type="text/plain")


def _not_ready(reason: str) -> HttpResponse:
    return HttpResponse(f"{reason}\n", status=503, content_type="text/plain", headers={"Retry-After": RETRY_AFTER})


def drain_on_term() -> None:
    """From TERM on this process says that it is not ready; what TERM did before, it still does. For the main thread."""
    before = signal.getsignal(signal.SIGTERM)

    def drain(number: int, frame: FrameType | None) -> None:
        _draining.set()
        if callable(before):
            before(number, frame)

    signal.signal(signal.SIGTERM, drain)
