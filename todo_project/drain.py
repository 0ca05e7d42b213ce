"""Reads the rest of a request body that the application left unread, so that refusing a request does not block a thread.

gunicorn's gthread worker gives up a kept-alive connection with more than 64 KiB unread, and the thread then lingers two seconds on the
closing socket: a few refused POSTs (no CSRF token, too many attempts) would freeze a worker. Bodies above LIMIT are left to it.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any
from wsgiref.types import InputStream, StartResponse, WSGIApplication, WSGIEnvironment

LIMIT = 1024 * 1024  # bytes
STEP = 64 * 1024


class DrainUnreadBody:
    """WSGI middleware: after the answer has been sent, reads up to LIMIT bytes of what is left of the request."""

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        answer = self._application(environ, start_response)
        if not _has_body(environ):
            return answer  # unwrapped, so that files still go out by sendfile
        return _DrainingAnswer(answer, environ["wsgi.input"])


class _DrainingAnswer:
    def __init__(self, answer: Iterable[bytes], body: InputStream) -> None:
        self._answer = answer
        self._body = body

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._answer)

    def close(self) -> None:
        """Called by the server once the answer is out."""
        try:
            close: Any = getattr(self._answer, "close", None)
            if close:
                close()
        finally:
            with suppress(Exception):  # a broken body or connection: gunicorn remembers it and closes the connection
                _drain(self._body)


def _has_body(environ: WSGIEnvironment) -> bool:
    return environ.get("CONTENT_LENGTH", "") not in ("", "0") or "HTTP_TRANSFER_ENCODING" in environ


def _drain(body: InputStream) -> None:
    left = LIMIT
    while left > 0 and (piece := body.read(min(STEP, left))):
        left -= len(piece)
