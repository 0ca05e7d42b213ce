"""What the processes write: one JSON object per line on standard output, for requests, for our own events and for libraries alike.

Nothing here may name a person or carry what they wrote: requests are logged by route pattern, exceptions by type and place,
without their messages, since those quote values. Imported by gunicorn's master too, so it must not read Django's settings.
"""

import json
import logging
import re
import sys
import threading
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any
from uuid import uuid4

import orjson
import structlog
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.functional import SimpleLazyObject, empty
from structlog.contextvars import bind_contextvars, clear_contextvars
from structlog.typing import EventDict, ExcInfo, Processor, WrappedLogger

from dapr_bridge import trace

FRAMES = 20  # of a traceback, the innermost: enough to find the place, short enough for a line
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-(?P<trace_id>[0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
_QUIET = ("/livez", "/readyz", "/internal/switches", "/dapr/")  # asked all the time, by no person; what goes wrong there is logged

log = structlog.get_logger(__name__)


class RequestLog:
    """Around all that answers: gives every answer its X-Request-Id and writes one line about it.

    A request id that comes in is kept when it is harmless, so that one id follows a request through gateway and API.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        started = time.monotonic()
        request_id = _request_id(request)
        clear_contextvars()  # of the request that this thread served before
        bind_contextvars(request_id=request_id, **_trace_id(request))
        try:
            response = self.get_response(request)
            response["X-Request-Id"] = request_id
            quiet = request.path_info.startswith(_QUIET) and response.status_code < 400
            log.log(
                logging.DEBUG if quiet else logging.INFO,
                "request",
                method=request.method,
                route=f"/{request.resolver_match.route}" if request.resolver_match else None,
                status=response.status_code,
                duration_ms=round((time.monotonic() - started) * 1000, 1),
                **_user(request),
            )
            return response
        finally:
            clear_contextvars()


def _request_id(request: HttpRequest) -> str:
    given = request.META.get("HTTP_X_REQUEST_ID", "")
    return given if _REQUEST_ID.fullmatch(given) else str(uuid4())


def _trace_id(request: HttpRequest) -> dict[str, str]:
    """That of the caller: a line written in a span has the span's own."""
    found = _TRACEPARENT.fullmatch(request.META.get("HTTP_TRACEPARENT", ""))
    return {"trace_id": found["trace_id"]} if found else {}


def _user(request: HttpRequest) -> dict[str, str]:
    """The user's id where the request has read it; reading it for the log alone would cost a query."""
    user = getattr(request, "user", None)
    if isinstance(user, SimpleLazyObject) and user.__dict__["_wrapped"] is empty:
        return {}
    return {"user": str(user.pk)} if user is not None and user.pk else {}


class TracebacksOnly(logging.Filter):
    """Of Django's own lines about requests only those with a traceback, without the path: the rest repeats ours."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record says what ours does not."""
        record.msg, record.args = "request_failed", ()
        return bool(record.exc_info)


def without_values(exc_info: tuple[type[BaseException], BaseException, TracebackType | None]) -> list[dict[str, Any]]:
    """An exception and its causes, outermost first: type, SQLSTATE and constraint where PostgreSQL gave them, and places in the code."""
    chain: list[dict[str, Any]] = []
    error: BaseException | None = exc_info[1]
    while error is not None and len(chain) < 10:
        entry: dict[str, Any] = {"type": f"{type(error).__module__}.{type(error).__qualname__}"}
        if sqlstate := getattr(error, "sqlstate", None):
            entry |= {"sqlstate": sqlstate, "constraint": getattr(getattr(error, "diag", None), "constraint_name", None)}
        entry["frames"] = [
            f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__, limit=-FRAMES)
        ]
        chain.append(entry)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return chain


def _running_span(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    trace_id, span_id = trace.ids()
    if trace_id:
        event["trace_id"], event["span_id"] = trace_id, span_id
    return event


def _exceptions(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    exc_info: ExcInfo | BaseException | bool | None = event.pop("exc_info", None)
    if exc_info is True:
        exc_info = sys.exc_info()  # type: ignore[assignment]
    if isinstance(exc_info, BaseException):
        exc_info = (type(exc_info), exc_info, exc_info.__traceback__)
    if isinstance(exc_info, tuple) and exc_info[1] is not None:
        event["exception"] = without_values(exc_info)
    return event


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        _running_span,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]


def _json(event: EventDict, **_: object) -> str:
    try:
        return orjson.dumps(event, default=str).decode()
    except TypeError:  # half a surrogate pair, or a number of more than 64 bits
        return json.dumps(event, default=str)


class _Lines:
    """What structlog writes with: whole lines, on whatever is standard output by then. A reader that is gone fails nobody."""

    _lock = threading.Lock()

    def __init__(self, name: str = "") -> None:
        self.name = name

    def msg(self, line: str) -> None:
        with self._lock, suppress(OSError, ValueError):
            sys.stdout.write(f"{line}\n")
            sys.stdout.flush()

    debug = info = warning = error = critical = msg


def configure(*, level: str, pretty: bool) -> dict[str, Any]:
    """Set structlog up, and return the dictionary that sets the standard library's logging up the same way.

    `pretty` is for a person at a terminal: colours, and exceptions with their messages.
    """
    last: list[Processor] = [structlog.dev.ConsoleRenderer()] if pretty else [_exceptions, structlog.processors.JSONRenderer(_json)]
    structlog.configure(
        processors=[*_shared(), *last],
        logger_factory=_Lines,
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=True,
    )
    formatter = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": [*_shared(), structlog.stdlib.PositionalArgumentsFormatter()],
        "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *last],
    }
    ours = {"handlers": [], "propagate": True}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"tracebacks_only": {"()": TracebacksOnly}},
        "formatters": {"line": formatter},
        "handlers": {
            "stdout": {"class": "logging.StreamHandler", "stream": "ext://sys.stdout", "formatter": "line"},
            "tracebacks": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stdout",
                "formatter": "line",
                "filters": ["tracebacks_only"],
            },
        },
        "root": {"handlers": ["stdout"], "level": level},
        "loggers": {
            "django": {**ours, "level": "INFO"},
            "django.request": {"handlers": ["tracebacks"], "level": "ERROR", "propagate": False},
            "django.security": {"handlers": [], "propagate": False},  # refused requests, quoting what was sent; our line has their 400
            "django.server": {"handlers": [], "level": "CRITICAL", "propagate": False},  # runserver's own lines, with query strings
            "environ": {**ours, "level": "WARNING"},  # below: that there is no .env, which is as it should be
            "gunicorn.error": {**ours, "level": "INFO"},
            "gunicorn.access": {"handlers": [], "level": "CRITICAL", "propagate": False},
            "psycopg.pool": {**ours, "level": "ERROR"},  # below: one line per failed attempt to connect; requests say so already
        },
    }
